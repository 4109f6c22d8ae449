"""Golden records for a steward: what seems to be one thing, side by side, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nicegui import ui

from data_contracts.errors import NotFoundError
from hub import stewardship
from hub.masterdata import shown
from hub.masterdata.decide import Answer
from hub.masterdata.kinds import KINDS
from hub.masterdata.reasons import in_words
from hub.store import decisions
from hub.store import suspects as cases
from hub_api.console.asking import ask_why
from hub_api.console.frame import Visit, console_page, go, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, choice, el, field, form, link, row, table, when

DECIDERS = frozenset({"steward", "admin"})
"""Roles that may decide; the same as over HTTP."""
_ROWS = 50
_TONES = {
    "open": "warning",
    "later": "quiet",
    "same": "ok",
    "different": "ok",
    "gone": "quiet",
    "waiting": "warning",
    "done": "ok",
    "refused": "quiet",
}
_ANSWERS: tuple[Answer, ...] = ("same", "different", "later")


@console_page("/masterdata", nav="masterdata", order=46)
async def masterdata(visit: Visit) -> None:
    """The likeliest duplicates first, then what waits for approval; a field that leads to any golden record."""
    say = visit.say
    title(visit, say("masterdata.title"))
    if not visit.sees_all:
        show(nothing(visit, "masterdata.all_organisations"))
        return
    kind, state, find = (visit.asked(name) for name in ("kind", "state", "find"))
    kind = kind if kind in KINDS else None
    chosen = state if state in cases.STATES else None
    if find is not None:
        for one in [kind] if kind else KINDS:
            try:
                await visit.read(partial(shown.source_named, kind=one, name=find))
            except NotFoundError:
                continue
            go(f"/masterdata/{one}/{find}")
            return
    after = _position(visit.asked("after"))
    found, waiting = await visit.read(
        lambda connection: (
            cases.listed(connection, kind=kind, states=None if state == "all" else [chosen or "open"], after=after, limit=_ROWS + 1),
            decisions.requests(connection, states=["waiting"], limit=_ROWS),
        )
    )
    names = await visit.read(lambda connection: shown.called(connection, found[:_ROWS]))
    kinds = [("", say("frame.all")), *((one, visit.word("master_kind", one)) for one in KINDS)]
    states = [*((one, visit.word("suspect_state", one)) for one in cases.STATES), ("all", say("frame.all"))]
    show(
        form(
            [
                field(say("masterdata.find"), "find", find, say("masterdata.find_hint")),
                choice(say("masterdata.kind"), "kind", kinds, kind),
                choice(say("masterdata.state"), "state", states, state if state == "all" else chosen or "open"),
            ],
            say("frame.show"),
            "/masterdata",
        )
    )
    if find is not None:
        show(nothing(visit, "masterdata.not_found"))
    if waiting:
        show(section(say("masterdata.waiting"), requests_table(visit, waiting), cls="panel"))
    if not found:
        show(nothing(visit, "masterdata.none"))
        return
    heads: list[Child | tuple[Child, str]] = ["#", say("masterdata.kind"), (say("masterdata.score"), "num")]
    heads += [say(f"masterdata.{head}") for head in ("left", "right", "why", "state")]
    show(section(say("masterdata.suspects"), table(heads, (_line(visit, one, names) for one in found[:_ROWS]))))
    if len(found) > _ROWS:
        last = found[_ROWS - 1]
        show(el("p", link(say("frame.more"), "/masterdata", kind=kind, state=state, after=f"{last['score']}|{last['id']}"), cls="more"))


@console_page("/masterdata/suspects/{id}", under="masterdata")
async def suspect(visit: Visit) -> None:
    """Both golden records, what differs marked, why they seem to be one, and the answer."""
    wanted = visit.path_id()
    _need_all(visit)
    rules = visit.hub.site.masterdata.rules
    found = await visit.read(lambda connection: shown.beside(connection, wanted, rules, visit.hub.clock.now().date()))
    say = visit.say
    title(visit, f"{say('masterdata.one')} {wanted}", chip(visit.word("suspect_state", found["state"]), _TONES[found["state"]]))
    because = [el("span", in_words(one, visit.language), cls="chip quiet") for one in found["reasons"]]
    show(el("p", say("masterdata.seem"), " ", el("b", f"{found['score']:.2f}"), " ", *because, cls="about"))
    if visit.caller.role in DECIDERS and found["state"] in ("open", "later"):
        with ui.element("div").classes("actions"):
            for answer in _ANSWERS:
                work = partial(_answer, visit, wanted, answer)
                ask_why(visit, f"masterdata.{answer}", work, f"/masterdata/suspects/{wanted}")
    others = [[one for one in also if one not in (found["left"], found["right"])] for also in found["also"]]
    sides = [_side(found, side, also) for side, also in zip(("left", "right"), others, strict=True)]
    rows = (
        row(
            field_name(visit, one["field"]),
            (value_text(visit, one["left"]), "differs" if one["differs"] else ""),
            (value_text(visit, one["right"]), "differs" if one["differs"] else ""),
            cls="apart" if one["differs"] else None,
        )
        for one in found["fields"]
    )
    show(section(say("masterdata.beside"), table([say("masterdata.field"), *sides], rows, cls="beside"), cls="panel"))
    if found["reason"]:
        show(el("p", when(found["changed_at"]), " ", found["changed_by"], ": ", found["reason"], cls="about"))


def requests_table(visit: Visit, rows: list[dict[str, Any]]) -> Html:
    """Requests with what they name, who asked and who decided."""
    heads = ["#", *(visit.say(f"masterdata.{head}") for head in ("action", "what", "asked", "because", "state"))]
    return table(heads, (_request(visit, one) for one in rows))


def source_link(kind: str, source: Mapping[str, str]) -> Html:
    """A source record, leading to its golden record."""
    return link(f"{source['system']}/{source['code']}", f"/masterdata/{kind}/{source['system']}/{source['code']}", cls="key")


def field_name(visit: Visit, name: str) -> Child:
    """What a field is called; its member's name where it has no word."""
    return visit.word("master_field", name)


def value_text(visit: Visit, value: Any) -> Child:
    """A value; each row of a list on a line of its own."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return visit.say("frame.yes" if value else "frame.no")
    if isinstance(value, list):
        return [el("div", value_text(visit, one)) for one in value]
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items() if one not in (None, "", []))
    return str(value)


def _answer(visit: Visit, wanted: int, answer: Answer, actor: str, reason: str) -> None:
    stewardship.answer(visit.hub, wanted, answer, reason, actor, visit.caller.credential_id)


def _need_all(visit: Visit) -> None:
    if not visit.sees_all:
        raise NotFoundError(visit.say("masterdata.all_organisations"))


def _position(given: str | None) -> tuple[str, int] | None:
    score, _, number = (given or "").partition("|")
    return (score, int(number)) if number.isdecimal() and len(number) < 19 and score.replace(".", "", 1).isdecimal() else None


def _line(visit: Visit, one: Mapping[str, Any], names: Mapping[tuple[str, str, str], str]) -> Html:
    def side(which: str) -> Child:
        source = one[which]
        name = names.get((one["kind"], source["system"], source["code"]), "")
        return [source_link(one["kind"], source), el("small", name, cls="below")]

    return row(
        link(one["id"], f"/masterdata/suspects/{one['id']}"),
        visit.word("master_kind", one["kind"]),
        (f"{one['score']:.2f}", "num"),
        side("left"),
        side("right"),
        ", ".join(in_words(reason, visit.language) for reason in one["reasons"]),
        chip(visit.word("suspect_state", one["state"]), _TONES[one["state"]]),
    )


def _side(found: Mapping[str, Any], side: str, also: list[dict[str, str]]) -> Child:
    more = [el("small", *(f"+ {one['system']}/{one['code']} " for one in also), cls="below")] if also else []
    return [source_link(found["kind"], found[side]), *more]


def _request(visit: Visit, one: Mapping[str, Any]) -> Html:
    said = one["said"]
    what: list[Child] = [" + ".join("/".join(said[name]) for name in ("source", "other") if name in said)]
    if "field" in said:
        what += [el("small", field_name(visit, said["field"]), " = ", value_text(visit, said.get("value")), cls="below")]
    decided = [el("small", one["decided_by"], " ", one["decided_reason"], cls="below")] if one["decided_by"] else []
    return row(
        link(one["id"], f"/masterdata/requests/{one['id']}"),
        visit.word("master_action", one["action"]),
        what,
        [when(one["asked_at"]), " ", one["asked_by"]],
        [one["reason"], *decided],
        chip(visit.word("request_state", one["state"]), _TONES[one["state"]]),
    )
