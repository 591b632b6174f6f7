"""What a finding is: coordinates, a rule and a severity. Never a value of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

BLOCK, ERROR, WARNING, INFORMATION = "block", "error", "warning", "information"
SEVERITIES = (BLOCK, ERROR, WARNING, INFORMATION)
"""From a submission that cannot be taken to a remark (domain.md 13)."""

SHEET_MISSING, HEADING_MISSING, HEADING_UNEXPECTED, NO_ROWS = "L01", "L02", "L03", "L04"
HIDDEN_ROWS, TOTALS_LEFT_OUT, OTHER_SPELLING, EMPTY_FORBIDDEN = "L05", "L06", "L07", "L08"
CELL_ERROR = "F06"
REPEATED_ROW, SAME_FILE = "P06", "P07"
FORBIDDEN_COLUMN, PERSONAL_CONTENT, WORDS_LEFT_OUT = "P01", "P02", "P12"
AMBIGUOUS = "G01"
"""A word that means several territories."""


@dataclass(frozen=True)
class Finding:
    """One fault at one place.

    Attributes
    ----------
    sheet, source_row, column_letter
        The place in the sender's own file; rows count from 1, None where a whole sheet or column
        is meant.
    """

    rule_id: str
    severity: str
    dimension: str
    target_table: str | None = None
    target_field: str | None = None
    sheet: str | None = None
    source_row: int | None = None
    column_letter: str | None = None


def store_findings(connection: Any, submission_id: str, findings: Iterable[Finding]) -> None:
    """Write a few findings that were made outside SQL (structure, refusals)."""
    rows = [
        (submission_id, f.rule_id, f.severity, f.dimension, f.target_table, f.target_field, f.sheet,
         f.source_row, f.column_letter, False)
        for f in findings
    ]  # fmt: skip
    if rows:
        connection.executemany("INSERT INTO quality.finding VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
