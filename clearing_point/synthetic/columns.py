"""Columns of made tables: whole arrays, never one person at a time.

A word is kept as a number in one vocabulary of the whole region, so that columns of words can be
compared and merged without touching text. Dates are days since 1970-01-01; numbers and dates are
double precision with NaN for "nothing here".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearing_point.errors import InputProblem

WORD, DATE, NUMBER = "word", "date", "number"
NOTHING = -1
SEPARATOR = "; "
"""Between the codes of a cell that holds several."""

Array = NDArray[Any]


class Vocabulary:
    """Every word of a region once, by its number."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        """Return the number of a word, new or known."""
        found = self._numbers.setdefault(word, len(self.words))
        if found == len(self.words):
            self.words.append(word)
        return found

    def numbers(self, words: Sequence[str]) -> Array:
        """Return the numbers of several words as an int32 array."""
        return np.array([self.number(w) for w in words], dtype=np.int32)

    def having(self, codes: Sequence[str]) -> Array:
        """Return the numbers of all words whose codes include one of these."""
        wanted = set(codes)
        return np.array(
            [n for n, word in enumerate(self.words) if wanted.intersection(word.split(SEPARATOR))],
            dtype=np.int32,
        )


@dataclass
class Column:
    """Values of one column: int32 word numbers (-1 for nothing), or float64 (NaN for nothing)."""

    kind: str
    values: Array

    def taken(self, rows: Array) -> Column:
        """Return the values at these row numbers; a negative row number gives nothing."""
        if not len(self.values):
            return Column(self.kind, np.full(len(rows), empty_value(self.kind)))
        values = self.values[np.maximum(rows, 0)]
        if len(rows) and rows.min() < 0:
            values = np.where(rows < 0, empty_value(self.kind), values).astype(self.values.dtype)
        return Column(self.kind, values)

    @property
    def filled(self) -> Array:
        """Where there is a value."""
        filled: Array = self.values != NOTHING if self.kind == WORD else ~np.isnan(self.values)
        return filled


def empty_value(kind: str) -> float | int:
    """Return what stands for "nothing" in a column of this kind."""
    return NOTHING if kind == WORD else np.nan


def empty_column(kind: str, size: int) -> Column:
    """Return a column without values."""
    return Column(kind, np.full(size, empty_value(kind), dtype=np.int32 if kind == WORD else np.float64))


@dataclass
class Frame:
    """One made table: columns of equal length, each row hanging on a row of its parent.

    Attributes
    ----------
    number : ndarray
        1, 2, 3, ... among the rows of one parent.
    case : ndarray
        Row of the first frame (a person as one sender knows her) that each row belongs to.
    """

    name: str
    size: int
    case: Array
    parent: Frame | None = None
    parent_row: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    number: Array = field(default_factory=lambda: np.zeros(0))
    columns: dict[str, Column] = field(default_factory=dict)
    missing: dict[str, Array] = field(default_factory=dict)
    """Where a sender writes no value: word number of the reason, -1 elsewhere."""

    def column(self, name: str) -> Column:
        """Return an own column, or ``table.column`` of a table further up, row for row.

        Raises
        ------
        InputProblem
            If neither has it.
        """
        table, _, own = name.rpartition(".")
        if not table or table == self.name:
            if own == "number":
                return Column(NUMBER, self.number)
            if own in self.columns:
                return self.columns[own]
            raise InputProblem(f"synthetic.yml: {self.name} has no column '{own}' yet where it is asked for.")
        above, rows = self.parent, self.parent_row
        while above is not None and above.name != table:
            rows = above.parent_row[rows]
            above = above.parent
        if above is None:
            raise InputProblem(f"synthetic.yml: {self.name} has no table '{table}' above it.")
        return above.column(own).taken(rows)


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator of its own for a column, so that a new column leaves the others as they are."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def draw(rng: np.random.Generator, weights: Mapping[Any, float], size: int) -> Array:
    """Draw positions into ``weights`` with those probabilities; int64, shape (size,)."""
    cumulative = np.cumsum(np.array(list(weights.values()), dtype=np.float64))
    if not len(cumulative) or cumulative[-1] <= 0:
        raise InputProblem(f"synthetic.yml: these weights add up to nothing: {', '.join(map(str, weights))}.")
    found: Array = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], "right")
    return np.minimum(found, len(cumulative) - 1)


def days(date: Any) -> float:
    """Return a date (or its text) as days since 1970-01-01."""
    return float(np.datetime64(str(date), "D").astype(np.int64))


def years_of(values: Array) -> Array:
    """Return the calendar year of days since 1970-01-01; float64, NaN where there is no date."""
    known = (
        np.nan_to_num(values, nan=0.0).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    )
    return np.where(np.isnan(values), np.nan, known)
