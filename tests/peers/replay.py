"""A system that answers exactly what was recorded, in the order in which it was: what differs in anything that matters is refused.

An exchange is a list of `ask` and `answer`. Of `ask`: `method` (GET), `path` (decoded), `query` (all of it, decoded), `headers` (those
that matter), `json`, `form` or `text` of the body; `"*"` is any value, `$HOST` the address of this server. Of `answer`: `status` (200),
`headers`, `json` or `text`. What went wrong is kept in `faults`, for the hub is told no more than HTTP 599.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ASK = frozenset({"method", "path", "query", "headers", "json", "form", "text"})
ANSWER = frozenset({"status", "headers", "json", "text"})


class Replay:
    """One system after the other, at one address."""

    def __init__(self) -> None:
        self.port = 0
        self.scheme = "http"
        self.expected: list[dict[str, Any]] = []
        self.faults: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def expect(self, exchange: list[dict[str, Any]]) -> None:
        """What is asked from now on."""
        for one in exchange:
            assert set(one) == {"ask", "answer"} and set(one["ask"]) <= ASK and set(one["answer"]) <= ANSWER, one
        self.expected, self.faults = [put(one, {"$HOST": self.url}) for one in exchange], []

    def over(self) -> None:
        """All of it was asked, and nothing else."""
        assert not self.faults, "\n".join(self.faults)
        assert not self.expected, f"this was never asked: {[one['ask'] for one in self.expected]}"


class ReplayHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    peer: Replay

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        peer = self.peer
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not peer.expected:
            peer.faults.append(f"nothing more was expected: {self.command} {unquote(self.path)}")
            self.say({"status": 599})
            return
        one = peer.expected.pop(0)
        faults = list(self.differences(one["ask"], body))
        peer.faults += faults
        self.say({"status": 599} if faults else one["answer"])

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def differences(self, ask: dict[str, Any], body: bytes) -> Any:
        """Everything in which a request is not the one that was recorded."""
        address = urlsplit(self.path)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if "form" in ask else None
        came = {
            "method": self.command,
            "path": unquote(address.path),
            "query": dict(parse_qsl(address.query, keep_blank_values=True)),
            **({"json": json.loads(body or b"null")} if "json" in ask else {}),
            **({"form": form} if form is not None else {}),
            **({"text": body.decode()} if "text" in ask else {}),
        }
        for name, value in came.items():
            expected = ask.get(name, {"method": "GET", "query": {}}.get(name))
            if not fits(expected, value):
                yield f"{ask.get('path')}: {name} should be {expected!r}, is {value!r}"
        for name, value in ask.get("headers", {}).items():
            if not fits(value, self.headers.get(name)):
                yield f"{ask.get('path')}: header {name} should be {value!r}, is {self.headers.get(name)!r}"

    def say(self, answer: dict[str, Any]) -> None:
        content = json.dumps(answer["json"], ensure_ascii=False).encode() if "json" in answer else str(answer.get("text", "")).encode()
        self.send_response(int(answer.get("status", 200)))
        kind = "application/json" if "json" in answer else "text/plain"
        headers = {"Content-Type": kind, **answer.get("headers", {}), "Content-Length": str(len(content))}
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def fits(expected: Any, came: Any) -> bool:
    """Whether they are equal; `"*"` fits whatever there is."""
    if expected == "*":
        return came is not None
    if isinstance(expected, dict) and isinstance(came, dict):
        return expected.keys() == came.keys() and all(fits(value, came[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(came, list):
        return len(expected) == len(came) and all(map(fits, expected, came))
    return bool(expected == came)


def put(template: Any, values: dict[str, str]) -> Any:
    """A template with words replaced, everywhere in it."""
    if isinstance(template, dict):
        return {name: put(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [put(value, values) for value in template]
    for word, value in values.items():
        template = template.replace(word, value) if isinstance(template, str) else template
    return template
