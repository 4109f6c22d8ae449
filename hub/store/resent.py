"""What a partner sent again: a message that is held or was refused is settled by a later one of the same number that was applied.

`same number` is the business key (`despatch_advice/SHP1`) of one partner and organisation. The later one must say the whole again, or
take it back: a change of an order states a part only. And it must not be an older version that arrived late: that settles nothing. When
what was sent again is taken back by a person (a replay of it is held, its application is withdrawn), the first one waits again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, exchange

SETTLED = ("quarantined", "rejected")
"""States of messages that something sent again settles."""
ISSUED, REVISION = "issued", "revision"
"""What an exchange keeps in its `keys` of a message that was not applied: when it was issued (microseconds since 1970), and its number."""
IN_PART = ("purchase_order", "order_response")
"""Kinds of messages whose changes state a part (the same as `hub.reconcile.standing.FOLDING`, which stands above the store)."""
_later = exchange.alias("later")
_said = application.alias("said")


def _place(name: str) -> Any:
    return sa.cast(exchange.c["keys"][name].as_string(), sa.BigInteger)


def _query(*columns: Any) -> sa.Select[Any]:
    """Later messages that settle one of `exchange`."""
    first = sa.func.coalesce(exchange.c.origin_id, exchange.c.id)
    revision, issued = sa.func.coalesce(_place(REVISION), 0), _place(ISSUED)
    return (
        sa.select(*columns)
        .join(_said, _said.c.exchange_id == _later.c.id)
        .where(
            _later.c.business_key == exchange.c.business_key,
            _later.c.partner_id == exchange.c.partner_id,
            _later.c.organisation_id == exchange.c.organisation_id,
            _later.c.direction == "in",
            _later.c.state == "applied",
            sa.func.coalesce(_later.c.origin_id, _later.c.id) > first,
            sa.not_(_said.c.retracted),
            sa.or_(_said.c.purpose != "change", _said.c.kind.not_in(IN_PART)),
            sa.or_(
                issued.is_(None),
                _said.c.revision > revision,
                sa.and_(_said.c.revision == revision, _said.c.issued_at >= issued),
            ),
        )
    )


def sent_again() -> sa.ColumnElement[bool]:
    """Condition on `exchange`: a later message says the same thing, and was applied."""
    return _query(_later.c.id).select_from(_later).correlate(exchange).exists()


def sent_again_whole(interchange_id: Any) -> sa.ColumnElement[bool]:
    """Condition on an envelope: it held messages, and each of them was sent again and applied."""
    inside = sa.select(exchange.c.id).where(exchange.c.interchange_id == interchange_id, exchange.c.direction == "in")
    left = inside.where(exchange.c.state != "superseded", sa.not_(sa.and_(exchange.c.state.in_(SETTLED), sent_again())))
    return sa.and_(inside.exists(), sa.not_(left.exists()))


def settled_by(connection: sa.Connection, rows: Sequence[Any]) -> Mapping[int, int]:
    """Of cases (rows of `steward_case`) that end: case → the first exchange that settled it, where something sent again did."""
    out: dict[int, int] = {}
    by_exchange = {row.exchange_id: row.id for row in rows if row.cause in ("held", "message") and row.exchange_id is not None}
    by_envelope = {int(row.cause_key): row.id for row in rows if row.cause == "document" and row.cause_key}
    for column, cases in ((exchange.c.id, by_exchange), (exchange.c.interchange_id, by_envelope)):
        if not cases:
            continue
        query = _query(column.label("of"), sa.func.min(_later.c.id).label("by")).select_from(
            exchange.join(_later, _later.c.business_key == exchange.c.business_key)
        )
        query = query.where(among(connection, column, sorted(cases)), exchange.c.state.in_(SETTLED)).group_by(column)
        out |= {cases[row.of]: int(row.by) for row in connection.execute(query)}
    return out
