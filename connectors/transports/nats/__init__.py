"""Messages of a NATS server's stream (JetStream): taken by a durable pull consumer, and published.

    {use: nats, url: "tls://nats.example", credentials_file: keys/hub.creds, stream: LINE, durable: udihub-line,
     subjects: ["line.{line}.{what}"]}

The consumer's place is kept by the server: a message is acknowledged only once it is durable here, and comes again where it was not. It is
known by its number in the stream, or by the `Nats-Msg-Id` that its publisher gave it, or by what `id` names. What the stream gave up
before it was read is told (STR-03). Core NATS keeps nothing, so only streams are listened to.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

from connectors.credentials import refuse_unknown, required, seconds
from connectors.naming import named_by
from connectors.spec import Page
from connectors.streaming import QUIET, QUIET_SECONDS, SETTINGS, Gathering, Heard, Topics, Window
from connectors.transports.nats.connection import CONNECTION, Peer, checked
from connectors.transports.nats.consumer import Consumer
from data_contracts.errors import ConfigError

_INWARD = SETTINGS | {"stream", "durable", "subjects", "acknowledge_seconds"}
_OUTWARD = frozenset({"subject"})
_BATCH = 200
_LOOK_SECONDS = 0.5


class Nats(Heard):
    """The transport `nats`."""

    name = "nats"
    settings = CONNECTION | _INWARD | _OUTWARD
    needs = frozenset({"url"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        checked(settings)
        if not asks:
            _template(settings)
            return
        for key in ("stream", "durable"):
            required(settings, key, self.name)
        self._window(settings)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect, and look at the stream. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, self.settings, self.name)
        with asyncio.Runner() as runner, Peer(settings, runner) as peer:
            if not asks:
                return f"{peer.host} lets us in"
            info = peer.run(peer.jetstream.stream_info(required(settings, "stream", self.name)))
            return f"{peer.host} lets us in, stream {info.config.name} holds {info.state.messages} messages"

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Publish into a stream and wait until the server has it; a repeat within the stream's window is none, by `Nats-Msg-Id`."""
        refuse_unknown(settings, self.settings, self.name)
        subject = named_by(_template(settings), content, r"[.*>\s]", "subject")
        with asyncio.Runner() as runner, Peer(settings, runner) as peer:
            kept = peer.run(peer.jetstream.publish(subject, content, headers={"Nats-Msg-Id": stable_id}))
        again = " (it had it before)" if kept.duplicate else ""
        return f"{subject}: {kept.stream} keeps it as {kept.seq}{again}"

    def _window(self, settings: Mapping[str, Any]) -> Window:
        return Window.of(settings, Topics.of(settings, "subjects", ".", "*", ">"), _BATCH)

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """Pages of what waits, and with `stop` of what comes."""
        refuse_unknown(settings, self.settings, self.name)
        window = self._window(settings)
        stream, durable = (required(settings, key, self.name) for key in ("stream", "durable"))
        gathering = Gathering(window)
        place: dict[str, Any] | None = json.loads(watermark) if watermark is not None else None
        patience = seconds(settings, "acknowledge_seconds", 60)
        with asyncio.Runner() as runner, Peer(settings, runner) as peer, Consumer(peer, stream, durable, window, patience) as consumer:
            yield Page(QUIET.delivered, b"", consumer.begin(place), (), consumer.lost(place))
            heard = looked = time.monotonic()
            while stop is None or not stop.is_set():
                for arrived in consumer.taken(window.batch - len(gathering), min(max(gathering.waits, 0.05), _LOOK_SECONDS)):
                    gathering.add(arrived)
                    heard = time.monotonic()
                now = time.monotonic()
                if gathering.ripe:
                    yield consumer.marked(gathering.page())
                    looked = time.monotonic()
                elif stop is None and not gathering and now - heard >= window.quiet:
                    return
                elif not gathering and now - max(looked, heard) >= QUIET_SECONDS:
                    yield Page(QUIET.delivered, b"", consumer.all_seen(), ())
                    looked = now
            if gathering:
                yield consumer.marked(gathering.page())


def _template(settings: Mapping[str, Any]) -> str:
    subject = required(settings, "subject", "nats")
    if any(mark in subject for mark in "*> "):
        raise ConfigError(f"subject: {subject!r} is no subject to publish on")
    return subject


TRANSPORT = Nats()
