"""The shipped mappings on own IDocs: handling units found by the item's number, master data, movements, and SAP's spellings."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.idoc import FORMAT
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings import functions_idoc as sap
from mappings.engine import Context
from mappings.path import locate, parse
from tests.connectors.reading import read
from tests.mappings.samples_idoc import idoc_samples
from tests.mappings.shipped import load
from tests.mappings.trees import lost, named, without_places

SAMPLES = Path(__file__).parents[1] / "samples" / "idoc"
CONTEXT = Context(time_zone="Asia/Shanghai")


def entity(name: str, mapping: str) -> dict[str, Any]:
    (message, *_) = read("idoc", (SAMPLES / name).read_bytes(), profile=STRICT).messages
    assert message.root is not None and message.findings == []
    return mapped(message.root, mapping)


def mapped(root: SourceRecord, mapping: str) -> dict[str, Any]:
    made = load(mapping).read(root, CONTEXT)
    assert made.findings == [] and made.entity is not None
    return without_places(made.entity)


def test_what_stands_in_handling_units_is_a_line_with_its_sscc() -> None:
    found = entity("DELVRY07.xml", "idoc/DESADV")
    assert (found["number"], found["ship_from"]["name"], found["ship_to"]["gln"]) == (
        "JN-D30571",
        "江南高分子材料有限公司",
        "6901234000016",
    )
    assert (found["despatched_at"].isoformat(), found["expected_on"]) == ("2026-12-03T16:00:00+08:00", "2026-12-05")
    item = {
        "order_number": "4500033401",
        "order_line": "10",
        "item_code": "RM-0001",
        "gtin": "06901234500011",
        "description": "医用级树脂",
        "lot": "L26-0441",
        "expires_on": "2028-11-30",
        "unit": "EA",
    }
    first, second, loose = found["lines"]
    assert first == {"line": "10", **item, "sscc": "069012340000000017", "quantity": Decimal("400.000")}
    assert second == {"line": "10", **item, "sscc": "069012340000000024", "quantity": Decimal("200.000")}
    assert loose == {
        "line": "20",
        "order_number": "4500033402",
        "order_line": "20",
        "item_code": "RM-0002",
        "quantity": Decimal("4.500"),
        "unit": "KG",
    }, "no handling unit names it"


@pytest.mark.parametrize("representation", ["xml", "flat"])
def test_a_packed_delivery_goes_out_and_comes_back(representation: str) -> None:
    said = entity("DELVRY07.xml", "idoc/DESADV")
    mapping = load("idoc/DESADV")
    content = FORMAT.write([("DESADV", mapping.write(said, CONTEXT))], None, Profile(options={"representation": representation}))
    (message,) = read("idoc", content).messages
    assert message.findings == [] and message.root is not None
    units = [record for record in message.root.walk() if record.tag == "E1EDL37"]
    assert [(unit.values["EXIDV"], len(unit.children)) for unit in units] == [("00069012340000000017", 1), ("00069012340000000024", 1)]  # type: ignore[index]
    again = mapped(message.root, "idoc/DESADV")
    assert again == said


def test_nothing_of_a_packed_delivery_is_lost_unsaid_and_every_value_has_its_origin() -> None:
    (message,) = read("idoc", (SAMPLES / "DELVRY07.xml").read_bytes()).messages
    assert message.root is not None
    mapping = load("idoc/DESADV")
    assert [finding.text() for finding in lost(mapping, message.root, CONTEXT)] == []
    origins = mapping.trace(message.root, CONTEXT)
    assert origins["lines[1].gtin"].values == ("06901234500011",)
    assert origins["lines[2].quantity"].values == ("4.500",)


def test_the_item_is_the_same_in_both_representations() -> None:
    assert entity("MATMAS05.xml", "idoc/MATMAS") == (found := entity("MATMAS05.txt", "idoc/MATMAS"))
    assert {key: value for key, value in found.items() if not key.startswith("issued") and key != "entity"} == {
        "number": "10004741",
        "name": "Bone screw 4.0",
        "name_zh": "骨螺钉 4.0",
        "kind": "finished",
        "base_unit": "EA",
        "gtin": "06901234500059",
        "udi_di": "06901234500059",
        "lot_controlled": True,
        "serial_controlled": True,
        "shelf_life_days": 1825,
        "status": "active",
        "trade_items": [{"gtin": "16901234500056", "unit": "CT", "quantity": Decimal(50)}],
    }


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, "active"), ({"SPERM": "X"}, "blocked"), ({"SPERR": "X"}, "blocked"), ({"LOEVM": "X", "SPERR": "X"}, "retired")],
)
def test_blocked_and_deleted_vendors(changes: dict[str, str], status: str) -> None:
    root = idoc_samples()["idoc/CREMAS"]
    root.children[-1].values |= changes  # type: ignore[operator]  # a named record
    found = mapped(root, "idoc/CREMAS")
    assert (found["status"], found["number"], found["gln"]) == (status, "100003", "6901234000108")


def test_stock_comes_and_goes_by_the_movement_type() -> None:
    lost, found = mapped(idoc_samples()["idoc/MBGMCR_movement"], "idoc/MBGMCR_movement")["lines"]
    assert (lost["quantity"], lost["reason"], lost["status"]) == (Decimal(-5), "551", "blocked")
    assert (found["quantity"], found["reason"], found["status"]) == (Decimal("2.5"), "701", "available")


@pytest.mark.parametrize("mapping", ["idoc/MBGMCR", "idoc/MBGMCR_movement"])
def test_each_mapping_refuses_the_movements_of_the_other(mapping: str) -> None:
    other = "idoc/MBGMCR_movement" if mapping == "idoc/MBGMCR" else "idoc/MBGMCR"
    assert "MAP-07" in {finding.rule for finding in load(mapping).read(idoc_samples()[other], CONTEXT).findings}


def test_a_change_says_what_is_done_to_each_item() -> None:
    root = idoc_samples()["idoc/ORDCHG"]
    item = next(child for child in root.children if child.tag == "E1EDP01")
    item.values = {"POSEX": "000010", "ACTION": "003"}
    found = mapped(root, "idoc/ORDCHG")
    assert (found["entity"], found["purpose"]) == ("OrderChange", "change")
    assert [(line.get("action"), line.get("quantity")) for line in found["lines"]] == [("delete", None), (None, Decimal("4.5"))]
    written = [child.values for child in load("idoc/ORDCHG").write(found, CONTEXT).children if child.tag == "E1EDP01"]
    assert [values["ACTION"] for values in written if "ACTION" in values] == ["003"]  # type: ignore[call-overload]
    root = idoc_samples()["idoc/ORDERS"]
    next(child for child in root.children if child.tag == "E1EDP01").values |= {"ACTION": "003"}  # type: ignore[operator]
    assert [finding.rule for finding in load("idoc/ORDERS").read(root, CONTEXT).findings] == ["MAP-07"]


def test_what_is_neither_invoice_nor_credit_memo_is_held() -> None:
    root = idoc_samples()["idoc/INVOIC"]
    next(child for child in root.children if child.tag == "E1EDK01").values["BSART"] = "SUBC"  # type: ignore[index]
    assert [finding.rule for finding in load("idoc/INVOIC").read(root, CONTEXT).findings] == ["MAP-03"]


# --- spellings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.50", "1234.50"),
        ("1234.50-", "-1234.50"),
        ("-1234.50", "-1234.50"),
        ("1.234", "1.234"),
        (".5", "0.5"),
        ("0.000", "0.000"),
    ],
)
def test_numbers(text: str, number: str) -> None:
    assert sap.read_sap_decimal(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1,234", "", "-", "1-2", "--1", "-1-", "1e5", "12x", "1,23,456.7", "9" * 13])
def test_numbers_that_may_mean_two_things_or_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        sap.read_sap_decimal(text)


@pytest.mark.parametrize("text", ["1.234,50-", "1,234.50", "1,200.000", "12,5", "1.234.567,8", "1.200,000"])
def test_numbers_of_another_spelling_than_agreed_are_refused(text: str) -> None:
    """Who writes 1.200,500 writes 1.200 for twelve hundred: no number of such a system may be read by the point."""
    with pytest.raises(ValueError, match=r"1234\.50"):
        sap.read_sap_decimal(text)
    root = idoc_samples()["idoc/ORDERS"]
    next(child for child in root.children if child.tag == "E1EDP01").values |= {"MENGE": text}  # type: ignore[operator]
    (found,) = [finding for finding in load("idoc/ORDERS").read(root, CONTEXT).findings if finding.rule == "MAP-02"]
    assert (found.action, found.got) == ("message", text)


def test_numbers_of_a_system_with_decimal_comma() -> None:
    assert sap.read_sap_decimal_comma_negated("1.234,50") == Decimal("-1234.50")
    assert sap.write_sap_decimal_comma_negated(Decimal("-1234.50")) == ("1234,50",)
    assert sap.read_sap_price_comma("1.234,50", "100", "1,0", "1", "", "EA") == Decimal("12.345")
    assert sap.read_sap_price_comma(*sap.write_sap_price_comma(Decimal("12.345"))) == Decimal("12.345")
    with pytest.raises(ValueError):
        sap.read_sap_price_comma("12,50", "1", "12", "1")
    assert sap.read_sap_decimal_comma("1.234") == 1234
    assert sap.read_sap_decimal_comma("1.234,50-") == Decimal("-1234.50")
    assert sap.write_sap_decimal_comma(Decimal("-1234.50")) == ("1234,50-",)


@pytest.mark.parametrize(
    ("texts", "price"),
    [(("1800.00", "100", "", ""), "18"), (("8.50", "", "", ""), "8.50"), (("3", "1", "5", "5"), "3"), (("10", "4", "1", "1.0"), "2.5")],
)
def test_a_price_is_of_one(texts: tuple[str, str, str, str], price: str) -> None:
    assert sap.read_sap_price(*texts) == Decimal(price)


@pytest.mark.parametrize("texts", [("10", "3", "", ""), ("10", "0", "", ""), ("10", "1", "12", "1"), ("x", "1", "", "")])
def test_a_price_that_is_none_of_one_is_refused(texts: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError):
        sap.read_sap_price(*texts)


def test_a_ratio_is_written_in_whole_numbers() -> None:
    assert sap.read_sap_ratio("1", "8") == Decimal("0.125")
    assert sap.write_sap_ratio(Decimal("0.125")) == ("1", "8")
    for texts in (("1", "3"), ("1", "0")):
        with pytest.raises(ValueError):
            sap.read_sap_ratio(*texts)


@pytest.mark.parametrize(
    ("read_back", "text"),
    [
        (sap.read_sap_date, "00000000"),
        (sap.read_sap_date, "261122"),
        (sap.write_sap_date, "2026-08"),
        (sap.write_gln_in_parts, "123"),
        (sap.read_boolean_x, "Y"),
    ],
)
def test_what_says_no_day_gln_or_flag_is_refused(read_back: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError):
        read_back(text)


# --- comparing with the record at hand -----------------------------------------------------------------------------------
TREE = {"Item": [{"NO": "1", "LOT": "A"}, {"NO": "2", "LOT": "B"}, {"LOT": "C"}], "Pack": [{"ITEM": "2"}, {"ITEM": "9"}, {"OTHER": "1"}]}


def test_a_path_finds_the_record_that_says_the_same() -> None:
    root = named("top", TREE)
    path = parse("/Item[NO=$ITEM]/LOT", "idoc")
    packs = [child for child in root.children if child.tag == "Pack"]
    assert [[place.text for place in locate(path, pack)] for pack in packs] == [["B"], [], []], "what says nothing has nothing in common"


@pytest.mark.parametrize(("text", "syntax"), [("N1[01=$02]/02", "x12"), ("^Item[NO=$ITEM]/LOT", "xml"), ("/Item[NO=$]/LOT", "xml")])
def test_where_it_cannot_be_compared_is_said(text: str, syntax: str) -> None:
    with pytest.raises(ValueError, match=r"\$"):
        parse(text, syntax)


def test_such_a_path_is_only_read(tmp_path: Path) -> None:
    text = (
        (Path(__file__).parents[2] / "mappings" / "idoc" / "DESADV.yaml").read_text(encoding="utf-8").replace("    direction: in\n", "", 1)
    )
    (tmp_path / "idoc").mkdir()
    (tmp_path / "idoc" / "DESADV.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="only read"):
        load("idoc/DESADV", [tmp_path])
