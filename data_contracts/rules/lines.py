"""Rules on a line as a whole: its quantity in its unit, its dates against each other, what identifies its goods.

A judge takes a line and what the document says around it, and yields (member, fault) pairs, or null where all is well.
Members that are wrong by themselves have been reported; judges step over what they cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from data_contracts.codes import Unit, currencies, unit
from data_contracts.rules import members
from data_contracts.rules.members import Fault
from data_contracts.rules.references import References


class Circumstances(NamedTuple):
    """What a document says that its lines need."""

    entity: str
    moment: str
    """ISO day on which goods left, came, were counted or used; empty where the document tells none."""
    purpose: str
    currency: str | None
    credit: bool = False
    """Whether it is a credit note."""


Faults = list[tuple[str, Fault]]
Judge = Callable[[Mapping[str, Any], Circumstances, References | None], Faults | None]

_WHOLE = members.good["quantity"]
_KEYS = ("gtin", "buyer_item", "supplier_item", "item_code")
_CENT = Decimal("0.01")


def _trade(line: Mapping[str, Any], said: Circumstances, references: References | None) -> Faults | None:
    """Lines of orders, responses and invoices: an item, a quantity, a price."""
    found: Faults = []
    _names_item(line, found)
    _quantity(line, said, found)
    price, amount = line.get("unit_price"), line.get("amount")
    if amount is not None and price is not None:
        _amount(line, price, amount, said, found)
    return found or None


def _goods(line: Mapping[str, Any], said: Circumstances, references: References | None) -> Faults | None:
    """Lines of despatch, receipt, stock and production: an item, a lot, perhaps serials, dates, a logistic unit."""
    found: Faults = []
    _names_item(line, found)
    _quantity(line, said, found)
    if "expires_on" in line or "manufactured_on" in line:
        _dates(line, said, found)
    if "serials" in line:
        _serials(line, found)
    if "rejected_quantity" in line:
        _rejected(line, found)
    parent = line.get("parent_sscc")
    if parent.__class__ is str and parent and parent == line.get("sscc"):
        found.append(("parent_sscc", Fault("SSCC-03", got=str(line["parent_sscc"]))))
    if references is not None:
        _controlled(line, said, references, found)
    return found or None


def _changed(line: Mapping[str, Any], said: Circumstances, references: References | None) -> Faults | None:
    """Lines of a change of an order: what is new, or restates the order, must state all that a line of an order does."""
    found: Faults = []
    action = line.get("action")
    if action == "delete":
        return None  # whatever is stated only names the line
    if action == "add" or said.purpose == "replace":
        _names_item(line, found)
        found += [(name, Fault("DOC-01", expected=name)) for name in ("quantity", "unit") if line.get(name) is None]
    _quantity(line, said, found)
    return found or None


def _names_item(line: Mapping[str, Any], found: Faults) -> None:
    if not line.get("gtin") and not any(line.get(key) for key in _KEYS):
        found.append(("", Fault("ITM-01")))


def _quantity(line: Mapping[str, Any], said: Circumstances, found: Faults) -> None:
    """Sign and fraction. Numbers in the memory of good ones are whole and above zero."""
    quantity = line.get("quantity")
    if quantity.__class__ is not Decimal or not quantity.is_finite() or quantity in _WHOLE:
        return
    assert isinstance(quantity, Decimal)
    if quantity <= 0:
        rule = _sign_rule(line, said, quantity)
        if rule is not None:
            found.append(("quantity", Fault(rule, expected="> 0", got=format(quantity, "f"))))
    if abs(quantity) < members.LIMIT and quantity % 1:
        counted = _unit_of(line)
        if counted is not None and counted.countable:
            found.append(("quantity", Fault("QTY-02", got=format(quantity, "f"), params={"unit": counted.code})))


def _sign_rule(line: Mapping[str, Any], said: Circumstances, quantity: Decimal) -> str | None:
    """Which rule a quantity of zero or below breaks here, null where it means something.

    What is credited is above zero: less would be credited back, or only spelled so, and nobody could tell which.

    Nothing in stock, nothing arrived, a line refused by the supplier, a line taken out of an order by a change: all zero.
    ERP systems book stock below zero, and credits have negative lines: told, not refused.
    """
    if said.entity == "InventoryReport":
        return "QTY-03" if quantity < 0 else None
    if said.entity == "Invoice":
        return "QTY-05" if said.credit and quantity < 0 else "QTY-03"
    if said.entity in ("InventoryMovement", "SalesReport", "DeliverySchedule"):
        return None  # signed: a withdrawal, a return, a call-off that is taken back
    if quantity == 0:
        if said.entity == "OrderChange":
            return None
        if said.entity == "ReceivingAdvice" or line.get("status") in ("rejected", "backordered"):
            return None
        if said.entity in ("PurchaseOrder", "OrderResponse") and said.purpose in ("change", "cancel"):
            return None
    return "QTY-01"


def _unit_of(line: Mapping[str, Any]) -> Unit | None:
    code = line.get("unit")
    return unit(code) if isinstance(code, str) else None


def _amount(line: Mapping[str, Any], price: Any, amount: Any, said: Circumstances, found: Faults) -> None:
    quantity = line.get("quantity")
    if not (is_number(price) and is_number(amount) and is_number(quantity)):
        return
    expected = quantity * price
    if abs(expected - amount) > smallest_money(said.currency):
        found.append(("amount", Fault("DOC-04", expected=format(expected.normalize(), "f"), got=format(amount, "f"))))


def is_number(value: Any) -> TypeGuard[Decimal]:
    """Whether this is an exact number that one can reckon with."""
    return value.__class__ is Decimal and value.is_finite()


def smallest_money(code: str | None) -> Decimal:
    """The smallest amount of a currency, by which sums may differ through rounding; a hundredth when the currency is not known."""
    known = currencies().get(code) if isinstance(code, str) else None
    return _CENT if known is None or known.digits is None else Decimal(1).scaleb(-known.digits)


def lot_faults(lot: Mapping[str, Any], said: Circumstances) -> Faults:
    """A lot master record: it names its item, and its dates agree. That a lot has expired is no fault of its record."""
    found: Faults = []
    _names_item(lot, found)
    expires, made = lot.get("expires_on"), lot.get("manufactured_on")
    if expires.__class__ in _DATED and made.__class__ in _DATED:
        for member, fault in _impossible_dates(expires, made, said.moment, held=True):
            found.append((member, fault._replace(params={"lot": str(lot.get("number", ""))})))
    return found


def _dates(line: Mapping[str, Any], said: Circumstances, found: Faults) -> None:
    expires, made = line.get("expires_on"), line.get("manufactured_on")
    held = line.get("status") in ("quarantine", "blocked")
    if expires.__class__ in _DATED and made.__class__ in _DATED:
        for member, fault in _impossible_dates(expires, made, said.moment, held):
            found.append((member, fault._replace(params={"lot": str(line.get("lot", ""))})))


_DATED = (str, type(None))


@lru_cache(maxsize=65_536)
def _impossible_dates(expires: str | None, made: str | None, moment: str, held: bool) -> tuple[tuple[str, Fault], ...]:
    """Dates of a lot against each other and against the day of handling; expired goods that are held back are in order.

    ISO texts compare by their common precision: a month is over only when the next one has begun. Lots of a shipment share
    their dates, hence the cache.
    """
    found = []
    expires = expires if expires and len(expires) in (7, 10) else None
    made = made if made and len(made) in (7, 10) else None
    if expires and made and _later(made, expires):
        found.append(("expires_on", Fault("LOT-03", expected=f"> {made}", got=expires)))
    if expires and moment and not held and _later(moment, expires):
        found.append(("expires_on", Fault("LOT-02", expected=f"≥ {moment}", got=expires)))
    if made and moment and _later(made, moment):
        found.append(("manufactured_on", Fault("LOT-04", expected=f"≤ {moment}", got=made)))
    return tuple(found)


def _later(first: str, second: str) -> bool:
    """Whether the first date is certainly after the second, as far as both are known."""
    length = min(len(first), len(second))
    return first[:length] > second[:length]


def _serials(line: Mapping[str, Any], found: Faults) -> None:
    """Serials name single units: a line in single units has one for each."""
    serials, quantity = line["serials"], line.get("quantity")
    counted = _unit_of(line)
    if not serials or serials.__class__ is not list or quantity.__class__ is not Decimal or counted is None or counted.code != "EA":
        return
    if len(serials) != quantity:
        found.append(("serials", Fault("SER-02", expected=str(quantity), got=str(len(serials)))))


def _rejected(line: Mapping[str, Any], found: Faults) -> None:
    rejected, quantity = line["rejected_quantity"], line.get("quantity")
    if is_number(rejected) and is_number(quantity) and rejected > quantity:
        found.append(("rejected_quantity", Fault("QTY-04", expected=f"≤ {quantity}", got=str(rejected))))


def _controlled(line: Mapping[str, Any], said: Circumstances, references: References, found: Faults) -> None:
    """What the item's golden record demands: a lot, a serial."""
    item = references.item(**{key: line[key] for key in _KEYS if isinstance(line.get(key), str)})
    if item is None:
        return
    if item.lot_controlled and not line.get("lot"):
        found.append(("lot", Fault("LOT-06" if said.entity == "InventoryReport" else "LOT-01", got=item.code)))
    if item.serial_controlled and not line.get("serials") and said.entity != "InventoryReport":
        found.append(("serials", Fault("SER-04", got=item.code)))


def _package(level: Mapping[str, Any], said: Circumstances, references: References | None) -> Faults | None:
    """A packaging level of an item: how many base units it holds."""
    quantity = level.get("quantity")
    if is_number(quantity) and quantity <= 0:
        return [("quantity", Fault("QTY-01", expected="> 0", got=str(quantity)))]
    return None


JUDGES: Mapping[tuple[str, str], Judge] = {
    ("PurchaseOrder", "lines"): _trade,
    ("OrderChange", "lines"): _changed,
    ("OrderResponse", "lines"): _trade,
    ("Invoice", "lines"): _trade,
    ("DespatchAdvice", "lines"): _goods,
    ("ReceivingAdvice", "lines"): _goods,
    ("InventoryReport", "lines"): _goods,
    ("ProductionEvent", "inputs"): _goods,
    ("ProductionEvent", "outputs"): _goods,
    ("DeliverySchedule", "lines"): _trade,
    ("DespatchInstruction", "lines"): _goods,
    ("InventoryMovement", "lines"): _goods,
    ("PriceCatalogue", "lines"): _trade,
    ("SalesReport", "lines"): _goods,
    ("Item", "trade_items"): _package,
}
"""Which judge looks at which list of which entity."""
