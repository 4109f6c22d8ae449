"""Whoever stands between the hub and a peer by HTTP and lets nothing through unharmed for long.

A proxy in front of any of the peers here. Of so many requests in a row one meets trouble, all kinds in turn: the peer is busy (429: come
again at once, in ten minutes, or no word of when), broken (500), under maintenance (503), answers an error with 200, half of what it
promised, half and says that it is all, piece by piece, only when nobody waits any more (and did what it was asked), or stops in the
middle of it, and then nobody listens until somebody starts it again.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

BUSY = {"429 now": "0", "429 later": "600", "429": None}
"""What a busy peer says in Retry-After."""
MISCHIEF = (*BUSY, "500", "503", "error", "half", "cut", "slow", "hung", "stopped")
ERROR = b'{"id": 1, "error": ["UserWarning", ["maintenance", "come again", ""]], "code": "1", "message": "session lost"}'
FAULTS = ("fault", "fault under 200")
"""What a web service by SOAP says besides."""
FAULT = (
    b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Server</faultcode>'
    b"<faultstring>maintenance</faultstring></S:Fault></S:Body></S:Envelope>"
)
TIMEOUT = 0.5
"""Seconds that whoever asks should wait (`timeout_seconds`); a peer that hangs takes twice as long."""


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
        json = {"Content-Type": "application/json"}
        if trouble in BUSY:
            asked = BUSY[trouble]
            self.say(429, b"{}", json if asked is None else json | {"Retry-After": asked})
        elif trouble in ("500", "503"):
            self.say(int(trouble), b"{}", {"Retry-After": "0", **json})
        elif trouble == "error":
            self.say(200, ERROR, json)
        elif trouble in FAULTS:
            self.say(200 if trouble == "fault under 200" else 500, FAULT, {"Content-Type": "text/xml"})
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
        if trouble == "hung":
            self.close_connection = True
            time.sleep(2 * TIMEOUT)
        elif trouble == "half" and len(content) > 1:
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

    def __init__(self, peer_port: int, every: int, seed: int, kinds: Sequence[str] = MISCHIEF) -> None:
        self.peer_port, self.all = peer_port, kinds
        self.met: Counter[str] = Counter()
        self._every = every
        self._random = Random(seed)
        self._kinds: list[str] = []
        self._next: list[str | None] = []
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """Its address, where the peer's would stand."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def away(self) -> bool:
        """Whether it was stopped, and nobody listens."""
        return self._server is None

    def draw(self) -> str | None:
        """What the next request meets."""
        with self._lock:
            if not self._next:
                self._kinds = self._kinds or self._random.sample(self.all, len(self.all))
                self._next = [self._kinds.pop(), *[None] * (self._every - 1)]
                self._random.shuffle(self._next)
            trouble = self._next.pop()
            self.met[trouble or "passed"] += 1
        return trouble

    def stop(self) -> None:
        """Nobody listens; connections that are open stay with whoever has them."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def start(self) -> None:
        """Listen, on the port of before."""
        handler = type("Bound", (Meddler,), {"between": self})
        server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        self._server = server


@contextmanager
def meddled(peer_port: int, every: int = 3, seed: int = 1, kinds: Sequence[str] = MISCHIEF) -> Iterator[Between]:
    """Stand before a peer until the block ends; of `every` requests one meets trouble."""
    between = Between(peer_port, every, seed, kinds)
    try:
        yield between
    finally:
        between.stop()
