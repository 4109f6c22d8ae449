"""GS1 keys and tax numbers for the cast, made from its fictional company prefixes. Written apart from the hub's own checks."""

from __future__ import annotations

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def check_digit(body: str) -> str:
    """The GS1 check digit that follows these digits: weights 3 and 1 from the right (GS1 General Specifications 7.9)."""
    total = 0
    weight = 3
    for digit in reversed(body):
        total += int(digit) * weight
        weight = 4 - weight
    return str(-total % 10)


def gln(prefix: str, location: int) -> str:
    """Thirteen digits: nine of prefix, three of location, check digit."""
    body = f"{prefix}{location:03d}"
    return body + check_digit(body)


def gtin13(prefix: str, reference: int) -> str:
    """GTIN of the base unit: nine digits of prefix, three of item reference, check digit."""
    return gln(prefix, reference)


def gtin14(base: str, indicator: int) -> str:
    """GTIN-14 of a packaging level over a GTIN-13. Indicator 1 to 8 is a fixed level, 9 is variable measure."""
    body = f"{indicator}{base[:12]}"
    return body + check_digit(body)


def sscc(prefix: str, serial: int, extension: int = 3) -> str:
    """Eighteen digits: extension, nine of prefix, seven of serial, check digit."""
    body = f"{extension}{prefix}{serial:07d}"
    return body + check_digit(body)


def with_wrong_check_digit(key: str) -> str:
    """The same key with a last digit that cannot be right."""
    return key[:-1] + str((int(key[-1]) + 3) % 10)


def credit_code(body: str) -> str:
    """Chinese unified social credit code: seventeen characters and the check character of GB 32100-2015."""
    total = sum(_CREDIT_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return body + _CREDIT_ALPHABET[-total % 31]
