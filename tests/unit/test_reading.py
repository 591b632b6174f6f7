"""Reading is exact: addresses are true, text stays text, errors are errors, and hostile files end in one sentence."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from clearing_point.errors import InputProblem
from clearing_point.intake import limits
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile, read_file


def _cell(received: ReceivedFile, row: int, column: int) -> tuple[str | None, str]:
    for entry in received.rows.to_pylist():
        if entry["source_row"] == row:
            return entry["cells"][column - 1], entry["kinds"][column - 1]
    raise AssertionError(f"no row {row}")


def test_leading_blank_rows_and_columns_do_not_shift_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Подаци")
    sheet.write("C5", "heading")
    sheet.write("D7", "value")
    book.close()
    received = read_file(path)
    assert received.sheets == ("Подаци",)
    assert _cell(received, 5, 3) == ("heading", "t")
    assert _cell(received, 7, 4) == ("value", "t")


def test_text_numbers_dates_and_booleans_keep_what_they_were(tmp_path: Path) -> None:
    import datetime

    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_string("A1", "007")
    sheet.write_number("B1", 17)
    sheet.write_number("C1", 17.5)
    sheet.write_datetime("D1", datetime.datetime(2022, 3, 4), book.add_format({"num_format": "dd.mm.yyyy"}))
    sheet.write_boolean("E1", True)
    book.close()
    received = read_file(path)
    assert [_cell(received, 1, c) for c in range(1, 6)] == [
        ("007", "t"), ("17", "n"), ("17.5", "n"), ("2022-03-04", "d"), ("TRUE", "b"),
    ]  # fmt: skip


def test_a_formula_error_is_no_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write("A1", "x")
    sheet.write_formula("B2", "=1/0", None, "#DIV/0!")
    sheet.write("A3", "y")
    book.close()
    assert _cell(read_file(path), 2, 2) == ("#DIV/0!", "e")


def test_csv_keeps_line_numbers_over_quoted_newlines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"one\ntwo",1\nthree,2\n', encoding="utf-8")
    received = read_file(path)
    assert received.rows["source_row"].to_pylist() == [1, 2, 4]


def test_csv_is_read_in_the_declared_encoding_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("име;пол\nж;ж\n".encode("cp1251"))
    received = read_file(path, encoding="cp1251", delimiter=";")
    assert received.rows["cells"].to_pylist()[0] == ["име", "пол"]
    with pytest.raises(InputProblem, match="not text in the encoding utf-8-sig"):
        read_file(path)


def _zip(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def test_hostile_and_broken_files_end_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "good.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "x"
    book.save(good)
    corner = tmp_path / "corner.xlsx"
    book.active["XFD1048576"] = "x"
    book.save(corner)
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    cases = {
        tmp_path / "empty.xlsx": (b"", "is empty"),
        tmp_path / "html.xlsx": (b"<html><body>hello</body></html>", "is not a workbook"),
        tmp_path / "old.xlsx": (
            b"\xd0\xcf\x11\xe0" + b"\0" * 600,
            "in the old Excel format",
        ),
        tmp_path / "file.pdf": (b"%PDF-1.4", "is a page to print"),
        tmp_path / "file.png": (b"x", "not of a kind that is read here"),
        tmp_path / "nul.csv": (b"a,b\n1,\x002\n", "NUL byte"),
        tmp_path / "quote.csv": (b'a,b\n"1,2\n', "line 2: not readable as CSV"),
        tmp_path / "long.csv": (
            b"a\n" + b"x" * (limits.CELL_CHARACTERS + 1) + b"\n",
            "line 2: a cell has more than",
        ),
        tmp_path / "cut.csv.gz": (gzip.compress(b"a,b\n" * 50000)[:100], "damaged or cut off"),
        tmp_path / "part.xlsx": (None, "unsafe name"),
        tmp_path / "entity.xlsx": (None, "document type declaration"),
    }
    for path, (content, _) in cases.items():
        if content is not None:
            path.write_bytes(content)
    _zip(tmp_path / "part.xlsx", {"../evil.xml": b"x"})
    _zip(
        tmp_path / "entity.xlsx", {"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'}
    )
    for path, (_, said) in {
        **cases,
        corner: (None, "content beyond column .* on the sheet “#1”"),  # a sheet may be named after a person
        cut: (None, "damaged or cut off"),
    }.items():
        with pytest.raises(InputProblem, match=said):
            read_file(path)
    with pytest.raises(InputProblem, match="cannot be opened"):
        read_file(tmp_path / "not there.xlsx")
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    with pytest.raises(InputProblem, match="at most"):
        read_file(good)


def _spoiled(path: Path, old: str, new: str) -> Path:
    """A workbook of two rows of two cells, with another text in the part of its sheet."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in ((1, 2), (3, 4)):
        book.active.append(row)
    book.save(path)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    part = "xl/worksheets/sheet1.xml"
    text = parts[part].decode()
    assert old in text
    return _zip(path, {**parts, part: text.replace(old, new).encode()})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('r="B1"', 'r="A1"'),  # two cells at one place
        ('<row r="2">', '<row r="1">'),  # two rows of one number
        ('r="B2"', 'r="B7"'),  # a cell of another row
        ('r="B2"', 'r="B"'),
    ],
)
def test_of_two_cells_at_one_place_none_is_lost(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="damaged inside"):
        read_file(_spoiled(tmp_path / "a.xlsx", old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' r="B2"', ""),
        ('<row r="2">', "<row>"),
        ('r="B2"', 'r="b2"'),
        ('<c r="B2"', '<c r="B2" s="0"'),
        ('<c r="B2"', '<c s="0" r="B2"'),
    ],
)
def test_cells_stand_where_they_say_or_after_the_last_one(old: str, new: str, tmp_path: Path) -> None:
    assert _cell(read_file(_spoiled(tmp_path / "a.xlsx", old, new)), 2, 2) == ("4", "n")


def test_a_sheet_whose_part_is_gone_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("second")):
        assert sheet is not None
        sheet["A1"] = "x"
    book.save(path)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    del parts["xl/worksheets/sheet2.xml"]
    with pytest.raises(InputProblem, match="damaged inside"):
        read_file(_zip(path, parts))


def test_a_packed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path / "bomb.xlsx", {"xl/worksheets/sheet1.xml": b"0" * (20 * limits.MEGABYTE)})
    with pytest.raises(InputProblem, match="packed more tightly"):
        read_file(path)


@pytest.mark.parametrize(("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_column_letters(number: int, letters: str) -> None:
    assert column_letter(number) == letters
