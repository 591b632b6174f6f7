"""Senders as attackers: what each knows of her own clients, what must not follow from it, and what is hidden for that.

A sender knows of every cell how many of her own clients are in it, and every cell in which nobody but she has any.
What is left are the others; a few of them must be as unknown to her as a small count is to everybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Attacker, Booleans
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import CountTable
from clearing_point.disclosure.suppress import Pattern, Problem, Sequential
from clearing_point.disclosure.values import follow

_ROUNDS = 12


@dataclass(frozen=True)
class Sender:
    """What a sender knows, per cell of the system.

    Attributes
    ----------
    own
        Her own units in it.
    others
        Persons behind it who are not hers: of whom a few must not be found. -1 where that is not known.
    hers
        True where nobody but she has any, and she knows it: all categories of a code that she alone reports.
    """

    name: str
    own: Integers
    others: Integers
    hers: Booleans


@dataclass(frozen=True)
class Learnt:
    """What a sender could learn of a few others.

    Attributes
    ----------
    asked
        How many cells, printed or not, have a few others in them.
    recovered, narrow
        Those in which one number of others is possible; those in which not all from none to the threshold are.
    """

    name: str
    asked: int
    recovered: tuple[int, ...]
    narrow: tuple[int, ...]


def senders_of(
    system: System, tables: Sequence[CountTable], values: Integers, variable: str
) -> tuple[Sender, ...]:
    """Return what every sender knows; none where the tables do not say who sent.

    Parameters
    ----------
    variable
        The variable by which senders are told apart: whose code only one of them reports, she knows all of it.
    """
    names = sorted({name for table in tables for behind in table.behind.values() for name in behind.own})
    owns, told = _own_counts(system, tables, names)
    masks = np.array([dict(conditions).get(variable, 0) for _, conditions in system.keys], dtype=object)
    alone: dict[str, int] = defaultdict(int)
    for mask in {int(m) for m in masks if m}:
        cells = masks == mask
        reporting = [name for name in names if owns[name][cells].any()]
        if len(reporting) == 1:
            alone[reporting[0]] |= mask
    found = []
    for name in names:
        others = np.where(values < 0, -1, values - owns[name])
        for cell, count in _others_in_persons(system, tables, name).items():
            others[cell] = min(others[cell], count)
        known = np.array([bool(mask) and not mask & ~alone[name] for mask in masks], dtype=bool)
        found.append(Sender(name, owns[name], others, known & told))
    return tuple(found)


def _own_counts(
    system: System, tables: Sequence[CountTable], names: Sequence[str]
) -> tuple[dict[str, Integers], Booleans]:
    """Return every sender's own units per cell (0 where they do not follow), and of which cells they follow."""
    own = np.full((len(system.keys), len(names)), -1, dtype=np.int64)
    column = {name: at for at, name in enumerate(names)}
    for cell, places in enumerate(system.places):
        for at, codes in places:
            if at < len(tables):
                own[cell] = 0
                behind = tables[at].behind.get(codes)
                for name, (units, _) in behind.own.items() if behind is not None else ():
                    own[cell, column[name]] = units
                break
    follow(system, own)
    told = own.min(axis=1, initial=0) >= 0
    return {name: np.maximum(own[:, at], 0) for name, at in column.items()}, told


def _others_in_persons(system: System, tables: Sequence[CountTable], name: str) -> Mapping[int, int]:
    """Return persons of others behind printed cells that count something else than persons, or may do so."""
    found: dict[int, int] = {}
    for cell, places in enumerate(system.places):
        for at, codes in places:
            behind = tables[at].behind.get(codes) if at < len(tables) else None
            if behind is not None:
                found[cell] = behind.persons - behind.own.get(name, (0, 0))[1]
    return found


def few_others(sender: Sender, threshold: Integers) -> Booleans:
    """Return the cells in which others are a few; units of which no person is known are the fewest of all."""
    return ~sender.hers & (sender.others < threshold) & (sender.others >= 0) & _any_others(sender)


def _any_others(sender: Sender) -> Booleans:
    return np.asarray(sender.others > 0)


class _Tables:
    """Possible truths found so far, one below another: every attacker looks among them first."""

    def __init__(self, tables: Sequence[Integers], cells: int) -> None:
        self.rows = np.zeros((2 * len(tables) + 64, cells), dtype=np.int64)
        self.count = 0
        self.add(tables)

    def add(self, tables: Sequence[Integers]) -> None:
        while self.count + len(tables) > len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
        for table in tables:
            self.rows[self.count] = table
            self.count += 1

    def all(self) -> list[Integers]:
        return list(self.rows[: self.count])

    def of(self, cells: Integers) -> Integers:
        return self.rows[: self.count, cells]


def guard_against(problem: Problem, pattern: Pattern, senders: Sequence[Sender]) -> Pattern:
    """Hide further cells until no sender knows too well how many others are in a hidden one.

    What no pattern can protect is listed in `impossible`.
    """
    tables = _Tables(pattern.witnesses, len(problem.values))
    watched = [_Watched(problem, sender) for sender in senders]
    for _ in range(_ROUNDS):
        hidden = pattern.hidden.copy()
        for one in watched:
            hidden = one.hide(hidden, tables)
        if (hidden == pattern.hidden).all():
            break
        pattern = _outside(problem, pattern, hidden)
    lost = {cell for one in watched for cell in one.impossible}
    return replace(pattern, impossible=sorted({*pattern.impossible, *lost}), witnesses=tables.all())


class _Watched:
    """A sender, and what was shown of her: a need once met stays met, because what is hidden is not shown again."""

    def __init__(self, problem: Problem, sender: Sender) -> None:
        self.problem, self.sender = problem, sender
        self.low_met = np.zeros(len(problem.values), dtype=bool)
        self.high_met = self.low_met.copy()
        self.impossible: set[int] = set()
        self.settled: set[bytes] = set()
        """Parts of which nothing is left to ask: what is hidden elsewhere changes nothing in them."""
        self.few = few_others(sender, problem.threshold)
        room = np.where(self.few, problem.values - sender.own, 0)
        self.least = np.maximum(problem.lower, sender.own)
        self.most = sender.own + np.maximum(problem.threshold, room)

    def hide(self, hidden: Booleans, tables: _Tables) -> Booleans:
        """Return the cells that have to be hidden for her; `tables` are possible truths found on the way, hers or not."""
        while True:
            low, high = self.unmet(hidden, tables)
            if not ((low >= 0) | (high >= 0)).any():
                return hidden
            search = Sequential(
                replace(
                    self.problem,
                    lower=self.least,
                    low_need=low,
                    high_need=high,
                    hidden=hidden,
                    frozen=self.problem.frozen | self.sender.hers,
                )
            )
            search.meet()
            tables.add(search.witnesses)
            self.impossible |= set(search.impossible)
            hidden = hidden | search.hidden

    def unmet(self, hidden: Booleans, tables: _Tables) -> tuple[Integers, Integers]:
        """Return the needs that a pattern leaves open: no others possible, and as many as the threshold.

        As towards everybody (`Sequential.guard`) they are asked of every hidden cell in which others are not provably
        many, and of rests that are not provably nobody.
        """
        problem, sender = self.problem, self.sender
        printed = hidden & problem.guarded & ~problem.frozen & ~sender.hers
        rests = problem.rests & ~sender.hers
        printed[list(self.impossible)] = rests[list(self.impossible)] = False
        low = np.where(printed & ~self.low_met, self.least, -1)
        high = np.where((printed | rests) & ~self.high_met, self.most, -1)
        asked = (low >= 0) | (high >= 0)
        if not asked.any():
            return low, high
        attacker = attacker_of(problem, hidden, sender)
        named = [(part.name, part.cells) for part in attacker.parts]
        for name, cells in named:
            if name in self.settled:
                low[cells] = high[cells] = -1
        _drop_shown(attacker, low, high, tables)
        proof = attacker.prove(low, high, [problem.values])
        tables.add(proof.witnesses)
        self.low_met |= printed & proof.low_met
        self.high_met |= (printed | rests) & proof.high_met
        low[proof.low_met] = high[proof.high_met] = -1
        for cell in np.flatnonzero((low >= 0) | (high >= 0)):
            # Harmless where she knows that there are none, or that they are many: no more than a printed number tells.
            floor, ceiling = proof.low[cell] - sender.own[cell], proof.high[cell] - sender.own[cell]
            if not self.few[cell] and (
                ceiling <= 0 or floor >= problem.threshold[cell] or not _moves(attacker, int(cell))
            ):
                low[cell] = high[cell] = -1
        self.settled |= {name for name, cells in named if low[cells].max() < 0 and high[cells].max() < 0}
        return low, high


def _outside(problem: Problem, pattern: Pattern, hidden: Booleans) -> Pattern:
    """Demand of what was hidden for senders what is demanded of every hidden cell; earlier witnesses still hold."""
    search = Sequential(
        replace(problem, hidden=hidden, low_need=pattern.low_need, high_need=pattern.high_need)
    )
    search.witnesses = list(pattern.witnesses)
    search.low_met[:] = search.high_met[:] = True
    search.guard()
    return replace(
        pattern,
        hidden=hidden | search.hidden,
        low_need=search.low_need,
        high_need=search.high_need,
        witnesses=search.witnesses,
        impossible=sorted({*pattern.impossible, *search.impossible}),
    )


def attacker_of(problem: Problem, hidden: Booleans, sender: Sender) -> Attacker:
    """Return the attacker that a sender is: at least her own are in a hidden cell, and of what is hers she knows all."""
    open_to_her = hidden & ~sender.hers
    lower = np.where(open_to_her, np.maximum(problem.lower, sender.own), problem.values)
    return Attacker(problem.matrix, lower, np.where(open_to_her, UNLIMITED, problem.values))


def _drop_shown(attacker: Attacker, low: Integers, high: Integers, tables: _Tables) -> None:
    """Take away the needs that a known table meets, part by part: what another attacker found often serves this one."""
    for part in attacker.parts:
        cells = part.cells
        if low[cells].max() < 0 and high[cells].max() < 0:
            continue
        ours = tables.of(cells)
        ours = ours[((ours >= part.lower) & (ours <= part.upper)).all(axis=1)]
        ours = ours[(part.matrix @ ours.T == part.right[:, None]).all(axis=0)]
        if len(ours):
            low[cells] = np.where(ours.min(axis=0) <= low[cells], -1, low[cells])
            high[cells] = np.where(ours.max(axis=0) >= high[cells], -1, high[cells])


def _moves(attacker: Attacker, cell: int) -> bool:
    low, high = attacker.interval(cell)
    return low < high


def learnt(problem: Problem, hidden: Booleans, sender: Sender, tables: _Tables | None = None) -> Learnt:
    """Return what a sender could learn of cells, printed or not, in which there are a few others.

    `tables` are possible truths; each is checked before it counts.
    """
    attacker = attacker_of(problem, hidden, sender)
    asked = few_others(sender, problem.threshold) & (problem.guarded | problem.rests) & ~problem.frozen
    low = np.where(asked & problem.guarded, np.maximum(problem.lower, sender.own), -1)
    high = np.where(asked, sender.own + problem.threshold, -1)
    if tables is not None:
        _drop_shown(attacker, low, high, tables)
    proof = attacker.prove(low, high, [problem.values])
    failed = np.flatnonzero(asked & ~(proof.low_met & proof.high_met)).tolist()
    exact = tuple(cell for cell in failed if not _moves(attacker, cell))
    return Learnt(sender.name, int(asked.sum()), exact, tuple(sorted(set(failed) - set(exact))))


def learnt_by_any(
    problem: Problem, hidden: Booleans, senders: Sequence[Sender], tables: Sequence[Integers] = ()
) -> list[int]:
    """Return the cells of which any sender could learn too much."""
    shared = _Tables(tables, len(problem.values))
    found = [learnt(problem, hidden, sender, shared) for sender in senders]
    return sorted({cell for one in found for cell in (*one.recovered, *one.narrow)})
