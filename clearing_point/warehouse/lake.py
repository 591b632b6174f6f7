"""A warehouse that several machines change: DuckLake, its catalogue in PostgreSQL and its rows as Parquet in a folder.

The data folder then holds a small file that names the lake in the place of the DuckDB file; whoever opens that path
(:mod:`.connection`) gets the lake. Everything that DuckDB needs for it comes from packages (extra ``lake``): nothing is
loaded from elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import uniform
from time import sleep
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import duckdb

from clearing_point.errors import InputProblem, InternalError, MachineProblem
from clearing_point.workplace import waiting_seconds, write_whole

SUFFIX = ".lake"
FILE = "file"
"""In the place of an address: a DuckDB file in the data folder, as it is by default."""
_SCHEME = "ducklake:"
_EXTENSIONS = ("ducklake", "postgres_scanner")
_EXTRA = "A warehouse of several writers needs the extra `lake`: pip install 'clearing-point[lake]'."
_TURN = 7_219_046
"""Key of the lock of PostgreSQL that whoever changes the warehouse holds."""
LONGER = 24.0
"""How much longer one waits for it than for a command on the same machine."""
_TRIES = 20

Result = TypeVar("Result")


@dataclass(frozen=True)
class Lake:
    """Where a lake is.

    Attributes
    ----------
    catalogue : str
        Address of the database, as PostgreSQL's own tools take it; it holds no password.
    folder : Path
        Of the Parquet files, the same path on every machine.
    """

    catalogue: str
    folder: Path

    @property
    def url(self) -> str:
        """The address as :func:`lake_of` takes it."""
        parts = urlsplit(self.catalogue)
        query = urlencode([*parse_qsl(parts.query), ("data", str(self.folder))], safe="/")
        return _SCHEME + urlunsplit(parts._replace(query=query))


def lake_of(url: str) -> Lake:
    """Read an address such as ``ducklake:postgresql://office@db.example/office?data=/srv/office``.

    Raises
    ------
    InputProblem
        If it is no such address, or holds a password.
    """
    form = "ducklake:postgresql://USER@HOST/DATABASE?data=/FOLDER"
    parts = urlsplit(url.removeprefix(_SCHEME))
    query = parse_qsl(parts.query)
    folder = Path(dict(query).get("data", ""))
    if (
        not url.startswith(_SCHEME)
        or parts.scheme not in ("postgresql", "postgres")
        or not folder.is_absolute()
    ):
        raise InputProblem(f"A warehouse of several writers has an address of the form {form}.")
    if parts.password or "password" in dict(query):
        raise InputProblem(
            "The address of the warehouse is kept in the data folder: put its password into ~/.pgpass, not into the address."
        )
    rest = urlencode([(k, v) for k, v in query if k != "data"], safe="/")
    return Lake(urlunsplit(parts._replace(query=rest)), folder)


def is_lake(path: Path) -> bool:
    """Whether the path of a warehouse stands for a lake."""
    return path.suffix == SUFFIX


def lake_at(path: Path) -> Lake:
    """Return the lake that a data folder names."""
    return lake_of(path.read_text(encoding="utf-8").strip())


def name_lake(path: Path, lake: Lake) -> None:
    """Let a data folder name a lake."""
    write_whole(path, f"{lake.url}\n".encode())


def attach(connection: Any, lake: Lake, name: str, *, read_only: bool) -> None:
    """Attach a lake to a connection that may then read and write its folder and nothing else.

    Raises
    ------
    InputProblem, MachineProblem
        If the extra is not installed, or the catalogue or the folder cannot be reached.
    """
    if not lake.folder.is_dir():
        raise MachineProblem(f"The folder of the warehouse {lake.folder} is not there: is it mounted?")
    for extension in _EXTENSIONS:
        connection.execute(f"LOAD '{_quoted(str(_extension(extension)))}'")
    options = f"DATA_PATH '{_quoted(str(lake.folder))}', DATA_INLINING_ROW_LIMIT 0"  # rows never stand in the catalogue
    try:
        connection.execute(
            f"ATTACH '{_quoted(f'ducklake:postgres:{_keywords(lake)}')}' AS {name} "
            f"({options}{', READ_ONLY' if read_only else ''})"
        )
    except duckdb.Error as error:
        raise MachineProblem(
            f"The catalogue of the warehouse does not answer, or refuses this user ({lake.catalogue}): is PostgreSQL "
            "running, and does `psql` reach it?"
        ) from error
    folders = f"'{_quoted(str(lake.folder))}'"
    connection.execute(f"SET allowed_directories = [{folders}]")


def _extension(name: str) -> Path:
    found = find_spec(f"duckdb_extension_{name}")
    if found is None or not found.submodule_search_locations:
        raise InputProblem(_EXTRA)
    folder = Path(found.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    path = folder / f"{name}.duckdb_extension"
    if not path.is_file():
        raise InputProblem(f"The installed extension {name} is not for DuckDB {duckdb.__version__}. {_EXTRA}")
    return path


def _keywords(lake: Lake) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    keywords: Any = conninfo_to_dict(lake.catalogue)
    return str(make_conninfo(**keywords))


def _quoted(text: str) -> str:
    return text.replace("'", "''")


@contextmanager
def turn_of(lake: Lake, doing: str) -> Iterator[None]:
    """Hold the lake's lock: it is PostgreSQL's, so it is let go when its holder dies, on whatever machine.

    Raises
    ------
    MachineProblem
        If another command holds it for long.
    """
    try:
        import psycopg
    except ImportError as error:
        raise InputProblem(_EXTRA) from error
    wait = int(1000 * LONGER * waiting_seconds())
    try:
        with psycopg.connect(lake.catalogue, autocommit=True) as connection:
            connection.execute(f"SET lock_timeout = {wait}")
            connection.execute("SELECT pg_advisory_lock(%s)", [_TURN])
            yield
    except psycopg.errors.LockNotAvailable as error:
        raise MachineProblem(f"Another command is {doing}: wait for it to end and try again.") from error
    except psycopg.OperationalError as error:
        raise MachineProblem(f"The catalogue of the warehouse does not answer ({lake.catalogue}).") from error


def until_no_conflict(change: Callable[[], Result]) -> Result:
    """Make a change again whose transaction met another one; the lake refuses the later of two."""
    for left in range(_TRIES, 0, -1):
        try:
            return change()
        except duckdb.TransactionException as error:
            if "conflict" not in str(error).lower() or left == 1:
                raise
            sleep(uniform(0.05, 0.5))  # noqa: S311 - so that two do not meet again
    raise InternalError("unreachable")


@contextmanager
def _attached(lake: Lake, *, read_only: bool, beside: str = "") -> Iterator[Any]:
    """Open a lake under the name ``lake``, with outside access off and the configuration locked.

    Parameters
    ----------
    beside : str
        A statement that attaches one more database before the lock closes.
    """
    with duckdb.connect(":memory:") as connection:
        if beside:
            connection.execute(beside)
        attach(connection, lake, "lake", read_only=read_only)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def state_of(path: Path) -> bytes:
    """Return what changes with every change of a warehouse."""
    if not is_lake(path):
        digest = hashlib.sha256()
        # What a command that was killed had not brought into the file yet stands in its log, and is read with it.
        for part in (path, path.with_name(f"{path.name}.wal")):
            if part.is_file():
                with part.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.digest()
    lake = lake_at(path)
    with _attached(lake, read_only=True) as connection:
        (snapshot,) = connection.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchone()
    return f"{lake.url} {snapshot}".encode()


def forget_deleted(path: Path) -> None:
    """Remove what was deleted from every file of the lake, and the states before: time travel ends here."""
    with _attached(lake_at(path), read_only=False) as connection:
        for call in (
            "ducklake_rewrite_data_files('lake', delete_threshold => 0)",
            "ducklake_merge_adjacent_files('lake')",
            "ducklake_expire_snapshots('lake', older_than => now())",
            "ducklake_cleanup_old_files('lake', cleanup_all => true)",
            "ducklake_delete_orphaned_files('lake', cleanup_all => true)",
        ):
            connection.execute(f"CALL {call}").fetchall()


def seen_by_others(path: Path) -> None:
    """Let programs of this machine that watch the warehouse know that it changed."""
    os.utime(path)


def fill_lake(lake: Lake, source: Path, views: list[str]) -> None:
    """Put all rows of a DuckDB file in the place of what a lake holds, in one transaction.

    Parameters
    ----------
    views : list of str
        Statements that make the warehouse's views.
    """
    lake.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = f"ATTACH '{_quoted(str(source))}' AS fresh (READ_ONLY)"
    with _attached(lake, read_only=False, beside=beside) as connection:
        connection.execute("USE lake; BEGIN TRANSACTION")
        tables = _tables(connection, "fresh")
        for schema in dict.fromkeys(schema for schema, _ in tables):
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for schema, name in _views(connection, "lake"):
            connection.execute(f'DROP VIEW "{schema}"."{name}"')
        for schema, name in _tables(connection, "lake"):
            connection.execute(f'DROP TABLE "{schema}"."{name}"')
        for schema, name in tables:
            connection.execute(f'CREATE TABLE "{schema}"."{name}" AS FROM fresh."{schema}"."{name}"')
        for statement in views:
            connection.execute(statement)
        connection.execute("COMMIT")


def copy_to_file(path: Path, target: Path) -> None:
    """Write all rows of a warehouse into a new DuckDB file."""
    if not is_lake(path):
        shutil.copyfile(path, target)
        return
    beside = f"ATTACH '{_quoted(str(target))}' AS target"
    with _attached(lake_at(path), read_only=True, beside=beside) as connection:
        connection.execute("BEGIN TRANSACTION")  # one state of the lake, looked up once
        tables = _tables(connection, "lake")
        for schema in dict.fromkeys(schema for schema, _ in tables):
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS target."{schema}"')
        for schema, name in tables:
            connection.execute(f'CREATE TABLE target."{schema}"."{name}" AS FROM lake."{schema}"."{name}"')
        connection.execute("COMMIT")


def _tables(connection: Any, database: str) -> list[tuple[str, str]]:
    return _named(connection, database, "duckdb_tables()", "table_name")


def _views(connection: Any, database: str) -> list[tuple[str, str]]:
    return _named(connection, database, "duckdb_views()", "view_name")


def _named(connection: Any, database: str, source: str, name: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        f"SELECT schema_name, {name} FROM {source} WHERE database_name = ? AND NOT internal ORDER BY ALL",
        [database],
    ).fetchall()
    return [(str(schema), str(made)) for schema, made in rows]
