"""Lots, serial numbers and suppliers in the store: what they reach, and where its units are."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from data_contracts.errors import InvalidError, NotFoundError
from hub.recall.answered import Answer
from hub.recall.locate import Answers, locate
from hub.recall.scope import Scope, affected
from hub.reconcile import reconcile
from hub.store import tables
from hub.store.database import Database
from hub.trace.genealogy import trace
from tests.hub.recall.papers import event
from tests.hub.world import PLANT, World, at, delivery, despatch, item, party, production, receipt, stock

D = Decimal
RAW, FINISHED = "lot:jiangnan_polymer:JN-22|L1", "lot:06901234000029|F1"
CLINIC = "4012345000023"


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("erp", item()), ("erp", party()))
    made.send(("jiangnan_polymer", despatch()), ("wms", receipt()), ("mes", production()), ("wms", delivery()))
    renewed(made)
    return made


def renewed(world: World) -> None:
    with world.database.begin("test") as uow:
        reconcile(uow)


def found(world: World, scope: Scope, answers: Answers | None = None) -> dict[str, list[tuple[str, str, Decimal, str]]]:
    with world.database.read() as connection:
        located = locate(connection, affected(connection, scope), answers or {})
    return {one.lot.lot: [(at.where, at.holder, at.quantity, at.why) for at in one.account.positions] for one in located}


def test_a_component_lot_reaches_what_was_made_of_it(world: World) -> None:
    assert found(world, Scope(lots=(RAW,))) == {
        "L1": [("on_hand", PLANT, D(60), "by_documents"), ("used", PLANT, D(40), "consumed")],
        "F1": [("on_hand", PLANT, D(1), "by_documents"), ("shipped", CLINIC, D(1), "not_answered")],
    }


def test_a_count_takes_the_place_of_what_documents_leave_and_what_it_lacks_is_unknown(world: World) -> None:
    world.send(("wms", stock(PLANT, at(20), {"quantity": D(55)})))
    renewed(world)
    assert found(world, Scope(lots=(RAW,)))["L1"] == [
        ("on_hand", PLANT, D(55), "counted"),
        ("used", PLANT, D(40), "consumed"),
        ("unknown", "", D(5), "not_on_stock"),
    ]


def test_serial_numbers_narrow_their_lot_to_themselves(world: World) -> None:
    assert found(world, Scope(serials=("06901234000029|S1",))) == {"F1": [("shipped", CLINIC, D(1), "not_answered")]}
    assert found(world, Scope(serials=("06901234000029|S1..S2",))) == {
        "F1": [("on_hand", PLANT, D(1), "by_documents"), ("shipped", CLINIC, D(1), "not_answered")]
    }


def test_a_supplier_reaches_every_lot_that_it_sent_in_the_period(world: World) -> None:
    assert set(found(world, Scope(supplier="jiangnan_polymer"))) == {"L1", "F1"}
    with pytest.raises(NotFoundError):
        found(world, Scope(supplier="jiangnan_polymer", since=at(11)))
    assert set(found(world, Scope(supplier="jiangnan_polymer", since=at(10), until=at(10)))) == {"L1", "F1"}


def test_a_supplier_reaches_the_lots_that_only_events_tell(world: World) -> None:
    unit = "https://id.gs1.org/00/069012345000000024"
    lots = {"child_quantities": [{"epc_class": "https://id.gs1.org/01/06901234500106/10/L7", "quantity": D(3)}]}
    packed = event("a1", action="ADD", biz_step="packing", parent=unit, **lots) | {"entity": "AggregationEvent"}
    sent = event("s1", biz_step="shipping", epcs=[unit], occurred_at=at(16))
    world.send(("jiangnan_polymer", packed), ("jiangnan_polymer", sent))
    assert "L7" in found(world, Scope(supplier="jiangnan_polymer"))
    assert "L7" not in found(world, Scope(supplier="jiangnan_polymer", until=at(15)))
    assert "L1" not in found(world, Scope(supplier="jiangnan_polymer", since=at(16)))


def test_an_answer_of_a_consignee_counts_for_its_place_and_lot(world: World) -> None:
    assert found(world, Scope(lots=(FINISHED,)), {(CLINIC, FINISHED, "EA"): Answer(used=D(1))})["F1"] == [
        ("on_hand", PLANT, D(1), "by_documents"),
        ("used", CLINIC, D(1), "answered"),
    ]


@pytest.mark.parametrize("serials", ["06901234000029", "06901234000029|S2..S1", "06901234000029|S1..S10"])
def test_a_serial_number_that_is_none_is_refused(world: World, serials: str) -> None:
    with pytest.raises(InvalidError):
        found(world, Scope(serials=(serials,)))


def test_what_is_not_known_is_said(world: World) -> None:
    for scope in (Scope(lots=("lot:x|y",)), Scope(serials=("06901234000029|S9",)), Scope(supplier="nobody")):
        with pytest.raises(NotFoundError):
            found(world, scope)
    with pytest.raises(InvalidError):
        found(world, Scope())


def test_a_scope_is_kept_as_it_was_said() -> None:
    scope = Scope(("a",), ("b",), "c", at(1), at(2))
    assert Scope.from_json(scope.as_json()) == scope


def inside(connection: sa.Connection, key: str) -> set[str]:
    """Lots that stand next to a thing: above a carton, despatch, receipt or unit; below a production event."""
    if key.startswith("production:"):
        return {node["key"] for node in trace(connection, key, "down")["nodes"] if node["kind"] == "lot"}
    edges = trace(connection, key, "up")["edges"]
    found, things = set[str](), {key}
    for _ in edges:
        for edge in edges:
            if edge["to"] in things:
                (found if edge["from"].startswith("lot:") else things).add(edge["from"])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "(01)06901234000029(10)F1(21)S1",
        "https://id.gs1.org/01/06901234000029/10/F1/21/S1",
        "06901234000029|S1",
        "(00)069012340000000025",
        "shipment:wms:D1",
        "production:mes:PE1",
    ],
)
def test_whatever_a_label_says_means_the_lot_on_it_and_a_carton_what_is_in_it(world: World, text: str) -> None:
    with world.database.read() as connection:
        (only,) = affected(connection, Scope(lots=(text,))).lots
    assert (only.lot, only.named, only.serials) == ("F1", True, frozenset())


def test_a_thing_in_which_no_lot_is_known_opens_no_recall(world: World) -> None:
    world.send(("wms", delivery("D9", lines=[{"line": "1", "gtin": "06901234000029", "serials": ["S77"], "quantity": D(1), "@": 2}])))
    for text in ("06901234000029|S77", "shipment:wms:D9", f"location:{PLANT}"):
        with pytest.raises(InvalidError):
            found(world, Scope(lots=(text,)))


def test_a_unit_reaches_the_lots_into_which_it_was_built(world: World) -> None:
    used = [{"line": "1", "gtin": "06901234000029", "lot": "F1", "serials": ["S2"], "quantity": D(1), "unit": "EA", "@": 2}]
    made = [{"line": "1", "gtin": "06901234000036", "lot": "KIT1", "quantity": D(1), "unit": "EA", "@": 2}]
    sent = [{"line": "1", "gtin": "06901234000036", "lot": "KIT1", "quantity": D(1), "unit": "EA", "@": 2}]
    world.send(("mes", production("PE2", inputs=used, outputs=made)), ("wms", delivery("D2", lines=sent)))
    renewed(world)
    reached = found(world, Scope(serials=("06901234000029|S2",)))
    assert reached["KIT1"] == [("shipped", CLINIC, D(1), "not_answered")]
    assert [row[0] for row in reached["F1"]] == ["used"]
    assert set(found(world, Scope(serials=("06901234000029|S1",)))) == {"F1"}


def test_a_lot_that_is_affected_as_a_whole_is_not_narrowed_by_its_units(world: World) -> None:
    with world.database.read() as connection:
        (only,) = affected(connection, Scope(lots=(FINISHED,), serials=("06901234000029|S1",))).lots
    assert only.serials == frozenset()


def test_a_range_tells_what_of_it_is_unknown(world: World) -> None:
    with world.database.read() as connection:
        assert affected(connection, Scope(serials=("6901234000029|S1..S5",))).unknown == ["6901234000029|S3..S5"]
        assert affected(connection, Scope(serials=("6901234000029|S0..S2",))).unknown == ["6901234000029|S0"]
        (lot,) = affected(connection, Scope(serials=("6901234000029|S0..S9",))).lots
    assert lot.serials == {"S1", "S2"}


def test_a_running_number_is_compared_as_a_number_whatever_stands_around_it(world: World) -> None:
    made = [{"line": "1", "gtin": "06901234000029", "lot": "F8", "serials": ["A09X", "A10X", "B10X", "A1XX"], "quantity": D(4), "@": 2}]
    world.send(("mes", production("PE8", outputs=made)))
    with world.database.read() as connection:
        (lot,) = affected(connection, Scope(serials=("06901234000029|A09X..A11X",))).lots
        assert lot.serials == {"A09X", "A10X"}
        for text in ("A09X..B10X", "A9X..A10X", "A09X..A10Y", "AX..BX"):
            with pytest.raises(InvalidError):
                affected(connection, Scope(serials=(f"06901234000029|{text}",)))


def test_a_lot_is_found_by_every_name_of_its_item(world: World) -> None:
    with world.database.read() as connection:
        for text in ("RM-100|L1", "JN-22|L1"):
            assert [one.lot for one in affected(connection, Scope(lots=(text,))).lots if one.named] == ["L1"], text
        with pytest.raises(NotFoundError):
            affected(connection, Scope(lots=("RM-100|L9",)))


def test_what_only_another_organisation_speaks_of_is_not_known(world: World) -> None:
    with world.database.read() as connection:
        for scope in (Scope(lots=(FINISHED,)), Scope(serials=("06901234000029|S1..S2",)), Scope(supplier="jiangnan_polymer")):
            assert affected(connection, scope, [1]).lots
            with pytest.raises(NotFoundError):
                affected(connection, scope, [2])


@pytest.mark.parametrize("waiting", [False, True])
def test_what_a_recall_reaches_is_what_a_walk_finds(world: World, waiting: bool) -> None:
    used = [{"line": "1", "gtin": "06901234000029", "lot": "F1", "quantity": D(1), "unit": "EA", "@": 2}]
    made = [{"line": "1", "gtin": "06901234000029", "lot": "F2", "quantity": D(1), "unit": "EA", "@": 2}]
    world.send(("mes", production("PE2", inputs=used, outputs=made)), ("wms", delivery("D2", lines=made)))
    renewed(world)
    with world.database.begin("test") as uow:
        if waiting:  # the closure is still to be made anew
            uow.connection.execute(tables.stale.insert().values(kind="closure", key="all", organisation_id=0, marked=0))
    with world.database.read() as connection:
        things = [row.key for row in connection.execute(sa.select(tables.node)) if row.kind not in ("item", "location")]
        assert len(things) > 8
        for key in things:
            named = {key} if key.startswith("lot:") else inside(connection, key)
            reached = {lot for one in affected(connection, Scope(lots=(key,))).lots for lot in one.nodes.values()}
            walked = [trace(connection, lot, "down") for lot in named]
            assert reached == {node["key"] for one in walked for node in one["nodes"] if node["kind"] == "lot"}, key
        assert {one.lot for one in affected(connection, Scope(lots=(RAW,))).lots} == {"L1", "F1", "F2"}
