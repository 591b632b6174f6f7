"""True counts on a system: fill the cells that follow from printed ones and refuse tables that do not add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import Cell, CountTable
from clearing_point.errors import InputProblem


def describe(system: System, tables: Sequence[str], cell: int) -> str:
    """Return where an unknown stands, without its value: table and categories, or the query itself."""
    places = system.places[cell]
    if places:
        at, codes = places[0]
        return f"{tables[at]} [{', '.join(codes)}]"
    population, conditions = system.keys[cell]
    named = []
    for variable, mask in conditions:
        leaves = system.universe[variable]
        codes = tuple(leaf for at, leaf in enumerate(leaves) if mask >> at & 1)
        named.append(f"{variable}={'+'.join(codes[:4])}{'...' if len(codes) > 4 else ''}")  # noqa: PLR2004
    return f"{population} [{', '.join(named)}] (not printed, but it follows from printed cells)"


def fill(system: System, tables: Sequence[CountTable]) -> Integers:
    """Return the true count of every cell of the system.

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
            count = int(tables[at].counts.get(codes, 0))
            if values[cell] not in (-1, count):
                raise InputProblem(
                    f"Tables {tables[places[0][0]].table_id} and {tables[at].table_id} give different counts "
                    f"for the same cell {codes}; build both from the same rows."
                )
            values[cell] = count
    _solve_unknown(system, values, names)
    residual = system.matrix @ values
    if residual.any():
        row = int(np.flatnonzero(residual)[0])
        cell = int(system.matrix.indices[system.matrix.indptr[row]])
        raise InputProblem(
            f"Cell {describe(system, names, cell)} is not the sum of its parts; correct the total or add the "
            "missing part (for example the unknown)."
        )
    return values


def _solve_unknown(system: System, values: Integers, names: Sequence[str]) -> None:
    """Fill never-printed cells one by one from equations in which nothing else is open."""
    matrix = system.matrix
    open_cells = values < 0
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
        value = -int((signs[~unknown] * values[cells[~unknown]]).sum()) * sign
        if value < 0:
            raise InputProblem(
                f"Cell {describe(system, names, cell)} would be negative: its parts are more than the whole; "
                "correct the counts."
            )
        values[cell] = value
        open_cells[cell] = False
        for touched in by_cell.indices[by_cell.indptr[cell] : by_cell.indptr[cell + 1]]:
            left[touched] -= 1
            if left[touched] == 1:
                ready.append(int(touched))
    if open_cells.any():
        cell = int(np.flatnonzero(open_cells)[0])
        raise InputProblem(
            f"Cell {describe(system, names, cell)} does not follow from the tables; add it as a category."
        )


def printed_counts(system: System, tables: Sequence[CountTable], values: Integers) -> list[Mapping[Cell, int]]:
    """Return for each table the count of every combination of categories, absent ones as 0."""
    found: list[dict[Cell, int]] = [{} for _ in tables]
    for cell, places in enumerate(system.places):
        for at, codes in places:
            found[at][codes] = int(values[cell])
    return list(found)


def place_index(system: System) -> dict[tuple[int, Cell], int]:
    """Return the unknown behind each printed place."""
    return {place: cell for cell, places in enumerate(system.places) for place in places}


Booleans = npt.NDArray[np.bool_]
