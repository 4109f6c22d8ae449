"""Orders that change after they went out: told by the changed lines where the agreement names a message for that, else whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import outbound
from hub.amending import difference, says_something, whole
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import blobs, tables
from tests.hub.acknowledge.conftest import Open, open_with
from tests.hub.conftest import take
from tests.hub_api.papers import found, orders

__all__ = ["open_with"]
FLOW = "orders_to_acme"
NUMBER = "4500000001"
CHANGES = {
    "agreements/orders_to_acme.yaml": (
        'messages: [{type: "850", version: "004010", mapping: x12/850}]',
        'messages: [{type: "850", version: "004010", mapping: x12/850}, {type: "860", version: "004010", mapping: x12/860}]',
    )
}


def export(revision: int, *lines: tuple[str, int, str], **order: Any) -> bytes:
    """The ERP's order with lines (number, quantity, price)."""
    one = json.loads(orders(NUMBER, "V1"))
    first = one["orders"][0]
    shape = first["lines"][0]
    rows = [{**shape, "line": number, "quantity": quantity, "unit_price": price} for number, quantity, price in lines]
    said = {**first, "revision": revision, "issued_at": f"2026-11-{4 + revision:02}T08:00:00+01:00", "lines": rows, **order}
    return json.dumps({**one, "orders": [said]}).encode()


def say(hub: Hub, content: bytes, key: str) -> None:
    take(hub, content, "erp", key=key, agreement="orders_north")


def pushed(hub: Hub) -> list[list[list[str]]]:
    """The segments of what a push puts into the outbox, from the header's first on: BEG, BCH, PO1, POC."""
    before = _contents(hub)
    outbound.push(hub, hub.site.flows[FLOW])
    return [
        [segment for name in ("BEG", "BCH", "PO1", "POC") for segment in found(content, name)] for content in _contents(hub)[len(before) :]
    ]


def _contents(hub: Hub) -> list[bytes]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.kind == "document").order_by(tables.outbox.c.id))
        return [blobs.read_blob(connection, hub.settings.home, bytes(row.sha256)) for row in rows]


def lines_of(message: list[list[str]]) -> list[list[str]]:
    return [segment[:7] for segment in message[1:]]


def test_the_lines_that_changed_go_out_by_the_message_of_changes(open_with: Open) -> None:
    hub = open_with(CHANGES)
    say(hub, export(1, ("1", 24, "2.5"), ("2", 10, "4"), ("3", 1, "9")), "k1")
    ((beg, *_),) = pushed(hub)
    assert beg[:4] == ["BEG", "00", "SA", NUMBER]
    say(hub, export(2, ("1", 20, "2.5"), ("3", 1, "9"), ("4", 6, "7"), purpose="replaced"), "k2")
    (message,) = pushed(hub)
    assert message[0][:6] == ["BCH", "04", "SA", NUMBER, "", "2"]
    assert [segment[1:6] for segment in message[1:]] == [["1", "CA", "20", "", "EA"], ["4", "AI", "6", "", "EA"], ["2", "DI", "", "", ""]]
    assert message[1][6] == "", "a price that stays is not said again"
    say(hub, export(3, ("1", 20, "2.25"), ("3", 1, "9"), ("4", 6, "7"), purpose="replaced"), "k3")
    (message,) = pushed(hub)
    assert [segment[1:7] for segment in message[1:]] == [["1", "CA", "", "", "", "2.25"]]
    say(hub, export(4, ("1", 20, "2.25"), ("3", 1, "9"), ("4", 6, "7"), purpose="replaced"), "k4")
    assert pushed(hub) == [], "nothing of it is new"
    say(hub, export(5, ("1", 20, "2.25"), ("4", 6, "7"), purpose="replaced"), "k5")
    (message,) = pushed(hub)
    assert [segment[1:3] for segment in message[1:]] == [["3", "DI"]], "against what the partner was told last"


@pytest.mark.parametrize("by_lines", [True, False])
def test_a_change_that_our_system_states_in_part_goes_out_as_what_the_order_is_now(open_with: Open, by_lines: bool) -> None:
    hub = open_with(CHANGES if by_lines else {})
    say(hub, export(1, ("1", 24, "2.5"), ("2", 10, "4")), "k1")
    say(hub, export(2, ("2", 12, "4"), purpose="changed"), "k2")
    (message,) = pushed(hub)
    assert message[0][1] == "00" and [segment[1:3] for segment in message[1:]] == [["1", "24"], ["2", "12"]]
    assert pushed(hub) == [], "the change was told with its order"
    say(hub, export(3, ("1", 30, "2.5"), purpose="changed"), "k3")
    (message,) = pushed(hub)
    if by_lines:
        assert message[0][:2] == ["BCH", "04"] and [segment[1:4] for segment in message[1:]] == [["1", "CA", "30"]]
    else:
        assert message[0][:2] == ["BEG", "05"] and [segment[1:3] for segment in message[1:]] == [["1", "30"], ["2", "12"]]
    with hub.database.read() as connection:
        sent = connection.execute(
            sa.select(tables.exchange.c.id).where(tables.exchange.c.direction == "out").order_by(tables.exchange.c.id.desc())
        )
        last = sent.scalars().first()
    outbound.copy(hub, last or 0, "jane", "lost on their side")
    again = _contents(hub)[-1]
    assert [segment[1:3] for segment in found(again, "PO1")] == [["1", "30"], ["2", "12"]], "a copy says the order whole"


MESSAGES = {
    "edifact": ("ORDERS", ", version: D.96A", "ORDCHG", [b"BGM+230+4500000001+4", b"LIN+1+3+", b"QTY+21:20", b"LIN+4+1+", b"LIN+2+2+"]),
    "idoc": ("ORDERS", ", version: ORDERS05", "ORDCHG", [b"<MESTYP>ORDCHG<", b"<ACTION>002<", b"<ACTION>001<", b"<ACTION>003<"]),
    "ubl": ("Order", "", "OrderChange", [b"<cbc:SequenceNumberID>2<", b"LineStatusCode>3<", b"LineStatusCode>1<", b"LineStatusCode>2<"]),
}


@pytest.mark.parametrize("syntax", sorted(MESSAGES))
def test_every_syntax_has_its_message_of_changes(tmp_path: Path, database_url: str, clock: FrozenClock, syntax: str) -> None:
    order, version, change, says = MESSAGES[syntax]
    site = Path(shutil.copytree(Path(__file__).parents[1] / "samples" / "syntaxes", tmp_path / "site"))
    path = site / "agreements" / f"{syntax}_out.yaml"
    said = f"{{type: {order}{version}, mapping: {syntax}/{order}}}"
    text = path.read_text(encoding="utf-8")
    assert said in text
    path.write_text(text.replace(said, f"{said}, {{type: {change}{version}, mapping: {syntax}/{change}}}"), encoding="utf-8")
    hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    party = hub.site.partners[syntax].party or ""
    for key, (revision, purpose, rows) in {
        "k1": (1, "new", (("1", 24, "2.5"), ("2", 10, "4"))),
        "k2": (2, "replaced", (("1", 20, "2.5"), ("4", 6, "7"))),
    }.items():
        content = export(revision, *rows, purpose=purpose).replace(b'"code": "V1"', f'"code": "{party}"'.encode())
        take(hub, content, "erp", key=key, agreement="orders_erp")
        outbound.push(hub, hub.site.flows[f"{syntax}_out"])
    _, second = _contents(hub)
    hub.database.close()
    assert [text for text in says if text not in second] == [] and second.count(b"2.5") == 0, second.decode()


def test_a_value_that_was_taken_away_goes_out_with_the_whole_order(open_with: Open) -> None:
    hub = open_with(CHANGES)
    say(hub, export(1, ("1", 24, "2.5")), "k1")
    pushed(hub)
    content = json.loads(export(2, ("1", 24, "2.5"), purpose="replaced"))
    del content["orders"][0]["lines"][0]["unit_price"]
    say(hub, json.dumps(content).encode(), "k2")
    (message,) = pushed(hub)
    assert message[0][:2] == ["BEG", "05"] and message[1][:4] == ["PO1", "1", "24", "EA"]


def test_a_cancelled_order_is_taken_back_whole(open_with: Open) -> None:
    hub = open_with(CHANGES)
    say(hub, export(1, ("1", 24, "2.5")), "k1")
    say(hub, export(2, ("1", 30, "2.5"), purpose="changed"), "k2")
    pushed(hub)
    say(hub, export(3, ("1", 24, "2.5"), purpose="cancelled"), "k3")
    (message,) = pushed(hub)
    assert message[0][:2] == ["BEG", "01"]


def test_what_changed_makes_the_order_before_the_order_now() -> None:
    before = {"entity": "PurchaseOrder", "number": "1", "currency": "EUR", "requested_on": "2026-12-01", "lines": [
        {"line": "10", "gtin": "1", "quantity": 1, "unit": "EA"}, {"line": "20", "gtin": "2", "quantity": 2, "unit": "EA"},
    ]}  # fmt: skip
    now = {**before, "requested_on": "2026-12-04", "lines": [
        {"line": "10", "gtin": "1", "quantity": 1, "unit": "CS", "unit_price": 4}, {"line": "30", "gtin": "3", "quantity": 3, "unit": "EA"},
    ]}  # fmt: skip
    change = difference(before, now)
    assert change is not None and says_something(change)
    assert whole([before, change])["lines"] == now["lines"] and whole([before, change])["requested_on"] == "2026-12-04"
    same = difference(before, before)
    assert same is not None and not says_something(same)
    assert difference(now, {**now, "lines": [*now["lines"], now["lines"][0]]}) is None
