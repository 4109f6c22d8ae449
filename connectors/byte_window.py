"""A window that slides over a document, so that a reader of any size of file holds a few hundred kilobytes.

Positions are byte offsets in the document, never indexes of the window. `data[offset - base]` is the byte at an offset;
what lies before `keep` may be forgotten whenever the window grows.
"""

from __future__ import annotations

from typing import BinaryIO

from connectors.first_bytes import glimpsed

CHUNK = 256 * 1024


class ByteWindow:
    """Bytes from `base` on, with line numbers. Growing reads on; what was kept stays."""

    __slots__ = ("_chunk", "_line", "_line_at", "_stream", "base", "data", "ended", "keep")

    def __init__(self, stream: BinaryIO, start: int = 0) -> None:
        stream.seek(start)
        self._stream = stream
        self._chunk = CHUNK
        self.base = start
        """Document offset of the window's first byte."""
        self.keep = start
        """Offset from which bytes are still needed."""
        self.data = b""
        self.ended = False
        self._line = 1
        self._line_at = start

    def grow(self) -> bool:
        """Read on; false at the end of the document. Reads double while one token stays unfinished, so that work stays linear."""
        if self.ended:
            return False
        self.line_at(self.keep)
        kept = self.data[self.keep - self.base :]
        self._chunk = max(CHUNK, len(kept))
        more = self._stream.read(self._chunk)
        if not more:
            self.ended = True
            return False
        self.data = kept + more
        self.base = self.keep
        return True

    @property
    def end(self) -> int:
        """Offset after the last byte in the window."""
        return self.base + len(self.data)

    def byte(self, offset: int) -> int:
        """The byte at an offset, or -1 after the end of the document."""
        while offset >= self.end:
            if not self.grow():
                return -1
        return self.data[offset - self.base]

    def slice(self, start: int, stop: int) -> bytes:
        """Bytes of the window, `keep <= start`."""
        return self.data[start - self.base : stop - self.base]

    def line_at(self, offset: int) -> int:
        """Text line of an offset, from 1. Offsets should not go back: each byte is counted once."""
        if offset >= self._line_at:
            self._line += self.data.count(b"\n", self._line_at - self.base, offset - self.base)
            self._line_at = offset
            return self._line
        return self._line - self.data.count(b"\n", offset - self.base, self._line_at - self.base)

    def glimpse(self, offset: int, length: int = 24) -> str:
        """A few bytes from an offset on, as a finding shows them."""
        self.byte(offset + length)
        text = glimpsed(self.slice(offset, offset + length))
        return text.replace("\n", "⏎").replace("\r", "") or "end of document"
