"""Taking a submission back: withdrawn (kept, no longer counted) or deleted (only its receipt is left)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from clearing_point.errors import InputProblem
from clearing_point.intake import archive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import changing_alone, opened
from clearing_point.warehouse.events import (
    ACCEPTED,
    DELETED,
    EVENT_DELETED,
    EVENT_WITHDRAWN,
    REPLACED,
    WITHDRAWN,
    changing,
    let_releases_stand,
    record_event,
)
from clearing_point.warehouse.lake import forget_deleted, is_lake
from clearing_point.workplace import drop_work, work_folder

_SHORTEST_REASON = 5


def checked_reason(reason: str) -> str:
    """Return a reason without its outer blanks.

    Raises
    ------
    InputProblem
        If it says nothing.
    """
    text = " ".join(reason.split())
    if len(text) < _SHORTEST_REASON:
        raise InputProblem(
            "Say why, in a few words, with --reason. Never name a person in it.", "reason_missing"
        )
    return text


def counted_elsewhere(
    project: Project, standard: Standard, submission_id: str
) -> tuple[tuple[str, int], ...]:
    """Return the other accepted submissions that hold persons of a submission, each with how many of them.

    The same person is known by a token that both senders made, or by the number that one sender gave her.

    Raises
    ------
    InputProblem
        If there is no such submission.
    """
    _state(project, submission_id)
    person = standard.tables["person"]
    key = person.primary_key[0]
    tokens = [f.name for f in person.received if f.disclosure == "pseudonym" and f.name != key]
    missing = ", ".join(f"'{code}'" for code in standard.missing_codes)
    same = " OR ".join(
        [
            f'(o.sender = s.sender AND o.territory IS NOT DISTINCT FROM s.territory AND theirs."{key}" = own."{key}")',
            *(f'(own."{t}" = theirs."{t}" AND own."{t}" NOT IN ({missing}))' for t in tokens),
        ]
    )
    with opened(project.warehouse, read_only=True) as connection:
        rows = connection.execute(
            f'SELECT o.submission_id, count(DISTINCT own."{key}") FROM core.person AS own '
            "JOIN raw.submission AS s ON s.submission_id = own.submission_id "
            "JOIN raw.submission AS o ON o.status = $accepted AND o.submission_id <> own.submission_id "
            "JOIN core.person AS theirs ON theirs.submission_id = o.submission_id "
            f"WHERE own.submission_id = $id AND ({same}) GROUP BY 1 ORDER BY 1",
            {"accepted": ACCEPTED, "id": submission_id},
        ).fetchall()
    return tuple((str(name), int(count)) for name, count in rows)


@dataclass(frozen=True)
class Taken:
    """What became of a series of which a submission was taken back.

    Attributes
    ----------
    again : tuple of str
        Earlier releases of a public source that are in force again.
    none : bool
        Whether the series had earlier versions and none of it counts now.
    gone : bool
        Whether a file was removed from the archive.
    """

    again: tuple[str, ...] = ()
    none: bool = False
    gone: bool = False


def withdraw(project: Project, submission_id: str, reason: str) -> Taken:
    """Take an accepted submission out of what counts; all of it is kept.

    Raises
    ------
    InputProblem
        If there is no such submission, it is not accepted, or no reason is given.
    """
    text = checked_reason(reason)
    state = _state(project, submission_id)
    if state != ACCEPTED:
        raise InputProblem(
            f"{submission_id} is not accepted and counts nowhere: there is nothing to withdraw.",
            "nothing_to_withdraw",
            submission=submission_id,
        )
    with (
        changing_alone(project, "changing the warehouse"),
        opened(project.warehouse) as connection,
        changing(connection, project),
    ):
        connection.execute(
            "UPDATE raw.submission SET status = ? WHERE submission_id = ?", [WITHDRAWN, submission_id]
        )
        record_event(connection, submission_id, EVENT_WITHDRAWN, text)
        taken = _taken(connection, submission_id)
    _let_go(project, submission_id)
    return taken


def _taken(connection: Any, submission_id: str) -> Taken:
    again = let_releases_stand(connection)
    left = connection.execute(
        "SELECT count(*) FILTER (status = ?), count(*) FILTER (status = ?) FROM raw.submission WHERE series = "
        "(SELECT series FROM raw.submission WHERE submission_id = ?)",
        [ACCEPTED, REPLACED, submission_id],
    ).fetchone()
    return Taken(again, none=not left[0] and bool(left[1]))


def delete(project: Project, standard: Standard, submission_id: str, reason: str) -> Taken:
    """Remove everything a submission holds about persons: cells, rows, and what the archive keeps of its file.

    Its receipt, its findings (places only) and the reason stay.

    Returns
    -------
    Taken
        Whether the archived file was removed: an original of an earlier version stays if another submission came of it.

    Raises
    ------
    InputProblem
        If there is no such submission, it was deleted before, or no reason is given.
    """
    text = checked_reason(reason)
    _state(project, submission_id)
    with changing_alone(project, "changing the warehouse"):
        return _delete(project, standard, submission_id, text)


def _delete(project: Project, standard: Standard, submission_id: str, text: str) -> Taken:
    cut_short, taken = False, Taken()
    if _state(project, submission_id) == DELETED:
        with opened(project.warehouse, read_only=True) as connection:
            sha256, others = _file_of(connection, submission_id)
        # A deletion that was killed half-way is ended by asking again.
        cut_short = archive.is_there(project, sha256, submission_id, last=not others)
        if not cut_short:
            raise InputProblem(
                f"{submission_id} was deleted before.", "submission_deleted", submission=submission_id
            )
    tables = [t.name for t in standard.tables_of_kind()]
    with opened(project.warehouse) as connection:
        if not cut_short:
            with changing(connection, project):
                for name in (
                    'raw."column"',
                    "raw.record",
                    *(f'{s}."{t}"' for s in ("staged", "core") for t in tables),
                ):
                    connection.execute(f"DELETE FROM {name} WHERE submission_id = ?", [submission_id])
                connection.execute(
                    "UPDATE raw.submission SET status = ?, rows_digest = NULL WHERE submission_id = ?",
                    [DELETED, submission_id],
                )
                record_event(connection, submission_id, EVENT_DELETED, text)
                taken = _taken(connection, submission_id)
        sha256, others = _file_of(connection, submission_id)
    _write_anew(project)
    _let_go(project, submission_id)
    return replace(taken, gone=archive.remove(project, sha256, submission_id, last=not others))


def _let_go(project: Project, submission_id: str) -> None:
    """Remove the workbook that may wait for its marked copy."""
    for path in project.waiting.glob(f"{submission_id}.*") if project.waiting.is_dir() else ():
        path.unlink(missing_ok=True)


def _state(project: Project, submission_id: str) -> str:
    if project.warehouse.exists():
        with opened(project.warehouse, read_only=True) as connection:
            row = connection.execute(
                "SELECT status FROM raw.submission WHERE submission_id = ?", [submission_id]
            ).fetchone()
        if row is not None:
            return str(row[0])
    raise InputProblem(
        f"There is no submission '{submission_id}': `clearing-point status --json` lists them.",
        "submission_unknown",
        submission=submission_id,
    )


def _file_of(connection: Any, submission_id: str) -> tuple[str, int]:
    """Return the hash of a submission's file, and how many submissions that are not deleted came of the same."""
    found: tuple[str, int] = connection.execute(
        "SELECT own.file_sha256, (SELECT count(*) FROM raw.submission AS other WHERE other.file_sha256 = "
        "own.file_sha256 AND other.status <> ?) FROM raw.submission AS own WHERE own.submission_id = ?",
        [DELETED, submission_id],
    ).fetchone()
    return found


def _write_anew(project: Project) -> None:
    """Copy the warehouse into a new file: in the old one the bytes of deleted rows would stay until written over."""
    if is_lake(project.warehouse):
        forget_deleted(project.warehouse)
        return
    folder = work_folder(project.work, "anew-")
    try:
        fresh = folder / "fresh.duckdb"
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET temp_directory = ''")
            connection.execute(f"ATTACH '{_quoted(project.warehouse)}' AS old (READ_ONLY)")
            connection.execute(f"ATTACH '{_quoted(fresh)}' AS fresh")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            connection.execute("COPY FROM DATABASE old TO fresh")
        os.chmod(fresh, 0o600)
        os.replace(fresh, project.warehouse)
    finally:
        drop_work(folder)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
