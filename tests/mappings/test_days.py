"""A day that states no time is the same day in every zone and every syntax: paper is not redated on its way out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.context import Context
from mappings.function_base import FUNCTIONS, day_start, tells_day_only
from tests.mappings.shipped import load

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
ZONES = [SHANGHAI, NEW_YORK, "UTC", "Pacific/Auckland", "Pacific/Honolulu"]
ORDER: dict[str, Any] = {
    "entity": "PurchaseOrder",
    "number": "4500303",
    "issued_at": day_start(datetime(2026, 11, 18), SHANGHAI).at,  # noqa: DTZ001 - a day
    "issued_at_source": "day",
    "currency": "CNY",
    "supplier": {"name": "Bay Medical"},
    "ship_to": {"name": "Plant"},
    "lines": [{"line": "10", "buyer_item": "A-1", "quantity": Decimal(5), "unit": "EA", "unit_price": Decimal("1.5")}],
}


@pytest.mark.parametrize("name", ["x12/850", "edifact/ORDERS", "idoc/ORDERS", "ubl/Order", "cxml/OrderRequest"])
@pytest.mark.parametrize("zone", ZONES)
def test_an_order_of_a_day_is_of_that_day_wherever_it_is_told(name: str, zone: str) -> None:
    mapping = load(name)
    context = Context(time_zone=zone, components="\x1f" if name.startswith("edifact") else ":")
    tree = mapping.write(ORDER, context)
    told = mapping.read(tree, context).entity
    assert told is not None
    assert told["issued_at"].date().isoformat() == "2026-11-18"
    texts = [text for record in tree.walk() for text in (record.values.values() if isinstance(record.values, dict) else record.values)]
    days = [part for text in texts for part in text.split("\x1f") if part.replace("-", "").startswith("202611")]
    assert days and all(text.replace("-", "").startswith("20261118") for text in days)


@pytest.mark.parametrize(
    ("function", "texts"),
    [
        ("x12_day_start", ["20261118"]),
        ("x12_date_time", ["20261118", ""]),
        ("sap_date_time", ["20261118", "000000"]),
        ("edifact_date_time", ["20261118", "102"]),
        ("xml_date_time", ["2026-11-18", ""]),
        ("iso_day", ["2026-11-18"]),
        ("iso_day_or_time", ["2026-11-18T00:00:00"]),
        ("odata_instant", ["/Date(1794960000000)/"]),
    ],
)
@pytest.mark.parametrize(
    "writer", ["x12_date_time", "sap_date_time", "edifact_date_time", "iso_day", "date_time_slashed_ymd", "xml_date_time"]
)
def test_every_writer_tells_the_day_that_any_reader_read(function: str, texts: list[str], writer: str) -> None:
    moment = FUNCTIONS[function].read(*texts, SHANGHAI)
    assert tells_day_only(moment.at)
    write = FUNCTIONS[writer].write
    assert write is not None
    assert write(moment.at, NEW_YORK)[0].replace("-", "").replace("/", "").startswith("20261118")


def test_a_time_is_still_told_in_the_zone_of_whom_it_is_told_to() -> None:
    at = FUNCTIONS["x12_date_time"].read("20261118", "0200", SHANGHAI).at
    write = FUNCTIONS["edifact_date_time"].write
    assert write is not None and write(at, NEW_YORK) == ("202611171300", "203")


def test_where_a_set_demands_a_time_the_day_begins() -> None:
    despatch = {
        "entity": "DespatchAdvice",
        "number": "SH1",
        "issued_at": ORDER["issued_at"],
        "lines": [{"line": "1", "order_number": "PO1", "quantity": Decimal(1), "unit": "EA"}],
    }
    tree = load("x12/856").write(despatch, Context(time_zone=NEW_YORK, components=":"))
    (bsn,) = [record.values for record in tree.walk() if record.tag == "BSN"]
    assert list(bsn)[3:5] == ["20261118", "0000"]


def test_midnight_that_is_stated_is_a_time() -> None:
    read = FUNCTIONS["iso_instant"].read("2026-11-18T00:00:00+08:00", "UTC")
    assert not tells_day_only(read.at) and read.at == datetime(2026, 11, 17, 16, tzinfo=UTC)
