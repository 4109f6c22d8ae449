"""Documents through the walk: what is applied, refused, held and answered, and that nothing stops anything else."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from hub import acknowledge, batch, outbound, slices, worker
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import claims, documents, evidence, listing, tables
from hub.store.unit_of_work import UnitOfWork
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, despatch, found, interchange, orders, stock


def states(hub: Hub, document_id: int) -> list[str]:
    with hub.database.read() as connection:
        return [row["state"] for row in listing.exchanges_of_document(connection, document_id)]


def rules(hub: Hub, document_id: int) -> list[str]:
    with hub.database.read() as connection:
        query = sa.select(tables.finding.c.rule).where(tables.finding.c.document_id == document_id, tables.finding.c.severity == "error")
        return list(connection.execute(query.order_by(tables.finding.c.id)).scalars())


def answer(hub: Hub, document_id: int) -> bytes:
    with hub.database.read() as connection:
        content = acknowledge.bytes_for(connection, hub.settings.home, document_id)
    assert content is not None
    return content


def count(hub: Hub, table: sa.Table, *conditions: Any) -> int:
    with hub.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one())


def test_a_good_despatch_advice_is_applied_and_accepted(hub: Hub) -> None:
    landing = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    assert states(hub, landing.document_id) == ["applied"]
    assert found(answer(hub, landing.document_id), "AK9") == [["AK9", "A", "1", "1", "1"]]
    assert count(hub, tables.line) == 1


def test_one_bad_set_leaves_the_good_ones(hub: Hub) -> None:
    landing = take(hub, interchange(ACME, 1, despatch("D1"), despatch("D2"), despatch("D3"), miscounted=1), "acme")
    assert states(hub, landing.document_id) == ["applied", "rejected", "applied"]
    content = answer(hub, landing.document_id)
    assert found(content, "AK9") == [["AK9", "P", "3", "3", "2"]]
    assert [segment[1:] for segment in found(content, "AK5")] == [["A"], ["R", "4"], ["A"]]


def test_wrong_content_is_accepted_by_syntax_and_held_for_a_steward(hub: Hub) -> None:
    landing = take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    assert states(hub, landing.document_id) == ["quarantined"]
    assert rules(hub, landing.document_id) == ["GS1-01"]
    assert found(answer(hub, landing.document_id), "AK9") == [["AK9", "A", "1", "1", "1"]]
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.finding).where(tables.finding.c.rule == "GS1-01")).one()
    assert (row.place["segment"], row.place["position"], row.place["element"]) == ("LIN", 10, 3)
    assert count(hub, tables.line) == 0


def test_the_same_bytes_again_are_answered_as_the_first_time(hub: Hub) -> None:
    content = interchange(ACME, 1, despatch("D1"))
    first = take(hub, content, "acme")
    again = take(hub, content, "acme")
    assert again.outcome == "repeat" and again.document_id == first.document_id
    by_another_way = take(hub, content, "acme", key="file-1")
    assert states(hub, by_another_way.document_id) == []
    assert answer(hub, by_another_way.document_id) == answer(hub, first.document_id)
    assert count(hub, tables.application) == 1


def test_a_used_control_number_with_other_bytes_is_refused_and_both_are_kept(hub: Hub) -> None:
    first = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    second = take(hub, interchange(ACME, 1, despatch("D2")), "acme")
    assert second.outcome == "conflict" and second.document_id != first.document_id
    assert [segment[4:] for segment in found(answer(hub, second.document_id), "TA1")] == [["R", "025"]]
    third = take(hub, interchange(ACME, 1, despatch("D3")), "acme", key="by-file")
    assert [segment[4:] for segment in found(answer(hub, third.document_id), "TA1")] == [["R", "025"]]
    assert "DUP-03" in rules(hub, third.document_id)
    with hub.database.read() as connection:
        for landing, number in ((first, b"D1"), (second, b"D2"), (third, b"D3")):
            assert number in documents.content(connection, hub.settings.home, landing.document_id)
    assert count(hub, tables.application) == 1


@pytest.mark.parametrize("again", ["D1", "D2"])
def test_a_control_number_is_free_again_after_the_agreements_window(hub: Hub, clock: FrozenClock, again: str) -> None:
    first = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    clock.advance(395 * 86_400)
    assert take(hub, interchange(ACME, 1, despatch("D2")), "acme").outcome == "conflict"
    clock.advance(2 * 86_400)
    later = take(hub, interchange(ACME, 1, despatch(again)), "acme")
    assert (later.outcome, states(hub, later.document_id), rules(hub, later.document_id)) == ("new", ["applied"], [])
    assert later.document_id != first.document_id
    assert found(answer(hub, later.document_id), "AK9") == [["AK9", "A", "1", "1", "1"]]
    assert take(hub, interchange(ACME, 1, despatch(again)), "acme").document_id == later.document_id
    assert take(hub, interchange(ACME, 1, despatch("D3")), "acme").outcome == "conflict"
    by_file = take(hub, interchange(ACME, 1, despatch("D4")), "acme", key="by-file")
    assert "DUP-03" in rules(hub, by_file.document_id)


def test_the_envelope_of_another_partner_is_a_security_event(hub: Hub) -> None:
    landing = take(hub, interchange(BOREALIS, 1, despatch("D1")), "acme", key="k")
    assert rules(hub, landing.document_id) == ["SEC-01"]
    assert states(hub, landing.document_id) == ["rejected"]
    assert [segment[4:] for segment in found(answer(hub, landing.document_id), "TA1")] == [["R", "006"]]
    foreign = replace(ACME, receiver="NOBODY")
    landing = take(hub, interchange(foreign, 2, despatch("D1")), "acme", key="k2")
    assert rules(hub, landing.document_id) == ["SEC-02"]
    mended = take(hub, interchange(ACME, 2, despatch("D1")), "acme")
    assert states(hub, mended.document_id) == ["applied"], "a refused envelope does not use its number up"


def test_a_test_interchange_never_reaches_production_facts(hub: Hub) -> None:
    content = interchange(ACME, 1, despatch("D1")).replace(b"*0*P*", b"*0*T*")
    landing = take(hub, content, "acme")
    assert states(hub, landing.document_id) == ["checked"]
    assert found(answer(hub, landing.document_id), "AK9") == [["AK9", "A", "1", "1", "1"]]
    assert count(hub, tables.application) == 0


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "FED-01"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "FED-02"),
        (interchange(ACME, 1, despatch("D1"))[:400], "X12-I023"),
    ],
)
def test_unreadable_input_is_kept_with_a_clear_reason(hub: Hub, content: bytes, rule: str) -> None:
    landing = take(hub, content, "acme", key="k")
    assert rule in rules(hub, landing.document_id)
    with hub.database.read() as connection:
        assert documents.state_of(connection, landing.document_id) == "rejected"
        assert documents.content(connection, hub.settings.home, landing.document_id) == content
    after = take(hub, interchange(ACME, 2, despatch("D2")), "acme")
    assert states(hub, after.document_id) == ["applied"]


def test_a_feed_is_found_by_its_agreement(hub: Hub) -> None:
    landing = take(hub, stock(), "wms", key="k", agreement="stock_north")
    assert states(hub, landing.document_id) == ["applied"]
    assert count(hub, tables.balance) == 1


def test_a_document_in_slices_ends_like_one_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LARGE", 100)
    monkeypatch.setattr(slices, "MESSAGES", 2)
    sets = [despatch(f"D{number}") for number in range(7)]
    landing = take(hub, interchange(ACME, 1, *sets, miscounted=3), "acme")
    assert states(hub, landing.document_id) == ["applied"] * 3 + ["rejected"] + ["applied"] * 3
    assert found(answer(hub, landing.document_id), "AK9") == [["AK9", "P", "7", "7", "6"]]
    repeat = take(hub, interchange(ACME, 1, *sets, miscounted=3), "acme", key="again")
    assert states(hub, repeat.document_id) == [] and count(hub, tables.application) == 6


def test_a_slice_that_is_done_stays_done_when_the_worker_dies(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LARGE", 100)
    monkeypatch.setattr(slices, "MESSAGES", 2)
    sets = [despatch(f"D{number}") for number in range(5)]
    landing = take(hub, interchange(ACME, 1, *sets), "acme", process=False)
    real = slices._record_slice
    calls = []

    def die_at_the_second(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(slices, "_record_slice", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        worker.process(hub, claims.claim_documents(hub.database, 10, 0))
    assert states(hub, landing.document_id) == ["applied"] * 2
    monkeypatch.setattr(slices, "_record_slice", real)
    hub.clock.advance(worker.LEASE_SECONDS + 1)  # type: ignore[attr-defined]  # the dead worker's lease runs out
    worker.process(hub, claims.claim_documents(hub.database, 10, 60))
    assert states(hub, landing.document_id) == ["applied"] * 5
    assert found(answer(hub, landing.document_id), "AK9") == [["AK9", "A", "5", "5", "5"]]


def test_of_all_that_is_claimed_only_what_is_committed_together_is_held(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [interchange(ACME, number, despatch(f"D{number}")) for number in range(1, 9)]
    monkeypatch.setattr(worker, "HELD", 5 * len(papers[0]) + 9)
    monkeypatch.setattr(worker, "MESSAGES", 3)
    landings = [take(hub, paper, "acme", process=False) for paper in papers]
    real, held = batch.record, []

    def look(hub: Hub, uow: UnitOfWork, jobs: Sequence[batch.Job]) -> None:
        alive = [one for one in gc.get_objects() if type(one) is batch.Job]
        held.append((len(jobs), sum(bool(one.interchanges) for one in alive), sum(one.body is not None for one in alive)))
        real(hub, uow, list(jobs))

    monkeypatch.setattr(batch, "record", look)
    worker.drain(hub)
    assert held == [(3, 3, 2), (2, 2, 0), (3, 3, 0)], "recorded together, examined in memory, read and not examined yet"
    assert [states(hub, landing.document_id) for landing in landings] == [["applied"]] * 8


def test_an_old_claim_changes_nothing(hub: Hub) -> None:
    landing = take(hub, interchange(ACME, 1, despatch("D1")), "acme", process=False)
    old = claims.claim_documents(hub.database, 1, 0)
    new = claims.claim_documents(hub.database, 1, 60)
    worker.process(hub, new)
    worker.process(hub, old)
    assert states(hub, landing.document_id) == ["applied"]
    assert count(hub, tables.application) == 1


def test_what_is_shown_of_an_exchange(hub: Hub) -> None:
    landing = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    with hub.database.read() as connection:
        (row,) = listing.exchanges_of_document(connection, landing.document_id)
        shown = evidence.show(connection, row["id"])
        assert [one["id"] for one in listing.exchanges(connection, find="4500000001")] == [row["id"]]
        assert [one["id"] for one in listing.exchanges(connection, find="L1")] == [row["id"]]
        assert listing.exchanges(connection, find="450000000") == []
    assert row["acknowledgement"] == "accepted"
    assert shown["business_key"] == "despatch_advice/D1" and shown["keys"] == {"orders": ["4500000001"], "lots": ["L1"]}
    assert [step["state"] for step in shown["history"]] == ["applied"]


def test_a_document_that_breaks_the_machinery_stops_no_other(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = take(hub, interchange(ACME, 1, despatch("BAD")), "acme", process=False)
    good = take(hub, interchange(ACME, 2, despatch("GOOD")), "acme", process=False)
    real = batch.insert_exchanges

    def break_on_bad(uow: Any, rows: Any) -> Any:
        if any(row.entity is not None and row.entity["number"] == "BAD" for row in rows):
            raise ZeroDivisionError("a bug of ours")
        return real(uow, rows)

    monkeypatch.setattr(batch, "insert_exchanges", break_on_bad)
    failed = worker.process(hub, claims.claim_documents(hub.database, 10, 60))
    assert list(failed) == [bad.document_id]
    assert states(hub, good.document_id) == ["applied"]
    assert claims.claim_documents(hub.database, 10, 60) == [], "it rests for a minute"
    for _ in range(worker.ATTEMPTS):
        hub.clock.advance(worker.AGAIN_SECONDS + 1)  # type: ignore[attr-defined]
        with hub.database.begin("worker") as uow:
            claims.set_aside(uow, worker.ATTEMPTS)
        worker.process(hub, claims.claim_documents(hub.database, 10, 60))
    with hub.database.read() as connection:
        assert documents.state_of(connection, bad.document_id) == "quarantined"
    assert "DOC-95" in rules(hub, bad.document_id)


def test_every_configuration_that_was_used_is_kept_by_its_hash(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    take(hub, stock(), "wms", key="k", agreement="stock_north")
    with hub.database.read() as connection:
        kept = {row.hash: (row.kind, row.name) for row in connection.execute(sa.select(tables.configuration))}
        rows = connection.execute(sa.select(tables.exchange).order_by(tables.exchange.c.id)).all()
    assert [kept[row.grammar_hash] for row in rows] == [("grammar", "x12/856"), ("grammar", "json/wms_stock")]
    assert [kept[row.mapping_hash] for row in rows] == [("mapping", "x12/856"), ("mapping", "json/wms_stock")]
    assert [kept[row.agreement_hash] for row in rows] == [("agreement", "acme_in"), ("agreement", "stock_north")]


def test_a_mended_interchange_may_come_under_the_number_of_a_refused_one(hub: Hub) -> None:
    good = interchange(ACME, 1, despatch("D1"))
    refused = take(hub, good.replace(b"IEA*1*000000001", b"IEA*1*000000009"), "acme")
    assert states(hub, refused.document_id) == ["rejected"]
    mended = take(hub, good, "acme")
    assert (mended.outcome, states(hub, mended.document_id)) == ("new", ["applied"])
    other = take(hub, interchange(ACME, 1, despatch("D2")), "acme")
    assert other.outcome == "conflict" or "DUP-03" in rules(hub, other.document_id)
    assert count(hub, tables.application) == 1


def test_an_interchange_behind_a_repeated_one_is_not_lost(hub: Hub) -> None:
    first, second = interchange(ACME, 1, despatch("D1")), interchange(ACME, 2, despatch("D2"))
    take(hub, first, "acme")
    both = take(hub, first + second, "acme")
    assert states(hub, both.document_id) == ["applied"]
    assert take(hub, first + second, "acme").outcome == "repeat"
    assert count(hub, tables.application) == 2


def ta1(control: int, answered: int, code: str, note: str, flag: str = "P") -> bytes:
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ACME':<15}*ZZ*{'NORTH':<15}*261122*0800*U*00401*{control:09d}*0*{flag}*>"
    return f"{isa}~TA1*{answered:09d}*261122*0800*{code}*{note}~IEA*0*{control:09d}~".encode()


def sent_order(hub: Hub) -> int:
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    (number,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    outbound.send(hub)
    return number


def outgoing(hub: Hub, exchange_id: int) -> tuple[str, str]:
    with hub.database.read() as connection:
        shown = evidence.show(connection, exchange_id)
    return shown["state"], shown["acknowledgement"]


def test_a_received_ta1_closes_what_it_answers(hub: Hub) -> None:
    order = sent_order(hub)
    take(hub, ta1(70, 1, "A", "000"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited"), "an accepted envelope still waits for its 997"
    take(hub, ta1(71, 1, "R", "006", flag="T"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited"), "a test says nothing of production"
    take(hub, ta1(72, 1, "R", "006"), "acme")
    assert outgoing(hub, order) == ("failed", "rejected")
    unknown = take(hub, ta1(73, 77, "R", "006"), "acme")
    with hub.database.read() as connection:
        said = evidence.findings_of(connection, tables.finding.c.document_id == unknown.document_id)
    assert [row["rule"] for row in said] == ["ACK-03"]
    notes = b"".join(b"TA1*%09d*261122*0800*R*006~" % number for number in range(100, 125))
    many = take(hub, ta1(74, 77, "R", "006").replace(b"TA1*", notes + b"TA1*"), "acme")
    with hub.database.read() as connection:
        said = evidence.findings_of(connection, tables.finding.c.document_id == many.document_id)
    assert sorted(row["rule"] for row in said) == ["ACK-03"] * 20 + ["ACK-13"] and "6 more" in str(said)


def test_a_997_answers_only_its_own_pair_of_identities_and_no_test_closes_production(hub: Hub) -> None:
    order = sent_order(hub)
    body = ["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    elsewhere = replace(ACME, receiver="SOUTH")
    take(hub, interchange(elsewhere, 80, body, code="997", group="FA"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited")
    take(hub, interchange(ACME, 81, body, code="997", group="FA").replace(b"*0*P*", b"*0*T*"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited")
    take(hub, interchange(ACME, 82, ["AK1*SH*1", "AK9*A*1*1*1"], code="997", group="FA"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited"), "it speaks of another kind of group"
    take(hub, interchange(ACME, 83, body, code="997", group="FA"), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted")


@pytest.mark.parametrize(
    ("body", "noted"),
    [
        (["AK1*PO*1", "AK2*850*0001", "AK3*PO1*7**8", "AK4*3*355*7", "AK5*E*5", "AK9*E*1*1*1"], "E 5; PO1 segment 7 element 3: 7"),
        (["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*E*1*1*1*5"], "E 5"),
        (["AK1*PO*1", "AK9*E*1*1*1"], "E"),
    ],
)
def test_errors_noted_on_an_order_that_was_taken_are_told_until_it_is_taken_without(hub: Hub, body: list[str], noted: str) -> None:
    order = sent_order(hub)
    take(hub, interchange(ACME, 90, body, code="997", group="FA"), "acme")
    take(hub, interchange(ACME, 91, body, code="997", group="FA"), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted")
    open_ = sa.and_(tables.finding.c.exchange_id == order, tables.finding.c.closed_at.is_(None))
    with hub.database.read() as connection:
        told = [(row["rule"], row["severity"], row["expected"]) for row in evidence.findings_of(connection, open_)]
    assert told == [("ACK-12", "warning", noted)]
    take(hub, interchange(ACME, 92, ["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"], code="997", group="FA"), "acme")
    with hub.database.read() as connection:
        assert evidence.findings_of(connection, open_) == []


def test_identities_that_our_delimiters_cannot_carry_are_answered_in_the_senders_own(hub: Hub) -> None:
    content = interchange(ACME, 1, despatch("D1"), sender="AC*ME".replace("*", "/")).replace(b"*", b"|").replace(b"AC/ME", b"AC*ME")
    landing = take(hub, content, "acme", key="k")
    assert "SEC-01" in rules(hub, landing.document_id)
    assert b"AC*ME" in answer(hub, landing.document_id)
    strange = interchange(ACME, 2, despatch("D2")).replace(b"*ZZ*ACME  ", b"*ZZ*AC\xe9ME ")
    landing = take(hub, strange, "acme", key="k2")
    assert states(hub, landing.document_id) == ["rejected"]


def test_one_that_may_have_killed_its_worker_is_claimed_alone(hub: Hub) -> None:
    landings = [take(hub, interchange(ACME, number, despatch(f"D{number}")), "acme", process=False) for number in (1, 2, 3)]
    assert len(claims.claim_documents(hub.database, 10, 10)) == 3  # and the worker is killed
    hub.clock.advance(11)  # type: ignore[attr-defined]
    (again,) = claims.claim_documents(hub.database, 10, 10)
    assert again.document_id == landings[0].document_id
    worker.process(hub, [again])
    worker.drain(hub)
    assert [states(hub, landing.document_id) for landing in landings] == [["applied"]] * 3
