"""The last question before tables are protected: does the gate know every relation that holds in what was counted?"""

from __future__ import annotations

from collections.abc import Sequence

from clearing_point.analysis.count import Counted
from clearing_point.analysis.known import places_and_times
from clearing_point.disclosure import Knowledge
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.lacking import lacking
from clearing_point.errors import InputProblem

_MOST = 60
"""Of more variables than this the test cannot yet tell what is meaning from what is an accident of few records."""


def refuse_not_known(counted: Sequence[Counted], relations: Sequence[Knowledge]) -> None:
    """Refuse an edition whose counting has a relation that the system of the gate does not imply.

    Populations of which tables speak of more than 60 variables are not asked about.

    Raises
    ------
    InputProblem
        Naming the population and the tables that are tied; never a count.
    """
    tables = [c.table for c in counted]
    units = {
        c.indicator.population: c.units
        for c in counted
        if c.units is not None and len(c.units.variables) <= _MOST
    }
    system = build_system(tables, relations)
    found = lacking(system, [table.table_id for table in tables], units, places_and_times(counted))
    if found:
        named = "; ".join(each.sentence() for each in found)
        raise InputProblem(
            f"Tables are tied in a way that the gate cannot hold against hidden counts ({named}): what a reader works out "
            "from one of them may be hidden in another. Nothing was published. Take one of these tables, or the variable "
            "that was added last, off the edition."
        )
