"""Where counted units stand in the senders' files, and which columns a count looks at: coordinates, never values.

Internal to the office. The columns come from the SQL of the standard itself, so that they need no list of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.optimizer.eliminate_ctes import eliminate_ctes
from sqlglot.optimizer.eliminate_joins import eliminate_joins
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from clearing_point.analysis.count import is_marked
from clearing_point.analysis.units import (
    CURRENT,
    PERSON,
    ROW,
    key_column,
    key_sql,
    rows_with_persons,
    way_to_person,
)
from clearing_point.standard.columns import columns_of
from clearing_point.standard.model import LINEAGE, Indicator, Standard, Table
from clearing_point.standard.qualify import parse_expression

Column = tuple[str, str]
"""A table of the standard and one of its fields."""

_ADDED = {
    PERSON: ("person_id",),
    "submission": ("sender", "territory", "period_start", "period_end", "received_at", "version_number"),
}
"""Columns that the engine adds to a table of the schema `current`: no sender's file has them."""


@dataclass(frozen=True)
class Origin:
    """Rows of one sheet of one submission that stand in one table, and the columns of theirs that a count looks at.

    Attributes
    ----------
    rows : tuple of int
        Rows of the sender's sheet, 1 is the first.
    columns : tuple of (column letter, field)
        An empty letter where no column of the sheet holds the field: its profile says it, or another sheet.
    """

    table: str
    submission: str
    sheet: str
    rows: tuple[int, ...]
    columns: tuple[tuple[str, str], ...]


def looked_at(connection: Any, standard: Standard, indicator: Indicator) -> frozenset[Column]:
    """Return the fields, received or derived, whose values decide who is in a table and in which of its cells."""
    population = standard.populations[indicator.population]
    names = {b.variable for b in indicator.by}
    if indicator.measure is not None and indicator.measure.value is not None:
        names.add(indicator.measure.value)
    if indicator.where is not None:
        names |= {c.name for c in exp.Paren(this=parse_expression(indicator.where)).find_all(exp.Column)}
    if is_marked(connection, indicator) and population.first:
        names.add(population.first)  # which of a person's territories counts her
    return _read(population.sql, frozenset(names), standard.sha256, standard)


@lru_cache(maxsize=512)
def _read(sql: str, names: frozenset[str], _sha256: str, standard: Standard) -> frozenset[Column]:
    whole = _qualified(sql, standard.sha256, standard)
    wanted = whole.copy()
    wanted.set("expressions", [e for e in wanted.expressions if e.alias_or_name in names])
    found = set()
    # What is joined and then left unused says nothing of this table.
    used = eliminate_ctes(eliminate_joins(pushdown_projections(wanted)))
    for scope in traverse_scope(pushdown_projections(used)):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.name in standard.tables:
                field = _field_of(standard.tables[source.name], column.name)
                if field is not None and field not in _keys(standard.tables[source.name]):
                    found.add((source.name, field))
    return frozenset(found)


@lru_cache(maxsize=32)
def _qualified(sql: str, _sha256: str, standard: Standard) -> exp.Query:
    tree = parse_one(f"SELECT * FROM ({sql}) AS counted", dialect="duckdb")
    for call in list(tree.find_all(exp.Anonymous)):
        # What it is called does not matter here, and the optimiser keeps a function that it does not know.
        call.replace(exp.Array(expressions=call.expressions))
    tables = {
        t.name: dict.fromkeys((*LINEAGE, *_names(t), *_ADDED.get(t.name, ())), "varchar")
        for t in standard.tables.values()
    }
    found = qualify(tree, schema={CURRENT: tables}, dialect="duckdb", validate_qualify_columns=False)
    assert isinstance(found, exp.Query)  # noqa: S101 - for the type only
    return found


def _names(table: Table) -> Iterator[str]:
    return (name for name, _ in columns_of(table))


def _keys(table: Table) -> set[str]:
    """Fields by which rows are found: they say of whom a row is and nothing that is counted."""
    return {*table.primary_key, *(field for fields in table.parents.values() for field in fields)}


def _field_of(table: Table, column: str) -> str | None:
    """Return the field that a column of a data table belongs to: the field itself or a companion's."""
    if column in table.by_name:
        return column
    for field in table.fields:
        if column in (field.missing_column, field.precision_column, field.no_column):
            return field.name
    return None


def received(standard: Standard, columns: Iterable[Column]) -> frozenset[Column]:
    """Return fields that senders fill: those that are named, and what the derived ones among them follow from."""
    found: set[Column] = set()
    waiting, seen = list(columns), set(columns)
    while waiting:
        table, name = waiting.pop()
        field = standard.tables[table].by_name[name]
        if field.derived is None:
            found.add((table, name))
            continue
        for column in _of_expression(field.derived, table, standard):
            if column not in seen:
                seen.add(column)
                waiting.append(column)
    return frozenset(found)


def _of_expression(text: str, table: str, standard: Standard) -> Iterator[Column]:
    tree = exp.Paren(this=parse_expression(text))
    for column in tree.find_all(exp.Column):
        select = column.find_ancestor(exp.Select)
        inside = {s.alias_or_name: s.name for s in select.find_all(exp.Table)} if select else {}
        owners = [column.table] if column.table else [*inside.values(), table]
        for owner in owners:
            found = standard.tables.get(inside.get(owner, owner))
            field = None if found is None else _field_of(found, column.name)
            if found is not None and field is not None:
                yield found.name, field
                break


def mark_units(connection: Any, standard: Standard, population: str, of_units: str) -> None:
    """Make the temporary table ``traced``: units of a population with their person as her sender knows her.

    Parameters
    ----------
    of_units : str
        Condition on units by ``unit_id`` and ``person_id``, such as a membership of a subquery.
    """
    unit = standard.populations[population].unit
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE traced AS SELECT * FROM (SELECT DISTINCT {key_sql(standard, unit)} AS unit_id, "
        f"p.person_id AS person_id {rows_with_persons(standard, unit)}) WHERE {of_units}"
    )


def origins(
    connection: Any, standard: Standard, population: str, columns: Iterable[Column]
) -> tuple[Origin, ...]:
    """Return where the units of the table ``traced`` stand, with everything else that the count looks at.

    Parameters
    ----------
    columns : iterable of (table, field)
        As :func:`received` gives them. The table that is counted is there even if none of its fields matters.
    """
    unit = standard.populations[population].unit
    fields: dict[str, set[str]] = {unit: set()}
    for table, field in columns:
        fields.setdefault(table, set()).add(field)
    found: list[Origin] = []
    for table in sorted(fields, key=lambda name: standard.tables[name].order):
        rows = connection.execute(_rows_of(standard, unit, table)).fetchall()
        sheets: dict[tuple[str, str], set[int]] = {}
        for submission, sheet, row in rows:
            sheets.setdefault((str(submission), str(sheet)), set()).add(int(row))
        for (submission, sheet), numbers in sorted(sheets.items()):
            letters = letters_of(connection, submission, sheet, table)
            named = [(letter, f) for f in sorted(fields[table]) for letter in letters.get(f, [""])]
            found.append(Origin(table, submission, sheet, tuple(sorted(numbers)), tuple(named)))
    return tuple(found)


def _rows_of(standard: Standard, unit: str, table: str) -> str:
    """Return the query of submission, sheet and row of a table's rows that belong to what is traced."""
    if table == unit:
        alias = "p" if table == PERSON else ROW
        return _places(alias, rows_with_persons(standard, table), f"{key_sql(standard, table)} IN ({_UNITS})")
    if unit != PERSON:
        for alias, name, _ in way_to_person(standard, standard.tables[unit]):
            if name == table:
                return _places(
                    alias, rows_with_persons(standard, unit), f"{key_sql(standard, unit)} IN ({_UNITS})"
                )
    alias = "p" if table == PERSON else ROW
    return _places(alias, rows_with_persons(standard, table), "p.person_id IN (SELECT person_id FROM traced)")


_UNITS = "SELECT unit_id FROM traced"


def _places(alias: str, source: str, condition: str) -> str:
    return (
        f"SELECT DISTINCT {alias}.submission_id, {alias}.sheet, {alias}.source_row {source} "
        f"WHERE {condition} AND {alias}.source_row IS NOT NULL ORDER BY ALL"
    )


def letters_of(connection: Any, submission: str, sheet: str, table: str) -> Mapping[str, Sequence[str]]:
    """Return by field the letters of the columns of a sheet that hold it."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        "SELECT target_field, column_letter FROM warehouse.raw.column WHERE submission_id = ? AND sheet = ? "
        "AND target_table = ? AND target_field IS NOT NULL ORDER BY column_number",
        [submission, sheet, table],
    ).fetchall()
    for field, letter in rows:
        found.setdefault(str(field), []).append(str(letter))
    return found


def touched_units(standard: Standard, population: str, table: str) -> str:
    """Return the condition on units of a population that go back to the rows of the table ``traced_row``.

    Rows are ``submission_id``, ``sheet``, ``source_row`` of one table of the standard. A row of what a unit belongs to
    touches it; any other row of a person touches all her units.
    """
    unit = standard.populations[population].unit
    same = "({0}.submission_id, {0}.sheet, {0}.source_row) IN (SELECT * FROM traced_row)"
    chain = {unit: "p" if unit == PERSON else ROW}
    if unit != PERSON:
        chain |= {name: alias for alias, name, _ in way_to_person(standard, standard.tables[unit])}
    if table in chain:
        source = rows_with_persons(standard, unit)
        return f"unit_id IN (SELECT {key_sql(standard, unit)} {source} WHERE {same.format(chain[table])})"
    source = rows_with_persons(standard, table)
    return f"person_id IN (SELECT p.person_id {source} WHERE {same.format(ROW)})"


def rows_of_units(standard: Standard, indicator: Indicator, marked: bool) -> str:
    """Return the SQL of the key of a population's row: of a linked person, that of the case that the row is."""
    unit = standard.populations[indicator.population].unit
    return "case_id" if marked else f"{key_column(unit)}::VARCHAR"
