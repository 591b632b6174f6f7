"""Example submissions go the way of any other file and are accepted: no error, few warnings."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.findings import BLOCK, ERROR, WARNING
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.synthetic import MadeFile, make_region, read_settings, targets_from, write_submissions
from pipelines.ingest import check
from tests.conftest import ROOT

YEARS = range(2017, 2023)
EARLIER, EDITION = "2017-2021", "2022"
# The demonstration loads all of its own; of another seed's, every third territory, and a long period with nearly all tables.
FILES = [
    *((p.name, EDITION) for p in sorted((ROOT / "pipelines" / "countries").iterdir())[::3] if p.is_dir()),
    ("ALB", EARLIER),
]


@pytest.fixture(scope="module")
def written(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], MadeFile]:
    settings = read_settings(ROOT / "schemas")
    extract = ROOT / "pipelines" / "sources" / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    # Another seed than the demo's: the assumptions, not one lucky draw, keep the rules.
    region = make_region(standard, settings, 11, YEARS, targets_from(extract, settings, YEARS, seed=11))
    files = write_submissions(region, standard, tmp_path_factory.mktemp("made"), (EARLIER, EDITION))
    return {(f.territory, f.period): f for f in files}


@pytest.mark.nightly
@pytest.mark.parametrize(("territory", "period"), FILES)
def test_made_submissions_are_accepted(
    written: dict[tuple[str, str], MadeFile],
    territory: str,
    period: str,
    standard: Standard,
    tmp_path: Path,
) -> None:
    """Of another seed than the demonstration's.

    Quick: tests/pipeline/test_demo.py::test_every_territory_is_loaded_and_marked_as_made
    """
    project = Project(root=ROOT, data=tmp_path / "data")
    outcome = check(
        project, standard, written[territory, period].path, profile_of_territory(project, territory), period
    )
    shown = [g.line() for g in outcome.feedback.groups]
    assert outcome.verdict.accepted, shown
    assert outcome.verdict.findings[BLOCK] + outcome.verdict.findings[ERROR] == 0, shown
    # Warnings stand on rows that a sender would confirm; they must not drown the file.
    assert outcome.verdict.findings[WARNING] <= max(5, 0.06 * outcome.rows["person"]), shown
    assert outcome.rows["trafficking_episode"] >= outcome.rows["person"]
