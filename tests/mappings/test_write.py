"""Writing: the mirror of reading, as trees and as bytes of the real format, and what it refuses."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.formats.x12 import FORMAT as X12
from connectors.spec import Envelope, Profile
from data_contracts.source import Message
from mappings.engine import Context, Mapping, UnwritableError
from tests.mappings.samples import sample
from tests.mappings.shipped import NAMES, load
from tests.mappings.trees import segments, shape, without_places

CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830")
ORDER, RESPONSE, DESPATCH, INVOICE = (load(f"x12/{number}") for number in ("850", "855", "856", "810"))


def read(mapping: Mapping, name: str) -> dict[str, Any]:
    found = mapping.read(sample(name), CONTEXT).entity
    assert found is not None
    return found


def through_bytes(mapping: Mapping, entity: dict[str, Any], version: str) -> tuple[str, Message]:
    """The entity as an X12 interchange and its message read again, which must be valid."""
    at = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    envelope = Envelope("ZZ:NOVAMEDSZ", "ZZ:JNPOLY", 1, 1, 1, at, version=version)
    profile = Profile(charset="utf-8")
    content = X12.write([(mapping.message, mapping.write(entity, CONTEXT))], envelope, profile)
    (message,) = [event.message for event in X12.read(io.BytesIO(content), profile) if event.message is not None]
    return content.decode(), message


def test_an_erp_order_becomes_an_850() -> None:
    order = read(load("json/erp_orders"), "json/erp_orders")
    assert shape(ORDER.write(order, CONTEXT)) == shape(
        _untouched("""
BEG*00*SA*4500000123**20261122
CUR*BY*CNY
REF*PP*0
DTM*002*20261215
N1*SU*江南高分子材料*UL*6901234000108
N1*ST*Suzhou plant*UL*6901234000016
PO1*10*1200*EA*3.250**BP*RM-0001*UK*06901234500014
PO1*20*4.5*KG*18**BP*RM-0002
  DTM*002*20261220
CTT*2
""")
    )


def _untouched(text: str) -> Any:
    root = segments(text)
    root.values = ["ST"]
    return root


@pytest.mark.parametrize("version", ["004010", "004030", "005010", "006020"])
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("x12/")])
def test_what_is_written_is_a_valid_set_and_reads_back_equal(name: str, version: str) -> None:
    mapping = load(name)
    entity = read(mapping, name)
    _, message = through_bytes(mapping, entity, version)
    assert [finding.text() for finding in message.findings] == []
    assert message.root is not None
    again = mapping.read(message.root, CONTEXT)
    assert again.findings == []
    assert without_places(again.entity) == without_places(entity)
    assert mapping.unmapped(message.root, again) == []


def test_an_erp_order_survives_the_way_over_bytes() -> None:
    order = read(load("json/erp_orders"), "json/erp_orders")
    text, message = through_bytes(ORDER, order, "004010")
    assert "~PO1*10*1200*EA*3.250**BP*RM-0001*UK*06901234500014~" in text
    assert message.root is not None
    again = ORDER.read(message.root, CONTEXT).entity
    assert again is not None
    expected = without_places(order)
    for line in expected["lines"]:
        del line["item_code"]  # an own code has no place in X12; it went out as the buyer's
    del expected["supplier"]["code"], expected["supplier"]["code_scheme"]  # the GLN takes the one place of a party's code
    expected |= {"issued_at": datetime(2026, 11, 21, 16, 0, tzinfo=UTC), "issued_at_source": "day"}
    assert without_places(again) == expected


def test_neighbours_share_their_order_pallet_and_carton() -> None:
    tree = DESPATCH.write(read(DESPATCH, "x12/856"), CONTEXT)
    levels = [record.values[3] for record in tree.walk() if record.tag == "HL"]  # type: ignore[index]
    assert levels == ["S", "O", "T", "P", "I", "I", "I"]
    assert [record.values for record in tree.walk() if record.tag in ("MAN", "PRF")] == [
        ["PRF", "4500000123"],
        ["MAN", "GM", "00069012340000000017"],
        ["MAN", "GM", "00069012340000000024"],
    ]


def test_a_line_without_carton_goes_straight_below_the_order() -> None:
    line = {"line": "1", "order_number": "PO1", "quantity": Decimal(1), "unit": "EA"}
    entity = {
        "number": "S1",
        "issued_at": datetime(2026, 11, 22, tzinfo=UTC),
        "lines": [line, {**line, "order_number": "PO2"}, {**line, "sscc": "069012340000000017"}],
    }
    tree = DESPATCH.write(entity, CONTEXT)
    (shipment,) = [child for child in tree.children if child.tag == "HL"]
    orders = [child for child in shipment.children if child.tag == "HL"]
    assert [[below.tag for below in order.children] for order in orders] == [["PRF", "HL"], ["PRF", "HL"], ["PRF", "HL"]]
    again = DESPATCH.read(tree, CONTEXT).entity
    assert again is not None
    assert [(found["order_number"], found.get("sscc")) for found in again["lines"]] == [
        ("PO1", None),
        ("PO2", None),
        ("PO1", "069012340000000017"),
    ]


def test_a_pallet_without_carton_cannot_be_a_parent() -> None:
    line = {"line": "1", "quantity": Decimal(1), "unit": "EA", "parent_sscc": "069012340000000017"}
    entity = {"number": "S1", "issued_at": datetime(2026, 11, 22, tzinfo=UTC), "lines": [line]}
    tree = DESPATCH.write(entity, CONTEXT)
    assert [record.values[3] for record in tree.walk() if record.tag == "HL"] == ["S", "I"]  # type: ignore[index]
    lost = [finding.place.path for finding in DESPATCH.unwritten(entity, CONTEXT)]
    assert lost == ["lines[0].line", "lines[0].parent_sscc"]


def test_gtins_go_out_under_the_qualifier_of_their_length() -> None:
    lines = [{"line": str(n), "quantity": Decimal(1), "unit": "EA", "gtin": "0" * n} for n in (14, 13, 12, 8)]
    tree = ORDER.write({"number": "P", "issued_at": datetime(2026, 11, 22, tzinfo=UTC), "lines": lines}, CONTEXT)
    assert [record.values[6] for record in tree.children if record.tag == "PO1"] == ["UK", "EN", "UP", "EN"]  # type: ignore[index]


def test_what_cannot_be_said_refuses_the_message_with_every_reason() -> None:
    entity = {
        "number": "I1",
        "issued_at": datetime(2026, 11, 22, tzinfo=UTC),
        "purpose": "perhaps",
        "total": Decimal("1.005"),
        "lines": [{"line": "1", "quantity": Decimal(1), "unit": "furlong"}],
    }
    with pytest.raises(UnwritableError) as refused:
        INVOICE.write(entity, CONTEXT)
    assert {finding.place.path for finding in refused.value.findings} == {"purpose", "total", "lines[0].unit"}
    assert isinstance(refused.value, ValueError)
    assert "at most two decimals" in str(refused.value)


def test_what_has_no_place_is_told() -> None:
    order = read(load("json/erp_orders"), "json/erp_orders")
    assert [(finding.rule, finding.place.path) for finding in ORDER.unwritten(order, CONTEXT)] == [
        ("MAP-06", "supplier.code"),
        ("MAP-06", "supplier.code_scheme"),
        ("MAP-06", "lines[0].item_code"),
        ("MAP-06", "lines[1].item_code"),
    ]


def test_positions_count_as_a_reader_would() -> None:
    tree = ORDER.write(read(ORDER, "x12/850"), CONTEXT)
    assert [record.position for record in tree.walk()] == list(range(1, len(list(tree.walk())) + 1))


def test_each_item_gets_a_level_of_its_own_and_neighbours_share_it() -> None:
    line = {"line": "1", "unit": "KG", "buyer_item": "RM-1", "commitment": "firm"}
    schedule = {
        "number": "FC-1",
        "issued_at": datetime(2026, 11, 22, tzinfo=UTC),
        "lines": [
            {**line, "quantity": Decimal(5), "due_on": "2026-12-07"},
            {**line, "quantity": Decimal(6), "due_on": "2026-12-14"},
            {**line, "quantity": Decimal(7), "due_on": "2026-12-07", "buyer_item": "RM-2"},
            {**line, "quantity": Decimal(8), "due_on": "2026-12-21", "ship_to": {"gln": "6901234000016"}},
        ],
    }
    tree = load("x12/830").write(schedule, CONTEXT)
    items = [child for child in tree.children if child.tag == "LIN"]
    assert [[record.values for record in item.walk() if record.tag in ("LIN", "N1")] for item in items] == [
        [["LIN", "", "BP", "RM-1"]],
        [["LIN", "", "BP", "RM-2"]],
        [["LIN", "", "BP", "RM-1"], ["N1", "ST", "", "UL", "6901234000016"]],
    ]
    assert [[record.values[1] for record in item.children if record.tag == "FST"] for item in items] == [["5", "6"], ["7"], ["8"]]


def test_pairs_that_are_full_leave_an_identity_to_the_next_place() -> None:
    line = {"line": "1", "quantity": Decimal(1), "unit": "EA", "buyer_item": "B", "supplier_item": "S", "gtin": "06901234500059"}
    order = {"number": "WO-1", "issued_at": datetime(2026, 11, 22, tzinfo=UTC), "lines": [line]}
    tree = load("x12/940").write(order, CONTEXT)
    (item,) = [record for record in tree.walk() if record.tag == "W01"]
    assert item.values[4:8] == ["BP", "B", "VP", "S"]
    assert item.values[8:15] == [""] * 7
    assert item.values[15:] == ["UK", "06901234500059"]
    again = load("x12/940").read(tree, CONTEXT).entity
    assert again is not None
    assert {name: again["lines"][0][name] for name in ("buyer_item", "supplier_item", "gtin")} == {
        "buyer_item": "B",
        "supplier_item": "S",
        "gtin": "06901234500059",
    }


def test_lines_of_which_other_members_say_the_same_share_no_level() -> None:
    """An item named Suzhou is not one that goes to Suzhou, and our number 4711 is not the supplier's."""
    first = {"line": "1", "buyer_item": "A", "description": "Suzhou", "quantity": Decimal(1), "commitment": "forecast"}
    second = {"line": "2", "buyer_item": "A", "ship_to": {"name": "Suzhou"}, "quantity": Decimal(2), "commitment": "forecast"}
    third = {"line": "3", "buyer_item": "4711", "quantity": Decimal(3), "commitment": "forecast"}
    fourth = {"line": "4", "supplier_item": "4711", "quantity": Decimal(4), "commitment": "forecast"}
    entity = {"entity": "DeliverySchedule", "number": "F1", "lines": [first, second, third, fourth]}
    root = load("x12/830").write(entity, CONTEXT)
    items = [child for child in root.children if child.tag == "LIN"]
    assert [[below.tag for below in item.children if below.tag != "FST"] for item in items] == [["PID"], ["N1"], [], []]
    assert [list(item.values)[2:] for item in items] == [["BP", "A"], ["BP", "A"], ["BP", "4711"], ["VP", "4711"]]
