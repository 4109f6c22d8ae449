"""Great Expectations on the store: the only module that touches the library. It judges; it never writes.

The library opens its own connections. They come from the driver that the hub itself uses (a second SQLite library in one process would
drop the first one's file locks when it closes the file) and can't write. No address or password is handed to it.
"""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from data_contracts.errors import ConfigError, FatalError
from hub.store.database import BUSY_SECONDS, Database, sqlite_module

EVERY = 2_000_000_000
"""More rows than a dataset has: the library otherwise stops listing failing rows at 20."""


class Verdict(Protocol):
    """What the library says of one expectation."""

    success: bool
    result: Mapping[str, Any]
    exception_info: Mapping[str, Any]


class Judge:
    """One session of the library over one store."""

    def __init__(self, database: Database) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"  # 1.24 has no telemetry left; older ones look here
        self._gx = _library()
        self._dialect: sa.Dialect = (
            postgresql.dialect(paramstyle="named") if database.is_postgresql else sqlite.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        )
        with _quiet():
            self._context = self._gx.get_context(mode="ephemeral")
            self._context.variables.progress_bars = {"globally": False}
            sources = self._context.data_sources
            if database.is_postgresql:
                self._source = sources.add_postgres(
                    "store",
                    connection_string="postgresql+psycopg://udihub@store/udihub",
                    kwargs={"creator": _postgresql(database)},
                    create_temp_table=False,
                )
            else:
                self._source = sources.add_sqlite(
                    "store",
                    connection_string="sqlite:////udihub",
                    kwargs={"creator": _sqlite(database), "module": sqlite_module()},
                    create_temp_table=False,
                )
        self._runs = 0

    def sql(self, statement: sa.Select[Any]) -> str:
        """The statement as text for this store, values written out. They are the hub's own, nothing from outside."""
        return str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))

    def judge(
        self, name: str, query: str, expectations: Sequence[Mapping[str, Any]], index: Sequence[str]
    ) -> dict[str, Verdict | Exception]:
        """Judge a dataset (its SQL) by expectations; answers by rule id. `index` are the columns that come with a failing row.

        An expectation that the library does not know or can't build is answered with the exception.
        """
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        self._runs += 1
        title = f"{name} {self._runs}"
        answers: dict[str, Verdict | Exception] = {}
        built = []
        with _quiet():
            for expectation in expectations:
                try:
                    built.append(ExpectationConfiguration(**expectation).to_domain_obj())
                except Exception as error:  # noqa: BLE001  # whatever the library refuses, only this rule is lost
                    answers[expectation["meta"]["rule"]] = error
            batch = self._source.add_query_asset(title, query=query).add_batch_definition_whole_table("all")
            suite = self._context.suites.add(self._gx.ExpectationSuite(name=title, expectations=built))
            definition = self._context.validation_definitions.add(self._gx.ValidationDefinition(name=title, data=batch, suite=suite))
            outcome = definition.run(
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": list(index),
                    "partial_unexpected_count": EVERY,
                    "return_unexpected_index_query": False,
                }
            )
        for verdict in outcome.results:
            answers[verdict.expectation_config.meta["rule"]] = verdict
        return answers

    def data_docs(self, folder: Path) -> Path:
        """Write the library's own pages of all that was judged; they load styles from outside hosts. Returns the first page."""
        with _quiet():
            self._context.add_data_docs_site(
                site_name="udihub",
                site_config={
                    "class_name": "SiteBuilder",
                    "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
                    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                },
            )
            self._context.build_data_docs(site_names=["udihub"])
        page = folder / "index.html"
        if not page.is_file():
            raise FatalError(f"Great Expectations wrote no Data Docs into {folder}")
        return page

    def close(self) -> None:
        """Give the library's connections back."""
        for engine in (self._source.get_execution_engine().engine, self._source.get_engine()):
            engine.dispose()


def _library() -> Any:
    try:
        with _quiet():
            return importlib.import_module("great_expectations")
    except ImportError as error:
        raise ConfigError(f"quality runs need the extra `quality`: pip install 'udihub[quality]' ({error})") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """The library logs and warns about its own upkeep; people who run the hub can do nothing about that."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _sqlite(database: Database) -> Callable[[], Any]:
    def connect() -> Any:
        connection = sqlite_module().connect(database.url.database, check_same_thread=False, timeout=BUSY_SECONDS)
        connection.execute("PRAGMA query_only = ON").fetchall()
        return connection

    return connect


def _postgresql(database: Database) -> Callable[[], Any]:
    def connect() -> Any:
        psycopg = importlib.import_module("psycopg")
        arguments, options = database.url.get_dialect()().create_connect_args(database.url)
        connection = psycopg.connect(*arguments, **options)
        connection.read_only = True
        return connection

    return connect
