"""What UNB, UNG and UNH say, and what is wrong with them, in the codes of data element 0085 that a CONTRL carries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

from connectors.formats.edifact.charsets import DECLARED, repertoire
from connectors.formats.edifact.elements import Fault, explain
from connectors.formats.edifact.grammar import service_segment
from connectors.formats.edifact.header import Header
from connectors.formats.edifact.patterns import TEXT, Style, compiled
from connectors.formats.edifact.separators import COMPONENT, ELEMENT
from connectors.freshness import forgets
from connectors.legible import legible, storable
from connectors.spec import Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange

_ENVELOPE = Style(decimals=".")
_MOMENT = re.compile("[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]")
_IDENTITY = frozenset({2, 3, 5})
"""Elements of UNB by which an interchange is known: sender, recipient, reference."""
_TEST = 11
"""Element of UNB that holds 0035, the test indicator."""
_TESTS = frozenset({"1", "2"})
"""A test; a test of syntax only."""
_ECHOES = frozenset({"3", "4"})
"""Values of 0035 that ask for the interchange back, or give it back, which is not done here."""


def style_of(header: Header, profile: Profile) -> Style:
    """How the messages of this interchange are to be read.

    Up to syntax 3 the UNA names the decimal mark; without a UNA, and from syntax 4 on, point and comma both stand. Characters beyond
    the declared repertoire are a warning, and errors only where the agreement asks for it (`options.characters: declared`).
    """
    separators = header.separators
    fixed = header.una and header.syntax < "4" and separators.decimal in ".,"
    text = TEXT
    if profile.options.get("characters") == "declared" and profile.charset is None:
        text = repertoire(header.identifier)
    return _style(separators.decimal if fixed else ".,", text, bool(separators.repetition))


_style = lru_cache(16)(Style)
"""One style for all interchanges that are read alike: what is remembered for it serves them all."""


def parts_of(elements: Sequence[str], place: int) -> list[str]:
    """The components of an element, blanks at their ends dropped; one empty text where it is absent."""
    if place >= len(elements):
        return [""]
    return [storable(part).strip() for part in elements[place].split(COMPONENT)]


def part(elements: Sequence[str], place: int, component: int = 1) -> str:
    """One component of an element, counted from 1; empty when absent."""
    if place >= len(elements):
        return ""
    value = elements[place]
    if COMPONENT in value:
        parts = value.split(COMPONENT)
        value = parts[component - 1] if component <= len(parts) else ""
    elif component > 1:
        return ""
    return storable(value).strip()


def identity(elements: Sequence[str], place: int) -> str:
    """`qualifier:id` of S002, S003, S006 or S007."""
    return f"{part(elements, place, 2)}:{part(elements, place)}"


def interchange_of(header: Header, elements: list[str], ordinal: int, at: int, line: int) -> Interchange:
    """The interchange that this UNB opens, with the findings on the UNB itself.

    Where its separators cut nothing, nobody is named: what a cut would give is no sender, and a CONTRL to it would reach nobody.
    """
    if not header.separators.cuts_header():
        nobody, marks = list(_shape(header, line))[:1], header.separators.as_mapping()
        return Interchange(None, None, None, False, ordinal, at, 0, delimiters=marks, findings=nobody)
    return Interchange(
        sender=identity(elements, 2),
        receiver=identity(elements, 3),
        control=part(elements, 5),
        test=bool(part(elements, _TEST)),
        ordinal=ordinal,
        offset=at,
        length=0,
        header=tuple(elements[1:]),
        acknowledgement_requested=part(elements, 9) == "1",
        delimiters=header.separators.as_mapping(),
        findings=[*_shape(header, line), *_values(header, elements, line)],
    )


def _shape(header: Header, line: int) -> Iterator[Finding]:
    marks = "".join((header.separators.component, header.separators.element, header.separators.release, header.separators.terminator))
    if header.separators.clash():
        yield Finding("EDF-I20", Place("UNA", line=line), ":+.? '", legible(marks), "20")
    if header.shortened:
        yield Finding("EDF-I104", Place("UNA", line=line))
    if header.identifier and header.identifier not in DECLARED:
        yield Finding("EDF-I110", Place("UNB", 1, 1, 1, line), "UNOA-UNOK, UNOW, UNOY", legible(header.identifier, 20))


def _values(header: Header, elements: list[str], line: int) -> Iterator[Finding]:
    if header.syntax and header.syntax not in ("1", "2", "3", "4"):
        yield Finding("EDF-I02", Place("UNB", 1, 1, 2, line), "1, 2, 3, 4", legible(header.syntax, 20), "2")
    segment = service_segment("UNB", header.syntax)
    if compiled(segment, _ENVELOPE)(ELEMENT.join(elements)) is None:
        for fault in explain(segment, elements, _ENVELOPE):
            if fault.element == _TEST and part(elements, _TEST):
                continue  # told below
            where = Place("UNB", 1, fault.element, fault.component, line)
            got = legible(fault.got, 40) if fault.got is not None else None
            if fault.code == "13" and fault.element != 4:
                yield Finding("EDF-I13", where, f"UNB {fault.number} {fault.expected}", None, "13")
            else:
                rule = "EDF-I11" if fault.element in _IDENTITY else "EDF-I12"
                yield Finding(rule, where, _wanted(fault), got, fault.code, params={"number": fault.number})
    indicator = part(elements, _TEST)
    if indicator and indicator not in _TESTS:
        # Neither production nor a test that is known here: taken for either, it would do what nobody asked for.
        code = "25" if indicator in _ECHOES else "12"
        yield Finding("EDF-I25", Place("UNB", 1, _TEST, line=line), "1, 2", legible(indicator, 20), code)
    date, time = part(elements, 4, 1), part(elements, 4, 2)
    if not _is_moment(date, time):
        params = {"number": "S004"}
        yield Finding("EDF-I12", Place("UNB", 1, 4, line=line), "YYMMDD:HHMM", legible(f"{date}:{time}", 40), "12", params=params)


def _wanted(fault: Fault) -> str | None:
    """What a fault of the envelope expected, in words: of one that has too many parts, how many belong there."""
    return f"parts: {fault.expected}" if fault.code == "16" else fault.expected


def _is_moment(date: str, time: str) -> bool:
    return len(date) in (6, 8) and _MOMENT.fullmatch(date[-6:] + time) is not None


def group_of(elements: list[str], syntax: str, ordinal: int, line: int) -> Group:
    """The group that a UNG opens, with the findings on the UNG itself."""
    group = Group(
        type=part(elements, 1) or None,
        control=part(elements, 5),
        version=version_of(parts_of(elements, 7)) or None,
        sender=identity(elements, 2),
        receiver=identity(elements, 3),
        ordinal=ordinal,
    )
    segment = service_segment("UNG", syntax)
    if compiled(segment, _ENVELOPE)(ELEMENT.join(elements)) is None:
        for fault in explain(segment, elements, _ENVELOPE):
            where = Place("UNG", None, fault.element, fault.component, line)
            got = legible(fault.got, 40) if fault.got is not None else None
            if fault.code == "13" and fault.element == 5:
                group.findings.append(Finding("EDF-G13", where, f"UNG {fault.number} {fault.expected}", None, "13"))
            else:
                params = {"number": fault.number}
                group.findings.append(Finding("EDF-G12", where, _wanted(fault), got, fault.code, params=params))
    return group


def version_of(version_release: Sequence[str]) -> str:
    """`D.96A` of 0052 and 0054."""
    return ".".join(value for value in version_release[:2] if value)


@cache
def _matches_unh(syntax: str) -> Callable[[str], re.Match[str] | None]:
    return compiled(service_segment("UNH", syntax), _ENVELOPE)


forgets("edifact", _matches_unh.cache_clear)


def opening_findings(text: str, elements: list[str], syntax: str, line: int) -> list[Finding]:
    """What is wrong with a UNH."""
    findings: list[Finding] = []
    if _matches_unh("4" if syntax == "4" else "3")(text) is None:
        for fault in explain(service_segment("UNH", syntax), elements, _ENVELOPE):
            where = Place("UNH", 1, fault.element, fault.component, line)
            got = legible(fault.got, 40) if fault.got is not None else None
            rule = "EDF-M13" if fault.code == "13" else "EDF-M12"
            expected = f"UNH {fault.number} {fault.expected}" if fault.code == "13" else _wanted(fault)
            findings.append(Finding(rule, where, expected, got, fault.code, params={"number": fault.number}))
    return findings
