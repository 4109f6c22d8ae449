"""Events through the whole walk: landed, read, checked, mapped, applied; captured once, declared wrong, and all of a document or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import audit, exchange, worker
from hub.apply.digest import stored_digest
from hub.runtime import Hub
from hub.store import event_tables, tables, visibility
from hub.trace.genealogy import reached, trace
from tests.connectors.formats.epcis.documents import COMMISSIONED, LOT, MADE, PACKED, SERIAL, UNIT, document, with_
from tests.hub.conftest import take

SAMPLES = Path(__file__).parents[2] / "samples" / "epcis"
SHIPPED: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-11-21T07:30:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "epcList": [UNIT],
    "action": "OBSERVE",
    "bizStep": "shipping",
    "bizTransactionList": [{"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:6926365000018:DN-5001"}],
    "destinationList": [{"type": "location", "destination": "https://id.gs1.org/414/7640123009998"}],
}
RECEIVED = with_(
    SHIPPED, eventTime="2026-11-21T19:00:00Z", eventTimeZoneOffset="+01:00", bizStep="receiving", destinationList=...,
    bizLocation={"id": "https://id.gs1.org/414/7640123009998"},
)  # fmt: skip
LOTTED = with_(COMMISSIONED, ilmd={"cbvmda:lotNumber": "F2611A"})


def states(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars())


def rules(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.finding.c.rule).order_by(tables.finding.c.id)).scalars())


def closed(hub: Hub) -> list[str | None]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.finding.c.closed_reason).order_by(tables.finding.c.id)).scalars())


def shown(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(event_tables.event.c.body).where(event_tables.event.c.shown).order_by(event_tables.event.c.id))
        return [json.loads(body) for body in rows.scalars()]


def edges(hub: Hub) -> set[tuple[str, str]]:
    src, dst = tables.node.alias(), tables.node.alias()
    with hub.database.read() as connection:
        rows = connection.execute(
            sa.select(src.c.key, dst.c.key).select_from(
                tables.edge.join(src, src.c.id == tables.edge.c.src).join(dst, dst.c.id == tables.edge.c.dst)
            )
        )
        return {(row[0], row[1]) for row in rows}


def declared(event: dict[str, Any], **more: Any) -> dict[str, Any]:
    return with_(event, errorDeclaration={"declarationTime": "2026-11-21T12:00:00Z", "reason": "did_not_occur"}, **more)


def test_all_samples_are_captured_with_their_events_and_found_by_their_things(hub: Hub) -> None:
    take(hub, (SAMPLES / "maker_events.jsonld").read_bytes(), "plant")
    take(hub, (SAMPLES / "repository_1_2.xml").read_bytes(), "plant")
    assert states(hub) == ["applied"] * 10
    assert {event["type"] for event in shown(hub)} == set(visibility.TYPES)
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.type == "AggregationEvent")).one()
        assert row.business_key.startswith("event/ni:///sha-256;") and row.keys == {"lots": ["F2611A"]}
        found = connection.execute(
            sa.select(event_tables.event.c.type, event_tables.event_thing.c.role)
            .join(event_tables.event_thing, event_tables.event_thing.c.event_id == event_tables.event.c.id)
            .join(tables.node, tables.node.c.id == event_tables.event_thing.c.node_id)
            .where(tables.node.c.key == "serial:06926365598003|S0001")
        ).all()
    assert {(kind, role) for kind, role in found} == {(1, visibility.EPC), (2, visibility.CHILD), (3, visibility.EPC)}


def test_events_are_traced_from_raw_material_to_the_hospital_and_meet_documents_by_number(hub: Hub) -> None:
    take(hub, document(MADE, LOTTED, PACKED, SHIPPED), "plant")
    take(hub, document(RECEIVED), "clinic")
    assert rules(hub) == []
    with hub.database.read() as connection:
        assert reached(connection, "07640123001237|R-88", "down", "location") == ["location:7640123009998"]
        back = {node["key"] for node in trace(connection, "serial:06926365598003|S0001", "up")["nodes"]}
    assert "lot:07640123001237|R-88" in back
    found = edges(hub)
    assert ("lot:06926365598003|F2611A", "serial:06926365598003|S0001") in found
    assert ("serial:06926365598003|S0001", "sscc:106926365000000015") in found
    assert ("sscc:106926365000000015", "shipment:plant:DN-5001") in found
    assert any(src == "sscc:106926365000000015" and dst.startswith("receipt:clinic:ni:///") for src, dst in found)


def test_what_was_taken_out_is_an_edge_of_its_own(hub: Hub) -> None:
    emptied = with_(PACKED, eventTime="2026-11-21T09:00:00+08:00", childEPCs=..., action="DELETE")
    take(hub, document(PACKED, with_(PACKED, eventTime="2026-11-20T10:00:00+08:00", action="DELETE"), emptied), "plant")
    with hub.database.read() as connection:
        kinds = connection.execute(sa.select(tables.edge.c.kind, tables.edge.c.src == tables.edge.c.dst)).all()
    assert sorted((kind, bool(own)) for kind, own in kinds) == [(1, False), (12, False), (12, True)]


@pytest.mark.parametrize("event_id", [None, "urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0001"])
def test_the_same_event_again_does_nothing(hub: Hub, event_id: str | None) -> None:
    event = with_(LOTTED, **({"eventID": event_id} if event_id else {}))
    take(hub, document(event), "plant", key="1")
    before = edges(hub)
    take(hub, document(event, PACKED, PACKED), "plant", key="2")
    assert states(hub) == ["applied", "superseded", "applied", "superseded"]
    assert rules(hub) == ["EVT-31", "EVT-31"]
    assert len(shown(hub)) == 2 and before < edges(hub)


def test_another_content_under_an_event_id_is_refused(hub: Hub) -> None:
    event = with_(LOTTED, eventID="urn:uuid:1")
    take(hub, document(event), "plant", key="1")
    take(hub, document(with_(event, disposition="active"), PACKED), "plant", key="2")
    assert states(hub) == ["applied", "rejected", "rejected"]
    assert rules(hub) == ["EVT-32", "EVT-34"]
    take(hub, document(event), "clinic", key="1")
    take(hub, document(with_(event, disposition="active"), PACKED), "clinic", key="2")
    assert states(hub)[3:] == ["applied", "quarantined", "applied"]


def test_one_wrong_event_refuses_its_document_unless_it_was_agreed_otherwise(hub: Hub) -> None:
    wrong = with_(COMMISSIONED, action="CREATE")
    take(hub, document(PACKED, wrong, LOTTED), "plant")
    assert states(hub) == ["rejected"] * 3 and shown(hub) == [] and sorted(rules(hub)) == ["EVT-09", "EVT-34"]
    take(hub, document(PACKED, wrong, LOTTED), "clinic")
    assert states(hub)[3:] == ["applied", "rejected", "applied"] and len(shown(hub)) == 2


def test_an_identifier_that_can_not_be_is_held(hub: Hub) -> None:
    wrong = with_(COMMISSIONED, epcList=["https://id.gs1.org/01/06926365598004/21/S1"])
    take(hub, document(wrong), "plant")
    assert states(hub) == ["quarantined"] and rules(hub) == ["EVT-25"]


@pytest.mark.parametrize("declared_first", [False, True])
@pytest.mark.parametrize("event_id", [{}, {"eventID": "urn:uuid:1"}])
def test_an_error_declaration_takes_the_effects_back_in_any_order(hub: Hub, declared_first: bool, event_id: dict[str, str]) -> None:
    event, wrong = with_(PACKED, **event_id), declared(PACKED, **event_id)
    take(hub, document(LOTTED), "plant", key="0")
    untouched = edges(hub)
    for number, one in enumerate((wrong, event) if declared_first else (event, wrong)):
        take(hub, document(one), "plant", key=f"{number + 1}")
    assert edges(hub) == untouched
    assert states(hub) == (["applied", "applied", "cancelled"] if declared_first else ["applied", "cancelled", "applied"])
    assert rules(hub) == (["EVT-33"] if declared_first else [])
    assert closed(hub) == (["the event has arrived"] if declared_first else [])
    assert len(shown(hub)) == 3, "both the event and its declaration are evidence, and shown"
    take(hub, document(wrong), "plant", key="3")
    assert states(hub)[3:] == ["superseded"] and edges(hub) == untouched


def test_a_withdrawn_declaration_lets_the_event_count_again(hub: Hub) -> None:
    take(hub, document(PACKED), "plant", key="1")
    before = edges(hub)
    take(hub, document(declared(PACKED)), "plant", key="2")
    assert edges(hub) == set()
    with hub.database.read() as connection:
        last = connection.execute(sa.select(sa.func.max(tables.application.c.id))).scalar_one()
    with hub.database.begin("steward") as uow:
        from hub.apply import withdraw

        withdraw(uow, last, "it did occur")
    assert edges(hub) == before and len(shown(hub)) == 1


def test_a_declaration_misses_its_event_until_it_arrives(hub: Hub) -> None:
    take(hub, document(declared(PACKED)), "plant", key="1")
    exchange.replay(hub, 1, "steward", "another look")
    assert rules(hub) == ["EVT-33", "EVT-33"] and closed(hub) == ["another look", None]
    take(hub, document(PACKED), "clinic", key="1")
    assert closed(hub)[1] is None, "it was another sender's event"
    take(hub, document(declared(LOTTED), LOTTED, PACKED), "plant", key="2")
    assert rules(hub) == ["EVT-33", "EVT-33"] and closed(hub)[1] == "the event has arrived"


def test_a_replay_shows_the_event_once(hub: Hub) -> None:
    take(hub, document(PACKED), "plant")
    before = edges(hub)
    exchange.replay(hub, 1, "steward", "another look")
    assert states(hub) == ["superseded", "applied"]
    assert len(shown(hub)) == 1 and edges(hub) == before


def test_a_document_too_large_to_hold_is_surveyed_first(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LARGE", 1000)
    events = [with_(COMMISSIONED, epcList=[f"{SERIAL}{number}"]) for number in range(20)]
    take(hub, document(*events, with_(COMMISSIONED, action="CREATE")), "plant", key="1")
    assert states(hub) == ["rejected"] * 21 and sorted(set(rules(hub))) == ["EVT-09", "EVT-34"]
    take(hub, document(*events), "plant", key="2")
    assert states(hub)[21:] == ["applied"] * 20 and len(shown(hub)) == 20


def test_quantities_too_large_for_the_store_are_held(hub: Hub) -> None:
    take(hub, document(with_(COMMISSIONED, epcList=..., quantityList=[{"epcClass": LOT, "quantity": 10**13}])), "plant")
    assert states(hub) == ["quarantined"] and rules(hub) == ["FACT-01"]


def test_the_audit_chain_covers_what_events_say(hub: Hub) -> None:
    take(hub, document(PACKED), "plant")
    with hub.database.begin("intruder") as uow:
        said = stored_digest(uow.connection, [1])
        uow.connection.execute(event_tables.event.update().values(body=json.dumps({**PACKED, "parentID": SERIAL})))
        assert stored_digest(uow.connection, [1]) != said
    with hub.database.read() as connection:
        assert audit.verify_all(connection) == []
