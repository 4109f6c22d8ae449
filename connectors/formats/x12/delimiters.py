"""The interchange header: how an X12 document says by which characters it is cut.

An ISA is 106 characters long and names its separators by where they stand (X12.5): the element separator is the fourth
character, the repetition separator is ISA11 where ISA12 is 00402 or later, the component separator is ISA16, and the
character after it ends every segment. Each interchange of a file may choose its own.

Real headers lose their padding on the way (mail programs, editors, web forms). Such a header still tells everything when
its 16 elements are counted; whether it is taken is the agreement's decision (`Profile.unpadded_isa`).

    >>> header = parse_header("ISA*00*          *00*          *ZZ*A              *ZZ*B              *261122*0830*U*00401*000000001*0*T*>~")
    >>> header.delimiters.component, header.delimiters.segment, header.fixed
    ('>', '~', True)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from connectors.legible import LAYOUT as LAYOUT
from connectors.legible import legible as legible
from connectors.legible import storable as storable

WIDTH = 106
"""Characters of an ISA, terminator included (X12.5)."""

WINDOW = 512
"""Characters that are looked at to find the 16 elements of an ISA that lost its width."""

FIXED = re.compile(
    r"ISA([^0-9A-Za-z\s]|[\x1c-\x1f])..\1.{10}\1..\1.{10}\1..\1.{15}\1..\1.{15}\1.{6}\1.{4}\1.\1.{5}\1.{9}\1.\1.\1..", re.DOTALL
)
"""An ISA of the standard's width wherever it stands; data cannot look like this by chance."""

BEGINS = re.compile(r"ISA(?:(?![0-9A-Za-z\s])|(?=[\x1c-\x1f]))")
"""What may begin an ISA of any width, also at the end of what has been read."""

_SEPARATES = re.compile(r"[^\w\s\ud800-\udfff]|[_\x1c-\x1f]")
"""What may part elements: marks and the separators that ASCII has for it, which Python takes for white space."""

_LIMITS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)
BLANKS = LAYOUT + "\x00\x1a\xa0"
"""Padding, line breaks and the blanks that mail programs put in their place: no part of an envelope's values."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators of one interchange. `repetition` is empty where the version has none or ISA11 names none."""

    element: str
    component: str
    repetition: str
    segment: str

    def as_mapping(self) -> Mapping[str, str]:
        """The four names of `Interchange.delimiters`."""
        return {"element": self.element, "component": self.component, "repetition": self.repetition, "segment": self.segment}


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Header:
    """One ISA as it was found."""

    elements: tuple[str, ...]
    """ISA01 to ISA16 as received, padding included."""
    delimiters: Delimiters
    length: int
    """Characters from I to the terminator, included."""
    fixed: bool
    """Whether it has the standard's width."""
    wrapped: bool
    """Whether a line break runs through it: the document was folded at a fixed column."""


def stands_here(text: str) -> bool:
    """Whether an ISA of the standard's width begins this text: what nearly every document can say without being taken apart."""
    return FIXED.match(text) is not None and text.count(text[3], 0, WIDTH) == 16 and text[90:99].strip(BLANKS) != ""


def parse_header(text: str, start: int = 0, more: bool = False) -> Header | Literal["more"] | None:
    """The ISA that starts at `text[start]`; null when none does.

    `more` says that the text goes on beyond what is given: then `"more"` asks for `WINDOW` characters instead of judging
    from too few. Never raises.
    """
    window = text[start : start + WINDOW]
    if not window.startswith("ISA"):
        return "more" if more and "ISA".startswith(window) else None
    if len(window) > 3 and not _SEPARATES.match(window, 3):
        return None
    if FIXED.match(window) and window.count(window[3], 0, WIDTH) == 16:
        isa = window[:WIDTH]
        return _header(isa, WIDTH, fixed=True, wrapped="\r" in isa[:-1] or "\n" in isa[:-1])
    if more and len(window) < WINDOW:
        return "more"
    unfolded = _unfold(window)
    if unfolded is not None:
        return unfolded
    return _by_count(window)


def _header(isa: str, length: int, fixed: bool, wrapped: bool) -> Header | None:
    mark, component, terminator = isa[3], isa[-2], isa[-1]
    elements = (*isa[4:-3].split(mark), component)
    return _judged(elements, mark, component, terminator, length, fixed, wrapped)


def _judged(
    elements: tuple[str, ...], mark: str, component: str, terminator: str, length: int, fixed: bool, wrapped: bool
) -> Header | None:
    if len(elements) != 16 or not elements[12].strip(BLANKS):
        return None
    repeats = elements[11] >= "00402" and len(elements[10]) == 1 and not elements[10].isalnum() and elements[10] != " "
    return Header(elements, _delimiters(mark, component, elements[10] if repeats else "", terminator), length, fixed, wrapped)


@lru_cache(maxsize=256)
def _delimiters(element: str, component: str, repetition: str, segment: str) -> Delimiters:
    """Partners use the same ones every day, and what depends on them is kept by them."""
    return Delimiters(element, component, repetition, segment)


def _unfold(window: str) -> Header | None:
    """A header of the right width once line breaks are taken out of it: a document folded at 80 columns."""
    if "\n" not in window[:WIDTH] and "\r" not in window[:WIDTH]:
        return None
    kept: list[str] = []
    for length, character in enumerate(window, 1):
        if character not in "\r\n" or len(kept) == WIDTH - 1:
            kept.append(character)
        if len(kept) == WIDTH:
            isa = "".join(kept)
            if length > WIDTH and FIXED.match(isa) and isa.count(isa[3]) == 16:
                return _header(isa, length, fixed=True, wrapped=True)
            return None
    return None


def _by_count(window: str) -> Header | None:
    """A header whose elements are not of their width: found by counting 16 separators."""
    if len(window) < 4:
        return None
    mark, end = window[3], 3
    for _ in range(15):
        end = window.find(mark, end + 1)
        if end < 0:
            return None
    if len(window) < end + 3:
        return None
    component, terminator = window[end + 1], window[end + 2]
    inner = window[4:end].split(mark)
    if not inner[12].strip(BLANKS).isdigit():
        return None
    wrapped = any(breaks in element for element in inner for breaks in "\r\n")
    if any(len(element.strip(BLANKS)) > limit * 2 for element, limit in zip(inner, _LIMITS, strict=True)):
        return None  # text that happens to hold sixteen separators
    return _judged((*inner, component), mark, component, terminator, end + 3, fixed=False, wrapped=wrapped)


def plain(value: str) -> str:
    """An envelope value without its padding, line breaks and the blanks that mail programs put in their place.

    >>> plain("DEVICECO       ")
    'DEVICECO'
    """
    return value.strip(BLANKS)
