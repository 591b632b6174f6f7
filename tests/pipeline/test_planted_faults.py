"""One fault of every rule that a workbook can carry, planted in Serbian Cyrillic: exactly those are found, at those cells."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path

import pytest

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.quality.reading_rules import READING_RULES
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_submission
from clearing_point.submission.outcome import Outcome
from clearing_point.warehouse.connection import opened
from pipelines.ingest import load
from tests.conftest import ROOT, mostly_at_night
from tests.planted_examples import (
    NOT_CARRIED,
    TERRITORY,
    YEAR,
    Place,
    elsewhere_book,
    example_books,
    own_layout_books,
    refused_books,
    whole_book,
    years_books,
)

_CAME = datetime.datetime(YEAR + 1, 3, 1, 12)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of_territory(Project(root=ROOT, data=ROOT / "data"), TERRITORY)


def sent(project: Project, standard: Standard, profile: Profile, path: Path, year: int = YEAR) -> Outcome:
    return load(project, standard, path, profile, str(year), received_at=_CAME)


def found(database: Path, submission: str) -> Counter[Place]:
    with opened(database, read_only=True) as connection:
        return Counter(
            connection.execute(
                "SELECT rule_id, coalesce(sheet, ''), coalesce(column_letter, '') || coalesce(source_row::VARCHAR, '') "
                "FROM quality.finding WHERE submission_id = ?",
                [submission],
            ).fetchall()
        )


def test_every_rule_is_planted_or_it_is_said_why_not(
    standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    """The list follows the registry: a rule that is added is planted by its own example or fails here."""
    whole, _ = whole_book()
    books = (
        *example_books(standard).values(), whole, elsewhere_book(), years_books()[1], *refused_books().values(),
    )  # fmt: skip
    planted = {rule for book in books for rule, *_ in book.expected}
    planted |= {rule for _, places in own_layout_books(profile, tmp_path).values() for rule, *_ in places}
    planted.add("P07")  # below: the file of the year before, sent again
    registry = {r.rule_id for r in standard.rules} | set(READING_RULES)
    assert planted & set(NOT_CARRIED) == set()
    assert registry - planted - set(NOT_CARRIED) == set(), "neither planted nor said why not"
    assert planted | set(NOT_CARRIED) == registry


PLANTED = (("cases", 85), ("counts", 37), ("whole", 7), ("elsewhere", 1))


@pytest.mark.parametrize(("name", "rules"), mostly_at_night(PLANTED, PLANTED[:2]))
def test_faults_are_found_at_their_cells_and_nothing_else_is(
    name: str, rules: int, project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    books = {**example_books(standard), "elsewhere": elsewhere_book()}
    book, year = whole_book() if name == "whole" else (books[name], YEAR)
    planted = book.write(standard, tmp_path / "faults.xlsx", year=year)
    outcome = sent(project, standard, profile, tmp_path / "faults.xlsx", year)
    assert found(project.warehouse, outcome.submission_id) == Counter(planted)
    assert len({rule for rule, *_ in planted}) >= rules


@pytest.mark.nightly
@pytest.mark.great_expectations
@pytest.mark.parametrize(("name", "rules"), PLANTED[:2])
def test_faults_are_found_by_both_judges(
    name: str, rules: int, project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    """The same, judged by the library, too.

    Quick: tests/pipeline/test_planted_faults.py::test_faults_are_found_at_their_cells_and_nothing_else_is
    Quick: tests/contract/test_suites.py::test_both_judges_count_the_same_failing_rows_of_every_rule
    """
    test_faults_are_found_at_their_cells_and_nothing_else_is(
        name, rules, project, standard, profile, tmp_path
    )


@pytest.mark.nightly
def test_a_break_with_the_year_before_and_the_same_file_again(
    project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    """Three whole workbooks of three years, loaded one after the other.

    Quick: tests/contract/test_rules.py::test_examples_get_the_promised_verdict
    Quick: tests/pipeline/test_ingest.py::test_the_same_file_changes_nothing_and_a_new_one_replaces_it
    """
    before, after = years_books()
    assert before.write(standard, tmp_path / "before.xlsx", year=YEAR - 1) == []
    planted = after.write(standard, tmp_path / "after.xlsx")
    good = sent(project, standard, profile, tmp_path / "before.xlsx", YEAR - 1)
    assert good.verdict.decision == "accepted"
    outcome = sent(project, standard, profile, tmp_path / "after.xlsx")
    assert outcome.verdict.accepted, "questions do not return a file"
    assert found(project.warehouse, outcome.submission_id) == Counter(planted)
    again = sent(project, standard, profile, tmp_path / "before.xlsx", YEAR + 1)
    assert found(project.warehouse, again.submission_id)["P07", "", ""] == 1


def test_forbidden_content_and_wrong_headings_stop_the_file_at_their_places(
    project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    """What is found before a row is checked, without the gate."""
    files = own_layout_books(profile, tmp_path)
    for name, book in refused_books().items():
        files[name] = (tmp_path / f"{name}.xlsx", book.write(standard, tmp_path / f"{name}.xlsx"))
    for name, (path, planted) in files.items():
        received, layout = read_submission(project, path, profile, standard)
        receipt = receive(project, standard, path, layout, str(YEAR), received=received)
        assert found(receipt.workspace.path, receipt.submission_id) == Counter(planted), name
        assert receipt.refused == (name != "totals")
