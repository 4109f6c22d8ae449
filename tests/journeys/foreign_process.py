"""A partner's or a system's program of somebody else's making, run as a process of its own on a port of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import httpx


def port_of_its_own() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(module: str, options: Sequence[str], health: Callable[[], httpx.Response]) -> subprocess.Popen[bytes]:
    """The process of `python -m module`, once it answers."""
    process = subprocess.Popen([sys.executable, "-m", module, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            if health().status_code == 200:
                return process
        except httpx.TransportError:
            time.sleep(0.02)
    process.kill()
    raise AssertionError(f"{module} did not start")


def ended(process: subprocess.Popen[bytes] | None) -> None:
    """End it, if it runs."""
    if process is not None:
        process.terminate()
        process.wait(30)
