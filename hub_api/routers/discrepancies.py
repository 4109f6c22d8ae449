"""Discrepancies: where two sources say different things about one order line, stock or master record."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from hub.store import views
from hub_api.dependencies import LanguageDependency, for_caller, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_key
from hub_api.routers.views import told, view_page
from hub_api.security import CallerDependency, HubDependency, sees_all
from hub_api.view_schemas import Discrepancy

router = APIRouter(prefix="/v1/discrepancies", tags=["discrepancies"])


@router.get("", summary="List discrepancies", response_model=Page[Discrepancy], responses=problems(400, 401, 422, 429))
def list_discrepancies(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    rule: Annotated[str | None, Query(description="E.g. ORD-12.", max_length=40)] = None,
    scope: Annotated[Literal["order", "stock", "item", "party", "device", "lot"] | None, Query(description="What they are about.")] = None,
    order: Annotated[str | None, Query(description="Order number.", max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The open ones. A partner sees those about its own papers; those of master data need a key for all organisations."""
    position = after_key(cursor)
    with hub.database.read() as connection:
        rows, following = views.discrepancies(
            connection,
            caller.organisations,
            caller.partner_id,
            unowned=sees_all(hub, caller),
            rule=rule,
            scope_kind=scope,
            order_number=order,
            cursor=position,
            limit=limit,
        )
    return render(view_page((for_caller(caller, [told(row, language) for row in rows]), following)))
