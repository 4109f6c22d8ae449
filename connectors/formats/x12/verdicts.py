"""What an acknowledgement says, as plain values: per interchange, group and set, with the errors by segment and element.

They are made from reading (`message_verdict`, `group_verdict`, `interchange_verdict`), or from what the store kept
(`from_json`), or from a 997 that a partner sent (`answers.py`); `acknowledge.py` writes them. A set is accepted (A), accepted
with errors (E) where the agreement allows it, or rejected (R); a group also partly (P).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.answering import is_refused
from connectors.spec import Profile
from data_contracts.findings import Finding
from data_contracts.source import Group, Interchange, Message

MOST_CODES = 5
"""AK5 and AK9 hold so many codes."""

FRAME = frozenset({"ST", "SE"})
"""What is wrong with these segments always rejects a set."""

_IN_ERROR = "5"
"""AK502: one or more segments are in error."""

_COPIED = 99
"""Longest bad value that AK404 carries."""


@dataclass(frozen=True, slots=True)
class ElementError:
    """One AK4."""

    element: int
    code: str
    component: int | None = None
    repeat: int | None = None
    number: str | None = None
    """Data element number (AK402)."""
    bad: str | None = None
    """Copy of the value (AK404)."""


@dataclass(frozen=True, slots=True)
class SegmentError:
    """One AK3 with its AK4s."""

    segment: str
    position: int
    code: str
    loop: str | None = None
    elements: tuple[ElementError, ...] = ()


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class MessageVerdict:
    """AK2 to AK5: one set."""

    type: str
    control: str
    verdict: str
    """A, E or R (data element 717)."""
    codes: tuple[str, ...] = ()
    """Data element 718, most important first."""
    segments: tuple[SegmentError, ...] = ()
    guide: str = ""
    """ST03: the implementation guide that the set says it follows (AK203)."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> MessageVerdict:
        """What `as_json` gave."""
        segments = tuple(
            SegmentError(**{**segment, "elements": tuple(ElementError(**element) for element in segment["elements"])})
            for segment in stored["segments"]
        )
        return cls(stored["type"], stored["control"], stored["verdict"], tuple(stored["codes"]), segments, stored.get("guide", ""))


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class GroupVerdict:
    """AK1 to AK9: one group."""

    type: str
    control: str
    version: str
    verdict: str
    """A, E, P or R (data element 715)."""
    declared: str
    """AK902: GE01 as sent."""
    received: int
    accepted: int
    codes: tuple[str, ...] = ()
    """Data element 716."""
    messages: tuple[MessageVerdict, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> GroupVerdict:
        """What `as_json` gave."""
        messages = tuple(MessageVerdict.from_json(message) for message in stored["messages"])
        return cls(**{**stored, "codes": tuple(stored["codes"]), "messages": messages})


@dataclass(frozen=True, slots=True)
class InterchangeVerdict:
    """TA1: one interchange."""

    control: str
    header: tuple[str, ...]
    """The 16 ISA elements as received."""
    verdict: str
    """A, E or R (data element I17)."""
    note: str
    """Data element I18: `000`, or the first thing that is wrong."""
    groups: tuple[GroupVerdict, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> InterchangeVerdict:
        """What `as_json` gave."""
        groups = tuple(GroupVerdict.from_json(group) for group in stored["groups"])
        return cls(stored["control"], tuple(stored["header"]), stored["verdict"], stored["note"], groups)


def message_verdict(message: Message, profile: Profile) -> MessageVerdict:
    """The verdict on a set by its findings of severity error that have a code of the standard.

    Errors of segments and elements reject it (AK5 R with code 5), unless the agreement takes sets with errors (E). What is
    wrong with ST or SE always rejects, and so does what could not be read. Findings of other rules (totals, mapping, identifiers,
    quantities) are no matter of syntax.
    """
    refused = is_refused(message, profile, FRAME, coded=True)
    errors = [finding for finding in message.findings if finding.severity == "error" and finding.code is not None]
    if not errors and not refused:
        return MessageVerdict(message.type, message.control or "", "A", guide=_guide(message))
    own = _codes(finding for finding in errors if finding.rule.startswith("X12-M"))
    segments = _segment_errors([finding for finding in errors if finding.rule.startswith(("X12-S", "X12-E"))])
    if refused and not own and not segments:  # by what the agreement thinks less of: it says why all the same
        own = _codes(finding for finding in message.findings if finding.rule.startswith("X12-M")) or (_IN_ERROR,)
    if segments and _IN_ERROR not in own:
        own = (*own, _IN_ERROR)
    verdict = "R" if refused else "E" if own else "A"
    return MessageVerdict(message.type, message.control or "", verdict, own[:MOST_CODES], segments, _guide(message))


def _guide(message: Message) -> str:
    root = message.root
    return list(root.values)[3] if root is not None and root.tag == "ST" and len(root.values) > 3 else ""


def group_verdict(group: Group, messages: Sequence[MessageVerdict]) -> GroupVerdict:
    """The verdict on a group: its own errors reject all of it, else it follows its sets."""
    codes = _codes(finding for finding in group.findings if finding.severity == "error") if group.findings else ()
    accepted = sum(message.verdict != "R" for message in messages)
    if codes or not accepted:
        verdict = "R"
    elif accepted < len(messages):
        verdict = "P"
    else:
        verdict = "E" if any(message.verdict == "E" for message in messages) else "A"
    supported = not {"1", "2"} & set(codes)
    return GroupVerdict(
        type=group.type or "",
        control=group.control or "",
        version=group.version or "",
        verdict=verdict,
        declared=group.count_declared or str(group.message_count),
        received=group.message_count,
        # Sets of a group that is not supported were not looked at: none is accepted, none is spoken of.
        accepted=accepted if supported else 0,
        codes=codes[:MOST_CODES],
        messages=tuple(messages) if supported else (),
    )


def interchange_verdict(interchange: Interchange, groups: Sequence[GroupVerdict] = ()) -> InterchangeVerdict:
    """The verdict on an interchange: R with the first error, E with the first remark that has a note, else A."""
    verdict, note = "A", "000"
    for severity, answer in (("error", "R"), ("warning", "E")):
        notes = [finding.code for finding in interchange.findings if finding.severity == severity and finding.code]
        if notes:
            verdict, note = answer, notes[0]
            break
    return InterchangeVerdict(interchange.control or "", tuple(interchange.header), verdict, note, tuple(groups))


def _copy(finding: Finding) -> str | None:
    """The bad value, unless it had to be rewritten to be shown (`legible`): a copy that differs is none."""
    got = finding.got
    if not got or len(got) > _COPIED or got.endswith("…") or (finding.code == "6" and "\\x" in got):
        return None
    return got


def _codes(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.code for finding in findings if finding.code))


def _segment_errors(findings: Sequence[Finding]) -> tuple[SegmentError, ...]:
    """Findings as AK3 and AK4, in the order of the set; the elements of one segment stand under one AK3 with code 8."""
    elements: dict[tuple[int, str], list[ElementError]] = {}
    rows: list[tuple[int, int, SegmentError]] = []
    loops: dict[tuple[int, str], str | None] = {}
    for order, finding in enumerate(findings):
        place, code = finding.place, finding.code or ""
        position, segment, loop = place.position or 0, place.segment or "", finding.params.get("loop")
        if place.element is None:
            rows.append((position, order, SegmentError(segment, position, code, loop)))
            continue
        key = (position, segment)
        if key not in elements:
            elements[key], loops[key] = [], loop
            rows.append((position, order, SegmentError(segment, position, "8", loop)))
        repeat = finding.params.get("repeat")
        elements[key].append(
            ElementError(
                element=place.element,
                code=code,
                component=place.component,
                repeat=int(repeat) if repeat else None,
                number=finding.params.get("number"),
                bad=_copy(finding),
            )
        )
    rows.sort(key=lambda row: row[:2])
    result = []
    for _, _, error in rows:
        mine = elements.get((error.position, error.segment), []) if error.code == "8" else []
        result.append(SegmentError(error.segment, error.position, error.code, error.loop, tuple(mine)))
    return tuple(result)
