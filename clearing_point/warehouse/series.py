"""What the warehouse knows of a series of submissions: same file, versions, overlapping periods."""

from __future__ import annotations

import datetime
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.warehouse.events import ACCEPTED, DELETED, WITHDRAWN


def same_file(
    connection: Any,
    series: str,
    file_sha256: str,
    profile_sha256: str,
    standard_sha256: str,
    answers_sha256: str | None = None,
) -> str | None:
    """Return the newest submission of a series if it came of this very file, answers beside it, profile and standard."""
    row = connection.execute(
        "SELECT submission_id, status, file_sha256, profile_sha256, standard_sha256, answers_sha256 FROM raw.submission "
        "WHERE series = ? ORDER BY version_number DESC LIMIT 1",
        [series],
    ).fetchone()
    # What was taken back may be sent again.
    same = (
        row is not None
        and row[1] not in (WITHDRAWN, DELETED)
        and row[2:] == (file_sha256, profile_sha256, standard_sha256, answers_sha256)
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


def sent_by_another(connection: Any, series: str, file_sha256: str) -> bool:
    """Say whether another sender of the territory sent this very file (L37), whatever became of it."""
    sender, territory, _ = series.split("/", 2)
    row = connection.execute(
        "SELECT count(*) > 0 FROM raw.submission WHERE sender <> ? AND coalesce(territory, '-') = ? AND file_sha256 = ? "
        "AND use = 'count'",
        [sender, territory, file_sha256],
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


def release_of(connection: Any, submission_id: str | None) -> datetime.date | None:
    """Return when the publisher of a public file released it; None for what is no public file, or where nobody said it."""
    row = connection.execute(
        "SELECT released FROM raw.submission WHERE submission_id = ?", [submission_id]
    ).fetchone()
    found: datetime.date | None = row[0] if row else None
    return found


def release_in_force(
    connection: Any, profile: str, sender: str
) -> tuple[tuple[str, datetime.date | None], ...]:
    """Return the files of the release of a public source that is in force, with its day; first that of a sender.

    Parameters
    ----------
    sender : str
        Of the main file or of one of its parts.
    """
    rows = connection.execute(
        "SELECT submission_id, released FROM raw.submission WHERE use = 'reference' AND profile = ? AND status = ? "
        "ORDER BY sender <> ?, submission_id",
        [profile, ACCEPTED, sender],
    ).fetchall()
    return tuple((str(name), released) for name, released in rows)


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
            f"The period overlaps submission {row[0]} of the same sender: send the same period again to replace it.",
            "period_overlaps",
        )
