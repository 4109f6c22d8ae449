"""Reading the standing lines of orders, for views and for reconcile."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hub.store.crosswalk import OWN_SYSTEMS, ItemName, names_of
from hub.store.lists import among
from hub.store.suppliers import suppliers
from hub.store.tables import application, line, partner
from hub.store.views.changes import as_changed
from hub.store.views.credited import named_only_by_invoice, on_their_orders
from hub.store.views.picture import STAGES, Contribution, OrderPicture, pictures


def supplier_said(member: str) -> sa.ColumnElement[str]:
    """What an order's header says of its supplier: `code` or `gln`."""
    said: sa.ColumnElement[str] = application.c.header[("supplier", member)].as_string()
    return said


_STATEMENT = (
    sa.select(
        application.c.id,
        application.c.subject_id,
        application.c.purpose,
        application.c.exchange_id,
        application.c.organisation_id,
        application.c.partner_id,
        partner.c.key.label("partner_key"),
        partner.c.kind.label("partner_kind"),
        application.c.kind,
        application.c.number,
        application.c.revision,
        application.c.issued_at,
        application.c.effective_at,
        application.c.reference,
        application.c.currency,
        supplier_said("code").label("supplier_code"),
        supplier_said("gln").label("supplier_gln"),
        line,
    )
    .select_from(line)
    .join(application, application.c.id == line.c.application_id)
    .join(partner, partner.c.id == application.c.partner_id)
    .where(application.c.standing)
)


def contribution(row: Any) -> Contribution:
    """A row of the statement above as a value."""
    return Contribution(
        application_id=row.application_id,
        exchange_id=row.exchange_id,
        organisation_id=row.organisation_id,
        partner_id=row.partner_id,
        partner_key=row.partner_key,
        kind=row.kind,
        number=row.number,
        revision=row.revision,
        issued_at=row.issued_at,
        effective_at=row.effective_at,
        reference=row.reference,
        currency=row.currency,
        ordinal=row.ordinal,
        locator=row.locator,
        line=row.line,
        order_number=row.order_number,
        order_line=row.order_line,
        name=ItemName(row.partner_id, row.gtin, row.item_code, row.supplier_item, row.buyer_item),
        description=row.description,
        quantity=row.quantity,
        unit=row.unit,
        rejected=row.rejected_quantity,
        unit_price=row.unit_price,
        lot=row.lot,
        status=row.status,
        due_on=row.due_on,
        own=row.partner_kind in OWN_SYSTEMS,
        supplier_code=row.supplier_code,
        supplier_gln=row.supplier_gln,
        whole=row.role == "whole",
        money=row.role == "price",
    )


def order_parts(connection: sa.Connection, numbers: Collection[str]) -> list[Contribution]:
    """Everything that standing documents say of these order numbers, in all organisations; orders as their changes left them."""
    if not numbers:
        return []
    rows = connection.execute(_STATEMENT.where(among(connection, line.c.order_number, sorted(numbers))))
    parts = as_changed(connection, [(row, contribution(row)) for row in rows if row.kind in STAGES])
    return parts + [part for part in _credited(connection, parts) if part.order_number in numbers]


def _credited(connection: sa.Connection, parts: Collection[Contribution]) -> list[Contribution]:
    """What credit notes say that name no order but one of the invoices among these parts; most orders have none."""
    invoices = {part.number for part in parts if part.kind == "invoice"}
    if not invoices:
        return []
    notes = [contribution(row) for row in connection.execute(_STATEMENT.where(named_only_by_invoice(connection, invoices)))]
    if not notes:
        return []
    credited = sorted({note.reference for note in notes if note.reference is not None})
    named = _STATEMENT.where(application.c.kind == "invoice", among(connection, application.c.number, credited))
    return on_their_orders(notes, [contribution(row) for row in connection.execute(named)])


def order_pictures(connection: sa.Connection, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int, int], OrderPicture]:
    """Pictures of orders by (number, organisation, issuer) for the (number, organisation) `keys`; of what does not stand there is none."""
    wanted = set(keys)
    parts = [
        part for part in order_parts(connection, {number for number, _ in wanted}) if (part.order_number, part.organisation_id) in wanted
    ]
    return pictures(parts, names_of(connection, [part.name for part in parts]), suppliers(connection))
