"""Cases: the work list of what a person must decide, safety and what blocks supply first; what is ticked is worked on together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from nicegui import ui

from data_contracts.errors import RefusedError
from hub.cases import acts, demanded
from hub.cases.acts import Who
from hub.cases.kinds import KINDS, LISTED, STATES, named, told
from hub.cases.shown import worded
from hub.cases.signatures import Signer
from hub.content import Reading
from hub.store import cases as store
from hub.store.types import micros
from hub_api.console.asking import Fields, because, dialog, line, lines, reason, said
from hub_api.console.case_steps import by_hand, must_sign, signature, signer_of
from hub_api.console.frame import Visit, console_page, nothing, show, title
from hub_api.console.markup import BASE, Child, Html, chip, choice, deadline, el, field, form, link, text, tick
from hub_api.security import DECIDERS

_ROWS = 50
_TONES = {"safety": "error", "supply": "error", "supply_part": "warning", "unanswered": "warning"}
_Work = Callable[[str, Fields, Signer | None, Reading, int], object]
"""Done to one case that is ticked: by whom, with which fields, to which, signed by whom."""
_FILTERS = ("state", "kind", "rule", "owner", "partner", "find", "overdue")


@console_page("/cases", nav="cases", order=15)
async def work_list(visit: Visit) -> None:
    """Those that wait; filter by kind, state, rule, owner, partner, and what they are about."""
    given = {name: visit.asked(name) for name in _FILTERS}
    found, tally = await visit.read(lambda connection: _read(visit, connection, given))
    say = visit.say
    title(visit, say("frame.cases"))
    show(el("div", *(_tile(visit, one) for one in tally), cls="tiles"))
    everything = ("", say("frame.all"))
    kinds = [everything, *((one, told(one, visit.language)) for one in KINDS)]
    states = [("", say("cases.waiting")), *((one, told(one, visit.language)) for one in STATES)]
    show(
        form(
            [
                field(say("cases.about"), "find", given["find"], say("cases.about_hint")),
                choice(say("cases.kind"), "kind", kinds, given["kind"]),
                choice(say("cases.state"), "state", states, given["state"]),
                field(say("cases.rule"), "rule", given["rule"], "GS1-01"),
                field(say("cases.owner"), "owner", given["owner"]),
                field(say("exchanges.partner"), "partner", given["partner"]),
                tick(say("cases.overdue"), "overdue", given["overdue"] == "1"),
            ],
            say("frame.show"),
            "/cases",
        )
    )
    if not found:
        show(nothing(visit, "cases.none"))
        return
    boxes = _table(visit, found[:_ROWS])
    if len(found) > _ROWS:
        last = found[_ROWS - 1]
        after = f"{store_rank(last)}/{micros(last['due_at'])}/{last['id']}"
        show(el("p", link(say("frame.more"), "/cases", **given, after=after), cls="more"))
    if visit.may_mend:
        _together(visit, boxes, found[:_ROWS], given)


def store_rank(one: Mapping[str, Any]) -> int:
    """The rank of a worded case as the store keeps it."""
    return next(number for number in range(1, 20) if named(number) == one["rank"])


def _read(visit: Visit, connection: sa.Connection, given: Mapping[str, str | None]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    state, kind = given["state"], given["kind"]
    partner = visit.hub.registry.partners.get(given["partner"] or "", 0) if given["partner"] else None
    now = micros(visit.hub.clock.now())
    rows = store.listed(
        connection,
        organisations=visit.organisations,
        unowned=visit.sees_all,
        states=[state] if state in STATES else LISTED,
        kinds=[kind] if kind in KINDS else None,
        rule=given["rule"],
        partner_id=partner,
        owner=given["owner"],
        overdue_at=now if given["overdue"] == "1" else None,
        find=given["find"],
        after=_after(visit.asked("after")),
        limit=_ROWS + 1,
    )
    told_of = [{**one, "must_sign": _signed(visit, connection, one["id"])} for one in worded(connection, rows, visit.language)]
    return told_of, store.tally(connection, visit.organisations, visit.sees_all, now)


def _signed(visit: Visit, connection: sa.Connection, number: int) -> list[str]:
    """What is done with a signature only of one that is listed."""
    settings = visit.hub.site.cases
    if not settings.sign:
        return []
    row = store.stored(connection, number, visit.organisations, visit.sees_all)
    return [action for action in ("correct", "accept") if demanded.of_case(connection, settings, row, action)]


def _after(given: str | None) -> tuple[int, int, int] | None:
    parts = (given or "").split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def _tile(visit: Visit, one: Mapping[str, Any]) -> Html:
    rank = named(one["rank"])
    late = [" · ", visit.say("cases.late", n=one["overdue"])] if one["overdue"] else None
    return el(
        "a",
        el("strong", one["count"]),
        el("span", told(one["kind"], visit.language), " · ", told(rank, visit.language), late),
        href=f"{BASE}/cases?kind={one['kind']}",
        cls=f"tile {_TONES.get(rank, 'calm')}",
    )


def _table(visit: Visit, found: Sequence[Mapping[str, Any]]) -> dict[int, Any]:
    """The list, with a box to tick before each for whoever may do something."""
    say = visit.say
    heads = ["#", *(say(f"cases.{head}") for head in ("rank", "due", "what", "about", "message", "owner", "state"))]
    boxes: dict[int, Any] = {}
    with ui.element("table").classes("list cases"):
        with ui.element("thead"), ui.element("tr"):
            for head in [*([""] if visit.may_mend else []), *heads]:
                with ui.element("th"):
                    ui.html(text(head), sanitize=False)
        with ui.element("tbody"):
            for one in found:
                with ui.element("tr"):
                    if visit.may_mend:
                        with ui.element("td"):
                            boxes[one["id"]] = ui.checkbox().props(f'dense aria-label="{one["id"]}"').mark(f"case-{one['id']}")
                    for cell in _cells(visit, one):
                        with ui.element("td"):
                            ui.html(text(cell), sanitize=False)
    return boxes


def _cells(visit: Visit, one: Mapping[str, Any]) -> list[Child]:
    late = one["state"] in LISTED and one["due_at"] < visit.hub.clock.now()
    return [
        link(one["id"], f"/cases/{one['id']}"),
        chip(one["rank_title"], _TONES.get(one["rank"], "quiet")),
        [deadline(one["due_at"]), [" ", chip(visit.say("cases.overdue"), "error")] if late else None],
        [one["title"], el("small", one["partner"], cls="below")],
        el("span", (one["subject"] or "–"), cls="key"),
        [el("b", one["rule"], cls="rule"), " ", one["message"]] if one["rule"] else one["message"],
        [one["owner"] or "–", [" ", chip(visit.say("cases.escalated"), "warning")] if one["escalated"] else None],
        chip(told(one["state"], visit.language), "quiet"),
    ]


def _together(visit: Visit, boxes: Mapping[int, Any], found: Sequence[Mapping[str, Any]], given: Mapping[str, str | None]) -> None:
    """Dialogs that act on what is ticked; each case for itself."""

    def who(actor: str) -> Who:
        return Who(actor, visit.organisations, visit.sees_all, visit.caller.credential_id, visit.caller.role in DECIDERS)

    query = urlencode({name: value for name, value in given.items() if value})
    back = f"/cases?{query}" if query else "/cases"

    def each(work: _Work) -> Callable[[str, Fields], object]:
        def run(actor: str, fields: Fields) -> None:
            chosen = [number for number, box in boxes.items() if box.value]
            if not chosen:
                raise RefusedError(visit.say("cases.tick_first"))
            signer = signer_of(visit, actor, fields)  # once: a wrong secret is one wrong try, however many are ticked
            outcomes = acts.in_bulk(visit.hub, chosen, partial(work, actor, fields, signer, Reading()))
            failed = [one for one in outcomes if not one.done]
            if failed:
                told_of = "; ".join(f"{one.case}: {visit.refused(RefusedError(one.error or ''))}" for one in failed[:10])
                raise RefusedError(visit.say("cases.some_failed", done=len(outcomes) - len(failed), all=len(outcomes), why=told_of))

        return run

    show(el("p", visit.say("cases.together"), cls="about"))
    say, hub = visit.say, visit.hub

    def asked(name: str, draw: Callable[[], dict[str, Any]], work: _Work) -> None:
        dialog(visit, f"bulk-{name}", say(f"cases.{name}"), say(f"cases.{name}_more"), draw, each(work), back)

    sign = {action: any(must_sign(one, action) for one in found) for action in ("accept", "correct")}
    with ui.element("div").classes("actions"):
        asked(
            "correct",
            lambda: {"fields": lines(say("cases.fields"), "fields"), "reason": reason(visit), **signature(visit, sign["correct"])},
            lambda actor, fields, signer, reading, number: acts.correct(
                hub, number, who(actor), by_hand(visit, said(fields, "fields")), because(visit, fields), signer, reading
            ),
        )
        asked(
            "accept",
            lambda: {"reason": reason(visit), **signature(visit, sign["accept"])},
            lambda actor, fields, signer, _, number: acts.accept(hub, number, who(actor), because(visit, fields), signer, False),
        )
        asked(
            "assign",
            lambda: {"owner": line(say("cases.owner"), "owner", visit.caller.label), "reason": reason(visit)},
            lambda actor, fields, _, __, number: acts.assign(
                hub, number, who(actor), said(fields, "owner") or None, because(visit, fields)
            ),
        )
        asked(
            "escalate",
            lambda: {"owner": line(say("cases.to"), "to"), "reason": reason(visit)},
            lambda actor, fields, _, __, number: acts.escalate(hub, number, who(actor), said(fields, "owner"), because(visit, fields)),
        )
        asked(
            "ask",
            lambda: {"reason": lines(say("cases.question"), "question")},
            lambda actor, fields, _, __, number: acts.ask(hub, number, who(actor), because(visit, fields)),
        )
