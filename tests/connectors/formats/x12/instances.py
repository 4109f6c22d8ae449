"""Random valid instances of a grammar: what the writer's and the second judge's laws are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from connectors.formats.x12.grammar import ElementUse, Grammar, LoopUse, SegmentUse
from data_contracts.source import SourceRecord

LEVELS = "SOTPIF"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def instance(grammar: Grammar, random: Random, fullness: float = 0.25, component: str = ":") -> SourceRecord:
    """A tree that the grammar takes. `fullness` is the chance of what is optional; CTT01 and HL numbers stay empty."""
    root = SourceRecord("ST", ["ST"], 1)
    _fill(root, grammar, grammar.body, random, fullness, component)
    totals = grammar.totals
    if totals is not None and not any(child.tag == totals.segment for child in root.children):
        use = next(use for use in grammar.segments() if use.id == totals.segment)
        root.children.append(_record(use, random, fullness, component))
    return root


def _fill(
    parent: SourceRecord, grammar: Grammar, body: Sequence[SegmentUse | LoopUse], random: Random, fullness: float, component: str
) -> None:
    for use in body:
        times = 1 if use.use == "M" else int(random.random() < fullness)
        if times and use.max != 1 and random.random() < fullness:
            times = min(use.max or 3, random.randint(2, 3))
        for _ in range(times):
            if isinstance(use, SegmentUse):
                parent.children.append(_record(use, random, fullness, component))
            elif grammar.hierarchy and use.id == "HL":
                parent.children.append(_level(grammar, use, 0, random, fullness, component))
            else:
                loop = _record(use.first, random, fullness, component)
                _fill(loop, grammar, use.body[1:], random, fullness * 0.6, component)
                parent.children.append(loop)


def _level(grammar: Grammar, use: LoopUse, depth: int, random: Random, fullness: float, component: str) -> SourceRecord:
    level = "S" if depth == 0 else random.choice(LEVELS[1:])
    record = SourceRecord("HL", ["HL", "", "", level], 0)
    _fill(record, grammar, use.body[1:], random, fullness * 0.6, component)
    if depth < 3:
        for _ in range(random.randint(0, 2)):
            record.children.append(_level(grammar, use, depth + 1, random, fullness, component))
    return record


def _record(use: SegmentUse, random: Random, fullness: float, component: str) -> SourceRecord:
    filled = _positions(use, random, fullness)
    values = [use.id]
    for position, element in enumerate(use.elements, 1):
        values.append(_value(element, random, fullness, component) if position in filled else "")
    while not values[-1]:
        values.pop()
    return SourceRecord(use.id, values, 0)


def _positions(use: SegmentUse, random: Random, fullness: float) -> set[int]:
    """Which elements to fill so that the syntax notes hold."""
    mandatory = {position for position, element in enumerate(use.elements, 1) if element.use == "M"}
    for attempt in range(40):
        share = fullness / (1 + attempt / 4)  # notes that pull against each other agree when little is filled
        wanted = mandatory | {position for position in range(1, len(use.elements) + 1) if random.random() < share}
        wanted = wanted or {random.randint(1, len(use.elements))}
        for note in use.syntax * 3:
            places = [int(note[start : start + 2]) for start in range(1, len(note), 2)]
            if _holds(note, wanted):
                continue
            if note[0] in "PC":
                wanted.update(places)
            elif note[0] == "R":
                wanted.add(random.choice(places))
            elif note[0] == "L":
                wanted.add(random.choice(places[1:]))
            else:
                spare = [place for place in places if place in wanted and place not in mandatory]
                wanted.difference_update(random.sample(spare, len(spare) - 1) if len(spare) > 1 else spare)
        if wanted and all(_holds(note, wanted) for note in use.syntax):
            return wanted
    raise AssertionError(f"no way found to fill {use.id} {use.syntax}")


def _holds(note: str, filled: set[int]) -> bool:
    places = [int(note[start : start + 2]) for start in range(1, len(note), 2)]
    present = [place for place in places if place in filled]
    return {
        "P": len(present) in (0, len(places)),
        "R": bool(present),
        "C": places[0] not in filled or len(present) == len(places),
        "L": places[0] not in filled or len(present) > 1,
        "E": len(present) < 2,
    }[note[0]]


def _value(use: ElementUse, random: Random, fullness: float, component: str) -> str:
    if use.components:
        parts = [
            _value(part, random, 0, component) if part.use == "M" or (number == 1) else "" for number, part in enumerate(use.components, 1)
        ]
        while not parts[-1]:
            parts.pop()
        return component.join(parts)
    if use.codes:
        return random.choice(sorted(use.codes))
    if use.type == "DT":
        text = f"{random.randint(2020, 2039)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
        return text[-use.max :]
    if use.type == "TM":
        return f"{random.randint(0, 23):02d}{random.randint(0, 59):02d}"
    longest = use.max if random.random() < 0.1 else min(use.max, use.min + 8)
    length = random.randint(use.min, longest)
    if use.type == "R" or use.type.startswith("N"):
        digits = "".join(random.choice("123456789") for _ in range(length))
        return f"{digits[:-1]}.{digits[-1]}" if use.type == "R" and length > 2 and random.random() < 0.3 else digits
    text = "".join(random.choice(LETTERS) for _ in range(length))
    return text[:1] + " " + text[2:] if use.type == "AN" and length > 4 and random.random() < 0.3 else text


def comparable(record: SourceRecord, grammar: Grammar) -> tuple[object, ...]:
    """What must survive writing and reading: all but what the writer counts itself."""
    values = list(record.values)[1:]
    if record.tag == "HL" and grammar.hierarchy:
        values = values[2:3]
    if grammar.totals is not None and record.tag == grammar.totals.segment:
        values[grammar.totals.element - 1 : grammar.totals.element] = [""]
    if record.tag == "ST":
        values = []
    while values and not values[-1]:
        values.pop()
    return (record.tag, tuple(values), tuple(comparable(child, grammar) for child in record.children))
