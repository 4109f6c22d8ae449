"""What is due when, as three laws have it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from data_contracts.errors import RefusedError
from hub.recall.clocks import checked, clocks, notice_due, working_days_after

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = datetime(2026, 11, 27, 10, tzinfo=UTC)  # 18:00 in Shanghai


def due(regimes: dict[str, str], closed: datetime | None = None) -> dict[tuple[str, str], str]:
    aware = datetime(2026, 11, 25, 10, tzinfo=UTC)
    return {(one.regime, one.act): one.due_at.isoformat() for one in clocks(regimes, aware, FRIDAY, closed, SHANGHAI)}


def test_working_days_leave_out_weekends() -> None:
    assert working_days_after(FRIDAY, 1).date().isoformat() == "2026-11-30"
    assert working_days_after(FRIDAY, 10).date().isoformat() == "2026-12-11"


def test_the_clocks_of_three_authorities() -> None:
    assert due({"us": "I", "eu": "death", "cn": "1"}, closed=datetime(2026, 12, 18, 10, tzinfo=UTC)) == {
        ("eu", "authority_report_before_action"): "2026-11-27T18:00:00+08:00",
        ("cn", "consignee_notice"): "2026-11-28T18:00:00+08:00",
        ("eu", "consignee_notice"): "2026-11-30T18:00:00+08:00",
        ("cn", "recall_plan"): "2026-12-04T18:00:00+08:00",
        ("eu", "authority_report"): "2026-12-05T18:00:00+08:00",
        ("us", "authority_report"): "2026-12-11T18:00:00+08:00",
        ("cn", "final_report"): "2027-01-01T18:00:00+08:00",
    }


@pytest.mark.parametrize(("grade", "day"), [("public_health_threat", 27), ("serious", 40), ("fsca", 40)])
def test_the_european_report_depends_on_what_happened(grade: str, day: int) -> None:
    said = datetime.fromisoformat(due({"eu": grade})["eu", "authority_report"])
    assert (said.date() - datetime(2026, 11, 1, tzinfo=UTC).date()).days == day - 1


@pytest.mark.parametrize(("grade", "days"), [("1", 1), ("2", 3), ("3", 7)])
def test_chinese_classes_say_until_when_consignees_are_told(grade: str, days: int) -> None:
    assert (notice_due({"cn": grade}, FRIDAY, SHANGHAI) - FRIDAY).days == days


def test_without_a_regime_consignees_have_three_days() -> None:
    assert (notice_due({}, FRIDAY, SHANGHAI) - FRIDAY).days == 3


def test_unknown_regimes_and_classes_are_refused() -> None:
    for regimes in ({"jp": "I"}, {"us": "IV"}):
        with pytest.raises(RefusedError):
            checked(regimes)
