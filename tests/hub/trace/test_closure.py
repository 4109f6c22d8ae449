"""The lot closure equals the walk, whatever is late, corrected, cancelled, withdrawn, replayed, packed again or joined by another name."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hub.apply import withdraw
from hub.reconcile import reconcile
from hub.store import lot_pages, region, tables
from hub.store.database import Database
from hub.trace import closure
from hub.trace.by_walk import Shipped, recall_list_by_walk
from hub.trace.edges import FLOW, HOLDING, EdgeKind
from hub.trace.genealogy import reached
from tests.effort import examples
from tests.hub.trace.packing import packing, packing_events
from tests.hub.world import World, at, delivery, despatch, item, party, production, receipt

FG = "06901234000029"
GTIN = "06901234500106"
UNITS = ["069012340000000025", "069012340000000032", "069012340000000049"]


def ids(database: Database, *keys: str) -> list[int]:
    """Node ids by key."""
    with database.read() as connection:
        found = dict(connection.execute(sa.select(tables.node.c.key, tables.node.c.id)).all())
    return [found[key] for key in keys]


def recalled(database: Database, *keys: str) -> list[Shipped]:
    """The recall list of lots."""
    numbers = ids(database, *keys)
    with database.read() as connection:
        return closure.recall_list(connection, numbers)


def wrong(database: Database) -> list[Any]:
    """Lots whose closure is not what the walk finds."""
    with database.read() as connection:
        return list(closure.differences(connection))


def renewed(database: Database) -> None:
    with database.begin("test") as uow:
        reconcile(uow)


def test_the_store_knows_the_same_kinds_of_edges() -> None:
    assert set(region._FLOW) == {int(kind) for kind in FLOW}
    assert set(region._HOLDING) == {int(kind) for kind in HOLDING}
    assert int(EdgeKind.UNPACKING) == region._UNPACKING


def test_a_raw_lot_is_found_in_what_was_delivered(database: Database) -> None:
    world = World(database)
    world.send(("jiangnan_polymer", despatch()), ("wms", receipt()), ("mes", production()), ("wms", delivery()))
    shipped = Shipped(f"lot:{FG}|F1", "shipment:wms:D1", Decimal(1), "EA")
    assert recalled(database, "lot:mes:RM-100|L1") == [shipped]
    assert recalled(database, f"lot:{FG}|F1") == [shipped]
    assert [row.shipment for row in recalled(database, "lot:jiangnan_polymer:JN-22|L1")] == ["shipment:jiangnan_polymer:SHP1"]
    world.send(("erp", item()), ("erp", party()))
    renewed(database)
    assert shipped in recalled(database, "lot:jiangnan_polymer:JN-22|L1")
    with database.read() as connection:
        assert closure.made_of(connection, ids(database, "lot:mes:RM-100|L1")) >= set(ids(database, f"lot:{FG}|F1"))
    assert not wrong(database)


def test_serial_numbers_shipped_before_their_production_is_told_belong_to_its_lot(database: Database) -> None:
    world = World(database)
    bare = [{"line": "1", "gtin": FG, "serials": ["S1", "S2"], "sscc": UNITS[0], "@": 2}]
    world.send(("wms", delivery(lines=bare)))
    world.send(("mes", production()))
    assert recalled(database, "lot:mes:RM-100|L1") == [Shipped(f"lot:{FG}|F1", "shipment:wms:D1", Decimal(2), "EA")]
    world.send(("mes", production(purpose="cancel", issued_at=at(15))))
    assert recalled(database, "lot:mes:RM-100|L1") == []
    assert not wrong(database)


def test_a_late_link_in_the_middle_reaches_all_that_is_below(database: Database) -> None:
    world = World(database)

    def made(number: str, used: str, output: str, **header: Any) -> dict[str, Any]:
        rows = [{"line": "1", "gtin": FG, "lot": lot, "quantity": Decimal(1), "unit": "EA", "@": 2} for lot in (used, output)]
        return production(number, inputs=rows[:1], outputs=rows[1:], **header)

    world.send(("mes", made("3", "C", "D")), ("wms", delivery(lines=[{"line": "1", "gtin": FG, "lot": "D", "@": 2}])))
    world.send(("mes", made("1", "A", "B")))
    assert recalled(database, f"lot:{FG}|A") == []
    world.send(("mes", made("2", "B", "C")))
    assert recalled(database, f"lot:{FG}|A") == [Shipped(f"lot:{FG}|D", "shipment:wms:D1", None, None)]
    assert not wrong(database)
    world.send(("mes", made("2", "X", "C", purpose="replace", issued_at=at(16))))
    assert recalled(database, f"lot:{FG}|A") == []
    assert len(recalled(database, f"lot:{FG}|X")) == 1
    assert not wrong(database)


def test_a_serial_number_without_a_lot_is_in_the_list_of_what_it_is_made_of(database: Database) -> None:
    world = World(database)
    made = [{"line": "1", "gtin": FG, "serials": ["S1"], "quantity": Decimal(1), "unit": "EA", "@": 3}]
    world.send(("mes", production(outputs=made)))
    world.send(("wms", delivery(lines=[{"line": "1", "gtin": FG, "serials": ["S1"], "@": 2}])))
    assert recalled(database, "lot:mes:RM-100|L1") == [Shipped("lot:mes:RM-100|L1", "shipment:wms:D1", None, None)]
    assert not wrong(database)


def test_two_documents_about_one_carton_speak_of_the_same_goods(database: Database) -> None:
    world = World(database)
    line = {"line": "1", "gtin": FG, "lot": "F1", "quantity": Decimal(10), "unit": "EA", "sscc": UNITS[0], "@": 2}
    world.send(("wms", delivery(lines=[line])))
    world.send(("rheintal_titan", delivery("FWD", lines=[{**line, "quantity": Decimal(4)}])))
    assert recalled(database, f"lot:{FG}|F1") == [
        Shipped(f"lot:{FG}|F1", "shipment:rheintal_titan:FWD", Decimal(4), "EA"),
        Shipped(f"lot:{FG}|F1", "shipment:wms:D1", Decimal(10), "EA"),
    ]
    assert not wrong(database)


def filled(lot: str, quantity: int = 2, **more: Any) -> list[dict[str, Any]]:
    """A carton and what is in it."""
    return [{"line": "1", "gtin": FG, "lot": lot, "quantity": Decimal(quantity), "unit": "EA", "sscc": UNITS[0], "@": 2, **more}]


def test_a_number_that_is_used_again_does_not_join_two_contents(database: Database) -> None:
    world = World(database)
    world.send(("wms", delivery("D1", despatched_at=at(10), lines=filled("F1"))))
    again = delivery("D2", despatched_at=at(20), lines=filled("F2"))
    world.send(("wms", again))
    onward = delivery("D3", despatched_at=at(22), lines=[{"line": "1", "sscc": UNITS[0], "@": 2}])
    world.send(("wms", onward))
    assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:wms:D1"]
    assert [row.shipment for row in recalled(database, f"lot:{FG}|F2")] == ["shipment:wms:D2", "shipment:wms:D3"]
    assert not wrong(database)
    world.send(("wms", again | {"purpose": "cancel", "issued_at": at(23)}))
    assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:wms:D1", "shipment:wms:D3"]
    assert not wrong(database)


@pytest.mark.parametrize(("day", "lot"), [(11, "F-2"), (20, "f-1"), (20, None)])
def test_a_number_is_not_used_again_where_it_may_be_the_same_goods(database: Database, day: int, lot: str | None) -> None:
    """Told by two systems within two days, spelled otherwise, or without a lot: whoever got it is told."""
    world = World(database)
    second = filled(lot) if lot else [{"line": "1", "gtin": FG, "serials": ["S1"], "sscc": UNITS[0], "@": 2}]
    world.send(("wms", delivery("D1", despatched_at=at(10), lines=filled("F1"))))
    world.send(("erp", delivery("D2", despatched_at=at(day), lines=second)))
    assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:erp:D2", "shipment:wms:D1"]
    assert not wrong(database)


def test_what_left_a_carton_before_it_was_shipped_again_is_not_in_that_shipment(database: Database) -> None:
    world = World(database)
    first = [
        {"line": "1", "gtin": FG, "lot": "F1", "quantity": Decimal(1), "unit": "EA", "sscc": UNITS[0], "parent_sscc": UNITS[1], "@": 2}
    ]
    with packing_events():
        world.send(("wms", delivery("D1", despatched_at=at(10), lines=first)))
        world.send(("wms", packing("P2", "packed", at(13), UNITS[0], gtin=FG, lot="F2")))
        empty = [{"line": "1", "gtin": FG, "sscc": UNITS[0], "@": 2}]
        world.send(("wms", delivery("D2", despatched_at=at(14), lines=empty)))
        assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:wms:D1", "shipment:wms:D2"]
        late = world.send(("wms", packing("U1", "unpacked", at(12), UNITS[0])))
        assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:wms:D1"]
        assert [row.shipment for row in recalled(database, f"lot:{FG}|F2")] == ["shipment:wms:D2"]
        with database.read() as connection:
            assert reached(connection, "shipment:wms:D2", "up", "lot") == [f"lot:{FG}|F2"]
            assert reached(connection, f"lot:{FG}|F1", "down", "shipment") == ["shipment:wms:D1"]
        assert not wrong(database)
        with database.begin("test") as uow:
            withdraw(uow, late[0].application_id or 0, "it was another carton")
        assert [row.shipment for row in recalled(database, f"lot:{FG}|F1")] == ["shipment:wms:D1", "shipment:wms:D2"]
        assert not wrong(database)


def test_until_the_closure_is_made_anew_the_list_is_found_by_walking(database: Database) -> None:
    world = World(database)
    world.send(("mes", production()), ("wms", delivery()))
    expected = recalled(database, "lot:mes:RM-100|L1")
    with database.begin("test") as uow:
        for table in (tables.lot_closure, tables.lot_page):
            uow.connection.execute(table.delete())
        uow.connection.execute(tables.stale.insert().values(kind="closure", key="all", organisation_id=0, marked=0))
    assert len(wrong(database)) == 2
    assert recalled(database, "lot:mes:RM-100|L1") == expected
    renewed(database)
    with database.read() as connection:
        assert len(lot_pages.rows(connection)) == 1
    assert recalled(database, "lot:mes:RM-100|L1") == expected and not wrong(database)


# --- any story ---------------------------------------------------------------------------------------------------------
LOT = st.sampled_from(["A", "B", "C", "D"])
SERIAL = st.sampled_from(["1", "2", "3"])
UNIT = st.sampled_from(UNITS)
DAY = st.integers(1, 8)
NUMBER = st.sampled_from(["1", "2", "3", "4"])
PURPOSE = st.sampled_from(["original", "original", "original", "replace", "cancel"])
NAMES = st.sampled_from([{"gtin": GTIN}, {"gtin": GTIN}, {"item_code": "RM-100"}])
"""One item under two names, which the item master may join."""
GOODS = st.builds(
    lambda name, lot, serial, quantity, unit: {
        **name,
        "lot": lot,
        "serials": [serial] if serial else None,
        "quantity": Decimal(quantity) if quantity else None,
        "unit": unit,
        "line": "1",
        "@": 2,
    },
    NAMES,
    LOT | LOT | st.none(),
    SERIAL | st.none(),
    st.integers(0, 3),
    st.sampled_from(["EA", "EA", "CS"]),
)


def header(day: int, purpose: str) -> dict[str, Any]:
    """When it happened and was said, and whether it replaces or cancels."""
    return {"purpose": purpose, "issued_at": at(day), "occurred_at": at(day), "despatched_at": at(day), "received_at": at(day)}


PRODUCTIONS = st.builds(
    lambda number, day, purpose, used, made: ("mes", production(number, **header(day, purpose), inputs=used, outputs=made)),
    NUMBER, DAY, PURPOSE, st.lists(GOODS, min_size=1, max_size=2), st.lists(GOODS, min_size=1, max_size=2),
)  # fmt: skip
DESPATCHES = st.builds(
    lambda partner, number, day, purpose, rows: (
        partner,
        delivery(number, **header(day, purpose), lines=[{**goods, "sscc": unit, "parent_sscc": outer} for goods, unit, outer in rows]),
    ),
    st.sampled_from(["wms", "wms", "jiangnan_polymer"]), NUMBER, DAY, PURPOSE,
    st.lists(st.tuples(GOODS, st.none() | UNIT, st.none() | UNIT), min_size=1, max_size=3),
)  # fmt: skip
FORWARDS = st.builds(
    lambda number, day, unit: ("rheintal_titan", delivery(number, **header(day, "original"), lines=[{"line": "1", "sscc": unit, "@": 2}])),
    NUMBER, DAY, UNIT,
)  # fmt: skip
RECEIPTS = st.builds(
    lambda number, day, goods, unit: ("wms", receipt(number, **header(day, "original"), lines=[{**goods, "sscc": unit}])),
    NUMBER, DAY, GOODS, UNIT,
)  # fmt: skip
CONTENTS = st.sampled_from(
    [{}, {"sscc": UNITS[0]}, {"gtin": GTIN, "lot": "A"}, {"gtin": GTIN, "lot": "B"}, {"gtin": GTIN, "serials": ["1"]}],
)
PACKINGS = st.builds(
    lambda number, day, purpose, status, unit, content: ("wms", {**packing(number, status, at(day), unit, **content), "purpose": purpose}),
    NUMBER, DAY, PURPOSE, st.sampled_from(["packed", "unpacked"]), UNIT, CONTENTS,
)  # fmt: skip
Message = tuple[str, dict[str, Any]]


class Story(RuleBasedStateMachine):
    """Messages in any order, with all that takes them back; after each step every lot's recall list is what the walk finds."""

    fresh: Any = None

    @initialize()
    def open(self) -> None:
        self.block = type(self).fresh()
        self.database: Database = self.block.__enter__()
        self.world = World(self.database)
        self.sent: list[tuple[Message, int]] = []
        self.applications: list[int] = []
        self.masters = 0

    def teardown(self) -> None:
        if hasattr(self, "block"):
            self.block.__exit__(None, None, None)

    def _send(self, batch: Sequence[Message], origins: Sequence[int | None] = ()) -> None:
        outcomes = self.world.send(*batch, origins=origins)
        self.applications += [outcome.application_id for outcome in outcomes if outcome.application_id is not None]
        self.sent += list(zip(batch, self.world.exchanges[-len(batch) :], strict=True))

    @rule(batch=st.lists(PRODUCTIONS, min_size=1, max_size=3))
    def made(self, batch: list[Message]) -> None:
        self._send(batch)

    @rule(batch=st.lists(DESPATCHES, min_size=1, max_size=3))
    def despatched(self, batch: list[Message]) -> None:
        self._send(batch)

    @rule(batch=st.lists(FORWARDS | RECEIPTS, min_size=1, max_size=2))
    def forwarded(self, batch: list[Message]) -> None:
        self._send(batch)

    @rule(batch=st.lists(PACKINGS, min_size=1, max_size=2))
    def packed(self, batch: list[Message]) -> None:
        self._send(batch)

    @rule(batch=st.lists(PRODUCTIONS | DESPATCHES | PACKINGS | FORWARDS, min_size=2, max_size=5))
    def all_at_once(self, batch: list[Message]) -> None:
        self._send(batch)

    @rule(place=st.integers(0, 30))
    def replayed(self, place: int) -> None:
        if self.sent:
            message, exchange = self.sent[place % len(self.sent)]
            self._send([message], [exchange])

    @rule(place=st.integers(0, 30))
    def withdrawn(self, place: int) -> None:
        if self.applications:
            with self.database.begin("test") as uow:
                withdraw(uow, self.applications[place % len(self.applications)], "wrong")

    @rule(joined=st.booleans())
    def joined(self, joined: bool) -> None:
        self.masters += 1
        self._send([("erp", item(gtin=GTIN if joined else None, revision=self.masters, supplier_items=[]))])
        renewed(self.database)

    @invariant()
    def the_closure_is_the_walk(self) -> None:
        if not hasattr(self, "database"):
            return
        assert wrong(self.database) == []
        with self.database.read() as connection:
            lots = {row.id: row.key for row in connection.execute(sa.select(tables.node).where(tables.node.c.kind == "lot"))}
            for lot, key in lots.items():
                shipments = {row.shipment for row in closure.recall_list(connection, [lot])}
                assert shipments == set(reached(connection, key, "down", "shipment"))
                made = closure.made_of(connection, [lot])
                assert sorted(lots[one] for one in made) == reached(connection, key, "down", "lot")
                above = {one for one in lots if lot in closure.made_of(connection, [one])}
                assert sorted(lots[one] for one in above) == reached(connection, key, "up", "lot")


@pytest.mark.hypothesis
@pytest.mark.slow
def test_any_story_leaves_the_closure_equal_to_the_walk(fresh: Any) -> None:
    class Told(Story):
        pass

    Told.fresh = staticmethod(fresh)
    told = settings(
        max_examples=examples(60),
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with packing_events():
        run_state_machine_as_test(Told, settings=told)


def test_rebuilt_it_is_the_same(database: Database) -> None:
    world = World(database)
    world.send(
        ("jiangnan_polymer", despatch()), ("wms", receipt()), ("mes", production()), ("wms", delivery()), ("erp", item()), ("erp", party())
    )
    renewed(database)

    def kept() -> tuple[Any, ...]:
        with database.read() as connection:
            pairs = connection.execute(sa.select(tables.lot_closure).order_by(*tables.lot_closure.primary_key)).all()
            return tuple(map(tuple, pairs)), lot_pages.rows(connection)

    before = kept()
    with database.begin("test") as uow:
        closure.rebuild(uow.connection)
    assert kept() == before and all(before)
    with database.read() as connection:
        assert recall_list_by_walk(connection, ids(database, "lot:jiangnan_polymer:JN-22|L1"))
