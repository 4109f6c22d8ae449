"""What a reader reports of tags: memory, antenna, strength and times (LLRP 1.1 clause 14.2.3). What is unsound is told, not raised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.transports.llrp.framing import (
    ANTENNA,
    EPC_96,
    EPC_DATA,
    FIRST_UPTIME,
    FIRST_UTC,
    LAST_UPTIME,
    LAST_UTC,
    PEAK_RSSI,
    SEEN_COUNT,
    TAG_REPORT,
    BrokenError,
    number,
    parameters,
)

_MOST_BITS = 31 * 16
"""Of an EPC: what the length bits of a tag's protocol control word can say (Gen2 6.3.2.1.2.2)."""
LAST = 4_102_444_800_000_000
"""2100-01-01 in microseconds: a time behind it is none."""


@dataclass(frozen=True, slots=True)
class Read:
    """A tag that was seen. Times are microseconds since 1970."""

    memory: str
    """The EPC as the tag holds it, in hexadecimal."""
    first: int
    last: int
    antenna: int | None = None
    rssi: int | None = None
    """Peak strength in dBm."""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A report that could not be read."""

    what: str
    got: str


def reads(body: bytes, now: int, booted: int | None) -> Iterator[Read | Broken]:
    """The reads of a report. `now` stands for times that a reader does not tell; `booted` is when its clock without a date began."""
    try:
        for kind, content in parameters(body):
            if kind == TAG_REPORT:
                yield _read(content, now, booted)
    except BrokenError as error:
        yield Broken(str(error), body[:40].hex())


def _read(content: bytes, now: int, booted: int | None) -> Read | Broken:
    memory: str | None = None
    said: dict[int, int] = {}
    try:
        for kind, value in parameters(content):
            if kind == EPC_96:
                memory = value.hex().upper()
            elif kind == EPC_DATA:
                memory = _memory(value)
            elif kind == PEAK_RSSI:
                said[kind] = number(value, 1, signed=True)
            elif kind in (ANTENNA, FIRST_UTC, FIRST_UPTIME, LAST_UTC, LAST_UPTIME, SEEN_COUNT):
                said[kind] = number(value, len(value))
        if memory is None:
            raise BrokenError("a report without EPC")
        first = _time(said.get(FIRST_UTC), said.get(FIRST_UPTIME), booted)
        last = _time(said.get(LAST_UTC), said.get(LAST_UPTIME), booted)
    except BrokenError as error:
        return Broken(str(error), content[:40].hex())
    first = first if first is not None else last if last is not None else now
    return Read(memory, first, max(first, last or first), said.get(ANTENNA), said.get(PEAK_RSSI), said.get(SEEN_COUNT))


def _memory(value: bytes) -> str:
    """An EPC of any length, filled up to whole bytes."""
    bits = number(value, 2)
    content = value[2:]
    if not 0 < bits <= _MOST_BITS or len(content) != -(-bits // 8):
        raise BrokenError(f"an EPC of {bits} bits in {len(content)} bytes")
    return content.hex().upper()


def _time(utc: int | None, uptime: int | None, booted: int | None) -> int | None:
    stated = utc if utc is not None else uptime + booted if uptime is not None and booted is not None else None
    if stated is not None and not 0 < stated < LAST:
        raise BrokenError(f"a time of {stated} microseconds since 1970")
    return stated
