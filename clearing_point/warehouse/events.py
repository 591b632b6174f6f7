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


def let_earlier_stand(connection: Any) -> tuple[str, ...]:
    """Put the newest release of a public source in force again whose later ones were all taken back; return these.

    Submissions are not put in force again: what their sender replaced, she sends again if it is to count.
    """
    rows = connection.execute(
        "SELECT submission_id FROM raw.submission WHERE use = 'reference' AND status = $replaced AND series NOT IN "
        "(SELECT series FROM raw.submission WHERE status = $accepted) "
        "QUALIFY row_number() OVER (PARTITION BY series ORDER BY released DESC NULLS LAST, version_number DESC) = 1 "
        "ORDER BY 1",
        {"replaced": REPLACED, "accepted": ACCEPTED},
    ).fetchall()
    names = [row[0] for row in rows]
    connection.execute(
        "UPDATE raw.submission SET status = ? WHERE list_contains(?::VARCHAR[], submission_id)",
        [ACCEPTED, names],
    )
    return tuple(names)


def record_event(connection: Any, submission_id: str, event: str, reason: str) -> None:
    """Record what a person did with a submission, and why."""
    connection.execute("INSERT INTO raw.event VALUES (?,?,?,?)", [submission_id, event, reason, now()])


def now() -> datetime.datetime:
    """Return the time in UTC without zone; ``SOURCE_DATE_EPOCH`` fixes it for rebuilds and tests."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).replace(tzinfo=None)
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
