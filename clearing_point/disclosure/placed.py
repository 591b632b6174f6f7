"""Tables as the system sees them: a population, its dimensions, and conditions as sets of codes of variables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clearing_point.disclosure.axes import (
    Axis,
    Structure,
    atoms_of,
    common_sums,
    leaf_codes,
    make_axis,
    mask_of,
)
from clearing_point.disclosure.conditions import NO, YES, Condition, read_population
from clearing_point.disclosure.model import Dimension, Joint

ANY_OTHER = "~"
"""Leaf of a variable that only conditions speak of: every code that none of them names."""


@dataclass(frozen=True)
class Placed:
    """A table with its conditions apart: `within` cuts a dimension, `apart` are sets of further variables."""

    table: Structure
    population: str
    within: Mapping[str, int]
    apart: Mapping[str, int]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions of the table."""
        return self.table.dimensions


@dataclass(frozen=True)
class Plan:
    """All tables of a system with the variables that they speak of.

    Attributes
    ----------
    universe
        Sorted leaf codes of every variable.
    several
        Variables of which a person may have several codes.
    spoken
        (population, variable) of every condition.
    """

    placed: tuple[Placed, ...]
    universe: Mapping[str, tuple[str, ...]]
    several: frozenset[str]
    spoken: frozenset[tuple[str, str]]

    def key(self, population: str) -> tuple[str, dict[str, int]]:
        """Return a population by its name: which, and the sets of codes that its conditions admit."""
        name, conditions = read_population(population)
        return name, self.sets(conditions)

    def sets(self, conditions: Sequence[Condition]) -> dict[str, int]:
        """Return conditions as sets of codes; those on one variable together."""
        found: dict[str, int] = {}
        for condition in conditions:
            each = _readable(condition, self.universe, self.several)
            leaves = self.universe.get(each.variable, ())
            mask = mask_of((code for code in each.codes if code in leaves), leaves)
            mask = (1 << len(leaves)) - 1 & ~mask if each.but else mask
            found[each.variable] = found.get(each.variable, mask) & mask
        return found

    def atoms(self, variable: str, masks: Iterable[int]) -> tuple[frozenset[str], ...]:
        """Return the finest parts that sets of codes cut out of a variable; what they leave over is one more."""
        leaves = self.universe[variable]
        found = atoms_of([*sorted(masks), (1 << len(leaves)) - 1])
        return tuple(frozenset(x for at, x in enumerate(leaves) if part >> at & 1) for part in found)

    def axes(self, complement_variables: frozenset[str]) -> tuple[tuple[Axis, ...], ...]:
        """Return the axes of every table: its dimensions, then its conditions as axes of one position."""
        extra = common_sums(self.placed, self.universe, self.several)
        return tuple(
            (
                *(
                    make_axis(
                        dimension,
                        self.universe[dimension.variable],
                        several=dimension.variable in self.several,
                        extra=extra.get((p.population, dimension.variable), ()),
                        complements=dimension.variable in complement_variables,
                        table_id=p.table.table_id,
                        within=p.within.get(dimension.variable),
                    )
                    for dimension in p.table.dimensions
                ),
                *(Axis(v, (mask,), 1, (), (), (), (("",),)) for v, mask in sorted(p.apart.items())),
            )
            for p in self.placed
        )


def place(tables: Sequence[Structure], others: Sequence[str] = (), joints: Sequence[Joint] = ()) -> Plan:
    """Read the conditions of tables (and of further populations) as sets of codes of variables."""
    universe = leaf_codes(tables)
    single = {d.variable for t in tables for d in t.dimensions if d.variable not in t.multiple_response}
    read = [read_population(name) for name in (*(t.population for t in tables), *others)]
    conditions = sorted({c for _, each in read for c in each})
    several = {v for t in tables for v in t.multiple_response}
    several |= {c.variable for c in conditions if c.several and c.variable not in single}
    leaves: dict[str, set[str]] = defaultdict(set)
    for condition in conditions:
        each = _readable(condition, universe, frozenset(several))
        if each.variable not in universe:
            leaves[each.variable] |= {*each.codes, NO if each.codes == (YES,) else ANY_OTHER}
        if each.several:
            leaves[each.opaque.variable] |= {YES, NO}
    for joint in joints:
        for variable, parts in zip(joint.variables, joint.parts, strict=True):
            if variable not in universe:
                leaves[variable] |= frozenset().union(*parts)
    universe = {**universe, **{variable: tuple(sorted(codes)) for variable, codes in leaves.items()}}
    plan = Plan((), universe, frozenset(several), frozenset())
    placed = []
    for table in tables:
        name, own = read_population(table.population)
        shown = {d.variable for d in table.dimensions}
        own = tuple(c.opaque if c.variable in shown & several else c for c in own)
        sets = plan.sets(own)
        placed.append(
            Placed(
                table,
                name,
                {v: mask for v, mask in sets.items() if v in shown},
                {v: mask for v, mask in sets.items() if v not in shown},
            )
        )
    spoken = frozenset((p.population, v) for p in placed for v in (*p.within, *p.apart))
    return Plan(tuple(placed), universe, frozenset(several), spoken)


def _readable(
    condition: Condition, universe: Mapping[str, Sequence[str]], several: frozenset[str]
) -> Condition:
    """Return a condition as a set of leaf codes where it is one, else as a yes-or-no variable of its own."""
    known = universe.get(condition.variable)
    if condition.several != (condition.variable in several):
        return condition.opaque
    if known is not None and not set(condition.codes) <= set(known):
        return condition.opaque
    return condition


def conditions_of(
    sets: Mapping[str, int], universe: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, int]]:
    """Yield the sets that leave a code out, sorted by variable."""
    for variable, mask in sorted(sets.items()):
        if mask != (1 << len(universe[variable])) - 1:
            yield variable, mask
