"""Nothing is counted from rows that were worked out under another standard, profile or program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing_point.project import Project
from clearing_point.publication.states import set_state
from clearing_point.standard import load_standard
from clearing_point.warehouse import worked_out
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.worked_out import RebuildFirst
from pipelines.publish import publish
from pipelines.rebuild import rebuild
from pipelines.run_annual import run_annual
from tests.small_office import small_office
from tests.unpublished import forget_what_is_out

FIELD = "minor_at_identification"


@pytest.fixture
def office(tmp_path: Path) -> Project:
    return small_office(tmp_path)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _children(place: Project) -> int:
    with opened(place.warehouse, read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM core.identification WHERE minor_at_identification_derived = 'Y'"
        ).fetchone()
    return int(found[0])


def _refused(place: Project, what: str) -> None:
    with pytest.raises(
        RebuildFirst, match=rf"1 submissions .* another version of: {what} \(1\)\..* rebuild` first"
    ):
        publish(place, load_standard(place.schemas), 2022)
    assert not place.ledger.exists()


def test_a_changed_standard_profile_or_program_asks_for_a_rebuild(
    office: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is made of the rows only, and words, need none: the title of a table.
    _replace(
        office.schemas / "indicators" / "profile.yml",
        "Identified victims of the region by sex",
        "Victims by sex",
    )
    assert publish(office, load_standard(office.schemas), 2022).tables
    shutil.rmtree(office.ledger.parent)
    shutil.rmtree(office.releases)
    forget_what_is_out(office)
    # A derived field: old values would be printed under the hash of the standard in force.
    assert _children(office) == 0
    table = office.schemas / "tables" / "identification.yml"
    _replace(table, f"coalesce(\n        {FIELD},", f"coalesce(\n        'Y', {FIELD},")
    _refused(office, "the standard")
    rebuild(office, load_standard(office.schemas))
    assert _children(office) == 60
    with monkeypatch.context() as patched:
        patched.setattr(worked_out, "program_sha256", lambda: "another")
        _refused(office, "the program")
    # The sender's profile, with its words, corrections and waivers.
    profile = office.countries / "ALB" / "profile.yml"
    profile.write_text(profile.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    _refused(office, "the profile of its sender")


@pytest.mark.nightly
def test_the_nightly_run_rebuilds_what_differs_and_says_why_there_is_a_release(
    office: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what moves no byte makes none.

    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    Quick: tests/pipeline/test_rebuild_first.py::test_a_changed_standard_profile_or_program_asks_for_a_rebuild
    """
    set_state(office, 2022, "open", "head of the office")
    first = run_annual(office, load_standard(office.schemas), 2022)
    assert (first.outcome, first.release, first.rebuilt) == ("published", "1.0", ""), first.reason
    # Another Python moves no byte: no release.
    monkeypatch.setattr("clearing_point.report.lock.platform.python_version", lambda: "3.99.0")
    again = run_annual(office, load_standard(office.schemas), 2022)
    assert (again.outcome, again.release, again.changed) == ("unchanged", "1.0", ()), again.reason
    assert not (office.builds / "earlier").exists()
    # Rows are worked out again; the standard printed on the report is another one, and that is said.
    profile = office.countries / "ALB" / "profile.yml"
    profile.write_text(profile.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    third = run_annual(office, load_standard(office.schemas), 2022)
    assert "the profile of its sender (1)" in third.rebuilt
    assert "the content is the same" in third.rebuilt
    assert (third.outcome, third.release) == ("published", "1.1"), third.reason
    assert set(third.changed) == {"submissions", "profiles_sha256", "packages"}
    assert "Changed since the report before: " in third.sentence()
