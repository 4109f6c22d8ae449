"""One extract against our devices, record by record, into the queue of differences. Memory does not grow with the extract.

A difference is known by register, device and member: the same extract twice changes nothing, the next one closes what agrees by then and
opens again what changed. What is missing is told from an extract of all devices only, and only when all of it could be read. An extract
that is older than one that was compared before is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, BinaryIO, Literal

from connectors.extracts import Extract, Layout, Published, told_by_name
from data_contracts.errors import InvalidError
from data_contracts.findings import Finding
from data_contracts.identifiers.device_identifier import alike, normal
from data_contracts.registers import register_named
from hub.registers.ours import Ours
from hub.registers.publication import Reader, shown_of, since, withdrawn
from hub.registers.record import differing, stated
from hub.runtime import Hub
from hub.store import differences as store
from hub.store import views
from hub.store.differences import Difference
from hub.store.views.devices import known_by

_BATCH = 200
_PAGE = 500
_PIECE = 1 << 20
_MOST_FINDINGS = 200
Scope = Literal["full", "changes"]
Progress = Callable[[int], None]


@dataclass(slots=True)
class Outcome:
    """What came of a comparison."""

    extract_id: int
    register: str
    name: str
    as_of: str
    scope: Scope
    records: int = 0
    matched: int = 0
    opened: int = 0
    reopened: int = 0
    closed: int = 0
    whole: bool = True
    findings: list[Finding] = field(default_factory=list)

    def tell(self, findings: Sequence[Finding]) -> None:
        """Keep what is wrong with records, the first of it."""
        self.findings += findings[: max(0, _MOST_FINDINGS - len(self.findings))]


def compare(
    hub: Hub,
    stream: BinaryIO,
    name: str,
    by: str,
    *,
    register: str | None = None,
    as_of: date | None = None,
    scope: Scope | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Read a seekable extract and renew the differences of the devices in it.

    Day and scope are told by the file's name unless they are given; a release that does not say so is taken as one of changes.
    Raises ConflictError for one older than what was compared before, InvalidError for what is no extract of this register.
    """
    extract = Extract(stream, name)
    told = extract.told()
    if told is None:
        raise InvalidError("; ".join(finding.text(hub.settings.language) for finding in extract.findings))
    if register not in (None, told):
        raise InvalidError(f"{name} is an extract of {told}, not of {register}")
    stated_day, stated_full = told_by_name(name)
    day = (as_of or stated_day or hub.clock.now().date()).isoformat()
    chosen: Scope = scope or ("full" if stated_full else "changes")
    sha256 = _hash(stream)
    with hub.database.begin(by) as uow:
        extract_id = store.take_extract(uow, told, name, sha256, day, chosen)
    outcome = Outcome(extract_id, told, name, day, chosen)
    if as_of is None and stated_day is None:
        outcome.tell([Finding("EXT-07", expected=day, got=name)])
    return _Work(hub, by, outcome, extract, progress).run()


class _Work:
    """One comparison while it runs."""

    def __init__(self, hub: Hub, by: str, outcome: Outcome, extract: Extract, progress: Progress | None) -> None:
        self.hub, self.by, self.outcome, self.extract, self.progress = hub, by, outcome, extract, progress
        self.register = register_named(outcome.register)
        self.section = self.register.section
        self.reader = Reader(self.register, outcome.as_of, hub.site.mapping_folders)
        self.today = hub.clock.now().date()
        self.found: set[int] = set()
        """Golden ids whose own record the extract holds."""
        self.elsewhere: dict[int, dict[str, Any]] = {}
        """Devices that the extract names within another record only, such as by the DI of a package."""
        self.unknown: set[str] = set()
        """DIs that are published under our name and that we do not know."""

    def run(self) -> Outcome:
        with self.hub.database.read() as connection:
            ours = Ours.of(self.hub.site, connection)
        published = self.extract.published(ours.wanted)
        while batch := list(islice(published, _BATCH)):
            self._batch(batch, ours)
            if self.progress is not None:
                self.progress(self.extract.records)
        self._within_others()
        outcome, extract = self.outcome, self.extract
        outcome.records, outcome.whole, outcome.matched = extract.records, extract.whole, len(self.found)
        outcome.tell(extract.findings)
        if outcome.scope == "full" and outcome.whole and self._plausible():
            missing = self._missing_there()
            with self.hub.database.begin(self.by) as uow:
                for kind, still in (("missing_here", self.unknown), ("missing_there", missing)):
                    outcome.closed += store.close_missing(uow, outcome.extract_id, self.register.name, kind, still)
        with self.hub.database.begin(self.by) as uow:
            store.end_extract(uow, outcome.extract_id, whole=outcome.whole, records=outcome.records, matched=outcome.matched)
        return outcome

    def _plausible(self) -> bool:
        """Whether an extract of all devices holds at least half of what the last one did: else it was cut, and nothing is missing."""
        with self.hub.database.read() as connection:
            last = store.last_full(connection, self.register.name, self.outcome.extract_id)
        enough = self.outcome.records > 0 and 2 * self.outcome.records >= last
        if not enough:
            self.outcome.whole = False
            self.outcome.tell([Finding("EXT-06", expected=str(last), got=str(self.outcome.records))])
        return enough

    def _batch(self, batch: Sequence[Published], ours: Ours) -> None:
        read = []
        for one in batch:
            entity, findings = self.reader.read(one)
            self.outcome.tell(findings)
            read.append((one, entity))
        found: list[Difference] = []
        dis: set[str] = set()
        own: dict[int, tuple[dict[str, Any], Layout]] = {}
        with self.hub.database.read() as connection:
            known = known_by(connection, {spelled for one, entity in read for di in _dis(one, entity) for spelled in alike(di)})
            for one, entity in read:
                golden, itself = _which(known, one, entity)
                if entity is None:
                    if golden is not None:
                        self.found.add(golden)  # it is there; what it says cannot be read, which was told
                elif golden is None:
                    if ours.is_ours(one.companies):
                        found.append(self._missing_here(entity))
                        dis.add(normal(entity["number"]))
                elif itself:
                    own[golden] = (entity, one.layout)
                else:
                    self.elsewhere.setdefault(golden, entity)
            devices = views.devices_by_id(connection, list(own), on=self.today)
        for device in devices:
            entity, layout = own[device["golden_id"]]
            found += self._differences(device, entity, layout)
            dis |= {normal(device["number"]), normal(entity["number"])}
            self.found.add(device["golden_id"])
        self._renew(dis, found)

    def _within_others(self) -> None:
        left = [golden for golden in self.elsewhere if golden not in self.found]
        for start in range(0, len(left), _BATCH):
            with self.hub.database.read() as connection:
                devices = views.devices_by_id(connection, left[start : start + _BATCH], on=self.today)
            found = []
            for device in devices:
                theirs = self.elsewhere[device["golden_id"]]
                found.append(self._value(device, theirs, "number", "error", normal(device["number"]), normal(theirs["number"])))
                self.found.add(device["golden_id"])
            self._renew({one.di for one in found}, found)

    def _missing_there(self) -> set[str]:
        """DIs of devices that we sell there and that the register does not publish; each is a difference."""
        missing: set[str] = set()
        cursor: str | None = None
        while True:
            with self.hub.database.read() as connection:
                devices, cursor = views.devices(connection, on=self.today, cursor=cursor, limit=_PAGE)
            found = [
                Difference(self.register.name, "missing_there", normal(one["number"]), "", "error", "on_market", shown=shown_of(one))
                for one in devices
                if one["golden_id"] not in self.found
                and isinstance(one.get(self.section), Mapping)
                and not withdrawn(one, self.section, self.today)
            ]
            missing |= {one.di for one in found}
            self._renew({one.di for one in found}, found)
            if cursor is None:
                return missing

    def _renew(self, dis: set[str], found: Sequence[Difference]) -> None:
        if not dis:
            return
        with self.hub.database.begin(self.by) as uow:
            done = store.renew(uow, self.outcome.extract_id, self.register.name, dis, found)
        self.outcome.opened += done["opened"]
        self.outcome.reopened += done["reopened"]
        self.outcome.closed += done["closed"]

    def _differences(self, device: Mapping[str, Any], theirs: Mapping[str, Any], layout: Layout) -> Iterator[Difference]:
        sold = isinstance(device.get(self.section), Mapping)
        if not sold and not withdrawn(theirs, self.section, self.today):
            yield self._value(device, theirs, self.section, "warning", None, "published")
        ours = self.reader.sayable(layout, device)
        for path, severity, mine, said in differing(self.register, ours, theirs):
            if self.reader.states(layout, path) and (sold or path.partition(".")[0] != self.section):
                yield self._value(device, theirs, path, severity, mine, said)

    def _value(self, device: Mapping[str, Any], theirs: Mapping[str, Any], path: str, severity: str, mine: Any, said: Any) -> Difference:
        day = since(theirs, self.section) or self.outcome.as_of
        stated_there = stated(self.register, theirs, path) if said != "published" else None
        number = normal(device["number"])
        return Difference(self.register.name, "value", number, path, severity, mine, said, stated_there, day, shown_of(device))

    def _missing_here(self, theirs: Mapping[str, Any]) -> Difference:
        number = normal(theirs["number"])
        self.unknown.add(number)
        severity = "info" if withdrawn(theirs, self.section, self.today) else "warning"
        day = since(theirs, self.section) or self.outcome.as_of
        return Difference(self.register.name, "missing_here", number, "", severity, None, "published", since=day, shown=shown_of(theirs))


def _dis(one: Published, entity: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Every identifier of a record; its own first where it could be read."""
    return (str(entity["number"]), *one.dis) if entity is not None else one.dis


def _which(known: Mapping[str, Sequence[tuple[str, int]]], one: Published, entity: Mapping[str, Any] | None) -> tuple[int | None, bool]:
    """Golden id of the device that a record speaks of, and whether by the device's own DI; else by that of a package or unit of it."""
    first: int | None = None
    for place, di in enumerate(_dis(one, entity)):
        for spelled in alike(di):
            for scheme, golden in sorted(known.get(spelled, ())):
                if scheme == "di" and place == 0 and entity is not None:
                    return golden, True
                if scheme not in ("previous",) and not scheme.startswith("code:"):
                    first = golden if first is None else first
    return first, False


def _hash(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.digest()
