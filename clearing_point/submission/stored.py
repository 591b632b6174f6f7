"""A stored submission of which something is said to its sender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.quality.feedback import OF_REFUSED, feedback_of
from clearing_point.quality.judge import verdict_of
from clearing_point.standard import Standard
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item, Plan
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import DELETED, REFUSED, REPLACED, RETURNED, WITHDRAWN


@dataclass(frozen=True)
class Stored:
    """Whose it is, the hash of her file, and whether that was refused: then nothing of it was kept."""

    territory: str | None
    file_sha256: str
    refused: bool
    rows_read: int


def stored_submission(connection: Any, submission_id: str) -> Stored:
    """Read of a submission what is needed to give it back.

    Parameters
    ----------
    connection : duckdb connection
        The warehouse.

    Raises
    ------
    InputProblem
        If it is not there, or no longer counts.
    """
    row = connection.execute(
        "SELECT territory, file_sha256, status, rows_read FROM raw.submission WHERE submission_id = ?",
        [submission_id],
    ).fetchone()
    if row is None:
        raise InputProblem(
            f"There is no submission '{submission_id}': `clearing-point status` lists them.",
            "submission_unknown", submission=submission_id,
        )  # fmt: skip
    territory, sha256, status, rows_read = row
    _refuse_what_is_gone(connection, submission_id, status)
    return Stored(territory, sha256, status == REFUSED, rows_read)


def loaded_before(project: Project, standard: Standard, item: Item, plan: Plan) -> Outcome:
    """Say again what came of a file that was loaded before."""
    name = str(plan.before)
    with opened(project.warehouse, read_only=True) as connection:
        verdict = verdict_of(connection, name)
        feedback = feedback_of(connection, name, standard, item.language)
    refused = any(missed.reason == OF_REFUSED for missed in feedback.facts.missed)
    return Outcome(name, item, verdict, feedback, {}, stored=True, unchanged=True, refused=refused)


def _refuse_what_is_gone(connection: Any, submission_id: str, status: str) -> None:
    """Say of a version that was taken back or replaced that it is; what would be said of it is no longer so."""
    if status == DELETED:
        raise InputProblem(
            f"{submission_id} was deleted: nothing of it is left to give back.",
            "submission_deleted", submission=submission_id,
        )  # fmt: skip
    if status == WITHDRAWN:
        raise InputProblem(
            f"{submission_id} was withdrawn and counts no longer: there is nothing to correct in it.",
            "submission_withdrawn",
            submission=submission_id,
        )
    if status == REPLACED:
        later = connection.execute(
            "SELECT min_by(submission_id, version_number) FROM raw.submission WHERE supersedes = ? "
            "AND status NOT IN (?, ?)",
            [submission_id, RETURNED, REFUSED],
        ).fetchone()[0]
        raise InputProblem(
            f"{submission_id} was replaced by {later}: `clearing-point feedback {later} -o marked.xlsx` is about the "
            "version that counts.",
            "submission_replaced",
            submission=submission_id,
            later=later,
        )
