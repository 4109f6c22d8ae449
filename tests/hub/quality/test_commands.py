"""`udihub quality`: exit codes and JSON that scripts depend on."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_contracts import contract
from hub.cli import application
from hub.clock import SystemClock
from hub.runtime import Hub
from hub.store.database import Database
from hub.store.tables import line
from tests.hub.world import World, order

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = Database.open(sqlite_url, tmp_path / "home", SystemClock())
    World(database).send(("erp", order("A")))
    database.close()
    shutil.copytree(ROOT / "deploy" / "site", tmp_path / "site")
    for name, value in (("HOME", tmp_path / "home"), ("SITE", tmp_path / "site"), ("DATABASE_URL", sqlite_url)):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    return tmp_path


def call(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(application(), ["quality", *arguments])
    return outcome.exit_code, outcome.stdout


@pytest.mark.slow
def test_exit_codes_and_json(home: Path) -> None:
    code, out = call("run", "--contract", "order_lines", "--json")
    told = json.loads(out)
    assert (code, told["runs"][0]["contract"], told["runs"][0]["rows"], told["runs"][0]["success"]) == (0, "order_lines", 1, True)
    assert {rule["rule"] for rule in told["runs"][0]["rules"] if rule["failed"]} == {"QLT-02", "QLT-50"}, "warnings do not fail a run"
    assert told["scorecard"][0]["dimensions"]["accuracy"] == 1.0
    with Hub.open().database.begin("test") as uow:
        uow.connection.execute(line.update().values(quantity=Decimal(0)))
    assert call("run", "--contract", "order_lines")[0] == 1
    (home / "site" / "contracts").mkdir()
    feed = (contract.FOLDER / "despatch_lines.odcs.yaml").read_text(encoding="utf-8").replace("name: despatch_lines", "name: huaxin")
    (home / "site" / "contracts" / "huaxin.odcs.yaml").write_text(feed, encoding="utf-8")
    code, out = call("run", "--contract", "huaxin")
    assert code == 0 and "huaxin: passed over; a feed's contract is judged on each document as it comes" in out, out
    assert "QLT-40" in out.split("no document can tell of itself whether ")[1], "what nothing judges is said"
    code, out = call("run", "--contract", "huaxin", "--contract", "parties", "--json")
    assert [one["contract"] for one in json.loads(out)["runs"]] == ["parties"] and json.loads(out)["passed_over"] == ["huaxin"]
    text = (contract.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    (home / "site" / "contracts" / "order_lines.odcs.yaml").write_text(text.replace("quantity <= 0", "absent <= 0"), encoding="utf-8")
    assert call("run", "--contract", "order_lines")[0] == 3, "the site's contract wins; what can't be judged is machinery"


def test_report_goes_where_it_is_asked_to(home: Path) -> None:
    code, out = call("report", "--out", str(home / "pages"), "--lang", "zh")
    assert code == 0
    assert [Path(path).name for path in out.split()] == ["report.zh-CN.html", "failures.csv", "trends.csv"]
    code, out = call("report", "--out", str(home / "books"), "--lang", "EN", "--format", "xlsx")
    assert (code, [Path(path).name for path in out.split()]) == (0, ["report.en.xlsx"])
    assert call("report", "--format", "pdf")[0] != 0
    assert '<html lang="zh-CN">' in (home / "pages" / "report.zh-CN.html").read_text(encoding="utf-8")
