"""An attacker written apart from the package: scipy only, her own reading of which categories add up."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import sparse
from scipy.optimize import linprog


def _full(tables):
    full = {}
    for table in tables:
        for d in table.dimensions:
            for c in d.categories:
                full.setdefault(d.variable, set()).update(c.members)
    return full


class IndependentAttacker:
    """Knows printed numbers and which sums hold; `interval` works out what is left of a cell."""

    def __init__(self, tables, lower_bound=0):
        self.full = _full(tables)
        self.index, self.low, self.high, rows = {}, [], [], []
        for table in tables:
            for cell, entry in table.cells.items():
                at = self._number(table, cell)
                if entry.shown is None:
                    low, high = lower_bound, np.inf
                elif table.profile == "suppress":
                    low = high = entry.shown
                else:
                    far = table.far_reach if 0 <= table.far_from <= entry.shown else table.base - 1
                    low, high = max(0, entry.shown - far), entry.shown + far
                self.low[at], self.high[at] = max(self.low[at], low), min(self.high[at], high)
            for d, dimension in enumerate(table.dimensions):
                others = [[c.code for c in o.categories] for k, o in enumerate(table.dimensions) if k != d]
                leaves = [
                    c
                    for c in dimension.categories
                    if not any(o.members < c.members for o in dimension.categories)
                ]
                for whole in dimension.categories:
                    parts = [c for c in leaves if c.members < whole.members]
                    if not parts or set().union(*(p.members for p in parts)) != whole.members:
                        continue
                    for rest in itertools.product(*others):
                        make = lambda code, rest=rest, d=d: (*rest[:d], code, *rest[d:])  # noqa: E731
                        row = {self._number(table, make(whole.code)): -1}
                        for part in parts:
                            at = self._number(table, make(part.code))
                            row[at] = row.get(at, 0) + 1
                        rows.append(row)
        entries = [(r, c, s) for r, row in enumerate(rows) for c, s in row.items()]
        r, c, s = zip(*entries, strict=False)
        self.matrix = sparse.csr_matrix((s, (r, c)), shape=(len(rows), len(self.low)))

    def _number(self, table, cell):
        parts = []
        for d, code in zip(table.dimensions, cell, strict=False):
            members = next(k.members for k in d.categories if k.code == code)
            if members != self.full[d.variable]:
                parts.append((d.variable, members))
        key = (table.population, frozenset(parts))
        if key not in self.index:
            self.index[key] = len(self.index)
            self.low.append(0)
            self.high.append(np.inf)
        return self.index[key]

    def interval(self, table, cell):
        at = self._number(table, cell)
        cost = np.zeros(len(self.low))
        found = []
        for sign in (1, -1):
            cost[at] = sign
            answer = linprog(
                cost,
                A_eq=self.matrix,
                b_eq=np.zeros(self.matrix.shape[0]),
                bounds=list(zip(self.low, self.high, strict=False)),
            )
            assert answer.status in (0, 3), answer.message
            found.append(sign * answer.fun if answer.status == 0 else np.inf)
        return int(np.ceil(found[0] - 1e-6)), found[1] if found[1] == np.inf else int(
            np.floor(found[1] + 1e-6)
        )
