"""Where faults are tried: a small project with an edition of three tables, made submissions, planted values.

Commands run in forked children of a process that has imported everything, so that a round costs the command
itself and not the start of Python; a child runs the command line's own ``main``.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.project import Project
from clearing_point.standard import load_standard
from tests.workbooks import identification, person, write_regional

ROOT = Path(__file__).resolve().parents[2]
EDITION = """\
year: 2022
title: A short edition
naming_profile: neutral
languages: [en]
trend_from: 2021
profile: suppress
tables: [T01, T05, T10]
"""
LOAD = ("--territory", "ALB", "--period", "2022")
PLANTED = ("QX7PL4-", "QPLANTSEXQ", "1887QPLANTQ", "qplantfileq")
"""Values of made persons, and the name of a file, that may stand in no log, error, receipt or release."""


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended; ``code`` is negative for the signal that ended it."""

    code: int
    said: str
    seconds: float

    @property
    def one_sentence(self) -> bool:
        """Whether it said one line that is no traceback."""
        return len(self.said.strip().splitlines()) == 1 and "Traceback" not in self.said


def small_project(folder: Path) -> Project:
    """Make a project whose edition has three tables; standard and profiles are the real ones."""
    root = folder / "project"
    root.mkdir(parents=True)
    for name in ("schemas", "pipelines"):
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "reports", root / "reports", ignore=shutil.ignore_patterns("editions"))
    (root / "reports" / "editions").mkdir()
    (root / "reports" / "editions" / "2022.yml").write_text(EDITION, encoding="utf-8")
    project = Project(root=root, data=folder / "data")
    warm(project)
    return project


def write_submission(path: Path, count: int = 12, *, year: int = 2022, broken: bool = False) -> Path:
    """Write a small regional workbook of made persons whose references are planted values."""
    standard = load_standard(ROOT / "schemas")
    persons = [person(n, person_reference=f"{PLANTED[0]}{n}") for n in range(1, count + 1)]
    events = [
        identification(n, person_reference=f"{PLANTED[0]}{n}", identification_date=f"{year}-03-14")
        for n in range(1, count + 1)
    ]
    if broken:
        persons[0] |= {"sex": PLANTED[1], "birth_year": PLANTED[2]}
    return write_regional(path, standard, {"person": persons, "identification": events})


def preload() -> None:
    """Import what commands import, so that forked children need not."""
    import great_expectations
    import matplotlib.pyplot
    import pandas
    import typst

    import clearing_point.cli
    import pipelines.annual_report
    import pipelines.ingest
    import pipelines.rebuild
    import pipelines.run_annual

    assert great_expectations and matplotlib.pyplot and pandas and typst  # noqa: PT018
    assert clearing_point.cli and pipelines.annual_report and pipelines.ingest  # noqa: PT018
    assert pipelines.rebuild and pipelines.run_annual  # noqa: PT018


def warm(project: Project) -> None:
    """Read the standard and compile its rules once, for all children; what they do with files stays their own."""
    import clearing_point.standard as package
    from clearing_point.standard.prepared import prepare_rules

    standard = load_standard(project.schemas)
    package.load_standard = lambda _folder, _prepared=None: standard  # type: ignore[assignment]
    globals()["load_standard"] = package.load_standard
    prepare_rules(project.root.parent / "rules", standard)


def run(
    project: Project,
    *words: str,
    kill_after: float | None = None,
    before: Callable[[], None] | None = None,
    environment: dict[str, str] | None = None,
) -> Done:
    """Run a command in a child; with ``kill_after`` it gets SIGKILL that many seconds later, unless it has ended.

    ``before`` runs in the child first, to set a limit. Temporary files go to ``temporary`` beside the data.
    """
    temporary = project.root.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(project, words, said.fileno(), temporary, before, environment or {})
        code = _wait(child, None if kill_after is None else begun + kill_after)
        seconds = time.monotonic() - begun
        said.seek(0)
        return Done(code, said.read().decode("utf-8", "replace"), seconds)


def _child(
    project: Project,
    words: Sequence[str],
    said: int,
    temporary: Path,
    before: Callable[[], None] | None,
    environment: dict[str, str],
) -> None:
    code = 99
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ.update({"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), **environment})
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        tempfile.tempdir = None
        os.chdir(temporary)
        if before is not None:
            before()
        from clearing_point.cli import main

        sys.argv = ["clearing-point", *words, "--project", str(project.root), "--data", str(project.data)]
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _wait(child: int, kill_at: float | None) -> int:
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if kill_at is not None and time.monotonic() >= kill_at:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.002)


def asked(function: Callable[[], str]) -> str:
    """Run a function in a child and return the text it gives: databases of the child cannot disturb this process."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            text = "no answer"
            try:
                text = function()
            except BaseException as error:
                text = f"{type(error).__name__}: {error}"
            finally:
                os.write(said.fileno(), text.encode())
                os._exit(0)
        code = _wait(child, time.monotonic() + 120)
        said.seek(0)
        return said.read().decode() if code == 0 else f"ended by {code}"


def content(project: Project) -> str:
    """Return the content hash of the warehouse, or what went wrong; "none" if there is no warehouse."""

    def ask() -> str:
        from clearing_point.warehouse.connection import opened
        from clearing_point.warehouse.merge import content_hash

        if not project.warehouse.exists():
            return "none"
        with opened(project.warehouse, read_only=True) as connection:
            return content_hash(connection, load_standard(project.schemas))

    return asked(ask)


def release_state(project: Project) -> str:
    """Say of the release and the report: none, whole, or what is wrong."""
    import hashlib

    found = []
    for folder in (project.releases, project.builds):
        names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        strays = [n for n in names if not n.isdigit() and n != "earlier"]
        if strays:
            return f"stray {strays}"
        if not names:
            found.append("none")
            continue
        place = folder / "2022"
        sums = place / "SHA256SUMS"
        if not sums.is_file():
            return f"{folder.name}: no SHA256SUMS"
        for line in sums.read_text(encoding="utf-8").splitlines():
            sha256, _, name = line.partition("  ")
            path = place / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                return f"{folder.name}: {name} is not as summed"
        found.append("whole " + hashlib.sha256(sums.read_bytes()).hexdigest()[:12])
    ledger = project.ledger
    if ledger.is_file():
        from clearing_point.disclosure.ledger import Ledger

        try:
            Ledger(ledger).records()
        except Exception as error:
            return f"ledger: {error}"
    return ", ".join(found)


def leaks(project: Project, said: Iterable[str] = (), *, finished: bool = True) -> list[str]:
    """Return where planted values stand outside warehouse and archived originals.

    Searched are what commands said, temporary files, logs, receipts, ledger, releases, reports; the work folder too
    if the last command ``finished`` (before that it holds the unfinished workspace, closed to others).
    """
    found = [f"said: {text[:80]}" for text in said if any(p in text for p in PLANTED[:3])]
    planted = [p.encode() for p in PLANTED[:3]]
    places = [project.root.parent / "temporary", project.data]
    for path in (p for place in places for p in place.rglob("*") if p.is_file()):
        inside = path.relative_to(project.data).parts if path.is_relative_to(project.data) else ("temporary",)
        if inside[0] == "warehouse" or (inside[0] == "archive" and path.name != "receipts.json"):
            continue
        if inside[0] == "work" and not finished:
            continue
        if any(p in path.read_bytes() for p in planted):
            found.append(str(path.relative_to(project.root.parent)))
    return found


def loose(project: Project) -> list[str]:
    """Return what under the data folder others of the machine could open."""
    paths = [project.data, *project.data.rglob("*")] if project.data.exists() else []
    return [str(p) for p in paths if not p.is_symlink() and p.lstat().st_mode & 0o077]


def no_core() -> None:
    """Limit of a child: no image of its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def counts(**numbers: int) -> str:
    """Return counts as one line of JSON."""
    return json.dumps(numbers)
