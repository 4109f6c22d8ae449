from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Finding, Place
from hub.clock import FrozenClock
from hub.store import blobs, bulk, evidence, identity, outbox
from hub.store.database import Database
from hub.store.envelopes import Registration, register
from hub.store.inbox import Delivery, land
from hub.store.tables import acknowledgement, exchange, exchange_history, finding


def add_exchange(database: Database, **more: Any) -> int:
    with database.begin("worker") as uow:
        (number,) = identity.allocate(uow.connection, "exchange", 1)
        row = {
            "id": number, "ordinal": 1, "direction": "in", "organisation_id": 1, "partner_id": 2, "format": "x12", "type": "856",
            "control": "0001", "business_key": "despatch_advice/S1", "keys": {"orders": ["4500000123"]}, "state": "applied",
            "recorded_at": uow.now, "changed_at": uow.now, **more,
        }  # fmt: skip
        bulk.insert(uow.connection, exchange, list(row), [list(row.values())])
        bulk.insert(
            uow.connection,
            exchange_history,
            ("exchange_id", "at", "state", "actor", "reason"),
            [(number, uow.now, "applied", "worker", None)],
        )
    return number


def test_the_whole_story_of_an_exchange(house: Database, clock: FrozenClock) -> None:
    with house.begin("jiangnan") as uow:
        document_id = land(uow, Delivery(1, 2, "http", "k", b"ISA")).document_id
        interchange_id = register(uow, Registration(document_id, 1, "ZZ:JN", "ZZ:NM", "000000001", b"1" * 32)).interchange_id
    number = add_exchange(house, document_id=document_id, interchange_id=interchange_id)
    replay = add_exchange(house, origin_id=number, reason="map mended")
    clock.advance(60)
    with house.begin("steward") as uow:
        place = Place(segment="LIN", position=14, element=3)
        evidence.add_findings(uow, [evidence.Found(Finding("DUP-01", place, "a", "b" * 500, params={"key": "k"}), exchange_id=number)])
        evidence.transition(uow, [number], "superseded", "replayed")
        sha256, _ = blobs.keep(uow.connection, uow.home, b"ST*997")
        out = outbox.put(uow, outbox.Parcel("ack/1", 1, 2, "acknowledgement", {"use": "response"}, "a", "b", sha256))
        bulk.insert(
            uow.connection,
            acknowledgement,
            ("id", "document_id", "interchange_id", "kind", "verdict", "sha256", "outbox_id", "recorded_at"),
            [(1, document_id, interchange_id, "997", "accepted", sha256, out, uow.now)],
        )
    with house.read() as connection:
        story = evidence.show(connection, number, "zh-CN")
    assert (story["id"], story["partner"], story["type"], story["control"]) == (number, "jiangnan_polymer", "856", "0001")
    assert (story["state"], story["reason"], story["keys"]) == ("superseded", "replayed", {"orders": ["4500000123"]})
    assert [(step["state"], step["actor"], step["reason"]) for step in story["history"]] == [
        ("applied", "worker", None),
        ("superseded", "steward", "replayed"),
    ]
    assert story["history"][1]["at"] == "2026-11-22T08:01:00+00:00"
    (found,) = story["findings"]
    assert (found["rule"], found["severity"], found["place"]["segment"], found["place"]["element"]) == ("DUP-01", "error", "LIN", 3)
    assert "投递 k" in found["message"]
    assert len(found["got"]) == 200
    (answer,) = story["acknowledgements"]
    assert (answer["kind"], answer["verdict"], answer["state"], answer["sha256"]) == ("997", "accepted", "held", sha256.hex())
    assert [other["id"] for other in story["replays"]] == [replay]
    with house.read() as connection:
        assert evidence.show(connection, replay)["origin"] == number


def test_an_unknown_exchange_is_not_found(house: Database) -> None:
    with pytest.raises(NotFoundError), house.read() as connection:
        evidence.show(connection, 99)


def test_a_state_that_is_reached_already_writes_no_history(house: Database) -> None:
    numbers = [add_exchange(house), add_exchange(house)]
    for _ in range(2):
        with house.begin("steward") as uow:
            evidence.transition(uow, numbers, "quarantined", None)
    with house.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(exchange_history)).scalar_one() == 4


def test_a_finding_is_closed_once_by_somebody_with_a_reason(house: Database) -> None:
    with house.begin("worker") as uow:
        evidence.add_findings(uow, [evidence.Found(Finding("DUP-01"), organisation_id=1), evidence.Found(Finding("DOC-95"))])
    with house.read() as connection:
        numbers = list(connection.execute(sa.select(finding.c.id)).scalars())
    with house.begin("steward") as uow:
        assert evidence.close_findings(uow, numbers, "supplier called") == 2
    with house.begin("other") as uow:
        assert evidence.close_findings(uow, numbers, "again") == 0
    with house.read() as connection:
        closed = evidence.findings_of(connection, finding.c.id == numbers[0])[0]
        assert (closed["closed_by"], closed["closed_reason"]) == ("steward", "supplier called")


def test_findings_come_back_as_they_were(house: Database) -> None:
    given = Finding("DUP-01", Place(line=3, path="lines[2].gtin"), "甲\t", "乙\\", "025", "warning", "row", {"key": "\n"})
    with house.begin("worker") as uow:
        evidence.add_findings(uow, [evidence.Found(given)])
    with house.read() as connection:
        assert evidence.as_finding(connection.execute(sa.select(finding)).one()) == given
