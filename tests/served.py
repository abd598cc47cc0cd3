"""The site served from a thread of the tests, and a real browser that visits it."""

import asyncio
import contextlib
import dataclasses
import functools
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from alignsim.app import serving

REQUIRED = "ALIGNSIM_BROWSER_TESTS"
"""Set to "required", a missing browser fails the tests instead of skipping them."""
PICTURES = "ALIGNSIM_SCREENSHOTS"
"""Set, the tests write the pictures of docs/app."""
FOLDER = Path(__file__).parents[1] / "docs" / "app"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
GRAVE = ("serious", "critical")
PROJECTOR, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for every server of the process: the framework has locks that know their loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@contextlib.contextmanager
def running(server: uvicorn.Server, bound: socket.socket) -> Iterator[None]:
    """A server at work on a bound socket."""
    ended = asyncio.run_coroutine_threadsafe(server.serve(sockets=[bound]), _loop())
    try:
        while not server.started:
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        ended.result(30)
        bound.close()


@contextlib.contextmanager
def served(key: str = "", in_class: bool = False) -> Iterator[str]:
    """Address of the site, on a free port, as ``alignsim app`` serves it."""
    place = serving.bind(0, in_class=False)
    server = serving.server(dataclasses.replace(place, in_class=in_class, key=key))
    with running(server, place.bound):
        yield place.address


def browser_path() -> str:
    """Path of Chromium. Skips the test where there is none, or fails it if one is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing = "no chromium is installed"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    path = browser_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Visitor:
    """One reader with a window of their own; remembers whatever a page should not do."""

    def __init__(self, browser: Browser, address: str, size: dict[str, int] = PROJECTOR) -> None:
        self.address = address
        self.context = browser.new_context(viewport=size, accept_downloads=True)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.context.on("request", lambda request: self._request(request.url))

    def _console(self, message: object) -> None:
        if message.type in ("error", "warning"):  # type: ignore[attr-defined]
            self.faults.append(f"console: {message.text}")  # type: ignore[attr-defined]

    def _request(self, url: str) -> None:
        own = (self.address, self.address.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(own):
            self.faults.append(f"a request left the machine: {url}")

    def open(self, path: str) -> Page:
        """Go to an address of the site and wait until nothing is under way."""
        self.page.goto(self.address + path)
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until the server has answered all it was asked."""
        self.page.wait_for_function(
            "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()"
            " && !document.documentElement.classList.contains('shiny-busy')"
            " && document.querySelector('#result')?.textContent !== ''"
        )
        self.page.wait_for_timeout(150)

    def accessible(self) -> None:
        """No serious finding of axe."""
        found = Axe().run(self.page).response["violations"]
        grave = [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in found
            if one["impact"] in GRAVE
        ]
        assert not grave

    def fits(self) -> None:
        """Nothing is wider than the window."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window

    def picture(self, name: str, whole: bool = False) -> None:
        """Keep a picture of the page, where that is asked for."""
        if os.environ.get(PICTURES):
            FOLDER.mkdir(exist_ok=True)
            self.page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)

    def leave(self) -> None:
        """Close the window; everything must have been in order."""
        self.context.close()
        assert not self.faults
