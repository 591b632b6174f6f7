"""The categories of an indicator's dimensions: codes, groups of codes, territories and years as sets of leaf codes."""

from __future__ import annotations

from collections.abc import Sequence

from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.analysis.persons import AGAIN, FIRST, MARKS, OPEN, leaf_of
from clearing_point.disclosure.model import Category, Dimension
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY, Breakdown, Indicator, Standard

YEAR_CODELIST = "year"
"""Code list of a dimension of calendar years."""
NONE_OF_LIST = "NIL"
"""Leaf of persons of whom all codes of a list were denied: in the total, in no category."""
_REST = "*"
_MARKED = "@"
"""Before a mark of :mod:`clearing_point.analysis.persons` in a group of territories: the region's rows with that mark."""
_OWN_GROUPS = "none"
"""Code list of a variable whose categories are the groups of its breakdown and nothing else."""


def dimension_of(
    standard: Standard, indicator: Indicator, breakdown: Breakdown, years: Sequence[int], marked: bool
) -> Dimension:
    """Return the dimension of a breakdown; `marked` where the population's rows say how the region counts them."""
    if breakdown.codelist == YEAR_CODELIST:
        chosen = years if indicator.years == "trend" else years[-1:]
        return Dimension(breakdown.variable, tuple(Category(str(y), frozenset({str(y)})) for y in chosen))
    reporting = breakdown.codelist == TERRITORY and breakdown.variable == TERRITORY
    codes = _codes(standard, breakdown, reporting)
    own_groups = breakdown.codelist == _OWN_GROUPS
    wanted = (() if own_groups else codes) if breakdown.categories is None else breakdown.categories
    beside = breakdown.unknown_with
    wanted = tuple(code for code in wanted if code not in beside)
    unknown_codes = {*wanted, *beside} - set(codes)
    if unknown_codes:
        raise InputProblem(
            f"Indicator {indicator.indicator_id}: '{min(unknown_codes)}' is no code of {breakdown.codelist}."
        )
    if reporting:
        return Dimension(breakdown.variable, _territories(breakdown, codes, wanted, marked))
    universe = {*codes, UNKNOWN}
    if indicator.multiple:
        universe.add(NONE_OF_LIST)
    parents = _parents(standard, breakdown.codelist)
    categories = [Category(code, frozenset(_members(code, codes, wanted, parents))) for code in wanted]
    taken = {leaf for c in categories for leaf in c.members}.union(beside)
    for group, members in breakdown.groups.items():
        chosen_codes = universe - taken - {UNKNOWN, NONE_OF_LIST} if members == (_REST,) else set(members)
        categories.append(Category(group, frozenset(chosen_codes)))
    if breakdown.unknown:
        categories.append(Category(UNKNOWN, frozenset({UNKNOWN, *beside})))
    if breakdown.total:
        categories.append(Category(TOTAL, frozenset(universe)))
    return Dimension(breakdown.variable, tuple(categories))


def _territories(
    breakdown: Breakdown, codes: Sequence[str], wanted: Sequence[str], marked: bool
) -> tuple[Category, ...]:
    """Return territories, each with all its persons, groups of them, and the region, where every person counts once."""

    def leaves(places: Sequence[str], *marks: str) -> frozenset[str]:
        return frozenset(leaf_of(place, mark) for place in places for mark in marks)

    own = (FIRST, OPEN, AGAIN) if marked else (FIRST,)
    if breakdown.each is not None:
        own = (breakdown.each,)
    categories = [Category(code, leaves((code,), *own)) for code in wanted]
    for group, members in breakdown.groups.items():
        marks = [m.removeprefix(_MARKED) for m in members if m.startswith(_MARKED)]
        if set(marks) - set(MARKS):
            raise InputProblem(
                f"Group {group} of territories: '@{min(set(marks) - set(MARKS))}' is no way to be counted."
            )
        left = [code for code in codes if code not in wanted]
        places = left if members == (_REST,) else [m for m in members if not m.startswith(_MARKED)]
        categories.append(Category(group, leaves(codes, *marks) if marks else leaves(places, *own)))
    if breakdown.total:
        total = own if breakdown.each is not None else own[:2]
        categories.append(Category(TOTAL, leaves(codes, *total)))
    return tuple(categories)


def _codes(standard: Standard, breakdown: Breakdown, reporting: bool) -> tuple[str, ...]:
    if breakdown.codelist == _OWN_GROUPS:
        return tuple(sorted({code for members in breakdown.groups.values() for code in members}))
    return standard.reporting_territories if reporting else standard.codes_of(breakdown.codelist)


def _parents(standard: Standard, codelist: str) -> dict[str, str | None]:
    if codelist in (TERRITORY, _OWN_GROUPS):
        return {}
    return {c.code: c.parent for c in standard.codelists[codelist].codes}


def _members(
    code: str, codes: Sequence[str], wanted: Sequence[str], parents: dict[str, str | None]
) -> set[str]:
    """A category holds its code and the codes below it that are no category of their own."""
    members = {code}
    for other in codes:
        ancestor = parents.get(other)
        while ancestor is not None and other not in wanted:
            if ancestor == code:
                members.add(other)
            if ancestor in wanted:
                break
            ancestor = parents.get(ancestor)
    return members
