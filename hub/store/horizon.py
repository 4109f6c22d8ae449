"""Up to which id all visibility events are there: what reads them in order must not run ahead of a transaction that is still open.

PostgreSQL gives ids when a transaction asks and shows rows when it commits, so that 21 may be seen before 20. The horizon is an id that
somebody had begun to write before the oldest transaction that is open now; it follows the newest event within the longest transaction.
"""

from __future__ import annotations

import threading

import sqlalchemy as sa

from hub.store.database import Database
from hub.store.event_tables import event


class Horizon:
    """Of one store, as one process has seen it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled = 0
        self._next: tuple[int, int] | None = None
        """An id, and the first transaction that had not begun when it was the newest."""

    def look(self, database: Database) -> int:
        """All events up to this id are there, or never will be."""
        with self._lock:
            return self._look(database)

    def _look(self, database: Database) -> int:
        if self._next is not None:
            self._move(*self._next, database)
        if self._next is None:
            with database.read() as connection:
                newest = _newest(connection)
            if newest > self._settled:
                with database.read() as connection:  # later, so that whoever was given an id by then has begun
                    unbegun = _unbegun(connection)
                self._move(newest, unbegun, database)
        return self._settled

    def _move(self, newest: int, unbegun: int, database: Database) -> None:
        with database.read() as connection:
            oldest = _oldest(connection)
        self._next = None if oldest >= unbegun else (newest, unbegun)
        if self._next is None:
            self._settled = newest


def _newest(connection: sa.Connection) -> int:
    """Id of the newest event that anybody has begun to write; 0 when there is none."""
    if connection.dialect.name == "postgresql":
        last, called = connection.execute(sa.text("SELECT last_value, is_called FROM event_key")).one()
        return int(last) if called else 0
    found: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0))).scalar_one()
    return found


def _oldest(connection: sa.Connection) -> int:
    """Number of the oldest transaction that is open. SQLite has one writer, whose ids come in order."""
    if connection.dialect.name != "postgresql":
        return 1
    return int(connection.execute(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).scalar_one())


def _unbegun(connection: sa.Connection) -> int:
    """A number that no transaction has yet which had begun. It is taken, since a snapshot's end stands behind the last transaction that
    has ended: one that is open may lie beyond it.
    """
    if connection.dialect.name != "postgresql":
        return 1
    return int(connection.execute(sa.text("SELECT pg_current_xact_id()::text")).scalar_one())
