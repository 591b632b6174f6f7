"""One table role x action x state, and one function that finds a file: by its id and by what the account may see."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select

from clearing_point.desk.rules import APPROVER, COORDINATOR, rules
from clearing_point.desk.store import Row, account, audit, file, period, rows_of

OWN = "own"
VIEW, DECIDE = "view", "decide"
SEEN = (VIEW, DECIDE)
"""Rights by which an account sees the page of a file."""


def may(who: Row, action: str, one: Row, *, one_person: bool) -> bool:
    """Say whether an account may do something with a file in the state it is in.

    Parameters
    ----------
    one : Row
        A row of table ``file``.
    one_person : bool
        Whether its territory and period are set to one person: the coordinator is the second one.
    """
    given = rules().rights[who["role"]].get(action)
    if given is None:
        return False
    if rules().reach[who["role"]] == OWN and one["territory"] != who["territory"]:
        return False
    if given["states"] != "any" and one["state"] not in given["states"]:
        return False
    if given.get("if") == "one_person" and not one_person:
        return False
    barred = {"uploader": one["by"], "asker": one["asked_by"]}.get(given.get("unless", ""))
    return barred is None or not _same_person(who, barred)


def _same_person(who: Row, other: str) -> bool:
    """Two accounts with one second factor are one person; ``twins`` are those that share it with the account."""
    return who["name"] == other or other in who.get("twins", ())


def may_see(who: Row, page: str) -> bool:
    """Say whether a role has a page that is no single file's."""
    return who["role"] in rules().pages[page]


def in_reach(who: Row, territory: str) -> bool:
    """Say whether a territory is the account's own, or its role reaches all."""
    return rules().reach[who["role"]] != OWN or who["territory"] == territory


def file_for(connection: Any, who: Row, identity: str, action: str) -> Row | None:
    """Return a file if there is one and the account may do this with it; else None, and nobody can tell why."""
    found = rows_of(connection.execute(select(file).where(file.c.id == identity)))
    if not found:
        return None
    one = found[0]
    return one if may(who, action, one, one_person=persons_of(connection, one) == 1) else None


def is_late(connection: Any, who: Row, identity: str, action: str) -> bool:
    """Say whether an account may do this with a file that it sees, only no longer in the state that the file is in.

    Its page was older than the file, which is no secret to whoever sees the file. What is barred for another reason (her
    own file, another territory, another role) is forbidden, and nobody is told why.
    """
    given = rules().rights[who["role"]].get(action)
    if given is None or given["states"] == "any" or file_for(connection, who, identity, VIEW) is None:
        return False
    one = rows_of(connection.execute(select(file).where(file.c.id == identity)))[0]
    return one["state"] not in given["states"]


def did_just_now(connection: Any, who: Row, identity: str, action: str) -> bool:
    """Say whether the last step of an account with a file was this one, a moment ago: a button pressed twice."""
    wanted = select(audit.c.action, audit.c.at).where(
        audit.c.about == identity, audit.c.account == who["name"]
    )
    last = connection.execute(wanted.order_by(audit.c.id.desc()).limit(1)).first()
    return last is not None and last[0] == action and time.time() - last[1] < rules().limits["twice_seconds"]


def persons_of(connection: Any, one: Row) -> int:
    """Return how many persons of the territory a load needs: two, or one where the coordinator is the second."""
    row = connection.execute(
        select(period.c.persons).where(
            period.c.territory == one["territory"], period.c.period == one["period"]
        )
    ).first()
    return 2 if row is None else int(row[0])


def actions_of(connection: Any, who: Row, one: Row) -> frozenset[str]:
    """Return everything that an account may do with a file now."""
    one_person = persons_of(connection, one) == 1
    return frozenset(a for a in rules().rights[who["role"]] if may(who, a, one, one_person=one_person))


def names_of(connection: Any, role: str, territory: str | None) -> list[str]:
    """Return the names of those who hold a role in a territory (or anywhere), for saying who must act next."""
    wanted = select(account.c.name).where(account.c.role == role, account.c.state == "active")
    if territory is not None:
        wanted = wanted.where(account.c.territory == territory)
    return [row[0] for row in connection.execute(wanted.order_by(account.c.name))]


def deciders_of(connection: Any, one: Row) -> list[str]:
    """Name who is the second person for a file: approvers of its territory, or the coordinators where one person is set."""
    if persons_of(connection, one) == 1:
        return names_of(connection, COORDINATOR, None)
    sent = one["asked_by"] if one["state"] == "asked" else one["by"]
    return [name for name in names_of(connection, APPROVER, one["territory"]) if name != sent]
