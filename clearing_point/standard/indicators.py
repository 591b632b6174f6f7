"""Who is counted and which tables are made of it, as frozen objects: ``schemas/populations`` and ``schemas/indicators``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clearing_point.standard.aggregate_figures import Figures

Text = Mapping[str, str]
"""A text per language code; English (``en``) is always there."""


@dataclass(frozen=True)
class Breakdown:
    """One dimension of an indicator's table.

    Attributes
    ----------
    variable : str
        Column of the indicator's population.
    codelist : str
        Where its codes and labels come from; ``year`` for calendar years.
    groups : mapping
        Further categories made of several codes, such as a group of territories. With the code list ``none`` they
        are the only ones.
    unknown_label : mapping
        What a reader calls the unknown category, where "not known" would be wrong.
    unknown_with : tuple of str
        Codes that are shown in one category with the unknown, because there are hardly ever enough of them to be shown.
    """

    variable: str
    codelist: str
    label: Text
    total: bool = True
    unknown: bool = True
    """Whether some persons may have no known code; a variable that is worked out may always have one."""
    categories: tuple[str, ...] | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_labels: Mapping[str, Text] = field(default_factory=dict)
    unknown_label: Text | None = None
    unknown_with: tuple[str, ...] = ()
    each: str | None = None
    """Of reporting territories: only the rows that are counted in this way (:mod:`clearing_point.analysis.persons`)."""


@dataclass(frozen=True)
class Measure:
    """A number beside the count of each cell, such as a median of days or a rate per 100,000 inhabitants.

    Attributes
    ----------
    kind : str
        ``median``, ``mean`` or ``sum`` of the column `value` over units with a known value; ``rate`` of the shown count.
    label : mapping
        What the number is, with its unit.
    denominator : str or None
        Name of a file in ``schemas/denominators``: the sum or the count is divided by it and multiplied by `scale`.
    """

    kind: str
    label: Text
    value: str | None = None
    decimals: int = 0
    denominator: str | None = None
    scale: int = 1


@dataclass(frozen=True)
class Denominator:
    """Numbers from outside that a rate is made with: a query of territory, reference_year, denominator, comparable."""

    name: str
    title: Text
    definition: Text
    sql: str


@dataclass(frozen=True)
class Population:
    """Who is counted: a query with one row a person (and year) and the columns that may break it down.

    Attributes
    ----------
    once : str
        ``ever`` if the region counts a person in one year only, ``year`` if in every year anew.
    first : str or None
        Column with the day by which the first of a person's rows is found.
    one_row : bool or None
        Whether a case has one row (a year) in each territory; false where it has one a service, say. None: the rows tell.
    unit : str
        Table of the standard whose rows are counted, by their key; ``person`` where persons are.
    each : tuple of str
        Columns of the query for each value of which such a row counts once (a follow-up due after 6, 12, 24 months).
    figures : Figures or None
        Of totals that senders counted themselves: what they are made into units by (:mod:`.aggregate_figures`).
    places : str
        Of those: the query of the territories and years in which totals stand, also a total of nobody.
    """

    name: str
    title: Text
    definition: Text
    sql: str
    once: str = "year"
    first: str | None = None
    one_row: bool | None = None
    unit: str = "person"
    each: tuple[str, ...] = ()
    figures: Figures | None = None
    places: str = ""


@dataclass(frozen=True)
class Indicator:
    """One table of the report, declared in ``schemas/indicators/``."""

    indicator_id: str
    order: int
    part: str
    title: Text
    definition: Text
    population: str
    by: tuple[Breakdown, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    where: str | None = None
    unknown: str = "show"
    multiple: bool = False
    minimum_base: int = 20
    sensitive: bool = False
    years: str = "trend"
    caveats: tuple[Text, ...] = ()
    chart: Mapping[str, Any] | None = None
    section: str | None = None
    """Group within the part, such as ``shelter`` within ``effectiveness``."""
    share: str | None = None
    """Variable whose categories are printed with their share of the known."""
    share_range: str | None = None
    """Category of it that is the more often among the known the vaguer the dates are: its lowest and highest share of
    everybody stand beside, and dates made vaguer never raise the one nor lower the other."""
    measure: Measure | None = None
    question: tuple[float, Text] | None = None
    """A measure above the number is never printed without the sentence."""
    follow_up_months: int = 0
    """Months after its end for which persons of a year are still followed: until then the year is not complete."""

    @property
    def labels(self) -> Iterator[Text]:
        """Words of its rows and columns that no code list holds."""
        for breakdown in self.by:
            yield from (breakdown.label, *breakdown.group_labels.values())
            if breakdown.unknown_label is not None:
                yield breakdown.unknown_label
        if self.measure is not None:
            yield self.measure.label
