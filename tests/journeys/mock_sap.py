"""An SAP of somebody else's making: `mock-sap` as a process of its own, asked and written to by OData, which takes IDocs and makes some.

It wants a user, and for what is written a token with its cookies; it misbehaves when it is told to. What it keeps is asked of itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
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
from tests.journeys.foreign_process import ended, port_of_its_own, started
from tests.journeys.server import TRUST

SITE = Path(__file__).parents[1] / "samples" / "mock_sap"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
USER, PASSWORD = "HUB", "geheim"
ORDERS = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder"
PRODUCTS = "/sap/opu/odata/sap/API_PRODUCT_SRV/A_Product"
SALES = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder"
IDOC = "/sap/bc/idoc"


@dataclass
class MockSap:
    """One SAP, and what its own people do in it."""

    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    people: httpx.Client = field(default_factory=lambda: httpx.Client(auth=(USER, PASSWORD), timeout=30, verify=TRUST))

    def start(self, *options: str) -> None:
        """Start, and wait until it answers. Its clock begins at `START`."""
        self.port = port_of_its_own()
        clock = START.strftime("%Y-%m-%dT%H:%M")
        said = ["--quiet", "--port", str(self.port), "--auth", f"{USER}:{PASSWORD}", "--clock", clock, *options]
        self.process = started("mocksap", said, lambda: self.people.get(self.address("/_mock/health")))

    def stop(self) -> None:
        """End the process."""
        self.people.close()
        ended(self.process)

    def address(self, path: str = "") -> str:
        """URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **query: str) -> Any:
        """What stands at an address; of a collection of OData its records."""
        answer = self.people.get(self.address(path), params={f"${name}": value for name, value in {**query, "format": "json"}.items()})
        assert answer.status_code == 200, answer.text
        said = answer.json()
        return said["d"].get("results", said["d"]) if "d" in said else said.get("results", said)

    def write(self, method: str, path: str, body: dict[str, Any], **headers: str) -> bytes:
        """What somebody does in SAP itself, with a token as SAP wants it."""
        token = self.people.get(self.address(ORDERS), params={"$top": "1", "$format": "json"}, headers={"x-csrf-token": "fetch"})
        headers["x-csrf-token"] = token.headers.get("x-csrf-token", "")
        answer = self.people.request(method, self.address(path), json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.content

    def says(self, kind: str, order: str) -> bytes:
        """An IDoc of a sales order, as SAP would send it: ORDERS, DELVRY or INVOIC."""
        return self.write("POST", f"{IDOC}/generate?format=xml", {"mestyp": kind, "SalesOrder": order})

    def status(self, content: bytes) -> bytes:
        """The STATUS that SAP would send of an IDoc of ours, with the word that it keeps of it; the mock itself sends none."""
        kept = next(one for one in self.get("/_mock/idocs") if self.kept(one["docnum"]) == content)
        said = {"DOCNUM": docnum(content), "STATUS": kept["status"], "STATXT": kept["status_text"], "STAPA1": kept["docnum"]}
        control = {"TABNAM": "EDI_DC40", "DOCNUM": f"2{kept['docnum'][1:]}", "DIRECT": "1", "IDOCTYP": "SYSTAT01", "MESTYP": "STATUS"}
        control |= {"SNDPRT": "LS", "SNDPRN": "MCKCLNT100", "RCVPRT": "LS", "RCVPRN": "PARTNER01", "CREDAT": "20261102", "CRETIM": "100000"}
        both = "".join(
            f'<{tag} SEGMENT="1">{"".join(f"<{name}>{value}</{name}>" for name, value in values.items())}</{tag}>'
            for tag, values in (("EDI_DC40", control), ("E1STATS", said))
        )
        return f'<?xml version="1.0" encoding="utf-8"?><SYSTAT01><IDOC BEGIN="1">{both}</IDOC></SYSTAT01>'.encode()

    def kept(self, number: str) -> bytes:
        """An IDoc that it took or made, as it came or went."""
        answer = self.people.get(self.address(f"{IDOC}/{number}"), params={"format": "xml"})
        assert answer.status_code == 200, answer.text
        return answer.content

    def later(self) -> None:
        """A day passes."""
        answer = self.people.post(self.address("/_mock/advance"), params={"days": "1"})
        assert answer.status_code == 200, answer.text

    def rule(self, path: str, **said: Any) -> None:
        """What goes wrong from now on: `faults` or `idoc-posting`."""
        answer = self.people.post(self.address(f"/_mock/{path}"), json=said)
        assert answer.status_code == 201, answer.text

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """Requests that were made of it so far, the oldest first, with their headers; secrets in them are masked."""
        answer = self.people.get(self.address("/_mock/requests"), params={"limit": "200", "verbose": "1"}).json()
        return [one for one in sorted(answer["results"], key=lambda one: int(one["id"])) if (one["method"], one["path"]) == (method, path)]


def docnum(content: bytes) -> str:
    """The number of an IDoc in XML."""
    return content.partition(b"<DOCNUM>")[2].partition(b"</DOCNUM>")[0].decode()


@dataclass
class Site:
    """A hub and its SAP."""

    hub: Hub
    sap: MockSap
    clock: FrozenClock

    @classmethod
    def open(cls, home: Path, database_url: str, *options: str) -> Site:
        """Both of them, on fresh stores; the site is given SAP's address."""
        sap = MockSap()
        sap.start(*options)
        folder = Path(shutil.copytree(SITE, home / "site"))
        for path in (folder / "flows").glob("*.yaml"):
            path.write_text(path.read_text(encoding="utf-8").replace("http://127.0.0.1:1", sap.address()), encoding="utf-8")
        clock = FrozenClock(START)
        return cls(Hub.open(Settings(home, folder, database_url, "en", 10_000_000, clock)), sap, clock)

    def close(self) -> None:
        """End both."""
        self.hub.database.close()
        self.sap.stop()

    def pull(self, flow: str) -> list[str]:
        """One pull, and the business keys of what was taken in."""
        seen = self._last()
        pipeline.fetch(self.hub, self.hub.site.flows[flow])
        worker.drain(self.hub)
        return sorted(key for key, state in self.states(seen) if state == "applied")

    def take(self, content: bytes, partner: str, agreement: str, key: str | None = None) -> list[tuple[str, str]]:
        """A body posted to the hub: business key and state of each message in it."""
        seen = self._last()
        receive(
            self.hub,
            Reception(partner=partner, channel="http", stream=BytesIO(content), by=partner, delivery_key=key, agreement=agreement),
        )
        worker.drain(self.hub)
        return self.states(seen)

    def place(self, number: str, supplier: str, quantity: int = 250, revision: int = 0) -> None:
        """The ERP exports an order, or the next revision of it, and what follows of it goes out."""
        line = {"line": "10", "item_code": "TG14", "quantity": quantity, "unit": "EA", "unit_price": "41.25", "requested_on": "2026-12-01"}
        head = {"number": number, "revision": revision, "purpose": "replaced" if revision else "new", "currency": "EUR"}
        head["issued_at"] = "2026-11-02T08:00:00+00:00"
        parties = {"supplier": {"code": supplier, "name": "Supplier"}, "ship_to": {"gln": "8799999010009", "name": "Site"}}
        export = {"exported_at": "2026-11-02T08:00:00+00:00", "orders": [{**head, **parties, "lines": [line]}]}
        assert [state for _, state in self.take(json.dumps(export).encode(), "erp", "orders_erp", f"{number} {quantity}")] == ["applied"]
        self.send()

    def send(self) -> None:
        """What waits to go out goes."""
        for flow in self.hub.site.flows.values():
            if flow.direction == "out":
                outbound.push(self.hub, flow)
        outbound.send(self.hub)

    def states(self, beyond: int = 0, direction: str = "in") -> list[tuple[str, str]]:
        """Business key and state of the exchanges behind a number, in the order of arrival."""
        table = tables.exchange
        query = sa.select(table.c.business_key, table.c.state).where(table.c.id > beyond, table.c.direction == direction)
        with self.hub.database.read() as connection:
            return [(row.business_key, row.state) for row in connection.execute(query.order_by(table.c.id))]

    def sent(self) -> list[tuple[str, str]]:
        """State and acknowledgement of what went out."""
        table = tables.exchange
        with self.hub.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.direction == "out").order_by(table.c.id))
            return [(row.state, row.acknowledgement) for row in rows]

    def reasons(self) -> list[str | None]:
        """What was answered to each that went out."""
        table = tables.exchange
        with self.hub.database.read() as connection:
            return list(connection.execute(sa.select(table.c.reason).where(table.c.direction == "out").order_by(table.c.id)).scalars())

    def outcomes(self) -> list[str]:
        """What was kept of the answer to each parcel that went out."""
        with self.hub.database.read() as connection:
            return [str(told) for told in connection.execute(sa.select(tables.outbox.c.answer).order_by(tables.outbox.c.id)).scalars()]

    def findings(self, *weights: str) -> list[tuple[str, str | None]]:
        """Rule of what is open, and what it got; of some severities, or of errors."""
        table = tables.finding
        query = sa.select(table).where(table.c.closed_at.is_(None), table.c.severity.in_(weights or ("error",))).order_by(table.c.id)
        with self.hub.database.read() as connection:
            return [(row.rule, row.got) for row in connection.execute(query)]

    def later(self) -> None:
        """A day passes, for both."""
        self.sap.later()
        self.clock.advance(86_400)

    def _last(self) -> int:
        with self.hub.database.read() as connection:
            return int(connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.id), 0))) or 0)
