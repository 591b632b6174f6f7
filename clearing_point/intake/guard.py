"""The identity guard: it looks at a file before anything of it is stored (rules P01 and P02).

What is forbidden stands in ``schemas/forbidden.yml``. Headings are judged wherever they may stand,
then the cells of every column, mapped or not (:mod:`clearing_point.intake.guard_contents`).
Findings are places, never values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from clearing_point.findings import (
    BLOCK,
    EMPTY_FORBIDDEN,
    FORBIDDEN_COLUMN,
    HEADING_UNEXPECTED,
    INFORMATION,
    Finding,
)
from clearing_point.intake.forbidden import LEFT_OUT, Concept, Forbidden, forbidden_of, vocabulary
from clearing_point.intake.guard_columns import SheetView, TopRow, views_of
from clearing_point.intake.guard_contents import PRIVACY, guard_cells, in_memory
from clearing_point.intake.guard_known import own_words
from clearing_point.intake.guard_tokens import listed_hashes
from clearing_point.intake.layout import SheetLayout
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard.kept import keep_in
from clearing_point.standard.model import Standard, Table
from clearing_point.standard.spelling import in_one_script

__all__ = ["Headings", "guard_cells", "guard_headings", "prepare_guard"]

_SOMETHING = r"[^\s\p{Z}]"
_SEVERAL = 2
"""Forbidden headings of different kinds in one row: then it is no row of values."""


def prepare_guard(folder: Path, standard: Standard) -> None:
    """Have what the guard knows of a standard ready in the folder of what is kept, for several processes that will ask."""
    keep_in(folder, standard.sha256)
    vocabulary(standard)
    own_words(standard)
    listed_hashes(standard)


def guard_headings(
    received: ReceivedFile, layouts: Collection[SheetLayout], standard: Standard
) -> list[Finding]:
    """Find forbidden columns by their headings, on every sheet, mapped or not.

    Judged are the declared header row with the rows down to the data and rows above that look like
    headings; on a sheet that is not laid out as declared, the first row that looks like headings and
    rows beside it that hold several forbidden ones.

    Parameters
    ----------
    layouts : collection of SheetLayout
        What the profile recognised in the file; may be empty or incomplete.

    Returns
    -------
    list of Finding
        One a forbidden column with at least one value, of rule P01, with sheet and column letter and
        the concept as field. A column without a value is no finding (``empty_columns: left_out``).

    Raises
    ------
    InputProblem
        If ``forbidden.yml`` cannot be read.
    """
    return Headings(received, layouts, standard).refusals


class Headings:
    """The forbidden columns of a file by their headings: looked for once, told in three ways."""

    def __init__(self, received: ReceivedFile, layouts: Collection[SheetLayout], standard: Standard) -> None:
        self._forbidden = forbidden_of(standard)
        self._columns = _forbidden_columns(received, layouts, standard)

    @property
    def refusals(self) -> list[Finding]:
        """Findings that refuse the file; see :func:`guard_headings`."""
        return _refusals(self._columns, self._forbidden)

    @property
    def remarks(self) -> list[Finding]:
        """Forbidden columns without a value: they are left out, and the form should lose them."""
        return _remarks(self._columns)

    def without_left_out(self, problems: Iterable[Finding]) -> list[Finding]:
        """Drop the complaint about an unexpected heading where a forbidden column is empty: it is passed over."""
        empty = {(c.sheet, column_letter(c.number)) for c in self._columns if not c.filled}
        if self._forbidden.empty_columns != LEFT_OUT:
            empty = set()
        return [
            p for p in problems if p.rule_id != HEADING_UNEXPECTED or (p.sheet, p.column_letter) not in empty
        ]


def _refusals(columns: Iterable[_ForbiddenColumn], forbidden: Forbidden) -> list[Finding]:
    return [
        Finding(
            FORBIDDEN_COLUMN, BLOCK, PRIVACY, None, column.concept.name, column.sheet, None,
            column_letter(column.number),
        )
        for column in columns
        if column.filled or forbidden.empty_columns != LEFT_OUT
    ]  # fmt: skip


def _remarks(columns: Iterable[_ForbiddenColumn]) -> list[Finding]:
    return [
        Finding(
            EMPTY_FORBIDDEN, INFORMATION, PRIVACY, None, column.concept.name, column.sheet, None,
            column_letter(column.number),
        )
        for column in columns
        if not column.filled
    ]  # fmt: skip


@dataclass(frozen=True)
class _ForbiddenColumn:
    sheet: str
    number: int
    concept: Concept
    filled: bool


@dataclass
class _Suspect:
    """A forbidden heading: from which row on a value counts, and rows that hold headings instead."""

    concept: Concept
    values_from: int
    not_values: tuple[int, ...]


def _forbidden_columns(
    received: ReceivedFile, layouts: Collection[SheetLayout], standard: Standard
) -> list[_ForbiddenColumn]:
    forbidden = forbidden_of(standard)
    found: list[_ForbiddenColumn] = []
    for view in views_of(received, layouts, standard):
        suspects = _suspects(view, forbidden, standard)
        filled = _filled(received.rows, view, suspects)
        found += [_ForbiddenColumn(view.name, n, s.concept, n in filled) for n, s in sorted(suspects.items())]
    return found


def _suspects(view: SheetView, forbidden: Forbidden, standard: Standard) -> dict[int, _Suspect]:
    """Return column number -> the first forbidden heading that stands over it."""
    meant = {row.number: dict(_meant(row, view, forbidden, standard)) for row in view.top}
    suspects: dict[int, _Suspect] = {}
    for row in _heading_rows(view, meant):
        for number, concept in meant[row.number].items():
            if view.recognised:
                suspect = _Suspect(concept, view.first_row, ())
            else:
                others = tuple(r for r, columns in meant.items() if r > row.number and number in columns)
                suspect = _Suspect(concept, row.number + 1, others)
            suspects.setdefault(number, suspect)
    return suspects


def _heading_rows(view: SheetView, meant: dict[int, dict[int, Concept]]) -> list[TopRow]:
    if view.recognised:
        width = next((row.filled for row in view.top if row.number == view.header_row), view.width)
        above = [row for row in view.top if row.number < view.first_row]
        return [row for row in above if row.number >= view.header_row or row.is_rich(width)]
    place = next((i for i, row in enumerate(view.top) if row.number == view.header_row), None)
    if place is None:
        return []
    # A row of values may hold one such word ("street" as a place of exploitation), hardly several.
    beside = [*view.top[:place], *view.top[place + 1 : place + 2]]
    several = [row for row in beside if len({c.name for c in meant[row.number].values()}) >= _SEVERAL]
    return sorted([view.top[place], *several], key=lambda row: row.number)


def _meant(
    row: TopRow, view: SheetView, forbidden: Forbidden, standard: Standard
) -> Iterator[tuple[int, Concept]]:
    applying: dict[frozenset[str], list[Concept]] = {}
    for number, cell in enumerate(row.cells, start=1):
        if cell and cell.strip():
            tables = view.tables_of(number)
            key = frozenset(table.name for table in tables)
            if key not in applying:
                applying[key] = [
                    c for c in forbidden.concepts if _applies(c, tables, forbidden.unmapped_kind)
                ]
            concepts = applying[key]
            texts = (cell, *in_one_script(cell, standard))
            concept = next(filter(None, (forbidden.concept_of(text, concepts) for text in texts)), None)
            if concept is not None:
                yield number, concept


def _applies(concept: Concept, tables: Collection[Table], unmapped_kind: str) -> bool:
    if not tables:
        return unmapped_kind in concept.kinds
    return any(table.kind in concept.kinds and table.name not in concept.except_tables for table in tables)


def _filled(rows: pa.Table, view: SheetView, suspects: dict[int, _Suspect]) -> set[int]:
    """Return the suspect columns that hold a value, looked at in one pass over the sheet."""
    if not suspects:
        return set()
    tests = [
        f"coalesce(bool_or(source_row >= {suspect.values_from} "
        f"AND NOT list_contains({list(suspect.not_values)}::INTEGER[], source_row) "
        f"AND regexp_matches(cells[{number}], '{_SOMETHING}')), false)"
        for number, suspect in suspects.items()
    ]
    with in_memory(rows) as connection:
        answers = connection.execute(
            f"SELECT {', '.join(tests)} FROM received_rows WHERE sheet = ?", [view.name]
        ).fetchone()
    return {number for number, answer in zip(suspects, answers, strict=True) if answer}
