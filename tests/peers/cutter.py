"""A line to a peer that does not hold: whoever speaks over it is cut off in the middle of a packet, stalled, slowed, or no longer heard.

A proxy in front of any of the peers here, for protocols of which it knows nothing: it counts bytes. Each connection meets one trouble,
all kinds in turn: `cut` and `stalled` behind so many bytes of the peer, `unheard` (what we say from there on, such as acknowledgements, is
lost, and then the line is cut), `stopped` (the peer itself is stopped at that moment, until somebody starts it again), `refused`, and
`slow` (all of it, piece by piece). One in so many passes.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

TROUBLES = ("cut", "stalled", "unheard", "stopped", "refused", "slow", "passed")
_DEAF = 0.1
_PIECE = 512


class Cutter:
    """The line: where it begins (`port`), and what its connections met."""

    def __init__(self, peer_port: int, stop: Callable[[], None], bytes_between: tuple[int, int], stall: float, seed: int = 1) -> None:
        self.met: Counter[str] = Counter()
        self.port = 0
        self.away = False
        """Whether the peer was stopped; whoever starts it says that it is back."""
        self._peer_port, self._stop, self._between, self._stall = peer_port, stop, bytes_between, stall
        self._random = Random(seed)
        self._kinds: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """All connections end."""
        self._run(self._closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _closed(self) -> None:
        assert self._server is not None
        self._server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._kinds = self._kinds or self._random.sample(TROUBLES, len(TROUBLES))
        kind = self._kinds.pop()
        self.met[kind] += 1
        ends = [writer]
        try:
            if kind == "refused":
                return
            from_peer, to_peer = await asyncio.open_connection("127.0.0.1", self._peer_port)
            ends.append(to_peer)
            said = asyncio.create_task(self._upward(reader, to_peer))
            try:
                await self._downward(from_peer, writer, kind, said)
            finally:
                said.cancel()
        except (OSError, asyncio.CancelledError):
            return  # the peer is away, one of them has gone, or all of it ends
        finally:
            for end in ends:
                end.transport.abort()

    async def _upward(self, reader: asyncio.StreamReader, to_peer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            to_peer.write(data)
            await to_peer.drain()
        if to_peer.can_write_eof():
            to_peer.write_eof()

    async def _downward(self, from_peer: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str, said: asyncio.Task[None]) -> None:
        """What the peer says, up to the byte at which the trouble begins."""
        left = self._random.randint(*self._between)
        while data := await from_peer.read(_PIECE if kind == "slow" else 65_536):
            troubled = kind not in ("slow", "passed") and len(data) >= left
            writer.write(data[:left] if troubled else data)
            await writer.drain()
            left -= len(data)
            if troubled:
                break
            if kind == "slow":
                await asyncio.sleep(0.002)
        else:
            return
        if kind == "stopped":
            self.away = True
            await asyncio.get_running_loop().run_in_executor(None, self._stop)
        elif kind == "stalled":
            said.cancel()
            await asyncio.sleep(self._stall)
        elif kind == "unheard":
            said.cancel()
            await asyncio.sleep(_DEAF)


@contextmanager
def troubled_line(peer_port: int, stop: Callable[[], None], bytes_between: tuple[int, int], stall: float) -> Iterator[Cutter]:
    """A line to a peer until the block ends; it stalls for so many seconds, and whoever asks should wait less (`timeout_seconds`)."""
    line = Cutter(peer_port, stop, bytes_between, stall)
    try:
        yield line
    finally:
        line.close()
