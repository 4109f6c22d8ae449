"""Yonyou U9 cloud 用友 U9 cloud: a token of about five minutes in the header `token`; the organisation is chosen when it is asked for.

An answer without a fault says `ResCode: 0`; `Success` stands beside it in some releases only. UNVERIFIED: written from public code, held
against no live U9.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.signing import Call, Token

_SECONDS = 240.0


class U9:
    """The signer `u9`."""

    name = "u9"
    needs = frozenset({"client_id", "client_secret", "enterprise", "organisation", "user"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"client_secret"})
    proof = None

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """`GET /webapi/OAuth2/AuthLogin`, the secret in the address."""
        return Call("GET", f"{base}/webapi/OAuth2/AuthLogin").asking(
            clientid=keys["client_id"],
            clientsecret=keys["client_secret"],
            entCode=keys["enterprise"],
            orgCode=keys["organisation"],
            userCode=keys["user"],
        )

    def granted(self, answer: Any) -> Token | None:
        """`{"ResCode": 0, "Success": true, "Data": token}`, of which either of the first two may be missing."""
        if not isinstance(answer, dict) or not isinstance(answer.get("Data"), str) or answer.get("Success", True) is not True:
            return None
        if str(answer.get("ResCode", "0")) != "0" or not {"ResCode", "Success"} & answer.keys():
            return None
        return Token(answer["Data"], _SECONDS) if answer["Data"] else None

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the header `token`."""
        return call.saying({"token": keys["token"]})


SIGNER = U9()
