"""Writes one cXML document: DOCTYPE, header with credentials, and the body in the DTD's order."""

from __future__ import annotations

from lxml import etree

from connectors.feed import FeedGrammar
from connectors.formats.cxml.totals import state_total
from connectors.formats.xml.levels import one_namespace
from connectors.formats.xml.places import below
from connectors.formats.xml.writer import fill
from connectors.spec import Envelope
from data_contracts.source import SourceRecord

DOCTYPE = '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">'
USER_AGENT = "UDIHub"
_IN_A_LANGUAGE = ("Description", "Name", "Comments", "Status", "ShortName")
"""Elements for which the DTD demands xml:lang."""
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def payload_id(envelope: Envelope, host: str | None = None) -> str:
    """A number that nobody else gives, made of the control number and the sender: the same document keeps it when it is sent again."""
    return f"{envelope.control:09d}@{host or envelope.sender.partition(':')[2]}"


def write_document(
    grammar: FeedGrammar, record: SourceRecord, envelope: Envelope | None, language: str, host: str | None, secret: str | None = None
) -> bytes:
    """UTF-8 bytes. What the tree says of header, payloadID and timestamp itself stands; the envelope says the rest."""
    root = etree.Element("cXML")
    fill(root, record, grammar.fields, one_namespace(None))
    if envelope is not None:
        _head(root, envelope, host, secret)
    _state_currency(root)
    state_total(root)
    for element in root.iter(*_IN_A_LANGUAGE):
        if element.get(_LANGUAGE) is None:
            element.set(_LANGUAGE, language)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True, doctype=DOCTYPE))


def _head(root: etree._Element, envelope: Envelope, host: str | None, secret: str | None) -> None:
    if root.get("payloadID") is None:
        root.set("payloadID", payload_id(envelope, host))
    if root.get("timestamp") is None:
        root.set("timestamp", envelope.created_at.isoformat())
    response = below(root, "Response") is not None
    if below(root, "Header") is None and not response:
        header = etree.Element("Header")
        for who, identity in (("From", envelope.sender), ("To", envelope.receiver), ("Sender", envelope.sender)):
            domain, _, value = identity.partition(":")
            party = etree.SubElement(header, who)
            credential = etree.SubElement(party, "Credential", domain=domain)
            etree.SubElement(credential, "Identity").text = value
            if who == "Sender":
                if secret is not None:
                    etree.SubElement(credential, "SharedSecret").text = secret
                etree.SubElement(party, "UserAgent").text = USER_AGENT
        root.insert(0, header)
    for name in ("Request", "Message"):
        body = below(root, name)
        if body is not None and body.get("deploymentMode") is None:
            body.set("deploymentMode", "test" if envelope.test else "production")


def _state_currency(root: etree._Element) -> None:
    """Every Money states its currency; those that state none are in the one that the document states first."""
    amounts = [*root.iter("Money")]
    currency = next((str(found) for amount in amounts if (found := amount.get("currency"))), "")
    for amount in amounts:
        if amount.get("currency") is None:
            if not currency:
                raise ValueError("an amount of a document without a currency")
            amount.set("currency", currency)
