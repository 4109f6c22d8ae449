"""Messages of Kafka topics: read in order, partition by partition, and published with the brokers' confirmation.

    {use: kafka, url: "tls://kafka.example:9093", user: hub, password_env: KAFKA_PASSWORD, topics: ["line.{line}.count"]}

How far the hub has come in each partition is its watermark, kept with what it read; no group at the cluster has a word in it. A flow that
never read begins with what is oldest, or with what comes from now on (`from: latest`). A message is known by topic, partition, offset and
content, or by what `id` names. What a topic gave up before it was read is told (STR-03), one that was made anew (STR-09) or deleted
(STR-10) too. Outward, `topic` and `key` say where a document goes: what has one key stays in order. It is sent when all brokers that must
keep it do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

from connectors.credentials import refuse_unknown, required
from connectors.naming import named_by
from connectors.spec import Page
from connectors.streaming import QUIET_SECONDS, SETTINGS, Gathering, Heard, Topics, Window
from connectors.transports.kafka.connection import CONNECTION, checked
from connectors.transports.kafka.places import EARLIEST, ENDS, by_hand, place_of
from connectors.transports.kafka.publishing import published
from connectors.transports.kafka.reading import Reading
from data_contracts.errors import ConfigError, RetriableError

_INWARD = SETTINGS | {"topics", "from"}
_OUTWARD = frozenset({"topic", "key"})
_BATCH = 200
_LOOK_SECONDS = 0.2
_NO_TOPIC = r"[^A-Za-z0-9._-]"
_ONE_LANE = "udihub"
"""The key where none is asked for: one key is one partition, so that all of a flow stays in order."""


class Kafka(Heard):
    """The transport `kafka`."""

    name = "kafka"
    settings = CONNECTION | _INWARD | _OUTWARD
    needs = frozenset({"url"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        checked(settings)
        if asks:
            _window(settings)
            _origin(settings)
        else:
            _template(settings)

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """`earliest`, `latest`, or next offsets by partition. Raises ConfigError."""
        return by_hand(text)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect, and look at the topics. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, self.settings, self.name)
        if not asks:
            topic = _template(settings)
            with Reading(settings, ()) as reading:
                reading.found(() if "{" in topic else (topic,))
                return f"{reading.host} lets us in"
        with Reading(settings, _window(settings).topics.filters) as reading:
            partitions = len(reading.found(_window(settings).topics.filters))
            return f"{reading.host} lets us in, {partitions} partitions hold {reading.holds()} messages"

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Publish, and wait until all brokers that must keep it do. Raises RefusedError for what is too large for the topic."""
        refuse_unknown(settings, self.settings, self.name)
        topic = named_by(_template(settings), content, _NO_TOPIC, "topic")
        key = named_by(str(settings.get("key", _ONE_LANE)), content, r"\0", "key")
        kept = published(settings, topic, key, content, stable_id)
        return f"{topic}: partition {kept.partition()} keeps it as {kept.offset()}"

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """Pages of what waits, and with `stop` of what comes."""
        refuse_unknown(settings, self.settings, self.name)
        window, origin = _window(settings), _origin(settings)
        gathering = Gathering(window)
        with Reading(settings, window.topics.filters) as reading:
            reading.begin(place_of(watermark, origin))
            yield reading.marked()
            heard = looked = time.monotonic()
            while stop is None or not stop.is_set():
                arrived = reading.taken(min(max(gathering.waits, 0.01), _LOOK_SECONDS))
                if arrived is not None:
                    gathering.add(arrived)
                    heard = time.monotonic()
                if gathering.ripe:
                    yield reading.marked(gathering.page())
                    heard = time.monotonic()
                if gathering:
                    continue
                quiet = time.monotonic() - heard
                if stop is None and not reading.at_end and quiet >= window.quiet + reading.timeout:
                    raise RetriableError(f"{reading.host}: says nothing of what waits")
                if stop is None and reading.at_end and not reading.has_lost and quiet >= window.quiet:
                    return
                if time.monotonic() - looked >= QUIET_SECONDS:  # also while much comes: partitions are added then, too
                    reading.look()
                    looked = time.monotonic()
                    if quiet >= QUIET_SECONDS:
                        yield reading.marked()
                elif reading.has_lost:
                    yield reading.marked()
            if gathering:
                yield reading.marked(gathering.page())


def _window(settings: Mapping[str, Any]) -> Window:
    topics = Topics.of(settings, "topics", ".", "*", "#")
    for topic in topics.filters:
        if re.search(_NO_TOPIC, topic.replace("*", "")) or re.search(r"\*[^.]|[^.]\*", topic):
            raise ConfigError(f"topics: {topic!r} is no name of a topic")
    return Window.of(settings, topics, _BATCH)


def _origin(settings: Mapping[str, Any]) -> str:
    origin = settings.get("from", EARLIEST)
    if origin not in ENDS:
        raise ConfigError(f"from is earliest or latest, not {origin!r}")
    return str(origin)


def _template(settings: Mapping[str, Any]) -> str:
    topic = required(settings, "topic", "kafka")
    if re.search(_NO_TOPIC, re.sub(r"\{[\w.]+\}", "", topic)):
        raise ConfigError(f"topic: {topic!r} is no topic to publish in")
    return topic


TRANSPORT = Kafka()
