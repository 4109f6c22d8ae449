"""Our devices as a register takes them: its demands first, then its own format, then a look at the outcome by our own reader.

    gudid    the record of AccessGUDID's release as XML, or as its look-up answers (JSON)
    eudamed  the Commission's device message (DTX 3.0.25), at most 300 devices each
    nmpa     the filing interface's JSON, the filing's workbook, or the record of the release as XML

One device that lacks something keeps no other from going out. It is a document for whoever files it: nothing is sent from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from connectors.registry import format_named, traits_of
from connectors.spec import STRICT
from data_contracts.canonical import CANONICAL
from data_contracts.errors import ConfigError, NotFoundError
from data_contracts.findings import Finding, Place, has_error
from data_contracts.registers import Register, RegisterName, register_named
from hub.registers.demands import lacks, told
from hub.registers.record import member_of
from hub.registers.shaping import completed, in_its_words, without_uncoded
from hub.runtime import Hub
from hub.store import views
from mappings.engine import Context, UnwritableError, load
from mappings.engine import Mapping as Compiled

FORMATS: Mapping[str, Mapping[str, str]] = {
    "gudid": {"xml": "xml/gudid", "json": "json/gudid"},
    "eudamed": {"xml": "eudamed/Device"},
    "nmpa": {"json": "json/nmpa_filing", "xlsx": "spreadsheet/nmpa_filing", "xml": "xml/nmpa"},
}
"""By register and kind of file, the customary one first: the mapping that writes it."""
_MOST = {"eudamed": 300}
"""Devices of one document, where the register says how many."""
_PAGE = 200
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Exported:
    """One document, ready to be filed."""

    name: str
    media_type: str
    content: bytes
    dis: tuple[str, ...]


@dataclass(slots=True)
class Export:
    """What came of an export: documents, and what the devices lack that are in none of them."""

    register: RegisterName
    documents: list[Exported] = field(default_factory=list)
    lacking: dict[str, list[Finding]] = field(default_factory=dict)
    """By UDI-DI; these devices are in no document."""
    untold: dict[str, list[Finding]] = field(default_factory=dict)
    """By UDI-DI: what the register holds of a device and this kind of file has no place for; it is told there by hand."""


def export(hub: Hub, to: RegisterName, dis: Sequence[str] | None, kind: str | None = None) -> Export:
    """Devices by any of their DIs, or all that are sold there (`dis` None), as a register takes them today.

    Raises NotFoundError for a device that there is not, ConfigError for a kind of file that the register does not take.
    """
    chosen = kind or next(iter(FORMATS[to]))
    if chosen not in FORMATS[to]:
        raise ConfigError(f"{to} takes {', '.join(FORMATS[to])}, not {chosen}")
    register = register_named(to)
    syntax, _, grammar = FORMATS[to][chosen].partition("/")
    mapping = load(FORMATS[to][chosen], hub.site.mapping_folders)
    made = Export(to)
    ready: list[tuple[str, Any]] = []
    for device in _devices(hub, register, dis):
        number = str(device["number"])
        entity, findings = checked(register, mapping, device)
        if has_error(findings):
            made.lacking[number] = [finding for finding in findings if finding.severity == "error"]
            continue
        if findings:
            made.untold[number] = findings
        ready.append((number, mapping.write(entity, Context(time_zone=register.time_zone))))
    most = _MOST.get(to, max(1, len(ready)))
    traits = traits_of(syntax)
    for start in range(0, len(ready), most):
        part = ready[start : start + most]
        content = format_named(syntax).write([(grammar, record) for _, record in part], None, STRICT, grammar)
        counted = f"_{start // most + 1}" if len(ready) > most else ""
        name = f"{to}_{hub.clock.now():%Y%m%d}{counted}.{traits.suffix}"
        made.documents.append(Exported(name, traits.media_type, content, tuple(number for number, _ in part)))
    return made


def _devices(hub: Hub, register: Register, dis: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    today = hub.clock.now().date()
    if dis is not None:
        seen: set[int] = set()
        missing: list[str] = []
        found: list[dict[str, Any]] = []
        with hub.database.read() as connection:
            for di in dis:
                try:
                    device = views.device(connection, di, on=today)
                except NotFoundError:
                    missing.append(di)
                    continue
                if device["golden_id"] not in seen:
                    seen.add(device["golden_id"])
                    found.append(device)
        if missing:
            raise NotFoundError(f"there is no device {', '.join(missing)}")
        yield from found
        return
    cursor: str | None = None
    while True:
        with hub.database.read() as connection:
            page, cursor = views.devices(connection, on=today, cursor=cursor, limit=_PAGE)
        yield from (device for device in page if isinstance(device.get(register.section), Mapping))
        if cursor is None:
            return


def checked(register: Register, mapping: Compiled, device: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The device as the register is told it, and what it lacks, or needs no more than a word of (severity info)."""
    model = CANONICAL["Device"]
    try:
        entity = model.model_validate({name: value for name, value in device.items() if name in model.model_fields}).as_plain()
    except ValidationError as error:  # kept before a rule of today was one
        why = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
        return {}, [_unwritable(register, "device", why)]
    findings = list(lacks(register, entity))
    entity = told(register, entity)
    if has_error(findings):
        return entity, findings
    findings += [*completed(register, entity), *in_its_words(register, entity)]
    findings += without_uncoded(register, mapping.plan.root, entity)
    try:
        mapping.write(entity, Context(time_zone=register.time_zone))
    except UnwritableError as error:
        findings += [_unwritable(register, finding.place.path or "device", finding.text("en")) for finding in error.findings]
    if not has_error(findings):
        findings += _untold(register, mapping, entity)
    return entity, findings


def _untold(register: Register, mapping: Compiled, entity: Mapping[str, Any]) -> list[Finding]:
    found = mapping.unwritten(entity, Context(time_zone=register.time_zone))
    return [one for one in found if _held(register, _INDEX.sub("", one.place.path or ""), entity)]


def _held(register: Register, path: str, entity: Mapping[str, Any]) -> bool:
    """Whether the register has a member at a path that nothing else tells, or a list of whose rows nothing more is said."""
    member = register.members.get(path)
    if path.endswith("issuer") and member is None:
        return False
    if member is not None and member.said_by is not None and member_of(entity, member.said_by) is not None:
        return False
    top = path.partition(".")[0]
    return path in register.members or (top in register.members and not any(known.startswith(f"{top}.") for known in register.members))


def _unwritable(register: Register, name: str, why: str) -> Finding:
    return Finding("REG-06", Place(path=name), params={"register": register.name.upper(), "name": register.named(name), "why": why})
