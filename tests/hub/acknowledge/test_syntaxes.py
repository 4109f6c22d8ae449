"""One order in each syntax: it goes out under numbers of the store, its answers come in and close it, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from hub import acknowledge, outbound, worker
from hub.check import check_file
from hub.clock import FrozenClock
from hub.examine import Claimant
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import blobs, tables
from tests.hub.conftest import take
from tests.hub_api.papers import orders

SITE = Path(__file__).parents[2] / "samples" / "syntaxes"
PARTIES = {"idoc": "V2", "ubl": "V3", "cxml": "V4", "edifact": "V5"}


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    opened = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def place(hub: Hub, syntax: str, *numbers: str) -> list[int]:
    """Orders of the ERP go out in a syntax; returns their exchanges."""
    for number in numbers:
        one = json.loads(orders(number, PARTIES[syntax]))
        for line in one["orders"][0]["lines"]:
            line["supplier_item"] = "SUP-1"
        take(hub, json.dumps(one).encode(), "erp", key=number, agreement="orders_erp")
    made = outbound.push(hub, hub.site.flows[f"{syntax}_out"])
    outbound.send(hub)
    assert [state(hub, number) for number in made] == [("sent", "awaited")] * len(numbers), findings(hub)
    return made


def written(hub: Hub, exchange_id: int) -> bytes:
    """What left."""
    with hub.database.read() as connection:
        sha256 = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.exchange_id == exchange_id)).scalar_one()
        return blobs.read_blob(connection, hub.settings.home, bytes(sha256))


def state(hub: Hub, exchange_id: int) -> tuple[str, str]:
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id == exchange_id)).one()
    return row.state, row.acknowledgement


def reference(hub: Hub, exchange_id: int) -> str:
    with hub.database.read() as connection:
        return str(connection.execute(sa.select(tables.exchange.c.reference).where(tables.exchange.c.id == exchange_id)).scalar_one())


def findings(hub: Hub) -> list[tuple[str, int | None]]:
    """Open findings of severity error or warning."""
    finding = tables.finding
    with hub.database.read() as connection:
        query = sa.select(finding).where(finding.c.closed_at.is_(None), finding.c.severity != "info").order_by(finding.c.id)
        return [(row.rule, row.exchange_id) for row in connection.execute(query)]


def answers(hub: Hub, document_id: int) -> list[str]:
    with hub.database.read() as connection:
        return [one["kind"] for one in acknowledge.listed(connection, hub.settings.home, document_id)]


# --- IDoc --------------------------------------------------------------------------------------------------------------
def status(number: int, *said: tuple[str, str, str]) -> bytes:
    """A STATUS IDoc of the supplier's SAP: DOCNUM, status and text of each of ours."""
    control = {
        "TABNAM": "EDI_DC40", "DOCNUM": f"{number:016d}", "DIRECT": "2", "IDOCTYP": "SYSTAT01", "MESTYP": "STATUS",
        "SNDPRT": "LS", "SNDPRN": "SUPPLIER", "RCVPRT": "LS", "RCVPRN": "NORTH100",
    }  # fmt: skip
    records = [f'<EDI_DC40 SEGMENT="1">{"".join(f"<{name}>{text}</{name}>" for name, text in control.items())}</EDI_DC40>']
    for ours, code, text in said:
        fields = {"TABNAM": "EDI_DS", "DOCNUM": ours, "LOGDAT": "20261122", "LOGTIM": "090000", "STATUS": code, "STATXT": text}
        records.append(f'<E1STATS SEGMENT="1">{"".join(f"<{name}>{value}</{name}>" for name, value in fields.items())}</E1STATS>')
    return f'<SYSTAT01><IDOC BEGIN="1">{"".join(records)}</IDOC></SYSTAT01>'.encode()


def test_an_order_by_idoc_is_posted_refused_and_posted_after_all(hub: Hub) -> None:
    one, two = place(hub, "idoc", "4500000001", "4500000002")
    assert b"<DOCNUM>0000000000000001</DOCNUM>" in written(hub, one) and b"<BELNR>4500000001</BELNR>" in written(hub, one)
    assert (reference(hub, one), reference(hub, two)) == ("1", "2")
    take(hub, status(70, ("0000000000000001", "50", "added")), "idoc")
    assert state(hub, one) == ("sent", "awaited"), "that it arrived is no answer yet"
    came = take(hub, status(71, ("0000000000000001", "53", "posted"), ("0000000000000002", "51", "no such material")), "idoc")
    assert state(hub, one) == ("acknowledged", "accepted") and state(hub, two) == ("refused", "rejected")
    assert findings(hub) == [("ACK-05", two)]
    assert answers(hub, came.document_id) == [], "a STATUS is never answered"
    take(hub, status(72, ("0000000000000002", "53", "posted")), "idoc")
    assert state(hub, two) == ("acknowledged", "accepted") and findings(hub) == []
    take(hub, status(73, ("0000000000000099", "53", "posted")), "idoc")
    assert [rule for rule, _ in findings(hub)] == ["ACK-03"]


def test_an_idoc_that_could_not_be_read_is_failed_and_one_without_status_overdue(hub: Hub) -> None:
    one, two = place(hub, "idoc", "4500000001", "4500000002")
    take(hub, status(70, ("0000000000000001", "56", "IDoc with errors added")), "idoc")
    assert state(hub, one) == ("failed", "rejected") and findings(hub) == [("ACK-02", one)]
    hub.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert outbound.watch(hub) == 1 and state(hub, two) == ("sent", "overdue")


# --- UBL ---------------------------------------------------------------------------------------------------------------
def application_response(number: str, *said: tuple[str, str, str]) -> bytes:
    """Order, code and text of each response of the supplier."""
    parts = [
        f"<cac:DocumentResponse><cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode><cbc:Description>{text}</cbc:Description>"
        f"</cac:Response><cac:DocumentReference><cbc:ID>{order}</cbc:ID></cac:DocumentReference></cac:DocumentResponse>"
        for order, code, text in said
    ]
    parties = [
        f'<cac:{role}><cbc:EndpointID schemeID="0088">{gln}</cbc:EndpointID></cac:{role}>'
        for role, gln in (("SenderParty", "6999999020028"), ("ReceiverParty", "8799999010009"))
    ]
    spaces = " ".join(
        f'xmlns:{prefix}="{UBL}{name}-2"' for prefix, name in (("cac", "CommonAggregateComponents"), ("cbc", "CommonBasicComponents"))
    )
    head = f"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-11-22</cbc:IssueDate>"
    inside = "".join((head, *parties, *parts))
    return f'<ApplicationResponse xmlns="{UBL}ApplicationResponse-2" {spaces}>{inside}</ApplicationResponse>'.encode()


UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def test_an_order_by_ubl_is_accepted_and_refused_by_application_responses(hub: Hub) -> None:
    one, two = place(hub, "ubl", "4500000001", "4500000002")
    assert b"<cbc:ID>4500000001</cbc:ID>" in written(hub, one)
    take(hub, application_response("AR1", ("4500000001", "AB", "received")), "ubl", key="a1")
    assert state(hub, one) == ("sent", "awaited"), "that it arrived is no answer yet"
    came = take(hub, application_response("AR2", ("4500000001", "AP", "fine"), ("4500000002", "RE", "no such item")), "ubl", key="a2")
    assert state(hub, one) == ("acknowledged", "accepted") and state(hub, two) == ("refused", "rejected")
    assert findings(hub) == [("ACK-05", two)] and answers(hub, came.document_id) == []
    take(hub, application_response("AR3", ("4500000009", "AP", "fine")), "ubl", key="a3")
    assert [rule for rule, _ in findings(hub)] == ["ACK-05", "ACK-03"]


# --- cXML --------------------------------------------------------------------------------------------------------------
def response(payload: str, code: str, text: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">'
        f'<cXML payloadID="{payload}" timestamp="2026-11-22T09:00:00+00:00">'
        f'<Response><Status code="{code}" text="{text}"/></Response></cXML>'
    ).encode()


def test_an_order_by_cxml_is_closed_by_the_response_that_names_it(hub: Hub) -> None:
    one, two = place(hub, "cxml", "4500000001", "4500000002")
    first, second = reference(hub, one), reference(hub, two)
    assert first.endswith("@AN01000000001") and first != second
    take(hub, response(first, "200", "OK"), "cxml", key="a1", agreement="cxml_in")
    assert state(hub, one) == ("acknowledged", "accepted") and state(hub, two) == ("sent", "awaited")
    take(hub, response(second, "406", "Not Acceptable"), "cxml", key="a2", agreement="cxml_in")
    assert state(hub, two) == ("failed", "rejected") and findings(hub) == [("ACK-02", two)]


class Network(BaseHTTPRequestHandler):
    """A procurement network that answers on the connection, under a payloadID of its own."""

    codes: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = response(f"{len(self.codes)}.77@network", self.codes.pop(0), "said at once")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_a_response_on_the_same_connection_closes_what_that_brought(
    database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Network.codes = ["200", "406"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Network)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NETWORK_SECRET", "between us")
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    flow = site / "flows" / "cxml_out.yaml"
    address = f"http://127.0.0.1:{server.server_port}/cxml"
    where = f'{{use: webhook, url: "{address}", secret_env: NETWORK_SECRET, allow_hosts: [127.0.0.1], answers: true}}'
    flow.write_text(flow.read_text().replace("{use: folder, folder: out/cxml}", where))
    hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    one, two = place(hub, "cxml", "4500000001", "4500000002")
    worker.drain(hub)
    assert state(hub, one) == ("acknowledged", "accepted") and state(hub, two) == ("failed", "rejected")
    assert findings(hub) == [("ACK-02", two)]
    hub.database.close()
    server.shutdown()


# --- EDIFACT -----------------------------------------------------------------------------------------------------------
def from_supplier(control: int, kind: str, *segments: str, version: str = "D:3:UN") -> bytes:
    """An interchange of the supplier with one message."""
    body = [f"UNH+1+{kind}:{version}", *segments, f"UNT+{len(segments) + 2}+1"]
    header = f"UNB+UNOC:3+6999999020042:14+8799999010009:14+261122:0900+{control}"
    return "".join(f"{segment}'" for segment in (header, *body, f"UNZ+1+{control}")).encode()


def contrl(control: int, ours: int, action: str, *messages: str) -> bytes:
    return from_supplier(control, "CONTRL", f"UCI+{ours}+8799999010009:14+6999999020042:14+{action}", *messages)


def aperak(control: int, code: str, order: str, *segments: str) -> bytes:
    head = (f"BGM+{code}+A{control}+9", "DTM+137:20261122:102", f"RFF+ON:{order}")
    return from_supplier(control, "APERAK", *head, *segments, version="D:96A:UN")


def test_an_order_by_edifact_is_closed_by_interchange_and_by_message(hub: Hub) -> None:
    one, two, three = place(hub, "edifact", "4500000001", "4500000002", "4500000003")
    assert b"BGM+220+4500000001+9'" in written(hub, one) and [reference(hub, number) for number in (one, two, three)] == ["1", "2", "3"]
    take(hub, contrl(70, 1, "8"), "edifact")
    assert state(hub, one) == ("sent", "awaited"), "that the interchange arrived is no answer yet"
    came = take(hub, contrl(71, 1, "7"), "edifact")
    assert state(hub, one) == ("acknowledged", "accepted") and answers(hub, came.document_id) == [], "a CONTRL is never answered"
    take(hub, contrl(72, 2, "7", "UCM+1+ORDERS:D:96A:UN+4+12+DTM+2", "UCS+3", "UCD+12+1:2"), "edifact")
    assert state(hub, two) == ("failed", "rejected"), "the message level says otherwise than the interchange"
    take(hub, contrl(73, 3, "4+23+UNB+2"), "edifact")
    assert state(hub, three) == ("failed", "rejected") and findings(hub) == [("ACK-02", two), ("ACK-02", three)]
    take(hub, contrl(74, 99, "7"), "edifact")
    assert [rule for rule, _ in findings(hub)][2:] == ["ACK-03"]


def test_an_aperak_refuses_what_a_contrl_took(hub: Hub) -> None:
    one, two = place(hub, "edifact", "4500000001", "4500000002")
    take(hub, contrl(70, 1, "7"), "edifact")
    take(hub, aperak(71, "313", "4500000001", "ERC+12", "FTX+AAO+++no such article"), "edifact")
    assert state(hub, one) == ("refused", "accepted") and state(hub, two) == ("sent", "awaited") and findings(hub) == [("ACK-05", one)]
    take(hub, aperak(72, "312", "4500000001"), "edifact")
    assert state(hub, one) == ("acknowledged", "accepted") and findings(hub) == []


def test_a_despatch_advice_by_edifact_is_taken_by_contrl_and_questioned_by_aperak(hub: Hub) -> None:
    segments = (
        "BGM+351+D1+9", "DTM+137:202611220800:203", "RFF+ON:4599999999", "NAD+SU+6999999020042::9", "NAD+DP+8799999010009::9",
        "CPS+1", "LIN+1++06901234000023:EN", "QTY+12:24",
    )  # fmt: skip
    came = take(hub, from_supplier(80, "DESADV", *segments, version="D:96A:UN"), "edifact")
    assert answers(hub, came.document_id) == ["CONTRL", "APERAK"]
    with hub.database.read() as connection:
        said = {one["kind"]: one for one in acknowledge.listed(connection, hub.settings.home, came.document_id)}
    assert "UCI+80+6999999020042:14+8799999010009:14+7'" in said["CONTRL"]["content"] and said["CONTRL"]["verdict"] == "accepted"
    assert "4599999999" in said["APERAK"]["content"] and said["APERAK"]["verdict"] == "partly"
    assert [rule for rule, _ in findings(hub)] == ["ACK-07"], "the order was never placed"


def test_what_a_contrl_says_of_our_aperak_closes_it(hub: Hub) -> None:
    segments = (
        "BGM+351+D1+9", "DTM+137:202611220800:203", "RFF+ON:4599999999", "CPS+1", "LIN+1++06901234000023:EN", "QTY+12:24",
    )  # fmt: skip
    came = take(hub, from_supplier(80, "DESADV", *segments, version="D:96A:UN"), "edifact")

    def ours() -> tuple[str | None, str | None]:
        with hub.database.read() as connection:
            (one,) = [one for one in acknowledge.listed(connection, hub.settings.home, came.document_id) if one["kind"] == "APERAK"]
        return one["reference"], (one["answered"] or {}).get("verdict")

    reference, nothing = ours()
    assert reference is not None and nothing is None
    take(hub, contrl(81, int(reference), "8"), "edifact")
    assert ours() == (reference, None), "that it arrived is no answer yet"
    take(hub, contrl(82, int(reference), "7", "UCM+1+APERAK:D:96A:UN+4+12"), "edifact")
    assert ours() == (reference, "rejected") and [rule for rule, _ in findings(hub)] == ["ACK-07", "ACK-11"]
    last = take(hub, contrl(83, int(reference), "7"), "edifact")
    assert ours() == (reference, "accepted") and [rule for rule, _ in findings(hub)] == ["ACK-07"]
    assert answers(hub, last.document_id) == []


def test_a_reference_that_comes_again_with_other_bytes_is_refused_as_edifact_has_it(hub: Hub) -> None:
    segments = ("BGM+351+D1+9", "DTM+137:202611220800:203", "CPS+1", "LIN+1++06901234000023:EN", "QTY+12:24")
    first = take(hub, from_supplier(80, "DESADV", *segments, version="D:96A:UN"), "edifact")
    again = take(hub, from_supplier(80, "DESADV", "BGM+351+D2+9", *segments[1:], version="D:96A:UN"), "edifact")
    assert (first.outcome, again.outcome) == ("new", "conflict")
    with hub.database.read() as connection:
        (said,) = acknowledge.listed(connection, hub.settings.home, again.document_id)
    assert (said["kind"], said["verdict"]) == ("CONTRL", "rejected") and "+4+26" in said["content"]


# --- what all of them share --------------------------------------------------------------------------------------------
def test_what_cannot_be_answered_is_said_in_a_dry_run(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "nobody.xml"
    path.write_bytes(f'<Order xmlns="{UBL}Order-2" xmlns:cbc="{UBL}CommonBasicComponents-2"><cbc:ID>1</cbc:ID></Order>'.encode())
    shown = check_file(path, hub.site, Claimant("ubl", agreement="ubl_in"), hub.clock.now())["acknowledgement"]
    assert shown.startswith("MessageLevelResponse: the document names no ")


def test_an_answer_is_looked_up_by_index_however_much_went_out(hub: Hub) -> None:
    place(hub, "edifact", "4500000001")
    asked: list[tuple[str, Any]] = []
    engine = hub.database._writer
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, parameters, *_: asked.append((statement, parameters)))
    take(hub, contrl(70, 1, "7"), "edifact")
    lookups = [(statement, parameters) for statement, parameters in asked if "exchange.reference =" in statement]
    assert lookups
    if engine.dialect.name == "sqlite":
        with hub.database.begin("test") as uow:
            plans = [str(row) for one in lookups for row in uow.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one[0]}", one[1])]
        assert any("ix_exchange_reference" in plan for plan in plans), plans
