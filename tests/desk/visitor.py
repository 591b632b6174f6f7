"""A visitor of the desk: signs in, reads pages, sends forms; over the application itself or over a port."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx
import pyotp

PASSWORD = "a sentence of a test"  # noqa: S105


class Visitor:
    """One person with a browser that keeps its cookie."""

    def __init__(self, origin: str, *, transport: Any = None, headers: dict[str, str] | None = None) -> None:
        self.origin = origin
        self.http = httpx.Client(
            base_url=origin,
            transport=transport,
            follow_redirects=False,
            timeout=120,
            headers=headers,
            trust_env=False,
        )
        self.bytes = 0
        self.answers = 0

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._counted(self.http.get(path, **more))

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        headers = {"origin": self.origin, **more.pop("headers", {})}
        return self._counted(self.http.post(path, data=data or {}, headers=headers, **more))

    def _counted(self, answer: httpx.Response) -> httpx.Response:
        self.answers += 1
        self.bytes += len(answer.content)
        return answer

    def sign_in(
        self, name: str, password: str = PASSWORD, secret: str | None = None, code: str | None = None
    ) -> httpx.Response:
        form = {
            "name": name,
            "password": password,
            "code": code or (pyotp.TOTP(secret).now() if secret else ""),
        }
        return self.post("/sign-in", form)

    def upload(
        self, path: Path, territory: str, period: str, name: str | None = None, **fields: str
    ) -> httpx.Response:
        files = {"file": (name or path.name, path.read_bytes(), "application/octet-stream")}
        return self.post("/files", {"territory": territory, "period": period, **fields}, files=files)

    def version(self, address: str) -> str:
        """Read the version of a file off its page, as a form carries it."""
        found = re.search(r'name="version" value="(\d+)"', self.get(address).text)
        assert found, address
        return found[1]

    def what(self, address: str) -> str:
        """Read what an approval would be bound to off the page."""
        found = re.search(r'name="what" value="([0-9a-f]+)"', self.get(address).text)
        assert found, address
        return found[1]

    def deed(self, address: str, deed: str, **form: str) -> httpx.Response:
        """Do something with a file as its page offers it."""
        return self.post(f"{address}/{deed}", {"version": self.version(address), **form})

    def until(self, address: str, states: tuple[str, ...], seconds: float = 400) -> str:
        """Look again until the file is in one of these states; returns it."""
        identity = address.rpartition("/")[2]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = self.http.get(f"/api/v1/files/{identity}").json()[
                "state"
            ]  # not counted: a person reads pages
            if state in states:
                return str(state)
            time.sleep(0.3)
        raise AssertionError(f"{identity} is still {state}")
