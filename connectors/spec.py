"""Transport and Format: the only page that an author of a plug-in reads.

A connector is transport x format x profile. A **transport** moves bytes and knows no business; a **format** turns bytes
into source records and back and knows no partner. Each is one module (or package) in `transports/` or
`formats/` that offers `TRANSPORT` or `FORMAT`; the module's name is the key by which profiles use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, BinaryIO, Protocol, runtime_checkable

from data_contracts.findings import Finding, Place
from data_contracts.source import ReadEvent, SourceRecord


@dataclass(frozen=True, slots=True)
class Profile:
    """What an agreement says about a dialect; the defaults are strict.

    The site's YAML fills it (`profile:` of an agreement). `options` holds what only one format knows.
    """

    charset: str | None = None
    """Charset to decode with; null means the format's own default or declaration."""
    time_zone: str = "UTC"
    """IANA zone of times that state no offset."""
    unpadded_isa: bool = False
    """Take an ISA of 16 elements that lost its fixed width, with a finding."""
    accept_with_errors: bool = False
    """Sets with element or segment errors are taken (AK5 E) instead of rejected (AK5 R)."""
    lenient: bool = False
    """The agreement takes messages that some rules would refuse: one fault alone does not settle the fate of a message."""
    options: Mapping[str, Any] = field(default_factory=dict)


STRICT = Profile()


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Envelope:
    """What a writer needs around messages; control numbers come from the store, never from the clock."""

    sender: str
    """`qualifier:id`, e.g. `ZZ:DEVICECO`."""
    receiver: str
    control: int
    group_control: int
    first_message_control: int
    created_at: datetime
    """Aware, already in the zone in which the partner reads it."""
    version: str = "004010"
    test: bool = False
    acknowledgement_requested: bool = False
    delimiters: Mapping[str, str] = field(default_factory=dict)
    group_sender: str | None = None
    """GS02 where it differs from the interchange id."""
    group_receiver: str | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What the hub must know of a syntax beside how to read and write it: the `traits` of a `Format`; one that states none has these."""

    media_type: str = "application/octet-stream"
    suffix: str = "txt"
    """Of the names of files, without a point."""
    enveloped: bool = False
    """Documents go out in an envelope of the standard (`Envelope`) and name their messages themselves; else a grammar names them."""
    base_version: str = ""
    """Version in which a message is written whose agreement names none."""
    components: str = ""
    """What parts the components of a composite in trees that are to be written."""
    options: frozenset[str] | None = None
    """The names in `Profile.options` that it reads, so that a misspelt one is told; None: it does not say."""
    one_by_one: bool = False
    """Its writer has done with a message when it asks for the next: each tree may be made when it is asked for, and then let go."""
    messages: frozenset[str] | None = None
    """Types of all its messages, of a standard that has no envelope and is its own grammar; None: envelope or grammar tell."""
    version_at: Place | None = None
    """Where a message states its version, if that of another reads one that no grammar describes (AGR-09); None: none does."""
    tells_repeats: bool = False
    """By its standard a document bears a number that stays when it is sent again, and by which the receiver knows a repeat."""


@dataclass(frozen=True, slots=True)
class UsedGrammar:
    """A grammar as evidence: which tables read a message. `content` is all of it, plain enough for JSON."""

    name: str
    hash: str
    version: str
    content: Any


@runtime_checkable
class Grammared(Protocol):
    """A format whose messages name their grammar themselves, so that the hub can keep what a message was read by."""

    def grammar_used(self, message: str, version: str, folders: Sequence[str] = ()) -> UsedGrammar | None:
        """The grammar of this type and version; None when it was read without one. `folders` are the site's grammar folders."""
        ...


@runtime_checkable
class Optioned(Protocol):
    """A format that knows what its options may hold, so that `udihub partner check` tells what nobody would understand."""

    def wrong_options(self, options: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
        """Key (`aperak.errors.Z01`), what is expected, and what stands there; null: there is no such key."""
        ...


@runtime_checkable
class Format(Protocol):
    """A syntax. Reads and writes stream: memory does not grow with the file."""

    name: str
    """Public word of design.md section 9: x12, xml, json, delimited..."""

    def sniff(self, head: bytes) -> bool:
        """Whether the first 4 KiB look like this syntax. Never raises."""
        ...

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document in order. Bad data yields findings; only the machine raises.

        `grammar` names the feed's grammar for syntaxes that do not name their message themselves (json, xml, delimited).
        The stream is seekable and positioned at 0.
        """
        ...

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """The document that holds these (type, tree) messages; `Traits.one_by_one` says whether they are written as they come.

        Raises ValueError for data that the syntax cannot carry.
        """
        ...


@runtime_checkable
class Fitting(Protocol):
    """A format that knows which of its elements hold words for people, and can make them fit: shorter, in letters that it carries.

    Asked where a document cannot be written as it is. Numbers, codes and identifiers are never touched.
    """

    def fit(self, message: str, root: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
        """Change the words of a tree so that `write` can carry them; OUT-05 for each. Raises ValueError as `write` does."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file or body that a transport found, before landing.

    `delivery_key` is stable for the same delivery: file name + size + time, AS2 Message-ID, Idempotency-Key.
    """

    name: str
    delivery_key: str
    size: int
    modified_at: datetime | None = None
    media_type: str | None = None


@runtime_checkable
class Transport(Protocol):
    """Moves bytes. Failures that may heal raise RetriableError, wrong configuration ConfigError.

    A transport may state `settings`, the names of all settings that it reads, and `needs`, those without which it does not work: then
    `udihub partner check` tells what is misspelt or missing before anything is to be moved.
    """

    name: str

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """What waits at the source, oldest first; half-written files are left alone until they are stable."""
        ...

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """The bytes of one delivery as a stream."""
        ...

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Called only after the bytes are durable in the store: move, mark or delete at the source. Repeatable."""
        ...

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Deliver atomically (never a half-written file) and return what the peer answered. `stable_id` repeats on retry.

        Raises AwaitedError where the peer has it and will say by another way whether it takes it.
        """
        ...


@dataclass(frozen=True, slots=True)
class WrittenOn:
    """A file that was taken, and changed where it was put afterwards: whoever wrote it was not done."""

    delivered: Delivered
    taken: int
    """Its size, in bytes, when it was taken."""
    settings: Mapping[str, Any]
    """Those by which the transport opens it there."""


@runtime_checkable
class Keeping(Protocol):
    """A transport that puts what was taken where its writer, if it was not done, writes on."""

    def written_on(self, settings: Mapping[str, Any], delivery_keys: Iterable[str]) -> Iterator[WrittenOn]:
        """Of what was taken under these keys, what is newer where it was put, once it stands still. It stays there."""
        ...


@runtime_checkable
class Checked(Protocol):
    """A transport whose settings have settings of their own, so that `udihub partner check` tells what is wrong inside them."""

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail; asks nobody and looks for no secret. `asks`: the flow pulls."""
        ...


@runtime_checkable
class Cautious(Protocol):
    """A transport that knows what its settings cannot guarantee, so that `udihub partner check` remarks it."""

    def cautions(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Of a flow that pulls, with settings that passed `check`: rule, key below `transport`, and what stands there."""
        ...


@runtime_checkable
class Guarded(Protocol):
    """A transport that knows whether a repeat can become a second document at the peer, so that `udihub partner check` remarks it."""

    def guards(self, settings: Mapping[str, Any]) -> bool:
        """Of a flow that sends, with settings that passed `check`: whether something keeps it from that."""
        ...


CUT = "cut"
"""Version of a record that a page ends in the middle of."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what changed at a system, with its bytes as they came from there."""

    delivered: Delivered
    """Its `delivery_key` is stable: position since the watermark, and content."""
    content: bytes
    watermark: str | None = None
    """Up to where everything is known once this page is durable; committed with it. None: the page covers nothing by itself."""
    records: tuple[tuple[str, str], ...] | None = None
    """Id and version (a hash of the content) of each record, in the order in which the format reads its messages. None: nobody can tell.

    An empty version stands for a record that the peer says it sent before: it is known if its id is. `CUT` stands for one that the page
    ends in the middle of: it is passed over, for it comes whole with the next one."""
    findings: tuple[Finding, ...] = ()
    """What the transport has to tell of this page, such as a gap before it: kept with the document."""
    receipt: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    """Of streams: tells the peer that it need not keep these messages any longer; called by `acknowledge`."""
    record_findings: tuple[tuple[int, Finding], ...] = ()
    """What there is to tell of single records, each with its record's ordinal: kept where the record is new or changed."""
    unflagged: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)
    """Ids of records of this pull that `acknowledge` did not flag, which fills it: with the peer's reason, or null where another version is
    there by now."""


@runtime_checkable
class Polling(Protocol):
    """A transport that asks a system what changed since a watermark. It keeps nothing: the hub gives the watermark and keeps the new one.

    `settings` may hold `clock`, the hub's own, by which a stamp from the future is known as one.
    """

    name: str

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed, page by page, in an order in which the watermark of each page covers all before it.

        The hub lands a page before it asks for the next one, and may stop behind any. None: from the beginning.
        """
        ...

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Called only after the page is durable: flag its records as exported, where the peer counts so. Repeatable.

        A record that the peer refuses to flag stops no other: it stands in `page.unflagged` then.
        """
        ...

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """What a person writes as a watermark (`2026-11-22T08:00:00Z`), as this flow keeps it. Raises ConfigError for what it cannot be."""
        ...


@runtime_checkable
class Streaming(Polling, Protocol):
    """A transport that is listened to for as long as the hub runs: pages come as the peer's messages do.

    `pages` is the bounded way: it ends once nothing has come for a while. What is not acknowledged stays with the peer, or is asked for
    again by the watermark. A page without content and records (`connectors.streaming.QUIET`) says that the connection stands.
    """

    def listen(self, settings: Mapping[str, Any], watermark: str | None, stop: Event) -> Iterator[Page]:
        """Pages until `stop` is set; a page of what came up to then is still given. Raises RetriableError when the peer goes away."""
        ...


@runtime_checkable
class Described(Protocol):
    """A transport whose peers describe themselves."""

    def described(self, settings: Mapping[str, Any]) -> tuple[str, ...] | None:
        """What a flow asks that the peer says it has not; None where it does not describe itself. Raises as `pages` does."""
        ...


@runtime_checkable
class Sampling(Protocol):
    """A transport that can show what a first page holds, without keeping it."""

    def sample(self, settings: Mapping[str, Any]) -> Page | None:
        """The page; None where nothing can be asked for. Raises as `pages` does."""
        ...


@runtime_checkable
class Reachable(Protocol):
    """A transport that can prove that its peer is there and lets us in, without moving anything (`udihub partner check --reach`)."""

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str | None:
        """What the peer said, for people; None where it cannot be asked without moving anything.

        Raises RetriableError when it is away, ConfigError when it does not let us in.
        """
        ...
