"""The verdict on a submission by SQL, which lists every failing row; see also :mod:`clearing_point.quality.confirm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.countries.decisions import Waiver
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, INFORMATION, WARNING
from clearing_point.quality.answers import Answer, take_answers
from clearing_point.quality.earlier import Earlier
from clearing_point.quality.evaluate import evaluate
from clearing_point.quality.waivers import waive
from clearing_point.standard import Standard
from clearing_point.warehouse.events import now
from clearing_point.warehouse.workspace import Workspace

ACCEPT, ACCEPT_WITH_WARNINGS, RETURN = "accepted", "accepted with warnings", "returned"
DECISIVE = {"count": (BLOCK, ERROR), "reference": (BLOCK,)}
"""Published figures of others are kept with their faults flagged; a country's own data are returned."""


@dataclass(frozen=True)
class Verdict:
    """The decision on one submission and its counts of findings by severity."""

    submission_id: str
    decision: str
    findings: Mapping[str, int]
    expectations: int = 0
    failed_expectations: int = 0

    @property
    def accepted(self) -> bool:
        """Accepted, with or without warnings."""
        return self.decision != RETURN


def judge(
    workspace: Workspace,
    submission_id: str,
    standard: Standard,
    *,
    refused: bool,
    use: str,
    earlier: Earlier | None = None,
    waivers: Sequence[Waiver] = (),
    answers: Sequence[Answer] = (),
) -> Verdict:
    """Check a received submission and decide.

    Parameters
    ----------
    workspace : Workspace
        Where it was received, open, with what its sender sent before.
    refused : bool
        It was stopped before its content was read; only its structure findings count.
    use : str
        ``count`` or ``reference`` (``raw.submission.use``).
    earlier : Earlier, optional
        What the sender sent before; without it comparisons with the past are recorded as not run.
    waivers : sequence of Waiver
        In force for this file.
    answers : sequence of Answer
        Reasons that the sender wrote beside her findings in the file.

    Raises
    ------
    InputProblem
        If a waiver is stale.
    InternalError
        If a rule cannot run: never a verdict.
    """
    earlier = earlier or Earlier(None)
    connection = workspace.connection
    connection.execute("BEGIN TRANSACTION")
    if not refused:
        evaluate(connection, submission_id, standard, no_previous=earlier.reason)
        waive(connection, submission_id, waivers)
        take_answers(connection, submission_id, answers, standard)
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT")
    return _decide(connection, submission_id, use)


def _decide(connection: Any, submission_id: str, use: str) -> Verdict:
    connection.execute("BEGIN TRANSACTION")
    counts = _counts(connection, submission_id)
    decisive = any(counts[s] for s in DECISIVE[use])
    remarks = sum(counts[s] for s in (BLOCK, ERROR, WARNING))
    decision = RETURN if decisive else ACCEPT_WITH_WARNINGS if remarks else ACCEPT
    connection.execute(
        "INSERT INTO quality.decision VALUES (?,?,?,?,?,?,?,?)",
        [submission_id, decision, now(), counts[BLOCK] + counts[ERROR], counts[WARNING], counts[INFORMATION],
         0, 0],
    )  # fmt: skip
    connection.execute("COMMIT")
    return Verdict(submission_id, decision, counts)


def _counts(connection: Any, submission_id: str) -> dict[str, int]:
    counted = connection.execute(
        "SELECT severity, count(*) FROM quality.finding WHERE submission_id = ? AND NOT waived GROUP BY 1",
        [submission_id],
    ).fetchall()
    return dict.fromkeys((BLOCK, ERROR, WARNING, INFORMATION), 0) | dict(counted)


def verdict_of(connection: Any, submission_id: str) -> Verdict:
    """Read the verdict of a stored submission back from the warehouse.

    Raises
    ------
    InputProblem
        If there is no such submission.
    """
    row = connection.execute(
        "SELECT decision, expectations, expectations_failed FROM quality.decision WHERE submission_id = ?",
        [submission_id],
    ).fetchone()
    if row is None:
        raise InputProblem(
            f"There is no submission '{submission_id}': `clearing-point status` lists them.",
            "submission_unknown",
            submission=submission_id,
        )
    return Verdict(submission_id, row[0], _counts(connection, submission_id), row[1], row[2])
