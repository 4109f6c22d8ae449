"""How a held exchange stands for whoever reads: held, or settled, when its case is.

What was held stays held for ever unless it is corrected, replayed or replaced: nothing of it counts. But once a steward has accepted that,
or the partner has sent the message again, nobody waits for it any more. The case says so, and may be open again; so it is read, never
written.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from hub.store.case_tables import steward_case
from hub.store.tables import exchange

SETTLED = "settled"
_HELD = "quarantined"


def settled() -> sa.ColumnElement[bool]:
    """Condition on `exchange`: it is held, and its case was accepted or has ended."""
    return sa.and_(
        exchange.c.state == _HELD,
        sa.exists().where(
            steward_case.c.cause == "held",
            steward_case.c.cause_id == sa.func.coalesce(exchange.c.origin_id, exchange.c.id),
            steward_case.c.cause_key == "",
            steward_case.c.exchange_id == exchange.c.id,
            steward_case.c.state.in_(("accepted", "closed")),
        ),
    )


def standing() -> sa.ColumnElement[str]:
    """The state of `exchange` as it is shown."""
    return sa.case((settled(), SETTLED), else_=exchange.c.state)


def stands(state: str) -> sa.ColumnElement[bool]:
    """Condition on `exchange`: it is shown in this state."""
    if state == SETTLED:
        return settled()
    return sa.and_(exchange.c.state == state, sa.not_(settled())) if state == _HELD else exchange.c.state == state


def decided(connection: sa.Connection, exchanges: Collection[int]) -> set[int]:
    """Those of these exchanges about which there was a case and none waits any more: what is wrong in them asks nothing of anybody."""
    waits = sa.func.max(sa.case((steward_case.c.state.in_(("open", "asked")), 1), else_=0))
    query = sa.select(steward_case.c.exchange_id).where(steward_case.c.exchange_id.in_(exchanges)).group_by(steward_case.c.exchange_id)
    return set(connection.execute(query.having(waits == 0)).scalars())
