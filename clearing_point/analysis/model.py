"""What the analysis hands to a report: protected tables with everything that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clearing_point.disclosure.model import Cell, Protected
from clearing_point.standard.model import Indicator, Population

TOTAL = "Total"
"""Category of a dimension that admits everything."""
UNKNOWN = "UNK"
"""Category of persons for whom the variable is not known (all missing codes)."""


@dataclass(frozen=True)
class PublishedTable:
    """One protected table and where it comes from.

    Attributes
    ----------
    submissions : tuple of str
        The submissions whose rows were counted, with their version.
    made_data : bool
        At least one of them was made for demonstration.
    query : str
        The SQL that counted, before protection.
    cost : mapping
        What protection hid or changed, in cells and shares of persons.
    values : mapping or None
        The indicator's measure by cell: a median, mean, sum or rate; None where it may not be shown.
    """

    indicator: Indicator
    population: Population
    protected: Protected
    submissions: tuple[str, ...]
    made_data: bool
    query: str
    notes: tuple[str, ...]
    cost: Mapping[str, Any]
    values: Mapping[Cell, float | None] | None = None
