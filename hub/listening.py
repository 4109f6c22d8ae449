"""Streams: flows whose peer speaks whenever it has something to say, listened to beside the worker for as long as the hub runs.

Hop 1 and 2, as of systems that are asked (`hub/polling.py`): each window of messages is landed, and only then acknowledged to the peer.
One process listens to a flow at a time: it holds a lease, and renews it while the connection stands. A listener that fails waits, longer
each time, and begins again where the store says; what it fails of is shown with the flow's watermark. `drain` is the bounded way, for
schedulers: it ends when nothing has come for a while.
"""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from secrets import token_hex

import structlog

from connectors.registry import transport_named
from connectors.spec import Streaming
from data_contracts.errors import FatalError, RetriableError
from hub.polling import Land, polled
from hub.runtime import Hub
from hub.site import Flow
from hub.store import streams
from hub.store.inbox import Landing

LEASE_SECONDS = 90
"""Six times as long as a stream is quiet at most before it says that it is still there."""
_FIRST_SECONDS, _MOST_SECONDS = 1.0, 60.0
"""Between two tries of a listener that fails, each up to twice as long as the one before."""
_TURN_SECONDS = 15.0
"""Between two looks whether the process that listens has gone."""
REMEMBERED_DAYS = 30
"""So long a message that comes again is known by its name; what it names itself, and what the broker says of it, alike."""
_FORGET_EACH = 1000
"""Pages between two looks at what is older than that."""
_log = structlog.get_logger(__name__)


def streams_of(hub: Hub, names: Iterable[str] = ()) -> list[Flow]:
    """The enabled flows that are listened to, all of them or those of these names."""
    wanted = frozenset(names)
    inward = (flow for flow in hub.site.flows.values() if flow.direction == "in" and flow.enabled and flow.compare is None)
    found = [flow for flow in inward if isinstance(transport_named(flow.transport["use"]), Streaming)]
    return [flow for flow in found if not wanted or flow.flow in wanted]


def holder() -> str:
    """A name of this process, and of one listener in it, for the lease."""
    return f"{socket.gethostname()}/{os.getpid()}/{token_hex(4)}"


def drain(hub: Hub, flow: Flow, transport: Streaming, land: Land) -> Iterator[Landing]:
    """What waits at the peer, page by page. Nothing where a listener has the flow: then what comes is taken in as it comes."""
    ours = holder()
    if not _held(hub, flow, ours):
        _log.info("a listener has this stream", flow=flow.flow)
        return
    try:
        for landing in polled(hub, flow, transport, land, transport.pages):
            _still(hub, flow, ours)
            if landing is not None:
                yield landing
    finally:
        _let_go(hub, flow, ours)


def listen(hub: Hub, flow: Flow, land: Land, stop: threading.Event, heard: Callable[[], None]) -> None:
    """Listen to one flow until told to stop; `heard` is called behind each page that was landed.

    Raises FatalError alone: then nothing more may be written.
    """
    ours, rest = holder(), _FIRST_SECONDS
    transport = transport_named(flow.transport["use"])
    assert isinstance(transport, Streaming)
    while not stop.is_set():
        try:
            if not _held(hub, flow, ours):
                stop.wait(_TURN_SECONDS)
                continue
            for count, landing in enumerate(polled(hub, flow, transport, land, partial(transport.listen, stop=stop))):
                rest = _FIRST_SECONDS
                _still(hub, flow, ours)
                if landing is not None:
                    heard()
                if count % _FORGET_EACH == 0:
                    with hub.database.begin("listener") as uow:
                        streams.forget(uow, flow.flow, REMEMBERED_DAYS)
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a peer does, its listener must be there when it comes back
            _log.error("stream is interrupted", flow=flow.flow, reason=f"{type(error).__name__}: {error}", again_in=round(rest, 1))
            stop.wait(rest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret: so that many do not come back at once
            rest = min(_MOST_SECONDS, rest * 2)
    _let_go(hub, flow, ours)


class Listeners:
    """A listener for each stream of the site, in a thread of its own; `heard` wakes the worker."""

    def __init__(self, hub: Hub, flows: Iterable[Flow], land: Land, heard: Callable[[], None]) -> None:
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(hub, flow, land, heard), name=f"udihub-stream-{flow.flow}", daemon=True)
            for flow in flows
        ]

    def _run(self, hub: Hub, flow: Flow, land: Land, heard: Callable[[], None]) -> None:
        try:
            listen(hub, flow, land, self._stop, heard)
        except FatalError as error:
            self.failure = error
            _log.error("stream cannot go on", flow=flow.flow, reason=str(error))

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 30.0) -> None:
        """What came up to now is landed and acknowledged, then connections are closed; waits at most so long for each."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)

    def are_well(self) -> bool:
        """Whether each still runs; one whose peer is away does."""
        return all(thread.is_alive() for thread in self._threads)


def _held(hub: Hub, flow: Flow, ours: str) -> bool:
    with hub.database.begin("listener") as uow:
        return streams.hold(uow, flow.flow, ours, LEASE_SECONDS)


def _still(hub: Hub, flow: Flow, ours: str) -> None:
    if not _held(hub, flow, ours):
        raise RetriableError(f"{flow.flow}: somebody else listens to this stream now")


def _let_go(hub: Hub, flow: Flow, ours: str) -> None:
    with hub.database.begin("listener") as uow:
        streams.release(uow, flow.flow, ours)
