"""What a count asks of totals that senders counted themselves: where they stand, and that no table crosses two of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from clearing_point.analysis.persons import YEAR
from clearing_point.errors import InputProblem
from clearing_point.standard.aggregate_figures import invented_joints
from clearing_point.standard.model import TERRITORY, Indicator, Standard
from clearing_point.standard.qualify import parse_expression


def places_of(connection: Any, standard: Standard, name: str) -> frozenset[tuple[str, str]] | None:
    """Return the territories and years in which totals of a population stand; None where it is of cases."""
    query = standard.populations[name].places
    if not query:
        return None
    rows = connection.execute(f"SELECT {TERRITORY}, {YEAR} FROM ({query}) AS places").fetchall()
    return frozenset((str(territory), str(year)) for territory, year in rows)


def refuse_invented_joint(standard: Standard, indicator: Indicator, conditions: Sequence[str]) -> None:
    """Refuse a table that crosses two breakdowns of totals: no sender said who is in both.

    Raises
    ------
    InputProblem
        Naming the variables.
    """
    figures = standard.populations[indicator.population].figures
    if figures is None:
        return
    names = {b.variable for b in indicator.by}
    for condition in conditions:
        names |= {column.name for column in exp.Paren(this=parse_expression(condition)).find_all(exp.Column)}
    asked = invented_joints(figures, sorted(names))
    if asked:
        raise InputProblem(
            f"Indicator {indicator.indicator_id} crosses {' and '.join(asked)} of totals that senders counted themselves: "
            "no sender said who is in both. Take one of them."
        )
