"""The watermark of a pull by stamps as text: up to where all is known, and where a pull that broke off goes on.

    2026-11-22T07:30:00.000000+00:00                                         one stamp, of all that is asked for
    {"changed":"2026-11-22T07:30…","created":"2026-11-22T07:01…"}            of two questions, each its own
    {"at":"changed","begun":"…T08:30…","changed":"…","from":"…T06:12…"}      a pull that is under way

A pull begins some time before its stamp (`overlap_seconds`), for what was committed late. One that broke off goes on at the last stamp
that it read: through a peer that lets fewer pages pass than the overlap holds it would never come otherwise. What it covers ends at the
moment at which it began (`begun`), however often it broke off: the overlap of the next pull is counted from there, so that whatever
was committed behind its back is still found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from connectors.deltas import Delta, as_iso
from data_contracts.errors import ConfigError

_UNDER_WAY = ("at", "from", "begun")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00$")  # as `as_iso` writes them


@dataclass(frozen=True, slots=True)
class PullMark:
    """Up to where a flow knows all, and where its pull stands."""

    stamps: Mapping[str, str] = field(default_factory=dict)
    """By clause: up to where all is known."""
    at: str | None = None
    """The clause that a pull is at; None: none is under way."""
    position: str | None = None
    """The stamp up to which it was read, which may lie before or behind the one that is covered; None: it was not begun."""
    begun: datetime | None = None
    """When the question after this clause began."""

    @classmethod
    def read(cls, delta: Delta, text: str | None) -> PullMark:
        """Of a watermark as `written`. What fits the delta no longer is left out: the pull begins anew there."""
        if text is None:
            return cls()
        if not text.startswith("{"):
            return cls(dict.fromkeys(delta.clauses, text))
        said: dict[str, Any] = msgspec.json.decode(text, type=dict[str, str])
        stamps = {clause: said[clause] for clause in delta.clauses if clause in said}
        at, position, begun = (said.get(name) for name in _UNDER_WAY)
        if at not in delta.clauses:
            return cls(stamps)
        if position is None or begun is None or delta.stamps == "number":
            return cls(stamps, at)
        return cls(stamps, at, position, datetime.fromisoformat(begun))

    def written(self, delta: Delta) -> str | None:
        """As the watermark that is kept; None where there is nothing to keep."""
        if self.at is None and not self.stamps:
            return None
        if self.at is None and len(set(self.stamps.values())) == 1 and len(self.stamps) == len(delta.clauses):
            return next(iter(self.stamps.values()))
        said = dict(self.stamps) | ({} if self.at is None else {"at": self.at})
        if self.at is not None and self.position is not None and self.begun is not None:
            said |= {"from": self.position, "begun": as_iso(self.begun)}
        return msgspec.json.encode(dict(sorted(said.items()))).decode()

    def clauses(self, delta: Delta) -> tuple[str, ...]:
        """What is asked for in this run: first the clause at which the last one broke off, last those that it was through with."""
        first = delta.clauses.index(self.at) if self.at is not None else 0
        return delta.clauses[first:] + delta.clauses[:first]


def as_watermark(delta: Delta, text: str) -> str | None:
    """A watermark that a person wrote; a pull that was under way is none any longer.

    Raises ConfigError for what this kind of delta cannot begin from.
    """
    if delta.kind == "token":
        return text
    if delta.kind != "stamp":
        raise ConfigError(f"a delta of kind {delta.kind} has no watermark that could be set")
    if not text.startswith("{"):
        return delta.written(text)
    try:
        stamps = PullMark.read(delta, text).stamps
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{text!r} is no stamp of the kind {delta.stamps}") from error
    return PullMark({clause: delta.written(stamp) for clause, stamp in stamps.items()}).written(delta)


def ahead(watermark: str, now: datetime) -> str | None:
    """The first stamp of a watermark that lies in the future, behind which everything that comes until then would be passed over; None:
    there is none. Numbers, offsets and tokens are no stamps.

    >>> ahead("2062-11-22T07:00:00.000000+00:00", datetime.fromisoformat("2026-11-30T00:00:00+00:00"))
    '2062-11-22T07:00:00.000000+00:00'
    """
    found = [watermark]
    if watermark.startswith("{"):
        try:
            found = [str(value) for value in msgspec.json.decode(watermark, type=dict[str, Any]).values()]
        except msgspec.DecodeError:
            return None
    return next((text for text in found if _STAMP.match(text) and datetime.fromisoformat(text) > now), None)
