"""Three numbers wherever a person is counted, and the overlap that makes parts and totals agree on the page.

Everything here is a true count and internal to the office: it goes to the disclosure gate like any other table (R8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.linkage.inputs import RECORD
from clearing_point.linkage.link import GROUP, Linked


@dataclass(frozen=True)
class ThreeNumbers:
    """How many people a set of reports is about.

    Attributes
    ----------
    sum_of_submissions : int
        What the senders' own counts add up to.
    after_certain_links : int
        Distinct persons once certain links are made: the number to print.
    lowest : int
        If every open candidate were one person; with ``after_certain_links`` the range.
    corrected : float
        Expected number of persons, from the estimated error rates: true links = links x precision / recall. It holds as
        far as there are tokens: with ``without_tokens`` persons it is still too high.
    """

    sum_of_submissions: int
    after_certain_links: int
    lowest: int
    corrected: float
    false_match_rate: float
    missed_match_rate: float
    without_tokens: int


def three_numbers(
    connection: Any, linked: Linked, *, year: int | None = None, territory: str | None = None
) -> ThreeNumbers:
    """Count the persons of a year (all years) in a territory (the region) in three ways.

    The sum takes each sender's persons once; with a year, once a sender and year.
    """
    where, parameters = _where(year, territory)
    total, certain, lowest, bare = connection.execute(
        "SELECT count(DISTINCT number), count(DISTINCT group_number), count(DISTINCT lowest_group_number), "
        "count(DISTINCT number) FILTER (NOT has_token) "
        f"FROM {RECORD} JOIN {GROUP} USING (number) {where}",
        parameters,
    ).fetchone()
    merged = total - certain
    found = 1 - linked.missed_match_rate
    # Between one person each and nobody left: a correction never leaves what is possible.
    corrected = total - (merged * (1 - linked.false_match_rate) / found if found > 0 else merged)
    return ThreeNumbers(
        sum_of_submissions=int(total),
        after_certain_links=int(certain),
        lowest=int(lowest),
        corrected=float(min(total, max(corrected, min(total, 1)))),
        false_match_rate=linked.false_match_rate,
        missed_match_rate=linked.missed_match_rate,
        without_tokens=int(bare),
    )


@dataclass(frozen=True)
class Overlap:
    """Persons that two parts both count. ``persons`` are distinct persons of the part ``first`` and the part ``second``."""

    first: str
    second: str
    persons: int


def overlap_of_territories(connection: Any, *, year: int | None = None) -> list[Overlap]:
    """Count the persons that two territories both report, for every pair of territories that has any."""
    return _overlap(connection, "territory", year, None)


def overlap_of_organisations(connection: Any, territory: str, *, year: int | None = None) -> list[Overlap]:
    """Count the persons that two senders of one territory both report."""
    return _overlap(connection, "sender", year, territory)


def _overlap(connection: Any, part: str, year: int | None, territory: str | None) -> list[Overlap]:
    where, parameters = _where(year, territory)
    rows = connection.execute(
        f"WITH parts AS (SELECT DISTINCT group_number, {part} AS part FROM {RECORD} JOIN {GROUP} USING (number) {where}) "
        "SELECT x.part, y.part, count(*) FROM parts AS x JOIN parts AS y ON x.group_number = y.group_number "
        "AND x.part < y.part GROUP BY ALL ORDER BY ALL",
        parameters,
    ).fetchall()
    return [Overlap(str(first), str(second), int(persons)) for first, second, persons in rows]


@dataclass(frozen=True)
class Organisations:
    """A year of a territory in which organisations together report another number than the coordinator (rule U03).

    Attributes
    ----------
    coordinator, organisations : int
        Persons of the sender that covers all known cases, and the sum over all other senders.
    """

    territory: str
    year: int
    coordinator: int
    organisations: int


def organisations_beside_coordinator(connection: Any) -> list[Organisations]:
    """Compare the sum of the organisations with the national coordinator's persons, or aggregate figure of all identified.

    Where only one of the two sides reports there is nothing to compare. Needs the views ``current`` and the
    warehouse (:func:`clearing_point.analysis.count.open_current`).

    Returns
    -------
    list of Organisations
        Only years in which the two differ by more than 5 per cent of the coordinator's number.
    """
    rows = connection.execute(
        "WITH sent AS (SELECT s.submission_id, s.territory, s.sender, year(s.period_start) AS first, "
        "year(s.period_end) AS last, h.coverage = 'ALL_KNOWN' AS is_coordinator FROM \"current\".submission AS s "
        "JOIN warehouse.core.submission AS h USING (submission_id)), "
        "persons AS (SELECT territory, sender, reference_year, count(DISTINCT number) AS persons "
        f"FROM {RECORD} GROUP BY ALL), "
        "counted AS (SELECT p.territory, p.reference_year, s.is_coordinator, p.sender, p.persons FROM persons AS p "
        "JOIN sent AS s ON s.territory = p.territory AND s.sender = p.sender "
        "AND p.reference_year BETWEEN s.first AND s.last "
        "UNION SELECT a.territory, a.reference_year, true, s.sender, max(a.value)::BIGINT "
        'FROM "current".aggregate_cell AS a JOIN sent AS s USING (submission_id) WHERE s.is_coordinator '
        "AND a.population = 'IDENT_ALL' AND a.breakdown = 'TOTAL' AND a.unit = 'PERSONS' AND a.value IS NOT NULL "
        "AND coalesce(a.sex, 'NAS') IN ('TOTAL', 'NAS', 'NAP') AND coalesce(a.age_group, 'NAS') IN ('TOTAL', 'NAS', 'NAP') "
        "GROUP BY ALL), "
        "beside AS (SELECT territory, reference_year, max(persons) FILTER (is_coordinator) AS coordinator, "
        "sum(persons) FILTER (NOT is_coordinator) AS organisations FROM counted GROUP BY ALL) "
        "SELECT * FROM beside WHERE abs(organisations - coordinator) > 0.05 * coordinator ORDER BY ALL"
    ).fetchall()
    return [
        Organisations(str(territory), int(year), int(one), int(others))
        for territory, year, one, others in rows
    ]


@dataclass(frozen=True)
class Reconciliation:
    """Why the chapters do not add up to the region.

    Attributes
    ----------
    territories : mapping of str to int
        Distinct persons of each chapter, after certain links.
    counted_again : int
        Persons counted in a further chapter: the sum of the chapters less this is ``region``.
    """

    territories: Mapping[str, int]
    counted_again: int
    region: int


def reconcile(connection: Any, *, year: int | None = None) -> Reconciliation:
    """Count each territory's persons, the region's, and those counted in more than one territory.

    Raises
    ------
    InternalError
        If they do not add up.
    """
    where, parameters = _where(year, None)
    rows = connection.execute(
        f"SELECT territory, count(DISTINCT group_number) FROM {RECORD} JOIN {GROUP} USING (number) {where} "
        "GROUP BY territory ORDER BY territory",
        parameters,
    ).fetchall()
    territories = {str(territory): int(persons) for territory, persons in rows}
    region, again = connection.execute(
        "SELECT count(*), coalesce(sum(chapters - 1), 0) FROM (SELECT group_number, count(DISTINCT territory) AS chapters "
        f"FROM {RECORD} JOIN {GROUP} USING (number) {where} GROUP BY group_number)",
        parameters,
    ).fetchone()
    if sum(territories.values()) - int(again) != int(region):
        raise InternalError("The chapters less the persons counted again are not the region.")
    return Reconciliation(territories, int(again), int(region))


def groups_of(connection: Any) -> list[tuple[str, str]]:
    """Return (person, group) for every person, the group named by its smallest person."""
    rows = connection.execute(
        f"SELECT x.person_id, y.person_id FROM {GROUP} AS x JOIN {GROUP} AS y ON y.number = x.group_number ORDER BY 1"
    ).fetchall()
    return [(str(person), str(group)) for person, group in rows]


def _where(year: int | None, territory: str | None) -> tuple[str, list[str]]:
    conditions = [] if year is None else [f"reference_year = {int(year)}"]
    conditions += [] if territory is None else ["territory = ?"]
    return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), [] if territory is None else [
        territory
    ]
