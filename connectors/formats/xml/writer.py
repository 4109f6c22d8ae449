"""Writes source records as an XML document: the mirror of the reader. Elements follow the grammar's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from connectors.feed import FeedGrammar, Field
from data_contracts.source import SourceRecord


def write_document(messages: Sequence[tuple[str, SourceRecord]], grammar: FeedGrammar) -> bytes:
    """UTF-8 bytes with declaration. Raises ValueError for what the feed or XML does not have, control characters among it."""
    for kind, _ in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
    *outer, last = grammar.path
    if not outer and len(messages) != 1:
        raise ValueError(f"a document of this feed is one message, not {len(messages)}")
    parent: etree._Element | None = None
    root: etree._Element | None = None
    for step in outer:
        parent = _element(parent, step, grammar.namespace)
        root = parent if root is None else root
    for _, record in messages:
        element = _element(parent, last, grammar.namespace)
        root = element if root is None else root
        _fill(element, record, grammar.fields, grammar.namespace)
    assert root is not None
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _element(parent: etree._Element | None, name: str, namespace: str | None) -> etree._Element:
    tag = f"{{{namespace}}}{name}" if namespace else name
    if parent is None:
        return etree.Element(tag, nsmap={None: namespace} if namespace else None)  # type: ignore[dict-item]  # the stubs do not know the default
    return etree.SubElement(parent, tag)


def _fill(element: etree._Element, record: SourceRecord, fields: Mapping[str, Field], namespace: str | None) -> None:
    values = record.values
    if not isinstance(values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as XML")
    unknown = [name for name in (*values, *(child.tag for child in record.children)) if name and name not in fields]
    if unknown:
        raise ValueError(f"{record.tag}: the feed has no {', '.join(unknown)}")
    if "" in values:
        element.text = values[""]
    for name, field in fields.items():
        if name.startswith("@"):
            if name in values:
                element.set(name[1:], values[name])
            continue
        children = [child for child in record.children if child.tag == name]
        if name in values:
            # The children of a plain value are its attributes.
            leaf = _element(element, name, namespace)
            leaf.text = values[name]
            for child in children:
                _fill(leaf, child, field.fields, namespace)
            continue
        if len(children) > 1 and not field.many:
            raise ValueError(f"{name} may stand once, stands {len(children)} times")
        for child in children:
            _fill(_element(element, name, namespace), child, field.fields, namespace)
