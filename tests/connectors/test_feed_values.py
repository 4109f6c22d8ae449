from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feed_values import Spelling, check_for

WORDS = ("Y", "N")


def takes(kind: str, value: str, decimal: str = ".", thousands: str = "") -> bool:
    check = check_for(kind, Spelling(decimal, thousands, WORDS))
    return check is None or bool(check(value))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["", "anything"], []),
        ("integer", ["0", "-12", "007"], ["", "1.0", "1e3", "٣", "1 000", "+-1"]),
        ("decimal", ["0", "-1.50", "+2", "1E2", "0.000001"], ["", "1,5", "1.", ".5", "NaN", "1.2.3", "0x10", "１", "1 000"]),
        ("boolean", ["Y", "N"], ["y", "yes", "1", ""]),
        ("date", ["2026-02-28", "2028-02-29"], ["2026-02-29", "2026-13-01", "2026-1-1", "20260228", "2026-02-28T00:00", "0000-01-01"]),
        ("partial_date", ["2026-08", "2026-08-31"], ["2026", "2026-13", "2026-08-32", "26-08", "0000-08"]),
        ("date_compact", ["20260831"], ["20260832", "2026-08-31", "2026083"]),
        ("date_dotted", ["31.08.2026"], ["31.8.2026", "31.02.2026", "2026.08.31", "31.08.26"]),
        ("instant", ["2026-11-21T22:00:00+08:00", "2026-11-21T22:00Z", "2026-11-21T22:00:00.123-0330"],
         ["2026-11-21T22:00:00", "2026-11-21 22:00:00Z", "2026-11-31T22:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T22:60Z"]),
        ("instant_local", ["2026-11-21T22:00:00", "2026-11-21 22:00"], ["2026-11-21", "2026-02-30T10:00"]),
        ("implied_decimal_3", ["12500", "-1", "0"], ["", "1.5", "1e3"]),
        ("date_slashed_ymd", ["2026/11/22", "2026/1/5"], ["22/11/2026", "2026/13/01", "2026/02/30", "26/1/5"]),
        ("date_slashed_dmy", ["31/12/2026", "1/2/2026"], ["12/31/2026", "2026/12/31"]),
        ("date_slashed_mdy", ["12/31/2026"], ["31/12/2026", "02/30/2026"]),
        ("date_chinese", ["2026年8月1日", "2026年08月31日"], ["2026年13月1日", "2026-08-01"]),
        ("date_dashed_dmy", ["31-12-2026"], ["12-31-2026", "31-02-2026", "2026-12-31", "31-12-26"]),
        ("date_month_name", ["22-Nov-2026", "1 DEC 2026"], ["31-Nov-2026", "22-Nov-26", "22-Novem-2026", "Nov-22-2026"]),
        ("date_dotted_short", ["31.12.26"], ["31.12.2026", "12.31.26", "1.2.26"]),
        ("date_of_midnight", ["2026-12-05", "2026-12-05 00:00:00", "2026-12-05T00:00:00.000"], ["2026-12-05 08:00:00", "2026-02-30"]),
        ("day_or_time", ["2026-12-05", "2026-12-05 08:00:00"], ["2026-12-05T08:00:00Z", "2026-02-30"]),
        ("odata_date", ["/Date(1795305600000)/", "/Date(0+0000)/"], ["1795305600000", "/Date()/", "2026-11-22"]),
        ("instant_slashed_ymd", ["2026/11/22 8:30", "2026/11/22 08:30:00"], ["2026/11/22", "2026/11/22 24:00"]),
        ("instant_compact", ["20261122083000", "202611220830"], ["20260230083000", "20261122"]),
        ("instant_dotted", ["21.11.2026 22:00", "21.11.2026 22:00:59"], ["21.11.2026", "30.02.2026 10:00", "21.11.2026 25:00"]),
    ],
)  # fmt: skip
def test_spelling(kind: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not takes(kind, value)] == []
    assert [value for value in bad if takes(kind, value)] == []


@given(st.dates())
def test_every_day_of_the_calendar_is_taken_and_no_other(day: date) -> None:
    assert takes("date", day.isoformat())
    assert takes("date_compact", day.strftime("%Y%m%d").zfill(8))
    assert not takes("date", day.isoformat()[:-2] + "32")


@given(
    st.datetimes(
        timezones=st.builds(
            timezone,
            st.timedeltas(timedelta(hours=-12), timedelta(hours=14)).map(lambda offset: timedelta(minutes=offset // timedelta(minutes=1))),
        )
    )
)
def test_every_aware_moment_is_taken(moment: datetime) -> None:
    assert takes("instant", moment.isoformat())


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_plain_number_is_taken_with_either_mark(number: Decimal) -> None:
    text = f"{number:f}"
    if len(text) < 40:
        assert takes("decimal", text)
        assert takes("decimal", text.replace(".", ","), decimal=",")


@pytest.mark.parametrize(
    ("decimal", "thousands", "good", "bad"),
    [
        (",", "", ["1,5", "-12"], ["1.5", "1.234,5"]),
        (",", ".", ["1.234,50", "1234,5", "1.234.567"], ["1,234.5", "1.23,5", "1.2345"]),
        (",", " ", ["1 234,5", "1\u00a0234", "1\u202f234"], ["12 34", "1.234"]),
        (".", ",", ["1,234.50", "1,234,567"], ["1,23", "1.234,5"]),
        (".", "'", ["1'234.5", "1\u2019234"], ["1'23"]),
    ],
)
def test_marks_of_numbers_are_said_and_never_guessed(decimal: str, thousands: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not takes("decimal", value, decimal, thousands)] == []
    assert [value for value in bad if takes("decimal", value, decimal, thousands)] == []
