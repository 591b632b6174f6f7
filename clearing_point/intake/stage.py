"""Bringing what was read into ``staged`` and working out the derived fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clearing_point.standard.expressions import (
    KNOWN,
    create_known_views,
    joined_from,
    known_select,
    qualified,
)
from clearing_point.standard.model import Standard, Table


def stage(connection: Any, filled: dict[str, list[str]], standard: Standard) -> dict[str, int]:
    """Bring what was read into ``staged`` and work out the derived fields."""
    sources: dict[str, str] = {}
    for name in standard.tables:
        parts = filled.get(name)
        if parts is None:
            sources[name] = f'staged."{name}"'
        elif len(parts) == 1:
            sources[name] = parts[0]
        else:
            union = " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE read_{name} AS {union}")
            sources[name] = f"read_{name}"
    create_known_views(connection, standard, {n: f'staged."{n}"' for n in standard.tables})
    for name in _parents_first(filled, standard):
        table = standard.tables[name]
        if table.derived:
            _insert_with_derived(connection, table, sources[name], standard)
        else:
            connection.execute(f'INSERT INTO staged."{name}" BY NAME SELECT * FROM {sources[name]}')
    return rows_of(connection, {name: f'staged."{name}"' for name in _parents_first(filled, standard)})


def rows_of(connection: Any, tables: Mapping[str, str]) -> dict[str, int]:
    """Count the rows of several tables in one statement: name -> rows."""
    counted = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables.values())
    found = connection.execute(f"SELECT {counted}").fetchone() if tables else ()
    return dict(zip(tables, found, strict=True))


def _parents_first(filled: dict[str, list[str]], standard: Standard) -> Iterator[str]:
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for parent in standard.tables[name].parents:
            yield from visit(parent)
        if name in filled:
            yield name

    for name in sorted(filled, key=lambda n: (standard.tables[n].order, n)):
        yield from visit(name)


def _insert_with_derived(connection: Any, table: Table, source: str, standard: Standard) -> None:
    """Insert the rows as read together with their derived fields, worked out over them and their parents."""
    # The row's own view keeps the row's number, by which the untouched values are joined back to it.
    own = known_select(table, source, standard, received_only=True, extra="rowid AS row_number, ")
    connection.execute(f'CREATE OR REPLACE VIEW {KNOWN}."{table.name}" AS {own}')
    worked_out = []
    for field in table.derived:
        value = qualified(field.derived or "NULL", table, standard)
        blank = "['UNK']" if field.multiple else "'UNK'"
        worked_out.append(
            f'coalesce({value}, {blank}) AS "{field.name}"'
            if field.type == "string"
            else f'{value} AS "{field.name}"'
        )
        if field.missing_column:
            worked_out.append(f"CASE WHEN ({value}) IS NULL THEN 'UNK' END AS \"{field.missing_column}\"")
    connection.execute(
        f'INSERT INTO staged."{table.name}" BY NAME SELECT received.*, worked_out.* EXCLUDE (row_number) '
        f'FROM {source} AS received JOIN (SELECT "{table.name}".row_number, {", ".join(worked_out)} '
        f"FROM {joined_from(table, standard, worked_out)}) AS worked_out ON received.rowid = worked_out.row_number"
    )
    create_known_views(connection, standard, {table.name: f'staged."{table.name}"'})
