"""A throw-away MariaDB server for tests: Debian's, in a folder of its own, on a port and a socket of its own.

Its tables are made once for a process (two seconds) and copied for each server. It does not sync: tests crash processes, not machines.
Its clock is China's, so that whoever takes local times for UTC shows.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pymysql
import sqlalchemy as sa

from tests.peers.broker import free_port, until_open

MARIADBD = Path("/usr/sbin/mariadbd")
_MEMORY = Path("/dev/shm")
_SMALL = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=24M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")


class MariaDBServer:
    """A server; `root` may do all. It can be stopped and is there again with what was committed."""

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._options = [f"--{name}={value}" for name, value in (options or {}).items()]
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(_tables(), folder / "data")

    def url(self, database: str, user: str = "reader") -> str:
        """As the transport `sql` takes it."""
        return f"mariadb+pymysql://{user}@127.0.0.1:{self.port}/{database}"

    def engine(self) -> sa.Engine:
        """Whoever owns it."""
        return sa.create_engine(f"mariadb+pymysql://root@/?unix_socket={self.folder}/socket", poolclass=sa.pool.NullPool)

    def execute(self, *statements: str) -> None:
        """By its owner, one after the other."""
        with pymysql.connect(unix_socket=f"{self.folder}/socket", user="root", autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def start(self) -> None:
        """Again on its port."""
        place = [f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--port={self.port}", "--bind-address=127.0.0.1"]
        told = ["--default-time-zone=+08:00", f"--pid-file={self.folder}/pid", f"--log-error={self.folder}/log", *_SMALL, *self._options]
        self._process = subprocess.Popen(
            [str(MARIADBD), "--no-defaults", *_by(), *place, *told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until_open(self.port, self._process)

    def stop(self) -> None:
        """As if it had crashed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def running_mariadb(options: Mapping[str, str] | None = None) -> Iterator[MariaDBServer]:
    """A server that lives as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="udihub-my-", dir=_place()))
    server = MariaDBServer(folder, options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _tables() -> Path:
    """The files of a server without anything in it."""
    if not MARIADBD.exists():
        raise RuntimeError("no MariaDB to test with: as root, apt-get install mariadb-server-core mariadb-client-core")
    folder = Path(tempfile.mkdtemp(prefix="udihub-my-", dir=_place()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = ("--auth-root-authentication-method=normal", "--skip-test-db", f"--datadir={folder}/data")
    done = subprocess.run(["mariadb-install-db", "--no-defaults", *made, *_by(), *_SMALL], capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"mariadb-install-db failed: {(done.stdout + done.stderr).decode(errors='replace')}")
    return folder / "data"


def _by() -> list[str]:
    """It runs as root only when told so."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _place() -> str:
    return str(_MEMORY if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 1024**3 else "/tmp")
