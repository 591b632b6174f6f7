"""The region's ways of writing one word are read as listed, reported, and nothing fuzzier is."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from clearing_point.countries.profile import ColumnSpec, Profile, Reading, SheetSpec, TableSpec
from clearing_point.countries.suggest import nearest
from clearing_point.findings import CELL_ERROR, HIDDEN_ROWS, OTHER_SPELLING, TOTALS_LEFT_OUT
from clearing_point.intake.guard import guard_headings
from clearing_point.intake.layout import lay_out
from clearing_point.intake.read import read_file
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.spelling import spelling_of
from clearing_point.standard.structure import UNKNOWN_CODE


@pytest.mark.parametrize(
    ("language", "written", "known"),
    [
        ("sr-Cyrl", "пpoституција", "проституција"),  # Latin p and o
        ("mk", "жeна", "жена"),
        ("hr", "prostituciја", "prostitucija"),  # Cyrillic ja
        ("ro", "şcoală", "școală"),
        ("sr-Cyrl", "zenski", "zenski"),
        ("sr-Cyrl", "ženski", "женски"),
        ("bs", "kćerka rođena", "kćerka rodjena"),
    ],
)
def test_listed_spellings_compare_as_equal(
    language: str, written: str, known: str, standard: Standard
) -> None:
    key = spelling_of(standard, language).key
    assert key(written) == key(known)


def test_nothing_fuzzier_is_read(standard: Standard) -> None:
    for language in standard.languages:
        key = spelling_of(standard, language).key
        assert key("zenski") != key("ženski")
        assert key("женски") != key("женско")


def test_nearest_words_are_proposed_within_a_list_only() -> None:
    known = [("женски", "F"), ("мушки", "M")]
    assert nearest(["женско"], known)["женско"][0].meaning == "F"
    assert nearest(["prisilni brak"], [("radna eksploatacija", "LAB")]) == {}


def _file(path: Path) -> Path:
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet("Podaci")
    page.merge_range(0, 0, 0, 2, "Lice")
    page.write_row(1, 0, ["Šifra", "Пoл", "Deca"])  # a Latin o in a Cyrillic word
    for row, (reference, sex) in enumerate(
        [("A-1", "женски"), ("A-2", "zenski"), ("A-3", "жeнски"), ("A-4", "ž")], 2
    ):
        page.write_row(row, 0, [reference, sex])
    page.write_formula("C3", "=1/0", None, "#DIV/0!")
    page.write_string("C4", "#N/A")
    page.write_number("C5", 2)
    page.set_row(4, None, None, {"hidden": True})
    page.write_row(6, 0, ["Ukupno", "", 4])
    book.close()
    return path


def _profile() -> Profile:
    columns = {
        "person_reference": ColumnSpec(("Lice / Šifra",)),
        "sex": ColumnSpec(("Lice / Пол",), values={"ženski": "F"}),
        "number_of_children": ColumnSpec(("Lice / Deca",)),
    }
    sheet = SheetSpec(
        "Подаци",
        (1,),
        0,
        (TableSpec("person", columns),),
        skip_rows={"Lice / Šifra": ("Ukupno",)},
        header_height=2,
    )
    return Profile(
        "made",
        "Made",
        "ORG07",
        "SRB",
        "count",
        True,
        {},
        Reading(),
        (sheet,),
        (),
        "0" * 64,
        language="sr-Cyrl",
    )


def test_a_sheet_with_all_of_it_is_read_and_every_oddity_is_reported(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    receipt = receive(project, standard, _file(tmp_path / "a.xlsx"), _profile(), "2022")
    assert not receipt.refused
    with receipt.workspace.opened() as connection:
        rows = connection.execute(
            "SELECT person_reference, sex, number_of_children, number_of_children_missing FROM staged.person ORDER BY 1"
        ).fetchall()
        findings = connection.execute(
            "SELECT rule_id, source_row, column_letter FROM quality.finding ORDER BY ALL"
        ).fetchall()
    receipt.workspace.drop()
    assert rows == [
        ("A-1", "F", None, "UNK"),
        ("A-2", "UNK", None, "UNK"),
        ("A-3", "F", 2, None),
        ("A-4", "UNK", None, "UNK"),
    ]
    assert (CELL_ERROR, 3, "C") in findings
    assert (CELL_ERROR, 4, "C") in findings
    assert (HIDDEN_ROWS, 5, None) in findings
    assert (TOTALS_LEFT_OUT, 7, None) in findings
    assert {(r, n) for r, n, _ in findings if r == OTHER_SPELLING} == {
        (OTHER_SPELLING, 1), (OTHER_SPELLING, 5),
    }  # fmt: skip
    assert {n for r, n, _ in findings if r == UNKNOWN_CODE} == {4, 6}


def test_a_forbidden_heading_with_a_letter_of_the_other_alphabet_is_found(
    tmp_path: Path, standard: Standard
) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet("Podaci")
    page.write_row(0, 0, ["Šifra", "Прeзиме", "Prezimе"])
    page.write_row(1, 0, ["A-1", "Xx", "Yy"])
    book.close()
    received = read_file(path)
    found = guard_headings(received, lay_out(received, _profile())[0], standard)
    assert [f.column_letter for f in found] == ["B", "C"]
