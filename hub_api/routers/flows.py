"""Flows: which are stopped, why, what waits for them, and their end by a person; how far those that ask a system have asked it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from data_contracts.errors import NotFoundError
from hub import approving, stopping
from hub.runtime import Hub
from hub.store import approvals, stops, watermarks
from hub.store.approvals import Decision
from hub.store.credentials import Caller
from hub_api.dependencies import Id, render
from hub_api.errors import problems
from hub_api.paging import Page, page
from hub_api.schemas import Beside, FactToTell, Shape, Time
from hub_api.security import HubDependency, Mender, Staff, Steward

router = APIRouter(prefix="/v1/flows", tags=["flows"])
_MENDING = problems(401, 403, 404, 409, 422, 429, 503)
Agreement = Annotated[str, Path(description="The agreement under which documents come in.", max_length=200)]


class FlowStop(Shape):
    """A flow that takes nothing in, or did: what comes under its agreement is landed and waits, unanswered."""

    id: int
    agreement: str
    organisation: str
    partner: str
    rule: str | None = Field(description="The rule that was broken; null: a person stopped it.")
    reason: str
    document_id: int | None
    exchange_id: int | None = Field(description="The held message by which it stopped.")
    stopped_at: Time
    stopped_by: str
    waiting: int = Field(description="Documents that wait.")
    resumed_at: Time | None
    resumed_by: str | None
    resumed_reason: str | None


class Watermark(Shape):
    """How far a flow has asked a system for what changed."""

    flow: str
    organisation: str
    partner: str
    watermark: str | None = Field(description="As the flow's transport keeps it: a stamp, of two clauses both, or a token. null: none.")
    pages: int = Field(description="Pages taken in, ever.")
    records: int = Field(description="Records of them that were new or changed.")
    document_id: int | None = Field(description="The last page.")
    moved_at: Time | None
    asked_at: Time | None = Field(description="End of the last pull that came to its end.")
    failure: str | None = Field(description="Why the last pull did not.")
    failed_at: Time | None


class Approval(Shape):
    """What a flow with `approval: required` wants to tell, and what a steward said of it."""

    id: int
    flow: str
    organisation: str
    partner: str
    state: Literal["waiting", "approved", "refused"]
    asked_at: Time
    asked_by: str
    decided_at: Time | None
    decided_by: str | None
    decided_reason: str | None
    count: int = Field(description="Documents.")
    first: list[FactToTell] = Field(description="The first twenty of them.")
    beside: list[Beside] = Field(
        description="What leaves with them and is approved with them, what was refused before first; twenty at most."
    )


class FlowState(Shape):
    """What came of it."""

    agreement: str
    stopped: bool
    documents: int = Field(description="Documents that go on; 0 where it was stopped.")


class Why(BaseModel):
    """The reason, for the audit."""

    model_config = ConfigDict(extra="ignore")

    reason: str = Field(min_length=1, max_length=2000)


@router.get("/stopped", summary="List stopped flows", response_model=Page[FlowStop], responses=problems(401, 403, 422, 429))
def list_stopped(
    hub: HubDependency,
    caller: Staff,
    all_of_them: Annotated[bool, Query(alias="all", description="Also those that were resumed, the last hundred.")] = False,
) -> Response:
    """The newest first; of the key's organisations."""
    with hub.database.read() as connection:
        return render(page(stops.listed(connection, caller.organisations, all_of_them=all_of_them), 100))


@router.get("/watermarks", summary="List watermarks", response_model=Page[Watermark], responses=problems(401, 403, 429))
def list_watermarks(hub: HubDependency, caller: Staff) -> Response:
    """Of flows that ask a system what changed; of the key's organisations. `udihub flow rewind` sets one."""
    with hub.database.read() as connection:
        found = watermarks.listed(connection, caller.organisations)
    return render(page(found, len(found) + 1))


@router.get("/approvals", summary="List approvals", response_model=Page[Approval], responses=problems(401, 403, 422, 429))
def list_approvals(
    hub: HubDependency,
    caller: Staff,
    all_of_them: Annotated[bool, Query(alias="all", description="Also what was decided, the last hundred.")] = False,
) -> Response:
    """What flows with `approval: required` want to tell, the newest first; of the key's organisations."""
    with hub.database.read() as connection:
        return render(page(approvals.listed(connection, caller.organisations, all_of_them=all_of_them), 100))


@router.post("/approvals/{approval_id}/approve", summary="Approve what a flow tells", response_model=Approval, responses=_MENDING)
def approve_flow(approval_id: Id, why: Why, hub: HubDependency, caller: Steward) -> Response:
    """The next push, of a worker or of Airflow, tells it. 409 where it was decided before."""
    return _decide(hub, caller, approval_id, "approved", why.reason)


@router.post("/approvals/{approval_id}/refuse", summary="Refuse what a flow tells", response_model=Approval, responses=_MENDING)
def refuse_flow(approval_id: Id, why: Why, hub: HubDependency, caller: Steward) -> Response:
    """It is never told; a later version of the same document is asked for anew. 409 where it was decided before."""
    return _decide(hub, caller, approval_id, "refused", why.reason)


def _decide(hub: Hub, caller: Caller, number: int, decision: Decision, reason: str) -> Response:
    with hub.database.read() as connection:
        approvals.one(connection, number, caller.organisations)
    return render(approving.decide(hub, number, decision, caller.label, reason))


@router.post("/{agreement}/stop", summary="Stop a flow", response_model=FlowState, responses=_MENDING)
def stop_flow(agreement: Agreement, why: Why, hub: HubDependency, caller: Mender) -> Response:
    """What comes under this agreement is landed and kept waiting until the flow is resumed."""
    _own(hub, caller, agreement)
    stopping.stop(hub, agreement, caller.label, why.reason)
    return render({"agreement": agreement, "stopped": True, "documents": 0})


@router.post("/{agreement}/resume", summary="Resume a flow", response_model=FlowState, responses=_MENDING)
def resume_flow(agreement: Agreement, why: Why, hub: HubDependency, caller: Mender) -> Response:
    """What waits is taken up in the order in which it came. 409 where the flow is not stopped."""
    _own(hub, caller, agreement)
    return render({"agreement": agreement, "stopped": False, "documents": stopping.resume(hub, agreement, caller.label, why.reason)})


def _own(hub: Hub, caller: Caller, agreement: str) -> None:
    known = hub.site.agreements.get(agreement)
    if known is None or known.direction != "in" or hub.organisation_id(known.organisation) not in caller.organisations:
        raise NotFoundError(f"there is no flow {agreement}")
