"""From a received file to the warehouse: ask what is stored, read, judge, store, say what came of it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from clearing_point.countries import Profile
from clearing_point.project import Project
from clearing_point.quality.answers import Answer
from clearing_point.standard import Standard
from clearing_point.submission.judged import (
    WAITING,
    Progress,
    confirmed_by,
    is_confirmed,
    judged,
    quietly,
    store_judged,
)
from clearing_point.submission.layout import with_its_sender
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item, plan_of
from clearing_point.submission.published_files import as_published, in_public_format
from clearing_point.submission.stored import loaded_before
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.shape import prepare_warehouse
from pipelines.check import check, checked
from pipelines.load_many import load_many

__all__ = ["check", "checked", "load", "load_format", "load_item", "load_many", "load_source"]


def load(
    project: Project, standard: Standard, path: Path, profile: Profile, period: str, *, made_data: bool | None = None,
    received_at: datetime.datetime | None = None, encoding: str | None = None, reason: str | None = None,
    language: str = "en", compared: bool = True, answers: Sequence[Answer] = (), progress: Progress = quietly,
) -> Outcome:  # fmt: skip
    """Read, judge and store a file.

    The same file twice changes nothing. A new file of the same sender, territory and period
    replaces the version before, which is kept. A refused file leaves only its receipt.

    Parameters
    ----------
    reason : str, optional
        Why a version that was published is replaced; it is recorded.
    language : str
        Of the sentences on findings.
    compared : bool
        Say what a new version changes, and ask why where figures were published. A rebuild knows: all of it
        happened before.
    answers : sequence of Answer
        Given beside the file: with other answers it is not the same file.
    progress : callable
        Told how far the work is: codes of :mod:`clearing_point.submission.judged`.

    Raises
    ------
    InputProblem
        If a version that was published would be replaced without a reason; it says which published
        figures would move. If the file cannot be read, the period overlaps another one of the sender, or another
        command holds the warehouse.
    """
    item = Item(
        path, profile, period, made_data, received_at, encoding, reason, language, compared, answers=tuple(answers)
    )  # fmt: skip
    return load_item(project, standard, item, progress=progress)


def load_item(project: Project, standard: Standard, item: Item, *, progress: Progress = quietly) -> Outcome:
    """Read, judge and store one file, as :func:`load` does."""
    progress(WAITING)
    prepare_warehouse(project, standard)
    item = with_its_sender(project, standard, item) if item.kept_of is None else item
    plan = plan_of(project, standard, item)
    if plan.before is not None:
        return loaded_before(project, standard, item, plan)
    try:
        if is_confirmed(item.profile):
            with library_beside() as ask:
                found = judged(project, standard, item, plan, progress=progress)
                found = confirmed_by(ask, project, standard, plan, found, progress=progress)
        else:
            found = judged(project, standard, item, plan, progress=progress)
        return store_judged(project, standard, item, plan, found, progress=progress)
    finally:
        plan.earlier.drop()


def load_source(
    project: Project, standard: Standard, path: Path, source: str, *, received_at: datetime.datetime | None = None,
    released: datetime.date | None = None, part: str | None = None, progress: Progress = quietly,
) -> Outcome:  # fmt: skip
    """Load a public file by the profile whose layout it has; see :func:`as_published`.

    Every release is kept. The newest is in force, whichever is loaded last.
    """
    item = as_published(project, standard, path, source, received_at, released, part)
    return load_item(project, standard, item, progress=progress)


def load_format(
    project: Project, standard: Standard, path: Path, source: str, territory: str, period: str, *,
    sender: str | None = None, progress: Progress = quietly,
) -> Outcome:  # fmt: skip
    """Load a file in a public format (``pipelines/sources``) as the submission of a reporting territory.

    Raises
    ------
    InputProblem
        If there is no such territory or format, and as :func:`load`.
    """
    profile = in_public_format(project, source, territory, sender)
    return load(project, standard, path, profile, period, progress=progress)
