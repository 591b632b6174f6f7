"""A warehouse in memory with every table of the standard and no row, to which tests send rows of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.standard import Standard
from clearing_point.standard.columns import SCHEMAS
from clearing_point.standard.ddl import statements

YEAR = 2022
Row = Mapping[str, Any]


@contextmanager
def empty_office(standard: Standard) -> Iterator[Any]:
    """Attach it as ``warehouse``, as the counting expects it."""
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse")
    connection.execute("USE warehouse")
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for statement in statements(standard):
        connection.execute(statement)
    connection.execute("USE memory")
    try:
        yield connection
    finally:
        connection.close()


def send(
    connection: Any, name: str, rows: Sequence[Row], *, table: str = "aggregate_cell", territory: str = "SVN"
) -> None:
    """Let a sender send rows of a table; `name` is sender and submission."""
    lineage = [
        {"submission_id": name, "sheet": table, "source_row": n, "source_part": 0} for n in range(len(rows))
    ]
    _insert(connection, f"core.{table}", [{**a, **b} for a, b in zip(lineage, rows, strict=True)])
    if not connection.execute(
        "SELECT 1 FROM warehouse.raw.submission WHERE submission_id = ?", [name]
    ).fetchone():
        own = {"submission_id": name, "series": name, "version_number": 1, "sender": name, "territory": territory,
               "period_start": f"{YEAR}-01-01", "period_end": f"{YEAR}-12-31", "use": "count", "made_data": True,
               "profile": "", "profile_sha256": "", "standard_version": "", "standard_sha256": "", "file_name": "",
               "file_sha256": "", "file_bytes": 0, "received_at": f"{YEAR + 1}-01-31", "status": "ACCEPTED",
               "rows_read": len(rows)}  # fmt: skip
        _insert(connection, "raw.submission", [own])


def _insert(connection: Any, place: str, rows: Sequence[Row]) -> None:
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    connection.register("sent_rows", table)
    connection.execute(f"INSERT INTO warehouse.{place} BY NAME SELECT * FROM sent_rows")
    connection.unregister("sent_rows")
