"""What a supplier says of an order as a whole holds for each of its lines, whatever came first; backordered to no day is no promise."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from hub.clock import FrozenClock
from hub.reconcile import mark_due, reconcile
from hub.store import views
from hub.store.database import Database
from tests.hub.world import World, at, despatch, despatch_line, order, response

LINES = [{"line": number, "item_code": "RM-100", "quantity": Decimal(100), "unit": "EA"} for number in ("10", "20")]
ORDER = order(lines=LINES, requested_on="2027-03-01")


def told(database: Database) -> Any:
    """Confirmed quantities and the statuses behind them, by line; rules and lines of open discrepancies."""
    with database.begin("test") as uow:
        reconcile(uow)
    with database.read() as connection:
        shown = views.order(connection, "4500000123")["lines"]
        rows, _ = views.discrepancies(connection)
    stages = [(line["confirmed"]["quantity"], [part["status"] for part in line["confirmed"]["sources"]]) for line in shown]
    return stages, sorted((row["rule"], row["order_line"]) for row in rows)


def line_10(quantity: int = 100, **members: Any) -> dict[str, Any]:
    return {"line": "10", "order_line": "10", "quantity": Decimal(quantity), "unit": "EA", **members}


VERDICTS = {
    "rejected": ([response(status="rejected", lines=[])], [(0, ["rejected"])] * 2, [("ORD-17", "10"), ("ORD-17", "20")]),
    "accepted": ([response(status="accepted", lines=[])], [(100, ["accepted"])] * 2, []),
    "received": ([response(status="received", lines=[])], [(None, [])] * 2, []),
    "held by the supplier": (
        [response(status="backordered", lines=[])],
        [(0, ["backordered"])] * 2,
        [("ORD-17", "10"), ("ORD-17", "20")],
    ),
    "rejected after a confirmation of a line": (
        [
            response("OR1", order_number="4500000123", lines=[line_10()]),
            response("OR2", order_number="4500000123", status="rejected", issued_at=at(3), lines=[]),
        ],
        [(0, ["rejected"])] * 2,
        [("ORD-17", "10"), ("ORD-17", "20")],
    ),
    "a line said otherwise later": (
        [
            response("OR1", order_number="4500000123", status="accepted", lines=[]),
            response("OR2", order_number="4500000123", issued_at=at(3), lines=[line_10(90, status="changed")]),
        ],
        [(90, ["changed"]), (100, ["accepted"])],
        [("ORD-17", "10")],
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_a_verdict_on_the_whole_order_holds_for_every_line(database: Database, case: str) -> None:
    said, confirmed, open_ = VERDICTS[case]
    world = World(database)
    world.send(("erp", ORDER), *(("jiangnan_polymer", one) for one in said))
    assert told(database) == (confirmed, open_)


def test_a_verdict_holds_for_the_order_as_it_is_known_whatever_came_first(database: Database) -> None:
    change = order(
        revision=1,
        purpose="change",
        issued_at=at(4),
        requested_on="2027-03-01",
        lines=[{"line": "30", "item_code": "RM-100", "quantity": Decimal(7), "unit": "EA"}],
    )
    messages = [("erp", ORDER), ("erp", change), ("jiangnan_polymer", response(status="accepted", lines=[]))]
    seen = set()
    world = World(database)
    for place, arrival in enumerate(permutations(messages)):
        number = f"45-{place}"
        for partner, entity in arrival:
            order_number = {"order_number": number} if "order_number" in entity else {}
            world.send((partner, {**entity, "number": number, **order_number}))
        with database.read() as connection:
            lines = views.order(connection, number)["lines"]
        seen.add(tuple((line["line"], line["confirmed"]["quantity"]) for line in lines))
    assert seen == {(("10", 100), ("20", 100), ("30", 7))}


def test_a_verdict_says_where_it_comes_from(database: Database) -> None:
    world = World(database)
    world.send(("erp", ORDER), ("jiangnan_polymer", response(status="rejected", lines=[])))
    with database.read() as connection:
        said = views.contributions(connection, "order/4500000123/20", "confirmed")
    (part,) = said.contributions
    assert (said.value, part.path, part.exchange_id, part.ordinal) == (0, "status", world.exchanges[1], None)


def test_what_is_backordered_to_no_day_is_not_promised_and_no_surprise_when_it_comes(database: Database, clock: FrozenClock) -> None:
    world = World(database)
    world.send(("erp", order()), ("jiangnan_polymer", response(lines=[line_10(status="backordered")])))
    clock.set(datetime(2026, 12, 24, tzinfo=UTC))
    with database.begin("daily") as uow:
        mark_due(uow)
    assert told(database) == ([(0, ["backordered"])], [("ORD-17", "10")])  # and not ORD-10: nothing was promised by any day
    world.send(("jiangnan_polymer", despatch(lines=[despatch_line(quantity=100)])))
    assert told(database) == ([(0, ["backordered"])], [("ORD-17", "10")])
