"""Primary rules: which cells need protection, how much, and why. Everything here knows the true counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.model import CountTable
from clearing_point.disclosure.policy import Policy


@dataclass(frozen=True)
class Needs:
    """What must stay possible for an attacker, per cell (-1: nothing is asked).

    `hidden` are cells hidden from the start; `threshold` is the threshold of each cell; `rests` are cells that
    no table prints but that follow from printed ones.
    """

    low: Integers
    high: Integers
    hidden: Booleans
    threshold: Integers
    printed: Booleans
    rests: Booleans


def thresholds(system: System, sensitive: Sequence[bool], policy: Policy) -> Integers:
    """Return the threshold of every cell.

    A cell is sensitive where it restricts all variables of a sensitive crossing, or where only tables that
    are declared sensitive print it.
    """
    found = np.full(len(system.keys), policy.threshold, dtype=np.int64)
    for cell, (_, conditions) in enumerate(system.keys):
        variables = {variable for variable, mask in conditions if _narrows(mask, system.universe[variable])}
        places = system.places[cell]
        if any(crossing <= variables for crossing in policy.sensitive_crossings) or (
            places and all(sensitive[at] for at, _ in places)
        ):
            found[cell] = policy.sensitive_threshold
    return found


def _narrows(mask: int, leaves: Sequence[str]) -> bool:
    """Say whether a set of leaf codes leaves a place out: ``SRB`` and ``SRB:again`` are one place, counted in two ways."""
    places = [leaf.partition(":")[0] for leaf in leaves]
    return {place for at, place in enumerate(places) if mask >> at & 1} != set(places)


def primary_needs(
    system: System,
    tables: Sequence[CountTable],
    values: Integers,
    policy: Policy,
    known: Booleans,
    sensitive: Sequence[bool],
) -> Needs:
    """Apply the primary rules of the policy.

    Parameters
    ----------
    system, tables, values
        The programme and its true counts.
    known
        Cells that are publicly known; nothing is asked for them, they cannot be protected.
    sensitive
        For every table of the system (also those of earlier editions) whether it is declared sensitive.
    """
    threshold = thresholds(system, sensitive, policy)
    printed = np.array([bool(places) for places in system.places], dtype=bool)
    rests = ~printed & ~system.derived
    low = np.full(len(values), -1, dtype=np.int64)
    high = np.full(len(values), -1, dtype=np.int64)

    small = (values > 0) & (values < threshold) & (printed | rests)
    low[small], high[small] = policy.lower_bound, threshold[small]
    _few_contributors(system, tables, values, threshold, policy, low, high)
    _everybody(system, values, threshold, policy, high)
    hidden = (low >= 0) | ((high >= 0) & printed) | ~printed
    hidden |= _small_populations(system, tables, values, policy)
    low[known] = high[known] = -1
    hidden[known] = False
    low[~printed & ~small] = -1
    return Needs(low, high, hidden, threshold, printed, rests & ~known)


def _few_contributors(
    system: System,
    tables: Sequence[CountTable],
    values: Integers,
    threshold: Integers,
    policy: Policy,
    low: Integers,
    high: Integers,
) -> None:
    """A count from too few submitters is known to each of them: hide it with room on both sides."""
    for cell, places in enumerate(system.places):
        for at, codes in places:
            contributors = (tables[at].contributors or {}).get(codes) if at < len(tables) else None
            if contributors is None or not values[cell] or contributors >= policy.minimum_contributors:
                continue
            if high[cell] < 0:
                low[cell] = max(policy.lower_bound, int(values[cell] - threshold[cell]))
                high[cell] = int(values[cell] + threshold[cell])


def _everybody(system: System, values: Integers, threshold: Integers, policy: Policy, high: Integers) -> None:
    """Nobody may learn that everybody of a group is in one category of a guarded variable.

    The rest of the group (a cell of its own) is 0; it must look as if it could reach the threshold.
    "All but a few" is the ordinary rule for small counts applied to that rest.
    """
    guarded = policy.group_disclosure
    for at, axes in enumerate(system.axes):
        for d, axis in enumerate(axes):
            if axis.variable not in guarded:
                continue
            grid = np.moveaxis(system.grids[at], d, 0).reshape(len(axis.masks), -1)
            for parent, children in axis.rows:
                for column in range(grid.shape[1]):
                    whole = int(values[grid[parent, column]])
                    for child in children if whole else ():
                        if int(values[grid[child, column]]) == whole:
                            _ask_rest(system, grid[:, column], parent, child, children, threshold, high)


def _ask_rest(
    system: System,
    cells: Integers,
    parent: int,
    child: int,
    children: Sequence[int],
    threshold: Integers,
    high: Integers,
) -> None:
    others = [int(cells[other]) for other in children if other != child]
    rest = others[0] if len(others) == 1 else system.rest_of.get((int(cells[parent]), int(cells[child])))
    if rest is not None:
        high[rest] = threshold[rest]


def _small_populations(
    system: System, tables: Sequence[CountTable], values: Integers, policy: Policy
) -> Booleans:
    """Hide all details of a category (a territory) that counts too few persons in a table."""
    hidden = np.zeros(len(values), dtype=bool)
    for at, (table, axes) in enumerate(zip(tables, system.axes, strict=False)):
        if table.table_id in policy.small_population_tables or len(axes) == 1:
            continue
        for d, axis in enumerate(axes):
            if axis.variable not in policy.small_population_variables:
                continue
            grid = np.moveaxis(system.grids[at], d, 0)
            widest = tuple(
                max(range(len(other.masks)), key=lambda p, m=other.masks: m[p].bit_count())  # type: ignore[misc]
                for k, other in enumerate(axes)
                if k != d
            )
            most = max(mask.bit_count() for mask in axis.masks)
            for category in range(axis.printed):
                if axis.masks[category].bit_count() == most:
                    continue
                total = int(values[grid[(category, *widest)]])
                if 0 < total < policy.small_population_minimum:
                    inner = grid[category].copy().ravel()
                    hidden[inner[inner != grid[(category, *widest)]]] = True
    return hidden
