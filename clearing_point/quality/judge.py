"""The verdict on a submission: SQL lists every failing row; what is loaded, Great Expectations judges as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries.decisions import Waiver
from clearing_point.errors import InputProblem, InternalError
from clearing_point.findings import BLOCK, ERROR, INFORMATION, WARNING
from clearing_point.quality.answers import Answer, take_answers
from clearing_point.quality.earlier import Earlier
from clearing_point.quality.evaluate import evaluate
from clearing_point.quality.runner import Gate, GateResult
from clearing_point.quality.suites import Measured, measured_expectations
from clearing_point.quality.waivers import waive
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import now

ACCEPT, ACCEPT_WITH_WARNINGS, RETURN = "accepted", "accepted with warnings", "returned"
_DECISIVE = {"count": (BLOCK, ERROR), "reference": (BLOCK,)}
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
    workspace: Path,
    submission_id: str,
    standard: Standard,
    *,
    refused: bool,
    use: str,
    earlier: Earlier | None = None,
    waivers: Sequence[Waiver] = (),
    answers: Sequence[Answer] = (),
    gate: Gate | None = None,
) -> Verdict:
    """Check a received submission and decide.

    Parameters
    ----------
    workspace : Path
        Where it was received; no connection may be open.
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
    gate : callable, optional
        What asks Great Expectations; without it SQL alone gives the verdict, as for a check.

    Raises
    ------
    InputProblem
        If a waiver is stale.
    InternalError
        If a rule cannot run, or SQL and Great Expectations disagree: never a verdict.
    """
    earlier = earlier or Earlier(None)
    measured: tuple[Measured, ...] = ()
    with opened(workspace, attach=earlier.attached) as connection:
        connection.execute("BEGIN TRANSACTION")
        if not refused:
            evaluate(connection, submission_id, standard, no_previous=earlier.reason)
            if gate is not None:
                measured = measured_expectations(connection, standard)
            waive(connection, submission_id, waivers)
            take_answers(connection, submission_id, answers, standard)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    results = gate(workspace, measured) if gate is not None and measured else ()
    for result, expected in zip(results, measured, strict=True):
        if result.success != expected.holds:
            raise InternalError(
                f"Rule {result.rule_id}: SQL and Great Expectations disagree; nothing was decided."
            )
    return _decide(workspace, submission_id, results, use)


def _decide(workspace: Path, submission_id: str, results: Sequence[GateResult], use: str) -> Verdict:
    with opened(workspace) as connection:
        connection.execute("BEGIN TRANSACTION")
        counts = dict.fromkeys((BLOCK, ERROR, WARNING, INFORMATION), 0)
        counts |= dict(
            connection.execute(
                "SELECT severity, count(*) FROM quality.finding WHERE submission_id = ? AND NOT waived GROUP BY 1",
                [submission_id],
            ).fetchall()
        )
        decisive = any(counts[s] for s in _DECISIVE[use])
        remarks = sum(counts[s] for s in (BLOCK, ERROR, WARNING))
        decision = RETURN if decisive else ACCEPT_WITH_WARNINGS if remarks else ACCEPT
        if results:
            connection.executemany(
                "INSERT INTO quality.validation_result VALUES (?,?,?,?,?,?,NULL,?)",
                [(submission_id, r.suite, r.name, r.rule_id, r.kind, r.success, r.observed) for r in results],
            )
        failed = sum(not r.success for r in results)
        connection.execute(
            "INSERT INTO quality.decision VALUES (?,?,?,?,?,?,?,?)",
            [submission_id, decision, now(), counts[BLOCK] + counts[ERROR], counts[WARNING], counts[INFORMATION],
             len(results), failed],
        )  # fmt: skip
        connection.execute("COMMIT")
    return Verdict(submission_id, decision, counts, len(results), failed)


def verdict_of(database: Path, submission_id: str) -> Verdict:
    """Read the verdict of a stored submission back.

    Raises
    ------
    InputProblem
        If there is no such submission.
    """
    with opened(database, read_only=True) as connection:
        row = connection.execute(
            "SELECT decision, expectations, expectations_failed FROM quality.decision WHERE submission_id = ?",
            [submission_id],
        ).fetchone()
        if row is None:
            raise InputProblem(
                f"There is no submission '{submission_id}': `clearing-point status` lists them."
            )
        counts = dict.fromkeys((BLOCK, ERROR, WARNING, INFORMATION), 0)
        counts |= dict(
            connection.execute(
                "SELECT severity, count(*) FROM quality.finding WHERE submission_id = ? AND NOT waived GROUP BY 1",
                [submission_id],
            ).fetchall()
        )
    return Verdict(submission_id, row[0], counts, row[1], row[2])
