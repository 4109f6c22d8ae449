"""What a steward may do with a recall from its page: each step a dialog, each under the person's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from hub.recall import campaign
from hub.recall.campaign import Met
from hub.recall.sending import zone_of
from hub.recall.words import word
from hub.store import recalls
from hub.store.unit_of_work import UnitOfWork
from hub_api.console.asking import Fields, chosen, dialog, line, lines, said, time
from hub_api.console.frame import Visit

Doing = Callable[[UnitOfWork, Fields], object]


def steps(visit: Visit, shown: Mapping[str, Any]) -> None:
    """Buttons for what this recall allows."""
    hub, say, number = visit.hub, visit.say, str(shown["number"])

    def step(name: str, doing: Doing, draw: Callable[[], Fields] | None = None, danger: bool = False) -> None:
        def work(actor: str, fields: Fields) -> None:
            with hub.database.begin(actor) as uow:
                recalls.by_number(uow.connection, number, visit.organisations)
                doing(uow, fields)

        reason = draw or (lambda: {"reason": lines(say("recalls.because"), "reason")})
        dialog(visit, name, say(f"recalls.{name}"), say(f"recalls.{name}_more"), reason, work, f"/recalls/{number}", danger)

    with ui.element("div").classes("actions"):
        if shown["state"] == "open":
            mine = visit.organisations
            step("locate", lambda uow, fields: campaign.relocate(hub, uow, number, said(fields, "reason") or None, mine))
            step("hold", lambda uow, fields: campaign.hold(hub, uow, number, said(fields, "reason") or None, mine))
            step("notify", lambda uow, fields: campaign.notify(hub, uow, number, said(fields, "reason") or None, mine))
            step("remind", lambda uow, fields: campaign.remind(hub, uow, number, said(fields, "reason") or None))
        if shown["clocks"]:
            step("met", lambda uow, fields: _met(visit, uow, number, fields), lambda: _done(visit, shown))
        if shown["state"] == "open":
            step("close", lambda uow, fields: campaign.close(hub, uow, number, said(fields, "reason")), danger=True)
        else:
            step("reopen", lambda uow, fields: campaign.reopen(uow, number, said(fields, "reason")))


def _done(visit: Visit, shown: Mapping[str, Any]) -> Fields:
    due = {
        f"{one['regime']} {one['act']}": f"{word(one['regime'], visit.language)}: {word(one['act'], visit.language)}"
        for one in shown["clocks"]
    }
    say = visit.say
    return {
        "act": chosen(say("recalls.act"), "act", due, next(iter(due))),
        "evidence": line(say("recalls.evidence"), "evidence"),
        "at": line(say("recalls.when"), "at", hint=say("recalls.time_hint")),
    }


def _met(visit: Visit, uow: UnitOfWork, number: str, fields: Fields) -> None:
    regime, _, act = said(fields, "act").partition(" ")
    zone = zone_of(visit.hub, recalls.by_number(uow.connection, number, visit.organisations))
    campaign.meet(visit.hub, uow, number, Met(regime, act, said(fields, "evidence"), time(visit, fields, "at", zone)))
