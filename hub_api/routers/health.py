"""Health for supervisors (open: it says nothing about content), and metrics for Prometheus (with a key)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data_contracts.errors import HubError
from hub.store import figures
from hub.store.types import micros
from hub_api.dependencies import render
from hub_api.errors import problems
from hub_api.metrics import CONTENT_TYPE, Metrics
from hub_api.schemas import Health
from hub_api.security import HubDependency, Watcher

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Is the process alive", response_model=Health)
def live() -> Response:
    """Answers while the process can answer; a supervisor restarts it when not."""
    return render({"status": "ok", "checks": {}})


@router.get(
    "/health/ready",
    summary="Can it do its work",
    response_model=Health,
    responses={503: {"description": "Not now: take it out of the balancer.", "model": Health}},
)
def ready(request: Request, hub: HubDependency) -> Response:
    """The store answers, and takes writes; the worker of this process, if it has one, is at work."""
    checks = {"store": "ok"}
    try:
        hub.database.check()
    except HubError:
        checks["store"] = "failing"
    worker = request.app.state.worker
    if worker is not None:
        checks["worker"] = "ok" if worker.is_well() else "failing"
    if request.app.state.listeners is not None and not request.app.state.listeners.are_well():
        checks["streams"] = "failing"
    well = all(state == "ok" for state in checks.values())
    return render({"status": "ok" if well else "failing", "checks": checks}, 200 if well else 503)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": 'udihub_documents{state="received"} 0.0'}},
        },
        **problems(401, 403, 429),
    },
)
def metrics(request: Request, hub: HubDependency, _caller: Watcher) -> Response:
    """Counts by state and requests by route; never a partner's text. Needs the role integration, auditor or admin."""
    known: Metrics = request.app.state.metrics
    with hub.database.read() as connection:
        content = known.text(figures.figures(connection), micros(hub.clock.now()))
    return Response(content, media_type=CONTENT_TYPE)
