"""Values of an OPC UA server's nodes as readings, each with the time and the status of its source.

    {use: opcua, url: "opc.tcp://plc.example:4840", certificate_file: keys/hub.pem, key_file: keys/hub.key,
     server_certificate_file: keys/plc.der, user: hub, password_env: PLC_PASSWORD,
     nodes: [{node: "nsu=urn:plc;s=Line1.Good", name: good, measure: Count}]}

Changes come by a subscription, or nodes are sampled (`how: sample`). What was missed meanwhile is read from the server's history
(HistoryRead), from the watermark of each node on; where the server keeps none, or none that reaches back to it (a PLC's history is a ring
of a few values), the gap is told (STR-01). A bad status is data, and no
error. Only reads.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

from connectors.credentials import refuse_unknown, seconds
from connectors.pulling import whole_number
from connectors.spec import Page
from connectors.streaming import QUIET, QUIET_SECONDS, Heard
from connectors.transports.opcua.readings import Readings, Watched, moment, watched
from connectors.transports.opcua.server import CONNECTION, Server, checked
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding

_SETTINGS = CONNECTION | {"nodes", "how", "sample_seconds", "history", "from", "label", "batch", "window_seconds", "clock"}
_BATCH = 500
_TURN_SECONDS = 0.25


class OpcUa(Heard):
    """The transport `opcua`. It only reads."""

    name = "opcua"
    settings = _SETTINGS
    needs = frozenset({"url", "nodes"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        checked(settings)
        watched(settings)
        _Plan(settings)

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Nothing: the watermark says what is known."""

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """A time, from which on the history of all nodes is read. Raises ConfigError."""
        stamp = _stamp(text)
        return json.dumps({one.text: stamp for one in watched(settings)}, sort_keys=True)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect and look for the nodes. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, _SETTINGS, self.name)
        with asyncio.Runner() as runner, Server(settings, runner) as server:
            found = server.find(watched(settings))
            return f"{server.host} lets us in, {len(found)} nodes are there"

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """What the history holds since the watermark and the values that stand now, and with `stop` what changes then."""
        refuse_unknown(settings, _SETTINGS, self.name)
        plan = _Plan(settings)
        readings = Readings(settings, json.loads(watermark) if watermark is not None else {}, plan.batch, plan.window)
        with asyncio.Runner() as runner, Server(settings, runner) as server:
            nodes = server.find(watched(settings))
            live = plan.samples is None and stop is not None
            if live:
                server.subscribe(nodes, plan.batch)  # first: so that nothing falls between history and subscription
            yield QUIET
            for one in nodes:
                yield from _behind(server, one, readings, plan)
            if readings:
                yield readings.page()
            if stop is not None:
                yield from _live(server, nodes, readings, plan, stop)


class _Plan:
    """How a flow wants to be told. Raises ConfigError."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        how = settings.get("how", "subscribe")
        if how not in ("subscribe", "sample"):
            raise ConfigError(f"how is subscribe or sample, not {how!r}")
        self.samples = seconds(settings, "sample_seconds", 10) if how == "sample" else None
        self.history = settings.get("history", True) is not False
        self.batch = whole_number(settings, "batch", _BATCH, 10_000)
        self.window = seconds(settings, "window_seconds", 2)
        begin = settings.get("from")
        self.begin = None if begin is None else _stamp(str(begin))

    def within(self, since: str, until: str) -> bool:
        """Whether no more passed between two stamps than samples lie apart, so that none is missing."""
        if self.samples is None:
            return False
        return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds() <= 2 * self.samples


def _stamp(text: str) -> str:
    try:
        made = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no time") from error
    return moment(made if made.tzinfo is not None else made.replace(tzinfo=UTC))


def _behind(server: Server, one: Watched, readings: Readings, plan: _Plan) -> Iterator[Page]:
    """What came of a node since its watermark: its history, and the value that stands now. What no history has is told."""
    read, mark = readings.marks.get(one.text), readings.marks.get(one.text) or plan.begin
    known = False
    """Whether the history holds anything since the watermark, were it the value of the watermark itself."""
    if mark is not None and plan.history:
        for value in server.history(one, datetime.fromisoformat(mark), plan.batch):
            stamp = readings.stamp(value)
            if read is not None and not known and stamp > mark and not server.reaches(one, datetime.fromisoformat(mark)):
                readings.findings.append(Finding("STR-01", expected=mark, got=stamp, params={"what": one.name}))
            known = True
            readings.add(one, value)
            if readings.full:
                yield readings.page()
    value = server.current(one)
    stamp = readings.stamp(value)
    if mark is not None and stamp > mark and not known and not plan.within(mark, stamp):
        readings.findings.append(Finding("STR-01", expected=mark, got=stamp, params={"what": one.name}))
    if mark is None or stamp >= mark:  # what a server that was started anew begins with is no news
        readings.add(one, value)


def _live(server: Server, nodes: list[Watched], readings: Readings, plan: _Plan, stop: Event) -> Iterator[Page]:
    looked = sampled = time.monotonic()
    while not stop.is_set():
        server.turn(_TURN_SECONDS)
        now = time.monotonic()
        if plan.samples is not None and now - sampled >= plan.samples:
            sampled = now
            for one in nodes:
                readings.add(one, server.current(one))
        for one, value, overflowed in server.changes():
            if overflowed:  # the server could not keep all of them for us
                yield from _behind(server, one, readings, plan)
            readings.add(one, value)
            if readings.full:
                yield readings.page()
        if readings.ripe:
            yield readings.page()
            looked = now
        elif not readings and now - looked >= QUIET_SECONDS:
            server.still()
            yield QUIET
            looked = now
    if readings:
        yield readings.page()


TRANSPORT = OpcUa()
