"""Documents: post bytes, get the acknowledgement that their standard defines, read back exactly what was sent."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any, Literal

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from data_contracts.errors import ConflictError, HubError, NotFoundError
from data_contracts.findings import Finding, Language
from hub import acknowledge, outbound, worker
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.store import claims, documents, evidence, listing
from hub.store.credentials import Caller
from hub.store.inbox import Landing
from hub_api.dependencies import Id, LanguageDependency, conditional, download, for_caller, render
from hub_api.errors import ProblemError, answered, problems
from hub_api.intake import TooLargeError, take
from hub_api.languages import language_of, titled
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.schemas import Acknowledgement, Document, DocumentRow, Landed
from hub_api.security import CallerDependency, HubDependency, Poster

router = APIRouter(prefix="/v1/documents", tags=["documents"])
X12 = "application/edi-x12"
"""The media type in examples; answers come in that of their syntax."""
LONGEST_WAIT = 60.0
"""Seconds that `Prefer: wait` may ask for."""
_MESSAGE_FINDINGS = 100
"""Findings that are told with a document; `/v1/findings` has all."""
_USUAL_WAIT = 30.0
_WAIT = re.compile(r"(?:^|[,;])\s*wait(?:\s*=\s*\"?(\d{1,6}))?", re.IGNORECASE)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_997 = (
    "ISA*00*          *00*          *ZZ*NOVAMEDSZ      *ZZ*JNPOLY         *261122*1600*U*00401*000000001*0*P*:~"
    "GS*FA*NOVAMEDSZ*JNPOLY*20261122*1600*1*X*004010~ST*997*0001~AK1*SH*12~AK2*856*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*1~IEA*1*000000001~"
)
_POST = """\
The body is the document itself, or multipart/form-data with one file. It is durable before the answer leaves.

* **202**: durable, to be processed; `Location` names the document.
* **200**, when asked with `Prefer: wait`: processed. The body is the acknowledgement as the standard defines it (X12: TA1 or 997, also a
  negative one: read it), or JSON with the exchanges where the syntax has none, or where only `Accept: application/json` is offered.
* **The same document again** gets the first answer again, with `UDIHub-Repeat: true`; nothing is applied twice.
* **409**: the same control number or key came before with other bytes. Both originals are kept; a TA1 R 025 waits under
  `/v1/documents/{id}/acknowledgements`. Nothing of it is applied.
* **422**: empty, or (with `Prefer: wait`) not readable at all, where no standard has an answer to that. The bytes are kept: `document`
  names them.

What tells one delivery from another is `Idempotency-Key`, else the envelope's own reference (X12: sender, receiver, ISA13). A syntax
without an envelope (JSON, XML, CSV) needs the key: **400** without it.
"""


@router.post(
    "",
    status_code=202,
    summary="Post a document",
    description=_POST,
    responses={
        200: {
            "description": "Processed: the acknowledgement, or what came of it.",
            "content": {X12: {**_BINARY, "example": _997}, "application/json": {"schema": {"$ref": "#/components/schemas/Document"}}},
            "headers": {
                "UDIHub-Repeat": {"description": "`true`: the first answer again.", "schema": {"type": "string", "enum": ["true"]}}
            },
        },
        202: {
            "description": "Durable, to be processed.",
            "model": Landed,
            "headers": {"Location": {"description": "The document.", "schema": {"type": "string"}, "example": "/v1/documents/17"}},
        },
        **problems(
            400,
            401,
            403,
            404,
            409,
            413,
            422,
            429,
            503,
            s400="No Idempotency-Key where the syntax has no envelope reference, a broken form, or no partner named.",
            s404="There is no such agreement for this partner.",
            s409="Same key or control number, other bytes: both originals are kept, a TA1 R 025 waits.",
            s413="Over the cap: nothing was stored but a finding. Folders and SFTP take any size.",
            s422="Empty or not readable at all; the bytes are kept.",
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                X12: {
                    **_BINARY,
                    "example": _997.partition("GS*")[0] + "…",
                },
                "application/json": {
                    "schema": {},
                    "example": {"warehouse_gln": "6901234000029", "counted_at": "2026-11-22T08:00:00+08:00", "stock": []},
                },
                "application/xml": {"schema": {"type": "string"}, "example": '<Receipts xmlns="urn:hansa:wms:receipts:1"/>'},
                "text/csv": {"schema": {"type": "string"}, "example": "item_code,revision,updated_at\r\n"},
                "application/octet-stream": _BINARY,
                "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _BINARY["schema"]}, "required": ["file"]}},
            },
        }
    },
)
async def post_document(
    request: Request,
    hub: HubDependency,
    caller: Poster,
    agreement: Annotated[str | None, Query(description="The agreement of a feed, where several fit.", max_length=200)] = None,
    partner: Annotated[
        str | None, Query(description="Own people and systems only: the partner in whose name this is posted.", max_length=200)
    ] = None,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=255, description="Names this delivery; needed where the syntax has no envelope.")
    ] = None,
    prefer: Annotated[
        str | None,
        Header(description="`wait` or `wait=<seconds>`: process at once and answer with the acknowledgement.", examples=["wait"]),
    ] = None,
) -> Response:
    """Land a body; see `_POST`. Async only to count the body while it streams: all work is done in threads."""
    try:
        body = await take(request, hub.settings.max_body)
    except TooLargeError as error:
        await run_in_threadpool(_note_too_large, hub, caller, error.limit)
        detail = f"A body may have {error.limit} bytes; use SFTP or a folder for larger ones."
        return answered(request, 413, "Too large", detail, headers={"Connection": "close"})
    try:
        return await run_in_threadpool(
            _post,
            request,
            hub,
            Reception(
                partner=partner_of(hub, caller, partner),
                channel="http",
                stream=body.stream,  # type: ignore[arg-type]  # a spooled file is a binary stream
                by=caller.label,
                organisations=organisations_of(hub, caller),
                name=body.name,
                media_type=body.media_type,
                agreement=agreement,
                delivery_key=idempotency_key,
            ),
            caller,
            prefer,
        )
    finally:
        body.stream.close()


def _post(request: Request, hub: Hub, reception: Reception, caller: Caller, prefer: str | None) -> Response:
    if reception.agreement is not None:
        known = {one.agreement for one in hub.site.inbound(reception.partner, reception.organisations)}
        if reception.agreement not in known:
            raise NotFoundError(f"there is no agreement {reception.agreement}; there are {', '.join(sorted(known)) or 'none'}")
    empty = reception.stream.read(1) == b""
    try:
        landing = receive(hub, reception)
    except ConflictError as error:
        raise ProblemError(400, "Idempotency-Key needed", str(error)) from error
    if landing.outcome == "conflict":
        return _conflict(request, landing.document_id)
    wait = _USUAL_WAIT if empty else _wait_of(prefer)
    if wait is not None:
        process_at_once(hub, landing.first_document_id, wait)
    request.app.state.wake.set()
    return _answer(request, hub, landing, caller, waited=wait is not None)


def _wait_of(prefer: str | None) -> float | None:
    """Seconds that the caller is willing to wait (RFC 7240 section 4.3); None: not at all."""
    found = _WAIT.search(prefer or "")
    if found is None:
        return None
    return min(float(found[1]), LONGEST_WAIT) if found[1] else _USUAL_WAIT


def process_at_once(hub: Hub, document_id: int, seconds: float) -> None:
    """Take the document through the walk here and now; should a worker have it already, wait for that one."""
    claim = claims.claim_document(hub.database, document_id, worker.LEASE_SECONDS)
    if claim is not None:
        try:
            worker.process(hub, [claim])
        except HubError as error:  # it is durable: a worker will try again, and the poster is told so by 202
            structlog.get_logger(__name__).warning("not processed at once", document=document_id, reason=str(error))
            with hub.database.begin("http") as uow:
                claims.release(uow, [claim], after_seconds=1)
        return
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with hub.database.read() as connection:
            if documents.state_of(connection, document_id) != "received":
                return
        time.sleep(0.05)


def _answer(request: Request, hub: Hub, landing: Landing, caller: Caller, *, waited: bool) -> Response:
    """202, or the acknowledgement when asked to wait."""
    number = landing.first_document_id
    headers = {"Location": f"/v1/documents/{number}"}
    if landing.outcome == "repeat":
        headers["UDIHub-Repeat"] = "true"
    with hub.database.read() as connection:
        state = documents.state_of(connection, number)
        if not waited or state in ("received", "waiting"):
            return render({"document": number, "outcome": landing.outcome, "state": state}, 202, headers)
        headers["Preference-Applied"] = "wait"
        if documents.only_conflicts(connection, number):
            return _conflict(request, number)
        body = acknowledge.body_for(connection, hub.settings.home, number)
        given = body is not None and not _json_only(request, body[1])
        shown = {} if given else for_caller(caller, _shown(connection, number, language_of(request), caller))
    if given and body is not None:
        outbound.fetched(hub, number, caller.label)
        return Response(body[0], 200, headers, media_type=body[1])
    if body is None and state == "rejected":
        detail = "The document can't be read; its bytes are kept."
        return answered(request, 422, "Not processable", detail, headers, findings=shown["findings"], document=number)
    return render(shown, 200, headers)


def _json_only(request: Request, media_type: str) -> bool:
    accept = request.headers.get("accept", "*/*").lower()
    return "application/json" in accept and media_type not in accept and "*/*" not in accept


def _conflict(request: Request, document_id: int) -> Response:
    return answered(
        request,
        409,
        "Conflict",
        "A document with this key or control number and other bytes came before. Both are kept; give a corrected one a new number.",
        {"Location": f"/v1/documents/{document_id}"},
        document=document_id,
    )


def _shown(connection: sa.Connection, document_id: int, language: Language, caller: Caller) -> dict[str, Any]:
    found = listing.findings(connection, language, organisations=caller.organisations, document_id=document_id, limit=_MESSAGE_FINDINGS)
    mentioned = listing.exchanges_of_document(connection, document_id, caller.organisations)
    return titled(documents.show(connection, document_id, language, caller.organisations), language) | {
        "exchanges": [titled(one, language) for one in mentioned],
        "message_findings": [one for one in reversed(found) if one["exchange_id"] is not None],
    }


def organisations_of(hub: Hub, caller: Caller) -> list[str]:
    """Keys of the caller's organisations that the site still has, in the site's order."""
    return [key for key in hub.site.organisations if hub.organisation_id(key) in caller.organisations]


def partner_of(hub: Hub, caller: Caller, named: str | None) -> str:
    """In whose name a caller sends. Raises a problem where own people name nobody, NotFoundError for a partner that is another's."""
    if not organisations_of(hub, caller):
        raise ProblemError(403, "Refused", "This key names no organisation of the site.")
    if caller.partner_id is not None:
        own = hub.registry.partner_key(caller.partner_id)
        if named not in (None, own):
            raise NotFoundError(f"there is no partner {named}")
        return own
    if named is None:
        raise ProblemError(400, "Partner needed", "A key of your own people must name the partner: ?partner=…")
    if named not in hub.site.partners:
        raise NotFoundError(f"there is no partner {named}")
    return named


def _note_too_large(hub: Hub, caller: Caller, limit: int) -> None:
    with hub.database.begin(caller.label) as uow:
        evidence.add_findings(uow, [evidence.Found(Finding("SEC-03", expected=str(limit)), partner_id=caller.partner_id)])


@router.get("", summary="List documents", response_model=Page[DocumentRow], responses=problems(400, 401, 422, 429))
def list_documents(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    state: Annotated[
        Literal["received", "waiting", "processed", "rejected", "quarantined"] | None, Query(description="Only those in this state.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The newest documents first. A partner sees what it sent."""
    before = after_id(cursor)
    with hub.database.read() as connection:
        rows = listing.documents(
            connection,
            partner_id=caller.partner_id,
            organisations=caller.organisations,
            state=state,
            before=before,
            limit=limit + 1,
        )
    return render(page([titled(row, language) for row in rows], limit))


@router.get("/{document_id}", summary="Show a document", response_model=Document, responses=problems(401, 404, 422, 429))
def show_document(
    document_id: Id, request: Request, hub: HubDependency, caller: CallerDependency, language: LanguageDependency
) -> Response:
    """Where it stands: state, findings, exchanges."""
    with hub.database.read() as connection:
        documents.visible(connection, document_id, caller.partner_id, caller.organisations)
        shown = _shown(connection, document_id, language, caller)
    return conditional(request, for_caller(caller, shown))


@router.get(
    "/{document_id}/content",
    summary="The bytes as received",
    response_class=Response,
    responses={
        200: {"description": "Exactly the bytes.", "content": {"application/octet-stream": _BINARY}},
        **problems(401, 404, 422, 429),
    },
)
def document_content(document_id: Id, request: Request, hub: HubDependency, caller: CallerDependency) -> Response:
    """Exactly what was sent, as a download, for who may see all messages in it."""
    with hub.database.read() as connection:
        documents.wholly_visible(connection, document_id, caller.partner_id, caller.organisations)
        found = documents.opened(connection, hub.settings.home, document_id)
    return download(request, found, f"document-{document_id}")


@router.get(
    "/{document_id}/acknowledgements",
    summary="What was answered to a document",
    response_model=list[Acknowledgement],
    responses={
        200: {
            "description": "All answers, or with `Accept: application/edi-x12` their bytes.",
            "content": {X12: {**_BINARY, "example": _997}},
        },
        **problems(401, 404, 422, 429, s404="Unknown, not yours to see, or (bytes asked for) not answered yet."),
    },
)
def document_acknowledgements(document_id: Id, request: Request, hub: HubDependency, caller: CallerDependency) -> Response:
    """A list, empty while nothing was answered; with `Accept: application/edi-x12` the bytes of the answers, one after the other."""
    with hub.database.read() as connection:
        documents.wholly_visible(connection, document_id, caller.partner_id, caller.organisations)
    if caller.partner_id is not None:  # own people who look at an answer do not take it from the partner
        outbound.fetched(hub, document_id, caller.label)
    with hub.database.read() as connection:
        accept = request.headers.get("accept", "")
        if any(known in accept for known in acknowledge.known_media_types()):
            body = acknowledge.body_for(connection, hub.settings.home, document_id)
            if body is None:
                raise NotFoundError(f"document {document_id} has no acknowledgement yet")
            return conditional(request, *body)
        return conditional(request, acknowledge.listed(connection, hub.settings.home, document_id))
