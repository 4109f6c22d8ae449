"""The shape of a segment: its separators, marks and capital letters, with every digit as one sign and every other character as another.

Whether a segment is well formed, and which one it is, depends on its shape alone, unless an element takes only some codes. Partners
fill the same shapes with other numbers, so a shape that came from the same place and was sound spares looking up the step and
matching: the segment is the same one again. Names differ in their letters too: what is left when those are blurred (`blurred`) still
spares the matching. A piece of a document is made into shapes in one go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION, TERMINATOR
from connectors.segment_batch import Shape

_KEPT = ELEMENT + COMPONENT + REPETITION + TERMINATOR + "-.,"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_TABLE = bytes(
    code if chr(code) in _KEPT + _CAPITALS else ord("0") if chr(code) in _DIGITS else 0 if code < 32 or code == 127 else ord("a")
    for code in range(256)
)
_BLUR = bytes(ord("a") if chr(code) in _CAPITALS else code for code in range(256))
_ILLEGAL = re.compile("[\x80-\x9f\ud800-\udfff]")


def shapes_of(segments: Sequence[str], text: str | None) -> Sequence[Shape]:
    """The shapes of the segments of one piece, in order; `text` is all of them with terminators, where that is at hand."""
    if text is None:
        text = TERMINATOR.join(segments)
    if not text.isascii() and _ILLEGAL.search(text):
        return segments
    return text.encode("ascii", "replace").translate(_TABLE).split(TERMINATOR.encode())


def blurred(shape: Shape) -> Shape:
    """The shape with one sign for all letters."""
    return shape if isinstance(shape, str) else shape.translate(_BLUR)
