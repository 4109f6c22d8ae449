"""What PostgreSQL needs beside what all databases do: times that only it has, and an end to waiting where its server falls silent.

Loaded only where a flow asks a PostgreSQL, for its driver is no requirement of the hub.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from threading import Timer
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import Loader
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

_ENDING = "ending"
"""What ends a connection, among the notes that the pool keeps of it."""


def times_of_all_ages(connection: Any, _: object) -> None:
    """`infinity`, and days before year 1 and after 9999, which are no times of Python's, come as the text that PostgreSQL has for them."""
    for name, known in (("date", DateLoader), ("timestamp", TimestampLoader), ("timestamptz", TimestamptzLoader)):
        connection.adapters.register_loader(name, _with_ends(known))


def never_deaf(engine: sa.Engine, seconds: float) -> None:
    """Cut a connection where so long after a statement went out nothing came: `statement_timeout` is kept by a server that is alive, and
    a firewall that forgets us leaves nobody to keep it. Who waits there gets psycopg.OperationalError."""

    def begin(connection: Any, record: Any) -> None:
        record.info[_ENDING] = _timer(connection, seconds)

    def again(connection: sa.Connection, *_: Any) -> None:
        connection.info[_ENDING].cancel()
        connection.info[_ENDING] = _timer(connection.connection.driver_connection, seconds)

    def end(_: Any, record: Any) -> None:
        record.info[_ENDING].cancel()

    sa.event.listen(engine, "connect", begin)
    sa.event.listen(engine, "before_cursor_execute", again)
    sa.event.listen(engine, "close", end)


def _timer(connection: Any, seconds: float) -> Timer:
    made = Timer(seconds, _cut, (connection,))
    made.daemon = True
    made.start()
    return made


def _cut(connection: Any) -> None:
    with suppress(OSError, psycopg.Error):  # it is closed, or broken, already
        line = socket.socket(fileno=os.dup(connection.fileno()))
        line.shutdown(socket.SHUT_RDWR)
        line.close()


@cache
def _with_ends(known: type[Loader]) -> type[Loader]:
    class WithEnds(known):  # type: ignore[valid-type, misc]
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    return WithEnds
