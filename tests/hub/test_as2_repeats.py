"""What went by AS2 and is sent again, to a partner that is pyas2lib: a receipt is lost, a sender dies, a no is mended."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from connectors.transports.as2 import TRANSPORT
from hub import delivery
from hub.as2.evidence import keep_sent, sent_before
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import blobs, outbox, tables
from hub.store.as2_tables import as2_message
from tests.as2_keys import pair, settings
from tests.hub.test_as2_relations import BYTES, hub_with

PEER = Path(__file__).parents[1] / "peers" / "as2_peer.py"


class Acme:
    """The partner's process."""

    def __init__(self, folder: Path) -> None:
        settings(folder, "acme", "hub")
        self._file = folder / "peer.json"
        keys = {"key": str(folder / "acme.key"), "certificate": str(folder / "acme.pem"), "partner": str(folder / "hub.pem")}
        self._file.write_text(json.dumps({"ours": "ACME", "theirs": "HUB", **keys}))
        self.process = subprocess.Popen([sys.executable, str(PEER), str(folder)], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def tell(self, **said: object) -> None:
        self._file.write_text(json.dumps({**json.loads(self._file.read_text()), **said}))

    def got(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = httpx.get(f"{self.address}/got", timeout=60).json()
        return found


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    made = Acme(tmp_path / "acme")
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture
def hub(tmp_path: Path, database_url: str, clock: FrozenClock, acme: Acme) -> Iterator[Hub]:
    """One that sends to Acme and has one document waiting."""
    made = hub_with(
        tmp_path, database_url, clock, url=f"{acme.address}/as2", allow_plain=True, allow_hosts=["127.0.0.0/8"], timeout_seconds=20
    )
    with made.database.begin("test") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, BYTES)
        route = dict(made.site.flows["orders_to_acme"].transport)
        outbox.put(uow, outbox.Parcel("orders/1", 1, made.partner_id("acme"), "document", route, "850.edi", "application/edi-x12", sha256))
    yield made
    made.database.close()


def stands(hub: Hub) -> tuple[str, str]:
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.outbox)).one()
    return row.state, row.answer


def open_rules(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        query = sa.select(tables.finding.c.rule).where(tables.finding.c.closed_at.is_(None)).order_by(tables.finding.c.id)
        return list(connection.execute(query).scalars())


def kept(hub: Hub) -> list[Any]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(as2_message).order_by(as2_message.c.recorded_at)))


def test_what_the_partner_has_is_sent_though_its_receipt_was_lost_and_the_missing_mic_is_told(
    hub: Hub, acme: Acme, clock: FrozenClock
) -> None:
    acme.tell(lose=1)
    assert delivery.send(hub) == 1 and stands(hub)[0] == "waiting"
    clock.advance(60)
    assert delivery.send(hub) == 1
    state, answer = stands(hub)
    assert state == "sent" and answer.startswith("processed/warning: duplicate-document"), answer
    (row,) = kept(hub)
    assert row.mic in answer and row.disposition == "processed/warning: duplicate-document" and row.receipt_sha256 is not None
    assert open_rules(hub) == ["AS2-11"]
    first, second = acme.got()
    assert first["status"] == "processed" and base64.b64decode(first["payload"]) == BYTES
    assert first["id"] == second["id"] == row.message_id and second["payload"] == ""
    delivery.resend_parcel(hub, 1, "ira", "did they have it?")
    assert delivery.send(hub) == 1 and stands(hub)[0] == "sent" and open_rules(hub) == ["AS2-11"], "told once"


def test_a_sender_that_died_behind_the_receipt_finds_it_again(hub: Hub, acme: Acme, clock: FrozenClock) -> None:
    (parcel,) = outbox.claim(hub.database, 1, 300)
    given = hub.route_settings(parcel.route)
    known: dict[str, Callable[..., Any]] = {"keep": partial(keep_sent, hub, parcel, given), "before": partial(sent_before, hub)}
    TRANSPORT.send({**given, "clock": clock.now, **known}, parcel.name, BYTES, parcel.stable_id)  # and here it dies
    first = bytes(kept(hub)[0].receipt_sha256)
    clock.advance(301)
    assert delivery.send(hub) == 1
    (row,) = kept(hub)
    state, answer = stands(hub)
    assert state == "sent" and answer.startswith(f"processed, MIC {row.mic}"), answer
    assert (bytes(row.receipt_sha256), row.disposition) == (first, "processed"), "the receipt that names the MIC stands"
    assert open_rules(hub) == [] and len(acme.got()) == 2


def test_what_was_said_no_to_goes_as_another_message_when_its_cause_is_mended(
    hub: Hub, acme: Acme, clock: FrozenClock, tmp_path: Path
) -> None:
    wrong = tmp_path / "acme" / "wrong.pem"
    wrong.write_text(pair("evil").certificate)
    right = str(tmp_path / "acme" / "hub.pem")
    acme.tell(partner=str(wrong))
    assert delivery.send(hub) == 1 and stands(hub)[0] == "dead", stands(hub)
    acme.tell(partner=right)
    delivery.resend_parcel(hub, 1, "ira", "they have our certificate now")
    clock.advance(60)
    assert delivery.send(hub) == 1 and stands(hub)[0] == "sent", stands(hub)
    assert len({one["id"] for one in acme.got()}) == 2 and open_rules(hub) == []
    assert [row.disposition for row in kept(hub)][1] == "processed"


def test_the_duplicate_of_what_never_left_is_no_delivery(hub: Hub, acme: Acme) -> None:
    given = hub.route_settings(dict(hub.site.flows["orders_to_acme"].transport))
    TRANSPORT.send({**given, "clock": hub.clock.now}, "850.edi", BYTES, "orders/1")  # by another hub of the same name
    assert delivery.send(hub) == 1
    state, answer = stands(hub)
    assert state == "dead" and "left for the first time" in answer
