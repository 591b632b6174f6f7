"""Where a series breaks: a territory counts otherwise than before, so that two years must not be compared (rule R11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from clearing_point.report.model import ReportContext
from clearing_point.standard.files import read_csv

BREAKING = ("definition_identified", "count_basis")
"""Declarations of a submission whose change breaks a series."""


def breaks_of(context: ReportContext) -> list[tuple[str, int, str]]:
    """Return (territory, first year after the break, what changed) where a sender declares otherwise than before (R11)."""
    found = []
    senders = sorted({(str(d["territory"]), str(d["sender"])) for d in context.declarations})
    for territory, sender in senders:
        told = [d for d in context.declarations if d["territory"] == territory and d["sender"] == sender]
        for before, after in pairwise(
            sorted(told, key=lambda d: (int(d["first_year"]), str(d["submission"])))
        ):
            found += [
                (territory, int(after["first_year"]), field)
                for field in BREAKING
                if before[field] != after[field]
            ]
    return found


def known_breaks(context: ReportContext) -> Iterator[Mapping[str, str]]:
    """Yield the breaks of ``schemas/reference/breaks.csv``, which no declaration tells: territory, year, what, source."""
    path = context.standard.folder / "reference" / "breaks.csv"
    for row in read_csv(path) if path.is_file() else ():
        if row["territory_id"] in context.coverage:
            yield row
