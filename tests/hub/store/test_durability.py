"""What was confirmed is there: after SIGKILL at any moment, and in the order in which the operating system was asked to sync."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import audit
from hub.store import blobs
from hub.store.database import Database
from hub.store.inbox import Delivery, land
from hub.store.tables import document

KILLS = 20


def content(run: int, number: int) -> bytes:
    """Mostly small; every eighth is large enough to lie in the blob folder."""
    return f"ISA*{run}*{number}~".encode() * (200_000 if number % 8 == 7 else 10)


def deliver(database: Database, run: int, number: int) -> int:
    staged = blobs.stage(database.home, BytesIO(content(run, number)))
    with database.begin("partner") as uow:
        return land(uow, Delivery(1, 2, "http", f"{run}/{number}", staged)).document_id


def land_until_killed(database: Database, run: int, answers: int) -> None:
    """A process that lands one document after another and says each id when it is durable. Never returns."""
    try:
        for number in range(100_000):
            os.write(answers, f"{deliver(database, run, number)}\n".encode())
    finally:
        os._exit(1)


@pytest.mark.slow
def test_sigkill_at_any_moment_loses_nothing_and_doubles_nothing(house: Database) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    confirmed: dict[str, int] = {}
    for run in range(KILLS):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            land_until_killed(house, run, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as answers:
            first = answers.readline()
            time.sleep(moments.uniform(0, 0.06))
            os.kill(child, signal.SIGKILL)
            said = [int(line) for line in (first + answers.read()).splitlines()]
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        confirmed.update({f"{run}/{number}": document_id for number, document_id in enumerate(said)})
        # The one whose answer never came: delivered again under its key, it is there once.
        confirmed[f"{run}/{len(said)}"] = deliver(house, run, len(said))
    assert len(confirmed) > 2 * KILLS
    with house.read() as connection:
        rows = connection.execute(sa.select(document.c.delivery_key, document.c.id, document.c.sha256)).all()
        assert {row.delivery_key: row.id for row in rows} == confirmed
        assert len(rows) == len(confirmed)
        for row in rows:
            run, number = map(int, row.delivery_key.split("/"))
            assert blobs.read_blob(connection, house.home, bytes(row.sha256)) == content(run, number)
        assert audit.verify_all(connection) == []
        assert audit.heads(connection)[1].sequence == len(confirmed)


LANDER = """
import os, sys
from pathlib import Path
from hub.clock import SystemClock
from hub.store.database import Database
from tests.hub.store.test_durability import deliver
database = Database.open(sys.argv[1], Path(sys.argv[2]), SystemClock())
for number in range(16):
    os.write(1, f"landed {deliver(database, 0, number)}\\n".encode())
"""
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
HANDLE = re.compile(r"^\d+<([^>]*)>")


def promises_before_sync(log: str, home: Path) -> list[str]:
    """Answers in a system-call log that left while bytes they rest on were not synced: each with what was unsynced."""
    dirty: set[str] = set()
    early: list[str] = []
    for line in log.splitlines():
        call = CALL.match(line)
        if call is None:
            continue
        name, arguments, result = call.groups()
        handle = HANDLE.match(arguments)
        path = handle.group(1) if handle else ""
        if name == "write" and arguments.startswith("1<") and "landed" in arguments:
            if dirty:
                early.append(f"{line[:60]}: {sorted(dirty)}")
        elif name in ("write", "pwrite64") and (path.endswith("-wal") or path.startswith(f"{home}/blobs/")):
            dirty.add(path)
        elif name in ("fsync", "fdatasync") and result == "0":
            dirty.discard(path)
        elif name.startswith("rename") and result == "0":
            old, new = re.findall(r'"([^"]*)"', arguments)
            if new.startswith(f"{home}/blobs/"):
                if old in dirty:
                    early.append(f"renamed before its sync: {old}")
                dirty.add(str(Path(new).parent))
    return early


@pytest.mark.slow
@pytest.mark.parametrize("durable", ["on", "off"])
@pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # PostgreSQL's server syncs; one that does not is refused (test_database)
def test_no_confirmation_leaves_before_its_sync(house: Database, tmp_path: Path, durable: str) -> None:
    strace = shutil.which("strace")
    assert strace is not None, "this test needs strace: apt-get install strace"
    log = tmp_path / "calls"
    url = f"{house.url.render_as_string()}?durable={durable}"
    done = subprocess.run(
        [
            *(strace, "-f", "-y", "-s", "64", "-o", log, "-e", "trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2"),
            *(sys.executable, "-c", LANDER, url, str(house.home)),
        ],
        capture_output=True,
        check=True,
    )
    assert done.stdout.count(b"landed") == 16
    assert log.read_text().count("landed") == 16
    early = promises_before_sync(log.read_text(), house.home)
    if durable == "on":
        assert early == []
    else:
        assert len(early) == 16, "the check itself must see a store that does not sync"
