"""SAP's port for IDocs by HTTP (/sap/bc/idoc_xml), as far as whoever posts there can tell: it lets in by Basic, takes XML, says no more
than that it arrived, and is busy as often as a test wants."""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lxml import etree


class Port:
    """The port, and what it took."""

    def __init__(self, user: str, password: str) -> None:
        self.port = 0
        self.scheme = "http"
        self.taken: list[bytes] = []
        self.clients: list[str] = []
        self.busy = 0
        self.lets_in = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


class PortHandler(BaseHTTPRequestHandler):
    """One post."""

    protocol_version = "HTTP/1.1"
    peer: Port

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        peer, address = self.peer, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != peer.lets_in:
            return self.say(401, "")
        if address.path != "/sap/bc/idoc_xml":
            return self.say(404, "")
        if peer.busy:
            peer.busy -= 1
            return self.say(500, "all work processes are busy")
        if not self.headers.get("Content-Type", "").startswith(("text/xml", "application/xml")):
            return self.say(415, "")
        etree.fromstring(body)
        peer.taken.append(body)
        peer.clients.append(parse_qs(address.query)["sap-client"][0])
        return self.say(200, "<html><body>IDoc-XML-inbound ok</body></html>")

    def say(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
