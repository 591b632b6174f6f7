"""Primary rules: which cells need protection, how much, and why. Everything here knows the true counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clearing_point.disclosure.attacker import Booleans
from clearing_point.disclosure.axes import mask_of
from clearing_point.disclosure.cells import Integers, System
from clearing_point.disclosure.insiders import Sender, few_others
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
    are declared sensitive print it. A cell of persons of whom an answer is not known has the threshold 1: no count
    of them is small.
    """
    found = np.full(len(system.keys), policy.threshold, dtype=np.int64)
    lacking = {variable: _lacking(policy, variable, leaves) for variable, leaves in system.universe.items()}
    narrows = {
        (variable, mask): _narrows(mask, system.universe[variable])
        for variable, mask in {condition for _, conditions in system.keys for condition in conditions}
    }
    for cell, (_, conditions) in enumerate(system.keys):
        if any(mask & lacking[v][0] and not mask & ~lacking[v][1] for v, mask in conditions):
            found[cell] = 1
            continue
        variables = {condition[0] for condition in conditions if narrows[condition]}
        places = system.places[cell]
        if any(crossing <= variables for crossing in policy.sensitive_crossings) or (
            places and all(sensitive[at] for at, _ in places)
        ):
            found[cell] = policy.sensitive_threshold
    return found


def _lacking(policy: Policy, variable: str, leaves: Sequence[str]) -> tuple[int, int]:
    """Return the leaf codes that say only that an answer lacks, and these with what may stand beside them, as sets."""
    if variable in policy.not_known_tells:
        return 0, 0
    lacking = policy.not_known & set(leaves)
    beside = policy.not_known_with.get(variable, frozenset()) & set(leaves)
    return mask_of(lacking, leaves), mask_of(lacking | beside, leaves)


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
    senders: Sequence[Sender] = (),
    certain: Booleans | None = None,
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
    senders
        Those who must not find a few others by taking their own from a printed number.
    certain
        Cells whose count the office knows. A number that only earlier editions imply has none here (what stands for it in
        `values` is one of many that can be): no rule about true counts applies to it, only what the audit asks.
    """
    threshold = thresholds(system, sensitive, policy)
    printed = np.array([bool(places) for places in system.places], dtype=bool)
    rests = ~printed & ~system.derived
    low = np.full(len(values), -1, dtype=np.int64)
    high = np.full(len(values), -1, dtype=np.int64)

    certain = np.ones(len(values), dtype=bool) if certain is None else certain
    small = (values > 0) & (values < threshold) & (printed | rests) & certain
    low[small], high[small] = policy.lower_bound, threshold[small]
    _few_persons(system, tables, values, threshold, policy, low, high)
    _few_after_subtraction(values, threshold, senders, low, high, printed & ~known)
    told = np.where(certain, values, -1)
    _everybody(system, told, threshold, policy, high)
    _small_groups(system, told, threshold, policy, high, known)
    hidden = (low >= 0) | ((high >= 0) & printed) | ~printed
    hidden |= _small_populations(system, tables, values, policy)
    low[known] = high[known] = -1
    hidden[known] = False
    low[~printed & ~small] = -1
    return Needs(low, high, hidden, threshold, printed, rests & ~known)


def _few_persons(
    system: System,
    tables: Sequence[CountTable],
    values: Integers,
    threshold: Integers,
    policy: Policy,
    low: Integers,
    high: Integers,
) -> None:
    """Many services of a few persons are as telling as the few persons: nobody may prove that there are any."""
    for cell, places in enumerate(system.places):
        for at, codes in places:
            behind = tables[at].behind.get(codes) if at < len(tables) else None
            if behind is not None and behind.persons < threshold[cell] <= values[cell]:
                low[cell], high[cell] = policy.lower_bound, int(values[cell])


def _few_after_subtraction(
    values: Integers,
    threshold: Integers,
    senders: Sequence[Sender],
    low: Integers,
    high: Integers,
    printed: Booleans,
) -> None:
    """A printed number less a sender's own must not leave her a few others: hide it with room for none and for many."""
    for sender in senders:
        few = printed & few_others(sender, threshold)
        fresh = few & (low < 0)
        low[fresh] = sender.own[fresh]
        low[few] = np.minimum(low, sender.own)[few]
        high[few] = np.maximum(high, sender.own + np.maximum(threshold, values - sender.own))[few]


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
                    for child in children if whole > 0 else ():
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


def _small_groups(
    system: System, values: Integers, threshold: Integers, policy: Policy, high: Integers, known: Booleans
) -> None:
    """Of a small group nobody may learn that all whose answer is known are of one kind (five of five).

    Another kind, the commonest elsewhere, must look as if it could reach the threshold.
    """
    for at, axes in enumerate(system.axes):
        for d, axis in enumerate(axes):
            if axis.variable in policy.open_variables | policy.group_disclosure:
                continue
            grid = np.moveaxis(system.grids[at], d, 0).reshape(len(axis.masks), -1)
            lacking = _lacking(policy, axis.variable, system.universe[axis.variable])[1]
            real = [bool(mask & ~lacking) for mask in axis.masks]
            often = values[grid].sum(axis=1)
            small = (values[grid] > 0) & (values[grid] < policy.small_group)
            for parent, children in axis.rows:
                kinds = sorted((c for c in children if real[c]), key=lambda c: (-often[c], c))
                for column in np.flatnonzero(small[parent]) if len(kinds) > 1 else ():
                    cells = grid[kinds, column]
                    if (values[cells] > 0).sum() == 1:
                        _ask_one(cells[(values[cells] == 0) & ~known[cells]], threshold, high)
            for whole, part in axis.complements:
                for column in np.flatnonzero(small[whole]):
                    one, all_of_them = int(grid[part, column]), int(grid[whole, column])
                    rest = system.rest_of[all_of_them, one]
                    if values[rest] == 0:
                        _ask_one(np.array([rest]), threshold, high)


def _ask_one(cells: Integers, threshold: Integers, high: Integers) -> None:
    if len(cells) and not (high[cells] >= threshold[cells]).any():
        high[cells[0]] = threshold[cells[0]]


def _small_populations(
    system: System, tables: Sequence[CountTable], values: Integers, policy: Policy
) -> Booleans:
    """Hide all details of a category (a territory) that counts too few persons in a table."""
    hidden = np.zeros(len(values), dtype=bool)
    for at, (table, axes) in enumerate(zip(tables, system.axes, strict=False)):
        if table.table_id in policy.small_population_tables or len(table.dimensions) == 1:
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
