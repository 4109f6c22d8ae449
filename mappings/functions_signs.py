"""Numbers whose sign is turned round: partners who tell a credit by writing below zero what a credit note states above it."""

from __future__ import annotations

import re
from decimal import Decimal

from mappings.function_base import Function, bounded, finite, read_decimal, register, write_decimal

_DIGITS = re.compile(r"-?[0-9]{1,18}")


def read_decimal_negated(text: str) -> Decimal:
    """12.50 below zero, -12.50 above it."""
    return -read_decimal(text)


def write_decimal_negated(value: Decimal) -> tuple[str, ...]:
    """The number with its sign turned round."""
    return write_decimal(-finite(value))


def read_implied_decimal_2_negated(text: str) -> Decimal:
    """X12 N2 with its sign turned round: -1250 is 12.50."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("digits, the last two of them decimals")
    return -bounded(Decimal(text).scaleb(-2))


def write_implied_decimal_2_negated(value: Decimal) -> tuple[str, ...]:
    """Digits of which the last two are decimals, with the sign turned round."""
    cents = -finite(value).scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError("at most two decimals")
    return (format(cents.to_integral_value(), "f"),)


for _function in (
    Function("decimal_negated", "decimal", "exact", read_decimal_negated, write_decimal_negated, says="-12.50 is 12.50"),
    Function(
        "implied_decimal_2_negated",
        "decimal",
        "exact",
        read_implied_decimal_2_negated,
        write_implied_decimal_2_negated,
        says="X12 N2: -1250 is 12.50",
    ),
):
    register(_function)
