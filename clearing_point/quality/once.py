"""One cause is said once: of a cell that cannot be read not also that its age does not fit, of a column not three shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from clearing_point.findings import CELL_ERROR, DATES_OF_OTHER_FORM, PARTED_OTHERWISE, WARNING
from clearing_point.quality.said import Place, runs
from clearing_point.standard.structure import RANGE, UNKNOWN_CODE, UNREADABLE

_ALWAYS_UNKNOWN, _MOSTLY_UNKNOWN, _OFTEN_UNKNOWN = "N04", "N01b", "N01a"
_UNREAD = frozenset({CELL_ERROR, DATES_OF_OTHER_FORM, PARTED_OTHERWISE, UNREADABLE, UNKNOWN_CODE})
"""Findings of cells of which nothing was taken over: the column has as many unknown answers."""
_FIRST = (CELL_ERROR, UNREADABLE, UNKNOWN_CODE, RANGE)
"""Findings of what a cell holds, gravest first; what it does not go with is no news then."""
_FOLLOW = ("A", "D", "F01", "P09", "Q", "S", "X")
"""Beginnings of rules on how answers go together."""


def said_once(places: Iterable[Place]) -> list[Place]:
    """Leave out what follows from another finding of the same cell or column; the verdict has counted it all the same."""
    every = list(places)
    rules: dict[tuple[str | None, str | None], set[str]] = {}
    first: dict[tuple[str | None, ...], set[int]] = {}
    for place in every:
        rules.setdefault((place.table, place.field), set()).add(place.rule_id)
        if place.rule_id in _FIRST and place.column:
            first.setdefault((place.sheet, place.column), set()).update(_rows(place))
    kept = []
    seen: set[tuple[object, ...]] = set()
    for place in sorted(every, key=lambda p: (p.rule_id, p.table or "", p.field or "")):
        if place.rule_id in _follows_from(rules[place.table, place.field]):
            continue
        one = place
        if place.column and place.rule_id.startswith(_FOLLOW) and place.rows:
            every_row = list(_rows(place))
            left = [row for row in every_row if row not in first.get((place.sheet, place.column), ())]
            if not left:
                continue
            if len(left) < len(every_row):
                one = replace(place, rows=tuple(runs(left)), count=len(left))
        # A column that two tables are read from is one column for its sender; what she may confirm is asked of each.
        key = (one.rule_id, one.severity, one.sheet, one.column, one.rows)
        if one.column and key in seen and (one.severity != WARNING or one.rule_id == _ALWAYS_UNKNOWN):
            continue
        seen.add(key)
        kept.append(one)
    return kept


def _follows_from(rules: set[str]) -> set[str]:
    if _ALWAYS_UNKNOWN in rules:
        shares = {_MOSTLY_UNKNOWN, _OFTEN_UNKNOWN}
        return shares | {_ALWAYS_UNKNOWN} if rules & _UNREAD else shares
    return {_OFTEN_UNKNOWN} if _MOSTLY_UNKNOWN in rules else set()


def _rows(place: Place) -> Iterator[int]:
    for first, last in place.rows:
        yield from range(first, last + 1)
