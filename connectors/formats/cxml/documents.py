"""How cXML documents are read and written: where they stand, who sends them, what their names mean."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from connectors.credentials import secret
from connectors.feed_reading import OPTIONS
from connectors.formats.cxml.writer import write_document
from connectors.formats.xml.dialect import Dialect, Layout, keeps
from connectors.formats.xml.places import below, stated, text_at
from connectors.formats.xml.root import RootTag
from connectors.spec import Envelope, Profile, Traits
from data_contracts.source import Interchange, SourceRecord

_PAYLOAD = re.compile(rb"<cXML\s[^<>]{0,2000}?\bpayloadID\s*=\s*[\"']([^\"'<>]{1,300})[\"']")
_PARTY = rb"<%s>\s*(?:<!--.{0,400}?-->\s*)?<Credential\s[^<>]{0,200}?\bdomain\s*=\s*[\"']([^\"'<>]{1,100})[\"'][^<>]{0,200}>"
_IDENTITY = rb"\s*<Identity>([^<>]{1,300})</Identity>"
_BODIES = ("Request", "Message", "Response")


class Cxml(Dialect):
    """The format `cxml`."""

    name = "cxml"
    traits = Traits(
        "application/xml",
        "xml",
        enveloped=True,
        options=OPTIONS | {"host", "language", "shared_secret_env", "shared_secret_file"},
        tells_repeats=True,  # the payloadID
    )
    doctype = "CXM-03"
    unknown_type = "CXM-01"
    out_of_order = "CXM-02"

    def sniff(self, head: bytes) -> bool:
        """A root cXML, or a DOCTYPE that promises one: what it then declares is a finding and no other syntax."""
        return super().sniff(head) or b"<!DOCTYPE cXML" in head[:4096].replace(b"\0", b"")

    def owns(self, root: RootTag, head: str) -> bool:
        """A root cXML of no namespace."""
        return root.local == "cXML" and root.namespace is None

    def layout(self, root: RootTag) -> Layout:
        """The whole document: header and body belong together."""
        return Layout(("cXML",))

    def type_of(self, element: etree._Element) -> str:
        """`OrderRequest`, `ConfirmationRequest`...; `Response` for an answer, whatever it carries."""
        for name in _BODIES:
            body = below(element, name)
            if body is not None:
                first = next((child for child in body if isinstance(child.tag, str) and child.tag != "Status"), None)
                return name if name == "Response" or first is None else str(first.tag)
        return "cXML"

    def control_of(self, record: SourceRecord) -> str | None:
        """The payloadID."""
        return text_at(record, "@payloadID") or None

    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Of the header's first credentials; a synchronous answer has none."""
        interchange.sender = _credential(record, "From")
        interchange.receiver = _credential(record, "To")
        interchange.control = text_at(record, "@payloadID") or None
        interchange.test = "test" in (text_at(record, name, "@deploymentMode") for name in _BODIES)

    def envelope_reference(self, head: bytes) -> str | None:
        """From, To and payloadID, which stand in the first bytes of every request."""
        payload = stated(_PAYLOAD, head)
        parties = []
        for who in (b"From", b"To"):
            opening = _PARTY % who
            domain = stated(re.compile(opening, re.DOTALL), head)
            identity = stated(re.compile(opening.replace(rb"([^", rb"(?:[^", 1) + _IDENTITY, re.DOTALL), head)
            parties.append(f"{domain}:{identity}" if domain and identity else "")
        return f"{parties[0]}|{parties[1]}|{payload}" if payload and all(parties) else None

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One message with the header that the envelope says."""
        messages = list(messages)
        if len(messages) != 1:
            raise ValueError(f"a cXML document is one message, not {len(messages)}")
        kind, record = messages[0]
        found = self.grammar_of(kind, profile)
        if found is None:
            raise ValueError(f"there is no grammar for the cXML message {kind}")
        options = profile.options
        return write_document(
            found, record, envelope, str(options.get("language", "en")), options.get("host"), secret(options, "shared_secret")
        )


def _credential(record: SourceRecord | None, who: str) -> str | None:
    domain, identity = text_at(record, "Header", who, "Credential", "@domain"), text_at(record, "Header", who, "Credential", "Identity")
    return f"{domain}:{identity}" if domain and identity else None


FORMAT = Cxml()
keeps(FORMAT)
