"""What the formats of an OpenDocument workbook show of its cells, and which rows, columns and sheets they hide."""

from __future__ import annotations

import re
import zipfile
from typing import Any

from clearing_point.intake.shown import ABOVE_ZERO, BELOW_ZERO, DAY, MONTH, NO_YEAR, TEXT, YEAR, ZERO, is_dash
from clearing_point.intake.workbook_xml import namespaced, parse

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _STYLE, _NUMBER = f"{_URN}table:1.0 ", f"{_URN}style:1.0 ", f"{_URN}datastyle:1.0 "
_FO = f"{_URN}xsl-fo-compatible:1.0 "
_BLACK, _WHITE = "#000000", "#ffffff"
_THROUGH = (f"{_STYLE}text-line-through-style", f"{_STYLE}text-line-through-type")
_CONFIG = f"{_URN}config:1.0 "
_NUMBERS = ABOVE_ZERO + BELOW_ZERO + ZERO
_OF_CONDITION = {
    ">": ABOVE_ZERO, ">=": ABOVE_ZERO + ZERO, "<": BELOW_ZERO, "<=": BELOW_ZERO + ZERO, "=": ZERO,
    "!=": ABOVE_ZERO + BELOW_ZERO,
}  # fmt: skip
_CONDITION = re.compile(r"value\(\)\s*([<>=!]+)\s*0")
_NOTHING = re.compile(r"0(\.0(0[0-9]*)?)?[a-z]*")
_PLAIN = frozenset({"number", "scientific-number", "fraction"})


class Formats:
    """Takes the elements of styles; by the name of a style, as cells name it."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}
        """How it shows a date: what of it."""
        self.not_shown: dict[str, str] = {}
        """Of which kinds of values it shows nothing."""
        self.changing: set[str] = set()
        """Styles that show a value otherwise than as a number."""
        self.scaled: set[str] = set()
        """Styles that show hundredths or thousands."""
        self.struck: set[str] = set()
        """Styles whose letters are struck out."""
        self.hidden: set[str] = set()
        """Styles of rows, columns and sheets that are not shown."""
        self.zeros = ""
        """Kind of the values that the view hides, if it hides any."""
        self._of_data: dict[str, tuple[str, str, bool, bool]] = {}
        self._colours: dict[str, tuple[str, str]] = {}
        self._is_scaled = False
        self._called: set[str] = set()
        self._name = self._kind = self._style = ""
        self._parts: set[str] = set()
        self._maps: dict[str, str] = {}
        self._words: list[str] = []
        self.parser: Any = None
        """That which reads, for the words of a format."""
        self._view: list[str] = []

    def read(self, package: zipfile.ZipFile) -> None:
        """Read the styles that all sheets share, and the view."""
        for part, start in (("styles.xml", self.start), ("settings.xml", self._setting)):
            if part in package.namelist():
                parser = namespaced()
                self.parser = parser
                parser.StartElementHandler, parser.EndElementHandler = start, self.end
                if part == "settings.xml":
                    parser.CharacterDataHandler = self._view.append
                parse(package, part, parser)
        if "\x1ffalse" in "".join(self._view):
            self.zeros = ZERO

    def _setting(self, tag: str, attributes: dict[str, str]) -> None:
        # Each of the view's values follows its mark, so that no end has to be watched for.
        if tag == f"{_CONFIG}config-item":
            self._view.append("\x1f" if attributes.get(f"{_CONFIG}name") == "ShowZeroValues" else "\x1e")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element of a style."""
        if tag == f"{_STYLE}style":
            self._style = attributes.get(f"{_STYLE}name", "")
            # Conditions call a style as it is called on the screen.
            self._called = {self._style, attributes.get(f"{_STYLE}display-name", self._style)}
            parent = attributes.get(f"{_STYLE}parent-style-name", "")
            data = attributes.get(f"{_STYLE}data-style-name", "")
            self._colours[self._style] = self._colours.get(parent, (_BLACK, _WHITE))
            shown, nothing, changes, scaled = self._of_data.get(
                data,
                (
                    self.shown.get(parent, ""), self.not_shown.get(parent, ""), parent in self.changing,
                    parent in self.scaled,
                ),
            )  # fmt: skip
            if scaled:
                self.scaled.add(self._style)
            if parent in self.struck:
                self.struck.add(self._style)
            if shown:
                self.shown[self._style] = shown
            if nothing:
                self.not_shown[self._style] = nothing
            if changes:
                self.changing |= self._called
        elif tag in (f"{_STYLE}text-properties", f"{_STYLE}table-cell-properties") and not self._kind:
            letters, paper = self._colours.get(self._style, (_BLACK, _WHITE))
            there = attributes.get(f"{_FO}background-color", paper)
            paper = paper if there == "transparent" or tag.endswith("text-properties") else there.lower()
            self._colours[self._style] = (attributes.get(f"{_FO}color", letters).lower(), paper)
            if self._colours[self._style][0] == paper:
                self.not_shown[self._style] = _NUMBERS + TEXT
                self.changing |= self._called
            self._strike({attributes[name] for name in _THROUGH if name in attributes})
        elif tag == f"{_STYLE}table-properties":
            if attributes.get(f"{_TABLE}display") == "false":
                self.hidden.add(self._style)
        elif tag in (f"{_STYLE}table-row-properties", f"{_STYLE}table-column-properties"):
            sizes = (attributes.get(f"{_STYLE}{name}", "1cm") for name in ("row-height", "column-width"))
            if any(map(_NOTHING.fullmatch, sizes)):
                self.hidden.add(self._style)
        elif tag == f"{_STYLE}map":
            match = _CONDITION.match(attributes.get(f"{_STYLE}condition", ""))
            if self._kind and match is not None:
                self._maps[_OF_CONDITION.get(match[1], "")] = attributes.get(f"{_STYLE}apply-style-name", "")
        elif tag.startswith(_NUMBER):
            kind = tag[len(_NUMBER) :]
            if kind.endswith("-style"):
                self._name, self._kind = attributes.get(f"{_STYLE}name", ""), kind
                self._parts, self._maps, self._words = set(), {}, []
                self._is_scaled = kind == "percentage-style"
            else:
                self._parts.add(kind)
                self._is_scaled = self._is_scaled or f"{_NUMBER}display-factor" in attributes
                if kind == "text":
                    self.parser.CharacterDataHandler = self._words.append

    def _strike(self, through: set[str]) -> None:
        if through - {"none"}:
            self.struck.add(self._style)
            self.changing |= self._called
        elif through:
            self.struck.discard(self._style)

    def end(self, tag: str) -> None:
        """Take the end of an element: what a style of data shows is known by then."""
        if tag == f"{_NUMBER}text":
            self.parser.CharacterDataHandler = None
        if not self._kind or tag != f"{_NUMBER}{self._kind}":
            return
        shows = bool(self._parts - {"text", "fill-character"}) or is_dash("".join(self._words))
        shown = ""
        if self._kind == "date-style":
            shown = DAY if "day" in self._parts else MONTH if "month" in self._parts else YEAR
            if "year" not in self._parts:
                shown = NO_YEAR
        nothing = set() if shows else set(TEXT if self._kind == "text-style" else _NUMBERS)
        for kinds, name in self._maps.items():
            applied = self._of_data.get(name, ("", "", False, False))[1]
            nothing -= set(kinds)
            if set(_NUMBERS) <= set(applied):
                nothing |= set(kinds)
        plain = _PLAIN | {"text"} if self._kind == "percentage-style" else _PLAIN
        changes = (
            bool(nothing)
            or self._kind not in {"number-style", "percentage-style"}
            or bool(self._parts - plain)
        )
        self._of_data[self._name] = (
            "" if shown == DAY else shown,
            "".join(sorted(nothing)),
            changes,
            self._is_scaled,
        )
        self._kind = ""
