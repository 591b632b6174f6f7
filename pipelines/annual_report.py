"""From an edition to a built report: made beside its place, checked, locked, and put in place whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from clearing_point.analysis.revisions import Revisions, compare
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.prepared_issue import issue_release, settle, settled
from clearing_point.publication.release import Release, make_release
from clearing_point.publication.states import refuse_closed
from clearing_point.report.build import BuiltReport
from clearing_point.report.edition_report import (
    Verified,
    in_its_languages,
    in_languages,
    make,
    moved,
    scratch,
)
from clearing_point.report.lock import hashes_of, lock_name, read_lock
from clearing_point.report.places import folder_named, put_in_place, year_of
from clearing_point.standard import Standard
from clearing_point.workplace import alone
from pipelines.publish import publish

Progress = Callable[[str], None]


def build(
    project: Project, standard: Standard, year: int, *, release: Release | None = None, also: Sequence[str] = (),
    without: Sequence[str] = (), progress: Progress = lambda _: None,
) -> BuiltReport:  # fmt: skip
    """Publish the edition, unless that was just done, and build its report.

    The release goes out, and its issue into the ledger, only when the report has passed its checks. A report that
    stood there is kept under ``earlier`` if the new one differs.

    Parameters
    ----------
    also, without : sequence of str
        As for :func:`clearing_point.report.edition_report.in_its_languages`.

    Raises
    ------
    InputProblem
        As :func:`pipelines.publish.publish`.
    InternalError
        If the finished report fails its own checks; the one that stood there stays.
    """
    project.prepare()
    if release is None:
        refuse_closed(project, year)
    with (
        alone(project.publication_lock, "publishing or building a report"),
        scratch(project.work, year) as folder,
        settled(project),
    ):
        project.builds.mkdir(parents=True, exist_ok=True)
        found = release or make_release(project, standard, year, folder / "release", progress=progress)
        spoken = in_its_languages(project, found, also, without)
        made = make(project, standard, spoken, folder / str(year), progress=progress)
        if release is None:
            issue_release(project, found.folder, year)
        place = put_in_place(project, year, made.html.parent)
    return moved(made, place)


def verify(
    project: Project, standard: Standard, year: int, *, progress: Progress = lambda _: None
) -> Verified:
    """Build an edition again from its lock, beside the standing one, and compare every byte.

    Raises
    ------
    InputProblem
        If the edition was not built, or a submission of its lock is no longer there.
    """
    standing = project.builds / str(year)
    lock = read_lock(standing, year)
    settle(project)
    with scratch(project.work, year) as folder:
        ledger = folder / "publications"
        if project.ledger.parent.is_dir():
            shutil.copytree(project.ledger.parent, ledger)
        beside = replace(project, output_folder=folder, ledger_folder=ledger)
        counted = [row["submission"] for row in lock["submissions"] if row["counted"]]
        release = publish(beside, standard, year, only=counted, progress=progress)
        if set(release.submissions) != set(counted):
            raise InputProblem(
                f"The warehouse lacks submissions of the lock of {year}: `clearing-point rebuild` first."
            )
        release = in_languages(release, lock.get("languages", release.edition.languages))
        made = make(project, standard, release, folder / "again", lock=lock, progress=progress)
        again = read_lock(made.html.parent, year)
        there = hashes_of(standing, leave_out=(lock_name(year),))
    wanted = lock["files"]
    names = sorted({*wanted, *again["files"], *there})
    different = tuple(n for n in names if not wanted.get(n) == again["files"].get(n) == there.get(n))
    inputs = tuple(k for k in again if k not in ("files", "release") and k in lock and again[k] != lock[k])
    return Verified(year, len(names), different, inputs)


def diff(project: Project, before: str, now: str) -> Revisions:
    """Compare two built reports, named by their folders: ``2021``, ``2022`` or ``2022-1.0`` for an earlier one.

    Raises
    ------
    InputProblem
        If one of them is not there.
    """
    folders = [folder_named(project, name) for name in (before, now)]
    locks = [read_lock(f, year_of(name)) for f, name in zip(folders, (before, now), strict=True)]
    return compare(folders[0], folders[1], locks[0], locks[1])
