"""From one message element's bytes to a source record tree, by libxml2 with everything shut that could reach outside.

The parser resolves no entities, loads no DTD, opens no network connection and keeps its own limits (`huge_tree=False`:
depth 256, texts of 10 MB). Comments and processing instructions are dropped, namespaces are checked and then left off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from connectors.feed_check import shown
from connectors.feed_reading import DEPTH
from connectors.formats.xml.levels import NOTHING, Level
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

ATTRIBUTES = 1_000
"""Attributes that one element may have."""
_IGNORED_ATTRIBUTES = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")


def hardened_parser() -> etree.XMLParser:
    """A parser for hostile XML. The only one in this package; a test counts them."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


@dataclass(slots=True)
class _MessageError(Exception):
    """Carries a finding out of the recursion."""

    finding: Finding


@dataclass(slots=True)
class _Skipped:
    """A name of another namespace: where it stood first and how often."""

    place: Place
    namespace: str
    count: int = 1


@dataclass(slots=True)
class TreeBuilder:
    """Parses messages of one document. `namespace` is what the message's element must have; without a level any will do."""

    namespace: str | None
    level: Level | None
    max_records: int
    spaces: frozenset[str] = frozenset()
    """Namespaces whose unknown elements are read, for the grammar to name them; others' are noted and left out."""
    out_of_order: str | None = None
    """Rule that elements break which do not stand in the grammar's order; None where order says nothing."""
    also: tuple[str | None, ...] = ()
    """Namespaces in which the message's element may stand as well."""
    parser: etree.XMLParser = field(default_factory=hardened_parser)
    _line: int = 1
    _records: int = 0
    _findings: list[Finding] = field(default_factory=list)
    _skipped: dict[str, _Skipped] = field(default_factory=dict)

    def parse(self, content: str, ancestors: Sequence[str], tag: str, line: int, path: str) -> tuple[SourceRecord | None, list[Finding]]:
        """The tree of one message element and what was found in it; no tree where it is not well-formed or too large.

        `ancestors` are the start tags around it, which may declare its namespaces; `line` is its text line.
        """
        element, refusal = self.element(content, ancestors, line, path)
        return self.build(element, tag, line, path) if element is not None else (None, refusal)

    def element(self, content: str, ancestors: Sequence[str], line: int, path: str) -> tuple[etree._Element | None, list[Finding]]:
        """The message's element, or why there is none."""
        self._line = line
        if content.count("<") > 2 * self.max_records + 10_000:
            return None, [Finding("FED-14", place=Place(line=line, path=path), expected=str(self.max_records), params={"what": "records"})]
        try:
            return self._element(content, ancestors), []
        except _MessageError as refused:
            return None, [refused.finding]

    def build(self, element: etree._Element, tag: str, line: int, path: str) -> tuple[SourceRecord | None, list[Finding]]:
        """The tree of a message's element, whose first line is `line` of the document."""
        self._line, self._records, self._findings, self._skipped = line, 0, [], {}
        try:
            self._check_namespace(element, path)
            root = self._record(element, tag, self.level, None, path, 1)
        except _MessageError as refused:
            return None, [refused.finding]
        for name, skipped in self._skipped.items():
            params = {"field": name, "count": str(skipped.count)}
            self._findings.append(Finding("XML-07", place=skipped.place, got=skipped.namespace, params=params))
        return root, self._findings

    def _element(self, content: str, ancestors: Sequence[str]) -> etree._Element:
        # On one line, so that the message's first line is the parser's first line.
        before = "".join(start.replace("\r", " ").replace("\n", " ") for start in ancestors)
        after = "".join(f"</{start[1:].split()[0].rstrip('>')}>" for start in reversed(ancestors))
        try:
            element = etree.fromstring((before + content + after).encode("utf-8"), self.parser)
        except etree.XMLSyntaxError as error:
            place = Place(line=self._line + (error.lineno or 1) - 1)
            raise _MessageError(Finding("XML-01", place=place, got=shown_error(error))) from None
        for _ in ancestors:
            element = element[0]
        return element

    def _check_namespace(self, element: etree._Element, path: str) -> None:
        if self.level is None:
            return
        found = etree.QName(element).namespace
        if found != self.namespace and found not in self.also:
            place = Place(line=self._line, path=path)
            raise _MessageError(Finding("XML-04", place=place, expected=self.namespace or "none", got=found or "none"))

    def _record(
        self, element: etree._Element, tag: str, level: Level | None, parent: SourceRecord | None, path: str, depth: int
    ) -> SourceRecord:
        if depth > DEPTH:
            raise _MessageError(Finding("XML-05", place=Place(line=self._line_of(element), path=path), expected=str(DEPTH)))
        values = self._attributes(element, path)
        record = self._new(tag, values, element, parent, path)
        by_tag = level.by_tag if level is not None else NOTHING.by_tag
        text, full = element.text, len(element) > 0
        loose = text.strip() if text else ""
        if loose and not full:
            values[""] = loose
        last, ordered = -1, self.out_of_order is not None
        for child in element:
            if not loose and (tail := child.tail):
                loose = tail.strip()
            known = by_tag.get(child.tag)
            if known is None:
                name = self._name(child, level, record, path)
                if name is None:
                    continue
                if len(child):
                    self._record(child, name, None if level is None else NOTHING, record, f"{path}/{name}", depth + 1)
                else:
                    self._leaf(child, name, False, record, values, path)
                continue
            name, position, is_record, many, below = known
            if position < last and ordered:
                self._note_order(child, name, record, path)
            last = position
            if is_record or len(child):
                self._record(child, name, below, record, f"{path}/{name}", depth + 1)
            else:
                self._leaf(child, name, many, record, values, path)
        if loose and full and level is not None and "" in level.names:
            values[""] = loose
        elif loose and full:
            place = Place(position=record.position, line=record.line, path=path)
            self._findings.append(Finding("XML-08", place=place, got=shown(loose), params={"field": tag}))
        return record

    def _leaf(self, child: etree._Element, name: str, many: bool, record: SourceRecord, values: dict[str, str], path: str) -> None:
        """An element without elements: a value of its parent; a record below it where it repeats or has attributes."""
        text = child.text
        if text and (text := text.strip()) and not many and name not in values:
            values[name] = text
            text = ""
        attributes = self._attributes(child, path)
        if text:
            attributes[""] = text
        if attributes:
            self._new(name, attributes, child, record, path)

    def _note_order(self, child: etree._Element, name: str, record: SourceRecord, path: str) -> None:
        place = Place(position=record.position, line=self._line_of(child), path=f"{path}/{name}")
        known = next((found for found in self._findings if found.rule == self.out_of_order and found.place.path == place.path), None)
        if known is None and self.out_of_order is not None:
            self._findings.append(Finding(self.out_of_order, place=place, got=name, params={"field": name}))

    def _new(self, tag: str, values: dict[str, str], element: etree._Element, parent: SourceRecord | None, path: str) -> SourceRecord:
        if self._records >= self.max_records:
            place = Place(line=self._line_of(element), path=path)
            raise _MessageError(Finding("FED-14", place=place, expected=str(self.max_records), params={"what": "records"}))
        self._records += 1
        record = SourceRecord(tag, values, self._records, parent, self._line_of(element))
        if parent is not None:
            parent.children.append(record)
        return record

    def _name(self, child: etree._Element, level: Level | None, record: SourceRecord, path: str) -> str | None:
        """Local name of an element that the grammar lacks; None, and a note, for one of another namespace."""
        tag = child.tag
        if not isinstance(tag, str):  # an entity reference, which without a DTD cannot be resolved
            raise _MessageError(Finding("XML-01", place=Place(line=self._line_of(child), path=path), got="undefined entity"))
        space, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        if level is None or (local not in level.names and (space == (self.namespace or "") or space in self.spaces)):
            return local
        known = self._skipped.get(local)
        if known is not None:
            known.count += 1
        elif len(self._skipped) < 100:
            place = Place(position=record.position, line=self._line_of(child), path=f"{path}/{local}")
            self._skipped[local] = _Skipped(place, space or "none")
        return None

    def _attributes(self, element: etree._Element, path: str) -> dict[str, str]:
        """Attributes with a leading `@`, by local name; empty ones and those that only steer parsers are left out."""
        names = element.keys()
        if not names:
            return {}
        if len(names) > ATTRIBUTES:  # before the values: lxml looks each one up by its name, for minutes where a hostile tag has many
            place = Place(line=self._line_of(element), path=path)
            raise _MessageError(Finding("FED-14", place=place, expected=str(ATTRIBUTES), params={"what": "attributes"}))
        found: dict[str, str] = {}
        items: list[tuple[str, str]] = element.items()  # type: ignore[assignment]  # the stubs say bytes too
        for name, value in items:
            if text := value.strip():
                if name[0] != "{":
                    found["@" + name] = text
                elif not name.startswith(_IGNORED_ATTRIBUTES):
                    found["@" + name.rpartition("}")[2]] = text
        return found

    def _line_of(self, element: etree._Element) -> int:
        line: Any = element.sourceline  # the stubs know no number
        return self._line + int(line or 1) - 1


def shown_error(error: etree.XMLSyntaxError) -> str:
    """The parser's own words without its line numbers, which count within a message."""
    return shown(str(error.msg).split(", line ")[0])
