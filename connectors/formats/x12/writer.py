"""Writes X12 interchanges from trees of segments: what an own order looks like on its way to a supplier.

The mapping says what is said; everything that is only form is added here from the grammar: the order of segments and loops,
HL numbers, line counts, ST-SE, GS-GE and ISA-IEA with their counts and control numbers, the fixed widths of ISA, the
delimiters. The law is `read(write(tree)) == tree`: whatever would read back as something else is refused with a ValueError
that names set, segment and element. Whether the set is also valid is for the validator to say, on the bytes written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectors.formats.x12.grammar import Grammar, envelope_segment, load
from connectors.formats.x12.segment_text import Syntax, line
from connectors.formats.x12.set_writer import WrittenSet, write_set
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

_CUSTOMARY = {"element": "*|", "component": ":><", "repetition": "^!%", "segment": "~'|"}
"""Delimiters where none is asked for: the first that nothing else uses."""

DEFAULT_DELIMITERS = {name: customary[0] for name, customary in _CUSTOMARY.items()}
"""What an interchange is written with when neither profile nor envelope asks for something else."""

_CONTROL_CHARACTERS = "\x00-\x1f\x7f-\x9f"
_OUTSIDE_ASCII = "\x80-\U0010ffff"
_LARGEST_CONTROL = 999_999_999


def write(messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope, profile: Profile) -> bytes:
    """One interchange with these (set, tree) messages, in order; sets of different functional groups get a group each.

    The root's children are the segments and loops between ST and SE; the root's own values are ignored, but for ST03 of a
    root `ST` from 005010 on. Numbers count up from the envelope's: the first set gets `first_message_control`, the first
    group `group_control`. `profile.options` may give `delimiters` (the envelope's win), `line_end`, which is written after
    every terminator, and `hash_total` (CTT02 is written). Raises ValueError for an unknown set, for a segment that the set
    has no place for and for data that the interchange cannot carry.
    """
    syntax = syntax_of(envelope, profile)
    groups: dict[str, list[WrittenSet]] = {}
    grammars: dict[str, Grammar] = {}
    hashed = bool(profile.options.get("hash_total", False))
    for message, root in messages:
        grammar = grammars.get(message) or load(message, envelope.version)
        if grammar is None:
            raise ValueError(f"no grammar for set {message} in version {envelope.version}")
        grammars[message] = grammar
        groups.setdefault(grammar.group, []).append(write_set(grammar, root, envelope.version, syntax, hashed))
    lines = [_header(envelope, syntax)]
    set_control = envelope.first_message_control
    for ordinal, (group, sets) in enumerate(groups.items()):
        number = _control("GS06", envelope.group_control + ordinal)
        lines.append(_group_header(group, number, envelope, syntax))
        for written in sets:
            lines += written.numbered(_control("ST02", set_control).zfill(4))
            set_control += 1
        lines.append(syntax.element.join(("GE", str(len(sets)), number)))
    lines.append(syntax.element.join(("IEA", str(len(groups)), _control("ISA13", envelope.control).zfill(9))))
    end = syntax.segment + str(profile.options.get("line_end", ""))
    return (end.join(lines) + end).encode(syntax.charset)


def syntax_of(envelope: Envelope, profile: Profile) -> Syntax:
    """The delimiters and characters that agreement and envelope ask for. Raises ValueError where they cannot be had."""
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
    return Syntax(
        element=chosen["element"],
        component=chosen["component"],
        repetition=chosen["repetition"] if repeats else "",
        segment=chosen["segment"],
        charset=charset,
        refused=refused,
    )


def _header(envelope: Envelope, syntax: Syntax) -> str:
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


def _group_header(group: str, control: str, envelope: Envelope, syntax: Syntax) -> str:
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
    return line(segment, values, "GS", syntax)


def _identity(where: str, text: str) -> tuple[str, str]:
    qualifier, colon, name = text.partition(":")
    if not colon or not name:
        raise ValueError(f"{where}: an interchange identity is `qualifier:id`, got {text!r}")
    return qualifier, name


def _control(where: str, number: int) -> str:
    if not 0 < number <= _LARGEST_CONTROL:
        raise ValueError(f"{where}: control numbers run from 1 to {_LARGEST_CONTROL}, got {number}")
    return str(number)
