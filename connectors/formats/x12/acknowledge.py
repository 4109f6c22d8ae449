"""Answers to a partner's interchange: the 997 or 999 on its groups and sets, the TA1 on the envelope (X12.20, X12.56).

Pure: verdicts and numbers in, bytes out. Control numbers, identities and the time come from the caller (`Envelope`); an
acknowledgement is never acknowledged, and an interchange that was rejected gets a TA1 only.

An answer is valid whatever it answers, or the partner's translator throws it away. A received value that its element cannot hold is left
out where that may be; where it must not, what it would name is left out: a set whose ST01 or ST02 no AK2 can hold is only counted (AK9:
received, not accepted), a segment whose id no AK3 can hold is told by AK5 alone (5). A group that no AK1 can name has refused its whole
interchange (X12-I024). In a TA1 a number or time that is none is zero, a date that is none the day of the answer; its note tells why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from connectors.formats.x12.control import is_number, is_set_number
from connectors.formats.x12.header import is_date, is_time
from connectors.formats.x12.verdicts import (
    GroupVerdict,
    InterchangeVerdict,
    MessageVerdict,
    SegmentError,
    group_verdict,
    interchange_verdict,
    message_verdict,
)
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import ReadEvent

ANSWER = "FA"
"""The group of acknowledgements (997, 999), which nobody acknowledges."""

_CUSTOMARY = {"element": "*|", "component": ":><", "repetition": "^!%", "segment": "~'|"}
"""Delimiters where the agreement names none: the first that nothing else uses."""

_MODERN = "005010"
FUNCTIONAL, IMPLEMENTATION = "997", "999"
_GUIDE = "005010X231A1"
"""GS08 and ST03 of a 999."""
_LONGEST_LOOP = 6
_SET = re.compile("[A-Z0-9]{3}")
_SEGMENT = re.compile("[A-Z][A-Z0-9]{1,2}")
_LONGEST_VERSION, _LONGEST_GUIDE = 12, 35
_MOST_ELEMENTS, _MOST_PLACES, _MOST_COUNTED = 99, 99, 999_999
"""AK4s below an AK3, places in AK401, and what AK3 and AK9 can count."""
_QUALIFIER = re.compile("[0-9A-Z]{2}")
_LONGEST_NAME = 15
"""ISA06 and ISA08, GS02 and GS03."""
_NO_NUMBER, _NO_TIME = "000000000", "0000"
_CONDITION = "2"
"""AK403: an element is absent that others of its segment make mandatory."""


def verdicts(events: Iterable[ReadEvent], profile: Profile) -> Iterator[InterchangeVerdict]:
    """One verdict for each interchange of a document that is read."""
    messages: list[MessageVerdict] = []
    groups: list[GroupVerdict] = []
    for event in events:
        if event.kind == "message" and event.message is not None:
            messages.append(message_verdict(event.message, profile))
        elif event.kind == "group_end" and event.group is not None:
            groups.append(group_verdict(event.group, messages))
            messages = []
        elif event.kind == "interchange_end" and event.interchange is not None:
            yield interchange_verdict(event.interchange, groups)
            groups = []


def answered(groups: Sequence[GroupVerdict]) -> list[GroupVerdict]:
    """The groups that get a 997: all but acknowledgements themselves."""
    return [group for group in groups if group.type != ANSWER]


def functional_groups(groups: Sequence[GroupVerdict], kind: str = FUNCTIONAL) -> int:
    """How many groups the answering interchange will have, so how many group control numbers it takes: one for each version."""
    return len({_set_for(group, kind) for group in answered(groups)})


def functional_acknowledgement(
    groups: Sequence[GroupVerdict], controls: Envelope, profile: Profile = STRICT, kind: str = FUNCTIONAL
) -> bytes:
    """One interchange with a 997 for each received group, or a 999 where `kind` asks for it and the group is of 005010 or later; empty
    when there is nothing to answer.

    Groups of several versions are answered in a group of their version each; set numbers count on from
    `controls.first_message_control`, group numbers from `controls.group_control`. Raises ValueError when the envelope itself
    cannot be written with these delimiters.
    """
    wanted = answered(groups)
    if not wanted:
        return b""
    ink = _ink(controls, profile)
    stamp = _stamp(controls.created_at)
    lines = [ink.header(controls.control, stamp)]
    by_version: dict[tuple[str, str], list[GroupVerdict]] = {}
    for group in wanted:
        by_version.setdefault(_set_for(group, kind), []).append(group)
    control = controls.first_message_control
    for number, ((answer, version), ours) in enumerate(by_version.items()):
        group_control = str(controls.group_control + number)
        lines.append(ink.group_header(version, group_control, stamp))
        for group in ours:
            body = list(_body(group, ink, answer == IMPLEMENTATION))
            set_control = str(control).zfill(4)
            lines.append(ink.line("ST", answer, set_control, version if answer == IMPLEMENTATION else ""))
            lines.extend(body)
            lines.append(ink.line("SE", str(len(body) + 2), set_control))
            control += 1
        lines.append(ink.line("GE", str(len(ours)), group_control))
    lines.append(ink.trailer(len(by_version), controls.control))
    return ink.bytes_of(lines)


def interchange_acknowledgement(header: Sequence[str], note: str, accepted: str, controls: Envelope, profile: Profile = STRICT) -> bytes:
    """An interchange with a TA1 on the one whose 16 ISA elements are `header`.

    `accepted` is A, E or R. TA1 copies ISA13, ISA09 and ISA10 as they were received (X12.56), those that are no number, day or time not:
    a TA1 that is broken itself would be thrown away (docs/decisions/0005).
    """
    ink = _ink(controls, profile)
    control, date, time = (header[place].strip() for place in (12, 8, 9))
    stamp = _stamp(controls.created_at)
    about = (
        control.zfill(9) if is_number(control) else _NO_NUMBER,
        date if is_date(date) else stamp[0][2:],
        time if is_time(time) else _NO_TIME,
    )
    return ink.bytes_of([ink.header(controls.control, stamp), ink.line("TA1", *about, accepted, note), ink.trailer(0, controls.control)])


def _version(group: GroupVerdict) -> str:
    """GS08 of the answer: the group's own version without its industry suffix; 004010 where it states none."""
    base = group.version[:6]
    return base if len(base) == 6 and base.isascii() and base.isdigit() else "004010"


def _set_for(group: GroupVerdict, kind: str) -> tuple[str, str]:
    """Which set answers a group, and GS08 of its group: there is no 999 before 005010."""
    version = _version(group)
    return (IMPLEMENTATION, _GUIDE) if kind == IMPLEMENTATION and version >= _MODERN else (FUNCTIONAL, version)


def _body(group: GroupVerdict, ink: _Ink, by_guide: bool = False) -> Iterator[str]:
    modern = _version(group) >= _MODERN
    yield ink.line("AK1", group.type, group.control, ink.carried(group.version, _LONGEST_VERSION) if modern else "")
    for message in group.messages:
        control = message.control.rstrip(" ")  # who fills it up with blanks is told of its set all the same
        if not (_SET.fullmatch(message.type) and is_set_number(control)):
            continue
        guide = ink.carried(message.guide, _LONGEST_GUIDE) if by_guide else ""
        yield ink.line("AK2", message.type, control, guide)
        for error in message.segments:
            if _SEGMENT.fullmatch(error.segment) and error.position <= _MOST_COUNTED:
                yield from _segment(error, ink, modern, by_guide)
        yield ink.line("IK5" if by_guide else "AK5", message.verdict, *message.codes)
    declared = group.declared if group.declared.isascii() and group.declared.isdigit() and len(group.declared) <= 6 else "0"
    received, accepted = (str(min(count, _MOST_COUNTED)) for count in (group.received, group.accepted))
    yield ink.line("AK9", group.verdict, declared, received, accepted, *group.codes)


def _segment(error: SegmentError, ink: _Ink, modern: bool, by_guide: bool) -> Iterator[str]:
    """AK3 and its AK4s; in a 999 IK3 and IK4, with the situation (CTX) that made an absent element mandatory."""
    loop = ink.carried(error.loop or "", _LONGEST_LOOP)
    segment, position = error.segment, str(error.position)
    yield ink.line("IK3" if by_guide else "AK3", segment, position, loop, error.code)
    for element in error.elements[:_MOST_ELEMENTS]:
        if max(element.element, element.component or 0) > _MOST_PLACES:
            continue
        parts = [str(element.element), str(element.component or ""), str(element.repeat or "") if modern else ""]
        place = ink.component.join(parts).rstrip(ink.component)
        number = element.number if element.number and element.number.isdigit() else ""
        yield ink.line("IK4" if by_guide else "AK4", place, number, element.code, ink.carried(element.bad or ""))
        if by_guide and element.code == _CONDITION:
            yield ink.line("CTX", "SITUATIONAL TRIGGER", segment, position, loop, str(element.element))


def _stamp(moment: datetime) -> tuple[str, str]:
    """CCYYMMDD and HHMM; `strftime` would ask the zone each time."""
    return f"{moment.year:04d}{moment.month:02d}{moment.day:02d}", f"{moment.hour:02d}{moment.minute:02d}"


def _ink(controls: Envelope, profile: Profile) -> _Ink:
    """Delimiters and identities of an answer, which are the same for every document of an agreement."""
    marks: dict[str, str] = {**profile.options.get("delimiters", {}), **controls.delimiters}
    group = controls.group_sender or "", controls.group_receiver or ""
    identities = (controls.sender, controls.receiver, *group)
    return _Ink.made(identities, controls.version[:5], controls.test, tuple(marks.items()), str(profile.options.get("line_end", "")))


class _Ink:
    """The delimiters and the envelope of one partner's answers, without their numbers and time."""

    def __init__(
        self, identities: tuple[str, str, str, str], version: str, test: bool, delimiters: tuple[tuple[str, str], ...], line_end: str
    ) -> None:
        marks = dict(delimiters)
        for name, customary in _CUSTOMARY.items():
            if name not in marks:
                marks[name] = next(mark for mark in customary if mark not in marks.values())
        self.element, self.component, self.segment = marks["element"], marks["component"], marks["segment"]
        self.repetition = marks["repetition"] if version >= "00402" else ""
        self._marks = frozenset({self.element, self.component, self.segment, self.repetition} - {""})
        self._end = self.segment + line_end
        for value in identities:
            if value != self.carried(value) and set(value) & self._marks - {":"}:
                raise ValueError(f"an identity holds a delimiter: {value!r}")
        sender, receiver = identities[0].partition(":"), identities[1].partition(":")
        for qualifier, _, name in (sender, receiver):
            if not (_QUALIFIER.fullmatch(qualifier) and name.strip() and len(name) <= _LONGEST_NAME):
                raise ValueError(f"no ISA holds the identity {qualifier}:{name}")
        names = [sender[0].ljust(2), sender[2].ljust(15), receiver[0].ljust(2), receiver[2].ljust(15)]
        mark = self.element
        self._before_date = mark.join(["ISA", "00", " " * 10, "00", " " * 10, *names, ""])
        self._after_time = mark.join(["", self.repetition or "U", version, ""])
        # ISA14 is 0: acknowledgements are never acknowledged.
        self._after_control = mark.join(["", "0", "T" if test else "P", self.component])
        parties = [own if 1 < len(own) <= _LONGEST_NAME else name[2] for own, name in zip(identities[2:], (sender, receiver), strict=True)]
        self._group = mark.join(["GS", ANSWER, *parties, ""])

    @classmethod
    @lru_cache(maxsize=1024)
    def made(
        cls, identities: tuple[str, str, str, str], version: str, test: bool, delimiters: tuple[tuple[str, str], ...], line_end: str
    ) -> _Ink:
        """One that was made before, where there is one."""
        return cls(identities, version, test, delimiters, line_end)

    def carried(self, value: str, most: int = 99) -> str:
        """The value, or nothing where the answer cannot carry it: too long, a delimiter, a character outside printable ASCII."""
        return value if len(value) <= most and value.isascii() and value.isprintable() and self._marks.isdisjoint(value) else ""

    def line(self, *values: str) -> str:
        """A segment without empty elements at its end."""
        return self.element.join(values).rstrip(self.element)

    def header(self, control: int, stamp: tuple[str, str]) -> str:
        """ISA."""
        date, time = stamp
        return f"{self._before_date}{date[2:]}{self.element}{time}{self._after_time}{control:09d}{self._after_control}"

    def group_header(self, version: str, control: str, stamp: tuple[str, str]) -> str:
        """GS of the functional acknowledgements in one version."""
        date, time = stamp
        return self._group + self.line(date[2:] if version < "004010" else date, time, control, "X", version)

    def trailer(self, groups: int, control: int) -> str:
        """IEA."""
        return self.line("IEA", str(groups), f"{control:09d}")

    def bytes_of(self, lines: Sequence[str]) -> bytes:
        """The interchange."""
        return (self._end.join(lines) + self._end).encode("ascii")
