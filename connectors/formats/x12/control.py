"""Control numbers: equal, well-formed, used once.

>>> same_number("000000031", "31"), same_number("31", "32")
(True, False)
"""

from __future__ import annotations

import re

from connectors.used_numbers import UsedNumbers as UsedNumbers

_NUMBER = re.compile("[0-9]{1,9}")


def same_number(one: str, other: str) -> bool:
    """Whether two numeric control numbers or counts are equal; leading zeros carry no meaning (type N0)."""
    if one == other:
        return one != ""
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return int(one) == int(other)
    return False


def is_number(value: str) -> bool:
    """Whether a value can be an interchange or group control number: one to nine digits."""
    return _NUMBER.fullmatch(value) is not None


def is_set_number(value: str) -> bool:
    """Whether a value can be ST02: four to nine letters or digits (data element 329)."""
    return 4 <= len(value) <= 9 and value.isascii() and value.isalnum()
