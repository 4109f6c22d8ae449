"""What a scanner sends: the AIM symbology identifier (ISO/IEC 15424), then the symbol's data (General Specifications 7.8).

Some symbologies say by their modifier that the data are GS1 element strings; EAN/UPC symbols are a GTIN; the others carry
any text, such as a web address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data_contracts.findings import Finding
from data_contracts.identifiers import element_string, gtin
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.parsed import ParsedMessage

_SYMBOLOGIES: dict[str, tuple[str, Literal["elements", "gtin", "text"]]] = {
    "]C1": ("GS1-128", "elements"),
    "]e0": ("DataBar", "elements"),
    "]d2": ("DM", "elements"),
    "]Q3": ("QR", "elements"),
    "]J1": ("DotCode", "elements"),
    "]E0": ("EAN13", "gtin"),
    "]E3": ("EAN13", "gtin"),
    "]E4": ("EAN8", "gtin"),
    "]C0": ("Code128", "text"),
    "]d1": ("DM", "text"),
    "]Q1": ("QR", "text"),
    "]J0": ("DotCode", "text"),
}
_WITH_ADD_ON = {15: 13, 18: 13}
"""Digits of an EAN-13 symbol that is sent with its add-on of 2 or 5 digits, as one text, and of its GTIN."""
_COMPOSITE = "|]e0"
"""Joins the linear and the two-dimensional part of a composite symbol when both are sent as one text."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One symbol as scanned.

    `data` is what it holds, with `^` for FNC1 as the GS1 syntax engine writes it: a leading `^` marks element strings, `\\^`
    a text that begins with `^` itself, `|` parts a composite symbol.
    """

    symbology: str | None
    carries: Literal["elements", "gtin", "text"] | None
    data: str
    text: str


def read(text: str) -> Scan:
    """Take the symbology identifier off. `symbology` is null when it is none that carries GS1 data."""
    entry = _SYMBOLOGIES.get(text[:3])
    if entry is None:
        return Scan(None, None, text, text)
    symbology, carries = entry
    data = text[3:]
    if carries == "elements":
        return Scan(symbology, carries, "^" + data.replace(element_string.GS, "^"), text)
    if text.startswith("]E3"):  # the add-on numbers issues of magazines, and names no thing
        data = data[: _WITH_ADD_ON.get(len(data), 0)]
    if carries == "gtin":
        linear, joint, composite = data.partition(_COMPOSITE)
        if joint:
            return Scan(symbology, carries, f"{linear}|^{composite.replace(element_string.GS, '^')}", text)
    if data.startswith("^"):
        data = "\\" + data
    return Scan(symbology, carries, data, text)


def parse(text: str, *, associations: bool = True) -> ParsedMessage:
    """The element strings of a scan. An EAN/UPC symbol becomes (01). Finding GS1-14 when it carries no GS1 elements."""
    entry = _SYMBOLOGIES.get(text[:3])
    if entry is not None and entry[1] == "elements":
        if "^" in text:
            # `^` is only how documentation writes FNC1; a scanner sends GS, and set 82 has no `^`.
            stray = Finding("GS1-05", expected="GS1 character set 82", got="^", params={"what": text[:3]})
            return ParsedMessage(text, (), (stray,))
        message = element_string.parse(text[3:], associations=associations)
        return ParsedMessage(text, message.elements, message.findings)
    scanned = read(text)
    if scanned.carries == "gtin":
        linear, joint, composite = scanned.data.partition("|")
        key = gtin.parse(linear)
        elements = (("01", key.value),) if key.value else ()
        if not joint:
            return ParsedMessage(text, elements, key.findings)
        rest = element_string.parse(composite, associations=False)
        together = (*elements, *rest.elements)
        findings = (*key.findings, *rest.findings)
        if associations:
            findings += judge(together)
        return ParsedMessage(text, together, findings)
    return ParsedMessage(text, (), (Finding("GS1-14", got=text[:3]),))
