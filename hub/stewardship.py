"""What a steward does with master data, each in one transaction with its audit, and what follows from it reconciled before it returns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from hub import pipeline
from hub.masterdata import decide, places
from hub.masterdata.clusters import Source
from hub.masterdata.decide import Answer, Asked
from hub.masterdata.impact import impact
from hub.runtime import Hub
from hub.store import decisions
from hub.store import suspects as cases
from hub.store.unit_of_work import UnitOfWork


def ask(hub: Hub, asked: Asked, by: str) -> dict[str, Any]:
    """Ask for a decision on master data; returns the request, done or waiting for a second person. Raises NotFoundError, ConflictError."""
    sources = [asked.source, *([asked.other] if asked.other else [])]
    touched = {} if asked.kind == places.KIND else touches(hub, asked.kind, sources)
    with hub.database.begin(by) as uow:
        number, _ = decide.ask(uow, asked, hub.site.masterdata.rules, touched)
    return _after(hub, number)


def answer(
    hub: Hub,
    suspect_id: int,
    said: Answer,
    reason: str,
    by: str,
    key: int | None,
    also: Callable[[UnitOfWork], object] | None = None,
) -> dict[str, Any]:
    """Decide a suspected duplicate; returns it, with the request that came of it. Raises NotFoundError, ConflictError.

    `also` is done in the same transaction.
    """
    with hub.database.read() as connection:
        found = cases.suspect(connection, suspect_id)
    sources = [(found[side]["system"], found[side]["code"]) for side in ("left", "right")]
    touched = touches(hub, found["kind"], sources) if said != "later" else None
    with hub.database.begin(by) as uow:
        number, _ = decide.settle(uow, suspect_id, said, reason, hub.site.masterdata.rules, key, touched)
        if also is not None:
            also(uow)
    request = None if number is None else _after(hub, number)
    with hub.database.read() as connection:
        return {**cases.suspect(connection, suspect_id), "request": request}


def approve(hub: Hub, request_id: int, reason: str | None, by: str, key: int | None) -> dict[str, Any]:
    """Approve what somebody else asked for. Raises NotFoundError, ConflictError."""
    with hub.database.begin(by) as uow:
        decide.approve(uow, request_id, reason, key, hub.site.masterdata.rules)
    return _after(hub, request_id)


def refuse(hub: Hub, request_id: int, reason: str, by: str, key: int | None) -> dict[str, Any]:
    """Refuse a request, or take one's own back. Raises NotFoundError, ConflictError."""
    with hub.database.begin(by) as uow:
        decide.refuse(uow, request_id, reason, key)
    return _after(hub, request_id)


def touches(hub: Hub, kind: str, sources: Collection[Source]) -> dict[str, Any]:
    """What a change of these records touches, told before it is made."""
    with hub.database.read() as connection:
        return impact(connection, kind, sources)


def _after(hub: Hub, request_id: int) -> dict[str, Any]:
    pipeline.reconcile(hub)
    with hub.database.read() as connection:
        return decisions.request(connection, request_id)
