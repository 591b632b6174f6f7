"""The sender's own workbook with its cells marked, or the list of places where that cannot be done."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.findings import sheet_at
from clearing_point.quality.answers import SIGN, cells_text
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.findings_sheet import Line, findings_sheet
from clearing_point.quality.package_notes import add_notes
from clearing_point.quality.package_patch import CannotPatch, Mark, Package, mark_cells
from clearing_point.quality.package_styles import Styles
from clearing_point.quality.said import LEVELS
from clearing_point.standard import Standard

MOST_ROWS, MOST_MARKS = 50_000, 5_000
"""Above either the sender gets the fix list: a workbook with more notes cannot be worked with (experience.md 3.3)."""
WORKBOOKS = (".xlsx", ".xlsm")
_NOTE_CHARACTERS = 1_000
_Place = tuple[str, int, str]


@dataclass(frozen=True)
class Places:
    """The open findings of a submission with their cells.

    Attributes
    ----------
    lines : tuple of Line
        Groups with all their cells, gravest first.
    cells : mapping
        (sheet, row, column letters) -> positions of its groups in ``lines``.
    """

    lines: tuple[Line, ...]
    cells: dict[_Place, list[int]]
    rows_read: int


def places_of(feedback: Feedback, rows_read: int) -> Places:
    """Say where the findings of a submission are, of whose file so many rows were read."""
    lines: list[Line] = []
    cells: dict[_Place, list[int]] = {}
    for position, (group, place) in enumerate(zip(feedback.groups, feedback.facts.places, strict=True)):
        rows = [row for first, last in place.rows for row in range(first, last + 1)]
        lines.append(Line(group, cells_text(group.column, rows)))
        if group.sheet and group.column:
            for row in rows:
                cells.setdefault((group.sheet, row, group.column), []).append(position)
    return Places(tuple(lines), cells, rows_read)


def can_be_marked(original: Path, places: Places) -> bool:
    """Whether a file is a workbook within the limits."""
    return (
        original.suffix.lower() in WORKBOOKS
        and places.rows_read <= MOST_ROWS
        and len(places.cells) <= MOST_MARKS
    )


def write_marked(
    original: Path,
    target: Path,
    standard: Standard,
    language: str,
    feedback: Feedback,
    places: Places,
) -> None:
    """Write a copy of a workbook with marks, notes and the findings sheet; nothing else in it changes.

    Raises
    ------
    CannotPatch
        If the package is of a kind that cannot be changed without risk; nothing is written.
    """
    package = Package(original)
    styles = Styles(package)
    parts = package.sheets()
    by_sheet: dict[str, dict[int, dict[str, Mark]]] = {}
    for (sheet, row, letters), positions in sorted(places.cells.items()):
        groups = [places.lines[p].group for p in positions]
        level = min((g.level for g in groups), key=LEVELS.index)
        note = "\n".join(f"{g.rule_id}: {g.what} {g.action}" for g in groups)[:_NOTE_CHARACTERS]
        by_sheet.setdefault(sheet_at(sheet, list(parts)), {}).setdefault(row, {})[letters] = Mark(level, note)
    earlier = _earlier_sheet(package, parts)
    for sheet, part in parts.items():
        if sheet == earlier:
            continue
        marks = by_sheet.pop(sheet, {})
        if marks:
            package.changed[part] = mark_cells(package.text(part), marks, styles.marked)
        if marks or (earlier is not None and any(k == "comments" for _, k, _ in package.relationships(part))):
            add_notes(package, part, marks)
    if by_sheet:
        raise CannotPatch("a sheet with findings is not in it")
    content = findings_sheet(standard, language, feedback.submission_id, places.lines, styles)
    if earlier is None:
        part = package.add_sheet(standard.word("findings", "sheet", language)[:31], content)
    else:
        part = parts[earlier]
        package.changed[part] = content
    package.open_first(part)
    styles.keep()
    put_in_place(target, package.write)


def _earlier_sheet(package: Package, parts: dict[str, str]) -> str | None:
    """Return the name of the findings sheet of an earlier round, if the workbook holds one."""
    shared = None
    for sheet, part in parts.items():
        text = package.text(part)
        start = text.find('r="A1"')
        cell = text[start : text.find("</c>", start)] if start >= 0 else ""
        if SIGN in cell:
            return sheet
        if 't="s"' in cell and package.has("xl/sharedStrings.xml"):
            shared = package.text("xl/sharedStrings.xml").split("<si>") if shared is None else shared
            number = cell.rpartition("<v>")[2].partition("<")[0]
            if number.isdigit() and int(number) + 1 < len(shared) and f">{SIGN}<" in shared[int(number) + 1]:
                return sheet
    return None


def put_in_place(target: Path, write: Any) -> None:
    """Let ``write`` make a file beside the target and move it there when it is whole.

    Raises
    ------
    InputProblem
        If the place cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".feedback-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise InputProblem(
            f"{target} cannot be written ({error.strerror}): name another place.", "not_written", file=target
        ) from error
    os.close(descriptor)
    partial = Path(name)
    try:
        write(partial)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_fix_list(target: Path, standard: Standard, language: str, places: Places) -> None:
    """Write every place on a line of its own, as CSV or workbook after the name of the target."""
    heads = [standard.word("findings", name, language) for name in _LISTED]
    lines = _fix_lines(standard, language, places)
    if target.suffix.lower() == ".csv":
        put_in_place(target, lambda path: _write_csv(path, heads, lines))
    else:
        put_in_place(target, lambda path: _write_xlsx(path, heads, lines))


_LISTED = ("level", "rule", "on_sheet", "cells", "what", "do")


def _fix_lines(standard: Standard, language: str, places: Places) -> Iterator[list[str]]:
    levels = {level: standard.word("findings", level, language) for level in LEVELS}
    by_group: dict[int, list[str]] = {}
    for (_, row, letters), positions in sorted(places.cells.items(), key=lambda item: item[0][:2]):
        for position in positions:
            by_group.setdefault(position, []).append(f"{letters}{row}")
    for position, line in enumerate(places.lines):
        group = line.group
        for cell in by_group.get(position) or [line.cells]:
            yield [levels[group.level], group.rule_id, group.sheet or "", cell, group.what, group.action]


def without_formula(text: str) -> str:
    """Return a text that no office program takes for a formula when it opens a CSV."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def _write_csv(path: Path, heads: list[str], lines: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(heads)
        writer.writerows([without_formula(cell) for cell in line] for line in lines)


def _write_xlsx(path: Path, heads: list[str], lines: Iterator[list[str]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "in_memory": False}) as book:
        sheet = book.add_worksheet("1")
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True, "bg_color": "#D9D9D9"})
        for column, width in enumerate((22, 7, 22, 12, 70, 70)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for number, line in enumerate([heads]):
            for column, text in enumerate(line):
                sheet.write_string(number, column, text, bold)
        for number, line in enumerate(lines, start=1):
            for column, text in enumerate(line):
                sheet.write_string(number, column, text, wrapped)
