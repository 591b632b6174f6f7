"""A desk that runs: its own process on a free port, made accounts with second factors, and ways to end it badly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pyotp

from clearing_point.desk.server import Place, opened_desk
from clearing_point.desk.store import period
from clearing_point.project import Project
from tests.conftest import ROOT
from tests.desk.visitor import PASSWORD, Visitor

_STARTS_SECONDS = 900
"""On a machine that others use much more; a server that ends is seen at once."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningDesk:
    """Started with :meth:`start`, ended with :meth:`stop` or :meth:`kill`; the same data folder is kept between."""

    def __init__(self, data: Path, *, database: str | None = None, root: Path = ROOT) -> None:
        self.data, self.port, self.root = data, free_port(), root
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if database:
            self.environment["CLEARING_POINT_DESK_DATABASE"] = database
        self.database = database
        self.secrets: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data.with_name(f"{data.name}.log")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(
        self, people: dict[str, tuple[str, str | None, str]], periods: dict[str, tuple[str, ...]]
    ) -> None:
        """Make accounts (name -> role, territory, language) and open periods (territory -> names)."""
        desk = opened_desk(Project(root=self.root, data=self.data), Place(self.port), database=self.database)
        with desk.store.changing() as connection:
            for name, (role, territory, language) in people.items():
                desk.accounts.add(connection, name, role, territory, language, "test")
                secret = pyotp.random_base32()
                self.secrets[name] = secret
                # The code of the step before: the one of now is left for signing in.
                code = pyotp.TOTP(secret).at(time.time() - 30)
                assert desk.accounts.settle(connection, name, PASSWORD, secret, code) is None
            for territory, names in periods.items():
                for name in names:
                    connection.execute(
                        period.insert().values(
                            territory=territory, period=name, state="open", persons=2, closes=None
                        )
                    )
        desk.store.close()

    def command(self) -> list[str]:
        """What starts it."""
        return [
            *(sys.executable, "-m", "clearing_point.cli", "desk", "--port", str(self.port), "--workers", "2"),
            *("--project", str(self.root), "--data", str(self.data)),
        ]

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.environment, stdout=log, stderr=log, cwd=ROOT
            )
        end = time.monotonic() + _STARTS_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.origin}/healthz", timeout=5, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError("the desk did not start")

    def visitor(self, name: str) -> Visitor:
        """A visitor with a session that was begun directly: signing in has tests of its own, and a code works once."""
        desk = opened_desk(Project(root=self.root, data=self.data), Place(self.port), database=self.database)
        with desk.store.changing() as connection:
            token = desk.accounts.begin(connection, name, "127.0.0")
        desk.store.close()
        made = Visitor(self.origin)
        made.http.cookies.set("desk", token, domain="127.0.0.1")
        return made

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.origin}/healthz", timeout=30, trust_env=False).json()
        return found

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def family(self) -> list[int]:
        """Numbers of all processes that descend from the server, dead ones left out."""
        assert self.process is not None
        return descendants(self.process.pid)


def descendants(parent: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, todo = [], [parent]
    while todo:
        for child in children.get(todo.pop(), ()):
            found.append(child)
            todo.append(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
