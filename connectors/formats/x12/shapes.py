"""The shape of an X12 segment: its separators, signs and capital letters as they are, every digit as one sign, anything else as another.

Whether a segment is well formed depends on its shape alone, unless an element takes only certain codes, or dates, of which
digits decide. Partners fill the same shapes with other numbers: one that came from the same place and was sound spares the
matching of the next. A piece of a document is made into shapes in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from connectors.formats.x12.delimiters import Delimiters
from connectors.formats.x12.grammar import ElementUse, SegmentUse
from connectors.segment_batch import Shape

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
# No byte of ASCII, for any of those may be somebody's separator.
_DIGIT, _OTHER, _ILLEGAL = 0x80, 0x81, 0x82


@lru_cache(maxsize=256)
def _table(marks: str) -> bytes:
    """What each byte becomes; `marks` are the separators, whatever they are."""
    kept = set(marks + _CAPITALS + "-.")

    def sign(code: int) -> int:
        character = chr(code)
        if character in kept:
            return code
        if character in _DIGITS:
            return _DIGIT
        return _OTHER if 0x20 <= code < 0x7F else _ILLEGAL

    return bytes(map(sign, range(256)))


def shapes_of(segments: Sequence[str], text: str | None, marks: Delimiters) -> Sequence[Shape]:
    """The shapes of the segments of one piece, in order; `text` is all of them with terminators, where that is at hand."""
    if text is None:
        text = marks.segment.join(segments)
    if not (text.isascii() and marks.segment.isascii()):
        return segments
    table = _table(marks.element + marks.component + marks.repetition + marks.segment)
    return text.encode("ascii").translate(table).split(marks.segment.encode())


def deciding(use: SegmentUse) -> tuple[int, ...]:
    """The elements whose very characters decide whether they are right, not only what kind they are of: codes, dates and times."""
    return tuple(place for place, element in enumerate(use.elements, 1) if _decides(element))


def _decides(element: ElementUse) -> bool:
    return element.codes is not None or element.type in ("DT", "TM") or any(map(_decides, element.components))


def tells(elements: Sequence[str], places: Sequence[int]) -> bool:
    """Whether the shape of a sound segment says it all: the elements that decide hold capital letters, which it keeps, or nothing."""
    for place in places:
        if place < len(elements) and (value := elements[place]) and not (value.isalpha() and value.isupper() and value.isascii()):
            return False
    return True
