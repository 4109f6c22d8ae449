"""Stock by system: what each says, what the hub computes, and the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.store import views
from hub_api.console.frame import Visit, console_page, nothing, show, title
from hub_api.console.markup import Child, Html, el, field, form, link, number, row, table, tick, when
from hub_api.console.sentences import disagreements

_ROWS = 100


@console_page("/inventory", nav="inventory", order=40)
async def inventory(visit: Visit) -> None:
    """By default all stock; `differences=1` leaves what agrees out."""
    location, item, lot = (visit.asked(name) for name in ("location", "item", "lot"))
    only = visit.asked("differences") == "1"
    found, following = await visit.read(
        lambda connection: views.inventory(
            connection,
            visit.organisations,
            location=location,
            item=item,
            lot=lot,
            only_disagreeing=only,
            cursor=visit.asked("cursor"),
            limit=_ROWS,
        )
    )
    say = visit.say
    title(visit, say("frame.inventory"))
    show(
        form(
            [
                field(say("inventory.item"), "item", item, say("inventory.item_hint")),
                field(say("inventory.lot"), "lot", lot),
                field(say("inventory.location"), "location", location, "GLN"),
                tick(say("inventory.differences"), "differences", only),
            ],
            say("frame.show"),
            "/inventory",
        )
    )
    if not found:
        show(nothing(visit, "inventory.none"))
        return
    systems = sorted({system["partner"] for one in found for system in one["systems"]})
    heads: list[Child | tuple[Child, str]] = [
        say("exchange.organisation"),
        say("inventory.location"),
        say("inventory.item"),
        say("inventory.lot"),
        say("inventory.expires"),
        say("inventory.status"),
    ]
    heads += [(system.upper(), "num") for system in systems]
    heads += [(say("inventory.computed"), "num"), (say("inventory.difference"), "num"), say("orders.unit"), say("orders.disagree")]
    show(table(heads, (_row(visit, one, systems) for one in found), cls="numbers"))
    if following is not None:
        more = link(
            say("frame.more"),
            "/inventory",
            item=item,
            lot=lot,
            location=location,
            differences="1" if only else None,
            cursor=following,
        )
        show(el("p", more, cls="more"))


def _row(visit: Visit, one: Mapping[str, Any], systems: list[str]) -> Html:
    said = {system["partner"]: system for system in one["systems"]}
    differs = bool(one["difference"])
    cells: list[Child | tuple[Child, str]] = []
    for system in systems:
        count = said.get(system)
        shown: Child = "–"
        if count is not None:
            counted = el("small", when(count["counted_at"]), cls="below")
            shown = [link(number(count["quantity"]), f"/exchanges/{count['exchange_id']}"), counted]
        cells.append((shown, "num differs" if differs else "num"))
    computed = one["in_transit"] if one["status"] == "in_transit" else one["computed"]
    return row(
        one["organisation"],
        one["location"],
        [el("span", one["item"]["code"] or "–", cls="key"), el("small", one["item"]["gtin"] or "", cls="below")],
        one["lot"],
        (one["expires_on"], "time"),
        (visit.word("stock", one["status"]), "time"),
        *cells,
        (number(computed), "num"),
        (number(one["difference"]), "num differs" if differs else "num"),
        one["unit"],
        disagreements(visit, one["discrepancies"]) if one["discrepancies"] else "",
    )
