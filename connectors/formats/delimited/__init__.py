"""Delimited feeds: CSV and its relatives, with the separator, decimal mark, charset and columns that the feed's grammar states.

A row is a message, or adjacent rows with equal key columns are one (`group` of the grammar). Rows keep their number, text line
and exact bytes. `connectors.charset_choice` finds the charset. Values are cut of surrounding spaces; empty means absent.
UTF-16 is converted first: `Message.offset` and `length` are then those of the document (`connectors.feed_reading.reread`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from connectors.charset_choice import choose_charset, cut_in_bytes
from connectors.feed import FeedGrammar, Field, grammar_for
from connectors.feed_check import shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, OTHER_SYNTAX, Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import charset_named, declared_charset, glimpsed, look, size_of, unreadable
from connectors.formats.delimited.rows import UnclosedError, rows, separator_of, until_unclosed
from connectors.formats.delimited.writer import write_document
from connectors.row_grouping import GroupedRows, SingleRows
from connectors.row_header import match_header
from connectors.spec import Envelope, Profile, Traits
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import ReadEvent, SourceRecord

_SAID_SEPARATOR = re.compile('"?sep=[,;|\t]"?[\r\n]*', re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""`1,200` and `1.200`: by one country's settings twelve hundred, by another's one and a fifth."""


def _ambiguous(root: SourceRecord | None, feed: FeedGrammar, separator: str) -> Iterator[Finding]:
    """Numbers that another separator makes doubtful: who parts fields by a semicolon has another decimal mark too."""
    for record in root.walk() if root is not None else ():
        for name, text in dict(record.values).items():  # type: ignore[arg-type]  # of a feed, values have names
            known = feed.fields.get(name)
            if known is not None and known.kind == "decimal" and _TWO_NUMBERS.fullmatch(text):
                place = Place(position=record.position, line=record.line, path=name)
                yield Finding("CSV-14", place=place, expected=repr(separator), got=text, params={"field": name})


def _unguided(names: Sequence[str], separator: str) -> FeedGrammar:
    """A grammar of the columns that a file happens to have."""
    fields = {name.strip(): Field(name.strip(), "text") for name in names if name.strip()}
    return FeedGrammar(name="", format="delimited", message="delimited", version=1, hash="", fields=fields, separator=separator)


class Delimited(FeedGuides):
    """The format `delimited`."""

    name = "delimited"
    traits = Traits("text/csv", "csv", options=OPTIONS | {"for_spreadsheet"}, one_by_one=True)
    sniff_last = True

    def traits_for(self, profile: Profile, grammar: str | None = None) -> Traits:
        """Values that tabs part are no CSV."""
        tabs = grammar is not None and grammar_for("delimited", grammar, profile).separator == "\t"
        return replace(self.traits, media_type="text/tab-separated-values", suffix="tsv") if tabs else self.traits

    def sniff(self, head: bytes) -> bool:
        """Text whose first line has a separator and that begins like no other syntax; the weakest sign, so asked last."""
        if unreadable(head) is not None:
            return False
        text = sniffable(head)
        first = text.split(b"\n", 1)[0].split(b"\r", 1)[0]
        return not OTHER_SYNTAX.match(text) and any(mark in first for mark in (b",", b";", b"\t", b"|"))

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar a row is a message and only quotes and widths are checked."""
        feed = grammar_for("delimited", grammar, profile) if grammar is not None else None
        caps = Caps.of(profile)
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is None and OTHER_SYNTAX.match(sniffable(head)):
            refused = Finding("FED-03", expected="delimited", got=shown(glimpsed(sniffable(head)[:24])))
        if refused is not None:
            yield ReadEvent("unreadable", finding=refused)
            return
        chosen = choose_charset(stream, head, profile, feed.charsets if feed is not None else ())
        charset, start = chosen.charset, chosen.start
        document = FeedDocument(size)
        if chosen.finding is not None:
            document.interchange.findings.append(chosen.finding)
        if cut_in_bytes(charset):
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
        passed = 0
        if _SAID_SEPARATOR.fullmatch(first_line):  # a line for Excel alone, which is none of the table
            start, passed = stream.tell(), 1
            first_line = stream.readline(64 * 1024).decode(charset, "replace")
        sample = feed if feed is not None else _unguided([], ",")
        separator = separator_of(first_line, sample) if feed is not None else max(",;\t|", key=first_line.count)
        source = rows(stream, start, charset, separator, sample.quote, passed)
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
            if grammar.group is None:
                messages = SingleRows(grammar, header, caps).messages(source)
            else:
                grouped = GroupedRows(grammar, header, caps)
                grouped.look_over(until_unclosed(source))
                source = rows(stream, start, charset, separator, sample.quote, passed)
                next(source, None)  # the header
                messages = grouped.messages(source)
            for message in messages:
                if separator != sample.separator and feed is not None:
                    message.findings += _ambiguous(message.root, feed, separator)
                if not exact:
                    message.offset, message.length = 0, document.interchange.length
                yield from document.message(message)
        except UnclosedError as unclosed:
            yield from document.stop(unclosed.finding)
            return
        yield from document.close()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's columns in the agreement's charset, else the grammar's first.

        Raises ValueError for what it cannot carry, ConfigError without a grammar.
        """
        if grammar is None:
            raise ConfigError("writing delimited needs a grammar, which names the columns")
        feed = grammar_for("delimited", grammar, profile)
        charset = declared_charset(profile) or charset_named(feed.written_charset, "charsets")
        return write_document(messages, feed, charset, bool(profile.options.get("for_spreadsheet", False)))


FORMAT = Delimited()
