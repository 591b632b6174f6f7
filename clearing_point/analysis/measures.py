"""The number beside a count: medians, means and sums that passed their own gate, and rates of shown numbers.

A rate needs people and denominator of the same basis: where the one has Kosovo* and the other not, there is none
(domain.md 8.3 rule 7, rule G11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point.analysis.count import Counted
from clearing_point.analysis.model import TOTAL, Note
from clearing_point.analysis.own_rows import refuse_counted_denominator
from clearing_point.analysis.units import CURRENT
from clearing_point.disclosure import Policy, Protected, Ratio, protect_statistic, ratio
from clearing_point.disclosure.model import Cell
from clearing_point.errors import InputProblem, of_the_standard
from clearing_point.halves import rounded
from clearing_point.standard.model import TERRITORY, Denominator, Standard

_REFERENCE = "reference_population"
_YEAR = "reference_year"
_UNEQUAL_BASIS = "G11"


@dataclass(frozen=True)
class Denominators:
    """Numbers from outside by territory and year, of territories with accepted data only.

    Attributes
    ----------
    values : mapping
        (territory, year) -> number.
    unequal : frozenset
        (territory, year) whose people and denominator are of different bases: no rate, and no total over them.
    """

    values: Mapping[tuple[str, str], float] = field(default_factory=dict)
    unequal: frozenset[tuple[str, str]] = frozenset()

    def of(self, territory: str, year: str) -> float | None:
        """Return the number of a territory, or of all territories together; None where there is no right one."""
        if territory != TOTAL:
            return None if (territory, year) in self.unequal else self.values.get((territory, year))
        members = [place for place in self.values if place[1] == year]
        if not members or any(place[1] == year for place in self.unequal):
            return None
        return sum(self.values[place] for place in members)


def read_denominators(connection: Any, standard: Standard, names: Sequence[str]) -> dict[str, Denominators]:
    """Run the queries of ``schemas/denominators`` over the ``current`` views.

    They see ``reference_population`` (territory, reference_year, population, includes_kosovo) beside the submissions.

    Raises
    ------
    InputProblem
        If there is no such file, or it is more than a query.
    InternalError
        If its query cannot be run.
    """
    rows = standard.territory_files["population"]
    table = pa.table({
        "territory": pa.array([r["territory_id"] for r in rows], pa.string()),
        "reference_year": pa.array([int(r["year"]) for r in rows], pa.int32()),
        "population": pa.array([float(r["population"]) for r in rows], pa.float64()),
        "includes_kosovo": pa.array([r["includes_kosovo"] for r in rows], pa.string()),
    })  # fmt: skip
    connection.register(_REFERENCE, table)
    try:
        return {
            name: _read(connection, declared_denominator(standard, name)) for name in dict.fromkeys(names)
        }
    finally:
        connection.unregister(_REFERENCE)


def declared_denominator(standard: Standard, name: str) -> Denominator:
    """Return a denominator of the standard.

    Raises
    ------
    InputProblem
        If there is none of that name, or its query reads what persons are counted of.
    """
    if name not in standard.denominators:
        raise InputProblem(f"There is no denominator '{name}' in schemas/denominators.")
    refuse_counted_denominator(standard, standard.denominators[name], _REFERENCE)
    return standard.denominators[name]


def _read(connection: Any, denominator: Denominator) -> Denominators:
    # A territory without accepted data in the year has no people in the numerator, so it must not stand below it.
    query = (
        f"SELECT d.territory, d.reference_year, d.denominator, d.comparable FROM ({denominator.sql}) AS d "
        f'WHERE EXISTS (SELECT 1 FROM "{CURRENT}".submission AS s WHERE s.territory = d.territory '
        "AND d.reference_year BETWEEN year(s.period_start) AND year(s.period_end))"
    )
    try:
        found = connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise of_the_standard(error, f"Denominator {denominator.name}", "schemas/denominators") from error
    return Denominators(
        {(str(t), str(y)): float(n) for t, y, n, _ in found if n},
        frozenset((str(t), str(y)) for t, y, _, comparable in found if not comparable),
    )


def values_of(
    counted: Counted, shown: Protected, policy: Policy, denominators: Mapping[str, Denominators]
) -> dict[Cell, float | None] | None:
    """Return the measure of an indicator by cell, None in a cell where it may not be shown; None without a measure."""
    measure = counted.indicator.measure
    if measure is None:
        return None
    if shown.withheld:
        return {}
    below = denominators[measure.denominator] if measure.denominator else None
    if counted.statistic is None:
        if below is None:
            raise InputProblem(
                f"Indicator {counted.indicator.indicator_id}: a rate needs a denominator of schemas/denominators."
            )
        return {
            cell: _rate(shown, cell, measure.scale, _below(counted, below, cell), policy)
            for cell in shown.cells
        }
    try:
        found = protect_statistic(counted.statistic, shown, policy)
        # A frozen year shows what it showed: a number made of other records has no place beside it.
        then, now = counted.table.counts, counted.statistic.base.counts
        found = {cell: value if then.get(cell) == now.get(cell) else None for cell, value in found.items()}
    except InputProblem:
        # No pattern of hidden values can be proven safe: none of them is shown, the counts stay.
        return dict.fromkeys(counted.statistic.values)
    if below is None:
        return found
    return {
        cell: None
        if value is None or not (number := _below(counted, below, cell))
        else rounded(measure.scale * value / number, measure.decimals)
        for cell, value in found.items()
    }


def _rate(
    shown: Protected, cell: Cell, scale: int, denominator: float | None, policy: Policy
) -> float | None:
    return ratio(shown, Ratio(cell, cell, scale), policy, denominator=denominator) if denominator else None


def _below(counted: Counted, denominators: Denominators, cell: Cell) -> float | None:
    place = dict(zip((d.variable for d in counted.table.dimensions), cell, strict=True))
    return denominators.of(place.get(TERRITORY, TOTAL), place.get(_YEAR, ""))


def notes_of(
    counted: Counted, standard: Standard, denominators: Mapping[str, Denominators]
) -> tuple[Note, ...]:
    """Say where a rate is left out because its two sides are of different bases (G11)."""
    measure = counted.indicator.measure
    if measure is None or measure.denominator is None:
        return ()
    years = {c.code for d in counted.table.dimensions if d.variable == _YEAR for c in d.categories}
    left = sorted({t for t, year in denominators[measure.denominator].unequal if year in years})
    if not left:
        return ()
    said = {}
    for language, what in standard.messages[_UNEQUAL_BASIS]["what"].items():
        names = ", ".join(standard.territory_name(territory, language=language) for territory in left)
        said[language] = f"{what} ({_UNEQUAL_BASIS}: {names})"
    return (Note(said),)
