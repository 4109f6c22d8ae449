"""The page of one message: what went out shows what it was made of, and the hub's own reasons stand in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa

from hub import outbound
from hub.store import evidence, tables
from hub_api.console.gate import LANGUAGE_COOKIE
from tests.hub_api.conftest import Api
from tests.hub_api.console.test_gate import sign_in
from tests.hub_api.papers import orders


def test_what_went_out_shows_what_it_was_made_of(api: Api) -> None:
    assert api.post(orders("PO-77"), "erp", key="1", params={"agreement": "orders_north"}).status_code == 200
    api.settle()
    outbound.push(api.hub, api.hub.site.flows["orders_to_acme"])
    with api.hub.database.read() as connection:
        number = connection.scalar(sa.select(tables.exchange.c.id).where(tables.exchange.c.direction == "out"))
    assert number is not None
    with api.hub.database.begin("sender") as uow:
        evidence.transition(uow, [number], "failed", "not delivered")
    sign_in(api, "steward")
    page = api.client.get(f"/console/exchanges/{number}").text
    assert "could not be read far enough" not in page and "not delivered" in page
    assert page.count("PO-77") > 1 and "PurchaseOrder" in page
    api.client.cookies.set(LANGUAGE_COOKIE, "zh-CN")
    page = api.client.get(f"/console/exchanges/{number}").text
    assert "not delivered" not in page and "未送达" in page
