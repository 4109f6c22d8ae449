"""HIBC LIC, the labels of HIBCC: a primary symbol names the device, a secondary one its lot, serial and dates (ANSI/HIBC 2.6).

    +A99912345/$$52001510X33
     └LIC┘└PCN┘└ unit of measure, 0 the unit itself
              └ expiry 2020, day 015, lot 10X3, check character 3

Both stand joined by `/` with one check character at the end, or apart, each with its own; the second is then tied to the first
by the link, the check character of the primary. The check is the sum of all characters' values modulo 43 (2.3.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from data_contracts.identifiers.carrier import ParsedCarrier, Reading
from data_contracts.identifiers.dates import full_year, is_day

WHAT = "HIBC"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_PRIMARY = re.compile(r"(?P<lic>[A-Z][A-Z0-9]{3})(?P<pcn>[A-Z0-9]{1,18})(?P<uom>[0-9])", re.ASCII)
_FORM = "letter + 3 characters, 1 to 18 characters, unit of measure 0-9"
_LOT = 18


def check_character(text: str) -> str | None:
    """The character that belongs behind `text` (which begins with `+`); null when it has one outside the alphabet.

    >>> check_character("+A99912345/$$52001510X3")
    '3'
    """
    try:
        return _ALPHABET[sum(_VALUES[character] for character in text) % 43]
    except KeyError:
        return None


def parse(text: str, today: date) -> ParsedCarrier:
    """Read one symbol: primary, secondary, or both joined. The asterisks of Code 39 around it are no data."""
    reading = Reading("hibcc", WHAT, text)
    body = _checked(reading, text)
    if body is None:
        return reading.done()
    if body[:1] == "$" or _old_form(body):  # the code of a labeler begins with a letter
        # Behind a secondary symbol of its own stands the link, the check character of its primary.
        reading.parts["link"] = body[-1:]
        _secondary(reading, body[:-1], today)
        return reading.done()
    primary, slash, secondary = body.partition("/")
    _primary(reading, primary)
    if slash:
        _secondary(reading, secondary, today)
    return reading.done()


def parse_pair(texts: Sequence[str], today: date) -> ParsedCarrier:
    """Read a primary and a secondary symbol that were scanned one after the other; the link must tie them (2.3.2.5)."""
    first, second = (parse(text, today) for text in texts)
    joined = Reading("hibcc", WHAT, " ".join(texts), first.di, {**second.pi}, {**second.parts, **first.parts})
    joined.findings = [*first.findings, *second.findings]
    link, check = second.parts.get("link", ""), first.parts.get("check", "")
    if first.di is None or "link" not in second.parts:
        joined.tell("UDI-11", joined.text, "a primary and a secondary symbol")
    elif link != check:
        joined.tell("UDI-14", link, check)
    return joined.done()


def is_di(di: str) -> bool:
    """Whether a text has the form of a DI: labeler, product and unit of measure, without `+` and check character."""
    return _PRIMARY.fullmatch(di) is not None


def normal_di(di: str) -> tuple[str, bool]:
    """A filed UDI-DI without its check character, and whether it had one: some labelers register it with the device.

    A DI is LIC, PCN and unit of measure. One whose last character is the right check of the rest, and whose rest is a DI
    itself, was filed with its check character. A digit at the end may be either; the shorter reading is then not taken.
    """
    rest = di[:-1]
    if not di[-1:].isdigit() and _PRIMARY.fullmatch(rest) and check_character(f"+{rest}") == di[-1:]:
        return rest, True
    return di, False


def same_device(di: str) -> tuple[str, ...]:
    """All spellings under which a registered DI may be matched: as it is, and without a fitting check character."""
    rest = di[:-1]
    fits = bool(_PRIMARY.fullmatch(rest)) and check_character(f"+{rest}") == di[-1:]
    return (di, rest) if fits else (di,)


def _checked(reading: Reading, text: str) -> str | None:
    """The data between `+` and the check character, or None where they can't be told."""
    data = text[1:-1] if len(text) > 2 and text[0] == text[-1] == "*" else text
    if len(data) < 4 or data[0] != "+":
        reading.tell("UDI-11", text, "+ data check")
        return None
    expected = check_character(data[:-1])
    if expected is None:
        reading.tell("UDI-11", text, "0-9 A-Z - . blank $ / + %")
        return None
    reading.parts["check"] = data[-1]
    if expected != data[-1]:
        reading.tell("UDI-10", data[-1], expected)
    return data[1:-1]


def _primary(reading: Reading, primary: str) -> None:
    found = _PRIMARY.fullmatch(primary)
    if found is None:
        reading.tell("UDI-11", primary, _FORM)
        return
    reading.parts.update(found.groupdict())
    reading.di = primary


def _secondary(reading: Reading, secondary: str, today: date) -> None:
    """`$` lot, `$$` date and lot, `/S` serial, `/16D` made, `/14D` expiry, `/Q` quantity."""
    first, *others = secondary.split("/")
    _flagged(reading, first, today)
    for segment in others:
        if segment.startswith("$"):
            _flagged(reading, segment, today)
            continue
        name, value = next(((name, segment[len(mark) :]) for mark, name in _SEGMENTS if segment.startswith(mark)), ("", segment))
        if not name:
            reading.tell("UDI-13", segment)
        elif name in ("manufactured_on", "expires_on"):
            day = f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 else ""
            _date(reading, name, day if is_day(day) else None, value, "YYYYMMDD")
        elif name == "quantity" and not (value.isdigit() and value.isascii()):
            reading.tell("UDI-11", segment, "Q and digits")
        else:
            reading.keep(name, str(int(value)) if name == "quantity" else value)


_SEGMENTS = (("16D", "manufactured_on"), ("14D", "expires_on"), ("S", "serial"), ("Q", "quantity"))


def _flagged(reading: Reading, segment: str, today: date) -> None:
    """The part that begins with `$`, `$+`, `$$`, `$$+`, or with YYJJJ in the old form."""
    if not segment.startswith("$"):
        if _old_form(segment):
            _date(reading, "expires_on", _julian(segment[:5], today), segment[:5], "YYJJJ")
            _identified(reading, "lot", segment[5:])
        else:
            reading.tell("UDI-13", segment)
        return
    dated = segment.startswith("$$")
    rest = segment[2:] if dated else segment[1:]
    name = "serial" if rest.startswith("+") else "lot"
    rest = rest.removeprefix("+")
    if not dated:
        _identified(reading, name, rest)
        return
    if rest[:1] in ("8", "9"):
        digits = 2 if rest[0] == "8" else 5
        count = rest[1 : 1 + digits]
        if len(count) == digits and count.isdigit() and count.isascii():
            reading.keep("quantity", str(int(count)))
        else:
            reading.tell("UDI-11", rest, f"{digits} digits of quantity")
        rest = rest[1 + digits :]
    if not rest:
        return
    if rest[0] == "7":
        _identified(reading, name, rest[1:])
        return
    mark, form, read = _DATES.get(rest[0], ("", "MMYY", _month))
    text = rest[len(mark) : len(mark) + len(form)]
    whole = len(text) == len(form) and text.isdigit() and text.isascii()
    _date(reading, "expires_on", read(text, today) if whole else None, text, form)
    _identified(reading, name, rest[len(mark) + len(form) :])


def _old_form(segment: str) -> bool:
    """Whether it begins with YYJJJ, as secondary data did before `$` came."""
    return len(segment) >= 5 and segment[:5].isdigit() and segment[:5].isascii()


def _identified(reading: Reading, name: str, value: str) -> None:
    if len(value) > _LOT:
        reading.tell("UDI-11", value, f"{name}: 0 to {_LOT} characters")
    reading.keep(name, value)


def _date(reading: Reading, name: str, day: str | None, text: str, form: str) -> None:
    if day is None:
        reading.tell("UDI-12", text, form)
    else:
        reading.keep(name, day)


def _calendar(year: str, month: str, day: str, today: date) -> str | None:
    told = f"{full_year(int(year), today.year):04}-{month}-{day}"
    return told if is_day(told) else None


def _julian(text: str, today: date) -> str | None:
    year, day = full_year(int(text[:2]), today.year), int(text[2:5])
    told = date(year, 1, 1) + timedelta(days=day - 1) if 1 <= day <= 366 else None
    return told.isoformat() if told is not None and told.year == year else None


def _month(text: str, today: date) -> str | None:
    """MMYY: a month and never a day."""
    return f"{full_year(int(text[2:]), today.year):04}-{text[:2]}" if "01" <= text[:2] <= "12" else None


def _hour(text: str) -> bool:
    return int(text) < 24


_DATES: dict[str, tuple[str, str, Callable[[str, date], str | None]]] = {
    "2": ("2", "MMDDYY", lambda text, today: _calendar(text[4:], text[:2], text[2:4], today)),
    "3": ("3", "YYMMDD", lambda text, today: _calendar(text[:2], text[2:4], text[4:], today)),
    "4": ("4", "YYMMDDHH", lambda text, today: _calendar(text[:2], text[2:4], text[4:6], today) if _hour(text[6:]) else None),
    "5": ("5", "YYJJJ", _julian),
    "6": ("6", "YYJJJHH", lambda text, today: _julian(text, today) if _hour(text[5:]) else None),
}
"""Date flag behind `$$`: itself, the form of the date, how it is read. Without one of these it is MMYY."""
