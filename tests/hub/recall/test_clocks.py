"""What is due when, as three laws have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from data_contracts.errors import InvalidError
from hub.recall.clocks import checked, clocks, notice_due, working_days_after

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = datetime(2026, 11, 27, 10, tzinfo=UTC)  # 18:00 in Shanghai


def due(regimes: dict[str, str], closed: datetime | None = None) -> dict[tuple[str, str], str]:
    aware = datetime(2026, 11, 25, 10, tzinfo=UTC)
    return {(one.regime, one.act): one.due_at.isoformat() for one in clocks(regimes, aware, FRIDAY, closed, SHANGHAI)}


def test_working_days_leave_out_weekends_and_end_with_the_day() -> None:
    assert working_days_after(FRIDAY, 1).isoformat() == "2026-11-30T23:59:59+00:00"
    assert working_days_after(FRIDAY, 10).date().isoformat() == "2026-12-11"


@pytest.mark.parametrize(
    ("decided", "due"),
    [
        ("2026-02-13", "2026-02-26"),  # Saturday 14 is worked, 15 to 23 are free
        ("2026-02-24", "2026-02-28"),  # a Saturday that is worked
        ("2026-09-18", "2026-09-23"),  # a Sunday that is worked
        ("2026-09-30", "2026-10-12"),  # the Saturday after the holidays is worked, the Sunday is not
        ("2025-09-26", "2025-10-09"),
    ],
)
def test_china_works_on_some_weekends_and_rests_on_some_weekdays(decided: str, due: str) -> None:
    start = datetime.fromisoformat(f"{decided}T10:00:00+08:00")
    assert working_days_after(start, 4, "cn").date().isoformat() == due


def test_a_year_whose_calendar_is_not_known_is_told() -> None:
    (plan,) = (one for one in clocks({"cn": "1"}, FRIDAY, FRIDAY, None, SHANGHAI) if one.act == "recall_plan")
    assert plan.unknown_years == ()
    late = datetime(2026, 12, 30, 10, tzinfo=UTC)
    (plan,) = (one for one in clocks({"cn": "1"}, late, late, None, SHANGHAI) if one.act == "recall_plan")
    assert plan.unknown_years == (2027,)


def test_days_that_no_law_names_are_told_to_be_our_own() -> None:
    found = {(one.regime, one.act): one.statutory for one in clocks({"eu": "fsca", "us": "III", "cn": "1"}, FRIDAY, FRIDAY, None, SHANGHAI)}
    assert {name for name, said in found.items() if not said} == {
        ("eu", "authority_report"), ("eu", "authority_report_before_action"), ("eu", "consignee_notice"), ("us", "correction_record"),
        ("cn", "recall_event_report"),
    }  # fmt: skip


def test_what_was_not_read_in_the_law_is_told_to_be_unconfirmed_and_names_no_article() -> None:
    found = clocks({"eu": "death", "us": "I", "cn": "1"}, FRIDAY, FRIDAY, FRIDAY, SHANGHAI)
    unread = {(one.regime, one.act): one.clause for one in found if not one.confirmed}
    assert unread.keys() == {("cn", "consignee_notice"), ("cn", "recall_plan"), ("cn", "final_report")}
    assert set(unread.values()) == {"医疗器械召回管理办法"}


def test_days_that_the_law_names_for_incidents_are_its_own() -> None:
    for grade in ("public_health_threat", "death", "serious"):
        (report,) = (one for one in clocks({"eu": grade}, FRIDAY, FRIDAY, None, SHANGHAI) if one.act == "authority_report")
        assert report.statutory


def test_the_clocks_of_three_authorities() -> None:
    assert due({"us": "I", "eu": "death", "cn": "1"}, closed=datetime(2026, 12, 18, 10, tzinfo=UTC)) == {
        ("eu", "authority_report_before_action"): "2026-11-27T18:00:00+08:00",
        ("cn", "consignee_notice"): "2026-11-28T23:59:59+08:00",
        ("cn", "recall_event_report"): "2026-11-28T23:59:59+08:00",
        ("eu", "consignee_notice"): "2026-11-30T23:59:59+08:00",
        ("cn", "recall_plan"): "2026-12-04T23:59:59+08:00",
        ("eu", "authority_report"): "2026-12-05T23:59:59+08:00",
        ("us", "authority_report"): "2026-12-11T23:59:59+08:00",
        ("cn", "final_report"): "2027-01-01T23:59:59+08:00",
    }


@pytest.mark.parametrize(("grade", "day"), [("public_health_threat", 27), ("serious", 40), ("fsca", 40)])
def test_the_european_report_depends_on_what_happened(grade: str, day: int) -> None:
    said = datetime.fromisoformat(due({"eu": grade})["eu", "authority_report"])
    assert (said.date() - datetime(2026, 11, 1, tzinfo=UTC).date()).days == day - 1


@pytest.mark.parametrize(("grade", "days"), [("1", 1), ("2", 3), ("3", 7)])
def test_chinese_classes_say_until_when_consignees_are_told_however_late_they_are(grade: str, days: int) -> None:
    for sent in (FRIDAY, FRIDAY + timedelta(days=9)):
        assert notice_due({"cn": grade, "eu": "fsca"}, FRIDAY, sent, SHANGHAI).date() == FRIDAY.date() + timedelta(days=days)


def test_where_no_law_names_days_consignees_have_three_from_the_sending() -> None:
    for regimes in ({}, {"eu": "fsca"}):
        assert notice_due(regimes, FRIDAY - timedelta(days=9), FRIDAY, SHANGHAI).isoformat() == "2026-11-30T23:59:59+08:00"


def test_unknown_regimes_and_classes_are_refused() -> None:
    for regimes in ({"jp": "I"}, {"us": "IV"}):
        with pytest.raises(InvalidError):
            checked(regimes)
