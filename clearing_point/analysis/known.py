"""What everybody knows of counted populations beyond their tables, derived from what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from clearing_point.analysis.categories import YEAR_CODELIST
from clearing_point.analysis.count import Counted, conditions_of
from clearing_point.disclosure.model import Knowledge, Relation
from clearing_point.disclosure.placed import place
from clearing_point.disclosure.relations import derive, together
from clearing_point.standard.model import TERRITORY, Breakdown


def relations_of(counted: Sequence[Counted]) -> list[Knowledge]:
    """Return what everybody knows of the counted populations beyond their tables.

    Which are part of which (those with more conditions of those with fewer), and which of their variables go together,
    derived from the units that were counted (:mod:`clearing_point.disclosure.relations`).
    """
    keys = {
        c.table.population: (c.indicator.population, frozenset(conditions_of(c.indicator))) for c in counted
    }
    parts = [
        Relation(part, whole)
        for part, (name, conditions) in sorted(keys.items())
        for whole, (other, fewer) in sorted(keys.items())
        if name == other and fewer < conditions
    ]
    units = {c.indicator.population: c.units for c in counted if c.units is not None}
    place_and_time = places_and_times(counted)
    plan = place([c.table for c in counted])
    joints = [
        derive(each, place_and_time, _settings(counted, name, place_and_time), together(plan, name))
        for name, each in sorted(units.items())
    ]
    between = {c.indicator.population: c.counted_in for c in counted}
    return [
        *parts,
        *(i for _, found in sorted(between.items()) for i in found),
        *(j for found in joints for j in found),
    ]


def places_and_times(counted: Sequence[Counted]) -> frozenset[str]:
    """Return the variables of place and time that tables count by."""
    return frozenset(b.variable for c in counted for b in c.indicator.by if _is_place_or_time(b))


def _settings(counted: Sequence[Counted], population: str, place_and_time: frozenset[str]) -> int:
    """Return for how many places and times tables of a population print numbers, at most."""
    codes: dict[str, set[frozenset[str]]] = {}
    for c in counted:
        if c.indicator.population == population:
            for dimension in c.table.dimensions:
                if dimension.variable in place_and_time:
                    codes.setdefault(dimension.variable, set()).update(
                        x.members for x in dimension.categories
                    )
    return prod(len(each) for each in codes.values())


def _is_place_or_time(breakdown: Breakdown) -> bool:
    return breakdown.codelist == YEAR_CODELIST or breakdown.codelist == breakdown.variable == TERRITORY
