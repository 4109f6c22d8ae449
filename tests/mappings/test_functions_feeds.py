"""Functions of feeds: what they read, what they refuse, and that what they write is read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.function_base import day_start, tells_day_only
from mappings.functions import FUNCTIONS
from tests.mappings.test_functions import CHINA, read, write

DATES = ["date_slashed_ymd", "date_slashed_dmy", "date_slashed_mdy", "date_chinese", "date_of_midnight", "odata_date"]
DATES += ["day_of_dotted", "day_of_slashed_ymd", "day_of_compact"]
DATES += ["date_dashed_dmy", "date_dashed_mdy", "date_month_name"]
STARTS = [
    "day_start_month_name",
    "day_start_dotted",
    "day_start_slashed_ymd",
    "day_start_slashed_dmy",
    "day_start_slashed_mdy",
    "day_start_chinese",
]
NUMBERS = ["decimal_grouped", "decimal_comma_grouped", "implied_decimal_3"]


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("decimal_grouped", ("1,234,567.50",), Decimal("1234567.50")),
        ("decimal_grouped", ("-12",), Decimal(-12)),
        ("decimal_comma_grouped", ("1.234,50",), Decimal("1234.50")),
        ("decimal_comma_grouped", ("1 234 567",), Decimal(1234567)),
        ("decimal_comma_grouped", ("1'234,5",), Decimal("1234.5")),
        ("decimal_comma_grouped", ("0,5",), Decimal("0.5")),
        ("implied_decimal_3", ("12500",), Decimal("12.5")),
        ("price_per", ("850", "100"), Decimal("8.5")),
        ("price_per", ("8.50", ""), Decimal("8.50")),
        ("date_slashed_ymd", ("2026/1/5",), "2026-01-05"),
        ("date_slashed_dmy", ("01/02/2026",), "2026-02-01"),
        ("date_month_name", ("22-Nov-2026",), "2026-11-22"),
        ("date_month_name_short", ("01-FEB-26",), "2026-02-01"),
        ("date_dotted_short", ("22.11.26",), "2026-11-22"),
        ("date_slashed_mdy_short", ("11/22/26",), "2026-11-22"),
        ("date_slashed_mdy", ("01/02/2026",), "2026-01-02"),
        ("date_chinese", ("2026年8月1日",), "2026-08-01"),
        ("date_of_midnight", ("2026-12-05T00:00:00",), "2026-12-05"),
        ("date_of_midnight", ("2026-12-05",), "2026-12-05"),
        ("odata_date", ("/Date(1795305600000)/",), "2026-11-22"),
        ("odata_date", ("/Date(-86400000)/",), "1969-12-31"),
        ("date_time_slashed_ymd", ("2026/11/22 8:30",), datetime(2026, 11, 22, 8, 30, tzinfo=CHINA)),
        ("date_time_compact", ("202611220830",), datetime(2026, 11, 22, 8, 30, tzinfo=CHINA)),
        ("iso_day_or_time", ("2026-11-22",), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("iso_day_or_time", ("2026-11-22T08:30:15.457",), datetime(2026, 11, 22, 8, 30, 15, 457_000, tzinfo=CHINA)),
        ("day_stated", ("2026-11-22",), "2026-11-22"),
        ("day_start_stated", ("2026-11-22",), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("day_start_dotted", ("22.11.2026",), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("day_start_slashed_ymd", ("2026/11/2",), datetime(2026, 11, 2, tzinfo=CHINA)),
        ("day_start_slashed_dmy", ("01/02/2026",), datetime(2026, 2, 1, tzinfo=CHINA)),
        ("day_start_slashed_mdy", ("01/02/2026",), datetime(2026, 1, 2, tzinfo=CHINA)),
        ("day_start_chinese", ("2026年1月2日",), datetime(2026, 1, 2, tzinfo=CHINA)),
        ("day_of_instant", ("2026-11-22T23:30:00-05:00",), "2026-11-22"),
        ("day_of_instant", ("2026-11-22 23:30:00",), "2026-11-22"),
        ("utc_time", ("2026-11-22 23:30:00",), datetime(2026, 11, 22, 23, 30, tzinfo=UTC)),
        ("day_seen_of_utc", ("2026-11-22 16:00:00",), "2026-11-23"),
        ("day_seen_of_utc", ("2026-11-22T15:59:59.999",), "2026-11-22"),
        ("day_of_dotted", ("22.11.2026 08:30",), "2026-11-22"),
        ("day_of_slashed_ymd", ("2026/11/22 8:30",), "2026-11-22"),
        ("day_of_compact", ("20261122083000",), "2026-11-22"),
        ("boolean_zh", ("是",), True),
        ("boolean_10", ("0",), False),
        ("odata_instant", ("/Date(1795305600000)/",), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("odata_instant", ("/Date(1795305600000+0000)/",), datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_reads(name: str, texts: tuple[str, ...], value: Any) -> None:
    found = read(name, *texts)
    assert found == value
    if isinstance(value, datetime):
        assert found.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("decimal_grouped", text) for text in ("1,23", "12,34.5", "1,2345", "1.234,5", ",123", "1,234,56")),
        *(("decimal_comma_grouped", text) for text in ("1.5", "1.23", "1.234'567", "1,234.5", "1.2345")),
        *(("implied_decimal_3", text) for text in ("1.5", "", "1e3")),
        *(("price_per", text) for text in ("", "8,5", "NaN")),
        *(("date_slashed_ymd", text) for text in ("22/11/2026", "2026/13/01", "2026-11-22")),
        *(("date_month_name", text) for text in ("31-Nov-2026", "22-Nov-26", "Nov-22-2026")),
        *(("date_slashed_dmy", text) for text in ("13/13/2026", "2026/01/02", "1/2/26")),
        *(("date_slashed_mdy", text) for text in ("22/11/2026", "02/30/2026")),
        *(("date_chinese", text) for text in ("2026年13月1日", "2026-08-01")),
        *(("date_of_midnight", text) for text in ("2026-12-05 08:00:00", "2026-02-30", "05.12.2026")),
        *(("odata_date", text) for text in ("/Date(1795305600001)/", "1795305600000", "/Date(999999999999999)/", "/Date(x)/")),
        *(("odata_instant", text) for text in ("/Date(999999999999999)/", "/Date(0+9999)/")),
        *(("day_start_dotted", text) for text in ("31.02.2026", "22.11.2026 08:30", "2026-11-22")),
        *(
            (name, text)
            for name in ("utc_time", "day_seen_of_utc")
            for text in ("2026-11-22", "2026-02-30 08:00:00", "2026-11-22 08:30:00Z")
        ),
        *(("day_of_instant", text) for text in ("2026-11-22", "2026-02-30T08:00:00")),
        *(("date_time_compact", text) for text in ("20260231083000", "2026112224")),
        *(("iso_day_or_time", text) for text in ("2026-02-30", "2026-11-22T25:00:00", "2026-11-22T08:30:00Z")),
    ],
)
def test_refuses_with_what_it_expected(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(name, text, *[""] * (FUNCTIONS[name].arguments - 1))


def test_a_price_that_is_not_exact_for_one_is_refused() -> None:
    with pytest.raises(ValueError, match="exact"):
        read("price_per", "10", "3")
    with pytest.raises(ValueError, match="above zero"):
        read("price_per", "10", "0")


@given(st.dates(min_value=date(1, 1, 1)), st.sampled_from(DATES))
def test_every_day_is_written_and_read_back(day: date, name: str) -> None:
    assert read(name, *write(name, day.isoformat())) == day.isoformat()
    with pytest.raises(ValueError, match="day"):
        write(name, day.isoformat()[:7])


@given(st.decimals(-(10**11), 10**11, places=3), st.sampled_from(NUMBERS))
def test_every_number_is_written_and_read_back(value: Decimal, name: str) -> None:
    assert read(name, *write(name, value)) == value


@given(st.dates(min_value=date(2, 1, 1), max_value=date(9998, 12, 31)), st.sampled_from(STARTS))
def test_every_day_from_its_beginning_is_written_and_read_back(day: date, name: str) -> None:
    at = day_start(day, "Asia/Shanghai").at
    again = read(name, *write(name, at))
    assert again == at and tells_day_only(again)
