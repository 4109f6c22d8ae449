"""ISBT 128, the labels of ICCBBA for blood, cells, tissues and devices of human origin: data structures one after the other.

    =/A9999XYZ100T0944=,000025=>014032
     │FIN(P) facility product   │serial  └ expiry 2014, day 032
     └ processor product identification code: the DI

Each begins with two characters that tell what follows and how long it is (ST-001). A compound message says first how many follow.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from data_contracts.identifiers.carrier import ParsedCarrier, Reading

WHAT = "ISBT 128"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_DIN = re.compile(r"=([A-NP-Z1-9][A-Z0-9]{4}[0-9]{8})([A-Z0-9]{2})", re.ASCII)
_STRUCTURES = (
    ("=+", 5, "compound"),
    ("=/", 16, "di"),
    ("=,", 6, "serial"),
    ("=>", 6, "expires_on"),
    ("=}", 6, "manufactured_on"),
    ("=)", 10, "container"),
    ("&,1", 18, "lot"),
    ("&)", 10, "container_lot"),
)
"""Data identifier, characters behind it, what it holds."""
_CENTURIES = {"0": 2000, "1": 2100, "9": 1900}


def din_check(din: str) -> str | None:
    """The check character of a donation identification number: ISO 7064 modulo 37, 2 (ST-001 appendix A).

    >>> din_check("G123498654321")
    'H'
    """
    total = 0
    for character in din:
        value = _ALPHABET.find(character)
        if value < 0 or value > 35:
            return None
        total = (total + value) * 2 % 37
    return _ALPHABET[(38 - total) % 37]


def din_flag(din: str) -> str | None:
    """The same as two flag characters, 60 and up (ST-001 7.1, type 3 flags)."""
    check = din_check(din)
    return None if check is None else str(60 + _ALPHABET.index(check))


def parse(text: str, today: date) -> ParsedCarrier:
    """Read the structures of a label. `today` is not asked: the dates say their century."""
    reading = Reading("iccbba", WHAT, text)
    place, structures = 0, 0
    while place < len(text):
        taken = _structure(reading, text, place)
        if taken == 0:
            return reading.done()
        place += taken
        structures += 1
    declared = reading.parts.get("compound_count")
    if declared is not None and int(declared) != structures - 1:
        reading.tell("UDI-11", str(structures - 1), f"{declared} structures behind =+")
    if reading.di is None:
        reading.tell("UDI-11", text, "=/ or =) with the device")
    return reading.done()


def _structure(reading: Reading, text: str, place: int) -> int:
    """Read one structure; returns its characters, 0 when it can't be told where it ends."""
    for mark, length, name in _STRUCTURES:
        if text.startswith(mark, place):
            value = text[place + len(mark) : place + len(mark) + length]
            if len(value) < length or not all(" " <= character <= "~" for character in value):
                reading.tell("UDI-11", mark + value, f"{length} characters behind {mark}")
                return 0
            _take(reading, name, value)
            return len(mark) + length
    found = _DIN.match(text, place)
    if found is None:
        reading.tell("UDI-13", text[place : place + 2])
        return 0
    reading.parts["din"] = found[1] + found[2]
    if found[2].isdigit() and 60 <= int(found[2]) <= 96 and din_flag(found[1]) != found[2]:
        reading.tell("UDI-10", found[2], din_flag(found[1]))
    return len(found[0])


def _take(reading: Reading, name: str, value: str) -> None:
    if name == "compound":
        if not value.isdigit():
            reading.tell("UDI-11", value, "5 digits")
            return
        reading.parts.update(compound_count=str(int(value[:2])), compound_reference=value[2:])
    elif name == "di":
        reading.di = value
        reading.parts.update(fin=value[:5], facility=value[5:11].strip(), product=value[11:])
    elif name == "container":
        reading.di = value
        reading.parts["container"] = "true"
    elif name in ("expires_on", "manufactured_on"):
        day = _day(value)
        if day is None:
            reading.tell("UDI-12", value, "cYYJJJ")
        else:
            reading.keep(name, day)
    else:
        reading.keep("lot" if name == "container_lot" else name, value.strip())


def _day(value: str) -> str | None:
    """cYYJJJ: century, year, day of the year."""
    if not (value.isdigit() and value.isascii()) or value[0] not in _CENTURIES:
        return None
    year, day = _CENTURIES[value[0]] + int(value[1:3]), int(value[3:])
    told = date(year, 1, 1) + timedelta(days=day - 1) if 1 <= day <= 366 else None
    return told.isoformat() if told is not None and told.year == year else None
