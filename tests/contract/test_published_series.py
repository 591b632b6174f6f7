"""Every territory of the region stands beside two independent published series, or a line says that none was found."""

from __future__ import annotations

import csv

from clearing_point.standard.files import read_yaml
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
    publishers: dict[str, set[str]] = {}
    for row in _rows(REFERENCE / "series.csv"):
        publishers.setdefault(row["territory_id"], set()).add(row["publisher"])
        if row["series"] == "NONE":
            assert "was found" in row["note"], row["territory_id"]
    # A line that none was found has no publisher: it stands as the second one.
    assert {t for t in territories if len(publishers.get(t, ())) < 2} == set()


def test_a_year_of_the_edition_without_a_figure_is_named() -> None:
    """Of every series, the years of the edition 2022 in which it has no total stand in its note."""
    edition = read_yaml(ROOT / "reports" / "editions" / "2022.yml")
    years: dict[tuple[str, str], set[int]] = {}
    for row in _rows(REFERENCE / "published_figures.csv"):
        if row["breakdown"] == row["sex"] == row["age_group"] == "TOTAL" and row["population"].startswith(
            "IDENT"
        ):
            years.setdefault((row["territory_id"], "IDENTIFIED"), set()).add(int(row["reference_year"]))
    extract = ROOT / "pipelines" / "sources" / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    for row in _rows(extract):
        if (
            row["Indicator"] == "Detected trafficking victims"
            and row["Dimension"] == row["Sex"] == row["Age"] == "Total"
        ):
            years.setdefault((row["Iso3_code"], "DETECTED"), set()).add(int(row["Year"]))
    notes: dict[tuple[str, str], str] = {}
    for row in _rows(REFERENCE / "series.csv"):
        if row["series"] != "NONE":
            key = row["territory_id"], row["series"]
            notes[key] = f"{notes.get(key, '')} {row['note']}"
    lacking = {
        (territory, series, year)
        for (territory, series), note in notes.items()
        for year in range(edition["trend_from"], edition["year"] + 1)
        if year not in years[territory, series] and str(year) not in note
    }
    assert lacking == set()


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
