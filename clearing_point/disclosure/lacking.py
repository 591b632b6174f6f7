"""The rank test: does the system of the gate imply every relation that holds in the counting itself?

Units are recombined: whatever two or three variables never show together is kept apart, everything else is drawn anew, and
place and time are free. Relations that hold by accident of few records are gone then; those that are left hold by
meaning, and anybody may know them. A random table that agrees with the system has to be a sum of such units; where it is
not, the system lacks a relation. Which variables go together is found here anew, with no look at what the gate derived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from scipy.sparse.linalg import lsmr

from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.conditions import answers_of
from clearing_point.disclosure.joints import several_name
from clearing_point.disclosure.relations import Units
from clearing_point.disclosure.solver import LinearModel
from clearing_point.errors import InternalError

_ROWS = 8_000
_TURNS = 3
_STEPS = 6
"""How often every variable of a unit is drawn anew, on average."""
_EXPECTED = 5.0
_ANSWERS = 10
"""Most answers of one variable of which all combinations are held together."""
_RIDGE = 1e-9
_CLEAR = 1e-3
_SEED = 1

Booleans = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lacking:
    """Relations that hold in the counting and not in the system: of which population, and which tables they tie."""

    population: str
    tables: tuple[str, ...]

    def sentence(self) -> str:
        """Say it for the office."""
        return f"{self.population}: {', '.join(self.tables)}"


def lacking(
    system: System, names: Sequence[str], units: Mapping[str, Units], place_and_time: frozenset[str]
) -> list[Lacking]:
    """Return which relations of the counting the system lacks; none where its rank is what the counting has.

    Parameters
    ----------
    names
        Tables of the system, in its order.
    place_and_time
        Variables that every unit may have any value of.
    """
    populations = np.array([key[0] for key in system.keys], dtype=object)
    printed = np.array([bool(places) for places in system.places], dtype=bool)
    asked = {name: np.flatnonzero((populations == name) & printed) for name in sorted(units)}
    counted = {
        name: _Counting(system, cells, units[name], place_and_time)
        for name, cells in asked.items()
        if len(cells) and len(units[name].codes)  # of nobody nothing is related
    }
    found: dict[str, Integers] = {name: asked[name] for name in counted}
    empty = _always_nobody(system)
    for turn in range(_TURNS):
        # What is outside for few units may be within the reach of more.
        for name in found:
            counted[name].draw(_ROWS * 3**turn, _SEED + turn)
        nobody = [asked[name][~each.filled] for name, each in counted.items()]
        table = _random_table(system, np.unique(np.concatenate([empty, *nobody])))
        found = {
            name: outside
            for name in found
            if len(outside := asked[name][counted[name].outside(table[asked[name]])])
        }
        if not found:
            break
    return [
        Lacking(name, tuple(sorted({names[at] for cell in cells.tolist() for at, _ in system.places[cell]})))
        for name, cells in found.items()
    ]


class _Counting:
    """What units of one population count in which cells; place and time apart, as every unit may be anywhere."""

    def __init__(self, system: System, cells: Integers, units: Units, free: frozenset[str]) -> None:
        self.units = units
        at = {name: number for number, name in enumerate(units.variables)}
        self.inner: dict[tuple[int, ...], int] = {}
        self.tests: list[tuple[int, Booleans]] = []
        tested: dict[tuple[str, int], int] = {}
        settings: list[tuple[tuple[str, int], ...]] = []
        of = []
        for cell in cells.tolist():
            mine: list[int] = []
            setting: list[tuple[str, int]] = []
            for condition in system.keys[cell][1]:
                variable, mask = condition
                if variable in free:
                    setting.append(condition)
                    continue
                if condition not in tested:
                    several = variable in system.plan.several
                    name = several_name(system.universe, variable, mask) if several else variable
                    leaves = (
                        {"yes"}
                        if several
                        else {x for k, x in enumerate(system.universe[name]) if mask >> k & 1}
                    )
                    inside = np.array([bool(part & leaves) for part in units.parts[name]] + [False])
                    tested[condition] = len(self.tests)
                    self.tests.append((at[name], inside))
                mine.append(tested[condition])
            of.append(self.inner.setdefault(tuple(sorted(mine)), len(self.inner)))
            settings.append(tuple(setting))
        self.of = np.array(of, dtype=np.int64)
        self.overlap = _overlap(settings, system)
        self.free = [number for name, number in at.items() if name in free]
        self.filled: Booleans = np.zeros(len(cells), dtype=bool)

    def draw(self, rows: int, seed: int) -> None:
        """Draw units and note how often two cells count the same one."""
        # The real units are among them: what holds of most only, and not of the few exceptions, is no relation.
        codes = np.concatenate([self.units.codes, _Recombined(self.units, self.free).draw(rows, seed)])
        within = np.zeros((len(codes), len(self.tests)), dtype=np.float32)
        for number, (column, inside) in enumerate(self.tests):
            within[:, number] = inside[codes[:, column]]
        counts = np.ones((len(codes), len(self.inner)), dtype=np.float32)
        for key, number in self.inner.items():
            for test in key:
                counts[:, number] *= within[:, test]
        self.filled = np.asarray(counts.any(axis=0))[self.of]
        # Every unit may be at every place and time: what two cells have in common is a product.
        self.gram = (counts.T @ counts).astype(np.float64)[np.ix_(self.of, self.of)] * self.overlap

    def outside(self, table: Numbers) -> Booleans:
        """Say of which cells a table differs from every sum of units."""
        found = np.zeros(len(table), dtype=bool)
        at = np.flatnonzero(self.filled)
        gram = self.gram[np.ix_(at, at)]
        ridge = _RIDGE * float(np.trace(gram)) / max(len(gram), 1)
        gram[np.diag_indices_from(gram)] += ridge
        rest: Numbers = ridge * linalg.solve(gram, table[at], assume_a="pos")
        found[at] = np.abs(rest) > _CLEAR
        return found


def _overlap(settings: Sequence[tuple[tuple[str, int], ...]], system: System) -> Numbers:
    """Return in how many places and times two cells both count."""
    found = np.ones((len(settings), len(settings)))
    for variable in sorted({v for setting in settings for v, _ in setting}):
        size = len(system.universe[variable])
        masks = [dict(setting).get(variable, (1 << size) - 1) for setting in settings]
        sets = np.array([[mask >> k & 1 for k in range(size)] for mask in masks], dtype=np.float64)
        found *= sets @ sets.T
    return found


class _Recombined:
    """Units of which everything is drawn anew that does not keep two or three variables apart."""

    def __init__(self, units: Units, free: Sequence[int]) -> None:
        self.units = units
        self.columns = [c for c in range(len(units.variables)) if c not in free]
        self.sizes = [len(units.parts[name]) + 1 for name in units.variables]
        self.small = units.codes.astype(np.min_scalar_type(max(self.sizes, default=1)))
        self.total = max(int(units.weights.sum()), 1)
        self.may: dict[tuple[int, ...], Booleans] = {}
        self.near: dict[int, set[int]] = defaultdict(set)
        alone = {column: self._count((column,)) for column in self.columns}
        for pair in combinations(self.columns, 2):
            table = self._count(pair)
            expected = np.outer(alone[pair[0]], alone[pair[1]]) / self.total
            apart = (table == 0) & (expected >= _EXPECTED)
            if apart.any():
                self._keep(pair, ~apart)
        for by in combinations(self.columns, 2):
            for column in self._same(by):
                table = self._count((*by, column))
                if self._told(table):
                    at = tuple(sorted((*by, column)))
                    order = [(*by, column).index(c) for c in at]
                    self._keep(at, (table > 0).transpose(order))

        for answers in self._one_answer():
            self._keep(answers, self._count(answers) > 0)

    def _one_answer(self) -> list[tuple[int, ...]]:
        """Return the answers of a variable with several of which every unit has one at most, whatever else it is."""
        of: dict[str, list[int]] = defaultdict(list)
        for column in self.columns:
            read = answers_of(self.units.variables[column])
            if read is not None:
                of[read[0]].append(column)
        found = []
        for columns in of.values():
            codes = [answers_of(self.units.variables[c]) for c in columns]
            disjoint = sum(len(each[1]) for each in codes if each) == len(
                frozenset().union(*(each[1] for each in codes if each))
            )
            has = (self.units.codes[:, columns] == 1).astype(np.float64)
            weights = self.units.weights.astype(np.float64)
            share = weights @ has / self.total
            twice = self.total * (share.sum() ** 2 - (share**2).sum()) / 2
            if (
                disjoint
                and 2 < len(columns) <= _ANSWERS
                and has.sum(axis=1).max() <= 1
                and twice >= _EXPECTED
            ):
                found.append(tuple(columns))
        return found

    def _count(self, columns: tuple[int, ...]) -> Numbers:
        shape = tuple(self.sizes[c] for c in columns)
        place = np.zeros(len(self.units.codes), dtype=np.int64)
        for column, size in zip(columns, shape, strict=True):
            place = place * size + self.units.codes[:, column]
        weights = self.units.weights.astype(np.float64)
        counted = np.bincount(place, weights=weights, minlength=int(np.prod(shape)))
        return counted.astype(np.float64).reshape(shape)

    def _same(self, by: tuple[int, int]) -> list[int]:
        """Return the columns that never differ among units that are alike in two."""
        codes = self.units.codes
        alike = codes[:, by[0]] * self.sizes[by[1]] + codes[:, by[1]]
        first = np.full(self.sizes[by[0]] * self.sizes[by[1]], -1, dtype=np.int64)
        first[alike[::-1]] = np.arange(len(codes))[::-1]
        differ = (self.small != self.small[first[alike]]).any(axis=0)
        return [column for column in self.columns if column not in by and not differ[column]]

    def _told(self, table: Numbers) -> bool:
        """Say whether two variables tell the third, which neither tells alone, and no accident of few units does."""
        if ((table > 0).sum(axis=2) > 1).any():
            return False
        again = np.maximum(table.sum(axis=2) - 1, 0)
        for axis in (0, 1):
            alone = table.sum(axis=axis)
            share = alone / np.maximum(alone.sum(axis=1, keepdims=True), 1)
            other = 1 - (share**2).sum(axis=1)
            if float((again.sum(axis=axis) * other).sum()) < _EXPECTED:
                return False
        return True

    def _keep(self, columns: tuple[int, ...], may: Booleans) -> None:
        self.may[columns] = may
        for one, other in combinations(columns, 2):
            self.near[one].add(other)
            self.near[other].add(one)

    def draw(self, rows: int, seed: int) -> Integers:
        """Return units; each begins as a real one, and parts of others take the place of its own."""
        drawn = np.random.default_rng(seed)
        codes = np.ascontiguousarray(self.small.T)
        whole = np.cumsum(self.units.weights) / self.units.weights.sum()

        def common() -> Integers:
            at = np.searchsorted(whole, drawn.random(rows), side="right")
            return np.asarray(np.minimum(at, codes.shape[1] - 1), dtype=np.int64)

        made = codes[:, common()]
        kinds = {c: _kinds(codes[c]) for c in self.columns}
        for _ in range(_STEPS):
            for column in drawn.permutation(self.columns).tolist():
                # Half of the donors are of a rare kind.
                order, begin, size = kinds[column]
                kind = drawn.integers(len(size), size=rows)
                rare = order[begin[kind] + (drawn.random(rows) * size[kind]).astype(np.int64)]
                donor = np.where(drawn.random(rows) < 0.5, rare, common())
                moved = {c: codes[c, donor] for c in sorted(self._around(column, drawn))}
                may = self._may(made, moved)
                for c, told in moved.items():
                    np.copyto(made[c], told, where=may)
        return np.asarray(made.T, dtype=np.int64)

    def _around(self, column: int, drawn: np.random.Generator) -> set[int]:
        found, queue = {column}, [column]
        while queue:
            for other in sorted(self.near[queue.pop()] - found):
                if drawn.random() < 0.3:
                    found.add(other)
                    queue.append(other)
        return found

    def _may(self, made: Integers, moved: Mapping[int, Integers]) -> Booleans:
        found = np.ones(made.shape[1], dtype=bool)
        for columns, may in self.may.items():
            inside = sum(c in moved for c in columns)
            if inside and inside < len(columns):
                found &= may[tuple(moved.get(c, made[c]) for c in columns)]
        return found


def _kinds(codes: Integers) -> tuple[Integers, Integers, Integers]:
    """Return units in the order of their kind, and where each kind begins and how many are of it."""
    _, begin, size = np.unique(np.sort(codes), return_index=True, return_counts=True)
    return np.argsort(codes, kind="stable"), begin, size


def _always_nobody(system: System) -> Integers:
    """Return the cells that are 0 in every table of the system, because counts are not negative.

    Where two inequalities leave nobody between them they are an equation. A table may be multiplied by any number, so one
    programme that has as many cells as possible at 1 or more finds them all.
    """
    count = len(system.keys)
    model = LinearModel(
        sparse.hstack([system.matrix, system.matrix]).tocsr(),
        np.zeros(2 * count),
        np.concatenate([np.ones(count), np.full(count, np.inf)]),
    )
    model.set_cost(np.arange(count), np.full(count, -1.0))
    point = model.solve()
    if point is None:
        raise InternalError("A system of counts has no table at all.")
    return np.flatnonzero(point[:count] < 0.5).astype(np.int64)


def _random_table(system: System, nobody: Integers) -> Numbers:
    """Return a random solution of the equations of a system, of any sign, in which some cells are 0."""
    wanted = np.random.default_rng(_SEED).standard_normal(len(system.keys))
    zeros = sparse.csr_matrix(
        (np.ones(len(nobody)), (np.arange(len(nobody)), nobody)), shape=(len(nobody), len(system.keys))
    )
    matrix = sparse.vstack([system.matrix.astype(np.float64), zeros]).tocsr()
    solved = lsmr(matrix.T, wanted, atol=1e-13, btol=1e-13, conlim=0, maxiter=20_000)[0]
    return np.asarray(wanted - matrix.T @ solved)
