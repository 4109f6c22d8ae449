"""Messages of a broker as documents: those of a short window make one, a line of JSON each, with where it came from and when.

    {"topic":"cold/pudong/S-17","parts":{"site":"pudong","sensor":"S-17"},"at":"2026-11-22T08:00:00.000000+00:00","message":{"t":4.1}}

`message` is what was published, as it was written; where that is no JSON, `text` has it, or `base64` where it is no text. Words in braces
in a topic (`cold/{site}/{sensor}`) are levels that may be anything, and the line tells them by these names. A message is acknowledged to
the broker only once its line is durable, so it may come again: it is known by what names it (`id`: paths into what was published), or by
what the broker says of it.
"""

from __future__ import annotations

import base64
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import Event
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from connectors.credentials import required, seconds
from connectors.deltas import value_at
from connectors.pulling import Asked, clock_of, whole_number
from connectors.spec import Delivered, Page
from data_contracts.errors import ConfigError

SETTINGS = frozenset({"id", "ignore", "label", "batch", "window_seconds", "quiet_seconds", "clock"})
QUIET = Page(Delivered("quiet", "quiet", 0), b"", None, ())
"""Nothing came, and the connection stands."""
QUIET_SECONDS = 15.0
"""Between two of them, while nothing comes."""
REPEAT = ""
"""The version of a record that the peer says it sent before (`Page.records`)."""
MOST_BYTES = 4 * 1024 * 1024
"""Of one document; a message is never parted."""
_MEDIA_TYPE = "application/x-ndjson"
_WORD = re.compile(r"\{(\w+)\}")


class Heard(Asked, ABC):
    """What transports have in common whose peer speaks by itself and keeps what was not acknowledged."""

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What waits at the peer, until nothing has come for a while. Raises RetriableError when it goes away."""
        yield from self.heard(settings, watermark, None)

    def listen(self, settings: Mapping[str, Any], watermark: str | None, stop: Event) -> Iterator[Page]:
        """What comes, until `stop` is set. Raises RetriableError when the peer goes away."""
        yield from self.heard(settings, watermark, stop)

    @abstractmethod
    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """Both of them: without `stop` what waits."""

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Tell the peer of each message of a page that it is durable."""
        if page.receipt is not None:
            page.receipt()

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """Raises ConfigError: what waits at the peer has no place that a person could name."""
        raise ConfigError(f"transport {self.name}: the peer keeps what waits; there is no watermark that could be set")


def address_of(settings: Mapping[str, Any], transport: str, schemes: Collection[str], like: str, *, path: bool = False) -> SplitResult:
    """Where the peer is: no user stands in an address, and no path without `path`. `like` shows one. Raises ConfigError."""
    text = required(settings, "url", transport)
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError as error:
        raise ConfigError(f"url: {text!r}: {error}") from error
    if (
        address.scheme not in schemes
        or not address.hostname
        or address.username
        or not (path or address.path in ("", "/"))
        or address.query
    ):
        raise ConfigError(f"url: {text!r} is no address such as {like}, without a user")
    return address


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a flow, and what their levels are called."""

    filters: tuple[str, ...]
    """As the broker is asked for them."""
    names: tuple[tuple[str | None, ...], ...]
    """Of each filter, the name of each level; None: a word, or one that nobody named."""
    separator: str
    one: str
    rest: str

    @classmethod
    def of(cls, settings: Mapping[str, Any], key: str, separator: str, one: str, rest: str) -> Topics:
        """`one` and `rest` are the broker's wildcards for a level and for all that follow. Raises ConfigError."""
        given = settings.get(key)
        if not isinstance(given, list) or not given or not all(isinstance(topic, str) and topic for topic in given):
            raise ConfigError(f"{key} is a list of what is listened to")
        filters, names = [], []
        for topic in given:
            levels = topic.split(separator)
            found = [_WORD.fullmatch(level) for level in levels]
            if rest in levels[:-1] or any("{" in level and word is None for level, word in zip(levels, found, strict=True)):
                raise ConfigError(f"{key}: {topic!r}: a word in braces is a whole level, and {rest} the last one")
            filters.append(separator.join(one if word is not None else level for level, word in zip(levels, found, strict=True)))
            names.append(tuple(word[1] if word is not None else None for word in found))
        return cls(tuple(filters), tuple(names), separator, one, rest)

    def parts(self, topic: str) -> dict[str, str]:
        """The named levels of a topic, by the first filter that fits it."""
        levels = topic.split(self.separator)
        for pattern, names in zip(self.filters, self.names, strict=True):
            wanted = pattern.removeprefix("$share/").split(self.separator)
            wanted = wanted[1:] if pattern.startswith("$share/") else wanted
            shift = len(names) - len(wanted)
            open_end = wanted[-1] == self.rest
            if len(levels) != len(wanted) and not (open_end and len(levels) >= len(wanted) - 1):
                continue
            if all(want in (self.one, self.rest, level) for want, level in zip(wanted, levels, strict=False)):
                return {name: level for name, level in zip(names[shift:], levels, strict=False) if name is not None}
        return {}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as a broker gave it."""

    topic: str
    payload: bytes
    key: str
    """By which the broker knows it: a repeat has the same."""
    version: str
    """Anything that differs between two messages of one key; `REPEAT` where the broker says that it sent this one before."""
    receipt: Callable[[], None]
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else the line tells: headers, properties."""


@dataclass(frozen=True, slots=True)
class Window:
    """How messages are gathered, and how they are known again."""

    topics: Topics
    ids: tuple[str, ...]
    ignore: frozenset[str]
    label: str
    batch: int
    seconds: float
    quiet: float
    now: Callable[[], datetime] | None

    @classmethod
    def of(cls, settings: Mapping[str, Any], topics: Topics, batch: int) -> Window:
        """From the settings of a transport. `batch` is the default of it. Raises ConfigError."""
        ids = settings.get("id", ())
        return cls(
            topics,
            (str(ids),) if isinstance(ids, str) else tuple(str(one) for one in ids),
            frozenset(str(one) for one in settings.get("ignore", ())),
            str(settings.get("label", "messages")),
            whole_number(settings, "batch", batch, 10_000),
            seconds(settings, "window_seconds", 2),
            seconds(settings, "quiet_seconds", 2),
            clock_of(settings),
        )


class Gathering:
    """What came since the last page."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._lines: list[bytes] = []
        self._records: list[tuple[str, str]] = []
        self._receipts: list[Callable[[], None]] = []
        self._bytes = 0
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, arrived: Arrived) -> None:
        """A message, to stand in the next page."""
        window = self.window
        if not self._lines:
            self._since = time.monotonic()
        made, body = line(arrived, window.topics.parts(arrived.topic), window.now)
        self._lines.append(made)
        self._records.append(_known_by(window, arrived, body))
        self._receipts.append(arrived.receipt)
        self._bytes += len(made)

    @property
    def ripe(self) -> bool:
        """Whether they make a document now."""
        full = len(self._lines) >= self.window.batch or self._bytes >= MOST_BYTES
        return full or (bool(self._lines) and time.monotonic() - self._since >= self.window.seconds)

    @property
    def waits(self) -> float:
        """Seconds until they do, at most."""
        return max(0.0, self.window.seconds - (time.monotonic() - self._since)) if self._lines else self.window.seconds

    def page(self) -> Page:
        """What was gathered, as a document; begins anew."""
        content = b"".join(self._lines)
        digest = sha256(content).hexdigest()[:24]
        delivered = Delivered(f"{self.window.label}-{digest[:12]}.jsonl", f"stream:{digest}", len(content), None, _MEDIA_TYPE)
        page = Page(delivered, content, None, tuple(self._records), (), _all(self._receipts))
        self._lines, self._records, self._receipts, self._bytes = [], [], [], 0
        return page


def _all(receipts: Iterable[Callable[[], None]]) -> Callable[[], None]:
    def give() -> None:
        for receipt in receipts:
            receipt()

    return give


def line(arrived: Arrived, parts: Mapping[str, str], now: Callable[[], datetime] | None) -> tuple[bytes, Any]:
    """The line of a message, with its end, and what was published as values; None where that is no JSON."""
    head: dict[str, Any] = {"topic": arrived.topic}
    if parts:
        head["parts"] = dict(parts)
    if now is not None:
        head["at"] = now().isoformat(timespec="microseconds")
    head.update(arrived.more)
    payload = arrived.payload.removeprefix(b"\xef\xbb\xbf")
    try:
        body = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
        try:
            head["text"] = payload.decode()
        except UnicodeDecodeError:
            head["base64"] = base64.b64encode(arrived.payload).decode()
        return msgspec.json.encode(head) + b"\n", None
    published = (
        payload.strip().replace(b"\r", b" ").replace(b"\n", b" ")
    )  # line ends stand between values only: within texts JSON forbids them
    return msgspec.json.encode(head)[:-1] + b',"message":' + published + b"}\n", body


def _known_by(window: Window, arrived: Arrived, body: Any) -> tuple[str, str]:
    """Id and version of a message: by what it says of itself where the flow names that, else by what the broker says."""
    values = [value_at({"topic": arrived.topic, "parts": window.topics.parts(arrived.topic), "message": body}, path) for path in window.ids]
    if not values or any(value in (None, "") or isinstance(value, dict | list) for value in values):
        return arrived.key, arrived.version
    said = {name: value for name, value in body.items() if name not in window.ignore} if isinstance(body, dict) else body
    version = sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:32]
    return msgspec.json.encode(values).decode(), version
