"""Connections by HTTP that stay open while a sender works (`open_lines.kept_open`).

What goes to one place with the same certificates goes by the connection of before; when a second has passed without a request it is
closed. Places are told apart by name and by the address that was judged, so that no certificate speaks for another name. A peer that
hangs up without a word where it had promised to go on listening gets new connections for ten minutes: only the first such document waits
for its second attempt.
"""

from __future__ import annotations

import ssl
import time
from threading import Lock

import httpx

from connectors.http_deadline import Transport
from connectors.open_lines import lines

IDLE_SECONDS = 1.0
"""How long an open connection may wait for the next request; no server in use closes one sooner."""
SHY_SECONDS = 600.0
"""For how long a peer that hung up gets a new connection for each request."""
_shy: dict[str, float] = {}
_lock = Lock()


def client(place: str, context: ssl.SSLContext, timeout: float) -> httpx.Client:
    """A client for one place, `https://host:port` and the address where one was judged: on an open connection where one may be kept.

    Close it as any other; what is kept stays open. Redirects and the environment's proxies are not followed. A request may
    state a deadline for all of it (`connectors/http_deadline.py`).
    """
    kept = lines()
    if kept is None or _is_shy(place):
        transport = Transport(context, httpx.Limits())
        return httpx.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)
    key = ("http", place, id(context))
    line = kept.get(key)
    if not isinstance(line, _Line):
        line = kept[key] = _Line(place, context)
    return httpx.Client(transport=line, timeout=timeout, follow_redirects=False, trust_env=False)


def _is_shy(place: str) -> bool:
    with _lock:
        until = _shy.get(place)
        if until is not None and until <= time.monotonic():
            del _shy[place]
            until = None
        return until is not None


class _Line(httpx.BaseTransport):
    """What stays when its client is closed."""

    def __init__(self, place: str, context: ssl.SSLContext) -> None:
        self._place = place
        self._context = context  # kept as long as its id stands for it
        limits = httpx.Limits(max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS)
        self._transport = Transport(context, limits)
        self._used = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        used, self._used = self._used, True
        try:
            return self._transport.handle_request(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if used:
                with _lock:
                    _shy[self._place] = time.monotonic() + SHY_SECONDS
            raise

    def close(self) -> None:
        """Nothing: the next document goes by it."""

    def hang_up(self) -> None:
        """The end of it."""
        self._transport.close()
