"""Clean-up of a suppression pattern: show hidden cells again, the dearest first, while every need keeps a witness."""

from __future__ import annotations

import numpy as np

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.moves import Mover
from clearing_point.disclosure.parts import Part
from clearing_point.disclosure.suppress import Sequential

# Work is counted in cells times programmes, not in seconds: two runs must end the same.
_BUDGET = 6_000_000


def clean_up(search: Sequential) -> None:
    """Show again every hidden cell whose needs and whose neighbours' needs stay proven without it."""
    attacker = search.attacker()
    budget = _BUDGET
    fresh: list[list[Integers]] = []
    for part in sorted(attacker.parts, key=lambda p: len(p.cells)):
        room = _Cleaner(search, part, budget)
        room.run()
        budget = room.budget
        fresh.append(list(room.tables))
    search.witnesses = _assemble(search, sorted(attacker.parts, key=lambda p: len(p.cells)), fresh)


def _assemble(search: Sequential, parts: list[Part], tables: list[list[Integers]]) -> list[Integers]:
    whole = []
    for at in range(max((len(local) for local in tables), default=0)):
        table = search.problem.values.copy()
        for part, local in zip(parts, tables, strict=True):
            if at < len(local):
                table[part.cells] = local[at]
        whole.append(table)
    return whole


class _Cleaner:
    """Works on one connected part; its tables are kept short so that they use few dear cells."""

    def __init__(self, search: Sequential, part: Part, budget: int) -> None:
        problem = search.problem
        cells = part.cells
        self.search, self.cells, self.budget = search, cells, budget
        self.values = problem.values[cells]
        self.low_need, self.high_need = search.low_need[cells].copy(), search.high_need[cells].copy()
        own = np.array([*(table[cells] for table in search.witnesses), self.values], dtype=np.int64)
        self.tables = np.unique(own, axis=0)
        self.tables = self.tables[[part.check(table.astype(float)) is not None for table in self.tables]]
        lower = problem.lower[cells]
        kept = (self.tables >= lower).all(axis=1)
        self.tables = self.tables[kept]
        self.primary = problem.hidden[cells] | problem.untold[cells]
        self.by_row, self.by_column = part.matrix, part.matrix.tocsc()
        price = np.where(self.primary | ~problem.guarded[cells], 1e-3, 1.0) * search.weight[cells]
        self.mover = Mover(
            part.matrix, np.full(len(cells), np.inf), (self.values - lower).astype(float), price
        )

    def run(self) -> None:
        problem = self.search.problem
        weight = self.search.weight[self.cells]
        candidates = np.flatnonzero(~self.primary & problem.guarded[self.cells])
        for column in candidates[np.lexsort((candidates, -weight[candidates]))]:
            if self.budget <= 0:
                return
            self._try(int(column))

    def beside(self, column: int) -> Booleans:
        """Return the cells that share an equation with a cell."""
        rows = self.by_column.indices[self.by_column.indptr[column] : self.by_column.indptr[column + 1]]
        found = np.zeros(len(self.cells), dtype=bool)
        found[self.by_row[rows].indices] = True
        return found

    def _try(self, column: int) -> None:
        still = self.tables[self.tables[:, column] == self.values[column]]
        low_need, high_need = self.low_need.copy(), self.high_need.copy()
        low_need[column] = high_need[column] = -1
        low_lacks = (low_need >= 0) & ~(still <= low_need).any(axis=0)
        high_lacks = (high_need >= 0) & ~(still >= high_need).any(axis=0)
        self.mover.fix(column)
        fresh: list[Integers] = []
        # What stands in an equation with the cell fails first where anything does.
        beside = self.beside(column)
        asked = [(int(cell), high_need, True) for cell in np.flatnonzero(high_lacks)]
        asked += [(int(cell), low_need, False) for cell in np.flatnonzero(low_lacks)]
        for cell, need, high in sorted(asked, key=lambda a: not beside[a[0]]):
            if any(t[cell] >= need[cell] if high else t[cell] <= need[cell] for t in fresh):
                continue
            self.budget -= len(self.cells)
            shift = int(need[cell] - self.values[cell])
            move = self.mover.cheapest(cell, shift, cheap=1e-2, fixed=column)
            if move is None:
                self.mover.free(column)
                return
            fresh.append(self.values + move)
        self.tables = np.vstack([still, *[table[None, :] for table in fresh]])
        self.low_need, self.high_need = low_need, high_need
        self.mover.up[column] = self.mover.down[column] = 0.0
        self.search.show(int(self.cells[column]))
