"""One golden record: why each value won and what else was said, its names, sources and decisions; and one request with its impact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from nicegui import ui

from data_contracts.errors import NotFoundError, RefusedError
from hub import stewardship
from hub.masterdata import shown
from hub.masterdata.decide import Asked
from hub.masterdata.kinds import KINDS
from hub.store import decisions
from hub_api.console.asking import Fields, ask_why, because, dialog, reason, said
from hub_api.console.frame import Visit, console_page, section, show, title
from hub_api.console.markup import Child, Html, chip, el, facts, field, form, link, number, row, table, when
from hub_api.console.pages.masterdata import DECIDERS, field_name, requests_table, source_link, value_text


@console_page("/masterdata/requests/{id}", under="masterdata")
async def request(visit: Visit) -> None:
    """What is asked for, what it would touch, and the word of a second person."""
    wanted = visit.path_id()
    if not visit.sees_all:
        raise NotFoundError(visit.say("masterdata.all_organisations"))
    found = await visit.read(lambda connection: decisions.request(connection, wanted))
    say = visit.say
    title(visit, f"{say('masterdata.request')} {wanted}")
    show(requests_table(visit, [found]))
    if found["state"] == "waiting" and visit.caller.role in DECIDERS:
        key, hub = visit.caller.credential_id, visit.hub
        with ui.element("div").classes("actions"):
            if found["asked_by"] != visit.caller.label:
                ask_why(
                    visit, "masterdata.approve", lambda actor, reason: stewardship.approve(hub, wanted, reason, actor, key),
                    f"/masterdata/requests/{wanted}",
                )  # fmt: skip
            ask_why(
                visit, "masterdata.refuse", lambda actor, reason: stewardship.refuse(hub, wanted, reason, actor, key),
                f"/masterdata/requests/{wanted}",
            )  # fmt: skip
        if found["asked_by"] == visit.caller.label:
            show(el("p", say("masterdata.somebody_else"), cls="about"))
    if found["impact"]:
        show(section(say("masterdata.impact"), _impact(visit, found["impact"]), cls="panel"))


@console_page("/masterdata/{kind}/{name:path}", under="masterdata")
async def golden_record(visit: Visit) -> None:
    """Each field with why its value won; whoever may decide takes a source out or says that a field is so."""
    kind, name = str(visit.request.path_params["kind"]), str(visit.request.path_params["name"])
    if kind not in KINDS or not visit.sees_all:
        raise NotFoundError(f"there is no {kind} {name}")
    on = _day(visit.asked("on"))
    rules, today = visit.hub.site.masterdata.rules, visit.hub.clock.now().date()
    found = await visit.read(lambda connection: shown.golden(connection, kind, name, rules, today, on))
    touched = await visit.read(lambda connection: shown_impact(visit, kind, found["source"]))
    say = visit.say
    values = {one["field"]: one["value"] for one in found["fields"]}
    named = values.get("name_zh") if visit.language == "zh-CN" and values.get("name_zh") else values.get("name")
    title(visit, str(named or name), chip(visit.word("master_kind", kind), "quiet"))
    show(form([field(say("masterdata.as_of"), "on", found["on"], "2026-11-30")], say("frame.show"), f"/masterdata/{kind}/{name}"))
    if found["also"]:
        others = [[source_link(kind, one), f" {one['name'] or ''} "] for one in found["also"]]
        show(el("p", chip(say("masterdata.also_called"), "warning"), " ", *others, cls="about"))
    if found["suspects"]:
        links = [[link(f"#{one['id']}", f"/masterdata/suspects/{one['id']}"), " "] for one in found["suspects"]]
        show(el("p", chip(say("masterdata.suspected"), "warning"), " ", *links, cls="about"))
    if visit.caller.role in DECIDERS and on is None:
        with ui.element("div").classes("actions"):
            _say_value(visit, found)
            sources = list(dict.fromkeys((one["system"], one["code"]) for one in found["sources"]))
            if len(sources) > 1:
                _take_out(visit, kind, sources)
    heads = [say(f"masterdata.{head}") for head in ("field", "value", "because", "said_by", "others")]
    show(section(say("masterdata.fields"), table(heads, (_choice(visit, kind, one) for one in found["fields"])), cls="panel"))
    show(
        el(
            "div",
            section(say("masterdata.sources"), _sources(visit, kind, found["sources"]), cls="panel"),
            section(say("masterdata.names"), _names(visit, found["names"]), cls="panel"),
            cls="split",
        )
    )
    show(section(say("masterdata.impact"), _impact(visit, touched), cls="panel"))
    if found["decisions"]:
        show(section(say("masterdata.decisions"), requests_table(visit, found["decisions"]), cls="panel"))


def shown_impact(visit: Visit, kind: str, source: Mapping[str, str]) -> dict[str, Any]:
    """What a change would touch."""
    return stewardship.touches(visit.hub, kind, [(source["system"], source["code"])])


def _choice(visit: Visit, kind: str, one: Mapping[str, Any]) -> Html:
    others = [
        el(
            "div",
            [el("span", value_text(visit, other["value"]), cls="differs"), " "] if other["lost_by"] else None,
            el("small", _who(other), f" · {visit.word('why', other['lost_by'])}" if other["lost_by"] else ""),
        )
        for other in one["others"]
    ]
    said = one["said_by"]
    by: Child = source_link(kind, said) if said["person"] is None else [said["person"], " ", el("small", when(said["at"]))]
    rule = " → ".join(visit.word("why", criterion) for criterion in one["criteria"])
    why = el("span", visit.word("why", one["why"]), title=rule, cls=f"chip {'ok' if one['why'] == 'verified' else 'quiet'}")
    return row(field_name(visit, one["field"]), value_text(visit, one["value"]), why, by, others)


def _who(one: Mapping[str, Any]) -> str:
    return one["person"] or f"{one['system']}/{one['code']}"


def _sources(visit: Visit, kind: str, sources: list[dict[str, Any]]) -> Html:
    heads = [visit.say(f"masterdata.{head}") for head in ("source", "organisation", "since", "message", "document")]
    return table(
        heads,
        (
            row(
                [source_link(kind, one), " ", chip(visit.say("masterdata.in_effect"), "ok") if one["in_effect"] else None],
                one["organisation"],
                (one["begins_on"], "time"),
                link(f"#{one['exchange_id']}", f"/exchanges/{one['exchange_id']}"),
                link(f"#{one['document_id']}", f"/documents/{one['document_id']}") if one["document_id"] else "–",
            )
            for one in sources
        ),
    )


def _names(visit: Visit, names: list[dict[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = [
        visit.say("masterdata.scheme"),
        visit.say("masterdata.value"),
        (visit.say("masterdata.inside"), "num"),
    ]
    return table(
        heads,
        (
            row(
                _scheme(visit, one["scheme"]),
                el("span", one["value"], cls="key"),
                (f"{number(one['base_quantity'])} {one['unit'] or ''}", "num"),
            )
            for one in names
        ),
    )


def _scheme(visit: Visit, scheme: str) -> str:
    head, colon, rest = scheme.partition(":")
    return f"{visit.word('name_scheme', head)}{f' {rest}' if colon else ''}"


def _impact(visit: Visit, touched: Mapping[str, Any]) -> Html:
    return facts(
        [
            (f"{visit.say(f'masterdata.touched_{what}')} ({one['count']})", [_touched(what, name) for name in one["first"][:20]] or "–")
            for what, one in touched.items()
        ]
    )


def _touched(what: str, name: str) -> Child:
    if what == "orders":
        return [link(name, f"/orders/{name}", cls="key"), " "]
    return [el("span", name, cls="key"), " "]


def _take_out(visit: Visit, kind: str, sources: list[tuple[str, str]]) -> None:
    """Unmerge: which source record is another thing, and why."""

    def draw() -> Fields:
        named = {"/".join(one): "/".join(one) for one in sources}
        which = ui.select(named, label=visit.say("masterdata.source")).props("outlined").classes("whole")
        return {"source": which, "reason": reason(visit)}

    def work(actor: str, fields: Fields) -> str:
        system, _, code = said(fields, "source").partition("/")
        if not code:
            raise RefusedError(visit.say("exchange.reason_needed"))
        asked = Asked(kind, "unmerge", (system, code), because(visit, fields), key=visit.caller.credential_id)
        return _shown_after(stewardship.ask(visit.hub, asked, actor), kind, asked.source)

    dialog(visit, "unmerge", visit.say("masterdata.unmerge"), visit.say("masterdata.unmerge_more"), draw, work, str)


def _say_value(visit: Visit, found: Mapping[str, Any]) -> None:
    """Say that a field is so, or take back what was said."""
    kind, source = found["kind"], (found["source"]["system"], found["source"]["code"])
    named = {one["field"]: visit.word("master_field", one["field"]) for one in found["fields"]}
    values = {one["field"]: one["value"] for one in found["fields"]}

    def draw() -> Fields:
        which = ui.select(named, label=visit.say("masterdata.field")).props("outlined").classes("whole")
        value = ui.input(visit.say("masterdata.value")).props("outlined").classes("whole")
        which.on_value_change(lambda change: value.set_value(_spelled(values.get(change.value))))
        begins = ui.input(visit.say("masterdata.from_on")).props("outlined").classes("whole")
        return {"field": which, "value": value, "from_on": begins, "reason": reason(visit)}

    def work(actor: str, fields: Fields) -> str:
        name, value, on = (said(fields, one) for one in ("field", "value", "from_on"))
        if not said(fields, "reason") or not name or (on and _day(on) is None):
            raise RefusedError(visit.say("masterdata.verify_needs"))
        asked = Asked(
            kind, "value" if value else "release", source, because(visit, fields), field=name, value=_meant(value, values.get(name)),
            from_on=on or None, key=visit.caller.credential_id,
        )  # fmt: skip
        return _shown_after(stewardship.ask(visit.hub, asked, actor), kind, source)

    dialog(visit, "verify", visit.say("masterdata.verify"), visit.say("masterdata.verify_more"), draw, work, str)


def _shown_after(made: Mapping[str, Any], kind: str, source: tuple[str, str]) -> str:
    """The golden record where it is done, and the request where that waits for a second person."""
    return f"/masterdata/{kind}/{'/'.join(source)}" if made["state"] == "done" else f"/masterdata/requests/{made['id']}"


def _spelled(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _meant(said: str, before: Any) -> Any:
    """What was typed, of the kind that stood there: lists and booleans as JSON."""
    if said and not isinstance(before, str | None):
        try:
            return json.loads(said)
        except ValueError:
            return said
    return said or None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
