"""The door of the console: who is let in, and by what.

- A one-time link is shown a button; pressing it turns the link into a session. Looking at the link (a mail scanner, a preview) uses
  nothing up, and the session cookie can be SameSite=Strict even when the link was followed from a mail.
- Everything but the door and the style sheet needs the session cookie: without it 401, for partners 403. The cookie is HttpOnly, limited
  to the console's path, and Secure where the connection is.
- What changes anything, and the websocket that pages talk by, must come from the console's own origin.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_contracts.errors import NotFoundError
from data_contracts.findings import Language
from hub.runtime import Hub
from hub.store import credentials
from hub.store.credentials import Caller
from hub.store.types import micros
from hub_api.console import door
from hub_api.console.markup import BASE
from hub_api.console.texts import LANGUAGES
from hub_api.languages import language_of
from hub_api.recall_reports import download

SESSION_COOKIE = "udihub_session"
LANGUAGE_COOKIE = "udihub_language"
ASSETS = Path(__file__).parent / "assets"
_KINDS: tuple[credentials.Kind, ...] = ("session",)
_SAFE = frozenset({"GET", "HEAD"})
_REPORT = re.compile(re.escape(BASE) + r"/recalls/([^/]{1,40})/report")
"""The one page that is a file: a recall's report."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",  # with no-referrer a browser sends no usable Origin, which forms are checked by
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Session:
    """Who looks at the console through which hub. The secret is kept to ask again before anything is changed."""

    hub: Hub
    caller: Caller
    secret: str
    language: Language
    wake: Callable[[], None]
    """Tell the worker of this process that there is something to do."""

    def still(self) -> Caller | None:
        """The caller as of now; null after sign-out, expiry or revocation, which an open page does not notice by itself."""
        return _authenticate(self.hub, self.secret)


current_language: ContextVar[Language] = ContextVar("console_language", default="en")
"""Language of the page being built."""


class Gate:
    """ASGI middleware around the application that the console is mounted in; other paths pass untouched."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app = app
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if scope["type"] not in ("http", "websocket") or not (path == BASE or path.startswith(f"{BASE}/")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, _with_headers(send))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        session = await self._session(scope, headers) if _own_origin(headers, required=True) else None
        if session is None or session.caller.role == "partner":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        language = self._language(request)
        rest = scope["path"].removeprefix(BASE).lstrip("/")
        if not _own_origin(request.headers, required=request.method not in _SAFE):
            answer: Response | None = door.page(language, "foreign_origin", 403)
        elif rest.startswith("assets/"):
            answer = _asset(rest.removeprefix("assets/"), language)
        elif rest.startswith("sign-in/"):
            answer = await self._sign_in(request, language, rest.removeprefix("sign-in/"))
        elif rest == "sign-out":
            answer = await self._sign_out(request, language)
        elif rest.startswith("language/"):
            answer = _switch(request, rest.removeprefix("language/"))
        else:
            answer = await self._inside(scope, receive, send, request, language)
        if answer is not None:
            await answer(scope, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send, request: Request, language: Language) -> Response | None:
        """Let a signed-in person through; else the page that says why not."""
        session = await self._session(scope, request.headers)
        if session is None:
            return door.page(language, "not_signed_in", 401)
        if session.caller.role == "partner":
            return door.page(language, "not_for_partners", 403)
        wanted = _REPORT.fullmatch(scope["path"])
        if wanted is not None and request.method == "GET":
            try:
                return await run_in_threadpool(download, self.hub, wanted[1], session.caller, language)
            except NotFoundError:
                return door.page(language, "nothing_here", 404)
        scope = {**scope, "udihub.session": replace(session, language=language)}
        if scope["path"] == BASE:  # the mounted application answers below its path only; without this it would redirect
            scope |= {"path": f"{BASE}/", "raw_path": f"{BASE}/".encode()}
        token = current_language.set(language)
        try:
            await self.app(scope, receive, send)
        finally:
            current_language.reset(token)
        return None

    async def _session(self, scope: Scope, headers: Headers) -> Session | None:
        secret = _cookie(headers, SESSION_COOKIE)
        if not secret:
            return None
        hub: Hub = scope["app"].state.hub  # of now: a site may have been read anew
        caller = await run_in_threadpool(_authenticate, hub, secret)
        return None if caller is None else Session(hub, caller, secret, "en", _wake(scope))

    async def _sign_in(self, request: Request, language: Language, secret: str) -> Response:
        if request.method in _SAFE:
            return door.sign_in(language, secret)
        issued = await run_in_threadpool(self._redeem, secret)
        if issued is None:
            return door.page(language, "link_used", 401)
        answer = RedirectResponse(BASE, 303)
        answer.set_cookie(
            SESSION_COOKIE,
            issued,
            max_age=credentials.SESSION_SECONDS,
            path=BASE,
            httponly=True,
            samesite="strict",
            secure=_secure(request),
        )
        return answer

    async def _sign_out(self, request: Request, language: Language) -> Response:
        if request.method in _SAFE:
            return door.sign_out(language)
        session = await self._session(request.scope, request.headers)
        if session is not None:
            await run_in_threadpool(self._revoke, session.caller)
        answer = door.page(language, "signed_out", 200)
        answer.delete_cookie(SESSION_COOKIE, path=BASE, httponly=True, samesite="strict", secure=_secure(request))
        return answer

    def _redeem(self, link: str) -> str | None:
        with self.hub.database.begin("console") as uow:
            redeemed = credentials.redeem(uow, link)
        return None if redeemed is None else redeemed[0].secret

    def _revoke(self, caller: Caller) -> None:
        with self.hub.database.begin(caller.label) as uow:
            credentials.revoke(uow, caller.credential_id, "signed out")

    def _language(self, request: Request) -> Language:
        """The one that the person chose, else the best that the browser asks for, else the hub's own."""
        chosen = _cookie(request.headers, LANGUAGE_COOKIE)
        return next((language for language in LANGUAGES if language == chosen), None) or language_of(request)


def _authenticate(hub: Hub, secret: str) -> Caller | None:
    with hub.database.read() as connection:
        return credentials.authenticate(connection, secret, micros(hub.clock.now()), kinds=_KINDS)


def _wake(scope: Scope) -> Callable[[], None]:
    """The application's signal to its worker; nothing to do where no worker runs beside it."""
    wake = getattr(scope["app"].state, "wake", None)
    return wake.set if wake is not None else lambda: None


def _own_origin(headers: Headers, *, required: bool) -> bool:
    """Whether the request comes from a page of this very host. Browsers always say so where it is required."""
    origin = headers.get("origin")
    if origin is None:
        return not required
    return urlsplit(origin).netloc == headers.get("host") and headers.get("sec-fetch-site") != "cross-site"


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found is not None else None


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _switch(request: Request, language: str) -> Response:
    """Keep the language and go back to where the person was, never out of the console."""
    back = request.query_params.get("back", BASE)
    if not (back == BASE or back.startswith((f"{BASE}/", f"{BASE}?"))) or "\\" in back:
        back = BASE
    answer = RedirectResponse(back, 303)
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, path=BASE, httponly=True, samesite="strict", secure=_secure(request))
    return answer


def _asset(name: str, language: Language) -> Response:
    known = {path.name: path for path in ASSETS.iterdir() if path.is_file()}
    if name not in known:
        return door.page(language, "nothing_here", 404)
    return FileResponse(known[name], media_type=mimetypes.guess_type(name)[0], headers={"cache-control": "no-cache"})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
