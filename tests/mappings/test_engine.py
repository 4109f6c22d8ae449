"""Reading: the shipped mappings on own samples, what is wrong becomes a finding with its place, what is lost is told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings import samples
from tests.mappings.shipped import load
from tests.mappings.trees import lost, named, segments, without_places

CHINA = timezone(timedelta(hours=8))
CONTEXT = Context(time_zone="Asia/Shanghai", currency="CNY")
DESPATCH, RESPONSE, ORDER, INVOICE = (load(f"x12/{number}") for number in ("856", "855", "850", "810"))


def entity(name: str) -> dict[str, Any]:
    mapped = load(name).read(samples.sample(name), CONTEXT)
    assert mapped.entity is not None
    assert mapped.findings == []
    return mapped.entity


def rules(findings: list[Finding]) -> list[tuple[str, str | None, int | None, int | None, str | None]]:
    return [(f.rule, f.place.segment, f.place.position, f.place.element, f.got) for f in findings]


# --- X12 ---------------------------------------------------------------------------------------------------------------
def test_a_despatch_advice() -> None:
    found = entity("x12/856")
    lines = found.pop("lines")
    assert found == {
        "entity": "DespatchAdvice",
        "purpose": "original",
        "number": "SHP00012",
        "issued_at": datetime(2026, 11, 22, 8, 30, tzinfo=CHINA),
        "issued_at_source": "profile",
        "carrier": "SF EXPRESS",
        "tracking": "SF1029",
        "despatched_at": datetime(2026, 11, 22, 8, 15, tzinfo=CHINA),
        "expected_on": "2026-11-24",
        "ship_from": {"name": "Jiangnan Polymer", "gln": "6901234000108"},
        "ship_to": {"name": "Suzhou plant", "gln": "6901234000016", "city": "Suzhou", "postal_code": "215000", "country": "CN"},
        "@": 1,
    }
    assert lines[0] == {
        "line": "1",
        "order_number": "4500000123",
        "order_line": "10",
        "parent_sscc": "069012340000000017",
        "sscc": "069012340000000024",
        "buyer_item": "RM-0001",
        "supplier_item": "JP-77",
        "gtin": "06901234500014",
        "quantity": Decimal("600"),
        "unit": "EA",
        "description": "Medical grade resin",
        "lot": "L26-0441",
        "serials": ["S1", "S2"],
        "expires_on": "2028-11-30",
        "manufactured_on": "2026-11-01",
        "@": 17,
    }
    assert lines[1]["lot"] == "L26-0442"  # a pair inside LIN
    assert lines[1]["sscc"] == "069012340000000024"
    assert "sscc" not in lines[2]
    assert lines[2]["order_number"] == "4500000123"
    assert lines[2]["quantity"] == Decimal("4.5")


def test_an_item_below_a_pallet_is_held_by_the_pallet() -> None:
    tree = segments("BSN*00*S*20261122*0830\nHL*1**S\n HL*2*1*T\n  MAN*AA*069012340000000017\n  HL*3*2*I\n   SN1**1*EA")
    (line,) = (DESPATCH.read(tree, CONTEXT).entity or {})["lines"]
    assert line["sscc"] == "069012340000000017"
    assert "parent_sscc" not in line


def test_pick_and_pack_takes_the_order_from_below_the_carton() -> None:
    tree = segments(
        "BSN*00*S*20261122*0830\nHL*1**S\n HL*2*1*P\n  MAN*GM*00069012340000000017\n  HL*3*2*O\n   PRF*PO9\n   HL*4*3*I\n    SN1**1*EA"
    )
    (line,) = (DESPATCH.read(tree, CONTEXT).entity or {})["lines"]
    assert (line["order_number"], line["sscc"]) == ("PO9", "069012340000000017")


def test_a_response_takes_the_line_status_or_else_the_headers() -> None:
    lines = entity("x12/855")["lines"]
    assert [(line["status"], line["quantity"], line.get("promised_on")) for line in lines] == [
        ("changed", Decimal("1000"), "2026-12-12"),
        ("backordered", Decimal("4.5"), "2027-01-10"),
        ("accepted", Decimal("7"), None),
    ]
    assert entity("x12/855")["number"] == "SO-881"
    rejected = segments("BAK*00*RJ*PO1*20261122\nPO1*1*5*EA")
    (line,) = (RESPONSE.read(rejected, CONTEXT).entity or {})["lines"]
    assert line["status"] == "rejected"


def test_an_invoice_names_its_order_once_or_by_the_line() -> None:
    found = entity("x12/810")
    assert found["total"] == Decimal("3764.03")
    assert [line["order_number"] for line in found["lines"]] == ["4500000123", "4500000777"]


def test_what_is_neither_invoice_nor_credit_memo_is_held() -> None:
    tree = segments("BIG*20261130*CM-1*20261122*PO1***N6\nIT1*1*5*EA*2")
    assert rules(INVOICE.read(tree, CONTEXT).findings) == [("MAP-03", "BIG", 2, 7, "N6")]


def test_an_order_takes_the_agreements_currency_where_it_states_none() -> None:
    tree = segments("BEG*00*SA*PO1**20261122\nPO1**5*EA")
    found = ORDER.read(tree, CONTEXT).entity
    assert found is not None
    assert found["currency"] == "CNY"
    assert found["lines"][0]["line"] == "1"  # PO101 is optional
    assert "currency" not in (ORDER.read(tree, Context()).entity or {})


# --- feeds -------------------------------------------------------------------------------------------------------------
def test_an_order_in_json_and_its_exact_numbers() -> None:
    found = without_places(entity("json/erp_orders"))
    assert found["supplier"] == {"code": "V1001", "code_scheme": "own", "gln": "6901234000108", "name": "江南高分子材料"}
    assert [str(line["unit_price"]) for line in found["lines"]] == ["3.250", "18"]
    assert [line["unit"] for line in found["lines"]] == ["EA", "KG"]
    assert found["lines"][0]["buyer_item"] == found["lines"][0]["item_code"] == "RM-0001"
    assert "issued_at_source" not in found


def test_an_order_in_csv() -> None:
    found = without_places(entity("delimited/erp_orders"))
    assert found["issued_at"] == datetime(2026, 11, 22, 8, 5, tzinfo=CHINA)
    assert found["issued_at_source"] == "profile"
    assert found["purpose"] == "change"
    assert found["lines"][0] == {
        "line": "10",
        "item_code": "RM-0007",
        "buyer_item": "RM-0007",
        "quantity": Decimal("12.50"),
        "unit": "KG",
        "unit_price": Decimal("1.075"),
        "requested_on": "2026-12-01",
    }


def test_an_item_with_its_packaging_and_supplier() -> None:
    found = without_places(entity("delimited/erp_items"))
    assert found["trade_items"] == [{"gtin": "16901234500059", "unit": "CS", "quantity": Decimal("50")}]
    assert found["supplier_items"] == [{"supplier": "V1001", "code": "JP-77"}]
    assert (found["lot_controlled"], found["serial_controlled"], found["shelf_life_days"]) == (True, False, 1825)
    bare = {key: value for key, value in samples.ITEM.items() if key not in ("gtin_case", "case_quantity", "supplier_item")}
    lone = load("delimited/erp_items").read(named("erp_items", bare), CONTEXT).entity
    assert lone is not None
    assert "trade_items" not in lone
    assert "supplier_items" not in lone


def test_stock_receipt_despatch_production_and_party() -> None:
    stock = entity("json/wms_stock")
    assert stock["number"] == "6901234000016/2026-11-22T06:00:00+08:00"
    assert [(line["line"], line["status"], line["expires_on"]) for line in stock["lines"]] == [
        ("1", "available", "2028-08"),
        ("2", "quarantine", "2027-01-31"),
    ]
    receipt = entity("xml/wms_receipts")
    assert receipt["location"] == {"gln": "6901234000016"}
    assert (receipt["lines"][0]["quantity"], receipt["lines"][0]["unit"]) == (Decimal("600"), "EA")
    assert receipt["lines"][0]["order_number"] == receipt["order_number"] == "4500000123"
    assert receipt["issued_at"] == receipt["received_at"]
    assert entity("json/wms_despatches")["lines"][0]["serials"] == ["A1", "A2"]
    event = entity("json/mes_production")
    assert [line["lot"] for line in (*event["inputs"], *event["outputs"])] == ["L26-0441", "L1"]
    assert event["outputs"][0]["expires_on"] == "2031-11"
    party = entity("json/erp_parties")
    assert (party["role"], party["status"]) == ("supplier", "retired")
    place, lot = entity("json/erp_locations"), entity("json/erp_lots")
    assert (place["level"], place["parent"], lot["expires_on"], lot["status"]) == ("warehouse", "P01", "2029-10", "quarantine")


# --- what is wrong -----------------------------------------------------------------------------------------------------
def test_a_value_that_cannot_be_read_is_left_out_and_told() -> None:
    tree = segments("BSN*00*S*20261122*0830\nHL*1**S\n HL*2*1*I\n  LIN*1*BP*A\n  SN1**1e3*EA\n  DTM*036*20260231")
    mapped = DESPATCH.read(tree, CONTEXT)
    assert rules(mapped.findings)[:2] == [("MAP-02", "SN1", 6, 2, "1e3"), ("MAP-02", "DTM", 7, 2, "20260231")]
    assert rules(mapped.findings)[2:] == [("MAP-04", "HL", 4, None, None)]
    assert mapped.entity is not None
    assert not {"quantity", "expires_on"} & set(mapped.entity["lines"][0])
    assert "a number like 12.50" in mapped.findings[0].text()
    assert mapped.findings[0].text("zh-CN") != mapped.findings[0].text()


def test_an_unknown_code_is_left_out_and_told() -> None:
    tree = segments("BAK*00*AC*PO1*20261122\nPO1*1*5*QQ\n ACK*ZZ*5*QQ")
    mapped = RESPONSE.read(tree, CONTEXT)
    assert ("MAP-03", "ACK", 4, 1, "ZZ") in rules(mapped.findings)
    assert ("MAP-03", "ACK", 4, 3, "QQ") in rules(mapped.findings)
    assert mapped.entity is not None
    assert "unit" not in mapped.entity["lines"][0]


def test_an_unreadable_value_takes_no_default() -> None:
    """A purpose that is there and unknown must not become an original."""
    tree = segments("BEG*77*SA*PO1**20261122\nPO1*1*5*EA")
    mapped = ORDER.read(tree, CONTEXT)
    assert rules(mapped.findings) == [("MAP-03", "BEG", 2, 1, "77")]
    assert mapped.entity is not None
    assert "purpose" not in mapped.entity


def test_no_number_no_entity() -> None:
    mapped = ORDER.read(segments("BEG*00*SA***20261122\nPO1*1*5*EA"), CONTEXT)
    assert mapped.entity is None
    assert rules(mapped.findings) == [("MAP-04", "ST", 1, None, None)]
    assert "BEG/03" in mapped.findings[0].text()


def test_the_place_of_a_named_value_is_its_path_and_line() -> None:
    stock = {**samples.STOCK, "stock": [samples.STOCK["stock"][0], {**samples.STOCK["stock"][1], "quantity": "many"}]}  # type: ignore[dict-item]
    mapped = load("json/wms_stock").read(named("wms_stock", stock), CONTEXT)
    finding = mapped.findings[0]
    assert (finding.rule, finding.place.path, finding.place.line) == ("MAP-02", "stock[2]/quantity", 3)


def test_an_assumed_zone_says_so() -> None:
    tree = segments("BSN*00*SH1*20261122*0830\nHL*1**S")
    mapped = load("x12/856").read(tree, Context(time_zone_source="assumed"))
    assert mapped.entity is not None
    assert mapped.entity["issued_at_source"] == "assumed"


def test_blanks_at_the_ends_say_nothing() -> None:
    tree = segments("BEG*00 *SA* PO1 **20261122\nPO1*1*5 *EA \n PID*F ****  ")
    mapped = ORDER.read(tree, CONTEXT)
    assert mapped.findings == []
    assert mapped.entity is not None
    assert (mapped.entity["number"], mapped.entity["lines"][0]["quantity"]) == ("PO1", Decimal("5"))
    assert "description" not in mapped.entity["lines"][0]


def test_bottomless_nesting_is_refused_and_not_walked() -> None:
    root = segments("BSN*00*S*20261122*0830")
    level = root
    for number in range(20_000):
        below = SourceRecord("HL", ["HL", str(number), "", "I"], number + 3, level)
        level.children.append(below)
        level = below
    mapped = DESPATCH.read(root, CONTEXT)
    assert mapped.entity is None
    assert [(finding.rule, finding.severity, finding.action) for finding in mapped.findings] == [("MAP-09", "error", "message")]
    assert lost(DESPATCH, root, CONTEXT) == []
    assert DESPATCH.trace(root, CONTEXT) == {}


# --- what is lost ------------------------------------------------------------------------------------------------------
def test_unmapped_source_is_told_once_with_its_count() -> None:
    lines = "".join(f"\n HL*{n}*1*I\n  LIN*{n}*BP*A*SW*M{n}\n  SN1**1*EA" for n in (2, 3, 4))
    told = lost(DESPATCH, segments("BSN*00*S*20261122*0830\nMEA*PD*G*1\nHL*1**S\n REF*ZZ*x" + lines), CONTEXT)
    assert {(f.rule, f.params["what"], f.params["count"], f.got) for f in told} == {
        ("MAP-01", "MEA (PD)", "1", "PD G 1"),
        ("MAP-01", "HL/REF (ZZ)", "1", "ZZ x"),
        ("MAP-01", "HL/HL/LIN/04", "3", "SW"),
        ("MAP-01", "HL/HL/LIN/05", "3", "M2"),
    }
    assert all(finding.severity == "info" for finding in told)


def test_a_second_value_where_one_is_kept_is_told() -> None:
    tree = segments("BSN*00*S*20261122*0830\nHL*1**S\n HL*2*1*I\n  SN1**2*EA\n  REF*LT*A\n  REF*LT*A\n  REF*LT*B\n  REF*SE*1\n  REF*SE*2")
    (told,) = lost(DESPATCH, tree, CONTEXT)
    assert (told.rule, told.got, told.expected, told.place.position, told.severity) == ("MAP-13", "B", "A", 8, "error")


def test_a_party_code_under_a_qualifier_that_no_row_knows_is_told() -> None:
    tree = segments("BEG*00*SA*PO1**20261122\nN1*ST*Dock*12*5551234")
    assert [finding.params["what"] for finding in lost(ORDER, tree, CONTEXT)] == ["N1/04 (ST)"]


def test_unknown_members_of_named_formats_are_told() -> None:
    order = {**samples.JSON_ORDER, "extra": "x", "notes": {"a": "b"}}
    told = lost(load("json/erp_orders"), named("erp_orders", order), CONTEXT)
    assert [finding.params["what"] for finding in told] == ["extra", "notes"]


# --- origins -----------------------------------------------------------------------------------------------------------
def test_every_value_has_an_origin() -> None:
    origins = DESPATCH.trace(samples.sample("x12/856"), CONTEXT)
    quantity = origins["lines[2].quantity"]
    assert (quantity.place.segment, quantity.place.position, quantity.place.element) == ("SN1", 31, 2)
    assert quantity.values == ("4.5",)
    assert quantity.row == "{to: quantity, from: SN1/02, as: decimal}"
    assert quantity.function == "decimal"
    assert origins["issued_at"].values == ("20261122", "0830")
    assert origins["lines[0].sscc"].values == ("00069012340000000024",)
    assert origins["lines[0].serials[1]"].place.position == 23
    assert origins["lines[1].order_number"].place.segment == "PRF"
    assert origins["lines[0].line"].values == ()
    assert origins["ship_to.city"].place.segment == "N4"


@pytest.mark.parametrize("path", ["number", "lines[1].unit_price", "supplier.gln"])
def test_origins_in_named_formats(path: str) -> None:
    origin = load("json/erp_orders").trace(samples.sample("json/erp_orders"), CONTEXT)[path]
    expected = {"number": "number", "lines[1].unit_price": "lines[2]/unit_price", "supplier.gln": "supplier/gln"}
    assert origin.place.path == expected[path]


def test_a_message_of_nothing_but_faults_is_told_in_bounded_time() -> None:
    rows = [{"item_code": "A", "status": "no such", "quantity": "many", "unit": "??"} for _ in range(4000)]
    members = {"location_gln": "6970001200010", "counted_at": "2026-11-21T22:00:00+08:00", "row": rows}
    mapped = load("delimited/erp_stock").read(named("erp_stock", members), CONTEXT)
    assert len(mapped.findings) == 1001
    assert (mapped.findings[-1].rule, mapped.findings[-1].severity) == ("MAP-10", "error")
    assert mapped.findings[-1].got == str(4000 * 5 - 1000)


def test_every_further_acknowledgment_of_a_line_is_a_line_of_its_own() -> None:
    message = segments("""
BAK*00*AC*4500000123*20261122****SO-881*20261123
PO1*10*1200*EA*3.25**BP*RM-0001*VP*JP-77
  ACK*IQ*1000*EA*067*20261212
  ACK*IB*200*EA*067*20270110
PO1*20*4*KG*18**BP*RM-0002
""")
    mapping = load("x12/855")
    found = mapping.read(message, CONTEXT)
    assert found.findings == [] and found.entity is not None
    assert lost(mapping, message, CONTEXT) == []
    assert [line["line"] for line in found.entity["lines"]] == ["10", "20", "10/20270110"]
    said = [(line["order_line"], line["status"], line["quantity"], line.get("promised_on")) for line in found.entity["lines"]]
    assert said == [
        ("10", "changed", Decimal(1000), "2026-12-12"),
        ("20", "accepted", Decimal(4), None),
        ("10", "backordered", Decimal(200), "2027-01-10"),
    ]
    again = mapping.read(mapping.write(found.entity, CONTEXT), CONTEXT).entity
    assert again is not None
    assert [(line["order_line"], line["quantity"]) for line in again["lines"]] == [(said[0], said[2]) for said in said]
    assert mapping.trace(message, CONTEXT)["lines[2].quantity"].place.position == 5


def test_an_acknowledgment_that_only_says_how_a_line_changed_is_no_line() -> None:
    message = segments("""
BAK*00*AC*4500000123*20261122****SO-881*20261123
PO1*1*25*EA*9.5**BP*RM-0001
  ACK*IP
  ACK*IQ*20*EA
""")
    found = load("x12/855").read(message, CONTEXT).entity
    assert found is not None
    assert [(line["line"], line["status"], line["quantity"]) for line in found["lines"]] == [("1", "changed", Decimal(20))]


def test_stock_on_hand_counts_where_nothing_says_what_is_available() -> None:
    message = segments("""
BIA*00*SI*INV-1*20261122
N1*WH**UL*6901234000030
LIN*1*VN*FG-100
  QTY*17*100*EA
  QTY*33*90*EA
  QTY*QH*10*EA
  QTY*63*500*EA
LIN*2*VN*FG-110
  QTY*17*7*EA
""")
    mapping = load("x12/846")
    found = mapping.read(message, CONTEXT).entity
    assert found is not None
    assert [(line["supplier_item"], line["status"], line["quantity"]) for line in found["lines"]] == [
        ("FG-100", "available", Decimal(90)),
        ("FG-100", "quarantine", Decimal(10)),
        ("FG-110", "available", Decimal(7)),
    ]
    assert [finding.rule for finding in lost(mapping, message, CONTEXT)] == ["MAP-01"]  # on order is no stock
    assert [record.values for record in mapping.write(found, CONTEXT).walk() if record.tag == "QTY"] == [
        ["QTY", "33", "90", "EA"],
        ["QTY", "QH", "10", "EA"],
        ["QTY", "33", "7", "EA"],
    ]


def test_a_change_says_what_is_done_to_each_line_and_what_of_it_changes() -> None:
    message = segments("""
BCH*04*SA*4500000123**2*20261101****20261122
POC*10*QI*500*500*KG*38.5**BP*RM-PEEK-01
POC*20*DI******BP*PK-TYV-14
POC*30*PC****2.15
POC*40*RS
  DTM*002*20261130
""")
    mapping = load("x12/860")
    found = mapping.read(message, CONTEXT).entity
    assert found is not None
    assert (found["purpose"], found["revision"]) == ("change", 2)
    members = ("line", "action", "quantity", "unit", "unit_price", "requested_on")
    assert [tuple(line.get(name) for name in members) for line in found["lines"]] == [
        ("10", "change", Decimal(500), "KG", Decimal("38.5"), None),
        ("20", "delete", None, None, None, None),
        ("30", "change", None, None, Decimal("2.15"), None),
        ("40", "change", None, None, None, "2026-11-30"),
    ]
    assert "quantity" not in found["lines"][1]
    written = [record.values for record in mapping.write(found, CONTEXT).walk() if record.tag == "POC"]
    assert [[text or "" for text in values[1:4]] for values in written] == [
        ["10", "CA", "500"],
        ["20", "DI", ""],
        ["30", "CA", ""],
        ["40", "CA"],
    ]


def test_an_order_that_states_no_day_takes_the_envelopes() -> None:
    message = segments("W05*N*WO-1\nLX*1\n  W01*1*EA**VN*FG-100")
    context = Context(time_zone="Europe/Amsterdam", sent="20261122 0830")
    found = load("x12/940").read(message, context)
    assert found.findings == [] and found.entity is not None
    assert found.entity["issued_at"].isoformat() == "2026-11-22T08:30:00+01:00"
    assert found.entity["issued_at_source"] == "envelope"
    assert load("x12/940").trace(message, context)["issued_at"].values == ()
    assert "issued_at" not in load("x12/940").trace(message, CONTEXT)
    assert load("x12/940").read(message, Context(sent="20261322 0830")).entity is None  # no such day: nothing is made up
