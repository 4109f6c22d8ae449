"""EUDAMED's device messages (data model 3.0.25): what the European database takes and gives as XML, machine to machine.

A `Push` or `PullResponse` holds up to 300 devices, each one Basic UDI-DI with one UDI-DI, or UDI-DIs alone; every one is a message
`Device`. The laws (MDR, IVDR, packs, the old directives) name their elements differently and fill them alike: the tree has one name for
each and says the law as `@legislation`. Who sends stands behind the devices, so it is told by the first device's operator.
Options of a profile: `operation` (writing: POST registers, PUT or PATCH changes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from lxml import etree

from connectors.feed_reading import OPTIONS
from connectors.formats.eudamed.arrangement import arranged
from connectors.formats.eudamed.names import MESSAGE, SPACES
from connectors.formats.eudamed.writer import write_document
from connectors.formats.xml.dialect import Dialect, Layout, keeps
from connectors.formats.xml.levels import Qualify
from connectors.formats.xml.places import below, stated, text_at, text_of
from connectors.formats.xml.root import RootTag
from connectors.spec import Envelope, Profile, Traits
from data_contracts.source import Interchange, SourceRecord

_ROOTS = ("Push", "PullResponse")
_KIND = "Device"
_HEAD = "conversationID correlationID creationDateTime messageID recipient sender numberOfPages pageNumber pageSize report responseCode"
_MESSAGE_ID = re.compile(rb"<(?:[\w.-]+:)?messageID>([^<]{1,200})</")
_OPERATIONS = ("POST", "PUT", "PATCH")


class Eudamed(Dialect):
    """The format `eudamed`."""

    name = "eudamed"
    traits = Traits("application/xml", "xml", enveloped=True, options=OPTIONS | {"operation"})
    spaces: ClassVar[frozenset[str]] = frozenset(SPACES.values())
    unknown_type = "EUD-01"

    def owns(self, root: RootTag, head: str) -> bool:
        """A message of EUDAMED's service model."""
        return root.namespace == MESSAGE and root.local in _ROOTS

    def layout(self, root: RootTag) -> Layout:
        """Whatever the payload holds."""
        return Layout((root.local, "payload", "*"), frozenset(_HEAD.split()))

    def type_of(self, element: etree._Element) -> str:
        """The name of its element: Device once arranged."""
        return str(etree.QName(element).localname)

    def arranged(self, element: etree._Element) -> etree._Element:
        """One name for one thing, whichever law the device is under."""
        return arranged(element)

    def qualify(self, namespace: str | None) -> Qualify:
        """Each part of the data model has a namespace of its own."""
        grammar = self.grammar_of(_KIND, Profile())
        spaces = grammar.spaces if grammar is not None else {}
        return lambda field: namespace if field.space is None else spaces[field.space]

    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Receiver and number of the message's head; the sender is the operator that the first device names."""
        sender = text_at(record, "BasicUDI", "MFActorCode") or text_at(record, "BasicUDI", "PRActorCode")
        receiver = text_of(below(header, "recipient", "node", "nodeActorCode"))
        interchange.sender = f"SRN:{sender}" if sender else None
        interchange.receiver = f"SRN:{receiver}" if receiver else None
        interchange.control = text_of(below(header, "messageID")) or None

    def enclose(self, record: SourceRecord, header: etree._Element | None) -> None:
        """When the message was made stands in every device's tree."""
        if isinstance(record.values, dict) and (created := text_of(below(header, "creationDateTime"))):
            record.values["@created"] = created

    def envelope_reference(self, head: bytes) -> str | None:
        """`||messageID`: the head names no sender."""
        number = stated(_MESSAGE_ID, head)
        return f"||{number}" if number else None

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One `Push` that holds these devices."""
        found = self.grammar_of(_KIND, profile)
        messages = list(messages)
        if found is None or any(kind != _KIND for kind, _ in messages):
            raise ValueError(f"EUDAMED takes devices, not {', '.join(sorted({kind for kind, _ in messages}))}")
        operation = str(profile.options.get("operation", "POST"))
        if operation not in _OPERATIONS:
            raise ValueError(f"operation: {operation} is none of {', '.join(_OPERATIONS)}")
        return write_document(found, [record for _, record in messages], envelope, operation)


FORMAT = Eudamed()
keeps(FORMAT)
