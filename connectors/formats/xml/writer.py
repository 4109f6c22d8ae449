"""Writes source records as an XML document: the mirror of the reader. Elements follow the grammar's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from connectors.feed import FeedGrammar, Field
from connectors.formats.xml.levels import Qualify, clark, one_namespace
from data_contracts.source import SourceRecord


def write_document(messages: Sequence[tuple[str, SourceRecord]], grammar: FeedGrammar) -> bytes:
    """UTF-8 bytes with declaration. Raises ValueError for what the feed or XML does not have, control characters among it."""
    for kind, _ in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
    *outer, last = grammar.path
    if not outer and len(messages) != 1:
        raise ValueError(f"a document of this feed is one message, not {len(messages)}")
    qualify = one_namespace(grammar.namespace)
    parent: etree._Element | None = None
    root: etree._Element | None = None
    for step in outer:
        parent = element_in(parent, clark(grammar.namespace, step), {None: grammar.namespace})
        root = parent if root is None else root
    for _, record in messages:
        element = element_in(parent, clark(grammar.namespace, last), {None: grammar.namespace})
        root = element if root is None else root
        fill(element, record, grammar.fields, qualify)
    assert root is not None
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def element_in(parent: etree._Element | None, tag: str, prefixes: Mapping[str | None, str | None] | None = None) -> etree._Element:
    """A new element below a parent, or a root that declares these prefixes."""
    if parent is None:
        declared = {prefix: namespace for prefix, namespace in (prefixes or {}).items() if namespace}
        return etree.Element(tag, nsmap=declared or None)  # type: ignore[arg-type]  # the stubs do not know the default
    return etree.SubElement(parent, tag)


def fill(element: etree._Element, record: SourceRecord, fields: Mapping[str, Field], qualify: Qualify) -> None:
    """Put what a record says into an element, in the grammar's order. Raises ValueError for what the grammar does not have."""
    values = record.values
    if not isinstance(values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as XML")
    by_tag: dict[str, list[SourceRecord]] = {}
    for child in record.children:
        by_tag.setdefault(child.tag, []).append(child)
    unknown = [name for name in (*values, *by_tag) if name and name not in fields]
    if unknown:
        raise ValueError(f"{record.tag}: the grammar has no {', '.join(unknown)}")
    if "" in values:
        element.text = values[""]
    for name, field in fields.items():
        if not name:
            continue
        if name[0] == "@":
            if name in values:
                element.set(name[1:], values[name])
            continue
        children = by_tag.get(name, ())
        if name in values:
            # The children of a plain value are its attributes.
            leaf = element_in(element, clark(qualify(field), name))
            leaf.text = values[name]
            for child in children:
                fill(leaf, child, field.fields, qualify)
            continue
        if len(children) > 1 and not field.many:
            raise ValueError(f"{name} may stand once, stands {len(children)} times")
        for child in children:
            fill(element_in(element, clark(qualify(field), name)), child, field.fields, qualify)
