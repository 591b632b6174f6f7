"""Pages of an officer and an approver: her periods, one period, one file, what can be taken home of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from fastapi.responses import Response
from sqlalchemy import select

from clearing_point.desk.bound import hash_of_bound
from clearing_point.desk.call import FILE, PAGE, Call, Page, findings_of, number_of
from clearing_point.desk.jobs import TEMPLATE, ask_once, before
from clearing_point.desk.next_step import covering, kept_of, lines_of_periods
from clearing_point.desk.pages_coordination import coordination
from clearing_point.desk.rights import actions_of, deciders_of, in_reach
from clearing_point.desk.rules import AUDITOR, COORDINATOR, EDITOR, OFFICER, rules
from clearing_point.desk.store import Row, answer, approval, file, job, period, rows_of
from clearing_point.findings import WARNING
from clearing_point.quality.said import CONFIRM, LEVELS, Place, facts_of, said

_SEEN = frozenset({"view", "marked", "answer", "decide"})
"""Rights that are no step of a file."""
_STAGES = ("received", "reading", "checking", "comparing", "marking")
_STAGES_OF_TAKING_BACK = ("waiting", "storing")
_STAGES_OF_LOAD = ("waiting", "reading", "checking", "confirming", "comparing", "storing")


def overview(call: Call) -> Response:
    """Show what stands where and who acts next: one's own periods, or all territories."""
    if call.account["role"] in (COORDINATOR, EDITOR, AUDITOR):
        return coordination(call)
    with call.desk.store.reading() as connection:
        lines = lines_of_periods(connection, [call.account["territory"]], call.words)
    return call.show("overview.html", lines=lines, officer=OFFICER)


def period_page(call: Call) -> Response:
    """Show one period: the template, the form to send a file, the files that came."""
    found = _period(call)
    if found is None:
        return call.not_found()
    return period_shown(call, found)


def period_shown(call: Call, found: Row, complaint: str = "", status: int = 200) -> Response:
    """Show a period, with a complaint about an upload if there is one."""
    with call.desk.store.reading() as connection:
        files = rows_of(
            connection.execute(
                select(file)
                .where(
                    file.c.territory == found["territory"],
                    file.c.period == found["period"],
                    file.c.state != "gone",
                )
                .order_by(file.c.came.desc())
            )
        )
        there = kept_of(connection, [found["territory"]])
    for one in files:
        one["counts"] = (json.loads(one["outcome"]) if one["outcome"] else {}).get("counts", {})
    limits = rules().limits
    return call.show(
        "period.html", status, period=found, files=files, complaint=complaint, endings=rules().endings,
        stored=covering(there, found["territory"], found["period"]),
        megabytes=limits["body_bytes"] >> 20, days=limits["days_kept"], levels=LEVELS[:2],
        senders=call.desk.senders.get(found["territory"], {}), encodings=call.desk.encodings,
    )  # fmt: skip


def _period(call: Call) -> Row | None:
    names = call.request.path_params
    return known_period(call, names["territory"], names["period"])


def known_period(call: Call, territory: str, name: str) -> Row | None:
    """Return a period that the coordinator has opened for a territory, if the account may know of it."""
    if not in_reach(call.account, territory):
        return None
    with call.desk.store.reading() as connection:
        found = rows_of(
            connection.execute(select(period).where(period.c.territory == territory, period.c.period == name))
        )
    return found[0] if found else None


def template(call: Call) -> Response:
    """Give the empty workbook of a period in the language of the account; it is made by a job the first time."""
    found = _period(call)
    if found is None:
        return call.not_found()
    desk, language = call.desk, call.words.language
    name = f"{found['territory']}-{found['period']}-{language}-{desk.standard.sha256[:12]}.xlsx"
    path = desk.templates / name
    until = time.monotonic() + rules().limits["waits_seconds"]
    if not path.is_file():
        about = {
            "name": name, "territory": found["territory"], "year": found["period"][:4], "language": language,
        }  # fmt: skip
        with desk.store.changing() as connection:
            ask_once(connection, TEMPLATE, about)
        desk.wake()
    while not path.is_file():
        if time.monotonic() > until:
            return call.show(
                "message.html", 503, title=call.words("template_title"), text=call.words("template_later")
            )
        time.sleep(0.2)
    return call.download(path, f"{found['territory']}-{found['period']}.xlsx")


def file_page(call: Call) -> Response:
    """Show one file: where it stands, its findings, what can be done with it."""
    one = call.file
    with call.desk.store.reading() as connection:
        context = _about(call, connection, one)
    document = findings_of(call.desk, one) if one["state"] in rules().having("findings") else None
    context |= _findings(call, one, document) | {"in_file": _in_file(call, document)}
    return call.show("file.html", **context)


def _about(call: Call, connection: Any, one: Row) -> dict[str, Any]:
    actions = actions_of(connection, call.account, one)
    at_work = rows_of(
        connection.execute(select(job).where(job.c.file == one["id"]).order_by(job.c.id.desc()).limit(1))
    )
    stages = {"loading": _STAGES_OF_LOAD, "taking_back": _STAGES_OF_TAKING_BACK}.get(one["state"], _STAGES)
    stage = (at_work[0]["stage"] if at_work else None) or stages[0]
    given = rows_of(
        connection.execute(select(answer).where(answer.c.file == one["id"]).order_by(answer.c.number))
    )
    decided = rows_of(
        connection.execute(select(approval).where(approval.c.file == one["id"]).order_by(approval.c.id))
    )
    return {
        "one": one, "actions": actions, "deeds": actions - _SEEN, "busy": one["state"] in rules().having("busy"),
        "stages": stages, "stage": stage,
        "queue": before(connection, one["id"]) if one["state"] in rules().having("busy") else 0,
        "given": [{**g, "said": said(_place(g["place"]), call.desk.standard, call.words.language)} for g in given],
        "decided": decided, "problem": call.words.sentence(json.loads(one["said"])) if one["said"] else None,
        "outcome": json.loads(one["outcome"]) if one["outcome"] else None,
        "approvers": deciders_of(connection, one), "days": rules().limits["days_kept"],
        "most": rules().limits["reason_characters"], "what": _what(one), "has_marked": _marked_path(call, one) is not None,
    }  # fmt: skip


def _what(one: Row) -> str:
    """Return the hash of what an approval of this page is bound to."""
    bound = (json.loads(one["outcome"]) if one["outcome"] else {}).get("bound")
    return hash_of_bound(bound) if bound else ""


def _place(text: str) -> Any:
    place = json.loads(text)
    return facts_of({"submission_id": "", "places": [place], "missed": [], "balance": []}).places[0]


def _in_file(call: Call, document: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the answers that stand on the findings sheet of the file, in words."""
    told = []
    for one in (document or {}).get("answered", ()):
        rule_id, table, field, sheet, column = one["place"]
        place = Place(rule_id, WARNING, table, field, sheet, column, (), one["count"])
        told.append({"code": one["code"], "said": call.words.group(place)})
    return told


def _findings(call: Call, one: Row, document: dict[str, Any] | None) -> dict[str, Any]:
    if document is None:
        return {"facts": None, "groups": [], "told": None, "levels": LEVELS}
    facts = facts_of(document["facts"])
    number = max(1, number_of(call.request.query_params.get("page", ""), 1))
    size = rules().limits["groups_on_page"]
    groups = list(enumerate(call.words.groups(facts)))
    pages = max(1, -(-len(groups) // size))
    number = min(number, pages)
    return {
        "facts": facts, "groups": groups[(number - 1) * size : number * size], "page": number, "pages": pages,
        "levels": LEVELS, "counts": facts.counts(call.desk.standard), "confirm": CONFIRM,
        "missed": [(m.rules, call.words.of("not_run", m.reason)) for m in facts.missed],
        "balance": call.words.balance(facts), "told": document, "reasons": call.words.answers(),
        "reading": call.words.sentence(document["reading"])[0] if isinstance(document["reading"], dict) else "",
        "stops": [call.words.sentence(s) for s in document["stops"]],
        "remarks": [call.words.sentence(s) for s in document["remarks"]],
    }  # fmt: skip


def marked(call: Call) -> Response:
    """Give her own workbook back with its cells marked, or the list of places."""
    one = call.file
    path = _marked_path(call, one)
    return (
        call.download(path, f"{one['territory']}-{one['period']}-{path.name}") if path else call.not_found()
    )


def _marked_path(call: Call, one: Row) -> Path | None:
    """Return where the marked workbook or the list of places lies; it goes with a file in which nothing is to be done."""
    outcome = json.loads(one["outcome"]) if one["outcome"] else {}
    path = call.desk.files / one["id"] / (outcome.get("marked") or "-")
    return path if path.is_file() else None


def receipt(call: Call) -> Response:
    """Show what was received, checked, answered, approved and stored; for printing."""
    with call.desk.store.reading() as connection:
        context = _about(call, connection, call.file)
    answers = len(context["given"]) + len(_in_file(call, findings_of(call.desk, call.file)))
    return call.show("receipt.html", **context, answers=answers)


PAGES = (
    Page("GET", "/", (PAGE, "account"), overview),
    Page("GET", "/files/{identity}", (FILE, "view", "decide"), file_page, held=True),
    Page("GET", "/files/{identity}/marked", (FILE, "marked"), marked),
    Page("GET", "/files/{identity}/receipt", (FILE, "receipt"), receipt),
    Page("GET", "/periods/{territory}/{period}", (PAGE, "period"), period_page),
    Page("GET", "/periods/{territory}/{period}/template.xlsx", (PAGE, "template"), template),
)
