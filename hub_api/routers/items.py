"""Items: what every system says of them, and all the names by which they are known. For own people only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.store import views
from hub_api.dependencies import conditional, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_key
from hub_api.routers.views import view_page
from hub_api.security import HubDependency, Staff
from hub_api.view_schemas import Master

router = APIRouter(prefix="/v1/items", tags=["master data"])


@router.get("", summary="List items", response_model=Page[Master], responses=problems(400, 401, 403, 422, 429))
def list_items(
    hub: HubDependency,
    _caller: Staff,
    find: Annotated[str | None, Query(description="Part of a code or name, or a GTIN.", max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """By code. Master data belongs to all organisations."""
    position = after_key(cursor)
    with hub.database.read() as connection:
        return render(view_page(views.items(connection, find=find, cursor=position, limit=limit)))


@router.get("/{name:path}", summary="Show an item", response_model=Master, responses=problems(401, 403, 404, 422, 429))
def show_item(name: str, request: Request, hub: HubDependency, _caller: Staff) -> Response:
    """By a code of any system, a supplier's number, or a GTIN of any packaging level."""
    with hub.database.read() as connection:
        return conditional(request, views.item(connection, name))
