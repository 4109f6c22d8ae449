"""Values of nodes as lines, and up to when each node is known.

    {"node":"nsu=urn:plc;s=Line1.Good","name":"good","measure":"Count","value":1204,"type":"Int32","status":"Good","quality":"good",
     "source":"2026-11-22T08:00:00.250000+00:00","server":"2026-11-22T08:00:00.251000+00:00"}

`value` is a number; whatever else a node holds stands in `text`. A reading is known by node and time of its source; the same with another
value or status is another version of it, and taken in anew.
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from asyncua import ua

from connectors.pulling import clock_of
from connectors.spec import Delivered, Page
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding

_MEDIA_TYPE = "application/x-ndjson"
_NODE_WORDS = frozenset({"node", "name", "measure", "unit"})
_QUALITY = ("good", "uncertain", "bad", "bad")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Watched:
    """A node and what its readings are called."""

    text: str
    """As the site writes it: `ns=2;s=Line1.Good`, or with the name space's own name, which no restart changes:
    `nsu=urn:plc;s=Line1.Good`."""
    name: str
    measure: str | None = None
    unit: str | None = None
    node: Any = None
    """At the server, where it was found."""


def watched(settings: Mapping[str, Any]) -> list[Watched]:
    """The nodes of a flow. Raises ConfigError."""
    given = settings.get("nodes")
    if not isinstance(given, list) or not given:
        raise ConfigError("nodes is a list of the nodes that are read")
    found: list[Watched] = []
    for one in given:
        said = {"node": one} if isinstance(one, str) else one
        if not isinstance(said, Mapping) or not isinstance(said.get("node"), str) or not said.keys() <= _NODE_WORDS:
            raise ConfigError(f"nodes: {one!r} is neither a node nor has only {', '.join(sorted(_NODE_WORDS))}")
        text = str(said["node"])
        if "=" not in text or (text.startswith("nsu=") and ";" not in text):
            raise ConfigError(f"nodes: {text!r} is no node (ns=2;s=Line1.Good, nsu=urn:plc;s=Line1.Good)")
        found.append(Watched(text, str(said.get("name", text)), said.get("measure"), said.get("unit")))
    if len({one.text for one in found}) < len(found):
        raise ConfigError("nodes: one of them stands twice")
    return found


def moment(at: datetime) -> str:
    """A time as watermarks keep it: of one width, so that text compares as time does."""
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


class Readings:
    """What was read since the last page."""

    def __init__(self, settings: Mapping[str, Any], marks: Mapping[str, str], batch: int, window: float) -> None:
        self.marks = dict(marks)
        self.findings: list[Finding] = []
        """To be told with the next page."""
        self._label, self._batch, self._window = str(settings.get("label", "readings")), batch, window
        self._now = clock_of(settings)
        self._lines: list[bytes] = []
        self._records: list[tuple[str, str]] = []
        self._last: dict[str, tuple[str, str]] = {}
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether they make a document whatever the time."""
        return len(self._lines) >= self._batch

    @property
    def ripe(self) -> bool:
        """Whether they make a document now."""
        return self.full or (bool(self._lines) and time.monotonic() - self._since >= self._window)

    def stamp(self, value: ua.DataValue) -> str:
        """When the source had this value; where it does not say, when the server had it."""
        return moment(value.SourceTimestamp or value.ServerTimestamp or (self._now() if self._now is not None else _NEVER))

    def add(self, one: Watched, value: ua.DataValue) -> None:
        """A value, unless it is the one that came last of its node."""
        stamp = self.stamp(value)
        said = {"node": one.text, "name": one.name, "measure": one.measure, "unit": one.unit, **_told(value), "source": stamp}
        said = {name: held for name, held in said.items() if held is not None}
        record = f"{one.text}|{stamp}", sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
        if self._last.get(one.text) == record:
            return
        self._last[one.text] = record
        if not self._lines:
            self._since = time.monotonic()
        if value.ServerTimestamp is not None:
            said["server"] = moment(value.ServerTimestamp)
        if self._now is not None:
            said["at"] = moment(self._now())
        self._lines.append(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n")
        self._records.append(record)
        self.marks[one.text] = max(stamp, self.marks.get(one.text, stamp))

    def page(self) -> Page:
        """What was read, as a document with the watermark that it covers; begins anew."""
        content = b"".join(self._lines)
        digest = sha256(content).hexdigest()[:24]
        delivered = Delivered(f"{self._label}-{digest[:12]}.jsonl", f"stream:{digest}", len(content), None, _MEDIA_TYPE)
        page = Page(delivered, content, json.dumps(self.marks, sort_keys=True), tuple(self._records), tuple(self.findings))
        self._lines, self._records, self.findings = [], [], []
        return page


def _told(value: ua.DataValue) -> dict[str, Any]:
    """Value, type, status and quality. Of a status the code counts, not the bits that say where the value was read."""
    code = value.StatusCode.value if value.StatusCode is not None else 0
    found: dict[str, Any] = {"status": ua.StatusCode(ua.UInt32(code & 0xFFFF0000)).name, "quality": _QUALITY[code >> 30]}
    variant = value.Value
    if variant is None or variant.Value is None:
        return found
    found["type"] = variant.VariantType.name
    held = _plain(variant.Value, variant.VariantType)
    return {"value" if isinstance(held, int | float) and not isinstance(held, bool) else "text": _as_text(held), **found}


def _plain(held: Any, kind: Any) -> Any:
    """A value as JSON has it; what it has no word for as text."""
    if isinstance(held, bool | int | str):
        return held
    if isinstance(held, float):
        if not math.isfinite(held):
            return str(held)
        return float(f"{held:.7g}") if kind == ua.VariantType.Float else held  # 4.2 of 32 bits is no 4.199999809265137
    if isinstance(held, datetime):
        return moment(held)
    if isinstance(held, bytes):
        return base64.b64encode(held).decode()
    if isinstance(held, ua.LocalizedText):
        return held.Text or ""
    if isinstance(held, Sequence):
        return [_plain(one, kind) for one in held]
    return str(held)


def _as_text(held: Any) -> Any:
    """Numbers stay; truth and lists are text."""
    return json.dumps(held, ensure_ascii=False) if isinstance(held, bool | list) else held
