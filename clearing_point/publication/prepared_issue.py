"""An issue between being decided and being out.

The whole ledger with the new issue is written beside the ledger (``publications/prepared``); the release is made and
checked elsewhere; the rename that puts it in place publishes it, and the prepared ledger takes the place of the ledger.
Killed before that rename, nothing was published and the prepared issue is thrown away; killed after it, the release in
place carries the last link of the prepared ledger's chain, and the next publication enters it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clearing_point.analysis.release import put_in_place
from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.lost_ledger import keep_head


def prepared_folder(project: Project) -> Path:
    """Return the folder in which an issue waits; it is there only while one does."""
    return project.ledger.parent / "prepared"


def standing_ledger(project: Project) -> Ledger:
    """Return the ledger with the prepared issue, where one waits."""
    waiting = prepared_folder(project) / project.ledger.name
    return Ledger(waiting if waiting.exists() else project.ledger)


def settle(project: Project) -> None:
    """Enter a prepared issue whose release is out, throw away one whose release never was."""
    waiting = prepared_folder(project)
    ledger = waiting / project.ledger.name
    if ledger.exists():
        last = Ledger(ledger).records()[-1]
        issue = next(i for i in Ledger(ledger).issues() if i.name == last.edition)
        out = project.releases / str(issue.note["edition"]) / "manifest.json"
        if out.exists() and json.loads(out.read_bytes())["protection"].get("ledger") == last.chain:
            _enter(project)
    shutil.rmtree(waiting, ignore_errors=True)


@contextmanager
def settled(project: Project) -> Iterator[None]:
    """Leave no prepared issue behind, however the work with it ends."""
    try:
        yield
    finally:
        settle(project)


def issue_release(project: Project, made: Path, year: int) -> Path:
    """Put a finished release in place and enter its issue in the ledger; return where it stands.

    Raises
    ------
    InputProblem
        Where something else was entered meanwhile; then nothing is put in place.
    """
    waiting = prepared_folder(project) / project.ledger.name
    if waiting.exists():
        before = Ledger(project.ledger).records()
        if Ledger(waiting).records()[: len(before)] != before:
            raise InputProblem("Another edition was published meanwhile: publish this one again.")
    project.releases.mkdir(parents=True, exist_ok=True)
    place = put_in_place(made, project.releases / str(year))
    if waiting.exists():
        _enter(project)
    else:
        keep_head(project)
    return place


def _enter(project: Project) -> None:
    waiting = prepared_folder(project)
    for path in waiting.iterdir():
        if path.name != project.ledger.name:
            os.replace(path, project.ledger.parent / path.name)
    os.replace(waiting / project.ledger.name, project.ledger)
    keep_head(project)
    waiting.rmdir()
