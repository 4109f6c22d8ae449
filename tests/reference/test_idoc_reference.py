"""IDocs of the reference material: every fact that a dialect of the one order carries comes out and goes back in, in XML and flat."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.idoc import FORMAT
from connectors.spec import STRICT, Profile
from mappings.engine import Context, load
from tests.connectors.reading import read, tree
from tests.mappings.trees import leaves, without_places

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"])
EDI = REFERENCE / "edi"
ORDER_A = REFERENCE / "systems" / "one_order" / "order_a"
CONTEXT = Context(time_zone="Asia/Shanghai")
FLAT = Profile(options={"representation": "flat"})


def entity(path: Path, mapping: str) -> dict[str, Any]:
    (message,) = read("idoc", path.read_bytes()).messages
    assert message.root is not None
    mapped = load(mapping).read(message.root, CONTEXT)
    assert mapped.findings == [] and mapped.entity is not None
    return without_places(mapped.entity)


@pytest.mark.parametrize(
    ("file", "message", "version", "control", "rules"),
    [
        ("xml/idoc_ORDERS05.xml", "ORDERS", "ORDERS05", "1000000000000001", []),
        ("xml/idoc_MATMAS05.xml", "MATMAS", "MATMAS05", "0000000000900001", []),
        ("xml/idoc_MBGMCR03.xml", "MBGMCR", "MBGMCR03", "0000000000910001", ["IDC-07"]),
        ("flat/idoc_ORDERS05.txt", "ORDERS", "ORDERS05", "0000000000815001", []),
        ("broken/idoc_wrong_encoding.xml", "MATMAS", "MATMAS05", "0000000000900002", ["FED-15"]),
    ],
)
def test_every_file_says_what_its_readme_says(file: str, message: str, version: str, control: str, rules: list[str]) -> None:
    found = read("idoc", (EDI / file).read_bytes())
    (one,) = found.messages
    assert (one.type, one.version, one.control, found.rules, found.rules_around) == (message, version, control, rules, [])
    assert (one.root is None) == file.startswith("broken/"), "a declared encoding that lies is refused"


@pytest.mark.parametrize(
    "path",
    [*sorted((EDI / "xml").glob("idoc_*.xml")), EDI / "flat" / "idoc_ORDERS05.txt", *sorted(ORDER_A.glob("idoc_*.xml"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_what_was_read_is_written_and_read_again_in_both_representations(path: Path) -> None:
    (message,) = read("idoc", path.read_bytes()).messages
    assert message.root is not None
    for profile in (STRICT, FLAT):
        again = read("idoc", FORMAT.write([(message.type, message.root)], None, profile))
        assert again.rules == [] and tree(again.messages[0].root) == tree(message.root)


def test_every_fact_of_the_order_that_an_idoc_carries() -> None:
    said = json.loads((ORDER_A / "canonical.json").read_text(encoding="utf-8"))["purchase_order"]
    found = entity(ORDER_A / "idoc_ORDERS05.xml", "idoc/ORDERS")
    (line,) = said["lines"]
    assert leaves(found) == {
        "purpose": "original",
        "number": said["number"],
        "issued_at": found["issued_at"],
        "issued_at_source": "day",
        "currency": said["currency"],
        "buyer.code": said["buyer"]["code"],
        "buyer.gln": said["buyer"]["gln"],
        "supplier.code": said["seller"]["code"],
        "supplier.gln": said["seller"]["gln"],
        "ship_to.code": said["ship_to"]["code"],
        "ship_to.gln": said["ship_to"]["gln"],
        "lines[0].line": line["line"],
        "lines[0].buyer_item": line["buyer_item"],
        "lines[0].supplier_item": line["seller_item"],
        "lines[0].gtin": line["gtin"],
        "lines[0].description": line["description"],
        "lines[0].quantity": Decimal(line["quantity"]),
        "lines[0].unit": line["uom"],
        "lines[0].unit_price": Decimal(line["unit_price"]),
        "lines[0].requested_on": line["requested_date"],
    }, "names of the parties are not in the IDoc, and nothing is made up"
    assert found["issued_at"].isoformat() == f"{said['order_date']}T00:00:00+08:00"


def test_every_fact_of_the_receipt_that_an_idoc_carries() -> None:
    whole = json.loads((ORDER_A / "canonical.json").read_text(encoding="utf-8"))
    said, (despatched,) = whole["receipt"], whole["despatch_advice"]["lines"]
    found = entity(ORDER_A / "idoc_MBGMCR03.xml", "idoc/MBGMCR")
    assert found["received_at"].isoformat() == found["issued_at"].isoformat() == f"{said['date']}T00:00:00+08:00"
    assert leaves(found) == {
        "number": "102",  # the material document has its number only after SAP posted it: the IDoc's own stands for it
        "issued_at": found["issued_at"],
        "issued_at_source": "day",
        "received_at": found["received_at"],
        "despatch_number": whole["despatch_advice"]["number"],
        "location.code": "1010",
        "lines[0].line": "1",
        "lines[0].order_number": said["order"],
        "lines[0].order_line": said["order_line"],
        "lines[0].item_code": despatched["buyer_item"],
        "lines[0].lot": despatched["lot"],
        "lines[0].expires_on": despatched["expiry"],
        "lines[0].quantity": Decimal(said["received"]),
        "lines[0].unit": despatched["uom"],
    }, "what was rejected, GTIN and SSCC are not in the IDoc"


@pytest.mark.parametrize(("file", "name"), [("idoc_ORDERS05.xml", "idoc/ORDERS"), ("idoc_MBGMCR03.xml", "idoc/MBGMCR")])
@pytest.mark.parametrize("profile", [STRICT, FLAT], ids=["xml", "flat"])
def test_the_facts_written_back_and_read_again_are_equal(file: str, name: str, profile: Profile) -> None:
    mapping = load(name)
    said = entity(ORDER_A / file, name)
    content = FORMAT.write([(mapping.message, mapping.write(said, CONTEXT))], None, profile)
    (message,) = read("idoc", content).messages
    assert message.findings == [] and message.root is not None
    again = mapping.read(message.root, CONTEXT)
    assert again.findings == []
    said.pop("location", None)  # a plant is read and not written
    assert without_places(again.entity) == said


def test_the_orders_of_other_systems() -> None:
    found = entity(EDI / "xml" / "idoc_ORDERS05.xml", "idoc/ORDERS")
    (line,) = found["lines"]
    assert (found["number"], found["currency"], found["buyer"]["name"]) == ("0000004712", "EUR", "Meridian Trading")
    assert line == {
        "line": "10",
        "quantity": Decimal("21.000"),
        "unit": "EA",
        "supplier_item": "TG31",
        "description": "Smart Multimedia Player",
    }
    found = entity(EDI / "flat" / "idoc_ORDERS05.txt", "idoc/ORDERS")
    (line,) = found["lines"]
    assert (found["number"], found["buyer"]["code"], found["supplier"]["code"]) == ("4500009001", "HOSP01", "DEV01")
    assert found["issued_at"].isoformat() == "2026-11-22T08:30:00+08:00"
    assert line == {
        "line": "10",
        "quantity": Decimal("10.000"),
        "unit": "EA",
        "unit_price": Decimal("118.50"),
        "buyer_item": "CS-4040-TI",
        "gtin": "00761221699687",
        "description": "KANULIERTE SCHRAUBE 4.0",
    }


def test_the_item_with_its_classification() -> None:
    found = entity(EDI / "xml" / "idoc_MATMAS05.xml", "idoc/MATMAS")
    assert {key: value for key, value in found.items() if key not in ("entity", "issued_at", "issued_at_source")} == {
        "number": "CS-4040-TI",
        "name": "CANNULATED SCREW 4.0MM TI",
        "kind": "finished",
        "base_unit": "EA",
        "gtin": "00761241542871",
        "lot_controlled": True,
        "serial_controlled": True,
        "shelf_life_days": 1825,
        "status": "active",
    }, "the carton has no GTIN of its own, so it is no trade item"


def test_the_receipt_whose_container_was_left_out() -> None:
    found = entity(EDI / "xml" / "idoc_MBGMCR03.xml", "idoc/MBGMCR")
    (line,) = found["lines"]
    assert (found["despatch_number"], found["location"]["code"]) == ("SH4500981", "1000")
    assert (line["order_number"], line["order_line"], line["lot"], line["quantity"]) == ("4500009001", "10", "A27K114", Decimal("10.000"))
