"""Documents: post bytes, get the acknowledgement that their standard defines, read back exactly what was sent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from hub import acknowledge, worker
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.store import claims, documents, evidence, listing
from hub.store.credentials import Caller
from hub.store.inbox import Landing
from hub_api.errors import Problem, ProblemError, problem
from hub_api.intake import TooLargeError, take
from hub_api.paging import Page, decode, page
from hub_api.security import CallerDependency, HubDependency, require

router = APIRouter(prefix="/v1/documents", tags=["documents"])
X12 = "application/edi-x12"
Poster = Annotated[Caller, Depends(require("partner", "integration", "admin"))]
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No valid key."},
    404: {"model": Problem, "description": "Unknown, or not yours to see."},
}


@router.post(
    "",
    status_code=202,
    summary="Post a document",
    description=(
        "Raw body or multipart with one file. 202 after the bytes are durable; with `Prefer: wait` the document is processed at once and the "
        "answer is 200 with its acknowledgement (TA1 or 997), or with its exchanges where the syntax has no acknowledgement. The same document again gets the "
        "first answer again. The same key with other bytes gets 409; both originals are kept."
    ),
    responses={
        200: {"description": "Processed; the body is the acknowledgement.", "content": {X12: {"example": "ISA*00*…~"}, "application/json": {}}},
        202: {"description": "Durable, to be processed.", "content": {"application/json": {"example": {"document": 17, "outcome": "new", "state": "received"}}}},
        400: {"model": Problem, "description": "No Idempotency-Key where the syntax has no envelope reference, or a broken form."},
        401: {"model": Problem, "description": "No valid key."},
        403: {"model": Problem, "description": "The key's role may not post."},
        409: {"model": Problem, "description": "Same key, other bytes: both originals are kept, a TA1 R 025 is in the outbox."},
        413: {"model": Problem, "description": "Over the cap: nothing was stored but a finding."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                X12: {"schema": {"type": "string", "format": "binary"}},
                "application/json": {"schema": {}},
                "application/xml": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}},
            },
        }
    },
)
async def post_document(
    request: Request,
    hub: HubDependency,
    caller: Poster,
    agreement: Annotated[str | None, Query(description="Agreement of a feed, where several fit.")] = None,
    partner: Annotated[str | None, Query(description="Own systems only: the partner in whose name this is posted.")] = None,
    idempotency_key: Annotated[str | None, Header(max_length=255, description="Names this delivery; needed where the syntax has no envelope.")] = None,
    prefer: Annotated[str | None, Header(description="`wait`: process at once and answer with the acknowledgement.")] = None,
) -> Response:
    """Land a body; see the module."""
    try:
        body = await take(request, hub.settings.max_body)
    except TooLargeError as error:
        await run_in_threadpool(_note_too_large, hub, caller, error.limit)
        return problem(413, "Too large", f"A body may have {error.limit} bytes; use SFTP or a folder for larger ones.")
    reception = Reception(
        partner=_partner_of(hub, caller, partner),
        channel="http",
        stream=body.stream,  # type: ignore[arg-type]  # a spooled file is a binary stream
        by=caller.label,
        organisations=[hub.registry.organisation_key(number) for number in sorted(caller.organisations)],
        name=body.name,
        media_type=body.media_type,
        agreement=agreement,
        delivery_key=idempotency_key,
    )
    try:
        landing = await run_in_threadpool(receive, hub, reception)
    except ConflictError as error:
        raise ProblemError(400, "Idempotency-Key needed", str(error)) from error
    finally:
        body.stream.close()
    return await run_in_threadpool(_answer, hub, landing, prefer, request)


def _answer(hub: Hub, landing: Landing, prefer: str | None, request: Request) -> Response:
    """202, or the acknowledgement when asked to wait; 409 for a conflict."""
    headers = {"Location": f"/v1/documents/{landing.first_document_id}"}
    if landing.outcome == "repeat":
        headers["UDIHub-Repeat"] = "true"
    if landing.outcome == "conflict":
        return problem(
            409,
            "Conflict",
            "A document with this key and other bytes came before. Both are kept; use a new control number for a corrected one.",
            {"Location": f"/v1/documents/{landing.document_id}"},
            document=landing.document_id,
        )
    if prefer is not None and "wait" in prefer.replace(" ", "").split(","):
        claim = claims.claim_document(hub.database, landing.first_document_id, worker.LEASE_SECONDS)
        if claim is not None:
            worker.process(hub, [claim])
        with hub.database.read() as connection:
            state = documents.state_of(connection, landing.first_document_id)
            content = acknowledge.bytes_for(connection, hub.settings.home, landing.first_document_id)
            if content is not None:
                return Response(content, 200, headers, media_type=X12)
            if state != "received":
                return JSONResponse(_outcome(hub, connection, landing.first_document_id, request), 200, headers)
    with hub.database.read() as connection:
        state = documents.state_of(connection, landing.first_document_id)
    return JSONResponse({"document": landing.first_document_id, "outcome": landing.outcome, "state": state}, 202, headers)


def _outcome(hub: Hub, connection: Any, document_id: int, request: Request) -> dict[str, Any]:
    return documents.show(connection, document_id, language_of(request, hub)) | {
        "exchanges": listing.exchanges_of_document(connection, document_id)
    }


def _partner_of(hub: Hub, caller: Caller, named: str | None) -> str:
    if caller.partner_id is not None:
        return hub.registry.partner_key(caller.partner_id)
    if named is None or named not in hub.site.partners:
        raise ProblemError(400, "Partner needed", "A key of your own people must name the partner: ?partner=…")
    return named


def _note_too_large(hub: Hub, caller: Caller, limit: int) -> None:
    with hub.database.begin(caller.label) as uow:
        evidence.add_findings(uow, [evidence.Found(Finding("SEC-03", expected=str(limit)), partner_id=caller.partner_id)])


@router.get("", summary="List documents", responses=_PROBLEMS)
def list_documents(
    hub: HubDependency,
    caller: CallerDependency,
    state: Annotated[str | None, Query(description="received, processed, rejected or quarantined.")] = None,
    cursor: Annotated[str | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page:
    """The newest documents first."""
    with hub.database.read() as connection:
        rows = listing.documents(
            connection,
            partner_id=caller.partner_id,
            organisations=caller.organisations,
            state=state,
            before=decode(cursor),
            limit=limit + 1,
        )
    return page(rows, limit)


@router.get("/{document_id}", summary="Show a document", responses=_PROBLEMS)
def show_document(document_id: int, request: Request, hub: HubDependency, caller: CallerDependency) -> dict[str, Any]:
    """Where it stands: state, findings, exchanges."""
    with hub.database.read() as connection:
        documents.visible(connection, document_id, caller.partner_id, caller.organisations)
        return _outcome(hub, connection, document_id, request)


@router.get(
    "/{document_id}/content",
    summary="The bytes as received",
    response_class=Response,
    responses={**_PROBLEMS, 200: {"content": {"application/octet-stream": {}}, "description": "Exactly the bytes."}},
)
def document_content(document_id: int, hub: HubDependency, caller: CallerDependency) -> Response:
    """Exactly what was sent, as a download."""
    with hub.database.read() as connection:
        documents.visible(connection, document_id, caller.partner_id, caller.organisations)
        content = documents.content(connection, hub.settings.home, document_id)
    return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": f'attachment; filename="document-{document_id}"'})


@router.get("/{document_id}/acknowledgements", summary="Acknowledgements of a document", responses=_PROBLEMS)
def document_acknowledgements(document_id: int, request: Request, hub: HubDependency, caller: CallerDependency) -> Response:
    """What was answered; with `Accept: application/edi-x12` the bytes of the latest answer, else a list."""
    with hub.database.read() as connection:
        documents.visible(connection, document_id, caller.partner_id, caller.organisations)
        if X12 in request.headers.get("accept", ""):
            content = acknowledge.bytes_for(connection, hub.settings.home, document_id)
            if content is None:
                raise NotFoundError(f"document {document_id} has no acknowledgement yet")
            return Response(content, media_type=X12)
        return JSONResponse(acknowledge.listed(connection, hub.settings.home, document_id))


def language_of(request: Request, hub: Hub) -> Any:
    """The language to render findings in: the first of Accept-Language that the hub speaks, else its own."""
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return hub.settings.language
