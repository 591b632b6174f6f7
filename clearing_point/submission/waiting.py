"""Workbooks that wait for their marked copy: the original lives as long as that, or a few days, and not in the archive."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.intake import limits
from clearing_point.intake.kept import ending_of
from clearing_point.intake.read import hash_of_file
from clearing_point.intake.receive import Receipt
from clearing_point.project import Project
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.marked_workbook import WORKBOOKS
from clearing_point.quality.said import CONFIRM, MUST_FIX
from clearing_point.workplace import drop_work, work_folder, write_whole

_MEANT = ".meant.json"
_SECONDS_A_DAY = 86_400


def keep_waiting(
    project: Project,
    path: Path,
    receipt: Receipt,
    feedback: Feedback,
    meant: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Keep a workbook with something to correct or to confirm until its marked copy is made.

    What waited of earlier versions goes, and whatever waited longer than it may.

    Parameters
    ----------
    meant : sequence of mapping
        Known words that may be meant by hers, with their places; of any file, for the letter.

    Raises
    ------
    InputProblem
        If the file was changed while it was read.
    """
    sweep_waiting(project)
    for earlier in _of_series(project, receipt.submission_id):
        earlier.unlink(missing_ok=True)
    counts = feedback.counts()
    if meant:
        project.waiting.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(project.waiting / f"{receipt.submission_id}{_MEANT}", json.dumps(list(meant)).encode())
    if receipt.refused or not counts[MUST_FIX] + counts[CONFIRM] or ending_of(path.name) not in WORKBOOKS:
        return
    project.waiting.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = work_folder(project.work, "waiting-")
    try:
        partial = place / "partial"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
            shutil.copyfileobj(source, target)
        if hash_of_file(partial) != receipt.file_sha256:
            raise InputProblem(
                f"{path.name} was changed while it was read: load it again.",
                "changed_meanwhile",
                file=path.name,
            )
        os.replace(partial, project.waiting / f"{receipt.submission_id}{ending_of(path.name)}")
    finally:
        drop_work(place)


def waiting_file(project: Project, submission_id: str) -> Path | None:
    """Return the workbook of a submission that waits for its marked copy, if it still does."""
    sweep_waiting(project)
    found = [project.waiting / f"{submission_id}{ending}" for ending in WORKBOOKS]
    return next((path for path in found if path.is_file()), None)


def meant_of(project: Project, submission_id: str) -> list[dict[str, Any]]:
    """Return the words that may be meant in a submission, as long as they are kept for its letter."""
    path = project.waiting / f"{submission_id}{_MEANT}"
    return json.loads(path.read_bytes()) if path.is_file() else []


def let_go(project: Project, submission_id: str) -> None:
    """Remove the workbook of a submission."""
    for ending in WORKBOOKS:
        (project.waiting / f"{submission_id}{ending}").unlink(missing_ok=True)


def sweep_waiting(project: Project) -> None:
    """Remove what waited longer than :data:`clearing_point.intake.limits.WAITING_DAYS`."""
    oldest = time.time() - limits.WAITING_DAYS * _SECONDS_A_DAY
    for path in project.waiting.glob("*") if project.waiting.is_dir() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _of_series(project: Project, submission_id: str) -> list[Path]:
    series = submission_id.rpartition("-v")[0]
    return list(project.waiting.glob(f"{series}-v*")) if project.waiting.is_dir() else []
