"""Controlled rounding of a whole programme: every cell a multiple of the base, every equation exact.

One whole-number programme over all linked tables: ``k`` with ``M k = 0``, ``b k`` one of the two multiples next
to the true count, smallest total change. Where no such table exists, cells may move one multiple
farther at a price, and everybody is told so (`reach`). Sources: Cox 1982 and Salazar 2005 (controlled rounding).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.solver import Floats, LinearModel, SearchLimit

_FAR_PRICE = 20.0
_LARGE = (100, 30)
_GAP = 0.05
_FEW_GAP = 0.9
_NODES = 5000


@dataclass(frozen=True)
class Rounded:
    """Rounded counts per cell, and the public rule of how far they may be from the truth.

    A cell shown as less than `far_from` is less than one base away from its true count; one shown as
    `far_from` or more (None: there is no such cell) up to and including `far_reach` away.
    """

    values: Integers
    far_from: int | None
    far_reach: int


def round_system(
    matrix: sparse.csr_matrix,
    values: Integers,
    base: int,
    boxed: Booleans,
    *,
    kept: Mapping[int, int] | None = None,
    prices: Mapping[tuple[int, int], float] | None = None,
) -> Rounded | None:
    """Return additive rounded counts, or None where the wider moves do not help either.

    Parameters
    ----------
    matrix, values
        The system and its true counts.
    base
        Rounding base.
    boxed
        Cells that must be next to their true count; the others only have to add up.
    kept
        Cells whose rounded value stands already in an earlier edition.
    prices
        Extra price of giving a cell a certain rounded value (used to turn single cells the other way).
    """
    programme = _Programme(matrix, values, base, boxed, kept or {}, prices or {})
    found = programme.solve(np.zeros(len(values), dtype=bool))
    if found is not None:
        return Rounded(found, None, base - 1)
    # Linked tables need not have a table of neighbouring multiples. A handful of large multiples of the
    # base that may move by one base nearly always is enough, and costs the reader next to nothing.
    for large in _LARGE:
        far = boxed & (values >= large) & (values % base == 0)
        found = programme.fewest(far)
        if found is not None:
            return Rounded(found, large - base, base)
    found = programme.fewest(boxed)
    return None if found is None else Rounded(found, 0, 2 * base - 1)


class _Programme:
    """``k = floor(a / b) + up + over - under`` with binary `up`, and binary `over`, `under` where that is allowed."""

    def __init__(
        self,
        matrix: sparse.csr_matrix,
        values: Integers,
        base: int,
        boxed: Booleans,
        kept: Mapping[int, int],
        prices: Mapping[tuple[int, int], float],
    ) -> None:
        self.matrix, self.boxed, self.base = matrix, boxed, base
        self.count = len(values)
        self.start = values // base
        odd = (values % base != 0).astype(np.float64)
        self.lower = np.where(boxed, 0.0, -self.start.astype(float))
        self.upper = np.where(boxed, odd, 1e6)
        # |b (k + 1) - a| - |b k - a|: what turning up costs.
        self.turn = np.where(boxed, (base * (2 * self.start + 1) - 2 * values), 0).astype(np.float64)
        self.kept = np.zeros(self.count, dtype=bool)
        for cell, value in kept.items():
            self.kept[cell] = True
            self.lower[cell] = self.upper[cell] = float(value // base - int(self.start[cell]))
        for (cell, value), extra in prices.items():
            self.turn[cell] += extra if value // base > int(self.start[cell]) else -extra

    def _run(self, far: Booleans, turn: Floats, price: Floats, gap: float = _GAP) -> Integers | None:
        columns = np.flatnonzero(far & self.boxed & ~self.kept)
        room_down = (self.start[columns] > 0).astype(np.float64)
        nothing = np.zeros(len(columns))
        moves = sparse.hstack([self.matrix, self.matrix[:, columns], -self.matrix[:, columns]]).tocsr()
        model = LinearModel(
            moves,
            np.concatenate([self.lower, nothing, nothing]),
            np.concatenate([self.upper, np.ones(len(columns)), room_down]),
            right=-(self.matrix @ self.start),
            integer=True,
        )
        model.limit(nodes=_NODES, gap=gap)
        model.set_cost(np.arange(moves.shape[1]), np.concatenate([turn, price[columns], price[columns]]))
        try:
            point = model.solve()
        except SearchLimit:
            return None
        if point is None:
            return None
        steps = np.rint(point).astype(np.int64)
        found = self.start + steps[: self.count]
        found[columns] += steps[self.count : self.count + len(columns)] - steps[self.count + len(columns) :]
        found *= self.base
        return None if (self.matrix @ found).any() else found

    def solve(self, far: Booleans) -> Integers | None:
        return self._run(far, self.turn, np.full(self.count, _FAR_PRICE))

    def fewest(self, allowed: Booleans) -> Integers | None:
        """Let few of the allowed cells leave their two next multiples, then round with just these."""
        found = self._run(allowed, np.zeros(self.count), np.ones(self.count), gap=_FEW_GAP)
        if found is None:
            return None
        steps = found // self.base - self.start
        return self.solve(allowed & ((steps < 0) | (steps > self.upper)))
