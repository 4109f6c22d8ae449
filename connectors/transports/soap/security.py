"""Who we are, said in the envelope: a UsernameToken of WS-Security (OASIS, UsernameToken Profile 1.1.1).

    security: {user: HUB, password_env: SOAP_PASSWORD}                        the password as it is: only ever over TLS
    security: {user: HUB, password_env: SOAP_PASSWORD, kind: digest}          SHA-1 over nonce, moment and password
    security: {…, lives_seconds: 300}                                         with a Timestamp that ends, as WCF wants it

Nonce and moment are new in every request, repeats of it too, for peers remember nonces.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from lxml import etree

from connectors.credentials import refuse_unknown, secret
from data_contracts.errors import ConfigError

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_SETTINGS = frozenset({"user", "password", "password_env", "password_file", "kind", "lives_seconds"})
_NONCE = 16


class UsernameToken:
    """The `security:` of a transport. Raises ConfigError."""

    def __init__(self, given: Any, now: Callable[[], float]) -> None:
        if not isinstance(given, Mapping) or not given.get("user") or given.get("kind", "text") not in ("text", "digest"):
            raise ConfigError("transport soap: security has user, a password by password_env or password_file, kind: text or digest")
        refuse_unknown(given, _SETTINGS, "soap, security")
        lives = given.get("lives_seconds")
        if lives is not None and (isinstance(lives, bool) or not isinstance(lives, int) or not 1 <= lives <= 3600):
            raise ConfigError(f"lives_seconds is a whole number from 1 to 3600, not {lives!r}")
        self._given, self._lives, self._now = given, lives, now

    def put(self, header: etree._Element, envelope: str) -> str:
        """Put the token into a header of the envelope's namespace, and return the password that was used."""
        password = secret(self._given, "password")
        if password is None:
            raise ConfigError("security: name the password by password_env or password_file")
        moment = datetime.fromtimestamp(self._now(), UTC)
        created, nonce = _written(moment), secrets.token_bytes(_NONCE)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{envelope}}}mustUnderstand", "1")
        if self._lives is not None:
            stamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
            etree.SubElement(stamp, f"{{{WSU}}}Created").text = created
            etree.SubElement(stamp, f"{{{WSU}}}Expires").text = _written(moment + timedelta(seconds=self._lives))
        token = etree.SubElement(security, f"{{{WSSE}}}UsernameToken")
        named, said = (etree.SubElement(token, f"{{{WSSE}}}{name}") for name in ("Username", "Password"))
        digests = self._given.get("kind") == "digest"
        said.set("Type", _PROFILE + ("PasswordDigest" if digests else "PasswordText"))
        try:
            named.text = str(self._given["user"])
            said.text = digest(nonce, created, password) if digests else password
        except ValueError as error:
            raise ConfigError("security: user or password holds a character that XML does not have") from error
        shown = etree.SubElement(token, f"{{{WSSE}}}Nonce")
        shown.set("EncodingType", _BASE64)
        shown.text = base64.b64encode(nonce).decode()
        etree.SubElement(token, f"{{{WSU}}}Created").text = created
        return password


def digest(nonce: bytes, created: str, password: str) -> str:
    """The digest of a password: Base64(SHA-1(nonce + created + password)). SHA-1 is what the profile says; it hides, it signs nothing."""
    return base64.b64encode(sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()).decode()


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
