"""The shape of a database: made from the tables of the standard, and compared with them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from clearing_point.errors import InputProblem, InternalError
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.columns import SCHEMAS
from clearing_point.standard.files import read_csv
from clearing_point.standard.kept import kept
from clearing_point.warehouse.connection import connect, opened
from clearing_point.workplace import alone, drop_work, sweep, work_folder


class OtherShape(InputProblem):
    """The warehouse was made with another version of the standard: it must be rebuilt from the archive."""


def prepare_warehouse(project: Project, standard: Standard) -> None:
    """Make the warehouse file, or check that it was made from the tables of this standard.

    Raises
    ------
    InputProblem
        If its columns differ from the standard's: then it must be rebuilt from the archive.
    """
    project.prepare()
    # A file that was loaded before needs no work folder, with which a killed command's would go.
    sweep(project.work)
    new = not project.warehouse.exists()
    if new:
        # Tight from the first byte: an empty file with closed modes is no database yet.
        with alone(project.warehouse_lock, "changing the warehouse"):
            if not project.warehouse.exists():
                folder = work_folder(project.work, "new-")
                try:
                    create_empty(folder / "new.duckdb", standard, project.prepared)
                    os.replace(folder / "new.duckdb", project.warehouse)
                finally:
                    drop_work(folder)
        return
    with opened(project.warehouse, read_only=True) as connection:
        refuse_other_shape(connection, project, standard)


def refuse_other_shape(connection: Any, project: Project, standard: Standard) -> None:
    """Refuse a warehouse whose tables are not those of this standard.

    Raises
    ------
    OtherShape
        It must be rebuilt from the archive.
    """
    problem = first_difference(connection, standard, project.prepared)
    if problem:
        table, column = problem
        place = f"table {table}" + (f", column {column}" if column else "")
        raise OtherShape(
            f"The warehouse was made with another version of the standard ({place}): "
            "run `clearing-point rebuild`.",
            "rebuild_needed",
        )


_EMPTY: dict[str, bytes] = {}
"""Bytes of an empty database by the hash of its standard: making one costs more than writing it."""


def create_empty(path: Path, standard: Standard, prepared: Path) -> None:
    """Write an empty database of the standard's tables and reference data, from what is kept prepared."""

    def make() -> bytes:
        from clearing_point.standard.ddl import statements

        with duckdb.connect(str(path)) as connection:
            for statement in statements(standard):
                connection.execute(statement)
            _fill_reference(connection, standard)
            # On a full disk closing says nothing: what did not fit would stay in the log, and half an empty
            # database would be kept for every command that follows.
            connection.execute("CHECKPOINT")
        if path.with_name(f"{path.name}.wal").exists():
            raise InternalError("An empty database could not be written whole.")
        content = path.read_bytes()
        path.unlink()
        return content

    if standard.sha256 not in _EMPTY:
        _EMPTY[standard.sha256] = kept(prepared, "empty", standard.sha256, make)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(_EMPTY[standard.sha256])


def other_lists(connection: Any, standard: Standard, prepared: Path, folder: Path) -> list[str]:
    """Return the tables of reference data that do not hold what the standard says, in a warehouse of its shape.

    Parameters
    ----------
    folder : Path
        For an empty database, which is removed again.
    """
    path = folder / "as_it_should_be.duckdb"
    create_empty(path, standard, prepared)
    with opened(path, read_only=True) as empty:
        tables = {
            n: [c for c, _ in columns] for n, columns in _columns(empty).items() if n.startswith("ref.")
        }
        wanted = table_digests(empty, tables)
    path.unlink()
    found = table_digests(connection, tables)
    return [name for name in tables if found[name] != wanted[name]]


def table_digests(connection: Any, columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return table -> number of rows and sum of their digests over the columns named."""
    found = {}
    for table, names in columns.items():
        chosen = ", ".join(f'"{name}"' for name in names)
        schema, name = table.split(".")
        count, total = connection.execute(
            f"SELECT count(*), coalesce(sum(hash(row_values)::HUGEINT), 0) FROM (SELECT ROW({chosen}) AS row_values "
            f'FROM {schema}."{name}")'
        ).fetchone()
        found[table] = f"{count}:{total}"
    return found


def _fill_reference(connection: Any, standard: Standard) -> None:
    import pyarrow as pa

    codes = [
        (name, c.code, c.parent, c.kind, position, c.label["en"])
        for name, codelist in standard.codelists.items()
        for position, c in enumerate(codelist.codes)
    ]
    codes += [
        (
            "territory",
            t["territory_id"],
            None,
            t["kind"],
            position,
            standard.territory_name(t["territory_id"]),
        )
        for position, t in enumerate(standard.territories)
    ]
    attributes = [
        (name, c.code, attribute, value or None)
        for name, codelist in standard.codelists.items()
        for c in codelist.codes
        for attribute, value in c.attributes.items()
    ]
    groups = [
        (g["group_id"], g["territory_id"], _year(g["valid_from"]), _year(g["valid_to"]))
        for g in standard.territory_files["group"]
    ]
    population = [
        (p["territory_id"], int(p["year"]), int(p["population"]), p["includes_kosovo"])
        for p in standard.territory_files["population"]
    ]
    for name, rows in (
        ("code", codes),
        ("code_attribute", attributes),
        ("territory_group", groups),
        ("population", population),
        ("published_figure", _reference_rows(standard, "published_figures.csv")),
        ("known_mismatch", _reference_rows(standard, "known_mismatches.csv")),
    ):
        columns = [r[1] for r in connection.execute(f"PRAGMA table_info('ref.{name}')").fetchall()]
        table = pa.table({c: [row[i] for row in rows] for i, c in enumerate(columns)})
        connection.register("reference_rows", table)
        connection.execute(f"INSERT INTO ref.{name} SELECT * FROM reference_rows")
        connection.unregister("reference_rows")


def _reference_rows(standard: Standard, name: str) -> list[tuple[str | None, ...]]:
    """Rows of a reference file whose columns are those of its table; the table gives the types."""
    return [tuple(v or None for v in row.values()) for row in read_csv(standard.folder / "reference" / name)]


def _year(text: str) -> int | None:
    return int(text[:4]) if text else None


def first_difference(connection: Any, standard: Standard, prepared: Path) -> tuple[str, str | None] | None:
    """Return the first table whose columns are not those of the standard, and the column; None if the table is gone."""

    def make() -> bytes:
        from clearing_point.standard.ddl import statements

        empty = connect(Path(":memory:"))
        try:
            for statement in statements(standard):
                empty.execute(statement)
            return json.dumps(_columns(empty)).encode()
        finally:
            empty.close()

    wanted: dict[str, list[list[str]]] = json.loads(kept(prepared, "shape-types", standard.sha256, make))
    there = _columns(connection)
    for name, columns in sorted(wanted.items()):
        found = there.get(name)
        if found is None:
            return name, None
        for own, other in zip_longest(columns, found):
            if own != other:
                return name, (own or other)[0]
    return None


def _columns(connection: Any) -> dict[str, list[list[str]]]:
    """Return table -> its columns in order, each with its type."""
    found: dict[str, list[list[str]]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_catalog, table_schema, table_name) "
        "WHERE table_catalog = current_database() AND table_type = 'BASE TABLE' AND list_contains(?, table_schema) "
        "ORDER BY table_schema, table_name, ordinal_position",
        [list(SCHEMAS)],
    ).fetchall():
        found.setdefault(table, []).append([column, kind])
    return found
