"""One sparse system for a whole report: canonical cells and the equations between them.

A published number is a query: for each variable the set of leaf codes admitted. Two cells of two
tables with the same query are one unknown. Everything that adds up, inside a table and between tables, is
one row of ``M x = 0``. Sources: Fischetti and Salazar 2001 (tables as linear systems); the set form of keys
and the linking rows are ours (docs/disclosure.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearing_point.disclosure.axes import Axis, Structure, cover_of, mask_of
from clearing_point.disclosure.between import add_inclusions
from clearing_point.disclosure.joints import add_joints
from clearing_point.disclosure.model import Cell, Inclusion, Joint, Knowledge, Relation
from clearing_point.disclosure.placed import Plan, conditions_of, place

Integers = npt.NDArray[np.int64]
Conditions = tuple[tuple[str, int], ...]
Key = tuple[str, Conditions]

# Marks of keys that no table can print: what is left when a part is taken from a whole.
_WITHOUT = " without "


_WITHIN = "the categories of a table add up to its totals"
_BETWEEN = "cells of a table are sums of cells of another one"
_CONDITIONS = "who meets a condition is a part of those who need not"


def never_printed(key: Key) -> bool:
    """Say whether a key is what is left when a part is taken from a whole."""
    return _WITHOUT in key[0]


@dataclass(frozen=True)
class System:
    """Unique cells and equations of a programme.

    Attributes
    ----------
    keys
        Canonical keys, one per unknown.
    matrix
        Sparse ``M`` of shape (equations, cells); ``M x = 0`` for the true counts. A whole has -1, its parts 1.
    places
        For each cell where it is printed: (table position, category codes). Empty: never printed.
    derived
        True for a cell that is a plain sum of other cells and stands in no table.
    grids, axes
        For each table the cell numbers by category position, and what the positions mean: first its dimensions, then its
        conditions.
    universe
        Leaf codes of each variable over all tables and conditions.
    combined
        True for the combinations of joint tables that nobody prints; their counts need not be known.
    rest_of
        The cell that is left of a whole without a part, by (whole, part).
    reasons
        Why the equations hold, in their order: what is said, and of how many.
    """

    keys: tuple[Key, ...]
    index: Mapping[Key, int] = field(repr=False)
    matrix: sparse.csr_matrix = field(repr=False)
    places: tuple[tuple[tuple[int, Cell], ...], ...] = field(repr=False)
    derived: npt.NDArray[np.bool_] = field(repr=False)
    grids: tuple[npt.NDArray[np.int64], ...] = field(repr=False)
    axes: tuple[tuple[Axis, ...], ...] = field(repr=False)
    universe: Mapping[str, tuple[str, ...]] = field(repr=False)
    rest_of: Mapping[tuple[int, int], int] = field(repr=False)
    combined: npt.NDArray[np.bool_] = field(repr=False)
    plan: Plan = field(repr=False)
    reasons: tuple[tuple[str, int], ...] = field(repr=False)

    @property
    def nobody(self) -> npt.NDArray[np.bool_]:
        """True for cells that are 0 whatever is counted: of categories that exclude each other, or never occur."""
        alone = np.flatnonzero(np.diff(self.matrix.indptr) == 1)
        found = np.zeros(len(self.keys), dtype=bool)
        found[self.matrix.indices[self.matrix.indptr[alone]]] = True
        return found

    def key(self, population: str, conditions: Mapping[str, frozenset[str]]) -> Key | None:
        """Return the canonical key of a query, or None where a leaf code is unknown to the programme."""
        name, sets = self.plan.key(population)
        for variable, codes in conditions.items():
            leaves = self.universe.get(variable)
            if leaves is None or not codes <= set(leaves):
                return None
            mask = mask_of(codes, leaves)
            sets[variable] = sets.get(variable, mask) & mask
        return name, tuple(conditions_of(sets, self.universe))


def build_system(
    tables: Sequence[Structure],
    relations: Sequence[Knowledge] = (),
    complement_variables: frozenset[str] = frozenset(),
) -> System:
    """Return the system of all unique cells of the tables and every equation between them.

    Parameters
    ----------
    tables
        Tables of one programme; the universe of leaf codes of a variable is the union over all of them.
    relations
        Populations of which one is part of the other (the difference becomes a cell of its own) or counts some of the same
        persons, and variables that go together (their combinations become cells of a joint table).
    complement_variables
        Variables for which "everybody but those in this category" is a cell of its own (group disclosure).

    Raises
    ------
    InputProblem
        Where categories overlap without their common parts, or a variable is several-answer in
        one table and not in another.
    """
    joints = [r for r in relations if isinstance(r, Joint)]
    parts = [r for r in relations if isinstance(r, Relation)]
    plan = place(tables, [n for r in parts for n in (r.part_population, r.whole_population)], joints)
    axes = plan.axes(complement_variables)
    builder = _Builder(plan)
    grids = tuple(builder.add_table(at, axes[at]) for at in range(len(tables)))
    builder.because(_WITHIN)
    builder.link(axes, grids)
    builder.because(_BETWEEN)
    builder.include()
    builder.because(_CONDITIONS)
    for relation in parts:
        builder.relate(relation)
        builder.because(relation.sentence())
    add_inclusions(builder, [r for r in relations if isinstance(r, Inclusion)])
    # What is left of a whole is a rest that somebody could work out, also where combinations divide it once more.
    sums = set(builder.parents)
    add_joints(builder, joints)
    builder.parents = sums
    return builder.finish(grids, axes)


class _Builder:
    """Collects keys and equations; each key once, each equation once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.full = {variable: (1 << len(leaves)) - 1 for variable, leaves in plan.universe.items()}
        self.index: dict[Key, int] = {}
        self.keys: list[Key] = []
        self.places: list[list[tuple[int, Cell]]] = []
        self.rows: dict[tuple[tuple[int, int], ...], None] = {}
        self.parents: set[int] = set()
        self.combined: set[int] = set()
        self.wholes: dict[int, set[int]] = defaultdict(set)
        self.rest_of: dict[tuple[int, int], int] = {}
        self.reasons: list[tuple[str, int]] = []

    def because(self, said: str) -> None:
        """Say of all equations since the last time why they hold."""
        fresh = len(self.rows) - sum(count for _, count in self.reasons)
        if fresh:
            self.reasons.append((said, fresh))

    def number(self, key: Key) -> int:
        at = self.index.setdefault(key, len(self.index))
        if at == len(self.keys):
            self.keys.append(key)
            self.places.append([])
        return at

    def equation(self, terms: Mapping[int, int]) -> None:
        row = tuple(sorted((cell, sign) for cell, sign in terms.items() if sign))
        if row:
            self.rows.setdefault(row)

    def total(self, parent: int, children: Sequence[int]) -> None:
        terms: dict[int, int] = defaultdict(int)
        terms[parent] -= 1
        for child in children:
            terms[child] += 1
            self.wholes[child].add(parent)
        self.equation(terms)
        self.parents.add(parent)

    def add_table(self, at: int, axes: tuple[Axis, ...]) -> npt.NDArray[np.int64]:
        population, dimensions = self.plan.placed[at].population, self.plan.placed[at].dimensions
        shape = tuple(len(axis.masks) for axis in axes)
        grid = np.zeros(shape, dtype=np.int64)
        names = [
            [(axis.variable, mask) if mask != self.full[axis.variable] else None for mask in axis.masks]
            for axis in axes
        ]
        for position in np.ndindex(*shape):
            parts = [names[d][p] for d, p in enumerate(position)]
            conditions = tuple(sorted(part for part in parts if part is not None))
            grid[position] = number = self.number((population, conditions))
            if not all(mask for _, mask in conditions):
                self.equation({number: 1})  # nobody is of two categories that exclude each other
            if all(p < axis.printed for axis, p in zip(axes, position, strict=True)):
                shown = zip(axes[: len(dimensions)], position, strict=False)
                self.places[number] += [(at, cell) for cell in product(*(axis.codes[p] for axis, p in shown))]
        for d, axis in enumerate(axes):
            moved = np.moveaxis(grid, d, 0).reshape(len(axis.masks), -1)
            for parent, children in axis.rows:
                for column in range(moved.shape[1]):
                    self.total(int(moved[parent, column]), [int(moved[c, column]) for c in children])
            for whole, part in axis.complements:
                for column in range(moved.shape[1]):
                    self.difference(int(moved[whole, column]), int(moved[part, column]), axis.variable)
            for group, members in axis.covers:
                for column in range(moved.shape[1]):
                    self.cover(int(moved[group, column]), [int(moved[m, column]) for m in members])
        return grid

    def difference(self, whole: int, part: int, name: str) -> None:
        """Make "those of the whole who are not of the part" a cell that is at least 0."""
        (population, conditions), (_, inner) = self.keys[whole], self.keys[part]
        rest = self.number((f"{population}{_WITHOUT}{name} {inner}", conditions))
        self.rest_of[whole, part] = rest
        self.total(whole, [part, rest])

    def cover(self, group: int, members: Sequence[int]) -> None:
        population, conditions = self.keys[group]
        again = self.number((f"{population}{_WITHOUT}repeats", conditions))
        terms: dict[int, int] = defaultdict(int)
        for member in members:
            terms[member] += 1
        terms[group] -= 1
        terms[again] -= 1
        self.equation(terms)
        # How often codes coincide is no count of persons; it is public slack, never a need.
        self.parents.add(again)

    def link(self, axes: Sequence[tuple[Axis, ...]], grids: Sequence[npt.NDArray[np.int64]]) -> None:
        """Write the sums of one table's cells that are a cell of another table only."""
        for one, table in enumerate(self.plan.placed):
            for other, target in enumerate(self.plan.placed):
                if one == other or table.population != target.population:
                    continue
                for key, cover in self._links(axes[one], axes[other]):
                    parent = self.index.get((table.population, key))
                    if parent is not None:
                        cells = [int(grids[other][position]) for position in product(*cover)]
                        self.total(parent, cells)

    def _links(
        self, one: tuple[Axis, ...], other: tuple[Axis, ...]
    ) -> Iterator[tuple[Conditions, tuple[list[int], ...]]]:
        several = self.plan.several
        mine = {axis.variable: axis for axis in one}
        theirs = {axis.variable for axis in other}
        if any(self.full[v] not in axis.masks for v, axis in mine.items() if v not in theirs):
            return
        choices: list[list[tuple[int, list[int]]]] = []
        for axis in other:
            wanted = mine[axis.variable].masks if axis.variable in mine else (self.full[axis.variable],)
            options = []
            for mask in wanted:
                cover = (
                    ([mask] if mask in axis.masks else None)
                    if axis.variable in several
                    else cover_of(mask, axis.masks)
                )
                if cover is not None:
                    options.append((mask, [axis.masks.index(part) for part in cover]))
            choices.append(options)
        if all(len(cover) == 1 for options in choices for _, cover in options):
            return
        for combination in product(*choices):
            if any(len(cover) > 1 for _, cover in combination):
                conditions = tuple(
                    sorted(
                        (axis.variable, mask)
                        for axis, (mask, _) in zip(other, combination, strict=True)
                        if mask != self.full[axis.variable]
                    )
                )
                yield conditions, tuple(cover for _, cover in combination)

    def include(self) -> None:
        """Write what conditions leave of a whole: who is of a set of codes is of every larger set, and of everybody."""
        groups: dict[tuple[str, str, Conditions], dict[int, int]] = defaultdict(dict)
        for cell, (population, conditions) in enumerate(self.keys):
            for variable, mask in conditions:
                if (population, variable) in self.plan.spoken and mask:
                    others = tuple(c for c in conditions if c[0] != variable)
                    groups[population, variable, others][mask] = cell
        for (population, variable, others), sets in groups.items():
            whole = self.index.get((population, others))
            if whole is not None:
                sets[self.full[variable]] = whole
            for part in sorted(sets):
                larger = [mask for mask in sets if mask != part and part & ~mask == 0]
                for mask in sorted(larger):
                    nearest = not any(m != mask and m & ~mask == 0 for m in larger)
                    if nearest and not self._reaches(sets[part], sets[mask]):
                        self._leave(sets[mask], sets[part], variable, others, mask & ~part)
        for cell, (population, conditions) in enumerate(list(self.keys)):
            spoken = [c for c in conditions if (population, c[0]) in self.plan.spoken]
            for pair in combinations(spoken, 2):
                whole = self.index.get((population, tuple(c for c in conditions if c not in pair)))
                if whole is not None and not self._reaches(cell, whole):
                    self.difference(whole, cell, " and ".join(variable for variable, _ in pair))

    def _leave(self, whole: int, part: int, variable: str, others: Conditions, mask: int) -> None:
        if variable in self.plan.several:
            self.difference(whole, part, variable)
            return
        conditions = tuple(sorted((*others, (variable, mask))))
        self.total(whole, [part, self.number((self.keys[whole][0], conditions))])

    def _reaches(self, part: int, whole: int) -> bool:
        """Say whether sums that stand already make one cell a part of another."""
        seen, queue = {part}, [part]
        while queue:
            for above in self.wholes.get(queue.pop(), ()):
                if above == whole:
                    return True
                if above not in seen:
                    seen.add(above)
                    queue.append(above)
        return False

    def relate(self, relation: Relation) -> None:
        (inner, narrower), (outer, wider) = (
            self.plan.key(name) for name in (relation.part_population, relation.whole_population)
        )
        if inner == outer:
            return  # conditions on one population: what they leave is written already
        for cell, (population, conditions) in enumerate(list(self.keys)):
            if population != inner or any(dict(conditions).get(v, m) != m for v, m in narrower.items()):
                continue
            sets = {**{v: m for v, m in conditions if v not in narrower}, **wider}
            whole = self.index.get((outer, tuple(conditions_of(sets, self.plan.universe))))
            if whole is not None:
                rest = self.number((f"{outer}{_WITHOUT}{inner}", conditions))
                self.total(whole, [cell, rest])

    def finish(self, grids: tuple[npt.NDArray[np.int64], ...], axes: tuple[tuple[Axis, ...], ...]) -> System:
        row_at, column_at, signs = [], [], []
        for at, row in enumerate(self.rows):
            for cell, sign in row:
                row_at.append(at)
                column_at.append(cell)
                signs.append(sign)
        matrix = sparse.csr_matrix(
            (np.array(signs, dtype=np.int64), (row_at, column_at)), shape=(len(self.rows), len(self.keys))
        )
        derived = np.array(
            [
                (at in self.parents or at in self.combined) and not places
                for at, places in enumerate(self.places)
            ],
            dtype=bool,
        )
        return System(
            tuple(self.keys),
            dict(self.index),
            matrix,
            tuple(tuple(places) for places in self.places),
            derived,
            grids,
            axes,
            dict(self.plan.universe),
            dict(self.rest_of),
            np.array(
                [at in self.combined and not places for at, places in enumerate(self.places)], dtype=bool
            ),
            self.plan,
            tuple(self.reasons),
        )
