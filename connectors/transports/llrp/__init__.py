"""RFID readers by LLRP 1.0.1 and 1.1: portals, cabinets and tunnels, each tag that comes into sight a visibility event.

    {use: llrp, url: "llrps://portal3.example", read_point: "urn:epc:id:sgln:0614141.00777.dock3", biz_location: "0614141000777",
     antennas: [1, 2, {antenna: 3, read_point: "urn:epc:id:sgln:0614141.00777.dock4"}], again_seconds: 60}

LLRP has no acknowledgements and no history. Where a reader holds reports while nobody is connected (`hold`), and our operation went on, it
is asked for them; else what passed meanwhile is lost, and the gap is told (STR-01). A reader takes one client at a time: the hub.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from connectors.credentials import refuse_unknown, seconds
from connectors.pulling import whole_number
from connectors.spec import Page
from connectors.streaming import QUIET, QUIET_SECONDS, Heard
from connectors.transports.llrp import framing
from connectors.transports.llrp.framing import BrokenError, Message, found
from connectors.transports.llrp.places import places
from connectors.transports.llrp.reader import CONNECTION, BusyError, Reader, checked
from connectors.transports.llrp.reports import Broken, reads
from connectors.transports.llrp.sightings import Plan, Sightings
from data_contracts.errors import ConfigError, RetriableError
from data_contracts.events.vocabulary import vocabulary
from data_contracts.findings import Finding

_SETTINGS = (
    CONNECTION | {"read_point", "biz_location", "biz_step", "disposition", "antennas", "again_seconds", "hold", "foreign", "time_zone"}
    | {"label", "batch", "window_seconds", "quiet_seconds", "clock"}
)  # fmt: skip
_BATCH = 200
_MARK_SECONDS = 600.0
"""Between two marks of a stream that is quiet: a crash tells its gap from then on."""
_AHEAD = 60_000_000
"""Microseconds by which a reader's clock may be wrong before it is told."""


class Llrp(Heard):
    """The transport `llrp`. It only reads."""

    name = "llrp"
    settings = frozenset(_SETTINGS)
    needs = frozenset({"url", "read_point"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        checked(settings)
        _plan(settings)
        seconds(settings, "quiet_seconds", 2)

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Nothing: a reader asks for none."""

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect, look for the antennas and leave. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, self.settings, self.name)
        plan = _plan(settings)
        try:
            with Reader(settings) as reader:
                reader.fitting(plan.places.antennas)
                return f"{reader.host} lets us in, a reader of {reader.antennas} antennas"
        except BusyError as error:
            return f"it is there: {error}"

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """What the reader held and what it sees, until nothing new has come for `quiet_seconds`, or `stop` is set."""
        refuse_unknown(settings, self.settings, self.name)
        plan = _plan(settings)
        hold, quiet = settings.get("hold", True) is not False, seconds(settings, "quiet_seconds", 2)
        before: dict[str, Any] = json.loads(watermark) if watermark is not None else {}
        sightings = Sightings(plan, before.get("seen", {}))
        with Reader(settings) as reader:
            now = reader.now
            reader.begin(plan.places.antennas, hold=hold)
            for finding in _told(reader, before.get("until"), now()):
                sightings.tell(finding)
            yield sightings.page(_mark(now()), _at(now()))
            try:
                yield from _listening(reader, sightings, plan, now, stop, quiet)
            except RetriableError:
                yield sightings.page(_mark(now() - reader.silence, sightings), _at(now()))
                raise
            if not hold:
                reader.end()
        yield sightings.page(_mark(now(), sightings), _at(now()))


def _listening(
    reader: Reader, sightings: Sightings, plan: Plan, now: Callable[[], int], stop: Event | None, quiet: float
) -> Iterator[Page]:
    heard = looked = marked = time.monotonic()
    while stop is None or not stop.is_set():
        reader.turn(min(0.2, plan.window))
        moment = time.monotonic()
        for one in reader.reports():
            for read in _said(one, reader, sightings, now()):
                if sightings.add(read):
                    heard = moment
                if sightings.ripe:
                    yield sightings.page(_mark(now()), _at(now()))
                    looked = marked = time.monotonic()
        if sightings.ripe:
            yield sightings.page(_mark(now()), _at(now()))
            looked = marked = time.monotonic()
        elif stop is None and not sightings and moment - heard >= quiet:
            return
        elif not sightings and moment - marked >= _MARK_SECONDS:
            yield sightings.page(_mark(now()), _at(now()))
            looked = marked = time.monotonic()
        elif moment - looked >= QUIET_SECONDS:
            yield QUIET
            looked = moment


def _said(one: Message, reader: Reader, sightings: Sightings, now: int) -> Iterator[Any]:
    """The reads of a report; of an event, what must be told. Raises RetriableError where the reader says that it closes."""
    if one.type == framing.RO_ACCESS_REPORT:
        yield from reads(one.body, now, reader.booted)
        return
    try:
        data = found(one.body, framing.READER_EVENT) or b""
        closes, full = found(data, framing.CONNECTION_CLOSE), found(data, framing.BUFFER_OVERFLOW)
    except BrokenError as error:
        yield Broken(str(error), one.body[:40].hex())
        return
    if full is not None:
        sightings.tell(Finding("STR-08", got=_at(now).isoformat(), params={"what": reader.host}))
    if closes is not None:
        raise RetriableError(f"{reader.host}: the reader closes the connection")


def _told(reader: Reader, until: str | None, now: int) -> Iterator[Finding]:
    """What there is to tell of a connection: a gap before it, a clock that is wrong."""
    if until is not None and not (reader.kept and reader.holds):
        yield Finding("STR-01", expected=until, got=_at(now).isoformat(timespec="microseconds"), params={"what": reader.host})
    if abs(reader.ahead) > _AHEAD:
        yield Finding("STR-07", expected=_at(now).isoformat(), got=_at(now + reader.ahead).isoformat(), params={"what": reader.host})


def _plan(settings: Mapping[str, Any]) -> Plan:
    """Raises ConfigError."""
    foreign = settings.get("foreign", "keep")
    if foreign not in ("keep", "leave"):
        raise ConfigError(f"foreign is keep or leave, not {foreign!r}")
    try:
        zone = ZoneInfo(str(settings.get("time_zone", "UTC")))
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"time_zone: {settings.get('time_zone')!r} is no IANA zone") from error
    return Plan(
        places(settings),
        seconds(settings, "again_seconds", 60),
        zone,
        _term(settings, "biz_step"),
        _term(settings, "disposition"),
        foreign == "keep",
        str(settings.get("label", "reads")),
        whole_number(settings, "batch", _BATCH, 10_000),
        seconds(settings, "window_seconds", 2),
    )


def _term(settings: Mapping[str, Any], key: Any) -> str | None:
    stated = settings.get(key)
    if stated is not None and str(stated) not in vocabulary(key).terms and ":" not in str(stated):
        raise ConfigError(f"{key}: {stated!r} is no term of the Core Business Vocabulary, and no URI")
    return None if stated is None else str(stated)


def _at(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)


def _mark(now: int, sightings: Sightings | None = None) -> str:
    """Up to when the reader was listened to, and where nobody will go on at once, what was in sight then."""
    seen = sightings.kept() if sightings is not None else {}
    return json.dumps({"until": _at(now).isoformat(timespec="microseconds"), **({"seen": seen} if seen else {})})


TRANSPORT = Llrp()
