"""Exchanges: the story of each message, and giving one another chance, always with a reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from hub import exchange, outbound
from hub.runtime import Hub
from hub.store import documents, evidence, listing
from hub.store.credentials import Caller
from hub_api.dependencies import Id, LanguageDependency, conditional, download, for_caller, render
from hub_api.errors import problems
from hub_api.languages import titled
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.schemas import Again, Because, Correction, Exchange, ExchangeRow, Made, Queued, Resend
from hub_api.security import CallerDependency, HubDependency, Mender

router = APIRouter(prefix="/v1/exchanges", tags=["exchanges"])
_READING = problems(401, 404, 422, 429)
_MENDING: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "The new exchange; the first one stays as it was.",
        "model": Made,
        "headers": {"Location": {"description": "The new exchange.", "schema": {"type": "string"}, "example": "/v1/exchanges/42"}},
    },
    **problems(401, 403, 404, 409, 422, 429, 503, s409="Its state forbids it, or the new version has blocking findings."),
}


@router.get("", summary="List or find exchanges", response_model=Page[ExchangeRow], responses=problems(400, 401, 422, 429))
def list_exchanges(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    find: Annotated[str | None, Query(description="An order, despatch, invoice, lot or control number, whole.", max_length=200)] = None,
    state: Annotated[str | None, Query(description="E.g. applied, quarantined, rejected, sent.", max_length=40)] = None,
    type_: Annotated[str | None, Query(alias="type", description="Message type, e.g. 856.", max_length=80)] = None,
    partner: Annotated[str | None, Query(description="Key of the partner.", max_length=200)] = None,
    direction: Annotated[Literal["in", "out"] | None, Query(description="in: received; out: sent.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The newest first. A partner sees what it sent and what was sent to it."""
    before = after_id(cursor)
    wanted = caller.partner_id
    if partner is not None:
        named = hub.registry.partners.get(partner)
        if named is None or wanted not in (None, named):
            return render({"items": [], "next": None})
        wanted = named
    with hub.database.read() as connection:
        rows = listing.exchanges(
            connection,
            find=find,
            state=state,
            type_=type_,
            direction=direction,
            partner_id=wanted,
            organisations=caller.organisations,
            before=before,
            limit=limit + 1,
        )
    return render(page([titled(row, language) for row in rows], limit))


@router.get("/{exchange_id}", summary="Show an exchange", response_model=Exchange, responses=_READING)
def show_exchange(
    exchange_id: Id, request: Request, hub: HubDependency, caller: CallerDependency, language: LanguageDependency
) -> Response:
    """Identity, states, findings, acknowledgements, replays."""
    with hub.database.read() as connection:
        documents.exchange_visible(connection, exchange_id, caller.partner_id, caller.organisations)
        shown = evidence.show(connection, exchange_id, language)
    return conditional(request, for_caller(caller, titled(shown, language)))


@router.get(
    "/{exchange_id}/content",
    summary="The message's bytes",
    response_class=Response,
    responses={
        200: {
            "description": "Exactly its part of the document.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **_READING,
    },
)
def exchange_content(exchange_id: Id, request: Request, hub: HubDependency, caller: CallerDependency) -> Response:
    """The message as it stands in its document (X12: ST to SE), or what was written to go out, as a download.

    Of a correction own people get the correction, its partner what it sent.
    """
    with hub.database.read() as connection:
        row = documents.exchange_visible(connection, exchange_id, caller.partner_id, caller.organisations)
        found = documents.opened_message(connection, hub.settings.home, row, corrections=caller.partner_id is None)
    return download(request, found, f"exchange-{exchange_id}")


@router.post("/{exchange_id}/replay", status_code=201, summary="Map again", response_model=Made, responses=_MENDING)
def replay_exchange(exchange_id: Id, again: Again, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Map the original bytes again with today's mapping and agreement, and apply the outcome in place of what speaks now: the newest of
    its replays and corrections, whichever of them is named. Corrections are laid over it again, unless dropped.
    """
    _visible(hub, caller, exchange_id)
    return _made(request, hub, exchange.replay(hub, exchange_id, caller.label, again.reason, drop_corrections=again.drop_corrections))


@router.post("/{exchange_id}/correct", status_code=201, summary="Correct", response_model=Made, responses=_MENDING)
def correct_exchange(exchange_id: Id, correction: Correction, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Apply a new version of a message beside the original, over earlier corrections. Paths count all rows, those left out included.

    A version that still has blocking findings is refused by name; rows that are still bad are left out.
    """
    _visible(hub, caller, exchange_id)
    return _made(request, hub, exchange.correct(hub, exchange_id, correction.fields, caller.label, correction.reason))


@router.post("/{exchange_id}/copy", status_code=201, summary="Send as new", response_model=Made, responses=_MENDING)
def copy_exchange(exchange_id: Id, because: Because, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Send what was sent again as something new, under new control numbers."""
    _visible(hub, caller, exchange_id)
    return _made(request, hub, outbound.copy(hub, exchange_id, caller.label, because.reason))


@router.post(
    "/{exchange_id}/resend",
    status_code=202,
    summary="Only send again",
    response_model=Queued,
    responses={202: {"description": "In the outbox again."}, **problems(401, 403, 404, 409, 422, 429, 503)},
)
def resend_exchange(exchange_id: Id, again: Resend, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Send the same bytes again under the same identity, by which the peer can tell a repeat. What is older than what the partner was told
    since is refused (409), unless it is to go although it is superseded."""
    _visible(hub, caller, exchange_id)
    number = exchange.resend(hub, exchange_id, caller.label, again.reason, although_superseded=again.although_superseded)
    request.app.state.wake.set()
    return render({"outbox": number}, 202)


def _visible(hub: Hub, caller: Caller, exchange_id: int) -> None:
    with hub.database.read() as connection:
        documents.exchange_visible(connection, exchange_id, caller.partner_id, caller.organisations)


def _made(request: Request, hub: Hub, exchange_id: int) -> Response:
    request.app.state.wake.set()
    with hub.database.read() as connection:
        state = evidence.show(connection, exchange_id)["state"]
    return render({"exchange": exchange_id, "state": state}, 201, {"Location": f"/v1/exchanges/{exchange_id}"})
