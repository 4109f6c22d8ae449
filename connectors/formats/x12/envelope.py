"""ISA to IEA: the interchanges of a document, their groups and sets, and what is wrong with the envelope.

Codes are those that an answer carries: TA1 notes for the interchange (`X12-I…`), AK905 for the group (`X12-G…`), AK502 for
the set (`X12-M…`). An interchange finding of severity error rejects it (TA1 R), a warning with a note lets it in with a
remark (TA1 E). Where the standard leaves a choice, docs/decisions/0005 names what was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from connectors.envelope_bounds import Bounds
from connectors.formats.x12.control import UsedNumbers, is_number, is_set_number, same_number
from connectors.formats.x12.delimiters import BLANKS, Header, legible, plain, storable
from connectors.formats.x12.foreign_marks import LOOKED_AT, foreign_marks
from connectors.formats.x12.grammar import known_groups
from connectors.formats.x12.header import can_be_cut, interchange_of
from connectors.formats.x12.patterns import LONG_DATE, SHORT_DATE
from connectors.formats.x12.sets import Opened, SetReader
from connectors.formats.x12.tokens import Batch, Segments
from connectors.segment_batch import ends_at
from connectors.spec import Profile
from connectors.undecodable import torn_told
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange, Message, ReadEvent

_RELEASE = re.compile("00[1-8]0[0-9]{2}")
_GROUP_TYPE = re.compile("[A-Z0-9]{2}")
_GROUP_DATE = re.compile(f"{LONG_DATE}|{SHORT_DATE}")
_GROUP_TIME = re.compile("(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?")


_ST, _WITH_ST03 = 3, "004020"
"""Elements of an ST, and the release by which at the latest it has the third, the guide that its set follows."""

_UNCUT = frozenset({"004", "022", "026"})
"""Notes on an ISA by which nothing behind it can be cut: that no IEA was found then says nothing more."""


class Reading:
    """One pass over a document."""

    def __init__(self, stream: BinaryIO, profile: Profile, sets: SetReader) -> None:
        self._profile = profile
        self._sets = sets
        self._segments = Segments(stream, profile.charset, sets.keeps)
        self._ordinal = 0
        self._messages = 0
        self._group: Group | None = None
        self._numbers = UsedNumbers()
        self._opened: Opened | None = None
        self._start = 0
        self._bounds = Bounds()
        self._names: set[tuple[str, str, str, str]] = set()

    def events(self) -> Iterator[ReadEvent]:
        """What the document holds, in order. Yields `unreadable` alone when there is no ISA in it."""
        segments = self._segments
        open_interchange: Interchange | None = None
        while (found := segments.find_header()) is not None:
            header, at, line = found
            if open_interchange is not None:
                yield self._ended(open_interchange)
            self._ordinal += 1
            interchange = interchange_of(header, self._profile, self._ordinal, at, line)
            if open_interchange is None and segments.skipped:
                interchange.findings.append(self._foreign("X12-I102"))
            if open_interchange is None and segments.bom:
                interchange.findings.append(Finding("X12-I107", got=segments.charset))
            readable = can_be_cut(header, self._profile)
            if readable and (foreign := foreign_marks(segments.ahead(LOOKED_AT), header, line)) is not None:
                interchange.findings.append(foreign)
                readable = False
            open_interchange = interchange
            yield ReadEvent("interchange", interchange=interchange)
            yield from self._inside(header, interchange, readable)
            if not interchange.length:
                interchange.length = segments.at - at
        if open_interchange is not None:
            yield self._ended(open_interchange)
        else:
            yield ReadEvent("unreadable", finding=self._foreign("X12-I101"))

    def _ended(self, interchange: Interchange) -> ReadEvent:
        if self._bounds.left:
            interchange.findings.append(Finding("X12-I111", got=str(self._bounds.left)))
        if self._bounds.unheard:
            interchange.findings.append(Finding("X12-I113", got=str(self._bounds.unheard)))
        # What stands behind an IEA is only known when the next header, or the end, has been found.
        if self._segments.skipped:
            interchange.findings.append(self._foreign("X12-I103"))
        if self._segments.torn:
            interchange.findings.append(torn_told("X12-I114", self._segments.torn, self._segments.charset))
        return ReadEvent("interchange_end", interchange=interchange)

    def _foreign(self, rule: str) -> Finding:
        return Finding(rule, expected="ISA", got=legible(self._segments.sample, 40), params={"bytes": str(self._segments.skipped)})

    # --- inside an interchange ---------------------------------------------------------------------------------------

    def _inside(self, header: Header, interchange: Interchange, readable: bool) -> Iterator[ReadEvent]:
        segments, sets, mark = self._segments, self._sets, header.delimiters.element
        self._group, self._bounds, self._names = None, Bounds(), set()
        line = 1
        for batch in segments.batches():
            while (text := sets.feed(batch) if sets.open else batch.take()) is not None:
                if not text:
                    continue
                line = batch.line()
                elements = text.split(mark)
                tag = elements[0]
                if tag == "ISA":
                    segments.push_back(batch)
                    yield from self._broken_off(interchange, batch.offset(), line)
                    return
                if tag == "IEA":
                    if self._group is not None or sets.open:
                        yield from self._close_group(interchange, batch.offset(), line)
                    if readable:
                        self._trailer(interchange, elements, line, batch.unterminated and segments.unterminated)
                    interchange.length = batch.end() - interchange.offset
                    segments.close(batch)
                    return
                if readable:
                    if tag == "SE" and sets.open:  # as nearly always
                        sets.position += 1
                        if (event := self._set(interchange, batch.end(), line, elements)) is not None:
                            yield event
                    elif tag == "ST" and self._group is not None and not sets.open:
                        self._open_set(header, self._group, elements, batch.offset(), line)
                    else:
                        yield from self._segment(header, interchange, tag, elements, batch, line)
            line = batch.line()
        yield from self._broken_off(interchange, segments.at, line)

    def _segment(
        self, header: Header, interchange: Interchange, tag: str, elements: list[str], batch: Batch, line: int
    ) -> Sequence[ReadEvent]:
        if tag == "ST":
            events: Sequence[ReadEvent] = ()
            if self._sets.open:
                events = self._cut_off(interchange, batch.offset(), line)
            if self._group is None:
                self._stray(interchange, tag, line, "024")
            else:
                self._open_set(header, self._group, elements, batch.offset(), line)
            return events
        if tag == "SE":
            self._stray(interchange, tag, line, "022")
        elif tag == "GS":
            closed = self._close_group(interchange, batch.offset(), line) if self._group is not None or self._sets.open else ()
            interchange.group_count += 1
            group = self._group = _group_of(elements, interchange.group_count)
            self._numbers = UsedNumbers()
            named = _GROUP_TYPE.fullmatch(group.type or "") is not None and is_number(group.control or "")
            if not named and not self._cut_within(batch):
                # Nothing that a 997 could name: the interchange itself is refused.
                self._stray(interchange, "GS", line, "024")
            if named or self._bounds.explains:
                _explain(group, elements, line)
                self._named_once(group, line)
            return [*closed, ReadEvent("group", interchange=interchange, group=self._group)]
        elif tag == "GE":
            if self._group is not None:
                at = batch.offset() if self._sets.open else 0
                return self._close_group(interchange, at, line, elements)
            self._stray(interchange, tag, line, "022")
        elif tag == "TA1" and self._group is None:
            if self._bounds.hears(elements):
                return [ReadEvent("acknowledgement", interchange=interchange, detail=_received_note(elements))]
        elif not self._cut_within(batch):
            self._stray(interchange, tag, line, "024")
        return ()

    def _cut_within(self, batch: Batch) -> bool:
        """Whether the document ends within the segment at hand, which note 023 says: what is left of it is no wrong one."""
        return batch.unterminated and self._segments.unterminated

    def _stray(self, interchange: Interchange, tag: str, line: int, note: str) -> None:
        """A segment that stands outside of everything it could belong to."""
        if self._bounds.tells_stray():
            tag = legible(tag, 8)
            interchange.findings.append(Finding(f"X12-I{note}", Place(tag, line=line), None, tag, note))

    def _trailer(self, interchange: Interchange, elements: list[str], line: int, unterminated: bool) -> None:
        count, number = _at(elements, 1), _at(elements, 2)
        groups, control = str(interchange.group_count), interchange.control or ""
        counted, numbered = same_number(count, groups), same_number(number, control)
        interchange.findings += _surplus("X12-I115", elements, 2, None, line)
        if unterminated and not (counted and numbered):
            interchange.findings.append(Finding("X12-I023", Place("IEA", line=line), "IEA", legible("*".join(elements), 40), "023"))
            return
        if unterminated:
            interchange.findings.append(Finding("X12-I105", Place("IEA", line=line)))
        if not counted:
            interchange.findings.append(Finding("X12-I021", Place("IEA", element=1, line=line), groups, legible(count, 20), "021"))
        if not numbered:
            interchange.findings.append(Finding("X12-I001", Place("IEA", element=2, line=line), control, legible(number, 20), "001"))

    def _broken_off(self, interchange: Interchange, at: int, line: int) -> Sequence[ReadEvent]:
        """No IEA came: the document ended (note 023), or another interchange began (note 022)."""
        events = self._close_group(interchange, at, line)
        interchange.length = at - interchange.offset
        note = "022" if self._segments.interrupted else "023"
        if not any(finding.code in _UNCUT and finding.place.segment == "ISA" for finding in interchange.findings):
            missing = f"IEA {legible(interchange.control or '', 20)}".rstrip()
            interchange.findings.append(Finding(f"X12-I{note}", Place("IEA", line=line), missing, missing, note, params=ends_at(at)))
        return events

    # --- groups ------------------------------------------------------------------------------------------------------

    def _close_group(self, interchange: Interchange, at: int, line: int, trailer: list[str] | None = None) -> list[ReadEvent]:
        events = self._cut_off(interchange, at, line)
        group = self._group
        if group is None:
            return events
        self._group = None
        if trailer is None:
            missing = f"GE {legible(group.control or '', 20)}".rstrip()
            group.findings.append(Finding("X12-G03", Place("GE", line=line), missing, None, "3", params=ends_at(at)))
        else:
            group.count_declared = legible(_at(trailer, 1), 20)
            received = str(group.message_count)
            group.findings += _surplus("X12-G20", trailer, 2, None, line)
            if not same_number(_at(trailer, 2), group.control or ""):
                where = Place("GE", element=2, line=line)
                group.findings.append(Finding("X12-G04", where, group.control, legible(_at(trailer, 2), 20), "4"))
            if not same_number(group.count_declared, received):
                group.findings.append(Finding("X12-G05", Place("GE", element=1, line=line), received, group.count_declared, "5"))
        if not self._numbers.complete:
            group.findings.append(Finding("X12-G12", Place("GS", line=line)))
        if group.findings:
            self._bounds.hold(group)
        events.append(ReadEvent("group_end", interchange=interchange, group=group))
        return events

    def _named_once(self, group: Group, line: int) -> None:
        """A 997 names a group by GS01 and GS06 between two parties: of two that are named alike nobody could tell which it speaks of."""
        control = group.control or ""
        name = (group.sender or "", group.receiver or "", group.type or "", control.lstrip("0"))
        if name in self._names:
            # 716 has a code of its own for it from 005010 on; before, the number is what is wrong.
            code = "19" if (group.version or "") >= "005010" else "6"
            group.findings.append(Finding("X12-G19", Place("GS", element=6, line=line), None, legible(control, 20), code))
        self._names.add(name)

    # --- sets --------------------------------------------------------------------------------------------------------

    def _open_set(self, header: Header, group: Group, elements: list[str], at: int, line: int) -> None:
        version = plain(elements[3]) if len(elements) > 3 else ""
        self._opened = Opened(elements, version or group.version or "", line, header.delimiters, self._profile.charset is not None)
        self._start = at
        group.message_count += 1
        self._sets.begin(self._opened)

    def _cut_off(self, interchange: Interchange, end: int, line: int) -> list[ReadEvent]:
        """The event of a set that ends here without an SE, if one is open."""
        event = self._set(interchange, end, line, None) if self._sets.open else None
        return [] if event is None else [event]

    def _set(self, interchange: Interchange, end: int, line: int, trailer: list[str] | None) -> ReadEvent | None:
        """The event of the set that ends here; null where sets are only counted."""
        sets, group, opened = self._sets, self._group, self._opened
        if group is None or opened is None:
            return None
        sets.finish(line, trailer is not None)
        if not sets.keeps:
            return None
        self._messages += 1
        elements, position = opened.elements, sets.position
        number, control = elements[1:3] if len(elements) > 2 else (_at(elements, 1), "")
        findings = self._opening_findings(group, opened, number, control)
        if trailer is None or len(trailer) != 3 or trailer[2] != control or trailer[1] != str(position):
            findings += _closing_findings(trailer, control, position, end, line)
        message = Message(  # by place: naming each of them triples what it costs to make
            storable(number),
            storable(opened.version[:6]) or None,
            storable(control),
            sets.root,
            self._messages,
            self._start,
            end - self._start,
            findings + sets.findings if findings else sets.findings,
            opened.delimiters.component,
            opened.delimiters.repetition,
            "",
            group.sent,
        )
        return ReadEvent("message", interchange, group, message)

    def _opening_findings(self, group: Group, opened: Opened, number: str, control: str) -> list[Finding]:
        grammar, line = self._sets.known, opened.line
        findings = []
        if len(opened.elements) > _ST:
            most = _ST if (group.version or "") >= _WITH_ST03 else _ST - 1
            findings += _surplus("X12-M32", opened.elements, most, 1, line)
        if grammar is None:
            if len(number) == 3 and number.isascii() and number.isalnum():
                findings.append(Finding("X12-M01", Place("ST", 1, 1, line=line), None, number, "1"))
            else:
                findings.append(Finding("X12-M06", Place("ST", 1, 1, line=line), "850, 856 …", legible(number, 20), "6"))
        elif group.type not in grammar.groups and group.type in known_groups():
            where = Place("ST", 1, 1, line=line)
            findings.append(Finding("X12-M06", where, " ".join(grammar.groups), group.type, "6", params={"set": number}))
        if not is_set_number(control):
            findings.append(Finding("X12-M07", Place("ST", 1, 2, line=line), "4-9", legible(control, 20), "7"))
        elif not self._numbers.take(control):
            findings.append(Finding("X12-M23", Place("ST", 1, 2, line=line), None, control, "23"))
        return findings


def _closing_findings(trailer: list[str] | None, control: str, position: int, end: int, line: int) -> list[Finding]:
    """What is wrong with the SE: missing, another number, another count."""
    if trailer is None:
        missing = f"SE {legible(control, 20)}".rstrip()
        return [Finding("X12-M02", Place("SE", position + 1, line=line), missing, None, "2", params=ends_at(end))]
    findings = _surplus("X12-M32", trailer, 2, position, line)
    if _at(trailer, 2) != control:
        where = Place("SE", position, 2, line=line)
        findings.append(Finding("X12-M03", where, legible(control, 20), legible(_at(trailer, 2), 20), "3"))
    if _at(trailer, 1) != str(position) and not same_number(_at(trailer, 1), str(position)):
        findings.append(Finding("X12-M04", Place("SE", position, 1, line=line), str(position), legible(_at(trailer, 1), 20), "4"))
    return findings


def _surplus(rule: str, elements: list[str], most: int, position: int | None, line: int) -> list[Finding]:
    """What a segment of the envelope holds beyond its elements; that nothing stands there is nobody's matter."""
    for place in range(most + 1, len(elements)):
        if elements[place]:
            where = Place(legible(elements[0], 8), position, place, line=line)
            return [Finding(rule, where, str(most), legible(elements[place], 20), params={"segment": elements[0]})]
    return []


def _at(elements: list[str], place: int) -> str:
    return elements[place] if place < len(elements) else ""


def _values(elements: list[str]) -> list[str]:
    values = [storable(element).strip(BLANKS) for element in elements[:9]]
    return values + [""] * (9 - len(values))


def _group_of(elements: list[str], ordinal: int) -> Group:
    """The group that a GS opens."""
    values = _values(elements)
    group = Group(type=values[1], control=values[6], version=values[8], sender=values[2], receiver=values[3], ordinal=ordinal)
    if _GROUP_DATE.fullmatch(values[4]) and _GROUP_TIME.fullmatch(values[5]):
        group.sent = f"{values[4]} {values[5]}"
    return group


def _explain(group: Group, elements: list[str], line: int) -> None:
    """The findings on the GS itself."""
    values = _values(elements)
    group.findings += _surplus("X12-G20", elements, 8, None, line)

    def bad(rule: str, element: int, code: str | None, expected: str) -> None:
        group.findings.append(Finding(rule, Place("GS", element=element, line=line), expected, legible(values[element], 20), code))

    if values[1] != "FA" and values[1] not in known_groups():
        bad("X12-G01", 1, "1", " ".join(sorted(known_groups())))
    if _RELEASE.match(values[8]) is None:
        bad("X12-G02", 8, "2", "004010, 005010 …")
    if not is_number(values[6]) or not int(values[6]):
        bad("X12-G06", 6, "6", "1-999999999")
    if not group.sent and _GROUP_DATE.fullmatch(values[4]) is None:
        bad("X12-G10", 4, None, "CCYYMMDD")
    if not group.sent and _GROUP_TIME.fullmatch(values[5]) is None:
        bad("X12-G11", 5, None, "HHMM")


def _received_note(elements: list[str]) -> dict[str, str]:
    """A TA1 that a partner sent on an interchange of ours."""
    names = ("control", "date", "time", "status", "note")
    return {name: legible(_at(elements, place), 20) for place, name in enumerate(names, 1)}
