"""The attacker's model: how many persons there are of every kind that the tables together tell apart.

For every set of variables that some table crosses there is one table of unknown whole numbers, one for each combination
of answers (the finest that any table or condition tells apart). A printed cell is a sum of such unknowns. Two sets of
unknowns that share variables agree in what they share; where one covers only those who meet a condition, it is at most
the other. Rules of meaning make combinations impossible, and have a set of unknowns of their own across the tables that
they join.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.attack.outsider.answers import one_answer_each
from tests.attack.outsider.conditions import (
    EMPTY,
    MISSING,
    REST,
    any_of,
    holds,
    literals,
    tells_empty,
)
from tests.attack.outsider.meaning import Rule
from tests.attack.outsider.reading import Codes, Table
from tests.attack.outsider.system import (
    ABSENT,
    FORBIDDEN,
    Contradiction,
    Part,
    Row,
    Shape,
    Sum,
    System,
    common,
    within,
)


@dataclass
class _Axis:
    blocks: list[frozenset[str]]

    def parts(self, alike: Sequence[frozenset[str]] | None) -> tuple[Part, ...]:
        """Blocks as parts; where `alike` names sets of leaves, blocks that none of them parts are one."""
        if alike is None:
            return tuple((n,) for n in range(len(self.blocks)))
        grouped: dict[tuple[bool, ...], list[int]] = defaultdict(list)
        for n, block in enumerate(self.blocks):
            grouped[tuple(block <= codes for codes in alike)].append(n)
        return tuple(tuple(blocks) for blocks in grouped.values())


@dataclass
class _Clique:
    shape: Shape
    unknown: np.ndarray

    @property
    def axes(self) -> list[str]:
        return [axis for axis, _ in self.shape]


class _Population:
    def __init__(self, name: str, tables: list[Table], rules: list[Rule], system: System) -> None:
        self.name, self.tables, self.system = name, tables, system
        self.rules = [r for r in rules if not r.populations or name in r.populations]
        self.axes = self._axes()
        self.cliques: dict[Shape, _Clique] = {}

    def _axes(self) -> dict[str, _Axis]:
        """Find for every axis the blocks of leaves that nothing parts."""
        leaves: dict[str, set[str]] = defaultdict(set)
        cuts: dict[str, set[frozenset[str]]] = defaultdict(set)
        as_dimension: set[str] = set()
        empty: set[str] = set()
        for table in self.tables:
            for variable, categories in table.dimensions.items():
                whole = frozenset().union(*categories.values())
                for codes in categories.values():
                    if variable not in table.several:
                        leaves[variable] |= codes
                        cuts[variable].add(codes)
                    elif codes != whole:
                        axis = any_of(variable, codes)
                        leaves[axis], cuts[axis] = {"Y", "N"}, {frozenset({"Y"})}
                        as_dimension.add(axis)
                if variable not in table.several:
                    as_dimension.add(variable)
            empty |= tells_empty(table.condition)
            for found in literals(table.condition):
                leaves[found.axis] |= {"Y", "N"} if "~" in found.axis or "[" in found.axis else found.codes
                cuts[found.axis].add(found.codes)
        # A rule is of use where two of its axes are spoken of, by tables or by rules that are.
        spoken, useful, waiting = set(leaves), [], list(self.rules)
        several = {v for t in self.tables for v in t.several}
        while True:
            more = [r for r in waiting if len(spoken & set(r.axes)) >= 2 and not several & set(r.axes)]
            if not more:
                break
            useful += more
            waiting = [r for r in waiting if r not in more]
            spoken |= {a for r in more for a in r.axes}
        self.rules = useful
        for rule in useful:
            for axis, codes in rule.cuts():
                known = codes & leaves[axis] if axis in as_dimension and "~" not in axis else codes
                leaves[axis] |= {"Y", "N"} if "~" in axis else known
                cuts[axis].add(codes)
        axes = {}
        for axis, of_axis in leaves.items():
            found = set(of_axis)
            binary = "~" in axis or "[" in axis
            if axis in empty:
                found |= {EMPTY}
                cuts[axis] = {c | {EMPTY} if "UNK" in c and c != {EMPTY} else c for c in cuts[axis]} | {
                    frozenset({EMPTY})
                }
                if axis in as_dimension and "UNK" not in of_axis:
                    found -= {EMPTY}
            if axis not in as_dimension and not binary:
                found |= {REST}
            blocks: dict[tuple[bool, ...], set[str]] = defaultdict(set)
            for leaf in sorted(found):
                blocks[tuple(leaf in c for c in sorted(cuts[axis], key=sorted))].add(leaf)
            axes[axis] = _Axis([frozenset(b) for b in blocks.values()])
        return axes

    def clique(self, shape: Shape, wanted: np.ndarray) -> _Clique:
        """Return the unknowns of a set of axes, and make those of the wanted combinations."""
        clique = self.cliques.get(shape)
        if clique is None:
            unknown = np.full(tuple(len(parts) for _, parts in shape), ABSENT, dtype=np.int64)
            clique = self.cliques[shape] = _Clique(shape, unknown)
            for rule in self.rules:
                if len(set(rule.axes) & set(clique.axes)) > 1:
                    unknown[np.broadcast_to(~self.allowed(rule, shape), unknown.shape)] = FORBIDDEN
        fresh = (clique.unknown == ABSENT) & wanted
        count = int(fresh.sum())
        clique.unknown[fresh] = np.arange(self.system.unknowns, self.system.unknowns + count)
        self.system.unknowns += count
        return clique

    def allowed(self, rule: Rule, shape: Shape) -> np.ndarray:
        """Say of every combination of a rule's axes whether it can be; the other axes have length 1."""
        narrow = [len(parts) if axis in rule.axes else 1 for axis, parts in shape]
        there = {axis for axis, _ in shape}
        lacking = [a for a in rule.axes if a not in there]
        found = np.zeros(narrow, dtype=bool)
        for at in np.ndindex(*narrow):
            known = self.leaves(shape, at, rule.axes)
            found[at] = any(
                rule.allows(known | dict(zip(lacking, map(min, rest), strict=True)))
                for rest in itertools.product(*(self.axes[a].blocks for a in lacking))
            )
        return found

    def leaves(self, shape: Shape, at: Sequence[int], axes: Iterable[str]) -> dict[str, str]:
        """Give one leaf for each of the axes at a place of a shape."""
        found = {}
        for (axis, parts), n in zip(shape, at, strict=True):
            if axis in axes:
                found[axis] = min(self.axes[axis].blocks[parts[n][0]])
        return found

    def table(self, table: Table) -> None:
        """Say of every cell which unknowns it adds up."""
        asked = {x.axis for x in literals(table.condition)}
        ruled = {a for r in self.rules for a in r.axes}
        plain = [v for v in table.dimensions if v not in table.several]
        for codes in itertools.product(
            *(table.dimensions[v] for v in table.dimensions if v in table.several)
        ):
            chosen = dict(zip((v for v in table.dimensions if v in table.several), codes, strict=True))
            answers = set()
            for variable, code in chosen.items():
                categories = table.dimensions[variable]
                if categories[code] != frozenset().union(*categories.values()):
                    answers.add(any_of(variable, categories[code]))
            axes = sorted({*plain, *asked, *answers})
            shape: Shape = tuple(
                (
                    axis,
                    self.axes[axis].parts(
                        list(table.dimensions[axis].values())
                        if axis in plain
                        and axis not in asked | ruled
                        and (len(table.dimensions[axis]) == 1 or len(self.axes[axis].blocks) > 12)
                        else None
                    ),
                )
                for axis in axes
            )
            sizes = [len(parts) for _, parts in shape]
            meets = np.zeros(sizes, dtype=bool)
            for at in np.ndindex(*sizes):
                leaves = self.leaves(shape, at, axes)
                meets[at] = holds(table.condition, leaves) is True and all(leaves[a] == "Y" for a in answers)
            covered = meets.copy()
            member: dict[str, dict[str, np.ndarray]] = {}
            for n, (axis, parts) in enumerate(shape):
                if axis not in plain:
                    continue
                member[axis] = {}
                for code, leaves_of in table.dimensions[axis].items():
                    inside = np.array([self.axes[axis].blocks[p[0]] - {EMPTY} <= leaves_of for p in parts])
                    member[axis][code] = inside.reshape([-1 if k == n else 1 for k in range(len(sizes))])
                covered &= np.logical_or.reduce(list(member[axis].values()))
            clique = self.clique(shape, covered)
            for combination in itertools.product(*(table.dimensions[v] for v in plain)):
                by = {**chosen, **dict(zip(plain, combination, strict=True))}
                cell = tuple(by[v] for v in table.dimensions)
                if cell not in table.cells:
                    continue
                inside = meets.copy()
                for variable, code in zip(plain, combination, strict=True):
                    inside &= member[variable][code]
                unknowns = clique.unknown[inside]
                self.system.cells[table.id, cell] = tuple(sorted(unknowns[unknowns >= 0].tolist()))
        if table.several:
            self._several(table)

    def _several(self, table: Table) -> None:
        """Add what holds of persons with several answers: whole and part, and "not known" apart from every answer."""
        order = list(table.dimensions)
        for variable in table.several:
            n = order.index(variable)
            categories = table.dimensions[variable]
            for rest in itertools.product(*(table.dimensions[v] for v in order if v != variable)):

                def cell(code: str, n: int = n, rest: Codes = rest) -> Sum | None:
                    return self.system.cells.get((table.id, (*rest[:n], code, *rest[n:])))

                for one, other in itertools.permutations(categories, 2):
                    if categories[one] < categories[other]:
                        self._at_most([cell(one)], cell(other), "part of another answer")
                for whole, codes in categories.items():
                    parts = [c for c in categories if categories[c] < codes]
                    if parts and frozenset().union(*(categories[c] for c in parts)) >= codes - {"NIL"}:
                        self._at_least([cell(c) for c in parts], cell(whole), "NIL" in codes)
                    for alone in parts:
                        if categories[alone] <= {*MISSING, "NIL"}:
                            for c in parts:
                                if not categories[c] & categories[alone] and categories[c] < codes:
                                    self._at_most(
                                        [cell(alone), cell(c)], cell(whole), "not known has no answer"
                                    )

    def _at_most(self, parts: list[Sum | None], whole: Sum | None, why: str) -> None:
        if whole is None or any(p is None for p in parts):
            return
        terms: dict[int, float] = defaultdict(float)
        for part in parts:
            for unknown in part or ():
                terms[unknown] += 1
        for unknown in whole:
            terms[unknown] -= 1
        self.system.rows.append(Row(dict(terms), -np.inf, 0, why))

    def _at_least(self, parts: list[Sum | None], whole: Sum | None, without: bool) -> None:
        if whole is None or without or any(p is None for p in parts):
            return
        terms: dict[int, float] = defaultdict(float)
        for part in parts:
            for unknown in part or ():
                terms[unknown] += 1
        for unknown in whole:
            terms[unknown] -= 1
        self.system.rows.append(Row(dict(terms), 0, np.inf, "at least one answer"))

    def joins(self, most: int) -> None:
        """Make unknowns for the rules, across every pair of tables that a rule joins."""
        groups: list[frozenset[str]] = []
        for rule in self.rules:
            merged = frozenset(rule.axes).union(*(g for g in groups if g & frozenset(rule.axes)))
            groups += [g for g in dict.fromkeys((frozenset(rule.axes), merged)) if len(g) <= 7]
        shapes = list(self.cliques)
        made: dict[Shape, None] = {}
        for group in dict.fromkeys(groups):
            near = [s for s in shapes if group & {a for a, _ in s}]
            for one, other in itertools.combinations(near, 2):
                first, second = dict(one), dict(other)
                shared = first.keys() & second.keys() - group
                shape = tuple(
                    sorted(
                        [(a, self.axes[a].parts(None)) for a in group]
                        + [(a, common(first[a], second[a])) for a in shared]
                    )
                )
                if self._size(shape) <= most:
                    made[shape] = None
        # The widest are enough.
        for shape in sorted(made, key=lambda s: -len(s)):
            if not any(within(shape, other) for other in made if other is not shape):
                self.clique(shape, np.ones([len(p) for _, p in shape], dtype=bool))

    def _size(self, shape: Shape) -> float:
        dense = np.prod([len(parts) for _, parts in shape], dtype=float)
        if dense > 2e6:
            return np.inf
        free = np.ones([len(parts) for _, parts in shape], dtype=bool)
        for rule in self.rules:
            if set(rule.axes) <= {a for a, _ in shape}:
                free &= self.allowed(rule, shape)
        return int(free.sum())

    def link(self) -> None:
        """Let sets of unknowns agree in what they share."""
        shapes = list(self.cliques)
        shared: dict[Shape, set[Shape]] = defaultdict(set)
        for one, other in itertools.combinations(shapes, 2):
            first, second = dict(one), dict(other)
            margin = tuple((a, common(first[a], second[a])) for a in sorted(first.keys() & second.keys()))
            shared[margin] |= {one, other}
        for margin, of in shared.items():
            sums = [self._margin(self.cliques[s], margin) for s in sorted(of, key=str)]
            for at in np.ndindex(*(len(parts) for _, parts in margin)):
                here = [s[at] for s in sums if s[at][0] is not None]
                whole = list(dict.fromkeys(unknowns for unknowns, full in here if full))
                for unknowns in whole[1:]:
                    self._equal(unknowns, whole[0])
                if whole:
                    # The margin that a printed cell is, if there is one, decomposes the system best.
                    best = next((w for w in whole if w in self.system.known), whole[0])
                    for unknowns in dict.fromkeys(u for u, full in here if not full):
                        self._at_most([unknowns], best, "those who meet a condition are a part")

    def _equal(self, one: Sum, other: Sum) -> None:
        known = self.system.known.get(one, self.system.known.get(other))
        if known is not None:
            for unknowns in (one, other):
                if unknowns not in self.system.known:
                    self.system.known[unknowns] = known
                    terms = dict.fromkeys(unknowns, 1.0)
                    self.system.rows.append(Row(terms, known, known, "the same persons elsewhere"))
            return
        terms: dict[int, float] = defaultdict(float)
        for unknown in one:
            terms[unknown] += 1
        for unknown in other:
            terms[unknown] -= 1
        self.system.rows.append(Row(dict(terms), 0, 0, "the same persons"))

    def _margin(self, clique: _Clique, margin: Shape) -> dict[tuple[int, ...], tuple[Sum | None, bool]]:
        """Sum a set of unknowns over what a margin does not name. The flag: everybody is in it."""
        place = {axis: n for n, axis in enumerate(clique.axes)}
        found = {}
        groups = []
        for axis, parts in margin:
            own = clique.shape[place[axis]][1]
            groups.append([[n for n, p in enumerate(own) if set(p) <= set(part)] for part in parts])
        order = [place[axis] for axis, _ in margin]
        others = [n for n in range(len(place)) if n not in order]
        array = np.transpose(clique.unknown, order + others)
        for at in np.ndindex(*(len(parts) for _, parts in margin)):
            chosen = array[np.ix_(*(groups[k][n] for k, n in enumerate(at)))] if order else array
            unknowns = tuple(sorted(chosen[chosen >= 0].tolist()))
            empty = bool((chosen == ABSENT).all())
            found[at] = (None if empty else unknowns, not bool((chosen == ABSENT).any()))
        return found


def build(tables: Sequence[Table], rules: Sequence[Rule], most: int = 20_000, one_answer: bool = True) -> System:  # fmt: skip
    """Put all tables and rules into one system of whole numbers; a joint table of more than `most` is not made."""
    system = System()
    by_population: dict[str, list[Table]] = defaultdict(list)
    for table in tables:
        by_population[table.population].append(table)
    for name, of in sorted(by_population.items()):
        population = _Population(name, of, list(rules), system)
        for table in of:
            population.table(table)
            system.rows += one_answer_each(table, system) if one_answer else []
        for table in of:
            for codes, printed in table.cells.items():
                cell = system.cells.get((table.id, codes))
                if cell is None:
                    continue
                if printed.low == printed.high:
                    if system.known.get(cell, printed.low) != printed.low:
                        raise Contradiction(f"{table.id} {codes}: the same persons have two numbers")
                    system.known[cell] = printed.low
                high = np.inf if printed.high is None else printed.high
                if printed.low > 0 or printed.high is not None:
                    system.rows.append(
                        Row(dict.fromkeys(cell, 1.0), printed.low, high, f"{table.id} printed")
                    )
        population.joins(most)
        population.link()
    return system
