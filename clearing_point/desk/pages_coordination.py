"""Pages of the clearing point: all territories with who must act next, periods, accounts; no findings of anybody."""

from __future__ import annotations

import datetime
import json
import re
from collections import defaultdict
from typing import Any

from fastapi.responses import Response
from sqlalchemy import delete, insert, select

from clearing_point.desk.accounts import ACTIVE, CLOSED, INVITED, UNCONFIRMED, lacking_people
from clearing_point.desk.call import PAGE, Call, Page
from clearing_point.desk.next_step import OPEN as PERIOD_OPEN
from clearing_point.desk.next_step import lines_of_periods
from clearing_point.desk.outbox import put_out
from clearing_point.desk.retention import LAST
from clearing_point.desk.rules import COORDINATOR, OFFICER, ROLES, rules
from clearing_point.desk.store import account, log, noted, period, rows_of
from clearing_point.errors import InputProblem

_PERIOD = re.compile(r"(19|20)\d\d(-(19|20)\d\d)?")
_ALL = "*"


def coordination(call: Call, complaint: str = "", status: int = 200) -> Response:
    """Show all territories and periods; to a coordinator with what she can do about them."""
    territories = list(call.desk.standard.reporting_territories)
    with call.desk.store.reading() as connection:
        lines = lines_of_periods(connection, territories, call.words)
        opened = {x["territory"]: x["persons"] for x in lines if x["state"] == PERIOD_OPEN}
        needing = lacking_people(connection, opened)
        last = json.loads(noted(connection, LAST) or "{}")
        people = rows_of(connection.execute(select(account).order_by(account.c.name)))
    seen = {
        t: max((p["seen_at"] or 0 for p in people if p["territory"] == t), default=0) for t in territories
    }
    periods: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        periods.setdefault(line["period"], []).append(line)
    return call.show(
        "coordination.html", status, periods=periods, lacking=needing, last=last, seen=seen, complaint=complaint,
        typed=_typed(call, complaint),
        territories=territories, acts=call.account["role"] == COORDINATOR, all_of_them=_ALL,
    )  # fmt: skip


def _typed(call: Call, complaint: str) -> dict[str, str]:
    """Return what a form that is complained of held: nobody types it twice."""
    return defaultdict(str, call.form if complaint else {})


def _is_period(text: str) -> bool:
    first, _, last = text.partition("-")
    return bool(_PERIOD.fullmatch(text)) and (not last or first < last)


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def set_period(call: Call) -> Response:
    """Open or close a period for one territory or all, with its last day and whether one or two persons are needed."""
    form = call.form
    known = call.desk.standard.reporting_territories
    chosen = list(known) if form.get("territory") == _ALL else [form.get("territory", "")]
    name, closes = form.get("period", "").strip(), form.get("closes", "").strip()
    right = (
        _is_period(name) and set(chosen) <= set(known) and form.get("state") in ("open", "closed")
        and form.get("persons") in ("", "1", "2") and (not closes or _is_day(closes))
    )  # fmt: skip
    if not right:
        return coordination(call, call.words("form_wrong"), 422)
    with call.desk.store.changing() as connection:
        for territory in chosen:
            # What the form leaves out stays as it is: closing a period must not change who approves, or its last day.
            where = (period.c.territory == territory, period.c.period == name)
            before = connection.execute(select(period.c.closes, period.c.persons).where(*where)).first() or (
                None,
                2,
            )
            last, persons = closes or before[0], int(form["persons"] or before[1])
            connection.execute(delete(period).where(*where))
            connection.execute(
                insert(period).values(
                    territory=territory,
                    period=name,
                    state=form["state"],
                    closes=last,
                    persons=persons,
                )
            )
            about = f"{name} {form['state']} {last or ''} {persons}"
            log(connection, call.account["name"], "period_set", about=about, territory=territory)
    return call.go("/")


def remind(call: Call) -> Response:
    """Put a reminder into the outbox for the officers of a territory."""
    territory = call.form.get("territory", "")
    with call.desk.store.changing() as connection:
        wanted = select(account.c.name).where(account.c.territory == territory, account.c.role == OFFICER)
        written = put_out(
            call.desk, connection, [row[0] for row in connection.execute(wanted)], None, "reminder"
        )
        log(connection, call.account["name"], "reminded", about=str(written), territory=territory)
    return call.show(
        "message.html", title=call.words("remind_title"), text=call.words("remind_done", count=written), back="/"
    )  # fmt: skip


def accounts_page(
    call: Call, complaint: str = "", link: str = "", notice: str = "", status: int = 200
) -> Response:
    """Show who has an account, and the form to make one."""
    with call.desk.store.reading() as connection:
        people = rows_of(connection.execute(select(account).order_by(account.c.territory, account.c.name)))
    return call.show(
        "accounts.html", status, people=people, complaint=complaint, typed=_typed(call, complaint), link=link,
        notice=notice, roles=ROLES,
        territories=call.desk.standard.reporting_territories, hours=rules().limits["link_hours"],
    )  # fmt: skip


def add_account(call: Call) -> Response:
    """Make an account; that of a new coordinator waits for a second coordinator."""
    form = call.form
    role = form.get("role", "")
    if form.get("language") not in call.desk.standard.languages or form.get("territory") not in (
        None, "", *call.desk.standard.reporting_territories,
    ):  # fmt: skip
        return accounts_page(call, call.words("form_wrong"), status=422)
    try:
        with call.desk.store.changing() as connection:
            token = call.desk.accounts.add(
                connection, form.get("name", "").strip().lower(), role, form.get("territory") or None, form["language"],
                call.account["name"], address=form.get("address", "").strip() or None, confirmed=role != COORDINATOR,
            )  # fmt: skip
    except InputProblem:
        return accounts_page(call, call.words("account_wrong"), status=422)
    if role == COORDINATOR:
        return accounts_page(call, notice=call.words("account_unconfirmed"))
    return accounts_page(call, link=f"{call.desk.origin}/first/{token}")


def change_account(call: Call) -> Response:
    """Give a new one-time link, close an account, or confirm a coordinator that another one made."""
    name, deed, by = call.request.path_params["name"], call.form.get("deed"), call.account["name"]
    accounts = call.desk.accounts
    with call.desk.store.changing() as connection:
        known = accounts.find(connection, name)
        if known is None:
            return call.not_found()
        if deed == "confirm" and known["state"] == UNCONFIRMED and known["made_by"] != by and name != by:
            accounts.change(connection, name, by, state=INVITED)
            return _linked(call, accounts.link(connection, name, by))
        if deed == "link" and known["state"] in (ACTIVE, INVITED) and not _of_coordinator(known, by):
            return _linked(call, accounts.link(connection, name, by))
        if deed == "close" and name != by:
            accounts.change(connection, name, by, state=CLOSED)
            return call.go("/accounts")
        if deed == "open" and known["state"] == CLOSED and known["role"] != COORDINATOR:
            accounts.change(connection, name, by, state=INVITED)
            return _linked(call, accounts.link(connection, name, by))
    return call.not_found()


def _of_coordinator(known: dict[str, Any], by: str) -> bool:
    """A link to another coordinator's account would let one person act as two."""
    return bool(known["role"] == COORDINATOR and known["name"] != by)


def _linked(call: Call, token: str) -> Response:
    # Shown within the transaction's request: the page reads after it is closed.
    call.form["link"] = f"{call.desk.origin}/first/{token}"
    return call.show(
        "message.html", title=call.words("link_title"), text=call.words("link_made", hours=rules().limits["link_hours"]),
        back="/accounts", link=call.form["link"],
    )  # fmt: skip


def quality_of_states(call: Call) -> Response:
    """Show the states to a report editor or auditor."""
    return coordination(call)


PAGES = (
    Page("GET", "/coordination", (PAGE, "states"), quality_of_states),
    Page("POST", "/coordination/periods", (PAGE, "coordination"), set_period),
    Page("POST", "/coordination/remind", (PAGE, "coordination"), remind),
    Page("GET", "/accounts", (PAGE, "accounts"), accounts_page),
    Page("POST", "/accounts", (PAGE, "accounts"), add_account),
    Page("POST", "/accounts/{name}", (PAGE, "accounts"), change_account),
)
