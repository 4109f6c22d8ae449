"""A running server over a fresh store of each kind, and demonstrations that were played."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import nursery
from tests.journeys.server import Server

collect_ignore = [] if os.environ.get("UDIHUB_PEERS") else ["test_tryton.py"]
"""A real Tryton is there where `make prove-tryton` has installed it."""


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """`udihub serve` with its worker, ready; stopped at the end."""
    made = Server(tmp_path / "home", database_url)
    made.issue_keys()
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, str], Path]:
    """Plays the demonstration of a seed at a time, once a run for all who want to see it: it takes half a minute. Its home is below the
    folder that is given, with what the command said in `said`; whoever changes the home takes a copy."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demonstrations"
    root.mkdir(exist_ok=True)

    def play(seed: int, clock: str) -> Path:
        folder = root / f"{seed}-{clock.replace(':', '')}"
        with (root / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "said").exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one that failed
                folder.mkdir()
                environment = {**os.environ, "UDIHUB_HOME": str(folder), "UDIHUB_CLOCK": clock, "COLUMNS": "160"}
                environment.pop("UDIHUB_DATABASE_URL", None)
                arguments = ["demo", "--no-serve", "--seed", str(seed)]
                if seed == 1:  # from nothing, as its reader begins
                    command = [sys.executable, "-m", "hub.cli", *arguments]
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
                else:
                    done = nursery.run(arguments, environment, folder, 240)
                assert done.returncode == 0, done.stderr[-2000:]
                (folder / "said").write_text(done.stdout, encoding="utf-8")
        return folder

    return play
