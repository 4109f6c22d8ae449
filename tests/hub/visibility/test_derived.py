"""Business documents are events too: what they say of things, places and papers, as long as they stand."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.formats.epcis.json_reading import event_of
from connectors.formats.epcis.writing import Results
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.identifiers.check_digit import check_digit
from hub.reconcile import reconcile
from hub.store import event_views, tables
from hub.store.database import Database
from hub.store.lots import Sight
from hub.visibility.answers import Shown, answer, as_json, as_xml, is_class, uri_of
from hub.visibility.project import mark_all, project
from hub.visibility.question import read_question
from tests.hub.world import KEYS, PLANT, World, at, delivery, despatch, despatch_line, production, receipt, receipt_line


class RightWorld(World):
    """The small world, with right check digits in what its messages state."""

    def send(self, *messages: Any, **more: Any) -> Any:
        return super().send(*((partner, right(entity)) for partner, entity in messages), **more)


@pytest.fixture
def world(database: Database) -> World:
    return RightWorld(database)


def right(value: Any) -> Any:
    """The same with right check digits; a text that begins with ! stays as it is behind that."""
    if isinstance(value, dict):
        return {name: right(one) for name, one in value.items()}
    if isinstance(value, list):
        return [right(one) for one in value]
    if isinstance(value, str) and value.startswith("!"):
        return value[1:]
    return value[:-1] + check_digit(value[:-1]) if isinstance(value, str) and len(value) in (13, 14, 18) and value.isdigit() else value


CARTON = f"https://id.gs1.org/00/{right('069012345000000017')}"
SITE = f"https://id.gs1.org/414/{right(PLANT)}"
SCREW = right("06901234000029")
MINE = "urn:udihub:node:lot%3Ajiangnan_polymer%3AJN-22%7CL1"


def derive(world: World) -> None:
    with world.database.begin("test") as uow:
        reconcile(uow, derive=project)


def found(world: World, sight: Sight = Sight(), **parameters: Any) -> list[dict[str, Any]]:  # noqa: B008 - frozen
    """Shown events that answer, in the order in which they were derived."""
    with world.database.read() as connection:
        page = answer(connection, sight, read_question({"orderBy": "recordTime", "orderDirection": "ASC", **parameters}), None, 100)
    require_right(page.events)
    return [event_of(one.body) for one in page.events]


def require_right(events: tuple[Shown, ...]) -> None:
    """What we tell others of ourselves passes our own checks, in both syntaxes."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for content in (as_json(events, now, Results("q"), "Never_Translates"), as_xml(events, now, Results("q"), "Never_Translates")):
        for event in format_named("epcis").read(io.BytesIO(content), STRICT):
            assert event.message is None or not event.message.findings, event.message.findings


def test_a_despatch_packs_its_cartons_and_ships_them(world: World) -> None:
    lines = [despatch_line(), despatch_line("L2", 50, parent_sscc="069012345000000024"), despatch_line("L3", 7, sscc=None)]
    lines[1]["sscc"] = "069012345000000031"
    world.send(("jiangnan_polymer", despatch(lines=lines, supplier={"gln": "6901234500017"}, ship_from={"code": "DOCK-4"})))
    derive(world)
    first, second, nested, shipped = found(world)
    assert (first["entity"], first["biz_step"], first["action"], first["parent"]) == ("AggregationEvent", "packing", "ADD", CARTON)
    assert first["child_quantities"] == [{"epc_class": MINE, "quantity": Decimal(100)}]
    assert nested["child_epcs"] == [second["parent"]] and nested["parent"] == f"https://id.gs1.org/00/{right('069012345000000024')}"
    assert (shipped["entity"], shipped["biz_step"], shipped["disposition"]) == ("ObjectEvent", "shipping", "in_transit")
    assert shipped["epcs"] == [CARTON, nested["parent"]] and [row["quantity"] for row in shipped["quantities"]] == [Decimal(7)]
    assert shipped["destinations"] == [{"type": "location", "id": SITE}]
    assert shipped["read_point"] == "urn:udihub:node:location%3Ajiangnan_polymer%3ADOCK-4"
    assert (shipped["occurred_at"], shipped["time_zone_offset"]) == (at(10), "+08:00")
    papers = {(row.get("type"), row["id"]) for row in shipped["business_transactions"]}
    assert ("desadv", f"urn:epcglobal:cbv:bt:{right('6901234500017')}:SHP1") in papers
    assert ("po", "urn:udihub:document:purchase_order:jiangnan_polymer:4500000123") in papers
    assert shipped["extensions"]["{urn:udihub:}exchange"] == world.exchanges[0]


def test_a_receipt_receives_and_sets_apart_what_it_rejects(world: World) -> None:
    world.send(("wms", receipt(lines=[receipt_line(rejected_quantity=Decimal("2.5"), unit="KG")])))
    derive(world)
    received, rejected = found(world)
    assert (received["biz_step"], received["biz_location"], received["read_point"]) == ("receiving", SITE, SITE)
    assert received["quantities"][0] | {"epc_class": ""} == {"epc_class": "", "quantity": Decimal("97.5"), "unit": "KGM"}
    assert (rejected["disposition"], rejected["quantities"][0]["quantity"]) == ("non_sellable_other", Decimal("2.5"))
    assert {row.get("type") for row in received["business_transactions"]} == {"recadv", "desadv", "po"}


def test_production_is_a_transformation_and_a_movement_has_a_direction(world: World) -> None:
    moved = {
        "entity": "InventoryMovement", "number": "M1", "issued_at": at(15), "location": {"gln": PLANT}, "@": 1,
        "lines": [
            {"line": "1", "gtin": "06901234000029", "lot": "F1", "quantity": Decimal(-3), "unit": "EA", "reason": "551", "@": 2},
            {"line": "2", "gtin": "06901234000029", "lot": "F2", "quantity": Decimal(4), "unit": "EA", "@": 3},
        ],
    }  # fmt: skip
    world.send(("mes", production()), ("wms", moved))
    derive(world)
    made, came, left = found(world)
    assert made["entity"] == "TransformationEvent" and made["biz_step"] == "commissioning"
    assert [row["quantity"] for row in made["input_quantities"]] == [Decimal(40)]
    assert made["output_epcs"] == [f"https://id.gs1.org/01/{SCREW}/21/{serial}" for serial in ("S1", "S2")]
    assert made["ilmd"] == {"{urn:epcglobal:cbv:mda}lotNumber": "F1"}
    assert (came["extensions"]["{urn:udihub:}direction"], set(came["quantities"][0])) == ("in", {"epc_class", "quantity"})
    assert left["extensions"]["{urn:udihub:}direction"] == "out" and left["quantities"][0]["quantity"] == Decimal(3)


def test_they_answer_the_same_questions_as_captured_ones(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()), ("wms", receipt(lines=[receipt_line(sscc="069012345000000017")])), ("wms", delivery()))
    derive(world)
    assert [event["biz_step"] for event in found(world, MATCH_anyEPC=[CARTON])] == ["packing", "shipping", "receiving"]
    assert len(found(world, MATCH_anyEPCClass=[MINE])) == 1 and is_class(MINE)
    assert len(found(world, MATCH_epc=["urn:epc:idpat:sgtin:6901234.000002.*"])) == 1
    assert len(found(world, EQ_bizStep=["receiving"], EQ_bizLocation=[SITE])) == 1
    own = Sight(frozenset((1,)), KEYS["jiangnan_polymer"])
    assert {event["biz_step"] for event in found(world, own)} == {"packing", "shipping"}
    with world.database.read() as connection:
        known = {uri_of(key) for _, key in event_views.things(connection, Sight(), 0, 100)[0]}
    assert known == {CARTON, f"https://id.gs1.org/00/{right('069012340000000025')}", f"https://id.gs1.org/01/{SCREW}/21/S1"}


@pytest.mark.parametrize("looked_at", [1, 2, 3, 5])
@pytest.mark.parametrize("partner", [None, "jiangnan_polymer", "wms"])
def test_pages_of_things_leave_out_nothing(world: World, monkeypatch: pytest.MonkeyPatch, looked_at: int, partner: str | None) -> None:
    world.send(("jiangnan_polymer", despatch()), ("wms", receipt(lines=[receipt_line(sscc="069012345000000017")])), ("wms", delivery()))
    derive(world)
    sight = Sight(frozenset((1,)), KEYS[partner]) if partner else Sight()
    with world.database.read() as connection:
        whole = event_views.things(connection, sight, 0, 100)[0]
        monkeypatch.setattr(event_views, "_LOOKED_AT", looked_at)
        found: list[tuple[int, str]] = []
        after: int | None = 0
        while after is not None:
            page, after = event_views.things(connection, sight, after, 2)
            found += page
    assert found == whole and whole


def test_only_the_document_that_stands_has_events(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    derive(world)
    world.send(("jiangnan_polymer", despatch(lines=[despatch_line("L9", 9)], purpose="replace", issued_at=at(11))))
    derive(world)
    assert [event["child_quantities"][0]["quantity"] for event in found(world, eventType=["AggregationEvent"])] == [Decimal(9)]
    world.send(("jiangnan_polymer", despatch(purpose="cancel", issued_at=at(12), lines=[])))
    derive(world)
    assert found(world) == []


def test_what_stood_before_the_site_wanted_events_gets_its_events_once(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    with world.database.begin("test") as uow:
        reconcile(uow)
    assert found(world) == []
    for _ in range(2):
        with world.database.begin("test") as uow:
            assert mark_all(uow) == 1
        derive(world)
        assert len(found(world)) == 2
    with world.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.stale)).scalar_one() == 0


def test_identifiers_that_are_none_get_names_of_our_own(world: World) -> None:
    wrong = despatch_line(gtin="!06901234000028", sscc="!069012345000000018", lot="a lot with spaces and more than twenty")
    world.send(("jiangnan_polymer", despatch(lines=[wrong], ship_to={"name": "somewhere"})))
    derive(world)
    packed, shipped = found(world)
    assert packed["parent"].startswith("urn:udihub:node:sscc%3A") and packed["parent"] == shipped["epcs"][0]
    assert packed["child_quantities"][0]["epc_class"].startswith("urn:udihub:node:lot%3A06901234000028%7Ca%20lot")
    assert len(found(world, MATCH_anyEPC=[packed["parent"]])) == 2
