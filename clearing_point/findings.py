"""What a finding is: coordinates, a rule and a severity. Never a value of a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

BLOCK, ERROR, WARNING, INFORMATION = "block", "error", "warning", "information"
SEVERITIES = (BLOCK, ERROR, WARNING, INFORMATION)
"""From a submission that cannot be taken to a remark (domain.md 13)."""

SHEET_MISSING, HEADING_MISSING, HEADING_UNEXPECTED, NO_ROWS = "L01", "L02", "L03", "L04"
HIDDEN_ROWS, TOTALS_LEFT_OUT, OTHER_SPELLING, EMPTY_FORBIDDEN = "L05", "L06", "L07", "L08"
SHEET_NOT_READ, SHEET_OF_OURS_NOT_READ, NO_HEADING, HEADING_TWICE = "L09", "L10", "L11", "L12"
ROW_ABOVE, ROW_NOT_PLACED, NAMES_MISSING, HIDDEN_COLUMN = "L13", "L14", "L15", "L16"
HIDDEN_SHEET, MERGED_BELOW, MERGED_BESIDE, DAY_NOT_SHOWN = "L17", "L18", "L19", "L20"
ROW_SHORT, ROW_LONG, QUOTES_OVER_LINES, OTHER_SEPARATOR = "L21", "L22", "L23", "L24"
OTHER_ORGANISATION, SAYS_OTHERWISE, DATES_OUTSIDE, COUNTS_FOR_RECORDS = "L25", "L26", "L27", "L28"
HEADINGS_AGAIN, SEVERAL_HEADERS, NO_HEADINGS, NOT_SHOWN = "L29", "L30", "L31", "L32"
YEAR_NOT_SHOWN, UNDER_MERGED, SHOWN_OTHERWISE, STRUCK_OUT, OF_ANOTHER_SENDER = (
    "L33",
    "L34",
    "L35",
    "L36",
    "L37",
)
CELL_ERROR, REFERENCE_CHANGED, MISSING_BESIDE_CODE = "F06", "F08", "F09"
PARTED_OTHERWISE, DATES_OF_OTHER_FORM, TWO_ORDERS, ALIKE_REFERENCES = "F10", "F11", "F12", "F13"
REPEATED_ROW, SAME_FILE = "P06", "P07"
FORBIDDEN_COLUMN, PERSONAL_CONTENT = "P01", "P02"
WORDS_LEFT_OUT, PART_OF_PACKAGE, NO_TOKEN, OLD_DAY = "P12", "P13", "P14", "P15"
AMBIGUOUS = "G01"
"""A word that means several territories."""


CONSERVED: dict[str, str] = {
    SHEET_NOT_READ: WARNING,
    SHEET_OF_OURS_NOT_READ: ERROR,
    NO_HEADING: ERROR,
    HEADING_TWICE: ERROR,
    ROW_ABOVE: WARNING,
    ROW_NOT_PLACED: WARNING,
    NAMES_MISSING: BLOCK,
    HIDDEN_COLUMN: INFORMATION,
    HIDDEN_SHEET: INFORMATION,
    MERGED_BELOW: WARNING,
    MERGED_BESIDE: ERROR,
    UNDER_MERGED: WARNING,
    DAY_NOT_SHOWN: INFORMATION,
    ROW_SHORT: WARNING,
    ROW_LONG: ERROR,
    QUOTES_OVER_LINES: ERROR,
    OTHER_SEPARATOR: INFORMATION,
    OTHER_ORGANISATION: WARNING,
    SAYS_OTHERWISE: ERROR,
    DATES_OUTSIDE: ERROR,
    COUNTS_FOR_RECORDS: ERROR,
    HEADINGS_AGAIN: INFORMATION,
    SEVERAL_HEADERS: ERROR,
    NO_HEADINGS: BLOCK,
    NOT_SHOWN: INFORMATION,
    YEAR_NOT_SHOWN: WARNING,
    SHOWN_OTHERWISE: WARNING,
    STRUCK_OUT: WARNING,
    OF_ANOTHER_SENDER: WARNING,
    REFERENCE_CHANGED: ERROR,
    MISSING_BESIDE_CODE: ERROR,
    PARTED_OTHERWISE: ERROR,
    DATES_OF_OTHER_FORM: ERROR,
    TWO_ORDERS: WARNING,
    ALIKE_REFERENCES: WARNING,
}
"""Rules by which nothing that came is lost or changed without a word, with their severity (:mod:`intake.balance`)."""
CONFIRMED_BY_SENDER = frozenset(rule for rule, severity in CONSERVED.items() if severity == WARNING)
"""Those that the sender may confirm with a reason: what was passed over is not hers to send."""


def conserved(rule_id: str, *place: Any, dimension: str = "structure") -> Finding:
    """Make a finding of :data:`CONSERVED`; ``place`` is table, field, sheet, row and column letter."""
    return Finding(rule_id, CONSERVED[rule_id], dimension, *place)


_PLACE = re.compile(r"#[1-9][0-9]{0,4}")


def place_of(number: int) -> str:
    """Write the place of a sheet; 1 is the first of the workbook."""
    return f"#{number}"


def is_place(name: str) -> bool:
    """Whether a sheet is told by its place."""
    return _PLACE.fullmatch(name) is not None


def sheet_at(name: str, sheets: Sequence[str]) -> str:
    """Return the sheet of a workbook that a name or place tells."""
    if name not in sheets and is_place(name) and int(name[1:]) <= len(sheets):
        return sheets[int(name[1:]) - 1]
    return name


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
