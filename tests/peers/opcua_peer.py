"""A real OPC UA server, asyncua's, in a process of its own, and the machine that writes its values."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from asyncua import Client, ua

from tests.peers.broker import PASSWORD, USER, free_port, until_closed, until_open
from tests.peers.opcua_server import SPACE

GOOD, SCRAP = f"nsu={SPACE};i=1001", f"nsu={SPACE};i=1002"


@cache
def _nursery() -> subprocess.Popen[str]:
    """One for a test process; it ends, with all servers, when the pipe to it closes."""
    program = [sys.executable, str(Path(__file__).with_name("opcua_server.py"))]
    environment = {**os.environ, "LINE_PASSWORD": PASSWORD}
    return subprocess.Popen(program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class Line:
    """The server on a port of its own. `history` False: it keeps none; `most`: so many values of each node (0: all)."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None, *, history: bool = True, most: int = 0) -> None:
        self.port = free_port()
        self.certificate = certificate
        self._most = most
        self._history = str(folder / "history.db") if history else None
        self._process: int | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/line"

    def start(self) -> None:
        said = {"port": self.port, "history": self._history, "most": self._most, "certificate": None, "key": None}
        if self.certificate is not None:
            said |= dict(zip(("certificate", "key"), map(str, self.certificate), strict=True))
        nursery = _nursery()
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.write(json.dumps(said) + "\n")
        nursery.stdin.flush()
        self._process = int(nursery.stdout.readline())
        until_open(self.port)

    def stop(self) -> None:
        """It dies at once."""
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            self._process = None
            until_closed(self.port)

    def write(self, values: Iterable[tuple[datetime, int, int]], node: int = 1001) -> None:
        """Values as a machine writes them: when, what, and the status; they are in the history when this returns."""

        async def written() -> None:
            client = Client(self.url)
            client.set_user(USER)
            client.set_password(PASSWORD)
            async with client:
                found = client.get_node(ua.NodeId(node, await client.get_namespace_index(SPACE)))
                held, changed = await found.read_value(), None
                for at, value, status in values:
                    kind = ua.Variant(value, ua.VariantType.Int32)
                    await found.write_value(ua.DataValue(kind, ua.StatusCode(status), SourceTimestamp=at, ServerTimestamp=at))
                    held, changed = value, changed if value == held else at
                for _ in range(200):  # the server answers before it has written its history, where the same value again is not kept
                    if self._history is None or changed is None or await found.read_raw_history(starttime=changed, numvalues=1):
                        return
                    await asyncio.sleep(0.05)
                raise TimeoutError("the server wrote no history")

        asyncio.run(written())


@contextmanager
def opcua_line(folder: Path, certificate: tuple[Path, Path] | None = None, *, history: bool = True, most: int = 0) -> Iterator[Line]:
    folder.mkdir(parents=True, exist_ok=True)
    line = Line(folder, certificate, history=history, most=most)
    line.start()
    try:
        yield line
    finally:
        line.stop()
