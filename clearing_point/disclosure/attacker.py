"""What anybody can work out: intervals and whole-number alternatives of a system of equations.

The attacker knows the equations and for every cell a lowest and a highest possible value. Nothing here
knows the true counts or how a table was protected. Source of the method: Fischetti and Salazar 2001 (attacker
problems); the search for few witnesses that prove many needs at once is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.moves import Mover
from clearing_point.disclosure.solver import TOLERANCE, Floats, LinearModel, SearchLimit, whole

UNLIMITED = 10**9
_OPEN = UNLIMITED // 2
_ROUNDS = 200
_NODES = 2000
_BATCH = 64
_LARGE_PART = 500
Booleans = npt.NDArray[np.bool_]


class Contradiction(Exception):  # noqa: N818 - a fact about the published numbers, named by the caller
    """No table of counts agrees with what is published; `cell` stands in an equation that cannot hold."""

    def __init__(self, cell: int) -> None:
        super().__init__("The published numbers contradict each other.")
        self.cell = cell


@dataclass(frozen=True)
class Proof:
    """Which needs hold, and the whole-number tables that show it.

    `low_met` / `high_met` are per cell (True where no need was asked). `low` / `high` are the tightest bounds
    found on the way (exact where a need failed). Each witness is one value per cell of the system.
    """

    low_met: Booleans
    high_met: Booleans
    low: Integers
    high: Integers
    witnesses: tuple[Integers, ...]


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
        np.minimum.at(following_high, cells, np.where(new_high >= _OPEN, UNLIMITED, new_high))
        if (following_low > following_high).any():
            raise Contradiction(int(np.flatnonzero(following_low > following_high)[0]))
        if (following_low == low).all() and (following_high == high).all():
            break
        low, high = following_low, following_high
    return low, high


@dataclass
class _Part:
    """One connected component of open cells: a small system of its own."""

    cells: Integers
    matrix: sparse.csr_matrix
    right: Integers
    lower: Integers
    upper: Integers

    def __post_init__(self) -> None:
        self._model: LinearModel | None = None

    @property
    def _float_upper(self) -> Floats:
        return np.where(self.upper >= _OPEN, np.inf, self.upper).astype(np.float64)

    @property
    def linear(self) -> LinearModel:
        if self._model is None:
            self._model = LinearModel(
                self.matrix, self.lower.astype(np.float64), self._float_upper, right=self.right
            )
        return self._model

    def check(self, point: Floats) -> Integers | None:
        values = whole(point)
        if values is None or (self.matrix @ values != self.right).any():
            return None
        return values

    def run(self, columns: Integers, costs: Floats) -> tuple[Floats, float]:
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


class Attacker:
    """The attacker problem of one system: bounds in, intervals and witnesses out."""

    def __init__(self, matrix: sparse.csr_matrix, lower: Integers, upper: Integers) -> None:
        self.matrix = sparse.csr_matrix(matrix)
        self.low, self.high = propagate(self.matrix, lower, upper)
        self._base = self.low.copy()
        self.parts = self._split()
        self.part_of = np.full(len(self.low), -1, dtype=np.int64)
        for at, part in enumerate(self.parts):
            self.part_of[part.cells] = at

    def _split(self) -> list[_Part]:
        still_open = np.flatnonzero(self.low < self.high)
        if not len(still_open):
            if (self.matrix @ self.low).any():
                row = int(np.flatnonzero(self.matrix @ self.low)[0])
                raise Contradiction(int(self.matrix.indices[self.matrix.indptr[row]]))
            return []
        fixed = self.low.copy()
        fixed[still_open] = 0
        right = -(self.matrix @ fixed)
        inner = sparse.csr_matrix(self.matrix[:, still_open])
        filled = np.diff(inner.indptr) > 0
        if right[~filled].any():
            row = int(np.flatnonzero(~filled)[np.flatnonzero(right[~filled])[0]])
            raise Contradiction(int(self.matrix.indices[self.matrix.indptr[row]]))
        pattern = (inner != 0).astype(np.int32)
        _, labels = csgraph.connected_components(pattern.T @ pattern, directed=False)
        rows_of = [[] for _ in range(int(labels.max()) + 1)]  # type: list[list[int]]
        for row in np.flatnonzero(filled):
            rows_of[labels[inner.indices[inner.indptr[row]]]].append(int(row))
        order = np.argsort(labels, kind="stable")
        bounds = np.searchsorted(labels[order], np.arange(int(labels.max()) + 2))
        parts = []
        for label, rows in enumerate(rows_of):
            columns = order[bounds[label] : bounds[label + 1]]
            cells = still_open[columns].astype(np.int64)
            parts.append(
                _Part(
                    cells,
                    sparse.csr_matrix(inner[rows][:, columns]),
                    right[rows].astype(np.int64),
                    self.low[cells],
                    self.high[cells],
                )
            )
        return parts

    def interval(self, cell: int) -> tuple[int, int]:
        """Return the exact whole-number interval of a cell (`UNLIMITED` where nothing bounds it above)."""
        if self.part_of[cell] < 0:
            return int(self.low[cell]), int(self.high[cell])
        return self.least(cell), self.most(cell)

    def least(self, cell: int) -> int:
        """Return the lowest whole number that the cell can have."""
        return self._extreme(cell, 1)

    def most(self, cell: int) -> int:
        """Return the highest whole number that the cell can have, `UNLIMITED` where nothing bounds it."""
        return self._extreme(cell, -1)

    def _extreme(self, cell: int, sign: int) -> int:
        at = int(self.part_of[cell])
        if at < 0:
            return int(self.low[cell])
        part = self.parts[at]
        column = np.flatnonzero(part.cells == cell)
        cap = part.upper[column[0]]
        if sign < 0 and cap >= _OPEN:
            # Nothing bounds the cell equation by equation; a ceiling keeps the program finite.
            part.linear.set_bounds(column, part.lower[column].astype(float), np.array([float(UNLIMITED)]))
        point, objective = part.run(column, np.array([float(sign)]))
        if sign < 0 and cap >= _OPEN:
            part.linear.set_bounds(column, part.lower[column].astype(float), np.array([np.inf]))
        bound = sign * objective
        if part.check(point) is not None or abs(bound) >= _OPEN:
            return UNLIMITED if abs(bound) >= _OPEN else round(bound)
        outer = int(np.ceil(bound - TOLERANCE)) if sign > 0 else int(np.floor(bound + TOLERANCE))
        try:
            exact = part.whole_number(column, np.array([float(sign)]))
        except SearchLimit:
            return outer
        return outer if exact is None else int(exact[column[0]])

    def prove(
        self, low_need: Integers, high_need: Integers, hints: Sequence[Integers] = ()
    ) -> Proof:
        """Look for whole-number tables that take every cell down to its low and up to its high need.

        Parameters
        ----------
        low_need, high_need
            Per cell; -1 where nothing is asked. A need below the attacker's own lower bound (or above
            her upper bound) counts as the bound itself only if the caller says so beforehand.
        hints
            Tables that may serve as witnesses; each is checked against all equations and bounds.
        """
        closed = self.part_of < 0
        low_met = (low_need < 0) | (closed & (self.low <= low_need))
        high_met = (high_need < 0) | (closed & (self.high >= high_need))
        low, high = self.low.copy(), self.high.copy()
        tables = [hint for hint in hints if self.agrees(hint)]
        found: list[list[Integers]] = []
        for part in self.parts:
            cells = part.cells
            search = _Search(part, low_need[cells], high_need[cells], [table[cells] for table in tables])
            search.run()
            low_met[cells], high_met[cells] = search.low_met, search.high_met
            low[cells], high[cells] = search.low, search.high
            found.append(search.witnesses)
        return Proof(low_met, high_met, low, high, self._assemble(found))

    def _assemble(self, found: Sequence[Sequence[Integers]]) -> tuple[Integers, ...]:
        """Lay the witnesses of independent parts side by side into whole tables: as many as the longest list."""
        tables = []
        for at in range(max((len(tables) for tables in found), default=0)):
            table = self.low.copy()
            for part, local in zip(self.parts, found, strict=True):
                if not local:
                    local = [part.any_point()]  # noqa: PLW2901 - parts without needs still need some table
                table[part.cells] = local[min(at, len(local) - 1)]
            tables.append(table)
        return tuple(tables)

    def agrees(self, values: Integers) -> bool:
        """True where a table satisfies every equation and every bound of the attacker."""
        return bool(
            (values >= self.low).all() and (values <= self.high).all() and not (self.matrix @ values).any()
        )


class _Search:
    """Finds witnesses in one part: sums over all open needs first, single cells for what is left."""

    def __init__(self, part: _Part, low_need: Integers, high_need: Integers, hints: Sequence[Integers]) -> None:
        self.part = part
        self.low_need, self.high_need = low_need, high_need
        self.low_met, self.high_met = low_need < 0, high_need < 0
        self.low, self.high = part.lower.copy(), part.upper.copy()
        self.witnesses: list[Integers] = []
        self.failed_low = np.zeros(len(low_need), dtype=bool)
        self.failed_high = np.zeros(len(low_need), dtype=bool)
        self.hints = hints
        self.mover: Mover | None = None
        self.by_column = part.matrix.tocsc()
        for hint in hints:
            self.take(hint)

    def take(self, values: Integers | None) -> bool:
        if values is None:
            return False
        fresh_low = ~self.low_met & (values <= self.low_need)
        fresh_high = ~self.high_met & (values >= self.high_need)
        if not (fresh_low.any() or fresh_high.any()):
            return False
        self.low_met |= fresh_low
        self.high_met |= fresh_high
        self.witnesses.append(values)
        return True

    @property
    def open_low(self) -> Integers:
        return np.flatnonzero(~self.low_met & ~self.failed_low)

    @property
    def open_high(self) -> Integers:
        return np.flatnonzero(~self.high_met & ~self.failed_high)

    def run(self) -> None:
        # A bound of its own equations that already rules a need out is an answer without any program.
        self.failed_low = ~self.low_met & (self.part.lower > self.low_need)
        self.failed_high = ~self.high_met & (self.part.upper < self.high_need)
        if not (len(self.open_low) or len(self.open_high)):
            return
        self._cap()
        # Corners of a large region are hardly ever whole numbers: go straight to short moves there.
        if not self.hints or len(self.part.cells) < _LARGE_PART:
            while self._together():
                pass
        self._in_batches(least=True)
        self._in_batches(least=False)
        self._uncap()

    def _cap(self) -> None:
        """Keep sums finite: nobody needs a cell far above its need (only unlimited cells are capped)."""
        unlimited = np.flatnonzero(self.part.upper >= _OPEN)
        top = float(max(self.high_need.max(initial=1), 1)) * len(self.part.cells) + float(
            np.abs(self.part.right).sum()
        )
        self._unlimited = unlimited
        lower = self.part.lower[unlimited].astype(np.float64)
        self.part.linear.set_bounds(unlimited, lower, np.maximum(lower, top))

    def _uncap(self) -> None:
        lower = self.part.lower[self._unlimited].astype(np.float64)
        self.part.linear.set_bounds(self._unlimited, lower, np.full(len(lower), np.inf))

    def _together(self) -> bool:
        progress = False
        for columns, sign in ((self.open_low, 1.0), (self.open_high, -1.0)):
            if len(columns) > 1:
                point, _ = self.part.run(columns, np.full(len(columns), sign))
                values = self.part.check(point)
                COUNT["bulk"] += 1
                if values is None:
                    COUNT["bulk fractional"] += 1
                progress |= self.take(values)
        return progress

    def _in_batches(self, *, least: bool) -> None:
        """Move many cells at once from a known table; halve a batch that fails, down to single cells.

        Short moves are nearly always whole numbers, where the corners of the whole region seldom are.
        """
        if self.mover is None:
            self.base = self._base_point()
            up = np.where(self.part.upper >= _OPEN, np.inf, self.part.upper - self.base).astype(np.float64)
            down = (self.base - self.part.lower).astype(np.float64)
            self.mover = Mover(self.part.matrix, up, down, np.ones(len(self.base)))
        size = _BATCH
        while True:
            still = self.open_low if least else self.open_high
            if not len(still):
                return
            batch = self._apart(still, size)
            if self._batch(batch, least=least):
                size = min(_BATCH, size * 2)
            elif len(batch) == 1:
                self._single(int(batch[0]), least=least)
            else:
                size = max(1, len(batch) // 2)

    def _apart(self, columns: Integers, size: int) -> Integers:
        """Return some of the columns that share no equation: their moves seldom get into each other's way."""
        by_column = self.by_column
        seen: set[int] = set()
        chosen: list[int] = []
        for column in columns:
            rows = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]].tolist()
            if seen.isdisjoint(rows):
                seen.update(rows)
                chosen.append(int(column))
                if len(chosen) == size:
                    break
        return np.array(chosen, dtype=np.int64)

    def _batch(self, columns: Integers, *, least: bool) -> bool:
        need = self.low_need if least else self.high_need
        if self.mover is None:
            return False
        COUNT["short"] += 1
        move = self.mover.together(columns, need[columns] - self.base[columns])
        return move is not None and self.take(self.base + move)

    def _base_point(self) -> Integers:
        if self.hints:
            return self.hints[0]
        return self.part.any_point()

    def _single(self, column: int, *, least: bool) -> None:
        sign = 1.0 if least else -1.0
        need = self.low_need if least else self.high_need
        COUNT["single"] += 1
        point, objective = self.part.run(np.array([column]), np.array([sign]))
        bound = sign * objective
        reached = bound <= need[column] + TOLERANCE if least else bound >= need[column] - TOLERANCE
        if reached:
            values = self.part.check(point)
            if values is None:
                COUNT["single fractional"] += 1
                try:
                    values = self.part.reach(column, least=least, target=int(need[column]))
                except SearchLimit:
                    values = None
            if self.take(values):
                return
        self._fail(column, bound, least=least)

    def _fail(self, column: int, bound: float, *, least: bool) -> None:
        if least:
            self.failed_low[column] = True
            self.low[column] = max(int(np.ceil(bound - TOLERANCE)), int(self.low[column]))
        else:
            self.failed_high[column] = True
            self.high[column] = min(int(np.floor(bound + TOLERANCE)), int(self.high[column]))
COUNT = {"short":0,"bulk":0,"bulk fractional":0,"single":0,"single fractional":0}
