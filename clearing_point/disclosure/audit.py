"""The audit: what an attacker can work out from published tables alone.

This module never sees a true count and knows nothing of how a table was protected. It reads what is
printed, the public structure (which categories add up to which), the policy, and whatever is declared as
publicly known, and asks of every cell that is not printed exactly: is it recovered, or known too well?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Attacker, Contradiction, Proof
from clearing_point.disclosure.cells import Integers, System, build_system
from clearing_point.disclosure.imagined import with_persons_more
from clearing_point.disclosure.model import Cell, Knowledge, KnownFigure, Protected
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.rules import thresholds
from clearing_point.disclosure.values import describe, solve_open
from clearing_point.errors import InputProblem


@dataclass(frozen=True)
class CellFinding:
    """A cell that is not printed exactly and what an attacker knows of it.

    `high` is None where nothing bounds it. In an audit by proof, `low` and `high` are exact only for
    cells with `recovered` or `too_narrow`; for the others they are the range that was proven possible.
    `where` names the cell without its value; `printed` is False for a number that follows from others; `number` is its
    place in the system.
    """

    table_id: str
    cell: Cell
    where: str
    low: int
    high: int | None
    recovered: bool
    too_narrow: bool
    printed: bool = True
    number: int = -1


@dataclass(frozen=True)
class Evidence:
    """What a certificate is made of: the public system, what was asked of it, and the tables that answer."""

    system: System
    names: tuple[str, ...]
    lower: Integers
    upper: Integers
    low_need: Integers
    high_need: Integers
    witnesses: tuple[Integers, ...]


@dataclass(frozen=True)
class AuditResult:
    """Outcome of an audit. `cells` are all cells that are not printed exactly, in the order of the tables."""

    cells: tuple[CellFinding, ...]
    unknowns: int
    equations: int
    evidence: Evidence | None = field(repr=False, default=None)

    @property
    def recovered(self) -> int:
        """Number of cells whose value follows exactly."""
        return sum(finding.recovered for finding in self.cells)

    @property
    def too_narrow(self) -> int:
        """Number of cells that are not recovered, but known better than the policy allows."""
        return sum(finding.too_narrow for finding in self.cells)

    @property
    def safe(self) -> bool:
        """True where nothing is recovered and nothing is too narrow."""
        return not (self.recovered or self.too_narrow)

    @property
    def failures(self) -> tuple[CellFinding, ...]:
        """The cells that must not go out like this."""
        return tuple(finding for finding in self.cells if finding.recovered or finding.too_narrow)


@dataclass(frozen=True)
class View:
    """What an attacker sees of a system: bounds per cell, and which cells are printed exactly."""

    system: System
    lower: Integers
    upper: Integers
    exact: np.ndarray
    rounded: np.ndarray
    shown: Integers
    names: tuple[str, ...]


def attackers_view(
    published: Sequence[Protected],
    *,
    relations: Sequence[Knowledge] = (),
    known: Sequence[KnownFigure] = (),
    lower_bound: int = 0,
    complement_variables: frozenset[str] = frozenset(),
) -> View:
    """Return the attacker's bounds for every unknown of the published tables."""
    tables = [table for table in published if not table.withheld]
    system = build_system(tables, relations, complement_variables)
    count = len(system.keys)
    lower, upper = np.zeros(count, dtype=np.int64), np.full(count, UNLIMITED, dtype=np.int64)
    exact, rounded = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    shown = np.full(count, -1, dtype=np.int64)
    for cell, places in enumerate(system.places):
        for at, codes in places:
            low, high = bounds_of(tables[at], codes, lower_bound)
            lower[cell], upper[cell] = max(lower[cell], low), min(upper[cell], high)
            exact[cell] |= low == high
            if tables[at].profile == "round":
                rounded[cell], shown[cell] = True, tables[at].cells[codes].shown or 0
            if lower[cell] > upper[cell]:
                raise InputProblem(
                    f"{tables[at].table_id} {codes} contradicts {tables[places[0][0]].table_id}: the same "
                    "cell has two different published values; publish one, or declare a complete revision."
                )
    for figure in known:
        key = system.key(figure.population, figure.conditions)
        cell_at = None if key is None else system.index.get(key)
        if cell_at is not None:
            lower[cell_at] = upper[cell_at] = figure.value
            exact[cell_at] = True
    return View(system, lower, upper, exact, rounded, shown, tuple(table.table_id for table in tables))


def bounds_of(table: Protected, codes: Cell, lower_bound: int) -> tuple[int, int]:
    """Return the lowest and highest true count that a printed cell admits."""
    shown = table.cells[codes].shown
    if shown is None:
        return lower_bound, UNLIMITED
    if table.profile == "suppress":
        return shown, shown
    reach = table.far_reach if 0 <= table.far_from <= shown else table.base - 1
    return max(0, shown - reach), shown + reach


def audit(
    published: Sequence[Protected],
    policy: Policy,
    *,
    relations: Sequence[Knowledge] = (),
    known: Sequence[KnownFigure] = (),
    exact: bool = False,
) -> AuditResult:
    """Attack published tables as one system.

    A cell fails as *recovered* where only one whole number is possible, and as *too narrow* where it
    could be small but the attacker can rule out the lowest count she must consider, or the
    threshold (for a rounded cell: the ends of the range that its rounding admits). A number that no
    table prints fails where it is provably between 1 and the threshold.

    Parameters
    ----------
    published
        Protected tables of one or more releases; withheld tables tell nothing.
    relations, known
        Public knowledge beyond the tables.
    exact
        Compute the exact interval of every cell instead of stopping at a proof.

    Raises
    ------
    InputProblem
        Where the published numbers contradict each other.
    """
    view = attackers_view(
        published,
        relations=relations,
        known=known,
        lower_bound=policy.lower_bound,
        complement_variables=policy.group_disclosure,
    )
    tables = [table for table in published if not table.withheld]
    threshold = thresholds(view.system, [table.sensitive for table in tables], policy)
    try:
        attacker = Attacker(view.system.matrix, view.lower, view.upper)
        return _judge(view, attacker, threshold, relations, exact=exact)
    except Contradiction as problem:
        raise InputProblem(
            f"The published numbers around {describe(view.system, view.names, problem.cell)} contradict each other; "
            "check totals and rounding."
        ) from problem


def _judge(
    view: View, attacker: Attacker, threshold: Integers, relations: Sequence[Knowledge], *, exact: bool
) -> AuditResult:
    system = view.system
    printed = np.array([bool(places) for places in system.places], dtype=bool)
    rests = ~printed & ~system.derived & ~view.exact
    open_cells = printed & ~view.exact
    asked = open_cells & (view.lower < threshold)
    low_need = np.where(asked, view.lower, -1)
    high_need = np.where(asked, np.minimum(view.upper, threshold), -1)
    # A large rounded count only must not be recovered: two different values are enough. And
    # in rounded tables a rest is as uncertain as its parts.
    large = open_cells & view.rounded & ~asked
    judged_rests = rests & ~_beside_rounded(view, rests)
    high_need[judged_rests] = threshold[judged_rests]
    proof = _proof(view, attacker, low_need, high_need, large, relations)
    several = _several_values(proof.witnesses, len(threshold))
    findings = []
    for cell in np.flatnonzero(open_cells | rests):
        met = bool(proof.low_met[cell] and proof.high_met[cell]) and bool(
            asked[cell] or large[cell] or judged_rests[cell]
        )
        if met and not exact:
            low, high = int(max(view.lower[cell], 0)), int(max(high_need[cell], view.lower[cell]))
            if not printed[cell]:
                continue
            recovered = too_narrow = False
        elif not exact and printed[cell] and proof.low[cell] >= threshold[cell] and several[cell]:
            # Provably not small and not recovered; how far exactly it can move is nobody's question.
            low, high, recovered, too_narrow = int(proof.low[cell]), int(proof.high[cell]), False, False
        else:
            low, high = _known_range(
                attacker, int(cell), proof.witnesses, quick=not exact and not asked[cell]
            )
            recovered, too_narrow = judge_cell(
                low,
                high,
                int(threshold[cell]),
                int(view.lower[cell]),
                int(view.upper[cell]),
                printed=bool(printed[cell]),
            )
            if rests[cell] and not judged_rests[cell]:
                too_narrow = False
            if not printed[cell] and not (recovered or too_narrow):
                continue
        where = describe(system, view.names, int(cell))
        upper = None if high >= UNLIMITED else high
        if not printed[cell]:
            findings.append(CellFinding("", (), where, low, upper, recovered, too_narrow, False, int(cell)))
        for at, codes in system.places[cell]:
            findings.append(
                CellFinding(view.names[at], codes, where, low, upper, recovered, too_narrow, True, int(cell))
            )
    evidence = Evidence(
        system,
        view.names,
        view.lower,
        view.upper,
        low_shown := np.where(proof.low_met, low_need, -1),
        high_shown := np.where(proof.high_met, high_need, -1),
        _that_prove(proof.witnesses, low_shown, high_shown),
    )
    return AuditResult(tuple(findings), len(system.keys), system.matrix.shape[0], evidence)


def _several_values(witnesses: Sequence[Integers], count: int) -> np.ndarray:
    if not witnesses:
        return np.zeros(count, dtype=bool)
    tables = np.stack(witnesses)
    return np.asarray(tables.min(axis=0) < tables.max(axis=0))


def _proof(
    view: View,
    attacker: Attacker,
    low_need: Integers,
    high_need: Integers,
    large: np.ndarray,
    relations: Sequence[Knowledge],
) -> Proof:
    """Prove the needs, and of every large rounded cell that it has two possible values."""
    if not view.rounded.any():
        return attacker.prove(low_need, high_need)
    shown = _shown_table(view)
    if not attacker.agrees(shown):
        shown = attacker.any_table()
    low, high = low_need.copy(), high_need.copy()
    low[large] = shown[large]
    high[large] = np.minimum(shown[large] + 1, attacker.high[large])
    hints = [shown, *with_persons_more(view.system, relations, shown, attacker.high, high)]
    proof = attacker.prove(low, high, hints)
    same = large & ~_several_values(proof.witnesses, len(low))
    tables = proof.witnesses
    if same.any():
        # What cannot be one more than shown may still be one less.
        nothing = np.full(len(low), -1)
        tables = (*tables, *attacker.prove(np.where(same, shown - 1, -1), nothing, [shown]).witnesses)
    two = _several_values(tables, len(low))
    return Proof(
        np.where(large, two, proof.low_met),
        np.where(large, two, proof.high_met),
        proof.low,
        proof.high,
        tables,
    )


def _that_prove(
    witnesses: Sequence[Integers], low_need: Integers, high_need: Integers
) -> tuple[Integers, ...]:
    """Return the witnesses that show anything that those before them do not."""
    low_open, high_open = low_need >= 0, high_need >= 0
    kept = []
    for table in witnesses:
        low, high = low_open & (table <= low_need), high_open & (table >= high_need)
        if low.any() or high.any():
            kept.append(table)
            low_open &= ~low
            high_open &= ~high
    return tuple(kept)


def _known_range(
    attacker: Attacker, cell: int, witnesses: Sequence[Integers], *, quick: bool
) -> tuple[int, int]:
    """Return the exact interval; in a quick look any two different values of witnesses are enough."""
    if quick:
        seen = {int(table[cell]) for table in witnesses}
        if len(seen) > 1:
            return min(seen), max(seen)
    return attacker.interval(cell)


def judge_cell(
    low: int, high: int, threshold: int, lower: int, upper: int, *, printed: bool
) -> tuple[bool, bool]:
    """Return (recovered, too narrow) of a cell.

    `low` and `high` are what follows; `lower` and `upper` what the sign of the cell itself admits. A
    number that nobody prints is judged only where it is provably a few.
    """
    if not printed:
        small = 1 <= high < threshold
        return small and low == high, small and low < high
    if low == high:
        return True, False
    return False, low < threshold and (low > lower or high < min(upper, threshold))


def _beside_rounded(view: View, rests: np.ndarray) -> np.ndarray:
    matrix = view.system.matrix
    rows = (abs(matrix) @ view.rounded.astype(np.int64)) > 0
    return rests & (np.asarray(abs(matrix).T @ rows.astype(np.int64)) > 0)


def _shown_table(view: View) -> Integers:
    """Return the printed table itself: rounded counts add up, so they are one possible truth that everybody has."""
    middle = np.where(view.rounded, view.shown, np.where(view.exact, view.lower, -1))
    try:
        return solve_open(view.system, middle, view.names, partial=True)
    except InputProblem:
        return middle
