"""Where reports stand: the last good one of an edition in its place, replaced ones kept beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.report.lock import hashes_of, lock_name, read_lock
from clearing_point.workplace import exchange

EARLIER = "earlier"
"""Folder beside the reports where replaced ones are kept: revisions are told against them."""
_FIRST = "1.0"


def put_in_place(project: Project, year: int, made: Path) -> Path:
    """Put a finished report in its place in one step. The one that stood there is kept if it differs.

    Killed anywhere, either the old or the new report stands whole.
    """
    place = project.builds / str(year)
    if not place.is_dir():
        os.rename(made, place)
        return place
    lock = standing_lock(project, year)
    if lock is not None and lock == read_lock(made, year) and _whole(place, lock, year):
        shutil.rmtree(made)
        return place
    kept = project.builds / EARLIER / f"{year}-{lock['release'] if lock else 'unlocked'}"
    if lock is None or _whole(place, lock, year):
        kept.parent.mkdir(exist_ok=True)
        half = kept.with_name(f".{kept.name}")
        for folder in (half, kept):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(place, half)
        os.rename(half, kept)
    exchange(made, place)
    shutil.rmtree(made, ignore_errors=True)
    return place


def _whole(place: Path, lock: Mapping[str, Any], year: int) -> bool:
    """Say whether the standing files are those of their lock."""
    return bool(hashes_of(place, leave_out=(lock_name(year),)) == lock["files"])


def standing_lock(project: Project, year: int) -> dict[str, Any] | None:
    """Return the lock of the report in place, or of the newest kept one if a rename was cut short."""
    folders = [project.builds / str(year)]
    folders += sorted((project.builds / EARLIER).glob(f"{year}-*"), key=_age, reverse=True)
    for folder in folders:
        if (folder / lock_name(year)).is_file():
            return read_lock(folder, year)
    return None


def _age(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.name.split("-", 1)[1].split(".") if part.isdigit())


def release_number(standing: Mapping[str, Any] | None, same: bool) -> str:
    """Return the number of a release: that of the standing one if nothing it is made of changed, else the next."""
    if standing is None:
        return _FIRST
    if same:
        return str(standing["release"])
    major, _, minor = str(standing["release"]).partition(".")
    return f"{major}.{int(minor or 0) + 1}"


def report_before(project: Project, year: int, standing: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Name the report that revisions are told against: the one before of this edition, else the edition before."""
    if standing is not None:
        name = f"{year}-{standing['release']}"
        folder = project.builds / str(year)
    else:
        earlier = [
            int(p.name) for p in project.builds.glob("[0-9]*") if p.name.isdigit() and int(p.name) < year
        ]
        if not earlier:
            return None
        name = str(max(earlier))
        folder = project.builds / name
    for place in (folder, project.builds / EARLIER / name):
        if (place / lock_name(year_of(name))).is_file():
            return {"report": name, "lock_sha256": _hash(place, year_of(name))}
    return None


def folder_named(project: Project, name: str, lock_sha256: str = "") -> Path:
    """Find a report by its name: in place, or kept."""
    year = year_of(name)
    for folder in (project.builds / EARLIER / name, project.builds / str(year)):
        if not (folder / lock_name(year)).is_file():
            continue
        right = lock_sha256 in ("", _hash(folder, year))
        if right and ("-" not in name or read_lock(folder, year)["release"] == name.split("-", 1)[1]):
            return folder
    raise InputProblem(f"There is no report {name} in {project.builds}.")


def year_of(name: str) -> int:
    """Return the edition that a report's name begins with.

    Raises
    ------
    InputProblem
        If it begins with none.
    """
    year = name.split("-", maxsplit=1)[0]
    if not year.isdigit():
        raise InputProblem(f"'{name}' names no report: write a year, or year and release such as 2022-1.0.")
    return int(year)


def _hash(folder: Path, year: int) -> str:
    return hashlib.sha256((folder / lock_name(year)).read_bytes()).hexdigest()
