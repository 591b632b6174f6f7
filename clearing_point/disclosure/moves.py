"""The cheapest whole-number move of a cell inside ``M d = 0``: warm linear programmes, changed in place."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.solver import Floats, LinearModel, SearchLimit, whole

_FAR = 1e6
_MOVES = 1e-7


class Mover:
    """Minimises the price of ``|d|`` subject to ``M d = 0``, ``-down <= d <= up`` and one forced shift.

    Parameters
    ----------
    matrix
        Equations over the cells that may move.
    up, down
        How far each cell may go (0 for a cell that cannot move, `numpy.inf` where nothing limits it).
    price
        Price per person moved, by cell.
    """

    def __init__(self, matrix: sparse.csr_matrix, up: Floats, down: Floats, price: Floats) -> None:
        self.matrix = sparse.csr_matrix(matrix)
        self.count = self.matrix.shape[1]
        self.price = price.astype(np.float64).copy()
        self.up = up.astype(np.float64).copy()
        self.down = np.maximum(down, 0).astype(np.float64)
        both = sparse.hstack([self.matrix, -self.matrix]).tocsr()
        self._model = LinearModel(both, np.zeros(2 * self.count), np.concatenate([self.up, self.down]))
        self.set_price(np.arange(self.count), self.price)

    def set_price(self, cells: Integers, price: Floats) -> None:
        """Set the price of some cells."""
        self.price[cells] = price
        self._model.set_cost(np.concatenate([cells, cells + self.count]), np.concatenate([price, price]))

    def fix(self, cell: int) -> None:
        """Forbid a cell to move."""
        self._bound(cell, 0.0, 0.0)

    def free(self, cell: int) -> None:
        """Allow a cell to move again as far as it could."""
        self._bound(cell, self.up[cell], self.down[cell])

    def _bound(self, cell: int, up: float, down: float) -> None:
        pair = np.array([cell, cell + self.count])
        self._model.set_bounds(pair, np.zeros(2), np.array([up, down]))

    def cheapest(self, cell: int, shift: int, *, cheap: float, fixed: int | None = None) -> Integers | None:
        """Return the move that shifts a cell by `shift`, or None where there is none.

        `cheap` is the price up to which a cell counts as free to move (hidden already) when a fractional
        vertex has to be replaced by a whole-number search; `fixed` is a cell that `fix` holds at present.
        """
        pair = np.array([cell, cell + self.count])
        if (shift > 0 and self.up[cell] < shift) or (shift < 0 and self.down[cell] < -shift):
            return None
        forced = np.array([shift, 0.0]) if shift > 0 else np.array([0.0, -shift])
        self._model.set_bounds(pair, forced, forced)
        point = self._model.solve()
        self._model.set_bounds(pair, np.zeros(2), np.array([self.up[cell], self.down[cell]]))
        if point is None:
            return None
        move = whole(point[: self.count] - point[self.count :])
        if move is not None and not (self.matrix @ move).any():
            return move
        return self._whole_move(point, pair, forced, cheap, fixed)

    def together(self, cells: Integers, shifts: Integers) -> Integers | None:
        """Return one whole-number move that shifts several cells at once, or None where none was found."""
        if ((shifts > self.up[cells]) | (-shifts > self.down[cells])).any():
            return None
        pairs = np.concatenate([cells, cells + self.count])
        forced = np.concatenate([np.maximum(shifts, 0), np.maximum(-shifts, 0)]).astype(np.float64)
        self._model.set_bounds(pairs, forced, forced)
        point = self._model.solve()
        self._model.set_bounds(
            pairs, np.zeros(len(pairs)), np.concatenate([self.up[cells], self.down[cells]])
        )
        move = None if point is None else whole(point[: self.count] - point[self.count :])
        return None if move is None or (self.matrix @ move).any() else move

    def _whole_move(
        self, point: Floats, pair: Integers, forced: Floats, cheap: float, fixed: int | None
    ) -> Integers | None:
        near = (self.price <= cheap) | (np.abs(point[: self.count] - point[self.count :]) > _MOVES)
        for allowed in (near, np.ones(self.count, dtype=bool)):
            columns = np.flatnonzero(allowed)
            both = np.concatenate([columns, columns + self.count])
            lower, upper = np.zeros(2 * self.count), np.concatenate([self.up, self.down])
            upper[np.isinf(upper)] = _FAR
            if fixed is not None:
                upper[[fixed, fixed + self.count]] = 0.0
            lower[pair], upper[pair] = forced, forced
            matrix = sparse.hstack([self.matrix[:, columns], -self.matrix[:, columns]]).tocsr()
            kept = np.diff(matrix.indptr) > 0
            model = LinearModel(matrix[kept], lower[both], upper[both], integer=True)
            model.limit(nodes=500, gap=0.2)
            model.set_cost(np.arange(len(both)), np.concatenate([self.price[columns]] * 2))
            try:
                found = model.solve()
            except SearchLimit:
                found = None
            if found is not None:
                move = np.zeros(self.count, dtype=np.int64)
                rounded = np.rint(found).astype(np.int64)
                move[columns] = rounded[: len(columns)] - rounded[len(columns) :]
                if not (self.matrix @ move).any():
                    return move
        return None


class Movers:
    """A :class:`Mover` for every connected part of a system: a move never leaves the part of its cell."""

    def __init__(self, matrix: sparse.csr_matrix, up: Floats, down: Floats, price: Floats) -> None:
        self.matrix = sparse.csr_matrix(matrix)
        self.up, self.down, self.price = up, down, price.astype(np.float64).copy()
        pattern = (self.matrix != 0).astype(np.int32)
        _, self.part_of = csgraph.connected_components(pattern.T @ pattern, directed=False)
        order = np.argsort(self.part_of, kind="stable")
        self.cells = np.split(order, np.flatnonzero(np.diff(self.part_of[order])) + 1)
        self.place = np.zeros(len(order), dtype=np.int64)
        for cells in self.cells:
            self.place[cells] = np.arange(len(cells))
        self._movers: dict[int, Mover] = {}

    def set_price(self, cells: Integers, price: Floats) -> None:
        """Set the price of some cells."""
        self.price[cells] = price
        for part in np.unique(self.part_of[cells]).tolist():
            if part in self._movers:
                inside = self.part_of[cells] == part
                self._movers[part].set_price(self.place[cells[inside]], price[inside])

    def cheapest(self, cell: int, shift: int, *, cheap: float) -> Integers | None:
        """Return the cheapest move of all cells that shifts one of them, see :meth:`Mover.cheapest`."""
        part = int(self.part_of[cell])
        cells = self.cells[part]
        if part not in self._movers:
            inner = self.matrix[:, cells]
            self._movers[part] = Mover(
                inner[np.diff(inner.indptr) > 0], self.up[cells], self.down[cells], self.price[cells]
            )
        found = self._movers[part].cheapest(int(self.place[cell]), shift, cheap=cheap)
        if found is None:
            return None
        move = np.zeros(len(self.price), dtype=np.int64)
        move[cells] = found
        return move
