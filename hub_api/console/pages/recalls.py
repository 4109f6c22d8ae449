"""Recalls and drills: all of them, and one with where its units are, what is due, who was told and what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.recall.page import COLOURS, clause_text, name_of, parts, percent, place_text, scope_text, scores
from hub.recall.picture import head, overdue, picture
from hub.recall.words import word
from hub.store import recalls
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, deadline, el, facts, link, number, row, table, when
from hub_api.console.recall_steps import steps

_ROWS = 100
_TONES = {"answered": "ok", "acknowledged": "ok", "overdue": "error", "not_sent": "error"}


@console_page("/recalls", nav="recalls", order=45)
async def all_recalls(visit: Visit) -> None:
    """The newest first."""
    found = await visit.read(
        lambda connection: [
            (one.id, head(visit.hub, one) | {"overdue": overdue(visit.hub, connection, one)})
            for one in recalls.listed(connection, visit.organisations, None, visit.asked_id("before"), _ROWS + 1)
        ]
    )
    rows = [shown for _, shown in found[:_ROWS]]
    new = link(visit.say("recalls.new"), "/recalls/new", cls="button") if visit.may_mend else None
    title(visit, visit.say("frame.recalls"), new)
    if not rows:
        show(nothing(visit, "recalls.none"))
        return
    heads: list[Child | tuple[Child, str]] = [_say(visit, name) for name in ("recall", "state", "organisation", "opened")]
    shown = (
        row(
            [link(one["number"], f"/recalls/{one['number']}"), el("small", one["title"], cls="below")],
            [
                _say(visit, one["state"]),
                " ",
                chip(visit.say("recalls.overdue", n=one["overdue"]), "error") if one["overdue"] else None,
            ],
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
    title(visit, f"{_say(visit, shown['kind'])} {shown['number']}", el("p", shown["title"]), chip(_say(visit, shown["state"]), ""))
    if visit.may_mend:
        steps(visit, shown)
    show(
        facts(
            [
                (_say(visit, "reason"), shown["reason"]),
                (_say(visit, "state"), _say(visit, shown["state"])),
                (_say(visit, "scope"), scope_text(shown["scope"])),
                (_say(visit, "opened"), [when(shown["opened_at"]), f" {shown['opened_by']}"]),
                *((_say(visit, "elsewhere"), _say(visit, "with_another")) for _ in range(shown["elsewhere"])),
                (_say(visit, "located"), when(shown["located_at"]) if shown["located_at"] else "–"),
                (_say(visit, "closed_at"), [when(shown["closed_at"]), f" {shown['closed_by']}"] if shown["closed_at"] else None),
                (_say(visit, "closed_reason"), shown["closed_reason"]),
            ]
        )
    )
    report = link(visit.say("recalls.report"), f"/recalls/{shown['number']}/report")
    show(el("p", report, " ", visit.say("recalls.report_more"), cls="about"))
    show(section(_say(visit, "totals"), *(_total(visit, total) for total in shown["totals"]), cls="totals"))
    if any(lot["contradictions"] for lot in shown["lots"]):
        show(section(_say(visit, "contradictions"), el("p", chip(_say(visit, "alarm"), "error")), _contradictions(visit, shown)))
    if shown["clocks"]:
        show(section(_say(visit, "clocks"), _clocks(visit, shown["clocks"])))
    told = [*shown["notices"], *shown["holds"]]
    if told or shown["unreachable"]:
        show(section(_say(visit, "notices"), _told(visit, shown, told), _unreachable(visit, shown)))
    if shown["checks"]:
        show(section(_say(visit, "checks"), _checks(visit, shown)))
    show(section(_say(visit, "score"), facts([(_say(visit, name), value) for name, value in scores(shown["score"])])))
    show(section(_say(visit, "lots"), _lots(visit, shown)))


def _say(visit: Visit, name: str) -> str:
    return word(name, visit.language)


def _total(visit: Visit, total: Mapping[str, Any]) -> Html:
    """One bar for all units: how much of it is where."""
    whole, left = total["total"] or 1, 0.0
    bars: list[Child] = []
    keys: list[Child] = []
    for where, units in parts(total):
        width = float(units * 1000 / whole)
        hint = el("title", f"{_say(visit, where)} {units:f}")
        bars.append(el("rect", hint, x=f"{left:.2f}", width=f"{width:.2f}", height="24", fill=COLOURS[where]))
        keys.append(el("span", el("i", style=f"background:{COLOURS[where]}"), f"{_say(visit, where)} ", el("b", number(units)), " "))
        left += width
    called = f"{total['item']} {name_of(total, visit.language)} "
    kind = _say(visit, "named" if total["named"] else "made")
    share = el("b", percent(total["coverage"]))
    quantity = el("b", number(total["total"]))
    head_ = el("p", called, chip(kind, ""), " ", quantity, f" {total['unit']} · ", share, f" {_say(visit, 'coverage')}")
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
                [chip(deadline(one["due_at"]), "error"), " ", _say(visit, "overdue")] if one["overdue"] else deadline(one["due_at"]),
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


def _told(visit: Visit, shown: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> Html:
    heads: list[Child | tuple[Child, str]] = ["#", *(_say(visit, name) for name in ("partner", "holder", "sent", "state", "due"))]
    return table(
        heads,
        (
            row(
                link(f"#{one['id']}", f"/recalls/{shown['number']}/notices/{one['id']}"),
                [one["partner"] or _say(visit, "no_partner"), el("small", _say(visit, f"{one['kind']}s"), cls="below")],
                [one["place"], el("small", _name(visit, shown, one["place"]), cls="below")],
                when(one["sent_at"]) if one["sent_at"] else "–",
                chip(_say(visit, one["state"]), _TONES.get(one["state"], "")),
                deadline(one["due_at"]),
            )
            for one in told
        ),
    )


def _checks(visit: Visit, shown: Mapping[str, Any]) -> Html:
    heads: list[Child | tuple[Child, str]] = ["#", *(_say(visit, name) for name in ("partner", "holder", "method", "outcome", "checked"))]
    return table(
        heads,
        (
            row(
                link(f"#{one['notice']}", f"/recalls/{shown['number']}/notices/{one['notice']}"),
                one["partner"] or _say(visit, "no_partner"),
                [one["place"], el("small", _name(visit, shown, one["place"]), cls="below")],
                _say(visit, one["method"]),
                chip(_say(visit, one["outcome"]), "ok" if one["outcome"] == "effective" else "error"),
                [when(one["at"]), el("small", f"{one['by']} {one['note'] or ''}", cls="below")],
            )
            for one in shown["checks"]
        ),
    )


def _name(visit: Visit, shown: Mapping[str, Any], place: str | None) -> str:
    """What a place is called, where anybody says."""
    return name_of(shown["names"].get(place or ""), visit.language)


def _unreachable(visit: Visit, shown: Mapping[str, Any]) -> Child:
    places = ", ".join(place_text(shown, place, visit.language) for place in shown["unreachable"])
    return el("p", chip(f"{_say(visit, 'unreachable')}: {places}", "warning")) if places else ""


def _contradictions(visit: Visit, shown: Mapping[str, Any]) -> Html:
    heads: list[Child | tuple[Child, str]] = [
        *(_say(visit, name) for name in ("item", "lot", "contradiction", "holder")),
        (_say(visit, "quantity"), "num"),
        _say(visit, "evidence"),
    ]
    rows = []
    for lot in shown["lots"]:
        for one in lot["contradictions"]:
            exchanges: list[Child] = []
            for number_ in one["evidence"]:
                exchanges += [link(str(number_), f"/exchanges/{number_}"), " "]
            if one["despatches"]:
                exchanges.append(f"({', '.join(one['despatches'])})")
            quantity = (f"{number(one['quantity'])} {lot['unit']}", "num")
            rows.append(
                row(
                    lot["item"],
                    lot["lot"],
                    chip(_say(visit, one["rule"]), "error"),
                    place_text(shown, one["place"], visit.language),
                    quantity,
                    exchanges,
                )
            )
    return table(heads, rows, cls="numbers")


def _lots(visit: Visit, shown: Mapping[str, Any]) -> Html:
    heads: list[Child | tuple[Child, str]] = [
        *(_say(visit, name) for name in ("item", "lot", "position", "holder", "why")),
        (_say(visit, "quantity"), "num"),
        _say(visit, "evidence"),
    ]
    rows = []
    for lot in shown["lots"]:
        for place, one in enumerate(lot["positions"]):
            exchanges: list[Child] = []
            for number_ in one["evidence"]:
                exchanges += [link(str(number_), f"/exchanges/{number_}"), " "]
            unknown = one["position"] == "unknown"
            called = _name(visit, shown, one["holder"]) or one["partner"]
            rows.append(
                row(
                    [el("span", lot["item"], cls="key"), el("small", f"{name_of(lot, visit.language)} {lot['gtin'] or ''}", cls="below")]
                    if not place
                    else "",
                    link(lot["lot"], "/trace", key=lot["key"]) if not place else "",
                    chip(_say(visit, one["position"]), "error") if unknown else _say(visit, one["position"]),
                    [
                        one["holder"] or _say(visit, "nobody"),
                        el("small", called, cls="below"),
                    ],
                    _say(visit, one["why"]),
                    (f"{number(one['quantity'])} {lot['unit']}", "num"),
                    exchanges,
                )
            )
    return table(heads, rows, cls="numbers")
