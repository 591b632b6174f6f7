"""Which numbers of a table rest on no data at all: nobody had sent anything for that territory and year.

A count makes zero of nothing. What is published says "missing" there: a zero is a statement about victims.
"""

from __future__ import annotations

from clearing_point.analysis.model import TOTAL, UNKNOWN, PublishedTable
from clearing_point.disclosure.model import Cell
from clearing_point.standard.model import TERRITORY

MISSING = "missing"
"""How a release marks such a cell; its value is empty."""
_YEAR = "year"


def missing_cells(table: PublishedTable) -> frozenset[Cell]:
    """Return the zeros of a territory and year for which nothing had been sent when that year was counted."""
    known = {b.variable: b for b in table.indicator.by}
    places = {d.variable: at for at, d in enumerate(table.protected.dimensions)}
    years = [
        d.variable
        for d in table.protected.dimensions
        # All years together are a category like "2018-2022" and no year.
        if d.variable in known
        and known[d.variable].codelist == _YEAR
        and all(category.code.isdigit() for category in d.categories)
    ]
    if TERRITORY not in places or not years or table.covered is None:
        return frozenset()
    groups = known[TERRITORY].groups if TERRITORY in known else {}
    at, year_at = places[TERRITORY], places[years[0]]
    return frozenset(
        cell
        for cell, entry in table.protected.cells.items()
        if entry.shown == 0
        and cell[at] not in (TOTAL, UNKNOWN)
        and cell[at] not in groups
        and (cell[at], cell[year_at]) not in table.covered
    )
