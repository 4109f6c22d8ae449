"""IDocs through the hub: SAP's orders come in and are answered with STATUS, ours go out and are closed by what SAP says."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.formats.idoc import FORMAT
from connectors.spec import STRICT
from data_contracts.errors import ConflictError
from hub import outbound
from hub.runtime import Hub
from hub.store import blobs, evidence, tables
from tests.connectors.formats.idoc.test_answering import status_idoc
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import answers, outgoing, sent_orders
from tests.hub.conftest import take

ORDERS = Path(__file__).parents[2] / "samples" / "idoc"
IN = """
version: 1
agreement: clinic_in
partner: clinic
organisation: north
direction: in
format: idoc
envelope: {sender: "LS:NMDCLNT100", receiver: "LS:UDIHUB"}
messages: [{type: ORDERS, version: ORDERS05, mapping: idoc/ORDERS}]
acknowledge: {functional: always, application: always}
profile: {time_zone: Asia/Shanghai}
"""
BACK = """
version: 1
agreement: acme_status
partner: acme
organisation: north
direction: in
format: idoc
envelope: {sender: "LS:ACME", receiver: "LS:NORTH"}
messages: []
"""
OUT = """
version: 1
agreement: orders_to_acme
partner: acme
organisation: north
direction: out
format: idoc
envelope: {sender: "LS:NORTH", receiver: "LS:ACME"}
messages: [{type: ORDERS, version: ORDERS05, mapping: idoc/ORDERS}]
acknowledge: {expect_within_hours: 24}
profile: {options: {representation: %s, control: {MANDT: "100", SNDPOR: HUB}}}
"""
CLINIC = {
    "partners/clinic.yaml": ("_", "version: 1\npartner: clinic\nname: Clinic\nkind: customer\n"),
    "agreements/clinic_in.yaml": ("_", IN),
}


def to_acme(representation: str) -> dict[str, tuple[str, str]]:
    whole = (ORDERS.parent / "site" / "agreements" / "orders_to_acme.yaml").read_text(encoding="utf-8")
    return {"agreements/orders_to_acme.yaml": (whole, OUT % representation), "agreements/acme_status.yaml": ("_", BACK)}


def states(hub: Hub, document_id: int) -> list[tuple[str, str, str]]:
    exchange = tables.exchange
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(exchange).where(exchange.c.document_id == document_id).order_by(exchange.c.ordinal))
        return [(row.type, row.version, str(evidence.show(connection, row.id)["state"])) for row in rows]


def status_of(content: bytes) -> list[tuple[str, str]]:
    found = [event.message.root for event in FORMAT.read(BytesIO(content), STRICT) if event.message is not None and event.message.root]
    return [(record.values["DOCNUM"], record.values["STATUS"]) for root in found for record in root.children if record.tag == "E1STATS"]


@pytest.mark.parametrize("name", ["ORDERS05.xml", "ORDERS05_stripped.txt"])
def test_orders_of_sap_are_applied_and_answered(open_with: Open, name: str) -> None:
    hub = open_with(CLINIC)
    landing = take(hub, (ORDERS / name).read_bytes(), "clinic")
    assert states(hub, landing.document_id) == [("ORDERS", "ORDERS05", "applied"), ("ORDERS", "ORDERS05", "checked")], (
        "the second is a test"
    )
    assert status_of(answers(hub, landing.document_id)["STATUS"])[-1][0] in ("0000000000004711", "0000000000004712")
    with hub.database.read() as connection:
        parcel = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "acknowledgement")).first()
        assert parcel is not None
        content = blobs.read_blob(connection, hub.settings.home, bytes(parcel.sha256))
    flat = name.endswith(".txt")
    assert content.startswith(b"EDI_DC40" if flat else b"<?xml"), "an answer has the shape of what it answers, and its name says so"
    assert (parcel.name[-4:], parcel.media_type) == ((".txt", "text/plain") if flat else (".xml", "application/xml"))
    with hub.database.read() as connection:
        (application,) = connection.execute(sa.select(tables.application)).all()
    assert (application.number, application.header["supplier"]["name"]) == ("4500033401", "江南高分子材料有限公司")


def test_one_number_is_used_once(open_with: Open) -> None:
    hub = open_with(CLINIC)
    one = (ORDERS / "ORDERS05.xml").read_bytes()
    one = one[: one.index(b"<IDOC", one.index(b"</IDOC>"))] + b"</ORDERS05>"
    first = take(hub, one, "clinic")
    assert status_of(answers(hub, first.document_id)["STATUS"]) == [("0000000000004711", "53")]
    again = take(hub, one, "clinic")
    assert (again.outcome, again.document_id) == ("repeat", first.document_id)
    other = take(hub, one.replace(b"1200.000", b"1300.000"), "clinic")
    assert other.outcome == "conflict"
    assert status_of(answers(hub, other.document_id)["STATUS"]) == [("0000000000004711", "56")]


def test_another_sender_or_type_is_not_accepted(open_with: Open) -> None:
    hub = open_with(CLINIC)
    content = (ORDERS / "ORDERS05.xml").read_bytes()
    stranger = take(hub, content.replace(b"NMDCLNT100", b"EVLCLNT100"), "clinic")
    assert {state for _, _, state in states(hub, stranger.document_id)} == {"rejected"}
    assert {code for _, code in status_of(answers(hub, stranger.document_id)["STATUS"])} == {"56"}
    changed = take(hub, content.replace(b"<MESTYP>ORDERS<", b"<MESTYP>ORDCHG<").replace(b"000000000000471", b"000000000000481"), "clinic")
    assert {state for _, _, state in states(hub, changed.document_id)} == {"rejected"}
    assert {code for _, code in status_of(answers(hub, changed.document_id)["STATUS"])} == {"56"}


@pytest.mark.parametrize(
    ("code", "state"),
    [("53", "acknowledged"), ("51", "refused"), ("60", "failed"), ("64", "acknowledged"), ("50", "sent")],
)
@pytest.mark.parametrize("representation", ["xml", "flat"])
def test_what_sap_says_closes_what_we_sent(open_with: Open, representation: str, code: str, state: str) -> None:
    hub = open_with(to_acme(representation))
    (exchange_id,) = sent_orders(hub, "4500000001")
    with hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "document")).all()
        content = blobs.read_blob(connection, hub.settings.home, bytes(row.sha256))
    (message,) = [event.message for event in FORMAT.read(BytesIO(content), STRICT) if event.message is not None]
    assert content.startswith(b"<?xml" if representation == "xml" else b"EDI_DC40")
    assert (row.name.rpartition(".")[2], row.media_type) == (
        ("xml", "application/xml") if representation == "xml" else ("txt", "text/plain")
    )
    assert (message.type, message.version, message.findings) == ("ORDERS", "ORDERS05", [])
    assert message.root is not None and message.root.children[0].values["SNDPRN"] == "NORTH"
    answer: dict[str, Any] = {"DOCNUM": message.control, "STATUS": code, "STATXT": "Sold-to & unknown", "STAPA1": "NORTH"}
    back = status_idoc(answer).replace(b">B<", b">ACME<").replace(b">A<", b">NORTH<")
    take(hub, back, "acme", key="status")
    assert outgoing(hub, exchange_id)[0] == state


def test_a_repeat_without_a_key_is_known_by_its_envelope(open_with: Open) -> None:
    hub = open_with(CLINIC)
    with pytest.raises(ConflictError):
        take(hub, b"{}", "clinic")
    assert outbound.push(hub, hub.site.flows["orders_to_acme"]) == []


def test_an_idoc_that_was_cut_is_refused_with_56_and_may_come_again_whole(open_with: Open) -> None:
    hub = open_with(CLINIC)
    xml = (ORDERS / "ORDERS05.xml").read_bytes()
    flat = (ORDERS / "ORDERS05.txt").read_bytes().replace(b"00000000471", b"00000000481")
    records = flat.splitlines(keepends=True)
    for whole, cut, number in ((xml, xml[:1500], "4711"), (flat, b"".join(records[:9]) + records[9][:40], "4811")):
        refused = take(hub, cut, "clinic", key=f"cut {number}")
        assert status_of(answers(hub, refused.document_id)["STATUS"]) == [(number.zfill(16), "56")]
        again = take(hub, whole, "clinic", key=number)
        assert [shown for _, _, shown in states(hub, again.document_id)] == ["applied", "checked"], "the second one is a test"
