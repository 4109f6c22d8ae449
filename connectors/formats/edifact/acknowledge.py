"""CONTRL: what we say of the syntax of an interchange that came (ISO 9735 part 4), as a tree that the writer writes.

One UCI copies what UNB said and answers the interchange: 4 all of it is rejected, 7 it is accepted, and so is everything below of
which nothing else is said, 8 it has arrived and no more is said. A rejected message has its UCM with action 4, and below it each
segment (UCS, UNH is 1) and each element (UCD, the tag is 1) that is wrong. A CONTRL is never answered with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connectors.answering import is_refused
from connectors.formats.edifact.grammar import service_segment
from connectors.formats.edifact.repeating import repeated
from connectors.formats.edifact.separators import COMPONENT
from connectors.spec import Profile
from data_contracts.findings import Finding
from data_contracts.source import Group, Interchange, Message, SourceRecord

REJECTED, ACCEPTED, ARRIVED = "4", "7", "8"
"""Data element 0083."""

_MOST_SEGMENTS = 999
_MOST_ELEMENTS = 99
NOT_AGREED = "17"
"""0085 of a message that was not agreed."""
FRAME = frozenset({"UNH", "UNT"})
"""What is wrong with these segments always rejects a message."""
_MORE = "EDF-M31"
"""More is wrong than is told: said only where nothing of what is told refuses the message."""
_OTHER = "18"
"""0085: unspecified."""
_SERVICE = frozenset({"UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: data element 0085 and where. `element` counts from 1, the tag not counted."""

    code: str
    tag: str = ""
    element: int | None = None
    component: int | None = None

    def place(self) -> str:
        """S011, in which the tag is element 1."""
        if self.element is None:
            return ""
        return f"{self.element + 1}{COMPONENT}{self.component}" if self.component else str(self.element + 1)


@dataclass(frozen=True, slots=True)
class SegmentErrors:
    """One UCS with its UCDs."""

    position: int
    code: str = ""
    elements: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageVerdict:
    """What is kept of a message until its interchange has ended."""

    control: str
    identifier: str
    """S009 as received, in our separators."""
    rejected: bool
    fault: Fault | None = None
    """What is wrong with UNH, UNT or with the message as a whole."""
    segments: tuple[SegmentErrors, ...] = ()


def message_verdict(message: Message, profile: Profile, refusal: Finding | None = None) -> MessageVerdict:
    """The verdict on a message by its findings of severity error that have a code of the standard.

    Errors of segments and elements reject it, unless the agreement takes messages with errors. What is wrong with UNH or UNT always does,
    and so do what could not be read and a `refusal` by the agreement. Findings of other rules (totals, mapping, identifiers, quantities)
    are no matter of syntax.
    """
    errors = [finding for finding in message.findings if finding.severity == "error" and finding.code is not None]
    own = [_fault(finding) for finding in errors if finding.rule.startswith("EDF-M") and finding.rule != _MORE]
    if refusal is not None:
        own.insert(0, Fault(refusal.code or NOT_AGREED, "UNH", 2))
    segments = _segments([finding for finding in errors if finding.rule.startswith(("EDF-S", "EDF-E"))])
    rejected = refusal is not None or is_refused(message, profile, FRAME, coded=True)
    if not rejected:
        return MessageVerdict(message.control or "", message.identifier, rejected=False)
    if not own and not segments:  # by what the agreement thinks less of: it says why all the same
        own = [_fault(finding) for finding in message.findings if finding.rule.startswith("EDF-M") and finding.code] or [Fault(_OTHER)]
    return MessageVerdict(message.control or "", message.identifier, rejected, own[0] if own else None, segments)


def _fault(finding: Finding) -> Fault:
    place = finding.place
    # What has no code of its own is told at the UNH, which is not what is wrong.
    tag = place.segment if place.segment in _SERVICE and finding.code != _OTHER else ""
    return Fault(finding.code or "", tag or "", place.element if tag else None, place.component if tag else None)


def _segments(findings: Sequence[Finding]) -> tuple[SegmentErrors, ...]:
    """Findings as UCS and UCD, in the order of the message; the elements of one segment stand under one UCS."""
    errors: list[tuple[int, str]] = []
    elements: dict[int, list[Fault]] = {}
    for finding in findings:
        place = finding.place
        position = place.position or 0
        if place.element is None:
            # Of a missing segment the last one before it is named.
            errors.append((position - 1 if finding.code == "13" else position, finding.code or ""))
            continue
        if position not in elements:
            errors.append((position, ""))
        elements.setdefault(position, []).append(Fault(finding.code or "", "", place.element, place.component))
    made: list[SegmentErrors] = []
    for position, code in sorted(errors, key=lambda error: error[0]):
        made.append(SegmentErrors(position, code, () if code else tuple(elements[position][:_MOST_ELEMENTS])))
    return tuple(made[:_MOST_SEGMENTS])


def interchange_fault(findings: Iterable[Finding]) -> Fault | None:
    """The first thing that refuses an interchange."""
    return next((_fault(finding) for finding in findings if finding.severity == "error" and finding.code), None)


class Report:
    """The trees of a CONTRL on one interchange, for one version of the syntax. `arrived_only` says that it came and nothing of what is
    in it."""

    def __init__(
        self,
        interchange: Interchange,
        groups: Sequence[Group],
        verdicts: Sequence[tuple[int, MessageVerdict]],
        fault: Fault | None,
        refused: bool,
        arrived_only: bool = False,
    ) -> None:
        self._interchange, self._groups, self._verdicts = interchange, groups, verdicts
        self._fault, self._refused, self._arrived_only = fault, refused, arrived_only

    def tree(self, syntax: str, spell: Callable[[str], str] = str) -> SourceRecord:
        """The tree; `spell` puts what is repeated into letters that the answer can carry."""

        def answer(tag: str, copied: Sequence[str], action: str, fault: Fault | None) -> SourceRecord:
            values = [tag, *repeated(service_segment(tag, syntax), copied, spell), action]
            if fault is not None:
                values += [fault.code, fault.tag, fault.place() if fault.tag else ""]
            return SourceRecord(tag, values, 0)

        def message(verdict: MessageVerdict) -> SourceRecord:
            record = answer("UCM", [verdict.control, verdict.identifier], REJECTED, verdict.fault)
            for error in verdict.segments:
                segment = SourceRecord("UCS", ["UCS", str(error.position), error.code], 0)
                segment.children = [SourceRecord("UCD", ["UCD", fault.code, fault.place()], 0) for fault in error.elements]
                record.children.append(segment)
            return record

        root = SourceRecord("UNH", ["UNH"], 1)
        action = REJECTED if self._refused else ARRIVED if self._arrived_only else ACCEPTED
        header = self._interchange.header
        copied = [header[4] if len(header) > 4 else "", *(header[place] if len(header) > place else "" for place in (1, 2))]
        root.children.append(answer("UCI", copied, action, (self._fault or Fault("18")) if self._refused else None))
        if self._refused or self._arrived_only:
            return root
        named = {group.ordinal: group for group in self._groups if group.control is not None}
        root.children += [message(verdict) for ordinal, verdict in self._verdicts if verdict.rejected and ordinal not in named]
        for ordinal, group in named.items():
            mine = [verdict for place, verdict in self._verdicts if place == ordinal and verdict.rejected]
            wrong = interchange_fault(group.findings)
            if wrong is None and not mine:
                continue
            names = [group.control or "", _party(group.sender), _party(group.receiver)]
            record = answer("UCF", names, REJECTED if wrong else ACCEPTED, wrong)
            record.children = [] if wrong else [message(verdict) for verdict in mine]
            root.children.append(record)
        return root


def _party(identity: str | None) -> str:
    qualifier, _, name = (identity or "").partition(":")
    return COMPONENT.join((name, qualifier))
