"""Basic UDI-DI: names a group of devices of one design and purpose in EUDAMED, on certificates, never on a label (MDR annex VI part C).

    08717438CreamBased8X            GS1: a Global Model Number (`gmn.py`)
    ++A999MODELIDENTIFIER11S8       HIBCC: ++, labeler, model of 1 to 17, the same pair of check characters over all of it
    PP12345ABCD.12345678.9004       IFA: PP, supplier, group of 1 to 16, the check digits of a PPN
    18 characters                   ICCBBA: how its check is made is not published, so that only the length is looked at

At most 25 characters with a check of the issuer's own (MDCG 2019-1). EUDAMED writes its own for legacy devices: `eudamed.py`.
"""

from __future__ import annotations

import re

from data_contracts.identifiers import gmn, ifa
from data_contracts.identifiers.carrier import ParsedCarrier, Reading
from data_contracts.identifiers.check_pair import check_pair

WHAT = "Basic UDI-DI"
LONGEST = 25
HIBCC_START = "++"
_HIBCC = re.compile(r"\+\+(?P<lic>[A-Z][A-Z0-9]{3})(?P<model>.{1,17})..", re.ASCII | re.DOTALL)
_IFA = re.compile(r"PP(?P<supplier>[0-9]{5})(?P<group>[0-9A-Z.]{1,16})[0-9]{2}", re.ASCII)
_ICCBBA = re.compile(r"[0-9A-Z]{18}", re.ASCII)


def issuer_of(text: str) -> str | None:
    """Whose Basic UDI-DI a text is by its form; null where the form is nobody's, or could be a chance."""
    if text.startswith(HIBCC_START):
        return "hibcc"
    if _IFA.fullmatch(text) is not None and ifa.check_digits(text[:-2]) == text[-2:]:
        return "ifa"
    return "gs1" if gmn.is_right(text) else None


def parse(text: str, issuer: str | None = None) -> ParsedCarrier:
    """Read a Basic UDI-DI; `issuer` of `gs1`, `hibcc`, `ifa`, `iccbba` where it is known. Findings UDI-10, UDI-11, UDI-17."""
    chosen = issuer or issuer_of(text) or ("iccbba" if _ICCBBA.fullmatch(text) is not None else "gs1")
    reading = Reading(chosen, WHAT, text)
    {"hibcc": _hibcc, "ifa": _ifa, "iccbba": _iccbba}.get(chosen, _gs1)(reading, text)
    if not reading.findings or reading.findings[0].rule != "UDI-11":
        reading.parts["basic_udi_di"] = text
    return reading.done()


def _gs1(reading: Reading, text: str) -> None:
    read = gmn.parse(text)
    if read.value is None:
        reading.tell("UDI-11", text, "5 digits, up to 18 characters of GS1 set 82, 2 check characters")
        return
    if not read.valid:
        reading.tell("UDI-10", text[-2:], check_pair(text[:-2]))
    reading.parts["gmn"] = text


def _hibcc(reading: Reading, text: str) -> None:
    found = _HIBCC.fullmatch(text)
    expected = check_pair(text[:-2])
    if found is None or expected is None:
        reading.tell("UDI-11", text, "++, 4 characters of the labeler, model of 1 to 17, 2 check characters")
        return
    reading.parts.update(found.groupdict())
    if expected != text[-2:]:
        reading.tell("UDI-10", text[-2:], expected)


def _ifa(reading: Reading, text: str) -> None:
    found = _IFA.fullmatch(text)
    if found is None:
        reading.tell("UDI-11", text, "PP, 5 digits of the supplier, group of 1 to 16, 2 check digits")
        return
    reading.parts.update(found.groupdict())
    if (expected := ifa.check_digits(text[:-2])) != text[-2:]:
        reading.tell("UDI-10", text[-2:], expected)


def _iccbba(reading: Reading, text: str) -> None:
    if _ICCBBA.fullmatch(text) is None:
        reading.tell("UDI-11", text, "18 of 0-9 A-Z")
    else:
        reading.tell("UDI-17", text)
