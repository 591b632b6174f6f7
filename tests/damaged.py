"""The demonstration with something in its warehouse that went wrong after it was accepted."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from clearing_point.project import Project
from tests.conftest import ROOT


def damaged(demo: Project, folder: Path, *statements: str) -> tuple[Project, list[str]]:
    """Return a copy of the demonstration with changed rows, and the submissions that count."""
    (folder / "data").mkdir(parents=True)
    shutil.copytree(demo.data / "warehouse", folder / "data" / "warehouse")
    project = Project(root=ROOT, data=folder / "data")
    project.prepare()
    with duckdb.connect(str(project.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)
        rows = connection.execute(
            "SELECT submission_id FROM raw.submission WHERE use = 'count' AND status = 'ACCEPTED' ORDER BY 1"
        ).fetchall()
    return project, [row[0] for row in rows]
