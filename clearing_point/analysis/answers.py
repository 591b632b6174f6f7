"""Where and when somebody is counted, and the number that is measured of her, never follow from what she answered.

A population that moves the men of one group to another year, or gives them numbers of an editor's choice, would let two
tables subtract to a few, or a median tell what they are. So the query is run once more with the answers of persons dealt
out anew: whoever is counted then must be counted where, when and with what number she was before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from clearing_point.analysis.persons import YEAR
from clearing_point.analysis.units import CURRENT, PERSON, key_column
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY, Indicator, Population, Standard, Table

_TIMES_AND_AMOUNTS = frozenset({"date", "year", "integer", "number"})
_BESIDE = "answered"
"""Schema of the tables whose answers are those of others."""


def told_by_answers(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], names: Sequence[str]
) -> list[str]:
    """Return the populations in which answers of others would change place, year or measured number of somebody.

    Answers are the coded fields of the table of persons, and of every table from which neither the year nor a measured
    number is taken: those of an event may say which event counts.

    Parameters
    ----------
    names : sequence of str
        Populations whose queries run.
    """
    found = []
    with _dealt_anew(connection, standard) as dealt:
        for name in names:
            population = standard.populations[name]
            if population.figures is not None:
                continue
            told = _told(connection, population, indicators)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE told_before AS {_asked(population, told)}")
            sources = _sources(connection, standard, population, told) - {PERSON}
            chosen = [table for table in dealt if table not in sources]
            with shown_instead(connection, chosen, _BESIDE):
                connection.execute(f"CREATE OR REPLACE TEMP TABLE told_after AS {_asked(population, told)}")
            (moved,) = connection.execute(
                "SELECT count(*) FROM (FROM told_after WHERE unit IN (SELECT unit FROM told_before) EXCEPT FROM told_before)"
            ).fetchone()
            found += [name] if moved else []
            connection.execute("DROP TABLE told_before; DROP TABLE told_after")
    return found


def refuse_told_by_answers(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], names: Sequence[str]
) -> None:
    """Count no population that :func:`told_by_answers` finds.

    Raises
    ------
    InputProblem
        Names the populations, never what would move.
    """
    if found := told_by_answers(connection, standard, indicators, names):
        raise InputProblem(f"Nothing was published: {sentence(', '.join(found))}")


def sentence(names: str) -> str:
    """Say what is wrong with populations."""
    return (
        f"population {names} counts somebody in another place or year, or measures another number of her, for what she "
        "answered: two tables would subtract to a few. Place, year and number must follow from dates and amounts."
    )


def _told(connection: Any, population: Population, indicators: Sequence[Indicator]) -> list[str]:
    """Return the columns of a population that must stay: place, year, and what is measured of it."""
    measured = {
        i.measure.value
        for i in indicators
        if i.population == population.name and i.measure is not None and i.measure.value is not None
    }
    rows = connection.execute(f"DESCRIBE {population.sql}").fetchall()
    return sorted({TERRITORY, YEAR, *measured} & {str(row[0]) for row in rows})


def _asked(population: Population, told: Sequence[str]) -> str:
    unit = " || '/' || ".join(
        f'"{part}"::VARCHAR' for part in (key_column(population.unit), *population.each)
    )
    columns = "".join(f', "{column}"' for column in told)
    return f"SELECT DISTINCT {unit} AS unit{columns} FROM ({population.sql})"


def _sources(connection: Any, standard: Standard, population: Population, told: Sequence[str]) -> set[str]:
    """Return the tables from whose dates and amounts a population takes the year and what it measures."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = ? AND database_name = current_database()",
        [CURRENT],
    ).fetchall()
    known: dict[str, dict[str, str]] = {}
    for table, column in columns:
        known.setdefault(str(table), {})[str(column)] = "VARCHAR"
    found = set()
    for column in told:
        try:
            node = lineage(column, population.sql, schema={CURRENT: known}, dialect="duckdb")
        except SqlglotError as error:
            raise InputProblem(
                f"Population {population.name}: where its column '{column}' comes from cannot be followed; write its query "
                "more plainly."
            ) from error
        for leaf in node.walk():
            table = standard.tables.get(leaf.source.name) if isinstance(leaf.source, exp.Table) else None
            field = table.by_name.get(leaf.name.rpartition(".")[2].strip('"')) if table is not None else None
            if table is not None and field is not None and field.type in _TIMES_AND_AMOUNTS:
                found.add(table.name)
    return found


@contextmanager
def _dealt_anew(connection: Any, standard: Standard) -> Iterator[list[str]]:
    """Make every table of cases anew, with the coded answers of its rows dealt out among them."""
    tables = [t for t in standard.tables_of_kind("case") if answers_of(t)]
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_BESIDE}")
    salt = secrets.token_hex(8)  # nobody who writes a query knows who gets whose answers
    for table in tables:
        answers = ", ".join(f'"{a}"' for a in answers_of(table))
        theirs = ", ".join(f'b."{a}"' for a in answers_of(table))
        source = f'"{CURRENT}"."{table.name}"'
        drawn = f"row_number() OVER (ORDER BY hash(submission_id || source_row::VARCHAR || '{salt}')) AS other_place"
        connection.execute(
            f'CREATE OR REPLACE TABLE {_BESIDE}."{table.name}" AS SELECT a.* EXCLUDE ({answers}, own_place), {theirs} '
            f"FROM (SELECT *, row_number() OVER () AS own_place FROM {source}) AS a "
            f"JOIN (SELECT {answers}, {drawn} FROM {source}) AS b ON b.other_place = a.own_place"
        )
    try:
        yield [t.name for t in tables]
    finally:
        connection.execute(f"DROP SCHEMA {_BESIDE} CASCADE")


def answers_of(table: Table) -> list[str]:
    """Return the coded fields of a table that are answers and no keys."""
    kept = {*table.primary_key, *(f for fields in table.parents.values() for f in fields)}
    kept |= {own for own, _, _ in table.references}
    return [f.name for f in table.fields if f.codelist not in (None, TERRITORY) and f.name not in kept]


@contextmanager
def shown_instead(connection: Any, names: Sequence[str], schema: str) -> Iterator[None]:
    """Let the views of ``current`` show tables of another schema that were changed."""
    before = {
        str(name): str(sql)
        for name, sql in connection.execute(
            "SELECT view_name, sql FROM duckdb_views() WHERE schema_name = ?", [CURRENT]
        ).fetchall()
    }
    for name in names:
        connection.execute(f'CREATE OR REPLACE VIEW "{CURRENT}"."{name}" AS FROM {schema}."{name}"')
    try:
        yield
    finally:
        for name in names:
            connection.execute(before[name].replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
