"""Secrets that a transport needs: named in the site's files, never written there.

`password_env: ERP_PASSWORD` names an environment variable, `password_file: /run/secrets/erp` a file (a line feed at its end is
dropped). The value itself in a site's file is refused, because sites are kept in git.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_contracts.errors import ConfigError


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
