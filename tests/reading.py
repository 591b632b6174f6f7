"""Reading a file in a test as far as the workspace: what was staged, what was found, and the balance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.countries import for_sender, profile_of_territory
from clearing_point.findings import ERROR, WARNING
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_with_answers

_LINEAGE = "submission_id, sheet, source_row"


@dataclass(frozen=True)
class Found:
    """What came of a file."""

    findings: list[tuple[Any, ...]]
    """(rule, severity, sheet, row, column letter)."""
    content: Counter[tuple[str, str]]
    """Table and what a row of it holds, wherever it stood."""
    rows: dict[str, int]
    balance: dict[str, dict[str, int]]
    refused: bool

    @property
    def rules(self) -> set[str]:
        return {rule for rule, *_ in self.findings}

    def places(self, rule: str) -> set[tuple[Any, ...]]:
        return {tuple(place) for found, _, *place in self.findings if found == rule}

    def told(self) -> set[str | None]:
        """Sheets of which something is said that the sender must answer or correct."""
        return {sheet for _, severity, sheet, *_ in self.findings if severity in {"block", ERROR, WARNING}}


def read(
    project: Project, standard: Standard, path: Path, territory: str = "SRB", period: str = "2022",
    sender: str | None = None,
) -> Found:  # fmt: skip
    """Read a file as `check` does, without the rules."""
    profile = for_sender(profile_of_territory(project, territory), sender)
    received, profile, _ = read_with_answers(project, path, profile, standard)
    receipt = receive(project, standard, path, profile, period, received=received)
    try:
        with receipt.workspace.opened() as connection:
            findings = connection.execute(
                "SELECT rule_id, severity, sheet, source_row, column_letter FROM quality.finding ORDER BY ALL"
            ).fetchall()
            content: Counter[tuple[str, str]] = Counter()
            for name, count in receipt.rows.items():
                if count and name != "submission":
                    rows = connection.execute(
                        f'SELECT * EXCLUDE ({_LINEAGE}) FROM staged."{name}"'
                    ).fetchall()
                    content.update((name, repr(row)) for row in rows)
            balance: dict[str, dict[str, int]] = {}
            for sheet, item, count in connection.execute(
                "SELECT sheet, item, count FROM quality.balance"
            ).fetchall():
                balance.setdefault(sheet, {})[item] = count
        return Found(findings, content, dict(receipt.rows), balance, receipt.refused)
    finally:
        receipt.workspace.drop()
