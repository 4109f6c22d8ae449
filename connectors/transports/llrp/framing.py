"""The binary form of LLRP 1.0.1 and 1.1: messages of parameters, each with its length in front (LLRP 1.1 clause 17).

A message is ten bytes of head (version, type, length, number) and parameters. A parameter is either long, with a type of ten bits and a
length, or short, with a type of seven bits that tells how long it is. Lengths come from the peer: each is held against what surrounds it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = 10
MOST_BYTES = 1024 * 1024
"""Of one message; a report of ten thousand tags has half of that."""
_LONG, _SHORT = 4, 0x80
_SHORT_LENGTHS = {
    1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2, 11: 2, 12: 2, 13: 12, 14: 2, 15: 2, 16: 4, 17: 2, 18: 4, 19: 2, 20: 2,
}  # fmt: skip
"""Bytes behind the type, by type (LLRP 1.1 clause 17.2)."""

GET_READER_CAPABILITIES, SET_READER_CONFIG, CLOSE_CONNECTION_RESPONSE, CLOSE_CONNECTION = 1, 3, 4, 14
ADD_ROSPEC, DELETE_ROSPEC, START_ROSPEC, ENABLE_ROSPEC, GET_ROSPECS = 20, 21, 22, 24, 26
RO_ACCESS_REPORT, KEEPALIVE, READER_EVENT_NOTIFICATION, ENABLE_EVENTS_AND_REPORTS = 61, 62, 63, 64
KEEPALIVE_ACK, ERROR_MESSAGE = 72, 100
ANSWERS = 10
"""What is added to the type of a question by the type of its answer."""

ANTENNA, FIRST_UTC, FIRST_UPTIME, LAST_UTC, LAST_UPTIME, PEAK_RSSI, SEEN_COUNT, EPC_96 = 1, 2, 3, 4, 5, 6, 8, 13
UTC_TIMESTAMP, UPTIME, GENERAL_CAPABILITIES, LLRP_CAPABILITIES, ROSPEC, BOUNDARY, START_TRIGGER, STOP_TRIGGER = (
    128, 129, 137, 142, 177, 178, 179, 182,
)  # fmt: skip
AISPEC, AISPEC_STOP, INVENTORY, KEEPALIVE_SPEC, EVENTS_AND_REPORTS, REPORT_SPEC, CONTENT = 183, 184, 186, 220, 226, 237, 238
TAG_REPORT, EPC_DATA, READER_EVENT, BUFFER_OVERFLOW, READER_EXCEPTION, CONNECTION_ATTEMPT, CONNECTION_CLOSE, STATUS = (
    240, 241, 246, 251, 252, 256, 257, 287,
)  # fmt: skip


class BrokenError(ValueError):
    """Bytes that are no LLRP; says what was wrong."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `body` are its bytes behind the head."""

    type: int
    number: int
    body: bytes


def head(content: bytes) -> tuple[int, int, int]:
    """Type, length of the whole message and number, out of the first ten bytes. Raises BrokenError."""
    first, length, number = struct.unpack(">HII", content)
    version = first >> 10 & 7
    if version not in (1, 2):
        raise BrokenError(f"version {version} of LLRP")
    if not HEAD <= length <= MOST_BYTES:
        raise BrokenError(f"a message of {length} bytes")
    return first & 0x3FF, length, number


def message(kind: int, number: int, body: bytes = b"") -> bytes:
    """A message as it goes out; of version 1.0.1, which a reader of 1.1 speaks until it is asked for more (LLRP 1.1 clause 9.1.3)."""
    return struct.pack(">HII", 1 << 10 | kind, HEAD + len(body), number) + body


def parameter(kind: int, body: bytes) -> bytes:
    """A long parameter."""
    return struct.pack(">HH", kind, _LONG + len(body)) + body


def parameters(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each parameter. Raises BrokenError behind those that were sound."""
    at, end = 0, len(body)
    while at < end:
        if body[at] & _SHORT:
            kind = body[at] & 0x7F
            size = _SHORT_LENGTHS.get(kind)
            if size is None:
                raise BrokenError(f"a short parameter of type {kind}")
            at, stop = at + 1, at + 1 + size
        else:
            if end - at < _LONG:
                raise BrokenError("a parameter without length")
            kind, length = struct.unpack_from(">HH", body, at)
            kind &= 0x3FF
            if length < _LONG:
                raise BrokenError(f"a parameter of {length} bytes")
            at, stop = at + _LONG, at + length
        if stop > end:
            raise BrokenError(f"parameter {kind} is longer than what it stands in")
        yield kind, body[at:stop]
        at = stop


def found(body: bytes, wanted: int) -> bytes | None:
    """The content of the first parameter of a type; null where none is. Raises BrokenError."""
    return next((content for kind, content in parameters(body) if kind == wanted), None)


def number(content: bytes, size: int, *, signed: bool = False) -> int:
    """The number in the first bytes of a content. Raises BrokenError where there are too few."""
    if len(content) < size:
        raise BrokenError(f"{len(content)} bytes where {size} belong")
    return int.from_bytes(content[:size], "big", signed=signed)


def status_of(body: bytes) -> tuple[int, str]:
    """Code (0: success) and words of the status in an answer. Raises BrokenError where there is none."""
    content = found(body, STATUS)
    if content is None:
        raise BrokenError("an answer without status")
    code, length = number(content, 2), number(content[2:], 2)
    return code, content[4 : 4 + length].decode("utf-8", "replace").strip()[:200]
