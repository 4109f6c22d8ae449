"""EPCIS: capture of visibility events, and events as they are asked for (EPCIS 2.0 clause 12)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from connectors import registry
from connectors.formats.epcis.writing import Results
from data_contracts.errors import NotFoundError
from data_contracts.findings import Language
from hub.receive import Reception
from hub.runtime import Hub
from hub.store import captures, event_views
from hub.store.credentials import Caller
from hub.store.event_views import Conditions
from hub.store.types import moment
from hub.visibility.admission import FORMAT, ROLLBACK
from hub.visibility.answers import PER_PAGE, QUERY, EventPage, Shown, one_json
from hub.visibility.capture import capture, require_one_event
from hub_api import capture_jobs
from hub_api.dependencies import LanguageDependency
from hub_api.epcis import (
    EVENTS,
    EXAMPLE_EVENT,
    EXAMPLE_RESULTS,
    JSON,
    JSON_LD,
    LINKED,
    LISTS,
    VERSIONS,
    XML,
    NextPageToken,
    PageDependency,
    PerPage,
    WishesDependency,
    asked_in,
    collection,
    epcis_problems,
    events,
    next_link,
    sight_of,
    told,
    versions,
    written,
)
from hub_api.errors import EPCIS_ROOT, ProblemError
from hub_api.intake import Body, TooLargeError, take
from hub_api.paging import after_number
from hub_api.routers.documents import organisations_of, partner_of, process_at_once
from hub_api.security import CallerDependency, HubDependency, Poster

router = APIRouter(prefix=EPCIS_ROOT, tags=["epcis"], dependencies=[Depends(versions)])
_MEDIA_TYPES = frozenset((JSON, JSON_LD, XML, "text/xml"))
_WAIT_SECONDS = 30.0
_OF_ONE_ID = 100
"""Events of one eventID that are shown: the event, its declarations, and other partners' of the same name."""
_TOP = ["eventTypes", "epcs", "bizSteps", "bizLocations", "readPoints", "dispositions", "queries", "events", "capture"]
_JOB = {
    "captureID": "0f3c2b9e5b7a4e0f8d7a6c5b4a392817",
    "createdAt": "2026-11-22T08:00:00Z",
    "finishedAt": "2026-11-22T08:00:01Z",
    "running": False,
    "success": True,
    "captureErrorBehaviour": "rollback",
    "errors": [],
}
_BODY = {
    "required": True,
    "content": {
        JSON: {"schema": {"type": "object"}, "example": {**EXAMPLE_RESULTS, "type": "EPCISDocument"}},
        JSON_LD: {"schema": {"type": "object"}, "example": {**EXAMPLE_RESULTS, "type": "EPCISDocument"}},
        XML: {"schema": {"type": "string"}, "example": '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" …'},
    },
}
_QUESTION = """\
Parameters are those of EPCIS's simple event query: `eventType`, `GE_eventTime`, `LT_eventTime`, `GE_recordTime`, `EQ_action`, `EQ_bizStep`,
`EQ_disposition`, `EQ_readPoint`, `EQ_bizLocation`, `EQ_bizTransaction_<type>`, `EQ_source_<type>`, `EQ_destination_<type>`, `MATCH_epc`,
`MATCH_parentID`, `MATCH_inputEPC`, `MATCH_outputEPC`, `MATCH_anyEPC` and the same with `Class`, `EQ_quantity`, `EQ_eventID`,
`EXISTS_errorDeclaration`, sensors' (`EQ_type`, `GE_value_CEL` …), users' fields (`EQ_ILMD_cbvmda:lotNumber`), `orderBy`, `orderDirection`,
`eventCountLimit`, `maxEventCount`. Alternatives are separated by `|`, all parameters must hold. EPCs may be URNs or Digital Links,
and patterns: `urn:epc:idpat:sgtin:6926365.059800.*`."""
Partner = Annotated[
    str | None, Query(description="Own people and systems only: the partner in whose name events are captured.", max_length=200)
]
IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="Names this capture: the same again gives the first job.")
]


@router.get("", summary="List the resources", response_class=Response, responses=LISTS)
def top(_caller: CallerDependency) -> Response:
    """What can be asked for."""
    return collection(_TOP)


# --- capture -------------------------------------------------------------------------------------------------------------
@router.post(
    "/capture", status_code=202, summary="Capture events", openapi_extra={"requestBody": _BODY}, response_class=Response,
    responses={
        202: {
            "description": "Durable, to be captured; `Location` names the job.",
            "content": {JSON: {"schema": {"type": "object"}, "example": {"captureID": _JOB["captureID"]}}},
            "headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}},
        },
        **epcis_problems(400, 401, 403, 404, 406, 409, 413, 415, 429),
    },
)  # fmt: skip
async def post_capture(
    request: Request,
    hub: HubDependency,
    caller: Poster,
    partner: Partner = None,
    idempotency_key: IdempotencyKey = None,
    behaviour: Annotated[
        Literal["rollback", "proceed"] | None,
        Header(alias="GS1-Capture-Error-Behaviour", description="`rollback`: all events or none; `proceed`: those that are right."),
    ] = None,
) -> Response:
    """Land a document of events in JSON-LD (2.0) or XML (2.0, 1.0 to 1.2); what becomes of it, its job tells. Equal events are captured
    once, whatever documents they come in; an event with another content under an eventID that is taken is refused.
    """
    body = await _body(request, hub)
    try:
        return await run_in_threadpool(_capture, request, hub, caller, body, partner, idempotency_key, behaviour)
    finally:
        body.stream.close()


def _capture(
    request: Request, hub: Hub, caller: Caller, body: Body, partner: str | None, key: str | None, behaviour: str | None
) -> Response:
    found = capture(hub, _reception(hub, caller, body, partner, key), behaviour)
    request.app.state.wake.set()
    headers = {"Location": f"{EPCIS_ROOT}/capture/{found.key}"}
    if found.repeat:
        headers["UDIHub-Repeat"] = "true"
    return told({"captureID": found.key}, 202, headers)


async def _body(request: Request, hub: Hub) -> Body:
    try:
        body = await take(request, hub.settings.max_body)
    except TooLargeError as error:
        limit = {"GS1-EPCIS-Capture-File-Size-Limit": str(error.limit), "Connection": "close"}
        raise ProblemError(413, "Too large", f"A document may have {error.limit} bytes.", headers=limit) from error
    try:
        if body.media_type not in _MEDIA_TYPES:
            raise ProblemError(415, "Unsupported media type", f"Events are {JSON}, {JSON_LD} or {XML}.")
        head = body.stream.read(4096)
        body.stream.seek(0)
        if not registry.format_named(FORMAT).sniff(head):
            raise ProblemError(400, "Bad request", "This is no EPCIS document.")
    except BaseException:
        body.stream.close()
        raise
    return body


def _reception(hub: Hub, caller: Caller, body: Body, partner: str | None, key: str | None) -> Reception:
    return Reception(
        partner=partner_of(hub, caller, partner),
        channel="http",
        stream=cast(Any, body.stream),  # a spooled file is a binary stream
        by=caller.label,
        organisations=organisations_of(hub, caller),
        name=body.name,
        media_type=body.media_type,
        delivery_key=key,
    )


@router.get("/capture", summary="List capture jobs", response_class=Response, responses={
    200: {"description": "Jobs, the newest first.", "content": {JSON: {"schema": {"type": "array"}, "example": [_JOB]}}, "headers": LINKED},
    **epcis_problems(400, 401, 406, 429),
})  # fmt: skip
def list_captures(
    request: Request,
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    per_page: PerPage = PER_PAGE,
    token: NextPageToken = None,
) -> Response:
    """The newest jobs first."""
    before = after_number(token) if token is not None else None
    with hub.database.read() as connection:
        jobs = captures.listed(connection, sight_of(caller), before, per_page + 1)
    link = next_link(request, str(jobs[per_page - 1].id) if len(jobs) > per_page else None)
    return told([capture_jobs.as_members(job, language) for job in jobs[:per_page]], headers=link)


@router.get("/capture/{capture_id}", summary="Show a capture job", response_class=Response, responses={
    200: {"description": "The job.", "content": {
        JSON: {"schema": {"type": "object"}, "example": _JOB},
        XML: {"schema": {"type": "string"}, "example": capture_jobs.EXAMPLE_XML},
    }},
    **epcis_problems(401, 404, 406, 429),
})  # fmt: skip
def show_capture(
    capture_id: Annotated[str, Path(description="As `Location` named it.", max_length=100)],
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    wanted: WishesDependency,
) -> Response:
    """Whether it runs, whether all went well, and what was wrong where: rule, path and line."""
    with hub.database.read() as connection:
        job = captures.one(connection, sight_of(caller), capture_id)
    if wanted.syntax == "xml":
        return Response(capture_jobs.as_xml(job, language), headers=VERSIONS, media_type=wanted.media_type)
    return told(capture_jobs.as_members(job, language))


# --- events --------------------------------------------------------------------------------------------------------------
@router.post(
    "/events", status_code=201, summary="Capture one event", openapi_extra={"requestBody": {
        "required": True, "content": {JSON: {"schema": {"type": "object"}, "example": EXAMPLE_EVENT}},
    }}, response_class=Response,
    responses={
        201: {
            "description": "Captured; `Location` names the event.",
            "content": {JSON: {"schema": {"type": "object"}, "example": EXAMPLE_EVENT}},
            "headers": {"Location": {"description": "The event.", "schema": {"type": "string"}}},
        },
        **epcis_problems(400, 401, 403, 404, 406, 409, 413, 415, 429),
    },
)  # fmt: skip
async def post_event(
    request: Request,
    hub: HubDependency,
    caller: Poster,
    language: LanguageDependency,
    wanted: WishesDependency,
    partner: Partner = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Capture one event at once. The same event again gives the same answer, with `UDIHub-Repeat: true`; an eventID that is taken by
    another content is refused (409).
    """
    body = await _body(request, hub)
    try:
        reception = await run_in_threadpool(_reception, hub, caller, body, partner, idempotency_key)
        return await run_in_threadpool(_capture_one, request, hub, caller, language, wanted, reception)
    finally:
        body.stream.close()


def _capture_one(
    request: Request, hub: Hub, caller: Caller, language: Language, wanted: WishesDependency, reception: Reception
) -> Response:
    require_one_event(reception.stream)
    found = capture(hub, reception, ROLLBACK)
    process_at_once(hub, found.document_id, _WAIT_SECONDS)
    request.app.state.wake.set()
    with hub.database.read() as connection:
        job = captures.one(connection, sight_of(caller), found.key)
        exchange = captures.first_exchange(connection, found.document_id)
        shown = next(iter(_shown(connection, caller, exchange[1])), None) if exchange is not None else None
    if job.finished_at is None:
        return told({"captureID": found.key}, 202, {"Location": f"{EPCIS_ROOT}/capture/{found.key}"})
    if not job.success or shown is None:
        refused = [capture_jobs.error(finding, number, language) for finding, number in job.errors]
        taken = any(error["status"] == 409 for error in refused)
        raise ProblemError(
            409 if taken else 400, "Conflict" if taken else "Bad request", refused[0]["title"] if refused else None,
            findings=refused, document=found.document_id,
        )  # fmt: skip
    headers = {"Location": f"{EPCIS_ROOT}/events/{quote(shown.number, safe='')}"}
    if exchange is not None and exchange[0] == "superseded":
        headers["UDIHub-Repeat"] = "true"
    return Response(one_json(shown, wanted.epc_format), 201, {**VERSIONS, **headers}, media_type=JSON)


def _shown(connection: sa.Connection, caller: Caller, number: str | None) -> list[Shown]:
    """Events with this eventID that the caller may see: the event, and declarations that it was wrong; the newest first."""
    asked = Conditions(numbers=frozenset((number or "",)))
    rows = event_views.page(connection, sight_of(caller), asked, None, _OF_ONE_ID)
    return [Shown(row.id, row.number, moment(row.recorded_at), row.body) for row in rows]


@router.get("/events", summary="Find events", response_class=Response, responses=EVENTS, description=_QUESTION)
def list_events(
    page: PageDependency,
) -> Response:
    """Events that answer the query string, the newest first unless `orderBy` says otherwise."""
    return events(page, asked_in(page.request), Results(QUERY))


@router.get(
    "/events/{event_id:path}", summary="Show an event", response_class=Response, responses={**EVENTS, **epcis_problems(401, 404, 406, 429)}
)
def show_event(
    event_id: Annotated[str, Path(description="eventID, percent-encoded.", max_length=2000)],
    hub: HubDependency,
    caller: CallerDependency,
    wanted: WishesDependency,
) -> Response:
    """The event, and declarations that it was wrong."""
    with hub.database.read() as connection:
        found = _shown(connection, caller, event_id)
    if not found:
        raise NotFoundError(f"there is no event {event_id}")
    return written(hub, EventPage(tuple(found), None), wanted, Results(QUERY), {})
