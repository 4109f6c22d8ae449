"""A business XML that names its own messages: UBL, cXML, B2MML. What they share is here, what differs in a package each.

The root element says which message it is, so an agreement names no grammar. Reading is that of XML feeds (sliced by tags, parsed by
hardened libxml2, held against a grammar), with identities, control numbers and the test flag taken from the header into the interchange.
A subclass says where messages stand (`layout`), which message an element is (`type_of`), who says it (`identify`) and how a document of
them is put together (`write`). An element that the grammar lacks is told as information: these standards are far larger than any grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, ClassVar
from xml.sax.saxutils import unescape

from lxml import etree

from connectors.byte_window import ByteWindow
from connectors.feed import FeedGrammar, grammar_for, grammar_names
from connectors.feed_check import Checker, Plan, element_path, shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import HEAD, look, size_of, unreadable
from connectors.formats.xml.charset import SLICED, charset_of
from connectors.formats.xml.envelope import judged, opened
from connectors.formats.xml.levels import Level, Qualify, level_of
from connectors.formats.xml.root import RootTag, root_tag
from connectors.formats.xml.scanner import BrokenError, Scanner, Slice
from connectors.formats.xml.tree import TreeBuilder
from connectors.spec import Envelope, Profile, Traits
from data_contracts.findings import Finding, Place
from data_contracts.source import Interchange, Message, ReadEvent, SourceRecord

_MOST_LAID = 1_000
"""Grammars kept laid out; names of messages come from the outside."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the messages of a document stand: path of their element, and what stands beside them under a last step `*`."""

    path: tuple[str, ...]
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Laid:
    """A grammar laid out for one namespace."""

    level: Level
    plan: Plan


class Dialect(FeedGuides):
    """What every business XML does. The class is a `Format` once a subclass has filled in what differs."""

    name: str
    traits = Traits("application/xml", "xml", enveloped=True)
    spaces: ClassVar[frozenset[str]] = frozenset()
    """Namespaces beside the message's own whose elements are the standard's."""
    doctype: ClassVar[str | None] = None
    """Rule of a DOCTYPE that declares something; None where the standard has no DOCTYPE at all."""
    unknown_type: ClassVar[str]
    """Rule of a message for which there is no grammar."""
    out_of_order: ClassVar[str | None] = None
    """Rule of elements that stand in another order than the standard's; None where that changes with the version."""
    _kept: ClassVar[dict[tuple[str, str, tuple[str, ...]], FeedGrammar]] = {}
    _laid: ClassVar[dict[tuple[str, str, str | None, tuple[str, ...]], _Laid | None]] = {}

    # --- what a dialect says ---------------------------------------------------------------------------------------
    def owns(self, root: RootTag, head: str) -> bool:
        """Whether a document with this root is of the dialect; `head` are its first characters."""
        raise NotImplementedError

    def layout(self, root: RootTag) -> Layout:
        """Where its messages stand."""
        raise NotImplementedError

    def type_of(self, element: etree._Element) -> str:
        """The message that an element is."""
        return etree.QName(element).localname

    def qualify(self, namespace: str | None) -> Qualify:
        """Which namespace a field's element has, in a message of this namespace."""
        return lambda _field: namespace

    def version_of(self, record: SourceRecord, namespace: str | None) -> str | None:
        """The standard's version that a message states."""
        return None

    def control_of(self, record: SourceRecord) -> str | None:
        """The number under which its sender knows a message, where the standard has one beside the document's."""
        return None

    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Fill in who sends to whom, control and test flag, from the envelope and the first message."""
        raise NotImplementedError

    def enclose(self, record: SourceRecord, header: etree._Element | None) -> None:
        """Put into a message's tree what only the envelope says of it, where mappings need that."""

    def judge(self, kind: str, record: SourceRecord, path: str) -> list[Finding]:
        """What only this standard knows about a message."""
        return []

    def write(
        self, messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document that holds these messages. Raises ValueError for what it cannot carry."""
        raise NotImplementedError

    def envelope_reference(self, head: bytes) -> str | None:
        """`sender|receiver|control`: the name under which its sender knows the document; None where the first bytes state none."""
        return None

    # --- what all do -------------------------------------------------------------------------------------------------
    def grammar_of(self, kind: str, profile: Profile) -> FeedGrammar | None:
        """The grammar of a message, the site's own first; None where there is none. Kept: a changed file is seen when the hub starts
        again, so that what is kept as evidence is what was read by.
        """
        folders = _folders(profile)
        if kind not in _names(self.name, folders):
            return None
        key = (self.name, kind, folders)
        if key not in self._kept:
            self._kept[key] = grammar_for(self.name, kind, profile)
        return self._kept[key]

    def laid(self, kind: str, namespace: str | None, profile: Profile) -> _Laid | None:
        """The grammar of a message laid out for a namespace."""
        key = (self.name, kind, namespace, _folders(profile))
        if key not in self._laid:
            grammar = self.grammar_of(kind, profile)
            laid = _Laid(level_of(grammar.fields, self.qualify(namespace)), Plan.of(grammar.fields)) if grammar is not None else None
            if len(self._laid) >= _MOST_LAID:
                self._laid.clear()
            self._laid[key] = laid
        return self._laid[key]

    def sniff(self, head: bytes) -> bool:
        """A document whose root element is the dialect's."""
        head = sniffable(head[:HEAD])
        root = root_tag(head)
        return root is not None and self.owns(root, head.decode("utf-8", "replace"))

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. The messages name themselves, so `grammar` is not looked at."""
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and not sniffable(head).startswith(b"<"):
            refused = Finding("FED-03", expected=self.name, got=shown(sniffable(head)[:24].decode("utf-8", "replace")))
        charset, unknown = charset_of(head, profile)
        finding = refused or unknown
        if finding is not None:
            yield ReadEvent("unreadable", finding=finding)
            return
        if SLICED.fullmatch(charset):
            yield from _Reading(self, stream, size, profile, charset, exact=True).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = _Reading(self, converted, size, profile, "utf-8", exact=False)
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events()


def stated(pattern: re.Pattern[bytes], head: bytes) -> str:
    """What a pattern's first group finds in the first bytes of a document, as its text; empty where it finds nothing."""
    match = pattern.search(head.replace(b"\0", b""))
    return unescape(match[1].decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"}).strip() if match is not None else ""


_NAMES: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}


def _folders(profile: Profile) -> tuple[str, ...]:
    return tuple(map(str, profile.options.get("grammar_folders", ())))


def _names(format_name: str, folders: tuple[str, ...]) -> frozenset[str]:
    """Messages that have a grammar. Listed once: a new file is seen when the hub starts again."""
    known = _NAMES.get((format_name, folders))
    if known is None:
        known = _NAMES[format_name, folders] = frozenset(grammar_names(format_name, [Path(folder) for folder in folders]))
    return known


class _Reading:
    """One document being read."""

    def __init__(self, dialect: Dialect, stream: BinaryIO, size: int, profile: Profile, charset: str, exact: bool) -> None:
        self.dialect = dialect
        self.profile = profile
        self.charset = charset
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.size = size
        self.exact = exact
        self.window = ByteWindow(stream)
        self.ordinal = 0
        self.header: etree._Element | None = None
        """The envelope as it stands before the first message."""
        self.builders: dict[tuple[str, str | None], tuple[TreeBuilder, Checker | None]] = {}

    def events(self) -> Iterator[ReadEvent]:
        try:
            scanner, finding = self._scanner()
            if scanner is None or finding is not None:
                yield from self.document.stop(finding or Finding("FED-13"))
                return
            for part in scanner.messages():
                yield from self._message(part, scanner)
        except BrokenError as broken:
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
            bad = part.content[error.start : error.start + 4].hex(" ")
            message.findings.append(Finding("FED-15", place=Place(line=line, path=where), expected=self.charset, got=bad))
        else:
            self._fill(message, text, part.line, [start.decode(self.charset, "replace") for start in scanner.ancestors], where)
        if self.ordinal == 1:
            self.dialect.identify(self.document.interchange, self.header, message.type, message.root)
        yield from self.document.message(message)

    def _fill(self, message: Message, text: str, line: int, ancestors: Sequence[str], where: str) -> None:
        """Type, tree and findings of a message."""
        element, refusal = self._builder("", None)[0].element(text, ancestors, line, where)
        if element is None:
            message.findings += refusal
            return
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
            checker = Checker(laid.plan, element_path) if laid is not None else None
            known = self.builders[kind, namespace] = builder, checker
        return known

    @staticmethod
    def _softened(finding: Finding) -> Finding:
        """Elements that no grammar of ours has, or of another namespace, are extensions and no fault."""
        return replace(finding, severity="info") if finding.rule in ("FED-10", "XML-07") else finding


def text_at(record: SourceRecord | None, *path: str) -> str:
    """The first value at these names below a record; the last one may be an attribute of a leaf. Empty where there is none."""
    *steps, leaf = path
    reached = [record] if record is not None else []
    for step in steps:
        reached = [child for found in reached for child in found.children if child.tag == step]
    for found in reached:
        values: Mapping[str, str] = found.values  # type: ignore[assignment]  # a mapping in named syntaxes
        if value := values.get(leaf, ""):
            return value
        for child in found.children:
            if child.tag == leaf and (value := child.values.get("", "")):  # type: ignore[union-attr]
                return value
    return ""


def below(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first element at these local names below one, whatever its namespace."""
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if isinstance(child.tag, str) and etree.QName(child).localname == name), None)
    return element


def text_of(element: etree._Element | None) -> str:
    """The text of an element, blanks at its ends dropped; empty for none."""
    return (element.text or "").strip() if element is not None else ""


def copied(record: SourceRecord, parent: SourceRecord | None = None) -> SourceRecord:
    """A tree of its own, for writers that add what the envelope says."""
    copy = SourceRecord(record.tag, dict(record.values), record.position, parent, record.line)  # type: ignore[arg-type]
    copy.children = [copied(child, copy) for child in record.children]
    return copy


def put_at(record: SourceRecord, *path: str, text: str) -> None:
    """Set the value at these names below a record, making the records on the way."""
    *steps, leaf = path
    for step in steps:
        found = next((child for child in record.children if child.tag == step), None)
        if found is None:
            found = SourceRecord(step, {}, 0, record)
            record.children.append(found)
        record = found
    record.values[leaf] = text  # type: ignore[index]  # a mapping in named syntaxes
