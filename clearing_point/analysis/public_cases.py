"""What public case files say of perpetrators: rows by code, and national totals of persons by stage of proceedings.

Rows of public sources are counts of nobody in this report. A count below the standard's small count is told as such all the
same, for a file may hold records of persons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.standard import Standard
from clearing_point.standard.model import REFERENCE, Table

STAGES, POPULATIONS = "proceeding_stage", "aggregate_population"


@dataclass(frozen=True)
class Described:
    """Rows of a source that have a code in a field.

    Attributes
    ----------
    source : str
        Who prints them, and the day of the release.
    codes : mapping
        Code -> rows; of a field with several codes each counts.
    known : int
        Rows in which the field has any code that is no missing code.
    first_year, last_year : int or None
        What the rows span.
    """

    source: str
    made_data: bool
    field: str
    codelist: str
    codes: Mapping[str, int]
    known: int
    first_year: int | None
    last_year: int | None


def described(
    connection: Any, standard: Standard, wanted: Mapping[str, Any], submissions: Sequence[str]
) -> Iterator[Described]:
    """Count rows of a table of public sources, by source and field.

    Parameters
    ----------
    connection : connection
        With the warehouse attached as ``warehouse``.
    wanted : mapping
        ``described`` of a chapter: ``table``, ``where`` (field -> codes), ``fields``, and ``span``, the fields of first and
        last year.
    submissions : sequence of str
        Releases in force.
    """
    table = standard.tables[wanted["table"]]
    where, values = "", []
    for name, codes in wanted.get("where", {}).items():
        where += f' AND list_contains(?, t."{name}")'
        values.append(list(codes))
    first, last = wanted["span"]
    for name in wanted["fields"]:
        codes = f"list_filter({_several(table, name)}, code -> NOT list_contains(?, code))"
        rows = connection.execute(
            f'WITH told AS (SELECT s.sender, s.released, s.made_data, t."{first}" AS first, t."{last}" AS last, '
            f'{codes} AS codes FROM warehouse.core."{table.name}" AS t '
            "JOIN warehouse.raw.submission AS s USING (submission_id) "
            f"WHERE list_contains(?, submission_id){where}), "
            "of AS (SELECT sender, any_value(released)::VARCHAR AS released, bool_or(made_data) AS made, "
            "count(*) FILTER (len(codes) > 0) AS known, min(first) AS first, max(last) AS last FROM told GROUP BY sender), "
            "each AS (SELECT sender, code, count(*) AS n FROM "
            "(SELECT sender, unnest(list_distinct(codes)) AS code FROM told) GROUP BY ALL) "
            "SELECT sender, released, made, known, first, last, map_from_entries(list((code, n))) "
            "FROM of JOIN each USING (sender) GROUP BY ALL ORDER BY sender",
            [sorted(standard.missing_codes), list(submissions), *values],
        ).fetchall()
        for sender, released, made, known, since, until, found in rows:
            yield Described(
                _said(sender, released),
                bool(made),
                name,
                table.by_name[name].codelist or "",
                dict(found),
                int(known),
                since,
                until,
            )


def _said(sender: str, released: str | None) -> str:
    return sender if released is None else f"{sender} ({released})"


def _several(table: Table, name: str) -> str:
    return f't."{name}"' if table.by_name[name].multiple else f'[t."{name}"]'


def totals_by_stage(
    connection: Any, standard: Standard, submissions: Sequence[str], first: int, last: int
) -> Iterator[dict[str, str]]:
    """Count perpetrators of public lists by territory, year and stage, where a row is one person of one year.

    Yields
    ------
    dict
        ``territory``, ``year``, ``population``, ``value_text``, ``source``, ``publisher``.
    """
    populations = {c.code: c.attributes[POPULATIONS] for c in standard.codelists[STAGES].codes}
    small = int(standard.settings["thresholds"]["small_count"])
    for table in standard.tables_of_kind(REFERENCE):
        victims = " AND ".join(
            f'(t."{field}" IS NULL OR list_contains($missing, t."{field}"))'
            for fields in table.parents.values()
            for field in fields
        )
        rows = connection.execute(
            "SELECT t.territory, t.first_year, t.proceeding_stage, s.sender, any_value(s.released)::VARCHAR, count(*) "
            f'FROM warehouse.core."{table.name}" AS t JOIN warehouse.raw.submission AS s USING (submission_id) '
            "WHERE list_contains($submissions, submission_id) AND t.first_year = t.last_year "
            f"AND t.first_year BETWEEN $first AND $last AND {victims} GROUP BY ALL ORDER BY ALL",
            {
                "missing": sorted(standard.missing_codes),
                "submissions": list(submissions),
                "first": first,
                "last": last,
            },
        ).fetchall()
        for territory, year, stage, sender, released, number in rows:
            if stage in populations and territory in standard.reporting_territories:
                yield {
                    "territory": territory,
                    "year": str(year),
                    "population": populations[stage],
                    "value_text": f"<{small}" if number < small else str(number),
                    "source": _said(sender, released),
                    "publisher": sender,
                }
