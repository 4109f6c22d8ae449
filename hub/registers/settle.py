"""What a person decides of a difference: theirs is right, ours is right, or it does not matter.

- accept: theirs is right. The version of our device that is in effect is corrected, as a steward corrects any message: by a document of
  its own, with name and reason, in one transaction with the decision.
- send: ours is right, and the register is to be corrected; it stays until an extract agrees.
- dismiss: it may stay as it is. Other values on either side open it again.
- reopen: decide anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from data_contracts.registers import register_named
from hub import exchange, pipeline
from hub.check import plain
from hub.registers.record import parts, row_of
from hub.runtime import Hub
from hub.store import differences as store
from hub.store import views
from hub.store.unit_of_work import UnitOfWork

Decision = Literal["accept", "send", "dismiss", "reopen"]
_BECOMES: Mapping[str, str] = {"accept": "accepted", "send": "sent", "dismiss": "dismissed", "reopen": "open"}
FROM: Mapping[str, tuple[str, ...]] = {
    "accept": ("open", "sent", "dismissed"),
    "send": ("open", "dismissed"),
    "dismiss": ("open", "sent"),
    "reopen": ("accepted", "sent", "dismissed"),
}
"""States in which a decision may be taken."""


def settle(
    hub: Hub,
    difference_ids: Sequence[int],
    decision: Decision,
    by: str,
    reason: str,
    also: Callable[[UnitOfWork], object] | None = None,
) -> list[dict[str, Any]]:
    """Decide differences, all of them or none; returns them with their histories.

    What is accepted of one device becomes one version of it, since packages often make sense together only. Raises NotFoundError, and
    ConflictError for what cannot be decided so. `also` is done in the same transaction.
    """
    ids = list(dict.fromkeys(difference_ids))
    if not reason.strip():
        raise ConflictError("a decision needs a reason")
    if decision == "accept":
        _accept(hub, ids, by, reason, also)
    else:
        with hub.database.begin(by) as uow:
            for number in ids:
                store.settle(uow, store.taken(uow, number, FROM[decision]), _BECOMES[decision], reason)
            if also is not None:
                also(uow)
    with hub.database.read() as connection:
        return [store.difference(connection, number) for number in ids]


def _accept(hub: Hub, ids: Sequence[int], by: str, reason: str, also: Callable[[UnitOfWork], object] | None) -> None:
    with hub.database.read() as connection:
        rows = [store.stored(connection, number) for number in ids]
        if any(row.kind != "value" for row in rows):
            raise ConflictError("only a value can be accepted: a device comes from, or leaves, the system that keeps our devices")
        if len({row.di for row in rows}) != 1:
            raise ConflictError("differences of one device are accepted at a time")
        device = views.device(connection, rows[0].di, on=hub.clock.now().date())
    named = ", ".join(f"{register_named(row.register).title('en')} difference {row.id}" for row in rows)

    def decided(uow: UnitOfWork, made: int) -> None:
        for row in rows:
            now = store.taken(uow, row.id, FROM["accept"])
            if (now.ours, now.theirs) != (row.ours, row.theirs):
                raise ConflictError(f"difference {row.id} has changed meanwhile")
            store.settle(uow, now, "accepted", reason, made)
        if also is not None:
            also(uow)

    exchange.correct(hub, int(device["exchange_id"]), changes(device, rows), by, f"{named}: {reason}", decided)
    pipeline.reconcile(hub)


def changes(device: Mapping[str, Any], rows: Iterable[sa.Row[Any]]) -> dict[str, Any]:
    """Canonical paths of our device and the values that make it say what the register says."""
    changed: dict[str, Any] = {}
    for row in rows:
        register = register_named(row.register)
        top, key, below = parts(row.member)
        if row.member in ("number", register.section):
            raise ConflictError(f"{row.member} cannot be taken over from a register; change it in the system that keeps our devices")
        if key is None:
            changed[row.member] = row.stated
            continue
        listed = changed.setdefault(top, [plain(one) for one in device.get(top) or ()])
        own = row_of(register, {top: listed}, top, key)
        if below is None:
            changed[top] = [one for one in listed if one is not own] + ([] if row.stated is None else [row.stated])
        elif own is None:
            raise ConflictError(f"our device has no {top} {key} any more")
        else:
            changed[top] = [{**one, below: row.stated} if one is own else one for one in listed]
    return changed
