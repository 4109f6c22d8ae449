"""A meaning of a code list that was wrong: messages applied with it are told apart from what waits, and replayed where a person says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from data_contracts.errors import ConflictError
from hub import audit, pipeline
from hub.cases import fixes, overtaken
from hub.cases.acts import Who
from hub.cases.refusals import refusal
from hub.cli import application
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials, tables
from hub_api.app import create_app
from tests.hub.conftest import SITE, take
from tests.journeys import bad_rows

ANN = Who("Ann")
UNITS = "source,canonical,outward\nEA,EA,yes\nBX,CS,yes\n"
HEAD = "Shipment,Shipped,ShipTo,Order,Line,GTIN,EAN,Lot,Made,Expires,Qty,Pieces,Unit\n"


def sheet(number: str, *units: str) -> bytes:
    """One of the partner's files, a row for each unit."""
    rows = [
        f"{number},2026-11-20,8799999010009,,{line},06901234000023,,H{line:04},2026-10-01,2028-12-31,24,,{unit}\n"
        for line, unit in enumerate(units, 1)
    ]
    return (HEAD + "".join(rows)).encode()


@pytest.fixture
def harbour(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """Three messages: one that rests on what BX means, one that does not, one that does and of which a row waits, too."""
    folder = bad_rows.site(SITE, tmp_path / "site")
    (folder / "codes" / "hafen_units.csv").write_text(UNITS, encoding="utf-8")
    hub = Hub.open(Settings(tmp_path / "home", folder, database_url, "en", 1_000_000, clock))
    for number, units in (("HF901", ("EA", "BX")), ("HF902", ("EA", "EA")), ("HF903", ("EA", "BX", "Stk"))):
        take(hub, sheet(number, *units), "hafen", key=number)
    pipeline.reconcile(hub)
    yield hub
    hub.database.close()


def states(hub: Hub) -> dict[int, tuple[str, str]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.direction == "in").order_by(tables.exchange.c.id))
        return {row.id: (row.business_key.rpartition("/")[2], row.state) for row in rows}


def units_of(hub: Hub, number: str) -> list[str]:
    """Units of the lines that stand."""
    with hub.database.read() as connection:
        query = (
            sa.select(tables.line.c.unit)
            .select_from(tables.subject)
            .join(tables.line, tables.line.c.application_id == tables.subject.c.standing_id)
            .where(tables.subject.c.key.contains(number))
            .order_by(tables.line.c.ordinal)
        )
        return list(connection.execute(query).scalars())


def test_what_is_applied_is_told_apart_and_replayed_where_it_is_named(harbour: Hub) -> None:
    before = states(harbour)
    assert {state for _, state in before.values()} == {"applied"} and units_of(harbour, "HF901") == ["EA", "CS"]
    fix = fixes.with_codes(harbour, "hafen_units", {"BX": "EA"})
    waiting, rested = fixes.preview(harbour, fix, ANN)
    assert waiting.subject is not None and waiting.subject.endswith("HF903") and not waiting.changes
    assert rested.subject is not None and rested.subject.endswith("HF901") and not rested.better and rested.cases == ()
    assert [(one.path, one.now, one.then) for one in rested.changes] == [("lines[1].unit", "CS", "EA")]
    assert states(harbour) == before, "a preview stores nothing"
    other = next(number for number, (name, _) in before.items() if name == "HF902")
    with pytest.raises(ConflictError, match="look at the preview again") as refused:
        fixes.apply(harbour, fix, ANN, "a box is counted by its pieces", again=[other])
    assert "请重新查看预览" in refusal(str(refused.value), "zh-CN") and states(harbour) == before
    done, outcomes = fixes.apply(harbour, fix, ANN, "a box is counted by its pieces", again=[rested.exchange])
    assert [(one.case, one.exchange, one.done) for one in outcomes] == [(None, rested.exchange, True)]
    assert [one.exchange for one in done] == [rested.exchange]
    assert units_of(harbour, "HF901") == ["EA", "EA"]
    after = states(harbour)
    assert after[rested.exchange] == ("HF901", "superseded") and after[other] == before[other]
    with harbour.database.read() as connection:
        (entry,) = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "exchange.replayed")).all()
        assert (entry.actor, entry.reason) == ("Ann", "a box is counted by its pieces") and audit.verify_all(connection) == []
    assert fixes.preview(harbour, fixes.with_codes(harbour, "hafen_units", {"BX": "EA"}), ANN)[1:] == [], "nothing rests on it any more"


def test_a_further_meaning_touches_nothing_that_is_applied(harbour: Hub) -> None:
    looked = fixes.preview(harbour, fixes.with_codes(harbour, "hafen_units", {"Stk": "EA"}), ANN)
    assert [(one.better, one.changes) for one in looked] == [(True, ())]


def test_what_is_of_other_organisations_is_neither_told_nor_replayed(harbour: Hub) -> None:
    elsewhere = Who("Bo", frozenset({harbour.organisation_id("south")}), unowned=False)
    fix = fixes.with_codes(harbour, "hafen_units", {"BX": "EA"})
    assert fixes.preview(harbour, fix, elsewhere) == []
    wanted = next(number for number, (name, _) in states(harbour).items() if name == "HF901")
    with pytest.raises(ConflictError, match="look at the preview again"):
        fixes.apply(harbour, fix, elsewhere, "try", again=[wanted])


def test_a_meaning_that_goes_holds_what_rested_on_it(harbour: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with what would be wrong then; the newest messages only are looked at."""
    looked = fixes.preview(harbour, fixes.Fix("codes", "hafen_units", "source,canonical,outward\nEA,EA,yes\n"), ANN)
    (rested,) = [one for one in looked if one.changes]
    assert rested.rows == (0, 1) and "MAP-03" in rested.findings[0]
    monkeypatch.setattr(overtaken, "MOST", 1)
    looked = fixes.preview(harbour, fixes.with_codes(harbour, "hafen_units", {"BX": "EA"}), ANN)
    assert [one for one in looked if one.changes] == []


def test_over_http_and_on_the_command_line(harbour: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with harbour.database.begin("test") as uow:
        key = credentials.issue(uow, "Ann", "steward").secret
    with TestClient(create_app(harbour)) as client:
        given: dict[str, Any] = {"kind": "codes", "name": "hafen_units", "meanings": {"BX": "EA"}}
        heads = {"Authorization": f"Bearer {key}"}
        waiting, rested = client.post("/v1/exceptions/preview", json=given, headers=heads).json()
        assert waiting["changes"] == [] and rested["changes"] == [{"path": "lines[1].unit", "now": "CS", "then": "EA"}]
        settings = harbour.settings
        for name, value in (("HOME", settings.home), ("SITE", settings.site), ("DATABASE_URL", settings.database_url), ("LANG", "en")):
            monkeypatch.setenv(f"UDIHUB_{name}", str(value))
        command = ["case", "fix", "codes", "hafen_units", "--means", "BX=EA"]
        said = CliRunner().invoke(application(), command).stdout
        assert "applied, and resting on what changes (1)" in said and "lines[1].unit: CS -> EA" in said, said
        told = [json.loads(line) for line in CliRunner().invoke(application(), [*command, "--json"]).stdout.splitlines() if line[0] == "{"]
        assert [one["exchange"] for one in told if one["changes"]] == [rested["exchange"]]
        fixed = client.post(
            "/v1/exceptions/fix", json={**given, "reason": "a box is pieces", "replay": [rested["exchange"]]}, headers=heads
        ).json()
    assert {"case": None, "exchange": rested["exchange"], "done": True, "error": None} in fixed["outcomes"]
    assert units_of(harbour, "HF901") == ["EA", "EA"]
