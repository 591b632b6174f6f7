"""Where each field stands in a received file: its headings matched to a profile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import Profile, SheetSpec, TableSpec
from clearing_point.findings import (
    BLOCK,
    HEADING_MISSING,
    HEADING_UNEXPECTED,
    NO_ROWS,
    SHEET_MISSING,
    Finding,
)
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile

_EXTRA_PREFIX = "x_"
"""Senders may keep columns of their own under this prefix; they are passed over."""


@dataclass(frozen=True)
class SheetLayout:
    """One sheet of a file with the column number (1 is the first) of every heading."""

    sheet: str
    spec: SheetSpec
    header_row: int
    columns: Mapping[str, int]
    """Folded heading -> column number."""
    headings: tuple[str | None, ...]
    skip_columns: Mapping[int, tuple[str, ...]]

    @property
    def first_row(self) -> int:
        """First data row."""
        return self.header_row + self.spec.rows_between + 1

    def column_of(self, headings: tuple[str, ...]) -> int | None:
        """Return the column of the first of these headings that is there."""
        for heading in headings:
            found = self.columns.get(fold(heading))
            if found is not None:
                return found
        return None


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Fold a heading or word: Unicode form, case and runs of white space; nothing fuzzier."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).replace("\u00a0", " ")).strip().lower()


def lay_out(received: ReceivedFile, profile: Profile) -> tuple[list[SheetLayout], list[Finding]]:
    """Match the sheets and headings of a file to a profile.

    Returns
    -------
    layouts : list of SheetLayout
        The sheets that were recognised.
    findings : list of Finding
        Missing sheets and headings, headings nobody expects, sheets without rows.
    """
    layouts: list[SheetLayout] = []
    findings: list[Finding] = []
    by_name = {fold(name): name for name in received.sheets}
    for spec in profile.sheets:
        if spec.sheet is None:
            name = received.sheets[0] if received.sheets else None
        else:
            name = by_name.get(fold(spec.sheet))
            if name is None and len(received.sheets) == 1 and len(profile.sheets) == 1:
                name = received.sheets[0]  # a CSV export of the one sheet
        if name is None:
            if not spec.optional:
                findings.append(Finding(SHEET_MISSING, BLOCK, "structure", sheet=spec.sheet))
            continue
        layout, problems = _sheet(received.rows, name, spec)
        findings.extend(problems)
        layouts.append(layout)
    if not layouts and not findings:
        wanted = next((s.sheet for s in profile.sheets if s.sheet), None)
        findings.append(Finding(SHEET_MISSING, BLOCK, "structure", sheet=wanted))
    return layouts, findings


def _sheet(rows: pa.Table, name: str, spec: SheetSpec) -> tuple[SheetLayout, list[Finding]]:
    tried = [_with_header(rows, name, spec, header_row) for header_row in spec.header_rows]
    layout, findings = min(tried, key=lambda pair: len(pair[1]))
    if not findings:
        below = pc.and_(pc.equal(rows["sheet"], name), pc.greater_equal(rows["source_row"], layout.first_row))
        if not pc.sum(below).as_py() and not spec.optional:
            findings = [Finding(NO_ROWS, BLOCK, "structure", sheet=name)]
    return layout, findings


def _with_header(
    rows: pa.Table, name: str, spec: SheetSpec, header_row: int
) -> tuple[SheetLayout, list[Finding]]:
    at = pc.and_(pc.equal(rows["sheet"], name), pc.equal(rows["source_row"], header_row))
    header_rows = rows.filter(at)
    header = header_rows["cells"][0].as_py() if header_rows.num_rows else []
    columns: dict[str, int] = {}
    for number, heading in enumerate(header, start=1):
        if heading and heading.strip():
            columns.setdefault(fold(heading), number)
    layout = SheetLayout(
        sheet=name,
        spec=spec,
        header_row=header_row,
        columns=columns,
        headings=tuple(header),
        skip_columns={
            columns[fold(h)]: tuple(fold(w) for w in words)
            for h, words in spec.skip_rows.items()
            if fold(h) in columns
        },
    )
    return layout, _missing(layout) + _unexpected(layout)


def _missing(layout: SheetLayout) -> list[Finding]:
    findings = []
    for table in layout.spec.tables:
        for field, column in table.columns.items():
            if column.optional:
                continue
            wanted = column.headings[:1] if column.headings else tuple(column.flags)
            found = (
                layout.column_of(column.headings) is not None
                if column.headings
                else all(fold(h) in layout.columns for h in wanted)
            )
            if wanted and not found:
                findings.append(
                    Finding(
                        HEADING_MISSING,
                        BLOCK,
                        "structure",
                        table.table,
                        field,
                        layout.sheet,
                        layout.header_row,
                    )
                )
    return findings


def _unexpected(layout: SheetLayout) -> list[Finding]:
    if layout.spec.ignore_others:
        return []
    expected = {fold(h) for h in (*layout.spec.ignore, *layout.spec.skip_rows)}
    for table in layout.spec.tables:
        expected |= mapped_headings(table)
    # A heading that nobody expects is named by its column only: on a wrong row it is a person's value.
    return [
        Finding(
            HEADING_UNEXPECTED,
            BLOCK,
            "structure",
            None,
            None,
            layout.sheet,
            layout.header_row,
            column_letter(number),
        )
        for heading, number in layout.columns.items()
        if heading not in expected and not heading.startswith(_EXTRA_PREFIX)
    ]


def mapped_headings(table: TableSpec) -> set[str]:
    """Return the folded headings that a table reads."""
    found: set[str] = set()
    for column in table.columns.values():
        found |= {fold(h) for h in (*column.headings, *column.flags)}
    return found


def kept_columns(layout: SheetLayout) -> dict[int, list[tuple[str, str]]]:
    """Return the columns whose cells are stored: number -> the (table, field) pairs they are read for."""
    kept: dict[int, list[tuple[str, str]]] = {number: [] for number in layout.skip_columns}
    for table in layout.spec.tables:
        for field, column in table.columns.items():
            for heading in (*column.headings, *column.flags):
                number = layout.columns.get(fold(heading))
                if number is not None:
                    kept.setdefault(number, []).append((table.table, field))
    return kept
