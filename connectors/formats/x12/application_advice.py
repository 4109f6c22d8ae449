"""The 824 (Application Advice): what became of a document after its syntax was taken.

Written: one 824 for each judged document, in one group AG. OTI names the document by its own number and by group and set as received,
and says TA (accepted), TE (accepted with errors: rows were left out, or something is to be cleared) or TR (rejected: held, nothing of it
counts). TED says what is wrong: a condition, the text of the finding, and segment, position and element where they are known.

Read: whatever OTI says of documents of ours, with the texts of its TED and NTE.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.answering import Judgement, Received, Said, Word
from connectors.formats.x12.control import is_number, is_set_number
from connectors.formats.x12.writer import DEFAULT_DELIMITERS
from connectors.formats.x12.writer import write as write_interchange
from connectors.legible import spelled
from connectors.spec import Envelope, Profile
from data_contracts.findings import Finding
from data_contracts.source import Group, Message, SourceRecord

KIND = "824"
_CODES: dict[Word, str] = {"accepted": "TA", "partly": "TE", "rejected": "TR"}
_QUALIFIERS = {"850": "PO", "855": "PO", "860": "PO", "865": "PO", "810": "IV", "856": "SI", "861": "RV", "820": "TN"}
"""OTI02 (data element 128): what kind of number OTI03 is; `TN` (transaction reference) for all others."""
_KINDS = {qualifier: frozenset(kind for kind, of in _QUALIFIERS.items() if of == qualifier) for qualifier in ("PO", "IV", "SI", "RV")}
"""The sets whose own number a qualifier means, where OTI10 does not tell."""
_CONDITIONS = {"7": "848", "8": "009", "1": "007"}
"""TED01 (data element 647) by the first finding's element code; 024 (other) where no place is known."""
_OTHER, _NOT_MATCHING, _INCORRECT = "024", "011", "848"
_TEXT = 60
_MOST_NOTES = 5


def write(received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
    """One interchange with an 824 for each judgement. Raises ValueError where the envelope cannot carry one of its identities."""
    marks = {**DEFAULT_DELIMITERS, **profile.options.get("delimiters", {}), **envelope.delimiters}
    carries = _Carrier("".join(marks.values()))
    groups = {group.ordinal: group for group in received.groups}
    messages = [
        (KIND, _tree(one, number, groups.get(one.group_ordinal), envelope, carries)) for number, one in enumerate(received.judgements)
    ]
    words = {one.verdict for one in received.judgements}
    return (words.pop() if len(words) == 1 else "partly"), write_interchange(messages, envelope, profile)


def _tree(judgement: Judgement, number: int, group: Group | None, envelope: Envelope, carries: _Carrier) -> SourceRecord:
    root = SourceRecord("ST", ["ST", KIND], 0)
    date, time = _stamp(envelope.created_at)
    ours = f"{envelope.control}-{number + 1}"
    root.children.append(SourceRecord("BGN", ["BGN", "11", ours, date, time], 0, root))
    business = carries.value(judgement.number or "", 30) or "NONE"
    number_of, control = (group.control or "") if group is not None else "", judgement.control or ""
    original = SourceRecord(
        "OTI",
        [
            *("OTI", _CODES[judgement.verdict], _QUALIFIERS.get(judgement.type, "TN"), business),
            carries.value(group.sender or "" if group is not None else "", 15, 2),
            carries.value(group.receiver or "" if group is not None else "", 15, 2),
            *("", ""),
            number_of if is_number(number_of) else "",
            control if is_set_number(control) and is_number(number_of) else "",  # OTI09 says nothing without OTI08 (C0908)
            carries.value(judgement.type, 3, 3),
            carries.value((group.version or "" if group is not None else "") or judgement.version or "", 12),
        ],
        0,
        root,
    )
    original.children = [_error(finding, original, envelope.version, carries) for finding in judgement.findings]
    root.children.append(original)
    return root


def _error(finding: Finding, parent: SourceRecord, version: str, carries: _Carrier) -> SourceRecord:
    place = finding.place
    segment = carries.value(place.segment or "", 3, 2)
    element = str(place.element) if place.element else ""
    values = [
        *("TED", _condition(finding), carries.text(f"{finding.rule} {finding.text()}", _TEXT), segment),
        str(place.position) if place.position and place.position < 10**6 else "",
        element if len(element) < 3 else "",
    ]
    return SourceRecord("TED", values, 0, parent)


def _condition(finding: Finding) -> str:
    if finding.rule in ("ACK-07", "ACK-08"):
        return _NOT_MATCHING
    return _CONDITIONS.get(finding.code or "", _INCORRECT if finding.place.segment else _OTHER)


def _stamp(moment: datetime) -> tuple[str, str]:
    return moment.strftime("%Y%m%d"), moment.strftime("%H%M")


class _Carrier:
    """What an answer can carry of texts that are somebody else's: printable ASCII without the delimiters."""

    def __init__(self, marks: str) -> None:
        self._cleaned = {ord(mark): " " for mark in marks}

    def value(self, value: str, most: int, least: int = 1) -> str:
        """The value whole, or nothing: a copy that was cut or changed would be another value."""
        kept = value if value.isascii() and value.isprintable() and value.translate(self._cleaned) == value else ""
        return kept.strip() if len(kept) <= most and len(kept.strip()) >= least else ""

    def text(self, text: str, most: int) -> str:
        """As much of a sentence as fits, in ASCII, with `?` for what that cannot spell."""
        plain = spelled(text, "ascii").translate(self._cleaned)
        return " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())[:most].strip()


def read(message: Message) -> list[Said]:
    """What an 824 says of documents of ours, one statement an OTI."""
    if message.root is None:
        return []
    return [said for record in message.root.walk() if record.tag == "OTI" and (said := _said(record)) is not None]


def _said(record: SourceRecord) -> Said | None:
    values = list(record.values)
    code, number = _at(values, 1), _at(values, 3)
    if not code or not number:
        return None
    group, control = _at(values, 8), _at(values, 9)
    kind = _at(values, 10) or None
    named = bool(group and control)
    return Said(
        "document",
        _word(code),
        group_control=group or None,
        message_type=kind,
        message_control=(control or None) if group else None,
        # Where the partner names group and set, they say exactly which; a number that it writes its own way must not get in between.
        number=None if named else number,
        types=frozenset() if named or kind else _KINDS.get(_at(values, 2), frozenset()),
        notes="; ".join([code, *_notes(record)]),
    )


def _word(code: str) -> Word:
    """Of data element 110 the second letter says it: Accept, accept with Change or Error, Partial, Reject."""
    return {"A": "accepted", "C": "partly", "E": "partly", "P": "partly"}.get(code[1:], "rejected")  # type: ignore[return-value]


def _notes(record: SourceRecord) -> Iterator[str]:
    told = 0
    for below in record.walk():
        if below.tag in ("TED", "NTE") and told < _MOST_NOTES:
            values = list(below.values)
            told += 1
            yield " ".join(part for part in (_at(values, 1), _at(values, 2), _at(values, 7) if below.tag == "TED" else "") if part)


def _at(values: list[str], place: int) -> str:
    return values[place] if place < len(values) else ""
