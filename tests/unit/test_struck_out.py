"""What is struck out in a workbook is read and told; what the workbook parser passes over is never lost in silence."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.reading import read

pytestmark = pytest.mark.usefixtures("forms_are_known")

STRUCK = "L36"
UNDER_MERGED = "L34"


def _book() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "person"
    for row in (
        ["person_reference", "sex", "x_own"],
        ["Person", "Sex", "Own"],
        ["P-1", "F", 1],
        ["P-2", "M", 2],
    ):
        sheet.append(row)
    return book


def _strike(*cells: str) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        for cell in cells:
            book["person"][cell].font = Font(strike=True)

    return change


def _not_struck(book: openpyxl.Workbook) -> None:
    book["person"]["B4"].font = Font(strike=False, bold=True)


def _by_condition(book: openpyxl.Workbook) -> None:
    rule = CellIsRule(operator="equal", formula=['"M"'], font=Font(strike=True))
    book["person"].conditional_formatting.add("B3:B9", rule)


@pytest.mark.parametrize(
    ("change", "rows", "otherwise"),
    [
        (_strike("B4"), {4}, set()),
        (_strike("A3", "B3", "A4"), {3, 4}, set()),
        (_strike("A1", "B2"), set(), set()),
        (_strike("C4"), set(), set()),
        (_not_struck, set(), set()),
        (_by_condition, set(), {"B"}),
    ],
)
def test_struck_out_cells_are_read_and_told(
    change: Callable[[openpyxl.Workbook], None], rows: set[int], otherwise: set[str], project: Project,
    standard: Standard, tmp_path: Path,
) -> None:  # fmt: skip
    book = _book()
    change(book)
    book.save(tmp_path / "a.xlsx")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert found.places(STRUCK) == {("person", row, None) for row in rows}
    assert found.places("L35") == {("person", None, letter) for letter in otherwise}
    assert found.rows["person"] == 2


def test_a_part_of_a_text_is_told(project: Project, standard: Standard, tmp_path: Path) -> None:
    """Office programs keep such texts apart from the cells, others within them."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("person")
        for number, cells in enumerate(
            (["person_reference", "sex"], ["Person", "Sex"], ["P-1", "F"], ["P-2", "M"])
        ):
            sheet.write_row(number, 0, cells)
        sheet.write_rich_string(3, 1, book.add_format({"font_strikeout": True}), "F", " M")
    assert read(project, standard, path, "ALB").places(STRUCK) == {("person", 4, None)}
    inner = b'<c r="B3" t="inlineStr"><is><r><rPr><strike/></rPr><t>M</t></r><r><t>F</t></r></is></c>'
    _patched(
        path, "xl/worksheets/sheet1.xml", lambda part: part.replace(b'<c r="B3" t="s"><v>5</v></c>', inner)
    )
    assert read(project, standard, path, "ALB").places(STRUCK) == {("person", 3, None), ("person", 4, None)}


def test_an_open_document_is_told_of_in_the_same_way(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    cell = '<table:table-cell{style} office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    struck, part = ' table:style-name="ce1"', '<text:span text:style-name="T1">F</text:span> M'
    rows = [["person_reference", "sex"], ["Person", "Sex"], ["P-1", "F"], ["P-2", "F"], ["P-3", part]]
    grid = "".join(
        f"<table:table-row>{''.join(cell.format(style=struck if n == 3 else '', value=v) for v in row)}</table:table-row>"
        for n, row in enumerate(rows)
    )
    through = '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    content = (
        f'<office:document-content xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0" '
        f'xmlns:style="{urn}:style:1.0"><office:automatic-styles><style:style style:name="ce1" style:family="table-cell">'
        f'{through}<style:style style:name="T1" style:family="text">{through}</office:automatic-styles><office:body>'
        f'<office:spreadsheet><table:table table:name="person">{grid}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", content)
    assert read(project, standard, tmp_path / "a.ods", "ALB").places(STRUCK) == {
        ("person", 4, None), ("person", 5, None),
    }  # fmt: skip


def _in_two_parts(part: bytes) -> bytes:
    return part.replace(b'<row r="4"', b'</sheetData><sheetData><row r="4"')


def _in_utf_16(part: bytes) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-16"?>' + part.decode().partition("?>")[2]).encode("utf-16")


@pytest.mark.parametrize("change", [_in_two_parts, _in_utf_16])
def test_a_sheet_that_the_parser_leaves_early_is_refused(
    change: Callable[[bytes], bytes], project: Project, standard: Standard, tmp_path: Path
) -> None:
    """The persons of such a sheet were gone without a word."""
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet("person")
        for number, cells in enumerate(
            (["person_reference", "sex"], ["Person", "Sex"], ["P-1", "F"], ["P-2", "M"])
        ):
            sheet.write_row(number, 0, cells)
    _patched(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", change)
    with pytest.raises(InputProblem, match="damaged inside"):
        read(project, standard, tmp_path / "a.xlsx", "ALB")


def test_rows_that_are_empty_texts_alone_refuse_nothing(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet("person")
        for number, cells in enumerate((["person_reference", "sex"], ["Person", "Sex"], ["P-1", "F"])):
            sheet.write_row(number, 0, cells)
        for row in range(3, 9):
            sheet.write_formula(row, 0, '=IF(TODAY()>1,"","x")', value=" ")
            sheet.write_string(row, 1, " ")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert (found.rows["person"], found.places("F06")) == (1, set())


def test_what_lies_under_a_merged_cell_is_told_where_the_cell_above_is_read(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    book = _book()
    book.save(tmp_path / "a.xlsx")
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="B3:B4"/></mergeCells>'
    _patched(
        tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", lambda part: part.replace(b"</sheetData>", merged)
    )
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert found.places("L18") == found.places(UNDER_MERGED) == {("person", 4, "B")}


@pytest.mark.parametrize(
    ("typed", "told"),
    [({"A2": "P-0"}, True), ({"C2": 1990}, True), ({"B2": "Spol osobe (2)"}, False), ({}, False)],
)
def test_a_person_typed_over_a_part_of_the_words_is_told(
    typed: dict[str, object], told: bool, project: Project, standard: Standard, tmp_path: Path
) -> None:
    """The row stayed one of words, and its person was gone."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "person"
    names = ("person_reference", "sex", "birth_year", "citizenship", "marital_status", "has_children")
    sheet.append(names)
    sheet.append([standard.tables["person"].by_name[name].title["en"] for name in names])
    sheet.append(["P-1", "F", 1991, "ALB", "SINGLE", "N"])
    for cell, value in typed.items():
        sheet[cell] = value
    book.save(tmp_path / "a.xlsx")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert (found.rows["person"], found.places("L13")) == (1, {("person", 2, None)} if told else set())


def _patched(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert change(parts[part]) != parts[part]
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
