"""Where a series breaks: a territory counts otherwise than before, so that two years must not be compared (rule R11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from clearing_point.report.model import ReportContext
from clearing_point.standard.files import read_csv

if TYPE_CHECKING:
    from clearing_point.report.view import Setting

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


def breaks_said(territory: str, setting: Setting) -> list[str]:
    """Say what changed in how a territory counts, and from which year on."""
    words = setting.words
    found = [_break(year, field, setting) for t, year, field in breaks_of(setting.context) if t == territory]
    return found + [
        words(
            "chapters.data.known_break", year=row["reference_year"], source=row["source"],
            what=setting.context.standard.place_text(row["what_en"], words.language),
        )
        for row in known_breaks(setting.context) if row["territory_id"] == territory
    ]  # fmt: skip


def _break(year: int, field: str, setting: Setting) -> str:
    return setting.words("chapters.data.break_item", year=year, what=asked_of(field, setting))


def asked_of(field: str, setting: Setting) -> str:
    """Return what a declaration is about, as a reader is told; the template asks its sender with other words."""
    words, told = setting.words, f"reading.profile.declared.{field}"
    title = setting.context.standard.tables["submission"].by_name[field].title
    return words(told) if words.has(told) else words.of(title)
