"""A real Tryton on the other side, connected by YAML alone: pulled by stamp, never-changed records too, and told what a supplier said.

`make prove-tryton` installs it and runs this; without it (UDIHUB_PEERS names no folder) these tests are not collected.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from connectors.http_peer import Peer
from connectors.transports.rpc import TRANSPORT
from connectors.transports.rpc.dialects import Tryton as Dialect
from hub import outbound, pipeline, worker
from hub.clock import SystemClock
from hub.delivery import resend_parcel
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.soundness import faults
from hub.store import tables, views
from hub.trace import genealogy
from tests.peers.tryton import PASSWORD, Tryton, installed, running_tryton

PEERS = os.environ.get("UDIHUB_PEERS")
SITE = Path(__file__).parents[1] / "samples" / "site_tryton"
RESPONSE = (
    "ISA*00*          *00*          *ZZ*RHEINTITAN     *ZZ*NORTH          *261129*0745*^*00501*000000001*0*P*>~"
    "GS*PR*RHEINTITAN*NORTH*20261129*0745*1*X*005010~"
    "ST*855*0001~BAK*00*AD*2*20261129****OR-77~PO1*1*40*EA*8.5**BP*GW-035~ACK*IA*40*EA*067*20261224~CTT*1~SE*6*0001~GE*1*1~IEA*1*000000001~"
)
PULLED = ("tryton_items", "tryton_parties", "tryton_lots", "tryton_orders", "tryton_receipts", "tryton_productions")


@dataclass
class Story:
    """The hub, Tryton, and a way to ask it as anybody may."""

    hub: Hub
    tryton: Tryton

    def pull(self) -> int:
        """One run of every flow from Tryton; returns how many messages came."""
        before = self.count()
        for flow in PULLED:
            pipeline.fetch(self.hub, self.hub.site.flows[flow])
        worker.drain(self.hub)
        return self.count() - before

    def count(self) -> int:
        with self.hub.database.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.exchange)) or 0)

    def states(self) -> set[tuple[str, str]]:
        with self.hub.database.read() as connection:
            rows = connection.execute(sa.select(tables.exchange.c.business_key, tables.exchange.c.state)).all()
        return {(row.business_key, row.state) for row in rows}

    def ask(self, method: str, *params: Any) -> Any:
        settings = {"url": self.tryton.url, "user": "admin", "password_env": "TRYTON_PASSWORD"}
        with Peer(settings, "rpc") as peer:
            return Dialect(settings, peer).call(method, params)

    def one(self, model: str, *condition: str) -> Any:
        """The number of the first record that a condition finds."""
        return self.ask(f"{model}.search", [list(condition)], 0, 1, None, {})[0]

    def product(self, code: str, name: str) -> Any:
        """A product that may be made."""
        unit = self.one("product.uom", "symbol", "=", "u")
        account = self.ask("product.template.read", [self.one("product.template", "code", "=", "GW-035")], ["account_category"], {})[0]
        new = {"name": name, "code": code, "default_uom": unit, "type": "goods", "producible": True, "list_price": money("50")}
        more = {"account_category": account["account_category"], "products": [["create", [{}]]]}
        self.ask("product.template.create", [new | more], {"company": self.one("company.company", "party.name", "!=", "")})
        return self.one("product.product", "code", "=", code)

    def produce(self, product: Any) -> None:
        """Ten guidewires of lot L2026A01 become five of the product, lot SH-2611: planned, assigned, run and done."""
        storage, floor = self.one("stock.location", "code", "=", "STO"), self.one("stock.location", "type", "=", "production")
        unit, company = self.one("product.uom", "symbol", "=", "u"), {"company": self.one("company.company", "party.name", "!=", "")}
        (lot,) = self.ask("stock.lot.create", [{"number": "SH-2611", "product": product}], {})
        used = {"product": self.one("product.product", "code", "=", "GW-035"), "unit": unit, "quantity": 10.0}
        used |= {"lot": self.one("stock.lot", "number", "=", "L2026A01"), "from_location": storage, "to_location": floor}
        made = {"product": product, "unit": unit, "quantity": 5.0, "lot": lot, "from_location": floor, "to_location": storage}
        made |= {"unit_price": money("50"), "currency": self.one("currency.currency", "code", "=", "EUR")}
        run = {"product": product, "unit": unit, "quantity": 5.0, "inputs": [["create", [used]]], "outputs": [["create", [made]]]}
        (number,) = self.ask("production.create", [run], company)
        for step in ("wait", "assign_try", "run", "do"):
            self.ask(f"production.{step}", [number], company)


def money(amount: str) -> dict[str, str]:
    """An amount, as Tryton wants it in JSON."""
    return {"__class__": "Decimal", "decimal": amount}


@pytest.fixture
def story(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setenv("TRYTON_PASSWORD", PASSWORD)
    folder = tmp_path / "tryton"
    folder.mkdir()
    with running_tryton(installed(Path(str(PEERS))), folder) as tryton:
        site = tmp_path / "site"
        shutil.copytree(SITE, site)
        for path in (site / "flows").glob("*.yaml"):
            flow = yaml.safe_load(path.read_text())
            flow["given"]["address"] = tryton.url.removesuffix("/hub/rpc/")
            path.write_text(yaml.safe_dump({("on" if key is True else key): value for key, value in flow.items()}))
        settings = Settings(tmp_path / "home", site, database_url=database_url, language="en", max_body=1_000_000, clock=SystemClock())
        hub = Hub.open(settings)
        yield Story(hub, tryton)
        hub.database.close()


def test_tryton_is_pulled_and_told(story: Story) -> None:
    hub = story.hub
    assert [fault.text("en") for fault in faults(hub.site) if fault.severity == "error"] == []
    suppliers = story.ask("party.category.create", [{"name": "Suppliers"}], {})
    story.ask(
        "party.party.write",
        story.ask("party.party.search", [["code", "=", "V1"]], 0, 1, None, {}),
        {"categories": [["add", suppliers]]},
        {},
    )
    assert story.pull() == 6, story.states()
    assert story.states() == {
        ("item/GW-035", "applied"), ("party/V1", "applied"), ("purchase_order/1", "applied"), ("purchase_order/2", "applied"),
        ("lot/L2026A01", "applied"), ("receiving_advice/1", "applied"),
    }  # fmt: skip
    with hub.database.read() as connection:
        first = views.order(connection, "1")
    assert first is not None and "L2026A01" in json.dumps(first, default=str)
    assert story.pull() == 0, "a rerun changes nothing"

    # Lots are created and never touched again: their write_date is empty, and only the second question finds them.
    lots = {name: value for name, value in hub.site.flows["tryton_lots"].transport.items() if name != "use"}
    (page,) = [page for page in TRANSPORT.pages(lots, None) if page.records]
    (lot,) = json.loads(page.content)["rows"]
    assert (lot["number"], lot["expiration_date"], lot["product"]["code"], lot["write_date"]) == ("L2026A01", "2029-01-31", "GW-035", None)
    by_change = {**lots, "delta": {"kind": "stamp", "field": "write_date", "id": "id", "from": "2000-01-01"}}
    assert [page for page in TRANSPORT.pages(by_change, None) if page.records] == [], "by the stamp of change alone it would never come"

    # A product that nobody had, and what was made of it: ten guidewires went in, lot SH-2611 came out. Each comes as it is new, by itself.
    sheath = story.product("SH-6F", "Sheath 6F")
    assert story.pull() == 1 and ("item/SH-6F", "applied") in story.states()
    story.produce(sheath)
    assert story.pull() == 2, story.states()
    assert {("lot/SH-2611", "applied"), ("production_event/1", "applied")} <= story.states()
    with hub.database.read() as connection:
        traced = genealogy.trace(connection, "lot:tryton:GW-035|L2026A01", "down")
    assert "SH-2611" in json.dumps(traced, default=str), "who asks for the lot of the guidewires is told of the sheaths"

    # The supplier takes order 2 (X12 855); Tryton hears of it, and once.
    assert story.ask("purchase.purchase.read", [2], ["state"], {})[0]["state"] == "quotation"
    receive(hub, Reception(partner="rheintal", channel="http", stream=BytesIO(RESPONSE.encode()), by="rheintal"))
    worker.drain(hub)
    assert len(outbound.push(hub, hub.site.flows["tryton_answers"])) == 1
    assert outbound.send(hub) == 1
    with hub.database.read() as connection:
        (sent,) = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "document")).all()
    assert (sent.state, sent.answer) == ("sent", "search, search, write, confirm: done")
    seen = story.ask("purchase.purchase.read", [2], ["state", "reference"], {})[0]
    assert (seen["state"], seen["reference"]) == ("processing", "OR-77"), "confirmed, and Tryton went on with it"
    assert outbound.push(hub, hub.site.flows["tryton_answers"]) == []
    resend_parcel(hub, sent.id, "eve", "to see that it may be told again")
    assert outbound.send(hub) == 1
    with hub.database.read() as connection:
        assert connection.scalar(sa.select(tables.outbox.c.answer).where(tables.outbox.c.id == sent.id)) == "search: done"
    assert story.pull() == 1, "order 2 changed, and nothing else"
    assert story.pull() == 0
