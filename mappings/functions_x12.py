"""Functions that only X12 needs."""

from __future__ import annotations

from decimal import Decimal

from mappings.function_base import Function, read_decimal, register, write_decimal


def read_percent(text: str) -> Decimal:
    """954, a percentage expressed as a decimal: 0.0825 is 8.25 per cent; who writes 8.25 means the same, for no tax is 825 per cent."""
    value = read_decimal(text)
    return value * 100 if -1 < value < 1 else value


def write_percent(value: Decimal) -> tuple[str, ...]:
    """As a decimal. Raises ValueError for 100 per cent and more, which would be read as 1."""
    if not -100 < value < 100:
        raise ValueError("less than 100 per cent")
    return write_decimal(value / 100)


def read_order(number: str, release: str = "") -> str:
    """324 and 328: the number of an order, and of a blanket order's release, which is an order of its own (ADR 0015)."""
    return f"{number}/{release}" if release else number


def write_order(value: str) -> tuple[str, ...]:
    """The whole number as one: the partner repeats what we wrote."""
    return (value,)


register(Function("x12_order", "text", "exact", read_order, write_order, 2, "BL1, or BL1 and the release R7: BL1/R7"))
register(Function("x12_percent", "decimal", "exact", read_percent, write_percent, says="0.0825 is 8.25 per cent"))
