"""Pairs that are certain by a token, and pairs without a token that only a person may judge (domain.md 10.8)."""

from __future__ import annotations

from typing import Any

from clearing_point.linkage.inputs import PERSON
from clearing_point.linkage.settings import LinkageSettings

CERTAIN = "linkage_certain"
"""One row a pair with an equal whole token: ``a < b``, ``kind`` (its name), ``contradicted``."""
WITHOUT = "linkage_without_tokens"
"""One row a pair of which at least one has no token: ``a < b``, ``kind`` (near, return)."""


def find_certain(connection: Any, settings: LinkageSettings) -> None:
    """Make ``linkage_certain``; the first kind of the settings that finds a pair names it."""
    parts = [
        f"SELECT l.number AS a, r.number AS b, {position} AS position, '{rule['name']}' AS kind, "
        f"{bool(rule.get('scored_too'))} AS needs_score, "
        f"coalesce({rule['unless']}, false) AS contradicted FROM {PERSON} AS l JOIN {PERSON} AS r "
        f"ON l.{rule['same']} = r.{rule['same']} AND l.number < r.number"
        + (f" AND l.{rule['within']} = r.{rule['within']}" if "within" in rule else "")
        for position, rule in enumerate(settings.link["certain"])
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CERTAIN} AS SELECT a, b, arg_min(kind, (contradicted, position)) AS kind, "
        f"bool_and(needs_score) AS needs_score, bool_and(contradicted) AS contradicted "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY a, b ORDER BY a, b"
    )


def find_without_tokens(connection: Any, settings: LinkageSettings) -> int:
    """Make ``linkage_without_tokens`` and return how many persons stood in blocks too large to look at.

    The cost is linear: dates are cut into slices as long as the window and each row meets its own and the two next ones;
    a block of equal values in one slice with more than ``largest_block`` persons gives no candidates, since nobody could
    judge them.
    """
    rule = settings.link["without_tokens"]
    same, days, most = rule["same"], int(rule["days_apart"]), int(rule["largest_block"])
    no_token = " AND ".join(f"{t} IS NULL" for t in settings.tokens)
    columns = ", ".join(same)
    known = " AND ".join(f"{c} IS NOT NULL" for c in same)
    day = "(identification_date - DATE '1900-01-01')"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE linkage_coarse AS SELECT number, sender, territory, birth_year, age_band, "
        f"identification_date, assistance_start_date, return_to_territory, return_date, {columns}, ({no_token}) AS bare, "
        f"CAST(floor({day} / {days}.0) AS INTEGER) AS slice FROM {PERSON} WHERE {known}"
    )
    block = f"{columns}, slice"
    too_large = connection.execute(
        f"SELECT coalesce(sum(persons), 0) FROM (SELECT count(*) AS persons FROM linkage_coarse WHERE slice IS NOT NULL "
        f"GROUP BY {block} HAVING count(*) > {most})"
    ).fetchone()[0]
    small = (
        "(SELECT * FROM linkage_coarse WHERE slice IS NOT NULL "
        f"QUALIFY count(*) OVER (PARTITION BY {block}) <= {most})"
    )
    on_same = " AND ".join(f"l.{c} = r.{c}" for c in same)
    age = (
        f"(abs(l.birth_year - r.birth_year) <= {int(rule['birth_years_apart'])} OR ((l.birth_year IS NULL OR "
        "r.birth_year IS NULL) AND l.age_band = r.age_band))"
    )
    differ = "l.sender <> r.sender AND (l.bare OR r.bare)"
    home = int(rule["days_after_return"])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {WITHOUT} AS SELECT a, b, min(kind) AS kind FROM ("
        f"SELECT least(l.number, r.number) AS a, greatest(l.number, r.number) AS b, '2 near' AS kind FROM {small} AS l "
        f"JOIN (SELECT *, unnest([slice - 1, slice, slice + 1]) AS meets FROM {small}) AS r "
        f"ON {on_same} AND l.slice = r.meets WHERE {differ} AND {age} AND l.number <> r.number "
        f"AND abs(l.identification_date - r.identification_date) <= {days} "
        "UNION ALL "
        f"SELECT least(l.number, r.number), greatest(l.number, r.number), '1 return' FROM linkage_coarse AS l "
        f"JOIN linkage_coarse AS r ON {on_same} AND l.return_to_territory = r.territory "
        f"WHERE {differ} AND {age} AND l.number <> r.number "
        f"AND r.assistance_start_date - l.return_date BETWEEN 0 AND {home}"
        ") GROUP BY a, b ORDER BY a, b"
    )
    connection.execute(f"UPDATE {WITHOUT} SET kind = split_part(kind, ' ', 2)")
    connection.execute("DROP TABLE linkage_coarse")
    return int(too_large)
