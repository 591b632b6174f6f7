"""What the formats of a workbook show of its cells: of each style of cells, and of each style of a conditional format."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from clearing_point.intake.shown import changes_what_is_shown, not_shown, shown_otherwise
from clearing_point.intake.workbook_xml import namespaced, parse, tags

_BUILT_IN = {
    "16": "d-mmm",
    "17": "mmm-yy",
    **dict.fromkeys(("18", "19", "20", "21", "45", "46", "47"), "h:mm"),
}
"""Formats that have a number and no text in the file, if they show a date without its day or its year."""


@dataclass(frozen=True)
class CellFormats:
    """By the number of a style, as cells name it; styles that show a cell as it is stored are not in it."""

    shown: Mapping[str, str] = field(default_factory=dict)
    """How it shows a date or a number otherwise (:func:`.shown_otherwise`)."""
    not_shown: Mapping[str, str] = field(default_factory=dict)
    """Of which values it shows nothing (:func:`.not_shown`)."""
    conditional: frozenset[str] = frozenset()
    """Numbers of the styles of conditional formats that show a number or a date otherwise."""


def formats_of(package: zipfile.ZipFile) -> CellFormats:
    """Read the styles of a workbook."""
    if "xl/styles.xml" not in package.namelist():
        return CellFormats()
    codes = dict(_BUILT_IN)
    numbers: list[str] = []
    conditional: list[bool] = []
    within = ""
    kinds = tags(("numFmt", "numFmts", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs", "dxf", "xf"))

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal within
        name = kinds.get(tag)
        if name == "numFmt":
            code = attributes.get("formatCode", "")
            if within != "dxfs":
                codes[attributes.get("numFmtId", "")] = code
            elif conditional:
                conditional[-1] = changes_what_is_shown(code)
        elif name == "xf":
            if within == "cellXfs":
                numbers.append(attributes.get("numFmtId", "0"))
        elif name == "dxf":
            conditional.append(False)
        elif name is not None:
            within = name

    parser = namespaced()
    parser.StartElementHandler = start
    parse(package, "xl/styles.xml", parser)
    shown = {str(n): shown_otherwise(codes.get(number, "")) for n, number in enumerate(numbers)}
    nothing = {str(n): not_shown(codes.get(number, "")) for n, number in enumerate(numbers)}
    return CellFormats(
        {n: how for n, how in shown.items() if how},
        {n: values for n, values in nothing.items() if values},
        frozenset(str(n) for n, changes in enumerate(conditional) if changes),
    )
