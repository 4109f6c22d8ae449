"""A partner's CONTRL and APERAK on what we sent: of which interchange, message or document they speak, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from connectors.answering import Said
from connectors.formats.edifact.application_codes import Codes
from connectors.formats.edifact.separators import COMPONENT
from data_contracts.source import Message, SourceRecord

_VERDICTS: dict[str, Literal["accepted", "rejected", "received"]] = {"4": "rejected", "7": "accepted", "8": "received"}

ERRORS = {
    "2": "syntax version or level not supported",
    "7": "interchange recipient not actual recipient",
    "12": "invalid value",
    "13": "missing",
    "14": "value not supported in this position",
    "15": "not supported in this position",
    "16": "too many constituents",
    "17": "no agreement",
    "18": "unspecified error",
    "19": "invalid decimal notation",
    "20": "character invalid as service character",
    "21": "invalid character",
    "22": "invalid service character",
    "23": "unknown interchange sender",
    "24": "too old",
    "25": "test indicator not supported",
    "26": "duplicate detected",
    "27": "security function not supported",
    "28": "references do not match",
    "29": "control count does not match",
    "30": "groups and messages mixed",
    "31": "more than one message type in group",
    "32": "lower level empty",
    "33": "invalid occurrence outside message or group",
    "35": "too many segment or element repetitions",
    "36": "too many segment group repetitions",
    "37": "invalid type of characters",
    "38": "missing digit in front of decimal sign",
    "39": "data element too long",
    "40": "data element too short",
    "43": "unknown interchange recipient",
    "45": "trailing separator",
    "46": "character set not supported",
    "47": "envelope functionality not supported",
}
"""Data element 0085 in words."""

_REFERENCES: dict[str, tuple[str, ...]] = {
    "ACW": (),
    "ACE": (),
    "AAK": ("DESADV",),
    "DQ": ("DESADV",),
    "IV": ("INVOIC",),
    "VN": ("ORDRSP",),
    "ALO": ("RECADV",),
    "ON": ("ORDERS", "ORDCHG"),
}
"""Qualifiers of RFF by which an APERAK names the document, the plainest first, and the messages that one means. Other references are no
document's own number (that of an interchange, a message, a contract), and the same digits may well be another document's."""

_LONGEST_NOTE = 200


def read_control(message: Message) -> list[Said]:
    """What a CONTRL says, the outer level first. Segments are taken in order of arrival, so that one with faults of its own still tells.

    Action 4 rejects what is below it too: who says of a message of a rejected interchange or group that it was accepted contradicts
    himself, and it is rejected.
    """
    said: list[Said] = []
    interchange, group = "", None
    parties: tuple[str | None, str | None] = (None, None)
    notes: list[str] = []
    pending: Said | None = None
    for record in message.root.walk() if message.root is not None else ():
        values = list(record.values)
        if record.tag in ("UCI", "UCF", "UCM") and pending is not None:
            said.append(_noted(pending, notes))
            pending = None
        if record.tag == "UCI":
            interchange, notes = _at(values, 1), _codes(values, 4)
            parties = _party(values, 2), _party(values, 3)
            pending = Said("interchange", _verdict(values, 4), control=interchange, parties=parties)
        elif record.tag == "UCF":
            group, notes = _at(values, 1), _codes(values, 4)
            pending = Said("group", _verdict(values, 4), control=interchange, group_control=group, parties=parties)
        elif record.tag == "UCM":
            notes = _codes(values, 3)
            pending = Said(
                "message",
                _verdict(values, 3),
                control=interchange,
                group_control=group,
                message_type=_at(values, 2).split(COMPONENT)[0] or None,
                message_control=_at(values, 1),
                parties=parties,
            )
        elif record.tag == "UCS":
            notes.append(f"segment {_at(values, 1)}" + (f": {_error(_at(values, 2))}" if _at(values, 2) else ""))
        elif record.tag == "UCD":
            notes.append(f"element {_at(values, 2).replace(COMPONENT, ':')}: {_error(_at(values, 1))}")
    if pending is not None:
        said.append(_noted(pending, notes))
    return sorted(_consistent(said), key=_outer_first)


_OUTER = ("interchange", "group", "message")


def _outer_first(said: Said) -> int:
    return _OUTER.index(said.level)


def _consistent(said: Sequence[Said]) -> Iterator[Said]:
    """The statements, in the order in which they stand; those below a rejected level are rejected with it, by its reasons."""
    interchange: Said | None = None
    groups: dict[str | None, Said] = {}
    for one in said:
        above = interchange
        if one.level == "interchange":
            interchange, groups, above = one, {}, None
        elif one.level == "message" and one.group_control is not None and (interchange is None or interchange.verdict != "rejected"):
            above = groups.get(one.group_control)
        if above is not None and above.verdict == "rejected" and one.verdict != "rejected":
            one = replace(one, verdict="rejected", notes=above.notes)
        if one.level == "group":
            groups[one.group_control] = one
        yield one


def _verdict(values: Sequence[str], place: int) -> Literal["accepted", "rejected", "received"]:
    return _VERDICTS.get(_at(values, place), "rejected")


def _codes(values: Sequence[str], action: int) -> list[str]:
    code, tag, place = _at(values, action + 1), _at(values, action + 2), _at(values, action + 3)
    if not code:
        return [] if _at(values, action) in _VERDICTS else [f"action {_at(values, action)!r}"]
    return [" ".join(part for part in (_error(code), tag, place.replace(COMPONENT, ":")) if part)]


def _error(code: str) -> str:
    return f"{code} {ERRORS.get(code, '')}".strip()


def _noted(said: Said, notes: Sequence[str]) -> Said:
    action = "action 4" if said.verdict == "rejected" and not notes else ""
    text = "; ".join(notes) or action
    return replace(said, notes=text[:_LONGEST_NOTE])


def _party(values: Sequence[str], place: int) -> str | None:
    """Sender or recipient of our interchange as UCI repeats it, `qualifier:id`; null where it does not."""
    name, _, rest = _at(values, place).partition(COMPONENT)
    return f"{rest.partition(COMPONENT)[0]}:{name}" if name else None


def read_application(message: Message, codes: Codes) -> list[Said]:
    """What an APERAK says of a document of ours.

    Errors that the agreement knows decide, the worst of them; then BGM, where it uses the codes of the directory or the agreement. Where
    neither does, no error means yes, and one that nobody knows means nothing: it is told, and the document still waits for an answer.
    """
    if message.root is None:
        return []
    records = list(message.root.walk())
    number, types = _document(records)
    if number is None:
        return []
    begin = next((list(record.values) for record in records if record.tag == "BGM"), [])
    code, response = _at(begin, 1).split(COMPONENT)[0], _at(begin, 4)
    details = [_at(list(record.values), 1) for record in records if record.tag == "ERC"]
    verdict, unknown = _judged(code, response, details, codes)
    notes = "; ".join(_errors(records)) or (f"BGM {code}" if verdict == "rejected" else "")
    kind = types[0] if len(types) == 1 else None
    several = frozenset(types if kind is None else ())
    return [Said("document", verdict, message_type=kind, number=number, types=several, notes=notes[:_LONGEST_NOTE], unknown=unknown)]


def _judged(
    code: str, response: str, details: Sequence[str], codes: Codes
) -> tuple[Literal["accepted", "partly", "rejected", "received"], tuple[str, ...]]:
    """The verdict, and the codes of errors that nobody knows and that it rests on."""
    meanings = [codes.meaning(detail) for detail in details]
    unknown = tuple(dict.fromkeys(detail.replace(COMPONENT, ":") for detail, one in zip(details, meanings, strict=True) if one is None))
    said: Literal["accepted", "rejected"] | None = None
    if code in codes.accepted or (code not in codes.rejected and response in ("AP", "AC")):
        said = "accepted"
    elif code in codes.rejected or response == "RE":
        said = "rejected"
    known = {one for one in meanings if one is not None}
    if not known:
        if said is not None:
            return said, ()
        return ("received", unknown) if details else ("accepted", ())
    if "refuse" in known or (unknown and said == "rejected"):
        return "rejected", unknown
    if unknown and said is None:
        return "received", unknown
    return ("partly" if "warn" in known or unknown else "accepted"), unknown


def _errors(records: Sequence[SourceRecord]) -> Iterator[str]:
    for record in records:
        if record.tag == "ERC":
            texts = [" ".join(_at(list(child.values), 4).split(COMPONENT)).strip() for child in record.children if child.tag == "FTX"]
            yield " ".join([_at(list(record.values), 1).split(COMPONENT)[0], *texts])


def _document(records: Sequence[SourceRecord]) -> tuple[str | None, tuple[str, ...]]:
    """The number of the document that is spoken of, and its message types where the reference tells them."""
    found: dict[str, str] = {}
    for record in records:
        # References below an error speak of a line of it.
        if record.tag == "RFF" and (record.parent is None or record.parent.tag == "UNH"):
            qualifier, _, rest = _at(list(record.values), 1).partition(COMPONENT)
            found.setdefault(qualifier, rest.split(COMPONENT)[0])
    return next(((found[qualifier], types) for qualifier, types in _REFERENCES.items() if found.get(qualifier)), (None, ()))


def _at(values: Sequence[str], place: int) -> str:
    return str(values[place]) if place < len(values) else ""
