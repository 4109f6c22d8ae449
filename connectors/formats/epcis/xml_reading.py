"""Reads an EPCIS document in XML, event by event, at flat memory: 2.0, and 1.0 to 1.2, whose events are read as those of 2.0.

The document is sliced by tags and each event is parsed alone by the hardened parser of `formats/xml`: no DTD, no entities, no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed_check import shown
from connectors.feed_reading import Caps, FeedDocument
from connectors.formats.epcis.judging import Judge
from connectors.formats.epcis.values import TIME
from connectors.formats.epcis.xml_event import XmlEvent, crowded, events_in, line_of, local, spaces_used
from connectors.formats.xml.envelope import judged
from connectors.formats.xml.root import RootTag
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import ATTRIBUTES, hardened_parser, shown_error
from connectors.spec import Profile
from data_contracts.events.members import EVENT_TYPES, PREFIXES
from data_contracts.events.record import EventRecord
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent

_SPACE, _QUERY = "urn:epcglobal:epcis:xsd:", "urn:epcglobal:epcis-query:xsd:"
_PATHS = {
    "EPCISDocument": ("EPCISDocument", "EPCISBody", "EventList", "*"),
    "EPCISQueryDocument": ("EPCISQueryDocument", "EPCISBody", "QueryResults", "resultsBody", "EventList", "*"),
}
_AROUND = frozenset(("EPCISHeader", "queryName", "subscriptionID"))
OLD = ("1", "1.0", "1.1", "1.2")
_STANDARD = frozenset(PREFIXES.values())
_SPACES = 200
"""Name spaces of users in one event; real ones have a few."""


def owns(root: RootTag) -> bool:
    """Whether a document with this root is EPCIS."""
    if root.namespace is not None:
        return root.namespace.startswith((_SPACE, _QUERY)) and root.local in (*_PATHS, *EVENT_TYPES, "QuantityEvent")
    return root.local in (*EVENT_TYPES, "EPCISDocument", "EPCISQueryDocument")


class XmlReading:
    """One document being read."""

    def __init__(self, stream: BinaryIO, size: int, profile: Profile, charset: str, exact: bool) -> None:
        self.window = ByteWindow(stream)
        self.size = size
        self.charset = charset
        self.exact = exact
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.root: RootTag | None = None
        self.ordinal = 0
        self.version: str | None = None
        self.upgrade = False
        self.counts: dict[str, int] = {}
        self.parser = hardened_parser()

    def events(self) -> Iterator[ReadEvent]:
        """Events of the document in order."""
        try:
            refused = self._opened()
            if refused is not None:
                yield from self.document.stop(refused)
                return
            assert self.root is not None
            scanner = Scanner(self.window, _PATHS.get(self.root.local, (self.root.local,)), self.caps.message_bytes, _AROUND)
            scanner.at = self.start
            for part in scanner.messages():
                yield from self._slice(part, scanner)
            self.document.interchange.findings += judged(scanner, self.charset)
            self.document.interchange.findings += self._master_data(scanner)
        except BrokenError as broken:
            yield from self.document.stop(broken.finding)
            return
        yield from self.document.close()

    def _opened(self) -> Finding | None:
        """What is wrong with the root element; its version is noted."""
        probe = Scanner(self.window, (), self.caps.message_bytes)
        first = probe.root().decode(self.charset, "replace")
        self.start = probe.at
        line = self.window.line_at(probe.at)
        try:
            tag = etree.fromstring((first if first.endswith("/>") else first[:-1] + "/>").encode("utf-8"), self.parser)
        except etree.XMLSyntaxError as error:
            return Finding("XML-01", place=Place(line=line), got=shown_error(error))
        space = etree.QName(tag).namespace
        self.root = RootTag(local(tag), space, frozenset())
        place = Place(line=line, path="/" + self.root.local)
        if not owns(self.root):
            return Finding("EVT-01", place=place, expected="EPCISDocument or EPCISQueryDocument", got=shown(self.root.local))
        stated = tag.get("schemaVersion")
        release = (space or "").rpartition(":")[2]
        self.upgrade = release == "1" or stated in OLD
        self.version = stated or {"1": "1.2", "2": "2.0"}.get(release)
        if self.root.local in _PATHS:
            if space is None:
                return Finding("EVT-01", place=place, expected=f"{_SPACE}2", got="no name space")
            if stated is not None and stated not in OLD and not stated.startswith("2."):
                return Finding("EVT-02", place=place, expected="2.0, 1.2, 1.1, 1.0", got=shown(stated))
            self.document.interchange.findings += self._judged(tag, place)
        return None

    def _judged(self, tag: etree._Element, place: Place) -> Iterator[Finding]:
        if self.upgrade:
            yield Finding("EVT-27", place=place, got=self.version)
        if self.root is not None and self.root.local == "EPCISDocument":
            if tag.get("schemaVersion") is None:
                yield Finding("EVT-03", place=place, expected="schemaVersion")
            if tag.get("creationDate") is None:
                yield Finding("EVT-03", place=place, expected="creationDate")
        created = tag.get("creationDate")
        if created is not None and not self.upgrade and not TIME.fullmatch(created.strip()):
            yield Finding("EVT-07", place=Place(line=place.line, path=f"{place.path}/@creationDate"), got=shown(created), action="flow")

    def _master_data(self, scanner: Scanner) -> Iterator[Finding]:
        for line, piece in scanner.envelope if scanner.envelope_kept else ():
            if b"EPCISMasterData" in piece:
                path = f"/{self.root.local if self.root is not None else ''}/EPCISHeader/extension/EPCISMasterData"
                yield Finding("EVT-28", place=Place(line=line, path=path))
                return

    # --- one event -----------------------------------------------------------------------------------------------------
    def _slice(self, part: Slice, scanner: Scanner) -> Iterator[ReadEvent]:
        assert self.root is not None
        ancestors = [start.decode(self.charset, "replace").replace("\n", " ").replace("\r", " ") for start in scanner.ancestors]
        ends = "".join(f"</{start[1:].split()[0].rstrip('>')}>" for start in reversed(ancestors))
        try:
            text = part.content.decode(self.charset)
            root = etree.fromstring(("".join(ancestors) + text + ends).encode("utf-8"), self.parser)
        except UnicodeDecodeError as error:
            line = part.line + part.content.count(b"\n", 0, error.start)
            bad = part.content[error.start : error.start + 4].hex(" ")
            yield from self._broken(part, Finding("FED-15", place=Place(line=line), expected=self.charset, got=bad))
            return
        except etree.XMLSyntaxError as error:
            line = part.line + max((error.lineno or 1) - 1, 0)
            yield from self._broken(part, Finding("XML-01", place=Place(line=line), got=shown_error(error)))
            return
        if part.content.count(b"=") > ATTRIBUTES and (full := crowded(root, ATTRIBUTES)) is not None:
            place = Place(line=part.line + line_of(full) - 1)
            yield from self._broken(part, Finding("FED-14", place=place, expected=str(ATTRIBUTES), params={"what": "attributes"}))
            return
        element = root
        for _ in ancestors:
            element = element[0]
        for event in events_in(element):
            yield from self._message(event, part, len(ancestors))

    def _broken(self, part: Slice, found: Finding) -> Iterator[ReadEvent]:
        message = self._new("event", part)
        message.findings.append(found)
        yield from self.document.message(message)

    def _new(self, kind: str, part: Slice) -> Message:
        self.ordinal += 1
        offset, length = (part.start, part.stop - part.start) if self.exact else (0, self.size)
        return Message(kind, self.version, None, None, self.ordinal, offset, length)

    def _message(self, element: etree._Element, part: Slice, depth: int) -> Iterator[ReadEvent]:
        name = local(element)
        self.counts[name] = self.counts.get(name, 0) + 1
        where = "/" + "/".join(_PATHS.get(self.root.local, ("",))[:-1]) if depth and self.root is not None else ""
        where = f"{where}/{name}[{self.counts[name]}]" if depth else f"/{name}"
        read = XmlEvent(element, self.upgrade)
        message = self._new(read.kind, part)
        judge = Judge(xml=True)
        judge.faults += read.faults
        event = judge.event(read.raw)
        if event is not None:
            spaces = spaces_used(element, _SPACES) if _has_users(event) else {}
            if len(spaces) > _SPACES:
                message.findings.append(
                    Finding("FED-14", place=Place(line=part.line), expected=str(_SPACES), params={"what": "namespaces"})
                )
            used = {prefix: space for prefix, space in spaces.items() if space not in _STANDARD}
            if used:
                event["namespaces"] = used
            message.control = event["number"]
        message.root = EventRecord(message.type, read.raw, event, part.line + line_of(element) - 1)
        for fault in judge.faults:
            steps, line = read.place(fault.path)
            message.findings.append(fault.finding(where + steps, part.line + line - 1))
        yield from self.document.message(message)


def _has_users(event: dict[str, object]) -> bool:
    return any(name in event for name in ("extensions", "ilmd", "sensor_elements", "read_point_extensions", "biz_location_extensions")) or (
        "error_declaration" in event
    )
