"""What the categories of a long table are to each other: totals and sums, recognised by their numbers.

A category is taken for the sum of others where the numbers say so wherever they can be added up, and its name, its
place or several rows say it, too. What could be a sum, and what only a person can tell, is asked for, never guessed: a
total taken for a category would make every verdict about the table wrong.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import combinations

import numpy as np
import numpy.typing as npt

from clearing_point.errors import InputProblem

_FEW = 14
"""Categories among which every sum is looked for."""
_ENOUGH = 12
"""Rows by which sums are looked for before they are judged by all."""
_LARGEST = 1 << 40
"""Where nothing bounds a cell: small enough to be added up."""
_SURE = 3
"""Rows in which a sum must hold that neither name nor place suggests."""

Choices = npt.NDArray[np.bool_]
"""One row for each choice among categories."""
Slice = Mapping[str, tuple[int, int]]
"""Category -> least and largest count that its cell admits; all other dimensions are fixed."""


@dataclass(frozen=True)
class Declared:
    """What the person who calls knows of the columns.

    `sums`: column -> category -> the categories that it adds up; `apart`: columns of which no category is a sum;
    `totals`: column -> its total, whatever its name; `keep`: columns of numbers that say nothing of the counts.
    """

    sums: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    totals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Understood:
    """A column: its total if it has one, the sums among its other categories, and what to say of them."""

    total: str | None = None
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def leaves(self, code: str) -> frozenset[str]:
        """Categories that are no sums, of which a category consists."""
        parts = self.sums.get(code)
        return frozenset().union(*(self.leaves(p) for p in parts)) if parts else frozenset({code})


def read_sums(texts: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read sums as they are written on the command line: `column: whole = part + part`."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for text in texts:
        column, colon, rest = text.partition(":")
        whole, equals, parts = rest.partition("=")
        named = tuple(p.strip() for p in parts.split("+"))
        if not colon or not equals or not all((column.strip(), whole.strip(), *named)):
            raise InputProblem(f"A sum is written as 'column: whole = part + part'; {text!r} is not.")
        found[column.strip()][whole.strip()] = named
    return dict(found)


@cache
def _words() -> frozenset[str]:
    text = files("clearing_point.disclosure").joinpath("words_for_total.csv").read_text(encoding="utf-8")
    return frozenset(row["word"].casefold() for row in csv.DictReader(text.splitlines()))


def understand(
    column: str, codes: Sequence[str], slices: Sequence[Slice], total: str, declared: Declared
) -> tuple[Understood, list[str]]:
    """Understand one column.

    Parameters
    ----------
    codes
        Its categories in the order of the file.
    slices
        Its cells, one mapping for each combination of the other dimensions.

    Returns
    -------
    understood, problems
        Sentences that say what cannot be told from the file, and how to say it.
    """
    sums = {w: p for w, p in declared.sums.get(column, {}).items() if w in codes}
    lacking = sorted({p for parts in sums.values() for p in parts} - set(codes))
    if lacking:
        return Understood(), [f"Column {column!r} has no category {lacking[0]!r} that a sum names."]
    named = [c for c in codes if c == total] or [c for c in codes if _is_word(c, total)]
    if declared.totals.get(column) in codes and total not in codes:
        named = [declared.totals[column]]
    elif column in declared.apart and total not in codes:
        named = []
    if len(named) > 1:
        return Understood(), [
            f"Column {column!r} has two categories that read like its total, {named[0]!r} and {named[1]!r}; leave one out."
        ]
    if sums or column in declared.apart:
        return Understood(named[0] if named else None, sums), []
    grid = Grid(codes, slices)
    if named:
        return _under_total(column, named[0], codes, grid, by_name=True)
    by_value = [c for c in codes if len(codes) > 2 and grid.holds(c, [o for o in codes if o != c])]
    sure = [c for c in by_value if grid.exact(c, [o for o in codes if o != c])]
    if len(sure) == 1:
        return _under_total(column, sure[0], codes, grid, by_name=False)
    if by_value:
        return Understood(), [
            f"Column {column!r}: {by_value[0]!r} may be the total of the others, which hidden cells leave open. Name it "
            f"with --total, or say with --apart {column} that no category is the sum of others."
        ]
    return _without_total(column, codes, grid)


def _is_word(code: str, total: str) -> bool:
    plain = " ".join(code.casefold().split()).strip(".:()[]*")
    return plain == total.casefold() or plain in _words()


def _under_total(
    column: str, total: str, codes: Sequence[str], grid: Grid, *, by_name: bool
) -> tuple[Understood, list[str]]:
    others = [c for c in codes if c != total]
    why = "its name says so" if by_name else "its numbers are the sums of the others"
    said = f"Column {column!r}: {total!r} is the total ({why})."
    if len(others) < 2 or grid.holds(total, others):
        return Understood(total, {}, (said,)), []
    sums, _ = _sums_among(others, grid)
    tops = [c for c in others if not any(c in parts for parts in sums.values())]
    if sums and grid.holds(total, tops):
        return Understood(total, sums, (said, *_said(column, sums))), []
    if grid.exceed(total, others):
        return Understood(), [
            f"Column {column!r}: the categories beside the total {total!r} are more than it together. Say which are sums of "
            f'others (--sum "{column}: WHOLE = PART + PART"), or correct the numbers.'
        ]
    return Understood(total, {}, (said,)), []


def _without_total(column: str, codes: Sequence[str], grid: Grid) -> tuple[Understood, list[str]]:
    sums, rows = _sums_among(codes, grid)
    tops = [c for c in codes if not any(c in parts for parts in sums.values())]
    may = open_sum(tops, grid)
    if may is not None:
        whole, parts = may
        return Understood(), [
            f"Column {column!r}: {whole!r} may be the sum of {', '.join(parts)}, which hidden cells leave open. Say "
            f'--sum "{column}: {whole} = {" + ".join(parts)}" with the categories that it adds up, or --apart {column} '
            "if no category is a sum of others."
        ]
    if not sums:
        return Understood(None, {}, (_apart(column),) if len(codes) > 1 else ()), []
    if rows < 2:  # one equal sum may be chance
        whole, parts = next(iter(sums.items()))
        return Understood(), [
            f"Column {column!r}: {whole!r} may be the sum of {', '.join(parts)}; the file shows it in one row only. Say "
            f'--sum "{column}: {whole} = {" + ".join(parts)}", or --apart {column} if no category is a sum of others.'
        ]
    return Understood(None, sums, _said(column, sums)), []


def _apart(column: str) -> str:
    return f"Column {column!r}: no category was found to be the sum of others; they are read as different persons."


def _said(column: str, sums: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        f"Column {column!r}: {whole!r} is the sum of {', '.join(parts)} (the numbers say so)."
        for whole, parts in sums.items()
    )


def _sums_among(codes: Sequence[str], grid: Grid) -> tuple[dict[str, tuple[str, ...]], int]:
    """Find the sums among categories, and sums of those sums, level by level."""
    found: dict[str, tuple[str, ...]] = {}
    rows, left = 0, list(codes)
    while True:
        more, told = _one_level(left, grid)
        if not more:
            return found, rows
        found |= more
        rows += told
        left = [c for c in left if not any(c in parts for parts in more.values())]


def open_sum(codes: Sequence[str], grid: Grid) -> tuple[str, tuple[str, ...]] | None:
    """Return a shown category that may be the sum of others of which some are hidden; no row says that it is not.

    Of many categories only pairs, neighbours and those of like name are tried.
    """
    at = [grid.at[c] for c in codes]
    if len(codes) < 3 or not grid.hidden[at].any():
        return None
    for whole in codes:
        if not (grid.there & ~grid.hidden)[grid.at[whole]].any():
            continue
        others = [c for c in codes if c != whole]
        chosen = _choices(whole, others)
        for some in chosen[grid.may_be(whole, others, chosen)].tolist():
            parts = tuple(c for c, taken in zip(others, some, strict=True) if taken)
            return whole, parts
    return None


def _choices(whole: str, others: Sequence[str]) -> Choices:
    """Return choices of at least two categories, the fewest first: all of them where they are not too many."""
    if len(others) < _FEW:
        every = (np.arange(1 << len(others))[:, None] >> np.arange(len(others))) & 1
        every = every[every.sum(axis=1) > 1]
        return np.asarray(every[np.argsort(every.sum(axis=1), kind="stable")], dtype=bool)
    size = len(others)
    pairs = np.zeros((size * (size - 1) // 2, size), dtype=bool)
    pairs[np.arange(len(pairs))[:, None], np.array(list(combinations(range(size), 2)))] = True
    begin, end = np.triu_indices(size + 1, 3)
    places = np.arange(size)
    blocks = (places >= begin[:, None]) & (places < end[:, None])
    alike = np.array([[c.startswith(whole) for c in others]])
    return np.concatenate([alike[alike.sum(axis=1) > 1], pairs, blocks])


def _one_level(codes: Sequence[str], grid: Grid) -> tuple[dict[str, tuple[str, ...]], int]:
    """Find sums that names or places suggest and numbers confirm; any sums where few categories have many rows."""
    for blocks in (_by_name(codes), _by_place(codes, grid), _by_place(codes[::-1], grid)):
        held = {w: p for w, p in blocks.items() if grid.holds(w, p)}
        rows = sum(grid.exact(w, p) for w, p in held.items())
        if held and rows and len(held) == len(blocks):
            return held, rows
    found = {}
    rows = 0
    if 2 < len(codes) <= _FEW:
        for whole in codes:
            others = [c for c in codes if c != whole]
            for parts in grid.subsets(whole, others):
                if grid.exact(whole, parts) >= _SURE and grid.holds(whole, parts):
                    found[whole], rows = parts, rows + grid.exact(whole, parts)
                    break
    return found, rows


def _by_name(codes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """A code and the codes that begin with it: RS, RS1, RS2; 1, 1.1, 1.2."""
    ordered = sorted(codes)
    parent: dict[str, str] = {}
    open_ones: list[str] = []
    for code in ordered:
        while open_ones and not code.startswith(open_ones[-1]):
            open_ones.pop()
        if open_ones:
            parent[code] = open_ones[-1]
        open_ones.append(code)
    found: dict[str, list[str]] = defaultdict(list)
    for code, above in parent.items():
        found[above].append(code)
    return {whole: tuple(parts) for whole, parts in found.items() if len(parts) > 1}


def _by_place(codes: Sequence[str], grid: Grid) -> dict[str, tuple[str, ...]]:
    """A code and those that follow it in the file, up to the next one that is such a sum."""
    found: dict[str, tuple[str, ...]] = {}
    at = 0
    left: list[str] = []
    while at < len(codes):
        size = grid.block(codes[at], codes[at + 1 :])
        if size:
            found[codes[at]] = tuple(codes[at + 1 : at + 1 + size])
            at += 1 + size
        else:
            left.append(codes[at])
            at += 1
    # What follows the pattern of the others, and which hidden cells do not let be added up.
    if found and len(left) > 2 and grid.holds(left[0], left[1:]):
        found[left[0]] = tuple(left[1:])
    return found


class Grid:
    """The cells of a column: a row for each category, a column for each combination of the other dimensions."""

    def __init__(self, codes: Sequence[str], slices: Sequence[Slice]) -> None:
        self.at = {code: n for n, code in enumerate(codes)}
        self.low = np.zeros((len(codes), len(slices)), dtype=np.int64)
        self.high = np.zeros_like(self.low)
        self.there = np.zeros(self.low.shape, dtype=bool)
        for column, here in enumerate(slices):
            for code, (low, high) in here.items():
                place = self.at[code], column
                self.low[place], self.high[place], self.there[place] = low, min(high, _LARGEST), True
        self.hidden = self.low != self.high

    def _of(self, whole: str, parts: Sequence[str]) -> tuple[int, list[int], np.ndarray]:
        at, inside = self.at[whole], [self.at[p] for p in parts]
        return at, inside, self.there[at] & self.there[inside].any(axis=0)

    def holds(self, whole: str, parts: Sequence[str]) -> bool:
        """No row contradicts that a category is the sum of others, and one row at least speaks for it."""
        at, inside, rows = self._of(whole, parts)
        low, high = self.low[inside].sum(axis=0), self.high[inside].sum(axis=0)
        if (rows & ((low > self.high[at]) | (high < self.low[at]))).any():
            return False
        return bool((rows & (self.low[at] > 0) & ((self.high[inside] > 0).sum(axis=0) > 1)).any())

    def exceed(self, whole: str, parts: Sequence[str]) -> bool:
        """In a row, categories are more than another one together, whatever is hidden."""
        at, inside, rows = self._of(whole, parts)
        return bool((rows & (self.low[inside].sum(axis=0) > self.high[at])).any())

    def exact(self, whole: str, parts: Sequence[str]) -> int:
        """In how many rows everything is shown and adds up, of at least two parts that are not 0."""
        at, inside, rows = self._of(whole, parts)
        shown = rows & ~self.hidden[at] & ~self.hidden[inside].any(axis=0)
        adds_up = self.low[inside].sum(axis=0) == self.low[at]
        return int((shown & adds_up & ((self.low[inside] > 0).sum(axis=0) > 1)).sum())

    def block(self, whole: str, following: Sequence[str]) -> int:
        """How many of the following categories it takes until they add up to a category; 0 where none do."""
        at, inside = self.at[whole], [self.at[c] for c in following]
        if len(inside) < 2:
            return 0
        there = self.there[at] & (np.cumsum(self.there[inside], axis=0) > 0)
        low, high = np.cumsum(self.low[inside], axis=0), np.cumsum(self.high[inside], axis=0)
        wrong = (there & ((low > self.high[at]) | (high < self.low[at]))).any(axis=1)
        shown = there & ~self.hidden[at] & (np.cumsum(self.hidden[inside], axis=0) == 0)
        adds_up = shown & (low == self.low[at]) & (np.cumsum(self.low[inside] > 0, axis=0) > 1)
        sizes = np.flatnonzero(~wrong & adds_up.any(axis=1) & (np.arange(len(inside)) > 0))
        return int(sizes[0]) + 1 if len(sizes) else 0

    def may_be(self, whole: str, others: Sequence[str], chosen: Choices) -> Choices:
        """Say of choices of categories whether they may add up to one in every row, and some row leaves it open."""
        at, inside = self.at[whole], [self.at[c] for c in others]
        possible, asked = np.ones(len(chosen), dtype=bool), np.zeros(len(chosen), dtype=bool)
        for row in np.flatnonzero(self.there[at]).tolist():
            left = np.flatnonzero(possible)
            if not len(left):
                break
            of = chosen[left].astype(np.int64)
            there = (of @ self.there[inside, row].astype(np.int64)) > 0
            low, high = of @ self.low[inside, row], of @ self.high[inside, row]
            possible[left[there & ((low > self.high[at, row]) | (high < self.low[at, row]))]] = False
            unknown = (of @ self.hidden[inside, row].astype(np.int64)) > 0
            asked[left[unknown & (not self.hidden[at, row]) & (self.low[at, row] > 0)]] = True
        return np.asarray(possible & asked)

    def subsets(self, whole: str, others: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield every choice of categories that adds up to one in the rows that show them all, the fewest first."""
        inside = [self.at[c] for c in others]
        at = self.at[whole]
        full = np.flatnonzero(self.there[at] & ~self.hidden[at] & ~self.hidden[inside].any(axis=0))[:_ENOUGH]
        if len(full) < _SURE:
            return
        chosen = (np.arange(1 << len(others))[:, None] >> np.arange(len(others))) & 1
        equal = (chosen @ self.low[inside][:, full] == self.low[at, full]).all(axis=1)
        for choice in sorted(chosen[equal & (chosen.sum(axis=1) > 1)].tolist(), key=sum):
            yield tuple(c for c, taken in zip(others, choice, strict=True) if taken)
