"""Who must act next, by role and name: for each territory and period its newest file, or what is stored."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from clearing_point.desk.language import Words
from clearing_point.desk.rights import deciders_of, names_of
from clearing_point.desk.rules import OFFICER
from clearing_point.desk.store import Row, approval, file, period, rows_of, stored

OPEN, CLOSED = "open", "closed"
_OF_OFFICER = ("checked", "failed", "refused", "returned")
_OF_APPROVER = ("waiting", "asked")
Kept = dict[tuple[str, str], list[Row]]
"""Territory and period -> what is stored."""
_DONE = ("loaded", "replaced")
_TAKEN_BACK = ("withdrawn", "deleted")
"""Nothing of it counts: while the period is open, the officer sends again."""


def lines_of_periods(connection: Any, territories: Sequence[str], words: Words) -> list[Row]:
    """List territories and periods: state, who acts now, what is stored, whether it is late.

    Returns
    -------
    list of dict
        ``territory, period, state, said, who, closes, late, stored, file, counts``; the newest period first.
    """
    known = rows_of(connection.execute(select(period).where(period.c.territory.in_(territories))))
    newest: dict[tuple[str, str], Row] = {}
    wanted = (
        select(file).where(file.c.territory.in_(territories), file.c.state != "gone").order_by(file.c.came)
    )
    for one in rows_of(connection.execute(wanted)):
        newest[one["territory"], one["period"]] = one
    kept = kept_of(connection, territories)
    today = datetime.date.today().isoformat()
    lines = []
    for row in known:
        key = (row["territory"], row["period"])
        latest, there = newest.get(key), covering(kept, *key)
        done = (latest["state"] in _DONE) if latest and latest["state"] not in _TAKEN_BACK else bool(there)
        said = _said(connection, latest, words) if latest else _of(there, words)
        late = bool(row["closes"]) and row["closes"] < today and not done
        lines.append(
            {
                **row, "file": latest, "stored": there, "said": said, "late": late,
                "who": _who(connection, row, latest, there),
                "counts": json.loads(latest["outcome"]).get("counts", {}) if latest and latest["outcome"] else {},
                "busy": latest is not None and latest["state"] in ("received", "checking", "loading", "taking_back"),
            }
        )  # fmt: skip
    # What is stored of periods that nobody opened here is shown, too: the command line loads as well.
    for key, there in kept.items():
        if key[0] in territories and key not in {(row["territory"], row["period"]) for row in known}:
            lines.append(
                {
                    "territory": key[0], "period": key[1], "state": CLOSED, "closes": None, "persons": 2, "file": None,
                    "stored": there, "said": _of(there, words), "who": [], "late": False, "counts": {}, "busy": False,
                }
            )  # fmt: skip
    lines.sort(key=lambda line: line["territory"])
    lines.sort(key=lambda line: line["period"], reverse=True)
    return lines


def kept_of(connection: Any, territories: Sequence[str]) -> Kept:
    """Return what is stored, by territory and period: one of each organisation that sends for the territory."""
    kept: Kept = {}
    wanted = select(stored).where(stored.c.territory.in_(territories)).order_by(stored.c.submission)
    for row in rows_of(connection.execute(wanted)):
        kept.setdefault((row["territory"], row["period"]), []).append(row)
    return kept


def covering(kept: Kept, territory: str, name: str) -> list[Row]:
    """Return what is stored of a period; a file of several years stands for each of them."""
    exact = kept.get((territory, name), [])
    first, last = _years(name)
    return exact or [
        row
        for (place, period_name), rows in kept.items()
        if place == territory and _years(period_name)[0] <= first and last <= _years(period_name)[1]
        for row in rows
    ]


def _years(name: str) -> tuple[str, str]:
    first, _, last = name.partition("-")
    return first, last or first


def _of(there: list[Row], words: Words) -> str:
    return (
        words("state_stored", version=max(t["version"] for t in there)) if there else words("state_nothing")
    )


def _said(connection: Any, one: Row, words: Words) -> str:
    """Name the state of a file; one that somebody gave back says by whom: it was checked long ago."""
    if (one["state"], one["before"]) == ("checked", "waiting"):
        wanted = select(approval).where(approval.c.file == one["id"]).order_by(approval.c.id.desc()).limit(1)
        last = rows_of(connection.execute(wanted))
        if last and last[0]["decision"] == "returned" and last[0]["version"] == one["version"] - 1:
            return words("decided_returned", by=last[0]["by"], time=words.moment(last[0]["at"])).rstrip(".")
    return words.state(one["state"])


def _who(connection: Any, row: Row, one: Row | None, there: list[Row]) -> list[str]:
    """Name those who must act now; nobody where a job works or all is done."""
    if row["state"] != OPEN:
        return []
    if one is None or one["state"] in _TAKEN_BACK:
        return [] if there else names_of(connection, OFFICER, row["territory"])
    if one["state"] in _OF_OFFICER:
        officers = names_of(connection, OFFICER, row["territory"])
        # Any officer of the territory may go on with a file whose sender's account is closed.
        return [one["by"]] if one["by"] in officers else officers
    if one["state"] in _OF_APPROVER:
        return deciders_of(connection, one)
    return []
