"""Writes B2MML: objects in the data area of a transaction, under the namespace of the version that was agreed."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from connectors.feed import FeedGrammar
from connectors.formats.xml.levels import clark, one_namespace
from connectors.formats.xml.places import copied, text_at
from connectors.formats.xml.writer import element_in, fill
from connectors.spec import Envelope
from data_contracts.source import SourceRecord


def write_document(
    grammar: FeedGrammar, records: Sequence[SourceRecord], namespace: str, verb: str, envelope: Envelope | None, lots: bool
) -> bytes:
    """UTF-8 bytes. `lots`: a record is the data area itself, which holds them all. Raises ValueError for what B2MML cannot say."""
    qualify = one_namespace(namespace)
    trees = [copied(record) for record in records]
    areas = [_taken(tree, "ApplicationArea") for tree in trees]
    enveloped = envelope is not None or any(area is not None for area in areas)
    if (lots or not enveloped) and len(trees) != 1:
        raise ValueError(f"this document holds one object, not {len(trees)}")
    if not enveloped and not lots:
        root = element_in(None, clark(namespace, grammar.message), {None: namespace})
        fill(root, trees[0], grammar.fields, qualify)
        return _bytes(root)
    root = element_in(None, clark(namespace, f"{verb}{grammar.message}"), {None: namespace})
    root.set("releaseID", "")
    _application_area(root, namespace, areas[0], envelope)
    data = element_in(root, clark(namespace, "DataArea"))
    for tree in trees:
        if lots:
            _spread(tree, grammar.message)
        fill(data if lots else element_in(data, clark(namespace, grammar.message)), tree, grammar.fields, qualify)
    data.insert(0, etree.Element(clark(namespace, verb)))
    return _bytes(root)


def write_confirmation(grammar: FeedGrammar, root: SourceRecord, envelope: Envelope | None, namespace: str) -> bytes:
    """A ConfirmBOD in a namespace (V0700's where none is given); the envelope says of its application area what the tree does not."""
    tree = copied(root)
    said = _taken(tree, "ApplicationArea")
    namespace = namespace or str(grammar.namespace)
    document = element_in(None, clark(namespace, grammar.message), {None: namespace})
    fill(document, tree, grammar.fields, one_namespace(namespace))
    if envelope is not None or said is not None:
        _application_area(document, namespace, said, envelope)
        document.insert(0, document[-1])
    return _bytes(document)


def _application_area(root: etree._Element, namespace: str, said: SourceRecord | None, envelope: Envelope | None) -> None:
    """What the tree says of it stands; the envelope says the rest."""
    area = element_in(root, clark(namespace, "ApplicationArea"))
    sender = text_at(said, "Sender", "LogicalID") or (envelope.sender.partition(":")[2] if envelope is not None else "")
    created = text_at(said, "CreationDateTime") or (envelope.created_at.isoformat() if envelope is not None else "")
    number = text_at(said, "BODID") or (f"{envelope.control:09d}" if envelope is not None else "")
    if sender:
        element_in(element_in(area, clark(namespace, "Sender")), clark(namespace, "LogicalID")).text = sender
    for name, text in (("CreationDateTime", created), ("BODID", number)):
        if text:
            element_in(area, clark(namespace, name)).text = text


def _taken(tree: SourceRecord, tag: str) -> SourceRecord | None:
    """The first child of this name, out of the tree."""
    found = next((child for child in tree.children if child.tag == tag), None)
    tree.children = [child for child in tree.children if child.tag != tag]
    return found


def _spread(tree: SourceRecord, kind: str) -> None:
    """The place that a tree states for all its lots, stated by every lot: a data area has no place of its own."""
    place = _taken(tree, "StorageLocation")
    if place is None:
        return
    for lot in tree.children:
        if lot.tag == kind and not any(child.tag in ("StorageLocation", "Location") for child in lot.children):
            lot.children.append(copied(place, lot))


def _bytes(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
