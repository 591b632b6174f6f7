"""Categories as sets of leaf codes: what a dimension implies beyond what it prints.

A set is a bit mask over the sorted leaf codes of its variable. Nested categories give sums of the next finer
ones; what they leave over is a category of its own; overlapping categories are sums of their common parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clearing_point.disclosure.model import Dimension
from clearing_point.errors import InputProblem


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
class Axis:
    """A dimension with the categories that it implies (rests, sums) beside those that it prints.

    `rows` are equations (parent, children) between positions; `complements` are (whole, part) pairs of
    which only the difference is known to be at least 0; `covers` are (group, members) of
    several-answer variables, where the group is at most the sum. `codes` are the categories printed at each of the first
    `printed` positions: several where a condition on the variable leaves them the same (such as nobody, mask 0).
    """

    variable: str
    masks: tuple[int, ...]
    printed: int
    rows: tuple[tuple[int, tuple[int, ...]], ...]
    complements: tuple[tuple[int, int], ...]
    covers: tuple[tuple[int, tuple[int, ...]], ...]
    codes: tuple[tuple[str, ...], ...]


def mask_of(codes: Iterable[str], leaves: Sequence[str]) -> int:
    """Return leaf codes as a bit mask."""
    position = {leaf: at for at, leaf in enumerate(leaves)}
    return sum(1 << position[code] for code in codes)


def leaf_codes(tables: Sequence[Structure]) -> dict[str, tuple[str, ...]]:
    """Return the sorted leaf codes of every variable over all tables."""
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


def atoms_of(masks: Iterable[int]) -> list[int]:
    """Return the finest parts that the given sets cut out of their union."""
    parts: list[int] = []
    for mask in masks:
        rest, following = mask, []
        for part in parts:
            following += [piece for piece in (part & mask, part & ~mask) if piece]
            rest &= ~part
        parts = following + ([rest] if rest else [])
    return sorted(parts)


class Cut(Protocol):
    """A population's table whose conditions are sets of codes: of its dimensions (`within`), of others (`apart`)."""

    @property
    def population(self) -> str: ...  # noqa: D102
    @property
    def dimensions(self) -> tuple[Dimension, ...]: ...  # noqa: D102
    @property
    def within(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def apart(self) -> Mapping[str, int]: ...  # noqa: D102


def common_sums(
    tables: Sequence[Cut], universe: Mapping[str, Sequence[str]], several: frozenset[str]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return sums that two tables cut differently but both can form: a hidden common margin."""
    partitions: dict[tuple[str, str], set[tuple[int, ...]]] = defaultdict(set)
    for table in tables:
        for dimension in table.dimensions:
            leaves = universe[dimension.variable]
            if dimension.variable in several:
                continue
            within = table.within.get(dimension.variable, (1 << len(leaves)) - 1)
            atoms = atoms_of(mask_of(category.members, leaves) & within for category in dimension.categories)
            partitions[table.population, dimension.variable].add(tuple(atoms))
        for variable, mask in table.apart.items():
            if variable not in several:
                partitions[table.population, variable].add((mask,))
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
    inside = [mask for mask in masks if mask and mask != whole and mask & ~whole == 0]
    return [mask for mask in inside if not any(mask != m and mask & ~m == 0 for m in inside)]


def _disjoint(masks: Sequence[int]) -> bool:
    seen = 0
    for mask in masks:
        if seen & mask:
            return False
        seen |= mask
    return True


def cover_of(whole: int, masks: Sequence[int]) -> list[int] | None:
    """Return disjoint categories whose union is the set: as few as the hierarchy gives, or None."""
    if whole in masks:
        return [whole]
    parts = _maximal_parts(whole, masks)
    if not _disjoint(parts):
        parts = [atom for atom in atoms_of(masks) if atom & ~whole == 0]
        if any(part not in masks for part in parts):
            return None
    return parts if parts and sum(parts) == whole else None


def _left_over(whole: int, masks: Sequence[int]) -> list[int]:
    """Return what no smaller set covers of a whole, if anything: a category of its own."""
    for part in _maximal_parts(whole, masks):
        whole &= ~part
    return [whole] if whole and whole not in masks else []


def _crossing(whole: int, parts: Sequence[int]) -> tuple[list[int], list[int], int] | None:
    """Split overlapping parts into two ways to divide the whole that cross everywhere, or return None.

    Where every block of one division meets every block of the other, any sizes of the blocks with equal sums belong to some
    table of whole numbers (a transportation table always exists), so the common parts tell an attacker nothing that the
    two sums do not. What the second division leaves over is its last block.
    """
    first: list[int] = []
    second: list[int] = []
    for part in parts:
        (first if not any(part & other for other in first) else second).append(part)
    rest = whole & ~sum(second)
    if sum(first) != whole or not _disjoint(second):
        return None
    if all(one & other for one in first for other in (*second, *([rest] if rest else []))):
        return first, second, rest
    return None


def _codes_by_mask(
    dimension: Dimension, leaves: Sequence[str], within: int, table_id: str
) -> dict[int, list[str]]:
    every = [mask_of(category.members, leaves) for category in dimension.categories]
    if len(set(every)) != len(every):
        raise InputProblem(
            f"Table {table_id}: two categories of {dimension.variable!r} mean the same; keep one."
        )
    found: dict[int, list[str]] = {}
    for category, mask in zip(dimension.categories, every, strict=True):
        found.setdefault(mask & within, []).append(category.code)
    return found


def make_axis(
    dimension: Dimension,
    leaves: Sequence[str],
    *,
    several: bool,
    extra: Sequence[int],
    complements: bool,
    table_id: str,
    within: int | None = None,
) -> Axis:
    """Return a dimension with everything that its categories imply; `within` is the set that the table is about."""
    full = (1 << len(leaves)) - 1
    named = _codes_by_mask(dimension, leaves, full if within is None else within, table_id)
    masks, printed = list(named), len(named)
    codes = tuple(map(tuple, named.values()))
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
        return Axis(dimension.variable, tuple(masks), printed, (), tuple(pairs), tuple(covers), codes)
    union = 0
    for mask in masks:
        union |= mask
    if union not in masks:
        masks.append(union)
    atoms = atoms_of(masks[:printed])
    for block in extra:
        if block in masks or block & ~sum(atoms):
            continue
        if all(not (atom & block) or not (atom & ~block) for atom in atoms):
            masks.append(block)
    rows = []
    at = 0
    while at < len(masks):
        whole = masks[at]
        parts = _maximal_parts(whole, masks)
        crossing = None if not parts or _disjoint(parts) else _crossing(whole, parts)
        if crossing is not None:
            parts, second, rest = crossing
            if rest:
                masks.append(rest)
                second = [*second, rest]
            rows.append((at, tuple(masks.index(part) for part in second)))
        elif parts and not _disjoint(parts):
            masks += _left_over(whole, masks)
            parts = [atom for atom in atoms_of(masks) if atom & ~whole == 0]
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
    found = [(whole, part) for whole, parts in rows for part in parts if complements and len(parts) > 2]
    return Axis(dimension.variable, tuple(masks), printed, tuple(rows), tuple(found), (), codes)
