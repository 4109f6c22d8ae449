"""The control numbers of one envelope that have been used, so that one that comes twice is found."""

from __future__ import annotations

_REMEMBERED = 500_000
_LONGEST = 18


class UsedNumbers:
    """References of messages, to find one that comes twice, in memory that does not grow with an envelope numbered in order.

    Numbers that follow each other, padded to one width or not padded, are kept as one range. Where a sender numbers at random,
    `_REMEMBERED` are kept; `complete` is false once some had to be let go.
    """

    __slots__ = ("_first", "_last", "_others", "_width", "complete")

    def __init__(self) -> None:
        self._width = 0
        """Of numbers that begin with zeros; 0 where the first had none, so that they may grow."""
        self._first = self._last = -1
        self._others: set[str] = set()
        self.complete = True

    def take(self, number: str) -> bool:
        """Note a number; false when it was there before."""
        if len(number) <= _LONGEST and number.isascii() and number.isdigit():
            value = int(number)
            if self._last < 0:
                self._first, self._width = value, len(number) if number[0] == "0" else 0
                self._last = value
                return True
            if len(number) == self._width if self._width else number[0] != "0":
                if value == self._last + 1 and number not in self._others:
                    self._last = value
                    return True
                if self._first <= value <= self._last:
                    return False
        if number in self._others:
            return False
        if len(self._others) < _REMEMBERED:
            self._others.add(number)
        else:
            self.complete = False
        return True
