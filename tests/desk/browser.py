"""Pages in a real browser: a desk without jobs on a port of this process, and Debian's Chromium with scripts off."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from clearing_point.standard import Standard
from tests.desk.conftest import TestDesk
from tests.desk.running import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def served(folder: Path, standard: Standard) -> Iterator[TestDesk]:
    """A desk on a port, served by a thread; files are put into their states by hand."""
    port = free_port()
    made = TestDesk(folder, standard, f"http://127.0.0.1:{port}", proxied=False)
    server = uvicorn.Server(
        uvicorn.Config(
            made.app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join()
        made.desk.store.close()


@contextmanager
def chromium(*, scripts: bool = False, width: int = 1280, height: int = 900) -> Iterator[Any]:
    """A browser's context; raises what Playwright raises where there is no Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": height}, device_scale_factor=1
        )
        try:
            yield context
        finally:
            browser.close()


def as_account(context: Any, place: TestDesk, name: str, language: str = "en") -> None:
    """Give a browser the session of an account, in a language."""
    from clearing_point.desk.store import account

    with place.desk.store.changing() as connection:
        connection.execute(account.update().where(account.c.name == name).values(language=language))
        token = place.desk.accounts.begin(connection, name, "127.0.0")
    context.clear_cookies()
    context.add_cookies([{"name": place.desk.cookie, "value": token, "url": place.desk.origin}])
