"""Quality: the latest run of every contract, rule by rule."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hub.store.runs import latest_runs
from hub_api.dependencies import conditional
from hub_api.errors import problems
from hub_api.routers.views import need_all
from hub_api.security import HubDependency, Staff
from hub_api.view_schemas import Quality

router = APIRouter(prefix="/v1/quality", tags=["quality"])


@router.get("", summary="Latest quality runs", response_model=Quality, responses=problems(401, 403, 429))
def show_quality(request: Request, hub: HubDependency, caller: Staff) -> Response:
    """What was checked, how much failed. Contracts cover all organisations, so the key must too."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        return conditional(request, {"items": latest_runs(connection)})
