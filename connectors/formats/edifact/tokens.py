"""Cutting an EDIFACT document into segments, by the piece and in flat memory, with places in bytes and lines.

What the field sends is taken as it comes: byte order marks, line breaks and indentation between segments, documents folded at some
column, bytes before UNA or UNB and after UNZ, several interchanges each with its own UNA and charset, a last segment without terminator.
What was met is remembered here (`Segments` attributes) and judged in `envelope.py`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import BinaryIO

from connectors.formats.edifact.charsets import UNITS, Decoder, allowed_bytes, charset_of, outside, wire_charset
from connectors.formats.edifact.header import WINDOW, Header, another, find_start, parse_header
from connectors.formats.edifact.separators import LEVEL_A, Piece, Translation, released_in, stands_in
from connectors.formats.edifact.shapes import shapes_of
from connectors.legible import LAYOUT
from connectors.segment_batch import SegmentBatch, Shape
from connectors.undecodable import errors_of, torn_end

CHUNK = 1 << 14
"""Bytes read at a time."""

_FIRST = 1 << 12
"""Characters that are cut at first, then four times as many: what is cut behind the end of a small interchange is cut in vain."""

_HEAD = 128
"""Characters within which the beginning of a further interchange shows itself, its UNA and the layout between included."""

LONGEST = 1 << 20
"""Characters a segment may have; what is longer is no EDIFACT (a wrong terminator, a binary file), and is not held in memory."""

_NOTHING = LAYOUT + "\x00\x1a"  # Ctrl-Z and NUL: what old transfer programs fill up with


class Batch(SegmentBatch):
    """The segments of one piece of the document, and where in it the one that was given last stands."""

    __slots__ = ("_at", "_counted", "_marked", "_place", "_raw", "_source", "_stands", "unterminated")

    def __init__(
        self, piece: Piece, cleaned: list[str], lines: Sequence[int], shapes: Iterable[Shape], source: Segments, unterminated: bool
    ) -> None:
        super().__init__(cleaned, lines, shapes)
        self._raw = piece.raw
        self._marked = piece.marked
        self._stands = stands_in(piece.marked) if piece.pairs else ""
        self._source = source
        self._counted = self._place = 0
        self._at = source.at
        self.unterminated = unterminated

    def offset(self) -> int:
        """First byte, in the document, of the segment that was given last."""
        self._count_to(self.index())
        place = self._place
        while self._marked[place] in LAYOUT:
            place += 1
        return self._at + (place - self._place) * self._source.unit

    def end(self) -> int:
        """The byte after that segment's terminator."""
        self._count_to(self.index() + 1)
        return self._at - (self._source.unit if self.unterminated else 0)

    def characters(self, including: bool) -> int:
        """Characters from the start of the piece to that segment's start, or to its end `including` it and its terminator."""
        stop = self.index() + (1 if including else 0)
        size = sum(map(len, self._raw[:stop])) + stop
        return size + released_in(self._marked[:size]) - (1 if self.unterminated and including else 0)

    def _count_to(self, index: int) -> None:
        # Only messages' first and last segments ask, in order: each segment is measured once, in C.
        if index > self._counted:
            place = self._place + sum(map(len, self._raw[self._counted : index])) + index - self._counted
            if self._source.unit == 1 and not self._stands:
                self._at += place - self._place
            else:
                text = self._marked[self._place : place]
                self._at += self._source.size_of(text) + sum(map(text.count, self._stands)) * self._source.unit
            self._counted, self._place = index, place


class Segments:
    """A document as a sequence of interchanges, each a header and batches of segments.

    Raises `ConfigError` for a charset that does not exist; never for what the bytes hold.
    """

    def __init__(self, stream: BinaryIO, charset: str | None) -> None:
        self._stream = stream
        self._agreed = charset_of(charset)
        self.charset, self.bom = wire_charset(stream)
        """By which bytes become characters that can be cut."""
        self._decoder = codecs.getincrementaldecoder(self.charset)(errors_of(self.charset))
        self.unit = UNITS.get(self.charset, 1)
        """Bytes of a separator."""
        self._text = ""
        self._at = stream.tell()
        self._line = 1
        self._ended = False
        self._closed = False
        self._translation = Translation(LEVEL_A)
        self.decoder = Decoder("", self._agreed, self.bom)
        """The charset of the interchange at hand, and what it turned out to be."""
        self.identifier = ""
        """What S001 of the interchange at hand declares, `UNOC`."""
        self.outside = ""
        """Characters that an interchange in UNOA or UNOB holds beyond what these allow."""
        self._allowed: bytes | None = None
        self.folded = False
        """Whether line breaks run through the interchange's segments."""
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

    @property
    def stray_release(self) -> bool:
        """Whether the interchange holds a release character before something that needs none."""
        return self._translation.stray

    @property
    def at(self) -> int:
        """The byte up to which the document has been taken."""
        return self._at

    def size_of(self, text: str) -> int:
        """Bytes of a piece of the document."""
        return len(text) if self.unit == 1 else len(text.encode(self.charset, "surrogatepass"))

    # --- reading -----------------------------------------------------------------------------------------------------

    def _more(self) -> bool:
        if self._ended:
            return False
        piece = self._stream.read(CHUNK)
        self._ended = not piece
        if self._ended:
            self.torn = torn_end(self._decoder, self.charset)
        self._text += self._decoder.decode(piece, final=self._ended and not self.torn)
        return not self._ended

    def _drop(self, characters: int) -> None:
        gone = self._text[:characters]
        self._at += self.size_of(gone)
        self._line += gone.count(self._line_mark())
        self._text = self._text[characters:]

    def _line_mark(self) -> str:
        return "\r" if self._translation.separators.terminator == "\r" else "\n"

    def find_header(self) -> tuple[Header, int, int] | None:
        """The next UNA or UNB with its first byte and its line, or null at the end of the document."""
        self.skipped, self.sample, self.interrupted, self.unterminated = 0, "", False, False
        search = 0
        while True:
            start = find_start(self._text, search)
            if start < 0:
                self._pass_over(max(len(self._text) - 2, 0))
                search = 0
                if self._more():
                    continue
                self._pass_over(len(self._text))
                return None
            if len(self._text) - start < WINDOW and self._more():
                continue
            header = parse_header(self._text, start)
            if header is None:
                search = start + 3
                if search > LONGEST:
                    self._pass_over(search)
                    search = 0
                continue
            self._pass_over(start)
            at, line = self._at, self._line
            self._open(header)
            self._drop(header.length)
            return header, at, line

    def _open(self, header: Header) -> None:
        self._translation = Translation(header.separators)
        self.decoder = Decoder(header.identifier, self._agreed, self.bom)
        self._allowed = allowed_bytes(header.identifier, header.separators) if self._agreed is None else None
        self.identifier = header.identifier
        self.outside, self.folded = "", False

    def _pass_over(self, characters: int) -> None:
        foreign = self._text[:characters].strip(_NOTHING)
        if foreign:
            self.sample = self.sample or foreign[:40]
            self.skipped += self.size_of(foreign)
        self._drop(characters)

    def batches(self) -> Iterator[Batch]:
        """The segments from UNB on, until the document or the interchange ends (`close`, `push_back`)."""
        separators = self._translation.separators
        self._closed = False
        searched, first, most = 0, 3, _FIRST  # behind the UNB that begins it
        while True:
            text, whole = self._text, len(self._text) <= most
            end = len(text) if whole else most
            other = another(text if whole else text[: end + _HEAD], max(searched - _HEAD, first))
            if other >= end:
                other = -1
            searched = end
            body = text[:other] if other >= 0 else text[:end]
            cut = separators.last_end(body)
            if cut:
                yield self._batch(body[:cut], unterminated=False)
                if self._closed:
                    return
                self._drop(cut)
                searched, first = max(searched - cut, 0), 0
            if not whole and other < 0:
                most *= 4
                continue
            rest = body[cut:]
            if other >= 0 or (self._ended and rest.strip(_NOTHING)):
                if rest.strip(_NOTHING):
                    self.unterminated = other < 0
                    yield self._batch(rest.rstrip(_NOTHING) + separators.terminator, unterminated=True)
                    if self._closed:
                        return
                self.interrupted = other >= 0
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

    def _batch(self, body: str, unterminated: bool) -> Batch:
        terminator = self._translation.separators.terminator
        if self._allowed is not None and not self.outside:
            self.outside = outside(body, self._allowed)
        piece = self._translation.segments(body, self.decoder if self.unit == 1 else None)
        raw, cut = piece.raw, piece.segments
        if len(cut) > 1:
            cut.pop()
        text: str | None = piece.text
        if "\n" in body or "\r" in body or body[0] in " \t" or f"{terminator} " in body or f"{terminator}\t" in body:
            cut, text = [segment.lstrip(LAYOUT) for segment in cut], None
            if _breaks(body, terminator) and any("\n" in segment or "\r" in segment for segment in cut):
                self.folded = True
                cut = [segment.replace("\r", "").replace("\n", "") for segment in cut]
        mark = self._line_mark()
        lines: Sequence[int]
        if mark == terminator:
            lines = range(self._line, self._line + len(cut))
        elif mark in body:
            # A segment's line is where it begins: behind the line breaks before it.
            after = accumulate((text.count(mark) for text in raw), initial=self._line)
            lines = [line + _leading(text, mark) for line, text in zip(after, raw, strict=False)] if self.folded else list(after)[1:]
        else:
            lines = [self._line] * len(cut)
        return Batch(piece, cut, lines, shapes_of(cut, text), self, unterminated)


def _leading(text: str, mark: str) -> int:
    return text[: len(text) - len(text.lstrip(LAYOUT))].count(mark)


def _breaks(body: str, terminator: str) -> bool:
    """Whether a line break may stand within a segment: more of them than directly follow terminators."""
    for mark in "\n\r":
        if mark in body and mark != terminator:
            usual = body.count(terminator + mark) + (body.count(terminator + "\r\n") if mark == "\n" else 0)
            if body.count(mark) > usual:
                return True
    return False
