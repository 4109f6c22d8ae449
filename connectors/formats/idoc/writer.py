"""Writes trees as IDocs, in either representation: the mirror of the readers, by the same tables.

Segments go out in the order of the basic type, whatever order a mapping made them in. What the tables do not know, what is longer
than its field and what stands where it may not is refused, never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter

from lxml import etree

from connectors.formats.idoc.control import control_for
from connectors.formats.idoc.grammar import CONTROL, Grammar, Segment, Tables, Use, tables_for
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

SHAPES = {"xml": ("application/xml", "xml"), "flat": ("text/plain", "txt")}
"""Media type and suffix of a document by its representation."""
REPRESENTATIONS = tuple(SHAPES)
_OFFSET, _ORDER = attrgetter("offset"), itemgetter(0)
_MOST_LAID = 256
"""Ways to fill a segment that are remembered."""


def write_document(messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile) -> bytes:
    """The document that holds these IDocs. Raises ValueError for what an IDoc cannot carry."""
    tables = tables_for(profile)
    made = []
    for number, (message, root) in enumerate(messages):
        said = next((_values(child) for child in root.children if child.tag == CONTROL), {})
        control = control_for(said, message, envelope, profile, tables, number)
        made.append((control, root, tables.by_type[control["IDOCTYP"]]))
    if representation_of(profile) == "flat":
        lines = [line for control, root, grammar in made for line in _flat(control, root, grammar, tables, profile)]
        end = str(profile.options.get("line_end", "\n"))
        return "".join(line + end for line in lines).encode(profile.charset or "utf-8")
    return _xml(made, tables)


def representation_of(profile: Profile) -> str:
    """`xml` or `flat`, as the agreement says. Raises ValueError for another word."""
    word = str(profile.options.get("representation", REPRESENTATIONS[0]))
    if word not in REPRESENTATIONS:
        raise ValueError(f"profile.options.representation is {' or '.join(REPRESENTATIONS)}, not {word}")
    return word


# --- XML -------------------------------------------------------------------------------------------------------------------
def _xml(made: Sequence[tuple[Mapping[str, str], SourceRecord, Grammar]], tables: Tables) -> bytes:
    names = {control["IDOCTYP"] for control, _, _ in made}
    if len(names) != 1:
        raise ValueError(f"a document holds IDocs of one basic type, not {', '.join(sorted(names)) or 'none'}")
    root = etree.Element(names.pop())
    for control, tree, grammar in made:
        idoc = etree.SubElement(root, "IDOC", {"BEGIN": "1"})
        _element(idoc, tables.segments[CONTROL], control)
        holders = {id(tree): idoc}
        for record, use in _ordered(tree, grammar.body, grammar):
            assert record.parent is not None
            holders[id(record)] = _element(holders[id(record.parent)], use.segment, _values(record))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _element(parent: etree._Element, segment: Segment, values: Mapping[str, str]) -> etree._Element:
    make = etree.SubElement
    element = make(parent, segment.tag, SEGMENT="1")
    for name, text in _said(segment, values):
        make(element, name).text = text
    return element


# --- flat ------------------------------------------------------------------------------------------------------------------
def _flat(control: Mapping[str, str], tree: SourceRecord, grammar: Grammar, tables: Tables, profile: Profile) -> Iterator[str]:
    yield _columns(tables.segments[CONTROL], control, 524)
    numbers = {id(tree): 0}
    for number, (record, use) in enumerate(_ordered(tree, grammar.body, grammar), 1):
        numbers[id(record)] = number
        above = numbers[id(record.parent)]
        name = tables.flat_name(use.segment, profile)
        head = f"{name:<30}{control.get('MANDT', ''):<3}{control.get('DOCNUM', ''):<16}{number:06d}{above:06d}{use.depth + 1:02d}"
        yield head + _columns(use.segment, _values(record), 1000)


def _columns(segment: Segment, values: Mapping[str, str], width: int) -> str:
    line = [" "] * width
    for name, text in _said(segment, values):
        one = segment.by_name[name]
        if not text.isprintable():
            raise ValueError(f"{segment.tag}/{name}: a line of a flat file carries no control characters")
        line[one.offset : one.offset + len(text)] = text
    return "".join(line)


# --- both ------------------------------------------------------------------------------------------------------------------
def _said(segment: Segment, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is said, in the order of the columns."""
    for name, length in _laid(segment, tuple(values)):
        text = values[name]
        if not text:
            continue
        if len(text) > length:
            raise ValueError(f"{segment.tag}/{name} takes {length} characters, not the {len(text)} of {text[:40]!r}")
        yield name, text


def _laid(segment: Segment, names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """These fields in the order of the columns, with their lengths: one mapping fills a segment in few ways."""
    laid = segment.laid.get(names)
    if laid is None:
        known = segment.by_name
        if strange := sorted(set(names) - known.keys()):
            raise ValueError(f"{segment.tag} has no {', '.join(strange)}")
        laid = tuple((one.name, one.length) for one in sorted((known[name] for name in names), key=_OFFSET))
        if len(segment.laid) < _MOST_LAID:
            segment.laid[names] = laid
    return laid


def _ordered(tree: SourceRecord, body: Sequence[Use], grammar: Grammar) -> Iterator[tuple[SourceRecord, Use]]:
    """The segments below a record in the order of the basic type, each before those below it."""
    places = {use.segment.tag: use for use in body}
    found = []
    for child in tree.children:
        if child.tag == CONTROL:
            continue
        use = places.get(child.tag)
        if use is None:
            strange = {child.tag for child in tree.children} - places.keys() - {CONTROL}
            raise ValueError(f"{grammar.basic_type} has no {', '.join(sorted(strange))} below {tree.tag}")
        found.append((use.order, child, use))
    for _, child, use in sorted(found, key=_ORDER):
        yield child, use
        if child.children:
            yield from _ordered(child, use.below, grammar)


def _values(record: SourceRecord) -> Mapping[str, str]:
    if not isinstance(record.values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as an IDoc")
    return record.values
