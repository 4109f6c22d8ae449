"""Pages outside the door: sign-in, sign-out, and why somebody is not let in. Plain HTML without any script."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import HTMLResponse

from data_contracts.findings import Language
from hub_api.console.markup import BASE, Child, Html, el
from hub_api.console.texts import say

_NO_STORE = {"cache-control": "no-store"}


def page(language: Language, reason: str, status: int) -> HTMLResponse:
    """A page that says one thing; `reason` names its texts."""
    return _page(language, status, say(language, f"door.{reason}"), el("p", say(language, f"door.{reason}_more")))


def sign_in(language: Language, link: str) -> HTMLResponse:
    """The button that uses the one-time link up."""
    return _page(
        language,
        200,
        say(language, "door.sign_in"),
        el("p", say(language, "door.sign_in_more")),
        _button(say(language, "door.sign_in_button"), f"{BASE}/sign-in/{quote(link, safe='')}"),
    )


def sign_out(language: Language) -> HTMLResponse:
    """The button that ends the session."""
    return _page(language, 200, say(language, "door.sign_out"), _button(say(language, "frame.sign_out"), f"{BASE}/sign-out"))


def _button(shown: str, action: str) -> Html:
    return el("form", el("button", shown, type="submit", cls="primary"), method="post", action=action)


def _page(language: Language, status: int, title: str, *content: Child) -> HTMLResponse:
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · UDIHub"),
        el("link", rel="icon", href="data:,"),
        el("link", rel="stylesheet", href=f"{BASE}/assets/console.css"),
    )
    body = el("body", el("main", el("p", "UDIHub", cls="brand"), el("h1", title), *content, cls="door"))
    return HTMLResponse(f"<!doctype html>{el('html', head, body, lang=language)}", status, _NO_STORE)
