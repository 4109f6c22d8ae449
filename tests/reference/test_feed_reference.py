"""Public and own samples of JSON and CSV feeds: each fact checked by hand against the file."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from mappings.engine import Context, load
from tests.connectors.reading import read
from tests.mappings.trees import without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi"
CONTEXT = Context(time_zone="Asia/Shanghai")


def mapped(file: str, name: str) -> list[tuple[dict[str, Any] | None, list[str]]]:
    """Entities of a file with the rules that mapping found."""
    format_name, _, grammar = name.partition("/")
    mapping = load(name)
    found = read(format_name, (FOLDER / format_name / file).read_bytes(), grammar)
    assert found.rules == []
    made = []
    for message in found.messages:
        assert message.root is not None
        result = mapping.read(message.root, CONTEXT)
        made.append(
            (without_places(result.entity) if result.entity else None, [f"{f.rule} {f.got or ''}".strip() for f in result.findings])
        )
    return made


def test_a_kingdee_order() -> None:
    ((entity, rules),) = mapped("kingdee_k3cloud_PUR_PurchaseOrder_Save.json", "json/k3cloud_purchase_order_save")
    assert entity is not None and rules == []
    assert (entity["number"], entity["issued_at"].isoformat(), entity["currency"], entity["supplier"]["code"]) == (
        "CGDD000871",
        "2026-11-22T00:00:00+08:00",
        "CNY",
        "VEN00012",
    )
    (line,) = entity["lines"]
    assert (line["buyer_item"], line["description"]) == ("CS-4040-TI", "空心螺钉 4.0mm 钛合金 灭菌")
    assert (line["quantity"], line["unit"], line["unit_price"], line["requested_on"]) == (
        Decimal(10),
        "EA",
        Decimal("104.867257"),
        "2026-12-01",
    )


def test_a_u8_order_has_no_unit_and_is_held_for_it() -> None:
    ((entity, rules),) = mapped("u8_purchaseorder.json", "json/u8_purchase_order")
    assert entity is not None and rules == ["MAP-04", "MAP-04"]
    assert (entity["number"], entity["supplier"]["code"], entity["currency"]) == ("202040042", "01002", "CNY")
    assert entity["issued_at"].isoformat() == "2015-01-01T00:00:00+08:00"
    assert [(line["line"], line["buyer_item"], line["quantity"], line["unit_price"], line["requested_on"]) for line in entity["lines"]] == [
        ("1", "0107002", Decimal(10), Decimal("61.9469"), "2015-01-02"),
        ("2", "0107003", Decimal(11), Decimal("10.6195"), "2015-01-02"),
    ]
    assert not any("unit" in line for line in entity["lines"])


def test_a_u8_goods_issue_whose_entry_is_one_object() -> None:
    found = read("json", (FOLDER / "json" / "u8_saleout.json").read_bytes(), "u8_sale_out")
    (message,) = found.messages
    assert message.findings == [] and message.root is not None
    assert (message.root.values["ccuscode"], message.root.values["cwhname"]) == ("0215", "PC原材料仓")  # type: ignore[call-overload]
    (entry,) = message.root.children
    assert dict(entry.values) == {  # type: ignore[arg-type]
        "irowno": "1",
        "cinvcode": "01019002065",
        "cinvname": "硬盘-1000G",
        "iquantity": "50.0000000000",
    }
    # It has neither a number of its own nor a date, so no despatch advice can be made of it.
    result = load("json/u8_sale_out").read(message.root, CONTEXT)
    assert result.entity is None and {finding.rule for finding in result.findings} == {"MAP-04"}


def test_products_of_s4() -> None:
    cable, steel, service, *_ = mapped("odata_v2_Product_list.json", "json/odata_v2_products")
    assert cable[1] == [] and steel[1] == []
    assert cable[0] is not None and steel[0] is not None
    assert (cable[0]["number"], cable[0]["name"], cable[0]["kind"], cable[0]["base_unit"]) == (
        "MZ-FG-C100",
        "Cable Assembly C100",
        "component",
        "M",
    )
    assert cable[0]["issued_at"].date().isoformat() == "2023-05-20"
    assert (steel[0]["number"], steel[0]["kind"], steel[0]["base_unit"]) == ("MZ-RM-S200", "raw", "KG")
    assert "MAP-03 DIEN" in service[1], "a service is no item of ours and is held, not guessed"


def test_a_sales_order_with_its_items_expanded() -> None:
    """No mapping is shipped for it (it is neither the customer's order nor our promise); the tree has each fact in its place."""
    found = read("json", (FOLDER / "json" / "odata_v2_SalesOrder_expand.json").read_bytes())
    (message,) = found.messages
    assert message.root is not None
    (order,) = message.root.children
    assert order.values["SalesOrder"] == "0000004712" and order.values["TotalNetAmount"] == "24786.720"  # type: ignore[call-overload]
    assert "PricingDate" not in order.values, "null is absent"
    items = next(child for child in order.children if child.tag == "to_Item").children
    assert [(item.values["SalesOrderItem"], item.values["RequestedQuantity"]) for item in items] == [("000010", "21.000")]  # type: ignore[call-overload]


STOCK = """
version: 1
grammar: stock_by_lot
format: delimited
message: stock_by_lot
separator: ";"
decimal: ","
fields:
  sku: {type: text, required: true}
  gtin: {type: text, required: true}
  lot: {type: text, required: true}
  expiry: {type: date}
  qty: {type: decimal, required: true}
  uom: {type: text, required: true}
"""


def test_stock_by_lot_with_a_mark_quotes_and_a_decimal_comma(tmp_path: Path) -> None:
    (tmp_path / "delimited").mkdir()
    (tmp_path / "delimited" / "stock_by_lot.yaml").write_text(STOCK)
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    content = (FOLDER / "csv" / "stock_by_lot_utf8_bom.csv").read_bytes()
    found = read("delimited", content, "stock_by_lot", profile)
    assert found.rules == [] and found.rules_around == []
    rows = [message.root for message in found.messages]
    assert [dict(row.values) for row in rows if isinstance(row, SourceRecord)] == [  # type: ignore[arg-type]
        {"sku": "CS-4040-TI", "gtin": "00761265590476", "lot": "A27K114", "expiry": "2031-04-30", "qty": "42", "uom": "PCE"},
        {"sku": "HS-STEM;04", "gtin": "00761283300002", "lot": 'C26"D771', "expiry": "2036-09-30", "qty": "1,5", "uom": "PCE"},
    ]
    for message in found.messages:
        assert content[message.offset : message.offset + message.length].endswith(b";PCE\r\n") or message is found.messages[-1]
    assert read("delimited", content, None, STRICT).rules == []


@pytest.mark.parametrize("file", ["epcis_ObjectEvent.jsonld", "epcis_TransformationEvent.jsonld"])
def test_json_ld_is_json(file: str) -> None:
    found = read("json", (FOLDER / "json" / file).read_bytes())
    assert found.rules == [] and found.rules_around == ["FED-17"] and found.messages[0].root is not None
