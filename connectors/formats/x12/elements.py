"""A segment that failed its pattern, taken apart: which element, which component, which AK4 code.

Codes are those of X12 data element 723: 1 mandatory missing, 2 conditional missing, 3 too many elements, 4 too short, 5 too
long, 6 invalid character, 7 invalid code, 8 invalid date, 9 invalid time, 10 exclusion violated, and from 005010 on 12 too
many repetitions, 13 too many components. A fault is said once, by the first code that applies in the order 6, 4, 5, 8, 9, 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.formats.x12.grammar import ElementUse, SegmentUse
from connectors.formats.x12.patterns import Style, compiled_text, compiled_value, notes

_DIGITS = re.compile(r"-?[0-9]*\.?[0-9]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an element."""

    code: str
    """Data element 723."""
    element: int
    component: int | None = None
    repeat: int | None = None
    """Which repetition, where the element may repeat."""
    number: str = ""
    """Data element number, for AK402."""
    expected: str | None = None
    got: str | None = None


def explain(use: SegmentUse, elements: Sequence[str], style: Style, modern: bool) -> list[Fault]:
    """Every fault of a segment. `elements[0]` is the segment id; `modern` allows the codes that came with 005010."""
    faults: list[Fault] = []
    for place, element in enumerate(use.elements, 1):
        value = elements[place] if place < len(elements) else ""
        if value:
            faults.extend(_value(element, value, place, style, modern))
        elif element.use == "M":
            faults.append(Fault("1", place, number=element.number, expected=element.name))
    for place in range(len(use.elements) + 1, len(elements)):
        if elements[place]:
            faults.append(Fault("3", place, expected=str(len(use.elements)), got=elements[place]))
            break
    faults.extend(_relations(use, elements))
    return sorted(faults, key=lambda fault: (fault.element, fault.component or 0))


def _value(use: ElementUse, value: str, place: int, style: Style, modern: bool) -> Iterator[Fault]:
    if use.repeat != 1 and style.repetition:
        values = value.split(style.repetition)
        if use.repeat and len(values) > use.repeat:
            yield Fault("12" if modern else "3", place, number=use.number, expected=str(use.repeat), got=str(len(values)))
        for number, one in enumerate(values[: use.repeat or None], 1):
            if one:
                yield from _once(use, one, place, style, modern, number)
            elif number == 1:
                yield Fault("6", place, None, 1, use.number, use.name, value)
        return
    yield from _once(use, value, place, style, modern, None)


def _once(use: ElementUse, value: str, place: int, style: Style, modern: bool, repeat: int | None) -> Iterator[Fault]:
    if not use.components:
        fault = _simple(use, value, style)
        if fault is not None:
            yield Fault(fault[0], place, None, repeat, use.number, fault[1], value)
        return
    parts = value.split(style.component)
    for number, component in enumerate(use.components, 1):
        part = parts[number - 1] if number <= len(parts) else ""
        if part:
            fault = _simple(component, part, style)
            if fault is not None:
                yield Fault(fault[0], place, number, repeat, component.number, fault[1], part)
        elif component.use == "M":
            yield Fault("1", place, number, repeat, component.number, component.name)
    surplus = [part for part in parts[len(use.components) :] if part]
    if surplus:
        limit = len(use.components)
        yield Fault("13" if modern else "3", place, limit + 1 if modern else None, repeat, use.number, str(limit), surplus[0])


def _number(type_: str) -> str:
    """What a number is to look like: an N2 has no point, for it is implied (X12.6)."""
    if type_ == "R":
        return "number"
    places = type_[1:] or "0"
    return f"digits without a point, the last {places} of them decimals (N{places})" if places != "0" else "digits without a point (N0)"


def _simple(use: ElementUse, value: str, style: Style) -> tuple[str, str] | None:
    """AK4 code and what was expected, or null when the value is right."""
    if compiled_value(use, style)(value):
        return None
    if not compiled_text(style)(value):
        return "6", use.name
    size, numeric = len(value), use.type == "R" or use.type[:1] == "N"
    if numeric:
        if not _DIGITS.fullmatch(value) or (use.type != "R" and "." in value) or not any(map(str.isdigit, value)):
            return "6", _number(use.type)
        size = sum(map(str.isdigit, value))
    if use.type in ("DT", "TM") and not (value.isascii() and value.isdigit()):
        return ("8", "CCYYMMDD" if use.max >= 8 else "YYMMDD") if use.type == "DT" else ("9", "HHMM")
    if size < use.min:
        return "4", str(use.min)
    if size > use.max:
        return "5", str(use.max)
    if use.type == "DT":
        return "8", "CCYYMMDD" if use.max >= 8 else "YYMMDD"
    if use.type == "TM":
        return "9", "HHMM"
    return "7", _listed(use)


def _listed(use: ElementUse) -> str:
    """The allowed codes, where they are few enough to be read."""
    codes = sorted(use.codes or ())
    return " ".join(codes) if len(codes) <= 12 else use.name


def _relations(use: SegmentUse, elements: Sequence[str]) -> Iterator[Fault]:
    """Conditions between elements that are broken (X12.6 syntax notes)."""
    for kind, places in notes(use):
        if max(places) > len(use.elements):
            continue
        present = [place for place in places if place < len(elements) and elements[place]]
        absent = [place for place in places if place not in present and use.elements[place - 1].use != "M"]
        wanted: list[int] = []
        if (kind == "P" and present) or (kind == "C" and places[0] in present):
            wanted = absent
        elif (kind == "R" and not present) or (kind == "L" and present == [places[0]]):
            wanted = absent[:1]
        elif kind == "E" and len(present) > 1:
            second = use.elements[present[1] - 1]
            yield Fault("10", present[1], None, None, second.number, _note(kind, places), elements[present[1]])
        for place in wanted:
            yield Fault("2", place, None, None, use.elements[place - 1].number, _note(kind, places))


def _note(kind: str, places: Sequence[int]) -> str:
    return kind + "".join(f"{place:02}" for place in places)
