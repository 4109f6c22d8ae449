"""A connection by HTTP that keeps to a deadline as a whole: dialling, sending, headers and body together.

A time limit of a single read is none for a peer that sends one byte of a header before each of them ends: such a peer could hold the only
sender for weeks. So each reading and writing is given what is left of the whole. Looking a name up is the system's own affair, and keeps to
the system's limits.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

EXTENSION = "deadline"
"""Name under which a request states how many seconds it may take in all (`extensions={"deadline": 300}`)."""
_PIECE = 16 * 1024
"""Bytes that are written at once: between two of them the clock is looked at."""


class Transport(httpx.HTTPTransport):
    """A transport of httpx whose requests keep to their deadline. One thread at a time uses it."""

    def __init__(self, context: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=context, trust_env=False, limits=limits)
        self._watch = _Watch()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Clocked(self._watch),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As any transport; the clock runs from here to the end of the body."""
        self._watch.begin(request.extensions.get(EXTENSION))
        return super().handle_request(request)


class _Watch:
    """Until when the request of now may take."""

    def __init__(self) -> None:
        self._until: float | None = None

    def begin(self, seconds: Any) -> None:
        self._until = None if seconds is None else time.monotonic() + float(seconds)

    def left(self, timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
        """Seconds that one step may take: its own limit, or what is left of the whole."""
        if self._until is None:
            return timeout
        left = self._until - time.monotonic()
        if left <= 0:
            raise error("the peer answers too slowly")
        return left if timeout is None else min(timeout, left)


class _Clocked(httpcore.NetworkBackend):
    """Connections whose every step is timed."""

    def __init__(self, watch: _Watch) -> None:
        self._watch, self._backend = watch, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._watch.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, left, local_address, socket_options), self._watch)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, watch: _Watch) -> None:
        self._stream, self._watch = stream, watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._watch.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[begin : begin + _PIECE], self._watch.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._watch.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
