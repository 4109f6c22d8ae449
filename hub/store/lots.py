"""What standing documents say of a lot, a serial number or a logistic unit: who names it, and the lot's dates. Found by index only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.keys import item_part, lot_key
from hub.store.lists import among
from hub.store.tables import application, edge, line, node, partner


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose documents count: of these organisations (null: all), and of this partner only (null: everybody's)."""

    organisations: frozenset[int] | None = None
    partner_id: int | None = None

    def sees(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """The statement over `application`, narrowed to what may be seen."""
        if self.organisations is not None:
            statement = statement.where(application.c.organisation_id.in_(sorted(self.organisations)))
        return statement if self.partner_id is None else statement.where(application.c.partner_id == self.partner_id)


@dataclass(frozen=True, slots=True)
class Said:
    """What one document says of a lot: who sent it, and the dates as stated (`2028-12-31`, `2028-12`)."""

    partner: str
    kind: str
    number: str
    expires_on: str | None
    manufactured_on: str | None


def is_spoken_of(connection: sa.Connection, nodes: Collection[int], sight: Sight) -> bool:
    """Whether a standing application has an edge at one of these nodes."""
    found = sa.select(application.c.id).where(application.c.id.in_(_touching(connection, nodes)), application.c.standing)
    return connection.execute(sight.sees(found).limit(1)).first() is not None


def _touching(connection: sa.Connection, nodes: Collection[int]) -> Any:
    ids = sorted(nodes)
    return sa.union(*(sa.select(edge.c.application_id).where(among(connection, end, ids)) for end in (edge.c.src, edge.c.dst)))


def said_of_lot(connection: sa.Connection, keys: Collection[str], nodes: Collection[int], sight: Sight) -> list[Said]:
    """What dates the lines of all standing applications at these nodes state of the lot that has these node keys, the first ones first;
    lines that state the same are one. None is left out: a later document may contradict the first.
    """
    lots = {key.partition("|")[2] for key in keys}
    statement = (
        sa.select(
            application.c.kind, application.c.number, partner.c.key.label("partner"), partner.c.kind.label("partner_kind"),
            line.c.gtin, line.c.item_code, line.c.supplier_item, line.c.buyer_item, line.c.lot, line.c.expires_on, line.c.manufactured_on,
        )
        .select_from(line)
        .join(application, application.c.id == line.c.application_id)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(
            application.c.id.in_(_touching(connection, nodes)),
            application.c.standing,
            line.c.lot.in_(sorted(lots)),
            sa.or_(line.c.expires_on.is_not(None), line.c.manufactured_on.is_not(None)),
        )
        .order_by(line.c.application_id, line.c.ordinal)
    )  # fmt: skip
    found: dict[Said, None] = {}
    for row in connection.execute(sight.sees(statement)):
        own = row.partner_kind in OWN_SYSTEMS
        part = item_part(row.partner, own, row.gtin, row.item_code, row.supplier_item, row.buyer_item)
        if part is not None and lot_key(part, row.lot) in keys:
            found.setdefault(Said(row.partner, row.kind, row.number, row.expires_on, row.manufactured_on))
    return list(found)


def lots_of_serials(connection: sa.Connection, serials: Collection[int], commissioning: int, sight: Sight) -> list[tuple[int, str]]:
    """Id and key of the lots that serial numbers came from, as documents say that may be seen; `commissioning` is the kind of edge
    that says so.
    """
    statement = (
        sa.select(node.c.id, node.c.key)
        .select_from(edge)
        .join(node, node.c.id == edge.c.src)
        .join(application, application.c.id == edge.c.application_id)
        .where(among(connection, edge.c.dst, sorted(serials)), edge.c.kind == commissioning)
    )
    return [(row.id, row.key) for row in connection.execute(sight.sees(statement).distinct().order_by(node.c.key))]
