"""From reads to observations: a tag that is seen again at its read point within a while was there all the time: one observation.

Observations make an EPCIS document, an event each, for that is the standard's word for what a reader saw. Each tells what the tag holds, in
hexadecimal, by which antenna and how strongly it was seen, in a name space of the hub's own (`urn:udihub:`). What is no EPC stays memory
(`urn:epc:raw:`), and is told (STR-05).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from typing import Any

import msgspec

from connectors.spec import Delivered, Page
from connectors.streaming import REPEAT
from connectors.transports.llrp.places import Place, Places
from connectors.transports.llrp.reports import Broken, Read
from data_contracts.events.members import CONTEXT
from data_contracts.findings import Finding
from data_contracts.identifiers import epc_tag

SPACE = "urn:udihub:"
_MEDIA_TYPE = "application/ld+json"
_MOST_SEEN = 200_000
"""Tags that are remembered at a time; of more, those that were seen longest ago are told again."""
_MOST_KEPT = 1000
"""Of them, over a restart: the newest."""
_MOST_TOLD = 20
"""Findings of a page; the rest is counted in the last of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How reads become events."""

    places: Places
    again: float
    """Seconds within which a tag that is seen again was there all the time."""
    zone: tzinfo
    biz_step: str | None
    disposition: str | None
    foreign: bool
    """Whether tags that hold no EPC are told."""
    label: str
    batch: int
    window: float


class Sightings:
    """What was seen since the last page, and what is in sight."""

    def __init__(self, plan: Plan, seen: Mapping[str, int]) -> None:
        self._plan, self._again = plan, round(plan.again * 1_000_000)
        self._seen: dict[str, int] = dict(seen)
        """When each tag was seen last, the newest behind; by tag and read point."""
        self._events: list[dict[str, Any]] = []
        self._records: list[tuple[str, str]] = []
        self._findings: list[Finding] = []
        self._left = 0
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._events) + len(self._findings)

    @property
    def ripe(self) -> bool:
        """Whether they make a document now."""
        return len(self._events) >= self._plan.batch or (len(self) > 0 and time.monotonic() - self._since >= self._plan.window)

    def tell(self, finding: Finding) -> None:
        """A finding for the next page; of very many some stand for all."""
        if not self:
            self._since = time.monotonic()
        if len(self._findings) < _MOST_TOLD:
            self._findings.append(finding)
        else:
            self._left += 1

    def add(self, read: Read | Broken) -> bool:
        """A read; whether it is a new observation."""
        if isinstance(read, Broken):
            self.tell(Finding("STR-04", expected=read.what, got=read.got))
            return False
        place = self._plan.places.of(read.antenna)
        key = base64.urlsafe_b64encode(sha256(f"{read.memory}|{place.read_point}".encode()).digest()[:9]).decode()
        last = self._seen.pop(key, None)
        there = last is not None and abs(read.first - last) <= self._again
        self._seen[key] = max(read.last, last) if there and last is not None else read.last
        if len(self._seen) > _MOST_SEEN:
            self._forget(read.last)
        return not there and self._observed(read, place)

    def _forget(self, now: int) -> None:
        self._seen = {key: at for key, at in self._seen.items() if abs(now - at) <= self._again}
        for key in list(self._seen)[: max(0, len(self._seen) - _MOST_SEEN // 2)]:
            del self._seen[key]

    def _observed(self, read: Read, place: Place) -> bool:
        parsed = epc_tag.parse(read.memory)
        if parsed.epc is None or not parsed.valid:
            if not self._plan.foreign:
                return False
            reason = next((found.text() for found in parsed.findings), "")
            self.tell(Finding("STR-05", expected=reason, got=read.memory, params={"what": place.read_point}))
        thing = parsed.epc.uri if parsed.epc is not None and parsed.valid else epc_tag.raw(read.memory)
        at = _moment(read.first, self._plan.zone)
        event: dict[str, Any] = {
            "type": "ObjectEvent", "eventTime": at.isoformat(timespec="microseconds"), "eventTimeZoneOffset": at.isoformat()[-6:],
            "epcList": [thing], "action": "OBSERVE", "bizStep": self._plan.biz_step, "disposition": self._plan.disposition,
            "readPoint": {"id": place.read_point}, "bizLocation": {"id": place.biz_location} if place.biz_location else None,
            "udihub:memory": read.memory, "udihub:antenna": read.antenna, "udihub:rssi": read.rssi,
        }  # fmt: skip
        if not self:
            self._since = time.monotonic()
        self._events.append({name: value for name, value in event.items() if value is not None})
        turn = read.first // self._again
        self._records.append((sha256(f"{read.memory}|{place.read_point}|{turn}".encode()).hexdigest()[:40], REPEAT))
        return True

    def page(self, mark: str | None, now: datetime) -> Page:
        """What was seen, as a document with the watermark that it covers; begins anew."""
        findings = tuple(self._findings)
        if self._left:
            findings += (Finding("STR-06", got=str(self._left)),)
        document = {
            "@context": [CONTEXT, {"udihub": SPACE}], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": now.astimezone(UTC).isoformat(timespec="milliseconds"), "epcisBody": {"eventList": self._events},
        }  # fmt: skip
        content = msgspec.json.encode(document) if self._events else b""
        digest = sha256(msgspec.json.encode(self._events)).hexdigest()[:24]
        delivered = Delivered(f"{self._plan.label}-{digest[:12]}.jsonld", f"stream:{digest}", len(content), None, _MEDIA_TYPE)
        page = Page(delivered, content, mark, tuple(self._records), findings)
        self._events, self._records, self._findings, self._left = [], [], [], 0
        return page

    def kept(self) -> dict[str, int]:
        """What is in sight, for whoever listens next; the newest of very many."""
        newest = max(self._seen.values(), default=0)
        alive = [(key, at) for key, at in self._seen.items() if newest - at <= self._again]
        return dict(alive[-_MOST_KEPT:])


def _moment(micros: int, zone: tzinfo) -> datetime:
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).astimezone(zone)
