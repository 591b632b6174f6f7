"""What the workbook parser does not hand on, read from the package by an XML parser in one pass a sheet.

The parser gives ``#DIV/0!`` and a formula without a result as blanks, hidden and merged cells like any other, and a
date that is shown as a month with the day that stands behind it. A blank would pass for a missing answer, and what an
officer sees is what she means, so the sheets are read a second time, by another parser and for these things only.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from clearing_point.intake.shown import NOTHING, shown_otherwise

NOT_WORKED_OUT = "#FORMULA"
"""Text given to a formula cell whose result was never saved."""
VISIBLE = "visible"

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",  # the strict form of the format
)
_BLOCK = 1 << 18
_MOST_COLUMNS = 20_000
_QUOTED = re.compile(r'"[^"]+"')
_CAN_BE_EMPTY = re.compile(r'""|\$?[A-Za-z]{1,3}\$?[0-9]|[A-Za-z]:\$?[A-Za-z]|[!\[]')
"""A formula that names a cell or the empty text may well have an empty result."""
_YES = ("1", "true", "on")
_NOTHING_HIGH = ("0", "0.0", "0.00")


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
    """Columns with cells whose format shows nothing."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row and column, last row and column of cells that were made one."""
    state: str = VISIBLE
    last_row: int = 0
    """Last row and last column with a cell that holds something."""
    last_column: int = 0


class HasDocumentType(Exception):
    """A part declares a document type, which no workbook needs."""


class NotInOrder(ValueError):
    """A sheet has no part, or its rows or cells do not follow each other: of two at one place, one would be lost."""


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
        styles = _styles(package)
        found = {}
        for sheet in sheets_of(package):
            if not sheet.part:
                # The parser passes over it, and all its rows would be gone without a word.
                raise NotInOrder
            looked = _Sheet(styles)
            parse(package, sheet.part, looked.parser)
            looked.end()
            looked.found.state = sheet.state
            found[sheet.name] = looked.found
        return found


def namespaced() -> Any:
    """Return a parser that names elements by namespace and local name, whatever their prefix, and takes no entities."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise HasDocumentType

    parser.StartDoctypeDeclHandler = refuse
    return parser


def parse(package: zipfile.ZipFile, part: str, parser: Any) -> None:
    """Feed a part to a parser block by block."""
    with package.open(part) as handle:
        while block := handle.read(_BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)


@dataclass(frozen=True)
class SheetPart:
    """A sheet of a workbook: its name, its part of the package (empty if there is none) and whether it is shown."""

    name: str
    part: str
    state: str = VISIBLE


def sheets_of(package: zipfile.ZipFile) -> list[SheetPart]:
    """Return the sheets of a workbook in their order, from the workbook and its relations."""
    present = set(package.namelist())
    if "xl/workbook.xml" not in present:
        return []
    targets = relations_of(package, "xl/workbook.xml")
    sheets: list[SheetPart] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if _local(tag) == "sheet":
            identifier = next((v for k, v in attributes.items() if k.endswith("relationships id")), "")
            part = targets.get(identifier, "")
            state = attributes.get("state", VISIBLE)
            sheets.append(SheetPart(attributes.get("name", ""), part if part in present else "", state))

    parser = namespaced()
    parser.StartElementHandler = start
    parse(package, "xl/workbook.xml", parser)
    return sheets


def sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Return part name -> sheet name."""
    return {sheet.part: sheet.name for sheet in sheets_of(package) if sheet.part}


def relations_of(package: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Return identifier -> part name of the inner relations of a part."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if path not in package.namelist():
        return {}
    targets: dict[str, str] = {}

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if _local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            targets[attributes.get("Id", "")] = posixpath.normpath(whole)

    parser = namespaced()
    parser.StartElementHandler = start
    parse(package, path, parser)
    return targets


def column_number(letters: bytes | str) -> int:
    """Return the number of a column; A is 1, AA is 27."""
    number = 0
    for letter in letters.encode() if isinstance(letters, str) else letters:
        number = number * 26 + letter - 64
    return number


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2]


def _tags(names: Iterable[str]) -> dict[str, str]:
    return {f"{space} {name}": name for space in _MAIN for name in names}


class _Sheet:
    """Reads one sheet. A large one has millions of cells, so that little is done for each: one callback where a cell
    begins and one where its value does, and no question whose answer is wanted of few cells only.
    """

    def __init__(self, styles: Mapping[str, str]) -> None:
        self.found = Unseen()
        self.parser = namespaced()
        self.parser.ordered_attributes = True  # name, value, name, value: cheaper than a mapping
        self.parser.StartElementHandler = self._handler(styles)
        self._shared: dict[str, str] = {}

    def _handler(self, styles: Mapping[str, str]) -> Callable[[str, list[str]], None]:  # noqa: PLR0915
        found, parser = self.found, self.parser
        kinds = _tags(("c", "v", "is", "f", "row", "col", "mergeCell"))
        cell: list[str] = []
        filled: list[str] = []
        row = column = filled_at = 0
        columns: dict[str, int] = {}
        mark = _NO_NUMBER
        formula = value = False
        share = ""
        text: list[str] = []
        formula_text: list[str] = []

        def close() -> None:
            """Say of the cell that was passed what it is, if it is not an ordinary one."""
            nonlocal formula, filled, filled_at
            parser.CharacterDataHandler = None
            kind = _value(cell, "t")
            result = "".join(text).strip()
            place = (row, column)
            if kind == "e":
                found.errors[place] = result or NOT_WORKED_OUT
            elif not result and not self._may_be_empty("".join(formula_text), share, kind == "str" and value):
                found.errors[place] = NOT_WORKED_OUT
            elif result and (style := styles.get(_value(cell, "s"))):
                if style == NOTHING:
                    found.unshown_columns.add(place[1])
                elif kind in {"", "n", "d"}:
                    found.shown[place] = style
            formula = False
            filled, filled_at = cell, column

        def close_row() -> None:
            if filled:
                found.last_row = max(found.last_row, row)
                found.last_column = max(found.last_column, filled_at)

        def place_by(reference: str) -> int:
            """Return the column of a reference, which must be of this row; it numbers a row that has no number."""
            nonlocal row, mark
            letters = reference[: -len(mark)]
            if reference[-len(mark) :] != mark or letters not in columns:
                letters, number = _parted(reference)
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
            nonlocal cell, filled, row, column, filled_at, mark, formula, value, share
            kind = kinds.get(tag)
            if kind == "c":
                if formula:
                    close()
                reference = attributes[1] if attributes and attributes[0] == "r" else _value(attributes, "r")
                if not reference or (column < _LETTERED and reference == _LETTERS[column] + mark):
                    column += 1
                else:
                    column = place_by(reference)
                cell, value = attributes, False
            elif kind == "v" or kind == "is":  # noqa: PLR1714 - the quickest way to ask
                value, filled, filled_at = True, cell, column
                if formula or "e" in cell:
                    text.clear()
                    if not formula:
                        formula_text.clear()
                    formula = True  # closed like a formula, by what its value is
                    parser.CharacterDataHandler = text.append
                elif styles and (style := styles.get(_value(cell, "s"))):
                    if style == NOTHING:
                        found.unshown_columns.add(column)
                    elif _value(cell, "t") in {"", "n", "d"}:
                        found.shown[row, column] = style
            elif kind == "f":
                formula, share = True, _value(attributes, "si")
                text.clear()
                formula_text.clear()
                parser.CharacterDataHandler = formula_text.append
            elif kind == "row":
                if formula:
                    close()
                close_row()
                number = _value(attributes, "r")
                before, row = row, int(number or row + 1)
                if row <= before:
                    raise NotInOrder
                mark = str(row) if number else _NO_NUMBER
                cell, filled, column, filled_at = [], [], 0, 0
                if _value(attributes, "hidden") in _YES or _value(attributes, "ht") in _NOTHING_HIGH:
                    found.hidden_rows.add(row)
            elif kind == "col":
                if _value(attributes, "hidden") in _YES or _value(attributes, "width") in _NOTHING_HIGH:
                    first, last = int(_value(attributes, "min")), int(_value(attributes, "max"))
                    found.hidden_columns.update(range(first, min(last, first + _MOST_COLUMNS) + 1))
            elif kind == "mergeCell":
                first_cell, _, last_cell = _value(attributes, "ref").replace("$", "").partition(":")
                if last_cell:
                    found.merged.append((*_place(first_cell), *_place(last_cell)))

        def end() -> None:
            if formula:
                close()
            close_row()

        self.end = end
        return start

    def _may_be_empty(self, formula: str, share: str, saved_as_text: bool) -> bool:
        """Whether a formula's result is the empty text: saved as such, and of a formula that can have it."""
        if share:
            formula = self._shared.setdefault(share, formula) if formula else self._shared.get(share, "")
        return saved_as_text and bool(_CAN_BE_EMPTY.search(_QUOTED.sub("", formula)))


def _value(attributes: list[str], name: str) -> str:
    """Return the value of an attribute, or an empty text."""
    return attributes[attributes.index(name) + 1] if name in attributes[::2] else ""


_NO_NUMBER = "?"
"""Stands for the number of a row that has none; no reference ends with it."""
_LETTERED = 128
_LETTERS = [f"{chr(64 + (n - 26) // 26 + 1) if n >= 26 else ''}{chr(65 + n % 26)}" for n in range(_LETTERED)]
"""Of the first columns: most cells follow the one before, and are known by what their reference then is."""
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def _parted(reference: str) -> tuple[str, int]:
    """Return letters and row of a cell's reference."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise NotInOrder
    return match[1].upper(), int(match[2])


def _place(reference: str) -> tuple[int, int]:
    letters, row = _parted(reference)
    return row, column_number(letters)


_BUILT_IN = {
    "16": "d-mmm",
    "17": "mmm-yy",
    **dict.fromkeys(("18", "19", "20", "21", "45", "46", "47"), "h:mm"),
}
"""Formats that have a number and no text in the file, if they show a date without its day or its year."""


def _styles(package: zipfile.ZipFile) -> dict[str, str]:
    """Return the numbers of cell styles that show a cell otherwise than it is stored -> how (:func:`.shown_otherwise`)."""
    part = next((n for n in package.namelist() if n == "xl/styles.xml"), None)
    if part is None:
        return {}
    formats = dict(_BUILT_IN)
    numbers: list[str] = []
    inside = False
    tags = _tags(("numFmt", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs", "xf"))

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        name = tags.get(tag)
        if name == "numFmt":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf":
            if inside:
                numbers.append(attributes.get("numFmtId", "0"))
        elif name is not None:
            inside = name == "cellXfs"

    parser = namespaced()
    parser.StartElementHandler = start
    parse(package, part, parser)
    shown = {str(n): shown_otherwise(formats.get(number, "")) for n, number in enumerate(numbers)}
    return {n: how for n, how in shown.items() if how}
