"""Every function: what it reads, what it refuses, what it writes, and that its declared inverse is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.errors import ConfigError
from mappings.functions import FUNCTIONS, Moment

ZONE = "Asia/Shanghai"
CHINA = timezone(timedelta(hours=8))


def read(name: str, *texts: str) -> Any:
    function = FUNCTIONS[name]
    value = function.read(*texts, *([ZONE] if function.zoned else []))
    return value.at if isinstance(value, Moment) else value


def write(name: str, value: Any) -> tuple[str, ...]:
    function = FUNCTIONS[name]
    assert function.write is not None
    return function.write(value, ZONE) if function.zoned else function.write(value)


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("text", ("a b",), "a b"),
        ("gtin", ("012345678905",), "012345678905"),
        ("upper", ("ea",), "EA"),
        ("sscc_from_man", ("00069012340000000017",), "069012340000000017"),
        ("sscc_from_man", ("069012340000000017",), "069012340000000017"),
        ("joined_by_slash", ("6901234000016", "2026-11-22T06:00:00Z"), "6901234000016/2026-11-22T06:00:00Z"),
        ("decimal", ("12.50",), Decimal("12.50")),
        ("decimal", ("-.5",), Decimal("-0.5")),
        ("decimal", ("7.",), Decimal("7")),
        ("decimal", ("1.1000000000",), Decimal("1.1")),
        ("decimal_comma", ("1,075",), Decimal("1.075")),
        ("json_number", ("1.25e1",), Decimal("12.5")),
        ("json_number", ("-3",), Decimal("-3")),
        ("implied_decimal_2", ("333100",), Decimal("3331.00")),
        ("implied_decimal_2", ("-5",), Decimal("-0.05")),
        ("integer", ("042",), 42),
        ("boolean_yn", ("Y",), True),
        ("boolean", ("false",), False),
        ("x12_date", ("20261122",), "2026-11-22"),
        ("x12_date", ("961122",), "1996-11-22"),
        ("x12_date", ("261122",), "2026-11-22"),
        ("year_month", ("202608",), "2026-08"),
        ("last_day_of_month", ("202802",), "2028-02-29"),
        ("last_day_of_month", ("202612",), "2026-12-31"),
        ("date_dotted", ("22.11.2026",), "2026-11-22"),
        ("iso_date", ("2026-08",), "2026-08"),
        ("iso_date", ("2026-08-31",), "2026-08-31"),
        ("x12_date_time", ("20261122", "0830"), datetime(2026, 11, 22, 8, 30, tzinfo=CHINA)),
        ("x12_date_time", ("20261122", "08301550"), datetime(2026, 11, 22, 8, 30, 15, 500_000, tzinfo=CHINA)),
        ("x12_date_time", ("20261122", ""), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("x12_day_start", ("20261122",), datetime(2026, 11, 22, tzinfo=CHINA)),
        ("date_time_dotted", ("22.11.2026 08:30",), datetime(2026, 11, 22, 8, 30, tzinfo=CHINA)),
        ("iso_instant", ("2026-11-22T08:30:00+08:00",), datetime(2026, 11, 22, 8, 30, tzinfo=CHINA)),
        ("iso_instant", ("2026-11-22T00:30:00Z",), datetime(2026, 11, 22, 0, 30, tzinfo=UTC)),
        ("iso_instant", ("2026-11-22T08:30:00.5",), datetime(2026, 11, 22, 8, 30, 0, 500_000, tzinfo=CHINA)),
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
        *(
            ("decimal", text)
            for text in ("1e3", "NaN", "Infinity", "+1", "1,5", "", ".", "-", "1_0", "１２", "1" * 13, "0.0000001", "9" * 5000)
        ),
        *(("decimal_comma", text) for text in ("1.5", "1.000,5", "NaN")),
        *(("json_number", text) for text in ("1e99", "NaN", "0x10", "1e", "+1", "1E+13", "1e-7")),
        *(("implied_decimal_2", text) for text in ("1.5", "", "1e2")),
        *(("integer", text) for text in ("1.0", "٣", "", "1" * 19)),
        *(("boolean_yn", text) for text in ("y", "1", "yes")),
        *(("boolean", text) for text in ("True", "1")),
        *(("x12_date", text) for text in ("20260231", "2026", "20261301", "2026112A", "00000000")),
        *(("year_month", text) for text in ("202613", "2026", "20260801")),
        *(("date_dotted", text) for text in ("31.02.2026", "2026-11-22", "1.1.2026")),
        *(("iso_date", text) for text in ("2026-02-30", "2026-13", "20261122", "2026-08-31T00:00")),
        *(("x12_date_time", text) for text in ("2026", "20260230")),
        *(("date_time_dotted", text) for text in ("22.11.2026", "22.11.2026 24:00", "22.11.2026  08:30")),
        *(
            ("iso_instant", text)
            for text in ("2026-11-22", "2026-02-30T00:00:00Z", "now", "2026-11-22T25:00:00Z", "2026-11-22T08:30:00+99:00")
        ),
        *(("sscc_from_man", text) for text in ("12345", "01069012340000000017", "06901234000000001X")),
    ],
)
def test_refuses_with_what_it_expected(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(name, text, *[""] * (FUNCTIONS[name].arguments - 1))


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="a time like 0830"):
        read("x12_date_time", "20261122", "2460")


@pytest.mark.parametrize(
    ("name", "value", "texts"),
    [
        ("decimal", Decimal("1E+3"), ("1000",)),
        ("decimal_comma", Decimal("1.075"), ("1,075",)),
        ("implied_decimal_2", Decimal("3331"), ("333100",)),
        ("sscc_from_man", "069012340000000017", ("00069012340000000017",)),
        ("x12_date", "2026-11-22", ("20261122",)),
        ("date_dotted", "2026-11-22", ("22.11.2026",)),
        ("last_day_of_month", "2028-02-29", ("202802",)),
        ("x12_date_time", datetime(2026, 11, 22, 0, 30, tzinfo=UTC), ("20261122", "0830")),
        ("x12_date_time", datetime(2026, 11, 22, 0, 30, 1, tzinfo=UTC), ("20261122", "083001")),
        ("x12_date_time", datetime(2026, 11, 22, 0, 30, 0, 250_000, tzinfo=UTC), ("20261122", "08300025")),
        ("date_time_dotted", datetime(2026, 11, 21, 23, 5, tzinfo=UTC), ("22.11.2026 07:05",)),
    ],
)
def test_writes(name: str, value: Any, texts: tuple[str, ...]) -> None:
    assert write(name, value) == texts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x12_date", "2026-08"),
        ("date_dotted", "2026-08"),
        ("year_month", "2026-08-31"),
        ("last_day_of_month", "2026-08-30"),
        ("implied_decimal_2", Decimal("1.005")),
        ("decimal", Decimal("NaN")),
        ("decimal", Decimal(10) ** 12),
        ("sscc_from_man", "123"),
    ],
)
def test_does_not_invent_what_it_cannot_say(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        write(name, value)


@given(st.decimals(-(10**11), 10**11, places=6), st.sampled_from(["decimal", "decimal_comma", "json_number"]))
def test_numbers_are_exact(value: Decimal, name: str) -> None:
    assert read(name, *write(name, value)) == value


@given(st.datetimes(min_value=datetime(1971, 1, 2), max_value=datetime(2100, 1, 1)), st.sampled_from(sorted(FUNCTIONS)))  # noqa: DTZ001
def test_moments_settle_after_one_pass(at: datetime, name: str) -> None:
    function = FUNCTIONS[name]
    if function.kind != "instant" or (name.endswith("_short") and not 2001 <= at.year < 2099):  # two digits say this century only
        return
    once = read(name, *write(name, at.replace(tzinfo=UTC)))
    assert read(name, *write(name, once)) == once
    if function.inverse == "exact":
        assert once == at.replace(tzinfo=UTC)


@given(st.text(max_size=30), st.sampled_from(sorted(FUNCTIONS)))
def test_no_text_does_anything_but_convert_or_refuse(text: str, name: str) -> None:
    function = FUNCTIONS[name]
    try:
        value = read(name, text, *[""] * (function.arguments - 1))
    except ValueError:
        return
    kinds = {"text": str, "decimal": Decimal, "integer": int, "boolean": bool, "date": str, "instant": datetime}
    for one in value if value.__class__ is tuple else (value,):  # a range yields several
        assert isinstance(one, kinds[function.kind])


def test_an_unknown_zone_is_the_sites_mistake_and_not_the_datas() -> None:
    with pytest.raises(ConfigError, match="Mars/Olympus"):
        FUNCTIONS["x12_day_start"].read("20261122", "Mars/Olympus")


def test_the_offset_stated_is_told_from_the_one_applied() -> None:
    assert FUNCTIONS["iso_instant"].read("2026-11-22T08:30:00+08:00", "UTC").stated
    assert not FUNCTIONS["iso_instant"].read("2026-11-22T08:30:00", "UTC").stated
