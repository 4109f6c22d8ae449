from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConfigError, FatalError, RetriableError
from hub.clock import FrozenClock
from hub.store import bulk, identity
from hub.store.database import Database, wal_is_safe
from hub.store.tables import audit, organisation
from tests.postgres import PostgresServer


def add(database: Database, key: str) -> int:
    with database.begin("engineer") as uow:
        (number,) = identity.allocate(uow.connection, "organisation", 1)
        bulk.insert(uow.connection, organisation, ("id", "key", "name", "time_zone"), [(number, key, "诺康\t\\医疗", "Asia/Shanghai")])
        uow.audit(number, "organisation.added", f"organisation/{number}", after={"key": key})
    return number


def keys(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(sa.select(organisation.c.key).order_by(organisation.c.id)).scalars())


def test_a_write_is_there_after_the_block(database: Database) -> None:
    add(database, "suzhou")
    with database.read() as connection:
        assert connection.execute(sa.select(organisation.c.name)).scalars().all() == ["诺康\t\\医疗"]
        assert connection.execute(sa.select(audit.c.action, audit.c.sequence)).all() == [("organisation.added", 1)]


def test_sqlite_writes_ahead_and_syncs_fully(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    database = Database.open(sqlite_url, tmp_path, clock)
    assert database.journal == "wal"
    for engine in (database._writer, database._reader):
        with engine.connect() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_an_old_sqlite_gets_a_rollback_journal_and_says_so(tmp_path: Path, clock: FrozenClock, capsys: pytest.CaptureFixture[str]) -> None:
    class OldSqlite:
        """Python's own module, as of the version with the WAL-reset race."""

        sqlite_version_info = (3, 40, 1)
        sqlite_version = "3.40.1"

        def __getattr__(self, name: str) -> Any:
            return getattr(sqlite3, name)

    database = Database.open(f"sqlite:///{tmp_path / 'old.db'}", tmp_path, clock, module=OldSqlite())  # type: ignore[arg-type]
    database.migrate()
    assert database.journal == "delete"
    assert "3.40.1" in capsys.readouterr().out
    with database._writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
    add(database, "suzhou")
    assert keys(database) == ["suzhou"]


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_which_versions_have_the_wal_reset_race(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_a_server_that_does_not_sync_is_refused(postgresql_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    promising = postgresql_url.replace("&durable=off", "").replace("?durable=off&", "?")
    with pytest.raises(ConfigError, match="fsync"):
        Database.open(promising, tmp_path, clock)


def test_synchronous_commit_off_is_refused(
    postgresql_url: str, postgres_server: PostgresServer, tmp_path: Path, clock: FrozenClock
) -> None:
    name = sa.make_url(postgresql_url).database
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    promising = postgresql_url.replace("&durable=off", "").replace("?durable=off&", "?")
    with pytest.raises(ConfigError, match="synchronous_commit"):
        Database.open(promising, tmp_path, clock)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
def test_other_stores_are_refused(url: str, tmp_path: Path, clock: FrozenClock) -> None:
    with pytest.raises(ConfigError, match="UDIHUB_DATABASE_URL"):
        Database.open(url, tmp_path, clock)


def test_a_server_that_is_away_is_a_reason_to_try_later(tmp_path: Path, clock: FrozenClock) -> None:
    with pytest.raises(RetriableError):
        Database.open(f"postgresql+psycopg://x@/y?host={tmp_path}", tmp_path, clock)


def test_a_reader_can_not_write(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), database.read() as connection:
        connection.execute(sa.insert(organisation).values(id=1, key="x", name="x", time_zone="UTC"))
    assert keys(database) == []


def test_a_reader_sees_one_state(database: Database) -> None:
    add(database, "suzhou")
    with database.read() as connection:
        query = sa.select(sa.func.count()).select_from(organisation)
        assert connection.execute(query).scalar_one() == 1
        writer = threading.Thread(target=add, args=(database, "rotterdam"))
        writer.start()
        writer.join()
        assert connection.execute(query).scalar_one() == 1
    assert keys(database) == ["suzhou", "rotterdam"]


def test_a_write_inside_a_write_is_a_mistake_not_a_deadlock(database: Database) -> None:
    with pytest.raises(RuntimeError, match="already"), database.begin("a"):
        add(database, "suzhou")
    add(database, "rotterdam")
    assert keys(database) == ["rotterdam"]


def test_threads_write_one_after_the_other(database: Database) -> None:
    threads = [threading.Thread(target=add, args=(database, f"o{number}")) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys(database)) == sorted(f"o{number}" for number in range(30))


@pytest.mark.slow
def test_processes_write_side_by_side(database_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    program = (
        "import sys; from pathlib import Path; from hub.clock import SystemClock; from hub.store.database import Database\n"
        "from tests.hub.store.test_database import add\n"
        "database = Database.open(sys.argv[1], Path(sys.argv[2]), SystemClock())\n"
        "for number in range(20): add(database, f'{sys.argv[3]}-{number}')\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, database_url, str(tmp_path), str(n)]) for n in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    database = Database.open(database_url, tmp_path, clock)
    assert len(keys(database)) == 60
    database.close()


def test_a_forked_child_has_connections_of_its_own(database: Database) -> None:
    add(database, "parent")
    child = os.fork()
    if child == 0:
        try:
            add(database, "child")
            os._exit(0)
        finally:
            os._exit(1)
    add(database, "later")
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(keys(database)) == ["child", "later", "parent"]


class InputOutputError(sqlite3.OperationalError):
    """What SQLite says when the disk fails."""

    sqlite_errorcode = 1034  # SQLITE_IOERR_FSYNC


class FullDiskError(sqlite3.OperationalError):
    sqlite_errorcode = 13  # SQLITE_FULL


def failing(database: Database, error: Exception) -> None:
    """Let the next commits fail as the driver reports it."""

    def commit(_connection: Any) -> None:
        raise sa.exc.OperationalError("COMMIT", None, error)

    sa.event.listen(database._writer, "commit", commit)


def test_after_a_failed_sync_nothing_is_written_until_reopened(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    database = Database.open(sqlite_url, tmp_path, clock)
    failing(database, InputOutputError("disk I/O error"))
    with pytest.raises(FatalError, match="stop"):
        add(database, "lost")
    with pytest.raises(FatalError, match="no more writes"):
        add(database, "refused")
    assert keys(database) == []
    database.close()
    reopened = Database.open(sqlite_url, tmp_path, clock)
    add(reopened, "kept")
    assert keys(reopened) == ["kept"]


def test_a_full_disk_heals(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    database = Database.open(sqlite_url, tmp_path, clock)
    with database._writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.rollback()
    with pytest.raises(RetriableError, match="full"), database.begin("engineer") as uow:
        bulk.insert(uow.connection, organisation, ("id", "key", "name", "time_zone"), [(1, "suzhou", "x" * 100_000, "UTC")])
    assert keys(database) == []
    with database._writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1000}")
        connection.rollback()
    add(database, "suzhou")
    assert keys(database) == ["suzhou"]


@pytest.mark.slow
def test_a_file_size_limit_is_reported_and_stops_writing(sqlite_url: str, tmp_path: Path) -> None:
    program = (
        "import sys, resource, signal; from pathlib import Path\n"
        "from hub.clock import SystemClock; from hub.store.database import Database\n"
        "from data_contracts.errors import FatalError, RetriableError\n"
        "from tests.hub.store.test_database import add\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "database = Database.open(sys.argv[1], Path(sys.argv[2]), SystemClock()); add(database, 'first')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
        "for number in range(1000):\n"
        "    try: add(database, f'n{number}')\n"
        "    except FatalError: break\n"
        "    except RetriableError: print('again'); sys.exit(1)\n"
        "else: sys.exit(2)\n"
        "try: add(database, 'after')\n"
        "except FatalError: sys.exit(0)\n"
        "sys.exit(3)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, sqlite_url, str(tmp_path)], check=False).returncode == 0


def test_a_lost_server_is_a_reason_to_try_later(
    postgresql_url: str, postgres_server: PostgresServer, tmp_path: Path, clock: FrozenClock
) -> None:
    database = Database.open(postgresql_url, tmp_path, clock)
    with pytest.raises(RetriableError), database.begin("engineer") as uow:
        name = sa.make_url(postgresql_url).database
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        uow.connection.execute(sa.select(organisation))
    add(database, "suzhou")
    assert keys(database) == ["suzhou"]
    database.close()
