"""EPCIS: what answers a named query, sent down an open WebSocket as it comes or by a schedule (EPCIS 2.0 clause 12.7, OpenAPI `/queries`).

    GET /v1/epcis/queries/shipped/events?stream=true          Upgrade: websocket, Authorization: Bearer udi_…
    GET /v1/epcis/queries/shipped/events?minute=5&hour=1

Each message is an EPCISQueryDocument. The key is looked at again before every message, and the query with it: who may see less, sees
less at once. Nothing is kept for whoever is away: a client that comes again says by `initialRecordTime` from when on it wants to be told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, get_args

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials

from connectors.formats.epcis.writing import Results
from data_contracts.errors import HubError, NotFoundError
from hub.runtime import Hub
from hub.store import event_queries
from hub.store.credentials import Caller, authenticate
from hub.store.types import micros
from hub.visibility.answers import EpcFormat, UnwritableError, after_id, as_json, as_xml
from hub.visibility.named import SubscriptionError, due_after, owner_of
from hub.visibility.question import QuestionError, read_instant, read_question
from hub.visibility.schedule import UNITS, next_time, read_schedule
from hub.visibility.subscriptions import AT_ONCE
from hub_api.epcis import VERSIONS, Wishes, refusal, sight_of, versions, wishes
from hub_api.errors import EPCIS_ROOT, ProblemError, trace_of
from hub_api.languages import language_of
from hub_api.security import caller_of

router = APIRouter(prefix=EPCIS_ROOT)
LOOK_SECONDS = 1.0
"""Between two looks at the store."""
_SEND_SECONDS = 60.0
"""A client that takes nothing for so long is let go."""
MOST_OPEN = 200
"""Open streams of one process."""
_PARAMETERS = frozenset((*UNITS, "stream", "reportIfEmpty", "initialRecordTime"))
_ENDED, _REFUSED, _UNWANTED, _FAILED = 1000, 1008, 1003, 1011
_log = structlog.get_logger(__name__)


class _EndError(Exception):
    """The stream comes to its end; code and reason of the WebSocket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Stream:
    """One client, and how far it was told."""

    secret: str
    query_id: int
    name: str
    schedule: Mapping[str, Any] | None
    report_if_empty: bool
    wanted: Wishes
    position: int
    next_at: int
    """Microseconds since 1970; streams without a schedule are always due."""


@router.websocket("/queries/{name}/events")
async def stream(socket: WebSocket, name: str) -> None:
    """Tell an authenticated client, until it goes, its key ends or the query is removed."""
    hub: Hub = socket.app.state.hub
    try:
        caller, opened = await run_in_threadpool(_opened, hub, socket, name)
        place = _place(socket, hub, owner_of(caller))
    except (ProblemError, HubError) as error:
        await _deny(socket, refusal(error, language_of(socket)))
        return
    try:
        await socket.accept(headers=[(key.lower().encode(), value.encode()) for key, value in VERSIONS.items()])
        await _tell(hub, socket, opened)
    except _EndError as end:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(end.code, str(end))
    except WebSocketDisconnect:  # it went while something was on its way
        _log.info("a stream's client has gone", query=name)
    except Exception as error:  # noqa: BLE001 - whatever it is, this stream ends and no other
        _log.error("a stream failed", kind=type(error).__name__, trace=trace_of(error))
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(_FAILED, "an error of the hub")
    finally:
        place.subtract((owner_of(caller),))


async def _deny(socket: WebSocket, response: JSONResponse) -> None:
    """Refuse the handshake as any request is refused, where the server can say so."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(_REFUSED)


def _opened(hub: Hub, socket: WebSocket, name: str) -> tuple[Caller, _Stream]:
    """Who asks, and for what. Raises what is refused before the connection is opened."""
    scheme, _, secret = socket.headers.get("authorization", "").partition(" ")
    given = HTTPAuthorizationCredentials(scheme=scheme, credentials=secret.strip()) if scheme.lower() == "bearer" else None
    caller = caller_of(socket, given)
    get = socket.headers.get
    versions(get("gs1-epcis-min"), get("gs1-epcis-max"), get("gs1-cbv-min"), get("gs1-cbv-max"))
    wanted = _wishes(socket)
    said = _said(socket)
    schedule = {unit: said[unit] for unit in UNITS if unit in said}
    if bool(schedule) == (said.get("stream") == "true"):
        raise SubscriptionError("either stream=true, or a schedule")
    if schedule:
        next_time(read_schedule(schedule), hub.clock.now())
    since = said.get("initialRecordTime")
    asked_from = None if since is None else micros(read_instant("initialRecordTime", since))
    position = hub.events_settled.look(hub.database)
    with hub.database.read() as connection:
        row = event_queries.one(connection, owner_of(caller), name)
        if asked_from is not None:
            position = min(position, event_queries.first_behind(connection, asked_from))
    due = due_after(schedule, hub.clock.now()) if schedule else 0
    return caller, _Stream(secret.strip(), row.id, name, schedule or None, said.get("reportIfEmpty") == "true", wanted, position, due)


def _said(socket: WebSocket) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in socket.query_params.multi_items():
        if name not in _PARAMETERS or name in said:
            raise QuestionError(f"{name[:100]}: " + ("it comes twice" if name in said else "there is no such parameter of a stream"))
        if name in ("stream", "reportIfEmpty") and value not in ("true", "false"):
            raise QuestionError(f"{name} is true or false")
        said[name] = value
    return said


def _wishes(socket: WebSocket) -> Wishes:
    stated = socket.headers.get("gs1-epc-format", "Always_GS1_Digital_Link")
    if stated not in (*get_args(EpcFormat), "No_Preference"):
        raise ProblemError(400, "Bad request", f"GS1-EPC-Format: expected {', '.join(get_args(EpcFormat))}.")
    web = socket.headers.get("gs1-cbv-xml-format", "No_Preference")
    return wishes(socket, stated, web, None)  # type: ignore[arg-type]  # the first was just looked at, of the second one word matters


def _place(socket: WebSocket, hub: Hub, owner: int) -> Counter[int]:
    """A place among the open streams. Raises SubscriptionError where the owner has as many as the site allows, or all are taken."""
    taken: Counter[int] = socket.app.state.streams
    if taken[owner] >= hub.site.events.subscriptions.most:
        raise SubscriptionError(f"there are {taken[owner]} open streams already")
    if taken.total() >= MOST_OPEN:
        raise ProblemError(503, "Try again later", "All streams of this hub are taken.", headers={"Retry-After": "60"})
    taken[owner] += 1
    return taken


# --- telling -------------------------------------------------------------------------------------------------------------
async def _tell(hub: Hub, socket: WebSocket, opened: _Stream) -> None:
    here = opened
    gone = asyncio.create_task(_until_gone(socket))
    try:
        while True:
            content, here, whole = await run_in_threadpool(_next, hub, here)
            if content is not None:
                try:
                    await asyncio.wait_for(socket.send_text(content), _SEND_SECONDS)
                except TimeoutError as error:
                    raise _EndError(_REFUSED, "nothing was taken for too long") from error
            done, _ = await asyncio.wait({gone}, timeout=LOOK_SECONDS if whole else 0)
            if done:
                gone.result()
                return
    finally:
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    """Ends when the client goes. Raises _EndError where it says something: nothing is expected."""
    message = await socket.receive()
    if message["type"] != "websocket.disconnect":
        raise _EndError(_UNWANTED, "nothing is expected from a subscriber")


def _next(hub: Hub, here: _Stream) -> tuple[str | None, _Stream, bool]:
    """The next message (null: none is due), where the client stands when it has it, and whether that was all for now."""
    now = hub.clock.now()
    with hub.database.read() as connection:
        caller, question = _still(connection, here, micros(now))
    settled = hub.events_settled.look(hub.database)
    if micros(now) < here.next_at:
        return None, here, True
    with hub.database.read() as connection:
        events, position = after_id(connection, sight_of(caller), question, here.position, settled, AT_ONCE)
    whole = position >= settled
    next_at = due_after(here.schedule, now) if whole and here.schedule is not None else here.next_at
    then = replace(here, position=position, next_at=next_at)
    if not events and not (here.report_if_empty and here.schedule is not None and whole):
        return None, then, whole
    results = Results(here.name)
    if here.wanted.syntax == "json":
        return as_json(events, now, results, here.wanted.epc_format).decode(), then, whole
    try:
        return as_xml(events, now, results, here.wanted.epc_format, web=here.wanted.web).decode(), then, whole
    except UnwritableError as error:
        raise _EndError(_FAILED, str(error)[:100]) from error


def _still(connection: sa.Connection, here: _Stream, now: int) -> tuple[Caller, Any]:
    """Caller and question as of now. Raises _EndError where the key is none any more, or the query is gone."""
    caller = authenticate(connection, here.secret, now)
    if caller is None:
        raise _EndError(_REFUSED, "the key is valid no longer")
    try:
        row = event_queries.one(connection, owner_of(caller), here.name)
    except NotFoundError:
        row = None
    if row is None or row.id != here.query_id:
        raise _EndError(_ENDED, "the query is no more")
    return caller, read_question(row.query)
