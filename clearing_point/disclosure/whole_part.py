"""The nearest coarser table that loses nothing: the largest part of a table in which no cell is hidden.

It is a function of what is printed and may be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from math import prod

from clearing_point.disclosure.model import Cell, Dimension

Part = tuple[tuple[str, ...], ...]
"""Kept categories of every dimension."""


def whole_part(
    dimensions: Sequence[Dimension], hidden: AbstractSet[Cell], empty: AbstractSet[Cell] = frozenset()
) -> Part | None:
    """Return the categories to keep so that none of the hidden cells is left, with as many cells as was found.

    Cells that are printed as 0 (`empty`) are worth nothing. Tried are the levels of every dimension (groups and
    totals only, the widest only) and leaving out one category after the other, the one with most hidden cells first.
    None: nothing is left.
    """
    best, most = None, 0
    for part in (*_by_levels(dimensions), *_by_leaving_out(dimensions, hidden, empty)):
        worth = prod(map(len, part)) - sum(_inside(cell, part) for cell in empty)
        if worth > most and not any(_inside(cell, part) for cell in hidden):
            best, most = part, worth
    return best


def _inside(cell: Cell, part: Part) -> bool:
    return all(code in codes for code, codes in zip(cell, part, strict=True))


def _by_levels(dimensions: Sequence[Dimension]) -> Iterator[Part]:
    levels = []
    for dimension in dimensions:
        every = dimension.categories
        inner = [c for c in every if any(other.members < c.members for other in every)]
        most = max((len(c.members) for c in inner), default=0)
        chosen = (every, inner, [c for c in inner if len(c.members) == most])
        levels.append([tuple(c.code for c in categories) for categories in chosen if categories])
    yield from product(*levels)


def _by_leaving_out(
    dimensions: Sequence[Dimension], hidden: AbstractSet[Cell], empty: AbstractSet[Cell]
) -> Iterator[Part]:
    kept = [[c.code for c in dimension.categories] for dimension in dimensions]
    while all(kept):
        inside = [cell for cell in hidden if _inside(cell, tuple(map(tuple, kept)))]
        if not inside:
            yield tuple(map(tuple, kept))
            return
        nothing = [cell for cell in empty if _inside(cell, tuple(map(tuple, kept)))]
        size = prod(map(len, kept))
        shares = [
            (
                sum(cell[at] == code for cell in inside)
                / (1 + size // len(codes) - sum(cell[at] == code for cell in nothing)),
                at,
                order,
            )
            for at, codes in enumerate(kept)
            for order, code in enumerate(codes)
        ]
        _, at, order = max(shares)
        del kept[at][order]


def part_text(
    dimensions: Sequence[Dimension], hidden: AbstractSet[Cell], empty: AbstractSet[Cell] = frozenset()
) -> str:
    """Say which part it is, in codes; empty where the whole table loses nothing."""
    if not hidden:
        return ""
    part = whole_part(dimensions, hidden, empty)
    if part is None:
        return "nothing: leave the table out"
    said = []
    for dimension, codes in zip(dimensions, part, strict=True):
        left_out = [c.code for c in dimension.categories if c.code not in codes]
        if left_out and len(left_out) < len(codes):
            said.append(f"{dimension.variable} without {', '.join(left_out)}")
        elif left_out:
            said.append(f"{dimension.variable}: {', '.join(codes)}")
    return "; ".join(said)
