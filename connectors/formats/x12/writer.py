"""Writes X12 interchanges from trees of segments: what an own order looks like on its way to a supplier.

The mapping says what is said; everything that is only form is added here from the grammar: the order of segments and loops,
HL numbers, line counts, ST-SE, GS-GE and ISA-IEA with their counts and control numbers, the fixed widths of ISA, the
delimiters. The law is `read(write(tree)) == tree`: whatever would read back as something else is refused with a ValueError
that names set, segment and element. Whether the set is also valid is for the validator to say, on the bytes written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.formats.x12.grammar import ElementUse, Grammar, LoopUse, SegmentUse, envelope_segment, load
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

_CUSTOMARY = {"element": "*|", "component": ":><", "repetition": "^!%", "segment": "~'|"}
"""Delimiters where none is asked for: the first that nothing else uses."""

DEFAULT_DELIMITERS = {name: customary[0] for name, customary in _CUSTOMARY.items()}
"""What an interchange is written with when neither profile nor envelope asks for something else."""

_CONTROL_CHARACTERS = "\x00-\x1f\x7f-\x9f"
_OUTSIDE_ASCII = "\x80-\U0010ffff"
_LARGEST_CONTROL = 999_999_999


@dataclass(frozen=True, slots=True)
class _Syntax:
    """Delimiters and character rules in force for one interchange."""

    element: str
    component: str
    repetition: str
    """Empty before 00402, where nothing repeats."""
    segment: str
    charset: str
    refused: re.Pattern[str]
    """Finds what no value may hold; composites and repeating elements are cut before they are checked."""


def write(messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope, profile: Profile) -> bytes:
    """One interchange with these (set, tree) messages, in order; sets of different functional groups get a group each.

    The root's children are the segments and loops between ST and SE; the root's own values are ignored, but for ST03 of a
    root `ST` from 005010 on. Numbers count up from the envelope's: the first set gets `first_message_control`, the first
    group `group_control`. `profile.options` may give `delimiters` (the envelope's win) and `line_end`, which is written
    after every terminator. Raises ValueError for an unknown set, for a segment that the set has no place for and for data
    that the interchange cannot carry.
    """
    syntax = _syntax(envelope, profile)
    groups: dict[str, list[tuple[Grammar, SourceRecord]]] = {}
    for message, root in messages:
        grammar = load(message, envelope.version)
        if grammar is None:
            raise ValueError(f"no grammar for set {message} in version {envelope.version}")
        groups.setdefault(grammar.group, []).append((grammar, root))
    lines = [_header(envelope, syntax)]
    set_control = envelope.first_message_control
    for ordinal, (group, sets) in enumerate(groups.items()):
        control = _control("GS06", envelope.group_control + ordinal)
        lines.append(_group_header(group, control, envelope, syntax))
        for grammar, root in sets:
            lines.extend(_set(grammar, root, _control("ST02", set_control).zfill(4), envelope.version, syntax))
            set_control += 1
        lines.append(syntax.element.join(("GE", str(len(sets)), control)))
    lines.append(syntax.element.join(("IEA", str(len(groups)), _control("ISA13", envelope.control).zfill(9))))
    end = syntax.segment + str(profile.options.get("line_end", ""))
    return (end.join(lines) + end).encode(syntax.charset)


def _syntax(envelope: Envelope, profile: Profile) -> _Syntax:
    asked: Mapping[str, str] = {**profile.options.get("delimiters", {}), **envelope.delimiters}
    if not asked.keys() <= _CUSTOMARY.keys():
        raise ValueError(f"delimiters are {', '.join(_CUSTOMARY)}; got {', '.join(asked)}")
    chosen = {name: mark for name, mark in asked.items() if mark}  # an interchange that repeats nothing names no mark for it
    for name, customary in _CUSTOMARY.items():
        if name not in chosen:
            chosen[name] = next(mark for mark in customary if mark not in chosen.values())
    repeats = envelope.version[:5] >= "00402"
    active = [mark for name, mark in chosen.items() if repeats or name != "repetition"]
    if len(set(active)) != len(active) or any(len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark == " " for mark in active):
        raise ValueError(f"delimiters must be different single marks, neither letter, digit nor blank: {chosen}")
    charset = profile.charset or "ascii"
    if "ISA".encode(charset) != b"ISA":
        raise ValueError(f"charset {charset} does not carry the envelope in single bytes")
    outside = "" if profile.charset else _OUTSIDE_ASCII
    refused = re.compile("[" + re.escape("".join(active)) + _CONTROL_CHARACTERS + outside + "]")
    return _Syntax(
        element=chosen["element"],
        component=chosen["component"],
        repetition=chosen["repetition"] if repeats else "",
        segment=chosen["segment"],
        charset=charset,
        refused=refused,
    )


def _header(envelope: Envelope, syntax: _Syntax) -> str:
    sender_qualifier, sender = _identity("ISA06", envelope.sender)
    receiver_qualifier, receiver = _identity("ISA08", envelope.receiver)
    values = [
        *("00", "", "00", "", sender_qualifier, sender, receiver_qualifier, receiver),
        envelope.created_at.strftime("%y%m%d"),
        envelope.created_at.strftime("%H%M"),
        syntax.repetition or "U",
        envelope.version[:5],
        _control("ISA13", envelope.control).zfill(9),
        "1" if envelope.acknowledgement_requested else "0",
        "T" if envelope.test else "P",
    ]
    parts = ["ISA"]
    for position, (use, value) in enumerate(zip(envelope_segment("ISA", envelope.version).elements, values, strict=False), 1):
        if (
            len(value) > use.max
            or (value and len(value) < use.min and use.type != "AN")
            or (use.codes is not None and value not in use.codes)
        ):
            raise ValueError(f"ISA{position:02d} ({use.name}) cannot be {value!r}")
        if position != 11 and syntax.refused.search(value):
            raise ValueError(f"ISA{position:02d} ({use.name}) holds a delimiter or a character outside {syntax.charset}: {value!r}")
        parts.append(value.ljust(use.max))
    return syntax.element.join([*parts, syntax.component])


def _group_header(group: str, control: str, envelope: Envelope, syntax: _Syntax) -> str:
    segment = envelope_segment("GS", envelope.version)
    values = [
        "GS",
        group,
        envelope.group_sender or _identity("ISA06", envelope.sender)[1],
        envelope.group_receiver or _identity("ISA08", envelope.receiver)[1],
        envelope.created_at.strftime("%Y%m%d")[-segment.elements[3].max :],
        envelope.created_at.strftime("%H%M"),
        control,
        "X",
        envelope.version,
    ]
    for position, (use, value) in enumerate(zip(segment.elements, values[1:], strict=True), 1):
        if not use.min <= len(value) <= use.max:
            raise ValueError(f"GS{position:02d} ({use.name}) takes {use.min} to {use.max} characters, got {value!r}")
    return _line(segment, values, "GS", syntax)


def _identity(where: str, text: str) -> tuple[str, str]:
    qualifier, colon, name = text.partition(":")
    if not colon or not name:
        raise ValueError(f"{where}: an interchange identity is `qualifier:id`, got {text!r}")
    return qualifier, name


def _control(where: str, number: int) -> str:
    if not 0 < number <= _LARGEST_CONTROL:
        raise ValueError(f"{where}: control numbers run from 1 to {_LARGEST_CONTROL}, got {number}")
    return str(number)


class _Numbers:
    """What is counted while a set is written."""

    def __init__(self) -> None:
        self.level = 0
        self.segments: dict[str, int] = {}

    def count(self, tag: str) -> None:
        self.segments[tag] = self.segments.get(tag, 0) + 1


def _set(grammar: Grammar, root: SourceRecord, control: str, version: str, syntax: _Syntax) -> list[str]:
    header = envelope_segment("ST", version)
    opening = ["ST", grammar.message, control]
    if root.tag == "ST" and len(header.elements) > 2:
        opening += list(root.values)[3:]
    lines = [_line(header, opening, grammar.message, syntax)]
    numbers = _Numbers()
    children = list(root.children)
    totals = grammar.totals
    if totals is not None and not any(child.tag == totals.segment for child in children):
        children.append(SourceRecord(totals.segment, [totals.segment], 0))
    lines.extend(_body(grammar, grammar.body, children, numbers, syntax))
    lines.append(syntax.element.join(("SE", str(len(lines) + 1), control)))
    return lines


def _body(
    grammar: Grammar, body: Sequence[SegmentUse | LoopUse], children: Sequence[SourceRecord], numbers: _Numbers, syntax: _Syntax
) -> Iterator[str]:
    placed = [(_place(grammar, body, child), child) for child in children]
    for index, child in sorted(placed, key=lambda pair: pair[0]):
        use = body[index]
        if isinstance(use, LoopUse):
            yield from _loop(grammar, use, child, "", numbers, syntax)
        elif child.children:
            raise ValueError(f"{grammar.message}: segment {child.tag} opens no loop here and cannot hold {child.children[0].tag}")
        else:
            line = _segment(grammar, use, child, numbers, syntax)
            if line != child.tag:
                yield line


def _loop(grammar: Grammar, loop: LoopUse, record: SourceRecord, parent: str, numbers: _Numbers, syntax: _Syntax) -> Iterator[str]:
    """The loop's first segment, what belongs to it in the grammar's order and, under an HL, the levels below it."""
    if not (grammar.hierarchy and loop.id == "HL"):
        yield _segment(grammar, loop.first, record, numbers, syntax)
        yield from _body(grammar, loop.body[1:], record.children, numbers, syntax)
        return
    below = [child for child in record.children if child.tag == "HL"]
    numbers.level += 1
    number = str(numbers.level)
    level = list(record.values)[3] if len(record.values) > 3 else ""
    numbered = SourceRecord("HL", ["HL", number, parent, level, "1" if below else "0"], record.position)
    yield _segment(grammar, loop.first, numbered, numbers, syntax)
    yield from _body(grammar, loop.body[1:], [child for child in record.children if child.tag != "HL"], numbers, syntax)
    for child in below:
        yield from _loop(grammar, loop, child, number, numbers, syntax)


def _place(grammar: Grammar, body: Sequence[SegmentUse | LoopUse], record: SourceRecord) -> int:
    """Index in the body of the place that takes this record; a loop with a matching qualifier wins over one without."""
    found = -1
    for index, use in enumerate(body):
        if isinstance(use, SegmentUse):
            if use.id == record.tag and found < 0:
                found = index
        elif use.first.id == record.tag:
            if use.qualifier is None:
                found = index if found < 0 else found
            elif list(record.values)[use.qualifier[0] : use.qualifier[0] + 1] == [use.qualifier[1]]:
                return index
    if found < 0:
        raise ValueError(f"{grammar.message} {grammar.version}: no place for segment {record.tag} here")
    return found


def _segment(grammar: Grammar, use: SegmentUse, record: SourceRecord, numbers: _Numbers, syntax: _Syntax) -> str:
    numbers.count(use.id)
    values = list(record.values)
    totals = grammar.totals
    if totals is not None and use.id == totals.segment:
        values += [""] * (totals.element + 1 - len(values))
        values[totals.element] = str(numbers.segments.get(totals.of, 0))
    return _line(use, values, grammar.message, syntax)


def _line(use: SegmentUse, values: Sequence[str], where: str, syntax: _Syntax) -> str:
    """The segment's text without its terminator; trailing empty elements are left out."""
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


def _check(element: ElementUse, value: str, where: str, syntax: _Syntax) -> None:
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


def _check_encoding(value: str, where: str, syntax: _Syntax) -> None:
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
