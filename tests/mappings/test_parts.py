"""Lines that say two quantities or come in parts: one of two would be dropped, and all of it would be awaited on the first day. They are
held.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from data_contracts.source import SourceRecord
from tests.mappings.samples_idoc import idoc_samples
from tests.mappings.test_lots_together import DESADV, told
from tests.mappings.trees import edifact, segments
from tests.mappings.xml_samples import xml_samples

ORDERS = """
BGM+220+PO1+9
DTM+137:20261129:102
CUX+2:EUR:9
LIN+10++6901234500059:EN
  QTY+21:120:PCE
"""
PARTS = """
  SCC+1
    QTY+21:70
      DTM+2:20261210:102
  SCC+1
    QTY+21:50
      DTM+2:{}:102
"""
ORDER = """
BEG*00*NE*PO1**20261129
CUR*BY*EUR
PO1*10*400*KG*38.5**VP*JN-7710
"""


def held(mapping: str, tree: SourceRecord) -> list[tuple[str | None, str | None]]:
    """What is kept and what is not of all that holds the message."""
    return [(kept, other) for rule, severity, kept, other in told(mapping, tree) if rule == "MAP-13" and severity == "error"]


@pytest.mark.parametrize(
    ("mapping", "tree", "kept", "other"),
    [
        ("edifact/DESADV", edifact(DESADV.replace("    QTY+12:100:PCE", "    QTY+12:60:PCE\n    QTY+12:40:PCE")), "60", "40"),
        ("edifact/ORDERS", edifact(ORDERS + "  QTY+21:30:PCE\n"), "120", "30"),
        ("edifact/ORDCHG", edifact(ORDERS.replace("BGM+220", "BGM+230") + "  QTY+21:30:PCE\n"), "120", "30"),
        ("edifact/INVOIC", edifact(ORDERS.replace("BGM+220", "BGM+380").replace("+21:", "+47:") + "  QTY+47:30:PCE\n"), "120", "30"),
        ("edifact/RECADV", edifact(ORDERS.replace("BGM+220", "BGM+632").replace("+21:", "+48:") + "  QTY+48:30:PCE\n"), "120", "30"),
    ],
)
def test_a_second_quantity_of_a_line_holds_the_message(mapping: str, tree: SourceRecord, kept: str, other: str) -> None:
    assert held(mapping, tree) == [(kept, other)]
    assert "MAP-05" not in {rule for rule, *_ in told(mapping, tree)}


@pytest.mark.parametrize("again", ["120", "120.000", "120,0"])
def test_a_quantity_that_is_said_twice_is_one(again: str) -> None:
    assert held("edifact/ORDERS", edifact(ORDERS + f"  QTY+21:{again}:PCE\n")) == []


def test_quantities_of_other_meanings_stand_beside_the_one_that_is_invoiced() -> None:
    tree = edifact(ORDERS.replace("BGM+220", "BGM+380").replace("+21:", "+47:") + "  QTY+12:30:PCE\n")
    assert held("edifact/INVOIC", tree) == []


def test_parts_of_an_edifact_line_on_several_days_hold_the_order() -> None:
    found = held("edifact/ORDERS", edifact(ORDERS + PARTS.format("20261220")))
    assert ("20261210", "20261220") in found
    assert ("20261210", "20261220") not in held("edifact/ORDERS", edifact(ORDERS + PARTS.format("20261210")))


@pytest.mark.parametrize("mapping", ["x12/850", "x12/860"])
def test_parts_of_an_x12_line_on_several_days_hold_the_order(mapping: str) -> None:
    text = ORDER if mapping == "x12/850" else "BCH*04*NE*PO1***20261129\nCUR*BY*EUR\nPOC*10*QD*400*400*KG*38.5**VP*JN-7710\n"
    one = "  SCH*100*KG***002*20261116\n"
    assert held(mapping, segments(text + one)) == []
    found = held(mapping, segments(text + one + "  SCH*300*KG***002*20261123\n"))
    assert ("20261116", "20261123") in found and ("100", "300") in found


@pytest.mark.parametrize("mapping", ["idoc/ORDERS", "idoc/ORDRSP", "idoc/ORDCHG"])
def test_schedule_lines_of_an_idoc_on_several_days_hold_it(mapping: str) -> None:
    for second, found in (("20270110", [("20261210", "20270110")]), ("20261210", [])):
        root = idoc_samples()[mapping]
        item = next(child for child in root.children if child.tag == "E1EDP01")
        item.children = [child for child in item.children if child.tag != "E1EDP20"]
        for day in ("20261210", second):
            item.children.append(SourceRecord("E1EDP20", {"WMENG": "5", "EDATU": day}, 0, item, 0))
        assert held(mapping, root) == found


@pytest.mark.parametrize(
    ("mapping", "period"), [("ubl/Order", "Requested"), ("ubl/OrderChange", "Requested"), ("ubl/OrderResponse", "Promised")]
)
@pytest.mark.parametrize("end", ["EndDate", "StartDate"])
def test_deliveries_of_a_ubl_line_on_several_days_hold_it(mapping: str, period: str, end: str) -> None:
    root = xml_samples()[mapping]
    line = next(child for child in root.children if child.tag == "OrderLine")
    item = next(child for child in line.children if child.tag == "LineItem")
    item.children = [child for child in item.children if child.tag != "Delivery"]
    for day in ("2026-12-04", "2027-01-04"):
        delivery = SourceRecord("Delivery", {}, 0, item, 0)
        delivery.children = [SourceRecord(f"{period}DeliveryPeriod", {end: day}, 0, delivery, 0)]
        item.children.append(delivery)
    assert held(mapping, root) == [("2026-12-04", "2027-01-04")]
    item.children.pop()
    assert isinstance(delivery.children[0].values, Mapping)
    delivery.children[0].values = {"StartDate": "2026-12-01", "EndDate": "2026-12-04"}
    assert held(mapping, root) == []
