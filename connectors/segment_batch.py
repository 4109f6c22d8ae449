"""The segments of one piece of a document (X12, EDIFACT), given one after another, each with its line on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import length_hint

Shape = str | bytes
"""What a segment looks like, by which a reader knows it again: bytes that its syntax makes, or itself where those say too little."""


def ends_at(byte: int) -> dict[str, str]:
    """What a finding on a segment that should close an envelope says of where that ends instead."""
    return {"ends": f"; it ends at byte {byte}", "ends_zh": f"；止于第 {byte} 字节"}


class SegmentBatch:
    """Iterate `pairs` for (segment text, shape), or `take` one; the rest speaks of the segment that was given last."""

    __slots__ = ("_lines", "_segments", "_size", "cleaned", "pairs")

    def __init__(self, cleaned: list[str], lines: Sequence[int], shapes: Iterable[Shape]) -> None:
        self.cleaned = cleaned
        """All that `pairs` gives."""
        self._lines = lines
        self._segments = iter(cleaned)
        self._size = len(cleaned)
        self.pairs: Iterator[tuple[str, Shape]] = zip(self._segments, shapes)  # noqa: B905  # shapes may be endless

    def take(self) -> str | None:
        """The next segment; null when the piece is used up."""
        pair = next(self.pairs, None)
        return None if pair is None else pair[0]

    def pass_over(self, mark: str, frame: frozenset[str], starts: frozenset[str]) -> tuple[str | None, int]:
        """Give all up to a segment of the envelope without looking into them: that one, null when the piece is used up, and how many came
        before it. `frame`: the envelope's tags, `starts` their first two characters, which is the cheap first question."""
        count = 0
        for text, _ in self.pairs:
            if text[:2] in starts and text.split(mark, 1)[0] in frame:
                return text, count
            if text:
                count += 1
        return None, count

    def passed(self) -> int:
        """Segments that were given."""
        return self._size - length_hint(self._segments)

    def index(self) -> int:
        """Number, from 0, of the segment that was given last."""
        return self._size - length_hint(self._segments) - 1

    def last(self) -> str:
        """That segment."""
        return self.cleaned[self.index()]

    def line(self) -> int:
        """Its line."""
        return self._lines[self._size - length_hint(self._segments) - 1]

    def lines(self, start: int, stop: int) -> Sequence[int]:
        """Lines of several segments, by number."""
        return self._lines[start:stop]
