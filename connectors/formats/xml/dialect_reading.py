"""Reads one document of a business XML: root, envelope and messages, each parsed alone and held against the grammar that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed_check import Checker, element_path, shown
from connectors.feed_reading import Caps, FeedDocument
from connectors.first_bytes import HEAD
from connectors.formats.xml.envelope import judged, opened
from connectors.formats.xml.root import root_tag
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import TreeBuilder
from connectors.spec import Profile
from connectors.undecodable import not_text
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent

if TYPE_CHECKING:
    from connectors.formats.xml.dialect import Dialect


_BROKE_OFF = frozenset({"XML-01", "XML-03"})
"""Faults of transport, after which the sender is told. Of what is hostile (a DOCTYPE that declares something) nothing at all is read."""


class DialectReading:
    """One document of a dialect being read."""

    def __init__(self, dialect: Dialect, stream: BinaryIO, size: int, profile: Profile, charset: str, *, exact: bool, head: bytes) -> None:
        self.dialect = dialect
        self.profile = profile
        self.charset = charset
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.size = size
        self.exact = exact
        self.head = head
        """The first bytes, by which the sender is known of what cannot be read."""
        self.window = ByteWindow(stream)
        self.ordinal = 0
        self.header: etree._Element | None = None
        """The envelope as it stands before the first message."""
        self.builders: dict[tuple[str, str | None], tuple[TreeBuilder, Checker | None]] = {}

    def events(self) -> Iterator[ReadEvent]:
        """What the document says, in order."""
        try:
            scanner, finding = self._scanner()
            if scanner is None or finding is not None:
                yield from self.document.stop(finding or Finding("FED-13"))
                return
            for part in scanner.messages():
                yield from self._message(part, scanner)
            if not self.ordinal:
                self.dialect.empty(self.document.interchange, opened(scanner, self.charset))
        except BrokenError as broken:
            broke_off = broken.finding.rule in _BROKE_OFF and not self.document.opened
            if broke_off and self.dialect.glimpse(self.document.interchange, self.head):
                yield from self.document.open()
            yield from self.document.stop(broken.finding)
            return
        self.document.interchange.findings += [self._softened(finding) for finding in judged(scanner, self.charset)]
        yield from self.document.close()

    def _scanner(self) -> tuple[Scanner | None, Finding | None]:
        """A scanner for where the root says that messages stand, or why there is none."""
        probe = Scanner(self.window, (), self.caps.message_bytes, doctype=self.dialect.doctype)
        text = probe.root()
        line = self.window.line_at(probe.at)
        root = root_tag(text)
        if root is None:
            return None, Finding("XML-01", place=Place(line=line), got=shown(text.decode(self.charset, "replace")))
        if not self.dialect.owns(root, self.window.data[:HEAD].decode(self.charset, "replace")):
            return None, Finding("FED-03", place=Place(line=line), expected=self.dialect.name, got=shown(root.local))
        layout = self.dialect.layout(root)
        scanner = Scanner(self.window, layout.path, self.caps.message_bytes, layout.beside, self.dialect.doctype)
        scanner.at = probe.at
        return scanner, None

    def _message(self, part: Slice, scanner: Scanner) -> Iterator[ReadEvent]:
        self.ordinal += 1
        offset, length = (part.start, part.stop - part.start) if self.exact else (0, self.size)
        where = "/" + "/".join(scanner.named)
        if self.ordinal == 1:
            self.header = opened(scanner, self.charset)
        tag = root_tag(part.content)
        message = Message(tag.local if tag is not None else scanner.named[-1], None, None, None, self.ordinal, offset, length)
        try:
            text = part.content.decode(self.charset)
        except UnicodeDecodeError as error:
            line = part.line + part.content.count(b"\n", 0, error.start)
            message.findings.append(not_text(error, self.charset, Place(line=line, path=where)))
        else:
            self._fill(message, text, part.line, [start.decode(self.charset, "replace") for start in scanner.ancestors], where)
        if self.ordinal == 1:
            self.dialect.identify(self.document.interchange, self.header, message.type, message.root)
            if message.root is None:
                self.dialect.glimpse(self.document.interchange, self.head)
        yield from self.document.message(message)

    def _fill(self, message: Message, text: str, line: int, ancestors: Sequence[str], where: str) -> None:
        """Type, tree and findings of a message."""
        element, refusal = self._builder("", None)[0].element(text, ancestors, line, where)
        if element is None:
            message.findings += refusal
            return
        element = self.dialect.arranged(element)
        kind, namespace = self.dialect.type_of(element), etree.QName(element).namespace
        message.type = kind
        where = where.replace("*", etree.QName(element).localname) + (f"[{self.ordinal}]" if len(ancestors) else "")
        builder, checker = self._builder(kind, namespace)
        message.root, findings = builder.build(element, kind, line, where)
        if message.root is None:
            message.findings += findings
            return
        self.dialect.enclose(message.root, self.header)
        message.version = self.dialect.version_of(message.root, namespace)
        message.control = self.dialect.control_of(message.root)
        if checker is None:
            findings.append(Finding(self.dialect.unknown_type, place=Place(line=line, path=where), got=kind))
        else:
            if (strange := self.dialect.strange_namespace(kind, namespace)) is not None:
                findings.append(replace(strange, place=Place(line=line, path=where)))
            findings += checker.check(message.root, where)
            findings += self.dialect.judge(kind, message.root, where)
        message.findings += [self._softened(finding) for finding in findings]

    def _builder(self, kind: str, namespace: str | None) -> tuple[TreeBuilder, Checker | None]:
        known = self.builders.get((kind, namespace))
        if known is None:
            laid = self.dialect.laid(kind, namespace, self.profile) if kind else None
            builder = TreeBuilder(
                namespace,
                laid.level if laid is not None else None,
                self.caps.message_records,
                self.dialect.spaces,
                self.dialect.out_of_order,
            )
            checker = Checker(laid.plan, element_path, lenient=self.profile.lenient) if laid is not None else None
            known = self.builders[kind, namespace] = builder, checker
        return known

    @staticmethod
    def _softened(finding: Finding) -> Finding:
        """Elements that no grammar of ours has, or of another namespace, are extensions and no fault."""
        return replace(finding, severity="info") if finding.rule in ("FED-10", "XML-07") else finding
