"""Whether an installation is well: one line a question, each with what to do; nothing is changed."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clearing_point import __version__
from clearing_point.disclosure import Ledger
from clearing_point.errors import ClearingPointError, InputProblem, of_the_machine
from clearing_point.intake.archive import check_archived, refuse_lost_archive
from clearing_point.project import Project, refuse_other_project
from clearing_point.publication.backup import LAST_BACKUP
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.publication.states import refuse_lost_states
from clearing_point.report.lock import read_lock, versions
from clearing_point.report.nightly_run import BEGUN
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import DELETED, REFUSED, now
from clearing_point.warehouse.receipts import read_receipts
from clearing_point.warehouse.worked_out import differing
from pipelines.tidy import alive, leftovers, size_of

OK, LOOK, WRONG = "ok", "look", "wrong"
OPERATOR, OFFICER = "who runs the machine", "the data officer"
CODES = {OPERATOR: 4, OFFICER: 1, "": 0}
"""Exit code of a wrong answer, by whom it concerns."""
_RUN_HOURS, _BACKUP_DAYS, _LOCK_HOURS = 36, 8, 3
_SPARE = 100_000_000
"""Bytes that should be free beside twice the warehouse and twice the largest report and release."""


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    state : str
        ``ok``, ``look`` (nothing is broken, a person should know) or ``wrong``.
    concerns : str
        Who is to act; empty where nobody is.
    facts : dict
        Numbers for a program.
    """

    question: str
    state: str
    sentence: str
    concerns: str
    facts: dict[str, Any]

    def line(self) -> str:
        """Return one line for a person."""
        whom = f" [{self.concerns}]" if self.concerns and self.state != OK else ""
        return f"{self.state:5}  {self.question}: {self.sentence}{whom}"


def health(project: Project, standard: Callable[[], Standard]) -> list[Answer]:
    """Ask every question; one that cannot be answered is itself wrong.

    Parameters
    ----------
    standard : callable
        What returns the standard: where it cannot be read, only the question that needs it has no answer.
    """
    questions: dict[str, Callable[[], tuple[str, str, str, dict[str, Any]]]] = {
        "last run": lambda: _last_run(project),
        "last backup": lambda: _last_backup(project),
        "free disk": lambda: _disk(project),
        "owner and modes": lambda: _owners(project),
        "project": lambda: _project(project),
        "locks": lambda: _locks(project),
        "ledger": lambda: _ledger(project),
        "archive": lambda: _archive(project),
        "rows": lambda: _rows(project, standard()),
        "versions": lambda: _versions(project),
        "may be deleted": lambda: _leftovers(project),
        "size": lambda: _size(project),
    }
    found = []
    for question, ask in questions.items():
        try:
            state, sentence, concerns, facts = ask()
        except (ClearingPointError, OSError, ValueError, KeyError, TypeError) as error:
            state, sentence, concerns, facts = WRONG, _why_not(error), OPERATOR, {}
        found.append(Answer(question, state, sentence, concerns, facts))
    return found


def _why_not(error: Exception) -> str:
    """Say why a question has no answer; the text of an error of the machine may hold a value, ours never does."""
    if isinstance(error, PermissionError) and error.filename:
        return f"{Path(error.filename).name} cannot be read (permission denied): it is there, and closed to this user."
    known = error if isinstance(error, InputProblem) else of_the_machine(error)
    return str(known or f"this could not be found out ({type(error).__name__}).")


def exit_code(answers: list[Answer]) -> int:
    """Return 0, or the code of the worst: 4 if anything wrong is the operator's, else 1."""
    return max((CODES[each.concerns] for each in answers if each.state == WRONG), default=0)


def summary(answers: list[Answer]) -> dict[str, Any]:
    """Return all answers for a program."""
    return {"exit_code": exit_code(answers), "answers": [asdict(each) for each in answers]}


_Said = tuple[str, str, str, dict[str, Any]]


def _last_run(project: Project) -> _Said:
    if not project.run_log.is_file():
        return LOOK, "none has left a line yet.", OPERATOR, {"runs": 0}
    read = [_line_of(line) for line in project.run_log.read_bytes().splitlines() if line]
    every = [line for line in read if line]
    lines = [line for line in every if line["outcome"] != BEGUN]
    good = [line for line in lines if line["outcome"] != "failed"]
    facts: dict[str, Any] = {
        "runs": len(lines),
        "hours_since_success": None,
        "last": lines[-1] if lines else None,
        "cut_off": len(read) - len(every),
    }
    if read and not read[-1]:
        return WRONG, "the last line of runs.log is cut off: was the disk full?", OPERATOR, facts
    for each in _never_ended(every):
        said = f"edition {each['edition']}, begun {each['at']}, never ended: it was killed, or the machine went down."
        return WRONG, said, OPERATOR, facts
    if lines and (last := _failing(lines)):
        whom = OFFICER if last["exit_code"] == 1 else OPERATOR
        return WRONG, f"edition {last['edition']} failed at '{last['step']}': {last['reason']}", whom, facts
    if not good:
        return LOOK, "none has left a line yet.", OPERATOR, facts
    hours = _hours_since(good[-1]["at"])
    facts["hours_since_success"] = round(hours, 1)
    said = f"edition {good[-1]['edition']}, {good[-1]['outcome']}, {hours:.0f} hours ago"
    if hours > _RUN_HOURS:
        return WRONG, f"{said}: the timer does not run.", OPERATOR, facts
    return OK, f"{said}.", "", facts


def _failing(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the line of a failure that stands: the last one's, or that of an edition whose newest run failed last night.

    Where two editions have a timer each, the good run of one says nothing of the other.
    """
    newest = {line["edition"]: line for line in lines}
    failed = [line for line in newest.values() if line["outcome"] == "failed"]
    standing = [x for x in failed if x is lines[-1] or _hours_since(x["at"]) < _RUN_HOURS]
    return max(standing, key=lines.index, default={})


def _never_ended(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of runs that began, have not ended, are not at work, and that no good run of the edition followed."""
    begun: dict[tuple[int, str, int | None], dict[str, Any]] = {}
    for line in every:
        run = line["edition"], line["at"], line.get("process")  # two may begin in one second
        if line["outcome"] == BEGUN:
            begun[run] = line
            continue
        begun.pop(run, None)
        if line["outcome"] != "failed":
            begun = {key: each for key, each in begun.items() if key[0] != line["edition"]}
    # Another process may have the number of one that died long ago.
    return [
        each
        for each in begun.values()
        if not (alive(str(each["process"])) and _hours_since(each["at"]) < _LOCK_HOURS)
    ]


def _line_of(line: bytes) -> dict[str, Any]:
    """Read a line of the run log; nothing of one that was cut off."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and {"at", "outcome", "exit_code"} <= found.keys() else {}


def _last_backup(project: Project) -> _Said:
    path = project.data / LAST_BACKUP
    if not path.is_file():
        return LOOK, "none was made: `clearing-point backup FOLDER`.", OPERATOR, {"days": None}
    days = _hours_since(json.loads(path.read_text(encoding="utf-8"))["at"]) / 24
    said = f"{days:.0f} days ago"
    facts = {"days": round(days, 1)}
    return (LOOK, f"{said}: `clearing-point backup FOLDER`.", OPERATOR, facts) if days > _BACKUP_DAYS else (
        OK, f"{said}.", "", facts
    )  # fmt: skip


def _disk(project: Project) -> _Said:
    """A rebuild makes a second warehouse and spills as much; a run makes report and release a second time."""
    free = shutil.disk_usage(_standing(project.data)).free
    made = [size_of(path) for parent in (project.builds, project.releases) for path in parent.glob("[0-9]*")]
    need = 2 * size_of(project.warehouse.parent) + 4 * max(made, default=0) + _SPARE
    said = f"{free / 1e6:.0f} MB free, {need / 1e6:.0f} MB are needed"
    facts = {"free_bytes": free, "needed_bytes": need}
    return (OK, f"{said}.", "", facts) if free >= need else (WRONG, f"{said}: make room.", OPERATOR, facts)


def _standing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _owners(project: Project) -> _Said:
    owner = project.data.stat().st_uid
    others, open_ones = [], []
    for path in (project.data, *_all(project.data)):
        about = path.lstat()
        if about.st_uid != owner:
            others.append(path)
        elif about.st_mode & 0o077 and not path.is_symlink():
            open_ones.append(path)
    facts = {"of_another_owner": len(others), "open_to_others": len(open_ones)}
    if others:
        place = others[0].relative_to(project.data)
        return (
            WRONG,
            f"{len(others)} files belong to another user, such as {place}: chown them.",
            OPERATOR,
            facts,
        )
    if open_ones:
        place = open_ones[0].relative_to(project.data)
        said = (
            f"{len(open_ones)} files can be read by other users, such as {place}: chmod -R go= {project.data}"
        )
        return WRONG, said, OPERATOR, facts
    return OK, "one owner, closed to others.", "", facts


def _project(project: Project) -> _Said:
    refuse_other_project(project)
    return OK, f"the data folder is that of {project.root}.", "", {}


def _all(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def _locks(project: Project) -> _Said:
    held = {}
    for lock in (project.warehouse_lock, project.publication_lock):
        if not lock.is_file():
            continue
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                since = datetime.datetime.fromtimestamp(lock.stat().st_mtime, datetime.UTC)
                held[file.read(20).decode("ascii", "replace")] = _hours_since(
                    since.replace(tzinfo=None).isoformat()
                )
    facts = {"held_by": list(held)}
    if not held:
        return OK, "no command is at work.", "", facts
    longest = max(held.values())
    said = f"process {', '.join(held)} is at work, for {longest:.1f} hours"
    return (WRONG, f"{said}: look what it does.", OPERATOR, facts) if longest > _LOCK_HOURS else (
        OK, f"{said}.", "", facts
    )  # fmt: skip


def _ledger(project: Project) -> _Said:
    records = Ledger(project.ledger).records()  # the chain is followed
    refuse_lost_ledger(project)
    refuse_lost_states(project)
    return OK, f"{len(records)} records; it knows all that is out.", "", {"records": len(records)}


def _archive(project: Project) -> _Said:
    if not project.warehouse.exists():
        if project.receipts.is_file():
            return WRONG, "the warehouse is not there: `clearing-point rebuild`.", OPERATOR, {}
        refuse_lost_archive(project)
        return OK, "nothing has been loaded yet.", "", {"submissions": 0}
    with opened(project.warehouse, read_only=True) as connection:
        rows = connection.execute("SELECT submission_id, file_sha256, status FROM raw.submission").fetchall()
    check_archived(
        project, [(sha256, name) for name, sha256, status in rows if status not in (REFUSED, DELETED)]
    )
    kept = read_receipts(project.receipts)["raw.submission"]
    at = kept["columns"].index("submission_id")
    facts = {"submissions": len(rows)}
    if {row[at] for row in kept["rows"]} != {name for name, *_ in rows}:
        return (
            WRONG,
            "the receipts beside the archive name other submissions than the warehouse.",
            OPERATOR,
            facts,
        )
    return OK, f"all {len(rows)} submissions are there, their files whole.", "", facts


def _rows(project: Project, standard: Standard) -> _Said:
    found = differing(project, standard)
    if found is None:
        return OK, "worked out under the standard, profiles and program in force.", "", {"submissions": 0}
    said = f"{found.sentence()} The next nightly run works them out again, or `clearing-point rebuild`."
    return LOOK, said, OPERATOR, {"submissions": found.submissions, "by": dict(found.by)}


def _versions(project: Project) -> _Said:
    here = {"clearing-point": __version__, "python": platform.python_version(), **versions()}
    missing = [name for name, version in here.items() if not version]
    if missing:
        return WRONG, f"not installed: {', '.join(missing)}.", OPERATOR, here
    reports = sorted(project.builds.glob("[0-9]*/[0-9]*.lock.json"))
    before = read_lock(reports[-1].parent, int(reports[-1].parent.name))["packages"] if reports else here
    moved = [name for name in here if before.get(name) != here[name]]
    if moved:
        year = reports[-1].parent.name
        return (
            LOOK,
            f"other versions than the report {year} was made with: {', '.join(moved)}.",
            OPERATOR,
            here,
        )
    return OK, f"clearing-point {__version__}, Python {here['python']}.", "", here


def _leftovers(project: Project) -> _Said:
    found = leftovers(project)
    size = sum(each.size for each in found)
    facts = {"bytes": size, "paths": [str(each.path) for each in found]}
    said = f"{size / 1e6:.1f} MB: `clearing-point tidy`." if found else "nothing."
    return OK, said, "", facts


def _size(project: Project) -> _Said:
    sizes = {path.name: size_of(path) for path in sorted(project.data.iterdir()) if path.is_dir()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:4]
    said = ", ".join(f"{name} {sizes[name] / 1e6:.1f} MB" for name in largest)
    return OK, f"{sum(sizes.values()) / 1e6:.1f} MB ({said}).", "", {"bytes": sizes}


def _hours_since(at: str) -> float:
    then = datetime.datetime.fromisoformat(at.removesuffix("Z"))
    return (now() - then).total_seconds() / 3600
