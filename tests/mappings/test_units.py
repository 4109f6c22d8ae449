"""Prices for so many and per another unit, quantities in a unit of their own: what is kept is exact for one unit of the line, or the
message is held."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.codes import how_many, units
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings.engine import Context
from mappings.function_base import price_of_one
from tests.effort import examples
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, named, segments

CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="EUR", sent="20261122 0830")
SAMPLES = Path(__file__).parents[1] / "samples"


def order(price: str) -> SourceRecord:
    return segments(f"BEG*00*SA*PO1**20261122\nPO1*10*1200*{price}*BP*RM1")


def response(price: str, *answer: str) -> SourceRecord:
    return segments("\n".join([f"BAK*00*AC*PO1*20261122\nPO1*10*1200*{price}*BP*RM1", *answer]))


def invoice(price: str) -> SourceRecord:
    return segments(f"BIG*20261122*I1**PO1\nIT1*1*12*{price}*BP*RM1\nTDS*3900")


def change(price: str) -> SourceRecord:
    return segments(f"BCH*04*SA*PO1**1*20261122\nPOC*10*CA*12**{price}*BP*RM1")


def change_answer(price: str, *answer: str) -> SourceRecord:
    return segments("\n".join([f"BCA*04*AC*PO1**1*20261122\nPOC*10*CA*12**{price}*BP*RM1", *answer]))


def catalogue(price: str) -> SourceRecord:
    return segments(f"BCT*PC*C1\nLIN*1*VP*A1\n CTP**CON*{price}")


def sales(price: str) -> SourceRecord:
    return segments(f"XQ*H*20261101*20261130\nN9*RPT*R1\nLIN*1*VP*A1\n CTP**CON*{price}\n ZA*QS*5*EA")


def transfer(price: str, unit: str = "EA") -> SourceRecord:
    return segments(f"BPT*00*R1*20261122\nPTD*SS\n QTY*32*10*{unit}\n  LIN**VP*A1\n  UIT*{price}")


def ordered(price: str, unit: str = ":PCE") -> SourceRecord:
    return edifact(f"BGM+220+1+9\nDTM+137:20261122:102\nLIN+1++06901234500011:EN\n QTY+21:5{unit}\n {price}")


def invoiced(price: str) -> SourceRecord:
    return edifact(f"BGM+380+1+9\nDTM+137:20261122:102\nLIN+1++06901234500011:EN\n QTY+12:7:CS\n QTY+47:5:PCE\n {price}")


def idoc(**item: str) -> SourceRecord:
    lines = {"POSEX": "000010", "MENGE": "5", "MENEE": "PCE", **item}
    return named("ORDERS", {"E1EDK01": {"BELNR": "1"}, "E1EDK03": {"IDDAT": "012", "DATUM": "20261122"}, "E1EDP01": lines})


def sample(name: str, *changes: tuple[str, str]) -> SourceRecord:
    text = (SAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    events = format_named(name.split("/")[0]).read(io.BytesIO(text.encode()), STRICT)
    (message,) = [event.message for event in events if event.message is not None]
    assert message.root is not None
    return message.root


def ubl(base: str) -> SourceRecord:
    return sample("ubl/Order", ('<cbc:BaseQuantity unitCode="C62">1</cbc:BaseQuantity>', f"<cbc:BaseQuantity {base}</cbc:BaseQuantity>"))


def cxml(basis: str) -> SourceRecord:
    return sample("cxml/OrderRequest", ("<UnitOfMeasure>EA</UnitOfMeasure>", f"<UnitOfMeasure>EA</UnitOfMeasure>{basis}"))


def basis(attributes: str, unit: str) -> str:
    return f"<PriceBasisQuantity {attributes}><UnitOfMeasure>{unit}</UnitOfMeasure></PriceBasisQuantity>"


def k3(**entry: str) -> SourceRecord:
    return named("k3cloud_purchase_order_save", {"FBillNo": "1", "FDate": "2026-11-22", "FPOOrderEntry": [{"FQty": "100", **entry}]})


def odata(**item: str) -> SourceRecord:
    line = {"PurchaseOrderItem": "10", "OrderQuantity": "5", "PurchaseOrderQuantityUnit": "EA", **item}
    return named("odata_v4_purchase_orders", {"PurchaseOrder": "1", "PurchaseOrderDate": "2026-11-22", "_PurchaseOrderItem": [line]})


def read(name: str, tree: SourceRecord) -> tuple[list[dict[str, Any]], list[tuple[str, str | None]]]:
    mapped = load(name).read(tree, CONTEXT)
    assert mapped.entity is not None
    wrong = [(finding.rule, finding.params.get("to")) for finding in mapped.findings if finding.rule == "MAP-02"]
    return mapped.entity["lines"], wrong


@pytest.mark.parametrize(
    ("mapping", "tree", "price"),
    [
        ("x12/850", order("EA*3.25*"), "3.25"),
        ("x12/850", order("EA*3.25*CA"), "3.25"),
        ("x12/850", order("CA*3.25*UM"), "3.25"),
        ("x12/850", order("EA*3.25*PE"), "3.25"),
        ("x12/850", order("EA*3.25*HP"), "0.0325"),
        ("x12/850", order("EA*3.25*TP"), "0.00325"),
        ("x12/850", order("EA*3.60*PD"), "0.30"),
        ("x12/850", order("DZ*3.60*PD"), "3.60"),
        ("x12/850", order("TH*3.25*HP"), "32.50"),
        ("x12/850", order("KG*1.00*PG"), "1000.00"),
        ("x12/850", order("LB*1.25*PP"), "1.25"),
        ("x12/810", invoice("EA*325*HP"), "3.25"),
        ("x12/855", response("EA*325*HP"), "3.25"),
        ("x12/855", response("EA*3.25*", " ACK*IA*5*HU"), "325"),
        ("x12/860", change("EA*325*HP"), "3.25"),
        ("x12/865", change_answer("EA*325*HP"), "3.25"),
        ("x12/832", catalogue("325*1*EA****HP"), "3.25"),
        ("x12/852", sales("325*1*EA****HP"), "3.25"),
        ("x12/852", sales("325*100*EA"), "3.25"),
        ("x12/867", transfer("EA*325*HP"), "3.25"),
        ("x12/867", transfer("HU*325*CT"), "3.25"),
        ("edifact/ORDERS", ordered("PRI+AAA:325:::100:PCE"), "3.25"),
        ("edifact/ORDERS", ordered("PRI+AAA:325::::CEN"), "3.25"),
        ("edifact/ORDERS", ordered("PRI+AAA:1:::1:GRM", ":KGM"), "1000"),
        ("edifact/ORDERS", ordered("PRI+AAA:3.25::::PCE", ""), "3.25"),
        ("edifact/ORDERS", ordered("PRI+AAA:3.25\n PRI+INV:325:::100"), "3.25"),
        ("edifact/INVOIC", invoiced("PRI+AAA:325::::CEN"), "3.25"),
        ("ubl/Order", ubl('unitCode="CEN">1'), "0.125"),
        ("ubl/Order", ubl('unitCode="C62">5'), "2.50"),
        ("cxml/OrderRequest", cxml(basis('quantity="5" conversionFactor="1"', "EA")), "2.50"),
        (
            "cxml/OrderRequest",
            cxml(basis('quantity="1" conversionFactor="0.1"', "EA").replace("EA", "CEN").replace("0.1", "0.01")),
            "0.125",
        ),
        ("cxml/OrderRequest", cxml(basis('quantity="1" conversionFactor="100"', "CEN")), "0.125"),
        ("idoc/ORDERS", idoc(VPREI="325", PEINH="100"), "3.25"),
        ("idoc/ORDERS", idoc(VPREI="325", PEINH="1", PMENE="CEN"), "3.25"),
        ("idoc/ORDERS", idoc(VPREI="3.25", PEINH="1", PMENE="KAR", BPUMZ="1", BPUMN="1"), "3.25"),
        ("json/k3cloud_purchase_order_save", k3(FPrice="2.00", FPriceUnitQty="5", FUnitId="x"), "0.10"),
        ("json/odata_v4_purchase_orders", odata(NetPriceAmount="325", NetPriceQuantity="100", OrderPriceUnit="EA"), "3.25"),
    ],
)
def test_a_price_is_that_of_one_unit(mapping: str, tree: SourceRecord, price: str) -> None:
    lines, wrong = read(mapping, tree)
    assert wrong == []
    assert lines[0]["unit_price"] == Decimal(price)


@pytest.mark.parametrize(
    ("mapping", "tree"),
    [
        ("x12/850", order("CA*3.25*HP")),
        ("x12/850", order("CA*3.25*PE")),
        ("x12/850", order("EA*3.25*PP")),
        ("x12/850", order("EA*10.00*PD")),
        ("x12/850", order("EA*3.25*PM")),
        ("x12/850", order("EA*3.25*ZZ")),
        ("x12/855", response("EA*3.25*", " ACK*IA*5*CA")),
        ("x12/865", change_answer("EA*3.25*", " ACK*IA*5*CA")),
        ("x12/867", transfer("BX*12.5")),
        ("edifact/ORDERS", ordered("PRI+AAA:250:::100:KGM")),
        ("edifact/ORDERS", ordered("PRI+AAA:250::::BX")),
        ("edifact/ORDERS", ordered("PRI+AAA:250::::BX", "")),
        ("edifact/ORDERS", ordered("PRI+AAA:250::::QQ")),
        ("edifact/INVOIC", invoiced("PRI+AAA:325::::CS")),
        ("ubl/Order", ubl('unitCode="CS">100')),
        ("cxml/OrderRequest", cxml(basis('quantity="1" conversionFactor="0.5"', "BX"))),
        ("cxml/OrderRequest", cxml(basis('quantity="1" conversionFactor="0.5"', "EA"))),
        ("idoc/ORDERS", idoc(VPREI="3.25", PEINH="1", PMENE="KAR")),
        ("idoc/ORDERS", idoc(VPREI="3.25", PEINH="1", PMENE="KAR", BPUMZ="10", BPUMN="1")),
        ("json/odata_v4_purchase_orders", odata(NetPriceAmount="325", NetPriceQuantity="100", OrderPriceUnit="KG")),
    ],
)
def test_a_price_whose_unit_does_not_convert_holds_the_message(mapping: str, tree: SourceRecord) -> None:
    lines, wrong = read(mapping, tree)
    assert "unit_price" not in lines[0]
    assert wrong == [("MAP-02", "unit_price")]


def test_parts_of_a_promise_have_the_price_of_their_own_unit() -> None:
    lines, wrong = read("x12/855", response("EA*3.25*", " ACK*IA*500*EA", " ACK*IB*7*HU*068*20261220"))
    assert wrong == [] and [line["unit_price"] for line in lines] == [Decimal("3.25"), Decimal(325)]


@pytest.mark.parametrize(
    ("mapping", "build", "good", "wrong"),
    [
        ("x12/861", lambda unit: segments(f"BRA*1*20261122*00*1\nRCD*1*100*EA***2*{unit}*01"), "DZ", "CA"),
        ("x12/861", lambda unit: segments(f"BRA*1*20261122*00*1\nRCD*1*100*EA*2*{unit}"), "DZ", "CA"),
        ("x12/944", lambda unit: segments(f"W17*F*20261122*1\nW07*100*EA\n W13*2*{unit}*01"), "DZ", "CA"),
        (
            "ubl/ReceiptAdvice",
            lambda unit: sample("ubl/ReceiptAdvice", ('RejectedQuantity unitCode="C62">2', f'RejectedQuantity unitCode="{unit}">2')),
            "DZN",
            "CS",
        ),
    ],
)
def test_what_is_refused_is_told_in_the_unit_of_the_line(mapping: str, build: Callable[[str], SourceRecord], good: str, wrong: str) -> None:
    lines, told = read(mapping, build(good))
    assert told == [] and [line["rejected_quantity"] for line in lines if "rejected_quantity" in line] == [24]
    lines, told = read(mapping, build(wrong))
    assert told == [("MAP-02", "rejected_quantity")] and not any("rejected_quantity" in line for line in lines)


def test_the_least_quantity_of_a_catalogue_is_in_the_unit_of_the_price() -> None:
    def priced(unit: str) -> SourceRecord:
        return edifact(f"BGM+9+1+9\nDTM+137:20261122:102\nPGI+11\n LIN+1++06901234500011:EN\n  QTY+53:2:{unit}\n  PRI+AAA:1:::1:PCE")

    lines, wrong = read("edifact/PRICAT", priced("DZN"))
    assert wrong == [] and (lines[0]["minimum_quantity"], lines[0]["unit"]) == (24, "EA")
    assert read("edifact/PRICAT", priced("BX"))[1] == [("MAP-02", "minimum_quantity")]


@settings(max_examples=examples(200), deadline=None)
@given(st.decimals(-(10**6), 10**6, places=4), st.integers(1, 10**5))
def test_a_price_for_many_is_exactly_that_price(one: Decimal, many: int) -> None:
    assert price_of_one(one * many, Decimal(many)) == one
    assert price_of_one(one * 12, Decimal(1), "DZ", "EA") == one


def test_sizes_of_units_agree_both_ways() -> None:
    known = {unit.code for unit in units().values()}
    for held in known:
        for holder in known:
            many = how_many(held, holder)
            assert many is None or many * (how_many(holder, held) or 0) == 1
    assert how_many("EA", "GS") == 144 and how_many("GR", "KG") == 1000 and how_many("KG", "LB") == Fraction("0.45359237")
    assert how_many("EA", "CS") is None and how_many("EA", "KG") is None and how_many("CS", "CS") == 1 and how_many("EA", "??") is None


def test_a_function_that_is_told_units_needs_their_table(tmp_path: Path) -> None:
    (tmp_path / "x12").mkdir()
    (tmp_path / "x12" / "850_mine.yaml").write_text(
        "mapping: x12/850_mine\nversion: 1\nextends: x12/850\neach:\n"
        "  - {to: lines, fields: [{to: unit_price, from: [./04, ./05, ./03], as: x12_price}]}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="needs their table"):
        load("x12/850_mine", [tmp_path])
