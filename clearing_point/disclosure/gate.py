"""The gate: true counts in, tables that may be printed out, or a refusal that names the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Booleans
from clearing_point.disclosure.audit import AuditResult, audit
from clearing_point.disclosure.cells import Integers, Key, System, build_system
from clearing_point.disclosure.model import (
    Cell,
    CountTable,
    KnownFigure,
    Profile,
    Protected,
    ProtectedCell,
    Relation,
    _make_protected,
)
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.rounding import Rounded, round_system
from clearing_point.disclosure.rules import Needs, primary_needs
from clearing_point.disclosure.suppress import Pattern, Problem, find_pattern
from clearing_point.disclosure.values import describe, fill
from clearing_point.errors import InputProblem

Progress = Callable[[str, int, int], None]
Reason = Literal["", "primary", "secondary", "rounded"]


@dataclass(frozen=True)
class Protection:
    """Everything the gate hands back. `tables` may be printed; the rest is for the office.

    `reasons` tells for each table why a cell is not printed exactly; publishing it would tell small
    counts from others, so it is no part of a `Protected` table.
    """

    tables: tuple[Protected, ...]
    audit: AuditResult
    reasons: Mapping[str, Mapping[Cell, Reason]] = field(repr=False)


def protect(
    tables: Sequence[CountTable],
    policy: Policy,
    *,
    profile: Profile | None = None,
    known: Sequence[KnownFigure] = (),
    relations: Sequence[Relation] = (),
    unknown: Mapping[str, frozenset[Cell]] | None = None,
    added: Mapping[str, frozenset[Cell]] | None = None,
    progress: Progress | None = None,
) -> Protection:
    """Protect all tables of an edition as one system and prove it."""
    profile = profile or policy.default_profile
    known = (*policy.known_figures, *known)
    names = [table.table_id for table in tables]
    if len(set(names)) != len(names):
        raise InputProblem("Two tables have the same table_id; give each its own.")
    system = build_system(tables, relations, policy.group_disclosure)
    values = fill(system, tables)
    public = _known_cells(system, values, known, names)
    needs = primary_needs(system, tables, values, policy, public)
    # A count that the office itself does not know is hidden, whatever number stands in for it here.
    untold = _marked(system, names, unknown)
    needs.low[untold] = needs.high[untold] = -1
    needs.hidden[untold] = True
    if profile == "suppress":
        extra = _marked(system, names, added)
        pattern = _suppress(system, values, needs, policy, public, names, progress, extra, untold)
        made = _print(system, tables, values, policy, pattern.hidden, None)
        witnesses: Sequence[Integers] = pattern.witnesses
        reasons = _reasons(system, tables, needs, pattern.hidden, None)
    else:
        rounded = round_system(system.matrix, values, policy.rounding_base, needs.printed | needs.rests)
        if rounded is None:
            raise InputProblem(
                "No additive rounding of this edition exists near the true counts; leave out the finest tables or "
                "choose the profile 'suppress'."
            )
        made = _print(system, tables, values, policy, np.zeros(len(values), dtype=bool), rounded)
        witnesses = [rounded.values]
        reasons = _reasons(system, tables, needs, None, rounded)
    hints = {key: np.array([table[at] for table in witnesses]) for at, key in enumerate(system.keys)}
    result = audit(made, policy, relations=relations, known=known, hints=hints)
    if not result.safe:
        raise InputProblem(_unproven(result))
    return Protection(made, result, reasons)


def _marked(
    system: System, names: Sequence[str], cells: Mapping[str, frozenset[Cell]] | None
) -> Booleans:
    found = np.zeros(len(system.keys), dtype=bool)
    if cells:
        for cell, places in enumerate(system.places):
            found[cell] = any(codes in cells.get(names[at], ()) for at, codes in places)
    return found


def _unproven(result: AuditResult) -> str:
    failures = result.failures
    named = "; ".join(sorted({finding.where for finding in failures})[:8])
    more = f" and {len(failures) - 8} more" if len(failures) > 8 else ""  # noqa: PLR2004
    return (
        f"The audit can work out too much about {len(failures)} cells ({named}{more}); coarsen or leave out "
        "these tables, or take the figures that give them away off the list of known figures."
    )


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


def _suppress(
    system: System,
    values: Integers,
    needs: Needs,
    policy: Policy,
    public: Booleans,
    names: Sequence[str],
    progress: Progress | None,
    extra: Booleans,
    untold: Booleans,
) -> Pattern:
    lower = np.where(needs.printed, policy.lower_bound, 0).astype(np.int64)
    frozen = public.copy()
    if policy.zeros == "always_shown":
        frozen |= needs.printed & (values == 0)
    problem = Problem(
        system.matrix,
        values,
        lower,
        needs.low,
        needs.high,
        needs.hidden,
        frozen,
        needs.threshold,
        needs.printed,
        needs.rests,
        extra,
        untold,
    )
    pattern = find_pattern(problem, progress=progress)
    if pattern.impossible:
        named = "; ".join(describe(system, names, cell) for cell in pattern.impossible[:8])
        raise InputProblem(
            f"No pattern can protect {len(pattern.impossible)} cells ({named}): everything around them is publicly "
            "known; merge these categories or take a figure off the list."
        )
    return pattern


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
            cells[at][codes] = entry
    return tuple(
        _make_protected(
            table_id=table.table_id,
            population=table.population,
            dimensions=table.dimensions,
            title=table.title,
            profile="suppress" if rounded is None else "round",
            cells=cells[at],
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
            found[tables[at].table_id][codes] = reason
    return found
