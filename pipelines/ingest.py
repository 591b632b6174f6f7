"""From a received file to the warehouse: ask what is stored, read, judge, store, say what came of it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clearing_point.countries import (
    Profile,
    for_sender,
    in_format_of,
    profile_of_source,
    profile_of_territory,
)
from clearing_point.engine import without
from clearing_point.errors import InputProblem
from clearing_point.intake.guard import prepare_guard
from clearing_point.processes import workers
from clearing_point.project import Project
from clearing_point.quality.answers import Answer
from clearing_point.quality.feedback import OF_REFUSED, feedback_of
from clearing_point.quality.judge import verdict_of
from clearing_point.standard import Standard
from clearing_point.standard.prepared import prepare_rules
from clearing_point.submission.judged import (
    COMPARING,
    WAITING,
    Judged,
    Progress,
    confirmed_by,
    is_confirmed,
    judged,
    judged_elsewhere,
    outcome_of,
    quietly,
    store_judged,
)
from clearing_point.submission.layout import with_its_sender
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item, Plan, in_turn, plan_of, plan_to_check
from clearing_point.submission.published_files import as_published
from clearing_point.submission.resubmission import what_would_change
from clearing_point.suites.beside import library_beside
from clearing_point.warehouse.connection import share_cores
from clearing_point.warehouse.shape import prepare_warehouse

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_WORKERS = 2


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
    """Read and judge a file without storing anything, and say what :func:`load` would do with it."""
    item = Item(path, profile, period, encoding=encoding, language=language, answers=tuple(answers))
    with checked(project, standard, item, progress=progress) as done:
        return done.outcome


@dataclass(frozen=True)
class Checked:
    """A file that was read and judged, with the workspace in which its rows and findings stand."""

    outcome: Outcome
    workspace: Path


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
            yield Checked(
                outcome_of(standard, item, plan, found, told, changes, stored=False), found.receipt.workspace
            )
        finally:
            found.drop()
    finally:
        plan.earlier.drop()


def load(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    made_data: bool | None = None,
    received_at: datetime.datetime | None = None,
    encoding: str | None = None,
    reason: str | None = None,
    language: str = "en",
    compared: bool = True,
    answers: Sequence[Answer] = (),
    progress: Progress = quietly,
) -> Outcome:
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
        return _loaded_before(project, standard, item, plan.before)
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


def _loaded_before(project: Project, standard: Standard, item: Item, name: str) -> Outcome:
    verdict = verdict_of(project.warehouse, name)
    feedback = feedback_of(project.warehouse, name, standard, item.language)
    refused = any(missed.reason == OF_REFUSED for missed in feedback.facts.missed)
    return Outcome(name, item, verdict, feedback, {}, stored=True, unchanged=True, refused=refused)


_Begun = dict[int, tuple[Plan | InputProblem, "Future[Judged] | None"]]


@contextmanager
def _begun(pool: ProcessPoolExecutor) -> Iterator[_Begun]:
    """Give where to note what was begun; what was not stored when the block ends leaves no work behind."""
    begun: _Begun = {}
    try:
        yield begun
    finally:
        for plan, elsewhere in begun.values():
            if elsewhere is not None and not elsewhere.cancel() and elsewhere.exception() is None:
                elsewhere.result().drop()
            if isinstance(plan, Plan):
                plan.earlier.drop()


def load_many(
    project: Project, standard: Standard, items: Sequence[Item], *, progress: Progress = quietly
) -> list[Outcome]:
    """Load several files of different series: read and judged side by side, stored one after the other.

    Raises
    ------
    InputProblem
        As :func:`load`, for the first file in order that cannot be loaded; those before it are stored.
    """
    prepare_warehouse(project, standard)
    prepare_rules(project.prepared, standard)  # once, and not in every worker
    prepare_guard(project.prepared, standard)
    number_of_workers = max(1, min(_WORKERS, os.cpu_count() or 1, len(items)))
    outcomes: dict[int, Outcome] = {}
    with library_beside() as ask, workers(number_of_workers, share_cores) as pool, _begun(pool) as begun:

        def begin(number: int) -> None:
            try:
                plan = plan_of(project, standard, items[number])
            except InputProblem as problem:  # said when its turn has come: those before it are stored
                begun[number] = (problem, None)
                return
            work = (project, standard.folder, items[number], plan)
            begun[number] = (plan, pool.submit(judged_elsewhere, *work) if plan.before is None else None)

        order = in_turn(items)
        for number, before in order:
            if before is None:
                begin(number)
        for number, _ in order:
            item, (plan, elsewhere) = items[number], begun[number]
            progress(f"loading {len(outcomes) + 1} of {len(items)}: {item.path.name}")
            if isinstance(plan, InputProblem):
                raise plan
            if elsewhere is None:
                outcomes[number] = _loaded_before(project, standard, item, str(plan.before))
            else:
                found = confirmed_by(ask, project, standard, plan, elsewhere.result())
                outcomes[number] = store_judged(project, standard, item, plan, found)
            plan.earlier.drop()
            del begun[number]
            for following, waited_for in order:
                if waited_for == number:
                    begin(following)  # beside those of others that are still being read
    return [outcomes[number] for number in range(len(items))]


def load_source(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    *,
    received_at: datetime.datetime | None = None,
    released: datetime.date | None = None,
    part: str | None = None,
    progress: Progress = quietly,
) -> Outcome:
    """Load a public file by the profile whose layout it has; see :func:`as_published`.

    Every release is kept. The newest is in force, whichever is loaded last.
    """
    item = as_published(project, standard, path, source, received_at, released, part)
    return load_item(project, standard, item, progress=progress)


def load_format(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    territory: str,
    period: str,
    *,
    sender: str | None = None,
    progress: Progress = quietly,
) -> Outcome:
    """Load a file in a public format (``pipelines/sources``) as the submission of a reporting territory.

    Raises
    ------
    InputProblem
        If there is no such territory or format, and as :func:`load`.
    """
    base = for_sender(profile_of_territory(project, territory), sender)
    profile = in_format_of(base, profile_of_source(project, source))
    return load(project, standard, path, profile, period, progress=progress)
