"""Relations derived from the counting itself: which variables of a population go together, and whether the system knows.

Made of units (rows that are counted) and the categories that tables tell apart. Two variables go together where
a combination never occurs although, were they independent, at least a few units would have it; three, where one follows
from the other two. What holds over all units of all places and years at once is meaning and no accident of few records.
Everything that is found is given to the attacker (:class:`Joint`), so a tie that is none costs hidden cells and no person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.conditions import answers_of
from clearing_point.disclosure.model import Joint
from clearing_point.disclosure.placed import Plan

_EXPECTED = 5.0
"""A combination that never occurs is no accident where so many units are expected: the chance is one in 150."""
_MANY = 100
"""Of so many units, a part that none of them is of may be one that none can be of."""
_YES = 1
"""Place of YES among the parts of a condition that is a variable of its own."""
_LARGEST = 48
"""Most combinations of one joint table; larger families are several tables that share variables."""
_TRIPLE = 16
"""Most combinations of three variables that are held together although inequalities between two would do."""
_WHOLE = 400
"""Most cells of one joint table of all variables of a population: where it is that small, nothing has to be looked for."""


@dataclass(frozen=True)
class Units:
    """Units of a population by the parts of its variables.

    Attributes
    ----------
    parts : mapping
        Variable -> disjoint sets of leaf codes.
    codes : array of shape (rows, variables)
        Position of the part; one beyond the last where no table shows it.
    weights : array of shape (rows,)
        How many units are like this.
    """

    population: str
    parts: Mapping[str, tuple[frozenset[str], ...]]
    codes: Integers = field(repr=False)
    weights: Integers = field(repr=False)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns of `codes`."""
        return tuple(self.parts)


def parts_of(plan: Plan, population: str) -> dict[str, set[int]]:
    """Return the sets of codes of every variable that tables of a population print or are conditioned on."""
    found: dict[str, set[int]] = {}
    for placed in plan.placed:
        if placed.population != population:
            continue
        for variable, mask in (*placed.within.items(), *placed.apart.items()):
            found.setdefault(variable, set()).add(mask)
        for dimension in placed.dimensions:
            leaves = plan.universe[dimension.variable]
            at = {leaf: 1 << n for n, leaf in enumerate(leaves)}
            for category in dimension.categories:
                found.setdefault(dimension.variable, set()).add(sum(at[code] for code in category.members))
    return found


def together(plan: Plan, population: str) -> frozenset[tuple[str, str]]:
    """Return the pairs of variables of which a table of a population speaks at once, in dimensions or conditions."""
    found = set()
    for placed in plan.placed:
        if placed.population == population:
            names = {*placed.apart, *(d.variable for d in placed.dimensions)}
            found |= set(combinations(sorted(names), 2))
    return frozenset(found)


def derive(
    units: Units,
    leave_out: frozenset[str] = frozenset(),
    settings: int = 1,
    at_once: frozenset[tuple[str, str]] = frozenset(),
) -> list[Joint]:
    """Return how the variables of a population go together, as joint tables that nobody prints.

    Where few combinations of all variables occur at all, one joint table holds them, and no tie can be missed.

    Parameters
    ----------
    leave_out
        Variables of place and time: every relation is looked for over all of them at once.
    settings
        For how many of their combinations tables print numbers.
    at_once
        Pairs of variables of which a table speaks at once (:func:`together`).
    """
    found = _Ties(units, leave_out, at_once)
    if len(found.columns) > 1 and len(found.possible(found.columns)) * settings <= _WHOLE:
        return [replace(found.joint(tuple(found.columns)), whole=True)]
    alone = [(column,) for column in found.columns if found.never(column)]
    return [found.joint(family) for family in (*alone, *found.families())]


def blocks_of(units: Units, place_and_time: frozenset[str]) -> list[list[int]]:
    """Return the columns of variables that are tied, at one remove or more; place and time are one block."""
    ties = _Ties(units, place_and_time)
    of = {column: {column} for column in ties.columns}
    for family in ties.families():
        joined: set[int] = set().union(*(of[column] for column in family))
        for column in joined:
            of[column] = joined
    apart = [at for at, name in enumerate(units.variables) if name in place_and_time]
    blocks = {tuple(sorted(block)) for block in of.values()}
    return [list(block) for block in sorted(blocks)] + ([apart] if apart else [])


class _Ties:
    def __init__(
        self, units: Units, leave_out: frozenset[str], at_once: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self.units = units
        names = units.variables
        self.at_once = {
            (names.index(one), names.index(other)) for one, other in at_once if {one, other} <= set(names)
        }
        self.columns = [at for at, name in enumerate(names) if name not in leave_out]
        self.sizes = [len(units.parts[name]) + 1 for name in names]
        self.small = units.codes.astype(np.min_scalar_type(max(self.sizes, default=1)))
        self.total = max(int(units.weights.sum()), 1)
        self.tables: dict[tuple[int, ...], npt.NDArray[np.float64]] = {}

    def table(self, columns: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Count units by the parts of some variables."""
        if columns not in self.tables:
            shape = tuple(self.sizes[c] for c in columns)
            place = np.zeros(len(self.units.codes), dtype=np.int64)
            for column, size in zip(columns, shape, strict=True):
                place = place * size + self.units.codes[:, column]
            weights = self.units.weights.astype(np.float64)
            counted = np.bincount(place, weights=weights, minlength=int(np.prod(shape)))
            self.tables[columns] = counted.astype(np.float64).reshape(shape)
        return self.tables[columns]

    def never(self, column: int) -> bool:
        """Say whether a part of a variable does not occur (that something is not known, of what always is)."""
        return self.total >= _MANY and bool((self.table((column,))[:-1] == 0).any())

    def tied(self, one: int, other: int) -> bool:
        """Say whether a combination of two variables lacks that should be there."""
        table = self.table((one, other))
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / self.total
        return bool(((table == 0) & (expected >= _EXPECTED)).any())

    def told_by(self, by: tuple[int, int]) -> list[int]:
        """Return the columns that are the same wherever two are."""
        codes = self.units.codes
        place = codes[:, by[0]] * self.sizes[by[1]] + codes[:, by[1]]
        first = np.zeros(self.sizes[by[0]] * self.sizes[by[1]], dtype=np.int64)
        first[place] = np.arange(len(codes))
        if self.total - len(np.unique(first)) < _EXPECTED:
            return []
        differ = (self.small != self.small[first[place]]).any(axis=0)
        return [column for column in self.columns if column not in by and not differ[column]]

    def determined(self, column: int, by: tuple[int, int]) -> bool:
        """Say whether two variables together tell a third that neither of them tells alone.

        That is no accident where enough units of the same two would differ in the third, were it told by one of them alone.
        """
        table = self.table((*by, column))
        if ((table > 0).sum(axis=2) > 1).any():
            return False
        again = np.maximum(table.sum(axis=2) - 1, 0)
        for axis in (0, 1):
            alone = table.sum(axis=axis)
            share = alone / np.maximum(alone.sum(axis=1, keepdims=True), 1)
            if float(again.sum(axis=axis) @ (1 - (share**2).sum(axis=1))) < _EXPECTED:
                return False
        return True

    def one_answer(self) -> list[frozenset[int]]:
        """Return the answers of every variable with several of which nobody has two, though some would by chance.

        Pair by pair most are too rare to tell; together they tell that the answers add up to everybody.
        """
        answers: dict[str, dict[int, frozenset[str]]] = defaultdict(dict)
        for column in self.columns:
            read = answers_of(self.units.variables[column])
            if read is not None:
                answers[read[0]][column] = read[1]
        found = []
        for of in answers.values():
            apart = [pair for pair in combinations(of, 2) if not of[pair[0]] & of[pair[1]]]
            both = [self.table(pair)[_YES, _YES] for pair in apart]
            by_chance = [
                self.table((one,))[_YES] * self.table((other,))[_YES] / self.total for one, other in apart
            ]
            few = len(of) > 2 and not any(both) and sum(by_chance) >= _EXPECTED
            if few and len(self.possible(sorted(of))) <= _LARGEST:
                found.append(frozenset(of))
        return found

    def families(self) -> list[tuple[int, ...]]:
        """Return sets of tied variables, joined to larger ones as long as their combinations stay few."""
        ties = {pair for pair in combinations(self.columns, 2) if self.tied(*pair)}
        near: dict[int, set[int]] = {}
        for one, other in ties:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
        # Few inequalities say all about most pairs; where one variable follows from others, all combinations are needed.
        pairs = {frozenset(pair) for pair in ties}
        edges = {pair for pair in pairs if not self.joint(tuple(sorted(pair))).few}
        edges |= {
            frozenset((*by, column))
            for by in combinations(self.columns, 2)
            for column in self.told_by(by)
            if self.determined(column, by)
        }
        edges |= set(self.one_answer())
        # Where a table speaks of two variables at once, what a third is tied with stands beside both of them.
        for one, other in sorted(self.at_once):
            if one in near.get(other, ()):
                triples = {frozenset((one, other, third)) for third in near[one] & near[other]}
                edges |= {t for t in triples if len(self.possible(tuple(sorted(t)))) <= _TRIPLE}
        families = self._joined(edges)
        families += [pair for pair in pairs if not any(pair <= family for family in families)]
        families = self._closed(families, near)
        return sorted({tuple(sorted(f)) for f in families if not any(f < other for other in families)})

    def _closed(self, families: list[frozenset[int]], near: Mapping[int, set[int]]) -> list[frozenset[int]]:
        """Add to each family what follows from it: that costs no combination."""
        closed = []
        for family in families:
            place = np.zeros(len(self.units.codes), dtype=np.int64)
            for column in sorted(family):
                _, place = np.unique(
                    place * self.sizes[column] + self.units.codes[:, column], return_inverse=True
                )
            order = np.argsort(place, kind="stable")
            codes = self.units.codes[order]
            begin = np.flatnonzero(np.diff(place[order], prepend=-1))
            same = (np.minimum.reduceat(codes, begin) == np.maximum.reduceat(codes, begin)).all(axis=0)
            reached, queue = set(family), sorted(family)
            while queue:
                more = [c for c in near.get(queue.pop(), ()) if same[c] and c not in reached]
                reached.update(more)
                queue += more
            closed.append(frozenset(reached))
        return closed

    def _joined(self, edges: set[frozenset[int]]) -> list[frozenset[int]]:
        families: list[frozenset[int]] = []
        for edge in sorted(edges, key=lambda edge: (-self._strength(edge), sorted(edge))):
            if any(edge <= family for family in families):
                continue
            touching = sorted((f for f in families if f & edge), key=lambda f: (-len(f & edge), sorted(f)))
            for family in touching:
                if len(self.possible(tuple(sorted(family | edge)))) <= _LARGEST:
                    families[families.index(family)] = family | edge
                    break
            else:
                families.append(edge)
        return families

    def _strength(self, edge: frozenset[int]) -> float:
        lacking = 0.0
        for pair in combinations(sorted(edge), 2):
            table = self.table(pair)
            expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / self.total
            lacking = max(lacking, float(expected[table == 0].max(initial=0.0)))
        return lacking * len(edge)

    def possible(self, columns: Sequence[int]) -> list[tuple[int, ...]]:
        """Return the combinations that occur."""
        place = np.zeros(len(self.units.codes), dtype=np.int64)
        for column in columns:
            place = place * self.sizes[column] + self.units.codes[:, column]
        _, first = np.unique(place, return_index=True)
        return [tuple(row) for row in self.units.codes[first][:, list(columns)].tolist()]

    def joint(self, columns: tuple[int, ...]) -> Joint:
        possible = self.possible(columns)
        parts = []
        for at, column in enumerate(columns):
            shown = self.units.parts[self.units.variables[column]]
            # What no table shows is no set of codes, and it does occur.
            beyond = any(picked[at] == len(shown) for picked in possible)
            parts.append((*shown, frozenset()) if beyond else shown)
        names = tuple(self.units.variables[c] for c in columns)
        return Joint(self.units.population, names, tuple(parts), tuple(possible))
