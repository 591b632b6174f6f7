"""What becomes of a file when its job has ended: found, refused, failed, loaded, taken back, or tried once more."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, insert, select, update

from clearing_point.desk.outbox import put_out
from clearing_point.desk.place import Desk
from clearing_point.desk.rules import rules
from clearing_point.desk.states import Moved, step
from clearing_point.desk.store import Row, account, file, rows_of, stored

_AGAIN_SECONDS = 60.0
_CHANGED = "approved_changed"


class Ends:
    """Ends of jobs; each is one transaction with its lines of the log."""

    def __init__(self, desk: Desk, ask_once: Callable[..., None]) -> None:
        self.desk, self.ask_once = desk, ask_once

    def language_of(self, connection: Any, name: str) -> str:
        """Return the language of an account."""
        return connection.execute(select(account.c.language).where(account.c.name == name)).scalar() or "en"

    def finish(self, row: Row, answer: dict[str, Any] | None) -> float | None:
        """Take in how a job ended.

        Parameters
        ----------
        answer : dict, optional
            None if its process ended without a word: it was killed.

        Returns
        -------
        float or None
            Seconds after which it is to be tried again; None if it is done with.
        """
        if answer is not None and "failed" in answer:
            # Kind and place of it, no value: whoever runs the machine must be able to report why a file was not checked.
            print(f"desk: a job ({row['kind']}) failed: {answer['failed']}", file=sys.stderr, flush=True)
        cut_short = answer is None or "machine" in answer or "busy" in answer or "failed" in answer
        done = (answer or {}).get("done")
        busy = isinstance(done, dict) and bool(done.get("busy"))
        if (cut_short or busy) and row["tries"] < rules().limits["tries"]:
            # A check that could not compare with what is stored would let a load bring findings that nobody saw.
            return 0.0 if answer is None else _AGAIN_SECONDS if busy or "busy" in (answer or {}) else 1.0
        if row["kind"] == "overview":
            self._overview(done)
            return None
        if row["file"] is None:
            return None
        try:
            with self.desk.store.reading() as connection:
                one = rows_of(connection.execute(select(file).where(file.c.id == row["file"])))[0]
            ending = {"check": self._checked, "load": self._loaded, "take_back": self._taken_back}[
                row["kind"]
            ]
            ending(one, answer or {})
        except Moved:
            return None  # it was deleted, or taken back, meanwhile
        return None

    def _checked(self, one: Row, answer: dict[str, Any]) -> None:
        found = answer.get("done")
        if found is None and "problem" not in answer:
            said = {"code": "job_failed", "text": answer.get("machine") or ""}
            with self.desk.store.changing() as connection:
                step(connection, one, "fail", "desk", said=json.dumps(said))
            return
        if found is None or found["refused"]:
            # Gone before anybody is told: a folder of uploads is where names could stay.
            self.desk.remove_content(one["id"], keep_findings=found is not None)
            with self.desk.store.changing() as connection:
                connection.execute(update(file).where(file.c.id == one["id"]).values(name="-"))
            self.desk.store.forget_traces()  # the name of a file may be that of a person
            values: Row = (
                {"said": None, "outcome": json.dumps(found)} if found else {"said": _problem(answer)}
            )
            with self.desk.store.changing() as connection:
                step(connection, one, "refuse", "desk", **values)
                put_out(self.desk, connection, [one["by"]], one, "news")
            return
        with self.desk.store.changing() as connection:
            step(
                connection, one, "find", "desk", outcome=json.dumps(found), said=_still_said(one),
                answers_sha256=found["answers_sha256"], submission=None,
            )  # fmt: skip
            put_out(self.desk, connection, [one["by"]], one, "news")

    def _loaded(self, one: Row, answer: dict[str, Any]) -> None:
        done = answer.get("done")
        if done is None:
            said = (
                _problem(answer) if "problem" in answer else json.dumps({"code": "load_failed", "text": ""})
            )
            with self.desk.store.changing() as connection:
                step(connection, one, "not_load", "desk", said=said, approved_sha256=None)
                put_out(self.desk, connection, [one["by"]], one, "news")
            return
        if done.get("changed"):
            from clearing_point.desk.jobs import CHECK, ask

            # What its check was bound to is no longer so: sent on as it is, it would be turned back for ever.
            said = json.dumps({"code": _CHANGED, "text": ""})
            with self.desk.store.changing() as connection:
                one = step(connection, one, "check_anew", "desk", said=said, approved_sha256=None)
                ask(connection, CHECK, one=one)
            return
        with self.desk.store.changing() as connection:
            before = json.loads(one["outcome"] or "{}") | done
            step(
                connection, one, "load" if done["accepted"] else "not_accept", "desk", submission=done["submission"],
                outcome=json.dumps(before), said=None,
            )  # fmt: skip
            earlier = select(file).where(file.c.submission == done.get("replaced"), file.c.state == "loaded")
            for other in rows_of(connection.execute(earlier)) if done.get("replaced") else []:
                if other["id"] != one["id"]:
                    step(connection, other, "replace", "desk")
            self.ask_once(connection, "overview")
            put_out(self.desk, connection, [one["by"]], one, "news")
        if not any(done["counts"].get(level) for level in ("must_fix", "confirm")):
            self.desk.remove_content(one["id"], keep_findings=True)

    def _taken_back(self, one: Row, answer: dict[str, Any]) -> None:
        with self.desk.store.changing() as connection:
            if "done" not in answer:
                said = (
                    _problem(answer)
                    if "problem" in answer
                    else json.dumps({"code": "load_failed", "text": ""})
                )
                step(connection, one, "not_take_back", "desk", said=said, asked=None)
                return
            # What is deleted leaves no name of a file: it may be that of a person.
            name: Row = {"name": "-"} if one["asked"] == "delete" else {}
            step(connection, one, one["asked"], "desk", said=None, **name)
            self.ask_once(connection, "overview")
            put_out(self.desk, connection, [one["by"]], one, "news")
        if one["asked"] == "delete":
            self.desk.remove_content(one["id"])
            self.desk.store.forget_traces()

    def _overview(self, lines: list[Row] | None) -> None:
        if lines is None:
            return
        with self.desk.store.changing() as connection:
            connection.execute(delete(stored))
            if lines:
                connection.execute(insert(stored), [{"number": n, **line} for n, line in enumerate(lines)])


def _still_said(one: Row) -> str | None:
    """Return what is still to be said of a file after its new check: that it was approved, and why it was not loaded."""
    return one["said"] if one["said"] and json.loads(one["said"])["code"] == _CHANGED else None


def _problem(answer: dict[str, Any]) -> str:
    return json.dumps(
        {"code": answer.get("code"), "filled": answer.get("filled") or {}, "text": answer.get("problem", "")}
    )
