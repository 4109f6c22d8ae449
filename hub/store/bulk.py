"""Many rows at once: COPY on PostgreSQL, executemany on SQLite.

Whatever lies behind the inbox is append-only and new by construction, so it is loaded straight; only nodes and balances, which many
documents share, are merged. Merges go in the order of their keys, since two transactions that touch the same keys in different orders
would wait for each other for ever. What is only expected to be new (bytes, envelopes, subjects) is loaded straight too, behind a
savepoint, and merged where a key turns out to exist: a merge costs PostgreSQL twice as much a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import identity
from hub.store.keys import number_of
from hub.store.lists import among
from hub.store.tables import balance, node
from hub.store.types import Exact, scaled, storable

Row = Sequence[Any]
BalanceKey = tuple[int, int, str, int, int, str, str]
"""organisation_id, source_id, location, item_id, lot_id, status, unit."""

_BALANCE_KEY = tuple(column.name for column in balance.primary_key)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NEEDS_ESCAPE = re.compile(r"[\\\t\n\r\x00\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_NULL = "\\N"
_json = msgspec.json.Encoder().encode


def insert(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Append rows; values stand in the order of `columns`, JSON columns take plain values, `Exact` columns Decimals or ints.

    Raises sqlalchemy's IntegrityError when a key exists already: nothing of this call is then kept.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table.name, table, tuple(columns), rows)
        return
    columns, rows = _said(table, tuple(columns), rows)
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', _for_sqlite(table, tuple(columns), rows))  # noqa: S608


def insert_missing(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add the rows whose keys are free and leave the others. Give them in the order of their keys: two must not wait for each other."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        insert_new(connection, table, columns, rows)
        return
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'  # noqa: S608
    connection.exec_driver_sql(statement, _for_sqlite(table, tuple(columns), rows))


def insert_or_ignore(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT for a single row that does nothing where a unique key exists; takes `.values()` and `.returning()`."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_new(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> set[Any]:
    """Add the rows whose unique keys are free and leave the others; returns the values of the first column that were added.

    Waits for another transaction that holds one of the keys. Give the rows in the order of their keys, so that two do not wait for each
    other. The first column must be unique and, unless it tells what the row is (a hash), new.
    """
    if not rows:
        return set()
    if connection.dialect.name == "postgresql":
        if len(rows) > _FEW:
            if _all_new(connection, table, tuple(columns), rows):
                return {row[0] for row in rows}
            return _insert_new_by_copy(connection, table, tuple(columns), rows)
        return set(connection.exec_driver_sql(_unnest(table, tuple(columns)), _for_unnest(table, tuple(columns), rows)).scalars())
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    ready = _for_sqlite(table, tuple(columns), rows)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'  # noqa: S608
    if len(ready) == 1:
        return set(connection.exec_driver_sql(f'{statement} RETURNING "{columns[0]}"', ready[0]).scalars())
    first = table.c[columns[0]]
    if connection.exec_driver_sql(statement, ready).rowcount == len(rows) or isinstance(first.type, sa.LargeBinary):
        return {row[0] for row in rows}
    return set(connection.execute(sa.select(first).where(among(connection, first, [row[0] for row in rows]))).scalars())


_FEW = 20
"""Rows from which COPY into a temporary table costs less than arrays, which the driver writes value by value."""


_MERGES_AFTER_A_CLASH = 2
"""Calls for a table that merge at once after one that found a key taken: where that happens, it soon happens again."""
_merging: dict[str, int] = {}
"""Table → such calls that are left, in this process. A guess that only costs time when it is wrong."""
_TAKEN = "23505"
"""SQLSTATE unique_violation."""


def _all_new(connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> bool:
    """Load the rows as they are. Where one of their keys is taken nothing of them stays, and they must be merged."""
    left = _merging.get(table.name, 0)
    if left:
        _merging[table.name] = left - 1
        return False
    _savepoint(connection)
    try:
        _copy(connection, table.name, table, columns, rows)
    except sa.exc.IntegrityError as error:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT straight")
        if getattr(error.orig, "sqlstate", None) != _TAKEN:
            raise
        _merging[table.name] = _MERGES_AFTER_A_CLASH
        return False
    return True


def _savepoint(connection: sa.Connection) -> None:
    """Begin a part of the transaction that can be taken back. It ends where the next one begins: one trip to the server, not two."""
    whole = connection.get_nested_transaction() or connection.get_transaction()
    again = connection.info.get("straight") is whole
    connection.info["straight"] = whole
    statement = "RELEASE SAVEPOINT straight; SAVEPOINT straight" if again else "SAVEPOINT straight"
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _insert_new_by_copy(connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> set[Any]:
    names = ", ".join(f'"{name}"' for name in columns)
    arriving = f"{table.name}_arriving_{len(columns)}"
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE IF NOT EXISTS "{arriving}" ON COMMIT DELETE ROWS AS SELECT {names} '  # noqa: S608
        f'FROM "{table.name}" WITH NO DATA'
    )
    _copy(connection, arriving, table, columns, rows)
    added = connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{arriving}" ORDER BY ctid '  # noqa: S608
        f'ON CONFLICT DO NOTHING RETURNING "{columns[0]}"'
    )
    found = set(added.scalars())
    connection.exec_driver_sql(f'DELETE FROM "{arriving}"')  # noqa: S608
    return found


_NODE = ("id", "kind", "key", "number")


def nodes(connection: sa.Connection, kinds: Mapping[str, str]) -> tuple[dict[str, int], set[int]]:
    """Ids of graph nodes by key; what is unknown is made. `kinds` maps each key to its kind. Returns also which ids were made."""
    wanted = sorted(kinds)
    found = _known_nodes(connection, wanted)
    missing = [key for key in wanted if key not in found]
    if not missing:
        return found, set()
    ids = identity.allocate(connection, "node", len(missing))
    rows = [(new, kinds[key], key, number_of(key)) for new, key in zip(ids, missing, strict=True)]
    if connection.dialect.name != "postgresql":
        insert(connection, node, _NODE, rows)
        found.update(zip(missing, ids, strict=True))
        return found, set(ids)
    made = insert_new(connection, node, _NODE, rows)
    found.update((key, new) for new, key in zip(ids, missing, strict=True) if new in made)
    raced = [key for key in missing if key not in found]
    if raced:  # another worker made them meanwhile; it has committed, or our insert would still wait
        found.update(_known_nodes(connection, raced))
    return found, made


def _known_nodes(connection: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    return dict(connection.execute(sa.select(node.c.key, node.c.id).where(among(connection, node.c.key, keys))).all())


def add_balances(
    connection: sa.Connection, rows: Iterable[tuple[int, int, str, int, int, str, str, Decimal]], made: Collection[int] = ()
) -> None:
    """Add quantities to balances; rows are the table's columns in order, equal keys are summed, any order will do.

    `made`: nodes that this transaction made just before. Nobody else can know them, so that a balance of one of them is new.
    """
    sums: dict[BalanceKey, Decimal] = {}
    for *key, quantity in rows:
        place: BalanceKey = tuple(key)  # type: ignore[assignment]
        sums[place] = sums.get(place, Decimal(0)) + quantity
    merged = [(*key, sums[key]) for key in sorted(sums)]
    if not merged:
        return
    columns = (*_BALANCE_KEY, "quantity")
    if connection.dialect.name == "postgresql":
        insert(connection, balance, columns, [row for row in merged if row[3] in made or row[4] in made])
        merged = [row for row in merged if not (row[3] in made or row[4] in made)]
        if not merged:
            return
        connection.exec_driver_sql("CREATE TEMPORARY TABLE IF NOT EXISTS balance_arriving (LIKE balance) ON COMMIT DELETE ROWS")
        _copy(connection, "balance_arriving", balance, columns, merged)
        connection.exec_driver_sql(
            f"INSERT INTO balance SELECT * FROM balance_arriving ORDER BY {', '.join(_BALANCE_KEY)} "  # noqa: S608
            f"ON CONFLICT ({', '.join(_BALANCE_KEY)}) DO UPDATE SET quantity = balance.quantity + excluded.quantity"
        )
        connection.exec_driver_sql("DELETE FROM balance_arriving")
        return
    connection.exec_driver_sql(
        f"INSERT INTO balance ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(_BALANCE_KEY)}) DO UPDATE SET quantity = balance.quantity + excluded.quantity",
        _for_sqlite(balance, columns, merged),
    )


# --- SQLite: rows as the driver wants them -----------------------------------------------------------------------------
def _sqlite_column(kind: sa.types.TypeEngine[Any]) -> Callable[[Sequence[Any]], Sequence[Any]] | None:
    if isinstance(kind, Exact):
        return lambda values: [None if value is None else scaled(Decimal(value)) for value in values]
    if isinstance(kind, sa.JSON):
        return lambda values: [None if value is None else _json(value).decode() for value in values]
    if isinstance(kind, sa.Text):
        return _storable
    return None


@lru_cache(maxsize=256)
def _sqlite_row(table: sa.Table, columns: tuple[str, ...]) -> tuple[tuple[int, Callable[[Sequence[Any]], Sequence[Any]]], ...]:
    made = ((place, _sqlite_column(table.c[name].type)) for place, name in enumerate(columns))
    return tuple((place, convert) for place, convert in made if convert is not None)


def _said(table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> tuple[tuple[str, ...], Sequence[Row]]:
    """Without the columns that are null in every row: to bind a null costs the driver more than to bind a text."""
    turned = list(zip(*rows, strict=True))
    kept = [
        place
        for place, values in enumerate(turned)
        if values[0] is not None or values.count(None) < len(values) or table.c[columns[place]].server_default is not None
    ]
    if len(kept) == len(columns):
        return columns, rows
    return tuple(columns[place] for place in kept), list(zip(*(turned[place] for place in kept), strict=True))


def _for_sqlite(table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    converters = _sqlite_row(table, columns)
    if not converters:
        return [tuple(row) for row in rows]
    turned: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in converters:
        turned[place] = convert(turned[place])
    return list(zip(*turned, strict=True))


def _storable(values: Sequence[Any]) -> Sequence[Any]:
    """Free text. Nearly all of it can be stored as it is, which one look at the whole column tells."""
    if _UNSTORABLE.search("".join([value for value in values if value is not None])):
        return [None if value is None else storable(value) for value in values]
    return values


# --- PostgreSQL: one array a column ------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def _unnest(table: sa.Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    arrays = ", ".join(f"%s::{postgresql.ARRAY(table.c[name].type).compile(dialect=_POSTGRESQL)}" for name in columns)
    return f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING RETURNING "{columns[0]}"'  # noqa: S608


def _for_unnest(table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> tuple[list[Any], ...]:
    arrays: list[list[Any]] = []
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        kind = table.c[name].type
        if isinstance(kind, sa.JSON):
            values = tuple(None if value is None else _json(value).decode() for value in values)
        elif isinstance(kind, sa.Text):
            values = tuple(_storable(values))
        arrays.append(list(values))
    return tuple(arrays)


# --- PostgreSQL: COPY in text form, built column by column -------------------------------------------------------------
def _each(text: Callable[[Any], str]) -> Callable[[Sequence[Any]], Sequence[str]]:
    """A column by its values. Many columns say one thing in all rows of a batch: organisation, partner, time."""

    def column(values: Sequence[Any]) -> Sequence[str]:
        first = values[0]
        if first is not None and values.count(first) == len(values):
            return [text(first)] * len(values)
        if None in values:
            return [_NULL if value is None else text(value) for value in values]
        return list(map(text, values))

    return column


def _texts(values: Sequence[Any]) -> Sequence[str]:
    """Free text. Nearly all of it needs no escape, which one look at the whole column tells."""
    some = None in values
    if _NEEDS_ESCAPE.search("".join([value for value in values if value is not None] if some else values)):
        return [_NULL if value is None else storable(value).translate(_ESCAPES) for value in values]
    return [_NULL if value is None else value for value in values] if some else values


@lru_cache(maxsize=65536)
def _exact_text(value: Decimal | int) -> str:
    scaled(Decimal(value))  # refuse here what SQLite could not hold: both databases take the same numbers
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _documents(values: Sequence[Any]) -> Sequence[str]:
    texts = [_NULL if value is None else _json(value).decode() for value in values]
    return [text if text is _NULL else text.replace("\\", "\\\\") for text in texts] if "\\" in "".join(texts) else texts


_BY_VALUE: Mapping[type[sa.types.TypeEngine[Any]], Callable[[Sequence[Any]], Sequence[str]]] = {
    Exact: _each(_exact_text),
    sa.LargeBinary: _each(lambda value: "\\\\x" + value.hex()),
    sa.Boolean: _each(lambda value: "t" if value else "f"),
    sa.Integer: _each(str),
}


def _column(kind: sa.types.TypeEngine[Any]) -> Callable[[Sequence[Any]], Sequence[str]]:
    if isinstance(kind, sa.JSON):
        return _documents
    return next((made for of, made in _BY_VALUE.items() if isinstance(kind, of)), _texts)


def _text_rows(table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> bytes:
    turned = [_column(table.c[name].type)(values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)]
    return ("\n".join(map("\t".join, zip(*turned, strict=True))) + "\n").encode()


# --- PostgreSQL: COPY in binary form, for the bytes of documents, which the text form doubles ----------------------------
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NOTHING = b"\xff\xff\xff\xff"


@lru_cache(maxsize=64)
def _widths(table: sa.Table, columns: tuple[str, ...]) -> tuple[int, ...] | None:
    """Bytes of each integer column, 0 for a column of bytes; None where there is no such or another kind of column."""
    widths = []
    for name in columns:
        kind = table.c[name].type
        if isinstance(kind, sa.LargeBinary):
            widths.append(0)
        elif isinstance(kind, sa.Integer):
            widths.append(2 if isinstance(kind, sa.SmallInteger) else 8 if isinstance(kind, sa.BigInteger) else 4)
        else:
            return None
    return tuple(widths) if 0 in widths else None


def _binary_rows(widths: tuple[int, ...], rows: Sequence[Row]) -> bytes:
    """The file that PostgreSQL's manual describes under COPY, "Binary Format": each field behind its length."""
    parts, fields = [_HEADER], len(widths).to_bytes(2, "big")
    for row in rows:
        parts.append(fields)
        for width, value in zip(widths, row, strict=True):
            if value is None:
                parts.append(_NOTHING)
            else:
                value = value.to_bytes(width, "big", signed=True) if width else value
                parts += (len(value).to_bytes(4, "big"), value)
    parts.append(_TRAILER)
    return b"".join(parts)


def _copy(connection: sa.Connection, target: str, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    columns, rows = _said(table, columns, rows)
    widths = _widths(table, columns)
    content = _text_rows(table, columns, rows) if widths is None else _binary_rows(widths, rows)
    names = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection.driver_connection
    statement = f'COPY "{target}" ({names}) FROM STDIN{"" if widths is None else " (FORMAT BINARY)"}'
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(content)
    except driver_errors(connection) as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, driver_errors(connection), dialect=connection.dialect) from error


def driver_errors(connection: sa.Connection) -> type[Exception]:
    """The base class of the driver's errors, for statements that bypass SQLAlchemy."""
    return connection.dialect.loaded_dbapi.Error
