"""Unknowns, rows and shapes of the attacker's whole-number system."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.attack.outsider.reading import Codes

FORBIDDEN, ABSENT = -1, -2
Sum = tuple[int, ...]
"""Unknowns that are added up, sorted."""
Part = tuple[int, ...]
"""Blocks of an axis that a set of unknowns does not tell apart."""
Shape = tuple[tuple[str, tuple[Part, ...]], ...]


class Contradiction(Exception):
    """The printed numbers and what was read of their meaning do not go together."""


@dataclass
class Row:
    """low <= sum of coefficient times unknown <= high."""

    terms: dict[int, float]
    low: float
    high: float
    why: str = ""


@dataclass
class System:
    """All unknowns are whole numbers of at least 0."""

    unknowns: int = 0
    rows: list[Row] = field(default_factory=list)
    cells: dict[tuple[str, Codes], Sum] = field(default_factory=dict)
    known: dict[Sum, int] = field(default_factory=dict)


def common(one: tuple[Part, ...], other: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the finest parts that both can add up."""
    groups: list[set[int]] = []
    for part in (*one, *other):
        joined = set(part)
        rest = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                rest.append(group)
        groups = [*rest, joined]
    return tuple(sorted(tuple(sorted(g)) for g in groups))


def within(shape: Shape, other: Shape) -> bool:
    wide = dict(other)
    return len(shape) <= len(other) and all(
        axis in wide and set(map(tuple, common(parts, wide[axis]))) == set(parts) for axis, parts in shape
    )
