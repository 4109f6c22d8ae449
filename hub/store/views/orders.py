"""Order lines with every number and who says it, and what disagrees about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store.lists import among
from hub.store.suppliers import one_of, suppliers
from hub.store.tables import application, discrepancy, organisation, partner, subject
from hub.store.types import moment
from hub.store.views.changes import Documents, documents
from hub.store.views.discrepancies import of_scopes
from hub.store.views.lines import order_pictures, supplier_said
from hub.store.views.picture import STAGES, Contribution, Giver, LinePicture, OrderPicture


def order(
    connection: sa.Connection,
    number: str,
    organisations: Collection[int] | None = None,
    partner_id: int | None = None,
    issuer: str | None = None,
) -> dict[str, Any]:
    """One order as of all documents known: header, lines, and the sources of every number.

    Numbers are Decimals in the order line's unit, null where nobody has said anything that can be compared. `organisations` limits to
    these (null: all); `issuer` to what this partner (its key) ordered; `partner_id` to orders of that partner, which then sees the numbers
    of others but not their documents. Raises NotFoundError when there is none that the caller may see, ConflictError when there are
    several: two organisations, or two systems of one, may give out the same number.
    """
    query = _standing(connection, organisations, partner_id).where(subject.c.key == number)
    if issuer is not None:
        query = query.where(partner.c.key == issuer)
    rows = connection.execute(query.order_by(organisation.c.key, partner.c.key)).all()
    if not rows:
        raise NotFoundError(f"there is no order {number}")
    if len(rows) > 1:
        told = ", ".join(f"{row.partner} for {row.organisation}" for row in rows)
        raise ConflictError(f"there are several orders {number} ({told}): name the organisation, or the issuer, or both")
    return _orders(connection, rows, partner_id)[0]


def orders(
    connection: sa.Connection,
    organisations: Collection[int] | None = None,
    partner_id: int | None = None,
    *,
    only_disagreeing: bool = False,
    find: str | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of orders, the newest first, and the cursor of the next page (null: this is the last). `find` is the beginning of a number."""
    query = _standing(connection, organisations, partner_id)
    if only_disagreeing:
        condition = [
            discrepancy.c.scope_kind == "order",
            discrepancy.c.scope_key == subject.c.key,
            discrepancy.c.organisation_id == subject.c.organisation_id,
            discrepancy.c.closed_at.is_(None),
        ]
        if partner_id is not None:
            condition.append(discrepancy.c.partner_id == partner_id)
        query = query.where(sa.exists().where(*condition))
    if find:
        query = query.where(subject.c.key.startswith(find, autoescape=True))
    if cursor is not None:
        query = query.where(subject.c.id < cursor)
    rows = connection.execute(query.order_by(subject.c.id.desc()).limit(limit + 1)).all()
    following = rows[limit - 1].subject_id if len(rows) > limit else None
    return _orders(connection, rows[:limit], partner_id), following


def _standing(connection: sa.Connection, organisations: Collection[int] | None, partner_id: int | None) -> sa.Select[Any]:
    query = (
        sa.select(
            application,
            partner.c.key.label("partner"),
            organisation.c.key.label("organisation"),
        )
        .select_from(subject)
        .join(application, application.c.id == subject.c.standing_id)
        .join(partner, partner.c.id == application.c.partner_id)
        .join(organisation, organisation.c.id == application.c.organisation_id)
        .where(subject.c.kind == "purchase_order")
    )
    if organisations is not None:
        query = query.where(among(connection, subject.c.organisation_id, sorted(organisations)))
    if partner_id is not None:
        query = query.where(_concerns(connection, partner_id))
    return query


def _concerns(connection: sa.Connection, partner_id: int) -> sa.ColumnElement[bool]:
    """Orders that a partner issued, or that name it as supplier in the words of the system that issued them."""
    own = suppliers(connection).of(partner_id)
    systems: dict[str, list[str]] = {}
    for system, code in sorted(own.codes):
        systems.setdefault(system, []).append(code)
    return sa.or_(
        application.c.partner_id == partner_id,
        supplier_said("gln").in_(sorted(own.glns)),
        *(sa.and_(partner.c.key == system, one_of(supplier_said("code"), codes)) for system, codes in systems.items()),
    )


def _orders(connection: sa.Connection, rows: Sequence[Any], partner_id: int | None) -> list[dict[str, Any]]:
    keys = [(row.number, row.organisation_id) for row in rows]
    pictures = order_pictures(connection, keys)
    found = of_scopes(connection, "order", keys, partner_id)
    changed = documents(connection, [row.subject_id for row in rows])
    return [
        _order(row, changed.get(row.subject_id), pictures.get((*key, row.partner_id)), found.get(key, []), partner_id)
        for row, key in zip(rows, keys, strict=True)
    ]


def _order(
    row: Any, changed: Documents | None, picture: OrderPicture | None, discrepancies: Sequence[dict[str, Any]], partner_id: int | None
) -> dict[str, Any]:
    lines = picture.lines if picture is not None else []
    shown = {line.line for line in lines}
    unmatched = [*picture.strangers, *picture.outsiders] if picture is not None else []
    if partner_id is not None:
        unmatched = [part for part in unmatched if part.own or part.partner_id == partner_id]
    told = [row] if changed is None else changed.all
    own = partner_id in (None, row.partner_id)
    return {
        "number": row.number,
        "organisation": row.organisation,
        "organisation_id": row.organisation_id,
        "revision": told[-1].revision,
        "issued_at": moment(told[-1].issued_at),
        "currency": next((one.currency for one in reversed(told) if one.currency), None),
        "supplier": row.header.get("supplier"),
        "ship_to": _last(told, "ship_to"),
        "requested_on": _last(told, "requested_on"),
        "partner": row.partner,
        "exchange_id": row.exchange_id if own else None,
        "history": [_document(one, own) for one in told],
        "lines": [_line(line, [d for d in discrepancies if d["order_line"] == line.line], partner_id) for line in lines],
        "unmatched": [_source(part, None, partner_id) for part in unmatched],
        "discrepancies": [d for d in discrepancies if d["order_line"] not in shown],
    }


def _last(told: Sequence[Any], member: str) -> Any:
    """What the last document says of a member of the header that states it."""
    return next((value for one in reversed(told) if (value := one.header.get(member)) is not None), None)


def _document(said: Any, own: bool) -> dict[str, Any]:
    """One of the documents that an order is made of."""
    header = {"currency": said.currency, **{name: said.header.get(name) for name in _GIVEN}}
    return {
        "exchange_id": said.exchange_id if own else None,
        "purpose": said.purpose,
        "revision": said.revision,
        "issued_at": moment(said.issued_at),
        "recorded_at": moment(said.recorded_at),
        "states": sorted(name for name, value in header.items() if value is not None),
    }


_GIVEN = ("ship_to", "requested_on")
"""Members of the header that a change may give; whose the order is, it leaves."""


def _line(line: LinePicture, discrepancies: Sequence[dict[str, Any]], partner_id: int | None) -> dict[str, Any]:
    asked = line.ordered
    return {
        "line": line.line,
        "item": {
            "code": line.item.code if line.item is not None else asked.name.item_code or asked.name.buyer_item,
            "gtin": asked.name.gtin or (line.item.gtin if line.item is not None else None),
            "supplier_item": asked.name.supplier_item,
            "description": asked.description,
        },
        "unit": asked.unit,
        "unit_price": asked.unit_price,
        "requested_on": asked.due_on,
        "cancelled": asked.deleted_by is not None,
        "changed_by": {member: _giver(giver, partner_id) for member, giver in sorted(asked.given.items()) if member in _SHOWN},
        **{stage: _stage(line, stage, partner_id) for stage in STAGES.values()},
        "discrepancies": list(discrepancies),
    }


_SHOWN = ("quantity", "unit", "unit_price", "requested_on", "description", "gtin", "item_code", "supplier_item")


def _giver(giver: Giver, partner_id: int | None) -> dict[str, Any]:
    """The change that gave a member."""
    own = partner_id in (None, giver.partner_id)
    return {"exchange_id": giver.exchange_id if own else None, "revision": giver.revision, "issued_at": moment(giver.issued_at)}


def _stage(line: LinePicture, stage: str, partner_id: int | None) -> dict[str, Any]:
    parts = line.of(stage)
    comparable = all(line.ratio(part) is not None for part in parts)
    return {
        "quantity": line.total(stage),
        "complete": comparable,
        "sources": [_source(part, line.in_order_units(part), partner_id) for part in parts],
    }


def _source(part: Contribution, quantity: Decimal | None, partner_id: int | None) -> dict[str, Any]:
    own = partner_id in (None, part.partner_id)
    return {
        "partner": part.partner_key,
        "kind": part.kind,
        "number": part.number if own else None,
        "exchange_id": part.giver("quantity").exchange_id if own else None,
        "issued_at": moment(part.giver("quantity").issued_at),
        "line": part.line,
        "ordinal": part.giver("quantity").ordinal,
        "quantity": part.quantity,
        "unit": part.unit,
        "in_order_units": quantity,
        "rejected_quantity": part.rejected,
        "unit_price": part.unit_price,
        "lot": part.lot,
        "status": part.status,
        "due_on": part.due_on,
    }
