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
    """Return the zeros of a territory, or of the region, and a year for which nothing had been sent when it was counted."""
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
    if not years or table.covered is None:
        return frozenset()
    groups = known[TERRITORY].groups if TERRITORY in known else {}
    at, year_at = places.get(TERRITORY), places[years[0]]
    told = {year for _, year in table.covered}

    def rests_on_nothing(cell: Cell) -> bool:
        if cell[year_at] not in told:
            return True  # of the whole region, too, nobody had sent anything
        if at is None or cell[at] in (TOTAL, UNKNOWN) or cell[at] in groups:
            return False
        return (cell[at], cell[year_at]) not in (table.covered or ())

    return frozenset(
        cell for cell, entry in table.protected.cells.items() if entry.shown == 0 and rests_on_nothing(cell)
    )
