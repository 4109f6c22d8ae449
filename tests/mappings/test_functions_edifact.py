"""The functions of EDIFACT messages: every form of a date that is taken, what is refused, and that writing is read back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.functions import FUNCTIONS

ZONE = "Europe/Amsterdam"


def read(name: str, *texts: str) -> object:
    function = FUNCTIONS[name]
    return function.read(*texts, *([""] * (function.arguments - len(texts))), *([ZONE] if function.zoned else []))


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("edifact_date", ("20261122", "102"), "2026-11-22"),
        ("edifact_date", ("20261122", ""), "2026-11-22"),
        ("edifact_date", ("261122", "101"), "2026-11-22"),
        ("edifact_date", ("991122", "101"), "1999-11-22"),
        ("edifact_date", ("202611222359", "203"), "2026-11-22"),
        ("edifact_date", ("20261122235959", "204"), "2026-11-22"),
        ("edifact_date", ("202611220830+0800", "205"), "2026-11-22"),
        ("edifact_date", ("202608", "610"), "2026-08"),
        ("edifact_period_start", ("20261214-20261220", "718"), "2026-12-14"),
        ("edifact_period_end", ("20261214-20261220", "718"), "2026-12-20"),
        ("edifact_period_end", ("2026121420261220", "718"), "2026-12-20"),
        ("edifact_period_end", ("202612140800202612201700", "713"), "2026-12-20"),
        ("edifact_period_start", ("202652", "616"), "2026-12-21"),
        ("edifact_period_end", ("202653", "616"), "2027-01-03"),
        ("edifact_period_start", ("20261207", "102"), "2026-12-07"),
        ("edifact_period_start", ("202608", "610"), "2026-08"),
        ("edifact_number", ("12,50",), Decimal("12.50")),
        ("edifact_number", ("-.5",), Decimal("-0.5")),
        ("edifact_number", ("7.",), Decimal("7")),
        ("edifact_price", ("3630.1724", "100"), Decimal("36.301724")),
        ("edifact_price", ("8,50", ""), Decimal("8.50")),
        ("edifact_price", ("0", "100"), Decimal("0")),
        ("edifact_sum", ("8", "2"), Decimal("10")),
        ("edifact_sum", ("8",), Decimal("8")),
        ("edifact_text", ("A" * 35, "B"), "A" * 35 + "B"),
        ("edifact_text", ("Guidewire", "straight"), "Guidewire straight"),
        ("sscc", ("00095060000000000019",), "095060000000000019"),
        ("sscc", ("009506000000000019",), "009506000000000019"),
    ],
)
def test_what_is_read(name: str, texts: tuple[str, ...], value: object) -> None:
    assert read(name, *texts) == value


@pytest.mark.parametrize(
    ("texts", "at", "stated"),
    [
        (("20261122", "102"), "2026-11-22T00:00:00+01:00", False),
        (("202607220830", "203"), "2026-07-22T08:30:00+02:00", False),
        (("20261122083015", "204"), "2026-11-22T08:30:15+01:00", False),
        (("202611220830", ""), "2026-11-22T08:30:00+01:00", False),
        (("2611220830", "201"), "2026-11-22T08:30:00+01:00", False),
        (("202611220830+0800", "205"), "2026-11-22T08:30:00+08:00", True),
        (("202611220830-0330", "205"), "2026-11-22T08:30:00-03:30", True),
        (("202611220830UTC", "303"), "2026-11-22T08:30:00+00:00", True),
        (("20261122083015Z", "304"), "2026-11-22T08:30:15+00:00", True),
    ],
)
def test_moments(texts: tuple[str, str], at: str, stated: bool) -> None:
    assert read("edifact_date_time", *texts) == (datetime.fromisoformat(at), stated)


@pytest.mark.parametrize(
    ("name", "texts", "says"),
    [
        ("edifact_date", ("202611", ""), "with its form"),  # a month, or a day of 2020?
        ("edifact_date", ("20260231", "102"), "day of the calendar"),
        ("edifact_date", ("20261122", "203"), "with its form"),
        ("edifact_date", ("202613", "610"), "a month"),
        ("edifact_date", ("２０２６１１２２", "102"), "with its form"),
        ("edifact_date", ("202648", "616"), "with its form"),
        ("edifact_date_time", ("202611222460", "203"), "a time like"),
        ("edifact_date_time", ("202611220830CET", "303"), "by their offset"),
        ("edifact_date_time", ("202611220830UTC", "304"), "by their offset"),
        ("edifact_date_time", ("202611220830+2500", "205"), "a time like"),
        ("edifact_period_end", ("20261220-20261214", "718"), "ends after"),
        ("edifact_period_end", ("20261220", "718"), "two dates"),
        ("edifact_period_end", ("202654", "616"), "a week"),
        ("edifact_period_end", ("202553", "616"), "a week"),
        ("edifact_number", ("1.200,50",), "a number like"),
        ("edifact_number", ("1+1",), "a number like"),
        ("edifact_number", ("12E3",), "a number like"),
        ("edifact_price", ("10", "3"), "exact for one unit"),
        ("edifact_price", ("0.01", "100000"), "at most 6 decimals"),
        ("edifact_price", ("10", "0"), "above zero"),
        ("sscc", ("123",), "18 digits"),
    ],
)
def test_what_is_refused(name: str, texts: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(name, *texts)


def write(name: str, value: object) -> tuple[str, ...]:
    function = FUNCTIONS[name]
    assert function.write is not None
    return function.write(value, ZONE) if function.zoned else function.write(value)


def test_dates_are_written_as_precise_as_they_are() -> None:
    assert write("edifact_date", "2026-11-22") == ("20261122", "102")
    assert write("edifact_date", "2026-08") == ("202608", "610")
    assert write("edifact_date_time", datetime(2026, 11, 21, 23, tzinfo=UTC)) == ("20261122", "102")
    assert write("edifact_date_time", datetime(2026, 11, 22, 7, 30, tzinfo=UTC)) == ("202611220830", "203")
    assert write("edifact_date_time", datetime(2026, 11, 22, 7, 30, 5, tzinfo=UTC)) == ("20261122083005", "204")


@given(st.text("AB -", min_size=1, max_size=80).map(str.strip).filter(bool))
def test_a_text_in_two_parts_is_read_back(text: str) -> None:
    parts = write("edifact_text", text)
    assert all(part == part.strip() for part in parts)
    assert read("edifact_text", *parts) == text


def test_a_text_is_parted_at_35_characters() -> None:
    assert write("edifact_text", "Guidewire 0.035 in, straight tip, 150 cm long") == ("Guidewire 0.035 in, straight tip, 1", "50 cm long")
    assert write("edifact_text", "x" * 34 + " yz") == ("x" * 34, "yz")
    assert write("edifact_text", "x" * 80) == ("x" * 80, "")
