"""Who is asking: API keys by bearer token. Nothing but health is open, and all refusals look the same.

Roles: a **partner** posts documents and sees what it sent and what was sent to it, and nothing else. **integration** (own systems
and integration engineers), **steward**, **auditor** and **admin** see the organisations that their key names. What is unknown and
what belongs to somebody else are answered by the same 404.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.runtime import Hub
from hub.store.credentials import Caller, Role, authenticate
from hub.store.types import micros
from hub_api.errors import ProblemError, problem
from hub_api.languages import language_of

_log = structlog.get_logger(__name__)
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="udi_…",
    description="An API key (`udihub key create`), sent as `Authorization: Bearer udi_…`.",
)
_FAILURES_ALLOWED = 20
"""Refused keys from one address within a minute before it must wait."""
_WINDOW_SECONDS = 60.0
_ADDRESSES = 10_000
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
_API_HEADERS = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'", "cache-control": "no-store"}


class Attempts:
    """Counts refused keys by address, bounded in memory. A valid key is never held up by what others do from its address."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def failed(self, address: str) -> bool:
        """Note one more refusal; True when there were too many lately."""
        now = time.monotonic()
        with self._lock:
            recent = [at for at in self._seen.get(address, []) if now - at < _WINDOW_SECONDS][-_FAILURES_ALLOWED:]
            self._seen[address] = [*recent, now]
            self._seen.move_to_end(address)
            while len(self._seen) > _ADDRESSES:
                self._seen.popitem(last=False)
        return len(recent) >= _FAILURES_ALLOWED

    def spent(self, address: str) -> bool:
        """Whether there were as many lately as are allowed."""
        now = time.monotonic()
        with self._lock:
            return sum(now - at < _WINDOW_SECONDS for at in self._seen.get(address, [])) >= _FAILURES_ALLOWED


def hub_of(request: HTTPConnection) -> Hub:
    """The hub that this application serves."""
    hub: Hub = request.app.state.hub
    return hub


Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
"""What came as a bearer token, not looked at yet."""


def caller_of(request: HTTPConnection, given: Given) -> Caller:
    """The authenticated caller. 401 with one text for whatever is wrong, 429 after too many tries."""
    hub = hub_of(request)
    if given is not None:
        with hub.database.read() as connection:
            caller = authenticate(connection, given.credentials, micros(hub.clock.now()))
        if caller is not None:
            return caller
        attempts: Attempts = request.app.state.attempts
        address = request.client.host if request.client else "unknown"
        _log.warning("key refused", address=address)
        if attempts.failed(address):
            raise ProblemError(429, "Too many requests", "Too many refused keys from this address.", headers={"Retry-After": "60"})
    raise ProblemError(401, "Not authenticated", "Send a valid API key as bearer token.", headers={"WWW-Authenticate": "Bearer"})


CallerDependency = Annotated[Caller, Depends(caller_of)]
HubDependency = Annotated[Hub, Depends(hub_of)]


def require(*roles: Role) -> Callable[[Caller], Caller]:
    """A dependency that lets only these roles in; others get 403."""

    def check(caller: CallerDependency) -> Caller:
        if caller.role not in roles:
            raise ProblemError(403, "Refused", f"This needs the role {' or '.join(roles)}.")
        return caller

    return check


def sees_all(hub: Hub, caller: Caller) -> bool:
    """Whether a caller may see every organisation of the site, and so what belongs to none of them."""
    return set(hub.registry.organisations.values()) <= caller.organisations


Poster = Annotated[Caller, Depends(require("partner", "integration", "admin"))]
Staff = Annotated[Caller, Depends(require("integration", "steward", "auditor", "admin"))]
"""Own people and systems: whoever may see the reconciled views, which speak of several partners at once."""
Mender = Annotated[Caller, Depends(require("integration", "steward", "admin"))]
DECIDERS: tuple[Role, ...] = ("steward", "admin")
Steward = Annotated[Caller, Depends(require(*DECIDERS))]
"""Whoever decides on master data."""
Answerer = Annotated[Caller, Depends(require("partner", "integration", "steward", "admin"))]
"""Whoever may say what became of recalled units: the partner that has them, or our own people in its name."""
Watcher = Annotated[Caller, Depends(require("integration", "auditor", "admin"))]


class SecurityHeaders:
    """Security headers on every answer (the console brings its own content policy), and zero bytes refused before anybody reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        wanted = _HEADERS if scope["path"].startswith("/console") else _HEADERS | _API_HEADERS

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:  # no column can hold it, so nothing can be named by it
            refused = problem(language_of(HTTPConnection(scope)), 400, "Bad request", "A path or parameter holds a zero byte.")
            await refused(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)


def guard(app: FastAPI) -> None:
    """Security headers, and the count of refused keys."""
    app.state.attempts = Attempts()
    app.add_middleware(SecurityHeaders)


Auditor = Annotated[Caller, Depends(require("auditor", "admin"))]
"""Whoever may read what everybody did."""
