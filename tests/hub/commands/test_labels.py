"""`udihub label` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError, NotFoundError
from hub.cli import application
from tests.hub.labels.reading import scanned, texts

SAMPLES = Path(__file__).parents[2] / "samples"
DEVICE, GIVEN = "06901234500059", "(01)06901234500059(17)300101(10)L1"


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SAMPLES / "site"))
    monkeypatch.setenv("UDIHUB_CLOCK", "2026-11-22T08:00:00+00:00")
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), arguments)

    done = run("ingest", str(SAMPLES / "json" / "erp_devices.json"), "--partner", "erp", "--agreement", "devices")
    assert done.exit_code == 0, done.output
    assert run("worker", "--once").exit_code == 0
    return run


def test_a_label_is_told_and_drawn(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    told = udihub("label", "26901234500053")
    assert told.stdout.splitlines()[:2] == ["(01)26901234500053", f"udi_di        {DEVICE}"]
    said = json.loads(udihub("label", GIVEN, "--json").stdout)
    assert said["hri"] == GIVEN and said["digital_link"] == f"https://id.example.com/01/{DEVICE}/10/L1?17=300101"
    assert scanned(udihub("label", GIVEN, "--symbol", "qr").stdout) == f"]Q1{said['digital_link']}"
    assert udihub("label", GIVEN, "--symbol", "data-matrix", "--module", "0.3", "--no-text", "--out", "box").exit_code == 0
    drawing = (tmp_path / "box.svg").read_text(encoding="utf-8")
    assert scanned(drawing) == f"]d201{DEVICE}1730010110L1" and texts(drawing) == []


def test_what_is_no_label_is_said(udihub) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(udihub("label", "06901234000023").exception, NotFoundError)
    assert isinstance(udihub("label", DEVICE, "--symbol", "aztec").exception, ConfigError)
    assert isinstance(udihub("label", DEVICE, "--symbol", "qr", "--module", "0").exception, ConfigError)
    wrong = udihub("label", "(01)06901234500051")
    assert isinstance(wrong.exception, ConfigError) and "校验" in wrong.stderr
