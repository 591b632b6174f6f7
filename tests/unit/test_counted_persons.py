"""From cases to persons: one in each chapter, one in the region, and what lies between them adds up and stays safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest

from clearing_point.analysis.count import count_indicators
from clearing_point.analysis.persons import LINKED, mark_persons
from clearing_point.disclosure import load_policy, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.model import Category, CountTable, Dimension
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import Breakdown, Indicator, Population
from tests.conftest import ROOT
from tests.units import know_units

SQL = "SELECT person_id, territory, reference_year, began, sex, service FROM cases"
CASES = [
    # Assisted in Serbia, returned and assisted in Moldova; the Moldovan case knew her sex, the Serbian one did not.
    ("srb-1", "SRB", 2021, "2021-03-01", None, ["A"]),
    ("mda-1", "MDA", 2021, "2021-05-01", "F", ["B"]),
    # Two organisations of one territory.
    ("alb-1", "ALB", 2021, "2021-04-02", "M", ["A"]),
    ("alb-2", "ALB", 2021, "2021-06-02", "M", ["B", "A"]),
    ("rou-1", "ROU", 2022, "2022-01-01", "F", None),
    ("rou-2", "ROU", 2022, "2022-02-01", "F", ["B"]),
]
LINKS = [
    ("srb-1", "mda-1", "mda-1"),
    ("mda-1", "mda-1", "mda-1"),
    ("alb-1", "alb-1", "alb-1"),
    ("alb-2", "alb-1", "alb-1"),
    ("rou-1", "rou-1", "rou-1"),
    ("rou-2", "rou-2", "rou-1"),  # an open pair
]
TERRITORY = Breakdown("territory", "territory", {"en": "Territory"})
WAYS = Breakdown(
    "territory",
    "territory",
    {"en": "Counting"},
    total=False,
    categories=(),
    groups={
        "SUBMITTED": ("@first", "@open", "@again", "@within"),
        "WITHIN": ("@within",),
        "CHAPTERS": ("@first", "@open", "@again"),
        "AGAIN": ("@again",),
        "Total": ("@first", "@open"),
        "LOWEST": ("@first",),
    },
)
YEAR = Breakdown("reference_year", "year", {"en": "Year"}, total=False)
SEX = Breakdown("sex", "sex", {"en": "Sex"})


def indicator(which: str, by: Sequence[Breakdown], multiple: bool = False) -> Indicator:
    return Indicator(
        indicator_id=which, order=1, part="numbers", title={"en": which}, definition={"en": which},
        population="persons", by=tuple(by), rows=(), columns=(), multiple=multiple,
    )  # fmt: skip


def connected() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE cases (person_id VARCHAR, territory VARCHAR, reference_year INT, began DATE, sex VARCHAR, "
        "service VARCHAR[])"
    )
    connection.executemany("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?)", CASES)
    know_units(connection, "person", "SELECT person_id FROM cases")
    connection.execute(f"CREATE TEMP TABLE {LINKED} (person_id VARCHAR, linked VARCHAR, lowest VARCHAR)")
    connection.executemany(f"INSERT INTO {LINKED} VALUES (?, ?, ?)", LINKS)
    return connection


def counted(standard: Standard, once: str, indicators: Sequence[Indicator]) -> dict[str, CountTable]:
    people = Population("persons", {"en": "persons"}, {"en": "persons"}, SQL, once=once, first="began")
    connection = connected()
    install_macros(connection, standard)
    made = count_indicators(
        connection, replace(standard, populations={"persons": people}), indicators, [2021, 2022]
    )
    return {c.indicator.indicator_id: c.table for c in made}


def test_one_in_each_chapter_one_in_the_region_and_the_overlap_is_one(standard: Standard) -> None:
    tables = counted(standard, "year", [indicator("A", [TERRITORY, YEAR]), indicator("B", [WAYS, YEAR])])
    chapters, ways = tables["A"].counts, tables["B"].counts
    assert [chapters[t, "2021"] for t in ("SRB", "MDA", "ALB", "Total")] == [1, 1, 1, 2]
    assert [ways.get((w, "2021"), 0) for w in ("SUBMITTED", "WITHIN", "CHAPTERS", "AGAIN", "Total", "LOWEST")] == [
        4, 1, 3, 1, 2, 2,
    ]  # fmt: skip
    assert (chapters["ROU", "2022"], ways["Total", "2022"], ways["LOWEST", "2022"]) == (2, 2, 1)


def test_a_table_without_territories_counts_the_persons_of_the_region(standard: Standard) -> None:
    tables = counted(standard, "year", [indicator("A", [SEX, YEAR]), indicator("B", [TERRITORY, SEX, YEAR])])
    # The row that counts her first tells her sex; the other chapter tells what it knows.
    assert tables["A"].counts["UNK", "2021", "Total"] == 1
    assert tables["B"].counts["MDA", "F", "2021"] == 1
    assert tables["A"].counts["Total", "2021", "Total"] == tables["B"].counts["Total", "Total", "2021"] == 2


def test_what_two_organisations_of_a_territory_did_is_told_together() -> None:
    connection = connected()
    people = Population("persons", {"en": ""}, {"en": ""}, SQL, once="ever", first="began")
    assert mark_persons(connection, people, "cases", "marked")
    found = connection.execute("SELECT case_id, person_id, mark, service FROM marked ORDER BY 1").fetchall()
    assert found == [
        ("alb-1", "alb-1", "first", ["A", "B"]),
        ("alb-2", "alb-1", "within", ["B", "A"]),
        ("mda-1", "mda-1", "again", ["B"]),
        ("rou-1", "rou-1", "first", None),
        ("rou-2", "rou-2", "open", ["B"]),
        ("srb-1", "mda-1", "first", ["A"]),
    ]


def region_table(again: int) -> CountTable:
    places = ("P", "Q", "R")
    dimension = Dimension(
        "territory",
        (
            *(Category.of(p, p, f"{p}:open", f"{p}:again") for p in places),
            Category.of("Total", *places, *(f"{p}:open" for p in places)),
        ),
    )
    counts = {("P",): 60, ("Q",): 40, ("R",): 30, ("Total",): 130 - again}
    return CountTable("T", "persons", (dimension,), counts)


def test_the_overlap_is_an_unknown_of_the_system_and_hidden_when_it_is_small() -> None:
    policy = load_policy(ROOT / "schemas" / "disclosure.yml")
    system = build_system([region_table(2)])
    # Territories, region, their sum, and the overlap: two equations say all that is known of them.
    assert system.matrix.shape == (2, 6)
    for again, hides in ((0, False), (9, False), (2, True)):
        (table,) = protect([region_table(again)], policy, profile="suppress").tables
        assert any(cell.shown is None for cell in table.cells.values()) == hides, again


@pytest.mark.parametrize("again", [1, 2, 3, 4])
def test_nobody_works_out_a_small_overlap(again: int) -> None:
    policy = load_policy(ROOT / "schemas" / "disclosure.yml")
    (table,) = protect([region_table(again)], policy, profile="suppress").tables
    shown = {cell: entry.shown for cell, entry in table.cells.items()}
    possible = {
        p + q + r - total
        for p in ([shown["P",]] if shown["P",] is not None else range(140))
        for q in ([shown["Q",]] if shown["Q",] is not None else range(140))
        for r in ([shown["R",]] if shown["R",] is not None else range(140))
        for total in ([shown["Total",]] if shown["Total",] is not None else range(140))
    }
    assert {0, policy.threshold} <= possible
