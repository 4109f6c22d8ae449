"""A connection to a NATS server: whom we trust, as whom we come, and its errors as the hub's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import nats
from nats import errors
from nats.js import errors as js_errors

from connectors.credentials import seconds, secret
from connectors.http_terms import trusted
from connectors.streaming import address_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

CONNECTION = frozenset(
    {
        "url",
        "user",
        "password_env",
        "password_file",
        "token_env",
        "token_file",
        "credentials_file",
        "ca_file",
        "certificate_file",
        "key_file",
    }
    | {"allow_plain", "timeout_seconds"}
)
_Answer = TypeVar("_Answer")


def checked(settings: Mapping[str, Any]) -> str:
    """The host of the address. Raises ConfigError; looks for no secret."""
    address = address_of(settings, "nats", ("tls", "nats"), "tls://host:4222")
    if address.scheme == "nats" and settings.get("allow_plain") is not True:
        raise ConfigError("url: plain nats would show messages and password to everybody on the way; use tls, or allow_plain: true")
    return str(address.hostname)


class Peer:
    """A server, for as long as it is entered. `run` waits for an answer."""

    def __init__(self, settings: Mapping[str, Any], runner: asyncio.Runner) -> None:
        self.host = checked(settings)
        self._settings, self._runner = settings, runner
        self.timeout = seconds(settings, "timeout_seconds", 10)
        self._client: Any = None
        self._trouble: list[Exception] = []
        self.gone = False

    def __enter__(self) -> Self:
        """Connect. Raises RetriableError when the server is away, ConfigError when it does not let us in."""
        settings = self._settings
        options: dict[str, Any] = {
            "allow_reconnect": False,
            "max_reconnect_attempts": 1,
            "connect_timeout": self.timeout,
            "name": "udihub",
            "error_cb": self._noted,
            "closed_cb": self._closed,
            "user": settings.get("user"),
            "password": secret(settings, "password"),
            "token": secret(settings, "token"),
            "user_credentials": settings.get("credentials_file"),
        }
        if str(settings["url"]).startswith("tls:"):
            options["tls"] = trusted(settings)
        try:
            self._client = self._runner.run(nats.connect(str(settings["url"]), **options))
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(f"{self.host}: the certificate does not hold: {error.verify_message}") from error
        except Exception as error:
            raise self._told(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._client is not None and not self._client.is_closed:
            self._runner.run(self._client.close())

    async def _noted(self, error: Exception) -> None:
        self._trouble.append(error)

    async def _closed(self) -> None:
        self.gone = True

    @property
    def jetstream(self) -> Any:
        """The streams of the server."""
        return self._client.jetstream(timeout=self.timeout)

    def run(self, question: Coroutine[Any, Any, _Answer]) -> _Answer:
        """The answer. Raises RetriableError when the server is away or takes too long, ConfigError for what a person mends."""
        try:
            return self._runner.run(question)
        except (TimeoutError, errors.Error, js_errors.Error, OSError) as error:
            raise self._told(error) from error

    def flush(self) -> None:
        """Let what was said go out."""
        self.run(self._client.flush(self.timeout))

    def _told(self, error: Exception) -> Exception:
        """An error of the protocol as one of the hub's."""
        for one in (error, *self._trouble):
            text = str(one) or type(one).__name__
            if isinstance(one, ssl.SSLCertVerificationError):
                return ConfigError(f"{self.host}: the certificate does not hold: {one.verify_message}")
            if isinstance(one, errors.AuthorizationError | errors.InvalidUserCredentialsError) or "uthorization" in text:
                return ConfigError(f"{self.host}: not let in: {text}")
            if isinstance(one, js_errors.NotFoundError | js_errors.NoStreamResponseError) or "ermissions" in text:
                return ConfigError(f"{self.host}: {text}")
            if isinstance(one, js_errors.BadRequestError | errors.MaxPayloadError):
                return RefusedError(f"{self.host}: {text}")
        return RetriableError(f"{self.host}: {str(error) or type(error).__name__}")
