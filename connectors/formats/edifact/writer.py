"""Writes EDIFACT interchanges from trees of segments: what an own order looks like on its way to a supplier.

The mapping says what is said; everything that is only form is added here from the grammar: the order of segments and groups, UNS, the
control total of lines, UNH-UNT, UNG-UNE where asked for, UNA and UNB-UNZ with their counts and references, release characters. The law is
`read(write(tree)) == tree`: whatever would read back as something else is refused with a ValueError that names message, segment and
element. Whether the message is also valid is for the validator to say, on the bytes written here.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.formats.edifact.grammar import load, service_segment
from connectors.formats.edifact.ink import Ink
from connectors.formats.edifact.message_writer import version_and_release, write_message
from connectors.formats.edifact.separators import COMPONENT, Separators
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

_LARGEST = 10**14 - 1
_LONGEST_NAME, _LONGEST_QUALIFIER = 35, 4
"""Data elements 0004 and 0010, and 0007: who is named by more cannot be reached by a part of it."""


def write(messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope, profile: Profile) -> bytes:
    """One interchange with these (type, tree) messages, in order.

    The root's children are the segments and groups between UNH and UNT. A root `UNH` that states its S009 keeps its association code;
    else the code is the agreement's (`options.association`). References count up from the envelope's, in the order of the messages.
    Raises ValueError for an unknown message, for a segment that the message has no place for and for data that the interchange cannot
    carry.
    """
    ink = Ink.of(envelope, profile)
    end = ink.separators.terminator + str(profile.options.get("line_end", ""))
    lines = [_header(envelope, profile, ink)]
    grouped: dict[str, list[list[str]]] = {}
    by_group = bool(profile.options.get("groups", False))
    for number, (message, root) in enumerate(messages, envelope.first_message_control):
        grammar = load(message, envelope.version)
        if grammar is None:
            raise ValueError(f"no grammar for message {message} in version {envelope.version}")
        written = write_message(grammar, root, _reference("UNH 0062", number), envelope, profile, ink)
        grouped.setdefault(message if by_group else "", []).append(written)
    for ordinal, (kind, members) in enumerate(grouped.items()):
        group = _reference("UNG 0048", envelope.group_control + ordinal) if by_group else ""
        if by_group:
            lines.append(_group_header(kind, group, envelope, ink))
        for written in members:
            lines += written
        if by_group:
            lines.append(ink.line(service_segment("UNE", ink.syntax), ["UNE", str(len(members)), group], "UNE"))
    count = str(len(grouped) if by_group else sum(map(len, grouped.values())))
    lines.append(ink.line(service_segment("UNZ", ink.syntax), ["UNZ", count, _reference("UNB 0020", envelope.control)], "UNZ"))
    return (una(ink, profile) + end.join(lines) + end).encode(ink.charset)


def una(ink: Ink, profile: Profile) -> str:
    """The UNA with its line end; empty where the agreement wants none and the separators are the standard's."""
    marks = ink.separators
    if not ink.una:
        if marks != Separators(repetition="*" if ink.syntax == "4" else ""):
            raise ValueError("separators that are not the standard's need a UNA")
        return ""
    text = f"{marks.component}{marks.element}{marks.decimal}{marks.release or ' '}{marks.repetition or ' '}{marks.terminator}"
    return f"UNA{text}{profile.options.get('line_end', '')}"


def _header(envelope: Envelope, profile: Profile, ink: Ink) -> str:
    date = envelope.created_at.strftime("%Y%m%d" if ink.syntax == "4" else "%y%m%d")
    values = [
        "UNB",
        COMPONENT.join((ink.identifier, ink.syntax)),
        _identity("UNB S002", envelope.sender),
        _identity("UNB S003", envelope.receiver),
        COMPONENT.join((date, envelope.created_at.strftime("%H%M"))),
        _reference("UNB 0020", envelope.control),
        "",
        str(profile.options.get("application", "")),
        "",
        "1" if envelope.acknowledgement_requested else "",
        str(profile.options.get("interchange_agreement", "")),
        "1" if envelope.test else "",
    ]
    return ink.line(service_segment("UNB", ink.syntax), values, "UNB")


def _group_header(kind: str, reference: str, envelope: Envelope, ink: Ink) -> str:
    date = envelope.created_at.strftime("%Y%m%d" if ink.syntax == "4" else "%y%m%d")
    version = version_and_release(envelope.version)
    values = [
        "UNG",
        kind,
        envelope.group_sender or _identity("UNB S002", envelope.sender),
        envelope.group_receiver or _identity("UNB S003", envelope.receiver),
        COMPONENT.join((date, envelope.created_at.strftime("%H%M"))),
        reference,
        "UN",
        COMPONENT.join(version),
    ]
    return ink.line(service_segment("UNG", ink.syntax), values, "UNG")


def _identity(where: str, text: str) -> str:
    qualifier, colon, name = text.partition(":")
    if not colon or not name:
        raise ValueError(f"{where}: an interchange identity is `qualifier:id` (`:id` without qualifier), got {text!r}")
    if len(name) > _LONGEST_NAME or len(qualifier) > _LONGEST_QUALIFIER:
        raise ValueError(f"{where}: a name has {_LONGEST_NAME} characters, its qualifier {_LONGEST_QUALIFIER}; got {text!r}")
    return COMPONENT.join((name, qualifier))


def _reference(where: str, number: int) -> str:
    if not 0 < number <= _LARGEST:
        raise ValueError(f"{where}: references run from 1 to {_LARGEST}, got {number}")
    return str(number)
