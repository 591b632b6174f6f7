"""A received file checked: ask what is stored, read, judge, compare, say what loading it would do. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries import Profile
from clearing_point.engine import without
from clearing_point.project import Project
from clearing_point.quality.answers import Answer
from clearing_point.standard import Standard
from clearing_point.submission.judged import (
    COMPARING,
    WAITING,
    Progress,
    judged,
    outcome_of,
    quietly,
)
from clearing_point.submission.layout import with_its_sender
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item, plan_to_check
from clearing_point.submission.resubmission import what_would_change
from clearing_point.warehouse.workspace import Workspace


def check(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    encoding: str | None = None,
    language: str = "en",
    answers: Sequence[Answer] = (),
    progress: Progress = quietly,
) -> Outcome:
    """Read and judge a file without storing anything, and say what :func:`pipelines.ingest.load` would do with it."""
    item = Item(path, profile, period, encoding=encoding, language=language, answers=tuple(answers))
    with checked(project, standard, item, progress=progress) as done:
        return done.outcome


@dataclass(frozen=True)
class Checked:
    """A file that was read and judged, with the workspace in which its rows and findings stand."""

    outcome: Outcome
    workspace: Workspace
    rows_read: int


@contextmanager
def checked(
    project: Project, standard: Standard, item: Item, *, progress: Progress = quietly
) -> Iterator[Checked]:
    """Check a file as :func:`check`, and keep its workspace as long as the block: what goes back is made of it."""
    progress(WAITING)
    with without("pandas"):
        item = with_its_sender(project, standard, item)
        plan = plan_to_check(project, standard, item)
    try:
        found = judged(project, standard, item, plan, progress=progress)
        try:
            progress(COMPARING)
            told, changes = what_would_change(
                project, standard, item, plan, found.receipt, found.verdict.accepted
            )
            outcome = outcome_of(standard, item, plan, found, told, changes, stored=False)
            yield Checked(outcome, found.receipt.workspace, found.receipt.rows_read)
        finally:
            found.drop()
    finally:
        plan.earlier.drop()
