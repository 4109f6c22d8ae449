"""Settings: the only reader of the environment.

A setting is looked for in the environment, then in `.env` of the current folder, then in `.env` of the home.

    UDIHUB_HOME          folder of the store and of large blobs            default ~/.udihub
    UDIHUB_SITE          folder of partners, agreements, flows, mappings   default <home>/site
    UDIHUB_DATABASE_URL  sqlite:///… or postgresql+psycopg://…             default SQLite in the home
    UDIHUB_LANG          en or zh-CN                                       default en
    UDIHUB_CLOCK         ISO time with offset at which the clock starts    default the machine's time
    UDIHUB_MAX_BODY      greatest HTTP body in bytes                       default 100000000
    UDIHUB_VAULT_COMMAND program that prints a secret of a vault           none (`connectors.vault`, UDIHUB_VAULT beside it)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from hub.clock import Clock, ShiftedClock, SystemClock

MAX_BODY = 100_000_000
"""Bytes of an HTTP body that are taken unless a setting says otherwise; folders and SFTP stream any size."""

_LANGUAGES: Mapping[str, Language] = {"en": "en", "zh": "zh-CN", "zh-cn": "zh-CN", "zh_cn": "zh-CN"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how the hub speaks; made once, at start."""

    home: Path
    site: Path
    database_url: str
    language: Language
    max_body: int
    clock: Clock

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
        """Read and check all settings. Raises ConfigError that names the setting.

        `environment` stands for the process's own, `folder` for the current folder.
        """
        given = {**_dotenv((folder or Path.cwd()) / ".env"), **_set(os.environ if environment is None else environment)}
        home = Path(given.get("UDIHUB_HOME", "~/.udihub")).expanduser().absolute()
        given = {**_dotenv(home / ".env"), **given}
        return cls(
            home=home,
            site=Path(given.get("UDIHUB_SITE", str(home / "site"))).expanduser().absolute(),
            database_url=given.get("UDIHUB_DATABASE_URL", f"sqlite:///{home / 'udihub.db'}"),
            language=_language(given.get("UDIHUB_LANG", "en")),
            max_body=_positive("UDIHUB_MAX_BODY", given.get("UDIHUB_MAX_BODY", str(MAX_BODY))),
            clock=_clock(given.get("UDIHUB_CLOCK")),
        )


def _set(values: Mapping[str, str]) -> dict[str, str]:
    """Ours only; an empty value counts as absent."""
    return {name: value for name, value in values.items() if name.startswith("UDIHUB_") and value}


def _dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` comments; one pair of quotes around a value is taken off. Nothing is expanded."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{path} line {number}: expected NAME=value")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name.strip()] = value
    return _set(found)


def language_of(value: str) -> Language | None:
    """Takes `zh`, and `zh_CN.UTF-8` as a shell says it, too; null for other languages."""
    return _LANGUAGES.get(value.partition(".")[0].lower())


def _language(value: str) -> Language:
    language = language_of(value)
    if language is None:
        raise ConfigError(f"UDIHUB_LANG: expected en or zh-CN, got {value!r}")
    return language


def _positive(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ConfigError(f"{name}: expected a whole number above 0, got {value!r}")
    return int(value)


def _clock(value: str | None) -> Clock:
    if value is None:
        return SystemClock()
    try:
        return ShiftedClock(datetime.fromisoformat(value))
    except ValueError as error:
        raise ConfigError(f"UDIHUB_CLOCK: expected an ISO time with its offset, got {value!r} ({error})") from error
