"""What the workbook parser does not hand on of an OpenDocument sheet; see :mod:`clearing_point.intake.unseen`."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

from clearing_point.intake.beside_cells import columns_of
from clearing_point.intake.ods_formats import Formats
from clearing_point.intake.shown import kind_of
from clearing_point.intake.unseen import NOT_WORKED_OUT, Unseen
from clearing_point.intake.workbook_xml import namespaced, parse

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _STYLE = f"{_URN}table:1.0 ", f"{_URN}office:1.0 ", f"{_URN}style:1.0 "
_TEXT, _RUBY = f"{_URN}text:1.0 p", f"{_URN}text:1.0 ruby-text"
_SPACE, _SPAN = f"{_URN}text:1.0 s", f"{_URN}text:1.0 span"
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_ERROR_TYPE = f"{_CALC}value-type"
_OF_SHEET = re.compile(r"(?:'(?:[^']|'')*'|[^\s:']*)\.")
"""A sheet's name before a cell's reference."""
_MOST_REPEATED = 10_000
"""A run of equal rows is written once; longer runs hold nothing."""


def look_at_open_document(package: zipfile.ZipFile) -> dict[str, Unseen]:
    """Walk the sheets; runs of equal rows and cells are written once with their number."""
    formats = Formats()
    formats.read(package)
    reader = _Document(formats)
    parse(package, "content.xml", reader.parser)
    if reader.has_ruby:  # read again, with the texts of all cells
        reader = _Document(formats, texts=True)
        parse(package, "content.xml", reader.parser)
    return reader.sheets


@dataclass
class _Document:
    formats: Formats
    texts: bool = False
    """Whether to say what every cell holds, without what is written small above it."""
    has_ruby: bool = False
    sheets: dict[str, Unseen] = field(default_factory=dict)
    parser: Any = field(default_factory=namespaced)

    def __post_init__(self) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.formats.parser = self.parser
        self._sheet = Unseen()
        self._row = self._column = self._first = 0
        self._rows = self._columns = 1
        self._defaults: dict[int, str] = {}
        self._cell: dict[str, str] | None = None
        self._text: list[str] = []
        self._ranges = ""
        self._in_note = self._part_struck = False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == f"{_TABLE}table":
            self._sheet = self.sheets.setdefault(attributes.get(f"{_TABLE}name", ""), Unseen())
            if attributes.get(f"{_TABLE}style-name", "") in self.formats.hidden:
                self._sheet.state = "hidden"
            self._row, self._rows, self._first, self._defaults = 0, 1, 0, {}
        elif tag == f"{_TABLE}table-column":
            many = int(attributes.get(f"{_TABLE}number-columns-repeated", "1"))
            numbers = range(self._first + 1, self._first + min(many, _MOST_REPEATED) + 1)
            if self._is_hidden(attributes):
                self._sheet.hidden_columns.update(numbers)
            style = attributes.get(f"{_TABLE}default-cell-style-name", "")
            if style in {
                *self.formats.shown,
                *self.formats.not_shown,
                *self.formats.scaled,
                *self.formats.struck,
            }:
                self._defaults.update(dict.fromkeys(numbers, style))
            self._first += many
        elif tag == f"{_TABLE}table-row":
            self._rows = int(attributes.get(f"{_TABLE}number-rows-repeated", "1"))
            if self._is_hidden(attributes):
                numbers = range(self._row + 1, self._row + min(self._rows, _MOST_REPEATED) + 1)
                self._sheet.hidden_rows.update(numbers)
            self._column = 0
        elif tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            self._cell, self._text, self._part_struck = attributes, [], False
        elif tag == f"{_OFFICE}annotation":
            self._in_note = True
        elif tag == _TEXT and self._cell is not None and not self._in_note:
            if self._text:
                self._text.append("\n")
            if self.texts or self._cell.get(_ERROR_TYPE) == "error":
                self.parser.CharacterDataHandler = self._text.append
        elif tag == _SPACE and self._text:
            self._text.append(" ")
        elif tag == _SPAN:
            struck = attributes.get(f"{_URN}text:1.0 style-name", "") in self.formats.struck
            self._part_struck = self._part_struck or (struck and not self._in_note)
        elif tag == _RUBY:
            self.has_ruby = True
            self.parser.CharacterDataHandler = None
        elif tag == f"{_CALC}conditional-format":
            self._ranges = _OF_SHEET.sub("", attributes.get(f"{_CALC}target-range-address", ""))
        elif tag == f"{_CALC}condition":
            if attributes.get(f"{_CALC}apply-style-name", "") in self.formats.changing:
                self._sheet.otherwise_columns |= columns_of(self._ranges)
        else:
            self.formats.start(tag, attributes)

    def _is_hidden(self, attributes: dict[str, str]) -> bool:
        return (
            attributes.get(f"{_TABLE}visibility", "visible") != "visible"
            or attributes.get(f"{_TABLE}style-name", "") in self.formats.hidden
        )

    def _end(self, tag: str) -> None:
        if tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            self._end_cell(self._cell or {})
            self._cell = None
        elif tag == _TEXT:
            self.parser.CharacterDataHandler = None
        elif tag == f"{_TABLE}table-row":
            self._row += self._rows
        elif tag == f"{_OFFICE}annotation":
            self._in_note = False
        elif tag == _RUBY:
            if self.texts and self._cell is not None:
                self.parser.CharacterDataHandler = self._text.append
        else:
            self.formats.end(tag)

    def _end_cell(self, cell: dict[str, str]) -> None:
        place = (self._row + 1, self._column + 1)
        kind = cell.get(f"{_OFFICE}value-type")
        many = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        if cell.get(_ERROR_TYPE) == "error":
            self._sheet.errors[place] = "".join(self._text).strip() or NOT_WORKED_OUT
        elif f"{_TABLE}formula" in cell and kind is None:
            self._sheet.errors[place] = NOT_WORKED_OUT
        elif kind is not None:
            self._say(cell, kind, place, many)
        if kind is not None or place in self._sheet.errors:
            self._sheet.last_row = max(self._sheet.last_row, self._row + self._rows)
            self._sheet.last_column = max(self._sheet.last_column, self._column + many)
        down = int(cell.get(f"{_TABLE}number-rows-spanned", "1"))
        across = int(cell.get(f"{_TABLE}number-columns-spanned", "1"))
        if down > 1 or across > 1:
            self._sheet.merged.append((*place, place[0] + down - 1, place[1] + across - 1))
        self._column += many

    def _say(self, cell: dict[str, str], kind: str, place: tuple[int, int], many: int) -> None:
        """Say how a filled cell is shown, and those equal to it that are written once."""
        style = cell.get(f"{_TABLE}style-name", "") or self._defaults.get(place[1], "")
        value = cell.get(f"{_OFFICE}value", "")
        columns = range(place[1], place[1] + min(many, _MOST_REPEATED))
        if kind_of(value, kind == "string") in self.formats.not_shown.get(style, "") + self.formats.zeros:
            self._sheet.unshown_columns.update(columns)
        if style in self.formats.scaled and kind != "string":
            self._sheet.otherwise_columns.update(columns)
        if style in self.formats.struck or self._part_struck:
            self._sheet.struck_rows.update(range(place[0], place[0] + min(self._rows, _MOST_REPEATED)))
            self._sheet.struck_columns.update(columns)
        told = self.formats.shown.get(style) if kind == "date" else None
        for row in range(place[0], place[0] + min(self._rows, _MOST_REPEATED)) if told or self.texts else ():
            for column in columns:
                if told:
                    self._sheet.shown[row, column] = told
                elif kind == "string":
                    self._sheet.replaced[row, column] = "".join(self._text)
