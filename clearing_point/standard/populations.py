"""Who is counted, as it is read from ``schemas/populations``: a query, or units made of totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clearing_point.standard.aggregate_figures import figures_of, figures_sql, places_sql
from clearing_point.standard.indicators import Population

if TYPE_CHECKING:
    from clearing_point.standard.model import CodeList, Table

_CURRENT = "current"
"""Schema of the views that queries of populations read (:func:`clearing_point.analysis.count.open_current`)."""


def population_of(
    name: str,
    source: Mapping[str, Any],
    tables: Mapping[str, Table],
    codelists: Mapping[str, CodeList],
    known: Mapping[str, Population],
) -> Population:
    """Return a population.

    Parameters
    ----------
    known : mapping
        Populations of cases, by name: units of totals leave out the territories and years in which one has anybody.

    Raises
    ------
    KeyError
        If it lacks a part, or names a table or population that is not there.
    """
    figures = figures_of(source["figures"]) if "figures" in source else None
    if figures is None:
        sql, places = source["sql"], ""
    else:
        beside = known[figures.beside].sql
        sql = figures_sql(figures, tables[source["unit"]], beside, codelists, _CURRENT)
        places = places_sql(figures, tables[source["unit"]], beside, _CURRENT)
    return Population(
        name=name,
        title=source["title"],
        definition=source["definition"],
        sql=sql,
        once=source.get("once", "year"),
        first=source.get("first"),
        one_row=source.get("one_row"),
        unit=source["unit"],
        each=tuple(source.get("each", ())),
        figures=figures,
        places=places,
    )
