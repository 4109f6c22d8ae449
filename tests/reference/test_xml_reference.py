"""UBL, Peppol, cXML and B2MML of the reference material: verdicts, hand-checked facts, and the one order there and back."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import format_named, sniff
from connectors.spec import STRICT, Envelope
from mappings.engine import Context, load
from tests.connectors.reading import Read, read, tree
from tests.mappings.trees import leaves, without_places

pytestmark = pytest.mark.reference

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"])
EDI = REFERENCE / "edi"
ORDER_A = REFERENCE / "systems" / "one_order" / "order_a"
CONTEXT = Context(time_zone="Asia/Shanghai")
MADE_AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
GLN, NETWORK = ("0088:9506000000015", "0088:9506000000022"), ("NetworkID:AN-A", "NetworkID:AN-B")


def reading(path: Path) -> tuple[str, Read]:
    content = path.read_bytes()
    format_ = sniff(content[:4096])
    assert format_ is not None
    return format_.name, read(format_.name, content)


def entity(path: Path, mapping: str) -> dict[str, Any]:
    _, found = reading(path)
    (message,) = found.messages
    assert message.root is not None
    mapped = load(mapping).read(message.root, CONTEXT)
    assert mapped.findings == [] and mapped.entity is not None
    plain: dict[str, Any] = without_places(mapped.entity)
    return plain


def through_bytes(said: dict[str, Any], mapping: str, identities: tuple[str, str]) -> dict[str, Any]:
    """What our own reader and mapping make of what mapping and format write."""
    syntax, kind = mapping.split("/")
    envelope = Envelope(*identities, 1, 1, 1, MADE_AT)
    content = format_named(syntax).write([(kind, load(mapping).write(said, CONTEXT))], envelope, STRICT)
    found = read(syntax, content)
    assert found.rules == [] and found.rules_around == []
    (message,) = found.messages
    assert message.root is not None
    mapped = load(mapping).read(message.root, CONTEXT)
    assert mapped.findings == [] and mapped.entity is not None
    plain: dict[str, Any] = without_places(mapped.entity)
    return plain


@pytest.mark.parametrize(
    ("file", "syntax", "message", "version", "sender", "receiver", "rules"),
    [
        ("ubl_Order_2.1", "ubl", "Order", "2.1", "GLN:7300072311115", "GLN:7302347231111", []),
        ("peppol_Order", "ubl", "Order", None, "0192:987654325", "0192:123456785", []),
        ("peppol_OrderResponse", "ubl", "OrderResponse", None, "0088:7598000000128", "0088:7590000012347", []),
        ("peppol_DespatchAdvice", "ubl", "DespatchAdvice", None, "0088:7300010000001", "0088:5798000000124", []),
        ("peppol_Invoice", "ubl", "Invoice", None, "0088:9482348239847239874", "0002:FR23342", []),
        ("peppol_Catalogue", "ubl", "Catalogue", None, "0192:987654325", "0192:987654325", []),
        (
            "cxml_OrderRequest",
            "cxml",
            "OrderRequest",
            None,
            "NetworkId:inbound@prominate-platform.com",
            "NetworkId:supplier@supplier.com",
            [],
        ),
        ("cxml_StatusUpdateRequest", "cxml", "StatusUpdateRequest", None, "NetworkId:AN00000123", "NetworkId:AN00000456", []),
        ("cxml_PunchOutOrderMessage", "cxml", "PunchOutOrderMessage", None, "DUNS:83528721", "DUNS:65652314", ["CXM-01"]),
        ("b2mml_OperationsPerformance", "b2mml", "OperationsPerformance", "V0700", None, None, []),
        ("b2mml_MaterialLot_v0401", "b2mml", "MaterialInformation", "V0401", "LogicalID:DEV130", None, []),
        ("b2mml_MaterialDefinition_v0401", "b2mml", "MaterialDefinition", "V0401", "LogicalID:DEV130", None, ["B2M-01"]),
        ("b2mml_SyncProductionSchedule_v0401", "b2mml", "ProductionSchedule", "V0401", "LogicalID:DEV130", None, ["B2M-01"]),
        ("b2mml_Equipment_v0400", "b2mml", "EquipmentInformation", "V0400", None, None, ["B2M-01"]),
    ],
)
def test_every_file_is_valid_and_names_itself(
    file: str, syntax: str, message: str, version: str | None, sender: str | None, receiver: str | None, rules: list[str]
) -> None:
    name, found = reading(EDI / "xml" / f"{file}.xml")
    (one,) = found.messages
    assert (name, one.type, one.version, found.rules, found.rules_around) == (syntax, message, version, rules, [])
    assert not any(finding.severity == "error" for finding in one.findings)
    assert found.interchange is not None
    assert (found.interchange.sender, found.interchange.receiver) == (sender, receiver)


def test_no_file_is_left_out() -> None:
    listed = {path.stem for path in (EDI / "xml").glob("*.xml") if path.stem.partition("_")[0] in ("ubl", "peppol", "cxml", "b2mml")}
    (mark,) = [mark for mark in test_every_file_is_valid_and_names_itself.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert listed == {row[0] for row in mark.args[1]}


def test_an_outside_entity_is_refused_before_any_parser_sees_it() -> None:
    name, found = reading(EDI / "broken" / "cxml_external_entity.xml")
    assert (name, found.messages, found.kinds) == ("cxml", [], ["unreadable"])
    assert found.unreadable is not None and found.unreadable.rule == "CXM-03"
    host = Path("/etc/hostname").read_text(encoding="utf-8").strip()
    assert not host or host not in found.unreadable.text("en")


# file, mapping, canonical path -> value as a person reads it in the file
FACTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "ubl_Order_2.1",
        "ubl/Order",
        {
            "number": "34",
            "currency": "SEK",
            "buyer.gln": "7300070011115",
            "buyer.code": "PartyID123",
            "supplier.code": "SellerPartyID123",
            "lines[0].quantity": Decimal(120),
            "lines[0].unit": "L",
            "lines[0].unit_price": Decimal(50),
            "lines[0].requested_on": "2010-02-25",
            "lines[1].quantity": Decimal(15),
            "lines[1].unit": "EA",
            "lines[1].unit_price": Decimal(15),
            "lines[1].supplier_item": "SItemNo011",
        },
    ),
    (
        "peppol_Order",
        "ubl/Order",
        {
            "number": "34",
            "currency": "NOK",
            "buyer.name": "Helseforetak",
            "supplier.name": "Medical",
            "ship_to.city": "Lørenskog",
            "lines[0].quantity": Decimal(120),
            "lines[0].unit_price": Decimal("50.000"),
            "lines[0].gtin": "7560000012345",
            "lines[0].buyer_item": "123456",
            "lines[1].quantity": Decimal(15),
            "lines[1].unit_price": Decimal("15.000"),
            "lines[1].requested_on": "2012-10-31",
        },
    ),
    (
        "peppol_DespatchAdvice",
        "ubl/DespatchAdvice",
        {
            "number": "565899",
            "tracking": "456789",
            "carrier": "Name",
            "expected_on": "2018-09-27",
            "ship_to.gln": "5790000435951",
            "lines[0].order_number": "AEG012345",
            "lines[0].order_line": "1",
            "lines[0].quantity": Decimal(10),
            "lines[0].unit": "EA",
            "lines[0].lot": "546378239",
            "lines[0].serials[0]": "4558784",
            "lines[0].expires_on": "2010-01-01",
            "lines[0].manufactured_on": "2018-01-01",
            "lines[0].gtin": "1234567891234",
        },
    ),
    (
        "peppol_Invoice",
        "ubl/Invoice",
        {
            "number": "Snippet1",
            "currency": "EUR",
            "total": Decimal("1656.25"),
            "supplier.code": "99887766",
            "lines[0].quantity": Decimal(7),
            "lines[0].unit": "DA",
            "lines[0].unit_price": Decimal(400),
            "lines[0].amount": Decimal(2800),
            "lines[1].quantity": Decimal(-3),
            "lines[1].unit_price": Decimal(500),
            "lines[1].amount": Decimal(-1500),
        },
    ),
    (
        "peppol_Catalogue",
        "ubl/Catalogue",
        {
            "number": "1387",
            "currency": "EUR",
            "valid_from_on": "2018-09-01",
            "valid_until_on": "2019-08-31",
            "supplier.name": "Medical",
            "lines[0].action": "change",
            "lines[0].unit_price": Decimal("10.00"),
            "lines[0].price_quantity": Decimal(1),
            "lines[0].unit": "EA",
            "lines[0].minimum_quantity": Decimal(1),
            "lines[0].valid_from_on": "2018-10-01",
            "lines[0].supplier_item": "MNTR011",
            "lines[1].unit_price": Decimal("90.00"),
            "lines[1].gtin": "1234567890124",
        },
    ),
    (
        "cxml_OrderRequest",
        "cxml/OrderRequest",
        {
            "number": "DO1234",
            "purpose": "original",
            "currency": "EUR",
            "ship_to.city": "Sunnyvale",
            "ship_to.country": "US",
            "buyer.name": "Zinc GmbH",
            "lines[0].quantity": Decimal(10),
            "lines[0].unit_price": Decimal("2.10"),
            "lines[0].unit": "EA",
            "lines[0].requested_on": "2020-02-28",
            "lines[1].quantity": Decimal(20),
            "lines[1].unit_price": Decimal("3.20"),
            "lines[1].supplier_item": "1233245",
        },
    ),
    (
        "b2mml_OperationsPerformance",
        "b2mml/OperationsPerformance",
        {
            "number": "OP-MO-10021",
            "production_order": "MO-10021",
            "inputs[0].lot": "R26-881",
            "inputs[0].quantity": Decimal(508),
            "inputs[0].unit": "EA",
            "outputs[0].lot": "A27K114",
            "outputs[0].quantity": Decimal(500),
            "outputs[0].item_code": "CS-4040-TI",
        },
    ),
]


@pytest.mark.parametrize(("file", "mapping", "facts"), FACTS, ids=[file for file, _, _ in FACTS])
def test_quantities_prices_and_lots_are_those_of_the_file(file: str, mapping: str, facts: dict[str, Any]) -> None:
    said = entity(EDI / "xml" / f"{file}.xml", mapping)
    found = leaves(said)
    assert {path: found.get(path) for path in facts} == facts
    # the identities are those of the file, since an address of ours would become a party's GLN
    again = leaves(through_bytes(said, mapping, NETWORK))
    assert {path: again.get(path) for path in facts} == facts


def test_a_response_whose_lines_leave_out_the_quantity_is_held_and_says_which() -> None:
    _, found = reading(EDI / "xml" / "peppol_OrderResponse.xml")
    (message,) = found.messages
    assert message.root is not None
    mapped = load("ubl/OrderResponse").read(message.root, CONTEXT)
    assert {finding.rule for finding in mapped.findings} == {"MAP-04"} and len(mapped.findings) == 4
    assert mapped.entity is not None
    lines = mapped.entity["lines"]
    assert [line["status"] for line in lines] == ["changed", "accepted", "changed"]
    assert (lines[0]["quantity"], lines[0]["unit_price"], lines[0]["promised_on"]) == (Decimal(10), Decimal("1.50"), "2018-08-12")


@pytest.mark.parametrize("path", sorted(ORDER_A.glob("ubl_*.xml")) + sorted((EDI / "xml").glob("peppol_*.xml")), ids=lambda path: path.name)
def test_a_tree_is_written_and_read_again_equal(path: Path) -> None:
    name, found = reading(path)
    (message,) = found.messages
    assert message.root is not None
    again = read(name, format_named(name).write([(message.type, message.root)], None, STRICT))
    assert again.rules == [] and again.messages[0].root is not None
    assert tree(again.messages[0].root) == tree(message.root)


# what each dialect of the one order carries: canonical.json -> entity
HEADER = {"number": "number", "order_date": "issued_at", "currency": "currency"}
PARTIES = {
    f"{theirs}.{member}": f"{ours}.{member}"
    for theirs, ours in (("buyer", "buyer"), ("seller", "supplier"))
    for member in ("code", "gln", "name")
}
LINE = {
    "line": "line", "buyer_item": "buyer_item", "seller_item": "supplier_item", "description": "description", "quantity": "quantity",
    "uom": "unit", "unit_price": "unit_price", "requested_date": "requested_on",
}  # fmt: skip
LINES = {f"lines[0].{theirs}": f"lines[0].{ours}" for theirs, ours in LINE.items()}
ORDERS: dict[str, tuple[str, tuple[str, str], dict[str, str], tuple[str, ...]]] = {
    "ubl_Order": (
        "ubl/Order",
        GLN,
        {**HEADER, **PARTIES, "ship_to.gln": "ship_to.gln", **LINES, "lines[0].gtin": "lines[0].gtin"},
        ("ship_to.code",),
    ),
    "cxml_OrderRequest": (
        "cxml/OrderRequest",
        NETWORK,
        {**HEADER, **LINES},
        (*PARTIES.values(), "ship_to.gln", "ship_to.code", "lines[0].gtin"),
    ),
}
DESPATCH = {
    "number": "number", "despatch_date": "despatched_at", "order": "lines[0].order_number", "sscc": "lines[0].sscc",
    "lines[0].order_line": "lines[0].order_line", "lines[0].buyer_item": "lines[0].buyer_item", "lines[0].gtin": "lines[0].gtin",
    "lines[0].lot": "lines[0].lot", "lines[0].expiry": "lines[0].expires_on", "lines[0].quantity": "lines[0].quantity",
    "lines[0].uom": "lines[0].unit",
}  # fmt: skip


def said_of(found: dict[str, Any], path: str) -> str | None:
    """A canonical value as canonical.json spells it."""
    value = found.get(path)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def canonical(document: str) -> dict[str, Any]:
    facts: dict[str, Any] = leaves(json.loads((ORDER_A / "canonical.json").read_text(encoding="utf-8"))[document])
    return facts


@pytest.mark.parametrize("file", sorted(ORDERS))
def test_every_fact_of_the_one_order_that_the_dialect_carries_comes_back(file: str) -> None:
    mapping, identities, carried, absent = ORDERS[file]
    facts = canonical("purchase_order")
    assert set(facts) == set(carried) | {path.replace("supplier", "seller") for path in absent}, "every fact is carried or named absent"
    said = entity(ORDER_A / f"{file}.xml", mapping)
    for found in (leaves(said), leaves(through_bytes(said, mapping, identities))):
        assert {theirs: said_of(found, ours) for theirs, ours in carried.items()} == {theirs: facts[theirs] for theirs in carried}
        assert {path: found.get(path) for path in absent} == dict.fromkeys(absent)


def test_every_fact_of_the_one_despatch_comes_back() -> None:
    facts = canonical("despatch_advice")
    assert set(facts) == set(DESPATCH)
    said = entity(ORDER_A / "ubl_DespatchAdvice.xml", "ubl/DespatchAdvice")
    for found in (leaves(said), leaves(through_bytes(said, "ubl/DespatchAdvice", GLN[::-1]))):
        assert {theirs: said_of(found, ours) for theirs, ours in DESPATCH.items()} == facts
