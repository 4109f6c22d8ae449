"""Column types that keep promises on both databases: exact numbers and instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

SCALE = 1_000_000
"""Exact numbers have six places after the point."""
LIMIT = 10**18
"""Scaled magnitude below which a number fits 64 bits and NUMERIC(18, 6)."""

DAY = 86_400_000_000
"""A day in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=65536)  # quantities and prices repeat: a look-up costs a tenth of the arithmetic
def scaled(value: Decimal) -> int:
    """Exact number to its 64-bit integer, six places. Raises OverflowError when it needs more of either."""
    shifted = value.scaleb(6)
    number = int(shifted)
    if number != shifted or not -LIMIT < number < LIMIT:
        raise OverflowError(f"{value} needs more than 12 digits before or 6 after the point")
    return number


def unscaled(number: int) -> Decimal:
    """The integer back to the exact number, without trailing zeros (`12.50` comes back as `12.5`)."""
    whole, rest = divmod(number, SCALE) if number >= 0 else (-(-number // SCALE), -(-number % SCALE))
    if rest == 0:
        return Decimal(whole)
    return Decimal(number).scaleb(-6).normalize()


class Exact(sa.types.TypeDecorator[Decimal]):
    """Decimal in Python; scaled 64-bit integer in SQLite, NUMERIC(18, 6) in PostgreSQL. Never float."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """NUMERIC in PostgreSQL, 64-bit integer in SQLite."""
        return dialect.type_descriptor(sa.Numeric(18, 6) if dialect.name == "postgresql" else sa.BigInteger())

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> Any:
        """Refuses with OverflowError what would need rounding."""
        if value is None:
            return None
        value = Decimal(value)
        number = scaled(value)
        return value if dialect.name == "postgresql" else number

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Without trailing zeros, so that both databases answer alike."""
        if value is None:
            return None
        return unscaled(value) if isinstance(value, int) else unscaled(scaled(Decimal(value)))


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without what no database column can hold: NUL and lone surrogates become U+FFFD. The bytes stay in the blob."""
    return _UNSTORABLE.sub("\ufffd", text)


def micros(moment: datetime) -> int:
    """Aware time to microseconds since 1970 UTC, which is how every `_at` column is kept."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """Microseconds back to an aware UTC time."""
    return _EPOCH + timedelta(microseconds=value)
