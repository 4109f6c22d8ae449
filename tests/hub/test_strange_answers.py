"""What peers answer that is not quite JSON, or nothing at all: no pull fails for ever, and no neighbour is kept back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from hub import pipeline, worker
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables, watermarks

SITE = Path(__file__).parents[1] / "samples" / "site_pulled"
ITEM = (
    '{"id": %s, "code": "M-%s", "name": "入库", "unit": "PCE", "shelf_life": %s, "changed_at": "2026-11-22 07:30:00", '
    '"created_at": "2026-11-22 07:00:00"}'
)
Say = Callable[[int, str, bytes], None]


@pytest.fixture
def say() -> Iterator[tuple[Say, str]]:
    """Sets status, media type and body of what the peer answers; and its address."""
    standing: list[tuple[int, str, bytes]] = []

    class Peer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, media_type, body = standing[-1]
            self.send_response(status)
            if body:
                self.send_header("Content-Type", media_type)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda *said: standing.append(said), f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub(say: tuple[Say, str], database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    path = site / "flows" / "mes_items.yaml"
    delta = {"kind": "stamp", "field": "changed_at", "id": "id", "time_zone": "UTC", "sorted": True}
    peer = {
        "use": "rest",
        "url": say[1],
        "allow_plain": True,
        "path": "items",
        "records": "rows",
        "query": {"since": "{since}"},
        "delta": delta,
    }
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"transport": peer}))
    made = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    yield made
    made.database.close()


def pulled(hub: Hub) -> list[tuple[str | None, str]]:
    pipeline.fetch(hub, hub.site.flows["mes_items"])
    worker.drain(hub)
    with hub.database.read() as connection:
        assert watermarks.listed(connection)[0]["failure"] is None
        query = sa.select(tables.exchange.c.business_key, tables.exchange.c.state).order_by(tables.exchange.c.id)
        return [(row.business_key, row.state) for row in connection.execute(query)]


def rows(*items: tuple[int, str]) -> str:
    return '{"rows": [' + ", ".join(ITEM % (number, number, life) for number, life in items) + "]}"


def test_a_value_that_is_no_number_is_the_fault_of_its_record_alone(hub: Hub, say: tuple[Say, str]) -> None:
    say[0](200, "application/json", rows((1, "730"), (2, "NaN"), (3, "365")).encode())
    assert [state for _, state in pulled(hub)] == ["applied", "rejected", "applied"]
    with hub.database.read() as connection:
        (found,) = connection.execute(sa.select(tables.finding).where(tables.finding.c.severity == "error")).all()
    assert (found.rule, found.place["path"], found.got) == ("JSN-04", "/rows/1/shelf_life", "NaN")


def test_json_is_read_in_the_charset_that_it_states(hub: Hub, say: tuple[Say, str]) -> None:
    agreement = hub.site.folder / "agreements" / "mes_items.yaml"
    agreement.write_text(yaml.safe_dump(yaml.safe_load(agreement.read_text()) | {"profile": {"charset": "gbk"}}))
    hub.site = type(hub.site).load(hub.site.folder)
    say[0](200, 'application/json; Charset="GBK"', rows((1, "730")).encode("gbk"))
    assert pulled(hub) == [("item/M-1", "applied")]
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.finding.c.rule).where(tables.finding.c.severity == "error")).all() == []
        assert connection.execute(sa.select(tables.master_record.c.name)).scalar_one() == "入库"


def test_utf_8_is_known_by_itself_whatever_is_stated(hub: Hub, say: tuple[Say, str]) -> None:
    say[0](200, "application/json;charset=ISO-8859-1", rows((1, "730")).encode())
    assert pulled(hub) == [("item/M-1", "applied")]


def test_no_content_is_no_records(hub: Hub, say: tuple[Say, str]) -> None:
    say[0](204, "", b"")
    assert pulled(hub) == []
    say[0](200, "application/json", rows((1, "730")).encode())
    assert pulled(hub) == [("item/M-1", "applied")]
    with hub.database.read() as connection:
        mark = watermarks.listed(connection)[0]["watermark"]
    say[0](204, "", b"")
    assert pulled(hub) == [("item/M-1", "applied")]
    with hub.database.read() as connection:
        assert watermarks.listed(connection)[0]["watermark"] == mark
