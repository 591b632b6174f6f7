"""The desk killed at random moments: ``python -m tests.faults.kill_desk ROUNDS [SEED]``.

Each round sends a file, sends on and approves what is checked, and kills the server, its stem or a job with SIGKILL at a
random moment. Then: no helper lives longer than two seconds; after the next start no work folder is left, every upload
that was answered is whole or taken further, nothing is stored twice, the log follows line by line, and a planted row
stands nowhere. The jobs are those of :mod:`tests.faults.light_desk`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx

from clearing_point.desk.store import broken_line, opened_store
from tests.desk.running import RunningDesk, descendants, is_alive
from tests.faults.light_desk import LEDGER, PLANTED

PEOPLE = {"officer": ("officer", "ALB", "en"), "approver": ("approver", "ALB", "en")}
_PERIOD = "2024"
_TOLD_EVERY = 10
"""Rounds; a run that is cut short then says how far it came."""
_SECONDS_TO_DIE = 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
"""Two seconds of a quiet machine: a stem that is still starting ends when it is far enough to look for its server."""

_SLOWEST: list[float] = []
"""Seconds after which the helpers of each killed process were gone."""


class LightDesk(RunningDesk):
    """A running desk whose jobs take no library."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.faults.light_desk", str(self.port), str(self.data)]


def rounds(number: int, seed: int, folder: Path) -> Counter[str]:
    """Play rounds; returns what was killed how often. Raises AssertionError at the first thing that does not hold."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    desk = LightDesk(folder / "data")
    desk.make(PEOPLE, {"ALB": (_PERIOD,)})
    promised: dict[str, str] = {}
    killed: Counter[str] = Counter()
    try:
        for count in range(number):
            desk.start()
            officer, approver = desk.visitor("officer"), desk.visitor("approver")
            _play(officer, approver, promised, count, folder)
            time.sleep(chance.uniform(0, 0.6))
            killed[_kill(desk, chance)] += 1
            for address, sha256 in promised.items():
                _whole(desk.data, address, sha256)
            if (count + 1) % _TOLD_EVERY == 0:
                print(f"{count + 1} of {number} rounds held.", flush=True)
        desk.start()
        officer, approver = desk.visitor("officer"), desk.visitor("approver")
        for address in promised:
            officer.until(address, ("checked", "waiting", "loaded", "failed", "gone"))
            _further(officer, approver, address)
            officer.until(address, ("loaded", "failed", "gone"))
        _end_state(desk, promised)
    finally:
        desk.stop()
    return killed


def _play(officer: object, approver: object, promised: dict[str, str], count: int, folder: Path) -> None:
    path = folder / "file.csv"
    path.write_text(f"number {count}\n" + "x" * (1000 * (count % 40)))
    try:
        answer = officer.upload(path, "ALB", _PERIOD)  # type: ignore[attr-defined]
        if answer.status_code == 303:
            promised[answer.headers["location"]] = hashlib.sha256(path.read_bytes()).hexdigest()
        for address in list(promised)[-4:]:
            _further(officer, approver, address)
    except httpx.TransportError:
        return


def _further(officer: object, approver: object, address: str) -> None:
    """Take a file one step further, if it waits for a person."""
    identity = address.rpartition("/")[2]
    state = officer.get(f"/api/v1/files/{identity}").json()["state"]  # type: ignore[attr-defined]
    if state == "checked":
        assert officer.deed(f"{address}", "send").status_code in (303, 409, 404)  # type: ignore[attr-defined]
        state = "waiting"
    if state == "waiting":
        assert approver.deed(address, "approve", what=approver.what(address)).status_code in (303, 409, 404)  # type: ignore[attr-defined]


def _kill(desk: LightDesk, chance: random.Random) -> str:
    """Kill the server, the stem or a job; wait for what must die with it, and end the server."""
    assert desk.process is not None
    server, family = desk.process.pid, desk.family()
    # Python's own tracker of locks holds no row and ends by itself when its pipe is closed: a little later.
    family = [pid for pid in family if "resource_tracker" not in _command(pid)]
    jobs = [pid for pid in family if any(pid in descendants(other) for other in family)]
    stems = [pid for pid in family if pid not in jobs]
    what = chance.choice(["server", "server", "stem", "job"])
    victims = {"server": [server], "stem": stems, "job": jobs or [server]}[what]
    victim = chance.choice(victims or [server])
    below = [pid for pid in (family if victim == server else descendants(victim)) if pid != victim]
    with suppress(ProcessLookupError):  # a job may have ended by itself
        os.kill(victim, signal.SIGKILL)
    if victim == server:
        desk.process.wait()
    begun = time.monotonic()
    end = begun + _SECONDS_TO_DIE
    while any(map(is_alive, below)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_alive, below)), (
        f"helpers outlived the {what}: {[_command(pid) for pid in below if is_alive(pid)]}"
    )
    _SLOWEST.append(time.monotonic() - begun)
    if victim != server:
        time.sleep(chance.uniform(0, 0.5))
        desk.kill()
    return what


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return "-"


def _whole(data: Path, address: str, sha256: str) -> None:
    """An upload that was answered is on the disk, or was taken to its end."""
    identity = address.rpartition("/")[2]
    with sqlite3.connect(data / "desk" / "desk.sqlite", timeout=30) as connection:
        row = connection.execute("SELECT state, sha256 FROM file WHERE id = ?", [identity]).fetchone()
    assert row is not None, "an upload that was answered is lost"
    assert row[1] == sha256
    path = data / "desk" / "files" / identity / "original.csv"
    if path.is_file():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    else:
        assert row[0] in ("loaded", "gone", "loading"), row


def _end_state(desk: LightDesk, promised: dict[str, str]) -> None:
    """Nothing lost, nothing twice, nothing left."""
    time.sleep(1)
    stored = json.loads((desk.data / LEDGER).read_text())
    assert len(stored) == len(set(stored)), "something was stored twice"
    with sqlite3.connect(desk.data / "desk" / "desk.sqlite", timeout=30) as connection:
        loaded = {row[0] for row in connection.execute("SELECT sha256 FROM file WHERE state = 'loaded'")}
        failed = connection.execute("SELECT count(*) FROM file WHERE state = 'failed'").fetchone()[0]
    assert loaded <= set(stored)
    assert len(loaded) + failed >= len(set(promised.values()))
    assert not [p for p in (desk.data / "work").iterdir() if p.is_dir()], "a work folder is left"
    for path in desk.data.rglob("*"):
        if path.is_file():
            assert PLANTED.encode() not in path.read_bytes(), path
    assert PLANTED not in desk.log.read_text()
    store = opened_store(desk.data / "desk")
    with store.reading() as connection:
        assert broken_line(connection) is None
    store.close()


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="kill-desk-") as folder:
        killed = rounds(number, seed, Path(folder))
    print(
        f"{number} rounds (seed {seed}): {', '.join(f'{n} x {what}' for what, n in sorted(killed.items()))} killed; all held. "
        f"Helpers gone after {max(_SLOWEST):.1f} s at most; load {os.getloadavg()[0]:.0f}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
