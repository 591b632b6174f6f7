"""Suppression over the whole system: the cheapest further cells so that every need has a witness.

For each need (a small count must be able to be 0, and at least the threshold) one linear programme looks
for the cheapest move ``d`` with ``M d = 0``; the cells that move and are still shown are hidden. The vector
is kept as a witness, and usually proves many other needs. Sources: Kelly, Golden and Assad 1992 (sequential
programmes); witnesses and the demand on every hidden cell are ours (docs/disclosure.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clearing_point.disclosure.attacker import UNLIMITED, Attacker, Booleans
from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.moves import Movers
from clearing_point.disclosure.solver import Floats
from clearing_point.errors import InternalError

# A hidden cell that moves costs almost nothing, but not nothing: witnesses stay short and whole.
_HIDDEN_COST = 1e-3
_NEAR = 2.5
_EXTRA_COST = 0.02
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Problem:
    """What the protector knows.

    Attributes
    ----------
    values
        True counts per cell.
    lower
        Lowest value per cell that the attacker must consider for a hidden cell.
    low_need, high_need
        Per cell: a table with the cell at or below / at or above must exist; -1 where nothing is asked.
    hidden
        Cells hidden from the start (primary, and cells that are never printed).
    frozen
        Cells that everybody knows; they can never move.
    threshold
        Per cell: a hidden cell that could be below must look as if it could be `lower` or the threshold.
    guarded
        Printed cells, to which that last demand applies when they are hidden.
    rests
        Cells that are never printed but follow from printed ones (what is left of a whole without a
        part): they may be provably nobody, but not provably a few.
    extra
        Totals that nobody asked for; hiding them costs next to nothing.
    untold
        Cells whose count is not known to the office; they can never be shown.
    """

    matrix: sparse.csr_matrix
    values: Integers
    lower: Integers
    low_need: Integers
    high_need: Integers
    hidden: Booleans
    frozen: Booleans
    threshold: Integers
    guarded: Booleans
    rests: Booleans
    extra: Booleans
    untold: Booleans
    prints: Integers
    """How many tables print each cell: hidden, it is missing in all of them."""


@dataclass
class Pattern:
    """The outcome: hidden cells, whole-number witnesses, needs that no pattern can meet."""

    hidden: Booleans
    greedy: Booleans
    low_need: Integers
    high_need: Integers
    witnesses: list[Integers]
    impossible: list[int]


def costs(values: Integers, threshold: Integers) -> Floats:
    """Return what hiding a cell costs: between one per cell and one per person (disclosure.md 1.3).

    A count just above the threshold costs double: hidden, it soon looks as if it might be small, and
    then it has to be protected like a small one (`Sequential.guard`), which hides further cells.
    """
    near = (values >= threshold) & (values < _NEAR * threshold)
    return np.asarray(np.log2(values + 2.0) * np.where(near, 2.0, 1.0))


class Sequential:
    """The state of the search; `meet` and `guard` may be called again after needs were added."""

    def __init__(self, problem: Problem, progress: Progress | None = None) -> None:
        self.problem = problem
        self.progress = progress
        self.hidden = problem.hidden & ~problem.frozen
        self.low_need = problem.low_need.copy()
        self.high_need = problem.high_need.copy()
        self.low_met = self.low_need < 0
        self.high_met = self.high_need < 0
        self.witnesses: list[Integers] = []
        self.impossible: list[int] = []
        self.weight = costs(problem.values, problem.threshold) * np.where(problem.extra, _EXTRA_COST, 1.0)
        self.weight *= np.maximum(problem.prints, 1)
        up = np.where(problem.frozen, 0.0, np.inf)
        down = np.where(problem.frozen, 0, problem.values - problem.lower).astype(np.float64)
        self.movers = Movers(problem.matrix, up, down, self._price())

    def _price(self) -> Floats:
        return np.where(self.hidden, _HIDDEN_COST, 1.0) * self.weight

    def meet(self) -> None:
        """Take the needs one by one, the farthest first, and hide what each still lacks."""
        values = self.problem.values
        distance = np.maximum(
            np.where(self.low_met, -1, values - self.low_need),
            np.where(self.high_met, -1, self.high_need - values),
        )
        order = np.lexsort((np.arange(len(values)), -distance))
        order = order[distance[order] > 0]
        for done, cell in enumerate(order):
            if self.progress is not None and done % 50 == 0:
                self.progress("needs", done, len(order))
            if not self.high_met[cell]:
                self._meet_one(int(cell), self.high_need, self.high_met)
            if not self.low_met[cell]:
                self._meet_one(int(cell), self.low_need, self.low_met)
        # A need that the true table meets needs no witness but the true table.
        self._take(values)

    def _meet_one(self, cell: int, need: Integers, met: Booleans) -> None:
        shift = int(need[cell] - self.problem.values[cell])
        if (need is self.high_need and shift <= 0) or (need is self.low_need and shift >= 0):
            self._take(self.problem.values)
            return
        move = self.movers.cheapest(cell, shift, cheap=float(_HIDDEN_COST * self.weight.max()))
        if move is None:
            met[cell] = True
            self.impossible.append(cell)
            return
        self._hide(move != 0)
        self._take(self.problem.values + move)
        if not met[cell]:
            raise InternalError("A witness of the disclosure gate does not meet its own need.")

    def _hide(self, cells: Booleans) -> None:
        fresh = np.flatnonzero(cells & ~self.hidden)
        self.hidden[fresh] = True
        self.movers.set_price(fresh, _HIDDEN_COST * self.weight[fresh])

    def show(self, cell: int) -> None:
        """Show a cell again."""
        self.hidden[cell] = False
        self.low_need[cell] = self.high_need[cell] = -1
        self.low_met[cell] = self.high_met[cell] = True
        self.movers.set_price(np.array([cell]), self.weight[[cell]])

    def _take(self, table: Integers) -> None:
        fresh_low = ~self.low_met & (table <= self.low_need)
        fresh_high = ~self.high_met & (table >= self.high_need)
        if fresh_low.any() or fresh_high.any():
            self.low_met |= fresh_low
            self.high_met |= fresh_high
            self.witnesses.append(table)

    def attacker(self) -> Attacker:
        """Return the attacker who sees the present pattern."""
        lower = np.where(self.hidden, self.problem.lower, self.problem.values)
        upper = np.where(self.hidden, UNLIMITED, self.problem.values)
        return Attacker(self.problem.matrix, lower, upper)

    def guard(self) -> None:
        """Demand of every hidden cell what is demanded of a small one, unless it is provably not small.

        An attacker who knows the method could otherwise tell a secondary cell by its interval, conclude that
        it is not small, and narrow the small ones; and nobody outside could judge a published table. A
        cell that is recovered anyway and is not small is shown again: hiding it protects nobody.
        """
        problem = self.problem
        while True:
            attacker = self.attacker()
            # A cell that is hidden from a sender alone may ask for less than from everybody.
            asked = (self.low_need >= 0) & (self.low_need <= problem.lower)
            printed = self.hidden & problem.guarded & ~problem.frozen & ~asked
            rest = problem.rests & (self.high_need < 0)
            proof = attacker.prove(
                np.where(printed, problem.lower, -1),
                np.where(printed | rest, problem.threshold, -1),
                self.witnesses,
            )
            added = False
            seen = np.stack([problem.values, *proof.witnesses])
            moves = seen.min(axis=0) < seen.max(axis=0)
            fixed = self._fixed(attacker, printed & ~(proof.low_met & proof.high_met) & ~moves)
            for cell in np.flatnonzero(printed | rest).tolist():
                if proof.low_met[cell] and proof.high_met[cell]:
                    self._demand(cell, printed=bool(printed[cell]), met=True)
                elif fixed[cell]:
                    value = int(problem.values[cell])
                    if not 0 < value < problem.threshold[cell]:
                        if not problem.untold[cell]:
                            self.show(cell)
                    else:
                        self._demand(cell, printed=True, met=False)
                        added = True
                elif printed[cell]:
                    # Not recovered. Provably not small: nothing is asked; else it is treated as small.
                    if proof.low[cell] < problem.threshold[cell]:
                        self._demand(cell, printed=True, met=False)
                        added = True
                # Provably nobody: the bound that ruled the need out says so without another programme.
                elif proof.high[cell] > 0 and (moves[cell] or attacker.most(cell) > 0):
                    self._demand(cell, printed=False, met=False)
                    added = True
            self.witnesses += proof.witnesses
            if not added:
                return
            self.meet()

    def _fixed(self, attacker: Attacker, cells: Booleans) -> Booleans:
        """Return which of these hidden cells have one possible value: neither one more nor one less can be."""
        nothing = np.full(len(cells), -1, dtype=np.int64)
        values, fixed = self.problem.values, cells.copy()
        if fixed.any():
            fixed &= ~attacker.prove(nothing, np.where(fixed, values + 1, -1), [values]).high_met
        if fixed.any():
            below = fixed & (values > self.problem.lower)
            fixed &= ~(below & attacker.prove(np.where(below, values - 1, -1), nothing, [values]).low_met)
        return fixed

    def _demand(self, cell: int, *, printed: bool, met: bool) -> None:
        if self.high_need[cell] < self.problem.threshold[cell]:
            self.high_need[cell], self.high_met[cell] = self.problem.threshold[cell], met
        if printed:
            self.low_need[cell], self.low_met[cell] = self.problem.lower[cell], met


def find_pattern(problem: Problem, *, clean: bool = True, progress: Progress | None = None) -> Pattern:
    """Return a pattern of hidden cells in which every need has a whole-number witness.

    Needs that cannot be met because everything that could move is public are listed in `impossible`.
    """
    from clearing_point.disclosure.cleaning import clean_up

    search = Sequential(problem, progress)
    search.meet()
    search.guard()
    greedy = search.hidden.copy()
    if clean:
        clean_up(search)
        search.guard()
    return Pattern(
        search.hidden,
        greedy,
        search.low_need,
        search.high_need,
        search.witnesses,
        sorted(set(search.impossible)),
    )
