"""How UBL documents are read and written: where they stand, who sends them, what their names mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lxml import etree

from connectors.feed import Field
from connectors.feed_reading import OPTIONS
from connectors.formats.ubl.names import AGGREGATES, BASICS, SBDH, UBL, parties_of
from connectors.formats.ubl.writer import write_document
from connectors.formats.xml.dialect import Dialect, Layout, keeps
from connectors.formats.xml.levels import Qualify
from connectors.formats.xml.places import below, stated, text_at, text_of
from connectors.formats.xml.root import RootTag
from connectors.spec import Envelope, Profile, Traits
from data_contracts.findings import Finding
from data_contracts.source import Interchange, SourceRecord

_SENDER = re.compile(rb"<(?:\w+:)?Sender>\s*<(?:\w+:)?Identifier\b[^<>]{0,200}>([^<>]{1,200})<")
_RECEIVER = re.compile(rb"<(?:\w+:)?Receiver>\s*<(?:\w+:)?Identifier\b[^<>]{0,200}>([^<>]{1,200})<")
_INSTANCE = re.compile(rb"<(?:\w+:)?InstanceIdentifier>([^<>]{1,200})<")


class Ubl(Dialect):
    """The format `ubl`."""

    name = "ubl"
    traits = Traits("application/xml", "xml", enveloped=True, options=OPTIONS | {"sbdh"})
    spaces = frozenset({AGGREGATES, BASICS})
    unknown_type = "UBL-01"
    out_of_order = "UBL-02"

    def owns(self, root: RootTag, head: str) -> bool:
        """A root of a UBL namespace, or the business envelope around one."""
        if root.namespace == SBDH and root.local == "StandardBusinessDocument":
            return UBL in head
        return root.namespace is not None and root.namespace.startswith(UBL)

    def layout(self, root: RootTag) -> Layout:
        """The root, or what stands beside the header in an envelope."""
        if root.local == "StandardBusinessDocument":
            return Layout((root.local, "*"), frozenset({"StandardBusinessDocumentHeader"}))
        return Layout((root.local,))

    def qualify(self, namespace: str | None) -> Qualify:
        """Records are aggregates (cac), values are basic components (cbc)."""

        def of(field: Field) -> str:
            return AGGREGATES if field.kind == "record" else BASICS

        return of

    def strange_namespace(self, kind: str, namespace: str | None) -> Finding | None:
        """Documents of UBL 1 and 3 are others than those that the grammars have."""
        wanted = f"{UBL}{kind}-2"
        return None if namespace == wanted else Finding("UBL-03", expected=wanted, got=namespace or "none")

    def version_of(self, record: SourceRecord, namespace: str | None) -> str | None:
        """UBLVersionID; Peppol leaves it out."""
        return text_at(record, "UBLVersionID") or None

    def control_of(self, record: SourceRecord) -> str | None:
        """The document's own number: by it answers name the document."""
        return text_at(record, "ID") or None

    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Of the envelope's header, else of the parties' endpoints."""
        standard = below(header, "StandardBusinessDocumentHeader")
        if standard is not None:
            interchange.sender = _identifier(below(standard, "Sender", "Identifier"))
            interchange.receiver = _identifier(below(standard, "Receiver", "Identifier"))
            interchange.control = text_of(below(standard, "DocumentIdentification", "InstanceIdentifier")) or None
            return
        sender, receiver = parties_of(kind)
        interchange.sender = endpoint(record, sender)
        interchange.receiver = endpoint(record, receiver)

    def envelope_reference(self, head: bytes) -> str | None:
        """Of a business envelope; a document alone has no number but its own, under which it may come again, changed."""
        three = [stated(pattern, head) for pattern in (_SENDER, _RECEIVER, _INSTANCE)]
        return "|".join(three) if all(three) else None

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One message; the envelope's identities become the endpoints of parties that state none."""
        messages = list(messages)
        if len(messages) != 1:
            raise ValueError(f"a UBL document is one message, not {len(messages)}")
        kind, record = messages[0]
        found = self.grammar_of(kind, profile)
        if found is None:
            raise ValueError(f"there is no grammar for the UBL document {kind}")
        return write_document(found, record, self.qualify(None), envelope, bool(profile.options.get("sbdh")))


def endpoint(record: SourceRecord | None, path: Sequence[str]) -> str | None:
    """`scheme:value` of a party's EndpointID, else of its first identification with a scheme; null where it has neither."""
    party = record
    for step in path:
        party = next((child for child in party.children if child.tag == step), None) if party is not None else None
    if party is None:
        return None
    for holder in (party, *(child for child in party.children if child.tag == "PartyIdentification")):
        name = "EndpointID" if holder is party else "ID"
        value, scheme = text_at(holder, name), text_at(holder, name, "@schemeID")
        if value and scheme:
            return f"{scheme}:{value}"
    return None


def _identifier(element: etree._Element | None) -> str | None:
    """`0088:9506000000015`, as Peppol writes identifiers under the authority iso6523-actorid-upis; else authority and value."""
    value = text_of(element)
    if not value or element is None:
        return None
    authority = (element.get("Authority") or "").strip()
    return value if ":" in value or not authority else f"{authority}:{value}"


FORMAT = Ubl()
keeps(FORMAT)
