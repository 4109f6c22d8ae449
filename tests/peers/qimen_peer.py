"""Qimen both ways: a warehouse that takes entry orders under HTTP 200 whatever it makes of them, and calls back with what it received.

Written from public descriptions. Its traps: a failure is `<flag>failure` under 200; the moment is China's, without a zone, and may be ten
minutes off; an order that is created twice under one code is told "exists" as a failure; the digest covers the body's very bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

CHINA = timezone(timedelta(hours=8))
Post = Callable[[str, bytes], Any]
"""Posts a body behind a query, and returns the answer."""


class Qimen:
    """The warehouse of one customer."""

    def __init__(self, secret: str, customer: str, now: Callable[[], datetime]) -> None:
        self.secret, self.customer, self.now = secret, customer, now
        self.orders: dict[str, bytes] = {}

    def __call__(self, request: Any, body: bytes) -> tuple[int, bytes]:
        """The answer to a request, for `tests.http_peer.HttpPeer`."""
        said = dict(parse_qsl(urlsplit(request.path).query, keep_blank_values=True))
        sign = said.pop("sign", "")
        if sign != self.digest(said, body):
            return self.told("failure", "25", "Invalid signature")
        moment = datetime.strptime(said["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        if abs((moment - self.now()).total_seconds()) > 600:
            return self.told("failure", "24", "Invalid timestamp")
        if said["customerId"] != self.customer or said["method"] != "taobao.qimen.entryorder.create":
            return self.told("failure", "S003", "no such customer or method")
        code = ElementTree.fromstring(body).findtext("entryOrder/entryOrderCode") or ""
        if not code or code in self.orders:
            return self.told("failure", "S001", f"单据 {code} 已存在")
        self.orders[code] = body
        return self.told("success", "0", "ok")

    def calls_back(self, post: Post, method: str, body: bytes, moment: datetime | None = None) -> Any:
        """A callback of this warehouse, signed."""
        at = (moment or self.now()).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        said = {"method": method, "customerId": self.customer, "timestamp": at, "format": "xml", "v": "2.0"}
        query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in said.items())
        return post(f"{query}&sign={self.digest(said, body)}", body)

    def digest(self, said: dict[str, str], body: bytes) -> str:
        """MD5 in capitals over secret, parameters by name, body, secret."""
        made = hashlib.md5(self.secret.encode())
        for name in sorted(said):
            made.update(f"{name}{said[name]}".encode())
        made.update(body + self.secret.encode())
        return made.hexdigest().upper()

    def told(self, flag: str, code: str, message: str) -> tuple[int, bytes]:
        """An answer of the platform, always 200."""
        return 200, f"<response><flag>{flag}</flag><code>{code}</code><message>{message}</message></response>".encode()
