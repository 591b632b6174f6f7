"""One judged submission enters the warehouse whole, in one transaction, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem, InternalError
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import (
    ACCEPTED,
    EVENT_REPLACED,
    QUALITY,
    REFUSED,
    REPLACED,
    RETURNED,
    WITHDRAWN,
    changing,
    let_releases_stand,
    record_event,
)
from clearing_point.warehouse.lake import until_no_conflict
from clearing_point.warehouse.receipts import enter_receipts
from clearing_point.warehouse.rows_kept import COLUMN, rows_digest
from clearing_point.warehouse.shape import create_empty, table_digests
from clearing_point.warehouse.workspace import Workspace


def merge(
    project: Project,
    standard: Standard,
    workspace: Workspace,
    submission_id: str,
    *,
    accepted: bool,
    reason: str | None = None,
) -> None:
    """Copy one judged submission from its workspace into the warehouse, in one transaction.

    An accepted one also enters ``core`` and its predecessor becomes ``REPLACED``; both stay. Of public data the newest
    release is in force, whichever came last, and no part of another beside it.

    Parameters
    ----------
    reason : str, optional
        Why a version in force is replaced; it is recorded with the new version.

    Raises
    ------
    InputProblem
        If another process holds the warehouse, or stored a version of the same series meanwhile.
    InternalError
        If a table did not arrive whole (the transaction is rolled back).
    """
    with changing_alone(project, "changing the warehouse"):
        until_no_conflict(lambda: _merge(project, standard, workspace, submission_id, accepted, reason))


def _merge(
    project: Project,
    standard: Standard,
    workspace: Workspace,
    submission_id: str,
    accepted: bool,
    reason: str | None,
) -> None:
    tables = [t.name for t in standard.tables_of_kind()]
    with (
        opened(project.warehouse, attach={"workspace": workspace.path}) as connection,
        changing(connection, project),
    ):
        if connection.execute(
            "SELECT count(*) FROM raw.submission WHERE submission_id = ?", [submission_id]
        ).fetchone()[0]:
            raise InputProblem(
                f"Another command stored {submission_id} meanwhile: look at `clearing-point status` and load again.",
                "stored_meanwhile",
            )
        # Stored with its state at once: a lake loses the order of rows that are changed where they were inserted.
        state = _state(connection, submission_id, accepted=accepted)
        digest = (
            rows_digest(
                connection, standard, "workspace.staged", submission_id, _pseudonym(connection, submission_id)
            )
            if accepted
            else None
        )
        kept = "NULL" if digest is None else f"'{digest}'"
        staged = [f'staged."{name}"' for name in tables]
        there = _rows_there(
            connection,
            [
                "raw.submission",
                'raw."column"',
                'raw."record"',
                *(f'quality."{name}"' for name in QUALITY),
                *staged,
            ],
            submission_id,
        )
        for name in there:
            select = (
                f"* REPLACE ('{state}' AS status, {kept} AS {COLUMN})" if name == "raw.submission" else "*"
            )
            _copy(connection, name, submission_id, there[name], select)
        if accepted:
            filled = {
                name: there[place] for name, place in zip(tables, staged, strict=True) if place in there
            }
            _enter_core(connection, filled, submission_id, in_force=state == ACCEPTED)
            if reason:
                record_event(connection, submission_id, EVENT_REPLACED, reason)


def _rows_there(connection: Any, names: Sequence[str], submission_id: str) -> dict[str, int]:
    """Return the tables of the workspace that have rows of a submission, with their number: of most there are none."""
    counts = connection.execute(
        "SELECT "
        + ", ".join(f"(SELECT count(*) FROM workspace.{n} WHERE submission_id = $1)" for n in names),
        [submission_id],
    ).fetchone()
    return {name: rows for name, rows in zip(names, counts, strict=True) if rows}


def _copy(
    connection: Any, name: str, submission_id: str, there: int, select: str = "*", to: str | None = None
) -> None:
    """Copy the rows of a submission from the workspace; checks that as many arrive as are there."""
    arrived = connection.execute(
        f"INSERT INTO {to or name} BY NAME SELECT {select} FROM workspace.{name} WHERE submission_id = ?",
        [submission_id],
    ).fetchone()[0]
    if there != arrived:
        raise InternalError(f"{name}: {arrived} of {there} rows arrived; nothing was stored.")


def _state(connection: Any, submission_id: str, *, accepted: bool) -> str:
    """Return the state in which a submission is stored."""
    status, use, profile, released = connection.execute(
        "SELECT status, use, profile, released FROM workspace.raw.submission WHERE submission_id = ?",
        [submission_id],
    ).fetchone()
    if not accepted:
        return REFUSED if status == REFUSED else RETURNED
    # An older release of public data, or a part of one, is kept beside the newer one, which stays in force.
    newer = connection.execute(
        "SELECT count(*) FROM raw.submission WHERE ? = 'reference' AND use = 'reference' AND profile = ? "
        "AND status IN (?, ?) AND released > coalesce(?::DATE, DATE '0001-01-01')",
        [use, profile, ACCEPTED, REPLACED, released],
    ).fetchone()[0]
    return REPLACED if newer else ACCEPTED


def _enter_core(connection: Any, filled: Mapping[str, int], submission_id: str, *, in_force: bool) -> None:
    if in_force:
        connection.execute(
            "UPDATE raw.submission SET status = ? WHERE status = ? AND submission_id <> ? AND series = "
            "(SELECT series FROM raw.submission WHERE submission_id = ?)",
            [REPLACED, ACCEPTED, submission_id, submission_id],
        )
        let_releases_stand(connection)
    more = _pseudonym(connection, submission_id)
    for name, there in filled.items():
        select = f"*, {more[name]} AS person_id" if name in more else "*"
        _copy(connection, f'staged."{name}"', submission_id, there, select, to=f'core."{name}"')


def _pseudonym(connection: Any, submission_id: str) -> dict[str, str]:
    """Return SQL of the pseudonym that persons gain in ``core``: one a sender and case number, in every year and rebuild."""
    sender = connection.execute(
        "SELECT sender FROM workspace.raw.submission WHERE submission_id = ?", [submission_id]
    ).fetchone()[0]
    source = f"'{sender}' || chr(31) || coalesce(person_reference, sheet || source_row)"
    return {"person": f"left(sha256({source}), 20)"}


def copy_events(source: Path, target: Path) -> None:
    """Carry what was done with submissions to another warehouse, and the states that follow from it."""
    with opened(target, attach={"workspace": source}) as connection:
        connection.execute("BEGIN TRANSACTION")
        connection.execute("DELETE FROM raw.event")
        connection.execute("INSERT INTO raw.event BY NAME SELECT * FROM workspace.raw.event")
        connection.execute(
            "UPDATE raw.submission SET status = old.status FROM workspace.raw.submission AS old "
            "WHERE old.submission_id = submission.submission_id AND old.status = ?",
            [WITHDRAWN],
        )
        let_releases_stand(connection)
        connection.execute("COMMIT")


def copy_receipt(source: Path, target: Path, submission_id: str) -> None:
    """Carry the receipt, findings and decision of a refused submission from one warehouse to another.

    An earlier version's warehouse lacks tables that came later, and has nothing for them.
    """
    with opened(target, attach={"workspace": source}) as connection:
        there = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'workspace'"
            ).fetchall()
        }
        connection.execute("BEGIN TRANSACTION")
        names = [n for n in ("raw.submission", *(f"quality.{n}" for n in QUALITY)) if n in there]
        for name, rows in _rows_there(connection, names, submission_id).items():
            _copy(connection, name, submission_id, rows)
        connection.execute("COMMIT")


HELD = ("raw", "staged", "core", "quality")
"""Schemas of what was received and judged."""


def warehouse_of_receipts(receipts: dict[str, Any], path: Path, standard: Standard) -> Path:
    """Make a warehouse that holds nothing but kept receipts, to rebuild from; see :mod:`.receipts`."""
    create_empty(path, standard, path.parent)
    with opened(path) as connection:
        enter_receipts(connection, receipts)
    return path


def content_hash(connection: Any, standard: Standard) -> str:
    """Return a hash of what the warehouse holds, whatever the file's bytes and the time of loading.

    Sums a digest of every row of ``raw``, ``staged``, ``core`` and ``quality``, leaving out clock times, names of
    files and hashes of what it was read by, so that a rebuild can be compared with what it replaces.
    """
    from clearing_point.standard.ddl import metadata_of

    columns = {
        f"{t.schema}.{t.name}": [c.name for c in t.columns] for t in metadata_of(standard).sorted_tables
    }
    return hash_of_tables(digests(connection, {n: c for n, c in columns.items() if n.split(".")[0] in HELD}))


def columns_there(connection: Any, standard: Standard) -> dict[str, list[str]]:
    """Return table -> columns that the standard of today and the warehouse share: it may be an earlier version's."""
    from clearing_point.standard.ddl import metadata_of

    there: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database()"
    ).fetchall():
        there.setdefault(table, set()).add(column)
    return {
        name: [column.name for column in table.columns if column.name in there[name]]
        for table in metadata_of(standard).sorted_tables
        if table.schema in HELD and (name := f"{table.schema}.{table.name}") in there
    }


def digests(connection: Any, columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return table -> number of rows and sum of their digests over the columns named that are content."""
    return table_digests(
        connection, {table: [n for n in names if n not in _NOT_CONTENT] for table, names in columns.items()}
    )


def hash_of_tables(found: Mapping[str, str]) -> str:
    """Return one hash of what :func:`digests` gives."""
    digest = hashlib.sha256()
    for table, said in found.items():
        digest.update(f"{table}:{said}\n".encode())
    return digest.hexdigest()


_NOT_CONTENT = (
    "received_at", "decided_at", "happened_at", "file_name", "profile_sha256", "standard_sha256", "standard_version",
    "rows_sha256", "program_sha256", COLUMN,
)  # fmt: skip
"""When something came and by what it was read; neither says what a submission holds."""
