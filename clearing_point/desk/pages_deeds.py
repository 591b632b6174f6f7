"""What a person does with a file: send it in, answer, send it on, approve, return, take back, delete."""

from __future__ import annotations

import json
import time
from typing import Any

from fastapi.responses import Response
from sqlalchemy import delete, func, insert, select

from clearing_point.desk.bound import hash_of_bound
from clearing_point.desk.call import FILE, PAGE, Call, Page, findings_of
from clearing_point.desk.jobs import CHECK, LOAD, TAKE_BACK, ask
from clearing_point.desk.next_step import OPEN as PERIOD_OPEN
from clearing_point.desk.outbox import put_out
from clearing_point.desk.pages_file import known_period, period_shown
from clearing_point.desk.rights import SEEN, deciders_of, file_for
from clearing_point.desk.rules import rules
from clearing_point.desk.states import Moved, step
from clearing_point.desk.store import answer, approval, file, log
from clearing_point.desk.upload import NotTaken, Taken, take
from clearing_point.quality.said import CONFIRM, facts_of, level_of

_SHORTEST_REASON = 5


async def upload(call: Call) -> Response:
    """Take a file: it is on the disk, with its hash and its job, before the browser hears of it."""
    import asyncio

    def shown(period: dict[str, Any], reason: str) -> Response:
        limits = rules().limits
        said = call.words(
            reason, megabytes=limits["body_bytes"] >> 20, files=limits["unfinished_files"],
            endings=", ".join(rules().endings),
        )  # fmt: skip
        return period_shown(call, period, said, 422)

    taken: Taken | None = None
    reason = "upload_large" if call.request.scope.get("desk.large") else ""
    kind = call.request.headers.get("content-type", "")
    body = call.request.stream()
    if not reason:
        try:
            taken = await take(body, kind, call.desk.files)
        except NotTaken as problem:
            reason = problem.reason
    if taken is None:
        # The rest is let pass and kept nowhere: a browser that is answered before it has sent all may show no page at all.
        async for _ in body:
            pass
    try:
        if taken is None:
            # Which period the form was of is unknown where its body was not read: the overview says why.
            status = 413 if reason == "upload_large" else 422
            return call.show("message.html", status, title=call.words("upload_title"), text=call.words(
                reason, megabytes=rules().limits["body_bytes"] >> 20, files=rules().limits["unfinished_files"],
                endings=", ".join(rules().endings),
            ))  # fmt: skip
        period = await asyncio.to_thread(
            known_period, call, taken.fields.get("territory", ""), taken.fields.get("period", "")
        )
        if period is None:
            return call.not_found()
        if period["state"] != PERIOD_OPEN:
            return await asyncio.to_thread(shown, period, "period_closed")
        reason = await asyncio.to_thread(_enter, call, period, taken)
        if reason:
            return await asyncio.to_thread(shown, period, reason)
        identity, taken = taken.identity, None
        call.desk.wake()
        return call.go(f"/files/{identity}")
    finally:
        if taken is not None:
            await asyncio.to_thread(taken.drop)


def _enter(call: Call, period: dict[str, Any], taken: Taken) -> str:
    """Enter an uploaded file with its job; returns the name of a complaint, or nothing."""
    limits = rules().limits
    sender = taken.fields.get("sender") or None
    encoding = taken.fields.get("encoding") or None
    if sender not in (None, *call.desk.senders.get(period["territory"], ())):
        return "upload_broken"
    if encoding not in (None, *call.desk.encodings):
        return "upload_broken"
    with call.desk.store.changing() as connection:
        count, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(file.c.bytes), 0)).where(
                file.c.territory == period["territory"], file.c.state.in_(rules().having("unfinished"))
            )
        ).one()
        if count >= limits["unfinished_files"] or size + taken.size > limits["territory_bytes"]:
            return "upload_many"
        now = time.time()
        row = {
            "id": taken.identity, "territory": period["territory"], "period": period["period"], "sender": sender,
            "encoding": encoding, "by": call.account["name"], "name": taken.name, "ending": taken.ending,
            "sha256": taken.sha256, "bytes": taken.size, "came": now, "moved": now, "state": "received", "version": 1,
        }  # fmt: skip
        connection.execute(insert(file).values(**row))
        ask(connection, CHECK, one=row)
        log(
            connection, call.account["name"], "upload", about=taken.identity, territory=period["territory"],
            address_prefix=call.prefix,
        )  # fmt: skip
    return ""


def _step(call: Call, connection: Any, name: str, **values: Any) -> dict[str, Any]:
    return step(
        connection, call.file, name, call.account["name"], version=call.version, address_prefix=call.prefix, **values
    )  # fmt: skip


def _back(call: Call) -> Response:
    """Go back to the file, or to the overview where the account sees it no longer: the coordinator who has decided."""
    identity = call.file["id"]
    with call.desk.store.reading() as connection:
        seen = any(file_for(connection, call.account, identity, name) for name in SEEN)
    return call.go(f"/files/{identity}" if seen else "/")


def _reason(call: Call) -> str:
    return " ".join(call.form.get("reason", "").split())[: rules().limits["reason_characters"]]


def _complain(call: Call, name: str) -> Response:
    """Say what is missing in a form, with a way back to it."""
    return call.show(
        "message.html", 422, title=call.words("form_title"), text=call.words(name), back=f"/files/{call.file['id']}"
    )  # fmt: skip


def answers(call: Call) -> Response:
    """Take the answers given on the page: the file is checked once more with them."""
    document = findings_of(call.desk, call.file)
    if document is None:
        return call.not_found()
    facts = facts_of(document["facts"])
    standard = call.desk.standard
    codes = set(standard.codes_of("finding_answer"))
    with call.desk.store.changing() as connection:
        wanted = select(answer.c.number, answer.c.place, answer.c.code).where(
            answer.c.file == call.file["id"]
        )
        kept = [
            (place, call.form.get(f"given-{number}", code))
            for number, place, code in connection.execute(wanted.order_by(answer.c.number))
        ]
        new = [
            (
                json.dumps(facts.document()["places"][number], sort_keys=True),
                call.form.get(f"answer-{number}", ""),
            )
            for number, place in enumerate(facts.places)
            if level_of(place.rule_id, place.severity, standard) == CONFIRM
        ]
        given = [(place, code) for place, code in (*kept, *new) if code in codes]
        before = [(row.place, row.code) for row in connection.execute(wanted.order_by(answer.c.number))]
        if given == before:
            return _complain(call, "answer_none")
        _step(call, connection, "answer", said=None)
        connection.execute(delete(answer).where(answer.c.file == call.file["id"]))
        for number, (place, code) in enumerate(given):
            connection.execute(
                insert(answer).values(
                    file=call.file["id"],
                    number=number,
                    place=place,
                    code=code,
                    by=call.account["name"],
                    at=time.time(),
                )
            )
        ask(connection, CHECK, one=call.file)
    call.desk.wake()
    return _back(call)


def send(call: Call) -> Response:
    """Send a checked file to whoever approves it; a version that was published is replaced only for a reason."""
    outcome = json.loads(call.file["outcome"] or "{}")
    reason = _reason(call)
    if not outcome.get("accepted"):
        return _complain(call, "send_not_yet")
    if outcome.get("asks_reason") and len(reason) < _SHORTEST_REASON:
        return _complain(call, "reason_missing")
    with call.desk.store.changing() as connection:
        _step(call, connection, "send", reason=reason or None, said=None)
        put_out(call.desk, connection, deciders_of(connection, call.file), call.file, "turn")
    return _back(call)


def take_back(call: Call) -> Response:
    """Take a file back that nobody has approved yet."""
    with call.desk.store.changing() as connection:
        _step(call, connection, "take_back")
    return _back(call)


def approve(call: Call) -> Response:
    """Approve exactly what was seen: hashes of file, answers, standard and profile are bound to it; then it is loaded."""
    bound = json.loads(call.file["outcome"] or "{}").get("bound")
    if bound is None:
        return call.not_found()
    what = hash_of_bound(bound)
    if call.form.get("what") != what:
        raise Moved(call.file["id"])
    with call.desk.store.changing() as connection:
        _step(call, connection, "approve", approved_sha256=what, said=None)
        _decided(call, connection, "approved", what, None)
        ask(connection, LOAD, one=call.file)
    call.desk.wake()
    return _back(call)


def give_back(call: Call) -> Response:
    """Return a file to its officer, with a reason."""
    reason = _reason(call)
    if len(reason) < _SHORTEST_REASON:
        return _complain(call, "reason_missing")
    with call.desk.store.changing() as connection:
        _step(call, connection, "return")
        _decided(call, connection, "returned", "", reason)
        put_out(call.desk, connection, [call.file["by"]], call.file, "news")
    return _back(call)


def _decided(call: Call, connection: Any, decision: str, what: str, reason: str | None) -> None:
    connection.execute(
        insert(approval).values(
            file=call.file["id"],
            version=call.version,
            what_sha256=what,
            by=call.account["name"],
            at=time.time(),
            decision=decision,
            reason=reason,
        )
    )


def _ask_to(call: Call, what: str) -> Response:
    reason = _reason(call)
    if len(reason) < _SHORTEST_REASON:
        return _complain(call, "reason_missing")
    with call.desk.store.changing() as connection:
        _step(call, connection, f"ask_{what}", asked=what, asked_by=call.account["name"], reason=reason)
        put_out(call.desk, connection, deciders_of(connection, call.file), call.file, "turn")
    return _back(call)


def ask_withdraw(call: Call) -> Response:
    """Ask that a loaded submission counts no longer."""
    return _ask_to(call, "withdraw")


def ask_delete(call: Call) -> Response:
    """Ask that all of a loaded submission is deleted."""
    return _ask_to(call, "delete")


def agree(call: Call) -> Response:
    """Agree to a withdrawal or deletion; a job does it."""
    with call.desk.store.changing() as connection:
        _step(call, connection, "agree", before=call.file["before"])
        _decided(call, connection, "agreed", "", None)
        ask(connection, TAKE_BACK, one=call.file)
    call.desk.wake()
    return _back(call)


def decline(call: Call) -> Response:
    """Decline it: all stays as it was."""
    reason = _reason(call)
    with call.desk.store.changing() as connection:
        _step(call, connection, "decline", asked=None, asked_by=None)
        _decided(call, connection, "declined", "", reason or None)
        put_out(call.desk, connection, [call.file["by"]], call.file, "news")
    return _back(call)


def retry(call: Call) -> Response:
    """Try a check again that the machine could not end."""
    with call.desk.store.changing() as connection:
        _step(call, connection, "retry", said=None)
        ask(connection, CHECK, one=call.file)
    call.desk.wake()
    return _back(call)


def remove(call: Call) -> Response:
    """Delete a file that was not loaded: its job is ended and everything of it is gone before the answer."""
    one = call.file
    # The step first: a job that ends meanwhile finds the file gone and changes nothing.
    with call.desk.store.changing() as connection:
        # A file moves on by itself while it is checked: what may be deleted is decided by its state, not by its version.
        _ = step(
            connection,
            one,
            "remove",
            call.account["name"],
            address_prefix=call.prefix,
            name="-",
            outcome=None,
        )
        connection.execute(delete(answer).where(answer.c.file == one["id"]))
    call.desk.stop_job(one["id"])
    call.desk.remove_content(one["id"])
    call.desk.store.forget_traces()
    return call.go(f"/periods/{one['territory']}/{one['period']}")


PAGES = (
    Page("POST", "/files", (PAGE, "upload"), remove),
    Page("POST", "/files/{identity}/answers", (FILE, "answer"), answers, of_version=True),
    Page("POST", "/files/{identity}/send", (FILE, "send"), send, of_version=True),
    Page("POST", "/files/{identity}/take-back", (FILE, "take_back"), take_back, of_version=True),
    Page("POST", "/files/{identity}/approve", (FILE, "approve"), approve, of_version=True),
    Page("POST", "/files/{identity}/return", (FILE, "return"), give_back, of_version=True),
    Page("POST", "/files/{identity}/withdraw", (FILE, "ask_withdraw"), ask_withdraw, of_version=True),
    Page("POST", "/files/{identity}/delete", (FILE, "ask_delete"), ask_delete, of_version=True),
    Page("POST", "/files/{identity}/agree", (FILE, "agree"), agree, of_version=True),
    Page("POST", "/files/{identity}/decline", (FILE, "decline"), decline, of_version=True),
    Page("POST", "/files/{identity}/retry", (FILE, "retry"), retry, of_version=True),
    Page("POST", "/files/{identity}/remove", (FILE, "remove"), remove),
)
