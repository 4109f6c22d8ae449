"""Any HMAC in a header, as most webhooks have it; what is covered, and how it is spelled, is said by keys.

    keys: {secret_env: SHOP_SECRET, header: X-Hub-Signature-256, prefix: "sha256=", over: body}

`over` lists what is covered, in order, joined by `join`: method, path, moment, nonce, body. `moment_header` and `nonce_header` name the
headers of the two, and `delivery_header` one that names the delivery (`X-Shopify-Webhook-Id`): without any, who says the same twice is
taken to repeat it, for what was caught can be played back. Proof: the example in GitHub's documentation of webhooks. The path stands in
calls only; callbacks cover the rest.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from connectors.signing import WINDOW_SECONDS, Call, Heard, Vouched, equal, millis, refuse_unless, refuse_unless_now
from data_contracts.errors import ConfigError

_PARTS = ("method", "path", "moment", "nonce", "body")


class HmacHeader:
    """The signer `hmac_header`."""

    name = "hmac_header"
    needs = frozenset({"secret"})
    may = frozenset(
        {"previous_secret", "header", "prefix", "digest", "spelling", "over", "join", "moment_header", "moment_unit", "nonce_header"}
        | {"delivery_header"}
    )
    secrets = frozenset({"secret", "previous_secret"})
    proof = "GitHub's published example"
    taken = ("text/plain", b"")

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the headers that the keys name."""
        moment = millis(at) if keys.get("moment_unit") == "milliseconds" else str(int(at.timestamp()))
        parts = {"method": call.method, "path": call.path, "moment": moment, "nonce": nonce}
        headers = {keys.get("header", "X-Signature"): _made(keys, "secret", parts, call.content)}
        headers |= {keys[name]: value for name, value in (("moment_header", moment), ("nonce_header", nonce)) if keys.get(name)}
        return call.saying(headers)

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """The body. A moment that is covered must be now; a nonce that is covered tells deliveries apart, else the bytes do."""
        covered = _covered(keys)
        moment, nonce = (heard.header(keys.get(name, "")) for name in ("moment_header", "nonce_header"))
        parts = {"method": heard.method, "path": "", "moment": moment, "nonce": nonce}
        given = heard.header(keys.get("header", "X-Signature"))
        made = [_made(keys, name, parts, heard.body) for name in ("secret", "previous_secret") if keys.get(name)]
        refuse_unless("path" not in covered and sum(equal(one, given) for one in made) > 0)
        if "moment" in covered:
            unit = 1000 if keys.get("moment_unit") == "milliseconds" else 1
            refuse_unless_now(lambda: int(moment) / unit, now, window)
        named = nonce if "nonce" in covered else heard.header(keys.get("delivery_header", ""))
        return Vouched(heard.body, named or sha256(f"{moment}.".encode() + heard.body).hexdigest(), fresh="moment" in covered and not named)


def _covered(keys: Mapping[str, str]) -> list[str]:
    covered = keys.get("over", "body").replace(",", " ").split()
    if "body" not in covered or not set(covered) <= set(_PARTS):
        raise ConfigError(f"signer hmac_header: over lists {', '.join(_PARTS)}, the body among them")
    if any(f"{name}_header" not in keys for name in ("moment", "nonce") if name in covered):
        raise ConfigError("signer hmac_header: name moment_header and nonce_header where over lists moment and nonce")
    return covered


def _made(keys: Mapping[str, str], secret: str, parts: Mapping[str, str], body: bytes) -> str:
    """The value of the header. Raises ConfigError for what `digest` or `spelling` does not know."""
    name, spelling = keys.get("digest", "sha256"), keys.get("spelling", "hex")
    if name not in ("sha256", "sha512", "sha1") or spelling not in ("hex", "base64"):
        raise ConfigError("signer hmac_header: digest is sha256, sha512 or sha1, spelling hex or base64")
    joined = keys.get("join", ".").encode().join(body if part == "body" else parts[part].encode() for part in _covered(keys))
    made = hmac.new(keys[secret].encode(), joined, name).digest()
    return keys.get("prefix", "") + (made.hex() if spelling == "hex" else base64.b64encode(made).decode())


SIGNER = HmacHeader()
