"""`column IN (many values)` for both databases with one statement text, so that it is prepared once whatever the number of values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_json = msgspec.json.Encoder().encode


def among(connection: sa.Connection, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Condition that the column has one of the values. No value at all: nothing matches."""
    if connection.dialect.name == "postgresql":
        return column == sa.func.any(sa.bindparam(None, list(values), type_=ARRAY(column.type)))
    each = sa.func.json_each(sa.bindparam(None, _json(list(values)).decode(), type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(each.c.value))
