"""GS1 Digital Link: a web address that is an identifier, as new labels carry it in a QR code (GS1 Digital Link: URI syntax 1.4).

    https://example.com/some/path/01/06926365598003/10/A17/21/S1?17=280200&linkType=gs1:pip
                                  │  └ GTIN         └ lot  └ serial └ expiry, an attribute

The key and its qualifiers stand in the path, in order; other element strings are attributes behind the question mark. Any domain
will do: which device it is does not depend on whose web site answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes

from data_contracts.findings import Finding
from data_contracts.identifiers.application_identifiers import ApplicationIdentifier, table
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.check_digit import is_digits
from data_contracts.identifiers.parsed import ParsedMessage

CANONICAL = "https://id.gs1.org"
_URI = re.compile(r"(?:https?|HTTPS?)://[A-Za-z0-9.\-:\[\]@_~%!$&'()*+,;=]+(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.ASCII)
_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*", re.ASCII)
_COMPRESSED = re.compile(r"(/[0-9]{2,4}/[^/]+)*/[A-Za-z0-9_\-]{10,}", re.ASCII)
"""All of it packed in one segment, or only what stands behind the key and its qualifiers."""
_SHORT_GTINS = (8, 12, 13)

Elements = list[tuple[str, str]]


def parse(text: str, *, associations: bool = True, short_gtins: bool = False) -> ParsedMessage:
    """The element strings of a Digital Link, those of the path first.

    `short_gtins` takes a GTIN of 8, 12 or 13 digits, which older links carry. Findings DLK-01 to DLK-06 and those of element strings.
    """
    found = _URI.fullmatch(text)
    if found is None or _ALLOWED.fullmatch(text) is None:
        return _refused(text, Finding("DLK-01", expected="http(s)://domain/key/value", got=text))
    path, query = found[1], found[2] or ""
    elements: Elements = []
    finding = _path(path, elements)
    if finding is not None:
        compressed = finding.rule == "DLK-02" and _COMPRESSED.fullmatch(path) is not None
        return _refused(text, Finding("DLK-06", got=path[1:]) if compressed else finding)
    findings = _query(query, elements)
    elements = [(ai, _gtin(value) if short_gtins and ai == "01" else value) for ai, value in elements]
    known = table()
    for ai, value in elements:
        fault = known[ai].fault(value)
        if fault is not None:
            findings.append(Finding(fault.rule, expected=fault.expected, got=fault.got, params={"what": f"({ai})", "value": value}))
    if associations:
        findings += judge(elements)
    return ParsedMessage(text, tuple(elements), tuple(findings))


def write(elements: Sequence[tuple[str, str]], stem: str = CANONICAL) -> str:
    """The Digital Link of these element strings: the first key among them leads, what does not qualify it becomes an attribute.

    With the canonical stem this is the canonical form. Raises ValueError where no element is a key, or one can't stand in a link.
    """
    known = table()
    values = dict(elements)
    key = next((ai for ai, _ in elements if ai in known and known[ai].qualifiers is not None), None)
    if key is None:
        raise ValueError("no element is the key of a Digital Link")
    chosen = next((way for way in known[key].qualifiers or () if any(ai in values for ai in way)), ())
    inside = [key, *(ai for ai in chosen if ai in values)]
    outside = [ai for ai in values if ai not in inside]
    for ai in outside:
        if ai not in known or not _attribute(known[ai], known[key], chosen):
            raise ValueError(f"AI ({ai}) can't stand in a Digital Link whose key is ({key})")
    outside.sort(key=lambda ai: known[ai].fixed == 0)  # those of predefined length first, else as they came
    path = "".join(f"/{ai}/{quote(values[ai], safe='')}" for ai in inside)
    query = "&".join(f"{ai}={quote(values[ai], safe='')}" for ai in outside)
    return f"{stem.rstrip('/')}{path}{'?' if query else ''}{query}"


def unescape(text: str, *, query: bool = False) -> str:
    """Percent-encoding undone; a `+` is a blank in a query only. Bytes that are no UTF-8 stay as lone surrogates, which no AI takes."""
    return unquote_to_bytes(text.replace("+", " ") if query else text).decode("utf-8", "surrogateescape")


def _refused(text: str, finding: Finding) -> ParsedMessage:
    return ParsedMessage(text, (), (finding,))


def _gtin(value: str) -> str:
    return value.zfill(14) if len(value) in _SHORT_GTINS and is_digits(value) else value


def _path(path: str, elements: Elements) -> Finding | None:
    """Pairs of AI and value from the end of the path back to the rightmost key."""
    known = table()
    segments = path.split("/")[1:]
    place = len(segments) - 2
    while place >= 0:
        spec = known.get(segments[place])
        if spec is None or not segments[place + 1]:
            break
        elements.insert(0, (spec.ai, unescape(segments[place + 1])))
        if spec.qualifiers is not None:
            return _order(spec, [ai for ai, _ in elements[1:]])
        place -= 2
    elements.clear()
    return Finding("DLK-02", got=path)


def _order(key: ApplicationIdentifier, given: list[str]) -> Finding | None:
    """Whether what follows the key is a part of one of its sequences of qualifiers, in order."""
    for way in key.qualifiers or ((),):
        rest = iter(way)
        if all(ai in rest for ai in given):
            return None
    return Finding("DLK-04", expected=key.ai, got=given[0])


def _query(query: str, elements: Elements) -> list[Finding]:
    """Attributes behind the question mark; keys that are no digits, such as linkType, belong to the web."""
    known = table()
    inside = [ai for ai, _ in elements]
    key = known[inside[0]]
    chosen = next((way for way in key.qualifiers or () if any(ai in way for ai in inside[1:])), None)
    findings = []
    for member in query.split("&"):
        name, mark, value = member.partition("=")
        name = unescape(name, query=True)
        if not mark or not is_digits(name):
            continue
        spec = known.get(name)
        if spec is None:
            findings.append(Finding("GS1-03", got=name, params={"rest": value}))
        elif any(ai == name for ai, _ in elements):
            findings.append(Finding("DLK-05", got=name))
        elif not _attribute(spec, key, chosen):
            findings.append(Finding("DLK-03", got=name))
        else:
            elements.append((name, unescape(value, query=True)))
    return findings


def _attribute(spec: ApplicationIdentifier, key: ApplicationIdentifier, chosen: Sequence[str] | None) -> bool:
    """Whether an AI may be an attribute beside this key: one that could qualify it belongs into the path."""
    ways = key.qualifiers or ()
    belongs = spec.ai in chosen if chosen else any(spec.ai in way for way in ways)
    return spec.attribute and not belongs
