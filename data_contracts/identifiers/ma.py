"""MA codes (IDcode) of ZIIOT, one of China's three issuing agencies: 医疗器械唯一标识的 MA 码.

    MA.156.M0.100200.53339989.S0B47A4.M230405.LYAX4119A.E250404.C6
    │  │   │  └ registrant    └ serial  └ made   └ lot    └ expiry └ check of the PI
    │  │   └ medical devices  └ package 1, item 6, check 1
    │  └ China                  └────────────── the DI ends here

Both checks are Luhn's over the digits of the characters' places in an alphabet of 75. ZIIOT gives codes out by its own service
only: the hub reads and checks, and makes none.
"""

from __future__ import annotations

import re
from datetime import date

from data_contracts.identifiers.carrier import ParsedCarrier, Reading
from data_contracts.identifiers.dates import day_of, is_day

WHAT = "MA"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg__hijklmnopqrstuvwxyz-.@$,*+%/#!^~"
_VALUES = {character: str(value) for value, character in enumerate(_ALPHABET) if character != "_"}
"""The agency's table leaves places 43 and 44 out (`_` here), so that `h` stands at 45."""
_DI = re.compile(r"MA\.156\.M0\.(?P<registrant>[0-9A-Za-z]{6})\.(?P<package>[0-9A-Za-z])(?P<item>[0-9A-Za-z]{6})(?P<check>[0-9])")
_UNITS = {
    "S": "serial", "M": "manufactured_on", "L": "lot", "D": "sterilisation_lot", "E": "expires_on", "V": "valid_until_on",
}  # fmt: skip
_DATED = ("manufactured_on", "expires_on", "valid_until_on")


def check_digit(text: str) -> str | None:
    """Luhn's digit over the places of the characters of `text`, the 2nd, 4th... from the right doubled; null when one has no place."""
    try:
        digits = "".join(_VALUES[character] for character in text)
    except KeyError:
        return None
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def is_di(text: str) -> bool:
    """Whether a text is a DI with the right check digit."""
    found = _DI.fullmatch(text)
    return found is not None and check_digit(text[:-1]) == found["check"]


def parse(text: str, today: date) -> ParsedCarrier:
    """Read an MA code: DI alone, or with production identifiers in any order and `.C` with their check at the end."""
    reading = Reading("cn_ma", WHAT, text)
    found = _DI.match(text)
    rest = text[found.end() :] if found is not None else ""
    if found is None or (rest and not rest.startswith(".")):
        reading.tell("UDI-11", text, "MA.156.M0.<6>.<package 1><item 6><check 1>")
        return reading.done()
    reading.di = found[0]
    reading.parts.update({name: value for name, value in found.groupdict().items() if name != "check"})
    if (expected := check_digit(found[0][:-1])) != found["check"]:
        reading.tell("UDI-10", found["check"], expected)
    if rest:
        _production(reading, rest, today)
    return reading.done()


def _production(reading: Reading, rest: str, today: date) -> None:
    before, mark, check = rest.rpartition(".C")
    if not mark or len(check) != 1:
        reading.tell("UDI-11", rest, "production identifiers, .C and a check digit")
        before = rest
    elif (expected := check_digit(before)) != check:
        reading.tell("UDI-10", check, expected)
    for unit in before.split(".")[1:]:
        name, value = _UNITS.get(unit[:1]), unit[1:]
        if name is None or not value:
            reading.tell("UDI-13", unit)
        elif name in _DATED:
            _date(reading, name, value, today)
        else:
            reading.keep(name, value)


def _date(reading: Reading, name: str, value: str, today: date) -> None:
    day: str | None = None
    if value.isdigit() and value.isascii():
        if len(value) == 6:
            day = day_of(value, today.year, False)
        elif len(value) == 8:
            told = f"{value[:4]}-{value[4:6]}-{value[6:]}"
            day = told if is_day(told) else None
    if day is None:
        reading.tell("UDI-12", value, "YYMMDD or YYYYMMDD")
    else:
        reading.keep(name, day)
