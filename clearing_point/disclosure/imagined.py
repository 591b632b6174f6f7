"""Alternative tables without any solver: the printed table with a few imagined persons more.

Where every count was rounded, there is room for a few persons more in every cell. One more person adds one to every cell
that she belongs to, and to none else, so everything still adds up: a table with her is another possible truth. A
handful of such tables show of nearly all cells that they may be higher than printed; the audit's programmes find the rest.
Every table is checked against all equations and bounds before it counts as a witness.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers, System, never_printed
from clearing_point.disclosure.model import Knowledge, Relation

_MOST = 1000
_FAILURES = 100
"""So many cells without such a person, and the audit's programmes look for the rest."""


def with_persons_more(
    system: System,
    relations: Sequence[Knowledge],
    table: Integers,
    upper: Integers,
    need: Integers,
) -> list[Integers]:
    """Return tables in which cells reach what they need by persons added to a table that adds up.

    Parameters
    ----------
    table, upper
        A possible table, and the highest count that each cell may have.
    need
        Per cell the count to be reached; -1 where nothing is asked. Not all of it need be reached.
    """
    return _Imagining(system, relations).run(table, upper, need)


class _Imagining:
    def __init__(self, system: System, relations: Sequence[Knowledge]) -> None:
        self.system = system
        self.full = {variable: (1 << len(leaves)) - 1 for variable, leaves in system.universe.items()}
        self.conditions = [dict(conditions) for _, conditions in system.keys]
        self.populations = np.array([population for population, _ in system.keys], dtype=object)
        self.wholes = _closure(relations)
        self.admits: dict[tuple[str, int], Booleans] = {}
        self.of_population: dict[str, Booleans] = {}
        self.rests, self.left_over = _definitions(system)

    def run(self, table: Integers, upper: Integers, need: Integers) -> list[Integers]:
        lacking = [int(cell) for cell in np.flatnonzero(need > table) if int(cell) not in self.rests]
        found: list[Integers] = []
        now = table.copy()
        failures = 0
        while lacking and len(found) < _MOST and failures < _FAILURES:
            first = lacking[0]
            person = self._person(lacking)
            more = None if person is None else person * (need[first] - table[first])
            if more is None or person is None or not person[first]:
                lacking.pop(0)
                failures += 1
            elif (now + more <= upper).all():
                now = now + more
                lacking = [cell for cell in lacking if now[cell] < need[cell]]
            elif (now > table).any():
                found.append(now)
                now = table.copy()
            else:
                lacking.pop(0)
                failures += 1
        return [*found, now] if (now > table).any() else found

    def _person(self, lacking: Sequence[int]) -> Integers | None:
        """Return the cells of somebody who is in the first of these cells and in as many others as go together."""
        population = str(self.populations[lacking[0]])
        belongs = {population, *self.wholes.get(population, ())}
        open_leaves = dict(self.full)
        for cell in lacking:
            if self.populations[cell] in belongs:
                narrowed = {v: open_leaves[v] & mask for v, mask in self.conditions[cell].items()}
                if all(narrowed.values()):
                    open_leaves.update(narrowed)
        person = np.zeros(len(self.populations), dtype=bool)
        for name in belongs:
            person |= self._in_population(name)
        for variable, leaves in open_leaves.items():
            if leaves:
                person &= self._admitting(variable, (leaves & -leaves).bit_length() - 1)
        counts = person.astype(np.int64)
        counts[self.rests_at] = 0
        counts = counts + self.left_over @ counts
        return None if (self.system.matrix @ counts).any() or (counts < 0).any() else counts

    @property
    def rests_at(self) -> Integers:
        return np.array(sorted(self.rests), dtype=np.int64)

    def _in_population(self, name: str) -> Booleans:
        if name not in self.of_population:
            self.of_population[name] = self.populations == name
        return self.of_population[name]

    def _admitting(self, variable: str, leaf: int) -> Booleans:
        if (variable, leaf) not in self.admits:
            full = self.full[variable]
            self.admits[variable, leaf] = np.array(
                [bool(conditions.get(variable, full) >> leaf & 1) for conditions in self.conditions]
            )
        return self.admits[variable, leaf]


def _closure(relations: Sequence[Knowledge]) -> dict[str, set[str]]:
    """Return of every population those that it is part of, at one remove or more."""
    wholes: dict[str, set[str]] = {}
    for relation in relations:
        if isinstance(relation, Relation):
            wholes.setdefault(relation.part_population, set()).add(relation.whole_population)
    changed = True
    while changed:
        changed = False
        for name, found in list(wholes.items()):
            more = set().union(*(wholes.get(whole, set()) for whole in found)) - found
            wholes[name] = found | more
            changed |= bool(more)
    return wholes


def _definitions(system: System) -> tuple[frozenset[int], sparse.csr_matrix]:
    """Return the cells that nobody prints because they are what is left of others, and how they follow from those."""
    rests = frozenset(cell for cell, key in enumerate(system.keys) if never_printed(key))
    at: list[int] = []
    of: list[int] = []
    signs: list[int] = []
    done: set[int] = set()
    matrix = system.matrix
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        cells, values = matrix.indices[start:end].tolist(), matrix.data[start:end].tolist()
        inside = [(cell, sign) for cell, sign in zip(cells, values, strict=True) if cell in rests]
        if len(inside) == 1 and inside[0][0] not in done:
            rest, sign = inside[0]
            done.add(rest)
            for cell, other in zip(cells, values, strict=True):
                if cell != rest:
                    at.append(rest)
                    of.append(cell)
                    signs.append(-other * sign)
    size = len(system.keys)
    return rests, sparse.csr_matrix((np.array(signs, dtype=np.int64), (at, of)), shape=(size, size))
