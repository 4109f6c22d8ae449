"""`udihub event` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError
from hub.cli import application

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    shutil.copytree(SAMPLES / "site_events", folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(folder))
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    return folder


def udihub(*arguments: str) -> Result:
    return CliRunner().invoke(application(), arguments)


def test_events_are_captured_and_found(site: Path) -> None:
    for name in ("maker_events.jsonld", "repository_1_2.xml"):
        taken = udihub("ingest", str(SAMPLES / "epcis" / name), "--partner", "plant")
        assert taken.exit_code == 0, taken.output
    assert udihub("worker", "--once").exit_code == 0
    found = [json.loads(line) for line in udihub("event", "find", "eventType=AggregationEvent").stdout.splitlines()]
    assert found and {event["type"] for event in found} == {"AggregationEvent"} and all(event["recordTime"] for event in found)
    assert len(udihub("event", "find", "--limit", "2").stdout.splitlines()) == 2
    assert isinstance(udihub("event", "find", "EQ_nothing=1").exception, ConfigError)


def test_a_trace_is_told_as_the_events_behind_it(site: Path) -> None:
    assert udihub("ingest", str(SAMPLES / "epcis" / "maker_events.jsonld"), "--partner", "plant").exit_code == 0
    assert udihub("worker", "--once").exit_code == 0
    told = udihub("trace", "06926365598003|F2611A", "--up", "--down", "--epcis")
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    (kept,) = tmp_events(site.parent / "told.jsonld", told.stdout)
    assert document["type"] == "EPCISDocument" and kept["valid"]
    times = [event["eventTime"] for event in document["epcisBody"]["eventList"]]
    assert len(times) > 2 and len(set(map(str, document["epcisBody"]["eventList"]))) == len(times)


def tmp_events(path: Path, content: str) -> list[dict[str, Any]]:
    """What a check of these events says."""
    path.write_text(content, encoding="utf-8")
    return [json.loads(udihub("check", str(path), "--partner", "plant", "--json").stdout)]


def test_documents_become_events_where_the_site_says_so(site: Path) -> None:
    assert isinstance(udihub("event", "derive").exception, ConfigError)
    (site / "epcis.yaml").write_text("version: 1\ndocuments: true\n", encoding="utf-8")
    assert json.loads(udihub("event", "derive", "--json").stdout) == {"documents": 0}
