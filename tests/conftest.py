"""What every room's tests share: both databases, a clock that stands still, and which tests run when.

- `database` runs a test twice, on SQLite and on PostgreSQL, each time on a fresh store with all tables. The summary says how many
  tests passed on each.
- `postgres_server` is one throw-away server for a session (for a worker, under xdist); `UDIHUB_TEST_POSTGRES` names a running one instead.
- Tests in `tests/reference` need `UDIHUB_REFERENCE`, the folder of reference material.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.clock import FrozenClock
from hub.store.database import Database
from tests.compiled import share
from tests.effort import use_profile
from tests.postgres import PostgresServer, running_server

use_profile()
share()
gc.disable()  # until all is collected: whoever imports a thousand modules makes no garbage, and looking for it costs as much again

_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption("--kills", type=int, default=20, help="how often tests/journeys/test_kill.py kills the server")


# --- which tests run ---------------------------------------------------------------------------------------------------
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests of reference material are not even imported where there is none."""
    reference = Path(config.rootpath) / "tests" / "reference"
    if not os.environ.get("UDIHUB_REFERENCE") and (collection_path == reference or reference in collection_path.parents):
        return True
    return None


_TOP_ROOMS = (
    "hub_api", "dags", "hub/acknowledge", "hub/apply", "hub/cases", "hub/commands", "hub/demonstration", "hub/labels", "hub/masterdata",
    "hub/quality", "hub/recall", "hub/registers", "hub/trace", "hub/visibility",
)  # fmt: skip
"""Rooms whose fast tests run on SQLite only, with those that lie in `hub` itself: the store below them is tested on both databases, and
`make test` runs all."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies in tests/reference and what the fast checks leave to `make test`; leave out references where there are none."""
    tests = Path(config.rootpath) / "tests"

    @cache  # by file, for there are a dozen tests to each
    def within(path: Path) -> tuple[bool, bool, bool]:
        rooms = set(path.parents)
        upstairs = path.parent == tests / "hub" or any(tests / room in rooms for room in _TOP_ROOMS)
        return tests / "reference" in rooms, tests / "journeys" in rooms, upstairs

    for item in items:
        in_reference, in_journeys, upstairs = within(item.path)
        if in_reference:
            item.add_marker(pytest.mark.reference)
        parameters = item.name.partition("[")[2].rstrip("]").split("-")
        real_server = "sshd" in getattr(item, "fixturenames", ()) or bool({"sftp", "mariadb", "rabbitmq", "kafka"} & set(parameters))
        if in_journeys:  # each starts servers of its own
            item.add_marker(pytest.mark.slow)
        if real_server or ("postgresql" in parameters and upstairs):
            item.add_marker(pytest.mark.slow)
    if not os.environ.get("UDIHUB_REFERENCE"):
        left_out = [item for item in items if item.get_closest_marker("reference")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not item.get_closest_marker("reference")]


def pytest_collection_finish() -> None:
    """What is loaded by now stays: whoever looks for garbage, or through all objects as NiceGUI does at each start, need not look at it."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many tests passed on each database."""
    passed = dict.fromkeys(_DATABASES, 0)
    for report in terminalreporter.stats.get("passed", ()):
        _, bracket, parameters = report.nodeid.partition("[")
        if bracket and report.when == "call":
            for name in _DATABASES:
                passed[name] += name in parameters.rstrip("]").split("-")
    if any(passed.values()):
        terminalreporter.write_line(", ".join(f"{label}: {passed[name]} passed" for name, label in _DATABASES.items()))


# --- the fixtures ------------------------------------------------------------------------------------------------------
@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at 2026-11-22 08:00 UTC until the test moves it."""
    return FrozenClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the session's own. `url(name)` is the address of one of its databases."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "udihub.db"
    _migrated(f"sqlite:///{path}", folder)
    with Database.open(f"sqlite:///{path}", folder, _still()).read() as connection:
        assert sa.inspect(connection).has_table("audit")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a PostgreSQL database with all tables and no rows."""
    name = f"template_{os.getpid()}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    _migrated(postgres_server.url(name), tmp_path_factory.mktemp("template"))
    return name


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Address of a fresh, migrated SQLite store."""
    path = tmp_path / "udihub.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """Address of a fresh, migrated PostgreSQL store."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    postgres_server.copy(name, postgres_template)
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=list(_DATABASES))
def database_url(request: pytest.FixtureRequest) -> str:
    """Address of a fresh, migrated store, once for each database; for tests that start the hub as a process."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    """A fresh store with all tables, once on SQLite and once on PostgreSQL; its home is `tmp_path / "home"`."""
    opened = Database.open(database_url, tmp_path / "home", clock)
    yield opened
    opened.close()


def _still() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


def _migrated(url: str, home: Path) -> None:
    database = Database.open(url, home, _still())
    database.migrate()
    database.close()
