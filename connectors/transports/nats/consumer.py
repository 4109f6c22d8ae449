"""The durable consumer of a stream: made where it is not there, asked for messages, and told which are kept.

Its place is at the server. The watermark beside it, the number in the stream up to which all is known here, serves to tell what the stream
gave up meanwhile, and to go on there where somebody has deleted the consumer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from nats.js import api
from nats.js import errors as js_errors

from connectors.spec import Page
from connectors.streaming import REPEAT, Arrived, Window
from connectors.transports.nats.connection import Peer
from data_contracts.errors import ConfigError, RetriableError
from data_contracts.findings import Finding

_MESSAGE_ID = "Nats-Msg-Id"


class Consumer:
    """A durable consumer, for as long as it is entered; what was taken and not acknowledged is given back at the end."""

    def __init__(self, peer: Peer, stream: str, durable: str, window: Window, patience: float) -> None:
        self._peer, self._stream, self._durable, self._window = peer, stream, durable, window
        self._patience = patience
        """Seconds after which the server gives a message again that was not acknowledged."""
        self._subscription: Any = None
        self._made = ""
        """When the stream was made: its numbers begin anew with it."""
        self._open: dict[int, Any] = {}
        self._reached = 0
        self._lost_on_the_way: tuple[int, int, int] = 0, 0, 0
        """Messages that the server had sent before, up to which number, and up to where all of them were acknowledged: they come again when
        their time is over, and what is behind them comes before."""
        self._again: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._peer.gone:
            for message in self._open.values():
                self._peer.run(message.nak())
            if self._subscription is not None:
                self._peer.run(self._subscription.unsubscribe())
            self._peer.flush()

    def begin(self, place: dict[str, Any] | None) -> str:
        """Find the consumer or make it, and listen. Returns the watermark. Raises ConfigError where there is no such stream."""
        stream = self._peer.jetstream
        info = self._peer.run(stream.stream_info(self._stream))
        self._made, self._first = str(info.created), info.state.first_seq
        same = place is not None and place.get("made") == self._made
        self._reached = int(place["reached"]) if place is not None and same else 0
        wanted = api.ConsumerConfig(
            durable_name=self._durable,
            filter_subjects=list(self._window.topics.filters),
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._patience,
            max_ack_pending=max(1000, 2 * self._window.batch),
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE if self._reached else api.DeliverPolicy.ALL,
            opt_start_seq=self._reached + 1 if self._reached else None,
        )
        try:
            known = self._peer.run(self._found())
            if known is None:
                self._peer.run(stream.add_consumer(self._stream, wanted))
            else:
                self._refuse_losing(known.config)
            if known is not None and known.num_ack_pending and known.delivered is not None and known.ack_floor is not None:
                self._lost_on_the_way = known.num_ack_pending, known.delivered.stream_seq, known.ack_floor.stream_seq
            if known is not None and sorted(known.config.filter_subjects or [known.config.filter_subject]) != sorted(
                wanted.filter_subjects or []
            ):
                config = replace(known.config, filter_subject=None, filter_subjects=wanted.filter_subjects)
                self._peer.run(stream.add_consumer(self._stream, config))
        except js_errors.APIError as error:
            raise ConfigError(f"{self._peer.host}: consumer {self._durable}: {error}") from error
        self._subscription = self._peer.run(stream.pull_subscribe_bind(durable=self._durable, stream=self._stream))
        return self._watermark()

    def _refuse_losing(self, config: api.ConsumerConfig) -> None:
        """Raises ConfigError for a consumer that somebody made and that gives up messages unsaid."""
        named = f"{self._peer.host}: consumer {self._durable}"
        if config.ack_policy is not None and config.ack_policy != api.AckPolicy.EXPLICIT:
            raise ConfigError(f"{named} is not told what was taken: its ack_policy must be explicit")
        if config.max_deliver is not None and config.max_deliver > 0:
            raise ConfigError(f"{named} gives a message up after {config.max_deliver} attempts (max_deliver); -1 keeps it")

    async def _found(self) -> Any:
        try:
            return await self._peer.jetstream.consumer_info(self._stream, self._durable)
        except js_errors.NotFoundError:
            return None

    def lost(self, place: dict[str, Any] | None) -> tuple[Finding, ...]:
        """What the stream gave up since the watermark; a stream that was made anew has forgotten all that it held."""
        if place is None:
            return ()
        if place.get("made") != self._made or self._first > self._reached + 1:
            return (Finding("STR-03", expected=self._stream, got=str(self._first)),)
        return ()

    def taken(self, most: int, timeout: float) -> Iterator[Arrived]:
        """Up to so many messages, waited for at most so long. Raises RetriableError when the server goes away."""
        for message in self._peer.run(self._fetched(max(1, most), timeout)):
            number = message.metadata.sequence.stream
            self._open[number] = message
            if number <= self._lost_on_the_way[1]:
                self._again.add(number)
            named = (message.headers or {}).get(_MESSAGE_ID)

            def acknowledge(number: int = number) -> None:
                if (one := self._open.pop(number, None)) is not None:
                    self._peer.run(one.ack())

            more = {"id": named} if named else {}
            yield Arrived(message.subject, message.data, f"{self._stream}/{self._made}/{number}", REPEAT, acknowledge, more)
        if self._peer.gone:
            raise RetriableError(f"{self._peer.host}: the connection is lost")

    async def _fetched(self, most: int, timeout: float) -> list[Any]:
        try:
            found: list[Any] = await self._subscription.fetch(most, timeout=timeout)
        except (TimeoutError, js_errors.FetchTimeoutError):  # of either client or loop: nothing came in time
            return []
        return found

    def marked(self, page: Page) -> Page:
        """A page with the watermark up to which everything is known once it is durable, and a receipt that goes out at once."""
        self._reached = max(self._reached, *self._open) if self._open else self._reached
        receipt = page.receipt

        def give() -> None:
            if receipt is not None:
                receipt()
            self._peer.flush()

        return replace(page, watermark=self._watermark(), receipt=give)

    def all_seen(self) -> str:
        """The watermark while nothing waits: up to the last message of the stream, whomever it was for."""
        last = self._peer.run(self._peer.jetstream.stream_info(self._stream)).state.last_seq  # asked first: what comes behind it may wait
        info = self._peer.run(self._found())
        if info is not None and not info.num_pending and not info.num_ack_pending:
            self._reached, self._lost_on_the_way = max(self._reached, last), (0, 0, 0)
        return self._watermark()

    def _watermark(self) -> str:
        count, _, floor = self._lost_on_the_way
        reached = self._reached if len(self._again) >= count else min(self._reached, floor)
        return json.dumps({"made": self._made, "reached": reached})
