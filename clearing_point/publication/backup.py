"""A backup that proves itself: everything that cannot be made again and what was made of it, with a hash of every file.

The warehouse is left out: it follows from archive, linkage and project (`clearing-point rebuild`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from clearing_point import __version__
from clearing_point.disclosure import Ledger
from clearing_point.errors import MachineProblem, UsageProblem, closed_file
from clearing_point.intake.archive import refuse_lost_archive
from clearing_point.project import Project
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.publication.states import refuse_lost_states
from clearing_point.warehouse.events import now
from clearing_point.workplace import write_whole

DATA = ("archive", "publications", "linkage", "reports", "releases", "editions")
"""Folders of the data folder; some are not there in a young office."""
PROJECT = ("schemas", "reports", "pipelines/countries", "pipelines/sources")
SUMS = "SHA256SUMS"
ABOUT = "backup.json"
LAST_BACKUP = "last-backup.json"
"""In the data folder: when the last one was made."""
_NO_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    folder: Path
    files: int
    ledger_records: int
    program: str

    def sentence(self, verb: str) -> str:
        """Return one line for a person."""
        return f"{verb} {self.files} files, a ledger of {self.ledger_records} records, program {self.program}: {self.folder}"


def make_backup(project: Project, folder: Path) -> Backup:
    """Copy data and project to a new folder and check the copy; it is there whole or not at all.

    Raises
    ------
    UsageProblem
        If the folder is there already, or lies in the data folder or in the project's.
    MachineProblem
        If the archive lacks what its receipts name, or the copy does not hold.
    """
    with _own_refusal(folder):
        if folder.exists():
            raise UsageProblem(f"{folder} is there already: name a new folder for every backup.")
    for what, inside in (("data folder", project.data), ("project's folder", project.root)):
        if inside in (folder.resolve(), *folder.resolve().parents):
            raise UsageProblem(
                f"A backup inside the {what} {inside} is lost with it: name a folder on another disk or machine."
            )
    refuse_lost_archive(project)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    with _own_refusal(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir(mode=0o700)
    try:
        for name in DATA:
            if (project.data / name).is_dir():
                shutil.copytree(project.data / name, beside / "data" / name, copy_function=_copied)
        _copy_desk(project.data / "desk", beside / "data" / "desk")
        for single in (project.run_log, project.belonging):
            if single.is_file():
                shutil.copy2(single, beside / "data" / single.name)
        for name in PROJECT:
            if (project.root / name).is_dir():
                leave = shutil.ignore_patterns("__pycache__", "*.pyc")
                target = beside / "project" / name
                shutil.copytree(project.root / name, target, ignore=leave, copy_function=_copied)
        about = {"program": __version__, "python": platform.python_version()}
        (beside / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
        sums = "".join(f"{_sha256(path)}  {name}\n" for name, path in _files(beside))
        (beside / SUMS).write_text(sums, encoding="utf-8")
        made = verify_backup(beside)
        os.rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    said = {"at": now().isoformat() + "Z", "files": made.files}
    write_whole(project.data / LAST_BACKUP, (json.dumps(said) + "\n").encode())
    return replace(made, folder=folder)


@contextmanager
def _own_refusal(folder: Path) -> Iterator[None]:
    """Name the backup's place where it cannot be written; else it would be said of the data folder, which is well."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_PLACE:
            raise
        raise MachineProblem(
            f"No backup can be written into {folder.parent} ({os.strerror(error.errno)}): name a folder in which this user "
            "may write. The data folder is as it was."
        ) from error


class _NotCopied(Exception):
    """A file that could not be copied; its cause says whose fault it is."""


def _copied(source: str, target: str) -> str:
    """Copy a file; `copytree` would go on after an error, and keep only its text."""
    try:
        return shutil.copy2(source, target)
    except OSError as error:
        if told := closed_file(error):
            raise MachineProblem(told) from error
        raise _NotCopied from error


def _copy_desk(desk: Path, target: Path) -> None:
    """Copy accounts, log and key of the submission desk, while it may be running; no uploaded file."""
    import sqlite3

    if not (desk / "desk.sqlite").is_file():
        return
    target.mkdir(parents=True, mode=0o700)
    with (
        closing(sqlite3.connect(desk / "desk.sqlite")) as running,
        closing(sqlite3.connect(target / "desk.sqlite")) as copy,
    ):
        running.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    if (desk / "desk.key").is_file():
        shutil.copy2(desk / "desk.key", target / "desk.key")


def verify_backup(folder: Path) -> Backup:
    """Check every file against its hash, the ledger's chain, and that the ledger knows all that stands.

    Raises
    ------
    UsageProblem
        If the folder is no backup.
    MachineProblem
        Naming the first file that is missing, damaged or was put in later; or what ledger, states or archive lack.
    """
    if not (folder / SUMS).is_file():
        raise UsageProblem(f"{folder} is no backup: it has no {SUMS}.")
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    noted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = dict(_files(folder))
    for name in sorted(noted.keys() | there.keys()):
        if name not in there:
            raise MachineProblem(f"The backup {folder} lacks {name}: take another one.")
        if name not in noted or _sha256(there[name]) != noted[name]:
            raise MachineProblem(f"The backup {folder} is not as it was made, see {name}: take another one.")
    held = Project(root=folder / "project", data=folder / "data")
    records = Ledger(held.ledger).records()
    refuse_lost_ledger(held)
    refuse_lost_states(held)
    refuse_lost_archive(held)
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return Backup(folder, len(noted), len(records), about["program"])


def restore(project: Project, folder: Path) -> Backup:
    """Put a verified backup into an empty data folder; the warehouse is made anew afterwards.

    The project is not overwritten: its copy lies in the backup's folder ``project``.

    Raises
    ------
    UsageProblem, MachineProblem
        As :func:`verify_backup`; or if something stands there that would be overwritten.
    """
    held = verify_backup(folder)
    standing = [name for name in DATA if any((project.data / name).glob("*"))]
    if standing:
        raise UsageProblem(
            f"{project.data} has {', '.join(standing)} already: restore into a new data folder (--data)."
        )
    for path in sorted((folder / "data").iterdir()):
        target = project.data / path.name
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True, copy_function=_copied)
        else:
            shutil.copy2(path, target)
    refuse_lost_ledger(project)
    return held


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / SUMS:
            yield path.relative_to(folder).as_posix(), path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
