"""The scheduled build of the annual report: one command that may run every night, be killed, and run again.

lock -> rows of this standard, profiles and program, else a rebuild -> submissions at the cut-off day -> gates -> count
and protect -> build -> self-checks -> put in place. Everything is
made in the work folder; the last good report stays until a whole new one takes its place. Until a person opens the edition
it is a draft: made and checked like any other, marked, kept in ``drafts``, and in no ledger. Every run leaves a line as it
begins and one as it ends.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from clearing_point.project import Project
from clearing_point.publication.prepared_issue import issue_release, settle
from clearing_point.publication.release import make_release
from clearing_point.publication.states import CLOSED, DRAFT, state_of
from clearing_point.report.drafts import drafts_folder, keep_draft, refuse_failed_gates, sweep_killed_runs
from clearing_point.report.edition_report import changed_inputs, in_its_languages, make
from clearing_point.report.lock import read_lock
from clearing_point.report.nightly_run import Run, mine, refuse_missing_folder, run_of, watched
from clearing_point.report.places import put_in_place, standing_lock
from clearing_point.standard import Standard
from clearing_point.warehouse.worked_out import differing
from clearing_point.workplace import drop_work, work_folder
from pipelines.rebuild import rebuild

Progress = Callable[[str], None]
OUT = "putting the report in place"


def run_annual(
    project: Project, standard: Standard | Callable[[], Standard], year: int, *, also: Sequence[str] = (),
    without: Sequence[str] = (), progress: Progress = lambda _: None,
) -> Run:  # fmt: skip
    """Build the edition if anything changed, and leave its lines in the run log whatever comes of it.

    Parameters
    ----------
    standard : Standard or callable
        What returns it, where reading it is part of the run: schemas that cannot be read leave a line, too.
    also, without : sequence of str
        As for :func:`clearing_point.report.edition_report.in_its_languages`.

    Raises
    ------
    UsageProblem
        If the run was asked for in a way that cannot work.
    """

    def work(step: Progress) -> Run:
        refuse_missing_folder(project)  # before what follows from the standard is kept in it
        known = standard if isinstance(standard, Standard) else standard()
        project.prepare()
        with mine(project):
            return _run(project, known, year, also, without, step)

    return watched(project, year, work, out=OUT, progress=progress)


def _run(
    project: Project,
    standard: Standard,
    year: int,
    also: Sequence[str],
    without: Sequence[str],
    step: Progress,
) -> Run:
    state = state_of(project, year)
    if state == CLOSED:
        return Run(year, "closed", 0, "done")
    draft = state == DRAFT
    sweep_killed_runs(project, year)
    rebuilt = _rebuilt(project, standard, step)
    folder = work_folder(project.work, f".annual-{year}-")
    try:
        place = folder / "releases" / str(year)
        release = make_release(project, standard, year, place, draft=draft, progress=step)
        step("gates")
        refuse_failed_gates(project, release)
        release = in_its_languages(project, release, also, without)
        made = make(project, standard, release, folder / "report", progress=step).html.parent
        lock = read_lock(made, year)
        if draft:
            step("putting the draft in place")
            keep_draft(project, year, folder)
            return replace(run_of(release, lock, year, "draft"), rebuilt=rebuilt)
        before = standing_lock(project, year)
        step("putting the release in place")
        issue_release(project, release.folder, year)
        shutil.rmtree(drafts_folder(project) / str(year), ignore_errors=True)
        step(OUT)
        project.builds.mkdir(parents=True, exist_ok=True)
        put_in_place(project, year, made)
        step("log")
        outcome = "unchanged" if before == lock else "published"
        changed = changed_inputs(before, lock) if before else ()
        return replace(run_of(release, lock, year, outcome), changed=changed, rebuilt=rebuilt)
    finally:
        settle(project)
        drop_work(folder)


def _rebuilt(project: Project, standard: Standard, step: Progress) -> str:
    """Work rows out again that came of another standard, profile or program; say what came of it."""
    found = differing(project, standard)
    if found is None:
        return ""
    step("rebuilding")
    return f"{found.sentence()} {rebuild(project, standard).sentence()}"
