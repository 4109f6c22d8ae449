"""Stamps that stand in a database as text: how one is compared with them so that none slips out.

Text compares character by character. `2026-11-22 09:00:00` sorts before `2026-11-22T07:25:00Z`, a blank being less than a T: asked so, a
whole day's changes would be passed over. SQLite has no other stamps, and views over spreadsheets and old systems have many. So a stamp is
asked for as the column spells its own, without what stands behind the seconds: a beginning sorts before all that go on from it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.deltas import Delta
from data_contracts.errors import ConfigError

_SPELLED = re.compile(r"\d{4}-\d\d-\d\d(?:(?P<mark>[T ])(?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?")


def untyped(text: str) -> sa.BindParameter[Any]:
    """A text that the database takes for whatever the column is: PostgreSQL compares no time with what is declared to be text."""
    return sa.bindparam(None, text, type_=sa.types.NullType(), unique=True)


def text_bound(connection: sa.Connection, table: sa.TableClause, name: str, delta: Delta, moment: datetime) -> str:
    """From which text on the rows of a moment and all later ones stand, in a column of texts.

    Raises ConfigError where its least and greatest are spelled in two ways, for then the order of texts is not that of times.
    """
    column = table.c[name]
    ends = connection.execute(sa.select(sa.func.min(column), sa.func.max(column))).one()
    found = [match for one in ends if delta.stamp(one) is not None and (match := _SPELLED.fullmatch(str(one))) is not None]
    if not found:
        return delta.spelled(moment.isoformat())
    ways = {(match["mark"], match["offset"]) for match in found if match["mark"] is not None}
    if len(ways) > 1:
        raise ConfigError(
            f"transport sql: {name} is a text that spells stamps in several ways ({ends[0]}, {ends[1]}), and its order is not that of "
            "time: let the view give one"
        )
    mark, offset = next(iter(ways), (None, None))
    zone = None if offset is None else datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo
    shown = delta.local(moment) if zone is None else moment.astimezone(zone)
    length = min(len(match["clock"] or "") for match in found)
    return f"{shown.date().isoformat()}{mark}{shown.time().isoformat('seconds')[:length]}" if length else shown.date().isoformat()
