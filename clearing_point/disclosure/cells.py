"""One sparse system for a whole report: canonical cells and the equations between them.

A published number is a query: for each variable the set of leaf codes admitted. Two cells of two
tables with the same query are one unknown. Everything that adds up, inside a table and between tables, is
one row of ``M x = 0``. Sources: Fischetti and Salazar 2001 (tables as linear systems); the set form of keys
and the linking rows are ours (docs/disclosure.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearing_point.disclosure.model import Cell, Dimension, Relation
from clearing_point.errors import InputProblem

Integers = npt.NDArray[np.int64]
Conditions = tuple[tuple[str, int], ...]
Key = tuple[str, Conditions]

# Marks of keys that no table can print: what is left when a part is taken from a whole.
_WITHOUT = " without "


class Structure(Protocol):
    """The public side of a table: what is needed to write its equations."""

    @property
    def table_id(self) -> str: ...  # noqa: D102
    @property
    def population(self) -> str: ...  # noqa: D102
    @property
    def dimensions(self) -> tuple[Dimension, ...]: ...  # noqa: D102
    @property
    def multiple_response(self) -> frozenset[str]: ...  # noqa: D102


@dataclass(frozen=True)
class _Axis:
    """A dimension with the categories that it implies (rests, sums) beside those that it prints.

    `rows` are equations (parent, children) between positions; `complements` are (whole, part) pairs of
    which only the difference is known to be at least 0; `covers` are (group, members) of
    several-answer variables, where the group is at most the sum.
    """

    variable: str
    masks: tuple[int, ...]
    printed: int
    rows: tuple[tuple[int, tuple[int, ...]], ...]
    complements: tuple[tuple[int, int], ...]
    covers: tuple[tuple[int, tuple[int, ...]], ...]


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
    axes: tuple[tuple[_Axis, ...], ...] = field(repr=False)
    universe: Mapping[str, tuple[str, ...]] = field(repr=False)
    rest_of: Mapping[tuple[int, int], int] = field(repr=False)

    def key(self, population: str, conditions: Mapping[str, frozenset[str]]) -> Key | None:
        """Return the canonical key of a query, or None where a leaf code is unknown to the programme."""
        parts = []
        for variable, codes in sorted(conditions.items()):
            leaves = self.universe.get(variable)
            if leaves is None or not codes <= set(leaves):
                return None
            mask = _mask(codes, leaves)
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
    universe = _universe(tables)
    extra = _joined_blocks(tables, universe)
    axes = tuple(
        tuple(
            _axis(
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


def _mask(codes: Iterable[str], leaves: Sequence[str]) -> int:
    position = {leaf: at for at, leaf in enumerate(leaves)}
    return sum(1 << position[code] for code in codes)


def _universe(tables: Sequence[Structure]) -> dict[str, tuple[str, ...]]:
    leaves: dict[str, set[str]] = defaultdict(set)
    several: dict[str, bool] = {}
    for table in tables:
        for dimension in table.dimensions:
            for category in dimension.categories:
                leaves[dimension.variable] |= category.members
            is_several = dimension.variable in table.multiple_response
            if several.setdefault(dimension.variable, is_several) != is_several:
                raise InputProblem(
                    f"Table {table.table_id}: variable {dimension.variable!r} allows several answers in one "
                    "table and not in another; declare it the same everywhere."
                )
    return {variable: tuple(sorted(codes)) for variable, codes in leaves.items()}


def _atoms(masks: Iterable[int]) -> list[int]:
    """Return the finest parts that the given sets cut out of their union."""
    parts: list[int] = []
    for mask in masks:
        rest, following = mask, []
        for part in parts:
            following += [piece for piece in (part & mask, part & ~mask) if piece]
            rest &= ~part
        parts = following + ([rest] if rest else [])
    return sorted(parts)


def _joined_blocks(
    tables: Sequence[Structure], universe: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return sums that two tables cut differently but both can form: a hidden common margin."""
    partitions: dict[tuple[str, str], set[tuple[int, ...]]] = defaultdict(set)
    for table in tables:
        for dimension in table.dimensions:
            if dimension.variable in table.multiple_response:
                continue
            leaves = universe[dimension.variable]
            atoms = _atoms(_mask(category.members, leaves) for category in dimension.categories)
            partitions[table.population, dimension.variable].add(tuple(atoms))
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for name, choices in partitions.items():
        blocks: set[int] = set()
        ordered = sorted(choices)
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 :]:
                blocks |= _join(one, other)
        found[name] = tuple(sorted(blocks))
    return found


def _join(one: tuple[int, ...], other: tuple[int, ...]) -> set[int]:
    blocks: list[int] = []
    for part in one + other:
        touching = [block for block in blocks if block & part]
        merged = part
        for block in touching:
            merged |= block
            blocks.remove(block)
        blocks.append(merged)
    whole_one, whole_other = sum(one), sum(other)
    return {block for block in blocks if block & ~whole_one == 0 and block & ~whole_other == 0}


def _maximal_parts(whole: int, masks: Sequence[int]) -> list[int]:
    inside = [mask for mask in masks if mask != whole and mask & ~whole == 0]
    return [mask for mask in inside if not any(mask != m and mask & ~m == 0 for m in inside)]


def _disjoint(masks: Sequence[int]) -> bool:
    seen = 0
    for mask in masks:
        if seen & mask:
            return False
        seen |= mask
    return True


def _cover(whole: int, masks: Sequence[int]) -> list[int] | None:
    """Return disjoint categories whose union is the set: as few as the hierarchy gives, or None."""
    if whole in masks:
        return [whole]
    parts = _maximal_parts(whole, masks)
    if not _disjoint(parts):
        parts = [atom for atom in _atoms(masks) if atom & ~whole == 0]
        if any(part not in masks for part in parts):
            return None
    return parts if parts and sum(parts) == whole else None


def _axis(  # noqa: PLR0912 - one branch per kind of knowledge about categories
    dimension: Dimension,
    leaves: Sequence[str],
    *,
    several: bool,
    extra: Sequence[int],
    complements: bool,
    table_id: str,
) -> _Axis:
    masks = [_mask(category.members, leaves) for category in dimension.categories]
    printed = len(masks)
    if len(set(masks)) != printed:
        raise InputProblem(
            f"Table {table_id}: two categories of {dimension.variable!r} mean the same; keep one."
        )
    full = (1 << len(leaves)) - 1
    if several:
        pairs, covers = [], []
        for part_at, part in enumerate(masks):
            wholes = [whole for whole in masks if whole != part and part & ~whole == 0]
            for whole in wholes:
                if not any(w != whole and w & ~whole == 0 for w in wholes):
                    pairs.append((masks.index(whole), part_at))
        for whole_at, whole in enumerate(masks):
            parts = _maximal_parts(whole, masks)
            union = 0
            for part in parts:
                union |= part
            # The total also holds persons without any code, so only groups are covered by their codes.
            if whole != full and parts and union == whole:
                covers.append((whole_at, tuple(masks.index(part) for part in parts)))
        return _Axis(dimension.variable, tuple(masks), printed, (), tuple(pairs), tuple(covers))
    union = 0
    for mask in masks:
        union |= mask
    if union not in masks:
        masks.append(union)
    atoms = _atoms(masks[:printed])
    for block in extra:
        if block not in masks and all(not (atom & block) or not (atom & ~block) for atom in atoms):
            masks.append(block)
    rows = []
    at = 0
    while at < len(masks):
        whole = masks[at]
        parts = _maximal_parts(whole, masks)
        if parts and not _disjoint(parts):
            parts = [atom for atom in _atoms(masks) if atom & ~whole == 0]
            missing = [part for part in parts if part not in masks]
            if missing:
                raise InputProblem(
                    f"Table {table_id}: categories of {dimension.variable!r} overlap without their common "
                    "parts; add the common parts as categories."
                )
        if parts:
            rest = whole & ~sum(parts)
            if rest:
                masks.append(rest)
                parts = [*parts, rest]
            rows.append((at, tuple(masks.index(part) for part in parts)))
        at += 1
    found = [(whole, part) for whole, parts in rows for part in parts if complements and len(parts) > 2]  # noqa: PLR2004
    return _Axis(dimension.variable, tuple(masks), printed, tuple(rows), tuple(found), ())


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

    def add_table(self, table: Structure, axes: tuple[_Axis, ...], at: int) -> npt.NDArray[np.int64]:
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
        axes: Sequence[tuple[_Axis, ...]],
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
        self, one: tuple[_Axis, ...], other: tuple[_Axis, ...], several: frozenset[str]
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
                if axis.variable in several:
                    cover = [mask] if mask in axis.masks else None
                else:
                    cover = _cover(mask, axis.masks)
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

    def finish(
        self, grids: tuple[npt.NDArray[np.int64], ...], axes: tuple[tuple[_Axis, ...], ...]
    ) -> System:
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
