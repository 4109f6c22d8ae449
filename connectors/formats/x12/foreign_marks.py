"""An ISA whose delimiters are not those of what follows it: written by one program, the rest by another, or converted on the way.

Nothing inside can be cut then, and everything that could be told of its segments would only repeat that; so it is told once, at the ISA.
The first group's GS shows it: its elements are of known number, and an ST must stand behind it. Another component or repetition separator
shows nowhere for certain and is not looked for.
"""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.formats.x12.delimiters import LAYOUT, Header, legible
from data_contracts.findings import Finding, Place

LOOKED_AT = 256
"""Characters behind an ISA that are enough for a GS and the beginning of its first ST."""

RULES = frozenset({"X12-I026", "X12-I112"})
_ELEMENT = re.compile(r"(?:GS|TA1)([^0-9A-Za-z\s]|[\x1c-\x1f])[0-9A-Z]{2,9}\1")


def foreign_marks(text: str, header: Header, line: int) -> Finding | None:
    """What the beginning of an interchange says against its ISA; null where they agree, or where that cannot be told."""
    text, marks = text.lstrip(LAYOUT), header.delimiters
    end = text.find(marks.segment)
    if text.startswith(f"GS{marks.element}") and end > 0 and text.count(marks.element, 0, end) == 8 and text[end - 1].isalnum():
        return None  # as nearly always
    other = _ELEMENT.match(text)
    if other is not None and other[1] not in (marks.element, marks.segment):
        return Finding("X12-I026", Place("ISA", line=line), legible(marks.element), legible(other[1]), "026")
    opens = _opening(marks.element, marks.segment).match(text)
    if opens is None:
        return None
    met = opens[2] or ("" if header.wrapped or marks.segment in "\r\n" else opens[1][:1])
    if met in ("", marks.segment) or (not opens[2] and met not in "\r\n"):
        return None
    return Finding("X12-I112", Place("ISA", line=line), legible(marks.segment), legible(met), "004")


@lru_cache(maxsize=64)
def _opening(element: str, segment: str) -> re.Pattern[str]:
    """A GS and the ST behind it; 1 is the layout at the GS's end, 2 the character that ends it."""
    mark, held = re.escape(element), f"[^{re.escape(element)}{re.escape(segment)}]"
    return re.compile(
        rf"GS{mark}(?:{held}*{mark}){{7}}[0-9A-Z]{{3,12}}([ \t\r\n]*)([^0-9A-Za-z \t\r\n]?)[ \t\r\n]*ST{mark}[0-9A-Z]{{3}}{mark}"
    )
