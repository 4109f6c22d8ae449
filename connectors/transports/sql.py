"""Rows of a view in somebody's database, read and nothing else.

    {use: sql, database: "postgresql+psycopg://reader@db.example/erp", password_env: ERP_DB_PASSWORD, view: hub_orders,
     columns: [id, number, changed_at, created_at], delta: {kind: stamp, field: changed_at, created: created_at, id: id}}

For systems that offer no interface but their database: the owner makes a view, and an account that may read it. Pages go by keyset
(stamp, id), so that each costs the same and none shifts; every transaction is read only and every statement has a time limit. A page is
JSON, `{"rows": [{…}]}`, with decimals as they are and times in ISO form. `delta: {kind: whole, id: …}` reads all of it and takes in what
differs. PostgreSQL, MariaDB or MySQL, SQLite.

A page begins with the last key once more, and what was read of it is left out: a database may hold ids equal that we tell apart (`AB` and
`ab` under a collation). One key is one row; where it is not, that is told, for the rest of a record would be lost at the border of a page.
With `rows: true` the rows of one id are a record: they bear one stamp, and a page ends behind whole ones.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connectors.credentials import refuse_unknown, required, seconds
from connectors.deltas import Delta
from connectors.pulling import Answer, Asked, Question, clock_of, pull, whole_number
from connectors.spec import Page
from connectors.sql_access import ACCESS_SETTINGS, dialect_of, engine_of, only_read, told, url_of
from connectors.sql_stamps import text_bound, untyped
from data_contracts.errors import ConfigError

_SETTINGS = ACCESS_SETTINGS | {"schema", "view", "columns", "delta", "page", "timeout_seconds", "clock"}
_PAGE = 1000


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else str(value)


_json = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)


class Sql(Asked):
    """The transport `sql`. It only reads."""

    name = "sql"
    settings = _SETTINGS
    needs = frozenset({"database", "view", "columns", "delta"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for an address, a delta or columns that fit nothing."""
        url_of(settings)
        if asks:
            _columns(settings, Delta.of(settings, self.name))

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """Rows since the watermark. Raises RetriableError when the database is away or takes too long."""
        refuse_unknown(settings, _SETTINGS, self.name)
        delta = Delta.of(settings, self.name, sorts=True)
        if delta.kind not in ("stamp", "whole"):
            raise ConfigError(f"transport sql knows the deltas stamp and whole, not {delta.kind}")
        view = View(settings, delta)
        yield from pull(delta, required(settings, "view", self.name), watermark, view.ask, clock_of(settings))


def _columns(settings: Mapping[str, Any], delta: Delta) -> list[str]:
    """The columns that are read. Raises ConfigError where the delta names another one."""
    columns = settings.get("columns")
    if not isinstance(columns, list) or not columns:
        raise ConfigError("transport sql: columns is a list of the view's columns")
    names = [str(name) for name in columns]
    for name in (*delta.id, *filter(None, (delta.field, delta.created))):
        if name not in names:
            raise ConfigError(f"transport sql: delta names {name}, which is not among the columns")
    return names


@dataclass(frozen=True, slots=True)
class Behind:
    """Where a page begins: at a key, without what was read of those that the database holds equal to it."""

    key: tuple[Any, ...] = ()
    read: frozenset[tuple[Any, ...]] = frozenset()
    """Keys that were read and may be equal to it."""
    rows: int = 0
    """How many rows the last key has."""


_NAMED = Behind()
"""Behind the rows that have no id: where the others begin."""
_Row = dict[str, Any]
_SAME = "udihub_same_key"
"""Column that says whether the database holds a row's key equal to the last one."""


class View:
    """One view and how it is asked."""

    def __init__(self, settings: Mapping[str, Any], delta: Delta) -> None:
        self.names = _columns(settings, delta)
        self.delta = delta
        self.view, schema = required(settings, "view", "sql"), settings.get("schema")
        self.schema = None if schema is None else str(schema)
        self.table = sa.table(self.view, *(sa.column(name) for name in self.names), schema=self.schema)
        self.page = whole_number(settings, "page", _PAGE, 100_000)
        self.timeout = seconds(settings, "timeout_seconds", 60)
        self._engine = engine_of(settings, self.timeout)
        self._types: dict[str, Any] | None = None

    def ask(self, question: Question) -> Answer:
        """One page, in a transaction of its own: a long one would keep the owner's database from tidying up."""
        with self._connected() as connection:
            nameless = self._nameless(connection, question) if question.place is None else []
            if nameless:
                return Answer(_json.encode({"rows": nameless}), nameless, _NAMED, nameless=True)
            rows, place = self._page(connection, question)
        return Answer(_json.encode({"rows": rows}), rows, place)

    def _page(self, connection: sa.Connection, question: Question) -> tuple[list[_Row], Behind | None]:
        """What was not read yet, and where the next page begins."""
        behind = question.place if isinstance(question.place, Behind) else _NAMED
        names, limit = self._keys(question.clause), self.page + 1 + behind.rows
        select = self._select(connection, question)
        while True:
            found = [dict(row) for row in connection.execute(select.limit(limit)).mappings()]
            same = sum(row.pop(_SAME, 0) for row in found)
            fresh = [row for row in found if _key(row, names) not in behind.read]
            if fresh or len(found) < limit:
                break
            limit *= 2  # the database holds more keys equal to the last one than a page has rows
        self._one_row_each(found, names)
        rows = fresh[: self.page]
        if len(fresh) <= self.page and len(found) < limit:
            return rows, None
        read = {key for row in found if (key := _key(row, names)) in behind.read} | {_key(row, names) for row in rows}
        if same == len(found):
            read |= behind.read  # all of them are as the last key to the database, and it may give others of those each time
        return rows, self._behind(rows, names, read)

    def _behind(self, rows: Sequence[_Row], names: Sequence[str], read: set[tuple[Any, ...]]) -> Behind:
        """Behind the last row; of records of several rows behind the last one that is whole. Raises ConfigError where one fills a page."""
        if self.delta.rows:
            cut = _key(rows[-1], names)
            rows, read = [row for row in rows if _key(row, names) != cut], read - {cut}
            if not rows:
                raise ConfigError(f"transport sql: a record of {self.view} has more rows than a page holds: ask for larger pages (page)")
        last = _key(rows[-1], names)
        return Behind(last, frozenset(read), sum(_key(row, names) == last for row in rows))

    def _one_row_each(self, found: Sequence[_Row], names: Sequence[str]) -> None:
        """Raises ConfigError where a key is not one row, or the rows of a record bear several stamps."""
        known: dict[tuple[Any, ...], Any] = {}
        for row in found:
            if self.delta.rows:
                key, said = _key(row, self.delta.id), row[names[0]]
            else:
                key, said = _key(row, names), row
            if known.setdefault(key, said) != said:
                raise ConfigError(self._several(key))

    def _several(self, key: Sequence[Any]) -> str:
        one = ", ".join(str(value) for value in key)
        if self.delta.rows:
            return f"transport sql: the rows of one record of {self.view} bear several stamps ({one}): let the view give each the latest"
        return (
            f"transport sql: {self.view} has several rows of one key ({one}): name in delta, id, all columns that tell rows apart, "
            "or say rows: true where they are one record"
        )

    def _nameless(self, connection: sa.Connection, question: Question) -> list[_Row]:
        """Rows without a value in a column of their id: no page by keys would hold them. Raises ConfigError where a page cannot."""
        columns = self.table.c
        if self.delta.kind == "stamp" and set(self.delta.id) <= {self.delta.path(question.clause)}:
            return []
        query = self._since(connection, question, sa.select(self.table)).where(sa.or_(*(columns[name].is_(None) for name in self.delta.id)))
        rows = [dict(row) for row in connection.execute(query.limit(self.page + 1)).mappings()]
        if len(rows) > self.page:
            raise ConfigError(f"transport sql: more than {self.page} rows of {self.view} have no {', '.join(self.delta.id)}")
        return rows

    def _keys(self, clause: str) -> tuple[str, ...]:
        return (self.delta.path(clause), *self.delta.id) if self.delta.kind == "stamp" else self.delta.id

    def _select(self, connection: sa.Connection, question: Question) -> sa.Select[Any]:
        columns, keys = self.table.c, self._keys(question.clause)
        query = sa.select(self.table).order_by(*(columns[name] for name in keys))
        query = query.where(*(columns[name].is_not(None) for name in self.delta.id))
        if isinstance(question.place, Behind) and question.place.key:
            listed, key = [columns[name] for name in keys], question.place.key
            key = tuple(untyped(value) if isinstance(value, str) else value for value in key)
            same = sa.and_(*(column == value for column, value in zip(listed, key, strict=True)))
            query = query.add_columns(sa.case((same, 1), else_=0).label(_SAME))
            return self._asked(question, query).where(_from(listed, key))
        return self._since(connection, question, query)

    def _since(self, connection: sa.Connection, question: Question, query: sa.Select[Any]) -> sa.Select[Any]:
        """The rows of a question from its stamp on."""
        query, name = self._asked(question, query), self._keys(question.clause)[0]
        if question.since is None:
            return query
        return query.where(self.table.c[name] >= self._bound(connection, name, question.since))

    def _asked(self, question: Question, query: sa.Select[Any]) -> sa.Select[Any]:
        """The rows of a question: those with its stamp."""
        columns, delta = self.table.c, self.delta
        if delta.kind == "stamp":
            query = query.where(columns[delta.path(question.clause)].is_not(None))
            if question.clause == "created":
                query = query.where(columns[delta.field].is_(None))
        return query

    def _bound(self, connection: sa.Connection, name: str, stamp: str) -> Any:
        """A stamp as the column compares: a number, a time, a day, or text where it is text or the site spells it (`ask_as`)."""
        if self._types is None:
            self._types = _types(connection, self.view, self.schema)
        kind, delta = self._types.get(name), self.delta
        if delta.stamps == "number" or isinstance(kind, sa.Integer | sa.Numeric):
            return int(delta.spelled(stamp))
        if delta.ask_as is not None or delta.stamps != "time":
            return untyped(delta.spelled(stamp))
        moment = datetime.fromisoformat(stamp)
        if connection.dialect.name == "sqlite" or not isinstance(kind, sa.DateTime | sa.Date):  # SQLite has no type for times
            return untyped(text_bound(connection, self.table, name, delta, moment))
        if isinstance(kind, sa.DateTime):
            return sa.literal(moment if kind.timezone else delta.local(moment).replace(tzinfo=None), kind)
        return sa.literal(delta.local(moment).date(), kind)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A read-only transaction with a time limit; errors of the database as the hub's."""
        try:
            with self._engine.connect() as connection:
                only_read(connection, self.timeout)
                yield connection
        except sa.exc.NoSuchTableError as error:
            raise ConfigError(f"transport sql: there is no view {error}") from error
        except sa.exc.DBAPIError as error:
            raise told(error, self.view) from error


def _types(connection: sa.Connection, view: str, schema: str | None) -> dict[str, Any]:
    """The type of each column. Of MariaDB and MySQL by their catalogue: to tell how a view is made they want a right that no reader has."""
    if dialect_of(connection) not in ("mariadb", "mysql"):
        return {column["name"]: column["type"] for column in sa.inspect(connection).get_columns(view, schema=schema)}
    rows = connection.execute(_CATALOGUE, {"view": view, "schema": schema}).all()
    if not rows:
        raise sa.exc.NoSuchTableError(view)
    return {row.column_name: _KINDS[row.data_type]() for row in rows if row.data_type in _KINDS}


_KINDS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    **dict.fromkeys(("datetime", "timestamp"), sa.DateTime),
    "date": sa.Date,
    **dict.fromkeys(("decimal", "float", "double"), sa.Numeric),
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), sa.Integer),
}
_CATALOGUE = sa.text(
    "SELECT column_name AS column_name, data_type AS data_type FROM information_schema.columns "
    "WHERE table_name = :view AND table_schema = COALESCE(:schema, DATABASE())"
)


def _key(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _from(columns: Sequence[sa.ColumnElement[Any]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Rows from one on, in the order of these columns; spelled out, for not every database compares rows."""
    first: sa.ColumnElement[Any] = columns[0]
    if len(columns) == 1:
        last: sa.ColumnElement[bool] = first >= values[0]
        return last
    return sa.or_(first > values[0], sa.and_(first == values[0], _from(columns[1:], values[1:])))


TRANSPORT = Sql()
