"""What the formats of a workbook show of its cells: of each style of cells, and of each style of a conditional format."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from clearing_point.intake.shown import (
    ABOVE_ZERO,
    BELOW_ZERO,
    TEXT,
    ZERO,
    changes_what_is_shown,
    is_scaled,
    not_shown,
    shown_otherwise,
)
from clearing_point.intake.workbook_xml import NO, namespaced, parse, tags

_BUILT_IN = {
    "9": "0%",
    "10": "0.00%",
    "16": "d-mmm",
    "17": "mmm-yy",
    **dict.fromkeys(("18", "19", "20", "21", "45", "46", "47"), "h:mm"),
}
"""Formats that have a number and no text in the file, if they show a date without its day or its year, or hundredths."""


_AS_IT_IS = "General"
_BLOCK, _OVERLAP = 1 << 18, 16
_WHITE, _BLACK = "FFFFFF", "000000"
_OF_THEME, _OF_INDEX = (
    {"0": _WHITE, "1": _BLACK},
    {"1": _WHITE, "9": _WHITE, "0": _BLACK, "8": _BLACK, "64": _BLACK},
)


@dataclass(frozen=True)
class CellFormats:
    """By the number of a style, as cells name it; styles that show a cell as it is stored are not in it."""

    shown: Mapping[str, str] = field(default_factory=dict)
    """How it shows a date or a number otherwise (:func:`.shown_otherwise`)."""
    not_shown: Mapping[str, str] = field(default_factory=dict)
    """Of which values it shows nothing (:func:`.not_shown`): of all, if text and cell have one colour."""
    scaled: frozenset[str] = frozenset()
    """Styles that show hundredths or thousands (:func:`.is_scaled`)."""
    struck: frozenset[str] = frozenset()
    """Styles whose letters are struck out."""
    struck_texts: frozenset[str] = frozenset()
    """Numbers of the shared texts that are struck out in part or as a whole."""
    conditional: frozenset[str] = frozenset()
    """Numbers of the styles of conditional formats that show a cell otherwise."""


def formats_of(package: zipfile.ZipFile) -> CellFormats:
    """Read the styles of a workbook."""
    if "xl/styles.xml" not in package.namelist():
        return CellFormats()
    read = _Styles()
    parser = namespaced()
    texts = _struck_texts(package)
    parser.StartElementHandler = read.start
    parse(package, "xl/styles.xml", parser)
    codes = [read.codes.get(number, "") for number, _, _ in read.cells]
    shown = {str(n): shown_otherwise(code) for n, code in enumerate(codes)}
    nothing = {
        str(n): ABOVE_ZERO + BELOW_ZERO + ZERO + TEXT if read.in_one_colour(font, fill) else not_shown(code)
        for n, (code, (_, font, fill)) in enumerate(zip(codes, read.cells, strict=True))
    }
    return CellFormats(
        {n: how for n, how in shown.items() if how},
        {n: values for n, values in nothing.items() if values},
        frozenset(str(n) for n, code in enumerate(codes) if is_scaled(code)),
        frozenset(str(n) for n, (_, font, _) in enumerate(read.cells) if font in read.struck),
        texts,
        frozenset(
            str(n) for n, (code, letters, paper) in enumerate(read.conditional)
            if changes_what_is_shown(code) or (letters and letters == (paper or _WHITE))
            or n in read.struck_conditional
        ),
    )  # fmt: skip


def _struck_texts(package: zipfile.ZipFile) -> frozenset[str]:
    """Return the numbers of the shared texts of which something is struck out."""
    part = next((name for name in package.namelist() if name.lower() == "xl/sharedstrings.xml"), "")
    if not part or not _holds_strike(package, part):
        return frozenset()
    found: set[str] = set()
    kinds = tags(("si", "strike"))
    number = -1

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal number
        kind = kinds.get(tag)
        if kind == "si":
            number += 1
        elif kind == "strike" and attributes.get("val", "1") not in NO:
            found.add(str(number))

    parser = namespaced()
    parser.StartElementHandler = start
    parse(package, part, parser)
    return frozenset(found)


def _holds_strike(package: zipfile.ZipFile, part: str) -> bool:
    """Whether a part may strike anything out: hardly any does, and a look at its bytes is quicker than its parser."""
    with package.open(part) as stream:
        before = b""
        while block := stream.read(_BLOCK):
            if b"strike" in before + block or b"s\0t\0r\0i\0k\0e" in before + block:
                return True
            before = block[-_OVERLAP:]
    return False


class _Styles:
    """Takes the elements of the styles in their order."""

    def __init__(self) -> None:
        self.codes = dict(_BUILT_IN)
        self.cells: list[tuple[str, int, int]] = []
        """Of each style of cells: numbers of its format, its font and its fill."""
        self.conditional: list[list[str]] = []
        """Of each style of conditional formats: format, colour of letters, colour of the cell."""
        self.struck: set[int] = set()
        """Fonts whose letters are struck out."""
        self.struck_conditional: set[int] = set()
        """Styles of conditional formats that strike out."""
        self._letters: list[str] = []
        self._papers: list[str] = []
        self._within = self._inner = ""
        self._kinds = tags((
            "numFmt", "numFmts", "fonts", "font", "fills", "fill", "patternFill", "fgColor", "bgColor", "color", "borders",
            "strike", "border", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs", "dxf", "xf",
        ))  # fmt: skip

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take an element."""
        name = self._kinds.get(tag, "")
        if name in {"numFmts", "fonts", "fills", "borders", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            self._within = name
        elif name in {"font", "fill", "border"}:
            self._inner = name
            if self._within == "fonts":
                self._letters.append(_BLACK)
            elif self._within == "fills":
                self._papers.append(_WHITE)
        elif name == "xf" and self._within == "cellXfs":
            number = attributes.get("numFmtId", "0")
            self.cells.append(
                (number, int(attributes.get("fontId", "0")), int(attributes.get("fillId", "0")))
            )
        elif name == "dxf":
            self.conditional.append([_AS_IT_IS, "", ""])
        elif name == "numFmt":
            self._format(attributes)
        elif name == "strike":
            self._strike(attributes)
        elif name:
            self._colour(name, attributes)

    def in_one_colour(self, font: int, fill: int) -> bool:
        """Whether letters and cell have one colour."""
        known = font < len(self._letters) and fill < len(self._papers)
        return known and self._letters[font] == self._papers[fill]

    def _format(self, attributes: Mapping[str, str]) -> None:
        code = attributes.get("formatCode", "")
        if self._within != "dxfs":
            self.codes[attributes.get("numFmtId", "")] = code
        elif self.conditional:
            self.conditional[-1][0] = code

    def _strike(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("val", "1") in NO:
            return
        if self._within == "fonts" and self._letters:
            self.struck.add(len(self._letters) - 1)
        elif self._within == "dxfs" and self.conditional:
            self.struck_conditional.add(len(self.conditional) - 1)

    def _colour(self, name: str, attributes: Mapping[str, str]) -> None:
        colour = _colour_of(attributes)
        if self._within == "dxfs" and self.conditional:
            if name == "color" and self._inner == "font":
                self.conditional[-1][1] = colour
            elif name == "bgColor":
                self.conditional[-1][2] = colour
        elif name == "color" and self._within == "fonts":
            self._letters[-1] = colour
        elif name == "patternFill" and attributes.get("patternType", "none") != "none":
            self._papers[-1] = attributes["patternType"]
        elif name == "fgColor" and self._papers and self._papers[-1] == "solid":
            self._papers[-1] = colour


def _colour_of(attributes: Mapping[str, str]) -> str:
    """Return a colour as six digits; as it is written, if it is another one than white and black."""
    if "rgb" in attributes:
        return attributes["rgb"][-6:].upper()
    if "theme" in attributes:
        tint = attributes.get("tint", "0")
        known = _OF_THEME.get(attributes["theme"]) if float(tint or 0) == 0 else None
        return known or f"theme {attributes['theme']} {tint}"
    index = attributes.get("indexed", "64")
    return _OF_INDEX.get(index, f"index {index}")
