"""Dialogs of pages that do something: a button, a few fields, what went wrong in words, and the page that shows what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from data_contracts.errors import HubError, RefusedError
from hub_api.console.frame import Visit, go, show
from hub_api.console.markup import el

Fields = Mapping[str, Any]
"""Input elements by name."""


def dialog(
    visit: Visit,
    name: str,
    head: str,
    more: str,
    draw: Callable[[], Fields],
    work: Callable[[str, Fields], object],
    to: str | Callable[[Any], str],
    danger: bool = False,
) -> None:
    """A button that opens a dialog: `draw` lays out its fields, `work(actor, fields)` does it, then `to` is shown, or what it makes of that
    which was done.

    `name` marks the button, and with `-confirm` the one inside.
    """
    with ui.dialog() as opened, ui.card().classes("ask"):
        show(el("h2", head), el("p", more) if more else None)
        fields = draw()
        confirm_button(visit, name, head, fields, work, to if callable(to) else lambda _: to, opened.close)
    button = ui.button(head, on_click=opened.open).props("outline no-caps dense").mark(name)
    if danger:
        button.props("color=negative")


def confirm_button(
    visit: Visit,
    name: str,
    shown: str,
    fields: Fields,
    work: Callable[[str, Fields], object],
    to: Callable[[Any], str],
    cancel: Callable[[], object] | None = None,
) -> None:
    """The button that does it, with room above it for what went wrong."""
    problem = ui.label().classes("problem")

    async def confirm() -> None:
        button.disable()
        try:
            done = await visit.change(lambda actor: work(actor, fields))
        except HubError as error:
            problem.set_text(visit.refused(error))
            button.enable()
            return
        go(to(done))

    with ui.row():
        button = ui.button(shown, on_click=confirm).props("unelevated no-caps").mark(f"{name}-confirm")
        if cancel is not None:
            ui.button(visit.say("frame.cancel"), on_click=cancel).props("flat no-caps")


def ask_why(
    visit: Visit, key: str, work: Callable[[str, str], object], to: str | Callable[[Any], str], more: Callable[[], object] | None = None
) -> None:
    """A button that asks for the reason, and then does it in the person's name. `key` names the texts; `more` lays out further fields."""

    def draw() -> Fields:
        fields = {"reason": reason(visit)}
        if more is not None:
            more()
        return fields

    name = key.partition(".")[2]
    dialog(visit, name, visit.say(key), visit.say(f"{key}_more"), draw, lambda actor, fields: work(actor, because(visit, fields)), to)


def reason(visit: Visit) -> Any:
    """The field for the reason."""
    return ui.textarea(visit.say("exchange.reason")).props("outlined autogrow autofocus").classes("whole").mark("reason")


def because(visit: Visit, fields: Fields) -> str:
    """The reason that was given. Raises RefusedError where there is none."""
    if given := said(fields, "reason"):
        return given
    raise RefusedError(visit.say("exchange.reason_needed"))


def line(label: str, name: str, value: str = "", hint: str = "") -> Any:
    """A field for one line of text."""
    made = ui.input(label, value=value).props("outlined dense stack-label").classes("whole").mark(name)
    return made.props(f'hint="{hint}"') if hint else made


def lines(label: str, name: str, value: str = "") -> Any:
    """A field for several lines."""
    return ui.textarea(label, value=value).props("outlined autogrow stack-label").classes("whole").mark(name)


def chosen(label: str, name: str, options: Mapping[str, str], value: str) -> Any:
    """A choice among values that are shown as words."""
    return ui.select(dict(options), value=value, label=label).props("outlined dense stack-label").classes("whole").mark(name)


def said(fields: Fields, name: str) -> str:
    """What stands in a field, trimmed; nothing for a field that is not there."""
    return str(fields[name].value or "").strip() if name in fields else ""


def time(visit: Visit, fields: Fields, name: str, zone: ZoneInfo) -> datetime | None:
    """A time in a zone, as a person writes it (`2026-11-29 14:30`); null for an empty field. Raises RefusedError."""
    text = said(fields, name)
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(visit.say("recalls.no_time", text=text)) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=zone)
