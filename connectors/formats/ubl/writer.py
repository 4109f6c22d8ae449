"""Writes one UBL document: namespaces and prefixes as everybody writes them, elements in the grammar's order."""

from __future__ import annotations

from lxml import etree

from connectors.feed import FeedGrammar
from connectors.formats.ubl.names import AGGREGATES, BASICS, PEPPOL_AUTHORITY, SBDH, parties_of
from connectors.formats.xml.levels import Qualify, clark
from connectors.formats.xml.places import copied, put_at, text_at
from connectors.formats.xml.writer import element_in, fill
from connectors.spec import Envelope
from data_contracts.source import SourceRecord


def write_document(grammar: FeedGrammar, record: SourceRecord, qualify: Qualify, envelope: Envelope | None, enveloped: bool) -> bytes:
    """UTF-8 bytes with declaration, in a StandardBusinessDocument where that is agreed. Raises ValueError for what UBL cannot say."""
    tree = copied(record)
    values: dict[str, str] = tree.values  # type: ignore[assignment]  # a mapping in named syntaxes
    currency = values.pop("@currencyID", "") or values.get("DocumentCurrencyCode", "")
    if envelope is not None:
        for path, identity in zip(parties_of(grammar.message), (envelope.sender, envelope.receiver), strict=True):
            _address(tree, path, identity)
    for one in [*tree.walk()]:
        _part_instances(one)
    root = element_in(None, clark(grammar.namespace, grammar.message), {None: grammar.namespace, "cac": AGGREGATES, "cbc": BASICS})
    fill(root, tree, grammar.fields, qualify)
    _state_currency(root, currency)
    if envelope is not None and enveloped:
        root = _standard_document(root, grammar, envelope)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _address(tree: SourceRecord, path: tuple[str, ...], identity: str) -> None:
    """The EndpointID of a party that states none: the network delivers by it."""
    if not text_at(tree, *path, "EndpointID"):
        scheme, _, value = identity.partition(":")
        put_at(tree, *path, "EndpointID", text=value)
        put_at(tree, *path, "EndpointID", "@schemeID", text=scheme)


def _part_instances(record: SourceRecord) -> None:
    """One ItemInstance for each serial number, each with the lot that they share."""
    children: list[SourceRecord] = []
    for child in record.children:
        serials = [leaf for leaf in child.children if leaf.tag == "SerialID"] if child.tag == "ItemInstance" else []
        if len(serials) < 2:
            children.append(child)
            continue
        for serial in serials:
            one = copied(child, record)
            one.children = [leaf for leaf in one.children if leaf.tag != "SerialID"]
            put_at(one, "SerialID", text=serial.values[""])  # type: ignore[call-overload]  # a mapping in named syntaxes
            children.append(one)
    record.children = children


def _state_currency(root: etree._Element, currency: str) -> None:
    """Every amount states its currency in UBL; those that state none are in the document's."""
    for element in root.iter(f"{{{BASICS}}}*"):
        if etree.QName(element).localname.endswith("Amount") and element.get("currencyID") is None:
            if not currency:
                raise ValueError("an amount of a document without a currency")
            element.set("currencyID", currency)


def _standard_document(document: etree._Element, grammar: FeedGrammar, envelope: Envelope) -> etree._Element:
    """The Peppol business message envelope 1.2 as far as the standard header goes; the access point adds its scopes."""
    outer = element_in(None, clark(SBDH, "StandardBusinessDocument"), {None: SBDH})
    header = element_in(outer, clark(SBDH, "StandardBusinessDocumentHeader"))
    _said(header, "HeaderVersion", "1.0")
    for name, identity in (("Sender", envelope.sender), ("Receiver", envelope.receiver)):
        identifier = _said(element_in(header, clark(SBDH, name)), "Identifier", identity)
        identifier.set("Authority", PEPPOL_AUTHORITY)
    identification = element_in(header, clark(SBDH, "DocumentIdentification"))
    _said(identification, "Standard", grammar.namespace or "")
    _said(identification, "TypeVersion", "2.1")
    _said(identification, "InstanceIdentifier", f"{envelope.control:09d}")
    _said(identification, "Type", grammar.message)
    _said(identification, "CreationDateAndTime", envelope.created_at.isoformat())
    outer.append(document)
    return outer


def _said(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = element_in(parent, clark(SBDH, name))
    element.text = text
    return element
