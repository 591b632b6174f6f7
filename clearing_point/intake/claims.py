"""What a file says of itself, and its dates, against what it was sent for: territory, organisation, period."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from clearing_point.countries.profile import Profile
from clearing_point.findings import (
    DATES_OUTSIDE,
    OTHER_ORGANISATION,
    SAYS_OTHERWISE,
    SEVERAL_HEADERS,
    Finding,
    conserved,
)
from clearing_point.standard.model import Standard, Table

_HEADER = "submission"
_FEWEST_DATES = 5
"""Known dates from which on a file without one in its period is the file of another one."""


def contradictions(
    connection: Any,
    profile: Profile,
    standard: Standard,
    start: datetime.date,
    end: datetime.date,
    template_year: str = "",
) -> list[Finding]:
    """Find what contradicts the territory, sender and period that a file was sent for.

    Parameters
    ----------
    connection : duckdb connection
        A workspace whose ``staged`` tables are filled.
    template_year : str
        What the workbook says of itself as a template; it counts where the file states no period.
    """
    findings, period_is_told = _of_header(connection, profile, start, end)
    if not period_is_told and template_year.isdigit() and not start.year <= int(template_year) <= end.year:
        findings.append(conserved(SAYS_OTHERWISE, _HEADER, "period_start", dimension="consistency"))
    if not findings and profile.use == "count":
        findings += _of_dates(connection, standard, start, end)
    return findings


def _of_header(
    connection: Any, profile: Profile, start: datetime.date, end: datetime.date
) -> tuple[list[Finding], bool]:
    rows = connection.execute(
        "SELECT sheet, source_row, organisation, territory, period_start, period_end FROM staged.submission "
        "ORDER BY source_row"
    ).fetchall()
    findings = [
        conserved(SEVERAL_HEADERS, _HEADER, None, sheet, row, dimension="consistency")
        for sheet, row, *_ in rows[1:]
    ]
    told = False
    for sheet, row, organisation, territory, first, last in rows:
        claims = (
            ("territory", profile.territory is None or territory in {None, profile.territory, "UNK", "NAS"}),
            ("period_start", first is None or first == start),
            ("period_end", last is None or last == end),
        )
        findings += [
            conserved(SAYS_OTHERWISE, _HEADER, field, sheet, row, dimension="consistency")
            for field, fits in claims
            if not fits
        ]
        # One who sends alone may write whatever name she likes; where several send, it tells whose series it is.
        several = bool(profile.senders) or profile.sent_by is not None
        if several and organisation not in {None, profile.sender, "UNK", "NAS"}:
            findings.append(
                conserved(OTHER_ORGANISATION, _HEADER, "organisation", sheet, row, dimension="consistency")
            )
        told = told or first is not None
    return findings, told


def _of_dates(connection: Any, standard: Standard, start: datetime.date, end: datetime.date) -> list[Finding]:
    """Find a file of which no date, or no year of its counts, lies in the period."""
    columns = list(_dated(standard.tables_of_kind("case", "aggregate")))
    parts = " UNION ALL ".join(
        f"SELECT {number} AS number, count({value}) AS known, count(*) FILTER ({value} BETWEEN $start AND $end) AS inside "
        f'FROM staged."{table}"'
        for number, (table, _, value) in enumerate(columns)
    )
    found = connection.execute(parts, {"start": start, "end": end}).fetchall()
    known, inside = (sum(row[i] for row in found) for i in (1, 2))
    if inside or known < _FEWEST_DATES:
        return []
    table, field, _ = columns[max(found, key=lambda row: row[1])[0]]
    place = connection.execute(
        'SELECT min(sheet), min(column_letter) FROM raw."column" WHERE target_table = ? AND target_field = ?',
        [table, field],
    ).fetchone()
    return [conserved(DATES_OUTSIDE, table, field, place[0], None, place[1], dimension="consistency")]


def _dated(tables: Iterable[Table]) -> list[tuple[str, str, str]]:
    """Return table, field and SQL of the dates that say when something happened, and of the years of aggregate figures."""
    found = []
    for table in tables:
        for field in table.received:
            if field.type == "date":
                found.append((table.name, field.name, f'"{field.name}"'))
            elif field.type == "year" and table.kind == "aggregate":
                found.append((table.name, field.name, f'make_date("{field.name}", 7, 1)'))
    return found
