"""Another chance for a message: replay, correct, resend, copy; and the way out and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub import audit, content, exchange, outbound
from hub.explain import explain
from hub.runtime import Hub
from hub.store import evidence, listing, tables
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, GTIN, WRONG_GTIN, despatch, found, interchange, orders


def only(hub: Hub, document_id: int) -> int:
    with hub.database.read() as connection:
        (row,) = listing.exchanges_of_document(connection, document_id)
    return int(row["id"])


def state(hub: Hub, exchange_id: int) -> str:
    with hub.database.read() as connection:
        return str(evidence.show(connection, exchange_id)["state"])


def test_a_held_message_is_corrected_beside_its_original(hub: Hub) -> None:
    held = only(hub, take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme").document_id)
    with pytest.raises(ConflictError, match="Check digit"):
        exchange.correct(hub, held, {"lines[0].gtin": "06901234000025"}, "ann", "still wrong")
    with pytest.raises(ConflictError, match="reason"):
        exchange.correct(hub, held, {"lines[0].gtin": GTIN}, "ann", " ")
    with pytest.raises(ConflictError):
        exchange.correct(hub, held, {"lines[0].gtin": GTIN, "lines[0].sscc": "123"}, "ann", "mends one and breaks another")
    new = exchange.correct(hub, held, {"lines[0].gtin": GTIN}, "ann", "supplier confirmed by phone")
    assert (state(hub, held), state(hub, new)) == ("superseded", "applied")
    with hub.database.read() as connection:
        line = connection.execute(sa.select(tables.line)).one()
        assert (line.gtin, line.locator) == (GTIN, 9)
        assert content.entity_of(hub, connection, new)["lines"][0]["gtin"] == GTIN
        entry = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "exchange.corrected")).one()
        assert (entry.actor, entry.reason) == ("ann", "supplier confirmed by phone")
        assert [row["closed_by"] for row in evidence.findings_of(connection, tables.finding.c.exchange_id == held)] == ["ann"]
        assert audit.verify_all(connection) == []
        assert evidence.show(connection, held)["replays"][0]["id"] == new
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    explained = explain(hub, "order/4500000001/1", "despatched")
    (step,) = explained["steps"]
    assert (step["segment"], step["element"], step["raw"]) == ("SN1", 2, "24")


def test_a_replay_takes_the_place_of_the_first_outcome(hub: Hub) -> None:
    first = only(hub, take(hub, interchange(ACME, 1, despatch("D1")), "acme").document_id)
    before = _balances(hub)
    new = exchange.replay(hub, first, "ira", "mapping mended")
    assert (state(hub, first), state(hub, new)) == ("superseded", "applied")
    assert _balances(hub) == before
    with hub.database.read() as connection:
        standing = connection.execute(sa.select(tables.application.c.exchange_id).where(tables.application.c.standing)).scalars().all()
    assert list(standing) == [new]
    third = exchange.replay(hub, new, "ira", "once more")
    assert _balances(hub) == before and state(hub, third) == "applied"


def _balances(hub: Hub) -> list[tuple[object, ...]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.balance).where(tables.balance.c.quantity != 0))
        return sorted(tuple(row) for row in rows)


def test_an_order_goes_out_is_acknowledged_resent_and_copied(hub: Hub) -> None:
    source = take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    flow = hub.site.flows["orders_to_acme"]
    (sent,) = outbound.push(hub, flow)
    assert outbound.push(hub, flow) == [], "a fact is told once"
    outbound.send(hub)
    folder = Path(hub.settings.home) / "out" / "acme"
    (file,) = [path for path in folder.iterdir() if path.is_file()]
    order = file.read_bytes()
    assert [segment[3] for segment in found(order, "BEG")] == ["4500000001"]
    assert [segment[2:5] for segment in found(order, "PO1")] == [["24", "EA", "1.5"]]
    assert state(hub, sent) == "sent"
    set_number = found(order, "ST")[0][2]
    group = found(order, "GS")[0][6]
    body = [f"AK1*PO*{group}", f"AK2*850*{set_number}", "AK5*A", "AK9*A*1*1*1"]
    take(hub, interchange(ACME, 50, body, code="997", group="FA"), "acme")
    assert state(hub, sent) == "acknowledged"
    exchange.resend(hub, sent, "ira", "their disk broke")
    outbound.send(hub)
    assert file.read_bytes() == order
    copied = exchange.copy(hub, sent, "ira", "they ask for a new one")
    outbound.send(hub)
    files = [path for path in folder.iterdir() if path.is_file()]
    assert len(files) == 2 and copied != sent
    numbers = {found(path.read_bytes(), "ISA")[0][13] for path in files}
    assert len(numbers) == 2
    with pytest.raises(NotFoundError):
        exchange.copy(hub, only(hub, source.document_id), "ira", "not outbound")


def test_a_missing_and_a_negative_answer_are_found(hub: Hub) -> None:
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    take(hub, orders("4500000002"), "erp", key="k2", agreement="orders_north")
    first, second = outbound.push(hub, hub.site.flows["orders_to_acme"])
    assert outbound.watch(hub) == 0
    body = ["AK1*PO*2", "AK2*850*0001", "AK5*R*5", "AK9*R*1*1*0"]
    take(hub, interchange(ACME, 50, body, code="997", group="FA"), "acme")
    assert state(hub, second) == "failed"
    hub.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert outbound.watch(hub) == 1 and outbound.watch(hub) == 0
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding.c.exchange_id, tables.finding.c.rule).order_by(tables.finding.c.id)).all()
    assert [tuple(row) for row in rows] == [(second, "ACK-02"), (first, "ACK-01")]


def test_an_answer_to_nothing_of_ours_is_a_finding(hub: Hub) -> None:
    body = ["AK1*PO*77", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    landing = take(hub, interchange(ACME, 50, body, code="997", group="FA"), "acme")
    with hub.database.read() as connection:
        assert [
            row["rule"] for row in evidence.findings_of(connection, tables.finding.c.exchange_id == only(hub, landing.document_id))
        ] == ["ACK-03"]
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.acknowledgement)).scalar_one() == 0, (
            "a 997 is never answered"
        )


def test_what_cannot_be_written_is_said_and_not_sent(hub: Hub) -> None:
    take(hub, orders("45*0001"), "erp", key="k1", agreement="orders_north")
    (failed,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    assert state(hub, failed) == "failed" and outbound.send(hub) == 0
    with hub.database.read() as connection:
        (said,) = evidence.findings_of(connection, tables.finding.c.exchange_id == failed)
    assert "*" in said["message"] and said["severity"] == "error"
