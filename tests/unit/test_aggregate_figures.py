"""Totals that senders counted themselves become units: margins are the sender's, and nothing is added that was not sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.analysis.origins import mark_units, origins, touched_units
from clearing_point.analysis.parts import count_in_parts
from clearing_point.disclosure import Policy, protect
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.standard.model import Breakdown, Indicator
from tests.empty_office import YEAR, Row, empty_office, send

TERRITORY = Breakdown("territory", "territory", {"en": "Territory"})
YEARS = Breakdown("reference_year", "year", {"en": "Year"}, total=False)
SEX = Breakdown("sex", "sex", {"en": "Sex"})
MINOR = Breakdown("minor", "yes_no", {"en": "Under 18"})
FORM = Breakdown("form", "aggregate_category", {"en": "Form"}, categories=("FORM_SEX", "FORM_LAB"))


def total(value: int | None, **more: Any) -> Row:
    return {"territory": "SVN", "reference_year": YEAR, "population": "IDENT_ALL", "breakdown": "TOTAL",
            "unit": "PERSONS", "value": value} | more  # fmt: skip


WHOLE = [
    total(40),
    total(28, sex="F"), total(10, sex="M"),
    total(12, age_group="0-17"), total(28, age_group="18+"), total(5, age_group="0-13"),
    total(25, breakdown="BY_FORM", category="FORM_SEX"), total(20, breakdown="BY_FORM", category="FORM_LAB"),
    # A part of its form, and of another form more persons than there are: neither is counted beside the forms.
    total(9, breakdown="BY_FORM", category="FORM_SEX_PROST"),
]  # fmt: skip


@pytest.fixture
def office(standard: Standard) -> Iterator[Any]:
    with empty_office(standard) as connection:
        yield connection


def indicator(*by: Breakdown, population: str = "aggregates_identified", **more: Any) -> Indicator:
    breakdowns = (TERRITORY, YEARS, *by)
    names = tuple(b.variable for b in breakdowns)
    return Indicator("X", 1, "numbers", {"en": "X"}, {"en": "X"}, population, breakdowns, names, (), **more)


def counted(connection: Any, standard: Standard, *indicators: Indicator) -> list[Counted]:
    open_current(connection, standard)
    named = [replace(i, indicator_id=f"X{n}") for n, i in enumerate(indicators)]
    return count_indicators(connection, standard, named, [YEAR])


def of(found: Counted, **at: str) -> int:
    cell = tuple(
        at.get(d.variable, str(YEAR) if d.variable == "reference_year" else "Total")
        for d in found.table.dimensions
    )
    return found.table.counts.get(cell, 0)


def test_every_breakdown_of_a_total_has_the_sender_s_own_margins(standard: Standard, office: Any) -> None:
    send(office, "A", WHOLE)
    whole, sex, minor, form = counted(
        office, standard, indicator(), indicator(SEX), indicator(MINOR), indicator(FORM, multiple=True)
    )
    assert of(whole, territory="SVN") == of(whole) == 40
    assert [of(sex, sex=code) for code in ("F", "M", "X", "UNK", "Total")] == [28, 10, 0, 2, 40]
    assert [of(minor, minor=code) for code in ("Y", "N", "UNK", "Total")] == [12, 28, 0, 40]
    # Forty-five forms of forty persons: some have two, and nobody has none.
    assert [of(form, form=code) for code in ("FORM_SEX", "FORM_LAB", "UNK", "Total")] == [25, 20, 0, 40]
    assert whole.table.behind["SVN", str(YEAR)].own == {"A": (40, 40)}


def test_a_breakdown_that_was_not_sent_is_not_known(standard: Standard, office: Any) -> None:
    send(office, "A", [total(40)])
    (sex,) = counted(office, standard, indicator(SEX))
    assert (of(sex, sex="UNK"), of(sex, sex="F")) == (40, 0)


def test_women_men_girls_and_boys_tell_sex_and_age(standard: Standard, office: Any) -> None:
    parts = {"WOMEN": 20, "MEN": 8, "GIRLS": 7, "BOYS": 2}
    rows = [total(n, breakdown="BY_ADULT_SEX_GROUP", category=code) for code, n in parts.items()]
    send(office, "A", [total(40), *rows])
    sex, minor = counted(office, standard, indicator(SEX), indicator(MINOR))
    assert [of(sex, sex=code) for code in ("F", "M", "UNK")] == [27, 10, 3]
    assert [of(minor, minor=code) for code in ("Y", "N", "UNK")] == [9, 28, 3]


def test_a_breakdown_that_contradicts_its_total_is_not_counted(standard: Standard, office: Any) -> None:
    send(office, "A", [total(40), total(30, sex="F"), total(20, sex="M")])
    (sex,) = counted(office, standard, indicator(SEX))
    assert [of(sex, sex=code) for code in ("F", "M", "UNK", "Total")] == [0, 0, 40, 40]


@pytest.mark.parametrize(
    ("rows", "persons"),
    [
        ([total(40), total(44, vintage="2023-05-01"), total(42, vintage="2023-03-01")], 44),
        ([total(40, sex="TOTAL", age_group="NAS", value_qualifier="EXACT")], 40),
        ([total(40, value_qualifier="ESTIMATED")], 0),
        ([total(None, value_qualifier="LT5")], 0),
        ([total(40, base_population="DETECTED")], 0),
        ([total(40, unit="EPISODES")], 0),
        ([total(2_000_000_000)], 0),
        ([total(25, population="IDENT_PRESUMED"), total(10, population="IDENT_CONFIRMED")], 35),
        ([total(40), total(25, population="IDENT_PRESUMED"), total(10, population="IDENT_CONFIRMED")], 40),
        ([total(40, population="DETECTED")], 0),
    ],
)  # fmt: skip
def test_which_total_counts(standard: Standard, office: Any, rows: Sequence[Row], persons: int) -> None:
    send(office, "A", rows)
    (whole,) = counted(office, standard, indicator())
    assert of(whole, territory="SVN") == persons


def test_of_two_senders_of_one_territory_the_larger_number_stands(standard: Standard, office: Any) -> None:
    send(office, "A", [total(40), total(40, sex="F")])
    send(office, "B", [total(55), total(9, sex="F")])
    send(office, "C", [total(30, territory="MKD")], territory="MKD")
    whole, sex = counted(office, standard, indicator(), indicator(SEX))
    assert (of(whole, territory="SVN"), of(whole)) == (55, 85)
    assert (of(sex, territory="SVN", sex="F"), of(sex, territory="SVN", sex="UNK")) == (9, 46)


def test_where_cases_are_counted_the_total_is_left_out(standard: Standard, office: Any) -> None:
    send(office, "A", [total(40), total(30, reference_year=YEAR - 1), total(50, territory="MKD")])
    people = [{"person_reference": str(n), "person_id": f"B-{n}", "sex": "F"} for n in range(3)]
    decisions = [
        {"identification_reference": str(n), "person_reference": str(n), "identification_status": "CONFIRMED",
         "identification_date": f"{YEAR}-05-01", "identification_date_precision": "DAY", "territory": "SVN"}
        for n in range(3)
    ]  # fmt: skip
    send(office, "B", people, table="person")
    send(office, "B", decisions, table="identification")
    cases, figures = counted(office, standard, indicator(population="persons_identified"), indicator())
    assert (of(cases, territory="SVN"), of(figures, territory="SVN"), of(figures, territory="MKD")) == (
        3,
        0,
        50,
    )
    open_current(office, standard)
    earlier = count_indicators(office, standard, [indicator()], [YEAR - 1])[0]
    assert earlier.table.counts["SVN", str(YEAR - 1)] == 30


def test_a_crossing_that_no_sender_sent_is_refused(standard: Standard, office: Any) -> None:
    send(office, "A", WHOLE)
    for made in (
        indicator(SEX, MINOR),
        indicator(SEX, where="minor = 'Y'"),
        indicator(where="minor = 'Y' AND sex = 'F'"),
    ):
        with pytest.raises(InputProblem, match="crosses minor and sex of totals"):
            counted(office, standard, made)


def test_small_numbers_of_a_total_are_protected_like_those_of_cases(standard: Standard, office: Any) -> None:
    send(office, "A", [total(40), total(37, sex="F"), total(3, sex="M")])
    (sex,) = counted(office, standard, indicator(SEX))
    cells = protect([sex.table], Policy.plain(5), profile="suppress").tables[0].cells
    assert cells["SVN", str(YEAR), "M"].shown is None
    assert cells["SVN", str(YEAR), "F"].shown is None, "the total less it would tell the small one"
    assert cells["SVN", str(YEAR), "Total"].shown == 40


def test_two_totals_of_one_sender_may_be_the_same_persons(standard: Standard, office: Any) -> None:
    """Three presumed and three confirmed are six units, but never sure to be six persons."""
    send(office, "A", [total(3, population="IDENT_PRESUMED"), total(3, population="IDENT_CONFIRMED")])
    (whole,) = counted(office, standard, indicator())
    assert (of(whole, territory="SVN"), whole.table.behind["SVN", str(YEAR)].persons) == (6, 3)
    shown = (
        protect([whole.table], Policy.plain(5), profile="suppress").tables[0].cells["SVN", str(YEAR)].shown
    )
    assert shown is None


def test_a_query_cannot_make_more_units_of_a_total(standard: Standard, office: Any) -> None:
    send(office, "A", [total(3)])
    figures = standard.populations["aggregates_identified"]
    more = f"SELECT * REPLACE (unit_id || '0' || unnest(range(10)) AS unit_id) FROM ({figures.sql}) AS r"
    changed = replace(
        standard, populations={**standard.populations, "aggregates_identified": replace(figures, sql=more)}
    )
    with pytest.raises(
        InputProblem, match=r"30 of its rows count what no sender sent\. Its units are made of"
    ):
        counted(office, changed, indicator())


def test_a_number_is_traced_to_the_rows_of_its_sender(standard: Standard, office: Any) -> None:
    send(office, "A", WHOLE)
    send(office, "B", [total(30, territory="MKD")], territory="MKD")
    counted(office, standard, indicator(SEX))
    office.execute("CREATE TEMP TABLE traced_row AS SELECT 'A', 'aggregate_cell', 1")
    name = "aggregates_identified"
    mark_units(office, standard, name, touched_units(standard, name, "aggregate_cell"))
    assert office.execute("SELECT count(*) FROM traced").fetchone() == (40,)
    (origin,) = origins(office, standard, name, [("aggregate_cell", "value")])
    assert (origin.submission, origin.rows) == ("A", tuple(range(len(WHOLE))))
    # A row of a case touches none of them, and asking does not fail.
    mark_units(office, standard, name, touched_units(standard, name, "identification"))
    assert office.execute("SELECT count(*) FROM traced").fetchone() == (0,)


def test_counted_in_parts_it_is_the_same(standard: Standard, office: Any) -> None:
    send(office, "A", WHOLE)
    whole = counted(office, standard, indicator(SEX), indicator(population="persons_identified"))
    named = [c.indicator for c in whole]
    parts = count_in_parts(office, standard, named, [YEAR], 3)
    assert [c.table.counts for c in parts] == [c.table.counts for c in whole]
