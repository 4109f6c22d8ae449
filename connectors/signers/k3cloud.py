"""Kingdee K3Cloud 金蝶云星空: the headers of its own SDK (X-Api-*, X-Kd-*), no session and no cookie.

The application's id has two parts, `<client>_<32 characters>`; the second is the client's secret under a fixed mask, hence the whole id
counts as a secret here. Proof: the headers that Kingdee's SDK 8.2.0 makes, and the SDK itself against the emulator of the tests.
"""

from __future__ import annotations

import base64
import hmac
from binascii import Error
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from connectors.signing import Call
from data_contracts.errors import ConfigError

_MASK = b"0054f397c6234378b09ca7d3e5debce7"
"""The same for everybody: it hides nothing, and the platform expects it."""


class K3Cloud:
    """The signer `k3cloud`."""

    name = "k3cloud"
    needs = frozenset({"account", "user", "app_id", "app_secret"})
    may = frozenset({"language", "organisation"})
    secrets = frozenset({"app_id", "app_secret"})
    proof = "headers of the official SDK 8.2.0"

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With nine headers. `language` is 2052 (Chinese) and `organisation` 0 (the user's own) where the keys say nothing."""
        app_id, moment = keys["app_id"], str(int(at.timestamp()))
        client, client_secret = _parts(app_id)
        path = quote(call.path, safe="")
        signed = f"POST\n{path}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{moment}\n"
        account = f"{keys['account']},{keys['user']},{keys.get('language', '2052')},{keys.get('organisation', '0')}"
        return call.saying(
            {
                "X-Api-ClientID": client,
                "X-Api-Auth-Version": "2.0",
                "x-api-timestamp": moment,
                "x-api-nonce": nonce,
                "x-api-signheaders": "x-api-timestamp,x-api-nonce",
                "X-Api-Signature": _digest(client_secret, signed),
                "X-Kd-Appkey": app_id,
                "X-Kd-Appdata": base64.b64encode(account.encode()).decode(),
                "X-Kd-Signature": _digest(keys["app_secret"], app_id + account),
            }
        )


def _parts(app_id: str) -> tuple[str, str]:
    """Client and its secret. Raises ConfigError for an id of another shape, which would be signed with nothing."""
    client, _line, rest = app_id.partition("_")
    try:
        hidden = base64.b64decode(rest, validate=True)
    except (Error, ValueError):
        hidden = b""
    if not client or len(hidden) != 24:
        raise ConfigError("signer k3cloud: app_id is not <client>_<32 characters>, as the platform shows it")
    return client, base64.b64encode(bytes(one ^ other for one, other in zip(hidden, _MASK, strict=False))).decode()


def _digest(key: str, text: str) -> str:
    """Base64 of the hexadecimal digits, as the platform has it."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), sha256).hexdigest().encode()).decode()


SIGNER = K3Cloud()
