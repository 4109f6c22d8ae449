"""Visibility events as they are asked for: by things, steps, places, times and documents, in pages that stay put while others come.

Whoever asks sees the events of its organisations, and a partner its own only (`Sight`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.store.event_tables import event, event_mark, event_thing, event_thing_use, event_word, event_word_use
from hub.store.lists import among
from hub.store.lots import Sight
from hub.store.tables import node
from hub.store.visibility import CLASS, WORDS, mark

_OPERATORS = {"GE": sa.sql.operators.ge, "LT": sa.sql.operators.lt}
_LOOKED_AT = 5_000
"""Rows of the index of things that one page of EPCs looks at."""


@dataclass(frozen=True, slots=True)
class AskedWords:
    """One of these words in a column (`below`: or the extension of one that is a GLN)."""

    column: str
    kind: int
    values: frozenset[str]
    below: bool = False


@dataclass(frozen=True, slots=True)
class AskedThings:
    """One of these things by node key and role, or of these ranges of keys (from, before, role)."""

    keys: frozenset[tuple[str, int]]
    ranges: frozenset[tuple[str, str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the store is asked; all of it must hold, null is not asked."""

    types: tuple[int, ...] | None = None
    actions: tuple[int, ...] | None = None
    times: tuple[tuple[str, str, int], ...] = ()
    """Column, GE or LT, microseconds since 1970."""
    words: tuple[AskedWords, ...] = ()
    things: tuple[AskedThings, ...] = ()
    marks: tuple[frozenset[int], ...] = ()
    numbers: frozenset[str] | None = None
    declared: bool = False
    order: str = "id"
    """id, occurred_at or recorded_at."""
    descending: bool = True


def page(connection: sa.Connection, sight: Sight, asked: Conditions, after: tuple[int, int] | None, limit: int) -> list[sa.Row[Any]]:
    """The next events behind a position (value of the order's column, id), with their bodies."""
    where = _where(connection, sight, asked)
    if where is None:
        return []
    column = event.c[asked.order]
    statement = sa.select(
        event.c.id, column.label("position"), event.c.number, event.c.recorded_at, event.c.declared_at, event.c.body
    ).where(*where)
    if after is not None:
        value, number = (sa.literal(one, sa.BigInteger) for one in after)
        here, there = (event.c.id, number) if asked.order == "id" else (sa.tuple_(column, event.c.id), sa.tuple_(value, number))
        statement = statement.where(here < there if asked.descending else here > there)
    ordered = [column, event.c.id] if asked.order != "id" else [event.c.id]
    statement = statement.order_by(*(one.desc() if asked.descending else one.asc() for one in ordered)).limit(limit)
    return list(connection.execute(statement))


def of_applications(connection: sa.Connection, application_ids: Collection[int], node_ids: Collection[int]) -> list[sa.Row[Any]]:
    """Shown events of these applications that speak of one of these nodes, in the order in which they happened."""
    speaks = sa.select(sa.literal(1)).where(event_thing.c.event_id == event.c.id, among(connection, event_thing.c.node_id, node_ids))
    columns = event.c
    statement = (
        sa.select(
            columns.id, columns.application_id, columns.number, columns.occurred_at, columns.recorded_at, columns.derived, columns.body
        )
        .where(among(connection, columns.application_id, application_ids), columns.shown, speaks.exists())
        .order_by(columns.occurred_at, columns.id)
    )
    return list(connection.execute(statement))


def count(connection: sa.Connection, sight: Sight, asked: Conditions, most: int) -> int:
    """How many events answer, counted up to `most`."""
    where = _where(connection, sight, asked)
    if where is None:
        return 0
    found = sa.select(sa.literal(1)).select_from(event).where(*where).limit(most).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def _where(connection: sa.Connection, sight: Sight, asked: Conditions) -> list[sa.ColumnElement[bool]] | None:
    """The conditions as SQL; null when a thing or word that is asked for is unknown, so that nothing can answer."""
    where = _seen(sight)
    for chosen, column in ((asked.types, event.c.type), (asked.actions, event.c.action)):
        if chosen is not None:
            where.append(column.in_(chosen))
    where += [_OPERATORS[how](event.c[column], value) for column, how, value in asked.times]
    if asked.declared:
        where.append(event.c.declared_at.is_not(None))
    if asked.numbers is not None:
        where.append(among(connection, event.c.number_hash, sorted(mark(number) for number in asked.numbers)))
        where.append(among(connection, event.c.number, sorted(asked.numbers)))
    for words in asked.words:
        ids = _word_ids(connection, words)
        if not ids:
            return None
        where.append(among(connection, event.c[words.column], ids))
    for things in asked.things:
        parts = _nodes(connection, things)
        selects = [*_events_of(connection, parts), *_events_in(things)]
        if not selects:
            return None
        where.append(event.c.id.in_(selects[0] if len(selects) == 1 else sa.union_all(*selects)))
    for marks in asked.marks:
        where.append(event.c.id.in_(sa.select(event_mark.c.event_id).where(among(connection, event_mark.c.mark, sorted(marks)))))
    return where


def _seen(sight: Sight) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = [event.c.shown]
    if sight.organisations is not None:
        where.append(event.c.organisation_id.in_(sorted(sight.organisations)))
    if sight.partner_id is not None:
        where.append(event.c.partner_id == sight.partner_id)
    return where


def _word_ids(connection: sa.Connection, words: AskedWords) -> list[int]:
    named = among(connection, event_word.c.value, sorted(words.values))
    if words.below:
        inside = [_begins(event_word.c.value, f"{value}/254/") for value in sorted(words.values)]
        named = sa.or_(named, *inside)
    return list(connection.execute(sa.select(event_word.c.id).where(event_word.c.kind == words.kind, named)).scalars())


def _begins(column: sa.ColumnElement[str], beginning: str) -> sa.ColumnElement[bool]:
    return sa.func.substr(column, 1, len(beginning)) == beginning


def _nodes(connection: sa.Connection, things: AskedThings) -> dict[int, set[int]]:
    """Roles by node of what is asked for by its key and known."""
    by_key: dict[str, set[int]] = {}
    for key, role in things.keys:
        by_key.setdefault(key, set()).add(role)
    if not by_key:
        return {}
    known = connection.execute(sa.select(node.c.id, node.c.key).where(among(connection, node.c.key, sorted(by_key))))
    return {row.id: by_key[row.key] for row in known}


def _events_of(connection: sa.Connection, parts: dict[int, set[int]]) -> Iterator[sa.Select[Any]]:
    by_roles: dict[frozenset[int], list[int]] = {}
    for number, roles in parts.items():
        by_roles.setdefault(frozenset(roles), []).append(number)
    for together, ids in by_roles.items():
        of_these = among(connection, event_thing.c.node_id, sorted(ids))
        yield sa.select(event_thing.c.event_id).where(of_these, event_thing.c.role.in_(sorted(together)))


def _events_in(things: AskedThings) -> Iterator[sa.Select[Any]]:
    """Ranges stay in the database: all cartons of a company may be millions."""
    by_range: dict[tuple[str, str], set[int]] = {}
    for low, high, role in things.ranges:
        by_range.setdefault((low, high), set()).add(role)
    for (low, high), roles in sorted(by_range.items()):
        inside = sa.select(node.c.id).where(node.c.key >= low, node.c.key < high)
        yield sa.select(event_thing.c.event_id).where(event_thing.c.node_id.in_(inside), event_thing.c.role.in_(sorted(roles)))


# --- what is known -------------------------------------------------------------------------------------------------------
def words(connection: sa.Connection, sight: Sight, column: str, after: str | None, limit: int) -> list[str]:
    """The next words of a column (business steps, read points …) that stand in events which may be seen, in order."""
    value = _plain_order(connection, event_word.c.value)
    statement = sa.select(event_word.c.value)
    if sight.partner_id is None:
        uses = _uses(sight).where(event_word_use.c.word_id == event_word.c.id)
        statement = statement.where(event_word.c.kind == WORDS[column], uses.exists())
    else:  # its own words, whatever others say: the sum keeps planners from going through all words of the kind in their order
        statement = statement.where(event_word.c.id.in_(_uses(sight)), event_word.c.kind + 0 == WORDS[column])
    if after is not None:
        statement = statement.where(value > after)
    return list(connection.execute(statement.order_by(value).limit(limit)).scalars())


def knows_word(connection: sa.Connection, sight: Sight, column: str, value: str) -> bool:
    """Whether a word stands in events that may be seen."""
    word = sa.select(event_word.c.id).where(event_word.c.kind == WORDS[column], event_word.c.value == value).scalar_subquery()
    if connection.execute(_uses(sight).where(event_word_use.c.word_id == word).limit(1)).first() is None:
        return False  # without a look at all events of others in which it stands
    asked = Conditions(words=(AskedWords(column, WORDS[column], frozenset((value,))),))
    return count(connection, sight, asked, 1) > 0


def _uses(sight: Sight) -> sa.Select[Any]:
    """Words that stand in events which somebody may see."""
    uses = sa.select(event_word_use.c.word_id)
    if sight.organisations is not None:
        uses = uses.where(event_word_use.c.organisation_id.in_(sorted(sight.organisations)))
    return uses if sight.partner_id is None else uses.where(event_word_use.c.partner_id == sight.partner_id)


def _plain_order(connection: sa.Connection, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.collate(column, "C") if connection.dialect.name == "postgresql" else column


def things(connection: sa.Connection, sight: Sight, after: int, limit: int) -> tuple[list[tuple[int, str]], int | None]:
    """The next things (id and key of their nodes) in events that may be seen, and where to go on; null: there are no more.

    A page looks at so many rows of the index only, so it may be short, or empty, before the end. A partner's page looks at no more than it
    shows, however much others tell.
    """
    if sight.partner_id is not None:
        return _things_of_partner(connection, sight, after, limit)
    looked = (
        sa.select(event_thing.c.node_id, event_thing.c.event_id)
        .where(event_thing.c.node_id > after, event_thing.c.role < CLASS)
        .order_by(event_thing.c.node_id, event_thing.c.event_id)
        .limit(_LOOKED_AT)
        .subquery()
    )
    last, rows = connection.execute(sa.select(sa.func.max(looked.c.node_id), sa.func.count()).select_from(looked)).one()
    if last is None:
        return [], None
    whole = rows < _LOOKED_AT
    if not whole:  # of the last one there may be more events than were looked at: it belongs to the next page
        cut = int(last)
        last = _before(connection, looked, cut)
        if last is None:
            return _one(connection, sight, cut), cut
    seen = (
        sa.select(looked.c.node_id).join(event, event.c.id == looked.c.event_id).where(*_seen(sight), looked.c.node_id <= last).distinct()
    )
    found = [
        (row.id, row.key)
        for row in connection.execute(sa.select(node.c.id, node.c.key).where(node.c.id.in_(seen)).order_by(node.c.id).limit(limit + 1))
    ]
    if len(found) > limit:
        return found[:limit], found[limit - 1][0]
    return found, None if whole else last


def _things_of_partner(connection: sa.Connection, sight: Sight, after: int, limit: int) -> tuple[list[tuple[int, str]], int | None]:
    uses = event_thing_use.c
    statement = sa.select(uses.node_id).distinct().where(uses.partner_id == sight.partner_id, uses.node_id > after)
    if sight.organisations is not None:
        statement = statement.where(uses.organisation_id.in_(sorted(sight.organisations)))
    looked = list(connection.execute(statement.order_by(uses.node_id).limit(limit + 1)).scalars())
    last = looked[limit - 1] if len(looked) > limit else None
    shown = sa.select(sa.literal(1)).select_from(event_thing.join(event, event.c.id == event_thing.c.event_id))
    told = shown.where(event_thing.c.node_id == node.c.id, event_thing.c.role < CLASS, *_seen(sight))
    rows = connection.execute(
        sa.select(node.c.id, node.c.key).where(among(connection, node.c.id, looked[:limit]), told.exists()).order_by(node.c.id)
    )
    return [(row.id, row.key) for row in rows], last


def _before(connection: sa.Connection, looked: sa.Subquery, last: int) -> int | None:
    found: int | None = connection.execute(sa.select(sa.func.max(looked.c.node_id)).where(looked.c.node_id < last)).scalar_one()
    return found


def _one(connection: sa.Connection, sight: Sight, number: int) -> list[tuple[int, str]]:
    """One thing of which more events speak than a page looks at, if one of them may be seen."""
    speaks = sa.select(sa.literal(1)).select_from(event_thing.join(event, event.c.id == event_thing.c.event_id))
    told = speaks.where(event_thing.c.node_id == node.c.id, event_thing.c.role < CLASS, *_seen(sight))
    rows = connection.execute(sa.select(node.c.id, node.c.key).where(node.c.id == number, told.exists()))
    return [(row.id, row.key) for row in rows]
