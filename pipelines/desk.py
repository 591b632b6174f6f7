"""What a job of the submission desk does: the flows that the command line has, for one file in a process of its own."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clearing_point.countries import Profile, for_sender, profile_of_territory
from clearing_point.desk.bound import hash_of_bound
from clearing_point.errors import InputProblem
from clearing_point.intake.taking_back import delete, withdraw
from clearing_point.project import Project, find_project
from clearing_point.quality.answers import PAGE, Answer
from clearing_point.quality.earlier import WAREHOUSE_BUSY
from clearing_point.quality.said import Sentence
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.workbook import write_template
from clearing_point.submission.judged import STORING
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item
from clearing_point.submission.waiting import let_go
from clearing_point.suites.runner import import_library
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import ACCEPTED
from clearing_point.workplace import write_whole
from pipelines.feedback import give_back
from pipelines.ingest import checked, load_item
from pipelines.status import status_of

Tell = Callable[[str], None]
MARKING = "marking"


def run(task: dict[str, Any], tell: Tell) -> Any:
    """Do one job and return what the desk is to know of it: places, counts and hashes, never a value.

    Raises
    ------
    InputProblem
        As the flows; its sentence may be shown to the sender.
    """
    project = Project(root=Path(task["root"]), data=Path(task["data"]))
    standard = load_standard(project.schemas, project.prepared)
    kinds = {
        "check": _check,
        "load": _load,
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
        answers=answers_of(task["answers"]),
    )


def answers_of(given: list[dict[str, Any]]) -> tuple[Answer, ...]:
    """Return answers given on the page as those of a findings sheet are."""
    return tuple(
        Answer(
            one["place"]["rule_id"],
            one["place"]["table"],
            one["place"]["field"],
            one["place"]["sheet"],
            one["place"]["column"],
            tuple((a, b) for a, b in one["place"]["rows"]),
            one["place"]["count"],
            one["code"],
            PAGE,
        )
        for one in given
    )


def _bound(
    standard: Standard, profile: Profile, sha256: str, answers_sha256: str | None
) -> dict[str, str | None]:
    """What an approval is bound to: the file, the answers, the standard and the profile."""
    return {
        "file": sha256, "answers": answers_sha256, "standard": standard.sha256, "profile": profile.sha256,
    }  # fmt: skip


def _check(project: Project, standard: Standard, task: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Check a file and leave its findings and its marked copy beside it; of a refused one the findings only."""
    item = _item(project, standard, task)
    sha256 = item.sha256()
    if sha256 != task["file"]["sha256"]:
        raise InputProblem(
            "The file on the desk's disk is not the one that was received: send it again.", "file_damaged"
        )
    folder = Path(task["folder"])
    with checked(project, standard, item, progress=tell) as done:
        outcome = done.outcome
        facts = outcome.feedback.facts
        answered = [] if outcome.refused else _answered_in_file(done.workspace, item.answers)
        marked = None
        if not outcome.refused:
            tell(MARKING)
            marked = f"marked{item.path.suffix}" if item.path.suffix != ".csv" else "places.csv"
            # What is not to be marked goes back as a list of places.
            if (
                give_back(
                    done.workspace, outcome.feedback, folder / marked, standard, item.language, item.path
                )
                and marked != "places.csv"
            ):
                (folder / marked).unlink(missing_ok=True)
                marked = "places.csv"
                give_back(done.workspace, outcome.feedback, folder / marked, standard, item.language, None)
    write_whole(
        folder / "findings.json",
        json.dumps(document_of(outcome) | {"answered": answered}, ensure_ascii=False).encode(),
    )
    return {
        "refused": outcome.refused,
        "accepted": outcome.accepted,
        "decision": outcome.verdict.decision,
        "counts": outcome.feedback.counts(),
        "rows": {table: n for table, n in outcome.rows.items() if n},
        "unchanged": outcome.unchanged,
        "asks_reason": outcome.changes is not None and outcome.changes.asks_reason,
        "busy": any(missed.reason == WAREHOUSE_BUSY for missed in facts.missed),
        "marked": marked,
        "answers_sha256": item.answers_sha256,
        "bound": _bound(standard, item.profile, sha256, item.answers_sha256),
    }


def _answered_in_file(workspace: Path, beside: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return what is answered on the findings sheet of the file itself: whoever approves reads it, too."""
    there = {(one.rule_id, one.table, one.field, one.sheet, one.column) for one in beside}
    with opened(workspace, read_only=True) as connection:
        found = connection.execute(
            "SELECT rule_id, target_table, target_field, sheet, column_letter, answer, findings FROM quality.answer "
            "ORDER BY ALL"
        ).fetchall()
    return [
        {"place": list(place), "code": code, "count": count}
        for *place, code, count in found
        if tuple(place) not in there
    ]


def document_of(outcome: Outcome) -> dict[str, Any]:
    """Return what the page of a file says: findings, sentences beside them, and what a new version changes, as data."""
    changes = outcome.changes
    return {
        "facts": outcome.feedback.facts.document(),
        "reading": _sentence(outcome.reading) if isinstance(outcome.reading, Sentence) else None,
        "remarks": [_sentence(text) for text in outcome.meant if isinstance(text, Sentence)],
        "stops": [_sentence(text) for text in outcome.stops],
        "replaces": outcome.replaced,
        "changes": None
        if changes is None
        else {
            "earlier": changes.earlier,
            "tables": [asdict(table) for table in changes.tables],
            "editions": list(changes.effect.editions),
            "moved": [asdict(one) for one in changes.effect.moved],
            "stays": [asdict(one) for one in changes.effect.frozen],
            "beside": [list(one) for one in changes.effect.beside],
        },
    }


def _sentence(text: str) -> dict[str, Any]:
    return {"text": str(text), "code": getattr(text, "code", None), "filled": getattr(text, "filled", {})}


def _load(project: Project, standard: Standard, task: dict[str, Any], tell: Tell) -> dict[str, Any]:
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


def _take_back(project: Project, standard: Standard, task: dict[str, Any], tell: Tell) -> dict[str, Any]:
    one = task["file"]
    tell(STORING)
    if one["asked"] == "delete":
        delete(project, standard, one["submission"], one["reason"] or "")
    else:
        withdraw(project, one["submission"], one["reason"] or "")
    return {}


def _template(project: Project, standard: Standard, task: dict[str, Any], tell: Tell) -> dict[str, Any]:
    about = task["about"]
    target = Path(task["templates"]) / about["name"]
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    write_template(
        standard, partial, territory=about["territory"], year=int(about["year"]), language=about["language"]
    )
    os.replace(partial, target)
    return {}


def _overview(project: Project, standard: Standard, task: dict[str, Any], tell: Tell) -> list[dict[str, Any]]:
    """What counts now; of what was taken back, replaced or returned the desk has its own states."""
    return [
        {name: line[name] for name in ("territory", "period", "state", "version", "edition", "submission")}
        for line in status_of(project, standard, history=True)
        if line["state"] == ACCEPTED.lower()
    ]
