"""What became of a year that is out: who came later, who is counted no more, and who turned out to be one person (R3, R9).

Compared are the cases of a population as they were counted for the release that printed the year, and as they are counted
now, one by one: a sender knows what became of her own persons, and that is no difference of two totals. Everything here is
a true count and internal to the office: it goes to the disclosure gate like any other table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from clearing_point.analysis.units import BEHIND, SENT_BY
from clearing_point.warehouse.connection import connect


@dataclass(frozen=True)
class Cases:
    """The rows of a population of which each is counted in a year.

    Attributes
    ----------
    rows : pyarrow.Table
        ``case_id``, ``year``, ``unit_id`` (what is counted: of linked persons the person), ``person_id`` (who is behind it)
        and ``sender`` (whose row it is).
    once : str
        ``ever``: a unit counts in the first of its years only; ``year``: in each.
    linked : bool
        Whether units are persons that links may join.
    """

    rows: pa.Table
    once: str
    linked: bool


@dataclass(frozen=True)
class Moved:
    """Units that a year has gained or lost, the persons behind them, and what each sender has of them: (units, persons)."""

    units: int = 0
    persons: int = 0
    own: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Revision:
    """Why the region's units of a year are others now: ``before - withdrawn - linked + late`` are those of today.

    Attributes
    ----------
    late : Moved
        Of which nothing counted in the year before: reported later, or parted from another person since.
    withdrawn : Moved
        Of which no case is counted in the year any more: a later status (rejected, revoked), or taken back.
    linked : Moved
        Persons that were counted beside another one and turned out to be the same.
    """

    before: int = 0
    late: Moved = field(default_factory=Moved)
    withdrawn: Moved = field(default_factory=Moved)
    linked: Moved = field(default_factory=Moved)


def cases_of(connection: Any, population: str, unit: str, once: str) -> Cases | None:
    """Return the cases of the table ``population_<name>``; None where it has no years.

    Parameters
    ----------
    unit : str
        SQL of what is counted where that is no person of links.
    """
    columns = {str(row[0]) for row in connection.execute(f"DESCRIBE population_{population}").fetchall()}
    if "reference_year" not in columns:
        return None
    linked = "mark" in columns
    case, counted = ("case_id::VARCHAR", "person_id::VARCHAR") if linked else (unit, unit)
    rows = connection.execute(
        f"SELECT DISTINCT {case} AS case_id, reference_year::VARCHAR AS year, {counted} AS unit_id, "
        f"{BEHIND}::VARCHAR AS person_id, {SENT_BY}::VARCHAR AS sender FROM population_{population} "
        "WHERE reference_year IS NOT NULL ORDER BY ALL"
    ).to_arrow_table()
    return Cases(rows, once if linked else "year", linked)


def revisions(then: Cases, now: Cases) -> Mapping[str, Revision]:
    """Compare the cases of a population, year by year."""
    connection = connect(Path(":memory:"))
    try:
        connection.register("then_", then.rows)
        connection.register("now_", now.rows)
        # Cases that both know, under the units of each time: what differs between the two is links and nothing else.
        for side, other in (("then_", "now_"), ("now_", "then_")):
            connection.execute(
                f"CREATE TEMP TABLE kept_{side} AS SELECT r.* FROM {side} AS r SEMI JOIN {other} AS o USING (case_id, year)"
            )
        for rows in ("then_", "now_", "kept_then_", "kept_now_"):
            connection.execute(f"CREATE TEMP TABLE at_{rows} AS {_counted_in(rows, now.once)}")
        before = connection.execute("SELECT year, count(*) FROM at_then_ GROUP BY year").fetchall()
        years = connection.execute("SELECT year FROM at_then_ UNION SELECT year FROM at_now_").fetchall()
        moved = _Gathered()
        for kind, year, sender, units, persons in (
            *connection.execute(_GONE_AND_NEW).fetchall(),
            *(_joined(connection) if now.linked else ()),
        ):
            moved.add(kind, year, sender, units, persons)
    finally:
        connection.close()
    counts = dict(before)
    return {
        str(year): Revision(
            int(counts.get(year, 0)),
            *(moved.of(kind, year) for kind in ("late", "withdrawn", "linked")),
        )
        for (year,) in sorted(years)
    }


def _counted_in(rows: str, once: str) -> str:
    if once == "ever":
        return f"SELECT unit_id, min(year) AS year FROM {rows} GROUP BY unit_id"
    return f"SELECT DISTINCT unit_id, year FROM {rows}"


_STEPS = (
    ("withdrawn", "at_then_", "at_kept_then_", "then_"),
    # Without its first case, a unit counts in a later year; with an earlier one, no more in the year it had.
    ("late", "at_kept_then_", "at_then_", "kept_then_"),
    ("late", "at_now_", "at_kept_now_", "now_"),
    ("withdrawn", "at_kept_now_", "at_now_", "now_"),
)
"""Kind, units with their years that are there, those that are not, and the rows that tell whose they are."""
_GONE_AND_NEW = (
    "WITH moved AS ("
    + " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, r.year, '{number}' || r.unit_id AS unit_id, r.person_id, r.sender FROM {rows} AS r "
        f"SEMI JOIN (SELECT unit_id, year FROM {there} EXCEPT SELECT unit_id, year FROM {gone}) AS s USING (unit_id, year)"
        for number, (kind, there, gone, rows) in enumerate(_STEPS)
    )
    + ") SELECT kind, year, sender, count(DISTINCT unit_id), count(DISTINCT person_id) FROM moved "
    "GROUP BY GROUPING SETS ((kind, year), (kind, year, sender))"
)


def _joined(connection: Any) -> Iterator[tuple[str, str, str | None, int, int]]:
    """Yield what links made of persons whose cases both times know: of several one, or of one several.

    Whoever has a case of such persons knows of her own; the numbers are of the persons that fell away or came anew.
    """
    connection.execute(
        "CREATE TEMP TABLE edge AS SELECT DISTINCT t.unit_id AS one, n.unit_id AS other FROM kept_then_ AS t "
        "JOIN kept_now_ AS n USING (case_id, year)"
    )
    connection.execute(
        "CREATE TEMP TABLE changed AS SELECT * FROM edge "
        "WHERE one IN (SELECT one FROM edge GROUP BY one HAVING count(*) > 1) "
        "OR other IN (SELECT other FROM edge GROUP BY other HAVING count(*) > 1)"
    )
    connection.execute(
        "CREATE TEMP TABLE family AS WITH RECURSIVE reached(one, least) AS (SELECT DISTINCT one, one FROM changed UNION "
        "SELECT b.one, r.least FROM reached AS r JOIN changed AS a ON a.one = r.one JOIN changed AS b ON b.other = a.other) "
        "SELECT one, min(least) AS family FROM reached GROUP BY one"
    )
    connection.execute(
        "CREATE TEMP TABLE member AS SELECT 'then' AS side, one AS unit_id, family FROM family UNION ALL "
        "SELECT DISTINCT 'now', c.other, f.family FROM changed AS c JOIN family AS f USING (one)"
    )
    connection.execute(
        "CREATE TEMP TABLE counted AS SELECT 'then' AS side, * FROM at_kept_then_ UNION ALL "
        "SELECT 'now', * FROM at_kept_now_"
    )
    connection.execute(
        "CREATE TEMP TABLE step AS SELECT family, year, count(*) FILTER (side = 'then') - count(*) FILTER (side = 'now') AS "
        "fewer FROM counted JOIN member USING (side, unit_id) GROUP BY ALL HAVING fewer <> 0"
    )
    kind = "CASE WHEN fewer > 0 THEN 'linked' ELSE 'late' END"
    for name, year, count in connection.execute(
        f"SELECT {kind} AS kind, year, sum(abs(fewer)) FROM step GROUP BY ALL"
    ).fetchall():
        yield name, year, None, int(count), int(count)
    for name, year, sender, count in connection.execute(
        f"SELECT {kind} AS kind, s.year, h.sender, sum(least(abs(fewer), h.units)) FROM step AS s JOIN (SELECT m.family, "
        "m.side, r.sender, count(DISTINCT r.unit_id) AS units FROM (SELECT 'then' AS side, * FROM kept_then_ UNION ALL "
        "SELECT 'now', * FROM kept_now_) AS r JOIN member AS m USING (side, unit_id) GROUP BY ALL) AS h USING (family) "
        "WHERE h.side = CASE WHEN fewer > 0 THEN 'then' ELSE 'now' END GROUP BY ALL"
    ).fetchall():
        yield name, year, sender, int(count), int(count)


class _Gathered:
    """Units and persons by kind and year, over all senders and of each."""

    def __init__(self) -> None:
        self.whole: dict[tuple[str, str], tuple[int, int]] = {}
        self.own: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}

    def add(self, kind: str, year: str, sender: str | None, units: int, persons: int) -> None:
        if sender is None:
            had = self.whole.get((kind, year), (0, 0))
            self.whole[kind, year] = had[0] + units, had[1] + persons
        else:
            mine = self.own.setdefault((kind, year), {})
            had = mine.get(sender, (0, 0))
            mine[sender] = had[0] + units, had[1] + persons

    def of(self, kind: str, year: str) -> Moved:
        units, persons = self.whole.get((kind, year), (0, 0))
        return Moved(units, persons, dict(sorted(self.own.get((kind, year), {}).items())))
