"""A trading partner of somebody else's making: `mock-edi` as a process of its own, met over a drop folder, a pick-up folder and HTTP.

It validates by a dictionary of its own, answers with 997 or CONTRL, confirms, ships and bills what it was sent, and misbehaves when it is
told to. Its clock stands still until it is moved, as ours does.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from hub import outbound, pipeline, worker
from hub.clock import FrozenClock
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from hub.store.views import order as order_view
from tests.journeys.foreign_process import ended, port_of_its_own, started
from tests.journeys.server import TRUST

SITE = Path(__file__).parents[1] / "samples" / "mock_edi"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
UNTAKEN = "MAP-14"
REMARKED = "ACK-12"


@dataclass
class MockPartner:
    """One mock partner; `drop` is where it looks for what we send, `pickup` where it puts what it says."""

    drop: Path
    pickup: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, clock: bool = True) -> None:
        """Start, and wait until it answers. Its clock stands still at `START`, or with `clock=False` runs like ours."""
        for folder in (self.drop, self.pickup):
            folder.mkdir(parents=True, exist_ok=True)
        self.port = port_of_its_own()
        said = [
            *("--quiet", "--compact", "--port", str(self.port)),
            *(("--start-at", START.strftime("%Y-%m-%dT%H:%M:%SZ")) if clock else ()),
            *("--drop-dir", str(self.drop), "--pickup-dir", str(self.pickup), "--drop-settle-ms", "0", "--drop-interval-ms", "3600000"),
            *options,
        ]
        self.process = started("mockedi", said, lambda: httpx.get(self.address("/_mock/health"), timeout=5, verify=TRUST))

    def stop(self) -> None:
        """End the process."""
        ended(self.process)

    def address(self, path: str) -> str:
        """URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """One request to its control plane."""
        answer = httpx.request(method, self.address(path), json=body or None, timeout=30, verify=TRUST)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def take(self, content: bytes) -> None:
        """Post a document to it."""
        answer = httpx.post(self.address("/edi"), content=content, timeout=30, verify=TRUST)
        assert answer.status_code < 300, answer.text

    def become(self, customer: str, **changes: Any) -> None:
        """How it treats one of its customers: `behaviour`, `test`, `dialect` …"""
        self.ask("PATCH", f"/_mock/partners/{customer}", **changes)


Item = tuple[str, int, str]
"""What is ordered: the supplier's item, quantity, price."""
ORDER: tuple[Item, ...] = (("WIDGET-001", 100, "12.50"), ("BRKT-050", 40, "4.15"))


def order(number: str, *items: Item, supplier: str = "V1", issued_at: str = "2026-11-02T08:00:00+00:00") -> bytes:
    """An export of the ERP with one order."""
    lines = [
        {
            "line": str(place),
            "item_code": f"RM-{place}",
            "supplier_item": item,
            "description": item.title(),
            "quantity": quantity,
            "unit": "EA",
            "unit_price": price,
            "requested_on": "2026-11-20",
        }
        for place, (item, quantity, price) in enumerate(items or ORDER, 1)
    ]
    head = {"number": number, "revision": 0, "purpose": "new", "issued_at": issued_at, "currency": "USD", "requested_on": "2026-11-20"}
    parties = {"supplier": {"code": supplier, "name": "Mock"}, "ship_to": {"gln": "8799999010009", "name": "Site"}}
    return json.dumps({"exported_at": issued_at, "orders": [{**head, **parties, "lines": lines}]}).encode()


@dataclass
class Trade:
    """A hub and the mock partner, and what they say to each other."""

    hub: Hub
    mock: MockPartner
    clock: FrozenClock

    @classmethod
    def open(cls, home: Path, database_url: str, *options: str, site: Path = SITE) -> Trade:
        """Both of them, on fresh stores and with empty folders."""
        mock = MockPartner(home / "to_mock", home / "from_mock")
        mock.start(*options)
        clock = FrozenClock(START)
        return cls(Hub.open(Settings(home, site, database_url, "en", 10_000_000, clock)), mock, clock)

    def close(self) -> None:
        """End both."""
        self.hub.database.close()
        self.mock.stop()

    def place(self, number: str, *items: Item, supplier: str = "V1") -> None:
        """The ERP exports an order, which goes out."""
        content = order(number, *items, supplier=supplier)
        receive(
            self.hub,
            Reception(partner="erp", channel="http", stream=BytesIO(content), by="erp", delivery_key=number, agreement="orders_erp"),
        )
        worker.drain(self.hub)
        for flow in self.hub.site.flows.values():
            if flow.direction == "out":
                outbound.push(self.hub, flow)
        outbound.send(self.hub)

    def talk(self) -> None:
        """Documents and answers to and fro until nobody has anything to say."""
        for _ in range(6):
            said = self.mock.ask("POST", "/_mock/drop/scan")["scanned"]
            taken = 0
            for flow in self.hub.site.flows.values():
                if flow.direction == "in":
                    taken += len(pipeline.fetch(self.hub, flow))
            worker.drain(self.hub)
            outbound.send(self.hub)
            if not said and not taken:
                break
        pipeline.reconcile(self.hub)
        outbound.watch(self.hub)

    def wait(self, seconds: int) -> None:
        """Time passes, for both."""
        self.mock.ask("POST", f"/_mock/advance?seconds={seconds}")
        self.clock.advance(seconds)

    def states(self, direction: str = "in") -> dict[str, list[str]]:
        """States of exchanges by message type, in the order of arrival."""
        found: dict[str, list[str]] = {}
        with self.hub.database.read() as connection:
            query = sa.select(tables.exchange).where(tables.exchange.c.direction == direction).order_by(tables.exchange.c.id)
            for row in connection.execute(query):
                if row.partner_id != self.hub.partner_id("erp"):
                    found.setdefault(row.type, []).append(row.state)
        return found

    def sent(self) -> list[tuple[str, str]]:
        """State and acknowledgement of what went out."""
        with self.hub.database.read() as connection:
            query = sa.select(tables.exchange).where(tables.exchange.c.direction == "out").order_by(tables.exchange.c.id)
            return [(row.state, row.acknowledgement) for row in connection.execute(query)]

    def findings(self, *, closed: bool = False) -> list[str]:
        """Rules of the findings, open or closed, each once a line; without those that only tell what no mapping
        takes (`untaken`) and what the partner notes on an order that it accepts (`remarked`)."""
        return [rule for rule in self._rules(closed) if rule not in (UNTAKEN, REMARKED)]

    def untaken(self) -> int:
        """How many messages said more than their mapping takes, which is told and asks nothing of anybody."""
        return self._rules(False).count(UNTAKEN)

    def remarked(self) -> int:
        """How many of our orders the partner took with errors noted: its dictionary lacks a code of ours."""
        return self._rules(False).count(REMARKED)

    def _rules(self, closed: bool) -> list[str]:
        finding = tables.finding
        which = finding.c.closed_at.is_not(None) if closed else finding.c.closed_at.is_(None)
        with self.hub.database.read() as connection:
            return list(connection.execute(sa.select(finding.c.rule).where(which).order_by(finding.c.id)).scalars())

    def discrepancies(self) -> list[tuple[str, str]]:
        """Rule and order line of what is open."""
        table = tables.discrepancy
        with self.hub.database.read() as connection:
            rows = connection.execute(sa.select(table.c.rule, table.c.order_line).where(table.c.closed_at.is_(None)))
            return sorted((row.rule, row.order_line) for row in rows)

    def answers(self) -> list[tuple[str, str]]:
        """Kind and verdict of what we answered."""
        table = tables.acknowledgement
        with self.hub.database.read() as connection:
            return [(row.kind, row.verdict) for row in connection.execute(sa.select(table).order_by(table.c.id))]

    def lines(self, number: str) -> list[tuple[int | None, ...]]:
        """Ordered, confirmed, despatched and invoiced of each line."""
        stages = ("ordered", "confirmed", "despatched", "invoiced")
        with self.hub.database.read() as connection:
            shown = order_view(connection, number)
        said = [[line[stage] and line[stage]["quantity"] for stage in stages] for line in shown["lines"]]
        return [tuple(None if quantity is None else int(quantity) for quantity in line) for line in said]
