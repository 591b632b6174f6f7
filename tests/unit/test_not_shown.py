"""What a workbook does not show of its cells, or shows otherwise, is said: hidden zeros, default heights, conditions."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.formatting.rule import CellIsRule, DataBarRule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat

from clearing_point.intake.shown import not_shown
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.conftest import mostly_at_night
from tests.reading import Found, read

pytestmark = pytest.mark.usefixtures("forms_are_known")

BIRTHS = (2000, 0, 2001)
ODS = "urn:oasis:names:tc:opendocument:xmlns"


def _book() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "person"
    sheet.append(["person_reference", "sex", "birth_year"])
    sheet.append(["Person", "Sex", "Year of birth"])
    for number, year in enumerate(BIRTHS):
        sheet.append([f"P-{number}", "F", year])
    return book


def _format(code: str) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        for row in range(3, 6):
            book["person"].cell(row, 3).number_format = code

    return change


def _no_zeros(book: openpyxl.Workbook) -> None:
    book["person"].sheet_view.showZeros = False


def _no_heights(book: openpyxl.Workbook) -> None:
    book["person"].sheet_format.zeroHeight = True
    book["person"].row_dimensions[4].height = 15


def _no_widths(book: openpyxl.Workbook) -> None:
    book["person"].sheet_format.defaultColWidth = 0
    for letter in "AB":
        book["person"].column_dimensions[letter].width = 12


def _condition(code: str) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        rule = CellIsRule(operator="greaterThan", formula=["0"])
        rule.dxf = DifferentialStyle(numFmt=NumberFormat(numFmtId=164, formatCode=code))
        book["person"].conditional_formatting.add("C3:C9", rule)

    return change


def _in_one_colour(letters: str, paper: str | None) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        cell = book["person"].cell(4, 2)
        cell.font = Font(color=letters)
        if paper:
            cell.fill = PatternFill("solid", fgColor=paper)

    return change


def _white_by_condition(book: openpyxl.Workbook) -> None:
    rule = CellIsRule(operator="greaterThan", formula=["0"], font=Font(color="FFFFFFFF"))
    book["person"].conditional_formatting.add("C3:C9", rule)


def _too_small_to_see(book: openpyxl.Workbook) -> None:
    book["person"].row_dimensions[4].height = 0.3
    book["person"].column_dimensions["B"].width = 0.05


def _bar(book: openpyxl.Workbook) -> None:
    rule = DataBarRule(start_type="min", end_type="max", color="FF638EC6", showValue=False)
    book["person"].conditional_formatting.add("B1:C9", rule)


CASES: list[tuple[Callable[[openpyxl.Workbook], None], dict[str, set[tuple[object, ...]]]]] = [
    (_format("0;-0;;@"), {"L32": {("person", None, "C")}}),
    (_format('0;-0;"none";@'), {"L32": {("person", None, "C")}}),
    (_format('0;-0;"-";@'), {}),
    (_format("[>1000]0;;"), {"L32": {("person", None, "C")}}),
    (_format("0;;0;@"), {}),
    (_no_zeros, {"L32": {("person", None, "C")}}),
    (_no_heights, {"L05": {("person", 3, None), ("person", 5, None)}}),
    (_no_widths, {"L16": {("person", None, "C")}}),
    (_condition('"about "0'), {"L35": {("person", None, "C")}}),
    (_condition(";;;"), {"L35": {("person", None, "C")}}),
    (_condition("0.00"), {}),
    (_in_one_colour("FFFFFFFF", None), {"L32": {("person", None, "B")}}),
    (_in_one_colour("FF000000", "FF000000"), {"L32": {("person", None, "B")}}),
    (_in_one_colour("FFFFFFFF", "FF1F4E78"), {}),
    (_too_small_to_see, {"L05": {("person", 4, None)}, "L16": {("person", None, "B")}}),
    (_format("0%"), {"L35": {("person", None, "C")}}),
    (_format("#,##0,"), {"L35": {("person", None, "C")}}),
    (_white_by_condition, {"L35": {("person", None, "C")}}),
    (_bar, {"L35": {("person", None, "B"), ("person", None, "C")}}),
]


def _told(found: Found) -> dict[str, set[tuple[object, ...]]]:
    return {rule: found.places(rule) for rule in found.rules & {"L05", "L16", "L32", "L35"}}


@pytest.mark.parametrize("number", mostly_at_night(range(len(CASES)), range(0, len(CASES), 2)))
def test_what_is_not_shown_is_read_and_told(
    number: int, project: Project, standard: Standard, tmp_path: Path
) -> None:
    change, told = CASES[number]
    book = _book()
    change(book)
    book.save(tmp_path / "a.xlsx")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert _told(found) == told
    assert (
        sum(f" {year}," in row for year in BIRTHS for table, row in found.content if table == "person") == 3
    )


def test_a_condition_that_looks_at_another_sheet_is_told(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Office programs write it apart, with its style in the sheet and its range behind it."""
    book = _book()
    book.save(tmp_path / "a.xlsx")
    newer = (
        '<extLst><ext xmlns:x="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" uri="{78C0D931}">'
        '<x:conditionalFormattings><x:conditionalFormatting xmlns:m="http://schemas.microsoft.com/office/excel/2006/main">'
        '<x:cfRule type="expression" id="{1}"><m:f>Other!A1&gt;0</m:f><x:dxf><numFmt numFmtId="164" formatCode="mmm"/></x:dxf>'
        "</x:cfRule><m:sqref>C1:C9</m:sqref></x:conditionalFormatting></x:conditionalFormattings></ext></extLst>"
    )
    _patched(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", "</worksheet>", f"{newer}</worksheet>")
    found = read(project, standard, tmp_path / "a.xlsx", "ALB")
    assert _told(found) == {"L35": {("person", None, "C")}}


def _patched(path: Path, part: str, before: str, after: str) -> None:
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert before.encode() in parts[part]
    parts[part] = parts[part].replace(before.encode(), after.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)


def test_what_is_written_small_above_a_word_is_none_of_it(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:  # writes its words apart from its cells
        sheet = book.add_worksheet("person")
        for row, cells in enumerate((["person_reference", "sex"], ["Person", "Sex"], ["P-1", "F"])):
            sheet.write_row(row, 0, cells)
    _patched(path, "xl/sharedStrings.xml", "<t>F</t>", '<t>F</t><rPh sb="0" eb="1"><t>Xelvina</t></rPh>')
    found = read(project, standard, path, "ALB")
    assert (found.rows["person"], "F05" in found.rules, "P04" in found.rules) == (1, False, False)


OPEN_DOCUMENT = f"""<office:document-content xmlns:office="{ODS}:office:1.0" xmlns:table="{ODS}:table:1.0"
 xmlns:text="{ODS}:text:1.0" xmlns:style="{ODS}:style:1.0" xmlns:number="{ODS}:datastyle:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">
<office:automatic-styles>
<number:number-style style:name="P0"><number:number/></number:number-style>
<number:number-style style:name="P2"><number:text/></number:number-style>
<number:text-style style:name="N1"><number:text-content/><style:map style:condition="value()&gt;0" style:apply-style-name="P0"/>
<style:map style:condition="value()=0" style:apply-style-name="P2"/></number:text-style>
<style:style style:name="named" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="named"/>
<style:style style:name="ro1" style:family="table-row"><style:table-row-properties style:row-height="0cm"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="person">{{rows}}
<calcext:conditional-formats><calcext:conditional-format calcext:target-range-address="person.B3:person.B9">
<calcext:condition calcext:apply-style-name="named" calcext:value="&gt;0"/></calcext:conditional-format>
</calcext:conditional-formats></table:table></office:spreadsheet></office:body></office:document-content>"""


def test_an_open_document_is_told_of_in_the_same_way(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    def text(value: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    def number(value: int) -> str:
        return f'<table:table-cell table:style-name="ce1" office:value-type="float" office:value="{value}"><text:p/></table:table-cell>'

    small = (
        "<text:ruby><text:ruby-base>F</text:ruby-base><text:ruby-text>Xelvina</text:ruby-text></text:ruby>"
    )
    rows = [
        text("person_reference") + text("sex") + text("birth_year"),
        text("Person") + text("Sex") + text("Year of birth"),
    ]
    rows += [text(f"P-{n}") + text(small if n else "F") + number(year) for n, year in enumerate(BIRTHS)]
    low = ' table:style-name="ro1"'
    whole = "".join(
        f"<table:table-row{low if n == 4 else ''}>{row}</table:table-row>" for n, row in enumerate(rows)
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", OPEN_DOCUMENT.format(rows=whole))
    found = read(project, standard, tmp_path / "a.ods", "ALB")
    assert _told(found) == {
        "L05": {("person", 5, None)}, "L32": {("person", None, "C")}, "L35": {("person", None, "B")},
    }  # fmt: skip
    assert sum("'F'" in row for table, row in found.content if table == "person") == 3


@pytest.mark.parametrize(
    ("code", "kinds"),
    [("General", ""), ("0", ""), ("dd.mm.yyyy", ""), ("[h]:mm", ""), ("@", ""), ('"x;y"0', ""), ("_-* #,##0_-;-* #,##0_-;_-* \"-\"??_-;_-@_-", ""),
     (";;;", "+-0t"), (";;;@", "+-0"), ('"word"', "+-0"), ("0;", "-"), ("", "")],
)  # fmt: skip
def test_of_a_format_is_known_what_it_does_not_show(code: str, kinds: str) -> None:
    assert not_shown(code) == kinds
