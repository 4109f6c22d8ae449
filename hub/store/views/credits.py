"""What credit notes take back of an order line: goods, or only money. Pure.

A credit of goods lowers what was invoiced. Credits that the partner calls money only (UN/CEFACT 1001: 83), and those whose price is that of
no invoice of the line (a difference of prices is credited for all pieces), leave the quantity: they do not mend what was invoiced twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.store.views.picture import Contribution, LinePicture

Named = tuple[int, int]
"""Application and ordinal of a line of an invoice."""
_CENT = Decimal("0.01")


def told_apart(line: LinePicture) -> None:
    """Mark the credits of a line that are of money only."""
    parts = line.of("invoiced")
    if not any(part.kind == "credit_note" for part in parts):
        return
    prices = {line.price_in_order_units(part) for part in parts if part.kind == "invoice"} - {None}
    line.parts["invoiced"] = [replace(part, money=True) if prices and _priced_apart(line, part, prices) else part for part in parts]


def _priced_apart(line: LinePicture, part: Contribution, prices: set[Decimal | None]) -> bool:
    price = line.price_in_order_units(part)
    return part.kind == "credit_note" and price is not None and price not in prices


def mended(line: LinePicture, asked: Decimal, allowed: Decimal) -> set[Named]:
    """Lines of invoices whose price needs no word: taken back whole at their own price, or what they ask above `asked` was credited.

    `allowed` is what the price of one unit may differ by. A credit that names an invoice counts for that one only; one that names none
    goes to the invoices in the order of their issue.
    """
    invoices = [part for part in line.of("invoiced") if part.kind == "invoice"]
    notes = [part for part in line.of("invoiced") if part.kind == "credit_note"]
    found: set[Named] = set()
    if not notes:
        return found
    left = {_name(part): _size(line, part) for part in notes}
    for invoice in invoices:
        price, quantity = line.price_in_order_units(invoice), line.in_order_units(invoice)
        if price is None or not quantity:
            continue
        goods = [part for part in _of(notes, invoice) if not part.money and line.price_in_order_units(part) in (price, None)]
        if _take(left, goods, quantity, Decimal(0)):
            found.add(_name(invoice))
            continue
        over = (price - asked) * quantity
        money = [part for part in _of(notes, invoice) if part.money and part.currency == invoice.currency]
        if over > 0 and _take(left, money, over, max(allowed * quantity, _CENT)):
            found.add(_name(invoice))
    return found


def _name(part: Contribution) -> Named:
    return part.application_id, part.ordinal


def _of(notes: list[Contribution], invoice: Contribution) -> Iterator[Contribution]:
    """Those of the invoice's sender that name it, then those that name none."""
    own = [part for part in notes if part.partner_id == invoice.partner_id]
    yield from (part for part in own if part.reference == invoice.number)
    yield from (part for part in own if part.reference is None)


def _size(line: LinePicture, part: Contribution) -> Decimal:
    """Units of the order that a credit of goods takes back, or the money of one of money; zero where it cannot be told."""
    quantity = line.in_order_units(part, part.quantity)
    if quantity is None or not part.money:
        return quantity or Decimal(0)
    return quantity * (line.price_in_order_units(part) or Decimal(0))


def _take(left: dict[Named, Decimal], notes: list[Contribution], wanted: Decimal, allowed: Decimal) -> bool:
    """Whether what is left of these credits covers what is wanted, which then is used up."""
    if sum((left[_name(part)] for part in notes), Decimal(0)) < wanted - allowed or not notes:
        return False
    for part in notes:
        used = min(left[_name(part)], wanted)
        left[_name(part)] -= used
        wanted -= used
    return True
