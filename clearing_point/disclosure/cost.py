"""What protection costs the reader, in cells and persons, table by table; and the check before the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import CountTable, NotSafe, Protected
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.rules import Needs
from clearing_point.disclosure.solver import LinearModel
from clearing_point.disclosure.suppress import Pattern, Problem
from clearing_point.disclosure.whole_part import part_text
from clearing_point.halves import percent_text


@dataclass(frozen=True)
class TableCost:
    """Cost of one table.

    `primary` and `secondary` are hidden cells, `changed` cells that rounding altered; `persons` is the share
    of the table's counts that is hidden or, for rounding, the share by which counts moved. `coarser`
    names the categories of the largest part of the table that loses nothing (empty: nothing is lost).
    """

    table_id: str
    cells: int
    primary: int
    secondary: int
    changed: int
    persons: float
    coarser: str


@dataclass(frozen=True)
class Cost:
    """Cost of an edition over unique cells. `bound` is a proven least number of secondary cells (-1: rounding)."""

    tables: tuple[TableCost, ...]
    cells: int
    primary: int
    secondary: int
    greedy_secondary: int
    bound: float
    changed: int
    mean_change: float
    largest_change: int


def check_plan(
    system: System, tables: Sequence[CountTable], values: Integers, needs: Needs, policy: Policy
) -> None:
    """Refuse a plan in which too many of the cells are small.

    Raises
    ------
    InputProblem
        Naming the tables to coarsen, the finest first.
    """
    # What is out is no part of the plan.
    planned = np.array([any(at < len(tables) for at, _ in places) for places in system.places], dtype=bool)
    small = planned & (values > 0) & (values < needs.threshold)
    filled = planned & (values > 0)
    share = small.sum() / max(int(filled.sum()), 1)
    if share <= policy.largest_sensitive_share:
        return
    shares = []
    for at, table in enumerate(tables):
        cells = _cells_of(system, at)
        shares.append((float(small[cells].sum() / max(int(filled[cells].sum()), 1)), table.table_id))
    worst = [
        f"{name} ({percent_text(part)})"
        for part, name in sorted(shares, key=lambda s: (-s[0], s[1]))
        if part > share / 2
    ]
    raise NotSafe(
        f"The plan is too fine: {percent_text(share)} of its filled cells are small (at most "
        f"{percent_text(policy.largest_sensitive_share)}); coarsen or leave out {', '.join(worst[:10])}.",
        [name for part, name in shares if part > share / 2],
    )


def _cells_of(system: System, at: int) -> Integers:
    grid = system.grids[at]
    printed = grid[tuple(slice(0, axis.printed) for axis in system.axes[at])]
    return np.asarray(printed.ravel())


def cost_of_suppression(
    system: System, tables: Sequence[CountTable], values: Integers, problem: Problem, pattern: Pattern
) -> Cost:
    """Return the cost of a suppression pattern."""
    printed = problem.guarded
    hidden = pattern.hidden & printed
    primary = hidden & problem.hidden
    secondary = hidden & ~problem.hidden
    rows = []
    for at, table in enumerate(tables):
        cells = _cells_of(system, at)
        rows.append(
            TableCost(
                table.table_id,
                len(cells),
                int(primary[cells].sum()),
                int(secondary[cells].sum()),
                0,
                float(values[cells][hidden[cells]].sum() / max(int(values[cells].sum()), 1)),
                part_text(
                    table.dimensions,
                    {
                        codes
                        for cell in cells[hidden[cells]].tolist()
                        for t, codes in system.places[cell]
                        if t == at
                    },
                ),
            )
        )
    return Cost(
        tuple(rows),
        int(printed.sum()),
        int(primary.sum()),
        int(secondary.sum()),
        int((pattern.greedy & printed & ~problem.hidden).sum()),
        least_secondary(problem),
        0,
        0.0,
        0,
    )


def cost_of_rounding(system: System, tables: Sequence[CountTable], values: Integers, shown: Integers) -> Cost:
    """Return the cost of a rounding."""
    printed = np.zeros(len(values), dtype=bool)
    moved = np.abs(shown - values)
    rows = []
    for at, table in enumerate(tables):
        cells = _cells_of(system, at)
        printed[cells] = True
        rows.append(
            TableCost(
                table.table_id,
                len(cells),
                0,
                0,
                int((moved[cells] > 0).sum()),
                float(moved[cells].sum() / max(int(values[cells].sum()), 1)),
                "",
            )
        )
    return Cost(
        tuple(rows), int(printed.sum()), 0, 0, 0, -1.0, int((moved[printed] > 0).sum()),
        float(moved[printed].mean()), int(moved[printed].max(initial=0)),
    )  # fmt: skip


def printed_cost(table: Protected) -> dict[str, Any]:
    """Return what protection took from a table, worked out from what is printed alone, so that it may be shown.

    How many cells were hidden for their own sake and how many for others' stays in the office: where a
    table has only one hidden cell, that number would tell whether it is small. `persons_hidden` is the share of
    the printed grand total that no printed inmost cell accounts for (None where there is no such total).
    """
    hidden = {cell for cell, entry in table.cells.items() if entry.shown is None}
    return {
        "cells": len(table.cells),
        "hidden": len(hidden),
        "rounded": sum(1 for entry in table.cells.values() if entry.status == "rounded"),
        "persons_hidden": _persons_hidden(table) if hidden else (None if table.withheld else 0.0),
        "loses_nothing": part_text(
            table.dimensions, hidden, {cell for cell, entry in table.cells.items() if entry.shown == 0}
        ),
    }


def _persons_hidden(table: Protected) -> float | None:
    inmost, whole = [], []
    for dimension in table.dimensions:
        every = dimension.categories
        inmost.append({c.code for c in every if not any(other.members < c.members for other in every)})
        universe = frozenset().union(*(c.members for c in every))
        whole.append([c.code for c in every if c.members == universe])
    if not all(whole):
        return None
    total = table.cells[tuple(codes[0] for codes in whole)].shown
    if not total or table.multiple_response:
        return None
    seen = sum(
        entry.shown or 0
        for cell, entry in table.cells.items()
        if all(code in codes for code, codes in zip(cell, inmost, strict=True))
    )
    return round(max(0, total - seen) / total, 4)


def least_secondary(problem: Problem) -> float:
    """Return a lower bound on the number of secondary cells, from the relaxation of a covering problem.

    In every equation with exactly one cell that has to be hidden and has to move, at least one further
    cell must be hidden. Any safe pattern satisfies this, so the least (fractional) number of cells that
    does is a bound for all of them, whatever method found them.
    """
    matrix = problem.matrix
    needy = ((problem.low_need >= 0) & (problem.low_need < problem.values)) | (
        (problem.high_need >= 0) & (problem.high_need > problem.values)
    )
    hidden = problem.hidden & ~problem.frozen
    per_row = np.asarray((matrix != 0).astype(np.int64) @ hidden.astype(np.int64))
    asked = np.asarray((matrix != 0).astype(np.int64) @ (needy & hidden).astype(np.int64))
    rows = np.flatnonzero((per_row == 1) & (asked == 1))
    free = np.flatnonzero(~hidden & ~problem.frozen & problem.guarded)
    if not len(rows) or not len(free):
        return 0.0
    cover = (matrix[rows][:, free] != 0).astype(np.int64)
    system = sparse.hstack([cover, -sparse.identity(len(rows), dtype=np.int64)]).tocsr()
    lower = np.zeros(system.shape[1])
    upper = np.concatenate([np.ones(len(free)), np.full(len(rows), np.inf)])
    model = LinearModel(system, lower, upper, right=np.ones(len(rows), dtype=np.int64))
    model.set_cost(np.arange(len(free)), np.ones(len(free)))
    return 0.0 if model.solve() is None else round(model.objective, 6)
