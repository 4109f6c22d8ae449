"""Another chance for a message: replay, correct, resend, copy; and the way out and back again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub import audit, content, exchange, outbound
from hub.explain import explain
from hub.runtime import Hub
from hub.site import RuleOverride
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


def two_lines(number: str, *, lot: str = "L2", gtin: str = GTIN, quantity: str = "12") -> list[str]:
    """A despatch advice with two lots, the second of which is as asked."""
    body = despatch(number)
    second = ["HL*4*2*I", f"LIN*2*UK*{gtin}", f"SN1*2*{quantity}*EA", f"REF*LT*{lot}", "DTM*036*20281231"]
    return [*body[:-1], *second, "CTT*4"]


def lots(hub: Hub) -> list[tuple[str, str]]:
    """Lots and quantities of what stands."""
    with hub.database.read() as connection:
        rows = connection.execute(
            sa.select(tables.line.c.lot, tables.line.c.quantity)
            .join(tables.application, tables.application.c.id == tables.line.c.application_id)
            .where(tables.application.c.standing)
        )
        return sorted((row.lot, str(row.quantity)) for row in rows)


def shown(hub: Hub, exchange_id: int) -> dict[str, object]:
    with hub.database.read() as connection:
        return evidence.show(connection, exchange_id)


def open_rules(hub: Hub, exchange_id: int) -> list[str]:
    return [row["rule"] for row in shown(hub, exchange_id)["findings"] if row["closed_at"] is None]  # type: ignore[attr-defined]


def candidates(hub: Hub) -> list[int]:
    """Exchanges whose facts may stand."""
    with hub.database.read() as connection:
        query = sa.select(tables.application.c.exchange_id).where(sa.not_(tables.application.c.retracted))
        return sorted(connection.execute(query).scalars())


def test_a_row_that_was_left_out_is_seen_and_recovered_in_its_own_place(hub: Hub) -> None:
    part = only(hub, take(hub, interchange(ACME, 1, two_lines("D1", quantity="1.5")), "acme").document_id)
    assert (state(hub, part), lots(hub)) == ("applied", [("L1", "24")])
    assert shown(hub, part)["rows_left_out"] == 1
    with hub.database.read() as connection:
        assert len(content.entity_of(hub, connection, part)["lines"]) == 1
        assert [line["lot"] for line in content.entity_of(hub, connection, part, whole=True)["lines"]] == ["L1", "L2"]
    (path,) = {row["place"]["path"] for row in shown(hub, part)["findings"] if row["severity"] == "error"}  # type: ignore[attr-defined]
    assert path == "lines[1].quantity"
    other = exchange.correct(hub, part, {"lines[0].lot": "L9"}, "ann", "a misprint in the first line")
    assert (lots(hub), shown(hub, other)["rows_left_out"]) == ([("L9", "24")], 1)
    assert open_rules(hub, part) == [] and open_rules(hub, other), "what is still wrong stands at the exchange that speaks"
    whole = exchange.correct(hub, other, {path: "12"}, "ann", "supplier counted again")
    assert (lots(hub), shown(hub, whole)["rows_left_out"]) == ([("L2", "12"), ("L9", "24")], 0)
    assert open_rules(hub, whole) == [] and candidates(hub) == [whole]
    assert [state(hub, one) for one in (part, other, whole)] == ["superseded", "superseded", "applied"]


def test_corrections_lie_over_one_another_whichever_exchange_is_named(hub: Hub) -> None:
    first = only(hub, take(hub, interchange(ACME, 1, despatch("D1")), "acme").document_id)
    second = exchange.correct(hub, first, {"lines[0].lot": "L8"}, "ann", "misread")
    third = exchange.correct(hub, first, {"lines[0].quantity": "20"}, "ann", "and miscounted")
    assert lots(hub) == [("L8", "20")]
    fourth = exchange.correct(hub, second, {"lines[0].lot": "L7"}, "ann", "misread again")
    assert lots(hub) == [("L7", "20")] and candidates(hub) == [fourth]
    fifth = exchange.replay(hub, first, "ira", "mapping mended")
    assert lots(hub) == [("L7", "20")], "a replay keeps the corrections"
    assert [state(hub, one) for one in (first, second, third, fourth, fifth)] == [*["superseded"] * 4, "applied"]
    with hub.database.read() as connection:
        line = content.entity_of(hub, connection, fifth)["lines"][0]
        assert (line["lot"], line["quantity"]) == ("L7", 20)
        assert content.entity_of(hub, connection, second)["lines"][0]["quantity"] == 24
        assert evidence.show(connection, fifth)["keys"]["fields"] == ["lines[0].lot", "lines[0].quantity"]
    sixth = exchange.replay(hub, third, "ira", "the corrections were wrong", drop_corrections=True)
    assert lots(hub) == [("L1", "24")] and candidates(hub) == [sixth] and state(hub, fifth) == "superseded"
    seventh = exchange.correct(hub, sixth, {"lines[0].lot": "L6"}, "ann", "right now")
    assert lots(hub) == [("L6", "24")] and shown(hub, seventh)["origin"] == first
    with hub.database.read() as connection:
        assert audit.verify_all(connection) == []


def test_what_was_refused_with_its_envelope_or_group_gets_no_other_chance(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    conflict = interchange(ACME, 1, despatch("D2"))
    nested = interchange(ACME, 2, despatch("D3")) + conflict
    landing = take(hub, nested, "acme")
    with hub.database.read() as connection:
        good, refused = listing.exchanges_of_document(connection, landing.document_id)
    assert (good["state"], refused["state"]) == ("applied", "rejected")
    group = interchange(ACME, 3, despatch("D4")).replace(b"GE*1*3~", b"GE*2*3~")
    miscounted = only(hub, take(hub, group, "acme").document_id)
    stranger = interchange(ACME, 4, despatch("D5"), sender="NOBODY")
    unagreed = only(hub, take(hub, stranger, "acme").document_id)
    test = only(hub, take(hub, interchange(ACME, 5, despatch("D6")).replace(b"*0*P*", b"*0*T*"), "acme").document_id)
    assert [state(hub, one) for one in (miscounted, unagreed, test)] == ["rejected", "rejected", "checked"]
    before = lots(hub)
    for number, why in ((refused["id"], "refused"), (miscounted, "group"), (unagreed, "agreement"), (test, "test")):
        with pytest.raises(ConflictError, match=why):
            exchange.replay(hub, number, "ira", "once more")
        with pytest.raises(ConflictError, match=why):
            exchange.correct(hub, number, {"lines[0].lot": "L5"}, "ira", "once more")
    assert lots(hub) == before


def test_an_acknowledgement_is_not_replayed(hub: Hub) -> None:
    body = ["AK1*PO*77", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    landing = take(hub, interchange(ACME, 50, body, code="997", group="FA"), "acme")
    with pytest.raises(ConflictError, match="acknowledgement"):
        exchange.replay(hub, only(hub, landing.document_id), "ira", "again")


def test_a_replay_that_is_held_takes_back_what_waited(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    change = orders("4500000001").replace(b'"purpose": "new"', b'"purpose": "changed"').replace(GTIN.encode(), WRONG_GTIN.encode())
    strict = hub.site.agreements["orders_north"]
    lenient = strict.model_copy(update={"rules": {**strict.rules, "GS1-01": RuleOverride(severity="warning", action="none")}})
    with monkeypatch.context() as patched:
        patched.setattr(hub.site, "agreements", {**hub.site.agreements, "orders_north": lenient})
        waiting = only(hub, take(hub, change, "erp", key="k1", agreement="orders_north").document_id)
    assert state(hub, waiting) == "waiting" and candidates(hub) == [waiting]
    held = exchange.replay(hub, waiting, "ira", "stricter now")
    assert (state(hub, waiting), state(hub, held), candidates(hub)) == ("superseded", "quarantined", [])


def test_two_stewards_at_once_leave_one_live_end(hub: Hub) -> None:
    first = only(hub, take(hub, interchange(ACME, 1, despatch("D1")), "acme").document_id)
    fields = ({"lines[0].lot": "L8"}, {"lines[0].quantity": "20"})
    with ThreadPoolExecutor(2) as both:
        made = sorted(both.map(lambda one: exchange.correct(hub, first, one, "ann", "at the same time"), fields))
    assert lots(hub) == [("L8", "20")] and candidates(hub) == [made[1]]
    assert [state(hub, one) for one in (first, *made)] == ["superseded", "superseded", "applied"]


def test_explain_counts_the_rows_of_the_message_though_some_were_left_out(hub: Hub) -> None:
    body = despatch("D1", quantity="7")[:-1]
    body += ["HL*4*2*I", f"LIN*1*UK*{GTIN}", "SN1*1*24*EA", "REF*LT*L2", "CTT*4"]
    body[body.index("SN1*1*7*EA")] = "SN1*1*0*EA"  # QTY-01 leaves the first line out
    take(hub, interchange(ACME, 1, body), "acme")
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    (step,) = explain(hub, "order/4500000001/1", "despatched")["steps"]
    assert (step["canonical_path"], step["segment"], step["raw"]) == ("lines[1].quantity", "SN1", "24")


def test_what_is_corrected_in_one_row_is_not_cured_in_another(hub: Hub) -> None:
    """Two lines with units that no list knows: the right unit in the first says nothing of the second."""
    order = json.loads(orders("4500000001"))
    (line,) = order["orders"][0]["lines"]
    order["orders"][0]["lines"] = [{**line, "unit": "QQ1"}, {**line, "line": "2", "unit": "QQ2"}]
    taken = take(hub, json.dumps(order).encode(), "erp", key="k1", agreement="orders_north")
    held = only(hub, taken.document_id)
    assert state(hub, held) == "quarantined"
    with pytest.raises(ConflictError, match="QQ2"):
        exchange.correct(hub, held, {"lines[0].unit": "EA"}, "ann", "means pieces")
    new = exchange.correct(hub, held, {"lines[0].unit": "EA", "lines[1].unit": "EA"}, "ann", "both mean pieces")
    assert (state(hub, held), state(hub, new)) == ("superseded", "applied")
