"""The text of one segment that is written, and what it may not hold.

A segment without anything doubtful costs a join and a few searches for characters. Everything else goes the careful way, element by
element, which names set, segment and element of what it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.formats.x12.grammar import ElementUse, SegmentUse


@dataclass(frozen=True, slots=True)
class Syntax:
    """Delimiters and character rules in force for one interchange."""

    element: str
    component: str
    repetition: str
    """Empty before 00402, where nothing repeats."""
    segment: str
    charset: str
    refused: re.Pattern[str]
    """Finds what no value may hold; composites and repeating elements are cut before they are checked."""


def line(use: SegmentUse, values: Sequence[str], where: str, syntax: Syntax) -> str:
    """The segment's text without its terminator; trailing empty elements are left out. Raises ValueError for what cannot be written."""
    last = len(values) - 1
    if last > 0 and values[0] == use.id and values[last] and last <= len(use.elements):
        try:
            text = syntax.element.join(values)
        except TypeError:
            return _careful(use, values, where, syntax)
        if (
            text.count(syntax.element) == last
            and text.isascii()
            and text.isprintable()
            and syntax.segment not in text
            and syntax.component not in text
            and not (syntax.repetition and syntax.repetition in text)
        ):
            return text
    return _careful(use, values, where, syntax)


def _careful(use: SegmentUse, values: Sequence[str], where: str, syntax: Syntax) -> str:
    kept = list(values)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    if len(kept) - 1 > len(use.elements):
        raise ValueError(f"{where}: segment {use.id} has {len(use.elements)} elements, got {len(kept) - 1}")
    for position, (element, value) in enumerate(zip(use.elements, kept[1:], strict=False), 1):
        if not isinstance(value, str):
            raise ValueError(f"{where} {use.id}{position:02d}: values are text, got {value!r}")
        if value:
            _check(element, value, f"{where} {use.id}{position:02d} ({element.name})", syntax)
    return syntax.element.join([use.id, *kept[1:]])


def _check(element: ElementUse, value: str, where: str, syntax: Syntax) -> None:
    parts = [value]
    if element.repeat > 1 and syntax.repetition:
        parts = value.split(syntax.repetition)
    if element.components:
        parts = [part for repeat in parts for part in repeat.split(syntax.component)]
    for part in parts:
        found = syntax.refused.search(part)
        if found:
            raise ValueError(f"{where} holds {found.group()!r}, a delimiter or a character that this interchange cannot carry: {value!r}")
    if not value.isascii():
        _check_encoding(value, where, syntax)


def _check_encoding(value: str, where: str, syntax: Syntax) -> None:
    marks = {mark.encode() for mark in (syntax.element, syntax.component, syntax.repetition, syntax.segment) if mark}
    for character in value:
        if character.isascii():
            continue
        try:
            encoded = character.encode(syntax.charset)
        except UnicodeEncodeError:
            raise ValueError(f"{where} holds {character!r}, which charset {syntax.charset} cannot carry: {value!r}") from None
        # The second byte of a GBK character can look like a delimiter to a reader that cuts bytes before it decodes.
        if any(mark in encoded for mark in marks):
            raise ValueError(f"{where} holds {character!r}, whose bytes in {syntax.charset} contain a delimiter: {value!r}")
