"""The warehouse: one DuckDB file, opened locked down, changed in one transaction at a time."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import duckdb

from clearing_point.errors import InputProblem, InternalError, of_the_machine
from clearing_point.project import Project
from clearing_point.receipts import enter_receipts, keep_receipts, put_back
from clearing_point.standard import Standard
from clearing_point.standard.ddl import SCHEMAS, metadata_of, statements
from clearing_point.standard.files import read_csv
from clearing_point.standard.prepared import kept, prepare_rules
from clearing_point.workplace import alone, drop_work, sweep, waiting_seconds, work_folder

_MEMORY = "600MB"
"""For a database on disk, so that a large submission stays within the memory of an office computer."""
_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}
ACCEPTED, RETURNED, REPLACED = "ACCEPTED", "RETURNED", "REPLACED"
WITHDRAWN, REFUSED, DELETED = "WITHDRAWN", "QUARANTINED", "DELETED"
EVENT_REPLACED, EVENT_WITHDRAWN, EVENT_DELETED = "replaced", "withdrawn", "deleted"
"""Codes of the list ``submission_status`` that the machinery itself sets."""


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
) -> Any:
    """Open a DuckDB file with outside access off and the configuration locked.

    Parameters
    ----------
    attach : mapping of str to Path, optional
        Further databases, opened read-only under these names before the lock closes.
    joins_as_written : bool
        Normalising joins a row to fifty small lookups; finding an order for them costs more than the joins.
    short_lived : bool
        What is written is read a few times and dropped: compressing it would cost more than it saves.

    Raises
    ------
    InputProblem
        If another process holds the file, or it is no readable DuckDB file.
    """
    connection = _patiently(path, read_only, attach or {})
    if str(path) != ":memory:":
        connection.execute(f"SET memory_limit = '{_MEMORY}'")  # what does not fit spills beside the file
    else:
        # What does not fit spills beside the warehouse, never into the folder one happens to be in.
        folder = next((other.parent for other in (attach or {}).values()), None)
        # Each process has its own: two that shared one would overwrite each other's pages.
        place = "" if folder is None else str(folder / f"spill-{os.getpid()}").replace("'", "''")
        connection.execute(f"SET temp_directory = '{place}'")
    connection.execute(f"SET threads = {_threads}")
    connection.execute("SET preserve_insertion_order = true")
    if joins_as_written:
        connection.execute("SET disabled_optimizers = 'join_order'")
    if short_lived:
        connection.execute("SET force_compression = 'uncompressed'")
    for setting, value in _LOCKED.items():
        connection.execute(f"SET {setting} = {value}")
    connection.execute("SET lock_configuration = true")
    return connection


_IN_USE = re.compile(r"could not set lock|conflicting lock", re.IGNORECASE)
_HOLDER = re.compile(r"\(PID (\d+)\)")
_PAUSE_SECONDS = 0.1


def _patiently(path: Path, read_only: bool, attach: Mapping[str, Path]) -> Any:
    """Open and attach, waiting a little for another command that holds a file."""
    end = monotonic() + waiting_seconds()
    while True:
        connection = None
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
            for name, other in attach.items():
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
                raise of_the_machine(error) or InputProblem(
                    f"{path} cannot be opened as a warehouse; if it is damaged, `clearing-point rebuild` makes it "
                    "anew from the archive."
                ) from error
            if monotonic() >= end:
                holder = _HOLDER.search(text)
                who = f" (process {holder[1]})" if holder else ""
                raise InputProblem(
                    f"The warehouse is in use by another command{who}: wait for it to end and try again."
                ) from error
            sleep(_PAUSE_SECONDS)
        else:
            return connection


@contextmanager
def opened(path: Path, *, read_only: bool = False, attach: Mapping[str, Path] | None = None) -> Iterator[Any]:
    """Open with :func:`connect` and close for certain."""
    connection = connect(path, read_only=read_only, attach=attach)
    try:
        yield connection
    finally:
        connection.close()


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
                    _create(folder / "new.duckdb", standard, project.prepared)
                    os.replace(folder / "new.duckdb", project.warehouse)
                finally:
                    drop_work(folder)
        return
    with opened(project.warehouse, read_only=True) as connection:
        problem = _difference(connection, standard)
    if problem:
        raise InputProblem(
            f"The warehouse was made with another version of the standard ({problem}): "
            "run `clearing-point rebuild`."
        )


def new_workspace(project: Project, standard: Standard) -> Path:
    """Make an empty database of the warehouse's shape in a folder of its own; see :func:`drop_workspace`."""
    project.prepare()
    prepare_rules(project.prepared, standard)
    path = work_folder(project.work, "submission-") / "workspace.duckdb"
    _create(path, standard, project.prepared)
    return path


def drop_workspace(path: Path) -> None:
    """Remove a workspace and everything beside it."""
    drop_work(path.parent)


def merge(
    project: Project,
    standard: Standard,
    workspace: Path,
    submission_id: str,
    *,
    accepted: bool,
    reason: str | None = None,
) -> None:
    """Copy one judged submission from its workspace into the warehouse, in one transaction.

    An accepted one also enters ``core`` and its predecessor becomes ``REPLACED``; both stay.

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
    with alone(project.warehouse_lock, "changing the warehouse"):
        _merge(project, standard, workspace, submission_id, accepted, reason)


def _merge(
    project: Project,
    standard: Standard,
    workspace: Path,
    submission_id: str,
    accepted: bool,
    reason: str | None,
) -> None:
    tables = [t.name for t in standard.tables_of_kind("header", "case", "aggregate", "scorecard")]
    with (
        opened(project.warehouse, attach={"workspace": workspace}) as connection,
        changing(connection, project),
    ):
        if connection.execute(
            "SELECT count(*) FROM raw.submission WHERE submission_id = ?", [submission_id]
        ).fetchone()[0]:
            raise InputProblem(
                f"Another command stored {submission_id} meanwhile: look at `clearing-point status` and load again."
            )
        for schema, names in (
            ("raw", ("submission", "column", "record")),
            ("quality", QUALITY),
            ("staged", tables),
        ):
            for name in names:
                _copy(connection, f'{schema}."{name}"', submission_id)
        if accepted:
            _enter_core(connection, standard, tables, submission_id)
            if reason:
                record_event(connection, submission_id, EVENT_REPLACED, reason)
        else:
            connection.execute(
                "UPDATE raw.submission SET status = ? WHERE submission_id = ? AND status <> ?",
                [RETURNED, submission_id, REFUSED],
            )


@contextmanager
def changing(connection: Any, project: Project) -> Iterator[None]:
    """Make one change of the warehouse: in one transaction, with its receipts beside the archive.

    The receipts are written before the change is confirmed, so that with the archive they never say less than
    the warehouse; if the change fails they are put back.
    """
    connection.execute("BEGIN TRANSACTION")
    before: bytes | None = None
    kept = False
    try:
        yield
        before = keep_receipts(connection, project.receipts, QUALITY, (REFUSED, DELETED))
        kept = True
        connection.execute("COMMIT")
    except BaseException:
        if kept:
            put_back(project.receipts, before)
        with suppress(duckdb.Error):  # after a fatal error nothing can be rolled back; the log does it
            connection.execute("ROLLBACK")
        raise
    connection.execute("CHECKPOINT")


def record_event(connection: Any, submission_id: str, event: str, reason: str) -> None:
    """Record what a person did with a submission, and why."""
    connection.execute("INSERT INTO raw.event VALUES (?,?,?,?)", [submission_id, event, reason, now()])


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
        connection.execute("COMMIT")


def copy_receipt(source: Path, target: Path, submission_id: str) -> None:
    """Carry the receipt, findings and decision of a refused submission from one warehouse to another."""
    with opened(target, attach={"workspace": source}) as connection:
        connection.execute("BEGIN TRANSACTION")
        for name in ("raw.submission", *(f"quality.{n}" for n in QUALITY)):
            _copy(connection, name, submission_id)
        connection.execute("COMMIT")


def warehouse_of_receipts(receipts: dict[str, Any], path: Path, standard: Standard) -> Path:
    """Make a warehouse that holds nothing but kept receipts, to rebuild from; see :mod:`clearing_point.receipts`."""
    _create(path, standard, path.parent)
    with opened(path) as connection:
        enter_receipts(connection, receipts)
    return path


QUALITY = ("finding", "rule_result", "decision", "validation_result", "waiver", "correction", "answer")
"""Tables of what was judged, one row a finding, rule or decision of a submission."""


def _copy(connection: Any, name: str, submission_id: str, select: str = "*", to: str | None = None) -> None:
    """Copy the rows of a submission from the workspace; checks that as many arrive as are there."""
    arrived = connection.execute(
        f"INSERT INTO {to or name} BY NAME SELECT {select} FROM workspace.{name} WHERE submission_id = ?",
        [submission_id],
    ).fetchone()[0]
    there = connection.execute(
        f"SELECT count(*) FROM workspace.{name} WHERE submission_id = ?", [submission_id]
    ).fetchone()[0]
    if there != arrived:
        raise InternalError(f"{name}: {arrived} of {there} rows arrived; nothing was stored.")


def _enter_core(connection: Any, standard: Standard, tables: list[str], submission_id: str) -> None:
    connection.execute(
        "UPDATE raw.submission SET status = ? WHERE status = ? AND submission_id <> ? AND series = "
        "(SELECT series FROM raw.submission WHERE submission_id = ?)",
        [REPLACED, ACCEPTED, submission_id, submission_id],
    )
    connection.execute(
        "UPDATE raw.submission SET status = ? WHERE submission_id = ?", [ACCEPTED, submission_id]
    )
    sender = connection.execute(
        "SELECT sender FROM raw.submission WHERE submission_id = ?", [submission_id]
    ).fetchone()[0]
    for name in tables:
        # One pseudonym a sender and case number, the same in every year and every rebuild.
        select = (
            f"*, left(sha256('{sender}' || chr(31) || coalesce(person_reference, sheet || source_row)), 20) "
            "AS person_id"
            if name == "person"
            else "*"
        )
        _copy(connection, f'staged."{name}"', submission_id, select, to=f'core."{name}"')


def same_file(
    connection: Any, series: str, file_sha256: str, profile_sha256: str, standard_sha256: str
) -> str | None:
    """Return the newest submission of a series if it came of this very file, profile and standard."""
    row = connection.execute(
        "SELECT submission_id, status, file_sha256, profile_sha256, standard_sha256 FROM raw.submission "
        "WHERE series = ? ORDER BY version_number DESC LIMIT 1",
        [series],
    ).fetchone()
    # What was taken back may be sent again.
    same = (
        row is not None
        and row[1] not in (WITHDRAWN, DELETED)
        and row[2:] == (file_sha256, profile_sha256, standard_sha256)
    )
    return str(row[0]) if same else None


def sent_before(connection: Any, series: str, file_sha256: str) -> bool:
    """Say whether a sender sent this very file for another period or territory, or before her newest version (P07).

    What became of it does not matter, so that a rebuild finds the same.
    """
    row = connection.execute(
        "SELECT count(*) FILTER (series <> $series) > 0 OR count(*) FILTER (series = $series) > 0 AND "
        "(SELECT max_by(file_sha256, version_number) FROM raw.submission WHERE series = $series) <> $sha256 "
        "FROM raw.submission WHERE sender = $sender AND file_sha256 = $sha256",
        {"series": series, "sha256": file_sha256, "sender": series.split("/", 1)[0]},
    ).fetchone()
    return bool(row[0])


def current_version(connection: Any, series: str) -> tuple[int, str | None]:
    """Return the highest version number of a series (0 if none) and its accepted submission, if any."""
    highest = connection.execute(
        "SELECT coalesce(max(version_number), 0) FROM raw.submission WHERE series = ?", [series]
    ).fetchone()[0]
    accepted = connection.execute(
        "SELECT submission_id FROM raw.submission WHERE series = ? AND status = ?", [series, ACCEPTED]
    ).fetchone()
    return int(highest), None if accepted is None else str(accepted[0])


def refuse_overlap(connection: Any, series: str, start: datetime.date, end: datetime.date) -> None:
    """Refuse a period that overlaps another accepted one of the same sender and territory.

    Raises
    ------
    InputProblem
        Naming the other submission: counted twice, its persons would mislead.
    """
    sender, territory, _ = series.split("/", 2)
    row = connection.execute(
        "SELECT submission_id FROM raw.submission WHERE sender = ? AND coalesce(territory, '-') = ? "
        "AND series <> ? AND status = ? AND use = 'count' AND period_start <= ? AND period_end >= ? LIMIT 1",
        [sender, territory, series, ACCEPTED, end, start],
    ).fetchone()
    if row:
        raise InputProblem(
            f"The period overlaps submission {row[0]} of the same sender: send the same period again to replace it."
        )


def content_hash(connection: Any, standard: Standard) -> str:
    """Return a hash of what the warehouse holds, whatever the file's bytes and the time of loading.

    Sums a digest of every row of ``raw``, ``staged``, ``core`` and ``quality``, leaving out clock times, so
    that a rebuild can be compared with what it replaces.
    """
    digest = hashlib.sha256()
    for table in metadata_of(standard).sorted_tables:
        if table.schema == "ref":
            continue
        columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in _CLOCK_COLUMNS)
        count, total = connection.execute(
            f"SELECT count(*), coalesce(sum(hash(row_values)::HUGEINT), 0) FROM (SELECT ROW({columns}) AS row_values "
            f'FROM {table.schema}."{table.name}")'
        ).fetchone()
        digest.update(f"{table.schema}.{table.name}:{count}:{total}\n".encode())
    return digest.hexdigest()


_CLOCK_COLUMNS = ("received_at", "decided_at", "happened_at")


def now() -> datetime.datetime:
    """Return the time in UTC without zone; ``SOURCE_DATE_EPOCH`` fixes it for rebuilds and tests."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).replace(tzinfo=None)
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


_EMPTY: dict[str, bytes] = {}
"""Bytes of an empty database by the hash of its standard: making one costs more than writing it."""


def _create(path: Path, standard: Standard, prepared: Path) -> None:
    def make() -> bytes:
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
        _EMPTY[standard.sha256] = kept(prepared, "empty", standard, make)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(_EMPTY[standard.sha256])


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


def _difference(connection: Any, standard: Standard) -> str | None:
    wanted = {
        (table.schema, table.name): [c.name for c in table.columns]
        for table in metadata_of(standard).sorted_tables
        if table.schema in SCHEMAS
    }
    there: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in connection.execute(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database() ORDER BY table_schema, table_name, ordinal_position"
    ).fetchall():
        there.setdefault((schema, table), []).append(column)
    for key in sorted(wanted, key=str):
        if there.get(key) != wanted[key]:
            return f"table {key[0]}.{key[1]}"
    return None
