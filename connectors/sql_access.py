"""How a database lets us in: its address, whom we trust on the way there, and that we only read, never for longer than was agreed.

Beyond this machine the way is encrypted and the server's certificate is verified, name included, by the system's authorities or those in
`ca_file`; with `allow_plain: true` it is as the driver does by itself. On this machine (a socket, a loopback address) `ca_file` asks for
the same. Behind the question mark of an address stand only names of `_ASKED`, none of which lets out a secret or changes whom we trust. A
server that does not answer at all is left after `timeout_seconds` and a little more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from connectors.credentials import is_secret, required, secret
from connectors.http_terms import trusted
from data_contracts.errors import ConfigError, HubError, RetriableError

ACCESS_SETTINGS = frozenset({"database", "password_env", "password_file", "ca_file", "allow_plain"})
_READ_ONLY = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION max_execution_time = {milliseconds}"),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION max_statement_time = {seconds}"),
    "sqlite": ("PRAGMA query_only = ON",),
}
_ASKED = {
    "postgresql": frozenset(
        {
            "host",
            "hostaddr",
            "port",
            "user",
            "service",
            "passfile",
            "application_name",
            "client_encoding",
            "options",
            "target_session_attrs",
        }
        | {"load_balance_hosts", "sslmode", "sslcert", "sslkey", "sslcrl", "sslrootcert", "ssl_min_protocol_version", "sslnegotiation"}
        | {"channel_binding", "require_auth", "gssencmode", "krbsrvname", "keepalives", "keepalives_idle", "keepalives_interval"}
        | {"keepalives_count", "tcp_user_timeout"}
    ),
    "mysql": frozenset({"charset", "collation", "unix_socket", "use_unicode", "program_name"}),
    "mariadb": frozenset({"charset", "collation", "unix_socket", "use_unicode", "program_name"}),
    "sqlite": frozenset({"uri", "mode", "cache", "immutable", "vfs"}),
}
"""What an address may say behind its question mark. `sslmode` and its like count only where no certificate is verified by us."""
_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock."""
_CONNECT_SECONDS = 10
_LATER = 5
"""Seconds after a statement's end for its answer to come."""
_A_PERSON_MENDS = frozenset({1044, 1045, 1049, 1054, 1142, 1143, 1227, 1356, 1698})
"""Errors of MariaDB and MySQL which say that we may not, or that the database, view or column is not there; PyMySQL calls them operational,
as it does a server that is away."""


def url_of(settings: Mapping[str, Any]) -> sa.URL:
    """The address. Raises ConfigError for one that is none, of an unknown database, or with a password in it."""
    text = required(settings, "database", "sql")
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise ConfigError("database: this is no address of a database (postgresql+psycopg://user@host/name)") from error
    if url.password is not None:
        raise ConfigError("database: a password does not belong into a site's file: name it by password_env or password_file")
    if url.get_backend_name() not in _READ_ONLY:
        raise ConfigError(f"database: {url.get_backend_name()} is not known; known: {', '.join(sorted(_READ_ONLY))}")
    for name in url.query:
        if is_secret(name) or name.lower() == "sslpassword":
            raise ConfigError(f"database: {name} does not belong into a site's file: name the password by password_env or password_file")
        if name not in _ASKED[url.get_backend_name()]:
            known = ", ".join(sorted(_ASKED[url.get_backend_name()]))
            raise ConfigError(f"database: the address may not say {name}; it may say {known}. Certificates: ca_file, allow_plain")
    return url


def engine_of(settings: Mapping[str, Any], timeout: float) -> sa.Engine:
    """Whoever connects anew for each transaction: nobody's database is to hold a connection for us. Raises ConfigError."""
    url = url_of(settings)
    if url.get_backend_name() == "sqlite":
        url = _there(url)
    try:
        engine = sa.create_engine(
            url.set(password=secret(settings, "password")),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
            connect_args=_connecting(url, settings, timeout),
        )
    except (ImportError, sa.exc.ArgumentError) as error:
        raise ConfigError(f"database: {url.drivername} cannot be used: {error}") from error
    if url.get_backend_name() == "postgresql" and url.get_driver_name() == "psycopg":
        postgres = import_module("connectors.sql_postgres")
        sa.event.listen(engine, "connect", postgres.times_of_all_ages)
        postgres.never_deaf(engine, timeout + _LATER)
    return engine


def dialect_of(connection: sa.Connection) -> str:
    """`postgresql`, `mysql`, `mariadb` or `sqlite`, whatever the address calls it."""
    return "mariadb" if getattr(connection.dialect, "is_mariadb", False) else connection.dialect.name


def only_read(connection: sa.Connection, timeout: float) -> None:
    """Before the first statement: what follows can change nothing, and takes `timeout` seconds at most."""
    limits = {"milliseconds": round(timeout * 1000), "seconds": timeout}
    for statement in _READ_ONLY[dialect_of(connection)]:
        connection.exec_driver_sql(statement.format(**limits))
    if connection.dialect.name == "sqlite":
        until = time.monotonic() + timeout
        connection.connection.driver_connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)  # type: ignore[union-attr]


def told(error: sa.exc.DBAPIError, view: str) -> HubError:
    """An error of the database as the hub's: whether a person mends it, or time."""
    said = error.orig
    text = f"{view}: {str(said).strip()}"
    number = said.args[0] if said is not None and said.args else None
    if isinstance(error, sa.exc.OperationalError) and "no such" not in str(said) and number not in _A_PERSON_MENDS:
        return RetriableError(text)
    return ConfigError(text)


def _there(url: sa.URL) -> sa.URL:
    """The file of an SQLite, which is read and never made: one that is not there is an error."""
    return url.set(database=f"file:{quote((url.database or '').removeprefix('file:'))}").update_query_dict({"mode": "ro", "uri": "true"})


def _connecting(url: sa.URL, settings: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """What the driver is told beside the address."""
    backend, driver = url.get_backend_name(), url.get_driver_name()
    if backend == "sqlite":
        return {}
    verified = settings.get("ca_file") is not None or not (settings.get("allow_plain") is True or _is_here(url))
    if backend == "postgresql":
        made: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS} if driver in ("psycopg", "psycopg2") else {}
        return made | ({"sslmode": "verify-full", "sslrootcert": str(settings.get("ca_file", "system"))} if verified else {})
    if driver == "pymysql":
        waits: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": timeout + _LATER, "write_timeout": timeout + _LATER}
        if (word := secret(settings, "password")) is not None:
            waits["password"] = word.encode()  # of a text the driver takes Latin-1, which no Chinese password is
        return waits | ({"ssl": trusted({"ca_file": settings.get("ca_file")})} if verified else {})
    if verified:
        raise ConfigError(f"database: only with PyMySQL is the server's certificate verified (mariadb+pymysql://…), not with {driver}")
    return {}


def _is_here(url: sa.URL) -> bool:
    """Whether the server is on this machine, whatever part of the address names it: a socket, or a loopback address."""
    named = [url.host or "", *(url.query.get(name, ()) for name in ("host", "hostaddr"))]
    hosts = [host for one in named for host in ([one] if isinstance(one, str) else one)]
    return "service" not in url.query and all(_is_local(host.rpartition(":")[0] if host.count(":") == 1 else host) for host in hosts)


def _is_local(host: str) -> bool:
    try:
        return host in ("", "localhost") or host.startswith("/") or ip_address(host).is_loopback
    except ValueError:
        return False
