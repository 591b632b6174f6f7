"""A database of its own for one submission, until it is judged."""

from __future__ import annotations

from pathlib import Path

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.prepared import prepare_rules
from clearing_point.warehouse.shape import create_empty
from clearing_point.workplace import drop_work, work_folder


def new_workspace(project: Project, standard: Standard) -> Path:
    """Make an empty database of the warehouse's shape in a folder of its own; see :func:`drop_workspace`."""
    project.prepare()
    prepare_rules(project.prepared, standard)
    path = work_folder(project.work, "submission-") / "workspace.duckdb"
    create_empty(path, standard, project.prepared)
    return path


def drop_workspace(path: Path) -> None:
    """Remove a workspace and everything beside it."""
    drop_work(path.parent)
