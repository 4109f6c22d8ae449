"""Our grammars as pyx12 maps: a folder that pyx12 4.0 reads in place of its own, so that it can judge supply-chain sets.

pyx12 wants everything spelled out (its manual does not say so): the folder replaces the shipped one whole; a map is found by
ISA12 + GS08 + GS01, exactly; a data element has one length for all versions, so a folder serves one base version; a loop is
as mandatory as it says, but its first segment must be; and an HL is told apart by its level, so every nesting that occurs
needs a loop of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from connectors.formats.x12.grammar import ElementUse, Grammar, LoopUse, SegmentUse, envelope_segment

Chain = tuple[str, ...]
"""Hierarchical levels from the top: ("S", "O", "I")."""

_ROUNDS = 8
"""A chain that is added may move what comes later; real documents settle in two rounds."""


@dataclass(frozen=True, slots=True)
class SetMap:
    """One set under one group header."""

    grammar: Grammar
    version: str
    """GS08 as sent."""
    group: str
    """GS01 as sent."""
    chains: frozenset[Chain] = frozenset()
    """Nestings of HL levels that the map must know."""


def write_maps(folder: Path, interchange_version: str, sets: Sequence[SetMap]) -> None:
    """Fill an existing, empty folder. `interchange_version` is ISA12: 00401 or 00501, nothing else runs in pyx12."""
    elements: dict[str, ElementUse] = {}
    index = etree.Element("maps")
    versions = etree.SubElement(index, "version", icvn=interchange_version)
    for number, one in enumerate(sets):
        name = f"{one.grammar.message}.{number}.xml"
        entry = etree.SubElement(versions, "map", vriic=one.version, fic=one.group, abbr=one.grammar.message)
        entry.text = name
        _save(folder / name, _transaction(one, interchange_version, elements))
    _save(folder / "maps.xml", index)
    control = etree.Element("transaction", xid="X12", name="Control segments")
    _envelope(control, None, interchange_version, elements)
    _save(folder / f"x12.control.{interchange_version}.xml", control)
    _save(folder / "codes.xml", etree.Element("codes"))
    table = etree.Element("data_elements")
    for use in elements.values():
        etree.SubElement(
            table, "data_ele", ele_num=use.number, data_type=use.type, min_len=str(use.min), max_len=str(use.max), name=use.name
        )
    _save(folder / "dataele.xml", table)


def _save(path: Path, root: etree._Element) -> None:
    path.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _transaction(one: SetMap, interchange_version: str, elements: dict[str, ElementUse]) -> etree._Element:
    root = etree.Element("transaction", xid=one.grammar.message, name=one.grammar.name)
    _envelope(root, one, interchange_version, elements)
    return root


def _envelope(root: etree._Element, one: SetMap | None, interchange_version: str, elements: dict[str, ElementUse]) -> None:
    version = one.version if one else interchange_version
    interchange = _loop(root, "ISA_LOOP", "Interchange", "R", 0, 1, "explicit")
    _segment(interchange, envelope_segment("ISA", interchange_version), 10, elements, {12: interchange_version})
    group = _loop(interchange, "GS_LOOP", "Functional Group", "R", 0, 20, "explicit")
    _segment(group, envelope_segment("GS", version), 10, elements, {1: one.group} if one else {})
    if one is not None:
        opened = _loop(group, "ST_LOOP", "Transaction Set", "R", 0, 20, "explicit")
        _segment(opened, envelope_segment("ST", version), 10, elements, {1: one.grammar.message})
        end = _body(opened, one, one.grammar.body, 20, elements)
        _segment(opened, envelope_segment("SE", version), end, elements, {})
    _segment(group, envelope_segment("GE", version), 30, elements, {})
    _segment(interchange, envelope_segment("IEA", interchange_version), 30, elements, {})


def _body(parent: etree._Element, one: SetMap, body: Sequence[SegmentUse | LoopUse], position: int, elements: dict[str, ElementUse]) -> int:
    """Adds the uses from `position` on; returns the position after the last."""
    for use in body:
        if isinstance(use, SegmentUse):
            _segment(parent, use, position, elements, {})
        elif one.grammar.hierarchy and use.id == "HL":
            _levels(parent, one, use, (), position, elements)
        else:
            loop = _loop(parent, f"{use.id}_LOOP", use.name, _usage(use.use), use.max, position)
            _segment(loop, use.first, 10, elements, dict([use.qualifier]) if use.qualifier else {})
            _body(loop, one, use.body[1:], 20, elements)
        position += 10
    return position


def _levels(parent: etree._Element, one: SetMap, use: LoopUse, above: Chain, position: int, elements: dict[str, ElementUse]) -> None:
    """The HL loops below a chain of levels, all at one position, since siblings of different levels come in any order."""
    below = sorted({chain[len(above)] for chain in one.chains if len(chain) > len(above) and chain[: len(above)] == above})
    if not above and not below:
        below = ["S"]  # no HL came at all: the map must still say that one is missing
    for level in below:
        mandatory = not above and len(below) == 1
        loop = _loop(parent, "HL" + "".join((*above, level)), f"Level {level}", "R" if mandatory else "S", 0, position)
        _segment(loop, use.first, 10, elements, {3: level})
        end = _body(loop, one, use.body[1:], 20, elements)
        _levels(loop, one, use, (*above, level), end, elements)


def _loop(parent: etree._Element, name: str, title: str, usage: str, limit: int, position: int, kind: str = "") -> etree._Element:
    loop = etree.SubElement(parent, "loop", xid=name, name=title, usage=usage, pos=f"{position:03d}", repeat=_limit(limit))
    if kind:
        loop.set("type", kind)
    return loop


def _segment(parent: etree._Element, use: SegmentUse, position: int, elements: dict[str, ElementUse], values: dict[int, str]) -> None:
    """A segment; `values` fixes elements to one value."""
    segment = etree.SubElement(
        parent, "segment", xid=use.id, name=use.name, usage=_usage(use.use), pos=f"{position:03d}", max_use=_limit(use.max)
    )
    for condition in use.syntax:
        etree.SubElement(segment, "syntax").text = condition
    for number, element in enumerate(use.elements, 1):
        place = f"{use.id}{number:02d}"
        if element.components:
            composite = etree.SubElement(
                segment, "composite", xid=place, data_ele=element.number, name=element.name, usage=_usage(element.use), seq=f"{number:02d}"
            )
            for part, component in enumerate(element.components, 1):
                _element(composite, component, f"{place}-{part:02d}", part, elements, None)
        else:
            _element(segment, element, place, number, elements, values.get(number))


def _element(parent: etree._Element, use: ElementUse, place: str, number: int, elements: dict[str, ElementUse], value: str | None) -> None:
    elements.setdefault(use.number, use)
    element = etree.SubElement(parent, "element", xid=place, data_ele=use.number, name=use.name, usage=_usage(use.use), seq=f"{number:02d}")
    codes = [value] if value is not None else sorted(use.codes or ())
    if codes:
        valid = etree.SubElement(element, "valid_codes")
        for code in codes:
            etree.SubElement(valid, "code").text = code


def _usage(use: str) -> str:
    return "R" if use == "M" else "S"


def _limit(limit: int) -> str:
    return str(limit) if limit else ">1"


def chains_of(levels: Sequence[tuple[str, str, str, bool]]) -> frozenset[Chain]:
    """The nestings that a map needs for one set's HL segments, given as (HL01, HL02, HL03, follows an HL at once).

    The document nests by HL02, pyx12 by order: it puts a level under the innermost open one that can hold it. So where it will
    put each is followed here, and what hangs below gets a chain there too.
    """
    chains: set[Chain] = set()
    for _ in range(_ROUNDS):
        placed: dict[str, Chain] = {}
        here: Chain = ()
        before = len(chains)
        for number, parent, level, at_once in levels:
            if not level:
                continue
            wanted = (*placed.get(parent, ()), level)
            chains.add(wanted)
            again = at_once and here[-1:] == (level,)
            here = here if again else next((chain for chain in _open(here, level) if chain in chains), wanted)
            placed[number] = here
        if len(chains) == before:
            break
    return frozenset(chains)


def _open(here: Chain, level: str) -> Iterator[Chain]:
    """Where a level may hang from here on, innermost first."""
    for depth in range(len(here), -1, -1):
        yield (*here[:depth], level)
