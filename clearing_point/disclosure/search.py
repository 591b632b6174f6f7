"""The search for whole-number tables that prove what must stay possible: many needs at once, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.moves import Mover
from clearing_point.disclosure.parts import OPEN, Part
from clearing_point.disclosure.solver import TOLERANCE, SearchLimit

_BATCH = 64
_LARGE_PART = 500


class Search:
    """Finds witnesses in one part: sums over all open needs first, single cells for what is left."""

    def __init__(
        self, part: Part, low_need: Integers, high_need: Integers, hints: Sequence[Integers]
    ) -> None:
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
        """Enter a table as a witness where it shows anything new."""
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
        """Cells whose low need is neither met nor ruled out."""
        return np.flatnonzero(~self.low_met & ~self.failed_low)

    @property
    def open_high(self) -> Integers:
        """Cells whose high need is neither met nor ruled out."""
        return np.flatnonzero(~self.high_met & ~self.failed_high)

    def run(self) -> None:
        """Look until every need is met or ruled out."""
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
        unlimited = np.flatnonzero(self.part.upper >= OPEN)
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
                progress |= self.take(values)
        return progress

    def _in_batches(self, *, least: bool) -> None:
        """Move many cells at once from a known table; halve a batch that fails, down to single cells.

        Short moves are nearly always whole numbers, where the corners of the whole region seldom are.
        """
        if self.mover is None:
            self.base = self._base_point()
            up = np.where(self.part.upper >= OPEN, np.inf, self.part.upper - self.base).astype(np.float64)
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
        move = self.mover.together(columns, need[columns] - self.base[columns])
        return move is not None and self.take(self.base + move)

    def _base_point(self) -> Integers:
        if self.hints:
            return self.hints[0]
        return self.part.any_point()

    def _single(self, column: int, *, least: bool) -> None:
        sign = 1.0 if least else -1.0
        need = self.low_need if least else self.high_need
        point, objective = self.part.run(np.array([column]), np.array([sign]))
        bound = sign * objective
        reached = bound <= need[column] + TOLERANCE if least else bound >= need[column] - TOLERANCE
        if reached:
            values = self.part.check(point)
            if values is None:
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
