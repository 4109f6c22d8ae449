"""Checks of the parts of an AI's value: each takes the text of one part and says what is wrong with it, or null.

What the GS1 Barcode Syntax Dictionary calls linters. A `Fault` names the rule, what was expected and what came; who
calls turns it into a finding with the AI's name. Length and characters have been checked before.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from data_contracts.codes import country_numbers, currency_numbers, is_country, package_types
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit, is_digits
from data_contracts.identifiers.check_pair import check_pair
from data_contracts.identifiers.coupons import FaultyCouponError, check_coupon, check_offer

CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""Invariant characters of ISO/IEC 646 (General Specifications 7.11, figure 1)."""
CSET39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Characters of a component/part identifier (General Specifications 7.11, figure 2)."""
CSET64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""File-safe, URI-safe base 64 (RFC 4648 section 5); `=` only fills the end."""


class Fault(NamedTuple):
    """What a check found: rule of the catalogue, expected, got."""

    rule: str
    expected: str
    got: str


Check = Callable[[str], Fault | None]

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEQUENCE = re.compile(r"([1-9]\d*)/([1-9]\d*)", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]+", re.ASCII)


def _check_digit(text: str) -> Fault | None:
    if has_right_check_digit(text):
        return None
    return Fault("GS1-01", check_digit(text[:-1]), text[-1])


def _check_pair(text: str) -> Fault | None:
    expected = check_pair(text[:-2])
    if expected is None or len(text) < 3:
        return Fault("GS1-05", "GS1 character set 82", text)
    return None if text[-2:] == expected else Fault("GS1-01", expected, text[-2:])


def _prefix_first(text: str) -> Fault | None:
    return None if len(text) >= 4 and is_digits(text[:4]) else Fault("GS1-13", "4-12", text[:4])


def _prefix_second(text: str) -> Fault | None:
    return None if len(text) >= 5 and is_digits(text[1:5]) else Fault("GS1-13", "4-12", text[1:5])


def _day(year: int, month: str, day: str, month_allowed: bool) -> bool:
    if not "01" <= month <= "12":
        return False
    return (month_allowed and day == "00") or 1 <= int(day) <= monthrange(year, int(month))[1]


@lru_cache(maxsize=16384)
def _date_or_month(text: str) -> Fault | None:
    # Only a year 00 depends on the century, and until 2050 it means 2000, a leap year (General Specifications 7.12).
    return None if _day(2000 + int(text[:2]), text[2:4], text[4:6], True) else Fault("GS1-06", "YYMMDD, YYMM00", text)


def _date(text: str) -> Fault | None:
    return None if _day(2000 + int(text[:2]), text[2:4], text[4:6], False) else Fault("GS1-06", "YYMMDD", text)


def _long_date(text: str) -> Fault | None:
    year = int(text[:4])
    return None if year and _day(year, text[4:6], text[6:8], False) else Fault("GS1-06", "YYYYMMDD", text)


def _time(text: str) -> Fault | None:
    return None if text[:2] <= "23" and text[2:] <= "59" else Fault("GS1-06", "HHMM", text)


def _hour(text: str) -> Fault | None:
    return None if text <= "23" else Fault("GS1-06", "00-23", text)


def _sixty(text: str) -> Fault | None:
    return None if text <= "59" else Fault("GS1-06", "00-59", text)


def _currency(text: str) -> Fault | None:
    return None if text in currency_numbers() else Fault("GS1-12", "ISO 4217", text)


def _country(text: str) -> Fault | None:
    return None if text in country_numbers() else Fault("GS1-12", "ISO 3166-1", text)


def _country_or_many(text: str) -> Fault | None:
    return None if text == "999" else _country(text)


def _country_letters(text: str) -> Fault | None:
    return None if is_country(text) else Fault("GS1-12", "ISO 3166-1", text)


def _percent_encoding(text: str) -> Fault | None:
    return Fault("GS1-12", "%00-%FF", text) if _PERCENT.search(text) else None


def _birth_sequence(text: str) -> Fault | None:
    match = _SEQUENCE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        return Fault("GS1-12", "1/1, 1/2, 2/2", text)
    return None


def _not_zero(text: str) -> Fault | None:
    return Fault("GS1-12", "> 0", text) if not text.strip("0") else None


def _zero(text: str) -> Fault | None:
    return Fault("GS1-12", "0", text) if text.strip("0") else None


def _piece_of_total(text: str) -> Fault | None:
    half = len(text) // 2
    if len(text) % 2 or not 0 < int(text[:half]) <= int(text[half:]):
        return Fault("GS1-12", "1 ≤ piece ≤ total", text)
    return None


def _iban(text: str) -> Fault | None:
    if _IBAN.fullmatch(text) is None:
        return Fault("GS1-12", "IBAN", text)
    digits = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return None if int(digits) % 97 == 1 else Fault("GS1-01", "IBAN mod 97 = 1", text[2:4])


def _no_leading_zero(text: str) -> Fault | None:
    return Fault("GS1-12", "1-9", text) if text.startswith("0") and text != "0" else None


def _has_non_digit(text: str) -> Fault | None:
    return Fault("GS1-12", "A-Z", text) if is_digits(text) else None


def _media_type(text: str) -> Fault | None:
    return None if len(text) == 2 and ("01" <= text <= "10" or "80" <= text <= "99") else Fault("GS1-12", "01-10, 80-99", text)


def _importer_index(text: str) -> Fault | None:
    return None if text in CSET64 else Fault("GS1-05", "A-Z a-z 0-9 - _", text)


def _package_type(text: str) -> Fault | None:
    return None if text in package_types() else Fault("GS1-12", "UN/ECE 21", text)


def _coupon(check: Callable[[str], None]) -> Check:
    def told(text: str) -> Fault | None:
        try:
            check(text)
        except FaultyCouponError as fault:
            return Fault("GS1-12", *fault.args)
        return None

    return told


def _up_to(limit: str) -> Check:
    def check(text: str) -> Fault | None:
        return None if text <= limit else Fault("GS1-12", f"≤ {limit}", text)

    return check


def _among(*allowed: str) -> Check:
    def check(text: str) -> Fault | None:
        return None if text in allowed else Fault("GS1-12", ", ".join(allowed), text)

    return check


CHECKS: dict[str, Check] = {
    "check_digit": _check_digit,
    "check_pair": _check_pair,
    "prefix_first": _prefix_first,
    "prefix_second": _prefix_second,
    "date_or_month": _date_or_month,
    "date": _date,
    "long_date": _long_date,
    "time": _time,
    "hour": _hour,
    "minute": _sixty,
    "second": _sixty,
    "currency": _currency,
    "country": _country,
    "country_or_many": _country_or_many,
    "country_letters": _country_letters,
    "percent_encoding": _percent_encoding,
    "latitude": _up_to("1800000000"),
    "longitude": _up_to("3600000000"),
    "yes_no": _among("0", "1"),
    "minus": _among("-"),
    "importer_index": _importer_index,
    "media_type": _media_type,
    "sex": _among("0", "1", "2", "9"),
    "birth_sequence": _birth_sequence,
    "not_zero": _not_zero,
    "zero": _zero,
    "winding": _among("0", "1", "9"),
    "piece_of_total": _piece_of_total,
    "iban": _iban,
    "no_leading_zero": _no_leading_zero,
    "has_non_digit": _has_non_digit,
    "package_type": _package_type,
    "coupon": _coupon(check_coupon),
    "coupon_offer": _coupon(check_offer),
}
"""Check by name."""
