"""Devices: what a UDI-DI stands for, by the DI of any level, as of any day. A partner sees its own and what it supplies."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.runtime import Hub
from hub.store import views
from hub_api.dependencies import conditional, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_key
from hub_api.routers.views import view_page
from hub_api.security import CallerDependency, HubDependency
from hub_api.view_schemas import Device

router = APIRouter(prefix="/v1/devices", tags=["master data"])
OnDay = Annotated[date | None, Query(description="As they were or will be on a day; today if left out.", examples=["2026-11-22"])]


@router.get("", summary="List devices", response_model=Page[Device], responses=problems(400, 401, 422, 429))
def list_devices(
    hub: HubDependency,
    caller: CallerDependency,
    find: Annotated[str | None, Query(description="Part of a name or model, or any identifier of the device.", max_length=200)] = None,
    basic_udi_di: Annotated[str | None, Query(description="All devices of a model.", max_length=200)] = None,
    on: OnDay = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """By UDI-DI. Master data belongs to all organisations."""
    position = after_key(cursor)
    with hub.database.read() as connection:
        found = views.devices(
            connection,
            caller.partner_id,
            on=on or _today(hub),
            find=find,
            basic_udi_di=basic_udi_di,
            cursor=position,
            limit=limit,
        )
    return render(view_page(found))


@router.get("/{di:path}", summary="Show a device", response_model=Device, responses=problems(401, 404, 422, 429))
def show_device(di: str, request: Request, hub: HubDependency, caller: CallerDependency, on: OnDay = None) -> Response:
    """By its UDI-DI, or the DI of a package, unit of use, direct mark or another issuer."""
    with hub.database.read() as connection:
        return conditional(request, views.device(connection, di, caller.partner_id, on=on or _today(hub)))


def _today(hub: Hub) -> date:
    return hub.clock.now().date()
