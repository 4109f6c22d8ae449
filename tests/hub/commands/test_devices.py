"""`udihub device` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError, NotFoundError
from hub.cli import application
from tests.connectors.extracts.published import gudid, gudid_record
from tests.hub.registers.complete import complete, feed

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


@pytest.mark.slow
def test_a_difference_goes_from_an_extract_to_its_end(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert udihub("worker", "--once").exit_code == 0
    path = tmp_path / "gudid_full_release_20261101.xml"
    path.write_text(gudid(gudid_record(DEVICE, brand="Other screw")))
    told = json.loads(udihub("device", "compare", str(path), "--json").stdout)
    assert (told["register"], told["scope"], told["records"], told["matched"]) == ("gudid", "full", 1, 1) and told["opened"] > 5
    rows = [json.loads(line) for line in udihub("device", "differences", "--json").stdout.splitlines()]
    (name,) = [row for row in rows if row["member"] == "name"]
    assert (name["ours"], name["theirs"], name["since"]) == ("Orthia bone screw", "Other screw", "2026-10-05")
    text = udihub("device", "differences", "--severity", "warning").stdout
    assert "Brand Name: Orthia bone screw | Other screw" in text
    assert udihub("key", "create", "Ann", "--role", "steward").exit_code == 0
    done = udihub("device", "settle", str(name["id"]), "--decision", "accept", "--reason", "renamed", "--by", "Ann")
    assert done.exit_code == 0 and "accepted" in done.stdout, done.output
    assert json.loads(udihub("device", "show", DEVICE, "--json").stdout)["name"] == "Other screw"
    assert "1 closed" in udihub("device", "compare", str(path)).stdout
    history = udihub("device", "differences", str(name["id"])).stdout
    assert "Ann" in history and "renamed" in history and history.splitlines()[-1].split()[2] == "closed"
    assert "gudid_full_release_20261101.xml" in udihub("device", "extracts").stdout
    assert isinstance(udihub("device", "differences", "--state", "lost").exception, ConfigError)
    (tmp_path / "broken_full_20261102.xml").write_text(gudid(gudid_record(DEVICE))[:-5])
    broken = udihub("device", "compare", str(tmp_path / "broken_full_20261102.xml"))
    assert broken.exit_code == 1 and "EXT-01" in broken.stderr


def test_devices_go_to_a_register_or_say_what_they_lack(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert udihub("worker", "--once").exit_code == 0
    lacking = udihub("device", "export", "--to", "gudid", "--check")
    assert lacking.exit_code == 1 and f"{DEVICE}  REG-01  us.combination: GUDID asks for Combination Product" in lacking.stdout
    later = complete(revision=4, updated_at="2026-11-20T08:00:00+08:00")
    (tmp_path / "later.json").write_bytes(feed(later))
    assert udihub("ingest", str(tmp_path / "later.json"), "--partner", "erp", "--agreement", "devices").exit_code == 0
    assert udihub("worker", "--once").exit_code == 0
    done = udihub("device", "export", CASE, "--to", "eudamed", "--out", str(tmp_path / "out"), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["lacking"] == {} and told["documents"][0]["devices"] == [DEVICE]
    assert (tmp_path / "out" / "eudamed_20261122.xml").read_bytes().startswith(b"<?xml")
    assert "1 devices" in udihub("device", "export", "--to", "nmpa", "--out", str(tmp_path / "out")).stdout
