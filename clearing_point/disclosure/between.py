"""Populations of which one is counted in the other, written into a system: cell by cell, with all that they have in common.

Of a cell of the part, the conditions and what is known of both (:class:`Inclusion`) say which cells of the whole all its
persons are in. The smallest of these are at least as large; where the same holds the other way, the two are equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from clearing_point.disclosure.axes import mask_of
from clearing_point.disclosure.joints import Builder, Conditions, NamedKeys
from clearing_point.disclosure.model import Alike, Inclusion

_WITHOUT = " without "
_OPEN, _AGAIN = "open", "again"
"""Endings of leaf codes: what a count of a territory and of the region both have, and what that of territories has alone."""

Inside = tuple[tuple[str, int], ...]
Place = tuple[frozenset[str], frozenset[str]]


class _Cell(NamedTuple):
    number: int
    inside: Inside
    conditions: Conditions


def add_inclusions(builder: Builder, inclusions: Sequence[Inclusion]) -> None:
    """Write who is part of whom: the smallest cells of the whole that hold a cell of the part are at least as large."""
    named = NamedKeys(builder.keys, builder.index, builder.plan)
    found: dict[tuple[int, int], Inclusion] = {}
    for inclusion in inclusions:
        reading = _Reading(builder, inclusion)
        parts = _by_setting(named, builder, inclusion, inclusion.part_population)
        wholes = _by_setting(named, builder, inclusion, inclusion.whole_population)
        for setting in parts.keys() & wholes.keys():
            if not (inclusion.region or _is_of_territories(setting[0])) or not _holds(
                builder, inclusion, setting
            ):
                continue
            for cell in parts[setting]:
                for whole in reading.smallest(cell, wholes[setting]):
                    found.setdefault((cell.number, whole), inclusion)
    order = {id(inclusion): at for at, inclusion in enumerate(inclusions)}
    said_last: Inclusion | None = None
    for (part, whole), inclusion in sorted(found.items(), key=lambda item: (order[id(item[1])], item[0])):
        if said_last is not None and said_last is not inclusion:
            builder.because(said_last.sentence())
        said_last = inclusion
        if (whole, part) in found and not inclusion.things and not found[whole, part].things:
            if part < whole:
                builder.equation({part: 1, whole: -1})
            continue
        (outer, _), (inner, conditions) = builder.keys[whole], builder.keys[part]
        said = "".join(f" {variable} {mask:x}" for variable, mask in builder.keys[whole][1])
        rest = builder.number((f"{outer}{_WITHOUT}{inner}{said}", conditions))
        builder.total(whole, [part, rest])
        if inclusion.things:
            # How many things a person has beyond the first is no count of persons; it is public slack, never a need.
            builder.parents.add(rest)
    if said_last is not None:
        builder.because(said_last.sentence())


def _by_setting(
    named: NamedKeys, builder: Builder, inclusion: Inclusion, population: str
) -> dict[tuple[Place, int], list[_Cell]]:
    """Return the cells of a population by place and time."""
    found: dict[tuple[Place, int], list[_Cell]] = defaultdict(list)
    universe = builder.plan.universe
    everywhere = (1 << len(universe.get(inclusion.place, ()))) - 1
    always = (1 << len(universe.get(inclusion.time, ()))) - 1
    for number, (name, conditions) in enumerate(builder.keys[: len(named.conditions)]):
        if name != population or not all(mask for _, mask in conditions):
            continue
        place, time, inside = everywhere, always, []
        for variable, mask, condition in named.conditions[number]:
            if condition[0] == inclusion.place:
                place = mask
            elif condition[0] == inclusion.time:
                time = mask
            else:
                inside.append((variable, mask))
        leaves = [x for at, x in enumerate(universe.get(inclusion.place, ())) if place >> at & 1]
        if not _is_of_persons(leaves):
            continue
        where = _place(leaves)
        found[where, time].append(_Cell(number, tuple(inside), conditions))
    return found


def _is_of_persons(leaves: Sequence[str]) -> bool:
    """Say whether codes of places count everybody there: not only whom another row counts, and nobody by two of her rows."""
    ways = {leaf.partition(":")[2] for leaf in leaves}
    return "" in ways and ways <= {"", _OPEN, _AGAIN}


def _place(leaves: Sequence[str]) -> Place:
    """Return which territories a set of leaf codes is of, and of several, which ways of counting a person there."""
    territories = frozenset(leaf.partition(":")[0] for leaf in leaves)
    ways = frozenset(leaf.partition(":")[2] for leaf in leaves) - {_OPEN}
    return territories, ways if len(territories) > 1 else frozenset()


def _is_of_territories(place: Place) -> bool:
    """Say whether a place is one territory, or the sum of several, in which a person counts once for each."""
    territories, ways = place
    return len(territories) == 1 or ways == {"", _AGAIN}


def _holds(builder: Builder, inclusion: Inclusion, setting: tuple[Place, int]) -> bool:
    """Say whether an inclusion is of this place and time."""
    if inclusion.only is None:
        return True
    (territories, _), mask = setting
    times = [x for at, x in enumerate(builder.plan.universe.get(inclusion.time, ())) if mask >> at & 1]
    return all((territory, time) in inclusion.only for territory in territories for time in times)


class _Reading:
    """What one inclusion says of cells, in sets of leaf codes."""

    def __init__(self, builder: Builder, inclusion: Inclusion) -> None:
        self.inclusion, self.universe = inclusion, builder.plan.universe
        self.members = [
            [(variable, self._mask(variable, codes)) for variable, codes in member]
            for member in inclusion.members
        ]
        self.known: dict[Inside, dict[str, int] | None] = {}
        self.by_variable: dict[str, list[Alike]] = defaultdict(list)
        for each in inclusion.alike:
            self.by_variable[each.variable].append(each)

    def _mask(self, variable: str, codes: frozenset[str]) -> int:
        leaves = self.universe.get(variable, ("no", "yes"))
        return mask_of((code for code in codes if code in leaves), leaves)

    def smallest(self, cell: _Cell, wholes: Sequence[_Cell]) -> list[int]:
        """Return the cells of the whole in which everybody of a cell is, without those that hold a smaller one."""
        known = self.implied(cell.inside)
        if known is None:
            return []
        holding = [
            each
            for each in wholes
            if all(variable in known and not known[variable] & ~mask for variable, mask in each.inside)
            and not (self.inclusion.things and len(each.inside) > 1)
        ]
        return [
            each.number
            for each in holding
            if not any(_within(other, each) for other in holding if other is not each)
        ]

    def implied(self, inside: Inside) -> dict[str, int] | None:
        """Return what somebody of these conditions is in the whole, by variable; None where she need not be there."""
        if inside not in self.known:
            of = dict(inside)
            counted = any(all(v in of and not of[v] & ~mask for v, mask in member) for member in self.members)
            self.known[inside] = self._alike(inside) if counted else None
        return self.known[inside]

    def _alike(self, inside: Inside) -> dict[str, int]:
        found: dict[str, int] = {}
        for variable, mask in (("", 1), *inside):
            for each in self.by_variable.get(variable, ()):
                codes = self._parts(each, mask)
                if codes is not None:
                    there = self._mask(each.other, codes)
                    found[each.other] = found.get(each.other, there) & there
        return found

    def _parts(self, each: Alike, mask: int) -> frozenset[str] | None:
        """Return the codes that go with a set of codes; None where there may be what no table shows."""
        inside = {
            a
            for a, part in enumerate(each.parts)
            if not each.variable or self._mask(each.variable, part) & mask
        }
        possible = {b for a, b in each.possible if a in inside}
        if any(not each.others[b] for b in possible):
            return None
        return frozenset().union(*(each.others[b] for b in possible))


def _within(one: _Cell, other: _Cell) -> bool:
    """Say whether the conditions of one cell say more than those of another."""
    of = dict(one.inside)
    narrower = all(v in of and not of[v] & ~mask for v, mask in other.inside)
    return narrower and one.inside != other.inside
