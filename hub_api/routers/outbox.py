"""The outbox: what goes out, what was given up and why, how it fares at each destination, and the way to send again."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from data_contracts.errors import NotFoundError
from hub import outbound
from hub.runtime import Hub
from hub.store import destinations, outbox, tables
from hub.store.credentials import Caller
from hub_api.dependencies import render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.schemas import Queued, Resend, Shape, Time
from hub_api.security import HubDependency, Mender, Staff

router = APIRouter(prefix="/v1/outbox", tags=["outbox"])
Id = Annotated[int, Path(ge=1, lt=2**63)]


class Parcel(Shape):
    """Bytes on their way to a partner, or delivered, or given up."""

    id: int
    partner: str
    kind: str = Field(description="document, acknowledgement or event.")
    name: str
    exchange: int | None
    route: str | None = Field(description="The transport.")
    destination: str = Field(description="Transport and host; `-` for what was done before destinations were kept.")
    state: str = Field(description="waiting, sent, held (the partner fetches it) or dead (given up).")
    attempts: int
    recorded_at: Time
    next_at: Time | None = Field(description="When it is tried next, at the earliest.")
    sent_at: Time | None
    answer: str | None = Field(description="What the peer answered last, or why it failed.")


class Destination(Shape):
    """Where parcels of one partner go by one route."""

    organisation: str
    partner: str
    destination: str
    state: str = Field(description="closed: all is well; open: it takes nothing any more and is tried one parcel at a time.")
    failures: int = Field(description="In a row.")
    error: str | None
    since: Time | None = Field(description="When it was opened.")
    next_at: Time | None = Field(description="Before this nothing is tried there.")
    waiting: int
    dead: int = Field(description="Parcels that were given up.")
    oldest_at: Time | None = Field(description="The oldest that waits.")


@router.get("", summary="List the outbox", response_model=Page[Parcel], responses=problems(400, 401, 403, 422, 429))
def list_outbox(
    hub: HubDependency,
    caller: Staff,
    state: Annotated[Literal["waiting", "sent", "held", "dead"] | None, Query(description="`dead`: what was given up.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The newest first; of the key's organisations."""
    with hub.database.read() as connection:
        return render(page(outbox.listed(connection, state, limit + 1, caller.organisations, after_id(cursor)), limit))


@router.get("/destinations", summary="List destinations", response_model=Page[Destination], responses=problems(401, 403, 422, 429))
def list_destinations(hub: HubDependency, caller: Staff) -> Response:
    """Those to which something waits or was given up, or that fail; those in trouble first."""
    with hub.database.read() as connection:
        return render({"items": destinations.listed(connection, caller.organisations), "next": None})


class WhatAgain(Resend):
    """Which of what was given up is sent again, and why."""

    destination: str = Field(min_length=1, max_length=500, description="As `GET /v1/outbox/destinations` names it.")
    partner: str | None = Field(None, max_length=200, description="Of this partner alone.")


class SentAgain(Shape):
    """What is in the outbox again."""

    count: int = Field(description="Parcels.")
    superseded: int = Field(description="Parcels that are left as they are, since something newer of the same number has left.")


@router.post(
    "/destinations/resend",
    status_code=202,
    summary="Send all again that was given up for a destination",
    response_model=SentAgain,
    responses={202: {"description": "In the outbox again."}, **problems(401, 403, 404, 409, 422, 429, 503)},
)
def resend_dead(what: WhatAgain, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Of the key's organisations: the same bytes under the same identities, the oldest first, when what was in the way is mended."""
    again = outbound.resend_dead(
        hub, what.destination, caller.label, what.reason, what.partner, caller.organisations, although_superseded=what.although_superseded
    )
    request.app.state.wake.set()
    return render({"count": again.count, "superseded": again.superseded}, 202)


@router.post(
    "/{outbox_id}/resend",
    status_code=202,
    summary="Send a parcel again",
    response_model=Queued,
    responses={202: {"description": "In the outbox again."}, **problems(401, 403, 404, 409, 422, 429, 503)},
)
def resend_parcel(outbox_id: Id, again: Resend, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """The same bytes under the same identity, from the first attempt on: for what was given up, documents and acknowledgements. What is
    older than what the partner was told since is refused (409), unless it is to go although it is superseded."""
    _own(hub, caller, outbox_id)
    number = outbound.resend_parcel(hub, outbox_id, caller.label, again.reason, although_superseded=again.although_superseded)
    request.app.state.wake.set()
    return render({"outbox": number}, 202)


def _own(hub: Hub, caller: Caller, outbox_id: int) -> None:
    with hub.database.read() as connection:
        whose = connection.execute(sa.select(tables.outbox.c.organisation_id).where(tables.outbox.c.id == outbox_id)).scalar_one_or_none()
    if whose is None or whose not in caller.organisations:
        raise NotFoundError(f"there is no outbox entry {outbox_id}")
