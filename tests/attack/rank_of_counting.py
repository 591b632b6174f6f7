"""The rank test: does the system of the gate imply every relation that holds in the counting itself?

Units are recombined: what goes together stays together, everything else is drawn anew, place and time too. Relations that
hold by accident of few records are gone then; those that are left hold by meaning, and anybody may know them. One random
table that agrees with the system has to be a sum of such units; where it is not, the system lacks a relation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from scipy.sparse.linalg import lsmr

from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.joints import several_name
from clearing_point.disclosure.relations import Units, blocks_of
from clearing_point.disclosure.solver import LinearModel
from clearing_point.errors import InternalError

_ROWS = 6_000
_TURNS = 3
_RIDGE = 1e-7
_CLEAR = 1e-3
_SEED = 1


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
    found = {name: cells for name, cells in asked.items() if len(cells)}
    empty = _always_nobody(system)
    for turn in range(_TURNS):
        # What is outside for few units may be within the reach of more.
        rows, seen = _ROWS * 3**turn, {}
        for name in found:
            made = _recombined(units[name], place_and_time, rows, _SEED + turn)
            seen[name] = _incidence(system, asked[name], units[name], made)
        nobody = [asked[name][~each.any(axis=0)] for name, each in seen.items()]
        table = _random_table(system, np.unique(np.concatenate([empty, *nobody])))
        left = {}
        for name, each in seen.items():
            filled = each.any(axis=0)
            cells = asked[name][filled]
            outside = cells[_outside(each[:, filled], table[cells])]
            if len(outside):
                left[name] = outside
        found = left
        if not found:
            break
    return [
        Lacking(name, tuple(sorted({names[at] for cell in cells.tolist() for at, _ in system.places[cell]})))
        for name, cells in found.items()
    ]


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


def _random_table(system: System, nobody: Integers) -> npt.NDArray[np.float64]:
    """Return a random solution of the equations of a system, of any sign, in which some cells are 0."""
    wanted = np.random.default_rng(_SEED).standard_normal(len(system.keys))
    zeros = sparse.csr_matrix(
        (np.ones(len(nobody)), (np.arange(len(nobody)), nobody)), shape=(len(nobody), len(system.keys))
    )
    matrix = sparse.vstack([system.matrix.astype(np.float64), zeros]).tocsr()
    solved = lsmr(matrix.T, wanted, atol=1e-13, btol=1e-13, conlim=0, maxiter=20_000)[0]
    return np.asarray(wanted - matrix.T @ solved)


def _recombined(units: Units, place_and_time: frozenset[str], rows: int, seed: int) -> Integers:
    """Return units whose families of variables come from units drawn one by one; half of them of rare kinds."""
    drawn = np.random.default_rng(seed)
    weights = units.weights / units.weights.sum()
    made = np.zeros((rows, len(units.variables)), dtype=np.int64)
    for block in blocks_of(units, place_and_time):
        columns = units.codes[:, block]
        kinds, first = np.unique(columns, axis=0, return_index=True)
        common = drawn.choice(len(units.codes), size=rows // 2, p=weights)
        rare = first[drawn.integers(len(kinds), size=rows - rows // 2)]
        picked = drawn.permutation(np.concatenate([common, rare]))
        made[:, block] = columns[picked]
    return made


def _incidence(system: System, cells: Integers, units: Units, codes: Integers) -> npt.NDArray[np.float32]:
    within: dict[tuple[str, int], npt.NDArray[np.bool_]] = {}
    columns = np.ones((len(codes), len(cells)), dtype=np.float32)
    at = {name: number for number, name in enumerate(units.variables)}
    for number, cell in enumerate(cells.tolist()):
        for condition in system.keys[cell][1]:
            if condition not in within:
                variable, mask = condition
                several = variable in system.plan.several
                name = several_name(system.universe, variable, mask) if several else variable
                parts = units.parts[name]
                leaves = (
                    ("yes",) if several else [x for k, x in enumerate(system.universe[name]) if mask >> k & 1]
                )
                inside = np.array([bool(part & set(leaves)) for part in parts] + [False])
                within[condition] = inside[codes[:, at[name]]]
            columns[:, number] *= within[condition]
    return columns


def _outside(incidence: npt.NDArray[np.float32], table: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Say of which cells a table differs from every sum of units."""
    gram = (incidence.T @ incidence).astype(np.float64)
    ridge = _RIDGE * float(np.trace(gram)) / max(len(gram), 1)
    gram[np.diag_indices_from(gram)] += ridge
    rest: npt.NDArray[np.float64] = ridge * linalg.solve(gram, table, assume_a="pos")
    return np.asarray(np.abs(rest) > _CLEAR)
