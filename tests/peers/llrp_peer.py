"""A real RFID reader's protocol, llrpkit's emulator, in a process of its own, and the hands that bring tags before it and cut its line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_contracts.identifiers import epc, epc_tag
from tests.peers.broker import free_port, until_closed


def tag(serial: int) -> str:
    """The memory of a tag of one product, SGTIN-96, filter 3."""
    thing = epc.parse(f"urn:epc:id:sgtin:0614141.812345.{serial}").epc
    assert thing is not None
    return epc_tag.encode(thing, "sgtin-96", 3)


class RfidReader:
    """The reader on a port of its own. `holds`: it keeps what it sees while nobody is connected; `ahead`: of its clock, in seconds."""

    def __init__(self, *, holds: bool = False, ahead: int = 0, certificate: tuple[Path, Path] | None = None) -> None:
        self.port = free_port()
        files = [str(file) for file in certificate] if certificate is not None else None
        self._said = {"port": self.port, "holds": holds, "ahead": ahead * 1_000_000, "certificate": files}
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"llrp{'s' if self._said['certificate'] else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """It gets its power, unless it has it."""
        if self._process is not None:
            return
        program = [sys.executable, str(Path(__file__).with_name("llrp_server.py")), json.dumps(self._said)]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.do()  # it answers once it listens; who asked by connecting would be its only client

    def stop(self) -> None:
        """It loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            until_closed(self.port)

    close = stop

    def do(self, **command: Any) -> dict[str, Any]:
        """One command of the server."""
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def see(self, *memories: str, antenna: int = 1, at: int | None = None) -> None:
        """Tags come into sight; `at` in microseconds since 1970, else now."""
        self.do(see=[[memory, antenna, at] for memory in memories])


@contextmanager
def rfid_reader(*, holds: bool = False, ahead: int = 0, certificate: tuple[Path, Path] | None = None) -> Iterator[RfidReader]:
    reader = RfidReader(holds=holds, ahead=ahead, certificate=certificate)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()
