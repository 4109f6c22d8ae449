"""Order lines: ordered, confirmed, despatched, received, invoiced; by default only those that disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.store import views
from hub_api.console.frame import Visit, console_page, nothing, show, title
from hub_api.console.markup import Child, Html, el, field, form, link, number, row, table, tick
from hub_api.console.sentences import disagreements

STAGES = ("ordered", "confirmed", "despatched", "received", "invoiced")
_ORDERS = 40


@console_page("/orders", nav="orders", order=30)
async def orders(visit: Visit) -> None:
    """`all=1` shows lines that agree, too; `find` is the beginning of an order number, `rule` one kind of disagreement."""
    everything, find, rule = visit.asked("all") == "1", visit.asked("find"), visit.asked("rule")
    found, following = await visit.read(
        lambda connection: views.orders(
            connection,
            visit.organisations,
            only_disagreeing=not everything,
            find=find,
            cursor=visit.asked_id("cursor"),
            limit=_ORDERS,
        )
    )
    say = visit.say
    title(visit, say("frame.orders"))
    show(
        form(
            [
                field(say("orders.find"), "find", find),
                field(say("quality.rule"), "rule", rule, "ORD-13"),
                tick(say("orders.all"), "all", everything),
            ],
            say("frame.show"),
            "/orders",
        )
    )
    lines = [drawn for order in found for drawn in _lines(visit, order, everything, rule)]
    if not lines:
        show(nothing(visit, "orders.none"))
    else:
        heads: list[Child | tuple[Child, str]] = [say("orders.order"), say("orders.line"), say("orders.item"), say("orders.unit")]
        heads += [(say(f"orders.{stage}"), "num") for stage in STAGES]
        show(table([*heads, say("orders.disagree")], lines, cls="numbers"))
    if following is not None:
        show(
            el(
                "p",
                link(say("frame.older"), "/orders", all="1" if everything else None, find=find, rule=rule, cursor=following),
                cls="more",
            )
        )


def _lines(visit: Visit, order: Mapping[str, Any], everything: bool, rule: str | None) -> Iterator[Html]:
    """Rows of an order; what disagrees about the order as a whole comes first."""
    wanted = [one for one in order["discrepancies"] if rule in (None, one["rule"])]
    if wanted:
        yield row(
            link(order["number"], f"/orders/{order['number']}", organisation=order["organisation"], issuer=order["partner"]),
            *("",) * (3 + len(STAGES)),
            disagreements(visit, wanted),
        )
    for line in order["lines"]:
        against = [one for one in line["discrepancies"] if rule in (None, one["rule"])]
        if against or (everything and rule is None):
            yield row(
                link(order["number"], f"/orders/{order['number']}", organisation=order["organisation"], issuer=order["partner"]),
                line["line"],
                item(line["item"]),
                line["unit"],
                *((number(line[stage]["quantity"]), cell_class(line, stage)) for stage in STAGES),
                disagreements(visit, against) if against else "",
            )


def item(named: Mapping[str, Any]) -> Child:
    """Code above description."""
    return [
        el("span", named["code"] or named["supplier_item"] or named["gtin"], cls="key"),
        el("small", named.get("description") or "", cls="below"),
    ]


def cell_class(line: Mapping[str, Any], stage: str) -> str:
    """A number that differs from what was ordered stands out."""
    quantity = line[stage]["quantity"]
    if not line[stage]["complete"]:
        return "num differs"
    return "num differs" if line["discrepancies"] and quantity is not None and quantity != line["ordered"]["quantity"] else "num"
