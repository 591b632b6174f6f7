"""What was sent by one organisation is never counted once more as another's without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.countries import for_sender, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.read import read_file
from clearing_point.project import Project
from clearing_point.standard import Standard
from pipelines.ingest import check, load
from pipelines.quality import quality_page
from tests.workbooks import identification, person, write_regional

pytestmark = pytest.mark.usefixtures("forms_are_known")

OTHER_ORGANISATION, OF_ANOTHER_SENDER = "L25", "L37"


def test_the_same_file_sent_as_another_organisations_is_told(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    profile = profile_of_territory(project, "BIH")
    rows = {
        "person": [person(n, citizenship="BIH") for n in range(1, 4)],
        "identification": [identification(n) for n in range(1, 4)],
    }
    path = write_regional(tmp_path / "a.xlsx", standard, rows)
    assert load(project, standard, path, profile, "2022").accepted

    def told(sender: str | None, file: Path) -> set[str]:
        outcome = check(project, standard, file, for_sender(profile, sender), "2022")
        return {group.rule_id for group in outcome.feedback.groups} & {OTHER_ORGANISATION, OF_ANOTHER_SENDER}

    assert OF_ANOTHER_SENDER in told("NGO9", path)
    assert told(None, path) == set(), "her own file, again"
    other = write_regional(
        tmp_path / "b.xlsx", standard, rows | {"person": [person(1)], "identification": []}
    )
    assert OF_ANOTHER_SENDER not in told("NGO9", other)


def test_a_file_that_names_another_organisation_than_the_sender_that_was_said_is_told(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Such a file made a second series of the coordinator's own persons."""
    profile = profile_of_territory(project, "BIH")
    row = {
        "organisation": "BIH01", "territory": "BIH", "period_start": "2022-01-01", "period_end": "2022-12-31",
        "version_number": 1, "submission_kind": "CASE", "coverage": "ALL_KNOWN",
    }  # fmt: skip
    path = write_regional(tmp_path / "a.xlsx", standard, {"submission": [row], "person": [person(1)]})
    for sender, wanted in (("NGO9", True), (None, False)):
        outcome = check(project, standard, path, for_sender(profile, sender), "2022")
        assert (OTHER_ORGANISATION in {group.rule_id for group in outcome.feedback.groups}) is wanted


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-1.7", b"\x1f\x8b\x08"])
def test_a_workbook_that_is_called_a_text_file_is_said_to_be_one(start: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(start + bytes(60))
    with pytest.raises(InputProblem, match="no text file"):
        read_file(tmp_path / "a.csv")


def test_a_page_is_written_under_the_name_of_a_page(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    with pytest.raises(InputProblem, match=r"\.html"):
        quality_page(project, standard, "BIH", tmp_path / "page.pdf")
