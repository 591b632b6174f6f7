"""One file on the submission desk: checked with what goes back to its sender, and loaded once it is approved."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from clearing_point.countries import Profile, for_sender, profile_of_territory
from clearing_point.desk.bound import hash_of_bound
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.quality.answers_beside import answered_in_file, answers_of_page
from clearing_point.quality.earlier import WAREHOUSE_BUSY
from clearing_point.quality.given_back import give_back
from clearing_point.standard import Standard
from clearing_point.submission.judged import Progress
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item
from clearing_point.submission.waiting import let_go
from clearing_point.workplace import write_whole
from pipelines.check import checked
from pipelines.ingest import load_item

MARKING = "marking"


def check(project: Project, standard: Standard, task: dict[str, Any], tell: Progress) -> dict[str, Any]:
    """Check a file and leave its findings and its marked copy beside it; of a refused one the findings only."""
    item = _item(project, standard, task)
    sha256 = item.sha256()
    if sha256 != task["file"]["sha256"]:
        raise InputProblem(
            "The file on the desk's disk is not the one that was received: send it again.", "file_damaged"
        )
    folder = Path(task["folder"])
    answered: list[dict[str, Any]] = []
    marked = None
    with checked(project, standard, item, progress=tell) as done:
        outcome = done.outcome
        if not outcome.refused:
            with done.workspace.opened() as connection:
                answered = answered_in_file(connection, item.answers)
            tell(MARKING)
            marked = _marked(folder, item, standard, outcome, done.rows_read)
    write_whole(
        folder / "findings.json",
        json.dumps(outcome.page() | {"answered": answered}, ensure_ascii=False).encode(),
    )
    return {
        "refused": outcome.refused,
        "accepted": outcome.accepted,
        "decision": outcome.verdict.decision,
        "counts": outcome.feedback.counts(),
        "rows": {table: n for table, n in outcome.rows.items() if n},
        "unchanged": outcome.unchanged,
        "asks_reason": outcome.changes is not None and outcome.changes.asks_reason,
        "busy": any(missed.reason == WAREHOUSE_BUSY for missed in outcome.feedback.facts.missed),
        "marked": marked,
        "answers_sha256": item.answers_sha256,
        "bound": _bound(standard, item.profile, sha256, item.answers_sha256),
    }


def load(project: Project, standard: Standard, task: dict[str, Any], tell: Progress) -> dict[str, Any]:
    """Load a file if it is exactly what was approved; else say that it changed, and store nothing."""
    item = _item(project, standard, task)
    bound = _bound(standard, item.profile, item.sha256(), item.answers_sha256)
    if hash_of_bound(bound) != task["file"]["approved_sha256"]:
        return {"changed": True}
    outcome = load_item(project, standard, item, progress=tell)
    let_go(project, outcome.submission_id)  # its marked copy was made when it was checked
    facts = outcome.feedback.facts
    path = Path(task["folder"]) / "findings.json"
    before = json.loads(path.read_bytes()) if path.is_file() else {}
    write_whole(path, json.dumps(before | {"facts": facts.document()}, ensure_ascii=False).encode())
    return {
        "accepted": outcome.accepted,
        "decision": outcome.verdict.decision,
        "counts": outcome.feedback.counts(),
        "submission": outcome.submission_id,
        "replaced": outcome.replaced,
        "unchanged": outcome.unchanged,
    }


def _item(project: Project, standard: Standard, task: dict[str, Any]) -> Item:
    one = task["file"]
    profile = for_sender(profile_of_territory(project, one["territory"]), one["sender"])
    return Item(
        Path(task["folder"]) / f"original{one['ending']}",
        profile,
        one["period"],
        made_data=True if task["made_data"] else None,
        received_at=datetime.datetime.fromtimestamp(int(one["came"]), datetime.UTC).replace(tzinfo=None),
        encoding=one["encoding"],
        reason=one["reason"],
        language=task["language"],
        answers=answers_of_page(task["answers"]),
    )


def _bound(
    standard: Standard, profile: Profile, sha256: str, answers_sha256: str | None
) -> dict[str, str | None]:
    """What an approval is bound to: the file, the answers, the standard and the profile."""
    standards = {"standard": standard.sha256, "profile": profile.sha256}
    return {"file": sha256, "answers": answers_sha256, **standards}


def _marked(folder: Path, item: Item, standard: Standard, outcome: Outcome, rows_read: int) -> str:
    """Write her file marked beside it, or the list of places; returns the name of what was written."""
    marked = folder / f"marked{item.path.suffix}"
    if item.path.suffix != ".csv":
        if give_back(outcome.feedback, rows_read, marked, standard, item.language, item.path) is None:
            return marked.name
        marked.unlink(missing_ok=True)  # what is not to be marked goes back as a list of places
    give_back(outcome.feedback, rows_read, folder / "places.csv", standard, item.language, None)
    return "places.csv"
