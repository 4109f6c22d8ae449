"""One order: every line with every number, and behind each number the documents that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.store import views
from hub.store.types import storable
from hub_api.console.frame import Visit, console_page, section, show, title
from hub_api.console.markup import Child, Html, el, facts, link, number, row, table, when
from hub_api.console.pages.orders import STAGES, cell_class, item
from hub_api.console.sentences import disagreements
from hub_api.routers.views import organisations_of


@console_page("/orders/{number:path}", under="orders")
async def order(visit: Visit) -> None:
    """Header, lines, sources, and lines of others that fit none of them."""
    asked = storable(str(visit.request.path_params["number"]))
    organisations, issuer = organisations_of(visit.hub, visit.session.caller, visit.asked("organisation")), visit.asked("issuer")
    found = await visit.read(lambda connection: views.order(connection, asked, organisations, issuer=issuer))
    say = visit.say
    title(visit, f"{say('orders.order')} {found['number']}")
    supplier, ship_to = found["supplier"] or {}, found["ship_to"] or {}
    exchange_id = found["exchange_id"]
    show(
        facts(
            [
                (say("exchange.organisation"), found["organisation"]),
                (say("orders.supplier"), " ".join(str(supplier[key]) for key in ("code", "name") if supplier.get(key))),
                (say("orders.ship_to"), ship_to.get("name") or ship_to.get("gln")),
                (say("orders.issued"), when(found["issued_at"])),
                (say("orders.requested"), found["requested_on"]),
                (say("orders.revision"), found["revision"]),
                (say("orders.currency"), found["currency"]),
                (say("orders.said_by"), [found["partner"], " ", link(f"#{exchange_id}", f"/exchanges/{exchange_id}")]),
            ]
        )
    )
    if found["discrepancies"]:
        show(section(say("orders.about_order"), disagreements(visit, found["discrepancies"])))
    heads: list[Child | tuple[Child, str]] = [say("orders.line"), say("orders.item"), say("orders.unit"), (say("orders.price"), "num")]
    heads += [(say(f"orders.{stage}"), "num") for stage in STAGES]
    show(
        section(
            say("orders.lines"),
            table(
                [*heads, say("orders.disagree")],
                (
                    row(
                        [el("a", line["line"], href=f"#line{line['line']}"), f" {say('orders.cancelled')}" if line["cancelled"] else ""],
                        item(line["item"]),
                        line["unit"],
                        (number(line["unit_price"]), "num"),
                        *((number(line[stage]["quantity"]), cell_class(line, stage)) for stage in STAGES),
                        disagreements(visit, line["discrepancies"]) if line["discrepancies"] else "",
                    )
                    for line in found["lines"]
                ),
                cls="numbers",
            ),
        )
    )
    if len(found["history"]) > 1:
        show(_history(visit, found["history"]))
    for line in found["lines"]:
        show(_sources(visit, say("orders.sources", line=line["line"]), _of_line(line), f"line{line['line']}"))
    if found["unmatched"]:
        show(_sources(visit, say("orders.unmatched"), [("", one) for one in found["unmatched"]], "unmatched"))


def _history(visit: Visit, documents: list[Mapping[str, Any]]) -> Html:
    """The order itself and the changes that stand, in their order."""
    say = visit.say
    return section(
        say("orders.history"),
        table(
            [say("orders.document"), say("orders.purpose"), (say("orders.revision"), "num"), say("orders.issued"), say("orders.came")],
            (
                row(
                    link(f"#{one['exchange_id']}", f"/exchanges/{one['exchange_id']}"),
                    one["purpose"],
                    (one["revision"], "num"),
                    when(one["issued_at"]),
                    when(one["recorded_at"]),
                )
                for one in documents
            ),
        ),
    )


def _of_line(line: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(stage, source) for stage in STAGES for source in line[stage]["sources"]]


def _sources(visit: Visit, heading: str, sources: list[tuple[str, Mapping[str, Any]]], anchor: str) -> Html:
    """Who says which number, with the message that says it."""
    say = visit.say
    heads: list[Child | tuple[Child, str]] = [say("orders.stage"), say("orders.said_by"), say("orders.document"), say("orders.issued")]
    heads += [(say("orders.quantity"), "num"), say("orders.unit"), (say("orders.in_order_units"), "num"), (say("orders.price"), "num")]
    rows = (
        row(
            say(f"orders.{stage}") if stage else visit.word("entity", one["kind"]),
            one["partner"],
            link(f"{visit.word('entity', one['kind'])} {one['number'] or ''}", f"/exchanges/{one['exchange_id']}")
            if one["exchange_id"]
            else "",
            (when(one["issued_at"]), "time"),
            (number(one["quantity"]), "num"),
            one["unit"],
            (number(one["in_order_units"]), "num"),
            (number(one["unit_price"]), "num"),
            one["lot"],
            (one["due_on"], "time"),
        )
        for stage, one in sources
    )
    return section(heading, table([*heads, say("inventory.lot"), say("orders.due")], rows), id_=anchor)
