"""Functions that only X12 needs."""

from __future__ import annotations

from decimal import Decimal

from mappings.function_base import Function, register

DELETED = "DI"
"""X12 670: delete the line."""


def read_deletion(text: str) -> Decimal:
    """A line that is deleted is ordered no more."""
    if text != DELETED:
        raise ValueError(DELETED)
    return Decimal(0)


def write_deletion(value: Decimal) -> tuple[str, ...]:
    """The code of a deletion for a quantity of zero, and no code for any other."""
    return (DELETED if value == 0 else "",)


register(Function("x12_deletion", "decimal", "none", read_deletion, write_deletion, says="DI, and a quantity of 0"))
