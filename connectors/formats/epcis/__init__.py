"""EPCIS, the visibility events of GS1: what happened to which things, where, when and why, in JSON-LD (2.0) and XML (2.0, 1.0 to 1.2).

Each event of a document is a message, whose type is the event's (`ObjectEvent`); its control number is its eventID, or the hash of its
content where it states none. Documents of events, results of queries, and single events are read. Options of a profile:
`syntax` (writing; `json` or `xml`), `capture` (`rollback`: all events of a document or none, as the standard has it; `proceed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from connectors.feed_check import shown
from connectors.feed_reading import OPTIONS, in_utf8, sniffable
from connectors.first_bytes import HEAD, byte_order_mark, look, size_of, unreadable, wide_charset
from connectors.formats.epcis.json_reading import JsonReading
from connectors.formats.epcis.writing import write_json, write_xml
from connectors.formats.epcis.xml_reading import XmlReading, owns
from connectors.formats.xml.charset import SLICED, charset_of
from connectors.formats.xml.root import root_tag
from connectors.spec import Envelope, Profile, Traits
from data_contracts.events.members import EVENT_TYPES
from data_contracts.events.record import EventRecord
from data_contracts.findings import Finding
from data_contracts.source import ReadEvent, SourceRecord

_JSON = re.compile(
    rb'"type"\s*:\s*"(?:EPCISDocument|EPCISQueryDocument|' + "|".join(EVENT_TYPES).encode() + rb')"|"epcisBody"\s*:|epcis-context\.jsonld"'
)


_OPTIONS = OPTIONS | {"capture", "syntax"}
_TYPES = frozenset(EVENT_TYPES)


class Epcis:
    """The format `epcis`."""

    name = "epcis"
    traits = Traits("application/ld+json", "jsonld", base_version="2.0", options=_OPTIONS, messages=_TYPES)

    def traits_for(self, profile: Profile, grammar: str | None = None) -> Traits:
        """What holds for the syntax that an agreement writes in."""
        in_xml = profile.options.get("syntax") == "xml"
        return replace(self.traits, media_type="application/xml", suffix="xml") if in_xml else self.traits

    def sniff(self, head: bytes) -> bool:
        """A document whose root element or type is EPCIS's."""
        head = sniffable(head[:HEAD])
        if head.startswith(b"{"):
            return _JSON.search(head) is not None
        root = root_tag(head)
        return root is not None and owns(root)

    def envelope_reference(self, head: bytes) -> str | None:
        """None: events are known by themselves, and equal documents say the same."""
        return None

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. The standard is the grammar, so `grammar` is not looked at."""
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is not None:
            yield ReadEvent("unreadable", finding=refused)
            return
        first = sniffable(head)[:1]
        if first == b"{":
            yield from self._read_json(stream, head, size, profile)
        elif first == b"<":
            yield from self._read_xml(stream, head, size, profile)
        else:
            found = shown(sniffable(head)[:24].decode("utf-8", "replace"))
            yield ReadEvent("unreadable", finding=Finding("FED-03", expected="epcis", got=found))

    def _read_json(self, stream: BinaryIO, head: bytes, size: int, profile: Profile) -> Iterator[ReadEvent]:
        mark = byte_order_mark(head)
        wide = mark[1] if mark is not None else wide_charset(head)
        if wide not in (None, "utf-8"):
            yield ReadEvent("unreadable", finding=Finding("JSN-06", expected="UTF-8", got=str(wide).upper()))
            return
        yield from JsonReading(stream, size, profile, mark[0] if mark is not None else 0).events()

    def _read_xml(self, stream: BinaryIO, head: bytes, size: int, profile: Profile) -> Iterator[ReadEvent]:
        charset, unknown = charset_of(head, profile)
        if unknown is not None:
            yield ReadEvent("unreadable", finding=unknown)
            return
        if SLICED.fullmatch(charset):
            yield from XmlReading(stream, size, profile, charset, exact=True).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = XmlReading(converted, size, profile, "utf-8", exact=False)
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """An EPCISDocument of these events. Raises ValueError for records that hold none, or values that XML cannot say."""
        events = []
        for _, record in messages:
            if not isinstance(record, EventRecord) or record.event is None:
                raise ValueError("EPCIS writes events only")
            events.append(record.event)
        created = envelope.created_at if envelope is not None else None
        return write_xml(events, created) if profile.options.get("syntax") == "xml" else write_json(events, created)


FORMAT = Epcis()
