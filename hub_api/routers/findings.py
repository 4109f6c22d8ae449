"""Findings: what rules found wrong with what came, in the reader's language."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from hub.store import listing
from hub_api.dependencies import LARGEST_ID, LanguageDependency, for_caller, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.schemas import FindingRow
from hub_api.security import CallerDependency, HubDependency, sees_all

router = APIRouter(prefix="/v1/findings", tags=["findings"])


@router.get("", summary="List findings", response_model=Page[FindingRow], responses=problems(400, 401, 422, 429))
def list_findings(
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    rule: Annotated[str | None, Query(description="E.g. GS1-01.", max_length=40)] = None,
    severity: Annotated[Literal["error", "warning", "info"] | None, Query(description="Only of this severity.")] = None,
    document: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Id of a document.")] = None,
    exchange: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Id of an exchange.")] = None,
    open_only: Annotated[bool, Query(alias="open", description="Only those that nobody has dealt with.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The newest first. A partner sees those about what it sent; what belongs to no organisation only keys for all of them see."""
    before = after_id(cursor)
    with hub.database.read() as connection:
        rows = listing.findings(
            connection,
            language,
            partner_id=caller.partner_id,
            organisations=caller.organisations,
            unowned=caller.partner_id is not None or sees_all(hub, caller),
            rule=rule,
            severity=severity,
            document_id=document,
            exchange_id=exchange,
            open_only=open_only,
            before=before,
            limit=limit + 1,
        )
    return render(for_caller(caller, page(rows, limit)))
