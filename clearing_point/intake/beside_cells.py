"""What a sheet of a workbook says beside its cells: what it hides, which cells it made one, its conditional formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from clearing_point.intake.cell_formats import CellFormats
from clearing_point.intake.shown import ZERO, changes_what_is_shown
from clearing_point.intake.workbook_xml import (
    MAIN,
    NO,
    YES,
    column_number,
    is_nothing,
    place_by_reference,
    value_of,
)

if TYPE_CHECKING:
    from clearing_point.intake.unseen import Unseen

_MOST_COLUMNS = 20_000
_NEWER = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
"""Of rules that look at other sheets, and of those with newer pictures: they stand behind the older ones."""
_RANGES_OF_NEWER = "http://schemas.microsoft.com/office/excel/2006/main sqref"
_SPACES = frozenset((*MAIN, _NEWER, _RANGES_OF_NEWER.partition(" ")[0]))
_RANGE = re.compile(r"\$?([A-Z]*)\$?[0-9]*(?::\$?([A-Z]*)\$?[0-9]*)?")


class BesideCells:
    """Takes the elements of one sheet that are no cells, in their order."""

    def __init__(self, found: Unseen, formats: CellFormats, parser: Any) -> None:
        self._found, self._formats, self._parser = found, formats, parser
        self.zeros = ""
        """Kind of the values that the view of the sheet hides, if it hides any."""
        self.rows_hidden = False
        """Whether rows without a height of their own are hidden."""
        self._columns_hidden = False
        self._with_width: set[int] = set()
        self._ranges = ""
        self._newer_changes = False
        self._newer_ranges: list[str] = []

    def start(self, tag: str, attributes: list[str]) -> None:
        """Take an element; its attributes as name, value, name, value."""
        space, _, kind = tag.rpartition(" ")
        if self._newer_ranges:
            self._end_newer()
        if space not in _SPACES:
            return
        if kind == "col":
            first, last = int(value_of(attributes, "min")), int(value_of(attributes, "max"))
            columns = range(first, min(last, first + _MOST_COLUMNS) + 1)
            self._with_width.update(columns)
            if value_of(attributes, "hidden") in YES or is_nothing(value_of(attributes, "width")):
                self._found.hidden_columns.update(columns)
        elif kind == "mergeCell":
            first_cell, _, last_cell = value_of(attributes, "ref").replace("$", "").partition(":")
            if last_cell:
                self._found.merged.append((*place_by_reference(first_cell), *place_by_reference(last_cell)))
        elif kind == "sheetFormatPr":
            height = value_of(attributes, "defaultRowHeight")
            self.rows_hidden = value_of(attributes, "zeroHeight") in YES or is_nothing(height)
            self._columns_hidden = is_nothing(value_of(attributes, "defaultColWidth"))
        elif kind == "sheetView":
            if value_of(attributes, "showZeros") in NO:
                self.zeros = ZERO
        elif tag != _RANGES_OF_NEWER:
            self._start_of_rule(kind, attributes, newer=space == _NEWER)
        elif self._newer_changes:  # stands behind its rules
            self._parser.CharacterDataHandler = self._newer_ranges.append

    def _start_of_rule(self, kind: str, attributes: list[str], *, newer: bool) -> None:
        if kind == "conditionalFormatting":
            self._ranges, self._newer_changes = value_of(attributes, "sqref"), False
            return
        changes = (
            (kind == "cfRule" and value_of(attributes, "dxfId") in self._formats.conditional)
            or (kind in {"dataBar", "iconSet"} and value_of(attributes, "showValue") in NO)
            or (kind == "numFmt" and changes_what_is_shown(value_of(attributes, "formatCode")))
        )
        if changes and self._ranges:
            self._found.otherwise_columns |= columns_of(self._ranges)
        self._newer_changes = self._newer_changes or (changes and (newer or not self._ranges))

    def _end_newer(self) -> None:
        self._parser.CharacterDataHandler = None
        self._found.otherwise_columns |= columns_of("".join(self._newer_ranges))
        self._newer_ranges.clear()

    def end(self) -> None:
        """End the sheet, whose last column is known by now."""
        if self._newer_ranges:
            self._end_newer()
        if self._columns_hidden:
            self._found.hidden_columns |= set(range(1, self._found.last_column + 1)) - self._with_width


def columns_of(ranges: str) -> set[int]:
    """Return the columns of ranges such as ``A1:B4 D2``; a range of whole rows has all."""
    found: set[int] = set()
    for one in ranges.split():
        match = _RANGE.fullmatch(one.upper())
        if match is None:
            continue
        first = column_number(match[1]) if match[1] else 1
        last = (column_number(match[2]) if match[2] else _MOST_COLUMNS) if ":" in one else first
        found.update(range(first, min(last, first + _MOST_COLUMNS) + 1))
    return found
