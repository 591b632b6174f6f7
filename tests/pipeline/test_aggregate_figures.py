"""A territory that sends aggregate figures only: in tables and report, marked and protected, and never beside its cases."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.countries.profile import for_sender
from clearing_point.project import Project
from clearing_point.publication.release import Release, make_release
from clearing_point.report.compose import compose
from clearing_point.report.context import context_of, published_figures
from clearing_point.report.html import render_html
from clearing_point.report.lock import submissions_of
from clearing_point.report.words import load_words
from clearing_point.standard import load_standard
from pipelines.ingest import load
from tests.attack.outsider.whole import attack_folder
from tests.small_office import small_office
from tests.workbooks import identification, person, write_regional

YEAR = 2022
TABLES = "tables: [T01, T10A, T50, T50A, T50B, T50C]"
TOTAL = {"territory": "SVN", "reference_year": YEAR, "population": "IDENT_ALL", "breakdown": "TOTAL",
         "sex": "TOTAL", "age_group": "TOTAL", "unit": "PERSONS"}  # fmt: skip
FIGURES = [
    {"value": 40}, {"value": 28, "sex": "F"}, {"value": 12, "sex": "M"},
    {"value": 3, "age_group": "0-17"}, {"value": 37, "age_group": "18+"},
    {"value": 22, "breakdown": "BY_FORM", "category": "FORM_SEX"},
    {"value": 18, "breakdown": "BY_FORM", "category": "FORM_BEG"},
]  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Sixty cases of one territory, and figures of another."""
    folder = tmp_path_factory.mktemp("figures")
    place = small_office(folder)
    edition = place.editions / f"{YEAR}.yml"
    edition.write_text(
        edition.read_text(encoding="utf-8").replace("tables: [T10A]", TABLES), encoding="utf-8"
    )
    rows = [{"aggregate_reference": str(n), **TOTAL, **row} for n, row in enumerate(FIGURES, start=1)]
    standard = load_standard(place.schemas)
    file = write_regional(folder / "figures.xlsx", standard, {"aggregate_cell": rows})
    assert load(place, standard, file, profile_of_territory(place, "SVN"), str(YEAR)).verdict.accepted
    return place


@pytest.fixture(scope="module")
def before(office: Project) -> Release:
    return made(office, "before")


@pytest.fixture(scope="module")
def after(office: Project, before: Release) -> Release:
    """The same with thirty cases that another organisation of that territory sent later."""
    rows = {
        "person": [person(n) for n in range(30)],
        "identification": [identification(n) for n in range(30)],
    }
    standard = load_standard(office.schemas)
    file = write_regional(office.data / "later.xlsx", standard, rows)
    profile = for_sender(profile_of_territory(office, "SVN"), "NGO7")
    profile = replace(profile, header={**profile.header, "coverage": "OWN_CLIENTS"})
    assert load(office, standard, file, profile, str(YEAR)).verdict.accepted
    assert before.folder.is_dir()
    return made(office, "after")


def made(office: Project, name: str) -> Release:
    return make_release(office, load_standard(office.schemas), YEAR, office.work / name / str(YEAR))


def printed(release: Release, table: str, **at: str) -> tuple[str, str]:
    with (release.folder / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        wanted = {"reference_year": str(YEAR), **at}
        (row,) = [row for row in csv.DictReader(file) if all(row[k] == v for k, v in wanted.items())]
    return row["value"], row["protection"]


def page_of(office: Project, release: Release) -> str:
    standard = load_standard(office.schemas)
    known = submissions_of(office, release.submissions, None, None)
    figures = published_figures(office, standard, release.edition, known)
    context = context_of(office, standard, release, known, None, figures)
    report = compose(release.edition, release.tables, context, office.reports, "en")
    return render_html(report, load_words(office.reports, "en"), office.reports / "templates")


def test_the_figures_of_a_sender_stand_in_tables_of_their_own(before: Release) -> None:
    assert printed(before, "T50", territory="SVN") == ("40", "")
    assert printed(before, "T50A", territory="SVN", sex="F") == ("28", "")
    assert printed(before, "T50C", form="FORM_BEG") == ("18", "")
    assert printed(before, "T50", territory="ALB") == ("", "missing"), "cases are told by other tables"
    # No case was sent of it: that is no zero.
    assert printed(before, "T01", territory="SVN") == ("", "missing")
    assert printed(before, "T01", territory="Total") == ("60", "")


def test_their_small_numbers_are_hidden_and_nobody_works_them_out(before: Release) -> None:
    for minor in ("Y", "N"):
        value, protection = printed(before, "T50B", territory="SVN", minor=minor)
        assert (value, bool(protection)) == ("", True)
    _, found = attack_folder(before.folder)
    assert found.attacked
    assert (found.recovered, found.narrow, found.undecided) == ([], [], [])


def test_the_report_marks_them_and_says_where_they_stand(office: Project, before: Release) -> None:
    page = page_of(office, before)
    assert "Identified victims by territory and year, from aggregate figures" in page
    assert "The aggregate figures of this table are of Slovenia (2022)." in page
    assert "Aggregate figures and no cases were sent of Slovenia (2022)." in page
    assert "Slovenia has sent aggregate figures and no cases for the years of this edition." in page
    assert "figures: aggregate figures were accepted and no cases" in page


@pytest.mark.nightly
def test_they_are_left_out_where_cases_are_counted(office: Project, after: Release) -> None:
    """In a whole release and its report.

    Quick: tests/unit/test_aggregate_figures.py::test_where_cases_are_counted_the_total_is_left_out
    """
    assert printed(after, "T01", territory="SVN") == ("30", "")
    assert printed(after, "T50", territory="SVN") == ("", "missing")
    # Sixty and thirty cases, and not the forty of the figures beside them.
    assert printed(after, "T01", territory="Total") == ("90", "")
    assert printed(after, "T50", territory="Total") == ("", "missing"), (
        "nobody's figures stand here now: no zero"
    )
    assert "aggregate figures and no cases" not in page_of(office, after)
