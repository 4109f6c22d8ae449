"""Prices and quantities in a unit of their own: a price for so many of some unit, a quantity beside one in another unit.

A price for a hundred that is read as the price of one is money wrong a hundredfold, and so is a price per kilogram of what is counted in
pieces. Each function therefore takes all that a syntax says about the unit, and converts exactly or refuses (MAP-02, and the message is
held): a basis that is not known, a unit that does not convert (what a case holds is told by its item and not by its name), a price of one
that needs more than six decimals. Written is the price of one, which needs no basis, and a quantity in the unit of its line.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from data_contracts.codes import how_many
from mappings.function_base import Function, bounded, millionths, price_of_one, read_decimal, register, write_decimal
from mappings.functions_edifact import read_number

_ONE = Decimal(1)
_PIECES = "EA"


# --- quantities --------------------------------------------------------------------------------------------------------
def _converted(quantity: Decimal, stated: str, unit: str) -> Decimal:
    """The quantity in the unit of its line, out of one in a unit of its own."""
    if not stated or not unit or stated == unit:
        return quantity
    many = how_many(unit, stated)
    if many is None:
        raise ValueError(f"a quantity in {unit}, or in a unit that {unit} can be converted to")
    return millionths(Fraction(quantity) * many, "a quantity that is exact in the unit of its line, with at most 6 decimals")


@lru_cache(maxsize=16384)
def read_quantity_in(quantity: str, stated: str = "", unit: str = "", rate: str = "") -> Decimal:
    """A quantity with its own unit beside one of the line: rejected of what was received, the least that may be ordered. A rate of 1
    between them (UBL OrderableUnitFactorRate) says that one is the other; any other must be what the units say, so it is not asked."""
    return _converted(read_decimal(quantity), unit if rate and read_decimal(rate) == 1 else stated, unit)


@lru_cache(maxsize=16384)
def read_edifact_quantity_in(quantity: str, stated: str = "", unit: str = "") -> Decimal:
    """The same in EDIFACT."""
    return _converted(read_number(quantity), stated, unit)


# --- prices: feeds, UBL, cXML --------------------------------------------------------------------------------------------------
@lru_cache(maxsize=16384)
def read_price_per(amount: str, quantity: str = "", priced: str = "", unit: str = "") -> Decimal:
    """An amount for so many of a unit (SAP NetPriceAmount and NetPriceQuantity, UBL BaseQuantity), for one of the quantity's unit."""
    return price_of_one(read_decimal(amount), read_decimal(quantity) if quantity else _ONE, priced, unit)


def write_price_per(value: Decimal) -> tuple[str, ...]:
    """The price, for one unit."""
    return (*write_decimal(value), "1")


@lru_cache(maxsize=16384)
def read_price_for_quantity(price: str, priced: str = "", quantity: str = "") -> Decimal:
    """A price beside the quantity in its own unit and the quantity in the order's: both are the same goods (K3Cloud FPriceUnitQty)."""
    amount = read_decimal(price)
    return amount if not priced or not quantity else price_of_one(bounded(amount * read_decimal(priced)), read_decimal(quantity))


@lru_cache(maxsize=16384)
def read_cxml_price(amount: str, quantity: str = "", priced: str = "", unit: str = "", factor: str = "") -> Decimal:
    """UnitPrice and PriceBasisQuantity. A conversionFactor must say what the units themselves say, either way round: partners differ."""
    one = price_of_one(read_decimal(amount), read_decimal(quantity) if quantity else _ONE, priced, unit)
    if factor and (stated := read_decimal(factor)) != 1:
        held = how_many(priced, unit)
        if not stated or held not in (Fraction(stated), 1 / Fraction(stated)):
            raise ValueError(f"a price per {unit or 'unit of the quantity'}")
    return one


# --- prices: EDIFACT ---------------------------------------------------------------------------------------------------
@lru_cache(maxsize=16384)
def read_edifact_price(price: str, per: str = "", priced: str = "", unit: str = "") -> Decimal:
    """The price of one unit, out of a price (PRI 5118) for as many (5284) of a unit (6411). A quantity without a unit is pieces."""
    return price_of_one(read_number(price), read_number(per) if per else _ONE, priced, unit or _PIECES)


# --- prices: X12 -------------------------------------------------------------------------------------------------------
_OF_THE_UNIT = frozenset(
    (
        *("AA", "AB", "AP", "AW", "BD", "BR", "CA", "CP", "CT", "DI", "DR", "DS", "ES", "FB", "FO", "FX", "KA", "KP", "KR", "LR"),
        *("NE", "NQ", "NS", "NT", "PQ", "PR", "PV", "QR", "QT", "RS", "RT", "SC", "SR", "ST", "SW", "TB", "UM", "VQ", "WH"),
    )
)
"""Data element 639: who made the price or what for; it is per unit of measure."""
_BASES: dict[str, tuple[Decimal, str]] = {
    code: (Decimal(many), unit)
    for many, unit, codes in (
        ("1", "EA", "PE LE QE RE TE WE"),
        ("10", "EA", "PN"),
        ("12", "EA", "PD LD RD TD WD"),
        ("100", "EA", "HP LC QH RC TC WC"),
        ("1000", "EA", "TP LM QS RM TM WM"),
        ("10000", "EA", "TT"),
        ("100000", "EA", "HT"),
        ("1", "LB", "PP"),
        ("1", "OZ", "PO"),
        ("1", "KG", "PK"),
        ("1", "GR", "PG"),
        ("1", "L", "PL"),
        ("1", "ML", "ML"),
        ("1", "FT", "PF"),
        ("100", "FT", "HF"),
        ("1000", "FT", "TF"),
        ("1", "YD", "PY"),
        ("1000", "SF", "PS"),
        ("1000", "M", "P1"),
        ("1", "CM", "P2"),
        ("0.1", "M", "P3"),
        ("100", "M", "P4"),
        ("1", "KM", "P5"),
        ("1", "MM", "P6"),
        ("1", "M", "P7"),
    )
    for code in codes.split()
}
"""Data element 639: for how many of what the price is."""


@lru_cache(maxsize=16384)
def read_x12_price(price: str, basis: str = "", priced: str = "", unit: str = "", per: str = "") -> Decimal:
    """The price of one of the line's unit, out of a price (212) with its basis (639), the unit beside it, and for how many it is (380)."""
    amount, many = read_decimal(price), read_decimal(per) if per else _ONE
    unit = unit or priced
    if basis == "NC":  # no charge, whatever price stands beside it
        return Decimal(0)
    if not basis or basis in _OF_THE_UNIT:
        return price_of_one(amount, many, priced, unit)
    if basis not in _BASES:
        raise ValueError("a basis of the price that is known, such as UM, PE or HP")
    count, held = _BASES[basis]
    return price_of_one(amount, many * count, held, unit)


for _function in (
    Function("quantity_in", "decimal", "exact", read_quantity_in, write_decimal, 4, "2 DZ beside a line in EA is 24", (1, 2)),
    Function("edifact_quantity_in", "decimal", "exact", read_edifact_quantity_in, write_decimal, 3, "the same in EDIFACT", (1, 2)),
    Function("price_per", "decimal", "exact", read_price_per, write_price_per, 4, "850 for 100 units is 8.50 for one", (2, 3)),
    Function("price_for_quantity", "decimal", "exact", read_price_for_quantity, write_decimal, 3, "2.00 a KG, 5 KG, 100 EA is 0.10 an EA"),
    Function("cxml_price", "decimal", "exact", read_cxml_price, write_decimal, 5, "UnitPrice for a PriceBasisQuantity", (2, 3)),
    Function("edifact_price", "decimal", "exact", read_edifact_price, write_decimal, 4, "5118 for 5284 of 6411", (2, 3)),
    Function("x12_price", "decimal", "exact", read_x12_price, write_decimal, 5, "325 with the basis HP is 3.25", (2, 3)),
):
    register(_function)
