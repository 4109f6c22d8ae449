"""Checks of single members: one value in, what is wrong with it out.

Values that passed are remembered by kind, so that the second line with the same GTIN, unit or date costs one look-up. The
memory is bounded: when full it is emptied, which only costs time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from data_contracts.codes import is_country, is_currency, unit
from data_contracts.findings import Finding
from data_contracts.identifiers import device_identifier, gln, gtin, sscc
from data_contracts.identifiers.components import CSET82
from data_contracts.identifiers.dates import is_day
from data_contracts.rules.shapes import Member

LIMIT = Decimal(10) ** 12
"""Exact numbers have at most 12 digits before the point and 6 after: 18 digits fit the store's 64-bit integer."""
REMEMBERED = 50_000

_CSET82 = re.compile(f"[{re.escape(CSET82)}]{{1,20}}")
_PARTIAL = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?")
_FILLERS = frozenset(digit * length for digit in "09" for length in (8, 12, 13, 14, 18))


class Fault(NamedTuple):
    """What is wrong with a value: everything of a finding but its place."""

    rule: str
    expected: str | None = None
    got: str | None = None
    params: Mapping[str, str] = {}


def _from(finding: Finding, rule: str | None = None) -> Fault:
    return Fault(rule or finding.rule, finding.expected, finding.got, finding.params)


def _gtin(value: str) -> list[Fault]:
    if value in _FILLERS:
        return [Fault("GS1-15", got=value, params={"what": "GTIN"})]
    read = gtin.parse(value)
    if read.findings:
        return [_from(finding) for finding in read.findings]
    return [Fault("GS1-16", got=value)] if read.value and _restricted(read.value) else []


def _restricted(gtin14: str) -> bool:
    """GS1 prefixes of numbers that only count within a company or region; a GTIN-8 has prefixes of its own."""
    if gtin14.startswith("000000"):
        return gtin14[6] in "02"
    return gtin14[1:3] in ("02", "04") or gtin14[1] == "2"


def _gln(value: str, wrong_digit: str, wrong_form: str) -> list[Fault]:
    if value in _FILLERS:
        return [Fault(wrong_form, str(gln.LENGTH), value, {"what": "GLN"})]
    return [_from(finding, wrong_digit if finding.rule == "GS1-01" else wrong_form) for finding in gln.parse(value).findings]


def _gln_place(value: str) -> list[Fault]:
    return _gln(value, "GLN-01", "GLN-02")


def _gln_party(value: str) -> list[Fault]:
    return [Fault("GLN-03", str(gln.LENGTH), value)] if value in _FILLERS or not gln.is_right(value) else []


def _sscc(value: str) -> list[Fault]:
    if value in _FILLERS:
        return [Fault("GS1-15", got=value, params={"what": "SSCC"})]
    return [_from(finding, "SSCC-01" if finding.rule == "GS1-01" else "SSCC-02") for finding in sscc.parse(value).findings]


def _udi_di(value: str) -> list[Fault]:
    return [] if device_identifier.read(value) is not None else [Fault("UDI-04", got=value)]


def _text(value: str) -> list[Fault]:
    """Control characters and halves of surrogate pairs are no text: databases and XML refuse them."""
    if value.isprintable():
        return []
    for character in value:
        code = ord(character)
        if (code < 0x20 and character not in "\t\n\r") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            return [Fault("TXT-01", got=f"U+{code:04X}")]
    return []


def _key(value: str) -> list[Fault]:
    return _text(value) if value.strip() else [Fault("DOC-01", got=value)]


def _lot(value: str) -> list[Fault]:
    if not value.strip():
        return [Fault("DOC-07", expected="1-20", got=value)]
    return _text(value) or ([] if _CSET82.fullmatch(value) else [Fault("LOT-05", got=value)])


def _serials(value: list[Any]) -> list[Fault]:
    faults = []
    seen: set[str] = set()
    for serial in value:
        if serial.__class__ is not str or not serial.strip():
            faults.append(Fault("DOC-07", expected="text", got=str(serial)))
            continue
        if serial in seen:
            faults.append(Fault("SER-03", got=serial))
        seen.add(serial)
        if _CSET82.fullmatch(serial) is None:
            faults += _text(serial) or [Fault("SER-01", got=serial)]
    return faults


def _texts(value: list[Any]) -> list[Fault]:
    """Values of a list that are no serials: codes, methods."""
    faults = []
    for text in value:
        faults += _key(text) if text.__class__ is str else [Fault("DOC-07", expected="text", got=str(text))]
    return faults


def _date(value: str) -> list[Fault]:
    if _PARTIAL.fullmatch(value) and value[:4] != "0000" and (len(value) == 7 or is_day(value)):
        return []
    return [Fault("DTE-01", expected="YYYY-MM-DD, YYYY-MM", got=value)]


def _moment(value: datetime) -> list[Fault]:
    return [] if value.utcoffset() is not None else [Fault("DTE-03", got=value.isoformat())]


def _unit(value: str) -> list[Fault]:
    if not value.strip():
        return [Fault("DOC-01", got=value)]
    return _text(value) or ([] if unit(value) is not None else [Fault("UOM-01", got=value)])


def _currency(value: str) -> list[Fault]:
    return [] if is_currency(value) else [Fault("CUR-01", got=value)]


def _country(value: str) -> list[Fault]:
    return [] if is_country(value) else [Fault("CTY-01", got=value)]


def _fits(value: Decimal) -> bool:
    """At most 12 digits before and 6 after the point; trailing zeros do not count, NaN and infinity do not fit."""
    if not value.is_finite() or not -LIMIT < value < LIMIT:
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and (exponent >= -6 or value == value.quantize(Decimal("0.000001")))


def _quantity(value: Decimal) -> list[Fault]:
    """A number that the store can hold exactly. Its sign is judged with the line, which knows what zero would mean."""
    return [] if _fits(value) else [Fault("QTY-01", expected="≤ 12.6", got=str(value))]


def _part(value: Decimal) -> list[Fault]:
    return [] if _fits(value) and value >= 0 else [Fault("QTY-01", expected="≥ 0", got=str(value))]


def _price(value: Decimal) -> list[Fault]:
    return [] if _fits(value) and value >= 0 else [Fault("PRC-01", expected="≥ 0", got=str(value))]


def _total(value: Decimal) -> list[Fault]:
    return [] if _fits(value) else [Fault("PRC-01", expected="≤ 12.6", got=str(value))]


def _anything(value: Any) -> list[Fault]:
    return []


CHECKS: dict[str, Callable[[Any], list[Fault]]] = {
    "gtin": _gtin,
    "gln_place": _gln_place,
    "gln_party": _gln_party,
    "sscc": _sscc,
    "udi_di": _udi_di,
    "text": _text,
    "key": _key,
    "lot": _lot,
    "serials": _serials,
    "texts": _texts,
    "date": _date,
    "moment": _moment,
    "unit": _unit,
    "currency": _currency,
    "country": _country,
    "quantity": _quantity,
    "part": _part,
    "measure": _quantity,
    "price": _price,
    "total": _total,
    "int": _anything,
    "bool": _anything,
}
"""Check by kind of member. `choice`, `record` and `records` are judged by `faults` and by the walk."""

REMEMBER = frozenset(CHECKS) - {"moment", "int", "bool", "serials", "texts", "text", "key", "lot"}
"""Kinds whose good values are remembered. A fraction of a quantity is not: its unit decides (`lines.py`).
Nor are texts and lots, which are told good as quickly."""

good: dict[str, set[Any]] = {kind: set() for kind in REMEMBER}
"""Values that passed, by kind."""


def _clear_key(value: str) -> bool:
    return value.isprintable() and bool(value.strip())


def _clear_moment(value: datetime) -> bool:
    return value.utcoffset() is not None


def _clear_gtin(value: str) -> bool:
    gtin14 = gtin.normal(value)
    return gtin14 is not None and value not in _FILLERS and not _restricted(gtin14)


def _clear_sscc(value: str) -> bool:
    return sscc.is_right(value) and value not in _FILLERS


CLEAR: dict[str, Callable[[Any], object]] = {
    "text": str.isprintable,
    "key": _clear_key,
    "lot": _CSET82.fullmatch,
    "gtin": _clear_gtin,
    "sscc": _clear_sscc,
    "moment": _clear_moment,
}
"""Quick checks of values of the right class: what they pass (anything true), the check of the kind passes too. The rest goes there."""

_NOT_A_NUMBER = {"quantity": "QTY-01", "part": "QTY-01", "measure": "QTY-01", "price": "PRC-01", "total": "PRC-01"}


def faults(member: Member, value: Any) -> list[Fault]:
    """Everything wrong with the value of a member: its type, then its content."""
    if value is None:
        return [] if member.nullable else [Fault("DOC-01")]
    if member.kind == "choice":
        return (
            [] if isinstance(value, str) and value in member.choices else [Fault("DOC-07", ", ".join(sorted(member.choices)), str(value))]
        )
    if not isinstance(value, member.type) or (member.type is int and isinstance(value, bool)):
        return [Fault(_NOT_A_NUMBER.get(member.kind, "DOC-07"), member.type.__name__, str(value))]
    found = CHECKS[member.kind](value)
    if not found and member.kind in REMEMBER and value.__class__ is member.type and _plain(member.kind, value):
        remember(good[member.kind], value)
    return found


def remember(passed: Any, value: Any) -> None:
    """Keep a value that passed."""
    if len(passed) >= REMEMBERED:
        passed.clear()
    passed.add(value)


def _plain(kind: str, value: Any) -> bool:
    """Whether the fast path may pass the value without looking at its line: quantities must be whole and above zero."""
    return kind != "quantity" or (value > 0 and value % 1 == 0)
