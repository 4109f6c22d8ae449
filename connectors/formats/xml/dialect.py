"""A business XML that names its own messages: UBL, cXML, B2MML. What they share is here, what differs in a package each.

The root element says which message it is, so an agreement names no grammar. Reading is that of XML feeds (sliced by tags, parsed by
hardened libxml2, held against a grammar), with identities, control numbers and the test flag taken from the header into the interchange.
A subclass says where messages stand (`layout`), which message an element is (`type_of`), who says it (`identify`) and how a document of
them is put together (`write`). An element that the grammar lacks is told as information: these standards are far larger than any grammar.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from lxml import etree

from connectors.feed import FeedGrammar, grammar_for, grammar_names
from connectors.feed_check import Plan, shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, in_utf8, sniffable
from connectors.first_bytes import HEAD, glimpsed, look, size_of, unreadable
from connectors.formats.xml.charset import SLICED, charset_of
from connectors.formats.xml.dialect_reading import DialectReading
from connectors.formats.xml.fitting import fit
from connectors.formats.xml.levels import Level, Qualify, level_of
from connectors.formats.xml.root import RootTag, root_tag
from connectors.freshness import forgets
from connectors.spec import Envelope, Profile, Traits
from data_contracts.findings import Finding
from data_contracts.source import Interchange, ReadEvent, SourceRecord

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


class Dialect(FeedGuides, ABC):
    """What every business XML does. The class is a `Format` once a subclass has filled in what differs."""

    name: str
    traits = Traits("application/xml", "xml", enveloped=True, options=OPTIONS)
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

    def fit(self, message: str, root: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
        """Names, addresses and descriptions without what XML cannot hold."""
        return fit(root)

    # --- what a dialect says ---------------------------------------------------------------------------------------
    @abstractmethod
    def owns(self, root: RootTag, head: str) -> bool:
        """Whether a document with this root is of the dialect; `head` are its first characters."""

    @abstractmethod
    def layout(self, root: RootTag) -> Layout:
        """Where its messages stand."""

    def type_of(self, element: etree._Element) -> str:
        """The message that an element is."""
        return etree.QName(element).localname

    def arranged(self, element: etree._Element) -> etree._Element:
        """A message's element as its grammar names the parts; most standards have one name for one thing, and it is as it came."""
        return element

    def qualify(self, namespace: str | None) -> Qualify:
        """Which namespace a field's element has, in a message of this namespace."""
        return lambda _field: namespace

    def strange_namespace(self, kind: str, namespace: str | None) -> Finding | None:
        """What is told of a message whose root is of another namespace than its grammar; elements below are told by XML-07."""
        return None

    def version_of(self, record: SourceRecord, namespace: str | None) -> str | None:
        """The standard's version that a message states."""
        return None

    def control_of(self, record: SourceRecord) -> str | None:
        """The number under which its sender knows a message, where the standard has one beside the document's."""
        return None

    @abstractmethod
    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Fill in who sends to whom, control and test flag, from the envelope and the first message."""

    def empty(self, interchange: Interchange, header: etree._Element | None) -> None:
        """Fill in what the envelope says where it holds no message at all, if that can be meant."""
        return

    def enclose(self, record: SourceRecord, header: etree._Element | None) -> None:
        """Put into a message's tree what only the envelope says of it, where mappings need that."""

    def judge(self, kind: str, record: SourceRecord, path: str) -> list[Finding]:
        """What only this standard knows about a message."""
        return []

    @abstractmethod
    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document that holds these messages. Raises ValueError for what it cannot carry."""

    def envelope_reference(self, head: bytes) -> str | None:
        """`sender|receiver|control`: the name under which its sender knows the document; None where the first bytes state none."""
        return None

    def glimpse(self, interchange: Interchange, head: bytes) -> bool:
        """Fill in who sends which document to whom, of one that cannot be read, as far as its first bytes state all three: whether they do.

        Then it is an interchange that is refused, and its sender hears so.
        """
        sender, _, rest = (self.envelope_reference(head) or "").partition("|")
        receiver, _, control = rest.partition("|")
        if sender and receiver and control:
            interchange.sender, interchange.receiver, interchange.control = sender, receiver, control
        return bool(sender and receiver and control)

    # --- what all do -------------------------------------------------------------------------------------------------
    def grammar_of(self, kind: str, profile: Profile) -> FeedGrammar | None:
        """The grammar of a message, the site's own first; None where there is none. Kept until a file changes (`connectors/freshness.py`),
        so that what is kept as evidence of a batch is what it was read by.
        """
        folders = _folders(profile)
        if kind not in _names(self.name, folders):
            return None
        key = (self.name, kind, folders)
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = grammar_for(self.name, kind, profile)
        return known

    def laid(self, kind: str, namespace: str | None, profile: Profile) -> _Laid | None:
        """The grammar of a message laid out for a namespace."""
        key = (self.name, kind, namespace, _folders(profile))
        known = self._laid.get(key)
        if known is None and key not in self._laid:
            grammar = self.grammar_of(kind, profile)
            known = _Laid(level_of(grammar.fields, self.qualify(namespace)), Plan.of(grammar.fields)) if grammar is not None else None
            if len(self._laid) >= _MOST_LAID:
                self._laid.clear()
            self._laid[key] = known
        return known

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
            refused = Finding("FED-03", expected=self.name, got=shown(glimpsed(sniffable(head)[:24])))
        charset, unknown = charset_of(head, profile)
        finding = refused or unknown
        if finding is not None:
            yield ReadEvent("unreadable", finding=finding)
            return
        if SLICED.fullmatch(charset):
            yield from DialectReading(self, stream, size, profile, charset, exact=True, head=sniffable(head)).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = DialectReading(self, converted, size, profile, "utf-8", exact=False, head=sniffable(head))
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events()


_NAMES: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}


def _folders(profile: Profile) -> tuple[str, ...]:
    return tuple(map(str, profile.options.get("grammar_folders", ())))


def _names(format_name: str, folders: tuple[str, ...]) -> frozenset[str]:
    """Messages that have a grammar. Listed once, and again when files come or go."""
    known = _NAMES.get((format_name, folders))
    if known is None:
        known = _NAMES[format_name, folders] = frozenset(grammar_names(format_name, [Path(folder) for folder in folders]))
    return known


def keeps(dialect: Dialect) -> None:
    """A dialect forgets its grammars when their files change."""

    def forget() -> None:
        kept: Any
        for kept in (_NAMES, dialect._kept, dialect._laid):
            for key in [key for key in list(kept) if key[0] == dialect.name]:
                kept.pop(key, None)

    forgets(dialect.name, forget)
