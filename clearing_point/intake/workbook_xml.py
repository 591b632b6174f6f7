"""The parts of a workbook's package, read by an XML parser: elements by namespace and local name, whatever their prefix."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

VISIBLE = "visible"
MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",  # the strict form of the format
)
YES, NO = ("1", "true", "on"), ("0", "false", "off")
_SEEN = 0.5
"""Height of a row in points, or width of a column in signs, from which on something of it is seen."""
_BLOCK = 1 << 18


class HasDocumentType(Exception):
    """A part declares a document type, which no workbook needs."""


class NotInOrder(ValueError):
    """A sheet has no part, or its rows or cells do not follow each other: of two at one place, one would be lost."""


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


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2]


def tags(names: Iterable[str]) -> dict[str, str]:
    """Return qualified name -> local name, in both forms of the format."""
    return {f"{space} {name}": name for space in MAIN for name in names}


def is_nothing(size: str) -> bool:
    """Whether a row is so low, or a column so narrow, that nobody sees it; one without a size is not."""
    try:
        return 0 <= float(size) < _SEEN
    except ValueError:
        return False


def value_of(attributes: list[str], name: str) -> str:
    """Return the value of an attribute, or an empty text."""
    return attributes[attributes.index(name) + 1] if name in attributes[::2] else ""


def column_number(letters: bytes | str) -> int:
    """Return the number of a column; A is 1, AA is 27."""
    number = 0
    for letter in letters.encode() if isinstance(letters, str) else letters:
        number = number * 26 + letter - 64
    return number


_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def parted(reference: str) -> tuple[str, int]:
    """Return letters and row of a cell's reference."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise NotInOrder
    return match[1].upper(), int(match[2])


def place_by_reference(reference: str) -> tuple[int, int]:
    """Return row and column of a cell's reference."""
    letters, row = parted(reference)
    return row, column_number(letters)
