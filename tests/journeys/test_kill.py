"""Kill the server at random moments while partners post: what was acknowledged is there once, and was applied once.

    pytest tests/journeys/test_kill.py --kills 100

Each start runs ten minutes later on the hub's own clock, so that leases of the killed worker have run out.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from hub import audit
from hub.clock import SystemClock
from hub.store import tables
from hub.store.database import Database
from hub.worker import ATTEMPTS
from tests.hub_api.papers import ACME, BOREALIS, Channel, despatch, found, interchange
from tests.journeys.server import Server

POSTERS = 3


@dataclass
class Posted:
    """What one poster sent and was told. It posts one document until it is acknowledged, then the next."""

    channel: Channel
    first: int
    waits: bool
    acknowledged: dict[int, int] = field(default_factory=dict)
    """Control number to document id."""
    tries: int = 0

    def next_one(self, server: Server) -> None:
        """Post, or post again, the next document. Raises httpx.TransportError when the server is gone."""
        control = self.first + len(self.acknowledged)
        self.tries += 1
        answer = server.post(interchange(self.channel, control, despatch(f"S{control}")), self.channel.partner, wait=self.waits, timeout=30)
        assert answer.status_code in (200, 202, 503), answer.text
        if answer.status_code == 503:
            time.sleep(0.1)
            return
        if answer.status_code == 200:
            assert [segment[2] for segment in found(answer.content, "AK1")] == [str(control)]
            assert found(answer.content, "AK5") == [["AK5", "A"]]
        self.acknowledged[control] = int(answer.headers["Location"].rpartition("/")[2])


def post_until(stop: threading.Event, server: Server, posted: Posted, failures: list[BaseException]) -> None:
    while not stop.is_set():
        try:
            posted.next_one(server)
        except httpx.TransportError:
            stop.wait(0.02)
        except BaseException as error:
            failures.append(error)
            return


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_acknowledged_documents_survive_kills(database_url: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills = pytestconfig.getoption("--kills")
    seed = random.randrange(2**32)
    print(f"seed {seed}, {kills} kills")
    moments = random.Random(seed)
    server = Server(tmp_path / "home", database_url)
    server.issue_keys()
    began = datetime.now(UTC)
    channels = (ACME, BOREALIS, ACME)
    posters = [Posted(channel, (number + 1) * 1_000_000, number < 2) for number, channel in enumerate(channels)]
    assert len(posters) == POSTERS
    for run in range(kills + 1):
        server.environment["UDIHUB_CLOCK"] = (began + timedelta(minutes=10 * run)).isoformat()
        server.start()
        stop, failures = threading.Event(), list[BaseException]()
        threads = [threading.Thread(target=post_until, args=(stop, server, one, failures)) for one in posters]
        for thread in threads:
            thread.start()
        _until_posting(posters, moments, kills)
        if run < kills:
            _until_none_is_suspect(server)
            server.kill()
        stop.set()
        for thread in threads:
            thread.join(60)
        assert failures == [], f"seed {seed}: {failures}"
    for one in posters:  # whatever a kill left without an answer is posted again by its partner
        one.next_one(server)
    _until_processed(server)
    assert server.stop() == 0
    _check(server, posters, seed)
    print(f"{sum(len(one.acknowledged) for one in posters)} documents acknowledged in {sum(one.tries for one in posters)} tries")


def _until_posting(posters: list[Posted], moments: random.Random, kills: int) -> None:
    """Mostly until some documents of this run are acknowledged, and a little longer; sometimes not even that."""
    before = sum(len(one.acknowledged) for one in posters)
    wanted = before + (moments.randrange(2, 8) if moments.random() < 0.8 or kills < 5 else 0)
    until = time.monotonic() + 30
    while sum(len(one.acknowledged) for one in posters) < wanted and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(moments.uniform(0, 0.2))


def _until_processed(server: Server) -> None:
    until = time.monotonic() + 120
    while server.get("/v1/documents?state=received").json()["items"] and time.monotonic() < until:
        time.sleep(0.1)


def _until_none_is_suspect(server: Server) -> None:
    """A document in hand at `ATTEMPTS` kills in a row is put aside, and rightly: let the worker end with one that would come near to it."""
    document = tables.document
    near = sa.select(document.c.id).where(document.c.state == "received", document.c.attempts >= ATTEMPTS - 2)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        database = Database.open(server.database_url, server.home, SystemClock())  # never open at a kill, so that nothing of it is kept
        with database.read() as connection:
            found = connection.execute(near).first()
        database.close()
        if found is None:
            return
        time.sleep(0.1)


def _check(server: Server, posters: list[Posted], seed: int) -> None:
    expected = {control: (one.channel.partner, document) for one in posters for control, document in one.acknowledged.items()}
    assert len(expected) > 3 * POSTERS, f"seed {seed}: hardly anything was posted"
    hub = server.hub()
    with hub.database.read() as connection:
        landed = {
            int(row.delivery_key.rpartition("|")[2]): (hub.registry.partner_key(row.partner_id), row.id, row.state)
            for row in connection.execute(sa.select(tables.document))
        }
        assert landed == {control: (*told, "processed") for control, told in expected.items()}, f"seed {seed}"
        documents = connection.execute(sa.select(sa.func.count()).select_from(tables.document)).scalar_one()
        assert documents == len(expected), f"seed {seed}: a document is there twice"
        applied = connection.execute(
            sa.select(
                tables.exchange.c.document_id, tables.exchange.c.state, tables.application.c.number, tables.application.c.standing
            ).outerjoin(tables.application, tables.application.c.exchange_id == tables.exchange.c.id)
        ).all()
        ids = {document: control for control, (_, document) in expected.items()}
        assert Counter((row.document_id, row.number) for row in applied) == Counter(
            {(document, f"S{control}"): 1 for document, control in ids.items()}
        ), f"seed {seed}"
        assert all(row.state == "applied" and row.standing for row in applied), f"seed {seed}"
        answers = connection.execute(sa.select(tables.acknowledgement.c.document_id)).scalars().all()
        assert sorted(answers) == sorted(ids), f"seed {seed}: not exactly one 997 each"
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.line)).scalar_one() == len(expected)
        # 24 pieces a despatch advice, on the way to two places; what a half-applied batch left would show here
        total = connection.execute(sa.select(sa.func.sum(tables.movement.c.quantity))).scalar_one()
        balances = connection.execute(sa.select(sa.func.sum(tables.balance.c.quantity))).scalar_one()
        assert total == balances == 24 * len(expected), f"seed {seed}"
        assert audit.verify_all(connection) == [], f"seed {seed}"
    hub.database.close()
