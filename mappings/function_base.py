"""What every named function of a mapping is made of: its record, the table of all, and the checks that families share.

`functions.py` holds the general ones; a syntax family has a module of its own beside it (`functions_feeds.py`), registers there and is
loaded by `functions.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from data_contracts.codes import how_many
from data_contracts.errors import ConfigError

Kind = Literal["text", "decimal", "integer", "boolean", "date", "instant"]
Inverse = Literal["exact", "canonical", "none"]


class Moment(NamedTuple):
    """What a function of kind `instant` reads: the aware time, and whether the source itself stated the offset."""

    at: datetime
    stated: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A named conversion. Functions of kind `instant`, and those that are `local`, take the time zone as their last argument, both ways."""

    name: str
    kind: Kind
    inverse: Inverse
    read: Callable[..., Any]
    write: Callable[..., tuple[str, ...]] | None
    arguments: int = 1
    says: str = ""
    """One line for people."""
    coded: tuple[int, ...] = ()
    """Arguments, from 0, that are units: the code table of the row translates them, and only them."""
    local: bool = False
    """Of a day: which one it is depends on the zone."""

    @property
    def zoned(self) -> bool:
        """Whether the time zone is its last argument."""
        return self.local or self.kind == "instant"


FUNCTIONS: dict[str, Function] = {}


def register(function: Function) -> None:
    """Add a function to the table."""
    FUNCTIONS[function.name] = function


TOO_LARGE = "at most 12 digits before and 6 after the point"
LIMIT = Decimal(10) ** 12
_SIX = Decimal("0.000001")


def bounded(number: Decimal) -> Decimal:
    """The number if 18 digits scaled by 10^6 hold it exactly; zeros beyond the sixth decimal are dropped."""
    if abs(number) >= LIMIT:
        raise ValueError(TOO_LARGE)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        shorter = number.quantize(_SIX)
        if shorter != number:
            raise ValueError(TOO_LARGE)
        return shorter
    return number


_PLAIN = re.compile(r"-?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_USUAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
"""A number within the bounds that is written as it stands."""


@lru_cache(maxsize=16384)
def read_decimal(text: str) -> Decimal:
    """X12 type R and like numbers: explicit point, leading minus; no plus, no exponent, no NaN (X12.6 3.3.1.2)."""
    if not _PLAIN.fullmatch(text):
        raise ValueError("a number like 12.50")
    return bounded(Decimal(text))


def write_decimal(value: Decimal) -> tuple[str, ...]:
    """Explicit point, never an exponent."""
    text = str(finite(value))
    return (text if _USUAL.fullmatch(text) else format(bounded(value), "f"),)


def price_of_one(amount: Decimal, per: Decimal, priced: str = "", unit: str = "") -> Decimal:
    """The price of one `unit`, out of an amount for `per` of the unit `priced` (none: the same unit). Exact, or ValueError."""
    if per <= 0:
        raise ValueError("a price basis above zero")
    many = Fraction(1)
    if priced and unit and priced != unit:
        found = how_many(priced, unit)
        if found is None:
            raise ValueError(f"a price per {unit}, or per a unit that {unit} can be converted to")
        many = found
    if per == many == 1:
        return amount
    one = Fraction(amount) / Fraction(per) * many
    return millionths(one, "a price that is exact for one unit, with at most 6 decimals", -int(amount.as_tuple().exponent))


def millionths(exact: Fraction, expected: str, places: int = 0) -> Decimal:
    """The number, with at least `places` decimals and at most six; ValueError with what is expected where it needs more."""
    scaled = exact * 10**6
    if scaled.denominator != 1 or abs(exact) >= LIMIT:
        raise ValueError(expected)
    number = (Decimal(scaled.numerator) / 10**6).normalize()
    return number.quantize(Decimal(1).scaleb(-max(places, -int(number.as_tuple().exponent), 0)))


def finite(value: Decimal) -> Decimal:
    """The number; ValueError for what is none."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("a finite decimal number")
    return value


def calendar_day(year: int, month: int, day: int, form: str) -> date:
    """The day; ValueError with the form that is expected when the calendar has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"a day of the calendar, {form}") from None


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo:
    """The IANA zone. Raises ConfigError, since an agreement or organisation names it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"time_zone: there is no IANA time zone `{name}`") from None


_DAY = "day"
"""Name of the fixed offsets of days that state no time: a date on paper is the same day in whatever zone it is told."""


def day_start(day: date, zone: str) -> Moment:
    """A day that states no time: its beginning in the zone, marked, so that no writer carries it into the day before."""
    local = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # its zone comes next
    return Moment(day_only(in_zone(local, zone)), False)


def day_only(at: datetime) -> datetime:
    """The beginning of a day, marked as a day that states no time."""
    return at.replace(tzinfo=timezone(at.utcoffset() or timedelta(), _DAY))


def tells_day_only(at: datetime) -> bool:
    """Whether this time stands for a day that states none."""
    return at.tzname() == _DAY


def wall_time(at: datetime, zone: str) -> datetime:
    """What clock and calendar showed in the zone; a day without a time is the same day everywhere."""
    return at.replace(tzinfo=zone_named(zone)) if tells_day_only(at) else at.astimezone(zone_named(zone))


def in_zone(local: datetime, zone: str) -> datetime:
    """The local time with the offset that the zone had then, as a fixed offset: a fact that no later zone table changes."""
    offset = local.replace(tzinfo=zone_named(zone)).utcoffset()
    return local.replace(tzinfo=timezone(offset or timedelta()))
