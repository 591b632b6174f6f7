"""Changes of the warehouse: one transaction each, with receipts beside the archive, and what a person did and why."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from clearing_point.project import Project
from clearing_point.warehouse.lake import is_lake, seen_by_others
from clearing_point.warehouse.receipts import keep_receipts, put_back

ACCEPTED, RETURNED, REPLACED = "ACCEPTED", "RETURNED", "REPLACED"
WITHDRAWN, REFUSED, DELETED = "WITHDRAWN", "QUARANTINED", "DELETED"
EVENT_REPLACED, EVENT_WITHDRAWN, EVENT_DELETED = "replaced", "withdrawn", "deleted"
"""Codes of the list ``submission_status`` that the machinery itself sets."""
QUALITY = (
    "finding",
    "rule_result",
    "decision",
    "validation_result",
    "waiver",
    "correction",
    "answer",
    "balance",
)
"""Tables of what was judged, one row a finding, rule or decision of a submission."""


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
    if is_lake(project.warehouse):
        seen_by_others(project.warehouse)
    else:
        connection.execute("CHECKPOINT")


def releases_in_force(submissions: str = "raw.submission", where: str = "true") -> str:
    """Return the query of the public files in force: of each source all parts of its newest release, of a part the last.

    A release is in force as a whole: supplementary tables of an earlier one do not stand beside newer main tables, for
    nobody would see that the two are of different days. A release of no known day is older than any with a day.

    Parameters
    ----------
    submissions : str
        SQL of the table of submissions.
    where : str
        Only of these.
    """
    return (
        "SELECT submission_id FROM (SELECT submission_id, profile, sender, version_number, "
        "max(received_at) OVER (PARTITION BY series ORDER BY version_number) AS came, "
        "released IS NOT DISTINCT FROM max(released) OVER (PARTITION BY profile) AS newest "
        f"FROM {submissions} WHERE use = 'reference' AND status IN ('{ACCEPTED}', '{REPLACED}') AND {where}) AS stored "
        "WHERE newest QUALIFY row_number() OVER (PARTITION BY profile, sender ORDER BY came DESC, version_number DESC) = 1"
    )


def let_releases_stand(connection: Any) -> tuple[str, ...]:
    """Put the newest release of every public source in force, and all others out of it; return what counts again.

    Submissions are not put in force again: what their sender replaced, she sends again if it is to count.
    """
    in_force = {row[0] for row in connection.execute(releases_in_force()).fetchall()}
    stored = connection.execute(
        "SELECT submission_id, status FROM raw.submission WHERE use = 'reference' AND status IN (?, ?) ORDER BY 1",
        [ACCEPTED, REPLACED],
    ).fetchall()
    again = [name for name, state in stored if state == REPLACED and name in in_force]
    no_more = [name for name, state in stored if state == ACCEPTED and name not in in_force]
    # Only what changes is touched: a lake loses the order of rows that are changed where they were inserted.
    for names, state in ((again, ACCEPTED), (no_more, REPLACED)):
        if names:
            connection.execute(
                "UPDATE raw.submission SET status = ? WHERE list_contains(?::VARCHAR[], submission_id)",
                [state, names],
            )
    return tuple(again)


def record_event(connection: Any, submission_id: str, event: str, reason: str) -> None:
    """Record what a person did with a submission, and why."""
    connection.execute("INSERT INTO raw.event VALUES (?,?,?,?)", [submission_id, event, reason, now()])


def now() -> datetime.datetime:
    """Return the time in UTC without zone; ``SOURCE_DATE_EPOCH`` fixes it for rebuilds and tests."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).replace(tzinfo=None)
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
