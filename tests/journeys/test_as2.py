"""AS2 between `udihub serve` and pyas2lib, each in a process of its own, both ways; and a kill between a message and its repeat."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from connectors.transports.as2.message import build
from connectors.transports.as2.station import station
from tests.as2_keys import settings
from tests.hub_api.papers import ACME, despatch, interchange, orders
from tests.journeys.server import SITE, Server

pytestmark = pytest.mark.slow
PEER = Path(__file__).parents[1] / "peers" / "as2_peer.py"
PAPER = interchange(ACME, 1, despatch("SHPA1"))


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[str]:
    """The partner's address."""
    folder = tmp_path / "acme"
    settings(folder, "acme", "hub")
    said = {"ours": "ACME", "theirs": "HUB", "key": str(folder / "acme.key"), "certificate": str(folder / "acme.pem")}
    (folder / "peer.json").write_text(json.dumps({**said, "partner": str(folder / "hub.pem"), "compress": True}))
    with subprocess.Popen([sys.executable, str(PEER), str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def site(folder: Path, peer: str, **more: object) -> Path:
    """The sample site with Acme by AS2 in both directions."""
    made = folder / "site"
    shutil.copytree(SITE, made, dirs_exist_ok=True)
    ours = settings(folder / "home" / "as2")
    transport = {key: f"as2/{Path(str(value)).name}" if key.endswith("_file") else value for key, value in ours.items()}
    way_in = {"version": 1, "flow": "acme_as2", "direction": "in", "agreement": "acme_in", "transport": transport}
    (made / "flows" / "acme_as2.yaml").write_text(yaml.safe_dump(way_in))
    out = yaml.safe_load((made / "flows" / "orders_to_acme.yaml").read_text())
    out["on"] = out.pop(True, None) or out["on"]
    reach = {"url": f"{peer}/as2", "allow_plain": True, "allow_hosts": ["127.0.0.0/8"]}
    (made / "flows" / "orders_to_acme.yaml").write_text(yaml.safe_dump({**out, "transport": {**transport, **reach, **more}}))
    return made


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not come about")


@pytest.mark.parametrize("receipts", ["sync", "async"])
def test_a_real_partner_and_the_hub_understand_each_other(tmp_path: Path, database_url: str, peer: str, receipts: str) -> None:
    more = {"mdn": "async", "answer_url": "http://127.0.0.1:9/as2"} if receipts == "async" else {}
    server = Server(tmp_path / "home", database_url, site(tmp_path, peer, **more))
    server.start()
    try:
        server.issue_keys()
        told = json.loads((tmp_path / "acme" / "peer.json").read_text())
        (tmp_path / "acme" / "peer.json").write_text(json.dumps({**told, "answer_to": server.address("/as2")}))
        sent = httpx.post(f"{peer}/send", content=PAPER, headers={"To-Address": server.address("/as2")}, timeout=120).json()
        assert (sent["status"], sent["detail"]) == ("processed", None), sent
        (row,) = server.get("/v1/documents").json()["items"]
        assert row["channel"] == "as2" and server.get(f"/v1/documents/{row['id']}/content").content == PAPER
        assert server.post(orders("4500000001", "V1"), "erp", key="o", agreement="orders_north").status_code == 200
        (exchange,) = until(
            lambda: [one for one in server.get("/v1/exchanges").json()["items"] if one["direction"] == "out" and one["state"] == "sent"]
        )
        (got,) = httpx.get(f"{peer}/got", timeout=60).json()
        assert got["status"] == "processed", got
        assert base64.b64decode(got["payload"]) == server.get(f"/v1/exchanges/{exchange['id']}/content").content
    finally:
        server.stop()


def test_a_message_that_was_sent_again_after_a_kill_has_the_first_receipt(tmp_path: Path, database_url: str) -> None:
    server = Server(tmp_path / "home", database_url, site(tmp_path, "http://127.0.0.1:9"))
    acme = station(settings(tmp_path / "acme", "acme", "hub"))

    def post() -> httpx.Response:
        built = build(acme, PAPER, "856.edi", "application/edi-x12", "1@acme", datetime(2026, 11, 22, tzinfo=UTC))
        return httpx.post(server.address("/as2"), content=built.body, headers=dict(built.headers), timeout=120)

    server.start("--no-worker")
    first = post()
    server.kill()
    server.start("--no-worker")
    try:
        second = post()
        assert first.status_code == 200 and b"; processed\r\n" in first.content
        assert second.content == first.content and second.headers["message-id"] == first.headers["message-id"]
        server.issue_keys()
        assert len(server.get("/v1/documents").json()["items"]) == 1
    finally:
        server.stop()
