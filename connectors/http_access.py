"""How a peer by HTTP is told who we are (`auth:` of a transport), as data; secrets are named, never written.

    {kind: basic, user: hub, password_env: ERP_PASSWORD}
    {kind: header, name: Authorization, prefix: "token ", secret_env: ERP_KEY}          API keys, bearer and session tokens
    {kind: query, name: key, secret_env: GUDID_KEY}                                     where a peer wants it in the address
    {kind: oauth2, grant: client_credentials, token_url: "https://…/token", client_id: hub, client_secret_env: ERP_SECRET, scope: orders}
    {kind: oauth2, grant: password, …, user: hub, password_env: ERP_PASSWORD}
    {kind: oauth2, grant: jwt_bearer, …, private_key_file: keys/hub.pem, claims: {iss: hub, sub: hub@example, aud: "https://…"}}
    {kind: login, path: /login, json: {email: hub@example, password: "{password}"}, password_env: PLM_PASSWORD, at: sessionId,
     name: arena_session_id}

A token of oauth2 or of a login is kept in this process for all that ask the same peer as the same user, asked for anew shortly before it
expires, and once more when the peer answers 401; a login without `at` lets in by a cookie, and so each connection logs in.
`grant: client_credentials` with a private key sends an assertion instead of a secret. `extra` is what else a token endpoint is told;
`{password}` and `{secret}` stand for those that are named, as in `json` and `form` of a login.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import unquote_plus

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.credentials import refuse_unknown, secret
from connectors.deltas import value_at
from data_contracts.errors import ConfigError, RetriableError

_SECRETS = ("password", "secret", "client_secret", "private_key")
_NAMED = frozenset(f"{name}_{place}" for name in _SECRETS for place in ("env", "file"))
_SETTINGS = {
    "none": frozenset[str](),
    "basic": frozenset({"user"}),
    "header": frozenset({"name", "prefix"}),
    "query": frozenset({"name"}),
    "oauth2": frozenset(
        {"grant", "token_url", "client_id", "client_auth", "scope", "user", "claims", "extra", "at", "expires_at", "name", "prefix"}
    ),
    "login": frozenset({"path", "json", "form", "at", "name", "prefix", "minutes", "user"}),
}
_NEEDS = {
    "basic": ("user",),
    "header": ("name",),
    "query": ("name",),
    "oauth2": ("grant", "token_url"),
    "login": ("path",),
}
_WANTED = {
    "basic": "password",
    "header": "secret",
    "query": "secret",
    "client_credentials": "client_secret",
    "password": "password",
    "jwt_bearer": "private_key",
}
"""Which secret is to be named, by kind or grant."""
_LONGEST_PREFIX = 30
_GRANTS = {"client_credentials": "client_credentials", "password": "password", "jwt_bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EARLY = 60.0
"""Seconds before its end at which a token is asked for anew."""
_LIVES = 300
"""Seconds that an assertion of ours is good for."""


@dataclass(slots=True)
class Token:
    """What a peer gave us, and until when it counts by this process's clock."""

    value: str
    until: float


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for a token: the peer posts it, and gives back the JSON of the answer."""

    url: str
    form: Mapping[str, str] | None
    json: Any
    basic: tuple[str, str] | None


Post = Callable[[Asking], Any]
_tokens: dict[str, Token] = {}
_locks: dict[str, Lock] = {}
_lock = Lock()


def one_at_a_time(key: str) -> Lock:
    """The lock of whoever asks for the token of this key: others' tokens are asked for, and used, meanwhile."""
    with _lock:
        return _locks.setdefault(key, Lock())


class Access:
    """The `auth:` of one transport. Raises ConfigError for what no peer could be told."""

    def __init__(self, settings: Mapping[str, Any] | None, transport: str) -> None:
        given = settings if settings is not None else {"kind": "none"}
        if not isinstance(given, Mapping) or given.get("kind") not in _SETTINGS:
            raise ConfigError(f"transport {transport}: auth names its kind, one of {', '.join(_SETTINGS)}")
        self.kind = str(given["kind"])
        refuse_unknown(given, _SETTINGS[self.kind] | _NAMED | frozenset(_SECRETS) | {"kind"}, f"{transport}, auth")
        for name in _NEEDS.get(self.kind, ()):
            if not given.get(name):
                raise ConfigError(f"transport {transport}: auth of kind {self.kind} needs {name}")
        if self.kind == "oauth2" and given["grant"] not in _GRANTS:
            raise ConfigError(f"auth: grant is one of {', '.join(_GRANTS)}, not {given['grant']!r}")
        self._given = given
        self._refuse_unnamed()
        self._cookie: Token | None = None
        """Of a login whose answer names no token (`at`): the connection's cookie lets us in, so it is of this connection alone."""
        self.used: set[str] = set()
        """Secrets that were sent, so that no text of ours repeats them."""

    def _refuse_unnamed(self) -> None:
        """Raises ConfigError where a secret stands in the file, or where what is needed is not named."""
        given = self._given
        for name in _SECRETS:
            if name in given:
                raise ConfigError(f"{name} does not belong into a site's file: name it by {name}_env or {name}_file")
        prefix = str(given.get("prefix", "")).strip()
        if len(prefix) > _LONGEST_PREFIX or "." in prefix:
            raise ConfigError(
                "auth: prefix is a word like Bearer; what stands there looks like a secret: name it by secret_env or secret_file"
            )
        wanted = _WANTED.get(str(given["grant"]) if self.kind == "oauth2" else self.kind)
        named = _NAMED if self.kind == "oauth2" else {f"{wanted}_env", f"{wanted}_file"}  # a token endpoint may be told any, in `extra`
        if wanted is not None and not any(name in given for name in named):
            raise ConfigError(f"auth: name the {wanted} by {wanted}_env or {wanted}_file")

    def _secret(self, name: str) -> str:
        value = secret(self._given, name)
        if value is None:
            raise ConfigError(f"auth: name the {name} by {name}_env or {name}_file")
        self.used.add(value)
        if self.kind == "header" and not (value.isascii() and value.isprintable()):
            raise ConfigError(f"auth: the {name} holds a letter that no header can bear: it was likely pasted with something else")
        return value

    @property
    def renewable(self) -> bool:
        """Whether a 401 may mean that a token is no longer good."""
        return self.kind in ("oauth2", "login")

    def apply(self, headers: dict[str, str], query: list[tuple[str, str]], post: Post, now: Callable[[], float]) -> None:
        """Put into a request what lets it in; a token is asked for by `post` where there is none. `now`: seconds since 1970."""
        given = self._given
        if self.kind == "basic":
            headers["Authorization"] = "Basic " + self._noted(_pair(str(given["user"]), self._secret("password")))
        elif self.kind == "header":
            headers[str(given["name"])] = str(given.get("prefix", "")) + self._secret("secret")
        elif self.kind == "query":
            query.append((str(given["name"]), self._secret("secret")))
        elif self.renewable:
            value = self._noted(self._token(post, now).value)
            if value:
                headers[str(given.get("name", "Authorization"))] = (
                    str(given.get("prefix", "" if self.kind == "login" else "Bearer ")) + value
                )

    def _noted(self, value: str) -> str:
        if value:
            self.used.add(value)
        return value

    def without(self, link: str) -> str:
        """A link of the peer's, which may repeat all that it was asked with, without what lets us in: links are kept, and shown."""
        if self.kind != "query":
            return link
        head, mark, query = link.partition("?")
        kept = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) != str(self._given["name"])]
        return f"{head}{mark}{'&'.join(kept)}" if kept != [""] else head

    def forget(self) -> None:
        """The peer no longer takes the token."""
        self._cookie = None
        _tokens.pop(self._key(), None)

    def _key(self) -> str:
        named = {name: secret(self._given, name) for name in _SECRETS}
        return sha256(json.dumps([dict(self._given), named], sort_keys=True, default=str).encode()).hexdigest()

    def _token(self, post: Post, now: Callable[[], float]) -> Token:
        """The token in use; asked for by one at a time."""
        if self.kind == "login" and not self._given.get("at"):
            if self._cookie is None or self._cookie.until <= time.monotonic():
                asked = time.monotonic()
                self._cookie = self._taken(post(self._asking(now)), asked)
            return self._cookie
        key = self._key()
        with one_at_a_time(key):
            known = _tokens.get(key)
            if known is None or known.until <= time.monotonic():
                asked = time.monotonic()
                answer = post(self._asking(now))
                known = _tokens[key] = self._taken(answer, asked)
            return known

    def _asking(self, now: Callable[[], float]) -> Asking:
        given = self._given
        if self.kind == "login":
            form, body = filled(given.get("form"), self._named()), filled(given.get("json"), self._named())
            return Asking(str(given["path"]), form, body, None)
        form = {
            "grant_type": _GRANTS[str(given["grant"])],
            **{name: str(filled(value, self._named())) for name, value in self._mapping("extra").items()},
        }
        if given.get("scope"):
            form["scope"] = str(given["scope"])
        if given["grant"] == "password":
            form |= {"username": str(given.get("user", "")), "password": self._secret("password")}
        signed = any(f"private_key_{place}" in given for place in ("env", "file"))
        if given["grant"] == "jwt_bearer":
            form["assertion"] = self._noted(self._assertion(now))
        elif signed:
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": self._noted(self._assertion(now))}
        basic = None
        if given.get("client_id"):
            if given.get("client_auth") == "basic":
                basic = (str(given["client_id"]), self._secret("client_secret"))
                self._noted(_pair(*basic))  # a token endpoint may say again what it was shown
            else:
                form["client_id"] = str(given["client_id"])
                if (hidden_secret := secret(given, "client_secret")) is not None:
                    form["client_secret"] = self._noted(hidden_secret)
        return Asking(str(given["token_url"]), form, None, basic)

    def _named(self) -> dict[str, str]:
        """What `{password}` and `{secret}` stand for."""
        return {f"{{{name}}}": self._secret(name) for name in ("password", "secret") if secret(self._given, name) is not None}

    def _assertion(self, now: Callable[[], float]) -> str:
        """A signed JWT (RFC 7523), good for five minutes."""
        given = self._given
        issued = int(now())
        client = str(given.get("client_id", ""))
        claims = {
            "iss": client,
            "sub": client,
            "aud": given["token_url"],
            "iat": issued,
            "exp": issued + _LIVES,
            "jti": secrets.token_hex(16),
        }
        return signed_jwt(claims | self._mapping("claims"), self._secret("private_key"))

    def _mapping(self, name: str) -> dict[str, Any]:
        value: Any = self._given.get(name, {})
        if not isinstance(value, Mapping):
            raise ConfigError(f"auth: {name} are names and values")
        return {str(key): one for key, one in value.items()}

    def _taken(self, answer: Any, asked: float) -> Token:
        given = self._given
        if self.kind == "login":
            at = given.get("at")
            value = value_at(answer, str(at)) if at else ""  # no `at`: the peer's cookie is what lets us in
            lives: Any = float(given.get("minutes", 20)) * 60
        else:
            value = value_at(answer, str(given.get("at", "access_token")))
            lives = value_at(answer, str(given.get("expires_at", "expires_in")))
        if value is None or isinstance(value, dict | list):
            raise RetriableError("the peer let us in, but its answer holds no token")
        try:
            seconds = float(lives if lives is not None else 300)
        except (TypeError, ValueError):
            seconds = 300.0
        return Token(str(value), asked + max(seconds - min(_EARLY, seconds / 10), 1.0))


def _pair(user: str, password: str) -> str:
    """A user and a password as they let in by HTTP Basic (RFC 7617, 2)."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with the words in braces replaced, everywhere in it."""
    if isinstance(template, Mapping):
        return {str(name): filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(name, value)
    return template


def signed_jwt(claims: Mapping[str, Any], pem: str) -> str:
    """A JWT by RS256 or, with a key on P-256, ES256. Raises ConfigError for a key that cannot sign one."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError("private_key: no private key in PEM") from error
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    told = ".".join(_url64(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(told.encode(), padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size == 256:
        one, other = decode_dss_signature(key.sign(told.encode(), ec.ECDSA(hashes.SHA256())))
        signature = one.to_bytes(32, "big") + other.to_bytes(32, "big")
    else:
        raise ConfigError("private_key: an RSA key, or one on the curve P-256, signs a token")
    return f"{told}.{_url64(signature)}"


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
