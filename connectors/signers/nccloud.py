"""Yonyou NC Cloud 用友 NC Cloud, from 2005 on: a token for an encrypted secret, then a digest over each body.

The salt is what Java's SHA1PRNG yields when it is seeded with the public key. Of calls public sources differ: one write-up digests them
plainly (`calls: plain`), two programs that were held against the platform's own client salt them as well (`calls: salted`). `level` is what
the third-party application was given in NC Cloud: `L0` plain bodies, `L1` encrypted, `L2` packed, `L3` packed and then encrypted, `L4`
encrypted and then packed; answers come in the same way, and the digest is over the plain body. The key comes with the token, and the first
block of its counter is made of the key, so it is the same for every body: TLS is what keeps a body from others. UNVERIFIED: nobody here has
seen a live NC Cloud.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connectors.signing import Call, Token
from data_contracts.errors import ConfigError, RetriableError

_SPARE = 300
_LEVELS = {"L0": "", "L1": "e", "L2": "p", "L3": "pe", "L4": "ep"}
"""What is done to a body, in order: `e` encrypts, `p` packs. Each yields Base64."""
_MOST = 64 * 1024 * 1024
"""Bytes to which an answer may unpack: one that would fill the memory is none."""


class NcCloud:
    """The signer `nccloud`."""

    name = "nccloud"
    needs = frozenset({"client_id", "client_secret", "public_key", "business_centre", "data_source"})
    may = frozenset({"calls", "level"})
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
        """`{"success": true, "data": {"access_token": …, "expires_in": seconds, "security_key": …}}`."""
        data = answer.get("data") if isinstance(answer, dict) and answer.get("success") is True else None
        if not isinstance(data, dict) or not data.get("access_token"):
            return None
        seconds = max(60.0, min(float(data.get("expires_in", 3600)), 86_400.0) - _SPARE)
        return Token(str(data["access_token"]), seconds, str(data.get("security_key") or ""))

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the headers of a call, and its body as the level wants it. `ucg_flag` is a small `y`; a large one is refused."""
        salted = salt(keys["public_key"]).encode() if _choice(keys, "calls", "plain", ("plain", "salted")) == "salted" else b""
        digest = sha256(keys["client_id"].encode() + call.content + keys["public_key"].encode() + salted).hexdigest()
        said = call.saying({"access_token": keys["token"], "client_id": keys["client_id"], "ucg_flag": "y", "signature": digest})
        steps = _LEVELS[_choice(keys, "level", "L0", tuple(_LEVELS))]
        return replace(said, body=_closed(call.content, steps, keys)) if steps else said

    def opened(self, content: bytes, keys: Mapping[str, str]) -> bytes:
        """An answer as it was before; failures before the level was known come plainly."""
        steps = _LEVELS[_choice(keys, "level", "L0", tuple(_LEVELS))]
        if not steps or content.lstrip()[:1] in (b"{", b"[", b"<", b""):
            return content
        try:
            for step in reversed(steps):
                content = base64.b64decode(b"".join(content.split()), validate=True)
                content = _cipher(keys).decryptor().update(content) if step == "e" else _unpacked(content)
        except (ValueError, EOFError, zlib.error) as error:
            raise RetriableError("signer nccloud: the answer is not as the level says: is level the one of the application?") from error
        return content


def token_signature(client_id: str, client_secret: str, public_key: str) -> str:
    """What is signed when a token is asked for: 64 hexadecimal digits."""
    return sha256(f"{client_id}{client_secret}{public_key}{salt(public_key)}".encode()).hexdigest()


def salt(public_key: str) -> str:
    """Base64 of the first 16 bytes of Java's SHA1PRNG, seeded with the key's text."""
    state = sha1(public_key.encode(), usedforsecurity=False).digest()
    return base64.b64encode(sha1(state, usedforsecurity=False).digest()[:16]).decode()


def _choice(keys: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    given = keys.get(name, default)
    if given not in known:
        raise ConfigError(f"signer nccloud: {name} is one of {', '.join(known)}, not {given!r}")
    return given


def _closed(content: bytes, steps: str, keys: Mapping[str, str]) -> bytes:
    for step in steps:
        content = base64.b64encode(_cipher(keys).encryptor().update(content) if step == "e" else gzip.compress(content, mtime=0))
    return content


def _cipher(keys: Mapping[str, str]) -> Cipher[CTR]:
    """AES by the key that came with the token. Raises ConfigError where none did."""
    key = keys.get("token_key", "")
    try:
        return Cipher(AES(base64.b64decode(key, validate=True)), CTR(key[:16].encode()))
    except ValueError as error:
        raise ConfigError("signer nccloud: no key for bodies came with the token: is level the one of the application?") from error


def _unpacked(content: bytes) -> bytes:
    opener = zlib.decompressobj(wbits=31)
    made = opener.decompress(content, _MOST)
    if not opener.eof:
        raise ValueError("it is cut off, or too long")
    return made


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
