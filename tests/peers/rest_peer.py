"""A system with a REST interface that hands out its records in every style there is, and misbehaves when it is told to.

The traps are those of real ones: pages silently capped (EUDAMED), `hasMore` (NetSuite), links in the body and in a header, Range and
416 (Tryton), a flag that is set record by record (Coupa), tokens, an error under HTTP 200 (Kingdee and many), 429 with Retry-After, half a
body, a proxy's page in HTML. `mischief` is what happens to the next requests, one after the other; None: nothing.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

CAP = 20
"""Records that a page of /pages holds at most, whatever was asked for."""


class RestPeer:
    """The records and what goes wrong."""

    def __init__(self) -> None:
        self.records: dict[int, dict[str, Any]] = {}
        self.mischief: deque[str | None] = deque()
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Method, path with query, and headers of each request that came."""
        self.bodies: list[bytes] = []
        self.lets_in: dict[str, str] = {}
        """Headers that a request must bear."""
        self.token_answers: deque[dict[str, Any]] = deque()
        self.between: Any = None
        """Called behind each answer, as somebody who works on while we read."""
        self.locked: set[int] = set()
        """Records that nobody may flag."""
        self.port = 0
        self.scheme = "http"

    def put(self, number: int, modified: str | None, created: str = "2026-11-22 06:00:00", **more: Any) -> None:
        """Write a record; what is written anew is not exported yet."""
        self.records[number] = {"id": number, "modified": modified, "created": created, "exported": False, **more}

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def found(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Records by the query, in the order of their stamps."""
        stamp = "created" if "never" in query else "modified"
        rows = [row for row in self.records.values() if row[stamp] is not None]
        if "never" in query:
            rows = [row for row in rows if row["modified"] is None]
        since = query.get("created_since") or query.get("since", "")
        if query.get("exported") == "false":
            rows = [row for row in rows if not row["exported"]]
        return sorted((row for row in rows if str(row[stamp]) >= since), key=lambda row: (row[stamp], row["id"]))


class Saying(BaseHTTPRequestHandler):
    """Whatever is said, whole or with more promised than comes."""

    def raw(self, status: int, body: bytes, media_type: str, promised: int | None = None, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(promised or len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Handler(Saying):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, each answer would wait for the other side's acknowledgement
    peer: RestPeer

    def log_message(self, *_: Any) -> None:
        """Nothing: what is asked is kept in `asked`."""

    def do_GET(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        peer, address = self.peer, urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        peer.asked.append((self.command, self.path, dict(self.headers.items())))
        peer.bodies.append(body)
        if address.path == "/token":
            self.say(200, peer.token_answers.popleft() if peer.token_answers else {"access_token": "none"})
            return
        if address.path == "/login":
            self.say(200, {"sessionId": f"session-{len(peer.asked)}"}, {"Set-Cookie": "SESSION=kept; Path=/"})
            return
        if any(self.headers.get(name) != value for name, value in peer.lets_in.items()):
            told = " ".join(f"{name}: {value}" for name, value in self.headers.items())
            self.say(401, {"error": f"you sent {told} and {self.path}"})
            return
        trouble = peer.mischief.popleft() if peer.mischief else None
        if trouble is not None:
            self.misbehave(trouble)
            return
        if self.command == "PUT":
            number = int(address.path.rpartition("/")[2])
            if number in peer.locked:
                self.say(422, {"error": "locked by an approval"})
                return
            peer.records[number]["exported"] = query.get("exported") == "true"
            self.say(200, {"id": number})
            if peer.between is not None:
                peer.between()
            return
        if self.command == "POST" and address.path == "/orders":
            self.say(200, {"code": "0" if b"refuse" not in body else "4711", "message": "so it is", "echo": body.decode()})
            return
        self.page(address.path, query)
        if peer.between is not None:
            peer.between()

    def misbehave(self, trouble: str) -> None:
        if trouble == "busy":
            self.say(429, {"error": "too fast"}, {"Retry-After": "0"})
        elif trouble == "down":
            self.say(503, {"error": "maintenance"}, {"Retry-After": "Sun, 22 Nov 2026 08:00:00 GMT"})
        elif trouble == "broken":
            self.say(500, {"error": "ORA-00001"})
        elif trouble == "failure":
            self.say(200, {"code": "1", "message": "session lost", "data": []})
        elif trouble == "html":
            self.raw(200, b"<html>proxy</html>", "text/html")
        elif trouble == "half":
            self.raw(200, b'{"data": [{"id": 1, "mod', "application/json", promised=10_000)
            self.close_connection = True
        elif trouble == "cut":  # half a body whose length nobody promised
            self.raw(200, b'{"data": [{"id": 1, "mod', "application/json")
        elif trouble == "silent":
            time.sleep(1.5)
            self.close_connection = True
        elif trouble == "moved":
            self.say(302, {}, {"Location": "http://192.0.2.1/"})
        else:
            self.close_connection = True

    def page(self, path: str, query: dict[str, str]) -> None:
        peer, size, headers = self.peer, int(query.get("limit", 3)), {}
        rows = peer.found(query)
        start = int(query.get("offset", 0))
        answer: dict[str, Any] = {"code": "0"}
        if path == "/pages":
            size = min(int(query.get("pageSize", CAP)), CAP)
            start = int(query["page"]) * size
        elif path == "/range":
            first, last = self.headers["Range"].removeprefix("records=").split("-")
            start, size = int(first), int(last) - int(first) + 1
            if start >= len(rows):
                self.say(416, {"error": "behind"}, {"Content-Range": f"records */{len(rows)}"})
                return
            headers["Content-Range"] = f"records {start}-{min(start + size, len(rows)) - 1}/{len(rows)}"
        elif path == "/cursor":
            start = int(query.get("cursor", 0))
        elif path == "/changes":
            start = int(query.get("cursor", query.get("token", "v0")).lstrip("v"))
            rows = sorted(peer.records.values(), key=lambda row: row["version"])
            rows = [row for row in rows if row["version"] > start]
            start, end = 0, max((row["version"] for row in rows), default=start)
            shown = rows[:size]
            answer |= {"cursor": f"v{shown[-1]['version']}"} if len(rows) > size else {"token": f"v{end}"}
        shown, more = rows[start : start + size], start + size < len(rows)
        answer |= {"data": shown}
        onward = f"{path}?offset={start + size}&since={query.get('since', '').replace(' ', '%20')}"
        if path == "/hasmore":
            answer |= {"hasMore": more}
        elif path == "/total":
            answer |= {"total": str(len(rows))}
        elif path == "/links" and more:
            answer |= {"links": [{"rel": "self", "href": "/links"}, {"rel": "next", "href": f"{peer.url}{onward}"}]}
        elif path == "/link" and more:
            headers["Link"] = f'<{path}>; rel="first", <{onward}>; rel="next"'
        elif path == "/cursor" and more:
            answer |= {"next": str(start + size)}
        elif path == "/elsewhere":
            answer |= {"links": [{"rel": "next", "href": "http://192.0.2.1/orders"}]}
        elif path == "/circle":
            answer |= {"links": [{"rel": "next", "href": "/circle"}]}
        self.say(200, shown if path in ("/range", "/link") else answer, headers)

    def say(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.raw(status, json.dumps(body).encode(), "application/json; charset=utf-8", headers=headers or {})


@contextmanager
def running(handler: type[BaseHTTPRequestHandler], peer: Any, certificate: tuple[Path, Path] | None = None) -> Iterator[Any]:
    """Serve on the loopback until the block ends; `certificate`: files of a certificate and its key."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"peer": peer}))
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        peer.scheme = "https"
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
