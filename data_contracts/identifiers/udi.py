"""The front door: any identifier or carrier text in, what it is out.

Reads GS1 (GTIN, GLN, SSCC, GSRN, GSIN, GMN, element strings, their bracketed form, scans with symbology identifier, Digital Links, EPC
URIs and what RFID tags hold), HIBCC's HIBC, ICCBBA's ISBT 128, IFA's PPN, China's MA and Ali Health, Basic UDI-DIs, what EUDAMED issues,
and bare UDI-DIs as registries file them. Whatever the writing, `device` of what comes out is the same for the same device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from data_contracts.findings import Finding, Language, has_error
from data_contracts.identifiers import (
    as_typed,
    basic_udi_di,
    bracketed,
    device_identifier,
    digital_link,
    element_string,
    epc,
    epc_tag,
    eudamed,
    gln,
    gmn,
    gsin,
    gsrn,
    gtin,
    hibc,
    ifa,
    isbt128,
    ma,
    scan,
    sscc,
)
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.carrier import ParsedCarrier
from data_contracts.identifiers.check_digit import is_digits
from data_contracts.identifiers.dates import day_of
from data_contracts.identifiers.device_identifier import DeviceIdentifier
from data_contracts.identifiers.parsed import ParsedKey, ParsedMessage

KINDS = (
    "gtin", "gln", "sscc", "gsrn", "gsin", "gmn", "element-string", "hri", "scan", "digital-link", "epc", "hibc", "isbt128", "ppn", "ma",
    "ahm", "basic-udi-di", "eudamed-di", "udi-di",
)  # fmt: skip
"""What a caller may name as `kind`."""

_KEYS: dict[str, Callable[[str], ParsedKey]] = {
    "gtin": gtin.parse,
    "gln": gln.parse,
    "sscc": sscc.parse,
    "gsrn": gsrn.parse,
    "gsin": gsin.parse,
    "gmn": gmn.parse,
}
_CARRIERS: dict[str, Callable[[str, date], ParsedCarrier]] = {
    "hibc": hibc.parse,
    "isbt128": isbt128.parse,
    "ppn": ifa.parse,
    "ma": ma.parse,
    "basic-udi-di": lambda text, today: basic_udi_di.parse(text),
    "eudamed-di": lambda text, today: eudamed.parse(text),
}
_STARTS = (
    (basic_udi_di.HIBCC_START, "basic-udi-di"), ("+", "hibc"), ("*+", "hibc"), ("=", "isbt128"), ("&", "isbt128"), ("MA.", "ma"),
    (ifa.HEAD, "ppn"), *((start, "eudamed-di") for start in eudamed.STARTS),
)  # fmt: skip
"""How the carriers of the other issuers begin."""
_MESSAGES: dict[str, Callable[..., ParsedMessage]] = {
    "element-string": element_string.parse,
    "hri": bracketed.parse,
    "scan": scan.parse,
    "digital-link": digital_link.parse,
}
_WEB = ("http://", "https://", "HTTP://", "HTTPS://")
_EPC = "urn:epc:"
_PURE = ("urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:")

_LINKED = {"gtin": "01", "sscc": "00", "gln": "414", "gsrn": "8018", "gsin": "402", "gmn": "8013"}
"""AI by which a key stands in a Digital Link; a GSRN as that of a recipient."""
PRODUCTION = (("lot", "10"), ("serial", "21"), ("software_version", "8012"), ("third_party_serial", "235"))
DATES = (("expires_on", "17"), ("manufactured_on", "11"), ("packed_on", "13"), ("best_before_on", "15"), ("sell_by_on", "16"))
PARTS = (("sscc", "00"), ("content_gtin", "02"), ("gln", "414"))
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identified:
    """What a text is. `di` and `pi` are the two halves of a UDI: which device, and which lot or unit of it.

    Dates are ISO days; `elements` keeps them raw.
    """

    input: str
    kind: str | None
    valid: bool
    issuer: str | None = None
    di: str | None = None
    pi: dict[str, str] = field(default_factory=dict)
    elements: tuple[tuple[str, str], ...] = ()
    parts: dict[str, str] = field(default_factory=dict)
    gtin: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def digital_link(self) -> str | None:
        """The canonical web address of a valid GS1 key with what qualifies it; null where these elements have none."""
        if not self.valid:
            return None
        elements = self.elements
        if not elements and self.gtin is not None:
            elements = (("01", self.gtin),)
        elif not elements and self.kind in _LINKED and self.kind in self.parts:
            elements = ((_LINKED[self.kind], self.parts[self.kind]),)
        try:
            return digital_link.write(elements)
        except ValueError:
            return None

    @property
    def device(self) -> DeviceIdentifier | None:
        """Which device it is, in the form in which devices are compared; null where it names none."""
        return DeviceIdentifier(self.issuer, self.di) if self.issuer is not None and self.di is not None else None

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """The public shape of `udihub udi --json`; scripts depend on it."""
        return {
            "input": self.input,
            "kind": self.kind,
            "valid": self.valid,
            "issuer": self.issuer,
            "di": self.di,
            "pi": dict(self.pi),
            "elements": [[ai, value] for ai, value in self.elements],
            "parts": dict(self.parts),
            "gtin": self.gtin,
            "digital_link": self.digital_link,
            "findings": [finding.as_json(language) for finding in self.findings],
        }


def identify(text: str, kind: str | None = None, strict: bool = True, *, today: date) -> Identified:
    """Tell what an identifier is and read it. `kind` forces one of `KINDS`; any other raises ValueError.

    Strict: an invalid text gives findings and no fields. Lenient (`strict=False`): what keyboards and scanners make of a text is undone
    (findings UDI-03, UDI-16), a bare UDI-DI is taken too, and fields are given beside the findings. `today` settles the century of
    two-digit years.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    data, findings = (text, []) if strict else as_typed.clean(text, numeric=kind in (None, "udi-di", *_KEYS))
    chosen = kind or _kind_of(data)
    if chosen == "scan" and scan.read(data).carries in (None, "text") and _AIM.match(data) is not None:
        return _inside(text, data, findings, strict, today)
    if chosen in _KEYS:
        filed = device_identifier.read(data) if kind is None and not strict else None
        if filed is not None and filed.issuer != "gs1":
            return _filed(text, None, filed, findings)  # digits with the check of a PPN and not that of a GTIN
        return _key(text, chosen, _KEYS[chosen](data), findings, strict)
    if chosen in _MESSAGES:
        return _message(text, chosen, _read(chosen, data, findings, strict), findings, strict, today)
    if chosen in _CARRIERS:
        return _carrier(text, chosen, _CARRIERS[chosen](data, today), findings, strict)
    if chosen == "epc":
        return _epc(text, data, findings, strict, today)
    if chosen == "ahm":
        return _filed(text, "ahm", device_identifier.read(data, "cn_ahm"), findings)
    if chosen == "udi-di" or not strict:
        return _filed(text, chosen, device_identifier.read(data), findings)
    return Identified(text, None, False, findings=(Finding("UDI-01", got=text),))


def identify_label(texts: Sequence[str], strict: bool = True, *, today: date) -> Identified:
    """Read one label whose identifiers stand in several symbols: a GTIN in one and lot and date in another, HIBC's primary and secondary,
    or the data structures of ISBT 128. GS1's rules on pairs are for all of them together (General Specifications 4.13); HIBC's link ties
    its two (2.3.2.5); ISBT 128's structures are read as one message, device identifier first (ST-001).

    `texts` are the symbols as scanned, in any order; the rest is as in `identify`. `input` of the answer has them line by line.
    Raises ValueError where there is none.
    """
    if not texts:
        raise ValueError("a label has at least one symbol")
    if len(texts) == 1:
        return identify(texts[0], strict=strict, today=today)
    findings: list[Finding] = []
    elements: list[tuple[str, str]] = []
    symbols: list[str] = []
    structures: list[str] = []
    for text in texts:
        data, told = (text, []) if strict else as_typed.clean(text, numeric=True)
        findings += told
        if scan.read(data).carries in (None, "text") and _AIM.match(data) is not None:
            data = data[3:]
        kind = _kind_of(data)
        if kind in ("hibc", "isbt128"):
            (symbols if kind == "hibc" else structures).append(data)
            continue
        message = _of_label(kind, data)
        elements += message.elements
        findings += message.findings
    joined = "\n".join(texts)
    if len(structures) == len(texts):
        structures.sort(key=lambda one: not one.startswith("=/"))
        return _carrier(joined, "isbt128", isbt128.parse("".join(structures), today), findings, strict)
    for one in structures:  # beside symbols of another issuer they are none of this label
        findings += _of_label("isbt128", one).findings
    if not symbols:
        return _message(joined, "element-string", ParsedMessage(joined, tuple(elements), judge(elements)), findings, strict, today)
    if elements or len(symbols) != 2:
        findings.append(Finding("UDI-11", expected="a primary and a secondary symbol", got=joined, params={"what": "HIBC"}))
    symbols.sort(key=lambda symbol: not symbol.lstrip("*+")[:1].isalpha())  # the primary begins with its labeler's letter
    read = hibc.parse_pair(symbols, today) if len(symbols) == 2 else hibc.parse(symbols[0], today)
    return _carrier(joined, "hibc", read, findings, strict)


def _of_label(kind: str | None, data: str) -> ParsedMessage:
    """The element strings of one symbol of several; what belongs together is not asked yet."""
    if kind in _MESSAGES:
        return _MESSAGES[kind](data, associations=False)
    key = _KEYS[kind](data) if kind in _LINKED else None
    if key is not None and key.valid and key.value is not None:
        return ParsedMessage(data, ((_LINKED[key.kind], key.value),))
    bare = element_string.parse(data, associations=False)  # a lot or a date, from a scanner that tells no symbology
    if bare.valid or key is None:
        return bare if bare.valid else ParsedMessage(data, (), (Finding("UDI-01", got=data),))
    return ParsedMessage(data, (), key.findings)


def _inside(text: str, data: str, findings: list[Finding], strict: bool, today: date) -> Identified:
    """What a symbol carries whose symbology identifier says nothing of GS1: HIBC in Code 128, a Digital Link in a plain QR code."""
    inner = data[3:]
    kind = _kind_of(inner)
    if kind in (None, "scan"):
        return Identified(text, "scan", False, findings=(*findings, Finding("GS1-14", got=data[:3])))
    found = identify(inner, kind, strict, today=today)
    return replace(found, input=text, kind="scan", findings=(*findings, *found.findings))


def _read(kind: str, data: str, findings: list[Finding], strict: bool) -> ParsedMessage:
    """Element strings; leniently also a Digital Link whose GTIN has 8, 12 or 13 digits, as older ones have."""
    message = _MESSAGES[kind](data)
    if kind == "digital-link" and not strict and not message.valid:
        padded = digital_link.parse(data, short_gtins=True)
        if padded.valid:
            findings.append(Finding("UDI-16", expected=padded.elements[0][1], got=data))
            return padded
    return message


def _filed(text: str, kind: str | None, device: DeviceIdentifier | None, findings: list[Finding]) -> Identified:
    """A bare UDI-DI as registries state it."""
    if device is None:
        unknown = Finding("UDI-04" if kind == "udi-di" else "UDI-01", got=text)
        return Identified(text, kind, False, findings=(*findings, unknown))
    item = device.di if device.issuer == "gs1" else None
    return Identified(text, kind or "udi-di", True, device.issuer, device.di, gtin=item, findings=tuple(findings))


def _kind_of(text: str) -> str | None:
    """The kind that a text shows by how it begins. 13 digits may be a GTIN or a GLN: read as GTIN unless told."""
    if text.startswith("]"):
        return "scan"
    if text.startswith(_WEB):
        return "digital-link"
    if text.startswith(_EPC):
        return "epc"
    if text.startswith(element_string.ENVELOPE):
        return "element-string"
    carrier = next((kind for start, kind in _STARTS if text.startswith(start)), None)
    if carrier is not None:
        return carrier
    if text.startswith("("):
        return "hri"
    if text.startswith(("^", element_string.GS)) or element_string.GS in text:
        return "element-string"
    if is_digits(text):
        if len(text) in gtin.LENGTHS:
            return "gtin"
        if len(text) == sscc.LENGTH and sscc.is_right(text):
            return "sscc"
    if text[:2] in ("00", "01", "02") and is_digits(text[:16]) and len(text) >= 16:
        return "element-string"
    if is_digits(text) and (len(text) == sscc.LENGTH or 7 <= len(text) <= 15):
        return "sscc" if len(text) == sscc.LENGTH else "gtin"
    if epc_tag.may_be_memory(text):
        return "epc"
    return {None: None, "gs1": "gmn"}.get(basic_udi_di.issuer_of(text), "basic-udi-di")


def _key(text: str, kind: str, key: ParsedKey, findings: list[Finding], strict: bool) -> Identified:
    together = (*findings, *key.findings)
    valid = not has_error(together)
    value = key.value if valid or not strict else None
    item = value if kind == "gtin" else None
    parts = {kind: value} if value is not None and kind != "gtin" else {}
    return Identified(text, kind, valid, "gs1", item, parts=parts, gtin=item, findings=together)


def _carrier(text: str, kind: str, read: ParsedCarrier, findings: list[Finding], strict: bool) -> Identified:
    together = (*findings, *read.findings)
    valid = not has_error(together)
    if strict and not valid:
        return Identified(text, kind, False, read.issuer, findings=together)
    return Identified(text, kind, valid, read.issuer, read.di, read.pi, parts=read.parts, findings=together)


def _epc(text: str, data: str, findings: list[Finding], strict: bool, today: date) -> Identified:
    read = epc.parse(data) if data.startswith(_PURE) else epc_tag.parse(data)
    if read.epc is None:
        return Identified(text, "epc", False, findings=(*findings, *read.findings))
    parts = {"scheme": read.epc.scheme, "epc": read.epc.uri} | ({"tag": read.tag} if read.tag else {})
    elements = read.epc.elements
    if not elements:  # a number of somebody else than GS1, or a pattern that names no key
        return Identified(text, "epc", read.valid, parts=parts, findings=(*findings, *read.findings))
    found = _message(text, "epc", ParsedMessage(data, elements, read.findings), findings, strict, today)
    return replace(found, parts={**parts, **found.parts})


def _message(text: str, kind: str, message: ParsedMessage, findings: list[Finding], strict: bool, today: date) -> Identified:
    together = (*findings, *message.findings)
    valid = not has_error(together)
    if strict and not valid:
        return Identified(text, kind, False, "gs1", findings=together)
    first: dict[str, str] = {}
    for ai, value in message.elements:
        first.setdefault(ai, value)
    production = {name: first[ai] for name, ai in PRODUCTION if ai in first}
    for name, ai in DATES:
        if ai in first and len(first[ai]) == 6 and is_digits(first[ai]) and (day := day_of(first[ai], today.year)):
            production[name] = day
    moment = first.get("7003", "")
    if len(moment) == 10 and is_digits(moment) and (day := day_of(moment[:6], today.year, False)):
        production.setdefault("expires_on", day)
    item = first.get("01")
    if item is not None and not (len(item) == 14 and is_digits(item)):
        item = gtin.normal(item)  # the lenient reading of brackets typed by hand: (01)6926365598003
    parts = {name: first[ai] for name, ai in PARTS if ai in first}
    return Identified(text, kind, valid, "gs1", item, production, message.elements, parts, item, together)
