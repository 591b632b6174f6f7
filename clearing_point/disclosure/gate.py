"""The gate: true counts in, tables that may be printed out, or a refusal that names the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.audit import AuditResult, audit
from clearing_point.disclosure.cells import Integers, System, build_system
from clearing_point.disclosure.certificates import Certificates, make_certificates
from clearing_point.disclosure.cost import Cost, check_plan, cost_of_rounding, cost_of_suppression
from clearing_point.disclosure.editions import check_frozen, complete, what_is_out
from clearing_point.disclosure.insiders import Sender, guard_against, learnt_by_any, senders_of
from clearing_point.disclosure.ledger import Ledger
from clearing_point.disclosure.model import (
    Cell,
    CountTable,
    Knowledge,
    KnownFigure,
    NotSafe,
    Profile,
    Protected,
    ProtectedCell,
    _make_protected,
)
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.refusal import out_fails, tables_around, unproven
from clearing_point.disclosure.rounding import Rounded, round_system
from clearing_point.disclosure.rules import Needs, primary_needs
from clearing_point.disclosure.suppress import Problem, find_pattern
from clearing_point.disclosure.values import describe, fill
from clearing_point.errors import InputProblem

Progress = Callable[[str, int, int], None]
Reason = Literal["", "primary", "secondary", "rounded"]
_TURNS = 4
_TURN_PRICE = 100.0


@dataclass(frozen=True)
class Protection:
    """Everything the gate hands back. `tables` may be printed; the rest is for the office.

    `reasons` tells for each table why a cell is not printed exactly; publishing it would tell small
    counts from others, so it is no part of a `Protected` table.
    """

    tables: tuple[Protected, ...]
    audit: AuditResult
    reasons: Mapping[str, Mapping[Cell, Reason]] = field(repr=False)
    cost: Cost

    @property
    def certificates(self) -> Certificates:
        """Whole-number witness tables for every need that the audit asked (`verify_certificates`)."""
        return make_certificates(self.audit)


def protect(
    tables: Sequence[CountTable],
    policy: Policy,
    *,
    profile: Profile | None = None,
    known: Sequence[KnownFigure] = (),
    relations: Sequence[Knowledge] = (),
    ledger: Ledger | None = None,
    edition: str = "",
    complete_revision: str = "",
    unknown: Mapping[str, frozenset[Cell]] | None = None,
    added: Mapping[str, frozenset[Cell]] | None = None,
    keep: Mapping[str, Mapping[Cell, ProtectedCell]] | None = None,
    progress: Progress | None = None,
) -> Protection:
    """Protect all tables of an edition as one system, attack the result, and hand it back only if it stood.

    Parameters
    ----------
    tables
        True counts. All tables that go out together belong into one call.
    profile
        `suppress` or `round`; the policy's default where not given.
    known, relations
        Public knowledge: figures printed elsewhere, populations that are part of others.
    ledger, edition
        What was published before becomes part of the system. The gate reads the ledger; `Ledger.append`
        enters the tables once they are out.
    complete_revision
        The printed reason of a declared complete revision: earlier tables of these populations are then not
        taken as statements about the same records.
    unknown, added
        Cells whose count the office does not know (hidden in a received file), totals that nobody asked for.
    keep
        Cells of a re-issue that did not change, as they were printed: hidden ones stay hidden, rounded ones keep
        their multiple, or the two issues side by side would tell more than each.
    progress
        Called with (stage, done, of) now and then.

    Raises
    ------
    InputProblem
        Tables that do not add up or differ from what is out, a plan that is too fine, a need that cannot be
        met or proven. Cells and tables are named, values never.
    """
    profile = profile or policy.default_profile
    known = (*policy.known_figures, *known)
    own = [table.table_id for table in tables]
    if not own or len(set(own)) != len(own):
        raise InputProblem("Hand over at least one table, each with a table_id of its own.")
    earlier: list[Protected] = []
    if ledger is not None and not complete_revision:
        earlier = ledger.beside([table.population for table in tables], relations)
    names = [*own, *(table.table_id for table in earlier)]
    system = build_system([*tables, *earlier], relations, policy.group_disclosure)
    values = fill(system, tables, partial=bool(earlier))
    out = what_is_out(system, len(tables), earlier, policy.lower_bound)
    check_frozen(system, values, out, names)
    told_by_tables = values >= 0
    values, open_before = complete(system, values, out, names)
    public = _known_cells(system, values, known, names) | (
        out.shown & np.array([bool(p) for p in system.places])
    )
    public |= system.nobody & (values == 0)
    sensitive = [*(table.sensitive for table in tables), *(table.sensitive for table in earlier)]
    certain = told_by_tables | ~open_before
    told = np.where(certain, values, -1)
    senders = () if policy.senders == "nobody" else senders_of(system, tables, told, policy.sender_variable)
    needs = primary_needs(system, tables, values, policy, public, sensitive, senders, certain)
    # A count that the office itself does not know is hidden, whatever number stands in for it here.
    untold = _marked(system, names, unknown) | (needs.printed & ~told_by_tables & open_before)
    needs.low[_marked(system, names, unknown)] = needs.high[_marked(system, names, unknown)] = -1
    needs.hidden[untold] = True
    standing = _standing(system, names, keep or {})
    needs.hidden[[cell for cell, entry in standing.items() if entry.shown is None]] = True
    rounded_before = {
        cell: entry.shown
        for cell, entry in standing.items()
        if entry.status == "rounded" and entry.shown is not None
    }
    job = _Job(
        system, tables, earlier, names, values, needs, policy, public, untold, relations, known, rounded_before,
        progress,
    )  # fmt: skip
    if profile == "suppress":
        return job.suppress(_marked(system, names, added), senders)
    return job.round(out.lower, out.upper)


@dataclass
class _Job:
    """One call of the gate: everything that both profiles need."""

    system: System
    tables: Sequence[CountTable]
    earlier: Sequence[Protected]
    names: Sequence[str]
    values: Integers
    needs: Needs
    policy: Policy
    public: Booleans
    untold: Booleans
    relations: Sequence[Knowledge]
    known: Sequence[KnownFigure]
    rounded_before: Mapping[int, int]
    progress: Progress | None

    def suppress(self, extra: Booleans, senders: Sequence[Sender]) -> Protection:
        system, values, needs, policy = self.system, self.values, self.needs, self.policy
        check_plan(system, self.tables, values, needs, policy)
        frozen = self.public.copy()
        if policy.zeros == "always_shown":
            frozen |= needs.printed & (values == 0)
        lower = np.where(needs.printed, policy.lower_bound, 0).astype(np.int64)
        problem = Problem(
            system.matrix, values, lower, needs.low, needs.high, needs.hidden, frozen, needs.threshold,
            needs.printed, needs.rests, extra, self.untold, np.array([len(p) for p in system.places]),
        )  # fmt: skip
        pattern = find_pattern(problem, progress=self.progress)
        self._refuse(pattern.impossible)
        if policy.senders == "everything":
            pattern = guard_against(problem, pattern, senders)
            self._refuse(pattern.impossible)
        made = _print(system, self.tables, values, policy, pattern.hidden, None)
        result = self.attack(made)
        if not result.safe:
            raise self._refusal(made, result)
        if policy.senders == "everything":
            settled = set(pattern.impossible)
            learnt = learnt_by_any(problem, pattern.hidden, senders, pattern.witnesses)
            self._refuse([cell for cell in learnt if cell not in settled], beside=bool(self.earlier))
        cost = cost_of_suppression(system, self.tables, values, problem, pattern)
        return Protection(made, result, _reasons(system, self.tables, needs, pattern.hidden, None), cost)

    def _refuse(self, cells: Sequence[int], *, beside: bool = False) -> None:
        # Beside what is out, a need that nothing can meet any more was settled when that went out. The audit judges it, as
        # it did then: one rule for what is out.
        if len(cells) and (beside or not self.earlier):
            named = "; ".join(describe(self.system, self.names, cell) for cell in cells[:8])
            raise NotSafe(
                f"No pattern can protect {len(cells)} cells ({named}): everything around them is publicly known, or "
                "known to a sender; merge these categories or take a figure off the list.",
                tables_around(self.system, self.names, len(self.tables), cells),
                beside=beside,
            )

    def round(self, earlier_low: Integers, earlier_high: Integers) -> Protection:
        system, values, needs, policy = self.system, self.values, self.needs, self.policy
        kept = self._kept()
        prices: dict[tuple[int, int], float] = {}
        result = None
        for _ in range(_TURNS):
            rounded = round_system(
                system.matrix, values, policy.rounding_base, (needs.printed | needs.rests) & ~self.untold,
                kept=kept, prices=prices,
            )  # fmt: skip
            if rounded is None:
                break
            made = _print(system, self.tables, values, policy, np.zeros(len(values), dtype=bool), rounded)
            result = self.attack(made)
            if result.safe:
                cost = cost_of_rounding(system, self.tables, values, rounded.values)
                return Protection(made, result, _reasons(system, self.tables, needs, None, rounded), cost)
            # Turn the cells that are known too well the other way and attack again.
            place = {spot: cell for cell, spots in enumerate(system.places) for spot in spots}
            for finding in result.failures:
                if finding.table_id in self.names:
                    cell = place.get((self.names.index(finding.table_id), finding.cell))
                    if cell is not None:
                        prices[cell, int(rounded.values[cell])] = _TURN_PRICE
        if result is not None:
            raise self._refusal(made, result)
        raise NotSafe(
            "No additive rounding of this edition exists near the true counts; leave out the finest tables or choose "
            "the profile 'suppress'.",
            (table.table_id for table in self.tables),
        )

    def _kept(self) -> dict[int, int]:
        """Return the rounded values that are out: a cell keeps its direction, or two editions would tell more."""
        found = dict(self.rounded_before)
        for cell, places in enumerate(self.system.places):
            for at, codes in places:
                if at >= len(self.tables):
                    table = self.earlier[at - len(self.tables)]
                    shown = table.cells[codes].shown
                    if (
                        table.profile == "round"
                        and table.base == self.policy.rounding_base
                        and shown is not None
                    ):
                        found[cell] = shown
        return found

    def attack(self, made: Sequence[Protected]) -> AuditResult:
        # The audit gets no hint from the protector: its witnesses, and so the certificates, are a function of
        # what is printed. Witnesses of the protector lie around the true table and would give it away.
        return audit([*made, *self.earlier], self.policy, relations=self.relations, known=self.known)

    def _refusal(self, made: Sequence[Protected], result: AuditResult) -> InputProblem:
        """Say why these tables may not go out."""
        beside = False
        if self.earlier:
            alone = audit(self.earlier, self.policy, relations=self.relations, known=self.known)
            if not alone.safe:
                return InputProblem(out_fails(alone))
            beside = audit(made, self.policy, relations=self.relations, known=self.known).safe
        failing = [finding.number for finding in result.failures]
        around = tables_around(self.system, self.names, len(self.tables), failing)
        return NotSafe(unproven(result), around, beside=beside)


def _marked(system: System, names: Sequence[str], cells: Mapping[str, frozenset[Cell]] | None) -> Booleans:
    found = np.zeros(len(system.keys), dtype=bool)
    if cells:
        for cell, places in enumerate(system.places):
            found[cell] = any(codes in cells.get(names[at], ()) for at, codes in places)
    return found


def _standing(
    system: System, names: Sequence[str], keep: Mapping[str, Mapping[Cell, ProtectedCell]]
) -> dict[int, ProtectedCell]:
    found = {}
    for cell, places in enumerate(system.places if keep else ()):
        for at, codes in places:
            if codes in keep.get(names[at], {}):
                found[cell] = keep[names[at]][codes]
    return found


def _known_cells(
    system: System, values: Integers, known: Sequence[KnownFigure], names: Sequence[str]
) -> Booleans:
    public = np.zeros(len(values), dtype=bool)
    for figure in known:
        key = system.key(figure.population, figure.conditions)
        cell = None if key is None else system.index.get(key)
        if cell is None:
            continue
        if figure.value != values[cell]:
            raise InputProblem(
                f"The publicly known figure for {describe(system, names, cell)} differs from our count; correct "
                "one of them, or take it off the list and explain the difference in the report."
            )
        public[cell] = True
    return public


def _print(
    system: System,
    tables: Sequence[CountTable],
    values: Integers,
    policy: Policy,
    hidden: Booleans,
    rounded: Rounded | None,
) -> tuple[Protected, ...]:
    cells: list[dict[Cell, ProtectedCell]] = [{} for _ in tables]
    for cell, places in enumerate(system.places):
        if rounded is not None:
            entry = ProtectedCell(int(rounded.values[cell]), "rounded")
        elif hidden[cell]:
            entry = ProtectedCell(None, "hidden")
        else:
            entry = ProtectedCell(int(values[cell]), "")
        for at, codes in places:
            if at < len(tables):
                cells[at][codes] = entry
    return tuple(
        _make_protected(
            table_id=table.table_id,
            population=table.population,
            dimensions=table.dimensions,
            title=table.title,
            profile="suppress" if rounded is None else "round",
            # In the order of the categories: the order of rows must not tell anything.
            cells={
                codes: cells[at][codes]
                for codes in product(*([c.code for c in d.categories] for d in table.dimensions))
            },
            sign=policy.sign,
            base=0 if rounded is None else policy.rounding_base,
            far_from=-1 if rounded is None or rounded.far_from is None else rounded.far_from,
            far_reach=0 if rounded is None else rounded.far_reach,
            sensitive=table.sensitive,
            multiple_response=table.multiple_response,
        )
        for at, table in enumerate(tables)
    )


def _reasons(
    system: System,
    tables: Sequence[CountTable],
    needs: Needs,
    hidden: Booleans | None,
    rounded: Rounded | None,
) -> Mapping[str, Mapping[Cell, Reason]]:
    found: dict[str, dict[Cell, Reason]] = {table.table_id: {} for table in tables}
    for cell, places in enumerate(system.places):
        reason: Reason = ""
        if rounded is not None:
            reason = "rounded"
        elif hidden is not None and hidden[cell]:
            reason = "primary" if needs.hidden[cell] else "secondary"
        for at, codes in places:
            if at < len(tables):
                found[tables[at].table_id][codes] = reason
    return found


def withhold(table: CountTable, policy: Policy, reason: str) -> Protected:
    """Return a table that is kept back as a whole: no cell, only the reason to print in its place."""
    if not reason:
        raise InputProblem(f"Give the reason why {table.table_id} is withheld; the reader sees it.")
    return _make_protected(
        table_id=table.table_id,
        population=table.population,
        dimensions=table.dimensions,
        title=table.title,
        profile="suppress",
        cells={},
        sign=policy.sign,
        sensitive=table.sensitive,
        multiple_response=table.multiple_response,
        reason=reason,
    )
