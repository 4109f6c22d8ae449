"""A message of Kafka as a line tells it: with partition, offset, time, key and headers, whatever bytes its publisher wrote there."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import methodcaller
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

from connectors.streaming import Arrived

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_ASKED = methodcaller("headers")
"""The client (2.16) gives back a list with a hole, and an error beside it, where it cannot decode a name. Called so, Python sees to it that
the error is raised; called as a method, it may come up anywhere later, and whoever looks into the list ends the process."""


def arrived(message: Any) -> Arrived:
    """Known by topic, partition and offset; its version is what it says, for a topic that was made anew has other things at this place.

    A value that is null says, in topics that are compacted, that its key is no more: the line has `tombstone`, and `null` as the message.
    """
    kind, milliseconds = message.timestamp()
    value, headers = message.value(), _headers(message)
    more: dict[str, Any] = {"partition": message.partition(), "offset": message.offset()}
    if kind != TIMESTAMP_NOT_AVAILABLE:
        more["published"] = _published(milliseconds)
    if message.key() is not None:
        more["key"] = _text(message.key())
    if headers is None or headers:
        more["headers"] = headers and _by_name(headers)
    if value is None:
        more["tombstone"] = True
    place = f"{message.topic()}/{message.partition()}/{message.offset()}"
    version = _version(milliseconds, message.key(), headers or (), value)
    return Arrived(message.topic(), b"null" if value is None else value, place, version, _nothing, more)


def unreadable(found: Arrived) -> bool:
    """Whether a message has headers that cannot be read: its line has `null` for them."""
    return found.more.get("headers", ()) is None


def _headers(message: Any) -> Sequence[tuple[str, bytes | None]] | None:
    """None where a name is no UTF-8: the client cannot say it, nor what else is there."""
    try:
        said: Sequence[tuple[str, bytes | None]] | None = _ASKED(message)
    except (SystemError, UnicodeDecodeError):
        return None
    return said or ()


def _version(milliseconds: int, key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> str:
    """A hash of what was published, of its bytes alone: were it ever another, a hub would take in anew all that it knows."""
    parts: list[bytes | None] = [b"%d" % milliseconds, key, value]
    for name, said in headers:
        parts += [name.encode(), said]
    return sha256(b"".join(b"-" if part is None else b"%d:" % len(part) + part for part in parts)).hexdigest()[:32]


def _published(milliseconds: int) -> str | int:
    """A time; one that no calendar has (a publisher may say any) stands as it is, in milliseconds since 1970."""
    try:
        return (_BEGAN + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    except OverflowError:
        return milliseconds


def _by_name(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, Any]:
    """Headers by name; one that is there several times has a list."""
    found: dict[str, list[Any]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(_text(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _text(value: bytes | str | None) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return value


def _nothing() -> None:
    """Nobody is told that a message is durable: the hub's watermark says it."""
