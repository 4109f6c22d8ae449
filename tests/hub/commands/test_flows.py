"""`udihub flow stop`, `stopped` and `resume` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import application
from hub.recall.refusals import refusal
from tests.hub_api.papers import ACME, despatch, interchange

SITE = Path(__file__).parents[2] / "samples" / "site"


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), arguments)

    return run


def test_what_is_stopped_is_seen_waits_and_is_resumed(udihub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    assert udihub("key", "create", "Ann", "--role", "integration").exit_code == 0
    assert udihub("flow", "stopped").exit_code == 0
    assert "stopped; what comes waits" in udihub("flow", "stop", "acme_in", "--reason", "they test", "--by", "Ann").stdout
    assert "stopped already" in udihub("flow", "stop", "acme_in", "--reason", "again").stdout
    file = tmp_path / "one.edi"
    file.write_bytes(interchange(ACME, 1, despatch("SHP1")))
    taken = json.loads(udihub("ingest", str(file), "--partner", "acme", "--json").stdout)
    assert taken["exchanges"] == []
    seen = udihub("flow", "stopped")
    assert seen.exit_code == 1 and "acme_in" in seen.stdout and "by Ann, 1 documents wait: they test" in seen.stdout
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    assert "1 份文件等待" in udihub("flow", "stopped").stdout
    assert json.loads(udihub("flow", "stopped", "--json").stdout)["waiting"] == 1
    assert "1 份文件继续处理" in udihub("flow", "resume", "acme_in", "--reason", "done").stdout
    assert "flow acme_in is not stopped" in str(udihub("flow", "resume", "acme_in", "--reason", "x").exception)
    assert refusal("flow acme_in is not stopped", "zh-CN") == "数据流 acme_in 未停止"
    done = udihub("worker", "--once")
    assert done.exit_code == 0
    assert udihub("flow", "stopped", "--all").exit_code == 0
