"""Successive editions: what is frozen, what may be re-issued, and the line for late records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED, Attacker, Contradiction
from clearing_point.disclosure.audit import bounds_of
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import Cell, CountTable, Protected
from clearing_point.disclosure.refusal import RESTORE
from clearing_point.disclosure.values import describe
from clearing_point.errors import InputProblem


@dataclass(frozen=True)
class Earlier:
    """What earlier editions already tell about the cells of a joint system, as bounds per cell."""

    lower: Integers
    upper: Integers
    shown: np.ndarray


def what_is_out(system: System, tables: int, earlier: Sequence[Protected], lower_bound: int) -> Earlier:
    """Return the public bounds of a joint system whose tables from position `tables` on are earlier ones."""
    count = len(system.keys)
    lower, upper = np.zeros(count, dtype=np.int64), np.full(count, UNLIMITED, dtype=np.int64)
    for cell, places in enumerate(system.places):
        for at, codes in places:
            if at >= tables:
                low, high = bounds_of(earlier[at - tables], codes, lower_bound)
                lower[cell], upper[cell] = max(lower[cell], low), min(upper[cell], high)
    return Earlier(lower, upper, lower == upper)


def check_frozen(system: System, values: Integers, earlier: Earlier, names: Sequence[str]) -> None:
    """Refuse counts that differ from what is out: a reference year is published once.

    Raises
    ------
    InputProblem
        Naming cells (never values) and the three ways out.
    """
    told = values >= 0
    changed = np.flatnonzero(told & ((values < earlier.lower) | (values > earlier.upper)))
    if len(changed):
        named = "; ".join(describe(system, names, int(cell)) for cell in changed[:5])
        raise InputProblem(
            f"{len(changed)} counts differ from what an earlier edition published ({named}); print late records on a "
            "line of their own, re-issue the year if every change is 0 or at least the threshold, or declare a "
            "complete revision."
        )


def complete(
    system: System, values: Integers, earlier: Earlier, names: Sequence[str]
) -> tuple[Integers, np.ndarray]:
    """Fill cells that only earlier editions print with any table that agrees with everything.

    Returns the values and a mask of the cells that were filled in like this: their true count is not
    known here, and witnesses do not need it.
    """
    told = values >= 0
    lower = np.where(told, values, earlier.lower)
    upper = np.where(told, values, earlier.upper)
    try:
        attacker = Attacker(system.matrix, lower, upper)
        filled = attacker.low.copy()
        for part in attacker.parts:
            filled[part.cells] = part.any_point()
    except Contradiction as problem:
        try:
            Attacker(system.matrix, earlier.lower, earlier.upper)
        except Contradiction as out:
            raise InputProblem(
                f"What is out contradicts itself around {describe(system, names, out.cell)}, whatever this edition prints: "
                f"{RESTORE}"
            ) from out
        raise InputProblem(
            "The new counts cannot be true together with what earlier editions published; declare a complete "
            "revision, or print the difference on a line of its own."
        ) from problem
    return filled, attacker.part_of >= 0


def changes(old: CountTable, new: CountTable) -> dict[Cell, int]:
    """Return the change of every cell of a table between two states of the same reference year."""
    if old.dimensions != new.dimensions or old.population != new.population:
        raise InputProblem(
            f"{new.table_id} has other categories than before; a re-issued table keeps its shape."
        )
    cells = sorted({*old.counts, *new.counts})
    return {cell: int(new.counts.get(cell, 0)) - int(old.counts.get(cell, 0)) for cell in cells}


def check_reissue(old: Sequence[CountTable], new: Sequence[CountTable], threshold: int) -> None:
    """Allow a year to be re-issued only where every change of every cell is 0 or at least the threshold.

    Raises
    ------
    InputProblem
        Naming tables and the number of cells that changed by a few.
    """
    before = {table.table_id: table for table in old}
    small: dict[str, int] = {}
    for table in new:
        if table.table_id in before:
            steps = changes(before[table.table_id], table).values()
            count = sum(0 < abs(step) < threshold for step in steps)
            if count:
                small[table.table_id] = count
    if small:
        named = ", ".join(f"{table} ({count} cells)" for table, count in sorted(small.items()))
        raise InputProblem(
            f"The year cannot be re-issued: counts changed by less than {threshold} in {named}; print the late records "
            "on a line of their own."
        )


def late_line(old: CountTable, new: CountTable) -> CountTable:
    """Return the late records of a frozen year as a table of its own population, to be protected like any other.

    Raises
    ------
    InputProblem
        Where a count went down: a withdrawal is no late record and needs a complete revision.
    """
    steps = changes(old, new)
    if any(step < 0 for step in steps.values()):
        raise InputProblem(
            f"{new.table_id}: counts went down since the year was published; declare a complete revision."
        )
    return CountTable(
        f"{new.table_id}-late",
        f"{new.population}, reported late",
        new.dimensions,
        steps,
        sensitive=new.sensitive,
        title=new.title,
        multiple_response=new.multiple_response,
    )
