"""A service of OData, version 2 under /v2/ and 4 under /v4/, with the traps of SAP's and others.

Pages of three whatever is asked for, with the next one's address and a skip token; numbers as text and `/Date(…)/` in version 2; a token
for
writing that counts only with its cookie and ends when it is told to; ETags; delta links that also tell of deletions. `quiet` is a server
that
gives no address of a next page and caps at $top.
"""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_SINCE = re.compile(r"(changed|created) ge (?:datetimeoffset'|datetime')?([0-9T:.\-]+)Z?'?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ODataPeer:
    """The entities of one set, `Things`."""

    def __init__(self) -> None:
        self.records: dict[int, dict[str, Any]] = {}
        self.log: list[int] = []
        """Numbers in the order in which they were written: what delta links count."""
        self.token = "t-1"
        self.ends = 0
        """How many tokens end before they are used."""
        self.size = 3
        """Entities of a page, whatever is asked for."""
        self.quiet = False
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.mischief: deque[int] = deque()
        self.between: Any = None
        """Called behind each page, as somebody who works on while we read."""
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        """Write an entity."""
        version = self.records.get(number, {}).get("version", 0) + 1
        self.records[number] = {"id": number, "changed": changed, "created": created, "name": name, "version": version}
        self.log.append(number)


class ODataHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    peer: ODataPeer

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        peer, address = self.peer, urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        peer.asked.append(("GET", unquote(self.path), dict(self.headers.items())))
        two, _, entity = address.path.lstrip("/").partition("/")
        key = re.fullmatch(r"Things\('?(\w+)'?\)", unquote(entity))
        if peer.mischief:
            self.say(peer.mischief.popleft(), {})
        elif entity == "PTC/GetCSRFToken()":
            self.say(200, {"NonceKey": "CSRF_NONCE", "NonceValue": peer.token})
        elif entity == "":
            fetched = self.headers.get("x-csrf-token", "").lower() == "fetch"
            self.say(200, {}, {"x-csrf-token": peer.token, "Set-Cookie": f"SAP_SESSION={peer.token}; Path=/"} if fetched else {})
        elif key is not None:
            row = peer.records.get(int(key[1])) if key[1].isdigit() else None
            self.say(200, self.told(row, two), {"ETag": f'W/"{row["version"]}"'}) if row else self.say(404, {"error": {"message": "none"}})
        elif "$deltatoken" in query:
            self.changes(int(query["$deltatoken"]), two)
        else:
            self.collection(query, two)

    def do_POST(self) -> None:
        peer = self.peer
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        peer.asked.append((self.command, unquote(self.path), dict(self.headers.items())))
        if peer.ends:
            peer.ends, peer.token = peer.ends - 1, f"{peer.token}+"
        let = self.headers.get("CSRF_NONCE") == peer.token
        let = let or (self.headers.get("x-csrf-token") == peer.token and f"SAP_SESSION={peer.token}" in self.headers.get("Cookie", ""))
        if not let:
            self.say(403, {"error": "token"}, {"x-csrf-token": "Required"})
            return
        said = json.loads(body)
        number = int(said["id"])
        if self.command == "PATCH":
            tag = f'W/"{peer.records[number]["version"]}"'
            if self.headers.get("If-Match") != tag:
                self.say(428 if "If-Match" not in self.headers else 412, {"error": "tag"})
                return
        peer.put(number, "2026-11-22 09:00:00", "2026-11-22 06:00:00", said["name"])
        self.say(201, said)

    def do_PATCH(self) -> None:
        self.do_POST()

    def collection(self, query: dict[str, str], two: str) -> None:
        peer, condition = self.peer, query.get("$filter", "")
        rows = list(peer.records.values())
        if "changed eq null" in condition:
            rows = [row for row in rows if row["changed"] is None]
        for name, since in _SINCE.findall(condition):
            rows = [row for row in rows if row[name] is not None and row[name] >= since.replace("T", " ")[:19]]
        by = query.get("$orderby", "id").split(",")
        rows = [row for row in rows if row[by[0]] is not None]
        rows.sort(key=lambda row: [row[name] for name in by])
        start = int(query.get("$skiptoken", 0)) + int(query.get("$skip", 0))
        size = int(query.get("$top", 3)) if peer.quiet else peer.size
        shown, onward = rows[start : start + size], None
        if start + size < len(rows) and not peer.quiet:
            kept = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items() if name not in ("$skiptoken", "$skip"))
            onward = (
                f"{peer.url}/{two}/Things?{kept}&$skiptoken={start + size}" if two == "v2" else f"Things?{kept}&$skiptoken={start + size}"
            )
        tracked = "track-changes" in self.headers.get("Prefer", "")
        self.page([self.told(row, two) for row in shown], onward, len(peer.log) if tracked and onward is None else None, two)
        if peer.between is not None:
            peer.between()

    def changes(self, after: int, two: str) -> None:
        rows = []
        for number in dict.fromkeys(self.peer.log[after:]):
            row = self.peer.records.get(number)
            rows.append(self.told(row, two) if row else {"@removed": {"reason": "deleted"}, "id": f"Things({number})"})
        self.page(rows, None, len(self.peer.log), two)

    def page(self, rows: list[dict[str, Any]], onward: str | None, token: int | None, two: str) -> None:
        link = None if token is None else f"{self.peer.url}/{two}/Things?$deltatoken={token}"
        if two == "v2":
            links = {"__next": onward, "__delta": link}
            self.say(200, {"d": {"results": rows} | {name: value for name, value in links.items() if value}})
        else:
            links = {"@odata.nextLink": onward, "@odata.deltaLink": link}
            self.say(200, {"value": rows} | {name: value for name, value in links.items() if value})

    def told(self, row: dict[str, Any], two: str) -> dict[str, Any]:
        """As the version spells it."""
        if two != "v2":
            return row | {name: row[name] and f"{row[name].replace(' ', 'T')}Z" for name in ("changed", "created")}
        spelled = {"id": str(row["id"])}
        for name in ("changed", "created"):
            passed = datetime.fromisoformat(row[name]).replace(tzinfo=UTC) - _EPOCH if row[name] else None
            spelled[name] = f"/Date({int(passed.total_seconds() * 1000)}+0000)/" if passed else None  # type: ignore[assignment]
        return row | spelled

    def say(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
