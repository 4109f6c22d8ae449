"""The same facts in any order, in one batch or many, replayed, replaced and cancelled, give the same views, balances and edges."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.errors import RetriableError
from hub.reconcile import reconcile
from hub.store import tables, views
from hub.store.database import Database
from tests.effort import SEARCH
from tests.hub.world import (
    PLANT,
    World,
    at,
    delivery,
    despatch,
    despatch_line,
    invoice,
    item,
    order,
    party,
    production,
    receipt,
    receipt_line,
    response,
    stock,
)

LEVELS = [
    {"gtin": "06901234500106", "unit": "EA", "quantity": Decimal(1)},
    {"gtin": "16901234500103", "unit": "CS", "quantity": Decimal(20)},
]
Message = tuple[str, dict[str, Any]]

FACTS: list[Message] = [
    ("erp", item(trade_items=LEVELS)),
    ("erp", item(revision=2, trade_items=LEVELS, name="Polymer granulate, medical")),
    ("erp", item("RM-200", gtin="06901234500106")),
    ("erp", party()),
    ("erp", party("V1901", name="Jiangnan Polymer Materials Ltd.", gln=None)),
    ("erp", order(revision=1)),
    ("erp", order(revision=2, purpose="change", issued_at=at(3))),
    ("erp", order("4500000124", revision=1)),
    ("erp", order("4500000124", revision=2, purpose="cancel", issued_at=at(4))),
    ("jiangnan_polymer", response()),
    ("jiangnan_polymer", response(issued_at=at(3), lines=[{"line": "1", "order_line": "0010", "quantity": Decimal(95), "unit": "EA"}])),
    ("jiangnan_polymer", despatch()),
    (
        "jiangnan_polymer",
        despatch(
            purpose="replace", issued_at=at(11), lines=[despatch_line("L2", 5, unit="CS", gtin="16901234500103", sscc="069012345000000024")]
        ),
    ),
    ("jiangnan_polymer", despatch("SHP9", lines=[despatch_line("L9", 3)])),
    ("jiangnan_polymer", despatch("SHP9", purpose="cancel", issued_at=at(11), lines=[])),
    ("wms", receipt(lines=[receipt_line("L2", 98), receipt_line("LX", 1, rejected_quantity=Decimal(1))])),
    ("jiangnan_polymer", invoice(quantity=101, price="12.60")),
    ("mes", production(inputs=[{"line": "1", "item_code": "RM-100", "lot": "L2", "quantity": Decimal("40.5"), "unit": "EA"}])),
    ("wms", delivery()),
    ("wms", stock(PLANT, at(19), {"lot": "L2", "quantity": Decimal(50)})),
    (
        "wms",
        stock(PLANT, at(20), {"lot": "L2", "quantity": Decimal("57.5")}, {"lot": "OLD", "expires_on": "2026-10", "quantity": Decimal(4)}),
    ),
    ("erp", stock(PLANT, at(21), {"lot": "L2", "quantity": Decimal(3), "unit": "CS", "gtin": "16901234500103"})),
]
"""Everything that is said. Two of it are said twice over in some runs, and some of it is replayed."""


def picture(database: Database) -> dict[str, Any]:
    """All that anybody can see, without ids."""
    src, dst, item_node, lot_node = (tables.node.alias() for _ in range(4))
    with database.read() as connection:
        balances = {
            (row.organisation_id, row.source_id, row.location, row.item, row.lot, row.status, row.unit): row.quantity
            for row in connection.execute(
                sa.select(tables.balance, item_node.c.key.label("item"), lot_node.c.key.label("lot"))
                .join(item_node, item_node.c.id == tables.balance.c.item_id)
                .outerjoin(lot_node, lot_node.c.id == tables.balance.c.lot_id)
            )
            if row.quantity
        }
        summed: dict[Any, Decimal] = {}
        for row in connection.execute(
            sa.select(tables.movement, item_node.c.key.label("item"), lot_node.c.key.label("lot"))
            .join(item_node, item_node.c.id == tables.movement.c.item_id)
            .outerjoin(lot_node, lot_node.c.id == tables.movement.c.lot_id)
        ):
            key = (row.organisation_id, row.source_id, row.location, row.item, row.lot, row.status, row.unit)
            summed[key] = summed.get(key, Decimal(0)) + row.quantity
        assert balances == {key: quantity for key, quantity in summed.items() if quantity}, "balances are the sum of movements"
        edges = sorted(
            tuple(row)
            for row in connection.execute(
                sa.select(src.c.key, dst.c.key, tables.edge.c.kind, tables.edge.c.quantity)
                .select_from(tables.edge)
                .join(src, src.c.id == tables.edge.c.src)
                .join(dst, dst.c.id == tables.edge.c.dst)
            )
        )
        orders, _ = views.orders(connection)
        inventory, _ = views.inventory(connection)
        discrepancies, _ = views.discrepancies(connection, limit=1000)
        items, _ = views.items(connection)
        parties, _ = views.parties(connection)
        states = sorted(
            tuple(row)
            for row in connection.execute(
                sa.select(tables.application.c.kind, tables.application.c.number, tables.application.c.purpose, tables.exchange.c.state)
                .join(tables.exchange, tables.exchange.c.id == tables.application.c.exchange_id)
                .where(sa.not_(tables.application.c.retracted))
            )
        )
        stale = connection.execute(sa.select(tables.stale)).all()
    assert stale == []
    return {
        "balances": balances,
        "edges": edges,
        "orders": sorted(_nameless(orders), key=str),
        "inventory": _nameless(inventory),
        "discrepancies": _nameless(discrepancies),
        "items": _nameless(items),
        "parties": _nameless(parties),
        "states": states,
    }


def _nameless(value: Any) -> Any:
    """Without ids and times of recording, which tell of arrival."""
    if isinstance(value, dict):
        return {
            name: _nameless(inner) for name, inner in value.items() if name not in ("exchange_id", "evidence", "golden_id", "opened_at")
        }
    if isinstance(value, list):
        return [_nameless(inner) for inner in value]
    return value


def play(database: Database, batches: Sequence[Sequence[Message]], replays: Sequence[int] = (), early: bool = False) -> dict[str, Any]:
    """Send batches; replay some exchanges as they were; reconcile between batches where `early`, and at the end."""
    world = World(database)
    sent: list[Message] = []
    for batch in batches:
        world.send(*batch)
        sent += batch
        if early:
            with database.begin("test") as uow:
                reconcile(uow, limit=3)
    for place in replays:
        world.send(sent[place % len(sent)], origins=[world.exchanges[place % len(sent)]])
    with database.begin("test") as uow:
        while reconcile(uow, limit=7) == 7:
            pass
    return picture(database)


@pytest.fixture(scope="module")
def expected(fresh: Any) -> dict[str, Any]:
    with fresh() as database:
        return play(database, [[fact] for fact in FACTS])


def test_the_story_is_told_right(expected: dict[str, Any]) -> None:
    rules = [(row["rule"], row["left"]["value"], row["right"]["value"], row["lot"]) for row in expected["discrepancies"]]
    assert sorted(rules) == [
        ("MDM-01", "江南高分子材料有限公司", "Jiangnan Polymer Materials Ltd.", None),
        ("MDM-02", "06901234500106", "06901234500106", None),
        ("ORD-11", "95", "100", None),
        ("ORD-12", "100", "98", "L2"),
        ("ORD-13", "L2", "1", "LX"),
        ("ORD-14", "12.5", "12.6", None),
        ("ORD-15", "EA", "CS", None),
        ("ORD-16", "99", "101", None),
        ("ORD-17", "100", "95", None),
        ("STK-01", "0", "4", "OLD"),
        ("STK-01", "60", "57.5", "L2"),
        ("STK-02", "2026-10", "4", "OLD"),
    ]


@pytest.mark.slow
@settings(max_examples=12 * (SEARCH or 1), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    random=st.randoms(use_true_random=False),
    size=st.integers(1, len(FACTS)),
    replays=st.lists(st.integers(0, 99), max_size=3),
    early=st.booleans(),
)
def test_any_order_batches_and_replays_give_the_same(
    fresh: Any, expected: dict[str, Any], random: Random, size: int, replays: list[int], early: bool
) -> None:
    facts = list(FACTS)
    random.shuffle(facts)
    batches = [facts[start : start + size] for start in range(0, len(facts), size)]
    with fresh() as database:
        found = play(database, batches, replays, early)
    for name, value in expected.items():
        assert found[name] == value, name


@settings(max_examples=5 * (SEARCH or 1), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False), extra=st.integers(0, len(FACTS) - 1))
def test_the_same_message_said_again_in_another_exchange_changes_nothing_to_see(
    fresh: Any, expected: dict[str, Any], random: Random, extra: int
) -> None:
    facts = [*FACTS, FACTS[extra]]
    random.shuffle(facts)
    with fresh() as database:
        found = play(database, [facts[:9], facts[9:]])
    for name, value in expected.items():
        if name != "states":
            assert found[name] == value, name


def test_workers_that_apply_at_the_same_time_do_not_lose_or_double_anything(fresh: Any, expected: dict[str, Any]) -> None:
    with fresh() as database:
        world = World(database)
        facts = [*FACTS]
        Random(7).shuffle(facts)

        def work(mine: Sequence[Message]) -> None:
            for start in range(0, len(mine), 3):
                for _ in range(20):
                    try:
                        world.send(*mine[start : start + 3])
                        break
                    except RetriableError:  # a deadlock is told to one of two, who comes again
                        continue

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(work, facts[worker::4]) for worker in range(4)]:
                done.result()
        with database.begin("test") as uow:
            reconcile(uow)
        found = picture(database)
    for name, value in expected.items():
        assert found[name] == value, name
