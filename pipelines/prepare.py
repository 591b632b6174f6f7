"""`clearing-point standard prepare`: work out once what every command needs of the standard."""

from __future__ import annotations

from clearing_point.intake.guard import prepare_guard
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.kept import cache_folder
from clearing_point.standard.prepared import prepare_rules
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.shape import create_empty, first_difference
from clearing_point.workplace import drop_work, work_folder


def prepare(project: Project, standard: Standard) -> bool:
    """Keep the compiled rules, the guard's words and the empty warehouse; say whether other data folders find them, too."""
    project.prepare()
    prepare_rules(project.prepared, standard)
    prepare_guard(project.prepared, standard)
    folder = work_folder(project.work, "prepare-")
    try:
        create_empty(folder / "empty.duckdb", standard, project.prepared)
        with opened(folder / "empty.duckdb", read_only=True) as empty:
            first_difference(empty, standard, project.prepared)
    finally:
        drop_work(folder)
    return cache_folder() is not None
