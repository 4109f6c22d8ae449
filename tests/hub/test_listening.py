"""Loggers that publish by MQTT: each reading arrives once, whatever becomes of the broker and of us, and is a visibility event."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from connectors.registry import transport_named
from connectors.spec import Streaming
from data_contracts.errors import RetriableError
from hub import listening, pipeline, worker
from hub.audit import verify_all
from hub.cli import application
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.soundness import faults
from hub.store import streams, tables, watermarks
from hub.store.event_tables import event
from tests.peers.broker import PASSWORD, USER, Broker, mosquitto

SITE = Path(__file__).parents[1] / "samples" / "site_streams"
STORE, UNIT = "6999999010005", "123456789012345675"


class Loggers:
    """The hub, the broker, and the loggers that publish there."""

    def __init__(self, hub: Hub, broker: Broker) -> None:
        self.hub, self.broker = hub, broker
        self.flow = hub.site.flows["loggers"]

    def publish(self, *minutes: int, sensor: str = "S-17") -> None:
        """A reading of each of these minutes."""
        readings = [{"ts": f"2026-11-22T07:{minute:02}:00Z", "temperature": minute / 4, "humidity": 60, "sscc": UNIT} for minute in minutes]
        self.broker.publish([(f"cold/{STORE}/{sensor}", json.dumps(reading).encode()) for reading in readings])

    def minutes(self) -> list[int]:
        """Of each reading that was applied, in order of arrival."""
        worker.drain(self.hub)
        with self.hub.database.read() as connection:
            rows = connection.execute(
                sa.select(tables.exchange.c.business_key, tables.exchange.c.state).order_by(tables.exchange.c.id)
            ).all()
        assert {row.state for row in rows} <= {"applied"}, rows
        return [int(row.business_key.split("T07:")[1][:2]) for row in rows]

    def drain(self) -> list[Any]:
        return pipeline.fetch(self.hub, self.flow)

    @contextmanager
    def listened_to(self) -> Iterator[listening.Listeners]:
        listeners = listening.Listeners(self.hub, listening.streams_of(self.hub), pipeline.land, lambda: None)
        listeners.start()
        try:
            yield listeners
        finally:
            listeners.stop()

    def until(self, count: int) -> list[int]:
        """Wait until so many have arrived, and a little longer, for one too many would come then."""
        for _ in range(200):
            if len(self.minutes()) >= count:
                break
            threading.Event().wait(0.1)
        threading.Event().wait(0.3)
        return self.minutes()

    def findings(self) -> list[str]:
        with self.hub.database.read() as connection:
            return list(connection.scalars(sa.select(tables.finding.c.rule).order_by(tables.finding.c.id)))

    @property
    def mark(self) -> dict[str, Any]:
        with self.hub.database.read() as connection:
            (found,) = watermarks.listed(connection)
        return found


@pytest.fixture
def loggers(database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loggers]:
    monkeypatch.setenv("MQTT_PASSWORD", PASSWORD)
    monkeypatch.setattr(listening, "_FIRST_SECONDS", 0.1)
    with mosquitto(tmp_path / "broker") as broker:
        site = tmp_path / "site"
        shutil.copytree(SITE, site)
        path = site / "flows" / "loggers.yaml"
        flow = yaml.safe_load(path.read_text())
        flow["transport"] |= {"url": broker.url, "allow_plain": True, "user": USER}
        path.write_text(yaml.safe_dump(flow))
        for other in set((site / "flows").iterdir()) - {path}:
            other.unlink()
        settings = Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
        hub = Hub.open(settings)
        made = Loggers(hub, broker)
        made.drain()
        yield made
        hub.database.close()


def test_readings_arrive_once_whatever_becomes_of_broker_and_hub(loggers: Loggers, tmp_path: Path) -> None:
    assert [fault for fault in faults(loggers.hub.site) if fault.severity == "error"] == []
    loggers.publish(*range(3))
    assert len(loggers.drain()) == 1 and loggers.minutes() == [0, 1, 2], "many small messages are one document"
    loggers.publish(3, 2)  # a logger that sends again what it sent before
    transport = transport_named("mqtt")
    assert isinstance(transport, Streaming)

    def land_then_break(*arguments: Any) -> Any:
        pipeline.land(*arguments)
        raise RetriableError("the machine stood still before the broker was told")

    with pytest.raises(RetriableError):
        list(listening.drain(loggers.hub, loggers.flow, transport, land_then_break))
    assert loggers.mark["failure"] and loggers.minutes() == [0, 1, 2, 3]
    assert loggers.drain() == [] and loggers.minutes() == [0, 1, 2, 3], "what comes again is known"
    assert loggers.mark["failure"] is None and loggers.mark["records"] == 4

    with loggers.listened_to():
        loggers.publish(4, 5)
        assert loggers.until(6) == [*range(6)]
        assert loggers.drain() == [], "one listens at a time"
        loggers.broker.stop()
        loggers.broker.start()
        loggers.publish(6)
        assert loggers.until(7) == [*range(7)]
    loggers.publish(*range(7, 30))  # while nobody listens; more than a broker sends before it is answered
    with loggers.listened_to() as listeners:
        assert listeners.are_well() and loggers.until(30) == [*range(30)]
    assert "STR-02" not in loggers.findings()
    loggers.broker.stop()
    (tmp_path / "broker" / "mosquitto.db").unlink()
    loggers.broker.start()
    assert loggers.drain() == [] and loggers.findings() == ["STR-02"], "a broker that has forgotten our session is told"
    loggers.publish(30)
    loggers.drain()
    assert loggers.minutes() == [*range(31)] and loggers.findings() == ["STR-02"]
    with loggers.hub.database.read() as connection:
        assert verify_all(connection) == []


def test_a_reading_is_an_event(loggers: Loggers) -> None:
    loggers.publish(41)
    loggers.drain()
    assert loggers.minutes() == [41] and loggers.findings() == []
    pipeline.reconcile(loggers.hub)
    with loggers.hub.database.read() as connection:
        body = json.loads(connection.scalars(sa.select(event.c.body)).one())
        assert streams.holder(connection, "loggers") is None
    assert body["bizStep"] == "sensor_reporting" and body["epcList"] == [f"https://id.gs1.org/00/{UNIT}"]
    (element,) = body["sensorElementList"]
    assert element["sensorMetadata"]["deviceID"] == "urn:udihub:sensor:coldchain:S-17"
    assert [(one["type"], one["value"], one["uom"]) for one in element["sensorReport"]] == [
        ("Temperature", 10.25, "CEL"), ("RelativeHumidity", 60, "P1"),
    ]  # fmt: skip


def test_the_command_drains_and_says_who_can_be_reached(loggers: Loggers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UDIHUB_HOME", str(loggers.hub.settings.home))
    monkeypatch.setenv("UDIHUB_SITE", str(loggers.hub.site.folder))
    monkeypatch.setenv("UDIHUB_DATABASE_URL", loggers.hub.settings.database_url)
    loggers.publish(1)
    run = CliRunner()
    answer = run.invoke(application(), ["flow", "listen", "--drain"])
    assert answer.exit_code == 0 and answer.output.endswith("loggers: 1 documents\n") and loggers.minutes() == [1]
    answer = run.invoke(application(), ["partner", "check", "--reach", "--json"])
    assert answer.exit_code == 0 and json.loads(answer.output.splitlines()[-1])["reached"] is True
    monkeypatch.setenv("MQTT_PASSWORD", "wrong")
    answer = run.invoke(application(), ["partner", "check", "--reach"])
    assert answer.exit_code != 0 and "NOT REACHED" in answer.output and PASSWORD not in answer.output
    answer = run.invoke(application(), ["flow", "listen", "nothing"])
    assert answer.exit_code != 0 and "did you mean loggers" in str(answer.exception)
