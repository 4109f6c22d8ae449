"""Control numbers: equal, well-formed, used once.

>>> same_number("000000031", "31"), same_number("31", "32")
(True, False)
"""

from __future__ import annotations

import re

_REMEMBERED = 500_000
_NUMBER = re.compile("[0-9]{1,9}")
_SET_NUMBER = re.compile("[0-9A-Za-z]{4,9}")


def same_number(one: str, other: str) -> bool:
    """Whether two numeric control numbers or counts are equal; leading zeros carry no meaning (type N0)."""
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return int(one) == int(other)
    return one == other and one != ""


def is_number(value: str) -> bool:
    """Whether a value can be an interchange or group control number: one to nine digits."""
    return _NUMBER.fullmatch(value) is not None


def is_set_number(value: str) -> bool:
    """Whether a value can be ST02: four to nine letters or digits (data element 329)."""
    return _SET_NUMBER.fullmatch(value) is not None


class UsedNumbers:
    """The ST02 of a group, to find one that comes twice, in memory that does not grow with a group numbered in order.

    Numbers that follow each other are kept as one range. Where a sender numbers at random, `_REMEMBERED` are kept; `complete`
    is false once some had to be let go.
    """

    __slots__ = ("_first", "_last", "_others", "_width", "complete")

    def __init__(self) -> None:
        self._width = 0
        self._first = self._last = -1
        self._others: set[str] = set()
        self.complete = True

    def take(self, number: str) -> bool:
        """Note a number; false when it was there before."""
        if number.isascii() and number.isdigit():
            value, width = int(number), len(number)
            if self._last < 0 or (width == self._width and value == self._last + 1 and number not in self._others):
                if self._last < 0:
                    self._first, self._width = value, width
                self._last = value
                return True
            if width == self._width and self._first <= value <= self._last:
                return False
        if number in self._others:
            return False
        if len(self._others) < _REMEMBERED:
            self._others.add(number)
        else:
            self.complete = False
        return True
