"""The shape of a segment: which of its characters are digits, marks and separators, and how many of the others there are.

Whether a segment is well formed depends on its shape alone, unless an element takes only some codes. Partners fill the same shapes with
other numbers and names, so a shape that matched once spares most of the matching: a piece of a document is made into shapes in one go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION, TERMINATOR

Shape = str | bytes
"""Bytes, or the segment itself where its piece holds something that no segment may hold."""
Stop = tuple[str, int, Shape]
"""Text, line and shape of a segment."""

_KEPT = ELEMENT + COMPONENT + REPETITION + TERMINATOR + "-.,"
_TABLE = bytes(
    code if chr(code) in _KEPT else ord("0") if chr(code).isdigit() and code < 128 else 0 if code < 32 or code == 127 else ord("a")
    for code in range(256)
)
_ILLEGAL = re.compile("[\x80-\x9f\ud800-\udfff]")


def shapes_of(segments: Sequence[str], text: str | None) -> Sequence[Shape]:
    """The shapes of the segments of one piece, in order; `text` is all of them with terminators, where that is at hand."""
    if text is None:
        text = TERMINATOR.join(segments)
    if not text.isascii() and _ILLEGAL.search(text):
        return segments
    return text.encode("ascii", "replace").translate(_TABLE).split(TERMINATOR.encode())
