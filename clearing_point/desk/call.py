"""One request behind the wall: who asks, for which file, with what form; and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from clearing_point.desk.language import Words, names_of_languages
from clearing_point.desk.place import Desk
from clearing_point.desk.rights import may_see
from clearing_point.desk.store import Row

_DIGITS = 15
FILE, PAGE, OPEN = "file", "page", "open"
_KINDS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}


@dataclass
class Call:
    """What a handler knows."""

    desk: Desk
    request: Request
    who: Row | None
    token: str
    prefix: str
    words: Words
    form: dict[str, str] = field(default_factory=dict)
    one: Row | None = None
    """The file that the address names, if the account may do there what the address is for."""

    @property
    def account(self) -> Row:
        """Who asks; the wall let nobody else through."""
        assert self.who is not None  # noqa: S101 - for the type checker
        return self.who

    @property
    def file(self) -> Row:
        """The file of the address."""
        assert self.one is not None  # noqa: S101
        return self.one

    @property
    def version(self) -> int:
        """Version of the file that the page showed; one that no file has if the form does not say."""
        text = self.form.get("version", "")
        return number_of(text, -1)

    def show(self, template: str, status: int = 200, **context: Any) -> Response:
        """Answer with a page."""
        who = self.who
        page = _templates().get_template(template).render(
            w=self.words, who=who, desk=self.desk, lang=self.words.language,
            languages=names_of_languages(self.desk.standard), here=self.request.url.path,
            may=(lambda name: who is not None and may_see(who, name)), **context,
        )  # fmt: skip
        return HTMLResponse(page, status)

    def go(self, address: str) -> Response:
        """Answer a form by sending the browser on."""
        return RedirectResponse(address, 303)

    def not_found(self) -> Response:
        """Answer what is unknown and what is forbidden alike."""
        return self.show(
            "message.html", 404, title=self.words("not_found_title"), text=self.words("not_found")
        )

    def moved(self, back: str) -> Response:
        """Say that the page was older than the file."""
        return self.show(
            "message.html", 409, title=self.words("moved_title"), text=self.words("moved"), back=back
        )

    def download(self, path: Path, name: str) -> Response:
        """Answer with a file under a name that we made."""
        if not path.is_file():
            return self.not_found()
        return FileResponse(path, media_type=_KINDS[path.suffix], filename=name)


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Page:
    """A line of the route table: method, address, what it needs, and who answers.

    Attributes
    ----------
    needs : tuple
        ``("open",)``; ``("page", NAME)`` of ``pages`` in ``desk.yml``; ``("file", ACTION, ...)``: one of these actions
        on the file that the address names.
    of_version : bool
        Whether it is answered only for the version of the file that the page showed.
    """

    method: str
    path: str
    needs: tuple[str, ...]
    answer: Handler
    held: bool = False
    of_version: bool = False


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def number_of(text: str, else_: int) -> int:
    """Return the number that a form or an address says; signs and figures of other scripts are none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else else_


def findings_of(desk: Desk, one: Row) -> dict[str, Any] | None:
    """Read what a job found in a file; None if it is not there (any more)."""
    path = desk.files / one["id"] / "findings.json"
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
