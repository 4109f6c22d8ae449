"""Kingdee K3Cloud as far as a hub meets it: signed calls, rows as arrays, and failures that come as HTTP 200.

Written from the official SDK's side: what that sends is taken, and nothing else. `python tests/peers/k3cloud_peer.py PORT` runs it alone.
Its traps: a wrong signature is `MsgCode` 1 ("session lost") under 200; only `FDocumentStatus` C is final, and an audit sets
`FApproveDate` and leaves `FModifyDate` where it was; a page holds `CAP` rows at most,
whatever was asked for; a bill that is saved twice under one number is refused, under 200 too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

STUB = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
CAP = 2000
ACCOUNT, USER = "6a1b2c3d4e5f60", "hub_api"
APP_ID, APP_SECRET = "123456_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "0123456789abcdef0123456789abcdef"
CLIENT_SECRET = base64.b64encode(
    bytes(one ^ two for one, two in zip(base64.b64decode(APP_ID.partition("_")[2]), b"0054f397c6234378b09ca7d3e5debce7", strict=False))
).decode()


class K3Cloud:
    """Bills by number, in the order in which they were saved."""

    def __init__(self) -> None:
        self.bills: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.cap = CAP
        self.port = 0

    @property
    def url(self) -> str:
        """What a flow says as `url`, and the SDK as its server."""
        return f"http://127.0.0.1:{self.port}/k3cloud/"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Any:
        """The JSON of an answer; every failure is one."""
        self.calls.append(path)
        asked = json.loads(body)
        operation = path.removeprefix(STUB).removesuffix(".common.kdsvc")
        if not _signed(path, headers):
            lost = _failure("会话信息已丢失，请重新登录", code=1)
            return [[lost]] if operation == "ExecuteBillQuery" else lost
        if operation == "ExecuteBillQuery":
            data = asked["data"]
            return self.rows(data if isinstance(data, dict) else json.loads(data))
        if operation == "Save":
            data = asked["data"]
            model = (data if isinstance(data, dict) else json.loads(data))["Model"]
            if model["FBillNo"] in self.bills:
                return _failure(f"单据编号 {model['FBillNo']} 已存在")
            self.bills[model["FBillNo"]] = {"FID": 100_000 + len(self.bills), "FDocumentStatus": "A", **model}
            return {
                "Result": {"ResponseStatus": {"IsSuccess": True, "Errors": []}, "Id": 100_000 + len(self.bills), "Number": model["FBillNo"]}
            }
        return _failure(f"no such operation: {operation}")

    def audit(self, number: str, at: str) -> None:
        """Somebody audits a bill; `at` in the time of China."""
        self.bills[number] |= {"FDocumentStatus": "C", "FApproveDate": at}

    def rows(self, data: dict[str, Any]) -> Any:
        """Values in the order of FieldKeys."""
        found = list(self.bills.values())
        for clause in data.get("FilterString", "").split(" and "):
            any_of = re.findall(r"(\w+)\s*(>=|=)\s*'([^']*)'", clause)
            found = [bill for bill in found if not any_of or any(_holds(bill.get(field, ""), sign, value) for field, sign, value in any_of)]
        order = [key.split()[0] for key in (data.get("OrderString") or "FID").split(",")]
        found.sort(key=lambda bill: [bill[name] for name in order])
        keys, start = data["FieldKeys"].split(","), int(data.get("StartRow", 0))
        return [[bill[key] for key in keys] for bill in found[start : start + min(int(data.get("Limit", CAP)), self.cap)]]


def _holds(value: str, sign: str, than: str) -> bool:
    return value >= than if sign == ">=" else value == than


def _failure(text: str, code: int = 0) -> dict[str, Any]:
    return {"Result": {"ResponseStatus": {"IsSuccess": False, "MsgCode": code, "Errors": [{"Message": text}]}}}


def _signed(path: str, headers: dict[str, str]) -> bool:
    """Whether all of the signatures are those of our one account, from what the headers say."""
    said = {name.lower(): value for name, value in headers.items()}
    text = f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{said.get('x-api-nonce')}\nx-api-timestamp:{said.get('x-api-timestamp')}\n"
    data = base64.b64decode(said.get("x-kd-appdata", "")).decode()
    return (
        said.get("x-api-signature") == _digest(CLIENT_SECRET, text)
        and said.get("x-kd-appkey") == APP_ID
        and said.get("x-kd-signature") == _digest(APP_SECRET, APP_ID + data)
        and data.startswith(f"{ACCOUNT},{USER},")
    )


def _digest(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().encode()).decode()


@contextmanager
def running(port: int = 0) -> Iterator[K3Cloud]:
    """The emulator on a port of this machine."""
    peer = K3Cloud()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            content = json.dumps(peer.answer(self.path, dict(self.headers), body), ensure_ascii=False).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
