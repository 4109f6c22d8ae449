"""Electronic Product Codes (EPC): how RFID and EPCIS write one thing as a URI (EPC Tag Data Standard 1.13 sections 6 to 8).

    urn:epc:id:sgtin:0614141.112345.400     one piece         (01)10614141123459(21)400
    urn:epc:class:lgtin:4012345.012345.998  a lot             (01)04012345123456(10)998
    urn:epc:idpat:sgtin:0614141.112345.*    all of a GTIN     (01)10614141123459

The URI sets the company prefix apart and leaves the check digit out, so that the same GTIN of two readers who take the prefix
for 7 and for 8 digits is two different texts: compare element strings, not URIs. `epc_tag.py` reads what a tag holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from data_contracts.findings import Finding, has_error
from data_contracts.identifiers import company_prefix
from data_contracts.identifiers.check_digit import check_digit
from data_contracts.identifiers.epc_schemes import SCHEMES, Scheme

Level = Literal["id", "class", "idpat"]
WHAT = {"what": "EPC"}
_URI = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.*)", re.ASCII | re.DOTALL)
_ESCAPED = '"%&/<>?#'
"""Characters that a URI would take for its own; they stand as `%` and two hexadecimal digits (TDS 6.3.1)."""
_BARE = re.compile(r'["&/<>?#]|%(?![0-9A-Fa-f]{2})')
_GTIN_SERIALS = (("21", "sgtin"), ("235", "upui"), ("10", "lgtin"))


@dataclass(frozen=True, slots=True)
class Epc:
    """One EPC: `parts` without escapes, the company prefix first; null is any value, `*` in the URI, at the end of an `idpat` only."""

    scheme: str
    parts: tuple[str | None, ...]
    level: Level = "id"

    @property
    def uri(self) -> str:
        """The URI, escaped as the standard wants it."""
        body = ".".join("*" if part is None else escape(part) for part in self.parts)
        return f"urn:epc:{self.level}:{self.scheme}:{body}"

    @property
    def elements(self) -> tuple[tuple[str, str], ...]:
        """The GS1 element strings, key first; empty where it is none of GS1's, or a pattern that leaves the key itself open."""
        return _elements(SCHEMES[self.scheme], self.parts)


@dataclass(frozen=True, slots=True)
class ParsedEpc:
    """An EPC as read from `text`; null when it could not be read."""

    text: str
    epc: Epc | None
    findings: tuple[Finding, ...] = ()
    tag: str | None = None
    """The tag URI, where the text was one or was a tag's memory."""

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not has_error(self.findings)


def parse(text: str) -> ParsedEpc:
    """Read a URI of an EPC, of a class or of a pattern. Findings EPC-01 to EPC-05."""
    found = _URI.fullmatch(text)
    if found is None:
        return ParsedEpc(text, None, (Finding("EPC-01", expected="urn:epc:id:sgtin:0614141.112345.400", got=text),))
    level, name, body = found.groups()
    scheme = SCHEMES.get(name)
    if scheme is None or (level == "class") is not (name == "lgtin"):
        known = sorted(other for other in SCHEMES if (other == "lgtin") is (level == "class"))
        return ParsedEpc(text, None, (Finding("EPC-02", expected=", ".join(known), got=f"{level}:{name}"),))
    return read(text, scheme, level, body)  # type: ignore[arg-type]  # the pattern has told the level


def read(text: str, scheme: Scheme, level: Level, body: str) -> ParsedEpc:
    """Read what stands behind the scheme: its parts, with dots between. The last may hold dots itself."""
    raw = body.split(".", len(scheme.parts) - 1)
    if len(raw) != len(scheme.parts):
        names = ".".join(part.name.replace(" ", "-") for part in scheme.parts)
        return ParsedEpc(text, None, (Finding("EPC-01", expected=f"{scheme.name}:{names}", got=text),))
    findings = [Finding("EPC-04", got=match[0], params=WHAT) for match in [_BARE.search(body)] if match is not None]
    parts = tuple(unquote(part, errors="surrogateescape") for part in raw)
    told = len(parts)
    while level == "idpat" and told and raw[told - 1] == "*":
        told -= 1
    findings += _faults(scheme, parts[:told])
    if has_error(findings):
        return ParsedEpc(text, None, tuple(findings))
    epc = Epc(scheme.name, (*parts[:told], *[None] * (len(parts) - told)), level)
    return ParsedEpc(text, epc, (*findings, *_remarks(epc)))


def of(elements: Sequence[tuple[str, str]], prefix_length: int | None = None) -> Epc:
    """The most exact EPC of these element strings: one thing where they hold its serial, else the lot, else the pattern of all.

    `prefix_length` are the digits of the company prefix; null: as GS1 has published it. Raises ValueError where there is no key
    with an EPC scheme, its length is unknown, or a value is not what the scheme holds.
    """
    values = dict(elements)
    key = next((ai for ai, _ in elements if ai in _BY_KEY), None)
    if key is None:
        raise ValueError("no element is a key with an EPC scheme")
    name = next((name for ai, name in _GTIN_SERIALS if ai in values), "sgtin") if key == "01" else _BY_KEY[key]
    scheme = SCHEMES[name]
    value = values[key].removeprefix(scheme.filler)
    lead, rest = (value[:1], value[1:]) if scheme.leading else ("", value)
    told = prefix_length or (company_prefix.gtin_length(value) if key in ("01", "8006") else company_prefix.length(rest))
    if told is None:
        raise ValueError(f"how long the company prefix of ({key}) {value} is has not been published; tell its length")
    prefix, behind = rest[:told], rest[told:]
    parts: list[str | None] = [prefix]
    if scheme.digits is None:
        parts.append(behind)
    else:
        end = scheme.digits - told - len(lead)
        parts.append(lead + behind[:end])
        parts += _tail(scheme, behind[end + 1 :])
    if scheme.serial is not None:
        parts.append(values.get(scheme.serial, "0" if scheme.name == "sgln" else None))
    level: Level = "class" if name == "lgtin" else "idpat" if None in parts else "id"
    epc = Epc(name, tuple(parts), level)
    faults = _faults(scheme, [part for part in parts if part is not None])
    if faults or values[key] != epc.elements[0][1]:
        raise ValueError(faults[0].text() if faults else f"({key}) {values[key]} has not the digits of its check")
    return epc


def escape(text: str) -> str:
    """A part of a URI with what must not stand bare in it escaped."""
    return "".join(f"%{ord(character):02X}" if character in _ESCAPED else character for character in text)


_BY_KEY = {scheme.key: name for name, scheme in reversed(SCHEMES.items()) if scheme.key is not None}
"""Scheme by the AI of its key: of several the one that stands first in the table."""


def _tail(scheme: Scheme, text: str) -> list[str | None]:
    """What stands behind the check digit in the same element string; null for a serial that is not there."""
    if not scheme.appended:
        return []
    return [text[:2], text[2:]] if scheme.name == "itip" else [text or None]


def _faults(scheme: Scheme, parts: Sequence[str]) -> list[Finding]:
    """What is wrong with parts, which may be fewer than the scheme has where the rest is open."""
    findings = [
        Finding("EPC-03", expected=part.form, got=value, params={"what": f"{scheme.name} {part.name}"})
        for part, value in zip(scheme.parts, parts, strict=False)
        if not part.holds(value)
    ]
    if not findings and scheme.key is not None and len(parts) > 1:
        count = len(parts[0]) + len(parts[1])
        if scheme.digits is not None and count != scheme.digits:
            findings.append(Finding("EPC-03", expected=f"{scheme.digits} digits", got=f"{parts[0]}.{parts[1]}", params=_together(scheme)))
        elif scheme.longest and count > scheme.longest:
            wanted = f"up to {scheme.longest} characters"
            findings.append(Finding("EPC-03", expected=wanted, got=f"{parts[0]}.{parts[1]}", params=_together(scheme)))
    return findings


def _together(scheme: Scheme) -> dict[str, str]:
    return {"what": f"{scheme.name} company prefix and reference"}


def _remarks(epc: Epc) -> list[Finding]:
    """What may well be a mistake, but does not make the URI unreadable."""
    first, *more = epc.parts
    if first is None:
        return []
    if epc.scheme in _CHECKS:
        expected = _CHECKS[epc.scheme](first)
        return (
            [Finding("EPC-05", expected=expected, got=first[-1], params={"what": epc.scheme, "value": first})]
            if first[-1] != expected
            else []
        )
    scheme = SCHEMES[epc.scheme]
    if scheme.key is None or (scheme.key in ("01", "8006") and first.startswith("00000")):
        return []
    published = company_prefix.length(first + (more[0] or "")[scheme.leading :])
    return [Finding("EPC-06", expected=str(published), got=first, params=WHAT)] if published not in (None, len(first)) else []


def _elements(scheme: Scheme, parts: tuple[str | None, ...]) -> tuple[tuple[str, str], ...]:
    prefix, reference, *more = (*parts, None)
    if scheme.key is None or prefix is None or reference is None:
        return ()
    own = more[-2] if scheme.serial is not None else None
    behind = more[:-2] if scheme.serial is not None else more[:-1]
    if scheme.digits is None:
        key = prefix + reference
    else:
        data = reference[:1] + prefix + reference[1:] if scheme.leading else prefix + reference
        key = scheme.filler + data + check_digit(data)
    if scheme.name == "itip" and None in behind:  # piece and total belong to the key
        return ()
    key += "".join(part or "" for part in behind)
    if scheme.serial is None or own is None or (scheme.name == "sgln" and own == "0"):
        return ((scheme.key, key),)
    return ((scheme.key, key), (scheme.serial, own))


def _container_check(code: str) -> str:
    """The last digit of a container code: letters count 10, 12, 13... without multiples of 11, doubled at each place (ISO 6346 3.2)."""
    total = 0
    for place, character in enumerate(code[:10]):
        value = int(character, 36)
        total += (value + max(value - 1, 0) // 10) << place
    return str(total % 11 % 10)


def _vessel_check(number: str) -> str:
    """The last digit of an IMO number: the other six times 7, 6, 5... (IMO resolution A.1117(30))."""
    return str(sum(int(digit) * weight for digit, weight in zip(number[:6], range(7, 1, -1), strict=True)) % 10)


_CHECKS = {"bic": _container_check, "imovn": _vessel_check}
