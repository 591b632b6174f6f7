"""What a job of the submission desk does: the flows that the command line has, for one file in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from clearing_point.intake.taking_back import delete, withdraw
from clearing_point.project import Project, find_project
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.workbook import write_template
from clearing_point.submission.judged import STORING, Progress
from clearing_point.suites.runner import import_library
from clearing_point.warehouse.events import ACCEPTED
from pipelines.desk_file import check, load
from pipelines.status import status_of


def run(task: dict[str, Any], tell: Progress) -> Any:
    """Do one job and return what the desk is to know of it: places, counts and hashes, never a value.

    Raises
    ------
    InputProblem
        As the flows; its sentence may be shown to the sender.
    """
    project = Project(root=Path(task["root"]), data=Path(task["data"]))
    standard = load_standard(project.schemas, project.prepared)
    kinds = {
        "check": check,
        "load": load,
        "take_back": _take_back,
        "template": _template,
        "overview": _overview,
    }
    return kinds[task["kind"]](project, standard, task, tell)


def warm() -> None:
    """Read the standard and import what every job needs; called once, before jobs are forked."""
    found = find_project()
    load_standard(found.schemas, found.prepared)
    import_library()


def _take_back(project: Project, standard: Standard, task: dict[str, Any], tell: Progress) -> dict[str, Any]:
    one = task["file"]
    tell(STORING)
    if one["asked"] == "delete":
        delete(project, standard, one["submission"], one["reason"] or "")
    else:
        withdraw(project, one["submission"], one["reason"] or "")
    return {}


def _template(project: Project, standard: Standard, task: dict[str, Any], tell: Progress) -> dict[str, Any]:
    about = task["about"]
    target = Path(task["templates"]) / about["name"]
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    write_template(
        standard, partial, territory=about["territory"], year=int(about["year"]), language=about["language"]
    )
    os.replace(partial, target)
    return {}


def _overview(
    project: Project, standard: Standard, task: dict[str, Any], tell: Progress
) -> list[dict[str, Any]]:
    """What counts now; of what was taken back, replaced or returned the desk has its own states."""
    return [
        {name: line[name] for name in ("territory", "period", "state", "version", "edition", "submission")}
        for line in status_of(project, standard, history=True)
        if line["state"] == ACCEPTED.lower()
    ]
