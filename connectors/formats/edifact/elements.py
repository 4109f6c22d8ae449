"""A segment that failed its pattern, taken apart: which element, which component, which code of data element 0085.

12 invalid value, 13 missing, 16 too many constituents, 19 invalid decimal notation, 21 invalid characters, 37 invalid type of
characters, 38 no digit in front of the decimal mark, 39 too long, 40 too short, 35 too many repetitions (syntax 4).
A fault is said once, by the first that applies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.formats.edifact.grammar import ElementUse, SegmentUse
from connectors.formats.edifact.patterns import Style, compiled_value
from connectors.formats.edifact.separators import COMPONENT, REPETITION


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an element."""

    code: str
    """Data element 0085."""
    element: int
    component: int | None = None
    number: str = ""
    """Data element number."""
    expected: str | None = None
    got: str | None = None


def explain(use: SegmentUse, elements: Sequence[str], style: Style) -> list[Fault]:
    """Every fault of a segment. `elements[0]` is the tag; composites are in our own separators."""
    faults: list[Fault] = []
    for place, element in enumerate(use.elements, 1):
        value = elements[place] if place < len(elements) else ""
        if value:
            faults.extend(_value(element, value, place, style))
        elif element.use == "M":
            faults.append(Fault("13", place, None, element.number, element.name))
    surplus = [value for value in elements[len(use.elements) + 1 :] if value]
    if surplus:
        faults.append(Fault("16", len(use.elements) + 1, None, "", str(len(use.elements)), _shown(surplus[0])))
    return faults


def spread(use: SegmentUse, elements: list[str], style: Style) -> list[tuple[int, int]]:
    """Put repetitions of an element into the places where the directory writes it again (`CUX+2:EUR*3:USD` is `CUX+2:EUR+3:USD`), as
    many programs of syntax 4 write them; `elements` change. Comes back: place and number of those that were spread.
    """
    moved: list[tuple[int, int]] = []
    for place, element in enumerate(use.elements, 1):
        value = elements[place] if style.repeats and element.repeat == 1 and place < len(elements) else ""
        if REPETITION not in value:
            continue
        values = value.split(REPETITION)
        twins = [one.number for one in use.elements[place : place + len(values) - 1]] == [element.number] * (len(values) - 1)
        if twins and not any(elements[place + 1 : place + len(values)]):
            elements[place : place + len(values)] = values
            moved.append((place, len(values)))
    return moved


def _value(use: ElementUse, value: str, place: int, style: Style) -> Iterator[Fault]:
    values = value.split(REPETITION) if style.repeats else [value]
    if use.repeat and len(values) > use.repeat:
        yield Fault("35", place, None, use.number, str(use.repeat), str(len(values)))
    for number, one in enumerate(values[: use.repeat or None]):
        if one:
            yield from _once(use, one, place, style)
        elif number == 0:
            yield Fault("13", place, None, use.number, use.name)


def _once(use: ElementUse, value: str, place: int, style: Style) -> Iterator[Fault]:
    if not use.components:
        fault = _simple(use, value, style)
        if fault is not None:
            yield Fault(fault[0], place, None, use.number, fault[1], _shown(value))
        return
    parts = value.split(COMPONENT)
    for number, component in enumerate(use.components, 1):
        part = parts[number - 1] if number <= len(parts) else ""
        if part:
            fault = _simple(component, part, style)
            if fault is not None:
                yield Fault(fault[0], place, number, component.number, fault[1], _shown(part))
        elif component.use == "M":
            yield Fault("13", place, number, component.number, component.name)
    limit = len(use.components)
    surplus = [part for part in parts[limit:] if part]
    if surplus:
        yield Fault("16", place, limit + 1, use.number, str(limit), _shown(surplus[0]))


def _simple(use: ElementUse, value: str, style: Style) -> tuple[str, str] | None:
    """Code and what was expected, or null when the value is right."""
    if compiled_value(use, style)(value):
        return None
    if COMPONENT in value or REPETITION in value:
        return "16", "1"  # an element that is no composite; or one of the envelope, which does not repeat
    if not re.fullmatch(f"{style.text}+", value, re.DOTALL):
        return "21", use.name
    size = len(value)
    if use.type == "n":
        digits = value.removeprefix("-")
        if not re.fullmatch("[0-9.,]+", digits):
            return "37", "number"
        size = sum(map(str.isdigit, digits))
        if digits[0] in ".,":
            return "38", "0" + value.removeprefix("-")
        if not re.fullmatch(f"[0-9]+(?:[{re.escape(style.decimals)}][0-9]+)?", digits):
            return "19", f"decimal mark {' or '.join(style.decimals)}"
    if use.codes is None:
        if size < use.min:
            return "40", str(use.min)
        if size > use.max:
            return "39", str(use.max)
        return "37", "letters"
    codes = sorted(use.codes)
    return "12", " ".join(codes) if len(codes) <= 12 else use.name


def _shown(value: str) -> str:
    return value.replace(COMPONENT, ":").replace(REPETITION, "*")
