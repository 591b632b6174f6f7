"""Every territory of the region stands beside two independent published series, or a line says that none was found."""

from __future__ import annotations

import csv

from tests.conftest import ROOT

REFERENCE = ROOT / "schemas" / "reference"


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_reporting_territory_has_its_lines() -> None:
    territories = {
        r["territory_id"]
        for r in _rows(ROOT / "schemas" / "territories" / "territory.csv")
        if r["reporting"] == "Y"
    }
    named = [row["territory_id"] for row in _rows(REFERENCE / "series.csv")]
    assert {t for t in territories if named.count(t) < 2} == set()


def test_the_years_of_a_series_are_those_of_its_figures() -> None:
    years: dict[str, set[str]] = {}
    for row in _rows(REFERENCE / "published_figures.csv"):
        if row["breakdown"] == row["sex"] == row["age_group"] == "TOTAL" and row["population"].startswith(
            "IDENT"
        ):
            years.setdefault(row["territory_id"], set()).add(row["reference_year"])
    for row in _rows(REFERENCE / "series.csv"):
        if row["series"] == "IDENTIFIED" and "United States" in row["publisher"]:
            mine = years[row["territory_id"]]
            assert (row["first_year"], row["last_year"]) == (min(mine), max(mine)), row["territory_id"]
