"""Partitions of topics, read by one reader from where the hub's watermark stands.

The hub assigns itself all partitions of its topics, for a flow is read by one process at a time (its lease). It joins no group and tells
none how far it has come (docs/decisions/0018): no partition is ever taken from it, no pause of its own makes a broker take it for dead, and
there is nobody to take leave of, so that it closes at once even where the brokers are gone.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from connectors.spec import Page
from connectors.streaming import QUIET, Arrived
from connectors.transports.kafka.connection import explained, parameters, told
from connectors.transports.kafka.messages import arrived, unreadable
from connectors.transports.kafka.places import LATEST, Partition, Place, Reached, kept_as
from data_contracts.errors import ConfigError, RetriableError
from data_contracts.findings import Finding

_LOOK_SECONDS = 0.3
_NO_GROUP = "udihub"
"""The client wants a name of a group, and asks who coordinates it; nothing is read or written there."""


class Reading:
    """The partitions of a flow's topics, for as long as it is entered."""

    def __init__(self, settings: Mapping[str, Any], topics: Collection[str]) -> None:
        self._topics = topics
        self._trouble: list[KafkaError] = []
        self.host, self.timeout, self._given = parameters(settings, self._trouble)
        self._consumer: Any = None
        self.reached: dict[Partition, Reached] = {}
        self._unproved: set[Partition] = set()
        """Partitions of which the last message that the hub knows is read once more, to see that they are still what they were."""
        self._ended: set[Partition] = set()
        self._lost: list[Finding] = []
        self._unreadable: dict[Partition, tuple[int, int]] = {}
        """Since the last page, the first message whose headers nobody can read, and how many."""
        self._early: deque[Any] = deque()
        """Messages that came while the cluster was asked something else."""

    def __enter__(self) -> Self:
        more = {
            "group.id": _NO_GROUP,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",  # nothing is passed over silently: what is gone is told
            "isolation.level": "read_committed",
            "check.crcs": True,
            "allow.auto.create.topics": False,
            "queued.max.messages.kbytes": 16_384,
            "fetch.max.bytes": self._given["message.max.bytes"],
        }
        with explained(self.host):
            self._consumer = Consumer(self._given | more)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close()

    def begin(self, place: Place) -> None:
        """Find the partitions, and read each from where the hub has come to; one that it does not know, from its beginning.

        What a partition gave up before it was read (STR-03), and which topic is no more (STR-10), stands in the next page.
        Raises ConfigError, RetriableError.
        """
        partitions = self.found(self._topics)
        if isinstance(place, str):
            self.reached = {one: (self._bounds(one)[place == LATEST], "") for one in partitions}
        else:
            asked = [_pattern(topic) for topic in self._topics]
            for topic, number in sorted(set(place) - set(partitions)):
                if any(fits.fullmatch(topic) for fits in asked):  # not one that the flow no longer asks for
                    self._lost.append(_told("STR-10", (topic, number), place[topic, number][0]))
            for one in partitions:
                self._resume(one, *place.get(one, (None, "")))
        self._assign()

    def _resume(self, one: Partition, wanted: int | None, last: str) -> None:
        """Read a partition from this offset, or from what it has since where this is gone."""
        first, end = self._bounds(one)
        if wanted is None:
            self.reached[one] = first, ""
        elif first <= wanted <= end:
            self.reached[one] = wanted, last
            if last and first < wanted:
                self._unproved.add(one)
        else:
            self._lost.append(Finding("STR-03", expected=f"{one[0]}/{one[1]}", got=str(first)))
            self.reached[one] = first, ""

    def _assign(self) -> None:
        """Whatever was on its way of any partition comes again."""
        self._ended.clear()
        self._early.clear()
        at = [TopicPartition(*one, offset - (one in self._unproved)) for one, (offset, _) in self.reached.items()]
        with self._explained():
            self._consumer.assign(at)

    def _bounds(self, one: Partition) -> tuple[int, int]:
        """The oldest offset of a partition, and the one that the next message will have."""
        with self._explained():
            bounds = self._consumer.get_watermark_offsets(TopicPartition(*one), timeout=self.timeout)
        if bounds is None:
            raise RetriableError(f"{self.host}: {one[0]}/{one[1]}: nobody says what it holds")
        return int(bounds[0]), int(bounds[1])

    def holds(self) -> int:
        """How many offsets the partitions span that would be read."""
        return sum(end - first for first, end in map(self._bounds, self.found(self._topics)))

    def found(self, topics: Collection[str]) -> list[Partition]:
        """The partitions of these topics; `*` is a word that may be anything. Raises ConfigError where one is not there."""
        with self._explained():
            if not topics or any("*" in topic for topic in topics):
                listed = self._listed()
            else:
                listed = {name: self._listed(name)[name] for name in topics}
        partitions: list[Partition] = []
        for topic in topics:
            matching = [name for name in listed if _pattern(topic).fullmatch(name) and not name.startswith("__")]
            if not matching:
                raise ConfigError(f"{self.host}: there is no topic {topic}")
            for name in matching:
                if (error := listed[name].error) is not None:
                    raise told(error, self.host, self._trouble)
                partitions += [(name, number) for number in listed[name].partitions]
        return sorted(set(partitions))

    def _listed(self, topic: str | None = None) -> dict[str, Any]:
        """All topics, or one: the first question, so whatever keeps us out shows here. What a person mends is not waited for."""
        until = time.monotonic() + self.timeout
        while True:
            try:
                asked = {} if topic is None else {"topic": topic}
                return dict(self._consumer.list_topics(timeout=max(0.01, min(_LOOK_SECONDS, until - time.monotonic())), **asked).topics)
            except KafkaException:
                if (message := self._consumer.poll(0)) is not None:  # what happened on the lines is said now
                    self._early.append(message)
                if time.monotonic() >= until or any(not isinstance(told(one, self.host), RetriableError) for one in self._trouble):
                    raise

    def look(self) -> None:
        """Whether the cluster is still there; partitions and topics that were added meanwhile are read from their beginning."""
        added = [one for one in self.found(self._topics) if one not in self.reached]
        for one in added:
            self._resume(one, None, "")
        if added:
            self._assign()

    def taken(self, timeout: float) -> Arrived | None:
        """The next message, waited for at most so many seconds. Raises RetriableError when the cluster goes away."""
        with self._explained():
            message = self._early.popleft() if self._early else self._consumer.poll(timeout)
        if message is None:
            self._look_for_trouble()
            return None
        error = message.error()
        if error is None:
            return self._proved(message)
        one = message.topic(), message.partition()
        if error.code() == KafkaError._PARTITION_EOF:
            self._unproved.discard(one)
            self._ended.add(one)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET and one in self.reached:  # retention was faster
            self._unproved.discard(one)
            self._resume(one, self.reached[one][0], "")
            self._assign()
        elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # of no group anything is wanted
            raise told(error, self.host, self._trouble)
        return None

    def _proved(self, message: Any) -> Arrived | None:
        """A message, unless it is the last one that the hub knows: were it another one now, the topic was made anew."""
        self._trouble.clear()
        found = arrived(message)
        one = message.topic(), message.partition()
        self._ended.discard(one)
        offset, last = self.reached[one]
        if one in self._unproved:
            self._unproved.discard(one)
            if message.offset() < offset:
                if found.version != last:
                    first, _ = self._bounds(one)
                    self._lost.append(_told("STR-09", one, offset, first))
                    self.reached[one] = first, ""
                    self._assign()
                return None
        if unreadable(found):
            first, count = self._unreadable.get(one, (message.offset(), 0))
            self._unreadable[one] = first, count + 1
        self.reached[one] = message.offset() + 1, found.version
        return found

    def _look_for_trouble(self) -> None:
        """Raise what a person mends, and that no broker is there; a line that comes again by itself is no trouble."""
        trouble, self._trouble[:] = list(self._trouble), []
        for one in trouble:
            error = told(one, self.host)
            if one.code() == KafkaError._ALL_BROKERS_DOWN or one.fatal() or not isinstance(error, RetriableError):
                raise told(one, self.host, trouble)

    @property
    def at_end(self) -> bool:
        """Whether all that the partitions held has come."""
        return self._ended >= set(self.reached)

    @property
    def has_lost(self) -> bool:
        """Whether something is to be told."""
        return bool(self._lost)

    def marked(self, page: Page = QUIET) -> Page:
        """A page of all that was taken, with the place up to which everything is known once it is durable, and what is to be told."""
        headless = [_told("STR-11", one, first, count) for one, (first, count) in sorted(self._unreadable.items())]
        findings = (*page.findings, *self._lost, *headless)
        self._lost.clear()
        self._unreadable.clear()
        return replace(page, watermark=kept_as(self.reached), findings=findings)

    def _explained(self) -> Any:
        return explained(self.host, self._trouble)


def _pattern(topic: str) -> re.Pattern[str]:
    return re.compile(re.escape(topic).replace(r"\*", r"[^.]+"))


def _told(rule: str, one: Partition, expected: int, got: int | None = None) -> Finding:
    return Finding(rule, expected=str(expected), got=None if got is None else str(got), params={"what": f"{one[0]}/{one[1]}"})
