"""A submitter who knows her own clients: what she adds to the attack, and what is hidden because of her.

She knows for every cell that at least her own clients are in it. Of the others, a few in a hidden cell must
not follow exactly. (That a cell has only her clients and few others is the rule on few submitters.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Attacker
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import Cell, CountTable, Insider
from clearing_point.disclosure.suppress import Pattern, Problem, Sequential
from clearing_point.disclosure.values import fill
from clearing_point.errors import InputProblem

_ROUNDS = 6


def own_counts(system: System, tables: Sequence[CountTable], insider: Insider) -> Integers:
    """Return the insider's own clients in every cell of the system; her tables must add up like the others."""
    by_table: dict[str, dict[Cell, int]] = {table.table_id: {} for table in tables}
    for (table_id, cell), count in insider.own.items():
        if table_id not in by_table:
            raise InputProblem(f"Submitter {insider.name} has counts for {table_id}, which is no table here.")
        by_table[table_id][cell] = count
    hers = [replace(table, counts=_all_of(by_table[table.table_id])) for table in tables]
    return fill(system, hers)


def _all_of(counts: Mapping[Cell, int]) -> Mapping[Cell, int]:
    return dict(counts)


def exposed(problem: Problem, hidden: np.ndarray, own: Integers) -> list[int]:
    """Return hidden cells in which the insider can work out exactly how many others there are, and it is a few."""
    lower = np.where(hidden, np.maximum(problem.lower, own), problem.values)
    attacker = Attacker(problem.matrix, lower, np.where(hidden, UNLIMITED, problem.values))
    others = problem.values - own
    asked = np.flatnonzero(hidden & problem.guarded & (others > 0) & (others < problem.threshold))
    return [int(cell) for cell in asked if attacker.most(int(cell)) == attacker.least(int(cell))]


def guard_against(problem: Problem, pattern: Pattern, owns: Sequence[Integers]) -> Pattern:
    """Hide further cells until no insider can work out a few others exactly.

    Raises
    ------
    InputProblem
        Where hiding more does not help.
    """
    for _ in range(_ROUNDS):
        hidden = pattern.hidden.copy()
        for own in owns:
            cells = exposed(problem, hidden, own)
            if cells:
                high = np.full(len(own), -1, dtype=np.int64)
                high[cells] = problem.values[cells] + 1
                none = np.full(len(own), -1, dtype=np.int64)
                search = Sequential(
                    replace(
                        problem,
                        lower=np.maximum(problem.lower, own),
                        low_need=none,
                        high_need=high,
                        hidden=hidden,
                    )
                )
                search.meet()
                if search.impossible:
                    break
                hidden = search.hidden
        if (hidden == pattern.hidden).all():
            if any(exposed(problem, hidden, own) for own in owns):
                break
            return pattern
        again = Sequential(replace(problem, hidden=hidden))
        again.meet()
        again.guard()
        pattern = replace(pattern, hidden=again.hidden, witnesses=again.witnesses)
    raise InputProblem(
        "A submitter could work out the few clients of others; merge categories or submitters."
    )
