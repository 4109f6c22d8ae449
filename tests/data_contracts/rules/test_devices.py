"""What the rules say of a device's master record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.rules import validate

OWN, BOX, CASE = "06901234500059", "16901234500056", "26901234500053"


def device(**members: Any) -> dict[str, Any]:
    return {"entity": "Device", "number": OWN, "issued_at": datetime(2026, 11, 19, tzinfo=UTC), **members}


def package(di: str, contains: str, quantity: int = 10) -> dict[str, Any]:
    return {"di": di, "contains": contains, "quantity": quantity}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, []),
        ({"packages": [package(CASE, BOX), package(BOX, OWN)]}, []),
        ({"packages": [package(BOX, OWN[1:])]}, []),
        ({"number": "06901234500052"}, [("DEV-01", "number")]),
        ({"secondary_dis": [{"di": "A9991234X", "issuer": "hibcc"}]}, [("DEV-01", "secondary_dis[0].di")]),
        ({"basic_udi_di": "69012345SCREW4LD"}, []),
        ({"basic_udi_di": "69012345SCREW4LE"}, [("DEV-02", "basic_udi_di")]),
        ({"basic_udi_di": "B-A99912345", "basic_udi_di_issuer": "eudamed"}, []),
        ({"basic_udi_di": "B-A9991234X"}, [("DEV-02", "basic_udi_di")]),
        ({"number": "+A99912345", "issuer": "hibcc"}, []),
        ({"number": "81234567890123456789", "issuer": "cn_ahm"}, []),
        ({"number": "x" * 121, "issuer": "ndc"}, [("DEV-01", "number")]),
        ({"packages": [package(BOX, CASE)]}, [("DEV-03", "packages[0].contains")]),
        ({"packages": [package(BOX, OWN), package(BOX, OWN)]}, [("DEV-04", "packages[1].di")]),
        ({"packages": [package(OWN, OWN)]}, [("DEV-04", "packages[0].di")]),
        ({"packages": [package(BOX, OWN, 0)]}, [("DEV-05", "packages[0].quantity")]),
        ({"base_quantity": 0}, [("DEV-05", "base_quantity")]),
        (
            {"packages": [package(BOX, CASE), package(CASE, BOX)]},
            [("DEV-06", "packages[0].contains"), ("DEV-06", "packages[1].contains")],
        ),
        ({"single_use": True, "max_reuses": 5}, [("DEV-07", "max_reuses")]),
        ({"latex": True, "labelled_latex_free": True}, [("DEV-08", "labelled_latex_free")]),
        (
            {"storage": [{"condition": "storage_temperature", "low": Decimal(30), "high": Decimal(2)}]},
            [("DEV-09", "storage[0].low")],
        ),
        ({"storage": [{"condition": "x", "low": Decimal(30), "low_unit": "a", "high": Decimal(2), "high_unit": "b"}]}, []),
    ],
)
def test_a_device_is_judged(members: dict[str, Any], said: list[tuple[str, str]]) -> None:
    found = [(finding.rule, finding.place.path) for finding in validate(device(**members), None, date(2026, 11, 22))]
    assert found == said


def test_what_stands_in_lists_of_lists_is_judged_too() -> None:
    texts = [{"language": "en"}, "no record", {"language": "en", "text": "x", "colour": "red"}]
    found = validate(device(storage=[{"condition": "other", "texts": texts}]), None, date(2026, 11, 22))
    assert [(finding.rule, finding.place.path) for finding in found] == [
        ("DOC-01", "storage[0].texts[0].text"),
        ("DOC-07", "storage[0].texts[1]"),
        ("DOC-06", "storage[0].texts[2].colour"),
    ]
