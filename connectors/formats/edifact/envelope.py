"""UNB to UNZ: the interchanges of a document, their groups and messages, and what is wrong with the envelope.

Rules are numbered by data element 0085, which a CONTRL carries: `EDF-I…` on the interchange, `EDF-G…` on the group, `EDF-M…` on the
message. An interchange finding of severity error rejects it whole (UCI action 4). Most interchanges have no groups; their messages
then stand in one group without a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from connectors.envelope_bounds import Bounds
from connectors.formats.edifact.foreign import beyond_repertoire, told
from connectors.formats.edifact.header import Header, separators_untold
from connectors.formats.edifact.interchange import group_of, interchange_of, opening_findings, part, parts_of, style_of, version_of
from connectors.formats.edifact.messages import MessageReader, storable_value
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION
from connectors.formats.edifact.tokens import Batch, Segments
from connectors.legible import legible
from connectors.segment_batch import ends_at
from connectors.spec import Profile
from connectors.undecodable import torn_told
from connectors.used_numbers import UsedNumbers
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange, Message, ReadEvent

_SERVICE_MESSAGES = frozenset({"CONTRL"})


_NAMES_KEPT = 64
"""Message identifiers (S009) taken apart that are remembered within an interchange."""


class Opened:
    """What is known of a message when it begins."""

    __slots__ = ("control", "findings", "identifier", "kind", "line", "start", "version")

    def __init__(self, identifier: str, kind: str, version: str, control: str, line: int, start: int, findings: list[Finding]) -> None:
        self.identifier = identifier
        self.kind = kind
        self.version = version
        self.control = control
        self.line = line
        self.start = start
        self.findings = findings


class Reading:
    """One pass over a document."""

    def __init__(self, stream: BinaryIO, profile: Profile, messages: MessageReader) -> None:
        self._profile = profile
        self._reader = messages
        self._segments = Segments(stream, profile.charset)
        self._ordinal = 0
        self._messages = 0
        self._inside_count = 0
        self._group: Group | None = None
        self._named = False
        self._numbers = UsedNumbers()
        self._opened = Opened("", "", "", "", 0, 0, [])
        self._names: dict[str, tuple[str, str, str]] = {}
        self._groups: set[tuple[str | None, ...]] = set()
        self._bounds = Bounds()
        self._strict = profile.options.get("characters") == "declared"

    def events(self) -> Iterator[ReadEvent]:
        """What the document holds, in order. Yields `unreadable` alone when there is no UNB in it."""
        segments = self._segments
        open_interchange: Interchange | None = None
        while (found := segments.find_header()) is not None:
            header, at, line = found
            if open_interchange is not None:
                yield self._ended(open_interchange)
            self._ordinal += 1
            before = self._before() if open_interchange is None else []
            for event in self._interchange(header, at, line):
                if event.kind == "interchange" and event.interchange is not None:
                    open_interchange = event.interchange
                    open_interchange.findings[:0] = before
                yield event
            if open_interchange is not None and not open_interchange.length:
                open_interchange.length = segments.at - at
        if open_interchange is not None:
            yield self._ended(open_interchange)
        else:
            untold = separators_untold(segments.sample)
            wrong = Finding("EDF-I116", Place("UNB", 1), "UNA", legible(untold, 20)) if untold else self._foreign("EDF-I101")
            yield ReadEvent("unreadable", finding=wrong)

    def _before(self) -> list[Finding]:
        segments = self._segments
        findings = [self._foreign("EDF-I102")] if segments.skipped else []
        if segments.bom:
            findings.append(Finding("EDF-I107"))
        return findings

    def _ended(self, interchange: Interchange) -> ReadEvent:
        # What stands behind a UNZ is only known when the next header, or the end, has been found.
        if self._segments.skipped:
            interchange.findings.append(self._foreign("EDF-I103"))
        if self._segments.torn:
            interchange.findings.append(torn_told("EDF-I117", self._segments.torn, self._segments.charset))
        return ReadEvent("interchange_end", interchange=interchange)

    def _foreign(self, rule: str) -> Finding:
        return Finding(rule, expected="UNB", got=legible(self._segments.sample, 40), params={"bytes": str(self._segments.skipped)})

    # --- inside an interchange ---------------------------------------------------------------------------------------

    def _interchange(self, header: Header, at: int, line: int) -> Iterator[ReadEvent]:
        segments, reader = self._segments, self._reader
        readable = not header.separators.clash()
        self._group, self._bounds, self._inside_count, self._numbers, self._groups = None, Bounds(), 0, UsedNumbers(), set()
        style = style_of(header, self._profile)
        interchange: Interchange | None = None
        for batch in segments.batches():
            if interchange is None:
                opening = batch.take()
                line = line if opening is None else batch.line()
                interchange = interchange_of(header, (opening or "UNB").split(ELEMENT), self._ordinal, at, line)
                yield ReadEvent("interchange", interchange=interchange)
            while (text := reader.feed(batch) if reader.open else batch.take()) is not None:
                if not text:
                    continue
                line = batch.line()
                elements = text.split(ELEMENT)
                tag = elements[0]
                if tag == "UNB":
                    segments.push_back(batch)
                    yield from self._broken_off(interchange, batch.offset(), line)
                    return
                if tag == "UNZ":
                    yield from self._close_group(interchange, batch.offset(), line)
                    if readable:
                        self._trailer(interchange, elements, line, batch.unterminated and segments.unterminated)
                    interchange.length = batch.end() - interchange.offset
                    self._remarks(interchange)
                    segments.close(batch)
                    return
                if readable:
                    if tag == "UNT" and reader.open:  # as nearly always
                        reader.position += 1
                        if (event := self._message(interchange, batch.end(), line, elements)) is not None:
                            yield event
                    elif tag == "UNH":
                        yield from self._message_opens(header, interchange, text, elements, batch.offset(), line)
                        reader.begin(elements, self._opened.kind, self._opened.version, style, line)
                    else:
                        yield from self._segment(header, interchange, tag, elements, batch, line)
            line = batch.line()
        if interchange is None:
            interchange = interchange_of(header, ["UNB"], self._ordinal, at, line)
            yield ReadEvent("interchange", interchange=interchange)
        yield from self._broken_off(interchange, segments.at, line)

    def _segment(
        self, header: Header, interchange: Interchange, tag: str, elements: list[str], batch: Batch, line: int
    ) -> Sequence[ReadEvent]:
        if tag == "UNG":
            events = self._close_group(interchange, batch.offset(), line)
            if self._inside_count and not interchange.group_count:
                interchange.findings.append(Finding("EDF-I30", Place("UNG", line=line), None, "UNG", "30"))
            interchange.group_count += 1
            self._group, self._named = group_of(elements, header.syntax, interchange.group_count, line), True
            self._named_once(self._group, line)
            return [*events, ReadEvent("group", interchange=interchange, group=self._group)]
        elif tag == "UNE":
            if self._group is not None and self._named:
                return self._close_group(interchange, batch.offset(), line, elements)
            self._stray(interchange, tag, line)
        else:
            self._stray(interchange, tag, line)
        return ()

    def _stray(self, interchange: Interchange, tag: str, line: int) -> None:
        """A segment that stands outside of everything it could belong to."""
        if self._bounds.tells_stray():
            tag = legible(tag, 8)
            interchange.findings.append(Finding("EDF-I33", Place(tag, line=line), None, tag, "33"))

    def _trailer(self, interchange: Interchange, elements: list[str], line: int, unterminated: bool) -> None:
        declared, number = part(elements, 1), part(elements, 2)
        held = str(interchange.group_count or self._inside_count)
        if unterminated:
            interchange.findings.append(Finding("EDF-I105", Place("UNZ", line=line)))
        if not same_count(declared, held):
            interchange.findings.append(Finding("EDF-I29", Place("UNZ", element=1, line=line), held, legible(declared, 20), "29"))
        if number != interchange.control:
            where = Place("UNZ", element=2, line=line)
            interchange.findings.append(Finding("EDF-I28", where, interchange.control, legible(number, 20), "28"))
        if held == "0":
            interchange.findings.append(Finding("EDF-I32", Place("UNZ", line=line), "UNH", None, "32"))

    def _broken_off(self, interchange: Interchange, at: int, line: int) -> Sequence[ReadEvent]:
        """No UNZ came: the document ended, or another interchange began."""
        events = self._close_group(interchange, at, line)
        interchange.length = at - interchange.offset
        if not _is_uncut(interchange):
            missing = f"UNZ {legible(interchange.control or '', 20)}".rstrip()
            interchange.findings.append(Finding("EDF-I13", Place("UNZ", line=line), missing, None, "13", params=ends_at(at)))
        self._remarks(interchange)
        return events

    def _remarks(self, interchange: Interchange) -> None:
        """What was taken although it is not as it should be; said once for the interchange."""
        segments, decoder = self._segments, self._segments.decoder
        if _is_uncut(interchange):
            return
        if decoder.lied:
            interchange.findings.append(Finding("EDF-I111", Place("UNB", 1, 1, 1), decoder.declared, decoder.met))
        if decoder.chinese is not None:
            params = {"share": str(decoder.chinese)}
            interchange.findings.append(Finding("EDF-I115", Place("UNB", 1, 1, 1), decoder.declared, "GB18030", params=params))
        if decoder.mixed:
            interchange.findings.append(Finding("EDF-I114", Place("UNB", 1, 1, 1), decoder.declared, "utf-8"))
        if segments.outside:
            interchange.findings.append(Finding("EDF-I109", Place("UNB", 1, 1, 1), segments.identifier, told(segments.outside)))
        if segments.folded:
            interchange.findings.append(Finding("EDF-I106"))
        if segments.stray_release:
            interchange.findings.append(Finding("EDF-I108", got=str(interchange.delimiters.get("release"))))
        if not self._numbers.complete:
            interchange.findings.append(Finding("EDF-I112"))
        if self._bounds.left:
            interchange.findings.append(Finding("EDF-I113", got=str(self._bounds.left)))

    # --- groups ------------------------------------------------------------------------------------------------------

    def _close_group(self, interchange: Interchange, at: int, line: int, trailer: list[str] | None = None) -> list[ReadEvent]:
        events = self._cut_off(interchange, at, line)
        group = self._group
        if group is None:
            return events
        self._group = None
        if self._named:
            self._group_findings(group, at, line, trailer)
            if group.findings:
                self._bounds.hold(group)
        events.append(ReadEvent("group_end", interchange=interchange, group=group))
        return events

    def _named_once(self, group: Group, line: int) -> None:
        """A CONTRL names a group by its reference and its two parties: of two that are named alike nobody could tell which it speaks of."""
        name = group.control, group.sender, group.receiver
        if group.control and name in self._groups:
            group.findings.append(Finding("EDF-G26", Place("UNG", element=5, line=line), None, legible(group.control, 20), "26"))
        self._groups.add(name)

    def _group_findings(self, group: Group, at: int, line: int, trailer: list[str] | None) -> None:
        if trailer is None:
            missing = f"UNE {legible(group.control or '', 20)}".rstrip()
            group.findings.append(Finding("EDF-G13", Place("UNE", line=line), missing, None, "13", params=ends_at(at)))
            return
        group.count_declared = legible(part(trailer, 1), 20)
        received = str(group.message_count)
        if group.control and part(trailer, 2) != group.control:  # one without a reference is told at its UNG
            where = Place("UNE", element=2, line=line)
            group.findings.append(Finding("EDF-G28", where, group.control, legible(part(trailer, 2), 20), "28"))
        if not same_count(group.count_declared, received):
            group.findings.append(Finding("EDF-G29", Place("UNE", element=1, line=line), received, group.count_declared, "29"))
        if not group.message_count:
            group.findings.append(Finding("EDF-G32", Place("UNE", line=line), "UNH", None, "32"))

    # --- messages ----------------------------------------------------------------------------------------------------

    def _name(self, elements: list[str]) -> tuple[str, str, str]:
        """Type and version of a message, by its S009, and that as it may be stored."""
        identifier = elements[2] if len(elements) > 2 else ""
        found = self._names.get(identifier)
        if found is None:
            if len(self._names) >= _NAMES_KEPT:
                self._names.clear()
            parts = parts_of(elements, 2)
            found = self._names[identifier] = (parts[0], version_of(parts[1:3]), storable_value(identifier))
        return found

    def _message_opens(
        self, header: Header, interchange: Interchange, text: str, elements: list[str], at: int, line: int
    ) -> list[ReadEvent]:
        """A UNH: what was open before it ends, and where no group is named one without a name begins."""
        events = self._cut_off(interchange, at, line)
        if self._group is None:
            if interchange.group_count and not any(finding.rule == "EDF-I30" for finding in interchange.findings):
                interchange.findings.append(Finding("EDF-I30", Place("UNH", line=line), "UNG", "UNH", "30"))
            self._group, self._named = Group(None, None, None, None, None, interchange.group_count + 1), False
            events.append(ReadEvent("group", interchange=interchange, group=self._group))
        group, (kind, version, identifier) = self._group, self._name(elements)
        if self._named and group.type and group.type != kind and not any(finding.rule == "EDF-G31" for finding in group.findings):
            group.findings.append(Finding("EDF-G31", Place("UNH", element=2, component=1, line=line), group.type, legible(kind, 20), "31"))
        wrong = opening_findings(text, elements, header.syntax, line)
        self._opened = Opened(identifier, kind, version, part(elements, 1), line, at, wrong)
        group.message_count += 1
        self._inside_count += 1
        return events

    def _cut_off(self, interchange: Interchange, end: int, line: int) -> list[ReadEvent]:
        """The event of a message that ends here without a UNT, if one is open."""
        event = self._message(interchange, end, line, None) if self._reader.open else None
        return [] if event is None else [event]

    def _message(self, interchange: Interchange, end: int, line: int, trailer: list[str] | None) -> ReadEvent | None:
        """The event of the message that ends here; null where messages are only counted."""
        reader, group = self._reader, self._group
        if group is None:
            return None
        reader.finish(line, trailer is not None)
        if not reader.keeps:
            return None
        self._messages += 1
        opened = self._opened
        kind, control, findings = opened.kind, opened.control, opened.findings
        if reader.known is None and kind:
            findings.append(Finding("EDF-M14", Place("UNH", 1, 2, 1, opened.line), None, legible(kind, 20), "14"))
        if control and not self._numbers.take(control):
            findings.append(Finding("EDF-M26", Place("UNH", 1, 1, line=opened.line), None, control, "26"))
        if trailer is None or len(trailer) != 3 or trailer[2] != control or trailer[1] != str(reader.position):
            findings += _closing_findings(trailer, control, reader.position, end, line)
        if (self._segments.outside or self._segments.decoder.lied) and reader.root is not None and not self._strict:
            findings += beyond_repertoire(reader.root, self._segments.identifier)
        message = Message(  # by place: naming each of them triples what it costs to make
            kind,
            opened.version or None,
            control,
            reader.root,
            self._messages,
            opened.start,
            end - opened.start,
            findings + reader.findings if findings else reader.findings,
            COMPONENT,
            REPETITION if interchange.delimiters.get("repetition") else "",
            opened.identifier,
        )
        return ReadEvent("message", interchange, group, message)


def _is_uncut(interchange: Interchange) -> bool:
    """Whether its separators cut nothing (EDF-I20): whatever else were told of it would only repeat that."""
    return any(finding.rule == "EDF-I20" for finding in interchange.findings)


def _closing_findings(trailer: list[str] | None, control: str, position: int, end: int, line: int) -> list[Finding]:
    """What is wrong with the UNT: missing, another reference, another count."""
    if trailer is None:
        missing, params = f"UNT {legible(control, 20)}".rstrip(), {"number": "", **ends_at(end)}
        return [Finding("EDF-M13", Place("UNT", position + 1, line=line), missing, None, "13", params=params)]
    findings = []
    if part(trailer, 2) != control:
        where = Place("UNT", position, 2, line=line)
        findings.append(Finding("EDF-M28", where, legible(control, 20), legible(part(trailer, 2), 20), "28"))
    if not same_count(part(trailer, 1), str(position)):
        findings.append(Finding("EDF-M29", Place("UNT", position, 1, line=line), str(position), legible(part(trailer, 1), 20), "29"))
    return findings


def same_count(one: str, other: str) -> bool:
    """Whether two counts are equal; leading zeros say nothing."""
    return one.isascii() and one.isdigit() and len(one) <= 10 and int(one) == int(other)
