"""Rows of a view in somebody's database, read and nothing else.

    {use: sql, database: "postgresql+psycopg://reader@db.example/erp", password_env: ERP_DB_PASSWORD, view: hub_orders,
     columns: [id, number, changed_at, created_at], delta: {kind: stamp, field: changed_at, created: created_at, id: id}}

For systems that offer no interface but their database: the owner makes a view, and an account that may read it. Pages go by keyset
(stamp, id), so that each costs the same and none shifts; every transaction is read only and every statement has a time limit. A page is
JSON, `{"rows": [{…}]}`, with decimals as they are and times in ISO form. `delta: {kind: whole, id: …}` reads all of it and takes in what
differs. PostgreSQL, MariaDB or MySQL, SQLite.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connectors.credentials import refuse_unknown, required, seconds
from connectors.deltas import Delta
from connectors.pulling import Answer, Asked, Question, clock_of, pull, whole_number
from connectors.spec import Page
from connectors.sql_access import ACCESS_SETTINGS, dialect_of, engine_of, only_read, told, url_of
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
            rows = connection.execute(self._select(connection, question)).mappings().all()
        records = [dict(row) for row in rows]
        keys = self._keys(question.clause)
        place = tuple(records[-1][name] for name in keys) if len(records) == self.page else None
        return Answer(_json.encode({"rows": records}), records, place)

    def _keys(self, clause: str) -> tuple[str, ...]:
        return (self.delta.path(clause), *self.delta.id) if self.delta.kind == "stamp" else self.delta.id

    def _select(self, connection: sa.Connection, question: Question) -> sa.Select[Any]:
        columns, delta = self.table.c, self.delta
        keys = self._keys(question.clause)
        query = sa.select(self.table).order_by(*(columns[name] for name in keys)).limit(self.page)
        if delta.kind == "stamp":
            query = query.where(columns[keys[0]].is_not(None))
            if question.clause == "created":
                query = query.where(columns[delta.field].is_(None))
        if question.place is not None:
            return query.where(_behind([columns[name] for name in keys], question.place))
        if question.since is not None:
            query = query.where(columns[keys[0]] >= self._bound(connection, keys[0], question.since))
        return query

    def _bound(self, connection: sa.Connection, name: str, stamp: str) -> Any:
        """A stamp as the column compares: a number, a time, or text where it is text or the site spells it (`ask_as`)."""
        if self._types is None:
            self._types = _types(connection, self.view, self.schema)
        kind = self._types.get(name)
        if self.delta.stamps == "number" or isinstance(kind, sa.Integer):
            return int(self.delta.spelled(stamp))
        if self.delta.ask_as is None and isinstance(kind, sa.DateTime):
            moment = datetime.fromisoformat(stamp)
            bound = moment if kind.timezone else self.delta.local(moment).replace(tzinfo=None)
            return sa.literal(bound, kind)
        return self.delta.spelled(stamp)

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
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), sa.Integer),
}
_CATALOGUE = sa.text(
    "SELECT column_name AS column_name, data_type AS data_type FROM information_schema.columns "
    "WHERE table_name = :view AND table_schema = COALESCE(:schema, DATABASE())"
)


def _behind(columns: Sequence[sa.ColumnElement[Any]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Rows behind one, in the order of these columns; spelled out, for not every database compares rows."""
    first: sa.ColumnElement[Any] = columns[0]
    behind: sa.ColumnElement[bool] = first > values[0]
    return behind if len(columns) == 1 else sa.or_(behind, sa.and_(first == values[0], _behind(columns[1:], values[1:])))


TRANSPORT = Sql()
