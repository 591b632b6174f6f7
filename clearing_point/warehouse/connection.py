"""Databases opened locked down, patiently where another command holds one: the one way to the warehouse.

The path of a warehouse is a DuckDB file, or a file that names a lake (:mod:`.lake`); nobody who opens it needs to know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import duckdb

from clearing_point import engine
from clearing_point.errors import (
    UNREADABLE,
    InputProblem,
    InternalError,
    MachineProblem,
    may_not_read,
    of_the_machine,
)
from clearing_point.project import Project
from clearing_point.warehouse import lake
from clearing_point.workplace import alone, waiting_seconds

_MEMORY = "600MB"
"""For a database on disk, so that a large submission stays within the memory of an office computer."""
_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}

_threads = max(1, min(2, os.cpu_count() or 1))


def share_cores() -> None:
    """Use one thread a database from now on: for one of several processes that work side by side."""
    global _threads  # noqa: PLW0603 - said once, when a process begins
    _threads = 1


def connect(
    path: Path,
    *,
    read_only: bool = False,
    attach: Mapping[str, Path] | None = None,
    joins_as_written: bool = False,
    short_lived: bool = False,
    many_rows: bool | None = None,
) -> Any:
    """Open a database with outside access off and the configuration locked.

    Parameters
    ----------
    attach : mapping of str to Path, optional
        Further databases, opened read-only under these names before the lock closes.
    joins_as_written : bool
        Normalising joins a row to fifty small lookups; finding an order for them costs more than the joins.
    short_lived : bool
        What is written is read a few times and dropped: compressing it would cost more than it saves.
    many_rows : bool, optional
        Whether queries work long enough to be prepared well; by default told from the size of the files.

    Raises
    ------
    InputProblem
        If another process holds the file, or it is no readable DuckDB file.
    """
    connection = _patiently(path, read_only, attach or {})
    if str(path) != ":memory:" and not lake.is_lake(path):
        connection.execute(f"SET memory_limit = '{_MEMORY}'")  # what does not fit spills beside the file
    else:
        # What does not fit spills beside the warehouse, never into the folder one happens to be in.
        beside = [path] if lake.is_lake(path) else (attach or {}).values()
        folder = next((other.parent for other in beside), None)
        # Each process has its own: two that shared one would overwrite each other's pages.
        place = "" if folder is None else str(folder / f"spill-{os.getpid()}").replace("'", "''")
        connection.execute(f"SET temp_directory = '{place}'")
    if many_rows is None:
        many_rows = lake.is_lake(path) or engine.holds_many_rows(path, *(attach or {}).values())
    connection.execute(f"SET threads = {_threads if many_rows else 1}")
    unused = engine.left_out(many_rows=many_rows, joins_as_written=joins_as_written)
    connection.execute(f"SET disabled_optimizers = {unused}")
    connection.execute("SET preserve_insertion_order = true")
    if short_lived:
        connection.execute("SET force_compression = 'uncompressed'")
    for setting, value in _LOCKED.items():
        connection.execute(f"SET {setting} = {value}")
    connection.execute("SET lock_configuration = true")
    return connection


class InUse(MachineProblem):
    """Another process holds the warehouse longer than one waits."""


WAREHOUSE_FILE = "clearing_point.duckdb"
_IN_USE = re.compile(r"could not set lock|conflicting lock", re.IGNORECASE)
_HOLDER = re.compile(r"\(PID (\d+)\)")
_PAUSE_SECONDS = 0.1
_LAKE = "lake"


def _patiently(path: Path, read_only: bool, attach: Mapping[str, Path]) -> Any:
    """Open and attach, waiting a little for another command that holds a file."""
    end = monotonic() + waiting_seconds()
    while True:
        connection = None
        try:
            if lake.is_lake(path):
                connection = duckdb.connect(":memory:")
                lake.attach(connection, lake.lake_at(path), _LAKE, read_only=read_only)
                connection.execute(f"USE {_LAKE}")
            else:
                connection = duckdb.connect(str(path), read_only=read_only)
            for name, other in attach.items():
                if lake.is_lake(other):
                    lake.attach(connection, lake.lake_at(other), name, read_only=True)
                else:
                    connection.execute(
                        f"ATTACH '{str(other).replace(chr(39), chr(39) * 2)}' AS {name} (READ_ONLY)"
                    )
        except duckdb.ConnectionException as error:
            raise InternalError(f"{path.name} is still open in this process.") from error
        except duckdb.Error as error:
            if connection is not None:
                connection.close()
            text = str(error)
            if not _IN_USE.search(text):
                if any(may_not_read(file) for file in (path, *attach.values())):
                    raise MachineProblem(UNREADABLE, "file_closed") from error
                _refuse_other_formats(path, attach)
                raise of_the_machine(error) or MachineProblem(
                    f"{path} cannot be opened as a warehouse; if it is damaged, `clearing-point rebuild` makes it "
                    "anew from the archive.",
                    "warehouse_damaged",
                ) from error
            if monotonic() >= end:
                holder = _HOLDER.search(text)
                who = f" (process {holder[1]})" if holder else ""
                raise InUse(
                    f"The warehouse is in use by another command{who}: wait for it to end and try again.",
                    "busy",
                ) from error
            sleep(_PAUSE_SECONDS)
        else:
            _refuse_strangers(connection, path, attach)
            return connection


def _refuse_strangers(connection: Any, path: Path, attach: Mapping[str, Path]) -> None:
    """Refuse a database that stands in the warehouse's place and was made by another program."""
    for name, file in {path.stem: path, **attach}.items():
        if file.name != WAREHOUSE_FILE or not file.exists():
            continue
        names = {
            row[0]
            for row in connection.execute(
                "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = ?", [name]
            ).fetchall()
        }
        if names and "raw.submission" not in names:
            connection.close()
            raise InputProblem(f"{file} {_STRANGER}", "warehouse_strange", file=file)


def _refuse_other_formats(path: Path, attach: Mapping[str, Path]) -> None:
    """Refuse a file that is whole and of another database program: nothing of it is damaged."""
    for file in (path, *attach.values()):
        with suppress(OSError), file.open("rb") as content:
            if content.read(len(_SQLITE)) == _SQLITE:
                raise InputProblem(f"{file} {_STRANGER}", "warehouse_strange", file=file)


_SQLITE = b"SQLite format 3\0"
_STRANGER = (
    "is a database of another program and no warehouse: move it away; `clearing-point rebuild` makes one from "
    "the archive."
)


@contextmanager
def opened(path: Path, *, read_only: bool = False, attach: Mapping[str, Path] | None = None) -> Iterator[Any]:
    """Open with :func:`connect` and close for certain."""
    connection = connect(path, read_only=read_only, attach=attach)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def changing_alone(project: Project, doing: str) -> Iterator[None]:
    """Hold the right to change the warehouse: against commands on this machine, and with a lake against all others.

    Parameters
    ----------
    doing : str
        As :func:`~clearing_point.workplace.alone`, which says what it raises.
    """
    if not lake.is_lake(project.warehouse):
        with alone(project.warehouse_lock, doing):
            yield
        return
    with alone(project.warehouse_lock, doing, patience=lake.LONGER) as nested:
        if nested:
            yield
        else:
            with lake.turn_of(lake.lake_at(project.warehouse), doing):
                yield
