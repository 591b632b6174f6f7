"""What a scheduled build looks at before a release goes out, and where its drafts are kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.intake.archive import archived_file
from clearing_point.project import Project
from clearing_point.publication.release import Release
from clearing_point.warehouse.connection import connect


def drafts_folder(project: Project) -> Path:
    """Return where drafts are kept: only the office looks there."""
    return project.data / "drafts"


def keep_draft(project: Project, year: int, made: Path) -> None:
    """Put release and report of a draft where only the office looks; the one before goes."""
    parent = drafts_folder(project)
    parent.mkdir(mode=0o700, exist_ok=True)
    fresh, old = parent / f".{year}-new", parent / f".{year}-old"
    for path in (fresh, old):
        shutil.rmtree(path, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    os.rename(made / "releases" / str(year), fresh / "release")
    os.rename(made / "report", fresh / "report")
    if (parent / str(year)).exists():
        os.rename(parent / str(year), old)
    os.rename(fresh, parent / str(year))
    shutil.rmtree(old, ignore_errors=True)


def refuse_failed_gates(project: Project, release: Release) -> None:
    """Every counted submission passed its gate, and what is kept of it is in the archive.

    Raises
    ------
    InputProblem
        Naming the first submission that does not.
    """
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        rows = connection.execute(
            "SELECT submission_id, file_sha256, NOT coalesce(starts_with(d.decision, 'accepted'), false) "
            "FROM warehouse.raw.submission "
            "LEFT JOIN warehouse.quality.decision AS d USING (submission_id) "
            "WHERE list_contains(?, submission_id) ORDER BY 1",
            [list(release.submissions)],
        ).fetchall()
    finally:
        connection.close()
    for submission, sha256, failed in rows:
        if failed:
            raise InputProblem(f"Submission {submission} counts but did not pass its gate: load it again.")
        archived_file(project, sha256, submission)


def sweep_killed_runs(project: Project, year: int) -> None:
    """Remove what a killed run left behind; nobody else is at work while the lock is held."""
    for parent, pattern in (
        (project.builds, f".{year}-*"),
        (project.releases, f".{year}-*"),
    ):
        for path in parent.glob(pattern) if parent.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)
