"""The audit trail: who did what to what, when and why, before and after, with the hashes that hold it together."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from hub.store import trail
from hub.store.types import micros
from hub.store.unit_of_work import HUB
from hub_api.dependencies import render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_key, encode, not_ours
from hub_api.schemas import Sha256, Shape, Time
from hub_api.security import Auditor, HubDependency, sees_all

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class AuditEntry(Shape):
    """One thing that was done. `udihub audit verify` says whether the whole chain holds."""

    organisation: str | None = Field(description="Of whose chain; null: the hub's own.", examples=["north"])
    sequence: int = Field(description="Its number in that chain, from 1.", examples=[1204])
    at: Time
    actor: str = Field(description="Who: a key's label, a person, a part of the hub.", examples=["Ann"])
    action: str = Field(examples=["case.accepted"])
    subject: str = Field(examples=["case/12"])
    reason: str | None = Field(examples=["one pack more was agreed by telephone"])
    before: Any = Field(description="What was there; null for nothing.", examples=[{"state": "open"}])
    after: Any = Field(description="What is there now; null for nothing.", examples=[{"state": "accepted"}])
    previous: Sha256 = Field(description="Hash of the entry before it in its chain, zeros for the first.")
    hash: Sha256


@router.get("", summary="Read the audit trail", response_model=Page[AuditEntry], responses=problems(400, 401, 403, 422, 429))
def list_audit(
    hub: HubDependency,
    caller: Auditor,
    subject: Annotated[str | None, Query(description="`case/12`, or all cases by `case`.", max_length=400)] = None,
    action: Annotated[str | None, Query(description="`case.accepted`, or all that is done to cases by `case`.", max_length=80)] = None,
    actor: Annotated[str | None, Query(description="Who did it.", max_length=200)] = None,
    since: Annotated[AwareDatetime | None, Query(description="From then on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before then.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The newest first, of the key's organisations; the hub's own chain for keys of all of them."""
    chains: dict[int, str | None] = {number: key for key, number in hub.registry.organisations.items() if number in caller.organisations}
    if sees_all(hub, caller):
        chains[HUB] = None
    asked = trail.Asked(actor, action, subject, _micros(since), _micros(until))
    with hub.database.read() as connection:
        rows, read = trail.listed(connection, chains, asked, limit, _read(cursor))
    return render({"items": rows, "next": None if read is None else encode(json.dumps({str(chain): at for chain, at in read.items()}))})


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _read(cursor: str | None) -> trail.Read | None:
    """How far each chain was read. Raises a 400 problem for a cursor that we did not make."""
    key = after_key(cursor)
    if key is None:
        return None
    try:
        return {int(chain): int(at) for chain, at in json.loads(key).items() if 0 <= int(at) < 2**63}
    except (ValueError, TypeError, AttributeError):
        raise not_ours() from None
