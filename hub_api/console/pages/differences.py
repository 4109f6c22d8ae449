"""What registers publish of our devices otherwise than we say: the queue, and one difference with its story and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nicegui import ui

from data_contracts.registers import REGISTERS, register_named
from hub.registers.settle import FROM, Decision, settle
from hub.runtime import Hub
from hub.store import differences as store
from hub_api.console.asking import ask_why
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, choice, el, facts, field, form, link, number, row, table, when

DECIDERS = frozenset({"steward", "admin"})
"""Roles that may decide; the same as over HTTP."""
_ROWS = 50
_TONES = {"open": "warning", "accepted": "ok", "sent": "warning", "dismissed": "quiet", "closed": "ok"}
_DECISIONS: tuple[Decision, ...] = ("accept", "send", "dismiss", "reopen")


@console_page("/differences", nav="differences", order=47)
async def differences(visit: Visit) -> None:
    """The open ones first; filter by register, state, weight and device."""
    of, state, severity, di = (visit.asked(name) for name in ("register", "state", "severity", "device"))
    of = of if of in REGISTERS else None
    chosen = state if state in store.STATES else None
    found, extracts = await visit.read(
        lambda connection: (
            store.listed(
                connection,
                register=of,
                states=None if state == "all" else [chosen or "open"],
                severity=severity,
                di=di,
                before=visit.asked_id("before"),
                limit=_ROWS + 1,
            ),
            store.extracts(connection, 10),
        )
    )
    say = visit.say
    title(visit, say("differences.title"))
    everything = ("", say("frame.all"))
    states = [*((one, visit.word("difference_state", one)) for one in store.STATES), ("all", say("frame.all"))]
    registers = [everything, *((one, register_named(one).title(visit.language)) for one in REGISTERS)]
    weights = [everything, *((one, visit.word("severity", one)) for one in ("error", "warning", "info"))]
    show(
        form(
            [
                field(say("differences.device"), "device", di, say("differences.device_hint")),
                choice(say("differences.register"), "register", registers, of),
                choice(say("differences.state"), "state", states, state if state == "all" else chosen or "open"),
                choice(say("differences.severity"), "severity", weights, severity),
            ],
            say("frame.show"),
            "/differences",
        )
    )
    if found:
        heads = [say(f"differences.{head}") for head in ("device", "member", "ours", "theirs", "severity", "since", "state")]
        show(table(["#", *heads], (_line(visit, one) for one in found[:_ROWS])))
    else:
        show(nothing(visit, "differences.none"))
    if len(found) > _ROWS:
        last = found[_ROWS - 1]["id"]
        older = link(say("frame.older"), "/differences", register=of, state=state, severity=severity, device=di, before=last)
        show(el("p", older, cls="more"))
    if extracts:
        show(section(say("differences.extracts"), _extracts(visit, extracts)))


@console_page("/differences/{id}", under="differences")
async def difference(visit: Visit) -> None:
    """Both sides, what the register calls it, the story, and what can be decided."""
    wanted = visit.path_id()
    shown = await visit.read(lambda connection: store.difference(connection, wanted))
    say, register = visit.say, register_named(shown["register"])
    title(visit, f"{say('differences.one')} {wanted}", _state(visit, shown["state"]))
    show(
        facts(
            [
                (say("differences.register"), register.title(visit.language)),
                (say("differences.device"), link(shown["di"], "/differences", device=shown["di"], state="all", cls="key")),
                (say("differences.model"), " · ".join(filter(None, (shown.get("name"), shown.get("model"))))),
                (say("differences.company"), shown.get("company")),
                (say("differences.member"), _member(visit, shown)),
                (say("differences.ours"), _said(visit, shown["ours"])),
                (say("differences.theirs"), _said(visit, shown["theirs"])),
                (say("differences.severity"), visit.word("severity", shown["severity"])),
                (say("differences.since"), shown["since"]),
                (say("differences.extract"), f"{shown['extract']} ({shown['as_of']})"),
                (say("differences.version"), _exchange(shown["exchange_id"])),
            ]
        )
    )
    if visit.caller.role in DECIDERS:
        with ui.element("div").classes("actions"):
            for decision in _DECISIONS:
                if shown["state"] in FROM[decision] and (decision != "accept" or shown["kind"] == "value"):
                    ask_why(
                        visit,
                        f"differences.{decision}",
                        partial(_settle, visit.hub, wanted, decision),
                        f"/differences/{wanted}",
                    )
    heads: list[Child] = [say("exchange.at"), *(say(f"differences.{head}") for head in ("state", "ours", "theirs"))]
    steps = (
        row(
            (when(step["at"]), "time"),
            _state(visit, step["state"]),
            _said(visit, step["ours"]),
            _said(visit, step["theirs"]),
            [step["actor"], " ", _exchange(step["exchange_id"])],
            step["reason"] or step["extract"],
        )
        for step in shown["history"]
    )
    show(section(say("differences.history"), table([*heads, say("exchange.actor"), say("exchange.reason")], steps), cls="panel"))


def _line(visit: Visit, one: Mapping[str, Any]) -> Html:
    return row(
        link(one["id"], f"/differences/{one['id']}"),
        [
            el("span", one["di"], cls="key"),
            el("small", " · ".join(filter(None, (one.get("name"), register_named(one["register"]).title(visit.language)))), cls="below"),
        ],
        _member(visit, one),
        _said(visit, one["ours"]),
        _said(visit, one["theirs"]),
        chip(visit.word("severity", one["severity"]), one["severity"] if one["severity"] != "info" else "quiet"),
        (one["since"] or "–", "time"),
        _state(visit, one["state"]),
    )


def _member(visit: Visit, one: Mapping[str, Any]) -> Child:
    if not one["member"]:
        return visit.word("difference_kind", one["kind"])
    called = register_named(one["register"]).named(one["member"])
    return [el("span", called), el("small", one["member"], cls="below")]


def _said(visit: Visit, value: Any) -> Child:
    """A value of either side; each row of a list on a line of its own."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return [el("div", str(one)) for one in value]
    return visit.say("frame.yes" if value else "frame.no") if isinstance(value, bool) else str(value)


def _state(visit: Visit, state: str) -> Html:
    return chip(visit.word("difference_state", state), _TONES[state])


def _exchange(exchange_id: int | None) -> Child:
    return link(f"#{exchange_id}", f"/exchanges/{exchange_id}") if exchange_id else None


def _extracts(visit: Visit, extracts: list[dict[str, Any]]) -> Html:
    say = visit.say
    heads: list[Child | tuple[Child, str]] = [
        say("differences.register"), say("differences.extract"), (say("differences.records"), "num"), (say("differences.matched"), "num"),
        say("differences.compared"),
    ]  # fmt: skip
    return table(
        heads,
        (
            row(
                register_named(one["register"]).title(visit.language),
                [one["name"], el("small", f"{one['as_of']} · {visit.word('extract_scope', one['scope'])}", cls="below")],
                (number(one["records"]), "num"),
                (number(one["matched"]), "num"),
                [when(one["compared_at"]), " ", one["compared_by"], " ", None if one["whole"] else chip(say("differences.part"), "error")],
            )
            for one in extracts
        ),
        cls="numbers",
    )


def _settle(hub: Hub, wanted: int, decision: Decision, actor: str, because: str) -> None:
    settle(hub, [wanted], decision, actor, because)
