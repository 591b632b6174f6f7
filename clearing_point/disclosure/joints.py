"""Joint tables that nobody prints: variables that go together, cut to the combinations that occur."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from clearing_point.disclosure.axes import cover_of, mask_of
from clearing_point.disclosure.conditions import NO, YES, yes_or_no
from clearing_point.disclosure.model import Cell, Joint
from clearing_point.disclosure.placed import Plan

Conditions = tuple[tuple[str, int], ...]
Key = tuple[str, Conditions]


class JointCells:
    """The cells of one joint table: one for every combination, in every setting in which cells need it.

    A setting is what the keys of cells have besides the variables of the joint table (place and time, say). It needs
    the joint table where its cells speak of at least two of the variables, or, of a whole one, of what never occurs.
    """

    def __init__(self, joint: Joint, plan: Plan) -> None:
        self.joint, self.plan = joint, plan
        self.at = {name: number for number, name in enumerate(joint.variables)}
        self.leaves = [plan.universe[name] for name in joint.variables]
        self.masks = [
            [mask_of((c for c in part if c in leaves), leaves) for part in parts]
            for parts, leaves in zip(joint.parts, self.leaves, strict=True)
        ]
        self.allowed: dict[tuple[tuple[int, int], ...], list[int] | None] = {}

    def settings(self, named: NamedKeys) -> dict[Conditions, list[tuple[int, list[int]]]]:
        """Return for every setting that needs the joint table its cells, each with the combinations that it sums."""
        found: dict[Conditions, list[tuple[int, list[int], frozenset[int]]]] = defaultdict(list)
        cells = {c for v in self.joint.variables for c in named.by_name.get((self.joint.population, v), ())}
        for cell in sorted(cells):
            inside, setting = [], []
            for name, mask, condition in named.conditions[cell]:
                at = self.at.get(name)
                if at is None:
                    setting.append(condition)
                else:
                    inside.append((at, mask))
            combinations = self.combinations(tuple(inside))
            if combinations is not None:
                found[tuple(setting)].append((cell, combinations, frozenset(at for at, _ in inside)))
        needed = {}
        for setting_of, parts in found.items():
            several = len(frozenset().union(*(spoken for _, _, spoken in parts))) > 1
            if several or (self.joint.whole and not all(combinations for _, combinations, _ in parts)):
                needed[setting_of] = [(cell, combinations) for cell, combinations, _ in parts]
                whole = named.index.get((self.joint.population, setting_of))
                if whole is not None:
                    needed[setting_of].append((whole, list(range(len(self.joint.possible)))))
        return needed

    def key(self, setting: Conditions, combination: int) -> Key:
        """Return the key of a combination in a setting."""
        picked = self.joint.possible[combination]
        inside = [
            (name, self.masks[at][part])
            for at, (name, part) in enumerate(zip(self.joint.variables, picked, strict=True))
            if self.masks[at][part] != (1 << len(self.leaves[at])) - 1
        ]
        return self.joint.population, tuple(sorted((*setting, *inside)))

    def combinations(self, inside: tuple[tuple[int, int], ...]) -> list[int] | None:
        """Return the combinations that occur within sets of codes; None where a set cuts a part in two."""
        if inside not in self.allowed:
            whole = all(not m & mask or not m & ~mask for at, mask in inside for m in self.masks[at])
            self.allowed[inside] = (
                [
                    number
                    for number, picked in enumerate(self.joint.possible)
                    if all(self.masks[at][picked[at]] & mask for at, mask in inside)
                ]
                if whole
                else None
            )
        return self.allowed[inside]


def several_name(universe: Mapping[str, Sequence[str]], variable: str, mask: int) -> str:
    """Return the name of "has any of" a set of codes of a variable with several answers."""
    return yes_or_no(variable, [code for at, code in enumerate(universe[variable]) if mask >> at & 1])


class NamedKeys:
    """Keys with their conditions by the names that joint tables use."""

    def __init__(self, keys: Sequence[Key], index: Mapping[Key, int], plan: Plan) -> None:
        self.index = dict(index)
        self.conditions: list[list[tuple[str, int, tuple[str, int]]]] = []
        self.by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
        names: dict[tuple[str, int], tuple[str, int]] = {}
        for cell, (population, conditions) in enumerate(keys):
            mine = []
            for condition in conditions:
                variable, mask = condition
                if variable in plan.several:
                    if condition not in names:
                        name = several_name(plan.universe, variable, mask)
                        names[condition] = (name, mask_of([YES], plan.universe.get(name, (NO, YES))))
                    variable, mask = names[condition]
                mine.append((variable, mask, condition))
                self.by_name[population, variable].append(cell)
            self.conditions.append(mine)


class Builder(Protocol):
    """What is asked of the builder of a system."""

    plan: Plan
    keys: list[Key]
    places: list[list[tuple[int, Cell]]]
    index: dict[Key, int]
    rows: dict[tuple[tuple[int, int], ...], None]
    combined: set[int]
    parents: set[int]

    def number(self, key: Key) -> int: ...  # noqa: D102
    def total(self, parent: int, children: Sequence[int]) -> None: ...  # noqa: D102
    def equation(self, terms: Mapping[int, int]) -> None: ...  # noqa: D102
    def because(self, said: str) -> None: ...  # noqa: D102


def add_joints(builder: Builder, joints: Sequence[Joint]) -> None:
    """Write joint tables into a system: every cell of a setting is the sum of its combinations.

    Two variables of which few combinations lack need no combinations: that nobody is of both of two sets is one
    inequality, and these say all (Hall's condition for transportation tables with forbidden places).
    """
    named, rows = NamedKeys(builder.keys, builder.index, builder.plan), list(builder.rows)
    for joint in joints:
        cells = JointCells(joint, builder.plan)
        if len(joint.variables) == 1:
            _nobody(builder, cells, named)
        elif joint.few:
            for setting, parts in cells.settings(named).items():
                _exclude(builder, cells, named, setting, parts)
        else:
            _combine(builder, cells, named, rows)
        builder.because(joint.sentence())


def _nobody(builder: Builder, cells: JointCells, named: NamedKeys) -> None:
    """Of what never occurs of a variable there is nobody, printed or not."""
    every = [
        (cell, mask)
        for cell in named.by_name.get((cells.joint.population, cells.joint.variables[0]), ())
        for name, mask, _ in named.conditions[cell]
        if name in cells.at
    ]
    for cell, mask in every:
        if cells.combinations(((0, mask),)) == []:
            builder.equation({cell: 1})


def _exclude(
    builder: Builder,
    cells: JointCells,
    named: NamedKeys,
    setting: Conditions,
    parts: Sequence[tuple[int, list[int]]],
) -> None:
    whole = builder.index.get((cells.joint.population, setting))
    if whole is None:
        return
    sums: list[dict[int, int]] = [{}, {}]
    for cell, occurring in parts:
        if not occurring:
            builder.equation({cell: 1})
        inside = [(cells.at[name], mask) for name, mask, _ in named.conditions[cell] if name in cells.at]
        if len(inside) == 1:
            at, mask = inside[0]
            sums[at].setdefault(mask, cell)
    for pair in cells.joint.exclusions:
        terms: dict[int, int] = defaultdict(int)
        terms[whole] -= 1
        for at, picked in enumerate(pair):
            wanted = 0
            for part in picked:
                wanted |= cells.masks[at][part]
            full = (1 << len(cells.leaves[at])) - 1
            cover, rest = cover_of(wanted, list(sums[at])), cover_of(full & ~wanted, list(sums[at]))
            if cover is None and rest is None:
                break
            if cover is None or (rest is not None and len(rest) < len(cover)):
                terms[whole] += 1
                for mask in rest or ():
                    terms[sums[at][mask]] -= 1
            else:
                for mask in cover:
                    terms[sums[at][mask]] += 1
        else:
            if any(one not in pair[0] and other not in pair[1] for one, other in cells.joint.possible):
                said = " and ".join(
                    f"{name} {sorted(p)}" for name, p in zip(cells.joint.variables, pair, strict=True)
                )
                rest_cell = builder.number((f"{cells.joint.population} without {said}", setting))
                builder.combined.add(rest_cell)
                terms[rest_cell] += 1
            # Else everybody is of one of the two sets, and the inequality is an equation.
            builder.equation(terms)


def _combine(
    builder: Builder, cells: JointCells, named: NamedKeys, rows: Sequence[tuple[tuple[int, int], ...]]
) -> None:
    joint = cells.joint
    wholes: dict[int, list[int]] = {}
    for setting, parts in cells.settings(named).items():
        numbers = [builder.number(cells.key(setting, at)) for at in range(len(joint.possible))]
        builder.combined.update(number for number in numbers if number >= len(named.conditions))
        for cell, combinations in parts:
            children = sorted({numbers[at] for at in combinations})
            if children != [cell]:
                builder.total(cell, children)
        whole = builder.index.get((joint.population, setting))
        if whole is not None:
            wholes[whole] = numbers
    # Where settings add up (territories to the region), so do their combinations.
    for row in rows:
        if all(cell in wholes for cell, _ in row):
            for at in range(len(joint.possible)):
                terms: dict[int, int] = defaultdict(int)
                for cell, sign in row:
                    terms[wholes[cell][at]] += sign
                builder.equation(terms)
