"""Who is asking: API keys by bearer token. Nothing but health is open, and all refusals look the same."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub.runtime import Hub
from hub.store.credentials import Caller, Role, authenticate
from hub.store.types import micros
from hub_api.errors import ProblemError

_bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer udi_…`. Made by `udihub key create`.")
_FAILURES_ALLOWED = 20
"""Refused keys from one address within a minute before it must wait."""
_WINDOW_SECONDS = 60.0
_ADDRESSES = 10_000


class Attempts:
    """Counts refused keys by address, bounded in memory."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, list[float]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Whether this address has failed too often lately."""
        now = time.monotonic()
        recent = [at for at in self._seen.get(address, []) if now - at < _WINDOW_SECONDS]
        if recent:
            self._seen[address] = recent
        else:
            self._seen.pop(address, None)
        return len(recent) >= _FAILURES_ALLOWED

    def failed(self, address: str) -> None:
        """Note one more."""
        self._seen.setdefault(address, []).append(time.monotonic())
        self._seen.move_to_end(address)
        while len(self._seen) > _ADDRESSES:
            self._seen.popitem(last=False)


def hub_of(request: Request) -> Hub:
    """The hub that this application serves."""
    hub: Hub = request.app.state.hub
    return hub


def caller_of(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """The authenticated caller. 401 with one text for whatever is wrong, 429 after too many tries."""
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client else "unknown"
    if attempts.too_many(address):
        raise ProblemError(429, "Too many requests", headers={"Retry-After": "60"})
    hub = hub_of(request)
    caller = None
    if given is not None:
        with hub.database.read() as connection:
            caller = authenticate(connection, given.credentials, micros(hub.clock.now()))
        if caller is None:
            attempts.failed(address)
    if caller is None:
        raise ProblemError(401, "Not authenticated", "Send a valid API key as bearer token.", headers={"WWW-Authenticate": "Bearer"})
    return caller


CallerDependency = Annotated[Caller, Depends(caller_of)]
HubDependency = Annotated[Hub, Depends(hub_of)]


def require(*roles: Role) -> Callable[[Caller], Caller]:
    """A dependency that lets only these roles in."""

    def check(caller: CallerDependency) -> Caller:
        if caller.role not in roles:
            raise ProblemError(403, "Refused", f"This needs the role {' or '.join(roles)}.")
        return caller

    return check


def guard(app: FastAPI) -> None:
    """Security headers on every answer."""
    app.state.attempts = Attempts()

    @app.middleware("http")
    async def _headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("X-Frame-Options", "DENY")
        if not request.url.path.startswith("/console"):
            response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
            response.headers.setdefault("Cache-Control", "no-store")
        return response
