"""Orders: each line with what was ordered, confirmed, despatched, received and invoiced, and who says so."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from data_contracts.findings import Language
from hub.runtime import Hub
from hub.store import views
from hub.store.credentials import Caller
from hub_api.dependencies import LanguageDependency, conditional, for_caller, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_id
from hub_api.routers.views import organisations_of, told, view_page
from hub_api.security import CallerDependency, HubDependency
from hub_api.view_schemas import Order

router = APIRouter(prefix="/v1/orders", tags=["orders"])
Organisation = Annotated[str | None, Query(description="Key of one of our organisations; leave it out for all.", max_length=200)]
_STAGES = ("ordered", "confirmed", "despatched", "received", "invoiced")
_OWN = frozenset({"erp", "wms", "mes", "scm", "qms"})


@router.get("", summary="List orders", response_model=Page[Order], responses=problems(400, 401, 422, 429))
def list_orders(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    organisation: Organisation = None,
    disagreeing: Annotated[bool, Query(description="Only orders about which sources disagree.")] = False,
    find: Annotated[str | None, Query(description="Beginning of an order number.", max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The newest first, with all lines. A partner sees the orders that name it, with its own papers only."""
    position = after_id(cursor)
    with hub.database.read() as connection:
        rows, following = views.orders(
            connection,
            organisations_of(hub, caller, organisation),
            caller.partner_id,
            only_disagreeing=disagreeing,
            find=find,
            cursor=position,
            limit=limit,
        )
    return render(view_page(([_shown(hub, caller, row, language) for row in rows], following)))


@router.get("/{number:path}", summary="Show an order", response_model=Order, responses=problems(401, 404, 409, 422, 429))
def show_order(
    number: str,
    request: Request,
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    organisation: Organisation = None,
    issuer: Annotated[str | None, Query(description="Key of the partner that issued the order.", max_length=200)] = None,
) -> Response:
    """Every line: ordered, confirmed, despatched, received, invoiced, each with the facts it is made of, and what disagrees.

    409 when several orders bear the number: name organisation or issuer.
    """
    with hub.database.read() as connection:
        found = views.order(connection, number, organisations_of(hub, caller, organisation), caller.partner_id, issuer)
    return conditional(request, _shown(hub, caller, found, language))


def _shown(hub: Hub, caller: Caller, order: dict[str, Any], language: Language) -> dict[str, Any]:
    def sources(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A partner is told what it and our own systems say, not what a third party does."""
        if caller.partner_id is None:
            return rows
        own = hub.registry.partner_key(caller.partner_id)
        kinds = {key: partner.kind for key, partner in hub.site.partners.items()}
        return [row for row in rows if row["partner"] == own or kinds.get(row["partner"]) in _OWN]

    def line(row: dict[str, Any]) -> dict[str, Any]:
        stages = {stage: {**row[stage], "sources": sources(row[stage]["sources"])} for stage in _STAGES}
        return {**row, **stages, "discrepancies": [told(one, language) for one in row["discrepancies"]]}

    shown = {
        **order,
        "lines": [line(row) for row in order["lines"]],
        "unmatched": sources(order["unmatched"]),
        "discrepancies": [told(one, language) for one in order["discrepancies"]],
    }
    out: dict[str, Any] = for_caller(caller, shown)
    return out
