"""China's device register 国家药监局 UDI, sharing interface: a token for the company's keys, then every question carries it in `params`.

UNVERIFIED: written from public code; keys are given by stamped form only. A question is a form field `params` with JSON in it, whose
`{token}` becomes the token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.signing import Call, Token

_SECONDS = 3600.0


class Nmpa:
    """The signer `nmpa`."""

    name = "nmpa"
    needs = frozenset({"app_id", "app_secret", "credit_code"})
    may = frozenset({"token_path"})
    secrets = frozenset({"app_secret"})
    proof = None

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """Question P002: `credit_code` is the company's unified social credit code."""
        question = {
            "apiCode": "P002",
            "requestId": nonce,
            "appId": keys["app_id"],
            "appSecret": keys["app_secret"],
            "TYSHXYDM": keys["credit_code"],
        }
        path = keys.get("token_path", "/api/v2/token/get")
        return Call("POST", f"{base}{path}", form=(("params", json.dumps(question)),))

    def granted(self, answer: Any) -> Token | None:
        """`{"returnCode": 1, "accessToken": …}`; 9 stands for a token that was given before."""
        if not isinstance(answer, dict) or str(answer.get("returnCode")) not in ("1", "9") or not answer.get("accessToken"):
            return None
        return Token(str(answer["accessToken"]), _SECONDS)

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the token where the question says `{token}`, as text of JSON."""
        token = json.dumps(keys["token"])[1:-1]
        return replace(call, form=tuple((name, value.replace("{token}", token)) for name, value in call.form or ()))


SIGNER = Nmpa()
