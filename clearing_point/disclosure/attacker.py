"""What anybody can work out: intervals and whole-number alternatives of a system of equations.

The attacker knows the equations and for every cell a lowest and a highest possible value. Nothing here
knows the true counts or how a table was protected. Source of the method: Fischetti and Salazar 2001 (attacker
problems); the search for few witnesses that prove many needs at once is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.parts import OPEN, UNLIMITED, Booleans, Contradiction, Part, propagate
from clearing_point.disclosure.search import Search
from clearing_point.disclosure.solver import TOLERANCE, SearchLimit


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

    def _split(self) -> list[Part]:
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
        # Rows and columns in the order of their component: every part is then a block, cut without a search.
        rows = np.flatnonzero(filled)
        row_labels = labels[inner.indices[inner.indptr[rows]]]
        rows = rows[np.argsort(row_labels, kind="stable")]
        order = np.argsort(labels, kind="stable")
        blocks = sparse.csr_matrix(inner[rows][:, order])
        count = int(labels.max()) + 1
        first_column = np.searchsorted(labels[order], np.arange(count + 1))
        first_row = np.searchsorted(np.sort(row_labels), np.arange(count + 1))
        parts = []
        for label in range(count):
            columns = slice(first_column[label], first_column[label + 1])
            inside = slice(first_row[label], first_row[label + 1])
            cells = still_open[order[columns]].astype(np.int64)
            starts = blocks.indptr[inside.start : inside.stop + 1]
            entries = slice(starts[0], starts[-1])
            matrix = sparse.csr_matrix(
                (blocks.data[entries], blocks.indices[entries] - columns.start, starts - starts[0]),
                shape=(inside.stop - inside.start, len(cells)),
            )
            right_side = right[rows[inside]].astype(np.int64)
            parts.append(Part(cells, matrix, right_side, self.low[cells], self.high[cells]))
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
        if sign < 0 and cap >= OPEN:
            # Nothing bounds the cell equation by equation; a ceiling keeps the program finite.
            part.linear.set_bounds(column, part.lower[column].astype(float), np.array([float(UNLIMITED)]))
        point, objective = part.run(column, np.array([float(sign)]))
        if sign < 0 and cap >= OPEN:
            part.linear.set_bounds(column, part.lower[column].astype(float), np.array([np.inf]))
        bound = sign * objective
        if part.check(point) is not None or abs(bound) >= OPEN:
            return UNLIMITED if abs(bound) >= OPEN else round(bound)
        outer = int(np.ceil(bound - TOLERANCE)) if sign > 0 else int(np.floor(bound + TOLERANCE))
        try:
            exact = part.whole_number(column, np.array([float(sign)]))
        except SearchLimit:
            return outer
        return outer if exact is None else int(exact[column[0]])

    def prove(self, low_need: Integers, high_need: Integers, hints: Sequence[Integers] = ()) -> Proof:
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
            if low_met[cells].all() and high_met[cells].all():
                found.append([table[cells] for table in tables[:1]])
                continue
            search = Search(part, low_need[cells], high_need[cells], [table[cells] for table in tables])
            search.run()
            low_met[cells], high_met[cells] = search.low_met, search.high_met
            low[cells], high[cells] = search.low, search.high
            found.append(search.witnesses or [table[cells] for table in tables[:1]])
        return Proof(low_met, high_met, low, high, self._assemble(found))

    def _assemble(self, found: Sequence[Sequence[Integers]]) -> tuple[Integers, ...]:
        """Lay the witnesses of independent parts side by side into whole tables: as many as the longest list."""
        # Parts with neither needs nor hints still need some table.
        filled = [local or [part.any_point()] for part, local in zip(self.parts, found, strict=True)]
        tables = []
        for at in range(max((len(local) for local in found), default=0)):
            table = self.low.copy()
            for part, local in zip(self.parts, filled, strict=True):
                table[part.cells] = local[min(at, len(local) - 1)]
            tables.append(table)
        return tuple(tables)

    def any_table(self) -> Integers:
        """Return some whole-number table that agrees with everything."""
        table = self.low.copy()
        for part in self.parts:
            table[part.cells] = part.any_point()
        return table

    def agrees(self, values: Integers) -> bool:
        """True where a table satisfies every equation and every bound of the attacker."""
        return bool(
            (values >= self.low).all() and (values <= self.high).all() and not (self.matrix @ values).any()
        )


__all__ = ["UNLIMITED", "Attacker", "Booleans", "Contradiction", "Proof"]
