"""One run of the scheduled build: what it did, how it is stopped, and the line that it leaves."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from clearing_point.errors import (
    ClearingPointError,
    MachineProblem,
    UsageProblem,
    of_the_machine,
)
from clearing_point.project import Project
from clearing_point.publication.release import Release
from clearing_point.report.lock import lock_name
from clearing_point.warehouse.events import now
from clearing_point.workplace import alone

BEGUN = "begun"
"""Outcome of the line that a run leaves first."""
OPERATOR = 4
"""Exit code of what the machine refused: a full disk, a held lock, a stopped service."""


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
    """Somebody stopped the run (SIGTERM, as a service manager does; SIGHUP, as a closed terminal does)."""


def watched(
    project: Project,
    year: int,
    work: Callable[[Callable[[str], None]], Run],
    *,
    out: str,
    progress: Callable[[str], None],
) -> Run:
    """Do the work of a run and leave its lines in the run log, whatever comes of it.

    Parameters
    ----------
    work : callable
        Is given what to call before each step.
    out : str
        The step from which on the release is out.

    Raises
    ------
    UsageProblem
        If the run was asked for in a way that cannot work.
    """
    steps = ["lock"]
    begun, seconds = now().isoformat() + "Z", monotonic()
    leave_begun(project, year, begun)
    wrong: UsageProblem | None = None
    try:
        with stoppable() as go_on:

            def step(text: str) -> None:
                steps.append(text)
                go_on()
                progress(text)

            run = work(step)
    except UsageProblem as error:
        wrong, run = error, failed_run(year, steps[-1], error)
    except (Exception, Stopped, KeyboardInterrupt) as error:
        run = failed_run(year, steps[-1], error)
    run = _as_it_stands(project, run, out=out in steps)
    line = {"at": begun, "seconds": round(monotonic() - seconds, 1), "process": os.getpid(), **asdict(run)}
    leave_line(project, json.dumps(line, ensure_ascii=False))
    if wrong:
        raise wrong
    return run


def failed_run(year: int, step: str, error: BaseException) -> Run:
    """Return what is left of a run that failed: whose matter it is, and a sentence that holds no value."""
    if isinstance(error, ClearingPointError):
        return Run(year, "failed", error.exit_code, step, str(error))
    if isinstance(error, (Stopped, KeyboardInterrupt)):
        return Run(year, "failed", OPERATOR, step, "The run was stopped.")
    known = of_the_machine(error)
    # The text of an unexpected error may hold a value: its kind is enough to report it.
    reason = str(known) if known else f"The program failed ({type(error).__name__})."
    return Run(year, "failed", OPERATOR if known else 3, step, reason)


def _as_it_stands(project: Project, run: Run, *, out: bool) -> Run:
    """Say of a run whether a report stands, and of one that failed after its release went ``out`` that it did."""
    run = replace(run, standing=_standing_lock_is_there(project, run.edition))
    if run.outcome != "failed" or not out:
        return run
    # What the machine says of a full disk ("nothing was stored") is not true of a release that is out.
    told = (
        f"The release is out and in the ledger, its report is not in place ({_type_of(run)}). Run it again."
    )
    return replace(run, reason=told)


def _standing_lock_is_there(project: Project, year: int) -> bool:
    """Say whether a report of the edition stands."""
    try:
        return (project.builds / str(year) / lock_name(year)).is_file()
    except OSError:
        return False


def _type_of(run: Run) -> str:
    """Say in a word whose failure it was."""
    return "the machine refused" if run.exit_code == OPERATOR else "the program failed"


@contextmanager
def mine(project: Project) -> Iterator[None]:
    """Hold the lock of publications."""
    with alone(project.publication_lock, "publishing or building a report"):
        yield


def refuse_missing_folder(project: Project) -> None:
    """Stop where the data folder is not there: its disk may be away, and an empty one in its place would hide that.

    Raises
    ------
    MachineProblem
        Naming the folder.
    """
    if not project.data.is_dir():
        raise MachineProblem(f"There is no data folder {project.data}: is its disk there, is its name right?")


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Let a stopped run clear up and leave its line.

    Yields what is called before each step: it stops a run whose stop a library at work has swallowed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    asked: list[bool] = []

    def stop(*_: object) -> None:
        asked.append(True)
        raise Stopped

    def go_on() -> None:
        if asked:
            raise Stopped

    # A run that was told to live on without its terminal (nohup) does.
    stops = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in stops}
    try:
        yield go_on
    except Exception as error:
        # A library that was at work may say in its own words that it was interrupted.
        if asked:
            raise Stopped from error
        raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def leave_begun(project: Project, year: int, at: str) -> None:
    """Note that a run begins: one that is killed leaves no other line, and `health` misses its end."""
    line = {"at": at, "edition": year, "outcome": BEGUN, "exit_code": None, "process": os.getpid()}
    with suppress(OSError):  # the line of its end says why
        _add(project, json.dumps(line))


def leave_line(project: Project, line: str) -> None:
    """Add a line to the run log; where that cannot be written, to standard error and so to the journal."""
    try:
        _add(project, line)
    except OSError:
        print(line, file=sys.stderr, flush=True)


def _add(project: Project, line: str) -> None:
    if project.data.stat().st_uid != os.geteuid():  # a file of another user's would stop its owner's service
        raise PermissionError
    # A line that a full disk or a loss of power cut off must not take the next one with it.
    whole = not project.run_log.exists() or project.run_log.read_bytes()[-1:] in (b"", b"\n")
    with project.run_log.open("a", encoding="utf-8") as log:
        log.write(("" if whole else "\n") + line + "\n")


def without_project(year: int, error: ClearingPointError, data: Path | None) -> Run:
    """Leave the line of a run whose project is not where it was named: no disk, a wrong name; whose data may be there."""
    run = Run(year, "failed", OPERATOR, "project", str(error))
    named = data or os.environ.get("CLEARING_POINT_DATA")
    line = json.dumps({"at": now().isoformat() + "Z", "seconds": 0.0, **asdict(run)}, ensure_ascii=False)
    if named:
        leave_line(Project(root=Path(named), data=Path(named).expanduser().resolve()), line)
    else:
        print(line, file=sys.stderr, flush=True)
    return run


def run_of(release: Release, lock: Mapping[str, Any], year: int, outcome: str) -> Run:
    """Return what a run did that ended as it should."""
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
