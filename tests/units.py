"""A warehouse of one sender that knows the units of a made population, each a person of its own."""

from __future__ import annotations

import duckdb


def know_units(connection: duckdb.DuckDBPyConnection, unit: str, query: str) -> None:
    """Make the views of schema `current` in which the sender S has the units that a query of one column names."""
    connection.execute('CREATE SCHEMA IF NOT EXISTS "current"')
    connection.execute("CREATE TABLE \"current\".submission AS SELECT 's' AS submission_id, 'S' AS sender")
    connection.execute(f'CREATE TABLE "current".known AS {query}')
    connection.execute("ALTER TABLE \"current\".known ADD COLUMN submission_id VARCHAR DEFAULT 's'")
    column = connection.execute('DESCRIBE "current".known').fetchone()[0]
    connection.execute(
        f'CREATE VIEW "current".person AS SELECT submission_id, "{column}"::VARCHAR AS person_id, '
        f'"{column}"::VARCHAR AS person_reference FROM "current".known'
    )
    if unit != "person":
        connection.execute(
            f'CREATE VIEW "current"."{unit}" AS SELECT submission_id, "{column}"::VARCHAR AS {unit}_reference, '
            f'"{column}"::VARCHAR AS person_reference FROM "current".known'
        )
