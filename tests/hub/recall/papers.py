"""One finished lot on paper: made by the MES, despatched and received by the WMS, as the mappings yield it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.recall.locate import Answers, locate
from hub.recall.scope import Scope, affected
from hub.recall.whereabouts import LotAccount
from hub.reconcile import reconcile
from hub.store import genealogy, lot_history
from hub.trace.closure import recall_list
from hub.trace.edges import EdgeKind
from tests.hub.world import PLANT, World, at, delivery, production, receipt

D = Decimal
GTIN = "06901234000029"
F1 = f"lot:{GTIN}|F1"
CL, CLINIC = "4012345000023", "4012345000047"
SSCC = "069012340000000025"


def row(quantity: int | None = None, **members: Any) -> dict[str, Any]:
    said = {"line": "1", "gtin": GTIN, "lot": "F1", "quantity": None if quantity is None else D(quantity), "unit": "EA", "@": 2, **members}
    return {name: value for name, value in said.items() if value is not None}


def made(number: str = "PE1", quantity: int = 10, **members: Any) -> dict[str, Any]:
    return production(number, inputs=[], outputs=[row(quantity, **members)])


def sent(number: str = "D1", quantity: int | None = 4, to: Any = CL, day: int = 18, lines: Any = None, **header: Any) -> dict[str, Any]:
    place = {"gln": to} if isinstance(to, str) else to
    return delivery(number, ship_to=place, despatched_at=at(day), issued_at=at(day), lines=lines or [row(quantity)], **header)


def came(number: str, quantity: int, place: Any = PLANT, despatch: str | None = None, day: int = 22, **header: Any) -> dict[str, Any]:
    where = {"gln": place} if isinstance(place, str) else place
    said = receipt(number, location=where, received_at=at(day), issued_at=at(day), lines=[row(quantity)], **header)
    del said["order_number"]
    said["despatch_number"] = despatch
    return {name: value for name, value in said.items() if value is not None}


def event(number: str, **members: Any) -> dict[str, Any]:
    return {
        "entity": "ObjectEvent", "number": number, "event_hash": f"ni:///sha-256;{number.encode().hex():0>64}?ver=CBV2.0",
        "issued_at": at(14), "occurred_at": at(14), "time_zone_offset": "+08:00", "action": "OBSERVE", "@": 1, **members,
    }  # fmt: skip


def story(
    world: World, *messages: tuple[str, Mapping[str, Any]], scope: Scope | None = None, answers: Answers | None = None, lot: str = "F1"
) -> LotAccount:
    """The account of a lot after these messages."""
    for message in messages:
        world.send(message)
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        found = affected(connection, scope or Scope(lots=(F1,)))
        [one] = [one for one in locate(connection, found, answers or {}) if one.lot.lot == lot]
        if scope is None and not any(said.get("biz_step") == "void_shipping" for _, said in messages):
            assert _destinations(connection, [number for lot in found.lots for number in lot.nodes]) <= one.account.consignees.keys()
    assert sum((at.quantity for at in one.account.positions), D(0)) == one.account.total
    return one.account


def _destinations(connection: sa.Connection, lots: list[int]) -> set[str]:
    """The customers' places to which the recall list has the lots go: each of them is told, whatever else is known."""
    shipments = genealogy.lots_by_key(connection, {one.shipment for one in recall_list(connection, lots)})
    keys = lot_history.places_of(connection, set(shipments.values()), int(EdgeKind.ARRIVING)).values()
    return {key.removeprefix("location:") for key in keys} & {CL, CLINIC}


def where(found: LotAccount) -> list[tuple[str, str, Decimal]]:
    return [(one.where, one.holder, one.quantity) for one in found.positions]


def rules(found: LotAccount) -> list[str]:
    return [one.rule for one in found.contradictions]
