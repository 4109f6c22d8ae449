"""e签宝 V3, electronic signatures: X-Tsign-Open headers over method, media types, digest of the body and path; callbacks by another rule.

Proof: a vector of a call. Callbacks (moment, values of the query by name, body) follow public descriptions and are UNVERIFIED. Sources
disagree about the digest of an empty body; here it is empty, as the platform's own examples have it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5, sha256

from connectors.signing import WINDOW_SECONDS, Call, Heard, Vouched, equal, event_key, millis, refuse_unless, refuse_unless_now

_JSON = "application/json; charset=UTF-8"


class ESign:
    """The signer `esign`."""

    name = "esign"
    needs = frozenset({"app_id", "app_secret"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"app_secret"})
    proof = "vector of a call; callbacks unverified"
    taken = ("application/json", b'{"code":"200","msg":"success"}')

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the headers. The query belongs to what is signed, by name and unencoded."""
        kind = call.headers.get("Content-Type", _JSON)
        body = base64.b64encode(md5(call.content, usedforsecurity=False).digest()).decode() if call.content else ""
        return call.saying(
            {
                "Accept": "*/*",
                "Content-Type": kind,
                "Content-MD5": body,
                "X-Tsign-Open-App-Id": keys["app_id"],
                "X-Tsign-Open-Auth-Mode": "Signature",
                "X-Tsign-Open-Ca-Timestamp": millis(at),
                "X-Tsign-Open-Ca-Signature": signature(keys["app_secret"], to_sign(call, kind, body)),
            }
        )

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """The event in the body; the same bytes are the same event, whenever they are sent."""
        moment = heard.header("X-Tsign-Open-TIMESTAMP")
        values = "".join(value for _name, value in sorted(heard.query))
        made = hmac.new(keys["app_secret"].encode(), f"{moment}{values}".encode() + heard.body, sha256).hexdigest()
        application = heard.header("X-Tsign-Open-App-Id")
        refuse_unless(equal(made, heard.header("X-Tsign-Open-SIGNATURE").lower()) and equal(application, keys["app_id"]))
        refuse_unless_now(lambda: int(moment) / 1000, now, window)
        return Vouched(heard.body, event_key(values, heard.body), fresh=True)


def to_sign(call: Call, kind: str, body: str) -> str:
    """Six lines: method, what is accepted, digest and kind of the body, an empty date, path with query."""
    query = "&".join(f"{name}={value}" for name, value in sorted(call.query))
    return "\n".join((call.method, "*/*", body, kind, "", f"{call.path}?{query}" if query else call.path))


def signature(app_secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.new(app_secret.encode(), text.encode(), sha256).digest()).decode()


SIGNER = ESign()
