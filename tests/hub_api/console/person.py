"""A person with a browser: Chromium, driven by playwright, that remembers every request and every complaint of the console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.server import Server

CHROMIUM = "/usr/bin/chromium"
_PATIENCE = 60_000
"""Milliseconds until something that does not come is missed: a busy machine shows a page late, and that is no fault of the page."""
expect.set_options(timeout=_PATIENCE)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Person:
    """One browser window at 1366x768."""

    server: Server
    page: Page
    requested: set[str] = field(default_factory=set)
    """Origins of everything that pages asked for, websockets included."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the browser's console, and uncaught exceptions."""

    @property
    def origin(self) -> str:
        """The console's own."""
        return self.server.address("")

    def sign_in(self, link: str) -> None:
        """Open the link and press the button."""
        self.page.goto(self.server.address(f"/console/sign-in/{link}"))
        self.page.get_by_role("button").click()
        self.page.wait_for_selector("header nav")

    def open(self, path: str) -> int:
        """Go to a page and wait until it is drawn and talks with the server; returns the status."""
        answer = self.page.goto(self.server.address(path))
        assert answer is not None
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("window.socket === undefined || window.socket.connected")
        return answer.status

    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("body")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; each of its windows is as one that was just installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(browser: Browser, server: Server, locale: str) -> Iterator[Person]:
    """A window that shares nothing with others: no cookie, no storage, no cache."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale=locale)
    page = context.new_page()
    person = Person(server, page)
    page.on("request", lambda request: person.requested.add(_origin(request.url)))
    page.on("websocket", lambda socket: person.requested.add(_origin(socket.url)))
    page.on("console", lambda said: person.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    try:
        yield person
    finally:
        context.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return "own" if parts.scheme in ("data", "blob") else f"{parts.scheme.replace('ws', 'http', 1)}://{parts.netloc}"
