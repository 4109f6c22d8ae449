"""Orders that were changed, and answers that were: standing rows of the store put together to what holds now.

Most orders are never changed; for them this costs one look-up a batch. A changed order's lines keep who gave each of their numbers. Of an
answer to a change (X12 865), what it says of an order line takes the place of what was said of that line before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from hub.store.crosswalk import ItemName
from hub.store.lists import among
from hub.store.tables import application, partner, subject
from hub.store.views.amend import ITEM, Amended, Change, Said, amend
from hub.store.views.picture import Contribution, Giver, line_key

Source = Contribution | Giver


@dataclass(frozen=True, slots=True)
class Documents:
    """What stands of one order: the order itself, and its changes in their order, as rows of `application` with the partner's key."""

    order: Any
    changes: Sequence[Any]

    @property
    def all(self) -> Sequence[Any]:
        """All of them, the order first."""
        return (self.order, *self.changes)


def documents(connection: sa.Connection, subject_ids: Sequence[int]) -> dict[int, Documents]:
    """What stands of those of these subjects that were changed."""
    if not subject_ids:
        return {}
    found = connection.execute(
        sa.select(subject.c.id, subject.c.standing_id, subject.c.changes).where(
            among(connection, subject.c.id, sorted(subject_ids)), subject.c.changes.is_not(None), subject.c.standing_id.is_not(None)
        )
    ).all()
    if not found:
        return {}
    wanted = sorted({number for row in found for number in (row.standing_id, *row.changes)})
    heads = connection.execute(
        sa.select(application, partner.c.key.label("partner_key"))
        .join(partner, partner.c.id == application.c.partner_id)
        .where(among(connection, application.c.id, wanted))
    )
    by_id = {row.id: row for row in heads}
    return {row.id: Documents(by_id[row.standing_id], [by_id[number] for number in row.changes]) for row in found}


def as_changed(connection: sa.Connection, said: Sequence[tuple[Any, Contribution]]) -> list[Contribution]:
    """Of (row, contribution) pairs the contributions that hold now."""
    folding = {
        row.subject_id for row, _ in said if row.kind == "purchase_order" or (row.kind == "order_response" and row.purpose == "change")
    }
    changed = documents(connection, list(folding))
    if not changed:
        return [part for _, part in said]
    held: list[Contribution] = []
    apart: dict[int, dict[int, list[tuple[Any, Contribution]]]] = {number: {} for number in changed}
    for row, part in said:
        if row.subject_id in apart:
            apart[row.subject_id].setdefault(row.id, []).append((row, part))
        else:
            held.append(part)
    for number, told in changed.items():
        rows = {key: sorted(group, key=lambda pair: pair[1].ordinal) for key, group in apart[number].items()}
        held += _answered(told, rows) if told.order.kind == "order_response" else _amended(told, rows)
    return held


_Rows = Mapping[int, Sequence[tuple[Any, Contribution]]]


def _answered(told: Documents, rows: _Rows) -> list[Contribution]:
    newest: dict[str, list[Contribution]] = {}
    for document in told.all:
        mine: dict[str, list[Contribution]] = {}
        for _, part in rows.get(document.id, ()):
            mine.setdefault(line_key(part.order_line) or f"item {part.name.shown}", []).append(part)
        newest.update(mine)
    return [part for group in newest.values() for part in group]


def _amended(told: Documents, rows: _Rows) -> list[Contribution]:
    lines: list[Said[Source]] = [_said(row, part, part.currency) for row, part in rows.get(told.order.id, ())]
    changes = [
        Change[Source](
            [_said(row, part, part.currency if part.unit_price is not None else None) for row, part in rows.get(head.id, ())],
            head.header.get("requested_on"),
            _header(head),
        )
        for head in told.changes
    ]
    found, lacking = amend(lines, told.order.header.get("requested_on"), changes)
    supplier = told.order.header.get("supplier") or {}
    named: dict[str, Any] = {"supplier_code": supplier.get("code"), "supplier_gln": supplier.get("gln")}  # no change moves an order
    held = [_contribution(one, named) for _, one in found]
    return held + [replace(line.source, lacking=True, **named) for line in lacking if isinstance(line.source, Contribution)]


def _said(row: Any, part: Contribution, currency: str | None) -> Said[Source]:
    name = part.name
    members = {
        **{member: getattr(name, member) for member in ITEM},
        "description": part.description,
        "quantity": part.quantity,
        "unit": part.unit,
        "unit_price": part.unit_price,
        "requested_on": part.due_on,
        "currency": currency,
    }
    stated = {member: value for member, value in members.items() if value is not None}
    return Said(line_key(part.order_line), (row.detail or {}).get("action"), stated, part)


def _header(head: Any) -> Giver:
    return Giver(
        head.id, head.exchange_id, head.partner_id, head.partner_key, head.number, head.revision, head.issued_at, ordinal=None, locator=None
    )


def giver_of(source: Source) -> Giver:
    """The line of a document as what gave a member."""
    if isinstance(source, Giver):
        return source
    part = source
    return Giver(
        part.application_id,
        part.exchange_id,
        part.partner_id,
        part.partner_key,
        part.number,
        part.revision,
        part.issued_at,
        part.ordinal,
        part.locator,
    )


def _contribution(line: Amended[Source], named: dict[str, Any]) -> Contribution:
    part, members = line.source, line.members
    assert isinstance(part, Contribution)  # lines are stated by lines
    return replace(
        part,
        name=ItemName(part.partner_id, **{member: members.get(member) for member in ITEM}),
        description=members.get("description"),
        quantity=members.get("quantity"),
        unit=members.get("unit"),
        unit_price=members.get("unit_price"),
        due_on=members.get("requested_on"),
        currency=members.get("currency", part.currency),
        given={member: giver_of(source) for member, source in line.given.items()},
        deleted_by=None if line.deleted_by is None else giver_of(line.deleted_by),
        **named,
    )
