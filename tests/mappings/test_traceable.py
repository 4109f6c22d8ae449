"""What trace rests on, packages, lots and serial numbers: each is in the entity, or a stored finding says which one is not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, segments

CAME = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
CONTEXT = Context(time_zone="UTC", components=":", currency="CNY", sent="20261122 0830", came=CAME)
S1, S2 = "095060000000000015", "095060000000000022"
DESADV = "BGM+351+1+9\nDTM+137:20261122:102\n"
LINE = " LIN+1++06901234500011:EN\n  QTY+12:{}\n"
SHIPMENT = "BSN*00*S1*20261122*0830\nHL*1**S\n HL*2*1*O\n  PRF*PO1\n"


def read(name: str, tree: SourceRecord) -> tuple[list[dict[str, Any]], list[tuple[str, str | None]]]:
    mapping = load(name)
    mapped = mapping.read(tree, CONTEXT)
    assert mapped.entity is not None and mapped.findings == []
    told = [(finding.rule, finding.got) for finding in mapping.unmapped(tree, mapped) if finding.rule != "MAP-01"]
    return mapped.entity.get("lines", []), told


def level(*packages: str, lines: int = 1) -> SourceRecord:
    marks = "".join(f" PAC+1\n  PCI+33E\n   GIN+BJ+{package}\n" for package in packages)
    return edifact(DESADV + "CPS+1++3\n" + marks + LINE.format(5) * lines)


@pytest.mark.parametrize("packages", [(S1, S2), (f"{S1}+{S2}",), (f"{S1}:{S2}",)])
@pytest.mark.parametrize("lines", [1, 3])
def test_a_second_sscc_of_a_level_is_told_once(packages: tuple[str, ...], lines: int) -> None:
    found, told = read("edifact/DESADV", level(*packages, lines=lines))
    assert [line["sscc"] for line in found] == [S1] * lines
    assert told == [("MAP-05", S2)]


def test_one_sscc_said_by_all_lines_of_a_level_is_no_loss() -> None:
    assert read("edifact/DESADV", level(S1, S1, lines=40))[1] == []


@pytest.mark.parametrize(
    ("group", "serials"),
    [
        ("PCI+36E\n   GIN+BN+S1", ["S1"]),
        ("PCI+38E\n   GIN+BN+S1", ["S1"]),
        ("PCI+38E\n   GIN+BN+S1+S2", ["S1", "S2"]),
        ("PCI+36E\n   GIN+BN+S08:S11+T1", ["S08", "S09", "S10", "S11", "T1"]),
        ("GIN+BN+S1:S1+S2", ["S1", "S2"]),
    ],
)
def test_serial_numbers_are_read_under_any_mark_and_out_of_ranges(group: str, serials: list[str]) -> None:
    tree = edifact(DESADV + "CPS+1\n" + LINE.format(len(serials)) + f"  {group}\n")
    found, told = read("edifact/DESADV", tree)
    assert (found[0]["serials"], told) == (serials, [])
    assert [load("edifact/DESADV").trace(tree, CONTEXT)[f"lines[0].serials[{at}]"].place.segment for at in range(len(serials))] == (
        ["GIN"] * len(serials)
    )


@pytest.mark.parametrize("text", ["S1:T9", "S9:S1", "S1:S100", "A:B", "S000000:S999999"])
def test_a_range_that_is_none_holds_the_message(text: str) -> None:
    tree = edifact(DESADV + "CPS+1\n" + LINE.format(1) + f"  PCI+36E\n   GIN+BN+{text}\n")
    (finding,) = load("edifact/DESADV").read(tree, CONTEXT).findings
    assert (finding.rule, finding.severity, finding.got) == ("MAP-02", "error", text)


@pytest.mark.parametrize(
    "group", ["PCI+36E\n   GIN+BX+L1+L2", "PCI+17\n   GIN+BX+L1:L2", "GIN+BX+L1+L2", "PCI+36E\n   QTY+12:5\n   GIN+BX+L1+L2"]
)
def test_a_second_lot_of_one_quantity_is_told(group: str) -> None:
    found, told = read("edifact/DESADV", edifact(DESADV + "CPS+1\n" + LINE.format(5) + f"  {group}\n"))
    assert [line["lot"] for line in found] == ["L1"]
    assert [got for _, got in told] == ["L2"]


def test_a_second_quantity_is_held_and_the_sum_of_groups_is_not() -> None:
    found, told = read("edifact/DESADV", edifact(DESADV + "CPS+1\n" + LINE.format(5) + "  QTY+12:7\n"))
    assert ([line["quantity"] for line in found], told) == ([5], [("MAP-13", "7")])
    groups = "  PCI+36E\n   QTY+12:2\n   GIN+BX+L1\n  PCI+36E\n   QTY+12:3\n   GIN+BX+L2\n"
    found, told = read("edifact/DESADV", edifact(DESADV + "CPS+1\n" + LINE.format("5:KGM") + groups))
    assert ([(line["quantity"], line["unit"], line["lot"]) for line in found], told) == ([(2, "KG", "L1"), (3, "KG", "L2")], [])


# --- 856 ---------------------------------------------------------------------------------------------------------------
ITEM = "  HL*3*2*I\n   LIN*1*BP*RM1\n   SN1*1*10*EA\n"


def pack(number: int, sscc: str, *more: str) -> str:
    return "".join(f"   {line}\n" for line in (f"HL*{number}*3*P", *(f" {one}" for one in more), f" MAN*GM*00{sscc}"))


def test_packs_below_the_item_are_lines_where_they_say_what_they_hold() -> None:
    tree = segments(SHIPMENT + ITEM + pack(4, S1, "SN1**6*EA", "REF*LT*L1") + pack(5, S2, "SN1**4*EA", "REF*LT*L2"))
    found, told = read("x12/856", tree)
    assert [
        (line["sscc"], line["quantity"], line["lot"], line["buyer_item"], line["order_number"], line["order_line"]) for line in found
    ] == [
        (S1, Decimal(6), "L1", "RM1", "PO1", "1"),
        (S2, Decimal(4), "L2", "RM1", "PO1", "1"),
    ]
    assert told == [], "the item's own quantity is the sum of its packs"


def test_packs_that_nothing_tells_apart_are_no_lines() -> None:
    plain = "   HL*{}*3*P\n    SN1**{}*EA\n"
    found, told = read("x12/856", segments(SHIPMENT + ITEM + plain.format(4, 6) + plain.format(5, 4)))
    assert ([line["quantity"] for line in found], told) == ([10], [])
    found, told = read("x12/856", segments(SHIPMENT + ITEM + pack(4, S1, "SN1**6*EA") + plain.format(5, 4)))
    assert ([(line.get("sscc"), line["quantity"]) for line in found], told) == ([(S1, 6), (None, 4)], [])


def test_one_pack_below_the_item_is_that_of_the_line_and_a_second_is_told() -> None:
    found, told = read("x12/856", segments(SHIPMENT + ITEM + pack(4, S1)))
    assert ([(line["sscc"], line["quantity"]) for line in found], told) == ([(S1, Decimal(10))], [])
    found, told = read("x12/856", segments(SHIPMENT + ITEM + pack(4, S1) + pack(5, S2)))
    assert ([line["sscc"] for line in found], told) == ([S1], [("MAP-05", f"00{S2}")])


def test_a_range_of_marks_and_a_second_mark_above_are_told() -> None:
    above = (
        SHIPMENT
        + "  HL*3*2*P\n   MAN*GM*00{}\n   HL*4*3*I\n    LIN*1*BP*RM1\n    SN1*1*10*EA\n   HL*5*3*I\n    LIN*2*BP*RM2\n    SN1*2*3*EA\n"
    )
    for marks in (f"{S1}*00{S2}", f"{S1}\n   MAN*GM*00{S2}"):
        found, told = read("x12/856", segments(above.format(marks)))
        assert ([line["sscc"] for line in found], told) == ([S1, S1], [("MAP-05", f"00{S2}")])


def test_an_order_that_is_said_for_the_whole_shipment() -> None:
    found, told = read("x12/856", segments("BSN*00*S1*20261122*0830\nHL*1**S\n PRF*PO1\n HL*2*1*I\n  LIN*1*BP*RM1\n  SN1*1*10*EA"))
    assert ([line["order_number"] for line in found], told) == (["PO1"], [])


# --- PARTIN ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("party", "number", "gln", "told"),
    [
        ("123::92++Acme", "123", None, []),
        ("123::92++Acme\n  RFF+API:V1", "123", None, [("MAP-05", "V1")]),
        ("06901234500011::9++Acme\n  RFF+API:V1", "V1", "06901234500011", []),
        ("06901234500011::9++Acme", "06901234500011", "06901234500011", []),
        ("123++Acme", "123", None, []),
    ],
)
def test_the_number_of_a_party_is_that_of_its_name_and_address(
    party: str, number: str, gln: str | None, told: list[tuple[str, str]]
) -> None:
    tree = edifact(f"BGM+10+1+9\nDTM+137:20261122:102\nUNS+D\n NAD+SU+{party}")
    mapping = load("edifact/PARTIN")
    mapped = mapping.read(tree, CONTEXT)
    assert mapped.entity is not None
    assert (mapped.entity["number"], mapped.entity.get("gln")) == (number, gln)
    assert [(finding.rule, finding.got) for finding in mapping.unmapped(tree, mapped)] == told


# --- orders ------------------------------------------------------------------------------------------------------------
ORDER = "BEG*00*SA*PO1**20261122\nPO1*10*{}*EA*2**BP*A\n"


@pytest.mark.parametrize(
    ("line", "expected", "told"),
    [
        (" SCH*100*EA***002*20261201", {"requested_on": "2026-12-01", "quantity": 100}, []),
        (" SCH*100*EA***010*20261201", {"quantity": 100}, [("MAP-11", "20261201")]),
        (
            " SCH*40*EA***002*20261201\n SCH*60*EA***002*20261215",
            {"requested_on": "2026-12-01", "quantity": 100},
            [("MAP-05", "40"), ("MAP-13", "20261215"), ("MAP-13", "60")],
        ),
        (
            " N1*ST*Ward 3*92*W3\n  N3*Road 1",
            {"ship_to": {"name": "Ward 3", "code": "W3", "code_scheme": "assigned_by_buyer", "address": "Road 1"}},
            [],
        ),
        (" SDQ*EA*92*P1*60*P2*40", {"quantity": 100}, [("MAP-12", "EA 92 P1 60 P2 40")]),
    ],
)
def test_days_places_and_parts_of_an_order_line(line: str, expected: dict[str, Any], told: list[tuple[str, str]]) -> None:
    found, losses = read("x12/850", segments(ORDER.format(100) + line))
    assert {name: found[0].get(name) for name in expected} == expected and losses == told


def test_a_line_that_states_its_quantity_by_day_only() -> None:
    found, told = read("x12/850", segments(ORDER.format("") + " SCH*40*EA***002*20261201"))
    assert (found[0]["quantity"], found[0]["requested_on"], told) == (40, "2026-12-01", [])


def test_components_below_an_item_are_told() -> None:
    tree = segments(SHIPMENT + ITEM + "   HL*4*3*F\n    LIN**BP*C1*LT*L9\n    SN1**4*EA\n")
    assert read("x12/856", tree)[1] == [("MAP-12", "4 3 F BP C1 LT L9 4 EA")]


def test_an_overlay_takes_what_the_base_loses(tmp_path: Path) -> None:
    (tmp_path / "x12").mkdir()
    (tmp_path / "x12" / "850.yaml").write_text(
        "mapping: x12/850\nversion: 1\nextends: x12/850\n"
        "each: [{to: lines, fields: [{to: ship_to.code, from: SDQ/03}]}]\nignore: [{path: PO1/SDQ, reason: one place only}]\n",
        encoding="utf-8",
    )
    mapping, tree = load("x12/850", [tmp_path]), segments(ORDER.format(100) + " SDQ*EA*92*P1*100")
    mapped = mapping.read(tree, CONTEXT)
    assert mapped.entity is not None and mapped.entity["lines"][0]["ship_to"] == {"code": "P1"}
    assert mapping.unmapped(tree, mapped) == []
