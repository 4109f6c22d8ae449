"""What falls due when a day begins: in each organisation's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from hub import pipeline
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import tables, views
from tests.hub.conftest import take
from tests.hub_api.papers import stock


def expired(hub: Hub) -> list[str]:
    pipeline.reconcile(hub)
    with hub.database.read() as connection:
        return [row["rule"] for row in views.discrepancies(connection, rule="STK-02")[0]]


def stale(hub: Hub) -> int:
    with hub.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.stale)).scalar_one()


def test_stock_expires_when_the_day_ends_at_its_place_and_not_in_utc(hub: Hub, clock: FrozenClock) -> None:
    """The organisation `north` keeps Amsterdam time: its 23 November begins at 23:00 UTC on the 22nd."""
    take(hub, stock(expires_on="2026-11-22"), "wms", agreement="stock_north", key="count")
    clock.set(datetime(2026, 11, 22, 22, 30, tzinfo=UTC))
    assert expired(hub) == []
    clock.set(datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    assert expired(hub) == ["STK-02"]


def test_a_day_that_began_is_looked_at_once(hub: Hub, clock: FrozenClock) -> None:
    take(hub, stock(), "wms", agreement="stock_north", key="count")
    clock.set(datetime(2026, 11, 22, 22, 30, tzinfo=UTC))
    pipeline.reconcile(hub)
    assert (pipeline.reconcile(hub), stale(hub)) == (0, 0)
    clock.set(datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    assert pipeline.reconcile(hub) > 0
