"""The application: every address with its right, held in one place; what is unknown and what is forbidden look alike."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.routing import Route

from clearing_point import __version__
from clearing_point.desk import (
    pages_coordination,
    pages_deeds,
    pages_file,
    pages_people,
    pages_reading,
)
from clearing_point.desk.call import FILE, OPEN, PAGE, Call, Page
from clearing_point.desk.language import Words
from clearing_point.desk.place import Desk
from clearing_point.desk.rights import SEEN, did_just_now, file_for, is_late, may_see
from clearing_point.desk.rules import rules
from clearing_point.desk.states import Moved
from clearing_point.desk.store import Row, file, job, rows_of
from clearing_point.desk.wall import TooSlow, Wall

_HELD_PAUSE_SECONDS = 0.3
_SEEN_SECONDS = 30.0
COOKIE, SECURE_COOKIE = "desk", "__Host-desk"
PAGES: tuple[Page, ...] = (
    *pages_people.PAGES,
    *pages_coordination.PAGES,
    *pages_file.PAGES,
    *pages_deeds.PAGES,
    *pages_reading.PAGES,
)
"""Every address but the form sheet, the sign of life and uploads, which read their body themselves."""


def application(desk: Desk, hosts: tuple[str, ...]) -> Wall:
    """Build the desk's application."""
    app = FastAPI(
        title="Clearing Point desk", version=__version__, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", redirect_slashes=False,
    )  # fmt: skip
    style = Path(__file__).with_name("desk.css").read_text(encoding="utf-8")
    app.router.routes.append(Route("/desk.css", lambda _: PlainTextResponse(style, media_type="text/css")))
    app.router.routes.append(Route("/healthz", _inside(desk, _endpoint(desk, _NOWHERE))))
    for page in PAGES:
        if page.path.startswith("/api/"):
            app.add_api_route(
                page.path, _endpoint(desk, page), methods=[page.method], response_class=JSONResponse,
                responses={404: {"description": "There is no such thing, or it is not yours."}},
                name=page.path, openapi_extra=pages_reading.parameters_of(page.path),
            )  # fmt: skip
        else:
            app.router.routes.append(Route(page.path, _endpoint(desk, page), methods=[page.method]))
    app.router.routes.append(Route("/{rest:path}", _endpoint(desk, _NOWHERE), methods=["GET", "POST"]))
    cookie = SECURE_COOKIE if desk.origin.startswith("https:") else COOKIE
    desk.cookie = cookie

    def visitor(header: str) -> tuple[Row, str] | None:
        token = next(
            (v for k, _, v in (part.strip().partition("=") for part in header.split(";")) if k == cookie), ""
        )
        if not token:
            return None
        with desk.store.reading() as connection:
            who = desk.accounts.visitor(connection, token)
        if who is None:
            return None
        if time.time() - who["seen"] > _SEEN_SECONDS:
            with desk.store.changing() as connection:
                desk.accounts.seen(connection, token)
        return who, token

    return Wall(app, origin=desk.origin, hosts=hosts, visitor=visitor, proxied=desk.proxied)


def _nothing_there(call: Call) -> Response:
    return call.not_found()


_NOWHERE = Page("GET", "/{rest:path}", (OPEN,), _nothing_there)


def _inside(desk: Desk, outside: Any) -> Any:
    async def endpoint(request: Request) -> Response:
        if not request.scope.get("desk.inside"):
            answer: Response = await outside(request)
            return answer
        return await asyncio.to_thread(_health, desk)

    return endpoint


def _endpoint(desk: Desk, page: Page) -> Any:
    async def endpoint(request: Request) -> Response:
        who: Row | None = request.scope["desk.who"]
        language = who["language"] if who else request.query_params.get("language", "en")
        call = Call(
            desk, request, who, request.scope["desk.token"], request.scope["desk.prefix"], Words(desk.standard, language)
        )  # fmt: skip
        began = time.monotonic()
        try:
            if request.method == "POST" and page.path != "/files":
                call.form = dict(
                    parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
                )
            if not await asyncio.to_thread(_allowed, call, page):
                answer = await asyncio.to_thread(_too_late, call, page)
            elif page.path == "/files":
                answer = await pages_deeds.upload(call)
            elif page.needs[0] == FILE and page.of_version and call.version != call.file["version"]:
                # Before anything that the form lacks: what it says is of a file that is no longer so.
                answer = call.moved(f"/files/{call.file['id']}")
            else:
                if page.held and "now" not in request.query_params:
                    await _hold(call, page)
                answer = await asyncio.to_thread(page.answer, call)
        except Moved:
            answer = call.moved(f"/files/{call.file['id']}")
        except TooSlow:
            answer = PlainTextResponse("408\n", 408, headers={"connection": "close"})
        except Exception as error:
            # The text of an unexpected error may hold a value: its kind and place are enough to report it.
            print(f"desk: {page.path} failed ({_kind_and_place(error)})", file=sys.stderr, flush=True)
            answer = call.show(
                "message.html", 500, title=call.words("failed_title"), text=call.words("failed")
            )
        if desk.log_requests:
            took = (time.monotonic() - began) * 1000
            print(
                f"desk: {request.method} {page.path} {answer.status_code} {took:.0f} ms",
                file=sys.stderr,
                flush=True,
            )
        return answer

    endpoint.__name__ = page.answer.__name__
    endpoint.__doc__ = page.answer.__doc__
    return endpoint


def _allowed(call: Call, page: Page) -> bool:
    """Hold the right that the route table asks for; finds the file of the address on the way."""
    kind, *names = page.needs
    if kind == OPEN:
        return True
    if call.who is None:
        return False
    if kind == PAGE:
        return may_see(call.who, names[0])
    assert kind == FILE  # noqa: S101 - a line of the table with another word fails its test
    with call.desk.store.reading() as connection:
        for name in names:
            call.one = file_for(connection, call.who, call.request.path_params["identity"], name)
            if call.one is not None:
                return True
    return False


def _too_late(call: Call, page: Page) -> Response:
    """Answer a deed that a file no longer allows: it was done already, or the page was old; else nothing is there."""
    kind, *names = page.needs
    if page.method != "POST" or kind != FILE or call.who is None:
        return call.not_found()
    identity = call.request.path_params["identity"]
    with call.desk.store.reading() as connection:
        late = is_late(connection, call.who, identity, names[0])
        done = did_just_now(connection, call.who, identity, names[0])
        seen = any(file_for(connection, call.who, identity, name) for name in SEEN)
    if done:
        # A button that was pressed twice: she is told what became of the file, and nothing happens twice.
        return call.go(f"/files/{identity}" if seen else "/")
    if late:
        return call.moved(f"/files/{identity}")
    return call.not_found()


async def _hold(call: Call, page: Page) -> None:
    """Wait on the server while a job works on the file, so that the page needs neither a script nor a timed reload."""
    until = time.monotonic() + rules().limits["waits_seconds"]
    busy = rules().having("busy")
    while call.one is not None and call.one["state"] in busy and time.monotonic() < until:
        await asyncio.sleep(_HELD_PAUSE_SECONDS)
        await asyncio.to_thread(_allowed, call, page)


def _kind_and_place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return f"{type(error).__name__} in {where}"


def _health(desk: Desk) -> Response:
    """Say how the desk is, to who runs the machine."""
    with desk.store.reading() as connection:
        counts = rows_of(
            connection.execute(select(job.c.state, func.count().label("n")).group_by(job.c.state))
        )
        files = connection.execute(select(func.count()).select_from(file)).scalar()
    return JSONResponse(
        {
            "version": __version__, "files": files, "dispatcher": bool(desk.alive()),
            "jobs": {row["state"]: row["n"] for row in counts if row["state"] != "ended"},
            "disk_free_bytes": shutil.disk_usage(desk.folder).free,
        }
    )  # fmt: skip
