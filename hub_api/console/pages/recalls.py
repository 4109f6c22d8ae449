"""Recalls and drills: all of them, and one with where its units are, what is due, who was told and what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.recall.page import COLOURS, clause_text, percent, scope_text
from hub.recall.picture import head, picture
from hub.recall.whereabouts import WHERE
from hub.recall.words import word
from hub.store import recalls
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, el, facts, link, number, row, table, when

_ROWS = 100
_TONES = {"answered": "ok", "acknowledged": "ok", "overdue": "error", "not_sent": "error"}


@console_page("/recalls", nav="recalls", order=45)
async def all_recalls(visit: Visit) -> None:
    """The newest first."""
    found = await visit.read(
        lambda connection: [
            (one.id, head(visit.hub, one))
            for one in recalls.listed(connection, visit.organisations, None, visit.asked_id("before"), _ROWS + 1)
        ]
    )
    rows = [shown for _, shown in found[:_ROWS]]
    title(visit, visit.say("frame.recalls"))
    if not rows:
        show(nothing(visit, "recalls.none"))
        return
    heads: list[Child | tuple[Child, str]] = [_say(visit, name) for name in ("recall", "state", "organisation", "opened")]
    shown = (
        row(
            [link(one["number"], f"/recalls/{one['number']}"), el("small", one["title"], cls="below")],
            _say(visit, one["state"]),
            one["organisation"],
            when(one["opened_at"]),
        )
        for one in rows
    )
    show(table(heads, shown))
    if len(found) > _ROWS:
        show(el("p", link(visit.say("frame.older"), "/recalls", before=found[_ROWS - 1][0]), cls="more"))


@console_page("/recalls/{number}", under="recalls")
async def one_recall(visit: Visit) -> None:
    """As it was located last."""
    wanted = str(visit.request.path_params["number"])
    shown = await visit.read(lambda connection: picture(visit.hub, connection, wanted, visit.organisations))
    title(visit, f"{_say(visit, shown['kind'])} {shown['number']}", el("p", shown["title"]))
    show(
        facts(
            [
                (_say(visit, "reason"), shown["reason"]),
                (_say(visit, "state"), _say(visit, shown["state"])),
                (_say(visit, "scope"), scope_text(shown["scope"])),
                (_say(visit, "opened"), [when(shown["opened_at"]), f" {shown['opened_by']}"]),
                *((_say(visit, "elsewhere"), _say(visit, "with_another")) for _ in range(shown["elsewhere"])),
                (_say(visit, "located"), when(shown["located_at"]) if shown["located_at"] else "–"),
            ]
        )
    )
    show(section(_say(visit, "totals"), *(_total(visit, total) for total in shown["totals"])))
    if any(lot["contradictions"] for lot in shown["lots"]):
        show(section(_say(visit, "contradictions"), el("p", chip(_say(visit, "alarm"), "error")), _contradictions(visit, shown["lots"])))
    if shown["clocks"]:
        show(section(_say(visit, "clocks"), _clocks(visit, shown["clocks"])))
    told = [*shown["notices"], *shown["holds"]]
    if told or shown["unreachable"]:
        show(section(_say(visit, "notices"), _told(visit, told), _unreachable(visit, shown["unreachable"])))
    show(section(_say(visit, "lots"), _lots(visit, shown["lots"])))


def _say(visit: Visit, name: str) -> str:
    return word(name, visit.language)


def _total(visit: Visit, total: Mapping[str, Any]) -> Html:
    """One bar for all units: how much of it is where."""
    whole, left = total["total"] or 1, 0.0
    bars: list[Child] = []
    keys: list[Child] = []
    for where in WHERE:
        quantity = total["positions"][where]
        if quantity:
            width = float(quantity * 1000 / whole)
            bars.append(
                el(
                    "rect",
                    el("title", f"{_say(visit, where)} {quantity:f}"),
                    x=f"{left:.2f}",
                    width=f"{width:.2f}",
                    height="24",
                    fill=COLOURS[where],
                )
            )
            keys.append(el("span", el("i", style=f"background:{COLOURS[where]}"), f"{_say(visit, where)} ", el("b", number(quantity)), " "))
            left += width
    head_ = el(
        "p", el("b", number(total["total"])), f" {total['unit']} · ", el("b", percent(total["coverage"])), f" {_say(visit, 'coverage')}"
    )
    bar = el(
        "svg", *bars, viewBox="0 0 1000 24", preserveAspectRatio="none", role="img", cls="whereabouts", aria_label=_say(visit, "totals")
    )
    return el("div", head_, bar, el("p", *keys, cls="whereabouts"))


def _clocks(visit: Visit, clocks: Sequence[Mapping[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = ["", "", _say(visit, "due"), _say(visit, "clause"), _say(visit, "met")]
    return table(
        heads,
        (
            row(
                _say(visit, one["regime"]),
                _say(visit, one["act"]),
                chip(when(one["due_at"]), "error") if one["overdue"] else when(one["due_at"]),
                clause_text(one, lambda name: _say(visit, name)),
                _met(visit, one["met"]),
            )
            for one in clocks
        ),
    )


def _met(visit: Visit, done: Mapping[str, Any] | None) -> Child | list[Child]:
    """When it was done, whether in time, by what it is shown, and who says so."""
    if done is None:
        return "–"
    late: Child = chip(_say(visit, "late"), "error") if done["late"] else ""
    shown: Child = link(str(done["exchange"]), f"/exchanges/{done['exchange']}") if done["exchange"] else ""
    return [when(done["at"]), " ", late, el("small", done["evidence"], " ", shown, f" · {done['marked_by']}", cls="below")]


def _told(visit: Visit, told: Sequence[Mapping[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = ["#", *(_say(visit, name) for name in ("partner", "holder", "sent", "state", "due"))]
    return table(
        heads,
        (
            row(
                str(one["id"]),
                [one["partner"], el("small", _say(visit, f"{one['kind']}s"), cls="below")],
                one["place"] or "",
                when(one["sent_at"]) if one["sent_at"] else "–",
                chip(_say(visit, one["state"]), _TONES.get(one["state"], "")),
                when(one["due_at"]),
            )
            for one in told
        ),
    )


def _unreachable(visit: Visit, places: Sequence[str]) -> Child:
    return el("p", f"{_say(visit, 'unreachable')}: {', '.join(places)}") if places else ""


def _contradictions(visit: Visit, lots: Sequence[Mapping[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = [
        *(_say(visit, name) for name in ("item", "lot", "contradiction", "holder")),
        (_say(visit, "quantity"), "num"),
        _say(visit, "evidence"),
    ]
    rows = []
    for lot in lots:
        for one in lot["contradictions"]:
            exchanges: list[Child] = []
            for number_ in one["evidence"]:
                exchanges += [link(str(number_), f"/exchanges/{number_}"), " "]
            quantity = (f"{number(one['quantity'])} {lot['unit']}", "num")
            rows.append(row(lot["item"], lot["lot"], chip(_say(visit, one["rule"]), "error"), one["place"], quantity, exchanges))
    return table(heads, rows, cls="numbers")


def _lots(visit: Visit, lots: Sequence[Mapping[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = [
        *(_say(visit, name) for name in ("item", "lot", "position", "holder", "why")),
        (_say(visit, "quantity"), "num"),
        _say(visit, "evidence"),
    ]
    rows = []
    for lot in lots:
        for place, one in enumerate(lot["positions"]):
            exchanges: list[Child] = []
            for number_ in one["evidence"]:
                exchanges += [link(str(number_), f"/exchanges/{number_}"), " "]
            unknown = one["position"] == "unknown"
            rows.append(
                row(
                    [el("span", lot["item"], cls="key"), el("small", lot["gtin"] or "", cls="below")] if not place else "",
                    lot["lot"] if not place else "",
                    chip(_say(visit, one["position"]), "error") if unknown else _say(visit, one["position"]),
                    [one["holder"] or _say(visit, "nobody"), el("small", one["partner"] or "", cls="below")],
                    _say(visit, one["why"]),
                    (f"{number(one['quantity'])} {lot['unit']}", "num"),
                    exchanges,
                )
            )
    return table(heads, rows, cls="numbers")
