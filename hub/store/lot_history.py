"""Every line of every standing document that speaks of a lot, found by the trace's edges, and what systems count of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, balance, crosswalk, edge, line, movement, node, organisation, partner

_MOVING = ("despatch_advice", "receiving_advice", "production_event")


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
    connection: sa.Connection, nodes: Collection[int], lots: Collection[str], serials: Collection[str] = (), units: Collection[str] = ()
) -> list[LotLine]:
    """Lines with one of these lot numbers, or without one but with these serial numbers or logistic units (SSCC), in the standing
    documents whose edges touch these nodes."""
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
            sa.or_(among(connection, line.c.lot, sorted(lots)), line.c.lot.is_(None)),
        )
        .order_by(application.c.id, line.c.ordinal)
    )
    known, cartons = set(serials), set(units)
    found = [_line(row) for row in rows]
    return [one for one in found if one.lot is not None or not known.isdisjoint(one.serials) or one.sscc in cartons]


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


def event_edges(connection: sa.Connection, nodes: Collection[int]) -> list[Any]:
    """Edges at these nodes that events tell of, `(application_id, kind, src, dst, quantity, unit)`, in a fixed order."""
    chosen = sorted(nodes)
    rows = connection.execute(
        sa.select(edge.c.application_id, edge.c.kind, edge.c.src, edge.c.dst, edge.c.quantity, edge.c.unit)
        .join(application, application.c.id == edge.c.application_id)
        .where(
            application.c.kind == "event",
            application.c.standing,
            sa.or_(among(connection, edge.c.src, chosen), among(connection, edge.c.dst, chosen)),
        )
        .order_by(edge.c.application_id, edge.c.kind, edge.c.src, edge.c.dst)
    )
    return list(rows)


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


def names_of_places(connection: sa.Connection, places: Collection[str]) -> dict[str, str]:
    """GLN of the places that our master data know by these codes; a code of two parties means nothing."""
    gln = crosswalk.alias()
    rows = connection.execute(
        sa.select(crosswalk.c.value, gln.c.value)
        .join(gln, sa.and_(gln.c.golden_id == crosswalk.c.golden_id, gln.c.kind == "party", gln.c.scheme == "gln"))
        .where(
            crosswalk.c.kind == "party",
            crosswalk.c.scheme.startswith("code:", autoescape=True),
            among(connection, crosswalk.c.value, sorted(places)),
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


def lots_despatched_by(connection: sa.Connection, partner_key: str, since: int | None, until: int | None) -> set[str]:
    """Keys of the lots that a partner's standing despatch advices name, sent from `since` to `until` (microseconds UTC, both included)."""
    statement = (
        sa.select(node.c.key)
        .distinct()
        .select_from(application)
        .join(partner, partner.c.id == application.c.partner_id)
        .join(edge, edge.c.application_id == application.c.id)
        .join(node, node.c.id == edge.c.src)
        .where(partner.c.key == partner_key, application.c.kind == "despatch_advice", application.c.standing, node.c.kind == "lot")
    )
    if since is not None:
        statement = statement.where(application.c.effective_at >= since)
    if until is not None:
        statement = statement.where(application.c.effective_at <= until)
    return set(connection.execute(statement).scalars())


def serials_with_lots(connection: sa.Connection, part: str, commissioning: int) -> list[tuple[str, str]]:
    """Lot key and serial number of every unit of an item, named as in a node's key, whose lot is known by an edge of this kind."""
    lot, unit = node.alias(), node.alias()
    rows = connection.execute(
        sa.select(lot.c.key, unit.c.key)
        .select_from(unit)
        .join(edge, sa.and_(edge.c.dst == unit.c.id, edge.c.kind == commissioning))
        .join(lot, lot.c.id == edge.c.src)
        .where(unit.c.kind == "serial", unit.c.key.startswith(f"serial:{part}|", autoescape=True))
        .order_by(unit.c.key)
    )
    return [(row[0], row[1].partition("|")[2]) for row in rows]
