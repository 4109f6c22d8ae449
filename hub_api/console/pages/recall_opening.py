"""Opening a recall or a drill: what is wrong, with which lots, under whose law."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from nicegui import ui

from data_contracts.errors import RefusedError
from hub.recall import campaign
from hub.recall.campaign import Opening
from hub.recall.clocks import CLASSES
from hub.recall.scope import Scope
from hub.recall.words import word
from hub_api.console.asking import Fields, chosen, confirm_button, line, lines, said, time
from hub_api.console.frame import Visit, console_page, show, title
from hub_api.console.markup import el


@console_page("/recalls/new", under="recalls")
async def new_recall(visit: Visit) -> None:
    """A form; `lot` of the address stands in it already."""
    say = visit.say
    title(visit, say("recalls.new"))
    if not visit.may_mend:
        show(el("p", say("frame.not_yours"), cls="nothing"))
        return
    organisations = {
        key: _named(visit, one.name, one.name_zh)
        for key, one in visit.hub.site.organisations.items()
        if visit.hub.registry.organisations.get(key) in visit.organisations
    }
    if not organisations:
        show(el("p", say("frame.not_yours"), cls="nothing"))
        return
    suppliers = {"": "–"} | {
        key: f"{_named(visit, one.name, one.name_zh)} ({key})"
        for key, one in sorted(visit.hub.site.partners.items())
        if one.kind == "supplier"
    }
    fields: dict[str, ui.element] = {}
    with ui.element("div").classes("split"):
        with ui.element("section").classes("panel"):
            show(el("h2", say("recalls.what")))
            kinds = {kind: word(kind, visit.language) for kind in ("drill", "recall")}
            fields["kind"] = chosen(say("recalls.kind"), "kind", kinds, "drill")
            show(el("p", say("recalls.kind_more"), cls="about"))
            fields["organisation"] = chosen(say("exchange.organisation"), "organisation", organisations, next(iter(organisations)))
            fields["title"] = line(say("recalls.title"), "title")
            fields["reason"] = lines(say("recalls.reason"), "reason")
            fields["aware"] = line(say("recalls.aware"), "aware", hint=say("recalls.time_hint"))
            fields["decided"] = line(say("recalls.decided"), "decided", hint=say("recalls.time_hint"))
        with ui.element("section").classes("panel"):
            show(el("h2", say("recalls.affected")), el("p", say("recalls.affected_more"), cls="about"))
            fields["lots"] = lines(say("recalls.lots"), "lots", visit.asked("lot") or "")
            fields["serials"] = lines(say("recalls.serials"), "serials")
            fields["supplier"] = chosen(say("recalls.supplier"), "supplier", suppliers, "")
            with ui.element("div").classes("two"):
                fields["since"] = line(say("recalls.since"), "since")
                fields["until"] = line(say("recalls.until"), "until")
            show(el("h2", say("recalls.law")), el("p", say("recalls.law_more"), cls="about"))
            with ui.element("div").classes("two"):
                for regime, grades in CLASSES.items():
                    options = {"": "–"} | {grade: word(grade, visit.language) for grade in grades}
                    fields[regime] = chosen(word(regime, visit.language), regime, options, "")
    confirm_button(
        visit, "open", say("recalls.open"), fields, lambda actor, given: _open(visit, actor, given), lambda made: f"/recalls/{made}"
    )


def _named(visit: Visit, name: str, name_zh: str | None) -> str:
    return (name_zh or name) if visit.language == "zh-CN" else name


def _open(visit: Visit, actor: str, fields: Fields) -> str:
    hub, key = visit.hub, said(fields, "organisation")
    if hub.registry.organisations.get(key) not in visit.organisations:
        raise RefusedError(visit.say("frame.not_yours"))
    zone = ZoneInfo(hub.site.organisations[key].time_zone)
    scope = Scope(
        tuple(text.strip() for text in said(fields, "lots").splitlines() if text.strip()),
        tuple(text.strip() for text in said(fields, "serials").splitlines() if text.strip()),
        said(fields, "supplier") or None,
        time(visit, fields, "since", zone),
        time(visit, fields, "until", zone),
    )
    opening = Opening(
        key,
        said(fields, "title"),
        said(fields, "reason"),
        scope,
        "drill" if said(fields, "kind") == "drill" else "recall",
        {regime: grade for regime in CLASSES if (grade := said(fields, regime))},
        time(visit, fields, "aware", zone),
        time(visit, fields, "decided", zone),
    )
    with hub.database.begin(actor) as uow:
        return campaign.open_recall(hub, uow, opening, visit.organisations)
