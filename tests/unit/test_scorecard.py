"""The scorecard: paper apart from practice, no average, evidence that is missing is named, few persons are not shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.scorecard import Scorecard, read_scorecard
from clearing_point.report.breaks import breaks_of
from clearing_point.report.model import ReportContext
from clearing_point.report.tables import make_table
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from clearing_point.standard import Standard
from tests.conftest import ROOT
from tests.unit.report_samples import by_territory, context, edition

ROWS = [
    # territory, indicator, level, stage, value, answer, evidence title, evidence date
    ("ALB", "M01", "PAPER", "3", None, None, "Decree", "2022-01-10"),
    ("ALB", "M01", "OPERATION", "1", None, None, None, None),
    ("ALB", "M07", "PAPER", "2", None, None, None, None),
    ("ALB", "M13_GRANTED", "OUTCOME", None, 3.0, None, "Register", "2022-12-31"),
    ("ALB", "M14_GRANTED", "OUTCOME", None, 0.0, None, "Register", "2022-12-31"),
    ("ALB", "M15_NUMBER", "OPERATION", None, 3.0, None, None, None),
    ("SRB", "M01", "PAPER", "UNK", None, "UNK", None, None),
]


@pytest.fixture
def scorecard(standard: Standard) -> Scorecard:
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "current"')
    connection.execute(
        "CREATE TABLE \"current\".submission AS SELECT 'S' || n AS submission_id, true AS made_data, "
        "TIMESTAMP '2023-01-01' + INTERVAL (n) DAY AS received_at FROM range(1, 3) AS r(n)"
    )
    connection.execute(
        'CREATE TABLE "current".scorecard (submission_id VARCHAR, territory VARCHAR, reference_year INT, indicator VARCHAR, '
        '"level" VARCHAR, stage VARCHAR, "value" DOUBLE, answer VARCHAR, date_value DATE, evidence_title VARCHAR, '
        "evidence_url VARCHAR, evidence_date DATE, evidence_status VARCHAR)"
    )
    for territory, indicator, level, stage, value, answer, title, day in ROWS:
        connection.execute(
            'INSERT INTO "current".scorecard VALUES (?, ?, 2022, ?, ?, ?, ?, ?, NULL, ?, NULL, ?, NULL)',
            ["S1", territory, indicator, level, stage, value, answer, title, day],
        )
    # A newer submission of the same answer counts.
    connection.execute(
        "INSERT INTO \"current\".scorecard VALUES ('S2', 'ALB', 2022, 'M01', 'OPERATION', '3', NULL, NULL, NULL, "
        "'Report', NULL, DATE '2022-11-01', 'VERIFIED')"
    )
    return read_scorecard(connection, standard, 2022)


def test_paper_and_practice_are_counted_apart_and_never_averaged(scorecard: Scorecard) -> None:
    score = next(s for s in scorecard.sub_scores("ALB", ["COORDINATION"]))
    assert (score.on_paper, score.in_operation) == ((2, 2), (1, 1))
    assert score.lacking_evidence == 1, "M07 is said to be adopted, with nothing to show for it"
    mains = scorecard.domains["COORDINATION"]
    assert score.not_known == len(mains) - 2


def test_what_is_not_known_stays_visible(scorecard: Scorecard) -> None:
    assert scorecard.territories == ("ALB", "SRB")
    told = {"M01", "M07", "M13", "M14", "M15"}
    everything = {main for mains in scorecard.domains.values() for main in mains}
    assert set(scorecard.not_known("ALB")) == everything - told
    assert {f"M{n:02}" for n in range(1, 28)} == everything
    assert scorecard.of("SRB", "M01")[0].stage is None


def test_victims_are_never_shown_and_things_are(scorecard: Scorecard) -> None:
    rows = {row.indicator: row for main in ("M13", "M14", "M15") for row in scorecard.of("ALB", main)}
    assert (rows["M13_GRANTED"].value, rows["M13_GRANTED"].hidden) == (None, True)
    # A nought of victims as little: beside the region's protected number, ten territories give away the eleventh.
    assert (rows["M14_GRANTED"].value, rows["M14_GRANTED"].hidden) == (None, True)
    assert (rows["M15_NUMBER"].value, rows["M15_NUMBER"].hidden) == (3.0, False), (
        "three shelters are no persons"
    )
    line = next(line for line in scorecard.csv().splitlines() if "M13_GRANTED" in line)
    assert line.endswith(",hidden")
    assert "3.0" not in line


def test_another_definition_or_basis_of_counting_breaks_a_series(standard: Standard) -> None:
    # Bulgaria reported 416 cumulated victims for 2021 and 298 new ones for 2022: a break, not a fall (domain.md 1.4).
    told = {
        "territory": "BGR", "sender": "BGR01", "submission": "2021-BGR-BGR01-v1", "first_year": 2021, "last_year": 2021,
        "coverage": "PARTIAL", "definition_identified": "FORMAL_AND_PRESUMED", "count_basis": "CUMULATIVE", "kosovo_basis": None,
    }  # fmt: skip
    later = {**told, "submission": "2022-BGR-BGR01-v1", "first_year": 2022, "last_year": 2022}
    context = ReportContext(
        standard=standard, reports=Path("reports"), coverage={}, suppliers=(), published_figures=(), standard_version="1", package_version="1",
        made_data=False, cut_off="2023-06-30", declarations=(told, later),
    )  # fmt: skip
    assert breaks_of(context) == []
    changed = replace(context, declarations=(told, {**later, "count_basis": "NEW_IN_PERIOD"}))
    assert breaks_of(changed) == [("BGR", 2022, "count_basis")]


def test_the_first_number_after_a_break_is_marked_and_explained() -> None:
    told = {
        "territory": "ALB",
        "sender": "A",
        "definition_identified": "FORMAL_ONLY",
        "coverage": None,
        "kosovo_basis": None,
    }
    declared = tuple(
        {**told, "submission": str(year), "first_year": year, "last_year": year, "count_basis": basis}
        for year, basis in ((2021, "CUMULATIVE"), (2022, "NEW_IN_PERIOD"))
    )
    setting = Setting(edition(), context(declarations=declared), load_words(ROOT / "reports", "en"))
    table = make_table(View(by_territory(), setting), "t", "Table 1")
    albania, kosovo = table.body[0], table.body[1]
    assert [cell.detail for cell in albania[1:]] == ["", "", "b"]
    assert not any(cell.detail for cell in kosovo)
    assert sum("Break in the series" in note for note in table.notes) == 1
