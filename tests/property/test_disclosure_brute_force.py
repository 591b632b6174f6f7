"""Small random tables: the attacker's intervals equal brute force, and protection holds against it."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing_point.disclosure import Category, CountTable, Dimension, Policy, audit, protect
from clearing_point.disclosure.model import ProtectedCell, _make_protected

CODES = {"form": ("f1", "f2", "f3"), "sex": ("s1", "s2")}


def table(numbers):
    dims = tuple(
        Dimension(name, (*[Category.of(c) for c in codes], Category.of("Total", *codes)))
        for name, codes in CODES.items()
    )
    leaf = dict(zip(itertools.product(*CODES.values()), numbers, strict=True))
    counts = {}
    for cell in itertools.product(*[(*codes, "Total") for codes in CODES.values()]):
        counts[cell] = sum(
            n for key, n in leaf.items() if all(c in ("Total", k) for c, k in zip(cell, key, strict=True))
        )
    return CountTable("T", "persons", dims, counts)


def possible(printed, most):
    """Every table of whole numbers up to `most` that agrees with what is printed: cell -> values, row by row."""
    leaves = list(itertools.product(*CODES.values()))
    grid = np.indices((most + 1,) * len(leaves)).reshape(len(leaves), -1)
    columns = {}
    agrees = np.ones(grid.shape[1], dtype=bool)
    for cell, entry in printed.cells.items():
        parts = [
            at
            for at, leaf in enumerate(leaves)
            if all(c in ("Total", k) for c, k in zip(cell, leaf, strict=True))
        ]
        columns[cell] = grid[parts].sum(axis=0)
        if entry.shown is not None:
            agrees &= np.abs(columns[cell] - entry.shown) < max(printed.base, 1)
    return {cell: column[agrees] for cell, column in columns.items()}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_intervals_equal_brute_force_and_small_counts_keep_their_range(numbers):
    true = table(numbers)
    threshold, most = 3, 7
    policy = Policy.plain(threshold)
    printed = protect([true], policy, profile="suppress").tables[0]
    seen = possible(printed, most)
    assert all(n in seen[cell] for cell, n in true.counts.items())
    for finding in audit([printed], policy, exact=True).cells:
        assert finding.low <= seen[finding.cell].min()
        if finding.high is not None:
            assert finding.high >= seen[finding.cell].max()
    for cell, n in true.counts.items():
        if 0 < n < threshold:
            assert seen[cell].min() == 0
            assert seen[cell].max() >= threshold


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=6, max_size=6), st.data())
def test_the_attackers_interval_is_exactly_the_brute_force_interval(numbers, data):
    """Any pattern at all, safe or not, with both margins printed: bounds are attained and never passed."""
    true = table(numbers)
    leaves = list(itertools.product(*CODES.values()))
    hidden = data.draw(st.sets(st.sampled_from(leaves)))
    cells = {
        cell: ProtectedCell(None, "hidden") if cell in hidden else ProtectedCell(n, "")
        for cell, n in true.counts.items()
    }
    printed = _make_protected(
        table_id="T", population="persons", dimensions=true.dimensions, title="", profile="suppress",
        cells=cells, sign="c",
    )  # fmt: skip
    seen = possible(printed, 8)
    for finding in audit([printed], Policy.plain(3), exact=True).cells:
        assert (finding.low, finding.high) == (seen[finding.cell].min(), seen[finding.cell].max())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_rounding_adds_up_and_keeps_the_range_of_small_counts(numbers):
    true = table(numbers)
    printed = protect([true], Policy.plain(3, rounding_base=3), profile="round").tables[0]
    shown = {cell: entry.shown for cell, entry in printed.cells.items()}
    for sex in (*CODES["sex"], "Total"):
        assert shown["Total", sex] == sum(shown[form, sex] for form in CODES["form"])
    assert all(n % 3 == 0 and abs(n - true.counts[cell]) < 3 for cell, n in shown.items())
    seen = possible(printed, 6)
    for cell, n in true.counts.items():
        if 0 < n < 3:
            assert seen[cell].min() <= max(0, shown[cell] - 2)
            assert seen[cell].max() >= min(3, shown[cell] + 2)
