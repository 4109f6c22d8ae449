"""What a mapping is told beside the message, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.function_base import in_zone

if TYPE_CHECKING:
    from mappings.getters import Run


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Context:
    """Facts of the agreement and the envelope that a message itself does not say."""

    time_zone: str = "UTC"
    """IANA zone of times that state no offset."""
    time_zone_source: Literal["profile", "assumed"] = "profile"
    """Whether the agreement names that zone, or it is UTC for want of any."""
    components: str = ":"
    """Component separator in force."""
    repetition: str = ""
    """Repetition separator in force; empty where the version has none."""
    currency: str | None = None
    """ISO 4217 currency of the agreement, for `default: "@currency"`."""
    sent: str = ""
    """When the envelope says that the message was made, `20261122 0830` in that zone, for `default: "@sent"`."""
    came: datetime | None = None
    """When its document came, for `default: "@came"`: of systems that answer without a moment of their own."""
    message_version: str | None = None
    """`004010`, `005010`; known to the caller, no row depends on it: one file serves both."""


def sent_at(context: Context) -> datetime | None:
    """The moment that the envelope states; null where it states none, or none that is a time."""
    day, _, time = context.sent.partition(" ")
    try:
        local = datetime.strptime(day + time[:4], "%Y%m%d%H%M" if len(day) == 8 else "%y%m%d%H%M")  # noqa: DTZ007  # the zone comes next
    except ValueError:
        return None
    return in_zone(local, context.time_zone)


@dataclass(slots=True)
class Mapped:
    """One message as canonical data. `entity` is null when not even its mandatory header could be made."""

    entity: dict[str, Any] | None
    findings: list[Finding]
    run: Run | None = None
    """How reading went; `Mapping.unmapped` asks it what rows passed over in this message."""


def _number(record: SourceRecord, alike: list[SourceRecord]) -> int:
    return next(at for at, child in enumerate(alike, 1) if child is record)


def place_of(record: SourceRecord, key: int | str | None = None, component: int | None = None) -> Place:
    """Where a value stands: segment and element, or for named formats the path from the message's top."""
    if isinstance(record.values, Mapping):
        steps = [key] if isinstance(key, str) and key else []
        here: SourceRecord | None = record
        while here is not None and here.parent is not None:
            siblings = here.parent.children
            alike = [child for child in siblings if child.tag == here.tag] if len(siblings) > 1 else siblings
            steps.append(f"{here.tag}[{_number(here, alike)}]" if len(alike) > 1 else here.tag)
            here = here.parent
        return Place(position=record.position, line=record.line or None, path="/".join(reversed(steps)) or None)
    element = key if isinstance(key, int) else None
    return Place(segment=record.tag, position=record.position, element=element, component=component, line=record.line or None)
