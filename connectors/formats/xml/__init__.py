"""XML feeds: one document that holds many business elements, or is one.

Messages are sliced out of the byte stream (`scanner`), each is parsed by hardened libxml2 (`tree`) and held against the
feed's grammar. A DOCTYPE is refused before any parser sees the document. Memory is that of the largest message; a message
that is not well-formed is one finding and its neighbours are read. `Message.offset` and `length` are its exact bytes; only
where the document had to be converted first (UTF-16) are they those of the document, and messages are found again by
`connectors.feed_reading.reread`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed import FeedGrammar, grammar_for
from connectors.feed_check import Checker, element_path, shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import glimpsed, look, size_of, unreadable
from connectors.formats.xml.charset import SLICED, charset_of
from connectors.formats.xml.envelope import judged
from connectors.formats.xml.levels import level_of, spaces_of
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import TreeBuilder, hardened_parser, shown_error
from connectors.formats.xml.writer import write_document
from connectors.spec import Envelope, Profile, Traits
from connectors.undecodable import not_text
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent, SourceRecord

_ROOT_NAME = re.compile(rb"<([^\s/>]+)")


class _Reading:
    """One document being read."""

    def __init__(self, stream: BinaryIO, size: int, profile: Profile, grammar: FeedGrammar | None, charset: str, exact: bool) -> None:
        self.grammar = grammar
        self.charset = charset
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.size = size
        self.exact = exact
        self.window = ByteWindow(stream)
        self.ordinal = 0

    def events(self) -> Iterator[ReadEvent]:
        try:
            finding, path = self._root()
            if finding is not None:
                yield from self.document.stop(finding)
                return
            yield from self._messages(path)
        except BrokenError as broken:
            yield from self.document.stop(broken.finding)
            return
        yield from self.document.close()

    def _root(self) -> tuple[Finding | None, tuple[str, ...]]:
        """What is wrong with the root element, and the path of messages: without a grammar, the root itself."""
        probe = Scanner(self.window, (), self.caps.message_bytes)
        first = probe.root()
        line = self.window.line_at(probe.at)
        self.scanner_start = probe.at
        name = _ROOT_NAME.match(first)
        local = (name[1] if name else b"").rpartition(b":")[2].decode(self.charset, "replace")
        if self.grammar is None:
            self.document.interchange.findings.append(Finding("FED-17"))
            return None, (local,)
        if local != self.grammar.path[0]:
            return Finding("FED-04", place=Place(line=line), expected="/".join(self.grammar.path), got=shown(local)), ()
        text = first.decode(self.charset, "replace")
        try:
            root = etree.fromstring((text if text.endswith("/>") else text[:-1] + "/>").encode("utf-8"), hardened_parser())
        except etree.XMLSyntaxError as error:
            return Finding("XML-01", place=Place(line=line), got=shown_error(error)), ()
        namespace = etree.QName(root).namespace
        if namespace != self.grammar.namespace and namespace not in self.grammar.also:
            place = Place(line=line, path="/" + local)
            return Finding("XML-04", place=place, expected=self.grammar.namespace or "none", got=namespace or "none"), ()
        return None, self.grammar.path

    def _messages(self, path: tuple[str, ...]) -> Iterator[ReadEvent]:
        grammar = self.grammar
        scanner = Scanner(self.window, path, self.caps.message_bytes)
        scanner.at = self.scanner_start
        fields = grammar.fields if grammar is not None else None
        namespace = grammar.namespace if grammar is not None else None
        also = grammar.also if grammar is not None else ()
        level = level_of(grammar.fields, spaces_of(grammar), also) if grammar is not None else None
        builder = TreeBuilder(namespace, level, self.caps.message_records, also=also)
        checker = None
        if grammar is not None and fields is not None:
            checker = Checker(fields, element_path, others=grammar.open, lenient=self.caps.lenient)
        for part in scanner.messages():
            yield from self._message(part, scanner, builder, checker, path)
        self.document.interchange.findings += judged(scanner, self.charset)

    def _message(
        self, part: Slice, scanner: Scanner, builder: TreeBuilder, checker: Checker | None, path: tuple[str, ...]
    ) -> Iterator[ReadEvent]:
        self.ordinal += 1
        offset, length = (part.start, part.stop - part.start) if self.exact else (0, self.size)
        kind = self.grammar.message if self.grammar is not None else "xml"
        message = Message(kind, None, None, None, self.ordinal, offset, length)
        where = "/" + "/".join(path) + (f"[{self.ordinal}]" if len(path) > 1 else "")
        try:
            text = part.content.decode(self.charset)
        except UnicodeDecodeError as error:
            line = part.line + part.content.count(b"\n", 0, error.start)
            message.findings.append(not_text(error, self.charset, Place(line=line, path=where)))
            yield from self.document.message(message)
            return
        ancestors = [start.decode(self.charset, "replace") for start in scanner.ancestors]
        message.root, findings = builder.parse(text, ancestors, kind, part.line, where)
        message.findings += findings
        if message.root is not None and checker is not None:
            message.findings += checker.check(message.root, where)
        yield from self.document.message(message)


class Xml(FeedGuides):
    """The format `xml`."""

    name = "xml"
    traits = Traits("application/xml", "xml", options=OPTIONS)
    sniff_general = True

    def sniff(self, head: bytes) -> bool:
        """A document that begins with a declaration, a comment or an element."""
        return re.match(rb"<[?!A-Za-z_]", sniffable(head)) is not None

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar the root element is the one message and only its syntax is checked."""
        feed = grammar_for("xml", grammar, profile) if grammar is not None else None
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and not self.sniff(head):
            refused = Finding("FED-03", expected="xml", got=shown(glimpsed(sniffable(head)[:24])))
        charset, unknown = charset_of(head, profile)
        finding = refused or unknown
        if finding is not None:
            yield ReadEvent("unreadable", finding=finding)
            return
        if SLICED.fullmatch(charset):
            yield from _Reading(stream, size, profile, feed, charset, exact=True).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = _Reading(converted, size, profile, feed, "utf-8", exact=False)
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's shape in UTF-8. Raises ValueError for what it cannot carry, ConfigError without a grammar."""
        if grammar is None:
            raise ConfigError("writing xml needs a grammar, which names the elements")
        return write_document(messages, grammar_for("xml", grammar, profile))


FORMAT = Xml()
