"""Findings that no longer decide: waived by the clearing point, or answered by the sender in her own file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clearing_point.countries.decisions import Waiver


def waive(connection: Any, submission_id: str, waivers: Sequence[Waiver]) -> None:
    """Mark the findings that waivers cover, and record each waiver with its number of findings.

    Raises
    ------
    InputProblem
        If a waiver is stale: it covers nothing, or more findings than it was decided for.
    """
    for waiver in waivers:
        where = "submission_id = ? AND rule_id = ? AND target_table = ? AND severity <> 'block'"
        parameters: list[Any] = [submission_id, waiver.rule_id, waiver.table]
        if waiver.field:
            where += " AND target_field = ?"
            parameters.append(waiver.field)
        if waiver.rows:
            where += f" AND source_row IN ({', '.join(map(str, waiver.rows))})"
        covered = connection.execute(f"UPDATE quality.finding SET waived = true WHERE {where}", parameters)
        count = int(covered.fetchone()[0])
        if count == 0:
            raise waiver.stale("it covers no finding any more", "decision_of_none")
        if count > waiver.findings_at_most:
            raise waiver.stale(
                f"it was decided for at most {waiver.findings_at_most} findings and there are {count}",
                "decision_of_more",
                most=str(waiver.findings_at_most),
                found=str(count),
            )
        connection.execute(
            "INSERT INTO quality.waiver VALUES (?,?,?,?,?,?,?,?,?,?)",
            [submission_id, waiver.decision_id, waiver.rule_id, waiver.table, waiver.field, waiver.reason,
             waiver.role, waiver.date, waiver.expires, count],
        )  # fmt: skip
