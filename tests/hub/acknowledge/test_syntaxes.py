"""One order in each syntax: it goes out under numbers of the store, its answers come in and close it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import acknowledge, outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import blobs, tables
from tests.hub.conftest import take
from tests.hub_api.papers import orders

SITE = Path(__file__).parents[2] / "samples" / "syntaxes"
PARTIES = {"idoc": "V2"}


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    opened = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def place(hub: Hub, syntax: str, *numbers: str) -> list[int]:
    """Orders of the ERP go out in a syntax; returns their exchanges."""
    for number in numbers:
        one = json.loads(orders(number, PARTIES[syntax]))
        for line in one["orders"][0]["lines"]:
            line["supplier_item"] = "SUP-1"
        take(hub, json.dumps(one).encode(), "erp", key=number, agreement="orders_erp")
    made = outbound.push(hub, hub.site.flows[f"{syntax}_out"])
    outbound.send(hub)
    assert [state(hub, number) for number in made] == [("sent", "awaited")] * len(numbers), findings(hub)
    return made


def written(hub: Hub, exchange_id: int) -> bytes:
    """What left."""
    with hub.database.read() as connection:
        sha256 = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.exchange_id == exchange_id)).scalar_one()
        return blobs.read_blob(connection, hub.settings.home, bytes(sha256))


def state(hub: Hub, exchange_id: int) -> tuple[str, str]:
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id == exchange_id)).one()
    return row.state, row.acknowledgement


def reference(hub: Hub, exchange_id: int) -> str:
    with hub.database.read() as connection:
        return str(connection.execute(sa.select(tables.exchange.c.reference).where(tables.exchange.c.id == exchange_id)).scalar_one())


def findings(hub: Hub) -> list[tuple[str, int | None]]:
    """Open findings of severity error or warning."""
    finding = tables.finding
    with hub.database.read() as connection:
        query = sa.select(finding).where(finding.c.closed_at.is_(None), finding.c.severity != "info").order_by(finding.c.id)
        return [(row.rule, row.exchange_id) for row in connection.execute(query)]


def answers(hub: Hub, document_id: int) -> list[str]:
    with hub.database.read() as connection:
        return [one["kind"] for one in acknowledge.listed(connection, hub.settings.home, document_id)]


# --- IDoc --------------------------------------------------------------------------------------------------------------
def status(number: int, *said: tuple[str, str, str]) -> bytes:
    """A STATUS IDoc of the supplier's SAP: DOCNUM, status and text of each of ours."""
    control = {
        "TABNAM": "EDI_DC40", "DOCNUM": f"{number:016d}", "DIRECT": "2", "IDOCTYP": "SYSTAT01", "MESTYP": "STATUS",
        "SNDPRT": "LS", "SNDPRN": "SUPPLIER", "RCVPRT": "LS", "RCVPRN": "NORTH100",
    }  # fmt: skip
    records = [f'<EDI_DC40 SEGMENT="1">{"".join(f"<{name}>{text}</{name}>" for name, text in control.items())}</EDI_DC40>']
    for ours, code, text in said:
        fields = {"TABNAM": "EDI_DS", "DOCNUM": ours, "LOGDAT": "20261122", "LOGTIM": "090000", "STATUS": code, "STATXT": text}
        records.append(f'<E1STATS SEGMENT="1">{"".join(f"<{name}>{value}</{name}>" for name, value in fields.items())}</E1STATS>')
    return f'<SYSTAT01><IDOC BEGIN="1">{"".join(records)}</IDOC></SYSTAT01>'.encode()


def test_an_order_by_idoc_is_posted_refused_and_posted_after_all(hub: Hub) -> None:
    one, two = place(hub, "idoc", "4500000001", "4500000002")
    assert b"<DOCNUM>0000000000000001</DOCNUM>" in written(hub, one) and b"<BELNR>4500000001</BELNR>" in written(hub, one)
    assert (reference(hub, one), reference(hub, two)) == ("1", "2")
    take(hub, status(70, ("0000000000000001", "50", "added")), "idoc")
    assert state(hub, one) == ("sent", "awaited"), "that it arrived is no answer yet"
    came = take(hub, status(71, ("0000000000000001", "53", "posted"), ("0000000000000002", "51", "no such material")), "idoc")
    assert state(hub, one) == ("acknowledged", "accepted") and state(hub, two) == ("refused", "rejected")
    assert findings(hub) == [("ACK-05", two)]
    assert answers(hub, came.document_id) == [], "a STATUS is never answered"
    take(hub, status(72, ("0000000000000002", "53", "posted")), "idoc")
    assert state(hub, two) == ("acknowledged", "accepted") and findings(hub) == []
    take(hub, status(73, ("0000000000000099", "53", "posted")), "idoc")
    assert [rule for rule, _ in findings(hub)] == ["ACK-03"]


def test_an_idoc_that_could_not_be_read_is_failed_and_one_without_status_overdue(hub: Hub) -> None:
    one, two = place(hub, "idoc", "4500000001", "4500000002")
    take(hub, status(70, ("0000000000000001", "56", "IDoc with errors added")), "idoc")
    assert state(hub, one) == ("failed", "rejected") and findings(hub) == [("ACK-02", one)]
    hub.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert outbound.watch(hub) == 1 and state(hub, two) == ("sent", "overdue")
