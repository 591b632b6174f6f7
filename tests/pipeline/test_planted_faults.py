"""One fault of every rule that a workbook can carry, planted in Serbian Cyrillic: exactly those are found, at those cells."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path

import pytest

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.project import Project
from clearing_point.quality.suites import INTAKE_RULES
from clearing_point.standard import Standard
from clearing_point.store import opened
from pipelines.ingest import Outcome, load
from tests.conftest import ROOT
from tests.planted_examples import (
    NOT_CARRIED,
    TERRITORY,
    YEAR,
    Place,
    example_books,
    own_layout_books,
    reading_book,
    refused_books,
    whole_book,
    years_books,
)

pytestmark = pytest.mark.great_expectations
_CAME = datetime.datetime(YEAR + 1, 3, 1, 12)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of_territory(Project(root=ROOT, data=ROOT / "data"), TERRITORY)


def sent(project: Project, standard: Standard, profile: Profile, path: Path, year: int = YEAR) -> Outcome:
    return load(project, standard, path, profile, str(year), received_at=_CAME)


def found(project: Project, submission: str) -> Counter[Place]:
    with opened(project.warehouse, read_only=True) as connection:
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
    _, planted = example_books(standard)
    whole, _ = whole_book()
    books = (reading_book(standard), whole, years_books()[1], *refused_books().values())
    planted |= {rule for book in books for rule, *_ in book.expected}
    planted |= {rule for _, places in own_layout_books(profile, tmp_path).values() for rule, *_ in places}
    planted |= {rule for rule, *_ in example_books(standard)[0]["cases"].expected}
    planted.add("P07")  # below: the file of the year before, sent again
    registry = {r.rule_id for r in standard.rules} | set(INTAKE_RULES)
    assert planted & set(NOT_CARRIED) == set()
    assert registry - planted - set(NOT_CARRIED) == set(), "neither planted nor said why not"
    assert planted | set(NOT_CARRIED) == registry


@pytest.mark.parametrize("name", ["cases", "counts"])
def test_faults_of_rows_are_found_at_their_cells(
    name: str, project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    book = example_books(standard)[0][name]
    planted = book.write(standard, tmp_path / "faults.xlsx")
    outcome = sent(project, standard, profile, tmp_path / "faults.xlsx")
    assert found(project, outcome.submission_id) == Counter(planted)
    assert len({rule for rule, *_ in planted}) >= (20 if name == "counts" else 85)


@pytest.mark.parametrize("name", ["reading", "whole"])
def test_faults_of_reading_and_of_whole_columns(
    name: str, project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    book, year = (reading_book(standard), YEAR) if name == "reading" else whole_book()
    planted = book.write(standard, tmp_path / "faults.xlsx", year=year)
    outcome = sent(project, standard, profile, tmp_path / "faults.xlsx", year)
    assert found(project, outcome.submission_id) == Counter(planted)


def test_a_break_with_the_year_before_and_the_same_file_again(
    project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    before, after = years_books()
    assert before.write(standard, tmp_path / "before.xlsx", year=YEAR - 1) == []
    planted = after.write(standard, tmp_path / "after.xlsx")
    good = sent(project, standard, profile, tmp_path / "before.xlsx", YEAR - 1)
    assert good.verdict.decision == "accepted"
    outcome = sent(project, standard, profile, tmp_path / "after.xlsx")
    assert outcome.verdict.accepted, "questions do not return a file"
    assert found(project, outcome.submission_id) == Counter(planted)
    again = sent(project, standard, profile, tmp_path / "before.xlsx", YEAR + 1)
    assert found(project, again.submission_id)["P07", "", ""] == 1


def test_forbidden_content_and_wrong_headings_stop_the_file_at_their_places(
    project: Project, standard: Standard, profile: Profile, tmp_path: Path
) -> None:
    for name, book in refused_books().items():
        planted = book.write(standard, tmp_path / f"{name}.xlsx")
        outcome = sent(project, standard, profile, tmp_path / f"{name}.xlsx")
        assert found(project, outcome.submission_id) == Counter(planted), name
    for name, (path, places) in own_layout_books(profile, tmp_path).items():
        outcome = sent(project, standard, profile, path)
        assert found(project, outcome.submission_id) == Counter(places), name
        assert outcome.verdict.accepted == (name == "totals")
