"""Fadada FASC 5 法大大, electronic signatures: a form with `bizContent`, signed by X-FASC headers; callbacks are made the same way.

The key of a signature is itself an HMAC of the moment. Proof: a vector that stands in public test code.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from connectors.signing import WINDOW_SECONDS, Call, Heard, Token, Vouched, equal, event_key, millis, refuse_unless, refuse_unless_now

_SPARE = 300
_CALLED_BACK = ("X-FASC-App-Id", "X-FASC-Sign-Type", "X-FASC-Timestamp", "X-FASC-Nonce", "X-FASC-Event")


class Fasc:
    """The signer `fasc`."""

    name = "fasc"
    needs = frozenset({"app_id", "app_secret"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"app_secret"})
    proof = "vector that stands in public test code"
    taken = ("application/json", b'{"msg":"success"}')

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """`POST /service/get-access-token`, without a body."""
        headers = {**_headers(keys, at, nonce), "X-FASC-Grant-Type": "client_credential"}
        return Call("POST", f"{base}/service/get-access-token", form=()).saying(_signed(headers, None, keys["app_secret"]))

    def granted(self, answer: Any) -> Token | None:
        """`{"code": "100000", "data": {"accessToken": …, "expiresIn": seconds}}`."""
        data = answer.get("data") if isinstance(answer, dict) and str(answer.get("code")) == "100000" else None
        if not isinstance(data, dict) or not data.get("accessToken"):
            return None
        return Token(str(data["accessToken"]), max(60.0, float(data.get("expiresIn", 7200)) - _SPARE))

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the headers; `bizContent` is signed as it stands in the form."""
        content = dict(call.form or ()).get("bizContent")
        return call.saying(_signed({**_headers(keys, at, nonce), "X-FASC-AccessToken": keys["token"]}, content, keys["app_secret"]))

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """The event in `bizContent`. Its key is its kind and what it says: a repetition bears a nonce and a moment of its own."""
        content = heard.form().get("bizContent", "")
        stated = {name: heard.header(name) for name in _CALLED_BACK}
        made = signature(keys["app_secret"], {**stated, "bizContent": content})
        refuse_unless(equal(made, heard.header("X-FASC-Sign").lower()) and equal(stated["X-FASC-App-Id"], keys["app_id"]))
        refuse_unless_now(lambda: int(stated["X-FASC-Timestamp"]) / 1000, now, window)
        return Vouched(content.encode(), f"{stated['X-FASC-Event']}/{event_key(stated['X-FASC-Event'], content)}", fresh=True)


def signature(app_secret: str, parameters: Mapping[str, str]) -> str:
    """64 hexadecimal digits over what is not empty, by name. `X-FASC-Timestamp` makes the key."""
    text = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if parameters[name] != "")
    key = hmac.new(app_secret.encode(), parameters["X-FASC-Timestamp"].encode(), sha256).digest()
    return hmac.new(key, sha256(text.encode()).hexdigest().encode(), sha256).hexdigest()


def _headers(keys: Mapping[str, str], at: datetime, nonce: str) -> dict[str, str]:
    return {
        "X-FASC-App-Id": keys["app_id"],
        "X-FASC-Sign-Type": "HMAC-SHA256",
        "X-FASC-Timestamp": millis(at),
        "X-FASC-Nonce": nonce,
        "X-FASC-Api-SubVersion": "5.1",
    }


def _signed(headers: Mapping[str, str], content: str | None, app_secret: str) -> dict[str, str]:
    parameters = dict(headers) if content is None else {**headers, "bizContent": content}
    return {**headers, "X-FASC-Sign": signature(app_secret, parameters)}


SIGNER = Fasc()
