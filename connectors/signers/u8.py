"""Yonyou U8+ 用友 U8: a token behind the question mark of every address.

Secrets travel in addresses here, hence no text, log or error of the hub ever shows one. UNVERIFIED: written from public descriptions,
held against no live U8. The trade number (`/system/tradeid`) that writing wants besides is not fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.signing import Call, Token

_SPARE = 300
"""Seconds before the end at which a token is given up."""


class U8:
    """The signer `u8`."""

    name = "u8"
    needs = frozenset({"from_account", "to_account", "app_key", "app_secret"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"app_secret"})
    proof = None

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """`GET /system/token`."""
        return Call("GET", f"{base}/system/token").asking(
            from_account=keys["from_account"], app_key=keys["app_key"], app_secret=keys["app_secret"]
        )

    def granted(self, answer: Any) -> Token | None:
        """`{"errcode": "0", "token": {"id": …, "expiresIn": seconds}}`."""
        token = answer.get("token") if isinstance(answer, dict) and str(answer.get("errcode", "0")) == "0" else None
        if not isinstance(token, dict) or not token.get("id"):
            return None
        return Token(str(token["id"]), max(60.0, float(token.get("expiresIn", 7200)) - _SPARE))

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the two accounts, the application's key and the token in the address."""
        return call.asking(from_account=keys["from_account"], to_account=keys["to_account"], app_key=keys["app_key"], token=keys["token"])


SIGNER = U8()
