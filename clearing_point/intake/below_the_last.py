"""Whether a sheet holds more than the workbook parser gave: a second look at one whose last rows it did not give.

The parser ends early, and without a word, where a sheet is written in UTF-16 or in two parts. Rows that are empty texts
alone (a formula's result that is nothing, for instance) are none that it lost, so the texts themselves are looked at.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearing_point.intake.workbook_xml import namespaced, parse, parted, sheets_of, tags

_SHARED = "xl/sharedstrings.xml"


def holds_text_below(path: Path, name: str, last: int) -> bool:
    """Whether a sheet has a cell with a text or number that is not blank below its row ``last``.

    Parameters
    ----------
    path : Path
        The workbook.
    name : str
        Of the sheet.
    last : int
        Number of the last row in which the parser gave anything.
    """
    with zipfile.ZipFile(path) as package:
        part = next((sheet.part for sheet in sheets_of(package) if sheet.name == name), "")
        if not part:
            return False
        blank = _blank_texts(package)
        reader = _Below(last, blank)
        parse(package, part, reader.parser)
        return reader.found


class _Below:
    """Reads a sheet's cells below a row."""

    def __init__(self, last: int, blank: frozenset[str]) -> None:
        self.found = False
        self.parser = namespaced()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self._last, self._blank = last, blank
        self._row = 0
        self._kind = ""
        self._text: list[str] = []
        self._kinds = tags(("row", "c", "v", "t"))

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind = self._kinds.get(tag)
        if kind == "row":
            self._row = int(attributes.get("r") or self._row + 1)
        elif kind == "c":
            reference = attributes.get("r", "")
            self._row = max(self._row, parted(reference)[1]) if reference else self._row
            self._kind, self._text = attributes.get("t", "n"), []
        elif kind in {"v", "t"} and self._row > self._last:
            self.parser.CharacterDataHandler = self._text.append

    def _end(self, tag: str) -> None:
        kind = self._kinds.get(tag)
        if kind in {"v", "t"}:
            self.parser.CharacterDataHandler = None
        elif kind == "c" and self._row > self._last:
            text = "".join(self._text).strip()
            self.found = self.found or bool(text and not (self._kind == "s" and text in self._blank))


def _blank_texts(package: zipfile.ZipFile) -> frozenset[str]:
    """Return the numbers of shared texts that are blank."""
    part = next((name for name in package.namelist() if name.lower() == _SHARED), "")
    if not part:
        return frozenset()
    kinds = tags(("si", "t"))
    texts: list[str] = []
    parser: Any = namespaced()

    def start(tag: str, _: Mapping[str, str]) -> None:
        kind = kinds.get(tag)
        if kind == "si":
            texts.append("")
        elif kind == "t":
            parser.CharacterDataHandler = take

    def take(text: str) -> None:
        texts[-1] = text.strip() or texts[-1]

    def end(tag: str) -> None:
        if kinds.get(tag) == "t":
            parser.CharacterDataHandler = None

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parse(package, part, parser)
    return frozenset(str(number) for number, text in enumerate(texts) if not text)
