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
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearing_point.disclosure.axes import (
    Axis,
    Structure,
    common_sums,
    cover_of,
    leaf_codes,
    make_axis,
    mask_of,
)
from clearing_point.disclosure.model import Cell, Relation

Integers = npt.NDArray[np.int64]
Conditions = tuple[tuple[str, int], ...]
Key = tuple[str, Conditions]

# Marks of keys that no table can print: what is left when a part is taken from a whole.
_WITHOUT = " without "


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
        For each table the cell numbers by category position, and what the positions mean.
    universe
        Leaf codes of each variable over all tables.
    rest_of
        The cell that is left of a whole without a part, by (whole, part).
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

    def key(self, population: str, conditions: Mapping[str, frozenset[str]]) -> Key | None:
        """Return the canonical key of a query, or None where a leaf code is unknown to the programme."""
        parts = []
        for variable, codes in sorted(conditions.items()):
            leaves = self.universe.get(variable)
            if leaves is None or not codes <= set(leaves):
                return None
            mask = mask_of(codes, leaves)
            if mask != (1 << len(leaves)) - 1:
                parts.append((variable, mask))
        return population, tuple(parts)


def build_system(
    tables: Sequence[Structure],
    relations: Sequence[Relation] = (),
    complement_variables: frozenset[str] = frozenset(),
) -> System:
    """Return the system of all unique cells of the tables and every equation between them.

    Parameters
    ----------
    tables
        Tables of one programme; the universe of leaf codes of a variable is the union over all of them.
    relations
        Populations of which one is part of the other; the difference becomes a cell of its own.
    complement_variables
        Variables for which "everybody but those in this category" is a cell of its own (group disclosure).

    Raises
    ------
    InputProblem
        Where categories overlap without their common parts, or a variable is several-answer in
        one table and not in another.
    """
    universe = leaf_codes(tables)
    extra = common_sums(tables, universe)
    axes = tuple(
        tuple(
            make_axis(
                dimension,
                universe[dimension.variable],
                several=dimension.variable in table.multiple_response,
                extra=extra.get((table.population, dimension.variable), ()),
                complements=dimension.variable in complement_variables,
                table_id=table.table_id,
            )
            for dimension in table.dimensions
        )
        for table in tables
    )
    builder = _Builder(universe)
    grids = tuple(builder.add_table(table, axes[at], at) for at, table in enumerate(tables))
    builder.link(tables, axes, grids)
    for relation in relations:
        builder.relate(relation)
    return builder.finish(grids, axes)


class _Builder:
    """Collects keys and equations; each key once, each equation once."""

    def __init__(self, universe: Mapping[str, tuple[str, ...]]) -> None:
        self.universe = universe
        self.full = {variable: (1 << len(leaves)) - 1 for variable, leaves in universe.items()}
        self.index: dict[Key, int] = {}
        self.keys: list[Key] = []
        self.places: list[list[tuple[int, Cell]]] = []
        self.rows: dict[tuple[tuple[int, int], ...], None] = {}
        self.parents: set[int] = set()
        self.rest_of: dict[tuple[int, int], int] = {}

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
        self.equation(terms)
        self.parents.add(parent)

    def add_table(self, table: Structure, axes: tuple[Axis, ...], at: int) -> npt.NDArray[np.int64]:
        shape = tuple(len(axis.masks) for axis in axes)
        grid = np.zeros(shape, dtype=np.int64)
        names = [
            [(axis.variable, mask) if mask != self.full[axis.variable] else None for mask in axis.masks]
            for axis in axes
        ]
        codes = [[category.code for category in dimension.categories] for dimension in table.dimensions]
        for position in np.ndindex(*shape):
            parts = [names[d][p] for d, p in enumerate(position)]
            conditions = tuple(sorted(part for part in parts if part is not None))
            grid[position] = number = self.number((table.population, conditions))
            if all(p < axes[d].printed for d, p in enumerate(position)):
                cell = tuple(codes[d][p] for d, p in enumerate(position))
                self.places[number].append((at, cell))
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

    def link(
        self,
        tables: Sequence[Structure],
        axes: Sequence[tuple[Axis, ...]],
        grids: Sequence[npt.NDArray[np.int64]],
    ) -> None:
        """Write the sums of one table's cells that are a cell of another table only."""
        for one, table in enumerate(tables):
            for other, target in enumerate(tables):
                if one == other or table.population != target.population:
                    continue
                for key, cover in self._links(axes[one], axes[other], target.multiple_response):
                    parent = self.index.get((table.population, key))
                    if parent is not None:
                        cells = [int(grids[other][position]) for position in product(*cover)]
                        self.total(parent, cells)

    def _links(
        self, one: tuple[Axis, ...], other: tuple[Axis, ...], several: frozenset[str]
    ) -> Iterator[tuple[Conditions, tuple[list[int], ...]]]:
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

    def relate(self, relation: Relation) -> None:
        for key in list(self.keys):
            population, conditions = key
            whole = self.index.get((relation.whole_population, conditions))
            if population == relation.part_population and whole is not None:
                rest = self.number((f"{relation.whole_population}{_WITHOUT}{population}", conditions))
                self.total(whole, [self.index[key], rest])

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
            [at in self.parents and not places for at, places in enumerate(self.places)], dtype=bool
        )
        return System(
            tuple(self.keys),
            dict(self.index),
            matrix,
            tuple(tuple(places) for places in self.places),
            derived,
            grids,
            axes,
            dict(self.universe),
            dict(self.rest_of),
        )
