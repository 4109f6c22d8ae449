"""Yonyou NC Cloud 用友 NC Cloud, from 2005 on: a token for an encrypted secret, then a digest over each body.

The salt is what Java's SHA1PRNG yields when it is seeded with the public key. UNVERIFIED: the vector and this file come from one public
write-up, and nobody here has seen a live NC Cloud. The optional encryption of bodies is not done.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connectors.signing import Call, Token
from data_contracts.errors import ConfigError

_SPARE = 300


class NcCloud:
    """The signer `nccloud`."""

    name = "nccloud"
    needs = frozenset({"client_id", "client_secret", "public_key", "business_centre", "data_source"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"client_secret"})
    proof = None

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """`POST /nccloud/opm/accesstoken`, everything in the address, nothing in the body."""
        return Call("POST", f"{base}/nccloud/opm/accesstoken", headers={"Content-Type": "application/x-www-form-urlencoded"}).asking(
            grant_type="client_credentials",
            biz_center=keys["business_centre"],
            client_id=keys["client_id"],
            signature=token_signature(keys["client_id"], keys["client_secret"], keys["public_key"]),
            client_secret=_encrypted(keys["client_secret"], keys["public_key"]),
            dsname=keys["data_source"],
        )

    def granted(self, answer: Any) -> Token | None:
        """`{"success": true, "data": {"access_token": …, "expires_in": seconds}}`."""
        data = answer.get("data") if isinstance(answer, dict) and answer.get("success") is True else None
        if not isinstance(data, dict) or not data.get("access_token"):
            return None
        return Token(str(data["access_token"]), max(60.0, min(float(data.get("expires_in", 3600)), 86_400.0) - _SPARE))

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the headers of a call. `ucg_flag` is a small `y`; a large one is refused."""
        digest = sha256(keys["client_id"].encode() + call.content + keys["public_key"].encode()).hexdigest()
        return call.saying({"access_token": keys["token"], "client_id": keys["client_id"], "ucg_flag": "y", "signature": digest})


def token_signature(client_id: str, client_secret: str, public_key: str) -> str:
    """What is signed when a token is asked for: 64 hexadecimal digits."""
    return sha256(f"{client_id}{client_secret}{public_key}{salt(public_key)}".encode()).hexdigest()


def salt(public_key: str) -> str:
    """Base64 of the first 16 bytes of Java's SHA1PRNG, seeded with the key's text."""
    state = sha1(public_key.encode(), usedforsecurity=False).digest()
    return base64.b64encode(sha1(state, usedforsecurity=False).digest()[:16]).decode()


def _encrypted(text: str, public_key: str) -> str:
    """RSA-OAEP with SHA-256, in as many blocks as it takes. Raises ConfigError for a key that is none."""
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
    except ValueError as error:
        raise ConfigError("signer nccloud: public_key is no RSA key in Base64, as the platform shows it") from error
    if not isinstance(key, RSAPublicKey):
        raise ConfigError("signer nccloud: public_key is no RSA key in Base64, as the platform shows it")
    data, most = text.encode(), key.key_size // 8 - 66
    padding = OAEP(MGF1(SHA256()), SHA256(), None)
    return base64.b64encode(b"".join(key.encrypt(data[at : at + most], padding) for at in range(0, len(data), most))).decode()


SIGNER = NcCloud()
