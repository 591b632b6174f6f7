"""A correction and a waiver outlive a rebuild, and the report prints them without what stood in the cells."""

from __future__ import annotations

import shutil
from pathlib import Path

from clearing_point.analysis.reconcile import decisions
from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.report.context import _decisions
from clearing_point.standard import Standard
from pipelines.ingest import load
from pipelines.rebuild import rebuild
from tests.conftest import ROOT
from tests.unit.test_decisions import CAME, decided
from tests.workbooks import identification, person, write_regional


def test_decisions_are_honoured_again_and_printed(tmp_path: Path, standard: Standard) -> None:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "pipelines" / "countries" / "ALB", root / "pipelines" / "countries" / "ALB")
    (root / "schemas").symlink_to(ROOT / "schemas")
    decided(root / "pipelines" / "countries" / "ALB", standard)  # of 2023, expired since
    project = Project(root=root, data=tmp_path / "data")
    rows = {
        "person": [person(1), person(2, sex="Femail ")],
        "identification": [identification(1), identification(2, identification_status=None)],
    }
    path = write_regional(tmp_path / "sent.xlsx", standard, rows)
    first = load(project, standard, path, profile_of_territory(project, "ALB"), "2022", received_at=CAME)
    assert first.verdict.accepted
    before = decisions(project.warehouse)
    assert [(d["correction_id"], d["cells"]) for d in before["corrections"]] == [("C-2022-01", 1)]
    assert [(d["waiver_id"], d["findings"]) for d in before["waivers"]] == [("W-2022-01", 1)]
    made = rebuild(project, standard)
    assert made.before == made.after
    assert decisions(project.warehouse) == before
    printed = _decisions(project, [first.submission_id])
    assert [(d["kind"], d["decision"], d["about"]) for d in printed] == [
        ("corrections", "C-2022-01", "sex"),
        ("waivers", "W-2022-01", "F01"),
    ]
    assert "email" not in str(printed)
    assert _decisions(project, ["another"]) == ()
