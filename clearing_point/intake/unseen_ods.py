"""What the workbook parser does not hand on of an OpenDocument sheet; see :mod:`clearing_point.intake.unseen`."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from typing import Any

from clearing_point.intake.shown import DAY, MONTH, NO_YEAR, YEAR
from clearing_point.intake.unseen import NOT_WORKED_OUT, Unseen, namespaced, parse

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _STYLE = f"{_URN}table:1.0 ", f"{_URN}office:1.0 ", f"{_URN}style:1.0 "
_NUMBER, _TEXT = f"{_URN}datastyle:1.0 ", f"{_URN}text:1.0 p"
_ERROR_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_MOST_REPEATED = 10_000
"""A run of equal rows is written once; longer runs hold nothing."""


def look_at_open_document(package: zipfile.ZipFile) -> dict[str, Unseen]:
    """Walk the sheets; runs of equal rows and cells are written once with their number."""
    reader = _Document()
    parse(package, "content.xml", reader.parser)
    return reader.sheets


@dataclass
class _Document:
    sheets: dict[str, Unseen] = field(default_factory=dict)
    parser: Any = field(default_factory=namespaced)

    def __post_init__(self) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._sheet = Unseen()
        self._row = self._column = self._first = 0
        self._rows = self._columns = 1
        self._defaults: dict[int, str] = {}
        self._cell: dict[str, str] | None = None
        self._text: list[str] = []
        self._parts: set[str] = set()
        self._data_style = ""
        self._shown: dict[str, str] = {}
        self._styles: dict[str, str] = {}
        self._hidden_sheets: set[str] = set()
        self._style_name = ""

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == f"{_TABLE}table":
            self._sheet = self.sheets.setdefault(attributes.get(f"{_TABLE}name", ""), Unseen())
            if attributes.get(f"{_TABLE}style-name", "") in self._hidden_sheets:
                self._sheet.state = "hidden"
            self._row, self._rows, self._first, self._defaults = 0, 1, 0, {}
        elif tag == f"{_TABLE}table-column":
            many = int(attributes.get(f"{_TABLE}number-columns-repeated", "1"))
            numbers = range(self._first + 1, self._first + min(many, _MOST_REPEATED) + 1)
            if attributes.get(f"{_TABLE}visibility", "visible") != "visible":
                self._sheet.hidden_columns.update(numbers)
            style = self._styles.get(attributes.get(f"{_TABLE}default-cell-style-name", ""), "")
            if style:
                self._defaults.update(dict.fromkeys(numbers, style))
            self._first += many
        elif tag == f"{_TABLE}table-row":
            self._rows = int(attributes.get(f"{_TABLE}number-rows-repeated", "1"))
            if attributes.get(f"{_TABLE}visibility", "visible") != "visible":
                numbers = range(self._row + 1, self._row + min(self._rows, _MOST_REPEATED) + 1)
                self._sheet.hidden_rows.update(numbers)
            self._column = 0
        elif tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            self._cell, self._text = attributes, []
        elif tag == _TEXT and self._cell is not None and self._cell.get(_ERROR_TYPE) == "error":
            self.parser.CharacterDataHandler = self._text.append
        elif tag == f"{_STYLE}style":
            self._style_name = attributes.get(f"{_STYLE}name", "")
            shown = self._shown.get(attributes.get(f"{_STYLE}data-style-name", ""), "")
            if shown:
                self._styles[self._style_name] = shown
        elif tag == f"{_STYLE}table-properties":
            if attributes.get(f"{_TABLE}display") == "false":
                self._hidden_sheets.add(self._style_name)
        elif tag == f"{_NUMBER}date-style":
            self._data_style, self._parts = attributes.get(f"{_STYLE}name", ""), set()
        elif tag.startswith(_NUMBER):
            self._parts.add(tag[len(_NUMBER) :])

    def _end(self, tag: str) -> None:
        if tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            self._end_cell(self._cell or {})
            self._cell = None
        elif tag == _TEXT:
            self.parser.CharacterDataHandler = None
        elif tag == f"{_TABLE}table-row":
            self._row += self._rows
        elif tag == f"{_NUMBER}date-style":
            shown = DAY if "day" in self._parts else MONTH if "month" in self._parts else YEAR
            if "year" not in self._parts:
                shown = NO_YEAR
            if shown != DAY:
                self._shown[self._data_style] = shown

    def _end_cell(self, cell: dict[str, str]) -> None:
        place = (self._row + 1, self._column + 1)
        kind = cell.get(f"{_OFFICE}value-type")
        many = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        if cell.get(_ERROR_TYPE) == "error":
            self._sheet.errors[place] = "".join(self._text).strip() or NOT_WORKED_OUT
        elif f"{_TABLE}formula" in cell and kind is None:
            self._sheet.errors[place] = NOT_WORKED_OUT
        elif kind == "date":
            style = self._styles.get(cell.get(f"{_TABLE}style-name", "")) or self._defaults.get(place[1])
            if style:
                for row in range(min(self._rows, _MOST_REPEATED)):
                    for column in range(min(many, _MOST_REPEATED)):
                        self._sheet.shown[place[0] + row, place[1] + column] = style
        if kind is not None or place in self._sheet.errors:
            self._sheet.last_row = max(self._sheet.last_row, self._row + self._rows)
            self._sheet.last_column = max(self._sheet.last_column, self._column + many)
        down = int(cell.get(f"{_TABLE}number-rows-spanned", "1"))
        across = int(cell.get(f"{_TABLE}number-columns-spanned", "1"))
        if down > 1 or across > 1:
            self._sheet.merged.append((*place, place[0] + down - 1, place[1] + across - 1))
        self._column += many
