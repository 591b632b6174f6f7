"""What the workbook parser does not hand on: error cells, formulas never worked out, hidden rows.

The parser gives ``#DIV/0!`` and a formula without a result as blanks and hidden rows like any other. A
blank would pass for a missing answer, so the package itself is looked at (``experience.md`` 3.1).
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from xml.etree.ElementTree import Element, iterparse

NOT_WORKED_OUT = "#FORMULA"
"""Text given to a formula cell whose result was never saved."""

_SHEET_PART = re.compile(r'<sheet [^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
_CELL = re.compile(rb"<c ([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<v>([^<]*)</v>")
_HIDDEN_ROW = re.compile(rb'<row (?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ERROR_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"


@dataclass
class Unseen:
    """Of one sheet: error cells by (row, column) and the numbers of hidden rows; 1 is the first."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)


def look_at_sheets(path: Path) -> dict[str, Unseen]:
    """Return sheet name -> what the parser does not say of it.

    Raises
    ------
    zipfile.BadZipFile
        If the package is damaged.
    """
    with zipfile.ZipFile(path) as package:
        if path.suffix.lower() == ".ods":
            return _open_document(package)
        return {name: _sheet(package.read(part)) for part, name in sheet_parts(package).items()}


def _sheet(content: bytes) -> Unseen:
    found = Unseen()
    if b"hidden=" in content:
        found.hidden_rows = {int(number) for number in _HIDDEN_ROW.findall(content)}
    if b't="e"' not in content and b"<f" not in content:
        return found
    for attributes, inside in _CELL.findall(content):
        is_error = b't="e"' in attributes
        if not is_error and (b"<f" not in inside or b't="str"' in attributes):
            continue
        value = _VALUE.search(inside)
        place = _REFERENCE.search(attributes)
        if place is None or (not is_error and value is not None and value.group(1)):
            continue
        text = value.group(1).decode("utf-8", "replace") if value is not None and is_error else NOT_WORKED_OUT
        found.errors[int(place.group(2)), column_number(place.group(1))] = text
    return found


def column_number(letters: bytes | str) -> int:
    """Return the number of a column; A is 1, AA is 27."""
    number = 0
    for letter in letters.encode() if isinstance(letters, str) else letters:
        number = number * 26 + letter - 64
    return number


def sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Return part name -> sheet name, from the workbook and its relations."""
    try:
        book = package.read("xl/workbook.xml").decode("utf-8", "replace")
        relations = package.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return {}
    targets = {}
    for relation in re.findall(r"<Relationship [^>]*>", relations):
        identifier = re.search(r'\bId="([^"]*)"', relation)
        target = re.search(r'\bTarget="([^"]*)"', relation)
        if identifier and target:
            targets[identifier.group(1)] = target.group(1)
    present = set(package.namelist())
    named = {}
    for name, identifier_text in _SHEET_PART.findall(book):
        target_text = targets.get(identifier_text, "")
        part = target_text.lstrip("/") if target_text.startswith("/") else f"xl/{target_text}"
        if part in present:
            named[part] = unescape(name)
    return named


def _open_document(package: zipfile.ZipFile) -> dict[str, Unseen]:
    """Walk an OpenDocument sheet; runs of equal rows and cells are written once with their number."""
    found: dict[str, Unseen] = {}
    sheet, row, column = Unseen(), 0, 0
    repeated = 1
    with package.open("content.xml") as handle:
        # The package was looked over for document types, and this process has little memory to lose.
        for event, element in iterparse(handle, events=("start", "end")):  # noqa: S314
            if event == "start" and element.tag == f"{_TABLE}table":
                sheet = found.setdefault(element.get(f"{_TABLE}name", ""), Unseen())
                row = 0
            elif event == "start" and element.tag == f"{_TABLE}table-row":
                repeated = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
                if element.get(f"{_TABLE}visibility", "visible") != "visible":
                    sheet.hidden_rows.update(range(row + 1, row + min(repeated, 10_000) + 1))
                column = 0
            elif event == "end" and element.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                if element.get(_ERROR_TYPE) == "error":
                    sheet.errors[row + 1, column + 1] = _text(element)
                column += int(element.get(f"{_TABLE}number-columns-repeated", "1"))
                element.clear()
            elif event == "end" and element.tag == f"{_TABLE}table-row":
                row += repeated
                element.clear()
    return found


def _text(cell: Element) -> str:
    return "".join(part.text or "" for part in cell.iter(_TEXT)) or NOT_WORKED_OUT
