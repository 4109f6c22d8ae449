"""UBL: documents that name themselves, in the right namespaces and order, alone or in a business envelope."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from connectors.formats.ubl import FORMAT
from connectors.formats.ubl.names import AGGREGATES, BASICS, SBDH
from connectors.registry import sniff
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[3] / "samples" / "ubl"
ORDER = (SAMPLES / "Order.xml").read_text(encoding="utf-8")
ENVELOPE = Envelope("0088:9506000000015", "0088:9506000000022", 42, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC))


def order(old: str, new: str) -> bytes:
    assert old in ORDER
    return ORDER.replace(old, new, 1).encode()


def root_of(name: str) -> SourceRecord:
    (message,) = read("ubl", (SAMPLES / f"{name}.xml").read_bytes()).messages
    assert message.root is not None
    return message.root


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.stem)
def test_a_document_names_itself_and_its_parties(path: Path) -> None:
    found = read("ubl", path.read_bytes())
    (message,) = found.messages
    assert (message.type, found.rules, found.rules_around) == (path.stem.removesuffix("_enveloped"), [], [])
    assert found.interchange is not None
    ours = path.stem in ("Order", "Order_enveloped", "OrderChange", "OrderCancellation", "ReceiptAdvice")
    expected = ("0088:9506000000015", "0088:9506000000022") if ours else ("0088:9506000000022", "0088:9506000000015")
    assert (found.interchange.sender, found.interchange.receiver) == expected


def test_an_envelope_gives_the_instance_as_control_and_the_exact_bytes_of_the_document() -> None:
    content = (SAMPLES / "Order_enveloped.xml").read_bytes()
    found = read("ubl", content)
    (message,) = found.messages
    assert found.interchange is not None and found.interchange.control == "5d0c9a5e-7a0b-4a43-9c55-1f6a7a2f4c11"
    part = content[message.offset : message.offset + message.length]
    assert part.startswith(b"<Order ") and part.endswith(b"</Order>")
    assert message.root is not None and tree(message.root) == tree(root_of("Order"))


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        ("<cbc:ID>PO-2026-118</cbc:ID>", "", "FED-05", "/Order/ID"),
        (">2026-11-22<", ">2026-11-31<", "FED-06", "/Order/IssueDate"),
        ('unitCode="C62">40<', 'unitCode="C62">forty<', "FED-06", "/Order/OrderLine[1]/LineItem/Quantity"),
        (
            '<cbc:PriceAmount currencyID="EUR">12.50',
            "<cbc:PriceAmount>12.50",
            "FED-05",
            "/Order/OrderLine[1]/LineItem/Price/PriceAmount/@currencyID",
        ),
        (">EUR</cbc:DocumentCurrencyCode>", ">Euro</cbc:DocumentCurrencyCode>", "FED-08", "/Order/DocumentCurrencyCode"),
        ("<cbc:IssueTime>09:15", "<cbc:IssueTime>25:15", "FED-06", "/Order/IssueTime"),
    ],
)
def test_structure_and_types_are_checked_with_path_and_line(old: str, new: str, rule: str, path: str) -> None:
    (finding,) = read("ubl", order(old, new)).messages[0].findings
    assert (finding.rule, finding.place.path, finding.severity) == (rule, path, "error")
    assert finding.place.line is not None and finding.place.line >= 2


def test_the_order_of_elements_is_told_once_and_changes_nothing() -> None:
    moved = re.sub(r"(\s*<cbc:Note>.*?</cbc:Note>)(\s*<cbc:DocumentCurrencyCode>.*?</cbc:DocumentCurrencyCode>)", r"\2\1", ORDER)
    (message,) = read("ubl", moved.encode()).messages
    assert [(finding.rule, finding.severity, finding.place.path) for finding in message.findings] == [("UBL-02", "warning", "/Order/Note")]
    assert message.root is not None and dict(message.root.values) == dict(root_of("Order").values)


def test_what_the_grammar_lacks_is_information() -> None:
    more = '<cac:Signature><cbc:ID>S</cbc:ID></cac:Signature><own:Colour xmlns:own="urn:own">red</own:Colour>'
    (message,) = read("ubl", order("  <cac:BuyerCustomerParty>", more + "  <cac:BuyerCustomerParty>")).messages
    assert [(finding.rule, finding.severity) for finding in message.findings] == [("XML-07", "info"), ("FED-10", "info")]


def test_an_element_of_the_wrong_namespace_is_not_taken_for_the_right_one() -> None:
    (message,) = read("ubl", order("<cbc:ID>PO-2026-118</cbc:ID>", "<cac:ID>PO-2026-118</cac:ID>")).messages
    assert {finding.rule for finding in message.findings} == {"XML-07", "FED-05"}


def test_a_document_of_another_ubl_is_read_and_says_so() -> None:
    found = read("ubl", order("xsd:Order-2", "xsd:Order-3"))
    assert "UBL-03" in [finding.rule for message in found.messages for finding in message.findings]
    assert found.messages[0].root is not None


def test_a_document_without_a_grammar_is_read_and_says_so() -> None:
    found = read("ubl", b'<Waybill xmlns="urn:oasis:names:specification:ubl:schema:xsd:Waybill-2"><a>1</a></Waybill>')
    assert (found.messages[0].type, found.rules) == ("Waybill", ["UBL-01"])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (ORDER.replace("?>", '?><!DOCTYPE Order SYSTEM "http://x/y.dtd">', 1).encode(), "XML-02"),
        (ORDER[:-20].encode(), "XML-03"),
        (b"<Order xmlns='urn:other'/>", "FED-03"),
        (b"ISA*00*", "FED-03"),
    ],
)
def test_what_cannot_be_read_is_one_finding(content: bytes, rule: str) -> None:
    found = read("ubl", content)
    assert found.kinds == ["unreadable"] and found.unreadable is not None and found.unreadable.rule == rule


def test_only_ubl_is_taken_for_ubl() -> None:
    assert sniff(ORDER.encode()) is FORMAT
    assert sniff(b"<!-- comment --><Order xmlns='urn:other'/>") is not FORMAT
    assert sniff(f"<StandardBusinessDocument xmlns='{SBDH}'><x/></StandardBusinessDocument>".encode()) is not FORMAT


@pytest.mark.parametrize(
    "name", ["Order", "OrderChange", "OrderResponse", "DespatchAdvice", "ReceiptAdvice", "Invoice", "CreditNote", "Catalogue"]
)
def test_what_is_written_is_of_the_right_namespaces_prefixes_and_order(name: str) -> None:
    record = root_of(name)
    written = FORMAT.write([(name, record)], None, STRICT)
    root = etree.fromstring(written)
    assert root.nsmap == {None: f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2", "cac": AGGREGATES, "cbc": BASICS}
    for element in root.iterdescendants():
        assert etree.QName(element).namespace == (AGGREGATES if len(element) else BASICS)
        assert element.prefix == ("cac" if len(element) else "cbc")
    again = read("ubl", written)
    assert again.rules == [], "elements out of order would be UBL-02"
    assert again.messages[0].root is not None and tree(again.messages[0].root) == tree(record)


def test_addresses_and_currencies_that_the_tree_leaves_out_are_the_envelopes_and_the_documents() -> None:
    record = root_of("Order")
    for party in record.walk():
        if party.tag == "Party":
            party.values.pop("EndpointID")  # type: ignore[union-attr]
            party.children = [child for child in party.children if child.tag != "EndpointID"]
        if party.tag == "Price":
            party.children = [child for child in party.children if child.tag != "PriceAmount"]
    before = tree(record)
    written = FORMAT.write([("Order", record)], ENVELOPE, STRICT)
    assert tree(record) == before, "what is written is not changed"
    found = read("ubl", written)
    assert found.rules == [] and found.interchange is not None
    assert (found.interchange.sender, found.interchange.receiver) == ("0088:9506000000015", "0088:9506000000022")
    assert written.count(b'<cbc:PriceAmount currencyID="EUR">') == 2


def test_a_business_envelope_is_written_where_it_is_agreed() -> None:
    found = read("ubl", FORMAT.write([("Order", root_of("Order"))], ENVELOPE, Profile(options={"sbdh": True})))
    assert found.rules == [] and found.interchange is not None
    assert (found.interchange.sender, found.interchange.control) == ("0088:9506000000015", "000000042")


def test_serial_numbers_have_an_instance_each() -> None:
    lot = SourceRecord("LotIdentification", {"LotNumberID": "L1"}, 0)
    instance = SourceRecord("ItemInstance", {}, 0)
    instance.children = [SourceRecord("SerialID", {"": "A"}, 0), SourceRecord("SerialID", {"": "B"}, 0), lot]
    record = root_of("DespatchAdvice")
    item = next(one for one in record.walk() if one.tag == "Item")
    item.children = [child for child in item.children if child.tag != "ItemInstance"] + [instance]
    written = FORMAT.write([("DespatchAdvice", record)], None, STRICT)
    assert re.findall(rb"<cbc:SerialID>(\w+)</cbc:SerialID>\s*<cac:LotIdentification>\s*<cbc:LotNumberID>(\w+)<", written)[:2] == [
        (b"A", b"L1"),
        (b"B", b"L1"),
    ]


def test_two_documents_or_an_unknown_one_cannot_be_written() -> None:
    record = root_of("Order")
    with pytest.raises(ValueError, match="one message, not 2"):
        FORMAT.write([("Order", record), ("Order", record)], None, STRICT)
    with pytest.raises(ValueError, match="no grammar"):
        FORMAT.write([("Waybill", record)], None, STRICT)
