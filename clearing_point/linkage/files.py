"""Small CSV files of the data folder that outlive the warehouse: read strictly, replaced whole, closed to others."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.project import Project


def decisions_file(project: Project) -> Path:
    """Return where decisions stand."""
    return project.data / "linkage" / "decisions.csv"


def read_rows(path: Path, heading: Sequence[str]) -> list[list[str]]:
    """Return the lines under the heading; none if there is no file.

    Raises
    ------
    InputProblem
        With the line, if the heading or the number of cells differ.
    """
    if not path.exists():
        return []
    found = []
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle)
        if next(rows, None) != list(heading):
            raise InputProblem(f"{path.name}:1: the heading must be {','.join(heading)}.")
        for cells in rows:
            if len(cells) != len(heading):
                raise InputProblem(
                    f"{path.name}:{rows.line_num}: {len(cells)} cells where {len(heading)} are expected."
                )
            found.append(cells)
    return found


def replace_file(path: Path, text: str) -> None:
    """Write a file beside its place and rename it, so that there is never half of one; nobody else may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".new")
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(beside, path)
