"""A published record as a device: read by the grammar and mapping of its layout, with what that layout can state at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from connectors.extracts import Layout, Published
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.findings import Finding
from data_contracts.registers import Register
from hub.registers.record import copied, member_of
from hub.registers.shaping import in_its_words, without_uncoded
from mappings.engine import Context, load
from mappings.engine import Mapping as Compiled
from mappings.plan import Scope

_GONE = frozenset({"withdrawn", "not_intended"})
_CANCELLED = frozenset({"注销", "Unpublished", "Deactivated"})
"""States in which registers say that a record holds no more (NMPA's versionStauts, GUDID's deviceRecordStatus)."""


class Reader:
    """Reads records of one register; mappings of the site win over the shipped ones."""

    def __init__(self, register: Register, as_of: str, folders: tuple[Path, ...]) -> None:
        self._register = register
        self._context = Context(time_zone=register.time_zone, sent=f"{as_of.replace('-', '')} 0000")
        self._folders = folders
        self._mappings: dict[str, tuple[Compiled, frozenset[str]]] = {}

    def read(self, one: Published) -> tuple[dict[str, Any] | None, list[Finding]]:
        """The device of a record, or None, and what is wrong with the record."""
        mapping, _ = self._of(one.layout)
        findings, entity = list(one.findings), None
        for event in format_named(one.layout.format).read(BytesIO(one.content), STRICT, one.layout.grammar):
            if event.message is not None and event.message.root is not None:
                mapped = mapping.read(event.message.root, self._context)
                entity = mapped.entity
                findings += [*event.message.findings, *mapped.findings]
            elif event.message is not None:
                findings += event.message.findings
            elif event.finding is not None:
                findings.append(event.finding)
        if entity is None:
            why = "; ".join(finding.text("en") for finding in findings[:3]) or "empty"
            return None, [Finding("EXT-05", expected="device", got=f"{one.where}: {why}"[:300])]
        return entity, list(one.findings)

    def states(self, layout: Layout, path: str) -> bool:
        """Whether the layout has a place for a member, rows by their keys: EUDAMED's public list is a device in few words."""
        _, stateable = self._of(layout)
        row, mark, below = path.partition("].")
        top = row.partition("[")[0]
        return f"{top}.{below}" in stateable if mark else top in stateable

    def sayable(self, layout: Layout, device: Mapping[str, Any]) -> dict[str, Any]:
        """Our device in the register's words, without those that it has no code for: it cannot say them, so it does not say otherwise."""
        mapping, _ = self._of(layout)
        said: dict[str, Any] = copied(device)
        in_its_words(self._register, said)
        without_uncoded(self._register, mapping.plan.root, said)
        return said

    def _of(self, layout: Layout) -> tuple[Compiled, frozenset[str]]:
        if layout.mapping not in self._mappings:
            mapping = load(layout.mapping, self._folders)
            self._mappings[layout.mapping] = (mapping, frozenset(_targets(mapping.plan.root, "")))
        return self._mappings[layout.mapping]


def _targets(scope: Scope, prefix: str) -> list[str]:
    """Members that the rows of a mapping fill when it reads."""
    found = [f"{prefix}{'.'.join(rule.to)}" for rule in scope.rules if rule.row.direction != "out"]
    for inner in scope.scopes:
        at = f"{prefix}{inner.to}" if inner.to else prefix.rstrip(".")
        found += [at, *_targets(inner, f"{at}." if at else "")]
    return found


def withdrawn(device: Mapping[str, Any], section: str, today: date) -> bool:
    """Whether a device is no longer sold, or never was, where the register's section speaks of."""
    until = member_of(device, f"{section}.withdrawn_on")
    if member_of(device, f"{section}.version_state") in _CANCELLED or member_of(device, f"{section}.record_state") in _CANCELLED:
        return True
    return member_of(device, f"{section}.status") in _GONE or (until is not None and str(until) < today.isoformat())


def since(device: Mapping[str, Any], section: str) -> str | None:
    """The day of the version that a register publishes."""
    said = member_of(device, f"{section}.version_on") or member_of(device, f"{section}.published_on")
    return str(said) if said else None


def shown_of(device: Mapping[str, Any]) -> dict[str, str]:
    """How people know a device: name, model, company."""
    name = next((device[member] for member in ("name", "name_zh", "generic_name", "generic_name_zh") if device.get(member)), None)
    company = next(
        (said for path in ("labeler.name", "manufacturer.name", "manufacturer.name_zh") if (said := member_of(device, path))), None
    )
    return {key: str(value) for key, value in (("name", name), ("model", device.get("model")), ("company", company)) if value}
