"""Correcting a message: its fields in a form beside its bytes. The original stays as it came; the new version is a document of its own."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from data_contracts.errors import HubError, RefusedError
from hub import exchange as exchanges
from hub_api.console import record_view
from hub_api.console.frame import Visit, console_page, go, nothing, section, show, show_first_mark, title
from hub_api.console.markup import el, link
from hub_api.console.opened import Opened, open_exchange, source
from hub_api.console.sentences import findings_list, message_of, state

_FIELDS = 300
"""Fields that the form offers beside those that findings are about."""


@console_page("/quarantine/{id}", under="quarantine")
async def correction(visit: Visit) -> None:
    """Fields that findings are about first; a reason; then the new version is applied in place of the held one."""
    number = visit.path_id()
    if not visit.may_mend:
        raise RefusedError(visit.say("frame.not_yours"))
    opened = await visit.read(lambda connection: open_exchange(visit, connection, number))
    shown, say = opened.shown, visit.say
    title(visit, say("quarantine.title", n=number), state(visit, shown["state"]))
    key = (shown["business_key"] or "").partition("/")[2]
    show(
        el(
            "p",
            message_of(visit, shown),
            " ",
            el("span", key, cls="key"),
            " · ",
            shown["partner"],
            " · ",
            link(say("quarantine.whole"), f"/exchanges/{number}"),
            cls="about",
        )
    )
    show(section(say("exchange.findings"), findings_list(visit, shown["findings"], format_name=shown["format"])))
    if opened.entity is None:
        show(nothing(visit, "exchange.no_record"), source(visit, opened))
        return
    with ui.element("div").classes("split"):
        _form(visit, opened, number)
        show(source(visit, opened))
    show_first_mark()


def _form(visit: Visit, opened: Opened, number: int) -> None:
    say = visit.say
    assert opened.entity is not None
    values = {path: record_view.spelled(value) for path, value in record_view.paths(opened.entity)}
    flagged = [path for path in record_view.marks(opened.shown["findings"]) if path and path != "@"]
    inputs: dict[str, Any] = {}

    def one(path: str) -> None:
        inputs[path] = ui.input(path, value=values.get(path, "")).props("outlined dense stack-label").classes("whole").mark(path)

    with ui.element("section").classes("panel correct"):
        show(el("h2", say("quarantine.fields")), el("p", say("quarantine.fields_more"), cls="about"))
        for path in flagged:
            one(path)
        others = [path for path in values if path not in flagged]
        with ui.expansion(say("quarantine.others", n=len(others)), value=not flagged).props("dense").classes("whole"):
            for path in others[:_FIELDS]:
                one(path)
            if len(others) > _FIELDS:
                show(el("p", say("quarantine.too_many", n=len(others) - _FIELDS), cls="about"))
        reason = ui.textarea(say("exchange.reason")).props("outlined autogrow").classes("whole").mark("reason")
        problem = ui.label().classes("problem")

        async def correct() -> None:
            changed = {
                path: shown.value.strip() or None for path, shown in inputs.items() if (shown.value or "").strip() != values.get(path, "")
            }
            because = (reason.value or "").strip()
            if not changed or not because:
                problem.set_text(say("exchange.reason_needed") if changed else say("quarantine.nothing_changed"))
                return
            await settle(lambda actor: exchanges.correct(visit.hub, number, changed, actor, because))

        async def replay() -> None:
            because = (reason.value or "").strip()
            if not because:
                problem.set_text(say("exchange.reason_needed"))
                return
            await settle(lambda actor: exchanges.replay(visit.hub, number, actor, because))

        async def settle(work: Any) -> None:
            try:
                made = await visit.change(work)
            except HubError as error:
                problem.set_text(visit.refused(error))
                return
            go(f"/exchanges/{made}")

        with ui.row():
            ui.button(say("quarantine.correct"), on_click=correct).props("unelevated no-caps").mark("correct")
            ui.button(say("quarantine.replay"), on_click=replay).props("outline no-caps").tooltip(say("exchange.replay_more"))
