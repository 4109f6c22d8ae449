"""A server by HTTP whose answers a test says, request by request: what products do in awkward moments, and no emulator has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Heard:
    """A request."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """An answer; a list or object goes out as JSON. `measured`: its length is stated, else the end of the connection ends it."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    measured: bool = True


@dataclass
class Spoken:
    """The peer: where it is, and what it heard."""

    url: str
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def spoken(say: Callable[[Heard], Said]) -> Iterator[Spoken]:
    """Serve what `say` says until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            heard = Heard(self.command, address.path, dict(parse_qsl(address.query, keep_blank_values=True)), body)
            peer.heard.append(heard)
            said = say(heard)
            content = said.body if isinstance(said.body, bytes) else json.dumps(said.body, ensure_ascii=False).encode()
            self.send_response(said.status)
            for name, value in {"Content-Type": "application/json", **said.headers}.items():
                self.send_header(name, value)
            if said.measured:
                self.send_header("Content-Length", str(len(content)))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peer = Spoken(f"http://127.0.0.1:{server.server_port}/")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield peer
    server.shutdown()
    server.server_close()
