"""A line that is heard by OPC UA: gaps are filled from its history or told, a bad status is data, and whoever shows another certificate is
refused. Beside it what the sample site's mappings make of each kind of reading."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from connectors.transports.opcua import TRANSPORT
from data_contracts.errors import ConfigError, RetriableError
from hub import check, pipeline, polling, worker
from hub.clock import FrozenClock
from hub.examine import Claimant, examine
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.soundness import faults
from hub.store import tables, watermarks
from tests.peers.broker import PASSWORD, USER
from tests.peers.local_certificate import local_certificate
from tests.peers.opcua_peer import GOOD, SCRAP, Line, opcua_line

SITE = Path(__file__).parents[1] / "samples" / "site_streams"
BEGUN = datetime(2026, 11, 22, 7, 0, 0, 500, UTC)
EUI = "24e124136d012345"
BAD = 0x808C0000
"""BadSensorFailure."""


def at(second: float) -> datetime:
    return BEGUN + timedelta(seconds=second)


def hearing(line: Line, folder: Path, database_url: str, clock: FrozenClock) -> Hub:
    """A hub whose site hears this line."""
    shutil.copytree(SITE, folder / "site")
    path = folder / "site" / "flows" / "line_counts.yaml"
    flow = yaml.safe_load(path.read_text())
    kept = {name: flow["transport"][name] for name in ("use", "nodes", "window_seconds")}
    flow["transport"] = {**kept, "url": line.url, "allow_plain": True, "user": USER, "password_env": "LINE_PASSWORD", "batch": 4}
    path.write_text(yaml.safe_dump(flow))
    settings = Settings(
        home=folder / "home", site=folder / "site", database_url=database_url, language="en", max_body=1_000_000, clock=clock
    )
    return Hub.open(settings)


def told(hub: Hub) -> dict[str, list[tuple[str, str]]]:
    """Of each node what was applied: the value, or its status where it has none."""
    pipeline.fetch(hub, hub.site.flows["line_counts"])
    worker.drain(hub)
    found: dict[str, list[tuple[str, str]]] = {}
    with hub.database.read() as connection:
        states = set(connection.scalars(sa.select(tables.exchange.c.state)))
        rows = connection.execute(
            sa.select(tables.application.c.header, tables.line.c.detail)
            .join(tables.line, tables.line.c.application_id == tables.application.c.id)
            .order_by(tables.application.c.effective_at)
        ).all()
    assert states == {"applied"}
    for row in rows:
        found.setdefault(row.header["sensor"], []).append((row.detail.get("value", "-"), row.detail["quality"]))
    return found


def findings(hub: Hub) -> list[tuple[str, str, str]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding).order_by(tables.finding.c.id)).all()
    return [(row.rule, row.expected, row.got) for row in rows]


def test_what_was_missed_is_read_from_the_history(
    database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINE_PASSWORD", PASSWORD)
    with opcua_line(tmp_path / "line") as line:
        hub = hearing(line, tmp_path, database_url, clock)
        assert [fault for fault in faults(hub.site) if fault.severity == "error"] == []
        line.write([(at(0), 1, 0)])
        line.write([(at(0), 0, 0)], 1002)
        assert told(hub) == {"line1.good": [("1", "good")], "line1.scrap": [("0", "good")]}
        assert told(hub) == {"line1.good": [("1", "good")], "line1.scrap": [("0", "good")]}, "nothing new, nothing twice"
        line.write((at(second), second + 1, BAD if second == 5 else 0) for second in range(1, 10))
        line.write([(at(3), 1, 0)], 1002)
        line.stop()
        with pytest.raises(RetriableError):
            told(hub)
        line.start()
        after = told(hub)
        assert after["line1.good"] == [("-", "bad") if n == 6 else (str(n), "good") for n in range(1, 11)], "a bad status has no value"
        assert after["line1.scrap"] == [("0", "good"), ("1", "good")], "what the server begins with anew is no news"
        assert findings(hub) == []
        with hub.database.read() as connection:
            (mark,) = watermarks.listed(connection)
        assert set(json.loads(mark["watermark"])) == {GOOD, SCRAP} and mark["failure"] is None
        polling.rewind(hub, "line_counts", at(4).isoformat(), "test", "looked at again", again=False)
        assert told(hub) == after, "what is known changes nothing"
        hub.database.close()


def test_a_gap_that_nobody_can_fill_is_told(tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINE_PASSWORD", PASSWORD)
    with opcua_line(tmp_path / "line", history=False) as line:
        hub = hearing(line, tmp_path, f"sqlite:///{tmp_path / 'hub.db'}?durable=off", clock)
        line.write([(at(0), 1, 0)])
        told(hub)
        line.write([(at(1), 2, 0), (at(2), 3, 0)])
        assert told(hub)["line1.good"] == [("1", "good"), ("3", "good")]
        assert findings(hub) == [("STR-01", at(0).isoformat(timespec="microseconds"), at(2).isoformat(timespec="microseconds"))]
        sampled = settings(line, how="sample", sample_seconds=1, nodes=[GOOD], history=False)
        mark = TRANSPORT.watermark(sampled, at(0).isoformat())
        assert [finding for page in TRANSPORT.pages(sampled, mark) for finding in page.findings] == [], "two samples apart"
        hub.database.close()


def test_a_history_that_no_longer_reaches_back_leaves_a_gap_that_is_told(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINE_PASSWORD", PASSWORD)
    with opcua_line(tmp_path / "line", most=5) as line:
        hub = hearing(line, tmp_path, f"sqlite:///{tmp_path / 'hub.db'}?durable=off", clock)
        line.write([(at(second), second, 0) for second in range(1, 4)])
        assert told(hub)["line1.good"][-1] == ("3", "good")
        line.write([(at(second), second, 0) for second in range(4, 8)])
        assert [value for value, _ in told(hub)["line1.good"]] == ["3", "4", "5", "6", "7"] and findings(hub) == [], "it reaches back to 3"
        line.write([(at(second), second, 0) for second in range(8, 41)])
        assert [value for value, _ in told(hub)["line1.good"]][5:] == ["36", "37", "38", "39", "40"]
        gap = ("STR-01", at(7).isoformat(timespec="microseconds"), at(36).isoformat(timespec="microseconds"))
        assert findings(hub) == [gap]
        told(hub)
        line.write([(at(41), 41, 0)])
        told(hub)
        assert findings(hub) == [gap], "a gap is told once"
        between = settings(line, nodes=[{"node": GOOD, "name": "good"}])
        pages = list(TRANSPORT.pages(between, TRANSPORT.watermark(between, at(38.5).isoformat())))
        assert [finding for page in pages for finding in page.findings] == [], "a watermark between two values, of which one is before it"
        hub.database.close()


def settings(line: Line, **more: Any) -> dict[str, Any]:
    return {"url": line.url, "allow_plain": True, "user": USER, "password_env": "LINE_PASSWORD", **more}


def test_signed_and_encrypted_with_a_server_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINE_PASSWORD", PASSWORD)
    folders = [tmp_path / name for name in ("hub", "server", "other")]
    for folder in folders:
        folder.mkdir()
    (ours, key), theirs, (other, _) = (local_certificate(folder, f"urn:udihub:{folder.name}") for folder in folders)
    with opcua_line(tmp_path / "line", theirs) as line:
        known = {"certificate_file": str(ours), "key_file": str(key), "application_uri": "urn:udihub:hub"}
        secure = settings(line, nodes=[GOOD], server_certificate_file=str(theirs[0]), **known)
        del secure["allow_plain"]
        assert "1 nodes are there" in TRANSPORT.reach(secure, asks=True)
        with pytest.raises((ConfigError, RetriableError)):
            TRANSPORT.reach(secure | {"server_certificate_file": str(other), "timeout_seconds": 2}, asks=True)
        with pytest.raises(ConfigError, match="no such node"):
            TRANSPORT.reach(secure | {"nodes": [GOOD.replace("1001", "7")]}, asks=True)
        with pytest.raises(ConfigError, match="name space"):
            TRANSPORT.reach(secure | {"nodes": ["nsu=urn:nobody;i=1"]}, asks=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://line"},
        {"policy": "None"},
        {"mode": "None"},
        {"allow_plain": False},
        {"key_file": "keys/hub.key"},
        {"nodes": []},
        {"nodes": ["Line1"]},
        {"nodes": [GOOD, GOOD]},
        {"nodes": [{"node": GOOD, "uom": "EA"}]},
        {"how": "ask"},
        {"from": "yesterday"},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    good = {"url": "opc.tcp://127.0.0.1:1/line", "allow_plain": True, "nodes": [GOOD]}
    TRANSPORT.check(good, asks=True)
    with pytest.raises(ConfigError):
        TRANSPORT.check(good | wrong, asks=True)


@pytest.mark.parametrize(
    ("example", "agreement", "said"),
    [
        ("mqtt_readings", "loggers", [("S-17", "Temperature", "4.25", "CEL"), ("S-17", "RelativeHumidity", "61", "P1")]),
        ("chirpstack_uplinks", "lorawan", [(EUI, "Temperature", "-0.5", "CEL"), (EUI, "RelativeHumidity", "64.5", "P1")]),
        ("opcua_readings", "line_counts", [("line1.good", "Count", "1204", "EA"), ("line1.scrap", "Count", None, "EA")]),
    ],
)  # fmt: skip
def test_what_the_sample_site_makes_of_a_reading(example: str, agreement: str, said: list[tuple[str, str, str, str]]) -> None:
    site = Site.load(SITE)
    claimant = Claimant(site.agreements[agreement].partner, agreement=agreement)
    with (SITE.parent / "json" / f"{example}.jsonl").open("rb") as stream:
        examination = examine(stream, site, claimant, datetime(2026, 11, 22, tzinfo=UTC).date())
    assert [finding.rule for examined in examination.messages for finding in examined.findings if finding.severity == "error"] == []
    rows = [(entity["sensor"], row) for entity in check.entities(examination) for row in entity["lines"]]
    assert [(sensor, row["measure"], row.get("value"), row["unit"]) for sensor, row in rows] == said
