"""Stock by organisation, place, item, lot and status: what each system says, and the difference."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from hub.store import views
from hub_api.dependencies import LanguageDependency, for_caller, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_key
from hub_api.routers.orders import Organisation
from hub_api.routers.views import organisations_of, told, view_page
from hub_api.security import CallerDependency, HubDependency
from hub_api.view_schemas import Stock

router = APIRouter(prefix="/v1/inventory", tags=["inventory"])


@router.get("", summary="List stock", response_model=Page[Stock], responses=problems(400, 401, 422, 429))
def list_inventory(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    organisation: Organisation = None,
    location: Annotated[str | None, Query(description="GLN or code of a place.", max_length=100)] = None,
    item: Annotated[str | None, Query(description="Item code or GTIN.", max_length=100)] = None,
    lot: Annotated[str | None, Query(description="Lot number.", max_length=100)] = None,
    status: Annotated[str | None, Query(description="E.g. available, quarantine, blocked, in_transit.", max_length=40)] = None,
    disagreeing: Annotated[bool, Query(description="Only rows about which systems disagree.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Quantities in base units. A partner that counts for us sees its own counts."""
    position = after_key(cursor)
    with hub.database.read() as connection:
        rows, following = views.inventory(
            connection,
            organisations_of(hub, caller, organisation),
            caller.partner_id,
            location=location,
            item=item,
            lot=lot,
            only_disagreeing=disagreeing,
            cursor=position,
            limit=limit,
        )
    shown = [
        {**row, "discrepancies": [told(one, language) for one in row["discrepancies"]]} for row in rows if status in (None, row["status"])
    ]
    return render(view_page((for_caller(caller, shown), following)))
