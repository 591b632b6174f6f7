"""Every part of a package is looked at (rule P13): named where something is recognised, or where no data file needs it."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from clearing_point.countries.profile import Profile, Reading
from clearing_point.intake.guard_parts import guard_parts
from clearing_point.intake.guard_tokens import _hashes, _known_hashes
from clearing_point.intake.read import read_file
from clearing_point.standard import Standard

MAIL = "ana.p@example.org"
PROFILE = Profile("made", "Made", "ORG", None, "count", True, {}, Reading(), (), (), "0" * 64)


def _written(
    path: Path, change: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]
) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("person")
        sheet.write_row(0, 0, ["person_reference", "sex"])
        sheet.write_row(1, 0, ["P-1", "F"])
        change(book, sheet)
    return path


def _parts(path: Path, standard: Standard) -> list[str | None]:
    return [finding.target_field for finding in guard_parts(read_file(path), path, PROFILE, standard)]


CARRIED = {
    "text_box": lambda book, sheet: sheet.insert_textbox(5, 5, "Any words"),
    "chart": lambda book, sheet: sheet.insert_chart("D2", _chart(book)),
    "header": lambda book, sheet: sheet.set_header(f"&C{MAIL}"),
    "validation": lambda book, sheet: sheet.data_validation(
        "B2", {"validate": "any", "input_title": "Ask", "input_message": MAIL}
    ),
    "defined_name": lambda book, sheet: book.define_name("who", f'="{MAIL}"'),
    "properties": lambda book, sheet: book.set_properties({"subject": MAIL}),
    "link": lambda book, sheet: sheet.write_url("A9", f"mailto:{MAIL}", string="x"),
    "number_format": lambda book, sheet: sheet.write_number(
        "A9", 1, book.add_format({"num_format": f'0 "{MAIL}"'})
    ),
    "sheet_name": lambda book, sheet: book.add_worksheet("+381 64 1234567"),
}


def _chart(book: xlsxwriter.Workbook) -> object:
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=person!$A$1:$A$2"})
    return chart


@pytest.mark.parametrize("kind", CARRIED)
def test_a_part_is_named(kind: str, standard: Standard, tmp_path: Path) -> None:
    assert kind in _parts(_written(tmp_path / "sent.xlsx", CARRIED[kind]), standard)


def test_the_name_of_a_file_and_texts_of_deleted_cells_are_looked_at(
    standard: Standard, tmp_path: Path
) -> None:
    clean = _written(tmp_path / "clean.xlsx", lambda book, sheet: None)
    named = tmp_path / "+381 64 1234567.xlsx"
    named.write_bytes(clean.read_bytes())
    assert _parts(named, standard) == ["file_name"]
    left = tmp_path / "left.xlsx"
    with zipfile.ZipFile(clean) as source, zipfile.ZipFile(left, "w") as target:
        for part in source.infolist():
            body = source.read(part)
            if part.filename == "xl/sharedStrings.xml":
                body = body.replace(b"</sst>", f"<si><t>{MAIL}</t></si></sst>".encode())
            target.writestr(part, body)
    assert _parts(left, standard) == ["left_over"]


def test_what_ordinary_workbooks_carry_is_no_fault(standard: Standard, tmp_path: Path) -> None:
    def ordinary(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        book.set_properties(
            {
                "created": datetime.datetime(2000, 1, 1),
                "author": "Marija Petrović",
                "title": "Data 2022",
                "company": "Crveni krst",
            }
        )
        sheet.set_header("&LCentar za socijalni rad&RPage &P of &N")
        sheet.data_validation(
            "B2", {"validate": "list", "source": ["F", "M"], "input_message": "Choose from the list."}
        )
        book.define_name("area", "=person!$A$1:$B$2")
        sheet.write_number("A9", 44000, book.add_format({"num_format": "dd.mm.yyyy"}))
        book.add_worksheet("Safe House")

    assert _parts(_written(tmp_path / "Centar Budva 2022 final.xlsx", ordinary), standard) == []


def test_a_plain_hash_of_a_common_name_is_known_and_a_token_is_not(standard: Standard) -> None:
    assert next(iter(_hashes(["Ana Petrović"]))) in _known_hashes(standard)
    assert "9f2c4d0e6a7b8c1d2e3f405162738495" not in _known_hashes(standard)
