"""A real NATS server with JetStream in a process of its own, and somebody who publishes there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
from nats.js.api import StreamConfig

from tests.peers.broker import PASSWORD, USER, free_port, until_open

SERVER = Path(sys.executable).parent / "nats-server"
STREAM = "LINE"


class NatsPeer:
    """nats-server on a port of its own; its streams lie in a folder, and are there again after a restart."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._conf = folder / "nats.conf"
        self._conf.write_text(
            f'host: "127.0.0.1"\nport: {self.port}\njetstream {{store_dir: "{folder}", max_mem: 64M, max_file: 256M}}\n'
            f'authorization {{user: "{USER}", password: "{PASSWORD}"}}\n{extra}'
        )

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen([SERVER, "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_open(self.port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def ask(self, what: Any) -> Any:
        """What a coroutine function of the streams (JetStream) answers."""

        async def asked() -> Any:
            client = await nats.connect(self.url, user=USER, password=PASSWORD)
            try:
                return await what(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(asked())

    def make_stream(self, **more: Any) -> None:
        self.ask(lambda streams: streams.add_stream(StreamConfig(name=STREAM, subjects=["line.>"], **more)))

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish, and wait until the server keeps all of it."""

        async def published(streams: Any) -> None:
            for subject, payload in messages:
                await streams.publish(subject, payload)

        self.ask(published)


@contextmanager
def nats_server(folder: Path, extra: str = "", *, stream: bool = True) -> Iterator[NatsPeer]:
    folder.mkdir(parents=True, exist_ok=True)
    peer = NatsPeer(folder, extra)
    peer.start()
    try:
        if stream:
            peer.make_stream()
        yield peer
    finally:
        peer.stop()
