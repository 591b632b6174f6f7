"""Three numbers wherever a person is counted, and the overlap that makes parts and totals agree on the page.

Everything here is a true count and internal to the office: it goes to the disclosure gate like any other table (R8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clearing_point.errors import InputProblem
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
        Expected number of persons, from the estimated error rates: true links = links x precision / recall.
    """

    sum_of_submissions: int
    after_certain_links: int
    lowest: int
    corrected: float
    false_match_rate: float
    missed_match_rate: float


def three_numbers(
    connection: Any, linked: Linked, *, year: int | None = None, territory: str | None = None
) -> ThreeNumbers:
    """Count the persons of a year (all years) in a territory (the region) in three ways.

    The sum takes each sender's persons once; with a year, once a sender and year.
    """
    conditions = [f"reference_year = {int(year)}"] if year is not None else []
    parameters: list[str] = []
    if territory is not None:
        conditions.append("territory = ?")
        parameters.append(territory)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    total, certain, lowest = connection.execute(
        "SELECT count(DISTINCT number), count(DISTINCT group_number), count(DISTINCT lowest_group_number) "
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
    )
