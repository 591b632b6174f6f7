"""Controlled rounding of a whole programme: every cell a multiple of the base, every equation exact.

One whole-number programme over all linked tables: ``k`` with ``M k = 0``, ``b k`` one of the two multiples next
to the true count, smallest total change. Where no such table exists, cells may move one multiple
farther at a price, and everybody is told so (`reach`). Sources: Cox 1982 and Salazar 2005 (controlled rounding).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers
from clearing_point.disclosure.solver import LinearModel, SearchLimit

_FAR_PRICE = 20.0
_NODES = 5000


@dataclass(frozen=True)
class Rounded:
    """Rounded counts per cell and the largest public distance to the true count."""

    values: Integers
    reach: int


def round_system(
    matrix: sparse.csr_matrix,
    values: Integers,
    base: int,
    boxed: Booleans,
    *,
    kept: Mapping[int, int] | None = None,
    prices: Mapping[tuple[int, int], float] | None = None,
) -> Rounded | None:
    """Return additive rounded counts, or None where neither one nor two multiples of room are enough.

    Parameters
    ----------
    matrix, values
        The system and its true counts.
    base
        Rounding base.
    boxed
        Cells that must be next to their true count; the others only have to add up.
    kept
        Cells whose rounded value stands already in an earlier edition.
    prices
        Extra price of giving a cell a certain rounded value (used to turn single cells the other way).
    """
    for far in (0, 1):
        found = _round(matrix, values, base, boxed, kept or {}, prices or {}, far)
        if found is not None:
            return Rounded(found, base * (1 + far) - 1)
    return None


def _round(
    matrix: sparse.csr_matrix,
    values: Integers,
    base: int,
    boxed: Booleans,
    kept: Mapping[int, int],
    prices: Mapping[tuple[int, int], float],
    far: int,
) -> Integers | None:
    """Solve for ``k = floor(a / b) + up + over - under``: binary `up`, and `over`, `under` where far is 1."""
    count = len(values)
    start = values // base
    odd = (values % base != 0).astype(np.int64)
    right = -(matrix @ start)
    columns = [matrix]
    lower = [np.where(boxed, 0, -start).astype(float)]
    upper = [np.where(boxed, odd, 10**6).astype(float)]
    # |b (k+1) - a| - |b k - a|: what turning up costs.
    turn = np.where(boxed, (base * (start + 1) - values) - (values - base * start), 0).astype(float)
    price = [turn]
    if far:
        columns += [matrix, -matrix]
        lower += [np.zeros(count), np.zeros(count)]
        room_up = np.where(boxed, 1, 0).astype(float)
        # A rounded count of 0 persons cannot go below 0, and a true 0 stays 0 where it can.
        room_down = np.where(boxed & (start > 0), 1, 0).astype(float)
        upper += [room_up, room_down]
        price += [np.full(count, _FAR_PRICE), np.full(count, _FAR_PRICE)]
    all_lower, all_upper, all_price = np.concatenate(lower), np.concatenate(upper), np.concatenate(price)
    for cell, value in kept.items():
        step = value // base - int(start[cell])
        all_lower[cell] = all_upper[cell] = float(step)
        if far:
            all_upper[[cell + count, cell + 2 * count]] = 0.0
    for (cell, value), extra in prices.items():
        step = value // base - int(start[cell])
        all_price[cell] += extra if step >= 1 else -extra
    model = LinearModel(sparse.hstack(columns).tocsr(), all_lower, all_upper, right=right, integer=True)
    model.limit(nodes=_NODES, gap=0.0 if not far else 0.01)
    model.set_cost(np.arange(len(all_price)), all_price)
    try:
        point = model.solve()
    except SearchLimit:
        return None
    if point is None:
        return None
    steps = np.rint(point).astype(np.int64)
    found = start + steps[:count]
    if far:
        found = found + steps[count : 2 * count] - steps[2 * count :]
    found = found * base
    return None if (matrix @ found).any() else found
