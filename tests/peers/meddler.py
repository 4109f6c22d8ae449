"""Whoever stands between the hub and a peer by HTTP and lets nothing through unharmed for long.

A proxy in front of any of the peers here. Each request meets what `odds` draw for it: it goes through, or the peer is busy (429), broken
(500), under maintenance (503), answers an error with 200, half of what it promised, half and says that it is all, piece by piece, or is
stopped and started again, so that nobody listens for a while.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

MISCHIEF = ("429", "500", "503", "error", "half", "cut", "slow", "stopped")
ERROR = b'{"id": 1, "error": ["UserWarning", ["maintenance", "come again", ""]], "code": "1", "message": "session lost"}'
_AWAY = 0.02
"""Seconds that a stopped peer is away."""


class Meddler(BaseHTTPRequestHandler):
    """One request on its way."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    between: Between

    def log_message(self, *_: Any) -> None:
        """Nothing: `met` counts."""

    def do_GET(self) -> None:
        self.pass_on()

    def do_POST(self) -> None:
        self.pass_on()

    def do_PUT(self) -> None:
        self.pass_on()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble = self.between.draw()
        if trouble in ("429", "500", "503"):
            self.say(int(trouble), b"{}", {"Retry-After": "0", "Content-Type": "application/json"})
        elif trouble == "error":
            self.say(200, ERROR, {"Content-Type": "application/json"})
        elif trouble == "stopped":
            self.close_connection = True
            self.between.stop()
        else:
            self.answer(body, trouble)

    def answer(self, body: bytes, trouble: str | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.between.peer_port)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "content-length")}
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kept = {
            name: value for name, value in response.getheaders() if name.lower() not in ("content-length", "date", "server", "connection")
        }
        if trouble == "half" and len(content) > 1:
            self.close_connection = True
            self.say(response.status, content[: len(content) // 2], kept, len(content))
        elif trouble == "cut" and len(content) > 1:
            self.say(response.status, content[: len(content) // 2], kept)
        else:
            self.say(response.status, content, kept, pieces=5 if trouble == "slow" else 1)

    def say(self, status: int, content: bytes, headers: dict[str, str], promised: int | None = None, pieces: int = 1) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content) if promised is None else promised)}.items():
            self.send_header(name, value)
        self.end_headers()
        size = len(content) // pieces + 1
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            if pieces > 1:
                self.wfile.flush()
                time.sleep(0.002)


class Between:
    """The proxy: where it listens, and what its requests met."""

    def __init__(self, peer_port: int, odds: float, seed: int) -> None:
        self.peer_port = peer_port
        self.odds = odds
        """How many of the requests meet trouble, 0 to 1."""
        self.met: Counter[str] = Counter()
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self._listen()

    @property
    def url(self) -> str:
        """Its address, where the peer's would stand."""
        return f"http://127.0.0.1:{self.port}"

    def draw(self) -> str | None:
        """What the next request meets."""
        with self._lock:
            trouble = self._random.choice(MISCHIEF) if self._random.random() < self.odds else None
            self.met[trouble or "passed"] += 1
        return trouble

    def stop(self) -> None:
        """Nobody listens for a while; connections that are open stay with whoever has them."""
        threading.Thread(target=self._again).start()

    def close(self) -> None:
        """For good."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _again(self) -> None:
        with self._lock:
            server = self._server
            if server is None:
                return
            server.shutdown()
            server.server_close()
            time.sleep(_AWAY)
            self._listen()

    def _listen(self) -> None:
        handler = type("Bound", (Meddler,), {"between": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()


@contextmanager
def meddled(peer_port: int, odds: float = 0.25, seed: int = 1) -> Iterator[Between]:
    """Stand before a peer until the block ends."""
    between = Between(peer_port, odds, seed)
    try:
        yield between
    finally:
        between.odds = 0
        between.close()
