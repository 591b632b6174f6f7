"""The outer wall: what is wrong with a request is said before any of its body is read; and headers on every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from clearing_point.desk.rules import rules

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # with no-referrer browsers would hide the origin of our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""On every answer, those of failures too. No source of scripts is allowed at all."""
OPEN = ("/sign-in", "/first/", "/desk.css")
"""Addresses that need no session."""
UPLOAD = "/files"


class TooSlow(Exception):
    """Nothing of a body came for too long, or less of it than was announced."""


class Wall:
    """ASGI: origin, host, size and session of a request; the application behind it sees good ones only.

    Parameters
    ----------
    origin : str
        As browsers send it: ``https://desk.example.org``.
    visitor : callable
        Takes the cookie header and the address, gives the account and the token or None; run beside the loop.
    """

    def __init__(
        self,
        app: Any,
        *,
        origin: str,
        hosts: tuple[str, ...],
        visitor: Callable[[str], Any],
        proxied: bool,
    ) -> None:
        self.app = app
        self.origin = origin
        self.hosts = hosts
        self.visitor = visitor
        self.proxied = proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        path, method = scope["path"], scope["method"]

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                names = {k for k, _ in own}
                message["headers"] = [
                    *((k, v) for k, v in message.get("headers", []) if k.lower() not in names),
                    *own,
                ]
            await send(message)

        async def refuse(status: int, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
            await with_headers(
                {"type": "http.response.start", "status": status,
                 "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *extra]}
            )  # fmt: skip
            await with_headers({"type": "http.response.body", "body": f"{status}\n".encode()})

        if path == "/healthz" and self._from_inside(headers):
            scope["desk.inside"] = True
            await self.app(scope, receive, with_headers)
            return
        if headers.get("host", "") not in self.hosts:
            await refuse(421)
            return
        if method not in ("GET", "HEAD", "POST"):
            await refuse(405)
            return
        scope["desk.prefix"] = _prefix(scope, headers, proxied=self.proxied)
        if method == "POST" and not self._same_origin(headers):
            await refuse(403)
            return
        who = await asyncio.to_thread(self.visitor, headers.get("cookie", ""))
        if who is None and not path.startswith(OPEN):
            await refuse(303, ((b"location", b"/sign-in"),))
            return
        scope["desk.who"], scope["desk.token"] = who or (None, "")
        if method == "POST":
            limits = rules().limits
            most = limits["body_bytes"] + limits["form_bytes"] if path == UPLOAD else limits["form_bytes"]
            announced = headers.get("content-length", "")
            if not (announced.isascii() and announced.isdigit() and len(announced) < 16):
                await refuse(411)
                return
            if int(announced) > most:
                if path != UPLOAD or who is None or int(announced) > limits["passed_over_bytes"]:
                    await refuse(413)
                    return
                scope["desk.large"] = True
            receive = _measured(receive, int(announced), limits["idle_seconds"])
        await self.app(scope, receive, with_headers)

    def _from_inside(self, headers: dict[str, str]) -> bool:
        """Whoever runs the machine asks the port or the socket itself; what a proxy hands on names the desk or a sender."""
        handed_on = self.proxied and headers.get("host", "") in self.hosts
        return not handed_on and not headers.get("x-forwarded-for")

    def _same_origin(self, headers: dict[str, str]) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return origin == self.origin
        return headers.get("sec-fetch-site") == "same-origin"


def _measured(receive: Receive, announced: int, idle: float) -> Receive:
    """Let a body through that is as long as was announced and does not stand still."""
    came = 0

    async def measured() -> MutableMapping[str, Any]:
        nonlocal came
        try:
            message = await asyncio.wait_for(receive(), idle)
        except TimeoutError as error:
            raise TooSlow from error
        if message["type"] == "http.disconnect":
            if came < announced:
                raise TooSlow
            return message
        came += len(message.get("body", b""))
        if came > announced or (not message.get("more_body") and came < announced):
            raise TooSlow
        return message

    return measured


def _prefix(scope: Scope, headers: dict[str, str], *, proxied: bool) -> str:
    """Return the network that a request came from: enough to count attempts, not enough to follow a person."""
    address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() if proxied else ""
    address = address or (scope.get("client") or ("", 0))[0] or "-"
    parts = address.split(":") if ":" in address else address.split(".")
    kept = parts[:3]
    return (":" if ":" in address else ".").join(kept)[:40]
