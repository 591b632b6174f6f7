"""Counting in parts: persons are split, every part is counted by itself, and the parts are added.

A count is a sum over persons, so what is worked out of a part never needs another one. No command adds parts yet
(docs/scale.md); ``standard check`` and ``publish`` refuse a population that could not be counted so. Three things keep
it exact: persons that links join are in one part (the split is made of links, certain and possible); so are persons who
share a number of one sender, whom the count takes for one; and a median or a sum is worked out at the end, from the
values of all parts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from clearing_point.analysis.count import (
    NUMBERS,
    Counted,
    asked,
    cases_counted,
    counted_at,
    measured,
    population_tables,
    statistic_of,
    with_units,
)
from clearing_point.analysis.incidence import UnitRows, unit_rows, units_from
from clearing_point.analysis.persons import LINKED, open_links
from clearing_point.analysis.units import CURRENT, PERSON, ROW, rows_with_persons, way_to_person
from clearing_point.analysis.vintages import Cases
from clearing_point.disclosure.model import Behind, Cell, CountTable
from clearing_point.errors import InputProblem
from clearing_point.standard.model import LINEAGE, Indicator, Standard, Table

_WHOLE = "whole"
"""Schema of the views of all rows, while those of ``current`` show a part."""


def count_in_parts(
    connection: Any, standard: Standard, indicators: Sequence[Indicator], years: Sequence[int], number: int
) -> list[Counted]:
    """Count every indicator in so many parts; raises as :func:`.count.count_indicators`.

    A population of persons must say whether it has one row a person (``one_row``): it would follow from all rows otherwise.
    Totals that senders counted themselves have no persons to split: they are counted at the end, as a whole.
    """
    every = indicators
    indicators = [i for i in every if not _of_figures(standard, i.population)]
    figures = [i for i in every if _of_figures(standard, i.population)]
    named = population_tables(connection, standard, figures)
    whole = [counted_at(connection, standard, i, years) for i in figures]
    tables = [c.table for c in whole]
    made: list[list[Counted]] = []
    cases = {name: [cases_counted(connection, standard, name)] for name in named}
    units: dict[str, list[UnitRows]] = {}
    for _ in _each_part(connection, standard, number):
        for name in population_tables(connection, standard, indicators):
            cases.setdefault(name, []).append(cases_counted(connection, standard, name))
        made.append([counted_at(connection, standard, i, years) for i in indicators])
        of_all = [*(c.table for c in made[-1]), *tables]
        for name, rows in unit_rows(connection, standard, of_all, leave_out=named).items():
            units.setdefault(name, []).append(rows)
        for indicator in indicators:
            _keep_values(connection, standard, indicator, years, first=len(made) == 1)
    added = [_added(connection, same) for same in zip(*made, strict=True)]
    of_cases = [name for name in cases if name not in named]
    of_all = [*(c.table for c in added), *tables]
    units |= {
        name: [rows] for name, rows in unit_rows(connection, standard, of_all, leave_out=of_cases).items()
    }
    by_name = {c.indicator.indicator_id: c for c in [*added, *whole]}
    return with_units(
        [by_name[i.indicator_id] for i in every],
        {name: _joined_cases(parts) for name, parts in cases.items()},
        units_from({name: _joined_units(parts) for name, parts in units.items()}),
    )


def _of_figures(standard: Standard, population: str) -> bool:
    return standard.populations[population].figures is not None


# --- the split ------------------------------------------------------------------------------------------------


def _each_part(connection: Any, standard: Standard, number: int, salt: str = "") -> Iterator[int]:
    """Let the views of ``current`` show one part after the other, and all at the end.

    Parameters
    ----------
    salt : str
        By which persons are split: another one makes other parts.
    """
    open_links(connection)
    tables = [t for t in standard.tables_of_kind("case") if _of_persons(standard, t)]
    with _split(connection, standard, tables, number, salt):
        for part in range(number):
            for table in tables:
                same = " AND ".join(f"p.{c} = w.{c}" for c in LINEAGE)
                connection.execute(
                    f'CREATE OR REPLACE VIEW "{CURRENT}"."{table.name}" AS SELECT w.* FROM {_WHOLE}."{table.name}" AS w '
                    f"SEMI JOIN part_of_{table.name} AS p ON {same} AND p.part = {part}"
                )
            yield part


def _of_persons(standard: Standard, table: Table) -> bool:
    try:
        return table.name == PERSON or bool(way_to_person(standard, table))
    except InputProblem:
        return False


@contextmanager
def _split(
    connection: Any, standard: Standard, tables: Sequence[Table], number: int, salt: str
) -> Iterator[None]:
    """Say of every row of every table in which part its person is; rows of nobody are in the first."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_WHOLE}")
    for table in tables:
        connection.execute(
            f'CREATE OR REPLACE VIEW {_WHOLE}."{table.name}" AS SELECT * FROM warehouse.core."{table.name}" '
            f'WHERE submission_id IN (SELECT submission_id FROM "{CURRENT}".submission)'
        )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE part_of AS SELECT DISTINCT p.person_id, coalesce(l.lowest, p.person_id) AS together, "
        f"(hash(coalesce(l.lowest, p.person_id) || '{salt}') % {number})::INTEGER AS part "
        f"FROM {_WHOLE}.{PERSON} AS p LEFT JOIN {LINKED} AS l USING (person_id)"
    )
    for table in tables:
        row = "p" if table.name == PERSON else ROW
        lineage = ", ".join(f"{row}.{c}" for c in LINEAGE)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE owner_of_{table.name} AS SELECT {lineage}, min(o.together) AS together, "
            f"{', '.join(_keys(table, row))} {rows_with_persons(standard, table.name)} "
            "LEFT JOIN part_of AS o ON o.person_id = p.person_id GROUP BY ALL"
        )
    _bring_together(connection, tables)
    for table in tables:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE part_of_{table.name} AS SELECT {', '.join(LINEAGE)}, coalesce(o.part, 0) AS part "
            f"FROM owner_of_{table.name} LEFT JOIN (SELECT DISTINCT together, part FROM part_of) AS o USING (together)"
        )
        connection.execute(f"DROP TABLE owner_of_{table.name}")
    try:
        yield
    finally:
        for table in tables:
            connection.execute(
                f'CREATE OR REPLACE VIEW "{CURRENT}"."{table.name}" AS FROM {_WHOLE}."{table.name}"'
            )
            connection.execute(f"DROP TABLE part_of_{table.name}")


def _keys(table: Table, row: str) -> list[str]:
    """Return what of a row others may share, as texts: its own key, and those of the rows it belongs to.

    A row that leaves a part of a key empty has no such key: it is NULL, and shared with nobody.
    """
    named = {table.name: table.primary_key, **table.parents}
    return [
        " || '/' || ".join(["s.sender", *(f'{row}."{k}"::VARCHAR' for k in keys)]) + f" AS key_{other}"
        for other, keys in named.items()
        if keys
    ]


def _bring_together(connection: Any, tables: Sequence[Table]) -> None:
    """Put persons who share a key, and rows of nobody that have one of theirs, into the first part."""
    shared = " UNION ALL ".join(
        f"SELECT '{other}/' || key_{other} AS key, together FROM owner_of_{table.name}"
        for table in tables
        for other in {table.name: table.primary_key, **table.parents}
        if {table.name: table.primary_key, **table.parents}[other]
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE shared_key AS SELECT DISTINCT * FROM ({shared}) WHERE key IS NOT NULL"
    )
    while True:
        moved = connection.execute(
            "UPDATE part_of SET part = 0 WHERE part <> 0 AND together IN (SELECT k.together FROM shared_key AS k JOIN ("
            "SELECT key FROM shared_key LEFT JOIN (SELECT DISTINCT together, part FROM part_of) AS o USING (together) "
            "GROUP BY key HAVING count(DISTINCT coalesce(o.part, 0)) > 1) AS apart USING (key))"
        ).fetchone()[0]
        if not moved:
            break
    connection.execute("DROP TABLE shared_key")


# --- adding ---------------------------------------------------------------------------------------------------


def _keep_values(
    connection: Any, standard: Standard, indicator: Indicator, years: Sequence[int], *, first: bool
) -> None:
    """Keep the measured values of a part with their cells: a median does not follow from medians."""
    if measured(indicator) is None:
        return
    with asked(connection, standard, indicator, years) as ask:
        cells = ", ".join(f"m{n}.category AS cell_{n}" for n in range(len(ask.dimensions)))
        query = f"SELECT {cells}, value FROM {ask.source}"
        target = _values(indicator)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {target} AS {query}" if first else f"INSERT INTO {target} {query}"
        )


def _values(indicator: Indicator) -> str:
    return f"values_of_{indicator.indicator_id.lower()}"


def _added(connection: Any, same: Sequence[Counted]) -> Counted:
    """Add one table of all parts."""
    tables = [c.table for c in same]
    table = replace(tables[0], counts=_counts(tables), behind=_behind(tables))
    measure = measured(same[0].indicator)
    if measure is None:
        return replace(same[0], table=table)
    cells = ", ".join(f"cell_{n}" for n in range(len(table.dimensions)))
    target = _values(same[0].indicator)
    rows = connection.execute(
        f"SELECT {cells}{NUMBERS[measure.kind]} FROM {target} GROUP BY {cells} ORDER BY ALL"
    ).fetchall()
    connection.execute(f"DROP TABLE {target}")
    return replace(same[0], table=table, statistic=statistic_of(measure, table, rows))


def _counts(tables: Sequence[CountTable]) -> dict[Cell, int]:
    found: dict[Cell, int] = {}
    for table in tables:
        for cell, count in table.counts.items():
            found[cell] = found.get(cell, 0) + count
    return {cell: found[cell] for cell in sorted(found)}


def _behind(tables: Sequence[CountTable]) -> dict[Cell, Behind]:
    persons: dict[Cell, int] = {}
    own: dict[Cell, dict[str, tuple[int, int]]] = {}
    for table in tables:
        for cell, behind in table.behind.items():
            persons[cell] = persons.get(cell, 0) + behind.persons
            senders = own.setdefault(cell, {})
            for sender, (units, those) in behind.own.items():
                before = senders.get(sender, (0, 0))
                senders[sender] = (before[0] + units, before[1] + those)
    return {cell: Behind(persons[cell], dict(sorted(own[cell].items()))) for cell in sorted(persons)}


def _joined_cases(parts: Sequence[Cases | None]) -> Cases | None:
    known = [each for each in parts if each is not None]
    if not known:
        return None
    rows = pa.concat_tables([each.rows for each in known])
    return replace(known[0], rows=_sorted(rows))


def _joined_units(parts: Sequence[UnitRows]) -> UnitRows:
    rows = pa.concat_tables([each.rows for each in parts])
    names = list(parts[0].parts)
    added = rows.group_by(names, use_threads=False).aggregate([("units", "sum")])
    added = added.rename_columns([*names, "units"])
    return UnitRows(parts[0].parts, _sorted(added))


def _sorted(rows: pa.Table) -> pa.Table:
    order: list[Any] = [(name, "ascending") for name in rows.column_names]
    return rows.sort_by(order).combine_chunks()


def told_by_others(connection: Any, standard: Standard, names: Sequence[str]) -> list[str]:
    """Return the populations whose queries tell otherwise of a person when others are not there: they cannot be split.

    Parameters
    ----------
    names : sequence of str
        Populations whose queries run.
    """
    asked_of = [name for name in names if not _of_figures(standard, name)]
    for name in asked_of:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE whole_{name} AS {standard.populations[name].sql}")
    # Nobody who writes a query knows the halves in which it will be tried.
    for part in _each_part(connection, standard, 2, secrets.token_hex(8)):
        for name in asked_of:
            into = f"INSERT INTO parts_{name}" if part else f"CREATE OR REPLACE TEMP TABLE parts_{name} AS"
            connection.execute(f"{into} {standard.populations[name].sql}")
    found = []
    for name in asked_of:
        (differ,) = connection.execute(
            f"SELECT count(*) FROM ((FROM whole_{name} EXCEPT ALL FROM parts_{name}) "
            f"UNION ALL (FROM parts_{name} EXCEPT ALL FROM whole_{name}))"
        ).fetchone()
        found += [name] if differ else []
        connection.execute(f"DROP TABLE whole_{name}; DROP TABLE parts_{name}")
    return found


def refuse_told_by_others(connection: Any, standard: Standard, names: Sequence[str]) -> None:
    """Count no population of which a query, given half of the persons, tells otherwise of them; over the rows that count.

    Such a query could write what one person is beside everybody, and the large number would tell it.

    Raises
    ------
    InputProblem
        Names the populations, never what they would tell.
    """
    if found := told_by_others(connection, standard, names):
        raise InputProblem(
            f"Nothing was published: population {', '.join(found)} says of persons what follows from rows of others, so a "
            "count of many would tell of few. Its query must say of every person what her own rows say."
        )
