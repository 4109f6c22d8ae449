"""Secrets that a transport needs: named in the site's files, never written there.

`password_env: ERP_PASSWORD` names an environment variable, `password_file: /run/secrets/erp` a file (a line feed at its end is
dropped) or what a vault keeps (`password_file: "vault:kv/erp"`, `connectors.vault`). The value itself in a site's file is refused, because
sites are kept in git: under the names of these settings, and wherever else a peer by HTTP could be told one (headers, parameters,
addresses, what a login or a token endpoint is asked).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors import vault
from data_contracts.errors import ConfigError

_ENDS = (
    "authorization", "password", "passwd", "passphrase", "pwd", "secret", "credential", "credentials", "cookie", "apikey", "accesskey",
    "secretkey", "privatekey", "subscriptionkey", "accesstoken", "authtoken", "apptoken", "密码", "口令", "密钥", "令牌",
)  # fmt: skip
"""How names end whose values are secrets."""
_KEYS = frozenset({"api", "app", "access", "secret", "private", "subscription", "auth", "account", "function", "functions", "license", "x"})
"""What stands before `key` where that is a secret, and no number of something."""
_PASSING = frozenset({"csrf", "xsrf", "page", "next", "skip", "delta", "continuation", "sync"})
"""What stands before `token` where that is none."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_A-Za-z0-9]+")
_PLACED = re.compile(r"\{[^{}]*\}|<[^<>]*>")
_SCHEMES = frozenset({"", "basic", "bearer", "token", "session", "apikey"})
_ADDRESSES = frozenset({"url", "path", "unless", "token_url", "token_base"})


def secret(settings: Mapping[str, Any], name: str) -> str | None:
    """The secret called `name`, or None when the settings name none. Raises ConfigError when it is not where they say."""
    if name in settings:
        raise ConfigError(f"{name} does not belong into a site's file: name it by {name}_env or {name}_file")
    variable, path = settings.get(f"{name}_env"), settings.get(f"{name}_file")
    if variable is not None:
        value = os.environ.get(str(variable))
        if not value:
            raise ConfigError(f"{name}_env: the environment variable {variable} is not set")
        return value
    if path is not None:
        if str(path).startswith(vault.SCHEME):
            return vault.read(str(path).removeprefix(vault.SCHEME))
        try:
            return Path(str(path)).read_text(encoding="utf-8").removesuffix("\n")
        except OSError as error:
            raise ConfigError(f"{name}_file: {path} cannot be read: {error.strerror}") from error
    return None


def required(settings: Mapping[str, Any], key: str, transport: str) -> str:
    """A setting that must be there. Raises ConfigError that names it."""
    value = settings.get(key)
    if value is None or str(value) == "":
        raise ConfigError(f"transport {transport}: {key} is missing")
    return str(value)


def refuse_unknown(settings: Mapping[str, Any], known: frozenset[str], transport: str) -> None:
    """A setting that nobody reads is a spelling mistake. Raises ConfigError."""
    unknown = sorted(str(key) for key in settings if key not in known and key != "use")
    if unknown:
        raise ConfigError(f"transport {transport}: unknown setting {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def seconds(settings: Mapping[str, Any], key: str, default: float) -> float:
    """A duration in seconds. Raises ConfigError when it is no positive number."""
    value = settings.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
        raise ConfigError(f"{key} is a number of seconds up to 3600, not {value!r}")
    return float(value)


def refuse_written(settings: Mapping[str, Any], transport: str) -> None:
    """Refuse secrets that stand in a site's file as they are, where a peer by HTTP would be told them. Raises ConfigError.

    What braces stand for is none; whether a name's value is one, its last word says.
    """
    for place, name in _written(settings):
        if place == "auth.extra" and name in ("client_secret", "password"):
            raise ConfigError(
                f"transport {transport}: {place} holds the secret {name}, which does not belong into a site's file; "
                f"name it by {name}_env or {name}_file in auth"
            )
        if place.startswith("auth."):
            raise ConfigError(
                f"transport {transport}: {place} holds the secret {name}, which does not belong into a site's file; "
                "write the word password or secret in braces there, and name it by password_env or secret_env in auth"
            )
        kind = "header" if place.rpartition(".")[2] == "headers" else "query"
        raise ConfigError(
            f"transport {transport}: {place} holds the secret {name}, which does not belong into a site's file; "
            f"use auth of the kind {kind} with secret_env or secret_file"
        )


def is_secret(name: str) -> bool:
    """Whether what bears this name is a secret, by its last word: X-Api-Key, client_secret, accessToken; not pageToken or order_key."""
    words: list[str] = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    before, last = words[-2] if len(words) > 1 else "", words[-1]
    if last == "key":
        return before in _KEYS or len(words) == 1
    if last == "token":
        return not _PASSING & set(words)
    return last.endswith(_ENDS)


def _written(given: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Places of names and values that are secrets, and the names."""
    for key, value in given.items():
        here = f"{place}.{key}" if place else str(key)
        if isinstance(value, str) and key in _ADDRESSES and "?" in value:
            yield from ((here, name) for name, said in parse_qsl(urlsplit(value).query) if is_secret(name) and _is_literal(said))
        if key in ("headers", "query", "created_query") or (place == "auth" and key in ("extra", "claims")):
            yield from _named(value, here, deep=False)
        elif place == "auth" and key in ("json", "form"):
            yield from _named(value, here, deep=True)
        elif isinstance(value, Mapping):
            yield from _written(value, here)


def _named(value: Any, place: str, *, deep: bool) -> Iterator[tuple[str, str]]:
    for name, one in value.items() if isinstance(value, Mapping) else ():
        if deep and isinstance(one, Mapping):
            yield from _named(one, f"{place}.{name}", deep=True)
        elif is_secret(str(name)) and _is_literal(one):
            yield place, str(name)


def _is_literal(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    return not all(word.lower() in _SCHEMES for word in _PLACED.sub(" ", str(value)).split())
