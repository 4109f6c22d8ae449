"""The datasets that contracts speak of: standing rows of the store, by contract name.

Each is a SELECT over the store's tables with the contract's columns in the contract's order (a test holds that). Only what stands is
judged: what was withdrawn, replaced or cancelled is evidence, not truth. `partner_id` is who sent the row (0: nobody known),
`exchange_id` where it can be looked at.

The statements serve SQLite and PostgreSQL alike. Numbers are `Exact`: scaled integers in SQLite. So a contract's SQL compares them with
each other or with zero only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FromClause, FunctionElement

from hub.store.tables import application, crosswalk, exchange, exchange_history, line, master_record, organisation, partner

Dataset = Callable[[int], sa.Select[Any]]
"""Makes the SELECT as of an instant (microseconds UTC)."""

_DIGITS = "0123456789"


class _Day(FunctionElement[str]):
    """Calendar day of an instant (microseconds) at an offset (minutes), as ISO text."""

    type = sa.Text()
    inherit_cache = True


@compiles(_Day, "sqlite")
def _day_sqlite(element: _Day, compiler: Any, **options: Any) -> str:
    instant, offset = (compiler.process(clause, **options) for clause in element.clauses)
    return f"date({instant} / 1000000 + {offset} * 60, 'unixepoch')"


@compiles(_Day, "postgresql")
def _day_postgresql(element: _Day, compiler: Any, **options: Any) -> str:
    instant, offset = (compiler.process(clause, **options) for clause in element.clauses)
    return f"to_char(to_timestamp({instant} / 1000000 + {offset} * 60) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


# --- parts -------------------------------------------------------------------------------------------------------------
def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sa.case((condition, 1), else_=0)


def _remainder(column: ColumnElement[Any], length: int) -> ColumnElement[int | None]:
    """Weighted digit sum of a GS1 key modulo 10 (GS1 General Specifications 7.9): 0 when the check digit is right, null if misshapen."""
    weights = [3 if (length - place) % 2 else 1 for place in range(length, 0, -1)][::-1]
    digits = [sa.cast(sa.func.substr(column, place, 1), sa.Integer) * weights[place - 1] for place in range(1, length + 1)]
    total: ColumnElement[Any] = digits[0]
    for digit in digits[1:]:
        total = total + digit
    shaped = sa.and_(sa.func.length(column) == length, sa.func.trim(column, _DIGITS) == "")
    # No modulo operator: a percent sign in the text would be read as a parameter by one of the drivers on the way.
    return sa.case((shaped, total - total // 10 * 10), else_=None)


def _item_known() -> ColumnElement[int]:
    """Whether any of the names that a line gives its item stands in the crosswalk."""
    named = crosswalk.c.value.in_([line.c.gtin, line.c.item_code, line.c.buyer_item, line.c.supplier_item])
    return _flag(sa.exists().where(crosswalk.c.kind == "item", named).correlate(line))


def _stands(kind: str, number: ColumnElement[Any]) -> ColumnElement[int]:
    other = application.alias()
    same = (other.c.kind == kind, other.c.standing, other.c.number == number, other.c.organisation_id == application.c.organisation_id)
    return _flag(sa.exists().where(*same).correlate(application, line))


def _lines(kind: str, *columns: ColumnElement[Any]) -> sa.Select[Any]:
    """Standing lines of one kind of document, named by organisation, partner, number and position. A change of an order is no order."""
    source: FromClause = (
        application.join(line, line.c.application_id == application.c.id)
        .join(organisation, organisation.c.id == application.c.organisation_id)
        .join(partner, partner.c.id == application.c.partner_id)
    )
    return (
        sa.select(
            organisation.c.key.label("organisation"),
            partner.c.key.label("partner"),
            partner.c.kind.label("partner_kind"),
            application.c.number,
            (line.c.ordinal + 1).label("position"),
            line.c.line,
            *columns,
            application.c.partner_id,
            application.c.exchange_id,
        )
        .select_from(source)
        .where(
            application.c.standing, application.c.kind == kind, *((application.c.purpose != "change",) if kind == "purchase_order" else ())
        )
    )


_ITEM = (
    line.c.gtin,
    _remainder(line.c.gtin, 14).label("gtin_remainder"),
    line.c.buyer_item,
    line.c.supplier_item,
    line.c.item_code,
    _item_known().label("item_known"),
)
_QUANTITY = (line.c.quantity, line.c.unit)
_PHYSICAL = (line.c.lot, line.c.expires_on, line.c.manufactured_on)
_ORDER = (line.c.order_number, line.c.order_line, _stands("purchase_order", line.c.order_number).label("order_known"))
_ISSUED_ON = _Day(application.c.issued_at, application.c.issued_offset).label("issued_on")
_EFFECTIVE_ON = _Day(application.c.effective_at, application.c.issued_offset).label("effective_on")
_RECORDED = (application.c.effective_at, application.c.recorded_at)


# --- the datasets ------------------------------------------------------------------------------------------------------
def _masters(kind: str, *columns: ColumnElement[Any]) -> sa.Select[Any]:
    source = (
        master_record.join(application, application.c.id == master_record.c.application_id)
        .join(organisation, organisation.c.id == application.c.organisation_id)
        .join(partner, partner.c.id == application.c.partner_id)
    )
    return (
        sa.select(
            organisation.c.key.label("organisation"),
            partner.c.key.label("partner"),
            master_record.c.code.label("number"),
            *columns,
            application.c.partner_id,
            application.c.exchange_id,
        )
        .select_from(source)
        .where(application.c.standing, master_record.c.kind == kind)
    )


def _member(name: str) -> ColumnElement[Any]:
    member: ColumnElement[Any] = master_record.c.body[name].as_string().label(name)
    return member


def items(now: int) -> sa.Select[Any]:
    """Item master records as each system keeps them."""
    body = master_record.c.body
    return _masters(
        "item",
        master_record.c.name,
        master_record.c.name_zh,
        _member("kind"),
        _member("base_unit"),
        master_record.c.gtin,
        _remainder(master_record.c.gtin, 14).label("gtin_remainder"),
        sa.case((sa.not_(body["lot_controlled"].as_boolean()), 0), else_=1).label("lot_controlled"),
        body["shelf_life_days"].as_integer().label("shelf_life_days"),
        sa.func.coalesce(body["status"].as_string(), "active").label("status"),
    )


def parties(now: int) -> sa.Select[Any]:
    """Party master records as each system keeps them."""
    return _masters(
        "party",
        master_record.c.name,
        master_record.c.name_zh,
        _member("role"),
        master_record.c.gln,
        _remainder(master_record.c.gln, 13).label("gln_remainder"),
        master_record.c.tax_number,
        _member("address"),
        _member("city"),
        _member("country"),
        sa.func.coalesce(master_record.c.body["status"].as_string(), "active").label("status"),
    )


def order_lines(now: int) -> sa.Select[Any]:
    """Lines of purchase orders that stand."""
    return _lines(
        "purchase_order", *_ITEM, *_QUANTITY, line.c.unit_price, application.c.currency, application.c.counterparty.label("supplier"),
        line.c.due_on.label("requested_on"), _ISSUED_ON,
    )  # fmt: skip


def despatch_lines(now: int) -> sa.Select[Any]:
    """Lines of despatch advices that stand."""
    return _lines("despatch_advice", *_ITEM, *_QUANTITY, *_PHYSICAL, line.c.sscc, *_ORDER, _EFFECTIVE_ON, *_RECORDED)


def receipt_lines(now: int) -> sa.Select[Any]:
    """Lines of receiving advices that stand."""
    despatch = application.c.reference
    return _lines(
        "receiving_advice", *_ITEM, *_QUANTITY, line.c.rejected_quantity, *_PHYSICAL, line.c.sscc, *_ORDER,
        despatch.label("despatch_number"), _stands("despatch_advice", despatch).label("despatch_known"), _EFFECTIVE_ON, *_RECORDED,
    )  # fmt: skip


def invoice_lines(now: int) -> sa.Select[Any]:
    """Lines of invoices that stand."""
    return _lines("invoice", *_ITEM, *_QUANTITY, line.c.unit_price, line.c.amount, application.c.currency, *_ORDER, _ISSUED_ON)


def inventory_lines(now: int) -> sa.Select[Any]:
    """Lines of the newest stock count of each system and place."""
    return _lines(
        "inventory_report", application.c.location, *_ITEM, *_QUANTITY, *_PHYSICAL, line.c.status, _ISSUED_ON.label("counted_on")
    )  # fmt: skip


def exchanges(now: int) -> sa.Select[Any]:
    """Messages in both directions: how they ended and when they were acknowledged."""
    history = exchange_history.alias()
    acknowledged = (
        sa.select(sa.func.min(history.c.at))
        .where(history.c.exchange_id == exchange.c.id, history.c.state == "acknowledged")
        .scalar_subquery()
    )
    return sa.select(
        exchange.c.id.label("exchange"),
        organisation.c.key.label("organisation"),
        partner.c.key.label("partner"),
        exchange.c.direction,
        exchange.c.format,
        exchange.c.type,
        exchange.c.control,
        exchange.c.business_key,
        exchange.c.state,
        exchange.c.acknowledgement,
        exchange.c.acknowledgement_due_at,
        acknowledged.label("acknowledged_at"),
        exchange.c.recorded_at,
        sa.literal(now, sa.BigInteger).label("as_of"),
        sa.func.coalesce(exchange.c.partner_id, 0).label("partner_id"),
        exchange.c.id.label("exchange_id"),
    ).select_from(
        exchange.outerjoin(organisation, organisation.c.id == exchange.c.organisation_id).outerjoin(
            partner, partner.c.id == exchange.c.partner_id
        )
    )


DATASETS: Mapping[str, Dataset] = {
    "items": items,
    "parties": parties,
    "order_lines": order_lines,
    "despatch_lines": despatch_lines,
    "receipt_lines": receipt_lines,
    "invoice_lines": invoice_lines,
    "inventory_lines": inventory_lines,
    "exchanges": exchanges,
}
"""By the name of their contract."""
