"""Which facts a value in a view is made of: the support of `udihub explain`.

Entities are `order/<number>`, `order/<number>/<line>`, `item/<code or GTIN>`, `party/<code or GLN>`,
`device/<any of its DIs>`, `stock/<place>/<item>[/<lot>]`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store.lists import among
from hub.store.tables import application, exchange, line, partner
from hub.store.views.devices import device
from hub.store.views.lines import order_pictures
from hub.store.views.master import item, party
from hub.store.views.orders import order
from hub.store.views.picture import STAGES, Contribution, Giver, line_key


@dataclass(frozen=True, slots=True)
class Part:
    """One fact that contributes. `path` is its canonical path in the message, `locator` the position of its record there."""

    exchange_id: int
    application_id: int
    ordinal: int | None
    locator: int | None
    path: str
    value: Any
    unit: str | None
    partner: str
    number: str
    standing: bool = True


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that names the order and does not count for its line: of somebody whom the order does not name (`outsider`), or of a line
    and item that the order does not have (`stranger`).
    """

    exchange_id: int
    kind: str
    number: str
    partner: str
    why: Literal["outsider", "stranger"]


@dataclass(frozen=True, slots=True)
class Contributions:
    """A value, what it is made of, and what one might have looked for in it."""

    value: Any
    contributions: Sequence[Part]
    left_out: Sequence[LeftOut] = ()


_STAGE_FIELDS = dict.fromkeys(STAGES.values(), "quantity")
_LINE_FIELDS = {"unit_price": "unit_price", "price": "unit_price", "unit": "unit", "requested_on": "requested_on"}


def contributions(
    connection: sa.Connection, entity_path: str, field: str, organisations: Collection[int] | None = None, on: date | None = None
) -> Contributions:
    """The value of a field and the facts that it comes from; of a device as of a day (null: its last version).

    Raises NotFoundError for an unknown entity or field.
    """
    kind, _, rest = entity_path.strip("/").partition("/")
    if kind == "order" and rest:
        number, _, wanted = rest.rpartition("/")
        if number and (found := _order_line(connection, number, wanted, field, organisations)) is not None:
            return found
        return _order_header(connection, rest, field, organisations)
    if kind in ("item", "party") and rest:
        return _master(connection, rest, item(connection, rest) if kind == "item" else party(connection, rest), field)
    if kind == "device" and rest:
        return _master(connection, rest, device(connection, rest, on=on or date.max), field)
    if kind == "stock" and rest:
        return _stock(connection, rest, field, organisations)
    raise NotFoundError(f"{entity_path} is nothing that can be explained; try order/<number>/<line>")


def _order_line(
    connection: sa.Connection, number: str, wanted: str, field: str, organisations: Collection[int] | None
) -> Contributions | None:
    try:
        shown = order(connection, number, organisations)
    except NotFoundError:
        return None
    pictures = list(order_pictures(connection, [(number, shown["organisation_id"])]).values())
    lines = [known for picture in pictures for known in picture.lines if known.ordered.partner_key == shown["partner"]]
    found = next((known for known in lines if line_key(known.line) == line_key(wanted)), None)
    if found is None:
        raise NotFoundError(f"order {number} has no line {wanted}")
    stage, _, member = field.partition(".")
    if stage in _STAGE_FIELDS:
        parts, member = found.of(stage), member or "quantity"
        value = found.total(stage) if member == "quantity" else None
    elif field in _LINE_FIELDS:
        parts, member = [found.ordered], _LINE_FIELDS[field]
        value = None
    else:
        known_fields = ", ".join([*_STAGE_FIELDS, *_LINE_FIELDS])
        raise NotFoundError(f"an order line has no field {field}; it has {known_fields}")
    listed = [_part(part, part.giver(member), member) for part in parts]
    if member != "quantity" and listed:
        value = listed[0].value
    apart: dict[tuple[int, str], LeftOut] = {}
    for picture in pictures:
        for part in (*picture.outsiders, *picture.strangers):
            if part.stage == stage:
                why: Literal["outsider", "stranger"] = "outsider" if part in picture.outsiders else "stranger"
                apart[part.exchange_id, why] = LeftOut(part.exchange_id, part.kind, part.number, part.partner_key, why)
    return Contributions(value, listed, list(apart.values()))


def _part(part: Contribution, giver: Giver | Contribution, member: str) -> Part:
    """A value of a line, and the document that gave it: of an order the last change that did."""
    said = "action" if part.deleted_by is not None and member == "quantity" else member  # nothing is ordered, for the line is struck out
    if part.whole:  # no line says it: the verdict on the whole order does
        value = _member(part, member)
        return Part(part.exchange_id, part.application_id, None, None, "status", value, part.unit, part.partner_key, part.number)
    return Part(
        exchange_id=giver.exchange_id,
        application_id=giver.application_id,
        ordinal=giver.ordinal,
        locator=giver.locator,
        path=said if giver.ordinal is None else f"lines[{giver.ordinal}].{said}",
        value=part.counted if part.kind == "credit_note" and member == "quantity" else _member(part, member),
        unit=part.unit,
        partner=giver.partner_key,
        number=giver.number,
    )


def _member(part: Any, member: str) -> Any:
    if member in ("requested_on", "promised_on"):
        return part.due_on
    value = getattr(part, member, None)
    if value is None:
        value = getattr(part.name, member, None)
    return value


def _order_header(connection: sa.Connection, number: str, field: str, organisations: Collection[int] | None) -> Contributions:
    shown = order(connection, number, organisations)
    value: Any = shown
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or isinstance(value, list):
        raise NotFoundError(f"order {number} has no field {field}")
    member = field.partition(".")[0]
    said = next((one for one in reversed(shown["history"]) if member in one["states"]), shown["history"][0])
    if member in ("revision", "issued_at"):
        said = shown["history"][-1]
    return Contributions(value, [_header_part(connection, said["exchange_id"], field, value)])


def _master(connection: sa.Connection, name: str, shown: Mapping[str, Any], field: str) -> Contributions:
    value: Any = shown
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or isinstance(value, list) or not shown["sources"]:
        raise NotFoundError(f"{name} has no field {field}")
    exchange_id = shown.get("exchange_id") or _giver(name, shown, field.partition(".")[0])
    return Contributions(value, [_header_part(connection, exchange_id, field, value)])


def _giver(name: str, shown: Mapping[str, Any], member: str) -> int:
    """The message whose value won."""
    chosen = shown.get("chosen", {}).get(member)
    if chosen is not None and chosen["why"] == "verified":
        raise NotFoundError(f"{member} of {name} is what a person says, not a message; `udihub masterdata show` tells who and why")
    said = [one for one in shown["sources"] if chosen is None or (one["system"], one["code"]) == (chosen["system"], chosen["code"])]
    return int((said or shown["sources"])[0]["exchange_id"])


def _header_part(connection: sa.Connection, exchange_id: int, path: str, value: Any) -> Part:
    row = connection.execute(
        sa.select(application.c.id, application.c.number, partner.c.key)
        .select_from(application)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(application.c.exchange_id == exchange_id)
        .order_by(application.c.id.desc())
    ).first()
    if row is None:
        raise NotFoundError(f"exchange {exchange_id} has applied nothing")
    return Part(exchange_id, row.id, None, None, path, value, None, row.key, row.number)


def _stock(connection: sa.Connection, rest: str, field: str, organisations: Collection[int] | None) -> Contributions:
    """`field` is the key of the system whose word is asked for, or `quantity` for all of them."""
    place, _, name = rest.partition("/")
    code, _, lot = name.partition("/")
    query = (
        sa.select(application, line, partner.c.key.label("partner"))
        .select_from(application)
        .join(line, line.c.application_id == application.c.id)
        .join(partner, partner.c.id == application.c.partner_id)
        .join(exchange, exchange.c.id == application.c.exchange_id)
        .where(application.c.kind == "inventory_report", application.c.standing, application.c.location == place)
        .order_by(application.c.id, line.c.ordinal)
    )
    if organisations is not None:
        query = query.where(among(connection, application.c.organisation_id, sorted(organisations)))
    names = {code, code.zfill(14)}
    with suppress(NotFoundError):  # without an item master the code as stated must do
        names |= {row["value"] for row in item(connection, code)["names"]}
    parts = [
        Part(
            row.exchange_id,
            row.id,
            row.ordinal,
            row.locator,
            f"lines[{row.ordinal}].quantity",
            row.quantity,
            row.unit,
            row.partner,
            row.number,
        )
        for row in connection.execute(query)
        if {row.gtin, row.item_code, row.supplier_item} & names and (not lot or row.lot == lot) and field in ("quantity", row.partner)
    ]
    if not parts:
        raise NotFoundError(f"no count of {place} names {name}")
    value = parts[0].value if len({part.partner for part in parts}) > 1 else sum((part.value for part in parts), Decimal(0))
    return Contributions(value if field != "quantity" or len(parts) == 1 else None, parts)
