"""Every piece of SQL of the standard as a query of DuckDB, with what DuckDB answers; for test_dialects.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.analysis.count import count_one, open_current, population_table
from clearing_point.quality.rule_examples import blocks_of, cases_of
from clearing_point.standard import Standard
from clearing_point.standard.ddl import statements
from clearing_point.standard.expressions import (
    create_known_views,
    install_macros,
    joined_from,
    known_select,
    one_table_select,
    qualified,
)
from clearing_point.standard.model import LINEAGE, Table
from clearing_point.standard.rules import RUN
from tests.contract.test_rules import SCHEMAS, Workspace

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Piece:
    """A query, and a view that others read if it has a name."""

    name: str
    sql: str
    view: str = ""


@dataclass(frozen=True)
class Asked:
    """Pieces over the tables of one DuckDB file."""

    path: Path
    schemas: tuple[str, ...]
    pieces: tuple[Piece, ...]
    answers: tuple[tuple[Row, ...], ...]
    columns: Mapping[str, Mapping[str, Mapping[str, str]]]


def ask(path: Path, standard: Standard, schemas: tuple[str, ...], pieces: Iterator[Piece]) -> Asked:
    """Run pieces on DuckDB over a file."""
    listed = tuple(pieces)
    with duckdb.connect(str(path)) as connection:
        install_macros(connection, standard)
        answers = tuple(comparable(connection.execute(piece.sql).fetchall()) for piece in listed)
        columns: dict[str, dict[str, dict[str, str]]] = {}
        for schema, table, column, kind in connection.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        ).fetchall():
            columns.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return Asked(path, schemas, listed, answers, columns)


def comparable(rows: list[Row]) -> tuple[Row, ...]:
    """Return rows in an order of their own, numbers of every type as one."""
    return tuple(sorted((tuple(_plain(v) for v in row) for row in rows), key=repr))


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


# --- what is asked about one submission -----------------------------------------------------------------------


def fill_examples(path: Path, standard: Standard) -> None:
    """Put the rows of all examples into a file: every rule fails somewhere, holds somewhere, is unknown somewhere."""
    with duckdb.connect(str(path)) as connection:
        workspace = Workspace(connection, standard)
        workspace.fill([c for c in cases_of(standard, blocks_of(SCHEMAS)) if not c.alone])
        connection.execute("CREATE SCHEMA IF NOT EXISTS previous")
        for name in standard.tables:
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS previous."{name}" AS FROM staged."{name}" WHERE source_row % 3 > 0'
            )
        figures = SCHEMAS / "reference" / "published_figures.csv"
        connection.execute(f"CREATE TABLE ref.published_figure AS FROM read_csv('{figures}')")
        create_known_views(connection, standard, {n: f'staged."{n}"' for n in standard.tables})


EXAMPLE_SCHEMAS = ("raw", "staged", "ref", "quality", "previous")


def known_views(standard: Standard) -> Iterator[Piece]:
    for name, table in standard.tables.items():
        yield Piece(f"view {name}", known_select(table, f'staged."{name}"', standard), f'known."{name}"')


def derived_fields(standard: Standard) -> Iterator[Piece]:
    for table in standard.tables.values():
        for field in table.derived:
            value = qualified(field.derived or "", table, standard)
            yield Piece(
                f"{table.name}.{field.name}",
                f"SELECT {_lineage(table)}, {value} AS worked_out FROM {joined_from(table, standard)}",
            )


def rules(standard: Standard) -> Iterator[Piece]:
    """As the engine asks them: those of the rows of a table in one pass, those over a whole table in one."""
    for table in standard.tables.values():
        of_table = [r for r in standard.rules if r.table == table.name and r.scope in RUN]
        passes: dict[str, list[tuple[str, str]]] = {}
        for rule in of_table:
            name = f"{rule.rule_id} {rule.fields[0]}"
            if rule.each_row:
                source = f"{joined_from(table, standard)} CROSS JOIN (SELECT * FROM raw.submission LIMIT 1) AS receipt"
                passes.setdefault(source, []).append((name, qualified(rule.holds, table, standard)))
            else:
                expression, source = one_table_select(rule.holds, table, standard) or (
                    qualified(rule.holds, table, standard),
                    "(SELECT 1 AS one) AS nothing",
                )
                passes.setdefault(source, []).append((name, expression))
        for source, checks in passes.items():
            first = [_lineage(table)] if "receipt" in source else []
            listed = ", ".join(
                [*first, *(f"({sql})::BOOLEAN AS holds_{n}" for n, (_, sql) in enumerate(checks))]
            )
            yield Piece(f"{table.name}: {', '.join(n for n, _ in checks)}", f"SELECT {listed} FROM {source}")


def _lineage(table: Table) -> str:
    return ", ".join(f'"{table.name}".{c}' for c in LINEAGE)


# --- what is counted ------------------------------------------------------------------------------------------


def empty_warehouse(connection: Any, standard: Standard) -> None:
    connection.execute("ATTACH ':memory:' AS warehouse; USE warehouse")
    for statement in statements(standard):
        connection.execute(statement)
    connection.execute("USE memory")


def counted_file(connection: Any, standard: Standard, years: tuple[int, ...], path: Path) -> Iterator[Piece]:
    """Write what a warehouse counts, its populations and the categories of all tables into a file; return the queries."""
    open_current(connection, standard)
    connection.execute(f"ATTACH '{path}' AS target; CREATE SCHEMA target.current; CREATE SCHEMA target.made")
    for name in ("submission", *(t.name for t in standard.tables_of_kind("case", "aggregate", "scorecard"))):
        connection.execute(f'CREATE TABLE target.current."{name}" AS FROM "current"."{name}"')
    pieces = []
    for name, population in standard.populations.items():
        pieces.append(Piece(name, population.sql))
        population_table(connection, standard, name)
        connection.execute(f"CREATE TABLE target.made.population_{name} AS FROM population_{name}")
    for indicator in standard.indicators:
        counted = count_one(connection, standard, indicator, years)
        query = counted.query.replace("FROM population_", "FROM made.population_")
        for number, dimension in enumerate(counted.table.dimensions):
            leaves = [(leaf, c.code) for c in dimension.categories for leaf in sorted(c.members)]
            connection.register(
                "mapping", pa.table({"leaf": [r[0] for r in leaves], "category": [r[1] for r in leaves]})
            )
            target = f"made.mapping_{indicator.indicator_id.lower()}_{number}"
            connection.execute(f"CREATE TABLE target.{target} AS FROM mapping")
            query = query.replace(f"JOIN mapping_{number} AS", f"JOIN {target} AS")
        pieces.append(Piece(indicator.indicator_id, query))
    connection.execute("DETACH target")
    return iter(pieces)


COUNTED_SCHEMAS = ("current", "made")
