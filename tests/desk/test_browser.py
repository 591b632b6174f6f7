"""Pages in Debian's Chromium: WCAG by axe, 320 px, the keyboard, a text browser; skipped where no Chromium is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra desk is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from clearing_point.desk.rules import rules
from clearing_point.standard import Standard
from tests.desk.browser import CHROMIUM, as_account, chromium, served
from tests.desk.conftest import OWN, PERIOD, TestDesk

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed"),
]
LANGUAGES = ("en", "sr-Cyrl", "sq")
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, standard: Standard) -> Iterator[TestDesk]:
    with served(tmp_path_factory.mktemp("browser") / "data", standard) as made:
        yield made


@pytest.fixture(scope="module")
def pages(place: TestDesk) -> list[tuple[str, str]]:
    """(account, address) of every page in every state."""
    files = [("officer", f"/files/{place.file(state)}?now") for state in rules().states]
    files += [
        ("approver", f"/files/{place.file('waiting')}"),
        ("officer", f"/files/{place.file('loaded')}/receipt"),
    ]
    return [
        ("officer", "/"), ("officer", f"/periods/{OWN}/{PERIOD}"), ("officer", "/account"), ("officer", "/nowhere"), *files,
        ("coordinator", "/"), ("coordinator", "/accounts"), ("auditor", "/log"), ("editor", "/"), ("", "/sign-in"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page_in_any_state(
    place: TestDesk, pages: list[tuple[str, str]], language: str
) -> None:
    """WCAG 2.2 AA as far as a program can tell.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    from axe_playwright_python.sync_playwright import Axe

    wrong = []
    with chromium(scripts=True) as context:
        page = context.new_page()
        for name, address in pages:
            context.clear_cookies()
            if name:
                as_account(context, place, name, language)
            page.goto(place.desk.origin + address + ("" if name else f"?language={language}"))
            assert page.get_attribute("html", "lang") == language
            found = Axe().run(page, options=WCAG)
            wrong += [(address, v["id"], v["nodes"][0]["html"][:120]) for v in found.response["violations"]]
    assert wrong == []


def test_nothing_is_wider_than_320_pixels_and_targets_are_large_enough(
    place: TestDesk, pages: list[tuple[str, str]], standard: Standard
) -> None:
    """What a telephone shows, and a desktop at 400 per cent, in every language.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    small = (
        "e => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.width < 24 || r.height < 24) }"
    )
    with chromium(scripts=True, width=320, height=640) as context:
        page = context.new_page()
        for language, (name, address) in product(standard.languages, pages):
            as_account(context, place, name or "officer", language)
            page.goto(place.desk.origin + address)
            assert page.get_attribute("html", "lang") == language
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, (language, address)
            assert not page.evaluate(
                f"[...document.querySelectorAll('button, select, input:not([type=hidden])')].filter({small}).length"
            ), (language, address)


def test_the_keyboard_alone_answers_and_sends(place: TestDesk) -> None:
    """Scripts are off; every step is reached by the tabulator.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    identity = place.file("checked")
    with chromium() as context:
        as_account(context, place, "officer")
        page = context.new_page()
        page.goto(f"{place.desk.origin}/files/{identity}")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the way past the head of the page
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator("button:focus", has_text="Send for approval").count():
                break
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        assert "Waiting for approval" in page.inner_text("h1")
    assert place.row(identity)["state"] == "waiting"


def test_pages_of_a_file_need_no_other_host_and_no_script(
    place: TestDesk, pages: list[tuple[str, str]]
) -> None:
    """Every request of a browser goes to the desk itself.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    hosts: set[str] = set()
    with chromium() as context:
        context.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        page = context.new_page()
        for name, address in pages:
            as_account(context, place, name or "officer")
            page.goto(place.desk.origin + address)
    assert hosts == {place.desk.origin.partition("//")[2]}


@pytest.mark.skipif(shutil.which("w3m") is None, reason="the text browser w3m is not installed")
def test_a_text_browser_shows_the_counts(place: TestDesk, tmp_path: Path) -> None:
    """Without style and script the page still says what was found.

    Quick: tests/desk/test_pages.py::test_a_file_in_every_state_has_its_page_for_officer_and_approver
    """
    from tests.desk.visitor import Visitor

    visitor = Visitor(place.desk.origin)
    with place.desk.store.changing() as connection:
        visitor.http.cookies.set(
            place.desk.cookie, place.desk.accounts.begin(connection, "officer", "127.0.0"), domain="127.0.0.1"
        )
    (tmp_path / "page.html").write_text(visitor.get(f"/files/{place.file('checked')}").text)
    shown = subprocess.run(
        ["w3m", "-dump", str(tmp_path / "page.html")], capture_output=True, text=True, check=True
    ).stdout
    assert "1 correct it, or confirm it with a reason" in shown
    assert "Send for approval" in shown
