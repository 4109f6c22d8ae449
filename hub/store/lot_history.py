"""Every line of every standing document that speaks of a lot, found by the trace's edges, and what systems count of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store.event_tables import event, event_thing
from hub.store.keys import serial_key
from hub.store.lists import among
from hub.store.tables import application, balance, crosswalk, edge, line, movement, node, organisation, partner
from hub.store.visibility import TYPES

_MOVING = ("despatch_advice", "receiving_advice", "production_event")
_MOVING_EVENTS = (TYPES["ObjectEvent"], TYPES["TransformationEvent"])


_COLUMNS = (
    application.c.id, application.c.exchange_id, application.c.kind, application.c.number, application.c.reference,
    application.c.organisation_id, application.c.partner_id, partner.c.key, partner.c.kind, application.c.effective_at,
    application.c.location, application.c.header, line.c.role, line.c.lot, line.c.gtin, line.c.item_code, line.c.supplier_item,
    line.c.buyer_item, line.c.quantity, line.c.rejected_quantity, line.c.unit, line.c.sscc, line.c.serials, line.c.status, line.c.detail,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LotLine:
    """One line that names a lot, with the document in which it stands."""

    application_id: int
    exchange_id: int
    kind: str
    number: str
    reference: str | None
    """Receipts: the despatch that they answer."""
    organisation_id: int
    partner_id: int
    partner_key: str
    partner_kind: str
    effective_at: int | None
    location: str | None
    header: Mapping[str, Any]
    role: str
    lot: str | None
    gtin: str | None
    item_code: str | None
    supplier_item: str | None
    buyer_item: str | None
    quantity: Decimal | None
    rejected: Decimal | None
    unit: str | None
    sscc: str | None
    serials: tuple[str, ...]
    status: str | None
    detail: Mapping[str, Any]


def lines_of_lots(
    connection: sa.Connection,
    nodes: Collection[int],
    lots: Collection[str],
    serials: Collection[str] = (),
    units: Collection[str] = (),
    any_lot: bool = False,
) -> list[LotLine]:
    """Lines with one of these lot numbers, or without one (`any_lot`: or with another) but with these serial numbers or logistic units
    (SSCC), in the standing documents whose edges touch these nodes."""
    applications = touching(connection, nodes)
    if not applications:
        return []
    rows = connection.execute(
        sa.select(*_COLUMNS)
        .select_from(application)
        .join(line, line.c.application_id == application.c.id)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(
            among(connection, application.c.id, sorted(applications)),
            application.c.standing,
            application.c.kind.in_(_MOVING),
            sa.true() if any_lot else sa.or_(among(connection, line.c.lot, sorted(lots)), line.c.lot.is_(None)),
        )
        .order_by(application.c.id, line.c.ordinal)
    )
    known, cartons, numbers = set(serials), set(units), set(lots)
    found = [_line(row) for row in rows]
    return [one for one in found if one.lot in numbers or not known.isdisjoint(one.serials) or one.sscc in cartons]


def touching(connection: sa.Connection, nodes: Collection[int]) -> set[int]:
    """Applications with an edge at these nodes."""
    chosen, found = sorted(nodes), set()
    for column in (edge.c.src, edge.c.dst):
        found |= set(
            connection.execute(
                sa.select(edge.c.application_id).distinct().where(among(connection, column, chosen), edge.c.application_id != 0)
            ).scalars()
        )
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """A standing document or event as a whole."""

    id: int
    exchange_id: int
    kind: str
    number: str
    partner_id: int
    partner_key: str
    partner_kind: str
    organisation_id: int
    effective_at: int | None
    location: str | None
    header: Mapping[str, Any]


def told(connection: sa.Connection, applications: Collection[int]) -> dict[int, Told]:
    """Standing applications by id."""
    rows = connection.execute(
        sa.select(
            application.c.id, application.c.exchange_id, application.c.kind, application.c.number, application.c.partner_id,
            partner.c.key, partner.c.kind, application.c.organisation_id, application.c.effective_at, application.c.location,
            application.c.header,
        )
        .join(partner, partner.c.id == application.c.partner_id)
        .where(among(connection, application.c.id, sorted(applications)), application.c.standing)
    )  # fmt: skip
    return {row[0]: Told(*row) for row in rows}


def events_about(connection: sa.Connection, nodes: Collection[int]) -> list[tuple[int, str]]:
    """Application and body of the shown events of things and of making that speak of these nodes, in a fixed order."""
    speaking = sa.select(event_thing.c.event_id).where(among(connection, event_thing.c.node_id, sorted(nodes)))
    rows = connection.execute(
        sa.select(event.c.application_id, event.c.body)
        .where(event.c.id.in_(speaking), event.c.shown, sa.not_(event.c.derived), event.c.type.in_(_MOVING_EVENTS))
        .order_by(event.c.id)
    )
    return [(row[0], row[1]) for row in rows]


def serials_of(connection: sa.Connection, lots: Collection[int], commissioning: int) -> list[tuple[int, int, str]]:
    """Lot, serial (node ids) and the serial's key, of every unit of these lots whose lot is known by an edge of this kind."""
    rows = connection.execute(
        sa.select(edge.c.src, node.c.id, node.c.key)
        .distinct()
        .join(node, node.c.id == edge.c.dst)
        .where(among(connection, edge.c.src, sorted(lots)), edge.c.kind == commissioning)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def places_of(connection: sa.Connection, nodes: Collection[int], kind: int) -> dict[int, str]:
    """Key of the place that an edge of this kind leads to, by node."""
    place = node.alias()
    rows = connection.execute(
        sa.select(edge.c.src, place.c.key)
        .join(place, place.c.id == edge.c.dst)
        .where(among(connection, edge.c.src, sorted(nodes)), edge.c.kind == kind)
        .order_by(edge.c.src, edge.c.application_id)
    )
    return {row[0]: row[1] for row in rows}


def names_of_places(
    connection: sa.Connection, places: Collection[str], kinds: Collection[str], partner_key: str | None = None
) -> dict[str, str]:
    """GLN of the places that the records of systems of these kinds (`partner_key`: of this partner) know by these codes; a code of two
    parties means nothing.
    """
    gln, giver = crosswalk.alias(), partner.alias()
    rows = connection.execute(
        sa.select(crosswalk.c.value, gln.c.value)
        .join(gln, sa.and_(gln.c.golden_id == crosswalk.c.golden_id, gln.c.kind == "party", gln.c.scheme == "gln"))
        .join(giver, crosswalk.c.scheme == sa.literal("code:") + giver.c.key)
        .where(
            crosswalk.c.kind == "party",
            among(connection, crosswalk.c.value, sorted(places)),
            giver.c.kind.in_(sorted(kinds)) if partner_key is None else giver.c.key == partner_key,
        )
    )
    found: dict[str, set[str]] = {}
    for code, known in rows:
        found.setdefault(code, set()).add(known)
    return {code: min(known) for code, known in found.items() if len(known) == 1}


def places_worked_at(connection: sa.Connection, places: Collection[str], kinds: Collection[str]) -> set[str]:
    """Those of the places at which partners of these kinds receive, make or move anything."""
    rows = connection.execute(
        sa.select(application.c.location)
        .distinct()
        .join(partner, partner.c.id == application.c.partner_id)
        .where(
            application.c.kind.in_(("receiving_advice", "production_event", "inventory_movement")),
            application.c.standing,
            partner.c.kind.in_(sorted(kinds)),
            among(connection, application.c.location, sorted(places)),
        )
    )
    return set(rows.scalars())


def partner_places(connection: sa.Connection, kinds: Collection[str]) -> dict[str, str]:
    """GLN → key of the partners of these kinds."""
    rows = connection.execute(sa.select(partner.c.gln, partner.c.key).where(partner.c.kind.in_(sorted(kinds)), partner.c.gln.is_not(None)))
    return {row[0]: row[1] for row in rows}


def movements_of_lots(connection: sa.Connection, nodes: Collection[int], lots: Collection[str], since: int | None) -> list[LotLine]:
    """Lines of movements within a warehouse (scrapping, corrections, change of status) that name these lots, since a moment."""
    lot = node.alias()
    rows = connection.execute(
        sa.select(*_COLUMNS)
        .select_from(application)
        .join(movement, movement.c.application_id == application.c.id)
        .join(lot, lot.c.id == movement.c.lot_id)
        .join(line, sa.and_(line.c.application_id == application.c.id, line.c.ordinal == movement.c.ordinal))
        .join(partner, partner.c.id == application.c.partner_id)
        .where(
            application.c.kind == "inventory_movement",
            application.c.standing,
            application.c.effective_at >= (since or 0),
            among(connection, movement.c.lot_id, sorted(nodes)),
            among(connection, line.c.lot, sorted(lots)),
        )
        .order_by(application.c.id, line.c.ordinal)
    )
    return [_line(row) for row in rows]


def _line(row: Any) -> LotLine:
    *plain, serials, status, detail = row
    return LotLine(*(*plain, tuple(serials or ()), status, detail or {}))


def places_of_lots(connection: sa.Connection, nodes: Collection[int]) -> set[tuple[str, int]]:
    """Places, with the organisation, at which some book has had these lots."""
    rows = connection.execute(
        sa.select(balance.c.location, balance.c.organisation_id).distinct().where(among(connection, balance.c.lot_id, sorted(nodes)))
    )
    return {(row[0], row[1]) for row in rows}


def organisation_keys(connection: sa.Connection) -> dict[int, tuple[str, str | None]]:
    """Key and GLN of our organisations by id."""
    rows = connection.execute(sa.select(organisation.c.id, organisation.c.key, organisation.c.gln))
    return {row.id: (row.key, row.gln) for row in rows}


def shipments_by(connection: sa.Connection, partner_key: str, since: int | None, until: int | None, shipping: int) -> list[int]:
    """Nodes of the shipments of which a partner's standing despatch advices and events tell by edges of this kind, sent from `since` to
    `until` (microseconds UTC, both included); those of which it does not say when are among them.
    """
    at = application.c.effective_at
    statement = (
        sa.select(edge.c.dst)
        .distinct()
        .select_from(application)
        .join(partner, partner.c.id == application.c.partner_id)
        .join(edge, sa.and_(edge.c.application_id == application.c.id, edge.c.kind == shipping))
        .where(partner.c.key == partner_key, application.c.kind.in_(("despatch_advice", "event")), application.c.standing)
        .order_by(edge.c.dst)
    )
    if since is not None:
        statement = statement.where(sa.or_(at.is_(None), at >= since))
    if until is not None:
        statement = statement.where(sa.or_(at.is_(None), at <= until))
    return list(connection.execute(statement).scalars())


def serials_of_item(
    connection: sa.Connection, part: str, commissioning: int, serial: str | None = None
) -> list[tuple[str | None, str, int]]:
    """Lot key (null: not known), key and node of every unit of an item, named as in a node's key, or of the one with this number."""
    lot, unit = node.alias(), node.alias()
    wanted = unit.c.key.startswith(f"serial:{part}|", autoescape=True) if serial is None else unit.c.key == serial_key(part, serial)
    rows = connection.execute(
        sa.select(lot.c.key, unit.c.key, unit.c.id)
        .select_from(unit)
        .outerjoin(edge, sa.and_(edge.c.dst == unit.c.id, edge.c.kind == commissioning))
        .outerjoin(lot, lot.c.id == edge.c.src)
        .where(unit.c.kind == "serial", wanted)
        .order_by(unit.c.key)
    )
    return list(dict.fromkeys((row[0], row[1], row[2]) for row in rows))
