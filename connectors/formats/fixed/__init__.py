"""Fixed-width feeds: columns by character (or byte) offsets, as mainframes, AS/400s and banks write them.

The grammar says where columns stand (`connectors.feed_layout`). Lines of one kind are a message each, or grouped as in delimited;
lines of several kinds are told apart by a code, and those below an opening one stand in a tree. A line that is too short for a
number, too long, of an unknown code or in a wrong place is a finding of its message. `Message.offset` and `length` are exact;
where a document had to be converted first (UTF-16) they are the document's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import BinaryIO

from connectors.charset_choice import choose_charset, cut_in_bytes
from connectors.feed import FeedGrammar, grammar_for
from connectors.feed_check import shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, OTHER_SYNTAX, Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import charset_named, declared_charset, glimpsed, look, size_of, unreadable
from connectors.formats.fixed.lines import Cutter, Line, lines
from connectors.formats.fixed.records import CodedLines
from connectors.formats.fixed.writer import write_document
from connectors.row_grouping import GroupedRows, Row, SingleRows
from connectors.row_header import Header
from connectors.spec import Envelope, Profile, Traits
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.source import Columns, Message, ReadEvent, SourceRecord

_MARKS = (b",", b";", b"\t", b"|")


class Fixed(FeedGuides):
    """The format `fixed`."""

    name = "fixed"
    traits = Traits("text/plain", "txt", options=OPTIONS, one_by_one=True)
    sniff_last = True

    def sniff(self, head: bytes) -> bool:
        """Text without separators whose lines are wide and alike in length, or have columns set off by blanks; a weak sign."""
        text = sniffable(head)
        if unreadable(head) is not None or OTHER_SYNTAX.match(text):
            return False
        found = [line.rstrip(b"\r") for line in text.split(b"\n")]
        whole = [line for line in (found[:-1] if len(found) > 1 else found) if line.strip()][:50]
        if not whole or any(mark in whole[0] for mark in _MARKS) or min(map(len, whole)) < 8:
            return False
        return (len(whole) > 1 and len(set(map(len, whole))) == 1) or sum(b"  " in line for line in whole) * 2 > len(whole)

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar nothing can be read, since nothing says where columns stand."""
        feed = grammar_for("fixed", grammar, profile) if grammar is not None else None
        caps = Caps.of(profile)
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and OTHER_SYNTAX.match(sniffable(head)):
            refused = Finding("FED-03", expected="fixed", got=shown(glimpsed(sniffable(head)[:24])))
        if refused is None and feed is None:
            refused = Finding("FIX-01")
        if refused is not None or feed is None:
            yield ReadEvent("unreadable", finding=refused)
            return
        chosen = choose_charset(stream, head, profile, feed.charsets)
        document = FeedDocument(size)
        if chosen.finding is not None:
            document.interchange.findings.append(chosen.finding)
        if cut_in_bytes(chosen.charset):
            yield from _events(stream, chosen.start, chosen.charset, feed, caps, document, exact=True)
            return
        converted, wrong = in_utf8(stream, chosen.charset)
        with converted:
            if wrong is not None:
                document.interchange.findings.append(wrong)
            yield from _events(converted, 0, "utf-8", feed, caps, document, exact=False)

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's lines in the agreement's charset, else the grammar's first.

        Raises ValueError for what it cannot carry, ConfigError without a grammar.
        """
        if grammar is None:
            raise ConfigError("writing fixed needs a grammar, which places the columns")
        feed = grammar_for("fixed", grammar, profile)
        return write_document(messages, feed, declared_charset(profile) or charset_named(feed.written_charset, "charsets"))


def _events(
    stream: BinaryIO, start: int, charset: str, feed: FeedGrammar, caps: Caps, document: FeedDocument, exact: bool
) -> Iterator[ReadEvent]:
    assert feed.layout is not None  # the loader gives every fixed grammar one
    cutter = Cutter(feed.layout, charset)
    if feed.layout.discriminator is not None:
        messages = CodedLines(feed, feed.layout, caps, cutter).messages(lines(stream, start, charset))
    else:
        messages = _alike(feed, caps, cutter, partial(lines, stream, start, charset))
    for message in messages:
        if not exact:
            message.offset, message.length = 0, document.interchange.length
        yield from document.message(message)
    yield from document.close()


def _alike(feed: FeedGrammar, caps: Caps, cutter: Cutter, source: Callable[..., Iterator[Line]]) -> Iterator[Message]:
    """Messages of lines of one kind: one each, or grouped, as rows of a delimited file are."""
    assert feed.layout is not None
    record = feed.layout.record
    names = list(record.columns)
    blank = [""] * len(names)
    header = Header({name: index for index, name in enumerate(names)}, len(names), (), None)
    columns = Columns({name: column.start + 1 for name, column in record.columns.items()})

    def rows() -> Iterator[Row]:
        for line in source():
            values: dict[str, str] = {}
            fault, notes = line.fault, list[Finding]()
            if fault is None:
                values, found = cutter.values(line, record)
                fault = next((finding for finding in found if finding.severity == "error"), None)
                notes = [finding for finding in found if finding is not fault]
            fields = [values.get(name, "") for name in names] if values else blank.copy()
            yield Row(line.number, line.number, line.offset, line.length, fields, fault, notes)

    def keys(columns: Sequence[str]) -> Iterator[Row]:
        """The same rows with nothing cut out but what groups them."""
        wanted = frozenset(columns)
        for line in source(told=False):
            values = cutter.only(line, record, wanted) if line.fault is None else {}
            fields = [values.get(name, "") for name in names] if values else blank.copy()
            yield Row(line.number, line.number, line.offset, line.length, fields, line.fault)

    if feed.group is None:
        yield from SingleRows(feed, header, caps, columns).messages(rows())
        return
    grouped = GroupedRows(feed, header, caps, columns)
    grouped.look_over(keys(feed.group.by))
    yield from grouped.messages(rows())


FORMAT = Fixed()
