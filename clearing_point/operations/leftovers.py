"""What of a data folder may be deleted, and why."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clearing_point.intake.limits import WAITING_DAYS
from clearing_point.project import Project
from clearing_point.publication.states import CLOSED, PUBLISHED, state_of
from clearing_point.workplace import HOLD

_SECONDS_A_DAY = 86_400
DRAFTS = "drafts"


@dataclass(frozen=True)
class Leftover:
    """Something that may be deleted, and why."""

    path: Path
    why: str
    size: int
    """Bytes."""


def leftovers(project: Project) -> list[Leftover]:
    """List what may be deleted: unfinished work of commands that ended, and what is made again when it is needed."""
    found = [Leftover(path, why, size_of(path)) for path, why in _candidates(project)]
    return sorted(found, key=lambda each: each.path)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.lstat().st_size for each in files if each.is_file() and not each.is_symlink())


def _candidates(project: Project) -> Iterator[tuple[Path, str]]:
    for path in _inside(project.work):
        if not _held(path):
            yield path, "unfinished work of a command that ended"
    for path in _inside(project.warehouse.parent):
        if path.name.startswith("spill-") and not alive(path.name.removeprefix("spill-")):
            yield path, "unfinished work of a command that ended"
    for parent in (project.builds, project.releases, project.data / DRAFTS):
        for path in _inside(parent):
            if path.name.startswith("."):
                yield path, "half of what was put in place by a command that ended"
    oldest = time.time() - WAITING_DAYS * _SECONDS_A_DAY
    for path in _inside(project.waiting):
        if path.stat().st_mtime < oldest:
            yield path, f"waited more than {WAITING_DAYS} days for its marked copy"
    for path in _inside(project.data / DRAFTS):
        if path.name.isdigit() and state_of(project, int(path.name)) in (PUBLISHED, CLOSED):
            yield path, "draft of an edition that is out"
    if project.prepared.is_dir():
        yield project.prepared, "follows from the standard; the next command makes it again"


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _held(folder: Path) -> bool:
    """Say whether the command that made a work folder still runs; it holds a lock in it."""
    try:
        descriptor = os.open(folder / HOLD, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def alive(process: str) -> bool:
    """Say whether a process of this machine lives."""
    return process.isdigit() and Path("/proc", process).exists()
