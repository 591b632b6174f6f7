"""What became of a year that is out: who came later, who is counted no more, and who turned out to be one person (R3, R9).

Compared are the cases of a population as they were counted for the release that printed the year, and as they are counted
now. Everything here is a true count and internal to the office: it goes to the disclosure gate like any other table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from clearing_point.warehouse.connection import connect


@dataclass(frozen=True)
class Revision:
    """Why the region's persons of a year are others now: ``before - withdrawn - linked + late`` are those of today.

    Attributes
    ----------
    late : int
        Persons of whom nothing counted in the year before: reported later, or parted from another person since.
    withdrawn : int
        Persons of whom no case is counted in the year any more: a later status (rejected, revoked), or taken back.
    linked : int
        Persons that were counted beside another one and turned out to be the same.
    """

    before: int
    late: int
    withdrawn: int
    linked: int


def revisions(then: pa.Table, now: pa.Table, once: str) -> Mapping[str, Revision]:
    """Compare the cases of a population, year by year.

    Parameters
    ----------
    then, now : pyarrow.Table
        Columns ``case_id``, ``year``, ``person_id`` (:attr:`clearing_point.analysis.count.Counted.cases`).
    once : str
        ``ever``: a person counts in the first of her years only; ``year``: in each.
    """
    connection = connect(Path(":memory:"))
    try:
        connection.register("then_", then)
        connection.register("now_", now)
        # Cases that both know, under the persons of each time: what differs between the two is links and nothing else.
        kept = "SELECT r.* FROM {} AS r SEMI JOIN {} AS o USING (case_id, year)"
        counts = {
            "before": _persons("then_", once),
            "kept": _persons(f"({kept.format('then_', 'now_')})", once),
            "joined": _persons(f"({kept.format('now_', 'then_')})", once),
            "today": _persons("now_", once),
        }
        found: dict[str, dict[str, int]] = {}
        for name, sql in counts.items():
            for year, persons in connection.execute(sql).fetchall():
                found.setdefault(str(year), {})[name] = int(persons)
    finally:
        connection.close()
    return {year: _revision(**dict.fromkeys(counts, 0) | of) for year, of in sorted(found.items())}


def _persons(rows: str, once: str) -> str:
    if once == "ever":
        return f"SELECT year, count(*) FROM (SELECT min(year) AS year FROM {rows} GROUP BY person_id) GROUP BY year"
    return f"SELECT year, count(DISTINCT person_id) FROM {rows} GROUP BY year"


def _revision(before: int, kept: int, joined: int, today: int) -> Revision:
    """Turn the steps into what is added and taken away; a person who moves to another year is both."""
    gone, merged, new = before - kept, kept - joined, today - joined
    return Revision(
        before=before,
        late=max(new, 0) + max(-gone, 0) + max(-merged, 0),
        withdrawn=max(gone, 0) + max(-new, 0),
        linked=max(merged, 0),
    )
