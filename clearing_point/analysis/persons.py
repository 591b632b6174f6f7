"""From cases to persons: which rows of a population are one person, and in which territory she counts for the region.

A population's query gives a row a case (a sender's person) and territory, and year where it is counted by year. Every row
gets a mark, so that the territories, the region and what lies between them are sums of one set of rows (R8):

===========  ==========================================================================================================
``first``    the row by which the region counts the person
``open``     the same, but an open candidate says that she may be a person who is counted already
``again``    the person counts in this territory, and the region counts her by a row of another one
``within``   the same territory counts the person by another row: another organisation, or a second case number
===========  ==========================================================================================================

The persons of a territory are its rows without ``within``; the region's are ``first`` and ``open``; the sum of all
submissions is everything; the lowest number that is possible is ``first`` alone.
"""

from __future__ import annotations

from typing import Any

from clearing_point.standard.model import Population

LINKED = "linked_person"
"""Temporary table: ``person_id`` of a case; ``linked``, ``lowest``: its person after certain links, after all open pairs."""
FIRST, OPEN, AGAIN, WITHIN = MARKS = ("first", "open", "again", "within")
YEAR = "reference_year"
_TERRITORY = "territory"


def leaf_of(territory: str, mark: str) -> str:
    """Return the leaf code of a territory's rows with a mark; that of the first ones is the territory's own code."""
    return territory if mark == FIRST else f"{territory}:{mark}"


LEAF = f"CASE mark WHEN '{FIRST}' THEN {_TERRITORY}::VARCHAR ELSE {_TERRITORY}::VARCHAR || ':' || mark END"
"""SQL of :func:`leaf_of`."""
UNIT = (
    f"CASE mark WHEN '{AGAIN}' THEN person_id || '@' || {_TERRITORY} WHEN '{WITHIN}' THEN person_id || '+' || case_id "
    "ELSE person_id END"
)
"""SQL of what a count counts: persons, and each time that one is counted once more."""


def open_links(connection: Any) -> None:
    """Make an empty ``linked_person`` where nobody has linked: every case is a person then."""
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {LINKED} (person_id VARCHAR, linked VARCHAR, lowest VARCHAR)"
    )


def mark_persons(connection: Any, population: Population, rows: str, target: str) -> bool:
    """Make the temporary table ``target`` of ``rows``: ``person_id`` becomes the person, ``case_id`` and ``mark`` are added.

    Lists of a person's rows in one territory are joined; all else is told by the row that counts her first. A query that
    gives a person several rows (one a service, say) keeps them all, with the mark of the territory.

    Returns
    -------
    bool
        False if the query has no column ``person_id`` or ``territory``; then nothing is made.
    """
    columns = {str(r[0]): str(r[1]) for r in connection.execute(f"DESCRIBE {rows}").fetchall()}
    if not {"person_id", _TERRITORY} <= set(columns):
        return False
    year = [YEAR] if population.once == "year" and YEAR in columns else []
    first = f'"{population.first}"' if population.first in columns else "NULL::DATE"
    own = ", ".join(["linked", _TERRITORY, *year])
    region, lowest = ", ".join(["linked", *year]), ", ".join(["lowest", *year])
    one_row = population.one_row
    if one_row is None:
        case = ", ".join(["person_id", _TERRITORY, *year])
        one_row = bool(
            connection.execute(f"SELECT count(*) = count(DISTINCT ({case})) FROM {rows}").fetchone()[0]
        )
    within = f"WHEN place > 1 THEN '{WITHIN}' " if one_row else ""
    joined = ", ".join(
        f"CASE WHEN mark = '{WITHIN}' THEN \"{c}\" ELSE list_sort(list_distinct(flatten("
        f'list("{c}") FILTER ("{c}" IS NOT NULL) OVER (PARTITION BY {own})))) END AS "{c}"'
        for c, kind in columns.items()
        if kind.endswith("[]")
    )
    replaced = f" REPLACE ({joined})" if joined and one_row else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS WITH named AS (SELECT r.*, coalesce(l.linked, r.person_id) AS linked, "
        f"coalesce(l.lowest, r.person_id) AS lowest FROM {rows} AS r LEFT JOIN {LINKED} AS l USING (person_id)), "
        # What does not say when comes last; ties are settled by codes, so that every run marks the same rows.
        f"placed AS (SELECT *, min({first}) OVER (PARTITION BY {own}) AS began, "
        f"row_number() OVER (PARTITION BY {own} ORDER BY {first} NULLS LAST, person_id) AS place FROM named), "
        f"turned AS (SELECT *, dense_rank() OVER (PARTITION BY {region} ORDER BY began NULLS LAST, {_TERRITORY}) AS turn "
        "FROM placed), "
        f"marked AS (SELECT *, CASE {within}WHEN turn > 1 THEN '{AGAIN}' WHEN dense_rank() OVER (PARTITION BY {lowest}, "
        f"turn > 1 ORDER BY began NULLS LAST, linked, {_TERRITORY}) > 1 THEN '{OPEN}' ELSE '{FIRST}' END AS mark "
        f"FROM turned) SELECT * EXCLUDE (linked, lowest, began, place, turn, person_id){replaced}, "
        "person_id AS case_id, linked AS person_id FROM marked ORDER BY ALL"
    )
    return True
