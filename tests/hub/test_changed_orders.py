"""An order, its changes and the answer to them in every syntax, from bytes to the view and back by `explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.registry import format_named, traits_of
from connectors.spec import STRICT, Envelope
from hub.clock import FrozenClock
from hub.explain import explain
from hub.pipeline import reconcile
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables, views
from mappings.engine import Context
from tests.hub.conftest import take
from tests.mappings.shipped import load

BUYER, SELLER, STORE = "9506000000015", "9506000000022", "9506000000039"


@dataclass(frozen=True)
class Syntax:
    """How orders, changes and answers are called in a syntax."""

    order: str
    change: str
    response: str
    version: str
    buyer: str
    seller: str


SYNTAXES = {
    "x12": Syntax("850", "860", "865", "004010", "ZZ:BUYER", "ZZ:SELLER"),
    "edifact": Syntax("ORDERS", "ORDCHG", "ORDRSP", "D.96A", f"14:{BUYER}", f"14:{SELLER}"),
    "idoc": Syntax("ORDERS", "ORDCHG", "ORDRSP", "", "LS:BUYER", "LS:SELLER"),
    "ubl": Syntax("Order", "OrderChange", "OrderResponse", "", f"0088:{BUYER}", f"0088:{SELLER}"),
    "cxml": Syntax("OrderRequest", "OrderRequest", "ConfirmationRequest", "", "NetworkID:BUYER", "NetworkID:SELLER"),
}
BY_LINES = sorted(set(SYNTAXES) - {"cxml"})
WHOLE = sorted(set(BY_LINES) - {"ubl"})
"""Syntaxes whose message of changes can also replace the whole order."""


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 9, tzinfo=UTC)


def line(number: str, quantity: int | None = None, price: str | None = None, **members: Any) -> dict[str, Any]:
    amounts = {} if quantity is None else {"quantity": Decimal(quantity), "unit": "EA"}
    priced = {} if price is None else {"unit_price": Decimal(price)}
    return {
        "line": number,
        "gtin": GTINS[number],
        "supplier_item": f"S-{number}",
        "description": f"Device {number}",
        **amounts,
        **priced,
        **members,
    }


GTINS = {"10": "09506000134352", "20": "09506000134369", "30": "09506000134376"}
ORDER = {
    "entity": "PurchaseOrder",
    "number": "PO-77",
    "purpose": "original",
    "issued_at": day(2),
    "currency": "EUR",
    "buyer": {"gln": BUYER, "name": "Buyer"},
    "supplier": {"gln": SELLER, "name": "Seller"},
    "ship_to": {"gln": STORE, "name": "Store"},
    "requested_on": "2026-12-01",
    "lines": [line("10", 100, "12.5", requested_on="2026-12-01"), line("20", 20, "3", requested_on="2026-12-02")],
}


def change(revision: int, *lines: Mapping[str, Any], **header: Any) -> dict[str, Any]:
    stays = {name: ORDER[name] for name in ("number", "currency", "buyer", "supplier")}
    return {
        **stays,
        "entity": "OrderChange",
        "purpose": "change",
        "revision": revision,
        "issued_at": day(2 + revision),
        "lines": list(lines),
        **header,
    }


FIRST = change(
    1,
    line("10", 80, action="change"),
    line("20", action="delete"),
    line("30", 5, "7", action="add", requested_on="2026-12-03"),
)
SECOND = change(2, line("10", price="13", action="change"))


def response(*lines: Mapping[str, Any], **header: Any) -> dict[str, Any]:
    said = {name: ORDER[name] for name in ("currency", "buyer", "supplier")}
    return {**said, "entity": "OrderResponse", "number": "SO-9", "order_number": "PO-77", "purpose": "original", "issued_at": day(6),
            "lines": [{**one, "order_line": one["line"], "status": "accepted"} for one in lines], **header}  # fmt: skip


class Trade:
    """A buyer and a seller of one syntax and a hub between them."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name, self.syntax, self.control = hub, name, SYNTAXES[name], 0

    def bytes_of(self, message: str, entity: dict[str, Any], sender: str, receiver: str) -> bytes:
        """A document as a partner's system writes it."""
        self.control += 1
        tree = load(f"{self.name}/{message}").write(entity, Context(time_zone="UTC", message_version=self.syntax.version or None))
        envelope = Envelope(
            sender=sender, receiver=receiver, control=self.control, group_control=self.control, first_message_control=self.control,
            created_at=day(20), version=self.syntax.version or traits_of(self.name).base_version,
        )  # fmt: skip
        enveloped = traits_of(self.name).enveloped
        return format_named(self.name).write([(message, tree)], envelope if enveloped else None, STRICT, None if enveloped else message)

    def say(self, message: str, entity: dict[str, Any], partner: str = "buyer") -> int:
        """Send a document; returns its exchange."""
        ends = (self.syntax.buyer, self.syntax.seller)
        content = self.bytes_of(message, entity, *(ends if partner == "buyer" else reversed(ends)))
        landing = take(self.hub, content, partner, key=f"k{self.control}", agreement=f"{partner}_in")
        with self.hub.database.read() as connection:
            row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.document_id == landing.document_id)).one()
            found = connection.execute(
                sa.select(tables.finding.c.rule, tables.finding.c.got).where(tables.finding.c.exchange_id == row.id)
            ).all()
        assert row.state in ("applied", "waiting"), (row.state, found, content.decode())
        return int(row.id)

    def order(self) -> dict[str, Any]:
        reconcile(self.hub)
        with self.hub.database.read() as connection:
            return views.order(connection, "PO-77")

    def explained(self, number: str, field: str) -> tuple[Any, list[tuple[int, str]]]:
        """Value, and exchange and raw text of each step."""
        said = explain(self.hub, f"order/PO-77/{number}", field)
        return said["value"], [(step["exchange"], step.get("raw", "")) for step in said["steps"]]


@pytest.fixture
def trade(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Trade]:
    name = request.param
    syntax = SYNTAXES[name]
    files = {
        "site.yaml": "version: 1\nname: changes\norganisations:\n"
        f'  - {{key: north, name: North, gln: "{SELLER}", time_zone: UTC, currency: EUR}}\n',
        "partners/buyer.yaml": f'version: 1\npartner: buyer\nname: Buyer\nkind: customer\ngln: "{BUYER}"\n',
        "partners/seller.yaml": f'version: 1\npartner: seller\nname: Seller\nkind: supplier\ngln: "{SELLER}"\n',
    }
    for partner, sender, receiver, types in (
        ("buyer", syntax.buyer, syntax.seller, {syntax.order, syntax.change}),
        ("seller", syntax.seller, syntax.buyer, {syntax.response}),
    ):
        version = f', version: "{syntax.version}"' if syntax.version else ""
        messages = "".join(f'  - {{type: "{one}"{version}, mapping: {name}/{one}}}\n' for one in sorted(types))
        files[f"agreements/{partner}_in.yaml"] = (
            f"version: 1\nagreement: {partner}_in\npartner: {partner}\norganisation: north\ndirection: in\nformat: {name}\n"
            f'envelope: {{sender: "{sender}", receiver: "{receiver}"}}\nmessages:\n{messages}acknowledge: {{functional: never}}\n'
            "profile: {time_zone: UTC}\n"
        )
    for path, text in files.items():
        (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / path).write_text(text, encoding="utf-8")
    hub = Hub.open(Settings(tmp_path / "home", tmp_path / "site", database_url, "en", 1_000_000, clock))
    yield Trade(hub, name)
    hub.database.close()


def told(order: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (one["line"], one["ordered"]["quantity"], one["unit_price"], one["requested_on"], one["cancelled"], one["confirmed"]["quantity"])
        for one in order["lines"]
    ]


@pytest.mark.parametrize("trade", BY_LINES, indirect=True)
@pytest.mark.parametrize("late", [False, True], ids=["as issued", "backwards"])
def test_an_order_one_line_changed_one_deleted_one_added_and_the_answer(trade: Trade, late: bool) -> None:
    syntax = trade.syntax
    said = [(syntax.order, ORDER), (syntax.change, FIRST), (syntax.change, SECOND)]
    ids = {id(entity): trade.say(message, entity) for message, entity in (reversed(said) if late else said)}
    original, first, second = (ids[id(entity)] for _, entity in said)
    lines = (line("10", 80, "13", promised_on="2026-12-01"), line("30", 5, "7", promised_on="2026-12-03"))
    answer = trade.say(syntax.response, response(*lines, purpose="change" if trade.name == "x12" else "original"), "seller")
    found = trade.order()
    assert told(found) == [
        ("10", 80, 13, "2026-12-01", False, 80),
        ("20", 0, 3, "2026-12-02", True, None),
        ("30", 5, 7, "2026-12-03", False, 5),
    ]
    assert [one["exchange_id"] for one in found["history"]] == [original, first, second]
    assert found["discrepancies"] == [] and [one["discrepancies"] for one in found["lines"]] == [[], [], []]
    value, steps = trade.explained("10", "ordered")
    assert (value, [(exchange, Decimal(raw)) for exchange, raw in steps]) == (80, [(first, Decimal(80))])
    assert [exchange for exchange, _ in trade.explained("10", "unit_price")[1]] == [second]
    assert [exchange for exchange, _ in trade.explained("10", "requested_on")[1]] == [original]
    assert trade.explained("20", "ordered") == (0, [(first, {"x12": "DI", "idoc": "003"}.get(trade.name, "2"))])
    assert [exchange for exchange, _ in trade.explained("20", "unit_price")[1]] == [original]
    assert [exchange for exchange, _ in trade.explained("30", "ordered")[1]] == [first]
    assert [exchange for exchange, _ in trade.explained("10", "confirmed")[1]] == [answer]


@pytest.mark.parametrize("trade", WHOLE, indirect=True)
def test_a_replacement_by_the_message_of_changes_is_the_whole_order(trade: Trade) -> None:
    syntax = trade.syntax
    trade.say(syntax.order, ORDER)
    trade.say(syntax.change, FIRST)
    replaced = trade.say(syntax.change, change(3, line("10", 60, "12"), line("30", 1, "7"), purpose="replace", requested_on="2026-12-09"))
    found = trade.order()
    assert told(found) == [("10", 60, 12, "2026-12-09", False, None), ("30", 1, 7, "2026-12-09", False, None)]
    assert [one["exchange_id"] for one in found["history"]] == [replaced]


@pytest.mark.parametrize("trade", ["x12", "edifact", "idoc"], indirect=True)
def test_a_replacement_by_the_order_itself_is_the_whole_order(trade: Trade) -> None:
    trade.say(trade.syntax.order, ORDER)
    trade.say(trade.syntax.change, FIRST)
    trade.say(trade.syntax.order, {**ORDER, "purpose": "replace", "revision": 3, "issued_at": day(9), "lines": ORDER["lines"][:1]})  # type: ignore[index]
    assert told(trade.order()) == [("10", 100, Decimal("12.5"), "2026-12-01", False, None)]


@pytest.mark.parametrize("trade", ["cxml"], indirect=True)
def test_a_cxml_update_states_the_whole_order(trade: Trade) -> None:
    """cXML 1.2, OrderRequestHeader: an order of type `update` takes the place of the one before."""
    trade.say("OrderRequest", ORDER)
    update = trade.say(
        "OrderRequest",
        {**ORDER, "purpose": "replace", "revision": 2, "issued_at": day(4), "lines": [line("10", 80, "13"), line("30", 5, "7")]},
    )
    trade.say("ConfirmationRequest", response(line("10", 80, "13"), line("30", 5, "7")), "seller")
    found = trade.order()
    assert [(number, ordered, price, confirmed) for number, ordered, price, _, _, confirmed in told(found)] == [
        ("10", 80, 13, 80),
        ("30", 5, 7, 5),
    ]
    assert [one["exchange_id"] for one in found["history"]] == [update]
