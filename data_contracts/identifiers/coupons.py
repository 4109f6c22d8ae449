"""North American coupons: AI (8110), the offer of a paper coupon, and AI (8112), a positive offer file (GS1 US coupon guide).

    0 123456 123456 1 1 1 1 0 123 3 201231     without the blanks
    │ └ funder      │ │ │ │ │ └ family of what must be bought
    │        └ offer│ │ │ │ └ what the requirement counts (0-4, 9)
    └ its prefix has│ │ └─┴ digits of the requirement, requirement
      6 + 0 digits  └─┴ digits of what is saved, what is saved       then fields that begin with their number: 3 is the expiry

No medical device carries one; the hub reads them because a table that knows every AI must know what their values may hold.
"""

from __future__ import annotations

from collections.abc import Callable

from data_contracts.identifiers.check_digit import is_digits
from data_contracts.identifiers.dates import day_of

_SHORT_PREFIX, _SAME = "0123456", "9"
_REQUIREMENTS = "012349"


class FaultyCouponError(ValueError):
    """What a coupon should have held at some place; the args are what was wanted and what came."""


class _Digits:
    """The digits of a coupon, taken from the front."""

    def __init__(self, text: str) -> None:
        if not is_digits(text):
            raise FaultyCouponError("0-9", text)
        self.rest = text

    def take(self, count: int, what: str) -> str:
        """The next digits. Raises FaultyCouponError when there are not so many."""
        taken, self.rest = self.rest[:count], self.rest[count:]
        if len(taken) < count:
            raise FaultyCouponError(f"{what}: {count} digits", taken)
        return taken

    def one(self, allowed: str, what: str) -> str:
        """The next digit, which must be one of these."""
        taken = self.take(1, what)
        if taken not in allowed:
            raise FaultyCouponError(f"{what}: {', '.join(allowed)}", taken)
        return taken

    def counted(self, allowed: str, extra: int, what: str) -> str:
        """A digit that tells how many follow, and those: the digit itself and `extra` more."""
        return self.take(int(self.one(allowed, f"length of {what}")) + extra, what)


def check_coupon(text: str) -> None:
    """Look at a value of AI (8110). Raises FaultyCouponError."""
    digits = _Digits(text)
    digits.counted(_SHORT_PREFIX, 6, "company prefix")
    digits.take(6, "offer code")
    digits.counted("12345", 0, "save value")
    _requirement(digits, "first purchase")
    for number, field in _FIELDS:
        if digits.rest.startswith(number):
            digits.take(1, "field")
            field(digits)
    if digits.rest:
        raise FaultyCouponError("nothing more, or a field 1, 2, 3, 4, 5, 6, 9 in this order", digits.rest)


def check_offer(text: str) -> None:
    """Look at a value of AI (8112). Raises FaultyCouponError."""
    digits = _Digits(text)
    digits.one("01", "format")
    digits.counted(_SHORT_PREFIX, 6, "funder")
    digits.take(6, "offer code")
    digits.counted("0123456789", 6, "serial number")
    if digits.rest:
        raise FaultyCouponError("nothing more", digits.rest)


def _requirement(digits: _Digits, what: str) -> None:
    digits.counted("12345", 0, f"{what} requirement")
    digits.one(_REQUIREMENTS, f"{what} requirement code")
    digits.take(3, f"{what} family code")


def _second(digits: _Digits) -> None:
    digits.one("0123", "rules of additional purchases")
    _another(digits, "second purchase")


def _third(digits: _Digits) -> None:
    _another(digits, "third purchase")


def _another(digits: _Digits, what: str) -> None:
    _requirement(digits, what)
    length = digits.one(_SHORT_PREFIX + _SAME, f"length of {what} company prefix")
    if length != _SAME:
        digits.take(int(length) + 6, f"{what} company prefix")


def _day(digits: _Digits) -> None:
    day = digits.take(6, "date")
    # Only 29 February depends on the century, and until 2050 a year 00 means 2000, a leap year.
    if day_of(day, 2026, month_allowed=False) is None:
        raise FaultyCouponError("YYMMDD", day)


def _serial(digits: _Digits) -> None:
    digits.counted("0123456789", 6, "serial number")


def _retailer(digits: _Digits) -> None:
    digits.counted("1234567", 6, "retailer")


def _others(digits: _Digits) -> None:
    digits.one("01256", "save value code")
    digits.one("012", "item that the save value applies to")
    digits.take(1, "store coupon flag")
    digits.one("01", "flag that it must not be multiplied")


_FIELDS: tuple[tuple[str, Callable[[_Digits], None]], ...] = (
    ("1", _second),
    ("2", _third),
    ("3", _day),
    ("4", _day),
    ("5", _serial),
    ("6", _retailer),
    ("9", _others),
)
"""Optional fields by the number that they begin with, in the only order that they may stand in."""
