"""Delimited feeds: CSV and its relatives, with the separator, decimal mark, charset and columns that the feed's grammar states.

A row is a message, or adjacent rows with equal key columns are one (`group` of the grammar). Rows keep their number, text line
and exact bytes. The charset is that of a byte order mark, else the agreement's, else the first of the grammar's that decodes
the whole document; a choice other than UTF-8 is said in a finding. Values are cut of surrounding spaces; empty means absent.
UTF-16 is converted first: `Message.offset` and `length` are then those of the document (`connectors.feed_reading.reread`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from connectors.feed import FeedGrammar, Field, grammar_for
from connectors.feed_check import shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import byte_order_mark, charset_named, declared_charset, look, size_of, unreadable, wide_charset
from connectors.formats.delimited.grouping import GroupedRows, SingleRows
from connectors.formats.delimited.header import match_header, separator_of
from connectors.formats.delimited.rows import UnclosedError, rows
from connectors.formats.delimited.writer import write_document
from connectors.spec import Envelope, Profile, Traits
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import ReadEvent, SourceRecord

_SLICED = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|cp437|cp850|koi8-[ru]|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|cp949|euc_(jp|kr)"
)
_OTHER_SYNTAX = re.compile(rb"[<{\[]|ISA[^A-Za-z0-9]|UNA|UNB\+|EDI_DC")


def _decodes(stream: BinaryIO, charset: str) -> bool:
    """Whether the whole document is text of this charset."""
    decoder = codecs.getincrementaldecoder(charset)("strict")
    stream.seek(0)
    try:
        while chunk := stream.read(256 * 1024):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def _charset(stream: BinaryIO, head: bytes, profile: Profile, grammar: FeedGrammar | None) -> tuple[str, int, Finding | None]:
    """Charset, length of the byte order mark, and a finding where the choice was the hub's."""
    mark = byte_order_mark(head)
    agreed = declared_charset(profile)
    if mark is not None:
        finding = None if mark[1] == "utf-8" else Finding("FED-16", got=mark[1], params={"reason": "byte order mark"})
        return mark[1], mark[0], finding
    if agreed is not None:
        return ("gb18030" if agreed in ("gb2312", "gbk") else agreed), 0, None
    wide = wide_charset(head)
    if wide is not None:
        return wide, 0, Finding("FED-16", got=wide, params={"reason": "zero bytes"})
    candidates = [charset_named(name, "charsets") for name in (grammar.charsets if grammar is not None else ("utf-8",))]
    for charset in candidates:
        if _decodes(stream, charset):
            if charset == candidates[0]:
                return charset, 0, None
            reason = f"not {candidates[0]}"
            return charset, 0, Finding("FED-16", got=charset, params={"reason": reason})
    return candidates[0], 0, None


def _unguided(names: Sequence[str], separator: str) -> FeedGrammar:
    """A grammar of the columns that a file happens to have."""
    fields = {name.strip(): Field(name.strip(), "text") for name in names if name.strip()}
    return FeedGrammar(name="", format="delimited", message="delimited", version=1, hash="", fields=fields, separator=separator)


class Delimited(FeedGuides):
    """The format `delimited`."""

    name = "delimited"
    traits = Traits("text/csv", "csv")
    sniff_last = True

    def sniff(self, head: bytes) -> bool:
        """Text whose first line has a separator and that begins like no other syntax; the weakest sign, so asked last."""
        if unreadable(head) is not None:
            return False
        text = sniffable(head)
        first = text.split(b"\n", 1)[0].split(b"\r", 1)[0]
        return not _OTHER_SYNTAX.match(text) and any(mark in first for mark in (b",", b";", b"\t", b"|"))

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar a row is a message and only quotes and widths are checked."""
        feed = grammar_for("delimited", grammar, profile) if grammar is not None else None
        caps = Caps.of(profile)
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and _OTHER_SYNTAX.match(sniffable(head)):
            refused = Finding("FED-03", expected="delimited", got=shown(sniffable(head)[:24].decode("utf-8", "replace")))
        if refused is not None:
            yield ReadEvent("unreadable", finding=refused)
            return
        charset, start, chosen = _charset(stream, head, profile, feed)
        document = FeedDocument(size)
        if chosen is not None:
            document.interchange.findings.append(chosen)
        if _SLICED.fullmatch(charset):
            yield from self._events(stream, start, charset, feed, caps, document, exact=True)
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            if wrong is not None:
                document.interchange.findings.append(wrong)
            yield from self._events(converted, 0, "utf-8", feed, caps, document, exact=False)

    def _events(
        self, stream: BinaryIO, start: int, charset: str, feed: FeedGrammar | None, caps: Caps, document: FeedDocument, exact: bool
    ) -> Iterator[ReadEvent]:
        stream.seek(start)
        first_line = stream.readline(64 * 1024).decode(charset, "replace")
        sample = feed if feed is not None else _unguided([], ",")
        separator = separator_of(first_line, sample) if feed is not None else max(",;\t|", key=first_line.count)
        source = rows(stream, start, charset, separator, sample.quote)
        try:
            top = next(source, None)
            if top is None or top.fault is not None:
                yield from document.stop(top.fault if top is not None and top.fault is not None else Finding("FED-01", got="no row"))
                return
            grammar = feed if feed is not None else _unguided(top.fields, separator)
            header = match_header(top.fields, grammar, top.line)
            if header.refused is not None:
                yield from document.stop(header.refused)
                return
            findings = document.interchange.findings
            findings += header.findings
            if feed is None:
                findings.append(Finding("FED-17"))
            elif separator != feed.separator:
                place = Place(position=1, line=top.line)
                findings.append(Finding("CSV-12", place=place, expected=repr(feed.separator), got=repr(separator)))
            kind = GroupedRows if grammar.group is not None else SingleRows
            for message in kind(grammar, header, caps).messages(source):
                if not exact:
                    message.offset, message.length = 0, document.interchange.length
                yield from document.message(message)
        except UnclosedError as unclosed:
            yield from document.stop(unclosed.finding)
            return
        yield from document.close()

    def write(
        self, messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's columns in the agreement's charset, else the grammar's first.

        Raises ValueError for what it cannot carry, ConfigError without a grammar.
        """
        if grammar is None:
            raise ConfigError("writing delimited needs a grammar, which names the columns")
        feed = grammar_for("delimited", grammar, profile)
        charset = declared_charset(profile) or charset_named(feed.charsets[0], "charsets")
        return write_document(messages, feed, charset, bool(profile.options.get("for_spreadsheet", False)))


FORMAT = Delimited()
