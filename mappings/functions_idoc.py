"""Functions for SAP's IDocs: numbers with the minus behind, padded numbers of items, materials and partners, prices per so many, flags
that are X.

SAP keeps numbers of materials, partners and documents with zeros before them where they are digits only (conversion ALPHA) and shows
them without; so do these functions, and others see the number that is printed on paper.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache

from mappings.function_base import Function, Moment, bounded, calendar_day, day_start, finite, in_zone, price_of_one, register, wall_time

# --- numbers -----------------------------------------------------------------------------------------------------------
_POINT = re.compile(r"([+-]?)([0-9]{1,40})?(?:\.([0-9]{0,40}))?([+-]?)")
_COMMA = re.compile(r"([+-]?)([0-9]{1,40}|[0-9]{1,3}(?:\.[0-9]{3})+)?(?:,([0-9]{0,40}))?([+-]?)")


def _number(match: re.Match[str] | None, expected: str) -> Decimal:
    if match is None or not (match[2] or match[3]) or (match[1] and match[4]):
        raise ValueError(expected)
    whole = re.sub("[.,]", "", match[2] or "0")
    minus = "-" if "-" in (match[1], match[4]) else ""
    return bounded(Decimal(f"{minus}{whole}.{match[3]}" if match[3] else f"{minus}{whole}"))


@lru_cache(maxsize=16384)
def read_sap_decimal(text: str) -> Decimal:
    """A number with a decimal point and the minus behind (or before), and no marks of thousands: who writes `1.234,50` writes `1.234` for
    a thousand and more, so one comma tells that all numbers of that system would be read wrongly."""
    return _number(_POINT.fullmatch(text), "a number like 1234.50 or 1234.50-")


@lru_cache(maxsize=16384)
def read_sap_decimal_comma(text: str) -> Decimal:
    """The same from a system whose users write a decimal comma: `1.234` is a thousand and more."""
    return _number(_COMMA.fullmatch(text), "a number like 1234,50 or 1.234,50-")


def write_sap_decimal(value: Decimal) -> tuple[str, ...]:
    """Decimal point, no grouping, the minus behind."""
    number = bounded(finite(value))
    text = format(abs(number), "f")
    return (f"{text}-" if number.is_signed() and number else text,)


def write_sap_decimal_comma(value: Decimal) -> tuple[str, ...]:
    """Decimal comma, no grouping, the minus behind."""
    return (write_sap_decimal(value)[0].replace(".", ","),)


def read_sap_decimal_negated(text: str) -> Decimal:
    """A quantity that went out: what SAP writes without a sign is less than zero."""
    return -read_sap_decimal(text)


def read_sap_decimal_comma_negated(text: str) -> Decimal:
    """The same from a system whose users write a decimal comma."""
    return -read_sap_decimal_comma(text)


def write_sap_decimal_comma_negated(value: Decimal) -> tuple[str, ...]:
    """The quantity with its sign turned round and a decimal comma."""
    return write_sap_decimal_comma(-finite(value))


def write_sap_decimal_negated(value: Decimal) -> tuple[str, ...]:
    """The quantity with its sign turned round."""
    return write_sap_decimal(-finite(value))


def read_sap_ratio(numerator: str, denominator: str) -> Decimal:
    """UMREZ over UMREN: how many base units a unit holds."""
    above, below = read_sap_decimal(numerator), read_sap_decimal(denominator) if denominator else Decimal(1)
    if below <= 0:
        raise ValueError("a denominator of one or more")
    many = above / below
    if many * below != above or -int(many.normalize().as_tuple().exponent) > 6:
        raise ValueError("a ratio with at most 6 decimals")
    return bounded(Decimal(format(many, "f")))


def write_sap_ratio(value: Decimal) -> tuple[str, ...]:
    """Whole numerator and denominator."""
    above, below = finite(value).as_integer_ratio()
    return str(above), str(below)


@lru_cache(maxsize=16384)
def read_sap_price(price: str, per: str = "", numerator: str = "", denominator: str = "", priced: str = "", unit: str = "") -> Decimal:
    """The price of one: VPREI stands for PEINH of PMENE. One per another unit than the quantity's (MENEE) is refused where BPUMZ and
    BPUMN say so; where they say nothing, the units themselves must tell how many of one the other is."""
    return _price(read_sap_decimal, price, per, numerator, denominator, priced, unit)


@lru_cache(maxsize=16384)
def read_sap_price_comma(
    price: str, per: str = "", numerator: str = "", denominator: str = "", priced: str = "", unit: str = ""
) -> Decimal:
    """The same from a system whose users write a decimal comma."""
    return _price(read_sap_decimal_comma, price, per, numerator, denominator, priced, unit)


def _price(read: Callable[[str], Decimal], price: str, per: str, numerator: str, denominator: str, priced: str, unit: str) -> Decimal:
    if numerator and denominator:
        if read(numerator) != read(denominator):
            raise ValueError("a price per unit of the quantity")
        priced = unit
    return price_of_one(read(price), read(per) if per else Decimal(1), priced, unit)


def write_sap_price(value: Decimal) -> tuple[str, ...]:
    """The price, per one."""
    return (*write_sap_decimal(value), "1")


def write_sap_price_comma(value: Decimal) -> tuple[str, ...]:
    """The price, per one, with a decimal comma."""
    return (*write_sap_decimal_comma(value), "1")


# --- text --------------------------------------------------------------------------------------------------------------
def read_without_zeros(text: str) -> str:
    """Digits without the zeros before them; any other text as it stands."""
    return (text.lstrip("0") or "0") if text.isdecimal() else text


def _padded(length: int) -> Callable[[str], tuple[str, ...]]:
    def write(value: str) -> tuple[str, ...]:
        return (value.zfill(length) if value.isdecimal() else value,)

    return write


_GLN = re.compile(r"([0-9]{7})([0-9]{5})([0-9])")


def read_gln_in_parts(first: str, second: str, check: str) -> str:
    """BBBNR, BBSNR and BUBKZ: 7, 5 and 1 digits of a GLN; a part of zeros only is no text any more, so it is put back."""
    text = first.zfill(7) + second.zfill(5) + (check or "0")
    if not _GLN.fullmatch(text):
        raise ValueError("7, 5 and 1 digits")
    return text


def write_gln_in_parts(value: str) -> tuple[str, ...]:
    """7, 5 and 1 digits."""
    match = _GLN.fullmatch(value)
    if match is None or not match[1].strip("0"):
        raise ValueError("13 digits")
    return match[1], match[2], match[3]


def read_boolean_x(text: str) -> bool:
    """X, SAP's word for yes; no is a blank."""
    if text not in ("X", "x"):
        raise ValueError("X or blank")
    return True


# --- dates -------------------------------------------------------------------------------------------------------------
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = time()


@lru_cache(maxsize=8192)
def read_sap_date(text: str) -> str:
    """DATS: eight digits."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError("a date like 20261122")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), "CCYYMMDD").isoformat()


def write_sap_date(value: str) -> tuple[str, ...]:
    """Eight digits; a month without a day is refused, since a day would be invented."""
    if not _ISO.fullmatch(value):
        raise ValueError("a full date with a day")
    return (value.replace("-", ""),)


@lru_cache(maxsize=8192)
def read_sap_date_time(day: str, time: str, zone: str) -> Moment:
    """DATS and TIMS in the system's zone; no time, or its initial 000000, tells the day only."""
    match = _TIME.fullmatch(time or "000000")
    if match is None:
        raise ValueError("a time like 083000")
    at = datetime.fromisoformat(f"{read_sap_date(day)}T{match[1]}:{match[2]}:{match[3]}")
    return day_start(at, zone) if at.time() == _MIDNIGHT else Moment(in_zone(at, zone), False)


def write_sap_date_time(value: datetime, zone: str) -> tuple[str, ...]:
    """Date and time of the second in the zone; 000000, which is no time in SAP, for a day that states none."""
    local = wall_time(value, zone)
    return (f"{local.year:04d}{local.month:02d}{local.day:02d}", local.strftime("%H%M%S"))


def read_sap_day_start(day: str, zone: str) -> Moment:
    """A document that tells its day only: the beginning of that day in the zone."""
    return read_sap_date_time(day, "", zone)


def write_sap_day_start(value: datetime, zone: str) -> tuple[str, ...]:
    """The day in the zone; the time is not told."""
    return write_sap_date_time(value, zone)[:1]


for _function in (
    Function("sap_decimal", "decimal", "exact", read_sap_decimal, write_sap_decimal, says="12.50, or 12.50- below zero"),
    Function("sap_decimal_comma", "decimal", "exact", read_sap_decimal_comma, write_sap_decimal_comma, says="1.234,50-"),
    Function("sap_decimal_negated", "decimal", "exact", read_sap_decimal_negated, write_sap_decimal_negated, says="12.50 is 12.50 less"),
    Function(
        "sap_decimal_comma_negated",
        "decimal",
        "exact",
        read_sap_decimal_comma_negated,
        write_sap_decimal_comma_negated,
        says="12,50 is 12.50 less",
    ),
    Function(
        "sap_price_comma", "decimal", "exact", read_sap_price_comma, write_sap_price_comma, 6, "VPREI 1.234,50 for PEINH of PMENE", (4, 5)
    ),
    Function("sap_ratio", "decimal", "exact", read_sap_ratio, write_sap_ratio, arguments=2, says="UMREZ over UMREN"),
    Function("sap_price", "decimal", "exact", read_sap_price, write_sap_price, 6, "VPREI for PEINH of PMENE, where BPUMZ is BPUMN", (4, 5)),
    Function("sap_item_5", "text", "canonical", read_without_zeros, _padded(5), says="00010 is item 10"),
    Function("sap_item_6", "text", "canonical", read_without_zeros, _padded(6), says="000010 is item 10"),
    Function("sap_number_10", "text", "canonical", read_without_zeros, _padded(10), says="0000100003 is partner or document 100003"),
    Function("sap_number_18", "text", "canonical", read_without_zeros, _padded(18), says="18 digits with zeros before: a material"),
    Function("gln_in_parts", "text", "exact", read_gln_in_parts, write_gln_in_parts, arguments=3, says="7, 5 and 1 digits of a GLN"),
    Function("boolean_x", "boolean", "exact", read_boolean_x, lambda value: ("X" if value else "",), says="X, or nothing"),
    Function("sap_date", "date", "exact", read_sap_date, write_sap_date, says="20261122"),
    Function("sap_date_time", "instant", "canonical", read_sap_date_time, write_sap_date_time, arguments=2, says="20261122 and 083000"),
    Function("sap_day_start", "instant", "canonical", read_sap_day_start, write_sap_day_start, says="20261122, from its beginning"),
):
    register(_function)
