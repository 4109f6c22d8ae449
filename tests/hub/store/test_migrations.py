from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.clock import FrozenClock
from hub.store import identity, migrations
from hub.store.database import Database
from hub.store.tables import metadata
from tests.postgres import PostgresServer

POSTGRESQL_CATALOGUE = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def catalogue(connection: sa.Connection) -> set[tuple[Any, ...]]:
    """Everything that the database knows of its tables, but Alembic's own."""
    if connection.dialect.name == "postgresql":
        rows = connection.exec_driver_sql(POSTGRESQL_CATALOGUE).all()
        return {tuple(row) for row in rows if row[1] != "alembic_version"}
    rows = connection.exec_driver_sql("SELECT type, tbl_name, name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {
        (kind, table, name, frozenset(" ".join(sql.split()).replace(",", " , ").split()))
        for kind, table, name, sql in rows
        if table != "alembic_version"
    }


def test_migrations_make_exactly_the_tables(database: Database, tmp_path: Path, clock: FrozenClock, request: pytest.FixtureRequest) -> None:
    if database.is_postgresql:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.execute("CREATE DATABASE straight")
        url = server.url("straight")
    else:
        url = f"sqlite:///{tmp_path / 'straight.db'}"
    straight = Database.open(url, tmp_path, clock)
    with straight._writer.begin() as connection:
        metadata.create_all(connection)
        expected = catalogue(connection)
    straight.close()
    with database.read() as connection:
        assert catalogue(connection) == expected
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_head_is_the_newest_revision(tmp_path: Path, clock: FrozenClock) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, clock)
    with database.read() as connection:
        assert ScriptDirectory.from_config(migrations.config(connection)).get_heads() == [migrations.HEAD]
        assert not migrations.is_current(connection)
    database.migrate()
    with database.read() as connection:
        assert migrations.is_current(connection)


def test_every_kind_of_key_has_its_sequence(database: Database) -> None:
    with database.begin("test") as uow:
        for name in identity.NAMES:
            assert identity.allocate(uow.connection, name, 3) == [1, 2, 3]
            assert identity.allocate(uow.connection, name, 2) == [4, 5]
        assert identity.allocate(uow.connection, "document", 0) == []
        with pytest.raises(LookupError):
            identity.allocate(uow.connection, "nothing", 1)


STARTER = """
import sys
from pathlib import Path
from hub.clock import SystemClock
from hub.store.database import Database
Database.open(sys.argv[1], Path(sys.argv[2]), SystemClock()).migrate()
"""


@pytest.mark.slow
def test_processes_that_start_at_once_migrate_once(tmp_path: Path, postgres_server: PostgresServer, clock: FrozenClock) -> None:
    postgres_server.execute("CREATE DATABASE empty")
    for url in (postgres_server.url("empty"), f"sqlite:///{tmp_path / 'empty.db'}"):
        started = [
            subprocess.Popen([sys.executable, "-c", STARTER, url, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(4)
        ]
        outputs = [process.communicate(timeout=60)[0].decode() for process in started]
        assert [process.returncode for process in started] == [0] * 4, "\n".join(outputs)
        database = Database.open(url, tmp_path, clock)
        with database.read() as connection:
            assert migrations.is_current(connection)
        database.close()
