"""A connection to an RFID reader: who may listen, what it is asked to do, and that it is still there (LLRP 1.1 clauses 9 to 14).

The hub brings one reading operation of its own (ROSpec): all antennas, or those that the flow names, each tag as soon as it is seen. Power,
mode and session are the reader's own, as its maker's tool has set them. The operation goes on while nobody is connected, and a reader that
can hold reports keeps them until it is told that we are there.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from connectors.credentials import seconds
from connectors.http_terms import trusted
from connectors.pulling import clock_of
from connectors.streaming import address_of
from connectors.transports.llrp import framing
from connectors.transports.llrp.framing import BrokenError, Message, found, number, parameter, parameters, status_of
from connectors.transports.llrp.reports import LAST
from data_contracts.errors import ConfigError, RetriableError

CONNECTION = frozenset({"url", "ca_file", "certificate_file", "key_file", "allow_plain", "timeout_seconds", "keepalive_seconds"})
_PORTS = {"llrps": 5085, "llrp": 5084}
OPERATION = 21_844
"""The number of our ROSpec; with those of others a reader is not ours."""
_ACTIVE = 2
_CONTENT = 0x1780
"""What a report tells: antenna, peak strength, first and last time, count (TagReportContentSelector)."""
_SILENT = 3
"""Keepalives that may be missing."""
_MOST_WAITING = 10_000
"""Messages that are kept while an answer is waited for."""
_TAKEN = (1, 2)
"""Of a connection attempt: another client has the reader."""


class BusyError(RetriableError):
    """Another client has the reader; it takes one at a time."""


def checked(settings: Mapping[str, Any]) -> tuple[str, int, bool]:
    """Host, port, and whether by TLS. Raises ConfigError."""
    address = address_of(settings, "llrp", _PORTS, "llrps://host:5085")
    if address.scheme == "llrp" and settings.get("allow_plain") is not True:
        raise ConfigError("url: plain llrp lets everybody on the way see and change what is read; use llrps, or allow_plain: true")
    seconds(settings, "keepalive_seconds", 10)
    seconds(settings, "timeout_seconds", 10)
    return str(address.hostname), address.port or _PORTS[address.scheme], address.scheme == "llrps"


class Reader:
    """A reader, for as long as it is entered."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.host, self._port, self._secure = checked(settings)
        self._settings, self._clock = settings, clock_of(settings)
        self._begun = 0, time.monotonic()
        """What its clock said at the beginning, in microseconds since 1970, and when that was."""
        self._timeout = seconds(settings, "timeout_seconds", 10)
        self._keepalive = seconds(settings, "keepalive_seconds", 10)
        self._socket: socket.socket | None = None
        self._waits = selectors.DefaultSelector()
        self._bytes = bytearray()
        self._came: deque[Message] = deque()
        self._number = 0
        self._heard = 0.0
        self._releasing: int | None = None
        self.booted: int | None = None
        """When a clock of the reader's that has no date began, in microseconds since 1970."""
        self.ahead = 0
        """Microseconds by which its clock is ahead of ours."""
        self.antennas = 0
        self.holds = False
        """Whether it says that it keeps reports while nobody is connected."""
        self.kept = False
        """Whether our operation went on while nobody was."""

    def __enter__(self) -> Self:
        """Connect. Raises RetriableError when the reader is away or somebody else has it, ConfigError when it is not trusted."""
        try:
            plain = socket.create_connection((self.host, self._port), self._timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = trusted(self._settings).wrap_socket(plain, server_hostname=self.host) if self._secure else plain
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(f"ca_file: {self.host}: {error}") from error
        except OSError as error:
            raise RetriableError(f"{self.host}: {error}") from error
        self._waits.register(self._socket, selectors.EVENT_READ)
        self._heard = time.monotonic()
        try:
            self._greeted()
            self._capable()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()

    def _leave(self) -> None:
        """Say goodbye where the line still stands: a reader that was only left takes nobody else until it notices."""
        if self._socket is None:
            return
        try:
            self._ask(framing.CLOSE_CONNECTION, b"", framing.CLOSE_CONNECTION_RESPONSE, within=1.0)
        except (RetriableError, ConfigError):
            self._came.clear()
        self._waits.close()
        self._socket.close()
        self._socket = None

    def _greeted(self) -> None:
        until = time.monotonic() + self._timeout
        said: dict[int, bytes] = {}
        while framing.CONNECTION_ATTEMPT not in said:
            if time.monotonic() > until:
                raise RetriableError(f"{self.host}: it does not say that we may come in")
            self.turn(0.1)
            for event in self._taken((framing.READER_EVENT_NOTIFICATION,)):
                said = self._sound(dict, parameters(self._sound(found, event.body, framing.READER_EVENT) or b""))
        code = self._sound(number, said[framing.CONNECTION_ATTEMPT], 2)
        if code in _TAKEN:
            raise BusyError(f"{self.host}: another client has this reader, and it takes one at a time")
        if code:
            raise RetriableError(f"{self.host}: it does not let us in: {code}")
        if framing.UTC_TIMESTAMP in said:
            self._begun = self._sound(number, said[framing.UTC_TIMESTAMP], 8), time.monotonic()
            if not 0 < self._begun[0] < LAST:
                raise RetriableError(f"{self.host}: its clock says {self._begun[0]} microseconds since 1970")
            self.ahead = self._begun[0] - self.now()
        elif framing.UPTIME in said:
            self.booted = self.now() - self._sound(number, said[framing.UPTIME], 8)

    def _capable(self) -> None:
        said = self._sound(dict, parameters(self._ask(framing.GET_READER_CAPABILITIES, b"\x00")))
        if framing.GENERAL_CAPABILITIES in said:
            self.antennas = self._sound(number, said[framing.GENERAL_CAPABILITIES], 2)
        if framing.LLRP_CAPABILITIES in said:
            self.holds = bool(self._sound(number, said[framing.LLRP_CAPABILITIES], 1) & 0x08)

    def begin(self, antennas: Sequence[int], *, hold: bool) -> None:
        """Let it read, unless it still does, and let go of what it holds. No antennas: all. Raises ConfigError for what it cannot."""
        self.fitting(antennas)
        alive = parameter(framing.KEEPALIVE_SPEC, struct.pack(">BI", 1, round(self._keepalive * 1000)))
        held = parameter(framing.EVENTS_AND_REPORTS, bytes([0x80 if hold and self.holds else 0]))
        self._ask(framing.SET_READER_CONFIG, b"\x00" + alive + held)
        known = dict(self._operations())
        self.kept = known == {OPERATION: (_ACTIVE, [*antennas] or [0])}
        if not self.kept:
            for one in known:
                self._ask(framing.DELETE_ROSPEC, struct.pack(">I", one))
            self._ask(framing.ADD_ROSPEC, _operation(antennas))
            for step in (framing.ENABLE_ROSPEC, framing.START_ROSPEC):
                self._ask(step, struct.pack(">I", OPERATION))
        if hold and self.holds:
            self._releasing = self._send(framing.ENABLE_EVENTS_AND_REPORTS)

    def fitting(self, antennas: Sequence[int]) -> None:
        """Raises ConfigError for an antenna that it does not have."""
        if self.antennas and max(antennas, default=0) > self.antennas:
            raise ConfigError(f"antennas: {self.host} has {self.antennas}, and none of number {max(antennas)}")

    def end(self) -> None:
        """Let it read no longer. Raises RetriableError."""
        self._ask(framing.DELETE_ROSPEC, struct.pack(">I", OPERATION))

    def _operations(self) -> Iterator[tuple[int, tuple[int, list[int]]]]:
        """Number of each operation at the reader, its state, and the antennas that it reads by."""
        body = self._ask(framing.GET_ROSPECS)
        for kind, content in self._sound(list, parameters(body)):
            if kind == framing.ROSPEC:
                yield self._sound(_stated, content)

    def now(self) -> int:
        """Microseconds since 1970 by the hub's clock; where none is passed, by the reader's."""
        if self._clock is not None:
            return round(self._clock().timestamp() * 1_000_000)
        stamp, since = self._begun
        return stamp + round((time.monotonic() - since) * 1_000_000)

    @property
    def silence(self) -> int:
        """Microseconds since anything came."""
        return round((time.monotonic() - self._heard) * 1_000_000)

    def turn(self, pause: float) -> None:
        """Take what comes within so many seconds. Raises RetriableError when the line is lost or the reader silent."""
        assert self._socket is not None
        try:
            waiting = self._socket.pending() if self._secure else 0  # type: ignore[attr-defined]
            if not waiting and not self._waits.select(pause):
                if time.monotonic() - self._heard > max(_SILENT * self._keepalive, self._timeout):
                    raise RetriableError(f"{self.host}: it has been silent for {time.monotonic() - self._heard:.0f} seconds")
                return
            content = self._socket.recv(65_536)
        except OSError as error:
            raise RetriableError(f"{self.host}: the line is lost: {error}") from error
        if not content:
            raise RetriableError(f"{self.host}: the reader has closed the connection")
        self._heard = time.monotonic()
        self._bytes += content
        while len(self._bytes) >= framing.HEAD:
            kind, length, said = self._sound(framing.head, bytes(self._bytes[: framing.HEAD]))
            if len(self._bytes) < length:
                break
            self._arrived(Message(kind, said, bytes(self._bytes[framing.HEAD : length])))
            del self._bytes[:length]

    def _arrived(self, one: Message) -> None:
        if one.type == framing.KEEPALIVE:
            self._send(framing.KEEPALIVE_ACK, number=one.number)
        elif one.type == framing.ERROR_MESSAGE and one.number == self._releasing:
            self.holds = False  # it said that it holds reports, and does not know how to let go of them
        elif len(self._came) >= _MOST_WAITING:
            raise RetriableError(f"{self.host}: it says more than anybody could read before it answers")
        else:
            self._came.append(one)

    def reports(self) -> Iterator[Message]:
        """Reports and events that came since."""
        return self._taken((framing.RO_ACCESS_REPORT, framing.READER_EVENT_NOTIFICATION))

    def _taken(self, kinds: Sequence[int]) -> Iterator[Message]:
        for _ in range(len(self._came)):
            one = self._came.popleft()
            if one.type in kinds:
                yield one

    def _send(self, kind: int, body: bytes = b"", *, number: int | None = None) -> int:
        assert self._socket is not None
        if number is None:
            self._number += 1
            number = self._number
        try:
            self._socket.sendall(framing.message(kind, number, body))
        except OSError as error:
            raise RetriableError(f"{self.host}: the line is lost: {error}") from error
        return number

    def _ask(self, kind: int, body: bytes = b"", answer: int | None = None, *, within: float | None = None) -> bytes:
        """Ask, wait for the answer, and see that it is a good one. Reports that come meanwhile are kept.

        Raises RetriableError when none comes, ConfigError for a refusal.
        """
        sent = self._send(kind, body)
        wanted = answer if answer is not None else kind + framing.ANSWERS
        until = time.monotonic() + (within or self._timeout)
        while True:
            for one in list(self._came):
                if one.number == sent and one.type in (wanted, framing.ERROR_MESSAGE):
                    self._came.remove(one)
                    code, words = self._sound(status_of, one.body)
                    if code or one.type == framing.ERROR_MESSAGE:
                        raise ConfigError(f"{self.host}: the reader refuses message {kind}: {code} {words}")
                    return one.body
            if time.monotonic() > until:
                raise RetriableError(f"{self.host}: no answer to message {kind}")
            self.turn(0.05)

    def _sound(self, read: Callable[..., Any], *arguments: Any) -> Any:
        """What is read; RetriableError where the bytes are no LLRP, for then nothing behind them can be understood either."""
        try:
            return read(*arguments)
        except BrokenError as error:
            raise RetriableError(f"{self.host}: this is no LLRP: {error}") from error


def _stated(content: bytes) -> tuple[int, tuple[int, list[int]]]:
    """What an operation at the reader says of itself. Raises BrokenError."""
    reading = found(content[6:], framing.AISPEC) or bytes(2)
    count = number(reading, 2)
    return number(content, 4), (number(content[5:], 1), [number(reading[2 + 2 * at :], 2) for at in range(count)])


def _operation(antennas: Sequence[int]) -> bytes:
    """Our ROSpec, disabled, that begins when it is told to and goes on until it is deleted; a report for each tag."""
    triggers = parameter(framing.START_TRIGGER, b"\x00") + parameter(framing.STOP_TRIGGER, bytes(5))
    listed = list(antennas) or [0]
    inventory = parameter(framing.INVENTORY, struct.pack(">HB", 1, 1))
    reading = struct.pack(f">H{len(listed)}H", len(listed), *listed) + parameter(framing.AISPEC_STOP, bytes(5)) + inventory
    report = struct.pack(">BH", 1, 1) + parameter(framing.CONTENT, struct.pack(">H", _CONTENT))
    said = parameter(framing.BOUNDARY, triggers) + parameter(framing.AISPEC, reading) + parameter(framing.REPORT_SPEC, report)
    return parameter(framing.ROSPEC, struct.pack(">IBB", OPERATION, 0, 0) + said)
