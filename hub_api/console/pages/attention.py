"""What needs attention: held messages, refusals, missing acknowledgements, and what disagrees, each with the way to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from data_contracts.rules.catalogue import rule_named
from hub import approving, stopping
from hub.store import approvals, destinations, listing, stops, views
from hub.store.approvals import Decision
from hub.store.runs import latest_runs
from hub.store.settled import decided
from hub_api.console.asking import ask_why
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, address, el, link, row, table, when
from hub_api.console.sentences import beside, findings_list, message_of, place
from hub_api.security import DECIDERS

_MOST = 200
_LISTED = 12
_OVERDUE = "ACK-01"


@dataclass(frozen=True, slots=True)
class _Found:
    held: Sequence[Mapping[str, Any]]
    errors: Sequence[Mapping[str, Any]]
    overdue: Sequence[Mapping[str, Any]]
    tally: Mapping[str, int]
    failing: int
    contracts: int
    stopped: Sequence[Mapping[str, Any]]
    asking: Sequence[Mapping[str, Any]]
    shut: Sequence[Mapping[str, Any]]


@console_page("/", nav="attention", order=10)
async def attention(visit: Visit) -> None:
    """Numbers first, then what blocks supply: held messages, missing acknowledgements, disagreements, refusals."""
    found = await visit.read(lambda connection: _read(visit, connection))
    say = visit.say
    title(visit, say("frame.attention"))
    orders = sum(count for rule, count in found.tally.items() if rule.startswith("ORD"))
    stock = sum(count for rule, count in found.tally.items() if rule.startswith("STK"))
    show(
        el(
            "div",
            _tile(say("attention.held"), len(found.held), "/quarantine", "error"),
            _tile(say("attention.stopped"), len(found.stopped), "/", "error") if found.stopped else None,
            _tile(say("attention.waiting"), len(found.asking), "/", "warning") if found.asking else None,
            _tile(say("attention.shut"), len(found.shut), "/", "error") if found.shut else None,
            _tile(say("attention.overdue"), len(found.overdue), "/exchanges", "error", find=None, state="sent"),
            _tile(say("attention.orders"), orders, "/orders", "warning"),
            _tile(say("attention.stock"), stock, "/inventory", "warning"),
            _tile(say("attention.refused"), len(found.errors), "", "warning"),
            _tile(say("attention.quality"), found.failing if found.contracts else None, "/quality", "warning"),
            cls="tiles",
        )
    )
    _stopped(visit, found)
    _asking(visit, found)
    _shut(visit, found)
    show(el("div", _held(visit, found), _overdue(visit, found), cls="split"))
    show(el("div", _disagree(visit, found), _refused(visit, found), cls="split wide-right"))


def _read(visit: Visit, connection: sa.Connection) -> _Found:
    organisations = visit.organisations
    errors = listing.findings(
        connection,
        visit.language,
        organisations=organisations,
        unowned=visit.sees_all,
        severity="error",
        open_only=True,
        limit=_MOST,
    )
    held = listing.exchanges(connection, state="quarantined", organisations=organisations, limit=_MOST)
    done = decided(connection, {one["exchange_id"] for one in errors if one["exchange_id"] is not None})
    numbers = {one["id"] for one in held} | done
    runs = latest_runs(connection) if visit.sees_all else []  # of all organisations together
    return _Found(
        held=[
            {**one, "findings": listing.findings(connection, visit.language, exchange_id=one["id"], severity="error", limit=3)}
            for one in held[:_LISTED]
        ]
        + held[_LISTED:],
        errors=[one for one in errors if one["rule"] not in (_OVERDUE, destinations.RULE) and one["exchange_id"] not in numbers],
        overdue=[one for one in errors if one["rule"] == _OVERDUE],
        tally=views.tally(connection, organisations, unowned=visit.sees_all),
        failing=sum(1 for run in runs for result in run["results"] if not result["success"]),
        contracts=len(runs),
        stopped=stops.listed(connection, organisations),
        asking=approvals.listed(connection, organisations),
        shut=[one for one in destinations.listed(connection, organisations) if one["state"] == "open"],
    )


def _tile(name: str, count: int | None, path: str, tone: str, **parameters: str | None) -> Html:
    shown = "–" if count is None else f"{count}+" if count >= _MOST else str(count)
    return el(
        "a",
        el("strong", shown),
        el("span", name),
        href=address(path, **parameters) if path else "#refused",
        cls=f"tile {tone if count else 'calm'}",
    )


def _stopped(visit: Visit, found: _Found) -> None:
    """Flows that take nothing in, each with what it waits for and, for who may, the way to resume it."""
    for one in found.stopped:
        at = link(f"#{one['exchange_id']}", f"/exchanges/{one['exchange_id']}") if one["exchange_id"] else None
        show(
            section(
                visit.say("attention.stopped_flow", agreement=one["agreement"], n=one["waiting"]),
                el("p", one["partner"], " · ", when(one["stopped_at"]), " · ", one["stopped_by"], *([" · ", at] if at else [])),
                el("p", one["reason"]),
                cls="panel",
            )
        )
        if visit.may_mend:
            ask_why(visit, "attention.resume", partial(_resume, visit, one["agreement"]), "/")


def _asking(visit: Visit, found: _Found) -> None:
    """What flows want to tell and a steward must approve: which documents, and the answer for who may give it."""
    for one in found.asking:
        named: list[Child] = []
        for fact in one["first"][:_LISTED]:
            named += [link(str(fact["subject"]).rpartition("/")[2], f"/exchanges/{fact['exchange_id']}"), " "]
        show(
            section(
                visit.say("attention.asking", flow=one["flow"], n=one["count"]),
                el("p", one["partner"], " · ", when(one["asked_at"])),
                el("p", *named, "…" if one["count"] > _LISTED else ""),
                el("p", visit.say("attention.beside"), ": ", *beside(visit, one)) if one["beside"] else None,
                cls="panel",
            )
        )
        if visit.caller.role in DECIDERS:
            ask_why(visit, "attention.approve", partial(_decide, visit, one["id"], "approved"), "/")
            ask_why(visit, "attention.refuse", partial(_decide, visit, one["id"], "refused"), "/")


def _decide(visit: Visit, number: int, decision: Decision, actor: str, reason: str) -> object:
    return approving.decide(visit.hub, number, decision, actor, reason)


def _shut(visit: Visit, found: _Found) -> None:
    """Destinations that take nothing any more, since when, and what they said last."""
    for one in found.shut:
        show(
            section(
                visit.say("attention.shut_at", destination=one["destination"], n=one["waiting"]),
                el("p", one["partner"], " · ", when(one["since"]), " · ", visit.say("attention.shut_more", failures=one["failures"])),
                el("p", one["error"]),
                cls="panel",
            )
        )


def _resume(visit: Visit, agreement: str, actor: str, reason: str) -> int:
    return stopping.resume(visit.hub, agreement, actor, reason)


def _held(visit: Visit, found: _Found) -> Html:
    items = [
        el(
            "li",
            el(
                "div",
                link(message_of(visit, one), f"/quarantine/{one['id']}"),
                " ",
                el("span", (one["business_key"] or "").partition("/")[2], cls="key"),
                " · ",
                one["partner"],
                " · ",
                when(one["recorded_at"]),
            ),
            findings_list(visit, one["findings"], anchors=False, format_name=one["format"]),
        )
        for one in found.held[:_LISTED]
    ]
    return section(
        visit.say("attention.held"), el("ul", *items, cls="plain") if items else nothing(visit, "attention.none_held"), cls="panel"
    )


def _overdue(visit: Visit, found: _Found) -> Html:
    items = [
        el(
            "li",
            link(_number(one), f"/exchanges/{one['exchange_id']}"),
            " · ",
            one["partner"],
            el("div", one["message"]),
        )
        for one in found.overdue[:_LISTED]
    ]
    return section(
        visit.say("attention.overdue"), el("ul", *items, cls="plain") if items else nothing(visit, "attention.none_overdue"), cls="panel"
    )


def _disagree(visit: Visit, found: _Found) -> Html:
    rows = [
        row((el("b", rule, cls=f"rule {rule_named(rule).severity}"), ""), _where(visit, rule), (count, "num"))
        for rule, count in sorted(found.tally.items(), key=lambda entry: -entry[1])
    ]
    body: Child = nothing(visit, "attention.none_disagree")
    if rows:
        body = table([visit.say("quality.rule"), visit.say("attention.where"), (visit.say("attention.count"), "num")], rows)
    return section(visit.say("attention.disagree"), body, cls="panel")


def _where(visit: Visit, rule: str) -> Child:
    path = {"ORD": "/orders", "STK": "/inventory"}.get(rule.partition("-")[0])
    named = visit.word("rule", rule)
    return link(named, path, rule=rule) if path == "/orders" else link(named, path) if path else named


def _refused(visit: Visit, found: _Found) -> Html:
    rows = [
        row(
            (when(one["recorded_at"]), "time"),
            one["partner"],
            link(f"#{one['exchange_id']}", f"/exchanges/{one['exchange_id']}")
            if one["exchange_id"]
            else link(visit.say("attention.document", n=one["document_id"]), f"/documents/{one['document_id']}")
            if one["document_id"]
            else "–",
            [el("b", one["rule"], cls="rule"), " ", el("small", place(visit, one), cls="time")],
            one["message"],
        )
        for one in found.errors[: 2 * _LISTED]
    ]
    heads = ["exchanges.recorded", "exchanges.partner", "attention.what", "quality.rule", "attention.why"]
    body: Child = table([visit.say(head) for head in heads], rows) if rows else nothing(visit, "attention.none_refused")
    return section(visit.say("attention.refused"), body, cls="panel", id_="refused")


def _number(overdue: Mapping[str, Any]) -> str:
    """`850 4500033385` of what the finding names: type and business key."""
    kind, _, key = str(overdue["got"] or "").partition(" ")
    return f"{kind} {key.rpartition('/')[2]}".strip() or f"#{overdue['exchange_id']}"
