"""A partner tries a document out: what would become of it, and the acknowledgement that he would get. Nothing is stored or sent."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from data_contracts.errors import NotFoundError
from hub import selftest
from hub.commands import selftest_page
from hub.who import Claimant
from hub_api.dependencies import LanguageDependency, accepted, render
from hub_api.errors import ProblemError, problems
from hub_api.intake import Body, TooLargeError, take
from hub_api.routers.documents import organisations_of, partner_of
from hub_api.security import HubDependency, Poster
from hub_api.selftest_schemas import SelfTest

router = APIRouter(prefix="/v1/selftest", tags=["documents"])
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_HTML = "text/html"
_SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff"}


@router.post(
    "",
    summary="Try a document out",
    response_model=SelfTest,
    responses={
        200: {
            "description": "The report; with `Accept: text/html` as a page.",
            "content": {_HTML: {"schema": {"type": "string"}, "example": "<!DOCTYPE html>…"}},
        },
        **problems(400, 401, 403, 404, 413, 422, 429, s400="A broken form, or no partner named.", s404="There is no such agreement."),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/edi-x12": {**_BINARY, "example": "ISA*00*…"},
                "application/octet-stream": _BINARY,
                "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _BINARY["schema"]}, "required": ["file"]}},
            },
        }
    },
)
async def try_document(
    request: Request,
    hub: HubDependency,
    caller: Poster,
    language: LanguageDependency,
    agreement: Annotated[str | None, Query(description="The agreement of a feed, where several fit.", max_length=200)] = None,
    partner: Annotated[
        str | None, Query(description="Own people and systems only: the partner whose document it would be.", max_length=200)
    ] = None,
) -> Response:
    """The body is the document as it would be posted to `/v1/documents`, or multipart/form-data with one file. The report says what was
    recognised, what is wrong and where, what would become of each message, what was understood, and the acknowledgement with control
    numbers from 1. What only the store knows is not judged: whether the number came before, and what others say of the same."""
    whose = partner_of(hub, caller, partner)
    claimant = Claimant(whose, frozenset(organisations_of(hub, caller)), agreement)
    known = {one.agreement for one in hub.site.inbound(whose, claimant.organisations)}
    if agreement is not None and agreement not in known:
        raise NotFoundError(f"there is no agreement {agreement}; there are {', '.join(sorted(known)) or 'none'}")
    try:
        body = await take(request, hub.settings.max_body)
    except TooLargeError as error:
        raise ProblemError(
            413, "Too large", f"A body may have {error.limit} bytes; a part of it tells as much.", headers={"Connection": "close"}
        ) from error

    def told(taken: Body) -> dict[str, Any]:
        return selftest.report(cast("BinaryIO", taken.stream), taken.name or "document", hub.site, claimant, hub.clock.now(), language)

    try:
        report = await run_in_threadpool(told, body)
    finally:
        body.stream.close()
    if _HTML in accepted(request, "accept"):
        return Response(selftest_page.page(report, language), 200, _SAFE, media_type=_HTML)
    return render(report)
