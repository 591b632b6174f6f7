"""Questions about the data folder on this machine: copies, room, owners, locks, size."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from clearing_point.operations.answers import LOOK, OK, OPERATOR, WRONG, Said, hours_since
from clearing_point.operations.leftovers import leftovers, size_of
from clearing_point.operations.runs import LOCK_HOURS
from clearing_point.project import Project
from clearing_point.publication.backup import LAST_BACKUP

_BACKUP_DAYS = 8
_SPARE = 100_000_000
"""Bytes that should be free beside twice the warehouse and twice the largest report and release."""


def last_backup(project: Project) -> Said:
    """Is there a copy that is not old?"""
    path = project.data / LAST_BACKUP
    if not path.is_file():
        return LOOK, "none was made: `clearing-point backup FOLDER`.", OPERATOR, {"days": None}
    days = hours_since(json.loads(path.read_text(encoding="utf-8"))["at"]) / 24
    said = f"{days:.0f} days ago"
    facts = {"days": round(days, 1)}
    return (LOOK, f"{said}: `clearing-point backup FOLDER`.", OPERATOR, facts) if days > _BACKUP_DAYS else (
        OK, f"{said}.", "", facts
    )  # fmt: skip


def disk(project: Project) -> Said:
    """Is there room? A rebuild makes a second warehouse and spills as much; a run makes report and release a second time."""
    free = shutil.disk_usage(_standing(project.data)).free
    made = [size_of(path) for parent in (project.builds, project.releases) for path in parent.glob("[0-9]*")]
    need = 2 * size_of(project.warehouse.parent) + 4 * max(made, default=0) + _SPARE
    said = f"{free / 1e6:.0f} MB free, {need / 1e6:.0f} MB are needed"
    facts = {"free_bytes": free, "needed_bytes": need}
    return (OK, f"{said}.", "", facts) if free >= need else (WRONG, f"{said}: make room.", OPERATOR, facts)


def _standing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def owners(project: Project) -> Said:
    """Is all of the data folder one user's, and closed to others?"""
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


def _all(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def locks(project: Project) -> Said:
    """Is a command at work, and for how long?"""
    held = {}
    for lock in (project.warehouse_lock, project.publication_lock):
        if not lock.is_file():
            continue
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                since = datetime.datetime.fromtimestamp(lock.stat().st_mtime, datetime.UTC)
                held[file.read(20).decode("ascii", "replace")] = hours_since(
                    since.replace(tzinfo=None).isoformat()
                )
    facts = {"held_by": list(held)}
    if not held:
        return OK, "no command is at work.", "", facts
    longest = max(held.values())
    said = f"process {', '.join(held)} is at work, for {longest:.1f} hours"
    return (WRONG, f"{said}: look what it does.", OPERATOR, facts) if longest > LOCK_HOURS else (
        OK, f"{said}.", "", facts
    )  # fmt: skip


def may_be_deleted(project: Project) -> Said:
    """What of it is left over?"""
    found = leftovers(project)
    total = sum(each.size for each in found)
    facts = {"bytes": total, "paths": [str(each.path) for each in found]}
    said = f"{total / 1e6:.1f} MB: `clearing-point tidy`." if found else "nothing."
    return OK, said, "", facts


def size(project: Project) -> Said:
    """How large is it?"""
    sizes = {path.name: size_of(path) for path in sorted(project.data.iterdir()) if path.is_dir()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:4]
    said = ", ".join(f"{name} {sizes[name] / 1e6:.1f} MB" for name in largest)
    return OK, f"{sum(sizes.values()) / 1e6:.1f} MB ({said}).", "", {"bytes": sizes}
