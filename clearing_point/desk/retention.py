"""What leaves the desk on its day: files that were never loaded, copies of those that were, sessions that are over."""

from __future__ import annotations

import json
import time

from sqlalchemy import select

from clearing_point.desk.place import Desk
from clearing_point.desk.rules import rules
from clearing_point.desk.states import Moved, step
from clearing_point.desk.store import answer, file, log, make_note, noted, rows_of

LAST = "last_deletion"
_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600


def tidy(desk: Desk) -> None:
    """Delete what is due, at most once an hour, and note when it ran and how many files left."""
    with desk.store.changing() as connection:
        desk.accounts.tidy(connection)
        last = json.loads(noted(connection, LAST) or '{"at": 0}')
    if 0 <= time.time() - last["at"] < _HOUR_SECONDS:
        return
    delete_due(desk)


def delete_due(desk: Desk) -> int:
    """Delete every file whose day has come, and folders that no file is known of; return how many files left."""
    due = time.time() - rules().limits["days_kept"] * _DAY_SECONDS
    left = 0
    with desk.store.reading() as connection:
        old = rows_of(connection.execute(select(file).where(file.c.moved < due)))
        known = {row[0] for row in connection.execute(select(file.c.id).where(file.c.state != "gone"))}
    for one in old:
        if one["state"] in rules().steps["forget"].origins:
            desk.stop_job(one["id"])
            desk.remove_content(one["id"])
            try:
                with desk.store.changing() as connection:
                    step(connection, one, "forget", "desk", name="-")
                    connection.execute(answer.delete().where(answer.c.file == one["id"]))
            except Moved:
                continue
            left += 1
            desk.store.forget_traces()
        elif one["state"] not in rules().having("busy"):
            desk.remove_content(one["id"], keep_findings=True)
    # An upload that was cut by a killed server left a folder and no row: nothing was promised of it.
    for folder in desk.files.iterdir():
        if folder.name not in known and time.time() - folder.stat().st_mtime > _HOUR_SECONDS:
            desk.remove_content(folder.name)
    with desk.store.changing() as connection:
        make_note(connection, LAST, json.dumps({"at": time.time(), "files": left}))
        if left:
            log(connection, "desk", "deleted_on_their_day", about=str(left))
    return left


def interrupted_uploads(desk: Desk) -> None:
    """At the start: remove folders that no file is known of, whatever their age."""
    with desk.store.reading() as connection:
        known = {row[0] for row in connection.execute(select(file.c.id).where(file.c.state != "gone"))}
    for folder in desk.files.iterdir():
        if folder.name not in known:
            desk.remove_content(folder.name)


__all__ = ["LAST", "delete_due", "interrupted_uploads", "tidy"]
