"""What all pages share: the header with navigation, the visit, and how a page is declared.

    @console_page("/orders", nav="orders", order=30)
    async def orders(visit: Visit) -> None:
        found = await visit.read(lambda connection: views.orders(connection, visit.organisations))
        show(...)

A page reads plain data (`Visit.read`, off the event loop) and then draws it. It holds no SQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from fastapi import Request
from nicegui import ui

from data_contracts.errors import ConflictError, HubError, InvalidError, NotFoundError, RefusedError, RetriableError
from data_contracts.findings import Language
from hub import pipeline
from hub.masterdata.words import WordError
from hub.runtime import Hub
from hub.store.credentials import Caller
from hub.store.types import storable
from hub_api.console import texts
from hub_api.console.gate import Session, current_language
from hub_api.console.markup import BASE, Child, Html, address, el, text
from hub_api.languages import said
from hub_api.security import sees_all

_log = structlog.get_logger(__name__)
_SECONDS = 60.0
"""How long a page may take to build."""
MENDERS = frozenset({"integration", "steward", "admin"})
"""Roles that may correct, replay and send again; the same as over HTTP."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Navigation:
    """An entry of the header; `key` names its text `frame.<key>`."""

    path: str
    key: str
    order: int


_navigation: list[Navigation] = []


@dataclass(frozen=True, slots=True)
class Visit:
    """One person looking at one page."""

    session: Session
    request: Request

    @property
    def hub(self) -> Hub:
        """The hub that is looked at."""
        return self.session.hub

    @property
    def caller(self) -> Caller:
        """Who looks."""
        return self.session.caller

    @property
    def language(self) -> Language:
        """In which language."""
        return self.session.language

    @property
    def organisations(self) -> frozenset[int]:
        """Whose data the person may see."""
        return self.session.caller.organisations

    @property
    def sees_all(self) -> bool:
        """Whether the person may see what belongs to no organisation."""
        return sees_all(self.hub, self.session.caller)

    @property
    def may_mend(self) -> bool:
        """Whether the person may correct, replay and send again."""
        return self.session.caller.role in MENDERS

    def say(self, key: str, **params: object) -> str:
        """A text of `texts.yaml`."""
        return texts.say(self.language, key, **params)

    def refused(self, error: HubError) -> str:
        """Why something was not done, in the person's language as far as the error has one."""
        return error.text(self.language) if isinstance(error, WordError) else said(str(error), self.language)

    def word(self, section: str, value: str | None) -> str:
        """A state or kind of the store as a word."""
        return texts.word(self.language, section, value)

    def asked(self, name: str) -> str | None:
        """A parameter of the address, trimmed, as a store can hold it; null if absent or empty."""
        return storable(self.request.query_params.get(name, "").strip()[:200]) or None

    def asked_id(self, name: str) -> int | None:
        """A parameter that is an id; null for anything else."""
        return as_id(self.asked(name))

    def path_id(self) -> int:
        """The id that the address names. Raises NotFoundError for anything else."""
        given = str(self.request.path_params["id"])
        found = as_id(given)
        if found is None:
            raise NotFoundError(f"there is no {given}")
        return found

    async def read(self, view: Callable[[sa.Connection], T]) -> T:
        """What a view says, read in a thread in one unchanging state of the store."""

        def reading() -> T:
            with self.hub.database.read() as connection:
                return view(connection)

        return await asyncio.to_thread(reading)

    async def change(self, work: Callable[[str], T]) -> T:
        """Do something under the person's name, after asking again who it is: the page may be older than a sign-out.

        Raises RefusedError for whoever may not (any more).
        """

        def working() -> T:
            caller = self.session.still()
            if caller is None or caller.role not in MENDERS:
                raise RefusedError(self.say("frame.not_any_more"))
            done = work(caller.label)
            pipeline.reconcile(self.hub)  # so that the next page shows what follows from it
            return done

        done = await asyncio.to_thread(working)
        self.session.wake()
        return done


def as_id(given: str | None) -> int | None:
    """A number that can be an id, or null."""
    return int(given) if given is not None and given.isascii() and given.isdigit() and len(given) < 19 else None


class _Page(ui.page):
    """A NiceGUI page in the visitor's language instead of one for all."""

    def resolve_language(self) -> Any:
        return "zh-CN" if current_language.get() == "zh-CN" else "en-US"


def console_page(
    path: str, *, nav: str | None = None, order: int = 0, under: str | None = None
) -> Callable[[Callable[[Visit], Awaitable[None]]], Callable[[Visit], Awaitable[None]]]:
    """Declare a page below `/console`. `nav` puts it into the header; `under` names the entry that a page without one belongs to."""
    if nav is not None:
        _navigation.append(Navigation(path, nav, order))
        _navigation.sort(key=lambda entry: entry.order)

    def declare(draw: Callable[[Visit], Awaitable[None]]) -> Callable[[Visit], Awaitable[None]]:
        async def built(request: Request) -> None:
            visit = Visit(request.scope["udihub.session"], request)
            _head(visit, nav or under)
            with ui.element("main").classes("page"):
                try:
                    await draw(visit)
                except Exception as error:  # noqa: BLE001 - the last one to be asked: whatever went wrong, a person gets a page
                    _failed(visit, error)

        built.__name__ = draw.__name__
        _Page(path, response_timeout=_SECONDS)(built)
        return draw

    return declare


def show(*children: Child) -> None:
    """Put markup on the page. It comes from `markup`, which has escaped everything, so NiceGUI need not clean it."""
    ui.html(text(children), sanitize=False).classes("whole")


def go(path: str) -> None:
    """Lead the person to another page of the console; NiceGUI puts the place where it is mounted before the path.

    What stands behind a `?` is encoded already.
    """
    plain, mark, query = path.partition("?")
    ui.navigate.to(address(plain).removeprefix(BASE) + mark + query)


def show_first_mark() -> None:
    """Scroll the opened message to its first marked place."""
    ui.run_javascript(
        "const list = document.querySelector('ol.source'), marked = list?.querySelector('li.marked');"
        "if (marked) list.scrollTop = marked.offsetTop - list.clientHeight / 3"
    )


def title(visit: Visit, shown: str, *beside: Child) -> None:
    """The page's heading, also the window's title."""
    ui.page_title(f"{shown} · UDIHub")
    show(el("div", el("h1", shown), *beside, cls="title"))


def section(shown: Child, *children: Child, cls: str | None = None, id_: str | None = None) -> Html:
    """A part of a page with its heading."""
    return el("section", el("h2", shown), *children, cls=cls, id=id_)


def nothing(visit: Visit, key: str) -> Html:
    """What stands where a list is empty."""
    return el("p", visit.say(key), cls="nothing")


def _head(visit: Visit, current: str | None) -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="{BASE}/assets/console.css">')
    ui.colors(primary="#1d4e6f")
    here = BASE + visit.request.scope["path"].removeprefix(BASE).rstrip("/")
    if visit.request.url.query:
        here += f"?{visit.request.url.query}"
    entries = [
        el(
            "a",
            visit.say(f"frame.{entry.key}"),
            href=address(entry.path.rstrip("/")),
            aria_current="page" if entry.key == current else None,
        )
        for entry in _navigation
    ]
    languages = [
        el("span", texts.OWN_NAMES[one], cls="chosen")
        if one == visit.language
        else el("a", texts.OWN_NAMES[one], href=address(f"/language/{one}", back=here), hreflang=one, lang=one)
        for one in texts.LANGUAGES
    ]
    leave = el("form", el("button", visit.say("frame.sign_out"), type="submit", cls="quiet"), method="post", action=f"{BASE}/sign-out")
    with ui.element("header").classes("bar"):
        show(
            el(
                "div",
                el("a", "UDIHub", href=BASE, cls="brand"),
                el("nav", *entries, aria_label=visit.say("frame.navigation")),
                el("span", el("span", visit.caller.label, title=visit.caller.role), cls="who"),
                el("span", *languages, cls="languages"),
                leave,
                cls="inner",
            )
        )


def _failed(visit: Visit, error: Exception) -> None:
    """Say what can't be shown, with the status that a machine would get."""
    status, key = 500, "failed"
    if isinstance(error, NotFoundError):
        status, key = 404, "nothing_here"
    elif isinstance(error, RetriableError):
        status, key = 503, "busy"
    elif isinstance(error, ConflictError):
        status, key = 409, "failed"
    elif isinstance(error, InvalidError):
        status, key = 422, "failed"
    elif isinstance(error, RefusedError):
        status, key = 403, "foreign_role"
    if status == 500:
        _log.error("console page failed", kind=type(error).__name__, exc_info=error)
    ui.context.client.status_code = status
    title(visit, visit.say(f"door.{key}"))
    show(el("p", said(str(error), visit.language) if status in (403, 404, 409, 422) else visit.say(f"door.{key}_more")))


__all__ = ["MENDERS", "Navigation", "Visit", "console_page", "nothing", "section", "show", "title"]
