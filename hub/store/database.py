"""The store: SQLite in the home for one machine, PostgreSQL 15+ for production. The same promises on both.

A write is durable when `begin` returns: SQLite with WAL and synchronous=FULL, PostgreSQL with fsync and synchronous_commit on. A
store that can't promise this is refused; only tests, which crash no machine, say `?durable=off` in the URL.
"""

from __future__ import annotations

import importlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from data_contracts.errors import ConfigError, FatalError, RetriableError
from hub.clock import Clock
from hub.store import migrations
from hub.store.faults import fault
from hub.store.types import micros
from hub.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
_open: weakref.WeakSet[Database] = weakref.WeakSet()

BUSY_SECONDS = 60
"""How long a write waits for its turn before it is told to come again."""
PAGE_BYTES = 8192
"""Of a new SQLite file. A batch touches half as many pages as with SQLite's own 4096, and each is copied to the log and checked there."""
CACHE_KIB = 16_384
"""Pages of a SQLite file that a connection keeps in memory at most. Four times as much made nothing faster, and a sync of a hundred
thousand records filled it."""
_JSON_ENCODE = msgspec.json.Encoder().encode


def sqlite_module() -> ModuleType:
    """The SQLite driver: pysqlite3, which carries a current engine; else Python's own."""
    for name in ("pysqlite3.dbapi2", "sqlite3"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        # Without an adapter of its own the driver searches one for every null that is bound: 1.7 microseconds each, more than a text.
        module.register_adapter(type(None), lambda nothing: nothing)
        return module
    raise ConfigError("this Python has no SQLite; install pysqlite3, or use PostgreSQL")


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset race that could lose commits (3.7.0 to 3.51.2; fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


class Database:
    """An open store. Threads may share it; after a fork the child gets connections of its own."""

    def __init__(self, url: sa.URL, home: Path, clock: Clock, durable: bool, module: ModuleType | None) -> None:
        self.url = url
        self.home = home
        self.clock = clock
        self.is_postgresql = url.get_backend_name() == "postgresql"
        self.journal: str | None = None
        """SQLite's journal mode in force: `wal`, or `delete` where the engine is too old for a safe WAL."""
        self._failure: str | None = None
        self._turn = threading.Lock()
        self._here = threading.local()
        if self.is_postgresql:
            self._writer, self._reader = _postgresql_engines(url)
            _require_durable(self._writer, durable)
        else:
            module = module or sqlite_module()
            self.journal = "wal" if wal_is_safe(module.sqlite_version_info) else "delete"
            if self.journal != "wal":
                _log.warning(
                    "SQLite is too old for a safe write-ahead log: journal mode DELETE and synchronous EXTRA are used, which is slower",
                    version=module.sqlite_version,
                    needed="3.51.3",
                )
            self._writer, self._reader = _sqlite_engines(url, module, self.journal, durable)
        _open.add(self)

    @classmethod
    def open(cls, url: str, home: Path, clock: Clock, *, module: ModuleType | None = None) -> Database:
        """Open the store at a URL, `sqlite:///…` or `postgresql+psycopg://…`; makes the home, not the tables (`migrate`).

        Raises ConfigError for a store that can't keep the promises, RetriableError when the server does not answer.
        `module` is the SQLite driver to use instead of `sqlite_module()`.
        """
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise ConfigError(f"UDIHUB_DATABASE_URL is no database address: {error}") from error
        durable = parsed.query.get("durable", "on") != "off"
        parsed = parsed.difference_update_query(["durable"])
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ConfigError(f"UDIHUB_DATABASE_URL: expected sqlite or postgresql, got {backend}")
        if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise ConfigError("UDIHUB_DATABASE_URL: SQLite in memory forgets everything; name a file")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if backend == "sqlite":
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(parsed, home, clock, durable, module)
        return cls(parsed.set(drivername="postgresql+psycopg"), home, clock, durable, None)

    def migrate(self) -> None:
        """Bring the tables up to this release. One look when they are; safe when several processes start at once."""
        with self._translated(), self._reader.connect() as connection:
            if migrations.is_current(connection):
                return
        with self._translated(), self._one_at_a_time(), self._writer.begin() as connection:
            migrations.upgrade(connection)

    @contextmanager
    def begin(self, actor: str) -> Iterator[UnitOfWork]:
        """One write transaction by `actor` (a person, key label or component); durable when the block has ended without an error.

        Raises RetriableError when the same work may succeed later, FatalError when durability is in doubt; then this
        object takes no more writes until it is opened anew. A block that raises leaves nothing behind.
        """
        if self._failure is not None:
            raise FatalError(f"the store takes no more writes: {self._failure}")
        with self._translated(), self._one_at_a_time(), self._writer.connect() as connection, connection.begin():
            unit = UnitOfWork(connection, self.home, actor, micros(self.clock.now()))
            yield unit
            unit.settle()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one unchanging state of the store and can't write."""
        with self._translated(), self._reader.connect() as connection, connection.begin():
            yield connection

    def check(self) -> None:
        """Whether the store answers and may take writes. Raises FatalError or RetriableError when not."""
        if self._failure is not None:
            raise FatalError(f"the store takes no more writes: {self._failure}")
        with self.read() as connection:
            connection.execute(sa.select(1))

    def close(self) -> None:
        """Give all connections back. The object may be used again, it then connects anew."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError) as error:
            known = fault(error)
            if known is None:
                raise
            if isinstance(known, FatalError):
                self._failure = str(known)
            raise known from error

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """SQLite has one writer: threads queue here, in fair order, instead of polling the file's lock."""
        if getattr(self._here, "writing", False):
            raise RuntimeError("this thread is already in a write transaction of this store")
        if not self.is_postgresql and not self._turn.acquire(timeout=BUSY_SECONDS):
            raise RetriableError("the store is busy writing")
        self._here.writing = True
        try:
            yield
        finally:
            self._here.writing = False
            if not self.is_postgresql:
                self._turn.release()

    def _forked(self) -> None:
        self._writer.dispose(close=False)
        self._reader.dispose(close=False)
        self._turn = threading.Lock()
        self._here = threading.local()


def _after_fork() -> None:
    for database in list(_open):
        database._forked()


os.register_at_fork(after_in_child=_after_fork)


def _json_text(value: Any) -> str:
    return _JSON_ENCODE(value).decode()


def _postgresql_engines(url: sa.URL) -> tuple[sa.Engine, sa.Engine]:
    try:
        writer = sa.create_engine(
            url,
            pool_size=8,
            max_overflow=16,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",  # whatever the server's default: a loser of a race must see what the winner committed
            pool_timeout=BUSY_SECONDS,
            json_serializer=_json_text,
            json_deserializer=msgspec.json.decode,
            connect_args={"application_name": "udihub"},
        )
    except ImportError as error:
        raise ConfigError("PostgreSQL needs the extra `postgres`: pip install 'udihub[postgres]'") from error
    reader = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return writer, reader


def _require_durable(engine: sa.Engine, durable: bool) -> None:
    """Refuse a server that is too old, or that may lose what it has confirmed."""
    try:
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
            wrong = [
                name
                for name in ("fsync", "full_page_writes", "synchronous_commit")
                if connection.exec_driver_sql(f"SHOW {name}").scalar_one() == "off"
            ]
    except sa.exc.SQLAlchemyError as error:
        raise fault(error) or ConfigError(f"UDIHUB_DATABASE_URL: {error}") from error
    if int(version) < 150000:
        raise ConfigError(f"PostgreSQL 15 or newer is needed, this is {version}")
    if wrong and durable:
        raise ConfigError(f"PostgreSQL runs with {' and '.join(wrong)} off: it could lose what the hub has confirmed. Set to on.")
    if not durable:
        _log.warning("durability checks are off: for tests only", off=wrong)


def _sqlite_engines(url: sa.URL, module: ModuleType, journal: str, durable: bool) -> tuple[sa.Engine, sa.Engine]:
    synchronous = "OFF" if not durable else "FULL" if journal == "wal" else "EXTRA"
    pragmas = (
        f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
        f"PRAGMA page_size = {PAGE_BYTES}",  # says something to a file that is still empty, and before its journal mode is set
        f"PRAGMA journal_mode = {journal}",
        f"PRAGMA synchronous = {synchronous}",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA cache_size = -{CACHE_KIB}",
        "PRAGMA temp_store = MEMORY",
    )

    def engine(begin: str, *more: str, **options: Any) -> sa.Engine:
        made = sa.create_engine(
            url,
            module=module,
            connect_args={"check_same_thread": False, "isolation_level": None, "timeout": BUSY_SECONDS},
            pool_timeout=BUSY_SECONDS,
            json_serializer=_json_text,
            json_deserializer=msgspec.json.decode,
            **options,
        )

        @sa.event.listens_for(made, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            for pragma in (*pragmas, *more):
                connection.execute(pragma).fetchall()

        @sa.event.listens_for(made, "begin")
        def start(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

        return made

    # A writer takes the lock at once: a transaction that reads first and asks later could find its snapshot outdated.
    writer = engine("BEGIN IMMEDIATE", pool_size=1, max_overflow=2)
    reader = engine("BEGIN", "PRAGMA query_only = ON", pool_size=8, max_overflow=32)
    return writer, reader
