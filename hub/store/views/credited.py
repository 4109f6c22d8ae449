"""Credit notes that name no order but an invoice of their sender: they count for the order lines that the invoice names.

A credit may be here before its invoice, so nothing is decided when it comes: whoever reads an order asks which invoices of it were
credited. Which line is meant, the credit says by its own order line or its item; where the invoice has several that fit, and they are of
different orders, nobody can tell, and it counts for none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, line

if TYPE_CHECKING:
    from hub.store.views.picture import Contribution

Invoice = tuple[int, int, str]
"""Organisation, sender and number."""


def named_only_by_invoice(connection: sa.Connection, numbers: Collection[str]) -> sa.ColumnElement[bool]:
    """Condition on lines that are of standing credit notes of these invoices and name no order."""
    return sa.and_(
        application.c.kind == "credit_note",
        application.c.order_number.is_(None),
        sa.func.coalesce(line.c.order_number, "") == "",  # no index of lines is to be searched: counts of stock name no order either
        among(connection, application.c.reference, sorted(numbers)),
    )


def orders_of_invoices(connection: sa.Connection, invoices: Collection[Invoice]) -> set[tuple[str, int]]:
    """Numbers and organisations of the orders that these invoices name, whether they stand or not."""
    if not invoices:
        return set()
    owner, sender, number = application.c.organisation_id, application.c.partner_id, application.c.number
    rows = connection.execute(
        sa.select(owner, sender, number, line.c.order_number)
        .select_from(application)
        .join(line, line.c.application_id == application.c.id)
        .where(
            application.c.kind == "invoice",
            among(connection, number, sorted({invoice[2] for invoice in invoices})),
            line.c.order_number.is_not(None),
        )
        .distinct()
    )
    return {(order, organisation) for organisation, partner, name, order in rows if (organisation, partner, name) in invoices}


def on_their_orders(notes: Iterable[Contribution], invoiced: Iterable[Contribution]) -> list[Contribution]:
    """Credits with the order, and where the invoice says it the order line, of the invoice line that each takes back."""
    lines: dict[Invoice, list[Contribution]] = {}
    for part in invoiced:
        if part.order_number:
            lines.setdefault((part.organisation_id, part.partner_id, part.number), []).append(part)
    found = []
    for credit in notes:
        meant = _meant(credit, lines.get((credit.organisation_id, credit.partner_id, credit.reference or ""), ()))
        if meant is not None:
            found.append(replace(credit, order_number=meant.order_number, order_line=credit.order_line or meant.order_line))
    return found


def _meant(credit: Contribution, lines: Sequence[Contribution]) -> Contribution | None:
    """The line of the invoice that is credited; one that says no order line where only the order is certain."""
    fitting = [one for one in lines if _fits(credit, one)]
    places = {(one.order_number, one.order_line) for one in fitting}
    if len(places) == 1:
        return fitting[0]
    orders = {one.order_number for one in fitting or lines}
    return replace((fitting or lines)[0], order_line=None) if len(orders) == 1 else None


def _fits(credit: Contribution, one: Contribution) -> bool:
    """Whether both say the same order line, or the same item by any name that both give."""
    if credit.order_line and one.order_line:
        return credit.order_line.lstrip("0") == one.order_line.lstrip("0")
    said, billed = credit.name, one.name
    names = ("gtin", "item_code", "supplier_item", "buyer_item")
    return any(getattr(said, name) is not None and getattr(said, name) == getattr(billed, name) for name in names)
