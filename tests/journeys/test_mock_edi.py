"""A live partner whose software is not ours: an order goes out and comes back confirmed, shipped and billed; then it misbehaves.

Each thing that mock-edi does wrong on demand ends in a named state of the hub: a discrepancy of the order line, a finding on the message,
an answer that is overdue, a document that is refused. What the hub answers must satisfy the partner's own validator.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub import exchange, outbound
from tests.journeys.mock_edi import SITE, MockPartner, Trade, order
from tests.journeys.server import Server

pytestmark = pytest.mark.slow
FULL = [(100, 100, 100, 100), (40, 40, 40, 40)]
TAKEN = ("acknowledged", "accepted")
PLACED = "4500000042"


@pytest.fixture
def trade(tmp_path: Path, database_url: str) -> Iterator[Trade]:
    opened = Trade.open(tmp_path, database_url)
    opened.mock.become("ACME", test=False)
    yield opened
    opened.close()


def test_an_order_is_confirmed_shipped_and_billed(trade: Trade) -> None:
    trade.place(PLACED)
    trade.talk()
    assert trade.sent() == [TAKEN]
    assert trade.states() == {"997": ["acknowledged"], "855": ["applied"], "856": ["applied"], "810": ["applied"]}
    assert trade.lines(PLACED) == FULL
    assert trade.answers() == [("997", "accepted")] * 3 and trade.findings() == [] and trade.discrepancies() == []
    assert (trade.untaken(), trade.remarked()) == (2, 1)
    assert trade.mock.ask("GET", "/_mock/unacknowledged") == [], "each of its documents has our 997"
    seen = trade.mock.ask("GET", f"/_mock/orders/{PLACED}/timeline")["events"]
    said = [(event["code"], finding) for event in seen for finding in event.get("findings") or ()]
    assert {code for code, _ in said} == {"850"} and "PP" in str(said), "its dictionary lacks one code of ours, and finds no other fault"


@dataclass(frozen=True)
class Ending:
    """Where a behaviour leaves the hub."""

    lines: list[tuple[int | None, ...]]
    sent: tuple[str, str] = TAKEN
    states: dict[str, list[str]] = field(default_factory=lambda: {"997": ["acknowledged"], **TRADED})
    findings: tuple[str, ...] = ()
    discrepancies: tuple[tuple[str, str], ...] = ()


TRADED = {"855": ["applied"], "856": ["applied"], "810": ["applied"]}
ENDINGS = {
    # It confirms and ships less, and gives its reason where an 855 has no place for one.
    "short-ship": Ending(
        [(100, 80, 80, 80), (40, 32, 32, 32)],
        findings=("X12-S07", "X12-S07"),
        discrepancies=(("ORD-17", "1"), ("ORD-17", "2")),
    ),
    "over-ship": Ending([(100, 100, 130, 130), (40, 40, 52, 52)], discrepancies=(("ORD-11", "1"), ("ORD-11", "2"))),
    "reject-line": Ending([(100, 100, 100, 100), (40, 0, None, None)], findings=("X12-S07",), discrepancies=(("ORD-17", "2"),)),
    "reject-all": Ending(
        [(100, 0, None, None), (40, 0, None, None)],
        states={"997": ["acknowledged"], "855": ["applied"]},
        findings=("X12-S07", "X12-S07"),
        discrepancies=(("ORD-17", "1"), ("ORD-17", "2")),
    ),
    # The second invoice stands in the place of the first: it counts once, and a finding says that it came twice.
    "duplicate-invoice": Ending(FULL, states={"997": ["acknowledged"], **TRADED, "810": ["superseded", "applied"]}, findings=("DUP-05",)),
    # 810, 856, 855: order does not matter.
    "out-of-order": Ending(FULL),
    # SE01 or UNT is one out in all that it says: refused by our 997 or CONTRL, nothing is applied.
    "corrupt": Ending(
        [(100, None, None, None), (40, None, None, None)],
        states={"997": ["acknowledged"], "855": ["rejected"], "856": ["rejected"], "810": ["rejected"]},
        findings=("X12-M04", "X12-M04", "X12-M04"),
    ),
    "reject-ack": Ending(
        [(100, None, None, None), (40, None, None, None)],
        sent=("failed", "rejected"),
        states={"997": ["acknowledged"]},
        findings=("ACK-02",),
    ),
    # It knows no REF*PP (order revision), and takes nothing that has a fault.
    "strict": Ending(
        [(100, None, None, None), (40, None, None, None)],
        sent=("failed", "rejected"),
        states={"997": ["acknowledged"]},
        findings=("ACK-02",),
    ),
    "no-invoice": Ending(
        [(100, 100, 100, None), (40, 40, 40, None)], states={"997": ["acknowledged"], "855": ["applied"], "856": ["applied"]}
    ),
}
AS_EDIFACT = {"997": "CONTRL", "855": "ORDRSP", "856": "DESADV", "810": "INVOIC"}
EDIFACT_FINDINGS = {
    # The reason of each line (FTX) stands behind its price, the count of an INVOIC (CNT) behind its totals.
    "short-ship": ("EDF-S15",) * 3,
    "reject-line": ("EDF-S15",) * 2,
    "reject-all": ("EDF-S15",) * 2,
    "over-ship": ("EDF-S15",),
    "out-of-order": ("EDF-S15",),
    "duplicate-invoice": ("EDF-S15", "DUP-05", "EDF-S15"),
    "corrupt": ("EDF-M29", "EDF-M29", "EDF-M29", "EDF-S15"),
}


@pytest.mark.parametrize("behaviour", sorted(ENDINGS))
def test_each_misbehaviour_ends_where_a_person_finds_it(trade: Trade, behaviour: str) -> None:
    wanted = ENDINGS[behaviour]
    trade.mock.become("ACME", behaviour=behaviour)
    misbehave(trade)
    assert trade.sent() == [wanted.sent]
    assert trade.states() == wanted.states
    assert trade.lines(PLACED) == wanted.lines
    assert sorted(trade.findings()) == sorted(wanted.findings)
    assert tuple(trade.discrepancies()) == wanted.discrepancies
    assert trade.mock.ask("GET", "/_mock/unacknowledged") == []


@pytest.mark.parametrize("behaviour", ["accept", *sorted(ENDINGS)])
def test_the_same_by_edifact(trade: Trade, behaviour: str) -> None:
    wanted = ENDINGS.get(behaviour, Ending(FULL))
    trade.mock.become("EURODIS", test=False, behaviour=behaviour)
    misbehave(trade, "V2")
    assert trade.sent() == [wanted.sent]
    assert trade.states() == {AS_EDIFACT[kind]: states for kind, states in wanted.states.items()}
    assert trade.lines(PLACED) == wanted.lines
    expected = EDIFACT_FINDINGS.get(behaviour, ("EDF-S15",) if "810" in wanted.states else wanted.findings)
    assert sorted(trade.findings()) == sorted(expected)
    assert tuple(trade.discrepancies()) == wanted.discrepancies
    assert {kind for kind, _ in trade.answers()} <= {"CONTRL"} and trade.mock.ask("GET", "/_mock/unacknowledged") == []


def misbehave(trade: Trade, supplier: str = "V1") -> None:
    """Place an order, and hear all that comes of it, also what the partner does a moment later."""
    trade.place(PLACED, supplier=supplier)
    trade.talk()
    trade.wait(120)
    trade.talk()


def test_what_is_never_answered_is_overdue(trade: Trade) -> None:
    trade.mock.become("ACME", behaviour="no-ack")
    trade.place(PLACED)
    trade.talk()
    assert trade.sent() == [("sent", "awaited")] and trade.findings() == []
    trade.wait(3601)
    trade.talk()
    assert trade.sent() == [("sent", "overdue")] and trade.findings() == ["ACK-01"] and trade.states() == {}


def test_what_is_answered_late_is_overdue_until_it_is(trade: Trade) -> None:
    trade.mock.become("ACME", behaviour="late")
    trade.place(PLACED)
    trade.talk()
    assert trade.sent() == [("sent", "awaited")]
    trade.clock.advance(3601)
    assert outbound.watch(trade.hub) == 1 and trade.sent() == [("sent", "overdue")]
    trade.mock.ask("POST", "/_mock/advance?seconds=3601")
    trade.talk()
    assert trade.sent() == [TAKEN] and trade.findings() == [] and trade.findings(closed=True) == ["ACK-01"]
    assert trade.lines(PLACED) == FULL


def test_a_copy_of_an_interchange_that_was_taken_changes_nothing(trade: Trade) -> None:
    trade.place(PLACED)
    trade.talk()
    with trade.hub.database.read() as connection:
        (number,) = connection.exec_driver_sql("SELECT id FROM exchange WHERE direction = 'out'").scalars()
    exchange.resend(trade.hub, number, "ira", "they say that their disk broke")
    outbound.send(trade.hub)
    trade.talk()
    assert trade.sent() == [TAKEN] and trade.findings() == [], "its TA1 025 speaks of the copy"
    assert trade.lines(PLACED) == FULL


def test_what_it_sends_again_is_applied_once(trade: Trade) -> None:
    trade.place(PLACED)
    trade.talk()
    invoice = next(one for one in trade.mock.ask("GET", "/_mock/outbox") if one["code"] == "810")
    trade.mock.ask("POST", f"/_mock/outbox/{invoice['id']}/resend")
    trade.talk()
    assert trade.states()["810"] == ["applied"] and trade.lines(PLACED) == FULL


def test_a_price_that_it_disputes_is_a_discrepancy(trade: Trade) -> None:
    trade.place(PLACED, ("WIDGET-001", 100, "10.00"), ("NO-SUCH-ITEM", 5, "1.00"))
    trade.talk()
    assert trade.lines(PLACED) == [(100, 100, 100, 100), (5, 0, None, None)]
    assert ("ORD-14", "1") in trade.discrepancies() and ("ORD-17", "2") in trade.discrepancies()


def test_what_was_out_of_stock_follows_in_a_second_shipment_and_invoice(trade: Trade) -> None:
    trade.place(PLACED, ("PANEL-A3", 100, "89.00"))
    trade.talk()
    assert trade.lines(PLACED) == [(100, 35, 35, 35)]
    trade.mock.ask("POST", "/_mock/advance?all=true")
    trade.talk()
    assert trade.lines(PLACED)[0][2:] == (100, 100)
    assert trade.states()["856"] == ["applied"] * 2 and trade.states()["810"] == ["applied"] * 2 and "DUP-05" not in trade.findings()


# --- the mock as a buyer: it orders from us ----------------------------------------------------------------------------
def from_seller(control: int, code: str, group: str, *body: str) -> bytes:
    """What our order desk says to the buyer, by another system than the hub."""
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'NORTHWIND':<15}*ZZ*{'MOCKEDI':<15}*261102*0900*U*00401*{control:09d}*0*P*>"
    head = [isa, f"GS*{group}*NORTHWIND*MOCKEDI*20261102*0900*{control}*X*004010", f"ST*{code}*0001"]
    return "~".join([*head, *body, f"SE*{len(body) + 2}*0001", f"GE*1*{control}", f"IEA*1*{control:09d}~"]).encode()


CONFIRMED = from_seller(
    901, "855", "PR", "BAK*00*AD*4500001001*20261102", "PO1*1*100*EA*12.50**VP*WIDGET-001", "ACK*IA*100*EA*067*20261105", "CTT*1"
)
SHIPPED = from_seller(
    902, "856", "SH", "BSN*00*D1*20261102*0900*0004", "HL*1**S*1", "DTM*011*20261102", "HL*2*1*O*1", "PRF*4500001001",
    "HL*3*2*I*0", "LIN*1*VP*WIDGET-001", "SN1*1*100*EA", "CTT*3",
)  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "orders", "changes", "findings"),
    [
        # The second 850 stands in the place of the first and is told; it is one order.
        ("duplicate-order", ["superseded", "applied"], [], ["DUP-05"]),
        # An 860 that lowers the line when it has been confirmed, and one that cancels when the goods have left: the order stands
        # changed, or ends, and refusing that is the order desk's (865).
        ("change-after-confirm", ["applied"], ["applied"], []),
        ("cancel-late", ["cancelled"], ["applied"], []),
    ],
)
def test_what_it_does_as_a_buyer(trade: Trade, behaviour: str, orders: list[str], changes: list[str], findings: list[str]) -> None:
    trade.mock.become("NORTHWIND", test=False, behaviour=behaviour)
    line = {"sku": "WIDGET-001", "quantity": "100", "uom": "EA", "price": "12.50"}
    trade.mock.ask("POST", "/_mock/purchase", partner="NORTHWIND", po_number="4500001001", requested_on="2026-11-20", lines=[line])
    trade.talk()
    for said in (CONFIRMED, SHIPPED):
        trade.mock.take(said)
        trade.talk()
    trade.wait(120)
    trade.talk()
    assert trade.states().get("850") == orders and trade.states().get("860", []) == changes
    # Its 997s on what the order desk said answer nothing of the hub's.
    assert [rule for rule in trade.findings() if rule != "ACK-03"] == findings
    assert set(trade.answers()) == {("997", "accepted")} and trade.mock.ask("GET", "/_mock/unacknowledged") == []


# --- over HTTP, with a server of ours ----------------------------------------------------------------------------------
@pytest.fixture
def over_http(tmp_path: Path, database_url: str) -> Iterator[tuple[Server, MockPartner]]:
    """`udihub serve` that posts to the mock; what the mock says, the test brings, as its courier would with a key of the hub."""
    mock = MockPartner(tmp_path / "unused_drop", tmp_path / "unused_pickup")
    mock.start(clock=False)
    mock.become("ACME", test=False)
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    (site / "flows" / "mock_in.yaml").unlink()
    url = f'{{use: webhook, url: "{mock.address("/edi")}", secret_env: MOCK_SECRET, allow_hosts: [127.0.0.1]}}'
    for path, old, new in (
        (site / "flows" / "mock_out.yaml", "{use: folder, folder: to_mock}", url),
        (site / "agreements" / "mock_in.yaml", "{use: folder, folder: to_mock}", "{use: response}"),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    server = Server(tmp_path / "home", database_url, site=site, environment={"MOCK_SECRET": "between us"})
    server.issue_keys()
    server.start()
    yield server, mock
    server.kill()
    mock.stop()


def test_the_same_over_http(over_http: tuple[Server, MockPartner]) -> None:
    server, mock = over_http
    posted = server.post(order(PLACED), "erp", key="k1", agreement="orders_erp")
    assert posted.status_code == 200, posted.text
    until = time.monotonic() + 60
    waiting: list[dict[str, Any]] = []
    while len(waiting) < 4 and time.monotonic() < until:
        time.sleep(0.2)
        waiting += mock.ask("GET", "/_mock/mailbox")
    assert [one["code"] for one in waiting] == ["997", "855", "856", "810"]
    for one in waiting:
        answer = server.post(one["payload"].encode(), "mock")
        assert answer.status_code == 200, answer.text
        if one["code"] != "997":
            assert b"AK9*A*1*1*1" in answer.content
            mock.take(answer.content)
    assert mock.ask("GET", "/_mock/unacknowledged") == []
    (sent,) = server.get("/v1/exchanges?direction=out").json()["items"]
    assert (sent["state"], sent["acknowledgement"]) == TAKEN
    (line, _) = server.get(f"/v1/orders/{PLACED}").json()["lines"]
    assert [line[stage]["quantity"] for stage in ("ordered", "confirmed", "despatched", "invoiced")] == ["100"] * 4
