"""A desk for tests: its own data folder, made accounts of every role, files in any state; no job runs unless one is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

pytest.importorskip("fastapi", reason="the extra desk is not installed")

import argon2

from clearing_point.desk.accounts import Accounts, key_of
from clearing_point.desk.app import application
from clearing_point.desk.bound import hash_of_bound
from clearing_point.desk.place import Desk
from clearing_point.desk.store import account, file, opened_store, period
from clearing_point.desk.upload import new_identity
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.conftest import ROOT
from tests.desk.visitor import Visitor

ORIGIN = "https://desk.example.org"
OWN, OTHER, PERIOD = "ALB", "SRB", "2024"
PEOPLE = {
    "officer": ("officer", OWN), "second": ("officer", OWN), "approver": ("approver", OWN),
    "stranger": ("officer", OTHER), "stranger-approver": ("approver", OTHER), "coordinator": ("coordinator", None),
    "editor": ("editor", None), "auditor": ("auditor", None),
}  # fmt: skip
BOUND = {"file": "a" * 64, "answers": None, "standard": "b" * 64, "profile": "c" * 64}


class Loop(httpx.BaseTransport):
    """Hands requests of an ordinary client to the application, in an event loop of its own."""

    def __init__(self, app: Any) -> None:
        self.inner = httpx.ASGITransport(app=app, client=("203.0.113.7", 1))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        import asyncio

        async def ask() -> httpx.Response:
            body = request.read()
            again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            answer = await self.inner.handle_async_request(again)
            await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

        return asyncio.run(ask())


_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What a password costs has a test of its own."""


class TestDesk:
    """The desk, its application, and ways to put things into a state."""

    __test__ = False

    def __init__(
        self,
        folder: Path,
        standard: Standard,
        origin: str = ORIGIN,
        *,
        proxied: bool = True,
        demo: bool = False,
        database: str | None = None,
    ) -> None:
        project = Project(root=ROOT, data=folder)
        project.prepare()
        (folder / "desk").mkdir(mode=0o700)
        with mock.patch("argon2.PasswordHasher", return_value=_CHEAP):
            accounts = Accounts(key_of(folder / "desk"))
        self.desk = Desk(
            project,
            standard,
            opened_store(folder / "desk", database),
            accounts,
            origin,
            proxied=proxied,
            demo=demo,
        )
        self.desk.prepare()
        self.app = application(self.desk, (origin.partition("//")[2],))
        self.stopped: list[str] = []
        self.desk.stop_job = self.stopped.append
        with self.desk.store.changing() as connection:
            for name, (role, territory) in PEOPLE.items():
                accounts.add(connection, name, role, territory, "en", "test", address=f"{name}@example.org")
            connection.execute(account.update().values(state="active", link_sha256=None))
            for territory in (OWN, OTHER):
                connection.execute(
                    period.insert().values(
                        territory=territory, period=PERIOD, state="open", persons=2, closes="2030-03-31"
                    )
                )

    def visitor(self, name: str | None = None) -> Visitor:
        """A visitor, with a session of an account if one is named."""
        made = Visitor(self.desk.origin, transport=Loop(self.app))
        if name is not None:
            with self.desk.store.changing() as connection:
                token = self.desk.accounts.begin(connection, name, "203.0.113")
            made.http.cookies.set(self.desk.cookie, token, domain="desk.example.org")
        return made

    def file(self, state: str, territory: str = OWN, by: str = "officer", **values: Any) -> str:
        """Put a file into a state, with findings where such a file has them; returns its id."""
        identity = new_identity()
        now = time.time()
        outcome = {
            "refused": state == "refused", "accepted": True, "decision": "accepted", "rows": {"person": 3}, "unchanged": False,
            "counts": {"must_fix": 0, "confirm": 1, "note": 0, "information": 0}, "asks_reason": False, "marked": "marked.xlsx",
            "bound": BOUND, "answers_sha256": None,
        }  # fmt: skip
        row = {
            "id": identity, "territory": territory, "period": PERIOD, "by": by, "name": "file.xlsx", "ending": ".xlsx",
            "sha256": "a" * 64, "bytes": 10, "came": now, "moved": now, "state": state, "version": 1,
            "outcome": json.dumps(outcome), "approved_sha256": hash_of_bound(BOUND), **values,
        }  # fmt: skip
        if state in ("asked", "taking_back"):
            row |= {
                "asked": "withdraw",
                "asked_by": by,
                "before": "loaded",
                "submission": "2024-ALB-ALB01-v1",
            }
        with self.desk.store.changing() as connection:
            connection.execute(file.insert().values(**row))
        folder = self.desk.files / identity
        folder.mkdir()
        for name in ("original.xlsx", "marked.xlsx"):
            (folder / name).write_bytes(b"content of a file")
        place = {
            "rule_id": "A08", "severity": "warning", "table": "assistance_episode", "field": None, "sheet": "Aid",
            "column": "T", "rows": [[3, 5]], "count": 3,
        }  # fmt: skip
        findings = {
            "facts": {"submission_id": "x", "places": [place], "missed": [], "balance": []}, "reading": "", "remarks": [],
            "stops": [], "replaces": None, "changes": None,
        }  # fmt: skip
        (folder / "findings.json").write_text(json.dumps(findings))
        return identity

    def row(self, identity: str) -> dict[str, Any]:
        from sqlalchemy import select

        with self.desk.store.reading() as connection:
            return dict(connection.execute(select(file).where(file.c.id == identity)).mappings().one())


@pytest.fixture
def place(tmp_path: Path, standard: Standard) -> Iterator[TestDesk]:
    made = TestDesk(tmp_path / "data", standard)
    yield made
    made.desk.store.close()


@pytest.fixture
def visit(place: TestDesk) -> Callable[..., Visitor]:
    return place.visitor
