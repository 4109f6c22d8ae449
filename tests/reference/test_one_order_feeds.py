"""One order in the dialects of SAP S/4HANA (OData), Kingdee K3Cloud and Qimen: what each carries of `canonical.json` comes back equal.

`CARRIED` lists the facts by dialect, beside the canonical member that holds each; a fact that is not listed must not appear. What is
written by the same mapping and read again says the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import format_named
from connectors.spec import Profile
from data_contracts.canonical import ENTITIES
from mappings.engine import Context, Mapping, load
from tests.connectors.reading import Read, read
from tests.mappings.trees import leaves, without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "systems" / "one_order" / "order_a"
CANONICAL = json.loads((FOLDER / "canonical.json").read_text(encoding="utf-8"))
ZONE = "Asia/Shanghai"
K3CLOUD = json.loads((FOLDER / "k3cloud_webapi.json").read_text(encoding="utf-8"), parse_float=Decimal)


def dumped(value: Any) -> bytes:
    """A part of the K3Cloud file as K3Cloud would send it: numbers keep their spelling."""
    return json.dumps(value, ensure_ascii=False, default=lambda number: float(number)).encode()


def fact(path: str) -> Any:
    """A value of canonical.json: `purchase_order.lines.0.quantity`."""
    here: Any = CANONICAL
    for step in path.split("."):
        here = here[int(step)] if step.isdigit() else here[step]
    return here


@dataclass(frozen=True)
class Dialect:
    """A document, the grammar and mapping that read it, and which facts it carries: canonical.json's path to our member."""

    file: str
    content: bytes
    mapping: str
    carried: dict[str, str]
    own: frozenset[str] = frozenset()
    """Members that the hub gives by itself, or that say the system's own words again; nothing of canonical.json."""
    options: tuple[tuple[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    """Findings: mandatory members for which the dialect has no place."""


PO, DA, RC = "purchase_order", "despatch_advice", "receipt"
S4_ORDER = Dialect(
    "s4_odata_v2_A_PurchaseOrder.json",
    (FOLDER / "s4_odata_v2_A_PurchaseOrder.json").read_bytes(),
    "json/odata_v2_purchase_orders",
    {
        f"{PO}.number": "number",
        f"{PO}.order_date": "issued_at",
        f"{PO}.currency": "currency",
        f"{PO}.buyer.code": "buyer.code",
        f"{PO}.seller.code": "supplier.code",
        f"{PO}.ship_to.code": "lines[0].ship_to.code",
        f"{PO}.lines.0.line": "lines[0].line",
        f"{PO}.lines.0.buyer_item": "lines[0].buyer_item",
        f"{PO}.lines.0.seller_item": "lines[0].supplier_item",
        f"{PO}.lines.0.gtin": "lines[0].gtin",
        f"{PO}.lines.0.description": "lines[0].description",
        f"{PO}.lines.0.quantity": "lines[0].quantity",
        f"{PO}.lines.0.uom": "lines[0].unit",
        f"{PO}.lines.0.unit_price": "lines[0].unit_price",
        f"{PO}.lines.0.requested_date": "lines[0].requested_on",
    },
    frozenset({"buyer.code_scheme", "supplier.code_scheme", "lines[0].item_code"}),
)
S4_RECEIPT = Dialect(
    "s4_odata_v2_A_MaterialDocumentHeader_POST.json",
    (FOLDER / "s4_odata_v2_A_MaterialDocumentHeader_POST.json").read_bytes(),
    "json/odata_v2_material_document",
    {
        f"{DA}.number": "despatch_number",
        f"{RC}.date": "received_at",
        f"{RC}.order": "lines[0].order_number",
        f"{RC}.order_line": "lines[0].order_line",
        f"{RC}.received": "lines[0].quantity",
        f"{PO}.ship_to.code": "lines[0].location.code",
        f"{DA}.lines.0.buyer_item": "lines[0].buyer_item",
        f"{DA}.lines.0.lot": "lines[0].lot",
        f"{DA}.lines.0.expiry": "lines[0].expires_on",
        f"{DA}.lines.0.uom": "lines[0].unit",
    },
    # Not yet posted, it has no number of its own, and no line number: the delivery note and the order of lines stand for them.
    frozenset({"number", "issued_at", "lines[0].line", "lines[0].item_code"}),
)
K3_SAVE = Dialect(
    "k3cloud_webapi.json",
    dumped(K3CLOUD["save_request"]),
    "json/k3cloud_purchase_order_save",
    {
        f"{PO}.number": "number",
        f"{PO}.order_date": "issued_at",
        f"{PO}.currency": "currency",
        f"{PO}.seller.code": "supplier.code",
        f"{PO}.lines.0.buyer_item": "lines[0].buyer_item",
        f"{PO}.lines.0.quantity": "lines[0].quantity",
        f"{PO}.lines.0.uom": "lines[0].unit",
        f"{PO}.lines.0.unit_price": "lines[0].unit_price",
        f"{PO}.lines.0.requested_date": "lines[0].requested_on",
    },
    frozenset({"supplier.code_scheme", "lines[0].item_code", "lines[0].line"}),
)
K3_QUERY = Dialect(
    "k3cloud_webapi.json",
    dumped(K3CLOUD["query_response"]),
    "json/k3cloud_purchase_order_query",
    {
        f"{PO}.number": "number",
        f"{PO}.order_date": "issued_at",
        f"{PO}.seller.code": "supplier.code",
        f"{PO}.lines.0.buyer_item": "lines[0].buyer_item",
        f"{PO}.lines.0.quantity": "lines[0].quantity",
        f"{PO}.lines.0.unit_price": "lines[0].unit_price",
        f"{PO}.lines.0.requested_date": "lines[0].requested_on",
    },
    frozenset({"supplier.code_scheme", "lines[0].item_code", "lines[0].line"}),
    (("columns", K3CLOUD["query_request"]["data"]["FieldKeys"]),),
    ("MAP-04 entry",),  # this query asked for no unit
)
QIMEN = Dialect(
    "qimen_entryorder_create.xml",
    (FOLDER / "qimen_entryorder_create.xml").read_bytes(),
    "xml/qimen_entry_order",
    {
        f"{DA}.number": "number",
        f"{DA}.order": "lines[0].order_number",
        f"{DA}.lines.0.order_line": "lines[0].order_line",
        f"{DA}.lines.0.buyer_item": "lines[0].buyer_item",
        f"{DA}.lines.0.lot": "lines[0].lot",
        f"{DA}.lines.0.expiry": "lines[0].expires_on",
        f"{DA}.lines.0.quantity": "lines[0].quantity",
        f"{DA}.lines.0.uom": "lines[0].unit",  # by Qimen's rule that quantities are pieces
        f"{PO}.order_date": "issued_at",
        f"{PO}.buyer.code": "buyer.code",
        f"{PO}.ship_to.code": "ship_to.code",
    },
    frozenset({"lines[0].item_code", "lines[0].line"}),
)
DIALECTS = [pytest.param(dialect, id=f"{dialect.file}:{dialect.mapping}") for dialect in (S4_ORDER, S4_RECEIPT, K3_SAVE, K3_QUERY, QIMEN)]


def profile(dialect: Dialect) -> Profile:
    return Profile(time_zone=ZONE, options=dict(dialect.options))


def opened(dialect: Dialect, content: bytes) -> tuple[Mapping, Read]:
    format_name, _, grammar = dialect.mapping.partition("/")
    return load(dialect.mapping), read(format_name, content, grammar, profile(dialect))


def said(mapping: Mapping, found: Read) -> tuple[dict[str, Any], list[str]]:
    (message,) = found.messages
    assert message.findings == [] and message.root is not None
    mapped = mapping.read(message.root, Context(time_zone=ZONE))
    assert mapped.entity is not None
    return without_places(mapped.entity), [f"{finding.rule} {finding.place.path}" for finding in mapped.findings]


def equal(stated: Any, ours: Any) -> bool:
    if isinstance(ours, Decimal):
        return ours == Decimal(str(stated))
    return str(ours).startswith(str(stated)) if hasattr(ours, "utcoffset") else ours == stated


@pytest.mark.parametrize("dialect", DIALECTS)
def test_facts_come_back_equal_and_nothing_is_invented(dialect: Dialect) -> None:
    mapping, found = opened(dialect, dialect.content)
    entity, missing = said(mapping, found)
    if not dialect.missing:
        ENTITIES[mapping.entity].model_validate({key: value for key, value in entity.items() if key != "entity"})
    assert tuple(rule for rule in missing if rule.startswith("MAP-04")) == dialect.missing
    ours = leaves(entity)
    wrong = {path: (fact(path), ours.get(member)) for path, member in dialect.carried.items() if not equal(fact(path), ours.get(member))}
    assert wrong == {}
    assert set(ours) - set(dialect.carried.values()) - dialect.own == {"issued_at_source"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_written_back_and_read_again_the_facts_are_equal(dialect: Dialect) -> None:
    mapping, found = opened(dialect, dialect.content)
    entity, _ = said(mapping, found)
    format_name, _, grammar = dialect.mapping.partition("/")
    tree = mapping.write(entity, Context(time_zone=ZONE))
    content = format_named(format_name).write([(mapping.message, tree)], None, Profile(time_zone=ZONE), grammar)
    options = () if dialect is K3_QUERY else dialect.options  # what we write has the grammar's own columns
    again, _ = said(mapping, read(format_name, content, grammar, Profile(time_zone=ZONE, options=dict(options))))
    before, after = leaves(entity), leaves(again)
    assert {member: after.get(member) for member in dialect.carried.values()} == {
        member: before[member] for member in dialect.carried.values()
    }


def test_what_k3cloud_answers_to_save() -> None:
    found = read("json", dumped(K3CLOUD["save_response"]), "k3cloud_save_answer")
    (message,) = found.messages
    assert message.findings == [] and message.root is not None
    (result,) = message.root.children
    assert result.values == {"Id": "100123", "Number": fact("purchase_order.number")}


def test_a_fault_under_http_200_is_no_data() -> None:
    for content, grammar in (
        (K3CLOUD["auth_failure_http_200"], "k3cloud_purchase_order_query"),
        (K3CLOUD["auth_failure_http_200"][0][0], "k3cloud_save_answer"),
    ):
        (message,) = read("json", dumped(content), grammar).messages
        assert message.root is None
        assert [(finding.rule, finding.got, finding.severity) for finding in message.findings] == [
            ("FED-22", "会话信息已丢失，请重新登录", "error")
        ]


def test_a_draft_that_a_query_answers_is_not_taken_for_an_order() -> None:
    draft = [[value if value != "C" else "A" for value in row] for row in K3CLOUD["query_response"]]
    mapping, found = opened(K3_QUERY, dumped(draft))
    (message,) = found.messages
    assert message.root is not None
    assert "MAP-07" in [finding.rule for finding in mapping.read(message.root, Context(time_zone=ZONE)).findings]


def test_every_byte_of_a_message_is_where_it_says() -> None:
    _, found = opened(S4_ORDER, S4_ORDER.content)
    (message,) = found.messages
    cut = S4_ORDER.content[message.offset : message.offset + message.length]
    assert json.loads(cut)["PurchaseOrder"] == fact("purchase_order.number")
