"""An SAP whose software is not ours: its orders and products are pulled, ours are created in it, and IDocs go both ways.

What it says beyond what a site may take is held by a finding that names it; what it does not post is known as far as it tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.registry import transport_named
from connectors.spec import Described
from data_contracts.errors import RefusedError, RetriableError
from hub import exchange, outbound
from hub.reaching import reached
from hub.store import tables
from hub.store.views import order as order_view
from tests.journeys.mock_sap import ORDERS, PASSWORD, PRODUCTS, SALES, SITE, MockSap, Site
from tests.journeys.server import Server

pytestmark = pytest.mark.slow
HOURS = "H"
"""Unit of its services, which the table of units does not list: what is told in it is held (MAP-03) until a site says what it means."""


@pytest.fixture
def odata(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """With tokens for what is written, as a Gateway wants them."""
    monkeypatch.setenv("S4_PASSWORD", PASSWORD)
    opened = Site.open(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture
def idocs(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Without tokens: the port for IDocs of SAP asks for none, and the mock has one rule for all that is posted."""
    monkeypatch.setenv("S4_PASSWORD", PASSWORD)
    opened = Site.open(tmp_path, database_url, "--no-csrf")
    yield opened
    opened.close()


def test_orders_are_pulled_page_by_page_and_only_what_is_new_again(odata: Site) -> None:
    sap = odata.sap
    there = {one["PurchaseOrder"]: one["to_PurchaseOrderItem"]["results"] for one in sap.get(ORDERS, expand="to_PurchaseOrderItem")}
    services = {number for number, items in there.items() if any(item["PurchaseOrderQuantityUnit"] == HOURS for item in items)}
    before = len(sap.asked("GET", ORDERS))
    assert odata.pull("orders_pulled") == sorted(f"purchase_order/{number}" for number in there.keys() - services)
    assert len(sap.asked("GET", ORDERS)) - before >= 3, "a dozen of orders by pages of five"
    assert sorted(key for key, state in odata.states() if state == "quarantined") == sorted(f"purchase_order/{one}" for one in services)
    assert ("MAP-03", HOURS) in odata.findings()
    for number in there.keys() - services:
        with odata.hub.database.read() as connection:
            shown = order_view(connection, number)
        said = [(line["line"].zfill(5), Decimal(line["ordered"]["quantity"]), Decimal(line["unit_price"])) for line in shown["lines"]]
        kept = [(one["PurchaseOrderItem"], Decimal(one["OrderQuantity"]), Decimal(one["NetPriceAmount"])) for one in there[number]]
        assert said == kept
    held = len(odata.states())
    assert odata.pull("orders_pulled") == [] and len(odata.states()) == held, "what is known changes nothing"
    odata.later()
    item = {"Material": "TG12", "OrderQuantity": "5", "PurchaseOrderQuantityUnit": "PC", "NetPriceAmount": "7.50", "NetPriceQuantity": "1"}
    own = {"CompanyCode": "1710", "Supplier": "1000015", "DocumentCurrency": "EUR", "to_PurchaseOrderItem": [item]}
    sap.write("POST", ORDERS, own)
    (made,) = {one["PurchaseOrder"] for one in sap.get(ORDERS)} - there.keys()
    assert odata.pull("orders_pulled") == [f"purchase_order/{made}"]
    assert odata.pull("orders_pulled") == [] and len(odata.states()) == held + 1


def test_what_it_says_of_itself_is_held_against_what_is_asked(odata: Site) -> None:
    """By a $metadata that is not ours, before the first pull."""
    told = {one.flow: one for one in reached(odata.hub.site, odata.hub.settings.home, odata.hub.clock.now())}
    assert told["orders_pulled"].reached and told["products_pulled"].reached
    flow = odata.hub.site.flows["orders_pulled"]
    transport = transport_named("odata")
    assert isinstance(transport, Described)
    settings = odata.hub.transport_settings(flow)
    assert transport.described(settings) == ()
    wrong = settings | {"expand": ["to_PurchaseOrderItems"], "delta": settings["delta"] | {"field": "LastChangedAt"}}
    lacks = transport.described(wrong)
    assert lacks is not None and [text.partition(";")[0] for text in lacks] == [
        "A_PurchaseOrder has no LastChangedAt", "A_PurchaseOrder leads to no to_PurchaseOrderItems",
    ]  # fmt: skip


def test_a_product_that_was_changed_comes_alone(odata: Site) -> None:
    there = {one["Product"] for one in odata.sap.get(PRODUCTS) if one["BaseUnit"] != HOURS}
    assert odata.pull("products_pulled") == sorted(f"item/{one}" for one in there)
    assert odata.pull("products_pulled") == []
    odata.later()
    odata.sap.write("PATCH", f"{PRODUCTS}('TG14')", {"IsMarkedForDeletion": True}, **{"If-Match": "*"})
    assert odata.pull("products_pulled") == ["item/TG14"] and odata.pull("products_pulled") == []


def test_an_order_is_created_once_though_its_token_has_ended(odata: Site) -> None:
    sap, placed = odata.sap, "4500009001"
    before = len(sap.get(ORDERS))
    sap.rule("faults", match="A_PurchaseOrder$", method="POST", scenario="csrf", count=1)
    odata.place(placed, "V1")
    assert odata.sent() == [("sent", "none")] and odata.findings() == []
    tried = sap.asked("POST", ORDERS)
    assert [one["status"] for one in tried] == [403, 201]
    assert all({"x-csrf-token", "cookie", "authorization"} <= one["headers"].keys() for one in tried)
    kept = sap.get(f"{ORDERS}('{placed}')", expand="to_PurchaseOrderItem")
    (item,) = kept["to_PurchaseOrderItem"]["results"]
    assert (kept["Supplier"], kept["DocumentCurrency"], kept["CreatedByUser"]) == ("V1", "EUR", "HUB")
    assert (item["Material"], item["OrderQuantity"], item["PurchaseOrderQuantityUnit"]) == ("TG14", "250.000", "PC")
    odata.send()
    with odata.hub.database.read() as connection:
        (number,) = connection.execute(sa.select(tables.exchange.c.id).where(tables.exchange.c.direction == "out")).scalars()
    exchange.resend(odata.hub, number, "ira", "nobody knows whether it arrived")
    outbound.send(odata.hub)
    assert len(sap.asked("POST", ORDERS)) == 2 and len(sap.get(ORDERS)) == before + 1
    odata.place(placed, "V1", quantity=300, revision=1)
    assert [state for state, _ in odata.sent()] == ["sent", "failed"] and [rule for rule, _ in odata.findings()] == ["OUT-01"]
    assert len(sap.asked("POST", ORDERS)) == 2, "what creates orders changes none, and that is told"


# --- BAPIs over SOAP ----------------------------------------------------------------------------------------------------
def test_orders_are_read_by_number_and_one_that_is_not_there_is_passed_over(idocs: Site) -> None:
    sap = idocs.sap
    idocs.pull("orders_by_number")
    assert sorted(key for key, _ in idocs.states()) == ["purchase_order/4500000101", "purchase_order/4500000102"]
    there = {one["PurchaseOrder"]: one["to_PurchaseOrderItem"]["results"] for one in sap.get(ORDERS, expand="to_PurchaseOrderItem")}
    for number in (key.partition("/")[2] for key, state in idocs.states() if state == "applied"):
        with idocs.hub.database.read() as connection:
            shown = order_view(connection, number)
        said = [(line["line"].zfill(5), Decimal(line["ordered"]["quantity"]), Decimal(line["unit_price"])) for line in shown["lines"]]
        assert said == [(one["PurchaseOrderItem"], Decimal(one["OrderQuantity"]), Decimal(one["NetPriceAmount"])) for one in there[number]]
    assert "applied" in {state for _, state in idocs.states()}
    held = len(idocs.states())
    assert idocs.pull("orders_by_number") == [] and len(idocs.states()) == held, "what is known changes nothing"
    sap.rule("faults", match="/srt/", method="POST", scenario="error", count=1)
    with pytest.raises(RetriableError, match="exception was raised in the mock backend"):
        idocs.pull("orders_by_number")
    sap.rule("bapi-behaviour", function="BAPI_PO_GETDETAIL1", type="A", message="Database is closed", count=1)
    with pytest.raises(RefusedError, match="answered A Database is closed"):
        idocs.pull("orders_by_number")


def test_an_order_is_created_by_bapi_and_what_return_and_faults_say_is_heard(idocs: Site) -> None:
    sap, before = idocs.sap, {one["PurchaseOrder"] for one in idocs.sap.get(ORDERS)}
    idocs.place("4500009101", "1000015")
    (made,) = {one["PurchaseOrder"] for one in sap.get(ORDERS)} - before
    assert idocs.sent() == [("sent", "none")] and idocs.findings() == [] and idocs.outcomes() == [f"200 {made}"]
    kept = sap.get(f"{ORDERS}('{made}')", expand="to_PurchaseOrderItem")
    (item,) = kept["to_PurchaseOrderItem"]["results"]
    assert (kept["Supplier"], kept["DocumentCurrency"], kept["CreatedByUser"]) == ("1000015", "EUR", "HUB")
    assert (item["Material"], item["OrderQuantity"], item["PurchaseOrderQuantityUnit"]) == ("TG14", "250.000", "PC")
    assert (item["PurchaseOrderItem"], Decimal(item["NetPriceAmount"])) == ("00010", Decimal("41.25"))
    called = [one["function_name"] for one in sap.people.get(sap.address("/_mock/rfc-log")).json()["results"]]
    assert sorted(called) == ["BAPI_PO_CREATE1", "BAPI_PO_GETDETAIL1", "BAPI_TRANSACTION_COMMIT"]
    idocs.place("4500000101", "1000015")
    assert idocs.outcomes()[-1].endswith("was there") and len(sap.get(ORDERS)) == len(before) + 1, "what SAP has is not created again"
    sap.rule("bapi-behaviour", function="BAPI_PO_CREATE1", type="E", message="Posting period 11 is closed", count=1)
    idocs.place("4500009102", "1000015")
    assert [state for state, _ in idocs.sent()] == ["sent", "sent", "failed"] and len(sap.get(ORDERS)) == len(before) + 1
    assert any("answered E Posting period 11 is closed" in str(got) for _, got in idocs.findings()), idocs.findings()
    sap.rule("faults", match="/srt/", method="POST", scenario="busy", count=1)
    idocs.place("4500009103", "1000015")
    idocs.hub.clock.advance(3600)  # type: ignore[attr-defined]
    idocs.send()
    assert [state for state, _ in idocs.sent()] == ["sent", "sent", "failed", "sent"] and len(sap.get(ORDERS)) == len(before) + 2
    route = idocs.hub.transport_settings(idocs.hub.site.flows["orders_by_bapi"])
    send = {"body": {"rfc:Z_NOT_THERE": {"$each": "items", "A": "{each.PO_ITEM}"}}}
    with pytest.raises(RefusedError, match="a fault, Client: Function module Z_NOT_THERE does not exist; SystemFault: RFC_ERROR"):
        transport_named("soap").send({**route, "send": send}, "order", b'{"items": [{"PO_ITEM": "00010"}]}', "exchange/1")


# --- IDocs -------------------------------------------------------------------------------------------------------------
def test_what_sap_sends_is_posted_to_the_hub(tmp_path: Path, database_url: str) -> None:
    sap = MockSap()
    sap.start("--no-csrf")
    server = Server(tmp_path / "home", database_url, site=SITE, environment={"S4_PASSWORD": PASSWORD})
    server.issue_keys()
    server.start()
    try:
        sold = {one["OverallDeliveryStatus"]: one["SalesOrder"] for one in sap.get(SALES)}
        for number in (sold["A"], sold["B"]):
            assert posted(server, sap.says("ORDERS", number)) == ("applied", set())
        whole, part = (sap.says("DELVRY", number) for number in (sold["A"], sold["B"]))
        # It hangs the control of the delivery below the item, where the basic type has no place for it.
        assert posted(server, whole) == ("rejected", {"IDC-06"})
        # Of an order for an odd number of pieces it ships one half.
        assert posted(server, without_control(part)) == ("quarantined", {"QTY-02"})
        assert posted(server, without_control(whole)) == ("applied", set())
        assert posted(server, sap.says("INVOIC", sold["A"])) == ("applied", set())
        for line in server.get(f"/v1/orders/{sold['A']}").json()["lines"]:
            stages = [line[stage]["quantity"] for stage in ("ordered", "confirmed", "despatched", "invoiced")]
            assert stages == [stages[0], None, stages[0], stages[0]] and Decimal(stages[0]) > 0
        (line, *_) = server.get(f"/v1/orders/{sold['B']}").json()["lines"]
        assert line["despatched"]["quantity"] is None, "what is held counts for nothing"
    finally:
        server.kill()
        sap.stop()


def posted(server: Server, content: bytes) -> tuple[str, set[str]]:
    """State of the one IDoc that SAP posts, and the rules that say why it may not in."""
    answer = server.post(content, "sap")
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["exchanges"]
    return one["state"], {finding["rule"] for finding in answer.json()["message_findings"] if finding["severity"] == "error"}


def without_control(content: bytes) -> bytes:
    """The delivery again, by another number, as the basic type has it."""
    assert b"<E1EDL18" in content
    return re.sub(rb"<E1EDL18.*?</E1EDL18>", b"", content).replace(b"<DOCNUM>1", b"<DOCNUM>2")


def test_an_idoc_that_was_received_is_posted_once_a_status_says_so(idocs: Site) -> None:
    sap = idocs.sap
    idocs.place("4500009001", "V2")
    sap.rule("idoc-posting", mestyp="ORDERS", status="51", message="Posting period 11 2026 is not open")
    idocs.place("4500009002", "V2")
    idocs.place("4500009003", "V2")
    assert [one["status"] for one in sap.get("/_mock/idocs")] == ["51", "51", "53"], "the newest first"
    assert {one["status"] for one in sap.asked("POST", "/sap/bc/idoc")} == {201}
    assert idocs.sent() == [("sent", "awaited")] * 3 and idocs.findings() == [], "HTTP says that it was received, and no more"
    for one in sap.get("/_mock/idocs")[1:]:
        idocs.take(sap.status(sap.kept(one["docnum"])), "sap", "idocs_in")
    assert idocs.sent() == [("acknowledged", "accepted"), ("refused", "rejected"), ("sent", "awaited")]
    assert idocs.reasons() == ["53 Application document posted", "51 Posting period 11 2026 is not open", None]
    assert idocs.findings() == [("ACK-05", "ORDERS purchase_order/4500009002")]
    idocs.later()
    idocs.clock.advance(1)
    outbound.watch(idocs.hub)
    assert idocs.sent()[-1] == ("sent", "overdue") and "ACK-01" in dict(idocs.findings("error", "warning"))


def test_an_answer_that_tells_the_status_at_once_may_be_heeded(idocs: Site) -> None:
    sap = idocs.sap
    idocs.place("4500009001", "V3")
    sap.rule("idoc-posting", mestyp="ORDERS", status="51", message="Posting period 11 2026 is not open", count=1)
    idocs.place("4500009002", "V3")
    assert [state for state, _ in idocs.sent()] == ["sent", "failed"]
    ((rule, got),) = idocs.findings()
    assert rule == "OUT-02" and "51" in str(got) and "Posting period 11 2026 is not open" in str(got)
    with idocs.hub.database.read() as connection:
        failed = connection.scalar(sa.select(tables.exchange.c.id).where(tables.exchange.c.state == "failed"))
    exchange.resend(idocs.hub, int(failed or 0), "ira", "the period is open now")
    outbound.send(idocs.hub)
    assert [state for state, _ in idocs.sent()] == ["sent", "sent"]
    assert [one["status"] for one in sap.get("/_mock/idocs")] == ["53", "51", "53"], (
        "the one that was not posted stays there for its people"
    )
