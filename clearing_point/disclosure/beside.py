"""Columns that stand beside the counts of a long table: what they give away of a hidden one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clearing_point.disclosure.long_table import LongCell, LongTable
from clearing_point.disclosure.model import Cell

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?\s*%?")
_DIGITS = re.compile(r"\d+")
_ALONE = 2
"""Rows of shown counts from which the ratio of a share to its count is known."""


@dataclass(frozen=True)
class Share:
    """A column that is the count times one number, within its printed precision."""

    column: str
    least: float
    most: float
    """Between which the column is, for each person counted."""

    def interval(self, number: float, step: float) -> tuple[int, int]:
        """Between which a count lies whose share is printed."""
        low = (number - step / 2) / self.most if self.most else 0.0
        high = (number + step / 2) / self.least
        return max(0, _up(low)), int(high + 1e-9)


def _up(number: float) -> int:
    return -int(-(number - 1e-9) // 1)


def number_of(text: str) -> tuple[float, float] | None:
    """Read a printed number: the number and the step of its last digit."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    plain = text.rstrip("% ").replace(",", ".")
    return float(plain), 10.0 ** -len(plain.partition(".")[2])


def columns_beside(table: LongTable, value: str, by: Sequence[str], keep: Iterable[str]) -> list[str]:
    """Names of columns with numbers in them ("3 of 27") that are neither dimension, count nor label of a dimension."""
    found = []
    for at, column in enumerate(table.columns):
        if column in {value, "protection", *by, *keep}:
            continue
        told = [(row[at].strip(), row) for row in table.rows if row and row[at].strip()]
        if len({text for text, _ in told}) < 2 or _labels(table, at, by):
            continue
        places = [table.columns.index(variable) for variable in by if variable in table.columns]
        if any(
            _DIGITS.search(text) and not _of_category(text, [row[p] for p in places]) for text, row in told
        ):
            found.append(column)
    return found


def columns_unread(table: LongTable, value: str, by: Sequence[str], read: Iterable[str]) -> list[str]:
    """Names of columns of words that nothing here reads, and that differ from row to row."""
    known = {value, "protection", *by, *read}
    return [
        column
        for at, column in enumerate(table.columns)
        if column not in known
        and len({row[at].strip() for row in table.rows if row and row[at].strip()}) > 1
        and not _labels(table, at, by)
    ]


def _of_category(text: str, codes: Sequence[str]) -> bool:
    """Say whether the numbers in a text are those of the row's own categories: "0-13 years" beside 0-13."""
    named = {number for code in codes for number in _DIGITS.findall(code)}
    return number_of(text) is None and named >= set(_DIGITS.findall(text))


def _labels(table: LongTable, at: int, by: Sequence[str]) -> bool:
    """A number of the category itself, such as its code: the same in each of the several rows of a category."""
    for variable in by:
        place = table.columns.index(variable) if variable in table.columns else None
        if place is None or len(by) == 1:
            continue
        told: dict[str, set[str]] = {}
        rows = 0
        for row in table.rows:
            if row:
                told.setdefault(row[place].strip(), set()).add(row[at].strip())
                rows += 1
        if all(len(texts) == 1 for texts in told.values()) and rows > len(told):
            return True
    return False


def share_of(
    table: LongTable, column: str, cells: Sequence[tuple[Cell, LongCell, Sequence[str]]]
) -> Share | None:
    """Say whether a column is the count times one number wherever the count is shown."""
    at = table.columns.index(column)
    least, most, rows = 0.0, float("inf"), 0
    for _, entry, row in cells:
        told = number_of(row[at])
        if told is None and _DIGITS.search(row[at]):
            return None
        if entry.hidden or told is None:
            continue
        number, step = told
        if entry.low == 0:
            if abs(number) > step / 2:
                return None
            continue
        least, most = max(least, (number - step / 2) / entry.low), min(most, (number + step / 2) / entry.low)
        rows += 1
    return Share(column, least, most) if rows >= _ALONE and 0 < least <= most else None


def refusal(name: str, column: str) -> str:
    """What to say of a column of numbers that is not understood."""
    return (
        f"{name}: column {column!r} holds numbers beside the counts, from which hidden counts may be worked out; leave it "
        f"out, make it a table of its own, or say with --keep {column} that it has nothing to do with them."
    )
