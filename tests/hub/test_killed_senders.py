"""Senders that are killed (SIGKILL) while they send: nothing is lost, at most the parcel that was on its way is told again under its id,
and no order is broken. What a train holds makes no difference.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from hub import delivery, outbound
from hub.audit import verify_all
from hub.runtime import Hub
from hub.store import tables
from tests.http_peer import HttpPeer
from tests.hub.conftest import SITE
from tests.hub.test_destinations import KEY, queue, states

pytestmark = pytest.mark.slow
PARCELS, KILLS = 90, 4
ROOT = Path(__file__).parents[2]
SENDER = """
import sys
from datetime import datetime
from pathlib import Path
from hub import outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
home, site, url, now = sys.argv[1:]
hub = Hub.open(Settings(Path(home), Path(site), url, "en", 1_000_000, FrozenClock(datetime.fromisoformat(now))))
while outbound.send(hub):
    pass
"""


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpPeer]:
    monkeypatch.setenv(KEY, "shared")
    made = HttpPeer(key=lambda request, _body: request.headers["UDIHub-Id"])
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "alone"])
def test_whenever_a_sender_is_killed_all_arrives_once_and_in_order(hub: Hub, peer: HttpPeer, database_url: str, ordered: bool) -> None:
    names = [f"order-{number:03}" for number in range(PARCELS)]
    queue(hub, peer, *names, ordered=ordered)
    told = [sys.executable, "-c", SENDER, str(hub.settings.home), str(SITE), database_url]
    random, killed = Random(7), 0
    for _ in range(KILLS):
        until = len(peer.taken) + random.randrange(1, 20)
        sender = subprocess.Popen([*told, hub.clock.now().isoformat()], cwd=ROOT)
        while len(peer.taken) < until and sender.poll() is None:
            time.sleep(random.random() / 1000)
        sender.kill()
        killed += sender.wait() < 0
        hub.clock.advance(timedelta(seconds=delivery.LEASE_SECONDS).total_seconds())  # type: ignore[attr-defined]
    assert killed == KILLS and len(peer.taken) < PARCELS, "each of them was killed at its work"
    while outbound.send(hub):
        pass
    taken = [one.decode() for one in peer.taken]
    assert taken == names if ordered else sorted(taken) == names
    assert PARCELS <= peer.requests <= PARCELS + KILLS, "told again is only what was on its way"
    assert states(hub) == ["sent"] * PARCELS
    with hub.database.read() as connection:
        noted = connection.execute(sa.select(tables.audit.c.subject).where(tables.audit.c.action == "outbox.sent")).scalars().all()
        assert len(noted) == len(set(noted)) == PARCELS and verify_all(connection) == []
