"""A canonical event in the standard's own names again: as JSON-LD, and the prefixes that it needs.

`Identifiers` turns the URIs of things on the way, for readers who want all of them as EPC URNs or as Digital Links (EPCIS 2.0 clause
12.5, header GS1-EPC-Format).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from data_contracts.events.members import MEMBERS, METADATA, PREFIXES, REPORT, Field
from data_contracts.events.things import identify
from data_contracts.identifiers import epc

Turn = Callable[[str], str]
_STANDARD = {space: prefix for prefix, space in PREFIXES.items()}
_CONTEXT_SPACES = {"cbvmda": "urn:epcglobal:cbv:mda:"}


def as_stated(uri: str) -> str:
    """Identifiers as the sender wrote them."""
    return uri


def as_link(uri: str) -> str:
    """Identifiers as GS1 Digital Links; what is none of GS1's stays."""
    return identify(uri).uri


def as_urn(uri: str) -> str:
    """Identifiers as EPC URNs; what has none, or whose company prefix nobody has published, stays."""
    if uri.startswith("urn:"):
        return uri
    thing = identify(uri)
    try:
        return epc.of(thing.elements).uri if thing.elements else uri
    except ValueError:
        return uri


class Prefixes:
    """Names of users' fields with prefixes, and which name spaces they stand for."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._by_space = dict(_STANDARD)
        taken = {prefix for prefix, space in wanted.items() if PREFIXES.get(prefix) != space}
        for space, prefix in _STANDARD.items():
            if prefix in taken:
                del self._by_space[space]
        self._wanted = {space: prefix for prefix, space in wanted.items()}
        self.used: dict[str, str] = {}
        """Space by prefix, of those that must be declared."""

    def short(self, name: str) -> str:
        """`prefix:name` of `{space}name`; other names stay."""
        if not name.startswith("{"):
            return f"@{self.short(name[1:])}" if name.startswith("@{") else name
        space, _, local = name[1:].partition("}")
        known = self._wanted.get(space) or self._by_space.get(space)
        number = len(self.used) + 1
        while known is None or (known not in self._wanted.values() and known not in self._by_space.values()):
            known = f"ext{number}"
            number += 1
            if known not in self.used and known not in self._wanted.values():
                self._wanted[space] = known
        prefix = known
        if PREFIXES.get(prefix) != space:
            self.used[prefix] = space
        return f"{prefix}:{local}"


def json_ld(event: Mapping[str, Any], turn: Turn = as_stated, *, alone: bool = True) -> dict[str, Any]:
    """The event as JSON-LD, members in the standard's order. With `alone` it declares the prefixes of its users' fields itself."""
    prefixes = Prefixes(event.get("namespaces") or {})
    out: dict[str, Any] = {"type": event["entity"]}
    for name, member, holds in MEMBERS[event["entity"]]:
        value = event.get(member)
        if value is None or value == [] or value == {}:
            continue
        write: Callable[..., Any] = _WRITE.get(holds, _plain)
        out[name] = write(value, event, member, prefixes, turn)
    for name, value in (event.get("extensions") or {}).items():
        out[prefixes.short(name)] = users_value(value, prefixes)
    if alone and prefixes.used:
        return {"@context": [dict(prefixes.used)], **out}
    return out


def users_value(value: Any, prefixes: Prefixes) -> Any:
    """A user's value with prefixes in all names below it."""
    if isinstance(value, Mapping):
        return {prefixes.short(name): users_value(one, prefixes) for name, one in value.items()}
    if isinstance(value, list):
        return [users_value(one, prefixes) for one in value]
    return value


def instant(value: datetime) -> str:
    """A moment with the offset that its sender stated, `Z` for none."""
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _plain(value: Any, _event: Mapping[str, Any], _member: str, _prefixes: Prefixes, _turn: Turn) -> Any:
    return instant(value) if isinstance(value, datetime) else value


def _thing(value: str, _event: Mapping[str, Any], _member: str, _prefixes: Prefixes, turn: Turn) -> str:
    return turn(value)


def _things(values: list[str], _event: Mapping[str, Any], _member: str, _prefixes: Prefixes, turn: Turn) -> list[str]:
    return values if turn is as_stated else [turn(value) for value in values]


def _quantities(rows: list[Mapping[str, Any]], _event: Any, _member: str, _prefixes: Prefixes, turn: Turn) -> list[dict[str, Any]]:
    out = []
    for row in rows:
        said: dict[str, Any] = {"epcClass": turn(row["epc_class"])}
        if row.get("quantity") is not None:
            said["quantity"] = row["quantity"]
        if row.get("unit"):
            said["uom"] = row["unit"]
        out.append(said)
    return out


def _place(value: str, event: Mapping[str, Any], member: str, prefixes: Prefixes, turn: Turn) -> dict[str, Any]:
    more = event.get(f"{member}_extensions") or {}
    return {"id": turn(value), **{prefixes.short(name): users_value(one, prefixes) for name, one in more.items()}}


def _typed(name: str) -> Callable[..., list[dict[str, Any]]]:
    def write(rows: list[Mapping[str, Any]], _event: Any, _member: str, _prefixes: Prefixes, turn: Turn) -> list[dict[str, Any]]:
        return [{**({"type": row["type"]} if row.get("type") else {}), name: turn(row["id"])} for row in rows]

    return write


def _declaration(value: Mapping[str, Any], _event: Any, _member: str, prefixes: Prefixes, _turn: Turn) -> dict[str, Any]:
    out: dict[str, Any] = {"declarationTime": instant(value["declared_at"])}
    if value.get("reason"):
        out["reason"] = value["reason"]
    if value.get("corrective_event_ids"):
        out["correctiveEventIDs"] = value["corrective_event_ids"]
    return out | {prefixes.short(name): users_value(one, prefixes) for name, one in (value.get("extensions") or {}).items()}


def _sensors(rows: list[Mapping[str, Any]], _event: Any, _member: str, prefixes: Prefixes, _turn: Turn) -> list[dict[str, Any]]:
    out = []
    for row in rows:
        said: dict[str, Any] = {}
        if row.get("metadata"):
            said["sensorMetadata"] = _fields(row["metadata"], METADATA, prefixes)
        said["sensorReport"] = [_fields(report, REPORT, prefixes) for report in row.get("reports") or ()]
        out.append(said | {prefixes.short(name): users_value(one, prefixes) for name, one in (row.get("extensions") or {}).items()})
    return out


def _fields(row: Mapping[str, Any], fields: Mapping[str, Field], prefixes: Prefixes) -> dict[str, Any]:
    out = {}
    for name, field in fields.items():
        value = row.get(field.member)
        if value is not None:
            out[name] = instant(value) if isinstance(value, datetime) else value
    return out | {prefixes.short(name): users_value(one, prefixes) for name, one in (row.get("extensions") or {}).items()}


def _users(value: Mapping[str, Any], _event: Any, _member: str, prefixes: Prefixes, _turn: Turn) -> dict[str, Any]:
    return {prefixes.short(name): users_value(one, prefixes) for name, one in value.items()}


_WRITE: dict[str, Callable[..., Any]] = {
    "instance": _thing,
    "instances": _things,
    "quantities": _quantities,
    "place": _place,
    "transactions": _typed("bizTransaction"),
    "sources": _typed("source"),
    "destinations": _typed("destination"),
    "declaration": _declaration,
    "sensors": _sensors,
    "ilmd": _users,
}
"""By what a member holds (`members.py`); all else is written as it is."""


def declared(spaces: Mapping[str, str]) -> dict[str, str]:
    """Prefixes as a JSON-LD context states them."""
    return {prefix: _CONTEXT_SPACES.get(prefix, space) if space == PREFIXES["cbvmda"] else space for prefix, space in spaces.items()}
