"""From a supplier's lot to the hospital, and back."""

from __future__ import annotations

import io
from datetime import UTC
from decimal import Decimal

import pytest
from rich.console import Console

from data_contracts.errors import ConflictError, NotFoundError
from hub.reconcile import reconcile
from hub.store.database import Database
from hub.store.views.called import Called
from hub.trace import rendering
from hub.trace.genealogy import reached, trace
from tests.hub.world import PLANT, World, at, delivery, despatch, item, party, production, receipt

RAW = "lot:jiangnan_polymer:JN-22|L1"


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("jiangnan_polymer", despatch()), ("wms", receipt()), ("mes", production()), ("wms", delivery()))
    return made


def renewed(world: World) -> None:
    with world.database.begin("test") as uow:
        reconcile(uow)


def test_a_raw_lot_goes_down_to_the_hospital_once_the_item_master_joins_its_names(world: World) -> None:
    renewed(world)
    with world.database.read() as connection:
        assert not reached(connection, RAW, "down", "serial")
    world.send(("erp", item()), ("erp", party()))
    renewed(world)
    with world.database.read() as connection:
        found = trace(connection, RAW, "down")
        back = trace(connection, "serial:06901234000029|S1", "up")
    keys = {node["key"]: node["depth"] for node in found["nodes"]}
    assert keys["lot:mes:RM-100|L1"] == 0
    assert keys["production:mes:PE1"] == 1
    assert keys["lot:06901234000029|F1"] == 2
    assert keys["serial:06901234000029|S1"] == 3
    assert keys["shipment:wms:D1"] == 4
    assert keys["location:4012345000023"] == 5
    assert "serial:06901234000029|S2" in keys
    assert RAW in {node["key"] for node in back["nodes"]}
    assert not found["truncated"]
    used = next(edge for edge in found["edges"] if edge["kind"] == "consuming")
    assert (used["from"], used["to"]) == ("lot:mes:RM-100|L1", "production:mes:PE1")
    assert (used["quantity"], used["unit"]) == (Decimal(40), "EA")
    said = next(document for document in found["documents"] if document["exchange"] in used["documents"])
    assert (said["partner"], said["kind"], said["number"], said["at"]) == ("mes", "production_event", "PE1", at(14).astimezone(UTC))


def test_the_table_says_how_much_is_where_and_where_despatches_went(world: World) -> None:
    bare = {"line": "1", "gtin": "06901234000029", "lot": "F1", "serials": ["S2"], "quantity": Decimal(1), "unit": "EA", "@": 2}
    world.send(("erp", item()), ("erp", party()), ("wms", delivery("D2", lines=[bare])))
    renewed(world)

    def lines(key: str) -> dict[str, tuple[str, str | None]]:
        with world.database.read() as connection:
            return {line.key: (line.quantity, line.place) for line in rendering.lines(trace(connection, key, "down"))}

    plant, hospital = f"location:{PLANT}", "location:4012345000023"
    assert lines(RAW) == lines(RAW) | {
        "production:mes:PE1": ("40 EA", plant),
        "receipt:wms:R1": ("100 EA", plant),
        "sscc:069012345000000017": ("100 EA", None),
        "shipment:jiangnan_polymer:SHP1": ("100 EA", plant),
        plant: ("100 EA", None),
        "shipment:wms:D1": ("1 EA", hospital),
        "shipment:wms:D2": ("1 EA", hospital),
        hospital: ("2 EA", None),
    }
    world.send(("wms", delivery("D3", lines=[bare | {"quantity": None, "unit": None, "serials": []}])))
    assert (lines("F1")[hospital], lines("F1")["shipment:wms:D3"]) == (("≥ 2 EA", None), ("", hospital)), "D3 does not say how many"
    assert lines("06901234000029|S2")[hospital] == ("1", None)
    with world.database.read() as connection:
        said = io.StringIO()
        Console(file=said, width=250).print(rendering.table(trace(connection, "F1", "down"), "zh-CN", {hospital: Called("H", "医院")}))
    (row,) = (line for line in said.getvalue().splitlines() if "shipment:wms:D2" in line)
    assert "地点" in said.getvalue().splitlines()[0] and row.split()[:5] == ["1", "发货", "shipment:wms:D2", "1", "EA"] and "医院" in row


def test_names_part_again_when_the_item_master_no_longer_joins_them(world: World) -> None:
    world.send(("erp", item()), ("erp", party()))
    renewed(world)
    world.send(("erp", item(revision=2, supplier_items=[])))
    renewed(world)
    with world.database.read() as connection:
        assert not reached(connection, RAW, "down", "production")
        assert reached(connection, "lot:wms:RM-100|L1", "down", "production") == ["production:mes:PE1"]


def test_lots_of_two_packaging_levels_are_one(world: World) -> None:
    levels = [
        {"gtin": "06901234000029", "unit": "EA", "quantity": Decimal(1)},
        {"gtin": "16901234000026", "unit": "CS", "quantity": Decimal(10)},
    ]
    world.send(("erp", item("FG-1", gtin="06901234000029", trade_items=levels, supplier_items=[])))
    cased = [{"line": "1", "gtin": "16901234000026", "lot": "F1", "quantity": Decimal(1), "unit": "CS", "@": 2}]
    world.send(("wms", delivery("D2", lines=cased)))
    renewed(world)
    with world.database.read() as connection:
        assert reached(connection, "06901234000029|F1", "down", "shipment") == ["shipment:wms:D1", "shipment:wms:D2"]


def test_both_directions_at_once_have_the_start_in_the_middle(world: World) -> None:
    with world.database.read() as connection:
        found = trace(connection, "F1", "both")
    depths = {node["key"]: node["depth"] for node in found["nodes"]}
    assert found["nodes"][0] == {"key": "lot:06901234000029|F1", "kind": "lot", "depth": 0}
    assert (depths["production:mes:PE1"], depths["lot:mes:RM-100|L1"], depths["serial:06901234000029|S1"]) == (-1, -2, 1)


def test_what_people_write_is_understood(world: World) -> None:
    with world.database.read() as connection:
        assert trace(connection, "06901234000029|F1", "up")["key"] == "lot:06901234000029|F1"
        assert trace(connection, "00069012345000000017", "up")["key"] == "sscc:069012345000000017"
        assert trace(connection, "S2", "up")["key"] == "serial:06901234000029|S2"
        assert trace(connection, "D1", "up")["key"] == "shipment:wms:D1"
        with pytest.raises(ConflictError, match="L1 means several"):
            trace(connection, "L1")
        with pytest.raises(NotFoundError):
            trace(connection, "NOPE")
        with pytest.raises(NotFoundError):
            trace(connection, "%")
    world.send(("erp", item()), ("erp", party()))
    renewed(world)
    with world.database.read() as connection:
        assert trace(connection, "L1")["nodes"]


def test_a_long_walk_is_cut_and_says_so(world: World) -> None:
    with world.database.read() as connection:
        found = trace(connection, "F1", "down", limit=3)
    assert found["truncated"] and len(found["nodes"]) <= 3


def test_a_cancelled_despatch_is_not_part_of_the_walk(world: World) -> None:
    world.send(("wms", delivery(purpose="cancel", issued_at=at(19))))
    with world.database.read() as connection:
        assert reached(connection, "F1", "down", "location") == []


def test_a_name_that_nothing_stands_for_any_more_is_no_longer_joined(world: World) -> None:
    world.send(("erp", item()), ("erp", party()))
    renewed(world)
    world.send(("jiangnan_polymer", despatch(purpose="cancel", issued_at=at(11))))
    renewed(world)
    with world.database.read() as connection:
        assert [node["key"] for node in trace(connection, RAW, "both")["nodes"]] == [RAW]
        assert "production:mes:PE1" in {node["key"] for node in trace(connection, "lot:wms:RM-100|L1")["nodes"]}


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("said", ["000000000000004711", "0004711"])
def test_our_own_number_is_known_as_sap_pads_it(database: Database, said: str, early: bool) -> None:
    """A partner quotes our material with the zeros that SAP puts before it; our own system receives it without them."""
    world = World(database)
    quoted = {"lines": [{"line": "1", "buyer_item": said, "lot": "L9", "quantity": Decimal(100), "unit": "EA", "@": 2}]}
    received = {"lines": [{"line": "1", "item_code": "4711", "lot": "L9", "quantity": Decimal(100), "unit": "EA", "@": 2}]}
    stories = [("jiangnan_polymer", despatch(**quoted)), ("wms", receipt(**received))]
    master = [("erp", item("4711", supplier_items=[]))]
    world.send(*(master + stories if early else stories + master))
    renewed(world)
    with world.database.read() as connection:
        found = [
            {node["key"] for node in trace(connection, key, direction)["nodes"]}
            for key in (f"lot:~:{said}|L9", "lot:wms:4711|L9")
            for direction in ("up", "down")
        ]
    assert found[:2] == found[2:] and any(len(nodes) > 1 for nodes in found)
