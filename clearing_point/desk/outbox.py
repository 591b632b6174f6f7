"""Mails that say only that there is news: no names, counts, values or attachments; something else sends them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from clearing_point.desk.accounts import ACTIVE, INVITED
from clearing_point.desk.place import Desk
from clearing_point.desk.store import Row, account, rows_of
from clearing_point.workplace import write_whole


def put_out(desk: Desk, connection: Any, names: Iterable[str], one: Row | None, kind: str) -> int:
    """Put a mail for each account with an address into the outbox: at most one a file (or kind) and day.

    Parameters
    ----------
    kind : str
        ``news`` (there is an answer to your file), ``turn`` (a file waits for you) or ``reminder``.

    Returns
    -------
    int
        How many were written.
    """
    written = 0
    day = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    wanted = select(account).where(
        account.c.name.in_(list(names)),
        account.c.address.is_not(None),
        account.c.state.in_([ACTIVE, INVITED]),
    )
    for person in rows_of(connection.execute(wanted)):
        about = one["id"] if one else kind
        path = desk.outbox / f"{day}-{person['name']}-{about}-{kind}.eml"
        if path.exists():
            continue
        mail = EmailMessage()
        mail["To"] = person["address"]
        mail["Subject"] = desk.standard.word("desk", "mail_subject", person["language"])
        text = desk.standard.word("desk", f"mail_{kind}", person["language"])
        mail.set_content(f"{text}\n\n{desk.origin}/\n")
        write_whole(path, mail.as_bytes())
        written += 1
    return written
