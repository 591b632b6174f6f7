"""That somebody's answer is not known follows from an answer that lacks, and never from what she answered, nor from when.

"Not known" is no property of a person, and a few of these are shown (:attr:`clearing_point.disclosure.Policy.not_known`). A
query that says it of those who answered something rare, or of a day, would have them counted in the open. So populations
are run again twice: with what is known dealt out among those of whom it is known, and with all days moved alike. Whoever is
not known then must have been it before. Variables of which "not known" says more stand in the policy, under `tells`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from clearing_point.analysis.answers import answers_of, shown_instead
from clearing_point.analysis.categories import YEAR_CODELIST
from clearing_point.analysis.persons import YEAR
from clearing_point.analysis.units import CURRENT, key_column
from clearing_point.disclosure import load_policy
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY, Indicator, Population, Standard, Table

_BESIDE = "known_anew"
"""Schema of the tables whose answers or days are others."""
Change = Callable[[Standard, Table, str], dict[str, str]]
"""The columns of a table that are others, with their SQL; by the standard, the table and what nobody can know before."""
_FEWEST_DAYS, _MORE_DAYS = 10, 21


def told_by_not_known(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], names: Sequence[str]
) -> list[tuple[str, str]]:
    """Return population and variable wherever "not known" says more than that an answer lacks, and no policy knows it.

    Parameters
    ----------
    names : sequence of str
        Populations whose queries run.
    """
    asked = _asked_of(connection, standard, indicators, names)
    for name, variables in asked.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE known_{name} AS {_said(standard, name, variables)}")
    found: set[tuple[str, str]] = set()
    for change, same in ((_answers_dealt, "unit, place, year"), (_answers_and_days, "unit, place")):
        with _changed(connection, standard, change):
            for name, variables in asked.items():
                columns = ", ".join(f'count(*) FILTER (b."{v}" <> a."{v}")' for v in variables)
                # With other days somebody may be counted in other years: only who has one row can be looked up.
                alone = (
                    ""
                    if "year" in same
                    else " QUALIFY count(*) OVER (PARTITION BY unit, place) = 1 AND many = 1"
                )
                moved = connection.execute(
                    f"SELECT {columns} FROM (FROM known_{name}{alone}) AS b "
                    f"JOIN (FROM ({_said(standard, name, variables)}){alone}) AS a USING ({same})"
                ).fetchone()
                found |= {(name, v) for v, many in zip(variables, moved, strict=True) if many}
    for name in asked:
        connection.execute(f"DROP TABLE known_{name}")
    return sorted(found)


def refuse_told_by_not_known(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], names: Sequence[str]
) -> None:
    """Count no population that :func:`told_by_not_known` finds.

    Raises
    ------
    InputProblem
        Names populations and variables, never of whom they would tell.
    """
    if found := told_by_not_known(connection, standard, indicators, names):
        raise InputProblem(f"Nothing was published: {sentence(*found[0])}")


def sentence(name: str, variable: str) -> str:
    """Say what is wrong with a variable of a population."""
    return (
        f"in population {name}, '{variable}' is not known for what somebody answered, or for a day, and a few who are not "
        "known are shown. Let its query give what is known, or name it in disclosure.yml, under not_known, tells."
    )


def _asked_of(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], names: Sequence[str]
) -> dict[str, dict[str, bool]]:
    """Return by population the variables with a category of those who are not known, and whether each is a list."""
    told = load_policy(standard.folder / "disclosure.yml").not_known_tells
    asked: dict[str, dict[str, bool]] = {}
    for name in names:
        if standard.populations[name].figures is not None:
            continue
        by = {b.variable for i in indicators if i.population == name for b in i.by if b.unknown}
        by -= (
            {b.variable for i in indicators for b in i.by if b.codelist == YEAR_CODELIST} | {TERRITORY} | told
        )
        kinds = _kinds(connection, standard.populations[name])
        variables = {v: kinds[v].endswith("[]") for v in sorted((by & kinds.keys()) - {TERRITORY, YEAR})}
        if variables:
            asked[name] = variables | dict.fromkeys(sorted({TERRITORY, YEAR} & kinds.keys()), False)
    return asked


def _kinds(connection: Any, population: Population) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {population.sql}").fetchall()}


def _said(standard: Standard, name: str, variables: dict[str, bool]) -> str:
    """Return the query of who is not known: by unit and territory, of all its rows and of any."""
    population = standard.populations[name]
    unit = " || '/' || ".join(
        f'"{part}"::VARCHAR' for part in (key_column(population.unit), *population.each)
    )
    lacks = {v: f"NOT coalesce({_known(standard, v, many)}, false)" for v, many in variables.items()}
    # Of a list nothing is known only where it says so: an empty one denies every code.
    lacks |= {v: f'{sql} AND len("{v}") IS DISTINCT FROM 0' for v, sql in lacks.items() if variables[v]}
    columns = ", ".join(f'[bool_and({sql}), bool_or({sql})] AS "{v}"' for v, sql in lacks.items())
    place = f"coalesce(\"{TERRITORY}\"::VARCHAR, '')"
    year = f"coalesce(\"{YEAR}\"::VARCHAR, '')" if YEAR in variables else "''"
    own = f"{unit} AS unit, {place} AS place, {year} AS year, count(*) AS many"
    return f"SELECT {own}, {columns} FROM ({population.sql}) GROUP BY ALL"


def _known(standard: Standard, column: str, many: bool) -> str:
    missing = ", ".join(f"'{code}'" for code in standard.missing_codes)
    if many:
        return f'len(list_filter("{column}", lambda code: code NOT IN ({missing}))) > 0'
    return f'"{column}"::VARCHAR NOT IN ({missing})'


@contextmanager
def _changed(connection: Any, standard: Standard, change: Change) -> Iterator[None]:
    """Let the views of ``current`` show tables of cases that were changed."""
    salt = secrets.token_hex(
        8
    )  # nobody who writes a query knows who gets whose answers, nor how far days move
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_BESIDE}")
    names = []
    try:
        for table in standard.tables_of_kind("case"):
            if replaced := change(standard, table, salt):
                columns = ", ".join(f'{sql} AS "{column}"' for column, sql in replaced.items())
                connection.execute(
                    f'CREATE OR REPLACE TABLE {_BESIDE}."{table.name}" AS SELECT * REPLACE ({columns}) '
                    f'FROM "{CURRENT}"."{table.name}"'
                )
                names.append(table.name)
        with shown_instead(connection, names, _BESIDE):
            yield
    finally:
        connection.execute(f"DROP SCHEMA {_BESIDE} CASCADE")


def _answers_dealt(standard: Standard, table: Table, salt: str) -> dict[str, str]:
    """Give every row the answer of the next one of whom it is known; where it is not known, nothing changes."""
    order = f"hash(submission_id || '/' || source_row || '/' || source_part || '{salt}')"
    found = {}
    for column in answers_of(table):
        known = f"coalesce({_known(standard, column, table.by_name[column].multiple)}, false)"
        window = f"OVER (PARTITION BY {known} ORDER BY {order})"
        found[column] = (
            f'CASE WHEN {known} THEN coalesce(lead("{column}") {window}, first_value("{column}") {window}) '
            f'ELSE "{column}" END'
        )
    return found


def _answers_and_days(standard: Standard, table: Table, salt: str) -> dict[str, str]:
    """Move all days, and deal the answers once more: whom the first deal left out of the count this one may not."""
    days = _FEWEST_DAYS + int(salt, 16) % _MORE_DAYS
    moved = {f.name: f'("{f.name}" + {days})::DATE' for f in table.fields if f.type == "date"}
    return moved | _answers_dealt(standard, table, salt)
