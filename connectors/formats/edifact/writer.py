"""Writes EDIFACT interchanges from trees of segments: what an own order looks like on its way to a supplier.

The mapping says what is said; everything that is only form is added here from the grammar: the order of segments and groups, UNS, the
control total of lines, UNH-UNT, UNG-UNE where asked for, UNA and UNB-UNZ with their counts and references, release characters. The law is
`read(write(tree)) == tree`: whatever would read back as something else is refused with a ValueError that names message, segment and
element. Whether the message is also valid is for the validator to say, on the bytes written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.formats.edifact.charsets import DECLARED
from connectors.formats.edifact.grammar import ElementUse, Grammar, GroupUse, SegmentUse, load, service_segment
from connectors.formats.edifact.packing import flat
from connectors.formats.edifact.patterns import LEVEL_A, LEVEL_B, TEXT
from connectors.formats.edifact.separators import COMPONENT, REPETITION, Separators
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

DEFAULT_SYNTAX = "UNOC:3"
"""S001 where the agreement names none (`options.syntax`)."""

_NAMES = {
    "element": "element",
    "component": "component",
    "repetition": "repetition",
    "segment": "terminator",
    "release": "release",
    "decimal": "decimal",
}
"""Words of `delimiters` (of an agreement, or as an interchange was received), and what they are here."""

_VERSION = re.compile(r"([A-Z0-9]{1,3})\.([A-Z0-9]{1,3})")
_LARGEST = 10**14 - 1


@dataclass(frozen=True, slots=True)
class Ink:
    """Separators and character rules in force for one interchange."""

    separators: Separators
    identifier: str
    syntax: str
    charset: str
    allowed: re.Pattern[str]
    guarded: re.Pattern[str] | None
    una: bool

    @classmethod
    def of(cls, envelope: Envelope, profile: Profile) -> Ink:
        """What agreement and envelope ask for. Raises ValueError where it cannot be had."""
        identifier, _, syntax = str(profile.options.get("syntax", DEFAULT_SYNTAX)).partition(":")
        if syntax not in ("1", "2", "3", "4") or (identifier not in DECLARED and profile.charset is None):
            raise ValueError(f"option `syntax` is such as {DEFAULT_SYNTAX}, got {profile.options.get('syntax')!r}")
        asked: Mapping[str, str] = {**profile.options.get("delimiters", {}), **envelope.delimiters}
        if not asked.keys() <= _NAMES.keys():
            raise ValueError(f"delimiters are {', '.join(_NAMES)}; got {', '.join(asked)}")
        usual = Separators(repetition="*" if syntax == "4" else "")
        chosen = {_NAMES[name]: mark for name, mark in asked.items()}
        if syntax != "4":
            chosen["repetition"] = ""
        separators = Separators(**{name: chosen.get(name, getattr(usual, name)) for name in _NAMES.values()})
        marks = [separators.component, separators.element, separators.terminator, separators.release, separators.repetition]
        if separators.clash() or any(len(mark) > 1 or not mark.isascii() for mark in marks) or separators.decimal not in (".", ","):
            raise ValueError(f"separators must be different single marks, neither letter, digit nor blank: {separators.as_mapping()}")
        charset = profile.charset or DECLARED[identifier]
        if "UNB".encode(charset) != b"UNB":
            raise ValueError(f"charset {charset} does not carry the envelope in single bytes")
        text = TEXT if profile.charset else {"UNOA": LEVEL_A, "UNOB": LEVEL_B}.get(identifier, TEXT)
        guarded = re.compile("[" + re.escape("".join(marks)) + "]")
        return cls(separators, identifier, syntax, charset, re.compile(f"{text}*"), guarded, bool(profile.options.get("una", True)))

    def line(self, use: SegmentUse, values: Sequence[str], where: str) -> str:
        """A segment's text without its terminator; what is empty at its end is left out. Values are in our separators."""
        kept = list(values)
        while len(kept) > 1 and not (isinstance(kept[-1], str) and kept[-1].strip(COMPONENT + REPETITION)):
            if not isinstance(kept[-1], str):
                break
            kept.pop()
        if len(kept) - 1 > len(use.elements):
            raise ValueError(f"{where}: segment {use.id} has {len(use.elements)} elements, got {len(kept) - 1}")
        texts = [use.id]
        for position, (element, value) in enumerate(zip(use.elements, kept[1:], strict=False), 1):
            place = f"{where} {use.id}{position:02d} ({element.name})"
            if not isinstance(value, str):
                raise ValueError(f"{place}: values are text, got {value!r}")
            texts.append(self._element(element, value, place) if value else "")
        return self.separators.element.join(texts)

    def _element(self, element: ElementUse, value: str, where: str) -> str:
        repeats = value.split(REPETITION)
        if len(repeats) > 1 and (not self.separators.repetition or 0 < element.repeat < len(repeats)):
            raise ValueError(f"{where} cannot be repeated {len(repeats)} times in syntax {self.syntax}: {value!r}")
        return self.separators.repetition.join(self._once(element, one, where) for one in repeats)

    def _once(self, element: ElementUse, value: str, where: str) -> str:
        parts = value.rstrip(COMPONENT).split(COMPONENT)
        if len(parts) > max(len(element.components), 1):
            raise ValueError(f"{where} has {len(element.components) or 'no'} components, got {len(parts)}: {value!r}")
        uses = element.components or (element,)
        return self.separators.component.join(self.value(part, use.type, where) for part, use in zip(parts, uses, strict=False))

    def value(self, text: str, kind: str, where: str) -> str:
        """One value with its release characters. Raises ValueError for what cannot be carried."""
        if not self.allowed.fullmatch(text):
            raise ValueError(f"{where} holds a character that {self.identifier} cannot carry: {text!r}")
        try:
            text.encode(self.charset)
        except UnicodeEncodeError as error:
            raise ValueError(f"{where} holds {text[error.start]!r}, which charset {self.charset} cannot carry: {text!r}") from None
        if kind == "n" and self.separators.decimal == ",":
            text = text.replace(".", ",")
        release = self.separators.release
        if self.guarded is not None and self.guarded.search(text):
            if not release:
                raise ValueError(f"{where} holds a separator, and the interchange has no release character: {text!r}")
            text = self.guarded.sub(lambda mark: release + mark[0], text)
        return text


def write(messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope, profile: Profile) -> bytes:
    """One interchange with these (type, tree) messages, in order.

    The root's children are the segments and groups between UNH and UNT. A root `UNH` that states its S009 keeps its association code;
    else the code is the agreement's (`options.association`). References count up from the envelope's. Raises ValueError for an unknown
    message, for a segment that the message has no place for and for data that the interchange cannot carry.
    """
    ink = Ink.of(envelope, profile)
    end = ink.separators.terminator + str(profile.options.get("line_end", ""))
    lines = [_header(envelope, profile, ink)]
    grouped: dict[str, list[tuple[Grammar, SourceRecord]]] = {}
    by_group = bool(profile.options.get("groups", False))
    for message, root in messages:
        grammar = load(message, envelope.version)
        if grammar is None:
            raise ValueError(f"no grammar for message {message} in version {envelope.version}")
        grouped.setdefault(message if by_group else "", []).append((grammar, root))
    reference = envelope.first_message_control
    for ordinal, (kind, members) in enumerate(grouped.items()):
        group = _reference("UNG 0048", envelope.group_control + ordinal) if by_group else ""
        if by_group:
            lines.append(_group_header(kind, group, envelope, ink))
        for grammar, root in members:
            lines.extend(_message(grammar, root, _reference("UNH 0062", reference), envelope, profile, ink))
            reference += 1
        if by_group:
            lines.append(ink.line(service_segment("UNE", ink.syntax), ["UNE", str(len(members)), group], "UNE"))
    count = str(len(grouped) if by_group else len(messages))
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
    version = _version(envelope.version)
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
    return COMPONENT.join((name, qualifier))


def _reference(where: str, number: int) -> str:
    if not 0 < number <= _LARGEST:
        raise ValueError(f"{where}: references run from 1 to {_LARGEST}, got {number}")
    return str(number)


def _version(version: str) -> tuple[str, str]:
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"a version is such as D.96A, got {version!r}")
    return found[1], found[2]


def _message(grammar: Grammar, root: SourceRecord, reference: str, envelope: Envelope, profile: Profile, ink: Ink) -> list[str]:
    header = service_segment("UNH", ink.syntax)
    values = list(root.values) if root.tag == "UNH" else []
    stated = str(values[2]).split(COMPONENT) if len(values) > 2 else []
    if stated and stated[0] != grammar.message:
        raise ValueError(f"{grammar.message}: its UNH says {stated[0]}")
    association = profile.options.get("association", "")
    if isinstance(association, Mapping):
        association = association.get(grammar.message, "")
    identifier = stated or [grammar.message, *_version(envelope.version), "UN", *([str(association)] if association else [])]
    lines = [ink.line(header, ["UNH", reference, COMPONENT.join(identifier), *values[3:]], grammar.message)]
    counted: dict[str, int] = {}
    children = flat(root.children, grammar.hierarchy) if grammar.hierarchy else root.children
    lines.extend(_body(grammar, grammar.body, _with_totals(grammar, children), counted, ink))
    lines.append(ink.line(service_segment("UNT", ink.syntax), ["UNT", str(len(lines) + 1), reference], grammar.message))
    return lines


def _with_totals(grammar: Grammar, children: Sequence[SourceRecord]) -> list[SourceRecord]:
    totals = grammar.totals
    if totals is None or any(child.tag == totals.segment and _qualifier(child) == totals.qualifier for child in children):
        return list(children)
    return [*children, SourceRecord(totals.segment, [totals.segment, totals.qualifier], 0)]


def _qualifier(record: SourceRecord) -> str:
    values = list(record.values)
    return str(values[1]).split(COMPONENT)[0] if len(values) > 1 else ""


def _body(
    grammar: Grammar, body: Sequence[SegmentUse | GroupUse], children: Sequence[SourceRecord], counted: dict[str, int], ink: Ink
) -> Iterator[str]:
    placed: dict[int, list[SourceRecord]] = {}
    for child in children:
        placed.setdefault(_place(grammar, body, child), []).append(child)
    for index, use in enumerate(body):
        records = placed.get(index, ())
        if not records and (section := _section(use)) is not None:
            yield ink.line(section[0], ["UNS", section[1]], grammar.message)
        if isinstance(use, SegmentUse):
            for record in records:
                if record.children:
                    raise ValueError(
                        f"{grammar.message}: segment {record.tag} opens no group here and cannot hold {record.children[0].tag}"
                    )
                line = _segment(grammar, use, record, counted, ink)
                if line != record.tag or use.use == "M":
                    yield line
            continue
        for record in records:
            yield _segment(grammar, use.first, record, counted, ink)
            yield from _body(grammar, use.body[1:], record.children, counted, ink)


def _section(use: SegmentUse | GroupUse) -> tuple[SegmentUse, str] | None:
    """A mandatory UNS with its only code: form, and nobody's data."""
    segment = use if isinstance(use, SegmentUse) else use.first
    codes = segment.elements[0].codes if segment.id == "UNS" and use.use == "M" else None
    return (segment, next(iter(codes))) if codes is not None and len(codes) == 1 else None


def _place(grammar: Grammar, body: Sequence[SegmentUse | GroupUse], record: SourceRecord) -> int:
    """Index in the body of the place that takes this record; where two have its tag, the one that takes its code."""
    fitting = [index for index, use in enumerate(body) if (use if isinstance(use, SegmentUse) else use.first).id == record.tag]
    if not fitting:
        raise ValueError(f"{grammar.message} {grammar.tables}: no place for segment {record.tag} here")
    return next((index for index in fitting if len(fitting) > 1 and _takes(body[index], record)), fitting[0])


def _takes(use: SegmentUse | GroupUse, record: SourceRecord) -> bool:
    segment = use if isinstance(use, SegmentUse) else use.first
    first = segment.elements[0] if segment.elements else None
    codes = (first.components[0] if first.components else first).codes if first is not None else None
    return codes is None or _qualifier(record) in codes


def _segment(grammar: Grammar, use: SegmentUse, record: SourceRecord, counted: dict[str, int], ink: Ink) -> str:
    counted[use.id] = counted.get(use.id, 0) + 1
    values = list(record.values)
    totals = grammar.totals
    if totals is not None and use.id == totals.segment and _qualifier(record) == totals.qualifier:
        first = str(values[1]).split(COMPONENT)
        values[1] = COMPONENT.join([first[0], str(counted.get(totals.of, 0)), *first[2:]])
    return ink.line(use, values, grammar.message)
