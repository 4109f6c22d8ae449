"""Traces: what a lot is made of and where it went. Own people need a key for all organisations, since goods cross between them.

A partner traces what it said itself, and sees no node that it did not name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from data_contracts.events.members import CONTEXT
from hub.runtime import Hub
from hub.trace import genealogy, rendering
from hub.visibility.answers import Shown, as_json
from hub.visibility.traced import events_behind
from hub_api.dependencies import LanguageDependency, conditional
from hub_api.epcis import EXAMPLE_EVENT
from hub_api.epcis import JSON_LD as _JSON_LD
from hub_api.errors import ProblemError, problems
from hub_api.routers.views import need_all
from hub_api.security import CallerDependency, HubDependency
from hub_api.view_schemas import Trace, TraceGraph

router = APIRouter(prefix="/v1/traces", tags=["traces"])
_ANSWERS: dict[int | str, dict[str, Any]] = problems(
    400, 401, 403, 404, 409, 422, 429, s400="A time without its offset.", s409="The number means several things; the detail names them."
)
_EXAMPLE = {
    "@context": [CONTEXT],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-11-22T08:00:01Z",
    "epcisBody": {"eventList": [EXAMPLE_EVENT]},
}
_CUT = {
    "UDIHub-Truncated": {
        "description": "`true`: the walk was cut at `limit`, there is more.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Link": {"description": '`rel="next"`: the same with a wider limit, where there may be one.', "schema": {"type": "string"}},
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "An EPCISDocument.", "headers": _CUT, "content": {_JSON_LD: {"schema": {"type": "object"}, "example": _EXAMPLE}}}
}
Way = Annotated[Literal["up", "down", "both"], Query(description="up: what it is made of; down: where it went.")]
At = Annotated[datetime | None, Query(description="What had happened by then; with its offset, e.g. 2026-11-22T08:00:00Z.")]
KnownAt = Annotated[datetime | None, Query(description="What the hub knew then; with its offset.")]
Most = Annotated[int, Query(ge=1, le=genealogy.LIMIT, description="Edges after which the walk is cut.")]

Key = Annotated[str, Query(description="As the path of the other route takes it.", min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which way, as of when, how far, and whose statements count."""

    direction: genealogy.Direction
    as_of: datetime | None
    known_at: datetime | None
    limit: int
    scope: genealogy.Filter | None


def asked(
    hub: HubDependency, caller: CallerDependency, direction: Way = "down", as_of: At = None, known_at: KnownAt = None, limit: Most = 10_000
) -> Asked:
    """What all routes of traces are asked with. Raises a problem for a key that is too narrow, and for times without offset."""
    scope: genealogy.Filter | None = None
    if caller.role == "partner":
        scope = genealogy.Filter(partner_id=caller.partner_id, organisations=tuple(sorted(caller.organisations)))
    else:
        need_all(hub, caller)
    if any(time is not None and time.tzinfo is None for time in (as_of, known_at)):
        raise ProblemError(400, "Bad request", "as_of and known_at are times with their offset, e.g. 2026-11-22T08:00:00Z.")
    return Asked(direction, as_of, known_at, limit, scope)


AskedDependency = Annotated[Asked, Depends(asked)]


@router.get("", summary="Trace whatever a label or link says", response_model=Trace, responses=_ANSWERS)
def show_trace_of(
    request: Request,
    hub: HubDependency,
    language: LanguageDependency,
    key: Key,
    ask: AskedDependency,
) -> Response:
    """The same by a parameter: for Digital Links, element strings and other keys that a path would spoil."""
    return conditional(request, _traced(hub, language, key, ask))


@router.get("/graph", summary="A trace as a graph", response_model=TraceGraph, responses=_ANSWERS)
def show_graph(
    request: Request,
    hub: HubDependency,
    language: LanguageDependency,
    key: Key,
    ask: AskedDependency,
) -> Response:
    """JSON Graph Format 2.0, for programs that draw one."""
    return conditional(request, rendering.graph(_traced(hub, language, key, ask)))


@router.get("/epcis", summary="A trace as events", response_class=Response, responses={**_EVENTS, **_ANSWERS})
def show_events(
    request: Request,
    hub: HubDependency,
    key: Key,
    ask: AskedDependency,
) -> Response:
    """The visibility events that say so, captured ones and those of business documents, in the order in which they happened.

    Where the walk was cut at `limit` there are more: `UDIHub-Truncated: true` says so, and `Link` (`rel="next"`) leads further.
    """
    with hub.database.read() as connection:
        followed = genealogy.follow(connection, key, ask.direction, ask.limit, as_of=ask.as_of, known_at=ask.known_at, scope=ask.scope)
        events = events_behind(connection, followed)
    headers = _cut(request, ask.limit) if followed.truncated else {}
    return conditional(request, as_json(events, _created(events), None, "Always_GS1_Digital_Link"), _JSON_LD, headers)


def _cut(request: Request, limit: int) -> dict[str, str]:
    """Says that the walk was cut, and where it goes further, if it may: an EPCISDocument has no room for either."""
    wider = min(limit * 10, genealogy.LIMIT)
    link = {} if wider == limit else {"Link": f'<{request.url.path}?{request.url.include_query_params(limit=wider).query}>; rel="next"'}
    return {"UDIHub-Truncated": "true", **link}


def _created(events: Sequence[Shown]) -> datetime:
    """When the newest of them was recorded, so that the same trace is the same document."""
    return max((event.recorded_at for event in events), default=datetime(1970, 1, 1, tzinfo=UTC))


@router.get("/{key:path}", summary="Trace a lot, serial or logistic unit", response_model=Trace, responses=_ANSWERS)
def show_trace(
    key: str,
    request: Request,
    hub: HubDependency,
    language: LanguageDependency,
    ask: AskedDependency,
) -> Response:
    """`key`: `<GTIN>|<lot>`, `<GTIN>|<serial>`, an SSCC, a bare lot, serial or document number, what a label says, or a node's key."""
    return conditional(request, _traced(hub, language, key, ask))


def _traced(hub: Hub, language: Literal["en", "zh-CN"], key: str, ask: Asked) -> dict[str, Any]:
    with hub.database.read() as connection:
        return genealogy.trace(
            connection, key, ask.direction, ask.limit, as_of=ask.as_of, known_at=ask.known_at, scope=ask.scope, language=language
        )
