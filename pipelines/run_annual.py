"""The scheduled build of the annual report: one command that may run every night, be killed, and run again.

lock -> submissions at the cut-off day -> gates -> count and protect -> build -> self-checks -> put in place -> one line
in the run log. Everything is made in the work folder; the last good report stays until a whole new one takes its place.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from clearing_point.errors import ClearingPointError, InputProblem, of_the_machine
from clearing_point.intake.archive import archived_file
from clearing_point.project import Project
from clearing_point.publication.prepared_issue import put_out, settle
from clearing_point.publication.release import Release, make_release
from clearing_point.report.lock import read_lock
from clearing_point.report.places import put_in_place
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.events import now
from clearing_point.workplace import alone, drop_work, work_folder
from pipelines.annual_report import in_its_languages, make

Progress = Callable[[str], None]
RUN_LOG = "runs.log"


@dataclass(frozen=True)
class Run:
    """What a run did; one line of the run log."""

    edition: int
    outcome: str
    """``published``, ``unchanged`` or ``failed``."""
    exit_code: int
    step: str
    """The last step that was begun."""
    reason: str = ""
    release: str = ""
    submissions: int = 0
    tables: int = 0
    withheld: int = 0
    files: int = 0

    def sentence(self) -> str:
        """Return one line for a person."""
        if self.outcome == "failed":
            return f"Edition {self.edition} was not built (at: {self.step}): {self.reason} The last good report stays."
        verb = "is published" if self.outcome == "published" else "is unchanged"
        return (
            f"Edition {self.edition}, release {self.release}, {verb}: {self.submissions} submissions, {self.tables} tables, "
            f"{self.withheld} withheld, {self.files} files."
        )


def run_annual(
    project: Project, standard: Standard, year: int, *, also: Sequence[str] = (), without: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> Run:  # fmt: skip
    """Build the edition if anything changed, and write one line to the run log whatever comes of it.

    Parameters
    ----------
    also, without : sequence of str
        As for :func:`pipelines.annual_report.in_its_languages`.

    Raises
    ------
    InputProblem
        If another run is at work.
    """
    project.prepare()
    steps = ["lock"]

    def step(text: str) -> None:
        steps.append(text)
        progress(text)

    with alone(project.publication_lock, "publishing or building a report"):
        begun, seconds = now(), monotonic()
        try:
            run = _run(project, standard, year, also, without, step)
        except ClearingPointError as error:
            run = Run(year, "failed", error.exit_code, steps[-1], str(error))
        except Exception as error:
            known = of_the_machine(error)
            # The text of an unexpected error may hold a value: its kind is enough to report it.
            reason = str(known) if known else f"The program failed ({type(error).__name__})."
            run = Run(year, "failed", 1 if known else 3, steps[-1], reason)
        line = {"at": begun.isoformat() + "Z", "seconds": round(monotonic() - seconds, 1), **asdict(run)}
        with (project.data / RUN_LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
    return run


def _run(
    project: Project,
    standard: Standard,
    year: int,
    also: Sequence[str],
    without: Sequence[str],
    step: Progress,
) -> Run:
    _sweep(project, year)
    folder = work_folder(project.work, f".annual-{year}-")
    try:
        release = make_release(project, standard, year, folder / "releases" / str(year), progress=step)
        step("gates")
        _gates(project, release)
        release = in_its_languages(project, release, also, without)
        made = make(project, standard, release, folder / "report", progress=step).html.parent
        lock = read_lock(made, year)
        before = _lock_hash(project, year)
        step("putting the release in place")
        put_out(project, release.folder, year)
        step("putting the report in place")
        project.builds.mkdir(parents=True, exist_ok=True)
        put_in_place(project, year, made)
        step("log")
        same = before is not None and before == _lock_hash(project, year)
        return Run(
            edition=year,
            outcome="unchanged" if same else "published",
            exit_code=0,
            step="done",
            release=lock["release"],
            submissions=len(release.submissions),
            tables=len(release.tables),
            withheld=sum(t.protected.withheld for t in release.tables),
            files=len(lock["files"]) + 1,
        )
    finally:
        settle(project)
        drop_work(folder)


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


def _lock_hash(project: Project, year: int) -> str | None:
    path = project.builds / str(year) / f"{year}.lock.json"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _sweep(project: Project, year: int) -> None:
    """Remove what a killed run left behind; nobody else is at work while the lock is held."""
    for parent, pattern in (
        (project.builds, f".{year}-*"),
        (project.releases, f".{year}-*"),
    ):
        for path in parent.glob(pattern) if parent.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)
