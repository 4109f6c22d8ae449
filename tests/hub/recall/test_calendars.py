"""Working days are data: each year with its source, a site's own before the hub's, and a day of no known year is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.recall.calendars import Calendars
from hub.recall.clocks import clocks, working_days_after
from hub.site import Site
from hub.site_reading import SiteError

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = "version: 1\nname: S\norganisations:\n  - {key: north, name: N, time_zone: Asia/Shanghai}\n"


def site(folder: Path, calendars: str) -> Site:
    (folder / "site.yaml").write_text(HEAD, encoding="utf-8")
    (folder / "calendars.yaml").write_text(f"version: 1\ncalendars:\n  cn:\n{calendars}", encoding="utf-8")
    return Site.load(folder)


def test_every_year_names_its_source_and_moves_days_only_where_the_weekday_says_otherwise() -> None:
    known = Calendars.known()
    for year, said in known.calendars["cn"].items():
        assert str(year) in said.source
        assert all(date(year, int(one[:2]), int(one[2:])).weekday() >= 5 for one in said.worked)
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
        assert 246 <= sum(known.is_worked(day, "cn") for day in days) <= 252


def test_a_site_adds_a_year_and_says_another_otherwise(tmp_path: Path) -> None:
    own = site(tmp_path, '    2027: {source: ours, free: ["0101-0105"]}\n    2026: {source: ours, worked: ["1128"]}\n').calendars
    start = datetime(2026, 11, 27, 10, tzinfo=SHANGHAI)
    assert working_days_after(start, 1, "cn", own).date() == date(2026, 11, 28)
    assert working_days_after(start, 1, "cn").date() == date(2026, 11, 30)
    late = datetime(2026, 12, 31, 10, tzinfo=SHANGHAI)
    assert working_days_after(late, 1, "cn", own).date() == date(2027, 1, 6)
    assert own.is_worked(date(2025, 1, 26), "cn"), "a year that the site does not name is as the hub knows it"
    for calendars, unknown in ((own, ()), (None, (2027,))):
        (plan,) = (one for one in clocks({"cn": "1"}, late, late, None, SHANGHAI, calendars) if one.act == "recall_plan")
        assert plan.unknown_years == unknown


@pytest.mark.parametrize("wrong", ['2027: {source: x, free: ["1332"]}', '2027: {free: ["0101"]}', '2027: {source: x, free: ["0105-0101"]}'])
def test_a_calendar_that_is_none_is_a_fault_of_the_site(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SiteError):
        site(tmp_path, f"    {wrong}\n")


def test_days_end_in_the_zone_of_the_organisation() -> None:
    assert working_days_after(datetime(2026, 11, 27, 20, tzinfo=UTC).astimezone(SHANGHAI), 1).date() == date(2026, 11, 30)
