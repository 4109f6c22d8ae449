"""`column IN (many values)` for both databases with one statement text, so that it is prepared once whatever the number of values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_json = msgspec.json.Encoder().encode


MARK = "\x1f"
"""Between the values of a list that goes to PostgreSQL as one text."""
_FEW = 20


def joined(values: Collection[Any]) -> str | None:
    """Many texts or integers as one text, which costs the driver nothing, where no value holds the mark; else None."""
    if all(type(value) is int for value in values):
        return MARK.join(map(str, values))
    if all(type(value) is str for value in values):
        text = MARK.join(values)
        # An empty text would be an empty array, and a value with the mark would be two.
        return text if text and text.count(MARK) == len(values) - 1 else None
    return None


def among(connection: sa.Connection, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Condition that the column has one of the values. No value at all: nothing matches."""
    if connection.dialect.name == "postgresql":
        text = joined(values) if len(values) > _FEW else None
        if text is not None:
            return column == sa.func.any(
                sa.cast(sa.func.string_to_array(sa.bindparam(None, text, type_=sa.Text), MARK), ARRAY(column.type))
            )
        return column == sa.func.any(sa.bindparam(None, list(values), type_=ARRAY(column.type)))
    each = sa.func.json_each(sa.bindparam(None, _json(list(values)).decode(), type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(each.c.value))
