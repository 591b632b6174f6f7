"""What the workbook parser does not hand on, read from the package by an XML parser in one pass a sheet.

The parser gives ``#DIV/0!`` and a formula without a result as blanks, hidden and merged cells like any other, and a
date that is shown as a month with the day that stands behind it. A blank would pass for a missing answer, and what an
officer sees is what she means, so the sheets are read a second time, by another parser and for these things only.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clearing_point.intake.beside_cells import BesideCells
from clearing_point.intake.cell_formats import CellFormats, formats_of
from clearing_point.intake.shown import kind_of
from clearing_point.intake.workbook_xml import (
    NO,
    VISIBLE,
    YES,
    NotInOrder,
    column_number,
    is_nothing,
    namespaced,
    parse,
    parted,
    sheets_of,
    tags,
    value_of,
)

_TEXTS = ("s", "str", "inlineStr")
NOT_WORKED_OUT = "#FORMULA"
"""Text given to a formula cell whose result was never saved."""

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_CAN_BE_EMPTY = re.compile(r'""|\$?[A-Za-z]{1,3}\$?[0-9]|[A-Za-z]:\$?[A-Za-z]|[!\[]')
"""A formula that names a cell or the empty text may well have an empty result."""


@dataclass
class Unseen:
    """Of one sheet: places by (row, column) and numbers of rows and columns; 1 is the first."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    """Error cells and formulas without a result."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    """Cells that are shown otherwise than they are stored: what of a date (``m`` month, ``y`` year, ``z`` neither), or
    how a number is filled up (:func:`.shown.padding`)."""
    unshown_columns: set[int] = field(default_factory=set)
    """Columns with cells of which nothing is shown: by their format or colours, or zeros by the view of the sheet."""
    otherwise_columns: set[int] = field(default_factory=set)
    """Columns of which a format shows numbers in hundredths or thousands, or a conditional format anything otherwise."""
    struck_rows: set[int] = field(default_factory=set)
    struck_columns: set[int] = field(default_factory=set)
    """Rows and columns with cells that are struck out, or a part of their text."""
    replaced: dict[tuple[int, int], str] = field(default_factory=dict)
    """Cells whose text the parser gives with something that is none of it."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row and column, last row and column of cells that were made one."""
    state: str = VISIBLE
    last_row: int = 0
    """Last row and last column with a cell that holds something."""
    last_column: int = 0


def look_at_sheets(path: Path) -> dict[str, Unseen]:
    """Return sheet name -> what the parser does not say of it.

    Raises
    ------
    zipfile.BadZipFile, expat.ExpatError, HasDocumentType, NotInOrder
        If the package is damaged or hostile.
    """
    with zipfile.ZipFile(path) as package:
        if path.suffix.lower() == ".ods":
            from clearing_point.intake.unseen_ods import look_at_open_document

            return look_at_open_document(package)
        formats = formats_of(package)
        found = {}
        for sheet in sheets_of(package):
            if not sheet.part:
                # The parser passes over it, and all its rows would be gone without a word.
                raise NotInOrder
            looked = _Sheet(formats)
            parse(package, sheet.part, looked.parser)
            looked.end()
            looked.found.state = sheet.state
            found[sheet.name] = looked.found
        return found


class _Sheet:
    """Reads one sheet. A large one has millions of cells, so that little is done for each: one callback where a cell
    begins and one where its value does, and no question whose answer is wanted of few cells only.
    """

    def __init__(self, formats: CellFormats) -> None:
        self.found = Unseen()
        self.parser = namespaced()
        self.parser.ordered_attributes = True  # name, value, name, value: cheaper than a mapping
        self.parser.StartElementHandler = self._handler(formats)
        self._shared: dict[str, str] = {}

    def _handler(self, formats: CellFormats) -> Callable[[str, list[str]], None]:  # noqa: PLR0915
        found, parser = self.found, self.parser
        styles, not_shown, scaled = formats.shown, formats.not_shown, formats.scaled
        struck, struck_texts = formats.struck, formats.struck_texts
        watched, aside = scaled | struck | not_shown.keys(), BesideCells(found, formats, parser)
        kinds = tags(("c", "v", "is", "t", "f", "row", "strike"))
        cell: list[str] = []
        filled: list[str] = []
        row = column = filled_at = 0
        columns: dict[str, int] = {}
        mark = _NO_NUMBER
        waiting = formula = value = False
        share = ""
        text: list[str] = []
        formula_text: list[str] = []

        def close() -> None:
            """Say of the cell that was passed what it is, if it is not an ordinary one."""
            nonlocal waiting, formula, filled, filled_at
            parser.CharacterDataHandler = None
            kind = value_of(cell, "t")
            result = "".join(text).strip()
            place = (row, column)
            if kind == "e":
                found.errors[place] = result or NOT_WORKED_OUT
            elif result:
                number, style = kind in {"", "n", "d"}, value_of(cell, "s")
                if number and style in styles:
                    found.shown[place] = styles[style]
                if number and style in scaled:
                    found.otherwise_columns.add(column)
                if kind_of(result, kind in _TEXTS) in not_shown.get(style, "") + aside.zeros:
                    found.unshown_columns.add(column)
                if style in struck or (kind == "s" and result in struck_texts):
                    strike()
            elif formula and not self._may_be_empty("".join(formula_text), share, kind == "str" and value):
                found.errors[place] = NOT_WORKED_OUT
            waiting = formula = False
            filled, filled_at = cell, column

        def strike() -> None:
            found.struck_rows.add(row)
            found.struck_columns.add(column)

        def close_row() -> None:
            if filled:
                found.last_row = max(found.last_row, row)
                found.last_column = max(found.last_column, filled_at)

        def place_by(reference: str) -> int:
            """Return the column of a reference, which must be of this row; it numbers a row that has no number."""
            nonlocal row, mark
            letters = reference[: -len(mark)]
            if reference[-len(mark) :] != mark or letters not in columns:
                letters, number = parted(reference)
                if mark == _NO_NUMBER and not column and number >= row:
                    row = number
                if number != row:
                    raise NotInOrder
                mark = str(row)
                columns[letters] = column_number(letters)
            if columns[letters] <= column:
                raise NotInOrder
            return columns[letters]

        def start(tag: str, attributes: list[str]) -> None:
            nonlocal cell, filled, row, column, filled_at, mark, waiting, formula, value, share
            kind = kinds.get(tag)
            if kind == "c":
                if waiting:
                    close()
                reference = (
                    attributes[1] if attributes and attributes[0] == "r" else value_of(attributes, "r")
                )
                if not reference or (column < _LETTERED and reference == _LETTERS[column] + mark):
                    column += 1
                else:
                    column = place_by(reference)
                cell, value = attributes, False
            elif kind == "v" or kind == "is":  # noqa: PLR1714 - the quickest way to ask
                value, filled, filled_at = True, cell, column
                style = value_of(cell, "s") if styles or watched else ""
                if waiting or "e" in cell or style in watched or aside.zeros or struck_texts:
                    text.clear()
                    waiting = True  # closed by what its value is
                    parser.CharacterDataHandler = text.append
                elif style in styles and value_of(cell, "t") in {"", "n", "d"}:
                    found.shown[row, column] = styles[style]
            elif kind == "f":
                waiting = formula = True
                share = value_of(attributes, "si")
                text.clear()
                formula_text.clear()
                parser.CharacterDataHandler = formula_text.append
            elif kind == "row":
                if waiting:
                    close()
                close_row()
                number = value_of(attributes, "r")
                before, row = row, int(number or row + 1)
                if row <= before:
                    raise NotInOrder
                mark = str(row) if number else _NO_NUMBER
                cell, filled, column, filled_at = [], [], 0, 0
                high, hidden = value_of(attributes, "ht"), value_of(attributes, "hidden")
                if hidden in YES or is_nothing(high) or (aside.rows_hidden and not high and not hidden):
                    found.hidden_rows.add(row)
            elif kind == "strike":
                if cell and value_of(attributes, "val") not in NO:
                    strike()  # within a text that stands in its cell
            elif kind is None:
                if tag in _AFTER_CELLS:
                    if waiting:
                        close()
                    cell = []
                aside.start(tag, attributes)

        def end() -> None:
            if waiting:
                close()
            close_row()
            aside.end()

        self.end = end
        return start

    def _may_be_empty(self, formula: str, share: str, saved_as_text: bool) -> bool:
        """Whether a formula's result is the empty text: saved as such, and of a formula that can have it."""
        if share:
            formula = self._shared.setdefault(share, formula) if formula else self._shared.get(share, "")
        return saved_as_text and bool(
            _CAN_BE_EMPTY.search(_QUOTED.sub(lambda text: "" if text[1] else text[0], formula))
        )


_NO_NUMBER = "?"
"""Stands for the number of a row that has none; no reference ends with it."""
_AFTER_CELLS = tags(("conditionalFormatting", "extLst"))
"""Formats that stand here have fonts of their own."""
_LETTERED = 128
_LETTERS = [f"{chr(64 + (n - 26) // 26 + 1) if n >= 26 else ''}{chr(65 + n % 26)}" for n in range(_LETTERED)]
"""Of the first columns: most cells follow the one before, and are known by what their reference then is."""
