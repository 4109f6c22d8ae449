"""Traces: what a lot is made of and where it went. For own people with a key for all organisations, since goods cross between them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from hub.trace import genealogy
from hub_api.dependencies import conditional
from hub_api.errors import problems
from hub_api.routers.views import need_all
from hub_api.security import HubDependency, Staff
from hub_api.view_schemas import Trace

router = APIRouter(prefix="/v1/traces", tags=["traces"])


@router.get(
    "/{key:path}",
    summary="Trace a lot, serial or logistic unit",
    response_model=Trace,
    responses=problems(401, 403, 404, 409, 422, 429, s409="The number means several things; the detail names them."),
)
def show_trace(
    key: str,
    request: Request,
    hub: HubDependency,
    caller: Staff,
    direction: Annotated[Literal["up", "down", "both"], Query(description="up: what it is made of; down: where it went.")] = "down",
    limit: Annotated[int, Query(ge=1, le=genealogy.LIMIT, description="Steps after which the walk is cut.")] = 10_000,
) -> Response:
    """`key` is `<GTIN>|<lot>`, an SSCC, a bare lot or serial number, or a node's own key."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        return conditional(request, genealogy.trace(connection, key, direction, limit))
