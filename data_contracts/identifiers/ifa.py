"""PPN, the pharmacy product numbers of IFA: a number with two check digits, and its carrier with lot, serial and expiry.

    [)>␞06␝9N111234568408␝1TA-1␝S4711␝D281231␞␄     (␝ GS, ␞ RS, ␄ EOT: ISO/IEC 15434, format 06)

The first two characters are the agency of the country (11 is Germany's PZN). The check is the sum of each character's code times
2, 3, 4... modulo 97 (IFA, check digit calculation).
"""

from __future__ import annotations

import re
from datetime import date

from data_contracts.identifiers.carrier import ParsedCarrier, Reading
from data_contracts.identifiers.dates import day_of, is_day

WHAT = "PPN"
HEAD, GS, RS, EOT = "[)>", "\x1d", "\x1e", "\x04"
_PPN = re.compile(r"[0-9A-Z]{2}[0-9A-Z.\-]{2,18}[0-9]{2}", re.ASCII)
_FIELDS = (("16D", "manufactured_on"), ("9N", "ppn"), ("1T", "lot"), ("S", "serial"), ("D", "expires_on"))
_MOST = 20


def check_digits(data: str) -> str:
    """The two digits that belong behind a PPN without them.

    >>> check_digits("1112345684")
    '08'
    """
    return f"{sum(ord(character) * weight for weight, character in enumerate(data, start=2)) % 97:02}"


def parse_ppn(text: str) -> ParsedCarrier:
    """Read a bare PPN."""
    reading = Reading("ifa", WHAT, text)
    _ppn(reading, text)
    return reading.done()


def parse(text: str, today: date) -> ParsedCarrier:
    """Read the carrier, or a bare PPN."""
    if not text.startswith(HEAD):
        return parse_ppn(text)
    reading = Reading("ifa", WHAT, text)
    start, end = f"{HEAD}{RS}06{GS}", f"{RS}{EOT}"
    if not (text.startswith(start) and text.endswith(end)):
        reading.tell("UDI-11", text, "[)> RS 06 GS ... RS EOT")
        return reading.done()
    for segment in text[len(start) : -len(end)].split(GS):
        name, value = next(((name, segment[len(mark) :]) for mark, name in _FIELDS if segment.startswith(mark)), ("", segment))
        if not name:
            reading.tell("UDI-13", segment)
        elif name == "ppn":
            _ppn(reading, value)
        elif name in ("lot", "serial"):
            if not value or len(value) > _MOST:
                reading.tell("UDI-11", segment, f"1 to {_MOST} characters")
            reading.keep(name, value)
        else:
            _date(reading, name, value, today)
    if reading.di is None and not reading.findings:
        reading.tell("UDI-11", text, "9N and the PPN")
    return reading.done()


def _ppn(reading: Reading, text: str) -> None:
    if _PPN.fullmatch(text) is None:
        reading.tell("UDI-11", text, "2 characters of the agency, number, 2 check digits; 0-9 A-Z")
        return
    if (expected := check_digits(text[:-2])) != text[-2:]:
        reading.tell("UDI-10", text[-2:], expected)
    reading.di = text
    reading.parts.update(ppn=text, agency=text[:2], number=text[2:-2])


def _date(reading: Reading, name: str, value: str, today: date) -> None:
    day: str | None = None
    if value.isdigit() and value.isascii():
        if name == "expires_on" and len(value) == 6:
            day = day_of(value, today.year)
        elif name == "manufactured_on" and len(value) == 8:
            told = f"{value[:4]}-{value[4:6]}-{value[6:]}"
            day = told if is_day(told) else None
    if day is None:
        reading.tell("UDI-12", value, "YYMMDD" if name == "expires_on" else "YYYYMMDD")
    else:
        reading.keep(name, day)
