"""One regular expression for each segment: a valid segment costs one match in C, whatever its elements.

The expression holds everything that AK4 can complain about: presence, length, characters, codes, calendar dates, times,
repetitions, components and the relational conditions between elements (X12.6). It only says yes or no; a segment that
fails is taken apart by `elements.py`, which uses the same value patterns, so that the two never disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from connectors.formats.x12.grammar import ElementUse, SegmentUse

_CENTURY_LEAP = "(?:[02468][048]|[13579][26])00"
_LEAP = f"(?:[0-9]{{2}}(?:0[48]|[2468][048]|[13579][26])|{_CENTURY_LEAP})"
_MONTH_DAY = "(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))"
LONG_DATE = f"(?!0000)(?:[0-9]{{4}}{_MONTH_DAY}|{_LEAP}0229)"
SHORT_DATE = f"(?:[0-9]{{2}}{_MONTH_DAY}|(?:[02468][048]|[13579][26])0229)"
_HOUR_MINUTE = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_TIMES = {4: _HOUR_MINUTE, 6: f"{_HOUR_MINUTE}[0-5][0-9]", 7: f"{_HOUR_MINUTE}[0-5][0-9]{{2}}", 8: f"{_HOUR_MINUTE}[0-5][0-9]{{3}}"}


@dataclass(frozen=True, slots=True)
class Style:
    """What a pattern depends on beside the grammar: the separators and the characters that text may hold."""

    element: str
    component: str
    repetition: str
    extended: bool
    """Every printable character of the agreed charset; else the printable ASCII ones."""

    def text_class(self) -> str:
        """The set of characters that a value may hold, as a regex class."""
        marks = self.element + self.component + self.repetition
        if self.extended:
            return f"[^\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff{''.join(map(_escaped, marks))}]"
        return "[" + "".join(_escaped(chr(code)) for code in range(0x20, 0x7F) if chr(code) not in marks) + "]"


def _escaped(character: str) -> str:
    return re.escape(character) if character not in "-^]\\[&~|" else "\\" + character


def _alternatives(words: Iterable[str]) -> str:
    """A prefix tree of words: the engine looks at a few branches instead of hundreds.

    >>> _alternatives(["AB", "AC", "B"])
    '(?:A[BC]|B)'
    """
    branches: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        branches.setdefault(word[:1], []).append(word[1:])
    ends = branches.pop("", None) is not None
    singles = [first for first, rests in branches.items() if rests == [""]]
    parts = [re.escape(first) + _alternatives(rests) for first, rests in branches.items() if rests != [""]]
    if len(singles) > 1:
        parts.append("[" + "".join(map(_escaped, singles)) + "]")
    elif singles:
        parts.append(re.escape(singles[0]))
    if len(parts) == 1 and not ends:
        return parts[0]
    return "(?:" + "|".join(parts) + ("|" if ends else "") + ")"


def value_pattern(use: ElementUse, style: Style) -> str:
    """What one value of a simple element, not empty, must look like."""
    low, high = max(use.min, 1), use.max
    if use.codes is not None:
        return _alternatives(use.codes)
    if use.type == "DT":
        if low <= 6 and high >= 8:
            return f"(?:{LONG_DATE}|{SHORT_DATE})"
        return LONG_DATE if high >= 8 else SHORT_DATE
    if use.type == "TM":
        return "(?:" + "|".join(_TIMES[size] for size in sorted(_TIMES, reverse=True) if low <= size <= high) + ")"
    if use.type == "R":
        pointed = f"(?=[0-9.]{{{low + 1},{high + 1}}}(?![0-9.]))(?:[0-9]+\\.[0-9]*|\\.[0-9]+)"
        return f"-?(?:{pointed}|[0-9]{{{low},{high}}}(?![0-9.]))"
    if use.type[:1] == "N":
        return f"-?[0-9]{{{low},{high}}}"
    # Possessive: what follows a value is a separator, which the class does not hold, so giving back is in vain.
    return f"{style.text_class()}{{{low},{high}}}+"


def _one(use: ElementUse, style: Style) -> str:
    if use.components:
        ends = "|".join(re.escape(mark) for mark in (style.element, style.repetition) if mark)
        return f"(?!{ends}|\\Z)" + _sequence([_Item.of(part, style) for part in use.components], style.component, lead=False)
    return value_pattern(use, style)


def _pattern(use: ElementUse, style: Style) -> str:
    one = _one(use, style)
    if use.repeat != 1 and style.repetition:
        again = "*" if use.repeat == 0 else f"{{0,{use.repeat - 1}}}"
        return f"{one}(?:{re.escape(style.repetition)}(?:{one})?){again}"
    return one


@dataclass(frozen=True, slots=True)
class _Item:
    """An element, or two neighbours of which both or none are there."""

    parts: tuple[str, ...]
    mandatory: bool

    @classmethod
    def of(cls, use: ElementUse, style: Style) -> _Item:
        return cls((_pattern(use, style),), use.use == "M")


def _sequence(items: list[_Item], mark: str, lead: bool = True) -> str:
    """Values with their separators; what is optional at the end may be left out with its separators."""
    separator = re.escape(mark)
    rest, needed = f"{separator}*", False
    for number in range(len(items) - 1, -1, -1):
        item = items[number]
        before = separator if lead or number else ""
        filled = before + separator.join(item.parts)
        empty = before + separator * (len(item.parts) - 1)
        if item.mandatory:
            rest, needed = filled + rest, True
        elif needed or not before:
            rest = f"(?:{filled}|{empty}){rest}"
        else:
            # May stop here; a lone separator stands for a pair of which nothing is there.
            stop = f"{separator}?" if len(item.parts) > 1 else ""
            rest = f"(?:(?:{filled}|{empty}){rest}|{stop})"
    return rest


def notes(use: SegmentUse) -> list[tuple[str, tuple[int, ...]]]:
    """The syntax notes of a segment: `P0304` -> ("P", (3, 4))."""
    return [(note[0], tuple(int(note[place : place + 2]) for place in range(1, len(note), 2))) for note in use.syntax]


def _condition(kind: str, places: tuple[int, ...]) -> str:
    """An assertion over named groups that fails where the condition is broken."""

    def present(place: int, then: str, otherwise: str) -> str:
        return f"(?(e{place}){then}|{otherwise})"

    broken = "(?!)"
    first, others = places[0], places[1:]
    if kind == "P":
        every = none = ""
        for place in others:
            every += present(place, "", broken)
            none += present(place, broken, "")
        return present(first, every, none)
    if kind == "C":
        return present(first, "".join(present(place, "", broken) for place in others), "")
    if kind in "RL":
        needed = broken
        for place in reversed(others if kind == "L" else places):
            needed = present(place, "", needed)
        return present(first, needed, "") if kind == "L" else needed
    if kind == "E":
        rule = ""
        for number, place in enumerate(places[:-1]):
            rule += present(place, "".join(present(other, broken, "") for other in places[number + 1 :]), "")
        return rule
    raise ValueError(f"unknown syntax note {kind}")


@lru_cache(maxsize=4096)
def compiled(use: SegmentUse, style: Style) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` of the pattern of a segment, its id included."""
    conditions = notes(use)
    named: set[int] = set()
    pairs: set[int] = set()
    mentions = [place for _, places in conditions for place in places]
    rules = ""
    for kind, places in conditions:
        neighbours = kind == "P" and len(places) == 2 and places[1] == places[0] + 1
        optional = all(place <= len(use.elements) and use.elements[place - 1].use == "O" for place in places)
        if neighbours and optional and mentions.count(places[0]) == mentions.count(places[1]) == 1:
            pairs.add(places[0])
            continue
        if max(places) <= len(use.elements):
            named.update(places)
            rules += _condition(kind, places)
    items: list[_Item] = []
    place = 1
    while place <= len(use.elements):
        element = use.elements[place - 1]
        if place in pairs:
            items.append(_Item((_pattern(element, style), _pattern(use.elements[place], style)), False))
            place += 2
            continue
        pattern = _pattern(element, style)
        items.append(_Item((f"(?P<e{place}>{pattern})" if place in named else pattern,), element.use == "M"))
        place += 1
    body = _sequence(items, style.element)
    return re.compile(re.escape(use.id) + body + rules, re.DOTALL).fullmatch


@lru_cache(maxsize=8192)
def compiled_value(use: ElementUse, style: Style) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` for one value of a simple element."""
    return re.compile(value_pattern(use, style), re.DOTALL).fullmatch


@lru_cache(maxsize=256)
def compiled_text(style: Style) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` for characters that a value may hold, however many."""
    return re.compile(f"{style.text_class()}*+", re.DOTALL).fullmatch
