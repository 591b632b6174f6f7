"""Half a person is never made a whole one, or none, without a word: not where it is read, checked, compared or printed."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.disclosure.long_table import _value
from clearing_point.project import Project
from clearing_point.published.reproduction import _numbers
from clearing_point.report.signs import print_told
from clearing_point.report.words import load_words
from clearing_point.standard import Standard
from clearing_point.standard.check_references import _halves
from clearing_point.standard.files import read_csv
from clearing_point.submission.plan import Item
from pipelines.ingest import checked
from tests.conftest import ROOT
from tests.workbooks import write_regional

HALVES = (10.5, "10,5", "10.5", 11)


def test_every_column_of_whole_numbers_tells_of_a_half(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Each integer column of each sheet, as a number and in both spellings: a finding at the cell, and no number of it."""
    columns = {
        table.name: [f.name for f in table.received if f.type in ("integer", "year")]
        for table in standard.tables_of_kind("case", "aggregate", "scorecard")
    }
    rows = {
        name: [
            {**{key: str(n) for key in standard.tables[name].primary_key if key not in fields}, **dict.fromkeys(fields, half)}
            for n, half in enumerate(HALVES)
        ]
        for name, fields in columns.items() if fields
    }  # fmt: skip
    file = write_regional(tmp_path / "halves.xlsx", standard, rows)
    item = Item(file, profile_of_territory(project, "SVN"), "2022")
    with checked(project, standard, item) as done, done.workspace.opened() as connection:
        assert not done.outcome.accepted
        told = connection.execute(
            "SELECT target_table, target_field, source_row FROM quality.finding WHERE rule_id = 'F05'"
        ).fetchall()
        kept = {
            (name, field): connection.execute(f'SELECT "{field}" FROM staged."{name}"').fetchall()
            for name in rows for field in columns[name]
        }  # fmt: skip
    assert len(kept) > 20
    for (name, field), values in kept.items():
        assert {row for table, column, row in told if (table, column) == (name, field)} == {3, 4, 5}, (
            name,
            field,
        )
        # Rows without a key that can be read may be left out whole; none has another number than was written.
        assert {value for (value,) in values} <= {None, 11}, (name, field)


def test_a_scorecard_counts_in_whole_numbers(project: Project, standard: Standard, tmp_path: Path) -> None:
    """Ten and a half places in shelters were accepted, and ten were printed."""
    row = {"territory": "SVN", "reference_year": 2022, "level": "OPERATION"}
    rows = [
        {**row, "indicator": "M15_PLACES", "value": 10.5},
        {**row, "indicator": "M02_STAFF", "value": 0.5},
        {**row, "indicator": "M15_NUMBER", "value": -1},
        {**row, "indicator": "M12_TEAMS", "value": 3},
    ]
    file = write_regional(tmp_path / "scorecard.xlsx", standard, {"scorecard": rows})
    with checked(project, standard, Item(file, profile_of_territory(project, "SVN"), "2022")) as done:
        assert not done.outcome.accepted
        found = [g for g in done.outcome.feedback.groups if g.rule_id == "C06"]
        with done.workspace.opened() as connection:
            places = connection.execute(
                "SELECT source_row, target_field FROM quality.finding WHERE rule_id = 'C06' ORDER BY 1"
            ).fetchall()
    assert {g.level for g in found} == {"must_fix"}
    assert places == [(3, "value"), (5, "value")]


@pytest.mark.parametrize(
    ("value", "english", "serbian"),
    [(10.5, "10.5", "10,5"), (12.0, "12", "12"), (1234567.25, "1,234,567.25", "1.234.567,25"), (0.1, "0.1", "0,1")],
)  # fmt: skip
def test_a_number_that_somebody_told_is_printed_with_all_its_decimals(
    value: float, english: str, serbian: str
) -> None:
    for language, expected in (("en", english), ("sr-Cyrl", serbian)):
        words = load_words(ROOT / "reports", language)
        printed = print_told(value, words).replace("\u202f", "." if language != "en" else ",")
        assert printed == expected


def test_a_half_is_no_whole_number_for_protect_and_reproduce() -> None:
    assert "not a whole number" in str(_value("10.5", 2))
    assert "not a whole number" in str(_value("10,5", 2))
    before, now = (pd.DataFrame({"year": ["2022"], "value": [value]}) for value in (10, 10.5))
    assert _numbers(before, ["year"]) != _numbers(now, ["year"])
    assert _numbers(before, ["year"]) == _numbers(pd.DataFrame({"year": ["2022"], "value": ["10"]}), ["year"])


def test_half_a_person_among_the_published_figures_is_told(standard: Standard, tmp_path: Path) -> None:
    assert list(_halves(standard)) == []
    rows = [dict(r) for r in read_csv(standard.folder / "reference" / "published_figures.csv")][:2]
    rows[1]["value"] = "10.5"
    (tmp_path / "reference").mkdir()
    path = tmp_path / "reference" / "published_figures.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (said,) = _halves(replace(standard, folder=tmp_path))
    assert said == f"{path}:3: {rows[1]['figure_id']} is 10.5 PERSONS: they are counted in whole numbers."
