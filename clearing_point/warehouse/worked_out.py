"""Under which standard, profiles and program rows were worked out, and whether these are still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.countries import profile_of_receipt
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import DELETED, REFUSED

_ROOMS = (
    "countries",
    "findings.py",
    "halves.py",
    "intake",
    "quality",
    "standard",
    "submission",
    "suites",
    "warehouse",
)
"""Parts of the program between a received file and its rows; the others only read rows."""
_FLOWS = ("pipelines/ingest.py", "pipelines/load_many.py")


class RebuildFirst(InputProblem):
    """Rows stand that were worked out under something else than what is in force."""


@dataclass(frozen=True)
class Differing:
    """How many submissions were worked out under another standard, profile or program."""

    submissions: int
    by: Mapping[str, int]

    def sentence(self) -> str:
        """Return one line for a person."""
        named = ", ".join(f"{what} ({count})" for what, count in self.by.items() if count)
        return f"{self.submissions} submissions were worked out under another version of: {named}."


@lru_cache(maxsize=1)
def program_sha256() -> str:
    """Return the hash of the modules that rows follow from; not of those that count, protect and print."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    files = [package.parent / flow for flow in _FLOWS]
    for room in _ROOMS:
        files += [package / room] if room.endswith(".py") else sorted((package / room).rglob("*.py"))
    for path in files:
        digest.update(f"{path.relative_to(package.parent).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def differing(project: Project, standard: Standard) -> Differing | None:
    """Compare what every submission was worked out under with what is in force; None where all of it is the same.

    Raises
    ------
    InputProblem
        If the profile of a submission is no longer there.
    """
    if not project.warehouse.exists():
        return None
    with opened(project.warehouse, read_only=True) as connection:
        rows = _receipts(connection)
    by = {"the standard": 0, "the profile of its sender": 0, "the program": 0}
    profiles: dict[tuple[str, ...], str] = {}
    submissions = 0
    for row in rows:
        key = (str(row["profile"]), str(row["territory"]), str(row["sender"]))
        if key not in profiles:
            profiles[key] = profile_of_receipt(project, row).sha256
        other = (
            row.get("rows_sha256") != standard.rows_sha256,
            row["profile_sha256"] != profiles[key],
            row.get("program_sha256") != program_sha256(),
        )
        for what, differs in zip(by, other, strict=True):
            by[what] += differs
        submissions += any(other)
    return Differing(submissions, by) if submissions else None


def refuse_differing(project: Project, standard: Standard) -> None:
    """Stop before anything is counted from rows of another standard, profile or program.

    Raises
    ------
    RebuildFirst
        Saying how many submissions differ by what, and what to do.
    """
    found = differing(project, standard)
    if found:
        raise RebuildFirst(
            f"{found.sentence()} Nothing was published: run `clearing-point rebuild` first.", "rebuild_first"
        )


def _receipts(connection: Any) -> list[dict[str, Any]]:
    """Return what is kept of every submission that can be worked out again; an earlier version kept fewer columns."""
    cursor = connection.execute("SELECT * FROM raw.submission WHERE status NOT IN (?, ?)", [REFUSED, DELETED])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
