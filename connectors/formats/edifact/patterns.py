"""One regular expression for each segment: a valid segment costs one match in C, composites included.

The expression holds everything that a UCD can complain about: presence, length, characters, numbers, codes, repetitions, surplus. It only
says yes or no; a segment that fails is taken apart by `elements.py`, which uses the same value patterns, so that the two never disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from connectors.formats.edifact.grammar import ElementUse, SegmentUse
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION

TEXT = "[^\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]"
"""Any character that can be shown; which of them the declared repertoire holds is the envelope's question."""
LEVEL_A = "[A-Z0-9 .,\\-()/='+:?!\"%&*;<>]"
LEVEL_B = LEVEL_A.replace("[A-Z", "[A-Za-z_")
"""What ISO 646 has in every national version: none of # $ @ [ \\ ] ^ ` { | } ~."""


@dataclass(frozen=True, slots=True)
class Style:
    """What a pattern depends on beside the grammar."""

    decimals: str = "."
    """Characters that may stand as decimal mark: `.`, `,` or both."""
    text: str = TEXT
    """Class of characters that a value may hold."""
    repeats: bool = False
    """Whether the interchange has a repetition separator."""


def _alternatives(words: Iterable[str]) -> str:
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"


def value_pattern(use: ElementUse, style: Style) -> str:
    """What one value of an element, not empty, must look like."""
    low, high = max(use.min, 1), use.max
    if use.codes is not None:
        return _alternatives(use.codes)
    if use.type == "n":
        mark = "[" + re.escape(style.decimals) + "]"
        # The sign and the mark do not count for length; a mark has digits on both sides.
        pointed = f"(?=(?:[0-9]{mark}?){{{low},{high}}}(?![0-9.,]))[0-9]++{mark}[0-9]++"
        return f"-?(?:[0-9]{{{low},{high}}}+(?![.,])|{pointed})"
    # Possessive: what follows a value is a separator, which the class does not hold, so giving back is in vain. Groups are never
    # possessive: Python before 3.11.5 forgets to step back out of one that fails half-way (gh-106052).
    return f"(?:(?![0-9]){style.text}){{{low},{high}}}" if use.type == "a" else f"{style.text}{{{low},{high}}}+"


def _one(use: ElementUse, style: Style) -> str:
    if not use.components:
        return value_pattern(use, style)
    inner = _sequence([(value_pattern(part, style), part.use == "M") for part in use.components], COMPONENT, lead=False)
    # A composite that says nothing at all is no composite: its mandatory components would be missing.
    return inner if use.components[0].use == "M" else f"(?![{ELEMENT}{REPETITION}]|\\Z){inner}"


def _pattern(use: ElementUse, style: Style) -> str:
    one = _one(use, style)
    if use.repeat != 1 and style.repeats:
        again = "*" if use.repeat == 0 else f"{{0,{use.repeat - 1}}}"
        return f"{one}(?:{REPETITION}(?:{one})?){again}"
    return one


def _sequence(items: list[tuple[str, bool]], separator: str, lead: bool = True) -> str:
    """Values with their separators; what is conditional at the end may be left out with its separators."""
    rest, needed = f"{separator}*+", False
    for number in range(len(items) - 1, -1, -1):
        pattern, mandatory = items[number]
        before = separator if lead or number else ""
        if mandatory:
            rest, needed = f"{before}{pattern}{rest}", True
        elif needed or not before:
            rest = f"{before}(?:{pattern})?{rest}"
        else:
            # The next separator alone decides: there is never a second way, so stepping back ends at once.
            rest = f"(?:{before}(?:{pattern})?{rest})?"
    return rest


@lru_cache(maxsize=4096)
def compiled(use: SegmentUse, style: Style) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` of the pattern of a segment, its tag included."""
    items = [(_pattern(element, style), element.use == "M") for element in use.elements]
    return re.compile(re.escape(use.id) + _sequence(items, ELEMENT), re.DOTALL).fullmatch


@lru_cache(maxsize=8192)
def compiled_value(use: ElementUse, style: Style) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` for one value of an element that is no composite."""
    return re.compile(value_pattern(use, style), re.DOTALL).fullmatch
