"""Bounds of a system, equation by equation, and its connected parts as small programmes of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.solver import Floats, LinearModel, whole

UNLIMITED = 10**9
OPEN = UNLIMITED // 2
_ROUNDS = 200
_NODES = 2000
Booleans = npt.NDArray[np.bool_]


class Contradiction(Exception):
    """No table of counts agrees with what is published; `cell` stands in an equation that cannot hold."""

    def __init__(self, cell: int) -> None:
        super().__init__("The published numbers contradict each other.")
        self.cell = cell


def propagate(matrix: sparse.csr_matrix, lower: Integers, upper: Integers) -> tuple[Integers, Integers]:
    """Return bounds tightened by every equation on its own, repeatedly, until nothing moves.

    Raises
    ------
    Contradiction
        Where a lower bound passes an upper bound.
    """
    low, high = lower.astype(np.int64).copy(), np.minimum(upper, UNLIMITED).astype(np.int64)
    cells, signs = matrix.indices, matrix.data.astype(np.int64)
    starts = matrix.indptr[:-1]
    if (low > high).any():
        raise Contradiction(int(np.flatnonzero(low > high)[0]))
    if not len(cells):
        return low, high
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    for _ in range(_ROUNDS):
        least = np.where(signs > 0, signs * low[cells], signs * high[cells])
        most = np.where(signs > 0, signs * high[cells], signs * low[cells])
        others_least = np.add.reduceat(least, starts)[row_of] - least
        others_most = np.add.reduceat(most, starts)[row_of] - most
        # signs are 1 or -1, so x = -sign * (sum of the others)
        new_low = np.where(signs > 0, -others_most, others_least)
        new_high = np.where(signs > 0, -others_least, others_most)
        following_low, following_high = low.copy(), high.copy()
        np.maximum.at(following_low, cells, new_low)
        np.minimum.at(following_high, cells, np.where(new_high >= OPEN, UNLIMITED, new_high))
        if (following_low > following_high).any():
            raise Contradiction(int(np.flatnonzero(following_low > following_high)[0]))
        if (following_low == low).all() and (following_high == high).all():
            break
        low, high = following_low, following_high
    return low, high


@dataclass
class Part:
    """One connected component of open cells: a small system of its own."""

    cells: Integers
    matrix: sparse.csr_matrix
    right: Integers
    lower: Integers
    upper: Integers

    def __post_init__(self) -> None:
        self._model: LinearModel | None = None

    @property
    def name(self) -> bytes:
        """What tells one part of a system from every other, whatever is open elsewhere."""
        return b"".join(each.tobytes() for each in (self.cells, self.right, self.lower, self.upper))

    @property
    def _float_upper(self) -> Floats:
        return np.where(self.upper >= OPEN, np.inf, self.upper).astype(np.float64)

    @property
    def linear(self) -> LinearModel:
        """The linear programme of the part, kept warm."""
        if self._model is None:
            self._model = LinearModel(
                self.matrix, self.lower.astype(np.float64), self._float_upper, right=self.right
            )
        return self._model

    def check(self, point: Floats) -> Integers | None:
        """Return a point in whole numbers where it is one and adds up, else None."""
        values = whole(point)
        if values is None or (self.matrix @ values != self.right).any():
            return None
        return values

    def run(self, columns: Integers, costs: Floats) -> tuple[Floats, float]:
        """Minimise a price and return the point and its price; the price is taken back afterwards."""
        self.linear.set_cost(columns, costs)
        point = self.linear.solve()
        objective = self.linear.objective
        self.linear.set_cost(columns, np.zeros(len(columns)))
        if point is None:
            raise Contradiction(int(self.cells[0]))
        return point, objective

    def whole_number(
        self, columns: Integers, costs: Floats, *, gap: float = 0.0, nodes: int = _NODES
    ) -> Integers | None:
        """Minimise a price over whole numbers; None where there is no such table."""
        model = LinearModel(
            self.matrix, self.lower.astype(np.float64), self._float_upper, right=self.right, integer=True
        )
        model.limit(nodes=nodes, gap=gap)
        model.set_cost(columns, costs)
        point = model.solve()
        return None if point is None else self.check(np.rint(point))

    def any_point(self) -> Integers:
        """Return some whole-number table of the part."""
        none = np.zeros(0, dtype=np.int64)
        values = self.check(self.run(none, np.zeros(0))[0])
        if values is None:
            values = self.whole_number(none, np.zeros(0))
        if values is None:
            raise Contradiction(int(self.cells[0]))
        return values

    def reach(self, column: int, *, least: bool, target: int) -> Integers | None:
        """Return a whole-number table with the cell at or beyond the target; None where there is none."""
        low, high = self.lower.astype(np.float64), self._float_upper
        if least:
            high[column] = min(high[column], target)
        else:
            low[column] = max(low[column], target)
        model = LinearModel(self.matrix, low, high, right=self.right, integer=True)
        model.limit(nodes=_NODES)
        point = model.solve()
        return None if point is None else self.check(np.rint(point))
