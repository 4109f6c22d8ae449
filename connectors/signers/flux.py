"""FLUX WMS 富勒: a digest of the body in the address, `sign`, in capitals; or of the field `data` of a form, and in that form.

Sites differ: some compare a constant (`constant_sign`), some keep small letters (`letters: as_is`). UNVERIFIED against a live FLUX: the
vector and this file follow one public description.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import md5
from urllib.parse import quote_plus

from connectors.signing import CHINA, Call
from data_contracts.errors import ConfigError


class Flux:
    """The signer `flux`."""

    name = "flux"
    needs = frozenset({"app_token"})
    may = frozenset({"app_secret", "constant_sign", "letters"})
    secrets = frozenset({"app_token", "app_secret", "constant_sign"})
    proof = None

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With application, moment (China) and digest; the call names the `method`. Raises ConfigError without a secret."""
        said = {"apptoken": keys["app_token"], "timestamp": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")}
        if call.form is None:
            return call.asking(**said, sign=keys.get("constant_sign") or _digest(call.content, keys), format="JSON")
        form = dict(call.form) | said | {"format": "JSON"}  # there the digest is encoded before the form is
        form["sign"] = keys.get("constant_sign") or quote_plus(_digest(form.get("data", "").encode(), keys))
        return replace(call, form=tuple(form.items()))


def _digest(content: bytes, keys: Mapping[str, str]) -> str:
    key = keys.get("app_secret", "").encode()
    if not key:
        raise ConfigError("signer flux: name app_secret, or constant_sign where the site compares a constant")
    made = base64.b64encode(md5(key + content + key, usedforsecurity=False).hexdigest().encode()).decode()
    return made if keys.get("letters") == "as_is" else made.upper()


SIGNER = Flux()
