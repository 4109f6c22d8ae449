"""Cutting an X12 document into segments, by the piece and in flat memory, with places in bytes and lines.

What the field sends is taken as it comes: byte order marks, line breaks and indentation between segments, documents folded
at 80 columns, bytes before the first ISA and after an IEA, several interchanges with separators of their own, a last
segment without terminator. What was met is remembered here (`Segments` attributes) and judged in `envelope.py`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, repeat
from typing import BinaryIO

from connectors.formats.x12.delimiters import BEGINS, FIXED, LAYOUT, WIDTH, Header, parse_header
from connectors.formats.x12.shapes import shapes_of
from connectors.segment_batch import SegmentBatch, Shape
from connectors.undecodable import byte_ordered, errors_of, sizing, torn_end
from data_contracts.errors import ConfigError

CHUNK = 1 << 14
"""Bytes read at a time."""

_FIRST = 1 << 12
"""Characters that are cut at first, then four times as many: what is cut behind the end of a small interchange is cut in vain."""

LONGEST = 1 << 20
"""Characters a segment may have; what is longer is no X12 (a wrong terminator, a binary file), and is not held in memory."""

_MOST_TRIED = 1000
"""Texts that look like a header and are none, after which only a header of the standard's width is looked for: each is tried at length."""

_WIDEST = 1024
"""Column at which a document may be folded."""

_MOST_LINES = 16
"""Lines that are looked at to see that a document is folded."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ANY_MARK = tuple(mark for mark, _ in _MARKS)
_MULTIBYTE = ("utf", "gb", "big5", "shift", "euc", "cp932", "cp936", "cp949", "cp950", "hz", "iso2022", "johab", "cp65001")
_NOTHING = LAYOUT + "\x00\x1a"  # Ctrl-Z and NUL: what old transfer programs fill up with


class Batch(SegmentBatch):
    """The segments of one piece of the document, and where in it the one that was given last stands."""

    __slots__ = ("_at", "_counted", "_raw", "_source", "unterminated")

    def __init__(
        self, raw: list[str], cleaned: list[str], lines: Sequence[int], shapes: Iterable[Shape], source: Segments, unterminated: bool
    ) -> None:
        super().__init__(cleaned, lines, shapes)
        self._raw = raw
        self._source = source
        self._counted = 0
        self._at = source.at
        self.unterminated = unterminated

    def offset(self) -> int:
        """First byte, in the document, of the segment that was given last."""
        index = self.index()
        if index > self._counted:
            self._count_to(index)
        text = self._raw[index]
        if text[0] not in LAYOUT:
            return self._at
        return self._at + self._source.size_of(text[: len(text) - len(text.lstrip(LAYOUT))])

    def end(self) -> int:
        """The byte after that segment's terminator."""
        self._count_to(self.index() + 1)
        return self._at - (self._source.terminator_size if self.unterminated else 0)

    def characters(self, including: bool) -> int:
        """Characters from the start of the piece to that segment's start, or to its end `including` it and its terminator."""
        stop = self.index() + (1 if including else 0)
        return sum(map(len, self._raw[:stop])) + (stop if not self.unterminated else 0)

    def _count_to(self, index: int) -> None:
        # Only sets' first and last segments ask, in order: each segment is measured once, in C.
        counted, source = self._counted, self._source
        texts = self._raw[counted:index]
        self._at += (sum(map(len, texts)) if source.single else source.sizes_of(texts)) + (index - counted) * source.terminator_size
        self._counted = index


class Segments:
    """A document as a sequence of interchanges, each a header and batches of segments.

    Raises `ConfigError` for a charset that does not exist; never for what the bytes hold.
    """

    def __init__(self, stream: BinaryIO, charset: str | None, shaped: bool = True) -> None:
        self._stream = stream
        self._shaped = shaped
        """Whether segments come with their shapes; who only counts them does not ask."""
        self.charset, self.bom = _charset(stream, charset)
        self._decoder = codecs.getincrementaldecoder(self.charset)(errors_of(self.charset))
        self._sizing = sizing(self.charset)
        self.single = _is_single(self.charset)
        self._text = ""
        self._at = stream.tell()
        self._line = 1
        self._ended = False
        self._closed = False
        self._header: Header | None = None
        self._tried = 0
        self._column = 0
        """At which the document is folded, beyond its first header; 0: not known to be."""
        self._line_mark = "\n"
        self.terminator_size = 1
        self.skipped = 0
        """Bytes that were passed over before the header found last, layout not counted."""
        self.sample = ""
        """How they begin."""
        self.interrupted = False
        """Whether the interchange stopped at the header of another one, or at a segment of impossible length."""
        self.unterminated = False
        """Whether the last segment of the document had no terminator."""
        self.torn = b""
        """The bytes with which a document of UTF-16 or UTF-32 ends within a character."""

    # --- sizes -------------------------------------------------------------------------------------------------------

    def size_of(self, text: str) -> int:
        """Bytes of a piece of decoded text in the document."""
        return len(text) if self.single else len(text.encode(self.charset, self._sizing))

    def sizes_of(self, texts: list[str]) -> int:
        """Bytes of several pieces together, terminators not counted."""
        return sum(map(len, texts)) if self.single else self.size_of("".join(texts))

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """The byte up to which the document has been taken."""
        return self._at

    def _more(self) -> bool:
        if self._ended:
            return False
        piece = self._stream.read(CHUNK)
        self._ended = not piece
        if self._ended:
            self.torn = torn_end(self._decoder, self.charset)
        self._text += self._decoder.decode(piece, final=self._ended and not self.torn)
        return not self._ended

    def ahead(self, characters: int) -> str:
        """What comes next, so many characters where the document has them; nothing of it is taken."""
        while len(self._text) < characters and self._more():
            pass
        return self._text[:characters]

    def _drop(self, characters: int) -> None:
        if not characters:
            return
        gone = self._text[:characters]
        self._at += self.size_of(gone)
        self._line += gone.count(self._line_mark)
        self._text = self._text[characters:]

    def find_header(self) -> tuple[Header, int, int] | None:
        """The next ISA with its first byte and its line, or null at the end of the document."""
        self.skipped, self.sample, self.interrupted, self.unterminated = 0, "", False, False
        search = 0
        while True:
            looked_for, width = (BEGINS, 3) if self._tried < _MOST_TRIED else (FIXED, WIDTH)
            begins = looked_for.search(self._text, search)
            start = begins.start() if begins else -1
            if start < 0:
                self._pass_over(max(len(self._text) - width + 1, 0))
                search = 0
                if self._more():
                    continue
                self._pass_over(len(self._text))
                return None
            header = parse_header(self._text, start, more=not self._ended)
            if header == "more":
                self._pass_over(start)
                search = 0
                self._more()
                continue
            if header is None or not isinstance(header, Header):
                self._tried += 1
                search = start + 3
                if search > LONGEST:
                    self._pass_over(search)
                    search = 0
                continue
            self._pass_over(start)
            at, line = self._at, self._line
            header = self._measured(header)
            if not header.wrapped and self._is_folded(header):
                header = replace(header, wrapped=True)
            self._header = header
            self._line_mark = "\r" if header.delimiters.segment == "\r" else "\n"
            self.terminator_size = self.size_of(header.delimiters.segment)
            self._drop(header.length)
            return header, at, line

    def _is_folded(self, header: Header) -> bool:
        """Whether line breaks stand at one column and run through segments, though none runs through this header: a document folded at
        132 columns. What is irregular is nobody's fold, and its line breaks are told where they stand.
        """
        text, terminator = self._text, header.delimiters.segment
        first = text.find("\n", 0, _WIDEST)
        if first < 0 or terminator in "\r\n":
            return False
        ends = int(text[first - 1] == "\r")
        column, at, whole, torn = self._column or first - ends, 0, 0, False
        while whole < _MOST_LINES:
            end = text.find("\n", at, at + _WIDEST)
            width = end - ends - at if end >= 0 else len(text[at : at + _WIDEST].rstrip(_NOTHING))
            if end < 0 or width != column:
                if end >= 0 and at == 0 and self._column > width:  # a further interchange, which begins within a line
                    at = end + 1
                    continue
                if width > column or text[at + width : at + _WIDEST].strip(_NOTHING):
                    return False
                break  # the last line
            torn = torn or text[end - ends - 1] != terminator
            whole, at = whole + 1, end + 1
        folded = torn and (whole > 1 or self._column > 0)
        self._column = column if folded else self._column
        return folded

    def _measured(self, header: Header) -> Header:
        """The width is one of bytes: a header padded with no-break spaces in UTF-8 has 106 characters and is still too wide."""
        wide = self.charset.startswith(("utf-16", "utf-32"))
        if header.fixed and not header.wrapped and not wide and self.size_of(self._text[: WIDTH - 1]) != WIDTH - 1:
            return Header(header.elements, header.delimiters, header.length, fixed=False, wrapped=False)
        return header

    def _pass_over(self, characters: int) -> None:
        if not characters:
            return
        foreign = self._text[:characters].strip(_NOTHING)
        if foreign:
            self.sample = self.sample or foreign[:40]
            self.skipped += self.size_of(foreign)
        self._drop(characters)

    def batches(self) -> Iterator[Batch]:
        """The segments after the header, until the document or the interchange ends (`close`, `push_back`)."""
        header = self._header
        assert header is not None  # find_header comes first
        self._closed = False
        terminator, searched, most = header.delimiters.segment, 0, _FIRST
        while True:
            text = self._text
            end = min(len(text), most)
            other = None
            if text.find("ISA", max(searched - WIDTH, 0), end + WIDTH) >= 0:  # what nearly no interchange says of itself
                other = FIXED.search(text, max(searched - WIDTH, 0), end + WIDTH)
            if other and other.start() >= end:
                other = None
            searched = end
            body = text[: other.start()] if other else text[:end]
            cut = body.rfind(terminator) + 1
            if cut:
                yield from self._batch(body[:cut].split(terminator)[:-1], body[:cut], unterminated=False)
                if self._closed:
                    return
                self._drop(cut)
                searched -= cut
            if end < len(text) and not other:
                most *= 4
                continue
            rest = body[cut:]
            if other or (self._ended and rest.strip(_NOTHING)):
                if rest.strip(_NOTHING):
                    self.unterminated = other is None
                    yield from self._batch([rest.rstrip(_NOTHING)], rest, unterminated=True)
                    if self._closed:
                        return
                self.interrupted = other is not None
                self._drop(len(rest))
                return
            if self._ended:
                return
            if len(rest) > LONGEST:
                self.interrupted = True
                return
            self._more()

    def close(self, batch: Batch) -> None:
        """The segment that the batch gave last ends the interchange; reading goes on behind it."""
        self._closed = True
        self._drop(batch.characters(including=True))

    def push_back(self, batch: Batch) -> None:
        """That segment begins another interchange; reading goes on with it."""
        self.interrupted = True
        self._closed = True
        self._drop(batch.characters(including=False))

    def _batch(self, raw: list[str], body: str, unterminated: bool) -> Iterator[Batch]:
        header = self._header
        assert header is not None
        terminator = header.delimiters.segment
        cleaned, text = raw, None if unterminated else body
        if header.wrapped:
            breaks = {ord(mark): None for mark in "\r\n" if mark != terminator}
            cleaned, text = [one.translate(breaks).lstrip(LAYOUT) for one in raw], None
        elif "\n" in body or "\r" in body or body[0] in " \t" or f"{terminator} " in body or f"{terminator}\t" in body:
            cleaned, text = [one.lstrip(LAYOUT) for one in raw], None
        mark = self._line_mark
        lines: Sequence[int]
        if mark == terminator:
            lines = range(self._line, self._line + len(raw))
        elif mark in body:
            # A segment's line is where it begins: behind the line breaks before it.
            lines = list(accumulate((one.count(mark) for one in raw), initial=self._line))[1:]
        else:
            lines = [self._line] * len(raw)
        shapes = shapes_of(cleaned, text, header.delimiters) if self._shaped else repeat("")
        yield Batch(raw, cleaned, lines, shapes, self, unterminated)


@lru_cache(maxsize=256)
def _is_single(charset: str) -> bool:
    """Whether every character of this charset is one byte."""
    return not codecs.lookup(charset).name.replace("-", "").replace("_", "").startswith(_MULTIBYTE)


def _charset(stream: BinaryIO, wanted: str | None) -> tuple[str, bool]:
    """The charset to read with, and whether a byte order mark was found; the stream is left behind the mark."""
    head = stream.read(8)
    if wanted is None and not head.startswith(_ANY_MARK):
        stream.seek(0)
        return "iso8859-1", False
    found = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), None)
    stream.seek(len(found[0]) if found else 0)
    try:
        name = codecs.lookup(wanted).name if wanted else (found[1] if found else "iso8859-1")
    except LookupError as error:
        raise ConfigError(f"profile charset: {error}") from error
    if found and name in {"utf-8-sig", "utf-16", "utf-32"}:
        name = found[1]
    return byte_ordered(name, head), found is not None
