"""Totals of written cXML: the DTD demands sums that the hub does not keep, since they are what the lines add up to."""

from __future__ import annotations

from decimal import Decimal

from lxml import etree

from connectors.formats.xml.places import below


def state_total(root: etree._Element) -> None:
    """Fill in the total that stands without an amount. Raises ValueError where it is demanded and a line has no price."""
    order = below(root, "Request", "OrderRequest", "OrderRequestHeader", "Total")
    confirmation = below(root, "Request", "ConfirmationRequest", "ConfirmationHeader", "Total")
    subtotal = below(root, "Request", "InvoiceDetailRequest", "InvoiceDetailSummary", "SubtotalAmount")
    if _is_open(order):
        _say(order, [_priced(item, below(item, "ItemDetail")) for item in root.iter("ItemOut")], demanded=True)
    if _is_open(confirmation):
        _say(confirmation, [_priced(status, status) for status in root.iter("ConfirmationStatus")], demanded=False)
    if _is_open(subtotal):
        _say(subtotal, [_amount(below(item, "SubtotalAmount", "Money")) for item in root.iter("InvoiceDetailItem")], demanded=True)


def _is_open(total: etree._Element | None) -> bool:
    money = below(total, "Money")
    return money is not None and not money.text


def _say(total: etree._Element | None, amounts: list[Decimal | None], *, demanded: bool) -> None:
    """Write the sum, or take out a total that cannot be told and need not be."""
    money, parent = below(total, "Money"), total.getparent() if total is not None else None
    if money is None or total is None or parent is None:
        return
    known = [amount for amount in amounts if amount is not None]
    if len(known) == len(amounts):
        money.text = format(sum(known, Decimal(0)), "f")
    elif demanded:
        raise ValueError("a line has no price, so the document has no total, which cXML demands")
    else:
        parent.remove(total)


def _priced(item: etree._Element, holder: etree._Element | None) -> Decimal | None:
    """Quantity times price of a line; null where it states no price."""
    price, basis = _amount(below(holder, "UnitPrice", "Money")), below(holder, "PriceBasisQuantity")
    if price is None:
        return None
    units = Decimal((basis.get("quantity") if basis is not None else None) or "1")
    return Decimal(item.get("quantity") or "0") * price / units


def _amount(money: etree._Element | None) -> Decimal | None:
    return Decimal(money.text) if money is not None and money.text else None
