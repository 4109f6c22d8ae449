"""`udihub device` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError, NotFoundError
from hub.cli import application

SAMPLES = Path(__file__).parents[2] / "samples"
DEVICE, CASE = "06901234500059", "26901234500053"


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SAMPLES / "site"))
    monkeypatch.setenv("UDIHUB_CLOCK", "2026-11-22T08:00:00+00:00")
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), arguments)

    done = run("ingest", str(SAMPLES / "json" / "erp_devices.json"), "--partner", "erp", "--agreement", "devices")
    assert done.exit_code == 0, done.output
    return run


def test_a_device_is_shown_by_any_identifier(udihub) -> None:  # type: ignore[no-untyped-def]
    assert udihub("worker", "--once").exit_code == 0
    shown = json.loads(udihub("device", "show", CASE, "--json").stdout)
    assert shown["number"] == DEVICE and shown["eu"]["risk_class"] == "CLASS_IIB" and shown["versions"][0]["in_effect"]
    text = udihub("device", "show", DEVICE).stdout
    assert "26901234500053" in text and "storage_temperature" in text and "contains 16901234500056" in text
    (line,) = udihub("device", "list").stdout.splitlines()
    assert line.startswith(DEVICE) and "Orthia bone screw" in line
    assert json.loads(udihub("device", "list", "--basic-udi-di", "69012345SCREW4LD", "--json").stdout)["number"] == DEVICE
    assert udihub("device", "list", "--find", "catheter").stdout == ""
    explained = udihub("explain", f"device/{CASE}", "eu.risk_class").stdout
    assert "CLASS_IIB" in explained and "erp_devices.json" in explained


def test_what_is_not_there_is_said(udihub) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(udihub("device", "show", "06901234000023").exception, NotFoundError)
    assert isinstance(udihub("device", "show", DEVICE, "--on", "soon").exception, ConfigError)
