"""Writes one UBL document: namespaces and prefixes as everybody writes them, elements in the grammar's order."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from connectors.feed import FeedGrammar
from connectors.formats.ubl.names import AGGREGATES, BASICS, PEPPOL_AUTHORITY, SBDH, parties_of
from connectors.formats.xml.levels import Qualify, clark
from connectors.formats.xml.places import text_at, with_text
from connectors.formats.xml.writer import element_in, fill
from connectors.spec import Envelope
from data_contracts.source import SourceRecord


def write_document(grammar: FeedGrammar, record: SourceRecord, qualify: Qualify, envelope: Envelope | None, enveloped: bool) -> bytes:
    """UTF-8 bytes with declaration, in a StandardBusinessDocument where that is agreed. Raises ValueError for what UBL cannot say."""
    currency = values_of(record).get("@currencyID") or values_of(record).get("DocumentCurrencyCode", "")
    tree = SourceRecord(record.tag, {name: text for name, text in values_of(record).items() if name != "@currencyID"}, 0)
    tree.children = record.children
    if envelope is not None:
        for path, identity in zip(parties_of(grammar.message), (envelope.sender, envelope.receiver), strict=True):
            tree = _addressed(tree, path, identity)
    root = element_in(None, clark(grammar.namespace, grammar.message), {None: grammar.namespace, "cac": AGGREGATES, "cbc": BASICS})
    fill(root, tree, grammar.fields, qualify, {"ItemInstance": _instances})
    _state_currency(root, currency)
    if envelope is not None and enveloped:
        root = _standard_document(root, grammar, envelope)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def values_of(record: SourceRecord) -> Mapping[str, str]:
    """The values of a record of a named syntax."""
    if not isinstance(record.values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as UBL")
    return record.values


def _addressed(tree: SourceRecord, path: tuple[str, ...], identity: str) -> SourceRecord:
    """The tree with an EndpointID at a party that states none: the network delivers by it."""
    if text_at(tree, *path, "EndpointID"):
        return tree
    scheme, _, value = identity.partition(":")
    tree = with_text(tree, *path, "EndpointID", text=value)
    return with_text(tree, *path, "EndpointID", "@schemeID", text=scheme)


def _instances(records: list[SourceRecord]) -> list[SourceRecord]:
    """One ItemInstance for each serial number, each with the lot that they share."""
    parted: list[SourceRecord] = []
    for record in records:
        serials = [leaf for leaf in record.children if leaf.tag == "SerialID"]
        if len(serials) < 2:
            parted.append(record)
            continue
        for serial in serials:
            one = SourceRecord(record.tag, {**values_of(record), "SerialID": values_of(serial)[""]}, record.position, record.parent)
            one.children = [leaf for leaf in record.children if leaf.tag != "SerialID"]
            parted.append(one)
    return parted


def _state_currency(root: etree._Element, currency: str) -> None:
    """Every amount states its currency in UBL; those that state none are in the document's."""
    for element in root.iter(f"{{{BASICS}}}*"):
        if element.tag.endswith("Amount") and element.get("currencyID") is None:
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
