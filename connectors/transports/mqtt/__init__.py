"""Messages of an MQTT broker, 5 and 3.1.1: listened to with a session that the broker keeps, and published.

    {use: mqtt, url: "mqtts://broker.example", user: hub, password_env: MQTT_PASSWORD, client_id: udihub-cold,
     topics: ["cold/{site}/{sensor}"], id: [parts.sensor, message.ts]}

The session has a fixed client id and is never begun anew, so what is published while nobody listens waits at the broker. Everything is
asked for with QoS 1, and acknowledged (PUBACK) only once it is durable here: the broker sends again what was not. Such a repeat bears
DUP and its packet id, and is known by them, or by what `id` names. A broker that knows the session no longer is told (STR-02).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

from connectors.credentials import refuse_unknown, required
from connectors.spec import Page
from connectors.streaming import QUIET, QUIET_SECONDS, SETTINGS, Gathering, Heard, Topics, Window
from connectors.transports.mqtt import publishing
from connectors.transports.mqtt.session import CONNECTION, Session, connection_of
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding

_INWARD = SETTINGS | {"client_id", "topics", "session_days", "retained"}
_OUTWARD = frozenset({"topic", "retain", "client_id"})
_BATCH = 20
"""So many a broker sends before it waits for an acknowledgement, unless it is told otherwise (mosquitto: max_inflight_messages)."""


class Mqtt(Heard):
    """The transport `mqtt`."""

    name = "mqtt"
    settings = CONNECTION | _INWARD | _OUTWARD
    needs = frozenset({"url"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        connection_of(settings)
        if not asks:
            publishing.template(settings)
            return
        required(settings, "client_id", self.name)
        if settings.get("retained") and not settings.get("id"):
            raise ConfigError("transport mqtt: retained messages come at every new session, so id must name what tells one from another")
        self._window(settings)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect under another client id, so that a listener is not thrown out. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, self.settings, self.name)
        with Session(connection_of(settings), None, keep=0) as session:
            return f"{session.connection.host} lets us in as {settings.get('user') or 'nobody'}, MQTT {session.connection.version}"

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Publish with QoS 1 and wait for the broker's acknowledgement. Raises RetriableError where nobody would get it."""
        refuse_unknown(settings, self.settings, self.name)
        return publishing.publish(settings, content, stable_id)

    def _window(self, settings: Mapping[str, Any]) -> Window:
        return Window.of(settings, Topics.of(settings, "topics", "/", "+", "#"), _BATCH)

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """Pages of what waits, and with `stop` of what comes."""
        refuse_unknown(settings, self.settings, self.name)
        window = self._window(settings)
        days = settings.get("session_days", 30)
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650:
            raise ConfigError(f"session_days is a whole number from 1 to 3650, not {days!r}")
        client = required(settings, "client_id", self.name)
        gathering = Gathering(window)
        before: set[str] = set(json.loads(watermark)) if watermark is not None else set()  # what the session was subscribed to
        with Session(connection_of(settings), client, keep=days * 86_400, most=window.batch) as session:
            lost = Finding("STR-02", expected=client, got=session.connection.host)
            session.subscribe(window.topics.filters, retained=settings.get("retained") is True)
            session.leave(before - set(window.topics.filters))
            told = (lost,) if watermark is not None and not session.present else ()
            yield Page(QUIET.delivered, b"", json.dumps(sorted(window.topics.filters)), (), told)
            heard = looked = time.monotonic()
            while stop is None or not stop.is_set():
                session.turn(min(gathering.waits, 0.2))
                now = time.monotonic()
                for arrived in session.arrivals(retained=settings.get("retained") is True):
                    gathering.add(arrived)
                    heard = now
                    if gathering.ripe:
                        yield gathering.page()
                if gathering.ripe:
                    yield gathering.page()
                    looked = time.monotonic()
                elif stop is None and not gathering and now - heard >= window.quiet:
                    return
                elif now - max(looked, heard) >= QUIET_SECONDS:
                    yield QUIET
                    looked = now
            if gathering:
                yield gathering.page()


TRANSPORT = Mqtt()
