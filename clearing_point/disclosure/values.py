"""True counts on a system: fill the cells that follow from printed ones and refuse tables that do not add up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import CountTable
from clearing_point.errors import InputProblem


def describe(system: System, tables: Sequence[str], cell: int) -> str:
    """Return where an unknown stands, without its value: table and categories, or the query itself."""
    places = system.places[cell]
    if places:
        at, codes = places[0]
        return f"{tables[at] if at < len(tables) else 'an earlier table'} [{', '.join(codes)}]"
    population, conditions = system.keys[cell]
    named = []
    for variable, mask in conditions:
        leaves = system.universe[variable]
        codes = tuple(leaf for at, leaf in enumerate(leaves) if mask >> at & 1)
        named.append(f"{variable}={'+'.join(codes[:4])}{'...' if len(codes) > 4 else ''}")
    return f"{population} [{', '.join(named)}] (not printed, but it follows from printed cells)"


def fill(system: System, tables: Sequence[CountTable], *, partial: bool = False) -> Integers:
    """Return the true count of every cell of the system.

    The system may have further tables after the given ones (earlier editions); with `partial`, cells that
    do not follow from the given tables are -1. Combinations of joint tables are -1 in any case where they do not follow.

    Raises
    ------
    InputProblem
        Where a number differs between tables, totals are not the sum of their parts, or a rest
        would be negative. Cells are named by their categories, never by their value.
    """
    values = np.full(len(system.keys), -1, dtype=np.int64)
    names = [table.table_id for table in tables]
    for cell, places in enumerate(system.places):
        for at, codes in places:
            if at >= len(tables):
                continue
            count = int(tables[at].counts.get(codes, 0))
            if values[cell] not in (-1, count):
                raise InputProblem(
                    f"Tables {tables[places[0][0]].table_id} and {tables[at].table_id} give different counts "
                    f"for the same cell {codes}; build both from the same rows."
                )
            values[cell] = count
    solve_open(system, values, names, partial=partial)
    residual = system.matrix @ values
    residual[np.asarray(abs(system.matrix) @ (values < 0).astype(np.int64)) > 0] = 0
    if residual.any():
        row = int(np.flatnonzero(residual)[0])
        cell = int(system.matrix.indices[system.matrix.indptr[row]])
        raise InputProblem(
            f"Cell {describe(system, names, cell)} is not the sum of its parts; correct the total or add the "
            "missing part (for example the unknown)."
        )
    return values


def solve_open(system: System, values: Integers, names: Sequence[str], *, partial: bool) -> Integers:
    """Fill cells of -1, in place, one by one from equations in which nothing else is open.

    Raises
    ------
    InputProblem
        Where a cell would be negative, or (unless `partial`) stays open.
    """
    wrong, left = follow(system, values)
    if wrong is not None:
        raise InputProblem(
            f"Cell {describe(system, names, wrong)} would be negative: its parts are more than the whole; "
            "correct the counts."
        )
    left &= ~system.combined
    if left.any() and not partial:
        cell = int(np.flatnonzero(left)[0])
        raise InputProblem(
            f"Cell {describe(system, names, cell)} does not follow from the tables; add it as a category."
        )
    return values


def follow(system: System, values: Integers) -> tuple[int | None, Booleans]:
    """Fill cells of -1, in place, that follow from the others by one equation each.

    Parameters
    ----------
    values
        Counts per cell, or (cells, columns) of several counts that are open in the same cells.

    Returns
    -------
    tuple
        The first cell that would be negative, if any, and which cells stay open.
    """
    matrix = system.matrix
    open_cells: Booleans = np.asarray((values < 0).reshape(len(values), -1).any(axis=1))
    by_cell = matrix.tocsc()
    left = np.asarray((matrix != 0).astype(np.int64) @ open_cells.astype(np.int64))
    ready = [int(row) for row in np.flatnonzero(left == 1)]
    while ready:
        row = ready.pop()
        cells = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        signs = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        unknown = open_cells[cells]
        if unknown.sum() != 1:
            continue
        cell, sign = int(cells[unknown][0]), int(signs[unknown][0])
        value = -(signs[~unknown] @ values[cells[~unknown]]) * sign
        if np.any(value < 0):
            return cell, open_cells
        values[cell] = value
        open_cells[cell] = False
        for touched in by_cell.indices[by_cell.indptr[cell] : by_cell.indptr[cell + 1]]:
            left[touched] -= 1
            if left[touched] == 1:
                ready.append(int(touched))
    return None, open_cells
