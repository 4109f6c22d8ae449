"""Random valid instances of a grammar: what the laws of writer and reader are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from connectors.formats.edifact.grammar import ElementUse, Grammar, GroupUse, SegmentUse
from connectors.formats.edifact.packing import nest
from connectors.formats.edifact.separators import COMPONENT, REPETITION
from connectors.formats.edifact.totals import KNOWN, SEGMENT
from data_contracts.source import SourceRecord

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+:?'*äß"


def instance(grammar: Grammar, random: Random, fullness: float = 0.25, repeats: bool = False) -> SourceRecord:
    """A tree that the grammar takes. `fullness` is the chance of what is conditional; what the writer counts is left out."""
    root = SourceRecord("UNH", ["UNH"], 1)
    _fill(root, grammar, grammar.body, random, fullness, repeats)
    if grammar.hierarchy:
        _nest(root, grammar.hierarchy, random)
    return root


def _nest(root: SourceRecord, tag: str, random: Random) -> None:
    """Levels that name each other, some below others."""
    above = [""]
    for record in [child for child in root.children if child.tag == tag]:
        values = [*record.values, "", ""]
        values[1:3] = f"{len(above)}{values[1][:8]}", random.choice(above)
        while not values[-1]:
            values.pop()
        record.values = values
        above.append(values[1])
    assert nest(root, tag) == ([], [], [])


def _fill(
    parent: SourceRecord, grammar: Grammar, body: Sequence[SegmentUse | GroupUse], random: Random, fullness: float, repeats: bool
) -> None:
    held: set[str] = set()
    for use in body:
        if isinstance(use, GroupUse) and use.use != "M" and use.first.id in held:
            continue  # DELFOR: lines below places, or by themselves, never both
        if isinstance(use, SegmentUse) and grammar.totals is not None and use.id == grammar.totals.segment:
            continue
        times = 1 if use.use == "M" else int(random.random() < fullness)
        if times and use.max != 1 and random.random() < fullness:
            times = min(use.max or 3, random.randint(2, 3))
        for _ in range(times):
            record = _record(use if isinstance(use, SegmentUse) else use.first, random, fullness, repeats)
            record.parent = parent
            parent.children.append(record)
            if isinstance(use, GroupUse):
                held.update(inner.first.id for inner in use.body if isinstance(inner, GroupUse))
                _fill(record, grammar, use.body[1:], random, fullness * 0.6, repeats)


def _record(use: SegmentUse, random: Random, fullness: float, repeats: bool) -> SourceRecord:
    values = [use.id]
    for element in use.elements:
        filled = element.use == "M" or random.random() < fullness
        times = random.randint(1, min(element.repeat, 3)) if repeats and element.repeat > 1 else 1
        values.append(REPETITION.join(_value(element, random, fullness) for _ in range(times)) if filled else "")
    if not any(values[1:]) and use.elements:
        place = random.randrange(len(use.elements))
        values[place + 1] = _value(use.elements[place], random, fullness)
    while not values[-1]:
        values.pop()
    return SourceRecord(use.id, values, 0)


def _value(use: ElementUse, random: Random, fullness: float) -> str:
    if use.components:
        first = random.randrange(len(use.components))
        parts = [
            _value(part, random, fullness) if part.use == "M" or number == first or random.random() < fullness else ""
            for number, part in enumerate(use.components)
        ]
        while not parts[-1]:
            parts.pop()
        return COMPONENT.join(parts)
    if use.codes:
        return random.choice(sorted(use.codes))
    length = random.randint(use.min, min(use.max, use.min + 8))
    if use.type == "n":
        digits = "".join(random.choice("0123456789") for _ in range(length))
        signed = "-" if random.random() < 0.1 else ""
        return signed + (f"{digits[:-1]}.{digits[-1]}" if length > 2 and use.max > 6 and random.random() < 0.3 else digits)
    letters = "ABCDEFGHIJ" if use.type == "a" else LETTERS
    text = "".join(random.choice(letters) for _ in range(length))
    return text[:1] + " " + text[2:] if length > 4 and random.random() < 0.3 else text


def comparable(record: SourceRecord, grammar: Grammar) -> tuple[object, ...]:
    """What must survive writing and reading: all but what the writer counts itself."""
    totals = grammar.totals
    values = [] if record.tag == "UNH" else list(record.values)[1:]
    if record.tag == SEGMENT and values and (parts := str(values[0]).split(COMPONENT))[0] in KNOWN:
        values = [parts[0], *parts[2:]]
    children = [
        child
        for child in record.children
        if totals is None or child.tag != totals.segment or str(child.values[1]).split(COMPONENT)[0] != totals.qualifier  # type: ignore[index]
    ]
    return (record.tag, tuple(values), tuple(comparable(child, grammar) for child in children))
