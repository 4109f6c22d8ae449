"""A real HTTP server that can be stopped, restarted, slowed and made to answer wrongly, for whatever sends by HTTP.

It keeps what it took once for each key of a delivery, as partners do who tell a repeat by it: `taken` is what arrived, in order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class HttpPeer:
    """One peer on one port, also when it is started again."""

    key: Callable[[BaseHTTPRequestHandler, bytes], str]
    """By what a repeat is told."""
    answers: Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]] = lambda _request, _body: (200, b"ok")
    faults: list[str] = field(default_factory=list)
    """What goes wrong with the next requests, one each: `500`, `429`, `error` (told under 200), `slow`, `half` (took it, and the answer
    breaks off), `cut`."""
    taken: list[bytes] = field(default_factory=list)
    requests: int = 0
    port: int = 0
    _server: ThreadingHTTPServer | None = None
    _known: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port of before."""
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                peer._take(self)

            def do_GET(self) -> None:
                peer._take(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("500", "429"):
            self._answer(request, int(fault), b"not now", {"Retry-After": "600"} if fault == "429" else {})
            return
        if fault == "error":
            self._answer(request, 200, b'{"code": "busy", "message": "try later"}', {})
            return
        if fault == "cut":
            request.connection.close()
            return
        if fault == "slow":
            time.sleep(0.5)
        key = self.key(request, body)
        if key not in self._known:
            self._known.add(key)
            self.taken.append(body)
        status, content = self.answers(request, body)
        if fault == "half":
            request.send_response(status)
            request.send_header("Content-Length", str(len(content) + 100))
            request.end_headers()
            request.wfile.write(content)
            request.wfile.flush()
            request.connection.close()
            return
        self._answer(request, status, content, {})

    def _answer(self, request: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str]) -> None:
        try:
            request.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(content)
        except OSError:  # who asked has gone
            return
