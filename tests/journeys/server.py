"""A real server: `udihub serve` as a process of its own group, posted to over a socket.

It is forked from the nursery, which has loaded the program; one that runs under another program starts from nothing.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hub.clock import SystemClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials
from tests import nursery
from tests.nursery import Forked

SITE = Path(__file__).parents[1] / "samples" / "site"
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)\n")
TRUST = ssl.create_default_context()
"""Made once, for each request reads all of the system's certificates otherwise: a tenth of a second, to speak plain HTTP."""
START = "from hub.cli import main; main()"


@dataclass
class Server:
    """Starts, kills and asks one server over one store and home."""

    home: Path
    database_url: str
    site: Path = SITE
    before: Sequence[str] = ()
    """What to run it under, e.g. strace."""
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | Forked | None = None
    keys: dict[str, str] = field(default_factory=dict)

    def hub(self) -> Hub:
        """The same store, opened from the test's own process."""
        return Hub.open(Settings(self.home, self.site, self.database_url, "en", 1_000_000, SystemClock()))

    def issue_keys(self) -> None:
        """A key for each partner, and one for an administrator."""
        hub = self.hub()
        with hub.database.begin("test") as uow:
            for partner in hub.site.partners:
                self.keys[partner] = credentials.issue(uow, f"{partner} key", "partner", partner_id=hub.partner_id(partner)).secret
            self.keys["admin"] = credentials.issue(uow, "admin key", "admin").secret
        hub.database.close()

    def start(self, *options: str) -> None:
        """Start, and wait until it is ready."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("UDIHUB_")}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("ab") as log:
            before = log.tell()
            environment = {
                **own,
                "UDIHUB_HOME": str(self.home),
                "UDIHUB_SITE": str(self.site),
                "UDIHUB_DATABASE_URL": self.database_url,
                "UDIHUB_MAX_BODY": "1000000",
                **self.environment,
            }
            arguments = ["serve", "--port", "0", *options]
            if self.before:
                command = [*self.before, sys.executable, "-c", START, *arguments]
                self.process = subprocess.Popen(command, env=environment, cwd=self.home, stdout=log, stderr=log, start_new_session=True)
            else:
                self.process = nursery.start(arguments, environment, self.home, log.fileno(), log.fileno())
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            said = _ADDRESS.search(self._log_bytes(), before)
            if said is not None:  # its own word: a number chosen beforehand may be another server's by the time that it binds
                self.port = int(said[1])
                if httpx.get(self.address("/health/ready"), timeout=60, verify=TRUST).status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the server did not start: {self.log()}")

    def log(self) -> str:
        """What it wrote."""
        return self._log_bytes().decode(errors="replace")

    def _log_bytes(self) -> bytes:
        return (self.home / "server.log").read_bytes()

    def address(self, path: str) -> str:
        """URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def post(
        self, content: bytes, who: str, *, wait: bool = True, key: str | None = None, timeout: float = 60, **params: str
    ) -> httpx.Response:
        """Post a document."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        if wait:
            headers["Prefer"] = "wait"
        if key is not None:
            headers["Idempotency-Key"] = key
        return httpx.post(self.address("/v1/documents"), content=content, headers=headers, params=params, timeout=timeout, verify=TRUST)

    def get(self, path: str, who: str = "admin", **headers: str) -> httpx.Response:
        """GET."""
        return httpx.get(self.address(path), headers={"Authorization": f"Bearer {self.keys[who]}", **headers}, timeout=60, verify=TRUST)

    def kill(self) -> None:
        """SIGKILL to the whole group, as when the machine's memory runs out."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM, as a supervisor does; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        return self.process.wait(60)
