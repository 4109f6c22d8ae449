"""Writes source records as an XML document: the mirror of the reader. Elements follow the grammar's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lxml import etree

from connectors.feed import FeedGrammar, Field
from connectors.formats.xml.levels import Qualify, clark, spaces_of
from data_contracts.source import SourceRecord

Part = Callable[[list[SourceRecord]], list[SourceRecord]]
NO_PARTS: Mapping[str, Part] = {}


def write_document(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar) -> bytes:
    """UTF-8 bytes with declaration. Raises ValueError for what the feed or XML does not have, control characters among it."""
    messages = list(messages)
    for kind, _ in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
    *outer, last = grammar.path
    if not outer and len(messages) != 1:
        raise ValueError(f"a document of this feed is one message, not {len(messages)}")
    qualify = spaces_of(grammar)
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


def fill(
    element: etree._Element, record: SourceRecord, fields: Mapping[str, Field], qualify: Qualify, parts: Mapping[str, Part] = NO_PARTS
) -> None:
    """Put what a record says into an element, in the grammar's order. Raises ValueError for what the grammar does not have.

    `parts` names records that stand otherwise in the document than in the tree, and what makes the ones of the other.
    """
    values = record.values
    if not isinstance(values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as XML")
    by_tag: dict[str, list[SourceRecord]] = {}
    for child in record.children:
        by_tag.setdefault(child.tag, []).append(child)
    for name, part in parts.items():
        if name in by_tag:
            by_tag[name] = part(by_tag[name])
    if "" in values:
        element.text = values[""]
    said = {*values, *by_tag} - {""}
    if not said <= fields.keys():
        unknown = [name for name in (*values, *by_tag) if name and name not in fields]
        raise ValueError(f"{record.tag}: the grammar has no {', '.join(unknown)}")
    # Of a grammar's many elements a document says few: they are looked for in its order, and nothing is asked of the others.
    for name in list(said) if len(said) < 2 else [name for name in fields if name in said]:
        if name[0] == "@":
            element.set(name[1:], values[name])
            continue
        field = fields[name]
        namespace = qualify(field)
        tag = f"{{{namespace}}}{name}" if namespace else name  # `levels.clark`, without the call
        children = by_tag.get(name, ())
        if name in values:
            # The children of a plain value are its attributes.
            leaf = etree.SubElement(element, tag)
            leaf.text = values[name]
            for child in children:
                if child.children or len(child.values) != 1:
                    fill(leaf, child, field.fields, qualify, parts)
                    continue
                ((attribute, text),) = child.values.items()  # type: ignore[union-attr]  # a mapping in named syntaxes
                if attribute[:1] != "@" or attribute not in field.fields:
                    raise ValueError(f"{child.tag}: the grammar has no {attribute}")
                leaf.set(attribute[1:], text)
            continue
        if len(children) > 1 and not field.many:
            raise ValueError(f"{name} may stand once, stands {len(children)} times")
        for child in children:
            fill(etree.SubElement(element, tag), child, field.fields, qualify, parts)
