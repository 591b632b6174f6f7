"""Further styles in a workbook's own list of styles: each a copy of a cell's style with another fill."""

from __future__ import annotations

import re

from clearing_point.findings import INFORMATION
from clearing_point.quality.package_patch import CannotPatch, Package
from clearing_point.quality.said import CONFIRM, MUST_FIX, NOTE

_PART = "xl/styles.xml"
COLOURS = {MUST_FIX: "FFFFC7CE", CONFIRM: "FFFFEB9C", NOTE: "FFDDEBF7", INFORMATION: "FFDDEBF7"}
"""Fill of a marked cell by level; the note and the findings sheet say the same in words."""
_HEAD, _ANSWER = "FFD9D9D9", "FFFFF9E5"
_FORMAT = re.compile(r"<xf\b[^>]*?(?:/>|>.*?</xf>)", re.DOTALL)


class Styles:
    """The list of styles of one package, which grows by what is asked for; :meth:`keep` puts it back."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._text = package.text(_PART)
        block = re.search(r"<cellXfs\b[^>]*>(.*?)</cellXfs>", self._text, re.DOTALL)
        fills = re.search(r"<fills\b[^>]*>(.*?)</fills>", self._text, re.DOTALL)
        fonts = re.search(r"<fonts\b[^>]*>(.*?)</fonts>", self._text, re.DOTALL)
        if block is None or fills is None or fonts is None:
            raise CannotPatch("its styles are written in an unusual way")
        self._formats = _FORMAT.findall(block.group(1))
        self._fills = len(re.findall(r"<fill\b(?![^>]*/>)|<fill/>", fills.group(1)))
        self._fonts = len(re.findall(r"<font\b", fonts.group(1)))
        self._new_fills: list[str] = []
        self._new_formats: list[str] = []
        self._known: dict[tuple[int, str], int] = {}
        if not self._formats:
            raise CannotPatch("its styles are written in an unusual way")

    def marked(self, style: int, level: str) -> int:
        """Return the number of a copy of a style with the fill of a level."""
        key = (style, COLOURS[level])
        if key not in self._known:
            base = self._formats[style] if style < len(self._formats) else self._formats[0]
            self._known[key] = self._add(_with(base, fillId=self._fill(COLOURS[level]), applyFill=1))
        return self._known[key]

    def cell(self, *, head: bool = False, answer: bool = False, level: str | None = None) -> int:
        """Return the number of a style for the findings sheet: wrapped text, perhaps bold or coloured."""
        colour = _HEAD if head else _ANSWER if answer else COLOURS[level] if level else ""
        key = (-1 - head - 2 * answer, colour)
        if key not in self._known:
            fill = self._fill(colour) if colour else 0
            font = self._fonts if head else 0
            self._known[key] = self._add(
                f'<xf numFmtId="49" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" applyNumberFormat="1" '
                'applyFont="1" applyFill="1" applyAlignment="1" applyProtection="1">'
                f'<alignment vertical="top" wrapText="1"/><protection locked="{0 if answer else 1}"/></xf>'
            )
        return self._known[key]

    def keep(self) -> None:
        """Put the grown list back into the package."""
        text = self._text
        bold = '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
        for name, added in (
            ("fonts", [bold]),
            ("fills", self._new_fills),
            ("cellXfs", self._new_formats),
        ):
            text = _grown(text, name, added)
        self._package.changed[_PART] = text

    def _add(self, written: str) -> int:
        self._new_formats.append(written)
        return len(self._formats) + len(self._new_formats) - 1

    def _fill(self, colour: str) -> int:
        pattern = f'<fgColor rgb="{colour}"/><bgColor indexed="64"/>'
        written = f'<fill><patternFill patternType="solid">{pattern}</patternFill></fill>'
        if written not in self._new_fills:
            self._new_fills.append(written)
        return self._fills + self._new_fills.index(written)


def _with(written: str, **values: int) -> str:
    start, rest = re.match(r"(<xf\b[^>]*?)(/?>.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
    for name, value in values.items():
        start = re.sub(rf'\s{name}="[^"]*"', "", start) + f' {name}="{value}"'
    return f"{start}{rest}"


def _grown(text: str, name: str, added: list[str]) -> str:
    block = re.search(rf"<{name}\b([^>]*)>(.*?)</{name}>", text, re.DOTALL)
    if block is None:
        raise CannotPatch("its styles are written in an unusual way")
    attributes = re.sub(
        r'\bcount="(\d+)"', lambda m: f'count="{int(m.group(1)) + len(added)}"', block.group(1)
    )
    grown = f"<{name}{attributes}>{block.group(2)}{''.join(added)}</{name}>"
    return text[: block.start()] + grown + text[block.end() :]
