"""YonBIP 用友 BIP: a token for a signed moment, two hours long, behind the question mark of every address.

The gateway's address is the tenant's own. Proof: a vector of the signature; no live gateway.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from connectors.signing import Call, Token, millis

_SPARE = 300


class YonBip:
    """The signer `yonbip`."""

    name = "yonbip"
    needs = frozenset({"app_key", "app_secret"})
    may = frozenset({"token_path"})
    secrets = frozenset({"app_secret"})
    proof = "vector of the token's signature"

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """`GET …/getAccessToken`; `token_path` is the older one of tenants that were never moved."""
        moment = millis(at)
        path = keys.get("token_path", "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken")
        return Call("GET", f"{base}{path}").asking(
            appKey=keys["app_key"], timestamp=moment, signature=signature(keys["app_key"], keys["app_secret"], moment)
        )

    def granted(self, answer: Any) -> Token | None:
        """`{"code": "00000", "data": {"access_token": …, "expire": seconds}}`."""
        data = answer.get("data") if isinstance(answer, dict) and str(answer.get("code")) in ("00000", "200") else None
        if not isinstance(data, dict) or not data.get("access_token"):
            return None
        return Token(str(data["access_token"]), max(60.0, float(data.get("expire", 7200)) - _SPARE))

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the token in the address."""
        return call.asking(access_token=keys["token"])


def signature(app_key: str, app_secret: str, moment: str) -> str:
    """Base64 of HMAC-SHA256 over names and values in the order of their names."""
    return base64.b64encode(hmac.new(app_secret.encode(), f"appKey{app_key}timestamp{moment}".encode(), sha256).digest()).decode()


SIGNER = YonBip()
