"""What a workbook of another writer than ours holds is read, or named: rows and columns that nobody reads never vanish."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.reading import read

pytestmark = pytest.mark.usefixtures("forms_are_known")


NAMES = ["person_reference", "sex", "citizenship", "birth_year"]
WORDS = ["Person", "Sex", "Citizenship", "Year of birth"]


def _book() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "person"
    for row in (NAMES, WORDS, *([f"P-{n}", "F", "ALB", 2000] for n in range(1, 5))):
        sheet.append(row)
    return book


def _above(book: openpyxl.Workbook) -> None:
    book["person"].insert_rows(1)
    for column, value in enumerate(("P-9", "M", "ALB", 1999), start=1):
        book["person"].cell(1, column, value)


def _beside(book: openpyxl.Workbook) -> None:
    book["person"].cell(1, 5, "x_note")
    book["person"].cell(8, 5, "12")


def _merged(book: openpyxl.Workbook) -> None:
    book["person"].merge_cells("B4:C4")


def _hidden(book: openpyxl.Workbook) -> None:
    book.create_sheet("Xelvina Murkova").append(["a", "b"])
    book["person"].sheet_state = "hidden"


CASES = {
    "L13": (_above, ("person", 1, None)),
    "L14": (_beside, ("person", 8, None)),
    "L19": (_merged, ("person", 4, "C")),
    "L17": (_hidden, ("person", None, None)),
    "L09": (_hidden, ("#2", None, None)),
}
"""A sheet that is named by no word of the standard or the profile is told by its place."""


@pytest.mark.parametrize("rule", CASES)
def test_its_place_is_named(rule: str, project: Project, standard: Standard, tmp_path: Path) -> None:
    change, place = CASES[rule]
    book = _book()
    change(book)
    book.save(tmp_path / "a.xlsx")
    held = {
        "#2" if s.title.startswith("Xelvina") else s.title: sum(
            any(c.value is not None for c in row) for row in s.iter_rows()
        )
        for s in book.worksheets
    }
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert place in found.places(rule)
    assert {sheet: items["rows"] for sheet, items in found.balance.items()} == held


def _named(path: Path, *names: str) -> Path:
    """A workbook whose sheets of persons carry these names, the last one with a person."""
    book = _book()
    for name in names:
        book.create_sheet(name).append(["a", "b"])
    book["person"].title = f"{names[0]} 2"
    book.save(path)
    return path


def test_a_sheet_of_persons_that_is_named_after_somebody_is_read_and_told_by_its_place(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    found = read(project, standard, _named(tmp_path / "a.xlsx", "Xelvina", "Persons 2022"), "ALB")
    assert found.rows["person"] == 4
    assert set(found.balance) == {"#1", "#2", "Persons 2022"}
    assert "elvina" not in repr(found)


@pytest.mark.parametrize("name", ["#2", "Ана Петрова"])
def test_names_that_say_more_than_the_standards_words_are_not_told(
    name: str, project: Project, standard: Standard, tmp_path: Path
) -> None:
    found = read(project, standard, _named(tmp_path / "a.xlsx", "Persons", name), "ALB")
    assert set(found.balance) == {"Persons 2", "Persons", "#3"}


def test_a_first_row_whose_code_is_written_as_the_word_over_it_is_no_row_of_words(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "need"
    sheet.append(["assistance_reference", "service", "need_level", "need_met"])
    words = {f.title["en"].lower() for f in standard.tables["need"].received}
    assert "met" in words
    sheet.append(["A-1", "MED", "SOME", "MET"])  # the row of words was deleted
    sheet.append(["A-2", "PSY", "URGENT", "REFUSED"])
    book.save(tmp_path / "a.xlsx")
    assert read(project, standard, tmp_path / "a.xlsx", "ALB").rows["need"] == 2


@pytest.mark.parametrize(
    ("form", "rules"), [("h:mm", {"L33"}), ("dd.mm.", {"L33"}), ("dd.mm.yyyy", set()), ("mmm yyyy", {"L20"})]
)
def test_a_date_whose_year_is_not_shown_is_read_and_to_be_confirmed(
    form: str, rules: set[str], project: Project, standard: Standard, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "identification"
    sheet.append(["identification_reference", "person_reference", "identification_date"])
    sheet.append(["Identification", "Person", "Date of identification"])
    for number in range(1, 4):
        sheet.append([f"I-{number}", f"P-{number}", datetime.datetime(2022, 5, number, 8, 30)])
        sheet.cell(number + 2, 3).number_format = form
    book.save(tmp_path / "a.xlsx")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert found.rules & {"L20", "L33"} == rules
    assert ("identification" in found.told()) == ("L33" in rules)
    assert sum("2022, 5, " in row for _, row in found.content) == 3


def test_what_lies_under_a_merged_cell_is_not_shown_and_not_read(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Office programs may keep what the cells held before they were made one."""
    whole, told = [], []
    for range_of, place in (("B3:B4", ("person", 4, "B")), ("B3:C3", ("person", 3, "C"))):
        path = tmp_path / "a.xlsx"
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "person"
        for row in (["person_reference", "sex", "has_children"], ["Person", "Sex", "Children"]):
            sheet.append(row)
        for number in range(1, 4):
            sheet.append([f"P-{number}", "F" if number == 1 else "M", "N"])
        book.save(path)
        with zipfile.ZipFile(path) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        part = "xl/worksheets/sheet1.xml"
        merged = f'</sheetData><mergeCells count="1"><mergeCell ref="{range_of}"/></mergeCells>'
        parts[part] = parts[part].replace(b"</sheetData>", merged.encode())
        with zipfile.ZipFile(path, "w") as package:
            for name, content in parts.items():
                package.writestr(name, content)
        found = read(project, standard, path, "ALB")
        told.append(place in found.places("L18") | found.places("L19"))
        whole.append(sum("'M'" in row for table, row in found.content if table == "person"))
    assert told == [True, True]
    assert whole == [1, 2], "of the two rows below one cell both have the value that is shown"


@pytest.mark.parametrize("alone", [False, True])
def test_what_lies_under_an_empty_merged_cell_is_told_and_a_blank_one_is_not(
    alone: bool, project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "person"
    for row in (["person_reference", "sex", "has_children"], ["Person", "Sex", "Children"]):
        sheet.append(row)
    # C4 holds what nobody sees, C6 nothing; where it stands alone its row would go without a word.
    for row in (
        ["P-1", "F", None],
        [None if alone else "P-2", None if alone else "M", "Y"],
        ["P-3", "M", None],
    ):
        sheet.append(row)
    sheet.append(["P-4", "M", None])
    book.save(path)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    part = "xl/worksheets/sheet1.xml"
    merged = '</sheetData><mergeCells count="2"><mergeCell ref="C3:C4"/><mergeCell ref="C5:C6"/></mergeCells>'
    parts[part] = parts[part].replace(b"</sheetData>", merged.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    found = read(project, standard, path, "ALB")
    assert found.places("L34") == {("person", 4, "C")}
    assert not found.places("L18")


_SIGNS = ("/", " / ", "+", " · ", " - ", "\n", " i ", "、", " & ")


def test_answers_with_whatever_sign_between_them_are_told_as_that(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "trafficking_episode"
    sheet.append(["episode_reference", "person_reference", "exploitation_form"])
    sheet.append(["Episode", "Person", "Forms"])
    words = [
        c.label["sq"] for c in standard.codelists["exploitation_form"].codes if c.code in {"LAB", "SLAV"}
    ]
    for number, sign in enumerate(_SIGNS):
        sheet.append([f"E-{number}", f"P-{number}", sign.join(words)])
    book.save(tmp_path / "a.xlsx")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert not found.refused
    assert found.places("F10") == {("trafficking_episode", 3 + n, "C") for n in range(len(_SIGNS))}
