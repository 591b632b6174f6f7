"""The scheduled build of the annual report: one command that may run every night, be killed, and run again.

lock -> rows of this standard, profiles and program, else a rebuild -> submissions at the cut-off day -> gates -> count
and protect -> build -> self-checks -> put in place. Everything is
made in the work folder; the last good report stays until a whole new one takes its place. Until a person opens the edition
it is a draft: made and checked like any other, marked, kept in ``drafts``, and in no ledger. Every run leaves a line.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from clearing_point.errors import (
    ClearingPointError,
    InputProblem,
    MachineProblem,
    UsageProblem,
    of_the_machine,
)
from clearing_point.intake.archive import archived_file
from clearing_point.project import Project
from clearing_point.publication.prepared_issue import put_out, settle
from clearing_point.publication.release import Release, make_release
from clearing_point.publication.states import CLOSED, DRAFT, state_of
from clearing_point.report.lock import lock_name, read_lock
from clearing_point.report.places import put_in_place, standing_lock
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.events import now
from clearing_point.warehouse.worked_out import differing
from clearing_point.workplace import alone, drop_work, work_folder
from pipelines.annual_report import changed_inputs, in_its_languages, make
from pipelines.rebuild import rebuild

Progress = Callable[[str], None]
OPERATOR = 4
"""Exit code of what the machine refused: a full disk, a held lock, a stopped service."""
OUT = "putting the report in place"


@dataclass(frozen=True)
class Run:
    """What a run did; one line of the run log."""

    edition: int
    outcome: str
    """``published``, ``unchanged``, ``draft``, ``closed`` or ``failed``."""
    exit_code: int
    """0; 1 for who looks after the data; 3 the program's fault; 4 for who looks after the machine."""
    step: str
    """The last step that was begun."""
    reason: str = ""
    release: str = ""
    submissions: int = 0
    tables: int = 0
    withheld: int = 0
    files: int = 0
    standing: bool = False
    """A report of the edition stands."""
    changed: tuple[str, ...] = ()
    """What is not as it was when the report before was made; says why there is a release."""
    rebuilt: str = ""
    """What a rebuild before the counting said, where rows had been worked out under something else."""

    def sentence(self) -> str:
        """Return one line for a person."""
        if self.outcome == "failed":
            stays = " The last good report stays." if self.standing else ""
            return f"Edition {self.edition} was not built (at: {self.step}): {self.reason}{stays}"
        if self.outcome == "closed":
            return f"Edition {self.edition} is closed: nothing was made."
        counts = f"{self.submissions} submissions, {self.tables} tables, {self.withheld} withheld, {self.files} files"
        if self.outcome == "draft":
            return (
                f"Edition {self.edition} is a draft: {counts}. Nothing was published; `clearing-point edition "
                f"{self.edition} --state open --role ROLE` lets the next run publish it."
            )
        verb = "is published" if self.outcome == "published" else "is unchanged"
        why = f" Changed since the report before: {', '.join(self.changed)}." if self.changed else ""
        return f"Edition {self.edition}, release {self.release}, {verb}: {counts}.{why}"


class Stopped(BaseException):
    """Somebody stopped the run (SIGTERM, as a service manager does)."""


def run_annual(
    project: Project, standard: Standard | Callable[[], Standard], year: int, *, also: Sequence[str] = (),
    without: Sequence[str] = (), progress: Progress = lambda _: None,
) -> Run:  # fmt: skip
    """Build the edition if anything changed, and leave one line in the run log whatever comes of it.

    Parameters
    ----------
    standard : Standard or callable
        What returns it, where reading it is part of the run: schemas that cannot be read leave a line, too.
    also, without : sequence of str
        As for :func:`pipelines.annual_report.in_its_languages`.

    Raises
    ------
    UsageProblem
        If the run was asked for in a way that cannot work.
    """
    steps = ["lock"]
    begun, seconds = now(), monotonic()

    def step(text: str) -> None:
        steps.append(text)
        progress(text)

    wrong: UsageProblem | None = None
    try:
        with _stoppable():
            known = standard if isinstance(standard, Standard) else standard()
            project.prepare()
            with _mine(project):
                run = _run(project, known, year, also, without, step)
    except UsageProblem as error:
        wrong, run = error, Run(year, "failed", error.exit_code, steps[-1], str(error))
    except MachineProblem as error:
        run = Run(year, "failed", OPERATOR, steps[-1], str(error))
    except ClearingPointError as error:
        run = Run(year, "failed", error.exit_code, steps[-1], str(error))
    except (Stopped, KeyboardInterrupt):
        run = Run(year, "failed", OPERATOR, steps[-1], "The run was stopped.")
    except Exception as error:
        known_error = of_the_machine(error)
        # The text of an unexpected error may hold a value: its kind is enough to report it.
        reason = str(known_error) if known_error else f"The program failed ({type(error).__name__})."
        run = Run(year, "failed", OPERATOR if known_error else 3, steps[-1], reason)
    run = replace(run, standing=standing_lock_is_there(project, year))
    if run.outcome == "failed" and OUT in steps:
        # What the machine says of a full disk ("nothing was stored") is not true of a release that is out.
        told = f"The release is out and in the ledger, its report is not in place ({type_of(run)}). Run it again."
        run = replace(run, reason=told)
    line = {"at": begun.isoformat() + "Z", "seconds": round(monotonic() - seconds, 1), **asdict(run)}
    _leave(project, json.dumps(line, ensure_ascii=False))
    if wrong:
        raise wrong
    return run


def type_of(run: Run) -> str:
    """Say in a word whose failure it was."""
    return "the machine refused" if run.exit_code == OPERATOR else "the program failed"


def standing_lock_is_there(project: Project, year: int) -> bool:
    """Say whether a report of the edition stands."""
    try:
        return (project.builds / str(year) / lock_name(year)).is_file()
    except OSError:
        return False


@contextmanager
def _mine(project: Project) -> Iterator[None]:
    held = alone(project.publication_lock, "publishing or building a report")
    try:
        held.__enter__()
    except InputProblem as error:
        raise MachineProblem(str(error)) from error
    try:
        yield
    finally:
        held.__exit__(None, None, None)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a stopped run clear up and leave its line."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(project: Project, line: str) -> None:
    """Add a line to the run log; where that cannot be written, to standard error and so to the journal."""
    try:
        if (
            project.data.stat().st_uid != os.geteuid()
        ):  # a file of another user's would stop its owner's service
            raise PermissionError
        with project.run_log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")
    except OSError:
        print(line, file=sys.stderr, flush=True)


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
    _sweep(project, year)
    rebuilt = _rebuilt(project, standard, step)
    folder = work_folder(project.work, f".annual-{year}-")
    try:
        place = folder / "releases" / str(year)
        release = make_release(project, standard, year, place, draft=draft, progress=step)
        step("gates")
        _gates(project, release)
        release = in_its_languages(project, release, also, without)
        made = make(project, standard, release, folder / "report", progress=step).html.parent
        lock = read_lock(made, year)
        if draft:
            step("putting the draft in place")
            _keep_draft(project, year, folder)
            return replace(_run_of(release, lock, year, "draft"), rebuilt=rebuilt)
        before = standing_lock(project, year)
        step("putting the release in place")
        put_out(project, release.folder, year)
        shutil.rmtree(_drafts(project) / str(year), ignore_errors=True)
        step(OUT)
        project.builds.mkdir(parents=True, exist_ok=True)
        put_in_place(project, year, made)
        step("log")
        outcome = "unchanged" if before == lock else "published"
        changed = changed_inputs(before, lock) if before else ()
        return replace(_run_of(release, lock, year, outcome), changed=changed, rebuilt=rebuilt)
    finally:
        settle(project)
        drop_work(folder)


def _run_of(release: Release, lock: Mapping[str, Any], year: int, outcome: str) -> Run:
    return Run(
        edition=year,
        outcome=outcome,
        exit_code=0,
        step="done",
        release="" if outcome == "draft" else lock["release"],
        submissions=len(release.submissions),
        tables=len(release.tables),
        withheld=sum(t.protected.withheld for t in release.tables),
        files=len(lock["files"]) + 1,
    )


def _drafts(project: Project) -> Path:
    return project.data / "drafts"


def _keep_draft(project: Project, year: int, made: Path) -> None:
    """Put release and report of a draft where only the office looks; the one before goes."""
    parent = _drafts(project)
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


def _gates(project: Project, release: Release) -> None:
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


def _rebuilt(project: Project, standard: Standard, step: Progress) -> str:
    """Work rows out again that came of another standard, profile or program; say what came of it."""
    found = differing(project, standard)
    if found is None:
        return ""
    step("rebuilding")
    return f"{found.sentence()} {rebuild(project, standard).sentence()}"


def _sweep(project: Project, year: int) -> None:
    """Remove what a killed run left behind; nobody else is at work while the lock is held."""
    for parent, pattern in (
        (project.builds, f".{year}-*"),
        (project.releases, f".{year}-*"),
    ):
        for path in parent.glob(pattern) if parent.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)
