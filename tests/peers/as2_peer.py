"""An AS2 partner that is not ours: pyas2lib behind a small HTTP server, in a process of its own.

    python tests/peers/as2_peer.py FOLDER

FOLDER/peer.json: `ours`, `theirs`, `key`, `certificate`, `partner` (PEM files) and `answer_to`, where receipts of their own connection go;
`lose`: how many messages altogether get no receipt. What came under a Message-ID is known, whatever became of it, as django-pyas2 has it.
POST /as2 takes a message, POST /send posts its body as a message to the address in the header `To-Address`, GET /got lists what came.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_search = re.search


def _widened(pattern: Any, text: Any, flags: int = 0) -> Any:
    """oscrypto 1.3.0 cannot read the version of an OpenSSL whose last number has two digits, and looks for it on import."""
    return _search(pattern.replace(r"(\d\.\d\.\d[a-z]*)", r"(\d\.\d+\.\d+[a-z]*)") if isinstance(pattern, str) else pattern, text, flags)


re.search = _widened
from pyas2lib import Mdn, Message, Organization, Partner  # type: ignore[import-untyped]  # noqa: E402

re.search = _search
FOLDER = Path(sys.argv[1])
GOT: list[dict[str, Any]] = []


def sides() -> tuple[Any, Any, dict[str, Any]]:
    """Ourselves, the hub, and the settings, as they are now."""
    said = json.loads((FOLDER / "peer.json").read_text())
    key = Path(said["key"]).read_bytes() + Path(said["certificate"]).read_bytes()
    hub = Path(said["partner"]).read_bytes()
    us = Organization(as2_name=said["ours"], sign_key=key, sign_key_pass="", decrypt_key=key, decrypt_key_pass="")
    them = Partner(
        as2_name=said["theirs"], verify_cert=hub, encrypt_cert=hub, validate_certs=False, sign=True, digest_alg="sha256", encrypt=True,
        enc_alg="aes_256_cbc", compress=said.get("compress", False), mdn_mode="SYNC", mdn_digest_alg="sha256",
    )  # fmt: skip
    return us, them, said


class Peer(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(GOT).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/send":
            self._answer(200, {"Content-Type": "application/json"}, json.dumps(send(body, self.headers["To-Address"])).encode())
            return
        us, them, said = sides()
        raw = b"".join(f"{name}: {value}\r\n".encode() for name, value in self.headers.items()) + b"\r\n" + body
        message = Message()
        status, (error, _trace), receipt = message.parse(
            raw, lambda _: us, lambda _: them, lambda number, _partner: any(one["id"] == number for one in GOT)
        )
        payload = base64.b64encode(message.content if status == "processed" else b"").decode()
        GOT.append({"status": status, "error": str(error), "id": message.message_id, "payload": payload})
        if len(GOT) <= said.get("lose", 0):
            self.close_connection = True
        elif self.headers.get("Receipt-Delivery-Option"):
            self._answer(200, {}, b"")
            threading.Thread(target=post, args=(said["answer_to"], receipt)).start()
        else:
            self._answer(200, receipt.headers, receipt.content)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, " ".join(value.split()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def post(address: str, made: Any) -> tuple[bytes, bytes]:
    """Post a message or a receipt; headers and body of the answer."""
    headers = {name: " ".join(str(value).split()) for name, value in made.headers.items()}
    with urllib.request.urlopen(urllib.request.Request(address, made.content, headers), timeout=60) as answer:
        head = b"".join(f"{name}: {value}\r\n".encode() for name, value in answer.headers.items())
        return head, answer.read()


def send(content: bytes, address: str) -> dict[str, Any]:
    """Send a document to the hub and judge its receipt."""
    us, them, _ = sides()
    message = Message(us, them)
    message.build(content, filename="856.edi", subject="856", content_type="application/edi-x12")
    head, body = post(address, message)
    status, detail = Mdn().parse(head + b"\r\n" + body, lambda *_: message)
    return {"status": status, "detail": detail, "id": message.message_id, "mic": message.mic.decode(), "receipt": body.decode()}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    print(server.server_address[1], flush=True)
    server.serve_forever()
