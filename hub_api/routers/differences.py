"""Differences of devices: what registers publish otherwise than we say, and what our people decide of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from data_contracts.registers import RegisterName, register_named
from hub.registers.settle import Decision, settle
from hub.store import differences as store
from hub_api.dependencies import Id, conditional, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.schemas import Severity, Shape, Time
from hub_api.security import HubDependency, Staff, Steward

router = APIRouter(prefix="/v1/devices", tags=["master data"])
State = Literal["open", "accepted", "sent", "dismissed", "closed"]
Kind = Literal["value", "missing_there", "missing_here"]


class DifferenceStep(Shape):
    """A step of a difference's story."""

    at: Time
    state: State
    actor: str
    reason: str | None
    ours: Any
    theirs: Any
    extract: str | None
    as_of: str | None
    exchange_id: int | None


class Difference(Shape):
    """What a register says otherwise than we do of one member of one device."""

    id: int
    register_: RegisterName = Field(alias="register")
    kind: Kind = Field(description="`missing_there`: we sell it there and it is not published; `missing_here`: published under our name.")
    di: str = Field(description="Our UDI-DI; of what is missing here, theirs.")
    member: str = Field(
        description="Path in a device, rows by their keys; empty: the whole device.", examples=["packages[26901234500053].quantity"]
    )
    called: str = Field(description="What the register calls the member.")
    severity: Severity
    ours: Any
    theirs: Any
    state: State
    since: str | None = Field(description="Day of the version that the register publishes.")
    name: str | None = None
    model: str | None = None
    company: str | None = None
    extract: str = Field(description="The extract in which it was seen last with these values.")
    as_of: str
    exchange_id: int | None = Field(description="Accepted: the version of our device that came of it.")
    reason: str | None
    opened_at: Time
    changed_at: Time
    changed_by: str
    history: list[DifferenceStep] | None = Field(default=None, description="Of a single one: its story.")


class DeviceExtract(Shape):
    """An extract that was compared."""

    id: int
    register_: RegisterName = Field(alias="register")
    name: str
    sha256: str
    as_of: str
    scope: Literal["full", "changes"]
    whole: bool | None = Field(description="Whether all of it could be read; null: the comparison has not come to its end.")
    records: int | None
    matched: int | None = Field(description="Our devices in it.")
    compared_at: Time
    compared_by: str


class Decisions(BaseModel):
    """What is decided of differences, all of them or none. `accept` takes those of one device, which become one version of it."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=500)
    decision: Decision = Field(description="accept: theirs is right; send: ours is, the register is to be corrected; dismiss; reopen.")
    reason: str = Field(min_length=1, max_length=2000)


@router.get(
    "/differences", summary="List differences from registers", response_model=Page[Difference], responses=problems(400, 401, 403, 422, 429)
)
def list_differences(
    hub: HubDependency,
    caller: Staff,
    register: Annotated[RegisterName | None, Query(description="GUDID, EUDAMED or NMPA's UDID.")] = None,
    state: Annotated[list[State] | None, Query(description="Repeatable; the open ones if left out.")] = None,
    kind: Annotated[Kind | None, Query(description="A member's value, or a device that is missing on one side.")] = None,
    severity: Annotated[Severity | None, Query(description="How much it weighs.")] = None,
    di: Annotated[str | None, Query(description="UDI-DI of one device, in its normal form.", max_length=120)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The newest first. Master data belongs to all organisations; partners are not told."""
    before = after_id(cursor)
    with hub.database.read() as connection:
        rows = store.listed(
            connection, register=register, states=state or ["open"], kind=kind, severity=severity, di=di, before=before, limit=limit + 1
        )
    return render(page([_told(row) for row in rows], limit))


@router.get("/extracts", summary="List extracts that were compared", response_model=Page[DeviceExtract], responses=problems(401, 403, 429))
def list_extracts(hub: HubDependency, caller: Staff) -> Response:
    """The last hundred, the newest first."""
    with hub.database.read() as connection:
        return render(page(store.extracts(connection, 100), 100))


@router.get(
    "/differences/{difference_id}", summary="Show a difference", response_model=Difference, responses=problems(401, 403, 404, 422, 429)
)
def show_difference(difference_id: Id, request: Request, hub: HubDependency, caller: Staff) -> Response:
    """With all that was seen and decided of it."""
    with hub.database.read() as connection:
        return conditional(request, _told(store.difference(connection, difference_id)))


@router.post(
    "/differences/decisions",
    summary="Decide differences",
    response_model=list[Difference],
    responses=problems(400, 401, 403, 404, 409, 422, 429),
)
def decide(decided: Decisions, hub: HubDependency, caller: Steward) -> Response:
    """By a named steward, with a reason. What is accepted becomes a version of our device."""
    return render([_told(row) for row in settle(hub, decided.ids, decided.decision, caller.label, decided.reason)])


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "called": register_named(row["register"]).named(row["member"]) if row["member"] else ""}
