"""Percentages, rates, means, medians and sums: shown only where the counts that they reveal may be shown.

A percentage or a rate is computed from displayed counts only, hidden ones give none; so whatever precision it is
printed with, it is a function of what is printed anyway and reveals nothing (the default, and the only way
offered). Means, medians and sums carry information of their own: they need a displayed base that is large
enough, no dominating person, and for means and sums a pattern in which no missing one follows
by subtraction from the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from clearing_point.disclosure.gate import protect
from clearing_point.disclosure.model import Behind, Cell, CountTable, Protected
from clearing_point.disclosure.policy import Policy
from clearing_point.errors import InputProblem
from clearing_point.halves import rounded


@dataclass(frozen=True)
class Ratio:
    """A share of displayed counts. `per` is 100 for percentages, 100000 for rates per 100,000."""

    numerator: Cell
    denominator: Cell
    per: int = 100


@dataclass(frozen=True)
class Statistic:
    """A mean, median or sum per cell of a count table (its base: the persons with a known value).

    `largest` holds the largest single contributions by cell, largest first, where amounts are summed.
    """

    kind: Literal["mean", "median", "sum"]
    base: CountTable
    values: Mapping[Cell, float] = field(repr=False)
    decimals: int = 0
    largest: Mapping[Cell, tuple[float, ...]] = field(default_factory=dict, repr=False)


def ratio(
    table: Protected, wanted: Ratio, policy: Policy, *, denominator: float | None = None
) -> float | None:
    """Return a percentage or rate from displayed counts, rounded as domain.md R12 says; None where it may not be shown.

    Parameters
    ----------
    denominator
        A number from outside (a population) for rates; else the displayed count of the denominator's cell.
    """
    above = table.cells[wanted.numerator].shown
    below = table.cells[wanted.denominator].shown if denominator is None else denominator
    if above is None or not below or (denominator is None and below < policy.percent_base):
        return None
    decimals = 0 if below < 200 and denominator is None else 1
    return rounded(wanted.per * above / below, decimals)


def protect_statistic(statistic: Statistic, shown: Protected, policy: Policy) -> dict[Cell, float | None]:
    """Return the statistic by cell, None where it is hidden.

    A mean or a sum could follow from those of the other parts, as counts do. So its base goes through
    the gate once more with the smallest base as threshold, and only cells that stay visible there show it.

    Raises
    ------
    InputProblem
        Where the statistic belongs to another table than `shown`.
    """
    base = statistic.base
    if shown.table_id != base.table_id or shown.dimensions != base.dimensions:
        raise InputProblem(
            f"The {statistic.kind} of {base.table_id} needs the protected table of its own base."
        )
    least = max(policy.mean_base, policy.threshold)
    blocked = {cell for cell, count in base.counts.items() if 0 < count < least}
    blocked |= {cell for cell in base.counts if _dominated(statistic, cell, policy)}
    if statistic.kind != "median":
        # Nobody behind a cell marks it for the gate as one that must not be found, whatever made it unfit.
        marked = CountTable(
            base.table_id, base.population, base.dimensions, base.counts, dict.fromkeys(blocked, Behind(0)),
            multiple_response=base.multiple_response,
        )  # fmt: skip
        pattern = protect([marked], Policy.plain(least), profile="suppress").tables[0]
        blocked |= {cell for cell, entry in pattern.cells.items() if entry.shown is None}
    return {
        cell: None
        if cell in blocked or shown.cells[cell].shown is None or not base.counts.get(cell)
        else rounded(value, statistic.decimals)
        for cell, value in statistic.values.items()
    }


def _dominated(statistic: Statistic, cell: Cell, policy: Policy) -> bool:
    largest = statistic.largest.get(cell, ())[: policy.dominance_largest]
    total = statistic.values.get(cell, 0.0) * (
        statistic.base.counts.get(cell, 0) if statistic.kind == "mean" else 1
    )
    return bool(largest) and total > 0 and sum(largest) > policy.dominance_share * total
