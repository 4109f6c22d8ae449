"""The XML representation: `<ORDERS05><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1">...`, any number of IDOC elements below one root.

IDocs are cut out of the byte stream (`connectors.formats.xml.scanner`: a DOCTYPE is refused before any parser sees it) and each is
parsed alone by hardened libxml2. An element with elements below it, with the attribute SEGMENT or with the name of a segment is a
segment, any other a field. Namespaces are left off: adapters put one on the root at times, SAP does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed_reading import DEPTH, Caps
from connectors.formats.idoc.glimpse import control_in
from connectors.formats.idoc.grammar import CONTROL, Tables
from connectors.formats.idoc.reading import Document
from connectors.formats.idoc.tree import Tree
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import hardened_parser, shown_error
from connectors.legible import legible
from connectors.undecodable import not_text
from data_contracts.findings import Finding, Place
from data_contracts.source import ReadEvent, SourceRecord

_GLIMPSED = 16_384
"""Bytes of an IDoc that cannot be read in which its control record is looked for."""
_ROOT_NAME = re.compile(rb"<([^\s/>]+)")


class Refused(Exception):  # noqa: N818  # what happens to a message, not an error of ours
    """Carries a finding out of the recursion."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


class Markup:
    """One XML document being read. `exact` says whether byte offsets are those of the document itself."""

    def __init__(self, stream: BinaryIO, size: int, tables: Tables, caps: Caps, charset: str, exact: bool) -> None:
        self.window = ByteWindow(stream)
        self.size = size
        self.tables = tables
        self.caps = caps
        self.charset = charset
        self.exact = exact
        self.document = Document(tables, "xml")
        self.parser = hardened_parser()

    def events(self) -> Iterator[ReadEvent]:
        """The events of the document."""
        scanner: Scanner | None = None
        try:
            scanner = self._scanner()
            for part in scanner.messages():
                yield from self._idoc(part, scanner)
        except BrokenError as broken:
            yield from self._broken(broken.finding, scanner)
            return
        if not self.document.ordinal:
            yield ReadEvent("unreadable", finding=Finding("IDC-01", got="/".join(scanner.named[:1])))
            return
        for name, (line, count) in scanner.strangers.items():
            params = {"field": legible(name, 30), "count": str(count)}
            self.document.note(Finding("FED-10", place=Place(line=line), got=legible(name, 30), params=params))
        yield from self.document.end()

    def _broken(self, finding: Finding, scanner: Scanner | None) -> Iterator[ReadEvent]:
        """The document can be followed no further: of an IDoc that was begun, its control record says who is to hear of it."""
        start = self.window.keep
        control = control_in(self.window.slice(start, start + _GLIMPSED).decode(self.charset, "replace")) if scanner is not None else {}
        if finding.rule in ("XML-01", "XML-03") and control.get("DOCNUM") and control.get("SNDPRN"):
            offset, length = (start, self.size - start) if self.exact else (0, self.size)
            yield from self.document.refused(control, finding, offset, length)
        else:
            yield from self.document.stop(finding, scanner.at if scanner is not None and self.exact else 0, self.size)

    def _scanner(self) -> Scanner:
        probe = Scanner(self.window, (), self.caps.message_bytes)
        name = _ROOT_NAME.match(probe.root())
        local = (name[1] if name else b"").rpartition(b":")[2].decode(self.charset, "replace")
        scanner = Scanner(self.window, (local, "IDOC"), self.caps.message_bytes)
        scanner.at = probe.at
        return scanner

    def _idoc(self, part: Slice, scanner: Scanner) -> Iterator[ReadEvent]:
        offset, length = (part.start, part.stop - part.start) if self.exact else (0, self.size)
        try:
            element = self._parsed(part, scanner)
        except Refused as refused:
            control = control_in(part.content[:_GLIMPSED].decode(self.charset, "replace"))
            yield from self.document.events(control, self.document.start(control, offset, length, part.line), [refused.finding])
            return
        top = [child for child in element if isinstance(child.tag, str)]
        holder = next((child for child in top if _local(child) == CONTROL), None)
        control = _fields(holder) if holder is not None else {}
        started = self.document.start(control, offset, length, part.line + _line(holder if holder is not None else element))
        faults: list[Finding] = []
        if holder is None:
            faults.append(Finding("IDC-02", Place(line=part.line), expected=CONTROL))
        elif started.tree is not None:
            try:
                for child in top:
                    if child is not holder:
                        self._segment(child, started.tree, started.tree.root, part.line, 1)
            except Refused as refused:
                faults.append(refused.finding)
        yield from self.document.events(control, started, faults)

    def _parsed(self, part: Slice, scanner: Scanner) -> etree._Element:
        try:
            text = part.content.decode(self.charset)
        except UnicodeDecodeError as error:
            place = Place(line=part.line + part.content.count(b"\n", 0, error.start))
            raise Refused(not_text(error, self.charset, place)) from None
        if text.count("<") > 2 * self.caps.message_records + 10_000:
            expected = str(self.caps.message_records)
            raise Refused(Finding("FED-14", Place(line=part.line), expected=expected, params={"what": "records"}))
        ancestors = [start.decode(self.charset, "replace") for start in scanner.ancestors]
        # On one line, so that the IDoc's first line is the parser's first line.
        before = "".join(start.replace("\r", " ").replace("\n", " ") for start in ancestors)
        after = "".join(f"</{start[1:].split()[0].rstrip('>')}>" for start in reversed(ancestors))
        try:
            element = etree.fromstring((before + text + after).encode("utf-8"), self.parser)
        except etree.XMLSyntaxError as error:
            place = Place(line=part.line + (error.lineno or 1) - 1)
            raise Refused(Finding("XML-01", place, got=shown_error(error))) from None
        for _ in ancestors:
            element = element[0]
        return element

    def _segment(self, element: etree._Element, tree: Tree, above: SourceRecord, base: int, depth: int) -> None:
        """A segment and what stands below it, in the order of the document."""
        line = base + _line(element)
        if depth > DEPTH:
            raise Refused(Finding("XML-05", Place(line=line), expected=str(DEPTH)))
        if tree.count >= self.caps.message_records:
            raise Refused(Finding("FED-14", Place(line=line), expected=str(self.caps.message_records), params={"what": "records"}))
        values: dict[str, str] = {}
        below: list[etree._Element] = []
        tag, segments = _local(element), self.tables.segments
        fields = segments[tag].by_name if tag in segments else {}
        for child in element:
            name = _local(child)
            if name in fields and name not in values and not len(child):
                values[name] = (child.text or "").strip()
            elif not name:
                raise Refused(Finding("XML-01", Place(line=base + _line(child)), got="undefined entity"))
            elif len(child) or name in segments or child.get("SEGMENT") is not None:
                below.append(child)
            elif name in values:
                place = Place(segment=tag, position=tree.count + 1, line=base + _line(child), path=f"{tag}/{name}")
                tree.report(Finding("IDC-14", place, expected=name, params={"field": legible(name, 30)}))
            else:
                values[name] = (child.text or "").strip()
        record = tree.add(tag, values, line, above)
        for child in below:
            self._segment(child, tree, record, base, depth + 1)


def _fields(element: etree._Element) -> dict[str, str]:
    values: dict[str, str] = {}
    for child in element:
        values.setdefault(_local(child), (child.text or "").strip())
    values.pop("", None)
    return values


def _local(element: etree._Element) -> str:
    """Name without namespace; empty for what is no element."""
    tag = element.tag
    if tag.__class__ is not str:
        return ""
    return tag.rpartition("}")[2] if tag[0] == "{" else tag


def _line(element: etree._Element) -> int:
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs know no number
    return (line or 1) - 1
