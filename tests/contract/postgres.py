"""A PostgreSQL server of a test's own, on a socket in its folder; without PostgreSQL the test is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import pytest

_TYPES = {
    "VARCHAR": "text", "VARCHAR[]": "text[]", "INTEGER": "integer", "SMALLINT": "smallint", "BIGINT": "bigint",
    "DOUBLE": "double precision", "DATE": "date", "TIMESTAMP": "timestamp", "BOOLEAN": "boolean",
}  # fmt: skip
_PORT = 54398


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}&port={_PORT}"

    def connection(self) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.folder), port=_PORT, user="postgres", dbname="postgres", autocommit=True
        )

    def copy(self, source: Path, schemas: tuple[str, ...]) -> None:
        """Copy the tables of a DuckDB file."""
        with duckdb.connect(str(source), read_only=True) as there, self.connection() as here:
            for schema in schemas:
                here.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
                here.execute(f"CREATE SCHEMA {schema}")
                for (table,) in there.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [schema]
                ).fetchall():
                    _copy_table(there, here, schema, table)


def _copy_table(there: Any, here: Any, schema: str, table: str) -> None:
    columns = there.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, table],
    ).fetchall()
    listed = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns)
    here.execute(f'CREATE TABLE {schema}."{table}" ({listed})')
    with here.cursor() as cursor, cursor.copy(f'COPY {schema}."{table}" FROM STDIN') as target:
        for row in there.execute(f'SELECT * FROM {schema}."{table}"').fetchall():
            target.write_row(row)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Start a server and stop it; PostgreSQL refuses to be run by root, so root becomes its user."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    place = Path(found).parent if found else programs[-1] if programs else None
    if place is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    as_user: list[str] = []
    short = Path(mkdtemp(prefix="pg-"))  # a socket's path must be short
    if os.geteuid() == 0:
        # Debian keeps it where a plain PATH does not look.
        runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        as_user = [runuser or "runuser", "-u", "postgres", "--"]
        shutil.chown(short, "postgres")

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd=short)

    run(str(place / "initdb"), "-D", str(short / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-p {_PORT} -k {short} -c listen_addresses= -c fsync=off"
    run(
        str(place / "pg_ctl"),
        "-D",
        str(short / "data"),
        "-o",
        options,
        "-l",
        str(short / "log"),
        "-w",
        "start",
    )
    try:
        yield Server(short)
    finally:
        run(str(place / "pg_ctl"), "-D", str(short / "data"), "-m", "immediate", "stop")
        shutil.rmtree(short, ignore_errors=True)
