"""Signers: the only page that an author of one reads.

Chinese platforms and signature services differ by how a request proves who sends it, not by transport. A **signer** is one module in
`signers/` that offers `SIGNER`; the module's name is the word that sites use (`signer: qimen`). It is a pure function of the call, the
keys, the moment and a nonce, so that every one can be held against published vectors. What a signer was held against it says in
`proof`; None: nothing but its public description, so try it on the partner's test address first.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from connectors.credentials import secret
from data_contracts.errors import ConfigError, RefusedError

CHINA = ZoneInfo("Asia/Shanghai")
"""In which the platforms state times without a zone."""
WINDOW_SECONDS = 300.0
"""How far the moment that a callback states may be from ours."""
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request, before and after it is signed. Values of `query` and `form` are plain text, encoded only when they go out."""

    method: str
    url: str
    """Scheme, host and path, without a question mark."""
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: Pairs | None = None
    """Fields of a form, which then are the body."""

    @property
    def path(self) -> str:
        """The path as it goes out, `/` at least."""
        _scheme, _slashes, rest = self.url.partition("://")
        return "/" + rest.partition("/")[2]

    @property
    def target(self) -> str:
        """The whole address. It may hold tokens: it is called, and never told to anybody."""
        return f"{self.url}?{encoded(self.query)}" if self.query else self.url

    @property
    def content(self) -> bytes:
        """The body as it goes out."""
        return self.body if self.form is None else urlencode(self.form).encode("ascii")

    def told(self, name: str) -> str:
        """A parameter of the query, or nothing."""
        return dict(self.query).get(name, "")

    def asking(self, **parameters: str) -> Call:
        """With these parameters behind the question mark; those of the same name are replaced."""
        return replace(self, query=(*((name, value) for name, value in self.query if name not in parameters), *parameters.items()))

    def saying(self, headers: Mapping[str, str]) -> Call:
        """With these headers besides."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform lends for a while in exchange for the secret."""

    value: str
    seconds: float
    """How long it may be used; less than the platform says, so that none ends on its way."""
    key: str = ""
    """By what bodies are closed, where the platform lends that with the token."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A callback as it came: the very bytes, for a body that was parsed and written again has another signature."""

    method: str
    query: Pairs
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return self.headers.get(name.lower(), "")

    def told(self, name: str) -> str:
        """A parameter of the query, or nothing."""
        return dict(self.query).get(name, "")

    def form(self) -> dict[str, str]:
        """The fields of a body that is a form. Raises RefusedError for one that is none."""
        try:
            return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True, max_num_fields=100))
        except ValueError as error:
            raise RefusedError("the body is no form") from error


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a verified callback brings."""

    content: bytes
    delivery_key: str
    """The same for the same callback, also when the platform sends it again, signed anew."""
    fresh: bool = False
    """Whether its own moment was verified: then nobody plays back an old one, and who says the same later on means it anew."""


@runtime_checkable
class Signer(Protocol):
    """What every signer states. It offers `sign`, `verify`, or both."""

    name: str
    needs: frozenset[str]
    """Names in `keys` that must be there."""
    may: frozenset[str]
    """Names in `keys` that it reads as well."""
    secrets: frozenset[str]
    """Those of them that are secrets, hence named by `_env` or `_file`."""
    proof: str | None


@runtime_checkable
class Signing(Signer, Protocol):
    """A signer of what we send."""

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """The call that goes out. `keys["token"]` is the token, where the platform lends one, `keys["token_key"]` its key."""
        ...


@runtime_checkable
class Lending(Signing, Protocol):
    """A platform that lends tokens."""

    def ask(self, base: str, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """The call that asks for a token; `base` is scheme, host and what stands before the platform's own paths."""
        ...

    def granted(self, answer: Any) -> Token | None:
        """The token in an answer (JSON, parsed); None where it grants none."""
        ...


@runtime_checkable
class Opening(Lending, Protocol):
    """A platform that answers in bodies which are packed or encrypted."""

    def opened(self, content: bytes, keys: Mapping[str, str]) -> bytes:
        """An answer as it was before. Raises RetriableError for what cannot be opened; a failure in plain JSON is left as it is."""
        ...


@runtime_checkable
class Verifying(Signer, Protocol):
    """A signer of what partners call us with."""

    taken: tuple[str, bytes]
    """Media type and body by which the platform knows that we have it."""

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """What the callback brings. Raises RefusedError when it is not the partner's, or not of now."""
        ...


def keys_of(signer: Signer, given: object) -> dict[str, str]:
    """Keys of a signer by the site's `keys:`, secrets read from where they are. Raises ConfigError that names what is wrong."""
    if not isinstance(given, Mapping):
        raise ConfigError("keys are names and values")
    known = signer.needs | signer.may
    settings = {f"{name}{end}" for name in signer.secrets for end in ("_env", "_file")} | (known - signer.secrets)
    unknown = sorted(str(name) for name in given if name not in settings)
    if unknown and unknown[0] not in signer.secrets:
        raise ConfigError(f"signer {signer.name}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(settings))}")
    keys = {name: str(given[name]) for name in known - signer.secrets if given.get(name) not in (None, "")}
    for name in known & signer.secrets:
        if value := secret(given, name):
            keys[name] = value
    missing = sorted(signer.needs - keys.keys())
    if missing:
        raise ConfigError(f"signer {signer.name}: {', '.join(missing)} is missing")
    return keys


def hidden(signer: Signer, keys: Mapping[str, str]) -> frozenset[str]:
    """The values that no text may show: secrets, and the token."""
    return frozenset(keys[name] for name in (*signer.secrets, "token", "token_key") if keys.get(name))


def event_key(*parts: str | bytes) -> str:
    """The delivery key of a callback by what it says, and by nothing that is made anew each time it is sent (moment, nonce, signature)."""
    said = [part.encode() if isinstance(part, str) else part for part in parts]
    return sha256(b"".join(len(part).to_bytes(8) + part for part in said)).hexdigest()


def encoded(pairs: Pairs) -> str:
    """Parameters as they stand behind a question mark: UTF-8, a space is %20, which no server takes for a plus."""
    return urlencode(pairs, quote_via=quote, safe="")


def millis(at: datetime) -> str:
    """Milliseconds since 1970, as these platforms count."""
    return str(int(at.timestamp() * 1000))


def equal(one: str, other: str) -> bool:
    """Whether two signatures are equal, without telling by the time it takes how much of them is."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def refuse_unless(fits: bool) -> None:
    """Raises RefusedError with one text for whatever did not fit: what exactly helps only who guesses."""
    if not fits:
        raise RefusedError("the signature does not fit")


def refuse_unless_now(stated: Callable[[], float], now: datetime, window: float) -> None:
    """Raises RefusedError where the moment that a callback states, in seconds since 1970, is none or too far from now."""
    try:
        far = abs(stated() - now.timestamp()) > window
    except (ValueError, OverflowError):
        far = True
    if far:
        raise RefusedError("the callback is not of now: its time is missing, too old or ahead of the hub's clock")
