"""The modulo 10 check digit of all numeric GS1 keys (GS1 General Specifications 7.9).

From the right of the data digits the weights are 3, 1, 3, 1...; the check digit brings the sum to a
multiple of ten. It finds every single wrong digit, and every swap of neighbours that do not differ by five.

    >>> check_digit("0692636559800")
    '3'
"""

from __future__ import annotations

_ZERO = ord("0")


def check_digit(data: str) -> str:
    """The digit that belongs behind these data digits. `data` holds ASCII digits only; others give nonsense."""
    codes = data.encode()
    odd = codes[::-2]
    even = codes[-2::-2]
    total = 3 * (sum(odd) - _ZERO * len(odd)) + sum(even) - _ZERO * len(even)
    return str(-total % 10)


def is_digits(text: str) -> bool:
    """ASCII digits only: full-width and Arabic digits look like digits to `str.isdigit`, and are none to GS1."""
    return text.isdigit() and text.isascii()


def has_right_check_digit(key: str) -> bool:
    """Whether the last digit of `key` (ASCII digits, at least two) is the check digit of those before it."""
    codes = key.encode()
    tripled = codes[-2::-2]
    plain = codes[::-2]
    return (3 * (sum(tripled) - _ZERO * len(tripled)) + sum(plain) - _ZERO * len(plain)) % 10 == 0
