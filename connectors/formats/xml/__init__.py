"""XML feeds: one document that holds many business elements, or is one.

Messages are sliced out of the byte stream (`scanner`), each is parsed by hardened libxml2 (`tree`) and held against the
feed's grammar. A DOCTYPE is refused before any parser sees the document. Memory is that of the largest message; a message
that is not well-formed is one finding and its neighbours are read. `Message.offset` and `length` are its exact bytes; only
where the document had to be converted first (UTF-16) are they those of the document, and messages are found again by
`connectors.feed_reading.reread`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed import FeedGrammar, grammar_for
from connectors.feed_check import Checker, element_path, shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import byte_order_mark, charset_named, declared_charset, look, size_of, unreadable, wide_charset
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import TreeBuilder, hardened_parser, shown_error
from connectors.formats.xml.writer import write_document
from connectors.spec import Envelope, Profile, Traits
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent, SourceRecord

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']")
_ROOT_NAME = re.compile(rb"<([^\s/>]+)")
# Charsets in which the marks of XML have their ASCII values and are part of no other character.
_SLICED = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|cp949|euc_(jp|kr)")
_CONVERTED = re.compile(r"utf-16(-[lb]e)?|utf-32(-[lb]e)?")


def _charset(head: bytes, profile: Profile) -> tuple[str, Finding | None]:
    """The document's charset by mark, agreement, declaration or default, and a finding where it is not taken."""
    mark = byte_order_mark(head)
    wide = wide_charset(head)
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    agreed = declared_charset(profile)
    name = mark[1] if mark is not None else agreed or wide or (declared[1].decode() if declared is not None else "utf-8")
    try:
        charset = charset_named(name)
    except ConfigError:
        return name, Finding("XML-06", place=Place(line=1), got=name)
    if not _SLICED.fullmatch(charset) and not _CONVERTED.fullmatch(charset):
        return charset, Finding("XML-06", place=Place(line=1), got=name)
    # Chinese systems declare GB2312 and write GBK or GB18030, which hold all of it.
    return ("gb18030" if charset in ("gb2312", "gbk") else charset), None


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
        if namespace != self.grammar.namespace:
            place = Place(line=line, path="/" + local)
            return Finding("XML-04", place=place, expected=self.grammar.namespace or "none", got=namespace or "none"), ()
        return None, self.grammar.path

    def _messages(self, path: tuple[str, ...]) -> Iterator[ReadEvent]:
        grammar = self.grammar
        scanner = Scanner(self.window, path, self.caps.message_bytes)
        scanner.at = self.scanner_start
        fields = grammar.fields if grammar is not None else None
        builder = TreeBuilder(grammar.namespace if grammar is not None else None, fields, self.caps.message_records)
        checker = Checker(fields, element_path) if fields is not None else None
        for part in scanner.messages():
            yield from self._message(part, scanner, builder, checker, path)
        self._judge_envelope(scanner)

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
            bad = part.content[error.start : error.start + 4].hex(" ")
            message.findings.append(Finding("FED-15", place=Place(line=line, path=where), expected=self.charset, got=bad))
            yield from self.document.message(message)
            return
        ancestors = [start.decode(self.charset, "replace") for start in scanner.ancestors]
        message.root, findings = builder.parse(text, ancestors, kind, part.line, where)
        message.findings += findings
        if message.root is not None and checker is not None:
            message.findings += checker.check(message.root, where)
        yield from self.document.message(message)

    def _judge_envelope(self, scanner: Scanner) -> None:
        """Parse what is left when messages are taken out, so that a fault between them is found too."""
        for name, (line, count) in scanner.strangers.items():
            place = Place(line=line, path="/" + "/".join(scanner.named[:-1]) + "/" + name)
            self.document.interchange.findings.append(Finding("FED-10", place=place, got=name, params={"field": name, "count": str(count)}))
        if not scanner.envelope_kept or not scanner.envelope:
            return
        text = "\n".join(piece.decode(self.charset, "replace") for _, piece in scanner.envelope)
        try:
            etree.fromstring(text.encode("utf-8"), hardened_parser())
        except etree.XMLSyntaxError as error:
            place = Place(line=_document_line(scanner.envelope, error.lineno or 1))
            self.document.interchange.findings.append(Finding("XML-01", place=place, got=shown_error(error)))


def _document_line(pieces: Sequence[tuple[int, bytes]], line: int) -> int:
    """Line in the document of a line in the joined pieces."""
    passed = 0
    for start, piece in pieces:
        lines = piece.count(b"\n") + 1
        if passed + lines >= line:
            return start + line - passed - 1
        passed += lines
    return pieces[-1][0]


class Xml(FeedGuides):
    """The format `xml`."""

    name = "xml"
    traits = Traits("application/xml", "xml")

    def sniff(self, head: bytes) -> bool:
        """A document that begins with a declaration, a comment or an element."""
        return re.match(rb"<[?!A-Za-z_]", sniffable(head)) is not None

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar the root element is the one message and only its syntax is checked."""
        feed = grammar_for("xml", grammar, profile) if grammar is not None else None
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and not self.sniff(head):
            refused = Finding("FED-03", expected="xml", got=shown(sniffable(head)[:24].decode("utf-8", "replace")))
        charset, unknown = _charset(head, profile)
        finding = refused or unknown
        if finding is not None:
            yield ReadEvent("unreadable", finding=finding)
            return
        if _SLICED.fullmatch(charset):
            yield from _Reading(stream, size, profile, feed, charset, exact=True).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = _Reading(converted, size, profile, feed, "utf-8", exact=False)
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events()

    def write(
        self, messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's shape in UTF-8. Raises ValueError for what it cannot carry, ConfigError without a grammar."""
        if grammar is None:
            raise ConfigError("writing xml needs a grammar, which names the elements")
        return write_document(messages, grammar_for("xml", grammar, profile))


FORMAT = Xml()
