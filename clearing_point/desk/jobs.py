"""The queue in the database, and the one thread that starts, watches and ends the processes of its jobs."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
import types
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from sqlalchemy import func, insert, select, update

from clearing_point.desk.ends import Ends
from clearing_point.desk.place import Desk
from clearing_point.desk.retention import tidy
from clearing_point.desk.rules import rules
from clearing_point.desk.states import step
from clearing_point.desk.store import Row, answer, file, job, rows_of
from clearing_point.workplace import sweep

QUEUED, RUNNING, ENDED = "queued", "running", "ended"
CHECK, LOAD, TAKE_BACK, TEMPLATE, OVERVIEW = "check", "load", "take_back", "template", "overview"
_ORDER = {LOAD: 0, TAKE_BACK: 0, TEMPLATE: 1, CHECK: 2, OVERVIEW: 3}
_WAREHOUSE = (LOAD, TAKE_BACK, OVERVIEW)
"""Jobs that want the warehouse for themselves: one at a time."""
_PAUSE_SECONDS = 0.5
_TIDY_SECONDS = 60.0
_OVERVIEW_SECONDS = 600.0


def ask(connection: Any, kind: str, *, one: Row | None = None, about: Row | None = None) -> None:
    """Put a job into the queue, in the transaction of what asks for it."""
    connection.execute(
        insert(job).values(
            file=one["id"] if one else None,
            territory=one["territory"] if one else None,
            kind=kind,
            about=json.dumps(about, sort_keys=True) if about else None,
            state=QUEUED,
            asked=time.time(),
            tries=0,
        )
    )


def ask_once(connection: Any, kind: str, about: Row | None = None) -> None:
    """Put a job into the queue unless the same one waits there or runs."""
    said = json.dumps(about, sort_keys=True) if about else None
    same = (
        select(func.count())
        .select_from(job)
        .where(
            job.c.kind == kind, job.c.state != ENDED, job.c.about == said if said else job.c.about.is_(None)
        )
    )
    if not connection.execute(same).scalar():
        ask(connection, kind, about=about)


def before(connection: Any, identity: str) -> int:
    """Count the jobs that will be done before the one of a file."""
    own = connection.execute(
        select(job.c.id).where(job.c.file == identity, job.c.state == QUEUED).order_by(job.c.id.desc())
    ).scalar()
    if own is None:
        return 0
    counted = select(func.count()).select_from(job).where(job.c.state != ENDED, job.c.id < own)
    return int(connection.execute(counted).scalar() or 0)


@dataclass
class _Running:
    row: Row
    process: Any
    pipe: Any
    deadline: float
    answer: dict[str, Any] | None = None
    stopped: bool = False


class Dispatcher(threading.Thread):
    """Starts jobs from the stem; helpers end with the thread that starts them, so it lives as long as the server.

    Parameters
    ----------
    run : str
        ``module:function`` that does a job.
    preload : tuple of str
        Modules that the stem imports before it is forked.
    """

    def __init__(self, desk: Desk, run: str, preload: tuple[str, ...], workers: int) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self.desk, self.run_name, self.workers = desk, run, workers
        self.ends = Ends(desk, ask_once)
        self.context: Any = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(preload))
        self.running: dict[int, _Running] = {}
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        self.tidied = self.looked = 0.0
        self.warehouse_seen: float | None = None

    def wake(self) -> None:
        """Have it look at the queue now."""
        with suppress(BlockingIOError):
            os.write(self.writer, b".")

    def stop(self) -> None:
        """End it and everything that it started."""
        self.stopping.set()
        self.wake()
        self.join(10)
        with self.lock:
            for one in self.running.values():
                one.process.kill()
                one.process.join()

    def stop_job(self, identity: str) -> None:
        """End the job of a file and wait until its process and its workspace are gone."""
        with self.lock:
            for one in list(self.running.values()):
                if one.row["file"] == identity:
                    one.stopped = True
                    one.process.kill()
                    one.process.join()
        with self.desk.store.changing() as connection:
            connection.execute(
                update(job)
                .where(job.c.file == identity, job.c.state != ENDED)
                .values(state=ENDED, ended=time.time())
            )
        sweep(self.desk.project.work)

    def run(self) -> None:
        """Work until it is stopped; a failure of one round is said and does not end it."""
        self._take_up()
        while not self.stopping.is_set():
            try:
                self._round()
            except Exception as error:
                print(f"desk: a round of the dispatcher failed ({type(error).__name__})", file=sys.stderr)
                time.sleep(1)

    def _round(self) -> None:
        self._start_what_may()
        watched: list[Any] = [self.reader]
        with self.lock:
            for one in self.running.values():
                watched += (
                    [one.process.sentinel] if one.answer is not None else [one.pipe, one.process.sentinel]
                )
        ready = wait(watched, _PAUSE_SECONDS)
        if self.reader in ready:
            os.read(self.reader, 4096)
        with self.lock:
            for one in list(self.running.values()):
                self._hear(one)
        self._tidy()

    def _take_up(self) -> None:
        """Put back into the queue what a server before this one was at; what killed jobs left is swept."""
        sweep(self.desk.project.work)
        with self.desk.store.changing() as connection:
            connection.execute(update(job).where(job.c.state == RUNNING).values(state=QUEUED))
            # A file whose step was taken and whose job was not yet written cannot be: both are one transaction.
            ask_once(connection, OVERVIEW)

    def _start_what_may(self) -> None:
        while len(self.running) < self.workers:
            with self.desk.store.changing() as connection:
                chosen = self._next(connection)
                if chosen is None:
                    return
                task = self._task(connection, chosen)
                if task is None:
                    connection.execute(
                        update(job).where(job.c.id == chosen["id"]).values(state=ENDED, ended=time.time())
                    )
                    continue
                connection.execute(
                    update(job)
                    .where(job.c.id == chosen["id"], job.c.state == QUEUED)
                    .values(state=RUNNING, began=time.time(), tries=chosen["tries"] + 1, stage="waiting")
                )
            try:
                self._start({**chosen, "tries": chosen["tries"] + 1}, task)
            except OSError:  # the machine has no process to give: it waits, and is not lost
                with self.desk.store.changing() as connection:
                    waits = {"state": QUEUED, "tries": chosen["tries"], "asked": time.time() + 1}
                    connection.execute(update(job).where(job.c.id == chosen["id"]).values(**waits))
                raise

    def _next(self, connection: Any) -> Row | None:
        """Choose the next job: loads first, then the oldest; no territory takes more than half while another waits."""
        waiting = rows_of(
            connection.execute(select(job).where(job.c.state == QUEUED, job.c.asked <= time.time()))
        )
        at_work = [one.row for one in self.running.values()]
        if any(row["kind"] in _WAREHOUSE for row in at_work):
            waiting = [row for row in waiting if row["kind"] not in _WAREHOUSE]
        waiting.sort(key=lambda row: (_ORDER[row["kind"]], row["id"]))
        half = max(1, self.workers // 2)
        for row in waiting:
            own = sum(other["territory"] == row["territory"] for other in at_work)
            others = any(other["territory"] != row["territory"] for other in waiting)
            if row["territory"] is None or own < half or not others:
                return row
        return None

    def _task(self, connection: Any, chosen: Row) -> dict[str, Any] | None:
        """Put together what a job must know; None if its file is no longer where it was."""
        desk = self.desk
        task: dict[str, Any] = {
            "kind": chosen["kind"], "root": str(desk.project.root), "data": str(desk.project.data),
            "about": json.loads(chosen["about"] or "{}"),
        }  # fmt: skip
        if chosen["file"] is None:
            return {**task, "templates": str(desk.templates)}
        found = rows_of(connection.execute(select(file).where(file.c.id == chosen["file"])))
        if not found or found[0]["state"] not in rules().having("busy"):
            return None
        one = found[0]
        if one["state"] == "received":
            one = step(connection, one, "begin", "desk")
        given = rows_of(
            connection.execute(select(answer).where(answer.c.file == one["id"]).order_by(answer.c.number))
        )
        language = self.ends.language_of(connection, one["by"])
        return {
            **task, "file": one, "folder": str(desk.files / one["id"]), "language": language, "made_data": desk.demo,
            "answers": [{"place": json.loads(a["place"]), "code": a["code"]} for a in given],
        }  # fmt: skip

    def _start(self, row: Row, task: dict[str, Any]) -> None:
        receiver, sender = self.context.Pipe(duplex=False)
        process = self.context.Process(target=_entry, args=(self.run_name, task, sender), daemon=True)
        with self.lock, _without_main():
            process.start()
            sender.close()
            deadline = time.monotonic() + rules().limits["job_minutes"] * 60
            self.running[row["id"]] = _Running(row, process, receiver, deadline)

    def _hear(self, one: _Running) -> None:
        """Take in what a job says; see to its end."""
        with suppress(EOFError, OSError):
            while one.answer is None and one.pipe.poll():
                said = one.pipe.recv()
                if "stage" in said:
                    with self.desk.store.changing() as connection:
                        connection.execute(
                            update(job).where(job.c.id == one.row["id"]).values(stage=said["stage"])
                        )
                else:
                    one.answer = said
        if time.monotonic() > one.deadline:
            one.process.kill()
        if one.process.is_alive():
            return
        one.process.join()
        del self.running[one.row["id"]]
        one.pipe.close()
        if one.stopped:
            return
        if one.answer is None:
            sweep(self.desk.project.work)  # it was killed: what it had begun goes
        again = self._finish(one.row, one.answer)
        values: Row = (
            {"state": QUEUED, "asked": time.time() + again} if again is not None else {"state": ENDED}
        )
        if one.answer:
            values |= {"cpu": one.answer.get("cpu"), "memory_kib": one.answer.get("memory_kib")}
        with self.desk.store.changing() as connection:
            connection.execute(
                update(job)
                .where(job.c.id == one.row["id"], job.c.state == RUNNING)
                .values(ended=time.time(), **values)
            )

    def _finish(self, row: Row, answer: dict[str, Any] | None) -> float | None:
        """Take in the end of a job; where that fails, the job is tried again, and never stays at work for ever."""
        try:
            return self.ends.finish(row, answer)
        except Exception as error:
            print(f"desk: the end of a job could not be taken in ({type(error).__name__})", file=sys.stderr)
            return self.ends.finish(row, {"failed": type(error).__name__})

    def _tidy(self) -> None:
        now = time.monotonic()
        if now - self.tidied > _TIDY_SECONDS or not self.tidied:
            self.tidied = now
            tidy(self.desk)
            if not self.running:
                sweep(self.desk.project.work)
        if now - self.looked > _OVERVIEW_SECONDS or not self.looked:
            self.looked = now
            with suppress(OSError):
                changed = self.desk.project.warehouse.stat().st_mtime
                if changed != self.warehouse_seen:
                    self.warehouse_seen = changed
                    with self.desk.store.changing() as connection:
                        ask_once(connection, OVERVIEW)


def _entry(run: str, task: dict[str, Any], pipe: Any) -> None:
    """Begin a job; the module that binds a process to its parent is imported in it only."""
    from clearing_point.desk.stem import entry

    entry(run, task, pipe)


class _without_main:  # noqa: N801 - reads as what it does
    """A forked job would import the server's own main module again, and all that a command line imports."""

    def __enter__(self) -> None:
        self.kept = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")

    def __exit__(self, *_: object) -> None:
        sys.modules["__main__"] = self.kept
