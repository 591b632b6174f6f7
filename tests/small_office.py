"""A project of its own with one loaded submission and an edition of one table: enough for what an operator does."""

from __future__ import annotations

import shutil
from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.standard import load_standard
from pipelines.ingest import load
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional

EDITION = """\
year: 2022
title: A short edition
naming_profile: neutral
languages: [en]
trend_from: 2021
profile: suppress
tables: [T10A]
"""


def small_office(folder: Path) -> Project:
    """A project of its own with one submission of sixty persons, all of age."""
    root = folder / "project"
    for name in ("schemas", "pipelines", "reports"):
        ignored = shutil.ignore_patterns("*.py", "__pycache__", "editions")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    (root / "reports" / "editions").mkdir()
    (root / "reports" / "editions" / "2022.yml").write_text(EDITION, encoding="utf-8")
    place, standard = Project(root=root, data=folder / "data"), load_standard(root / "schemas")
    rows = {
        "person": [person(n) for n in range(60)],
        "identification": [identification(n) for n in range(60)],
    }
    file = write_regional(folder / "sent.xlsx", standard, rows)
    assert load(place, standard, file, profile_of_territory(place, "ALB"), "2022").verdict.accepted
    return place
