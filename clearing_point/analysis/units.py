"""The units of a population: keys that the warehouse knows, each with the person behind it and the sender who told it.

A query in YAML says which rows count. It cannot say how often: what it names as a unit must be a key of a table of the
standard, so that a join with a series makes no ten units of one; and the person behind a unit is found here, from
the warehouse, whatever the query returns. So the threshold can be held for persons wherever services, referrals or
follow-ups are counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlglot import exp

from clearing_point.analysis.persons import LINKED
from clearing_point.errors import InputProblem, InternalError
from clearing_point.standard.aggregate_figures import key_of_unit, units_sql
from clearing_point.standard.files import place_of_text
from clearing_point.standard.model import Indicator, Population, Standard, Table
from clearing_point.standard.qualify import parse_expression

CURRENT = "current"
"""Schema of views over accepted submissions in force that count persons."""
SUBMISSION = "submission"
"""View of that schema: the submissions in force."""
PERSON = "person"
"""Table of the standard whose rows are persons; the unit of a population of persons."""
ROW, _PERSONS = "t", "p"
"""Aliases of :func:`rows_with_persons`: the rows of a table, and their persons."""
BEHIND, SENT_BY = "person_behind", "sent_by"
"""Columns of a population's table: the person (after links) behind a row, and the sender whose row it is."""
KEY_OF_PERSON, KEY_OF_UNIT = "person_id", "unit_id"
OF_THE_ENGINE = frozenset({"case_id", "mark", BEHIND, SENT_BY})
"""Names that no query may give a column of its own: they say who is behind a row."""
_WHILE_MARKING = frozenset({"linked", "lowest", "place", "turn"})
"""Names of :func:`.persons.mark_persons` on the way: a column of the query would stand for its own."""


def key_column(table: str) -> str:
    """Return the column in which a population names its units: `person_id` for persons, `unit_id` for all else."""
    return KEY_OF_PERSON if table == PERSON else KEY_OF_UNIT


def check_units(connection: Any, standard: Standard, population: Population, rows: str) -> None:
    """Make the temporary table of known units, and refuse rows whose unit is none of them.

    Parameters
    ----------
    rows : str
        Table that the population's query made.

    Raises
    ------
    InputProblem
        If the population counts things without a key, or keys that nobody sent; says how many rows, never which.
    """
    unit, column = population.unit, key_column(population.unit)
    columns = {str(r[0]) for r in connection.execute(f"DESCRIBE {rows}").fetchall()}
    # A column of one of these names would say who is behind a row, in place of the engine.
    if taken := (OF_THE_ENGINE | _WHILE_MARKING) & {c.lower() for c in columns}:
        raise InputProblem(
            f"Population {population.name}: '{min(taken)}' is a name of the engine's; call the column otherwise."
        )
    lacking = [c for c in (column, *population.each) if c not in columns]
    if lacking:
        raise InputProblem(
            f"Population {population.name} counts rows of {unit} and has no column '{lacking[0]}': name it in its query."
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_unit AS {_known(standard, unit)}")
    count = connection.execute(
        f"SELECT count(*) FROM {rows} AS r WHERE NOT EXISTS "
        f"(SELECT 1 FROM known_unit AS k WHERE k.unit_id = r.{column}::VARCHAR)"
    ).fetchone()[0]
    if count:
        raise InputProblem(
            f"Population {population.name}: {count} of its rows count what no sender sent. {_how(standard, unit)} A unit "
            "made in the query would count persons more than once, and small numbers would look large."
        )


def refuse_weights(
    connection: Any, population: Population, indicator: Indicator, cells: str, source: str, *, measured: bool
) -> None:
    """Let no cell count a row of a table twice, nor measure it twice: by how often, a query could tell few among many.

    Parameters
    ----------
    cells, source : str
        The columns of a table's cells, and its rows, each with its `unit` and the `row_key` of the row it is made of.

    Raises
    ------
    InputProblem
        If a cell holds several units that are made of one row, or one unit several times where numbers are measured.
    """
    often = ["count(DISTINCT unit) > count(DISTINCT row_key)"] if population.each else []
    often += ["count(*) > count(DISTINCT unit)"] if measured else []
    if not often:
        return
    if connection.execute(
        f"SELECT 1 FROM {source} GROUP BY {cells} HAVING {' OR '.join(often)} LIMIT 1"
    ).fetchone():
        raise InputProblem(
            f"Indicator {indicator.indicator_id}: one row of {population.unit} is several times in a cell. "
            f"Population {population.name} must have it once; a table of units that stand under 'each' is by that column, "
            "without a total."
        )


def name_persons(connection: Any, population: Population, rows: str) -> None:
    """Add to the population's table who is behind each row and who sent it; :func:`check_units` has gone before."""
    columns = {str(r[0]) for r in connection.execute(f"DESCRIBE {rows}").fetchall()}
    # Of linked persons, the rows' own case tells the sender and `person_id` the person.
    column = "case_id" if "case_id" in columns else key_column(population.unit)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT r.*, coalesce(l.linked, k.person_id) AS {BEHIND}, "
        f"k.sender AS {SENT_BY} FROM {rows} AS r LEFT JOIN known_unit AS k ON k.unit_id = r.{column}::VARCHAR "
        f"LEFT JOIN {LINKED} AS l ON l.person_id = k.person_id"
    )


def refuse_single_rows(indicator: Indicator, folder: Path) -> None:
    """Let a condition speak of variables of the row alone: of a key, or of other rows, it could ask who one person is.

    Raises
    ------
    InputProblem
        If it names a key of persons or units, holds a query, or is no condition; names file and line, never the text.
    """
    if indicator.where is None:
        return
    try:
        tree = exp.Paren(this=parse_expression(indicator.where))
    except InputProblem as problem:
        place = place_of_text(folder, indicator.where)
        raise InputProblem(
            f"Indicator {indicator.indicator_id}{place and f' ({place})'}: its condition: {problem}."
        ) from problem
    named = {column.name for column in tree.find_all(exp.Column)} & {
        KEY_OF_UNIT,
        KEY_OF_PERSON,
        *OF_THE_ENGINE,
    }
    if named or tree.find(exp.Query, exp.Exists, exp.AggFunc, exp.Window):
        what = f"speaks of '{min(named)}'" if named else "asks other rows"
        raise InputProblem(
            f"Indicator {indicator.indicator_id}: its condition {what}; it may compare variables of the row only."
        )


def _how(standard: Standard, unit: str) -> str:
    if unit == PERSON:
        return "Its person_id must be that of the table person, as it stands there."
    if standard.tables[unit].counts is not None:
        return f"Its units are made of the totals in {unit}: declare it under 'figures'."
    keys = " || '/' || ".join(standard.tables[unit].primary_key)
    return (
        f"Its unit_id must be sender || '/' || {keys} of the table {unit}; a column that makes several "
        "units of one row stands under 'each'."
    )


def _known(standard: Standard, unit: str) -> str:
    """Return the query of all keys of a table, each with one person and her sender."""
    table = standard.tables.get(unit)
    if table is not None and table.counts is not None:
        key = key_of_unit(table, "u.sender", "u", "u.n")
        return (
            f"SELECT {key} AS unit_id, min(u.person_id) AS person_id, min(u.sender) AS sender "
            f"FROM ({units_sql(table, CURRENT)}) AS u GROUP BY 1"
        )
    if table is None or table.kind != "case" or (unit != PERSON and not table.primary_key):
        raise InputProblem(f"'{unit}' is no table of cases: a population counts rows of one of them.")
    # A key that was used for two persons counts as one of them: fewer persons are the careful answer.
    return (
        f"SELECT {key_sql(standard, unit)} AS unit_id, min(p.person_id) AS person_id, min(s.sender) AS sender "
        f"{rows_with_persons(standard, unit)} GROUP BY 1"
    )


def _way_to_person(standard: Standard, table: Table) -> str:
    """Return the joins from a table, through the tables it belongs to, to its persons."""
    way = way_to_person(standard, table)
    before = [ROW, *(alias for alias, _, _ in way)]
    return " ".join(
        _join(parent, fields, child, alias)
        for child, (alias, parent, fields) in zip(before, way, strict=False)
    )


def way_to_person(standard: Standard, table: Table) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the tables from a table to its persons: alias, name, and the fields by which the one before names its row.

    Raises
    ------
    InputProblem
        If its rows belong to no person.
    """
    way: list[tuple[str, str, tuple[str, ...]]] = []
    if table.counts is not None:
        return way  # its units are persons themselves
    here = table
    while PERSON not in here.parents:
        if not here.parents:
            raise InputProblem(f"Rows of {table.name} belong to no person: a population cannot count them.")
        parent, fields = next(iter(here.parents.items()))
        way.append((f"t{len(way) + 1}", parent, fields))
        here = standard.tables[parent]
        if len(way) > len(standard.tables):
            raise InternalError(f"The tables around {table.name} belong to each other in a circle.")
    return [*way, (_PERSONS, PERSON, here.parents[PERSON])]


def rows_with_persons(standard: Standard, name: str) -> str:
    """Return the FROM clause of a table's rows (``t``; persons: ``p``), what they belong to, and their submission ``s``.

    Rows of a table of totals belong to the units of their group, whether they are the total or a part of it.
    """
    counts = standard.tables[name].counts
    if counts is not None:
        group = " AND ".join(f"{_PERSONS}.{c} = {ROW}.{c}" for c in ("submission_id", *counts.of))
        units = units_sql(standard.tables[name], CURRENT)
        return (
            f'FROM "{CURRENT}"."{name}" AS {ROW} JOIN ({units}) AS {_PERSONS} ON {group} '
            f'JOIN "{CURRENT}".submission AS s ON s.submission_id = {ROW}.submission_id'
        )
    way = "" if name == PERSON else _way_to_person(standard, standard.tables[name])
    first = _PERSONS if name == PERSON else ROW
    return (
        f'FROM "{CURRENT}"."{name}" AS {first} {way} '
        f'JOIN "{CURRENT}".submission AS s ON s.submission_id = {first}.submission_id'
    )


def key_sql(standard: Standard, name: str) -> str:
    """Return the SQL of the key by which a population names a row of :func:`rows_with_persons`."""
    if name == PERSON:
        return f"{_PERSONS}.person_id"
    if standard.tables[name].counts is not None:
        return key_of_unit(standard.tables[name], "s.sender", ROW, f"{_PERSONS}.n")
    keys = (f'{ROW}."{k}"::VARCHAR' for k in standard.tables[name].primary_key)
    return " || '/' || ".join(["s.sender", *keys])


def _join(parent: str, fields: tuple[str, ...], alias: str, name: str) -> str:
    same = " AND ".join(f'{name}."{f}" = {alias}."{f}"' for f in ("submission_id", *fields))
    # A row without its parent has nobody behind it, which counts as fewer persons.
    return f'LEFT JOIN "{CURRENT}"."{parent}" AS {name} ON {same}'
