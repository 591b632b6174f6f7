"""What stands about persons who may be reported twice: open pairs, decisions, and what links do to the counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clearing_point.linkage.decisions import Candidate, open_candidates
from clearing_point.linkage.numbers import (
    Organisations,
    Overlap,
    ThreeNumbers,
    organisations_beside_coordinator,
    overlap_of_organisations,
    overlap_of_territories,
    three_numbers,
)
from clearing_point.linkage.step import LinkedSubmissions


@dataclass(frozen=True)
class Duplicates:
    """What stands about persons who may be reported twice; for the office only.

    Attributes
    ----------
    open : tuple of Candidate
        The surest first.
    numbers : ThreeNumbers
        Of all years and territories together.
    territories, organisations : tuple of Overlap
        Persons that two territories, or two senders of one territory, both report.
    beside_coordinator : tuple of Organisations
        Years in which organisations together report another number than the national coordinator (rule U03).
    stale : tuple of str
        Decisions to look at again.
    """

    open: tuple[Candidate, ...]
    links: int
    decisions: int
    numbers: ThreeNumbers
    territories: tuple[Overlap, ...]
    organisations: tuple[Overlap, ...]
    beside_coordinator: tuple[Organisations, ...]
    stale: tuple[str, ...]


def what_stands(connection: Any, found: LinkedSubmissions) -> Duplicates:
    """Return what is open after linking, what was decided and what it does to the counts."""
    named = connection.execute('SELECT DISTINCT territory FROM "current".submission').fetchall()
    territories = sorted(territory for (territory,) in named if territory)
    return Duplicates(
        open=tuple(open_candidates(connection)),
        links=found.linked.links,
        decisions=len(found.decisions),
        numbers=three_numbers(connection, found.linked),
        territories=tuple(overlap_of_territories(connection)),
        organisations=tuple(
            overlap for t in territories for overlap in overlap_of_organisations(connection, t)
        ),
        beside_coordinator=tuple(organisations_beside_coordinator(connection)),
        stale=found.stale,
    )
