"""The pair of check characters that ends a Global Model Number, AI (8013), and AI (8014) (GS1 General Specifications 7.9.5).

Each character's place in GS1 character set 82 is multiplied by a prime, 2, 3, 5... from the right; the sum modulo 1021
is written as two characters of an alphabet of 32.
"""

from __future__ import annotations

_CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_CSET82)}
_PAIR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)


def check_pair(data: str) -> str | None:
    """The two characters that belong behind `data`; null when it is longer than 23 or has a character outside set 82."""
    if len(data) > len(_PRIMES):
        return None
    total = 0
    for character, prime in zip(reversed(data), _PRIMES, strict=False):
        value = _VALUES.get(character)
        if value is None:
            return None
        total += value * prime
    total %= 1021
    return _PAIR[total >> 5] + _PAIR[total & 31]
