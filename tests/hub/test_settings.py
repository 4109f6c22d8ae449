from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.errors import ConfigError
from hub.clock import FrozenClock, ShiftedClock, SystemClock
from hub.settings import Settings


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = Settings.from_environment({}, tmp_path)
    assert found.home == tmp_path / ".udihub"
    assert found.site == tmp_path / ".udihub" / "site"
    assert found.database_url == f"sqlite:///{tmp_path}/.udihub/udihub.db"
    assert (found.language, found.max_body) == ("en", 100_000_000)
    assert isinstance(found.clock, SystemClock)


def test_environment_wins_over_the_folder_and_the_folder_over_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("UDIHUB_LANG=zh-CN\nUDIHUB_MAX_BODY=1\nUDIHUB_SITE=/home-site\n", encoding="utf-8")
    (tmp_path / ".env").write_text(
        f"# a comment\nexport UDIHUB_HOME='{home}'\nUDIHUB_MAX_BODY = \"2\"\nUDIHUB_SITE=/folder-site\nOTHER=x\n", encoding="utf-8"
    )
    found = Settings.from_environment({"UDIHUB_SITE": "/given", "UDIHUB_MAX_BODY": ""}, tmp_path)
    assert (found.home, found.site, found.language, found.max_body) == (home, Path("/given"), "zh-CN", 2)


@pytest.mark.parametrize(("value", "language"), [("zh_CN.UTF-8", "zh-CN"), ("zh", "zh-CN"), ("EN", "en")])
def test_languages(tmp_path: Path, value: str, language: str) -> None:
    assert Settings.from_environment({"UDIHUB_LANG": value}, tmp_path).language == language


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UDIHUB_LANG", "fr"),
        ("UDIHUB_MAX_BODY", "-1"),
        ("UDIHUB_MAX_BODY", "0"),
        ("UDIHUB_MAX_BODY", "10 MB"),
        ("UDIHUB_CLOCK", "2026-11-22T08:00"),
        ("UDIHUB_CLOCK", "now"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.from_environment({name: value}, tmp_path)


def test_a_line_that_is_no_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("UDIHUB_LANG=en\nnonsense\n")
    with pytest.raises(ConfigError, match="line 2"):
        Settings.from_environment({}, tmp_path)


def test_the_clock_starts_where_it_is_told_and_runs_on(tmp_path: Path) -> None:
    clock = Settings.from_environment({"UDIHUB_CLOCK": "2031-11-22T16:00:00+08:00"}, tmp_path).clock
    first, second = clock.now(), clock.now()
    assert datetime(2031, 11, 22, 8, tzinfo=UTC) <= first <= second
    assert (second - first).total_seconds() < 10
    assert first.utcoffset() is not None


def test_a_frozen_clock_moves_when_told(clock: FrozenClock) -> None:
    start = clock.now()
    clock.advance(1.5)
    assert (clock.now() - start).total_seconds() == 1.5
    clock.set(datetime.fromisoformat("2026-01-01T00:00:00+01:00"))
    assert clock.now().isoformat() == "2025-12-31T23:00:00+00:00"
    for make in (FrozenClock, ShiftedClock, clock.set):
        with pytest.raises(ValueError, match="offset"):
            make(datetime(2026, 1, 1))  # noqa: DTZ001
