"""A system whose models are called by method: Tryton's dialect, Odoo's as JSON-RPC and as XML-RPC, with their traps.

Tryton: a session for the header that may end at any time (401 without a body), `write_date` empty until the second write, values in
classes,
faults under 200. Odoo: database, user and key in each call, false for no value, stamps read without their fractions, faults under 200.
"""

from __future__ import annotations

import base64
import json
import xmlrpc.client
from collections import deque
from http.server import BaseHTTPRequestHandler
from typing import Any

PASSWORD = "hub/Test 1"


class RpcPeer:
    """Records of one model, `thing`, and what was called."""

    def __init__(self) -> None:
        self.records: dict[int, dict[str, Any]] = {}
        self.mischief: deque[Any] = deque()
        self.between: Any = None
        """Called behind each search, as somebody who works on while we read."""
        self.called: list[tuple[str, list[Any]]] = []
        self.sessions = 0
        self.ended: set[str] = set()
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        """Write a record; stamps are kept with fractions that Odoo does not show."""
        stamps = {"write_date": changed and f"{changed}.{number:06}", "create_date": f"{created}.{number:06}"}
        self.records[number] = {"id": number, **stamps, "name": name, "price": "8.50"}

    def search(self, domain: list[Any], offset: int, limit: int, order: list[list[str]], odoo: bool = False) -> list[dict[str, Any]]:
        """Records that fit every condition."""
        rows = [row for row in self.records.values() if all(_fits(row, one) for one in domain)]
        for name, _how in reversed(order):
            rows.sort(key=lambda row: (row[name] is None, row[name] or 0) if name != "id" else row["id"])
        found = [dict(row) for row in rows[offset : offset + limit]]
        if self.between is not None:
            self.between()
        return found


def _fits(row: dict[str, Any], condition: list[Any]) -> bool:
    name, how, value = condition
    if isinstance(value, dict):
        value = "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{microsecond:06}".format(**value)
    mine = row[name]
    if value in (None, False):
        return (mine is None) == (how == "=")
    return mine is not None and (mine >= value if how == ">=" else mine == value if how == "=" else mine in value)


class RpcHandler(BaseHTTPRequestHandler):
    """One call."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    peer: RpcPeer

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        trouble = self.peer.mischief.popleft() if self.peer.mischief else None
        if isinstance(trouble, int):
            self.say(trouble, b"")
        elif isinstance(trouble, bytes):
            self.say(200, trouble)
        elif self.path == "/hub/rpc/":
            self.tryton(json.loads(body), trouble)
        elif self.path == "/jsonrpc":
            said = json.loads(body)["params"]
            result = self.odoo(said["method"], said["args"], trouble)
            failed = isinstance(result, tuple)
            fault = {"code": 200, "message": "Odoo Server Error", "data": {"name": result[0], "message": result[1]}} if failed else None
            self.say(200, json.dumps({"id": 1, "error": fault} if failed else {"id": 1, "result": result}).encode())
        else:
            params, method = xmlrpc.client.loads(body)
            result = self.odoo(str(method), list(params), trouble)
            answer = xmlrpc.client.Fault(*result) if isinstance(result, tuple) else (result,)
            self.say(200, xmlrpc.client.dumps(answer, methodresponse=True, allow_none=True).encode())

    def tryton(self, said: dict[str, Any], trouble: Any) -> None:
        method, params = said["method"], said["params"]
        if method == "common.db.login":
            if params[1] != {"password": PASSWORD}:
                return self.say(401, b"Unauthorized")
            self.peer.sessions += 1
            return self.say(200, json.dumps({"id": 1, "result": [3, f"secret-{self.peer.sessions}", None]}).encode())
        session = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Session ")).decode()
        if session in self.peer.ended or not session.startswith(f"{'hub'}:3:secret-"):
            return self.say(401, b"")
        self.peer.called.append((method, params))
        if trouble is not None:
            return self.say(200, json.dumps({"id": 1, "error": trouble}).encode())
        if method == "model.thing.search_read":
            result: Any = [self.wrapped(row) for row in self.peer.search(params[0], params[1], params[2], params[3])]
        elif method == "model.thing.search":
            result = [row["id"] for row in self.peer.search(params[0], params[1], params[2], params[3] or [])]
        elif method == "model.thing.write":
            result = self.peer.records[params[0][0]].update(params[1])
        else:
            return self.say(200, json.dumps({"id": 1, "error": ["'nosuch'", ""]}).encode())
        return self.say(200, json.dumps({"id": 1, "result": result}).encode())

    def wrapped(self, row: dict[str, Any]) -> dict[str, Any]:
        made = dict(row) | {"price": {"__class__": "Decimal", "decimal": row["price"]}, "party": 7, "party.": {"id": 7, "code": "V1"}}
        for name in ("write_date", "create_date"):
            if row[name]:
                day, _, time = row[name].partition(" ")
                parts = [int(part) for part in (*day.split("-"), *time.replace(".", ":").split(":"))]
                names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
                made[name] = {"__class__": "datetime", **dict(zip(names, parts, strict=True))}
        return made

    def odoo(self, method: str, arguments: list[Any], trouble: Any) -> Any:
        if trouble is not None:
            return tuple(trouble)
        if method == "authenticate":
            return 2 if arguments[:3] == ["db", "hub", PASSWORD] else False
        database, number, key, _model, name, positional, named = arguments
        if (database, number, key) != ("db", 2, PASSWORD):
            return ("odoo.exceptions.AccessDenied", "Access Denied")
        self.peer.called.append((name, positional))
        if name not in ("search_read", "web_search_read"):
            return True
        order = [part.split() for part in named["order"].split(", ")]
        rows = self.peer.search(positional[0], named["offset"], named["limit"], order)
        shown = [
            {stamp: (value[:19] if value else False) if stamp.endswith("_date") else value for stamp, value in row.items()} for row in rows
        ]
        if name == "search_read":
            return shown
        told = {"id", *named["specification"]}
        lines = {"lines": [{"id": 1, "party": False}]}
        records = [{one: value for one, value in ({**row, **lines}).items() if one in told} for row in shown]
        return {"length": len(self.peer.records), "records": records}

    def say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
