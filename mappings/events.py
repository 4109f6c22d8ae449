"""The mappings of visibility events: EPCIS is canonical by itself, so that there is nothing to configure.

A message of the format `epcis` is read into a canonical event at once; these mappings hand it on and say which member of the standard is
which of ours (`data_contracts/events/members.py`). They are named as others are, `epcis/ObjectEvent`, and kept as evidence like them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as AbstractMapping
from typing import Any

import yaml

from data_contracts.events.members import MEMBERS
from data_contracts.events.record import EventRecord, text_of
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.context import Context, Mapped
from mappings.resolve import EVENTS, EVENTS_VERSION
from mappings.trace import Origin


class EventMapping:
    """The mapping of one event type."""

    format = "epcis"
    version = EVENTS_VERSION
    direction = "both"
    purpose: str | None = None

    def __init__(self, name: str, kind: str) -> None:
        self.entity = self.message = kind
        self.name = name
        self._rows = MEMBERS[kind]
        self.body: str = yaml.safe_dump(
            {
                "mapping": self.name,
                "version": self.version,
                "format": self.format,
                "message": kind,
                "entity": kind,
                "fields": [{"to": member, "from": name, "as": holds} for name, member, holds in self._rows],
            },
            sort_keys=False,
        )
        self.hash = hashlib.sha256(self.body.encode()).hexdigest()

    def read(self, root: SourceRecord, context: Context) -> Mapped:
        """The event that was read; none where too much of it lacks."""
        event = root.event if isinstance(root, EventRecord) else None
        return Mapped(None if event is None else dict(event), [])

    def trace(self, root: SourceRecord, context: Context) -> dict[str, Origin]:
        """Canonical path to the member of the event, with elements of lists."""
        event = root.event if isinstance(root, EventRecord) else None
        if event is None:
            return {}
        origins: dict[str, Origin] = {}
        for name, member, holds in self._rows:
            if member in event:
                row = f"{{to: {member}, from: {name}, as: {holds}}}"
                _origins(origins, member, f"/{name}", event[member], row, holds, root.line)
        return origins

    def unmapped(self, root: SourceRecord, mapped: Mapped) -> list[Finding]:
        """Nothing: what users add is kept as `extensions`."""
        return []

    def write(self, entity: AbstractMapping[str, Any], context: Context) -> SourceRecord:
        """The record of an event."""
        return EventRecord(self.message, {}, dict(entity), 0)

    def unwritten(self, entity: AbstractMapping[str, Any], context: Context) -> list[Finding]:
        """Nothing: all of an event can be said."""
        return []


def _origins(origins: dict[str, Origin], path: str, source: str, value: Any, row: str, holds: str, line: int) -> None:
    if isinstance(value, list):
        for index, one in enumerate(value):
            _origins(origins, f"{path}[{index}]", f"{source}/{index}", one, row, holds, line)
        return
    values = () if isinstance(value, dict) else (text_of(value),)
    origins[path] = Origin(Place(line=line or None, path=source), values, row, holds)
    if isinstance(value, dict):
        for member, one in value.items():
            if not isinstance(one, dict | list):
                origins[f"{path}.{member}"] = Origin(Place(line=line or None, path=source), (text_of(one),), row, holds)


MAPPINGS = {name: EventMapping(name, kind) for name, kind in EVENTS.items()}
"""By name."""
