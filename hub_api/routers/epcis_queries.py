"""EPCIS: named queries, and subscriptions to what answers them (EPCIS 2.0 clauses 8.2.5 and 12.7)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response

from connectors.formats.epcis.writing import Results
from hub.store import event_queries
from hub.visibility import named
from hub.visibility.answers import PER_PAGE
from hub.visibility.question import QuestionError
from hub_api.epcis import (
    EVENTS,
    JSON,
    LINKED,
    VERSIONS,
    NextPageToken,
    PageDependency,
    PerPage,
    WishesDependency,
    epcis_problems,
    events,
    next_link,
    told,
    versions,
)
from hub_api.errors import EPCIS_ROOT, ProblemError
from hub_api.intake import small_json
from hub_api.paging import after_number
from hub_api.security import CallerDependency, HubDependency, Poster

router = APIRouter(prefix=EPCIS_ROOT, tags=["epcis"], dependencies=[Depends(versions)])
_QUERY = {"name": "shipped", "query": {"eventType": ["ObjectEvent"], "EQ_bizStep": ["shipping"]}}
_WANTED = {"dest": "https://hooks.partner.example/events", "signatureToken": "a secret of at least 16 characters", "stream": True}
_SUBSCRIPTION = {
    "subscriptionID": "7cec849f-72f7-4a9d-bc86-080d3c5b7c98",
    "queryName": "shipped",
    "dest": "https://hooks.partner.example/events",
    "createdAt": "2026-11-22T08:00:00Z",
    "reportIfEmpty": False,
    "epcFormat": "Always_GS1_Digital_Link",
    "stream": True,
}
Name = Annotated[str, Path(description="The query's name.", max_length=100)]
Stated = Annotated[dict[str, Any], Depends(small_json)]
Key = Annotated[str, Path(description="The subscription's id.", max_length=100)]


def _answers(example: Any, status: int = 200, kind: str = "object") -> dict[int | str, dict[str, Any]]:
    shown = {"description": "As it is kept.", "content": {JSON: {"schema": {"type": kind}, "example": example}}}
    if status == 201:
        return {201: {**shown, "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}}}
    return {200: {**shown, "headers": LINKED} if kind == "array" else shown}


def _body(example: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}, "example": example}}}}


_GONE: dict[int | str, dict[str, Any]] = {204: {"description": "It is no more."}, **epcis_problems(401, 403, 404, 406, 429)}


@router.get("/queries", summary="List named queries", response_class=Response, responses={
    **_answers([_QUERY], kind="array"), **epcis_problems(400, 401, 406, 429),
})  # fmt: skip
def list_queries(
    request: Request, hub: HubDependency, caller: CallerDependency, per_page: PerPage = PER_PAGE, token: NextPageToken = None
) -> Response:
    """A partner's own; own people's are shared by all of them."""
    with hub.database.read() as connection:
        rows = event_queries.listed(connection, named.owner_of(caller), after_number(token), per_page + 1)
    link = next_link(request, str(rows[per_page - 1].id) if len(rows) > per_page else None)
    return told([{"name": row.name, "query": row.query} for row in rows[:per_page]], headers=link)


@router.post("/queries", status_code=201, summary="Keep a named query", response_class=Response, openapi_extra=_body(_QUERY), responses={
    **_answers(_QUERY, 201), **epcis_problems(400, 401, 403, 406, 409, 413, 415, 429),
})  # fmt: skip
def create_query(hub: HubDependency, caller: Poster, stated: Stated) -> Response:
    """A name for a question, whose parameters are those of `/events` as JSON."""
    name, query = stated.get("name"), stated.get("query")
    if not isinstance(name, str) or not isinstance(query, dict) or set(stated) - {"name", "query"}:
        raise ProblemError(400, "Bad request", "Expected name and query.", kind="epcisException:QueryValidationException")
    named.create(hub, caller, name, query)
    return told({"name": name, "query": query}, 201, {"Location": f"{EPCIS_ROOT}/queries/{quote(name, safe='')}"})


@router.get("/queries/{name}", summary="Show a named query", response_class=Response, responses={
    **_answers(_QUERY), **epcis_problems(401, 404, 406, 429),
})  # fmt: skip
def show_query(name: Name, hub: HubDependency, caller: CallerDependency) -> Response:
    """Name and parameters."""
    with hub.database.read() as connection:
        row = event_queries.one(connection, named.owner_of(caller), name)
    return told({"name": row.name, "query": row.query})


@router.delete("/queries/{name}", status_code=204, summary="Remove a named query", response_class=Response, responses=_GONE)
def delete_query(name: Name, hub: HubDependency, caller: Poster) -> Response:
    """Remove the query and end all subscriptions to it."""
    named.delete(hub, caller, name)
    return Response(status_code=204, headers=VERSIONS)


@router.get("/queries/{name}/events", summary="Events of a named query", response_class=Response, responses={
    **EVENTS, **epcis_problems(404),
})  # fmt: skip
def query_events(
    name: Name,
    page: PageDependency,
) -> Response:
    """Events that answer by now; whoever is called by nobody polls here. With `Upgrade: websocket` and `stream=true`, or a schedule
    (`second`, `minute`, `hour`, `dayOfMonth`, `month`, `dayOfWeek`), what comes is sent down the WebSocket.
    """
    if page.request.headers.get("upgrade", "").lower() == "websocket":  # had the server a library for them, it would not come here
        raise ProblemError(501, "Not implemented", "This server speaks no WebSocket: install the package websockets beside the hub.")
    for asked in page.request.query_params:
        if asked not in ("perPage", "nextPageToken"):
            raise QuestionError(f"{asked[:100]}: the query says what is asked; streams and schedules need a WebSocket")
    with page.hub.database.read() as connection:
        row = event_queries.one(connection, named.owner_of(page.caller), name)
    return events(page, row.query, Results(row.name))


# --- subscriptions -------------------------------------------------------------------------------------------------------
@router.get("/queries/{name}/subscriptions", summary="List subscriptions", response_class=Response, responses={
    **_answers([_SUBSCRIPTION], kind="array"), **epcis_problems(400, 401, 404, 406, 429),
})  # fmt: skip
def list_subscriptions(
    name: Name, request: Request, hub: HubDependency, caller: CallerDependency, per_page: PerPage = PER_PAGE, token: NextPageToken = None
) -> Response:
    """Those to one query, the first ones first."""
    with hub.database.read() as connection:
        query = event_queries.one(connection, named.owner_of(caller), name)
        rows = event_queries.subscriptions(connection, query.id, after_number(token), per_page + 1)
    link = next_link(request, str(rows[per_page - 1].id) if len(rows) > per_page else None)
    return told([named.subscription_json(row, name) for row in rows[:per_page]], headers=link)


@router.post(
    "/queries/{name}/subscriptions", status_code=201, summary="Subscribe", response_class=Response, openapi_extra=_body(_WANTED),
    responses={**_answers(_SUBSCRIPTION, 201), **epcis_problems(400, 401, 403, 404, 406, 413, 415, 429)},
)  # fmt: skip
def subscribe(
    name: Name,
    hub: HubDependency,
    caller: Poster,
    wanted: WishesDependency,
    stated: Stated,
) -> Response:
    """Be called with what answers: whenever an event comes (`"stream": true`), or by a `schedule`. Only hosts that the site lists are
    called. Calls are signed (`GS1-Signature`) and come at least once; `UDIHub-Id` tells a repeat.
    """
    row = named.subscribe(hub, caller, name, named.read_subscriber(stated, hub, wanted.epc_format))
    location = f"{EPCIS_ROOT}/queries/{quote(name, safe='')}/subscriptions/{row.key}"
    return told(named.subscription_json(row, name), 201, {"Location": location})


@router.get("/queries/{name}/subscriptions/{key}", summary="Show a subscription", response_class=Response, responses={
    **_answers(_SUBSCRIPTION), **epcis_problems(401, 404, 406, 429),
})  # fmt: skip
def show_subscription(name: Name, key: Key, hub: HubDependency, caller: CallerDependency) -> Response:
    """When it was last told, and what the last failure was; never its secret."""
    with hub.database.read() as connection:
        query = event_queries.one(connection, named.owner_of(caller), name)
        return told(named.subscription_json(event_queries.subscription(connection, query.id, key), name))


@router.delete("/queries/{name}/subscriptions/{key}", status_code=204, summary="Unsubscribe", response_class=Response, responses=_GONE)
def unsubscribe(name: Name, key: Key, hub: HubDependency, caller: Poster) -> Response:
    """End it."""
    named.unsubscribe(hub, caller, name, key)
    return Response(status_code=204, headers=VERSIONS)


@router.delete("/nextPageToken/{token}", status_code=204, summary="Let a page go", response_class=Response, responses={
    204: {"description": "Nothing is held for a page, so nothing is to be let go."}, **epcis_problems(401, 404, 429),
})  # fmt: skip
def release_page(token: Annotated[str, Path(description="A nextPageToken.", max_length=800)], _caller: CallerDependency) -> Response:
    """Tokens hold nothing here."""
    return Response(status_code=204, headers=VERSIONS)
