"""A hundred thousand records of a system pulled by its REST interface and by a view of its database, kept and applied in flat memory.

    python -m benchmarks.sync [--records 100000] [--only rest,sqlite,postgresql] [--most 1.3]

Beside each, in the same run, the peer's own speed: the same pages asked for one after the other over the same protocol and thrown away.
The hub does the rest: lands each page with its watermark, checks, maps and applies every record as an item, with lineage and audit, and
a second pull finds nothing new. Each pull runs in a process of its own, so that its peak is the whole program's; it is flat when the
peak of all records is at most `--most` times that of a tenth of them (exit code 1 otherwise).
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
import yaml

from benchmarks.servers import postgresql
from benchmarks.stream import memory
from hub import pipeline, worker
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables

SITE = Path(__file__).parent / "site_pulled"
PAGE = 1000
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = FrozenClock(datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
COLUMNS = ("id", "code", "name", "unit", "changed_at")


def record(number: int) -> dict[str, Any]:
    """One item of the peer; each was changed ten seconds after the one before."""
    changed = (BEGUN + timedelta(seconds=10 * number)).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "id": number,
        "code": f"ITEM-{number:07}",
        "name": f"Bone screw {number % 90}.5 mm, titanium",
        "unit": "PCE",
        "changed_at": changed,
    }


# --- the peers -------------------------------------------------------------------------------------------------------------
class _Items(BaseHTTPRequestHandler):
    """Pages of a thousand records from `after` on; `since` leaves out what was changed before."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    pages: list[bytes]
    last: str

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        since = query.get("since", "").replace("T", " ")[:19]
        body = b'{"rows": []}' if since > self.last else self.pages[int(query.get("after", 0)) // PAGE]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(records: int) -> None:
    """The REST peer, in a process of its own until its parent ends."""
    pages = []
    for start in range(0, records, PAGE):
        onward = {"next": str(start + PAGE)} if start + PAGE < records else {}
        pages.append(json.dumps({"rows": [record(number) for number in range(start, min(start + PAGE, records))], **onward}).encode())
    handler = type("Bound", (_Items,), {"pages": pages, "last": record(records - 1)["changed_at"]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


@contextmanager
def rest(records: int, _folder: Path) -> Iterator[dict[str, Any]]:
    """Its settings, while it runs."""
    command = [sys.executable, "-m", "benchmarks.sync", "--serve", str(records)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield {"url": f"http://127.0.0.1:{int(process.stdout.readline())}/"}
        process.communicate()


@contextmanager
def sqlite(records: int, folder: Path) -> Iterator[dict[str, Any]]:
    """A file with the view."""
    address = f"sqlite:///{folder / 'erp.db'}"
    _fill(address, records)
    yield {"database": address}


@contextmanager
def postgres(records: int, _folder: Path) -> Iterator[dict[str, Any]]:
    """A server with the view."""
    with postgresql() as address:
        _fill(address, records)
        yield {"database": address}


def _fill(address: str, records: int) -> None:
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE erp_items (id INTEGER PRIMARY KEY, code TEXT, name TEXT, unit TEXT, changed_at TIMESTAMP)")
        )
        connection.execute(sa.text("CREATE INDEX by_change ON erp_items (changed_at, id)"))
        connection.execute(sa.text("CREATE VIEW items AS SELECT * FROM erp_items"))
        insert = sa.text("INSERT INTO erp_items VALUES (:id, :code, :name, :unit, :changed_at)")
        for start in range(0, records, 10 * PAGE):
            rows = [record(number) for number in range(start, min(start + 10 * PAGE, records))]
            if engine.dialect.name == "sqlite":
                rows = [{**row, "changed_at": f"{row['changed_at']}.000000"} for row in rows]
            connection.execute(insert, rows)
    engine.dispose()


PEERS: Mapping[str, tuple[str, Any]] = {"rest": ("by_rest", rest), "sqlite": ("by_sql", sqlite), "postgresql": ("by_sql", postgres)}


# --- the peer's own speed ----------------------------------------------------------------------------------------------------
def raw(given: Mapping[str, Any]) -> float:
    """Seconds that all pages take when nothing is done with them."""
    start = time.perf_counter()
    if "url" in given:
        address = urlsplit(given["url"])
        connection, after = http.client.HTTPConnection(address.hostname or "", address.port), "0"
        while after:
            connection.request("GET", f"/items?after={after}")
            body = connection.getresponse().read()
            after = json.loads(body).get("next", "")
        connection.close()
        return time.perf_counter() - start
    engine = sa.create_engine(given["database"], poolclass=sa.pool.NullPool)
    query = sa.text(f"SELECT {', '.join(COLUMNS)} FROM items WHERE id > :id ORDER BY changed_at, id LIMIT {PAGE}")
    last = -1
    while True:
        with engine.connect() as opened:
            rows = opened.execute(query, {"id": last}).all()
        if not rows:
            return time.perf_counter() - start
        last = rows[-1][0]


# --- the hub -----------------------------------------------------------------------------------------------------------------
def sync(flow: str, home: Path) -> dict[str, float]:
    """Pull, apply, and pull again, in this process."""
    hub = Hub.open(
        Settings(home=home, site=home / "site", database_url=f"sqlite:///{home / 'hub.db'}", language="en", max_body=10**9, clock=CLOCK)
    )
    worker.tune()
    start = time.perf_counter()
    pipeline.fetch(hub, hub.site.flows[flow])
    landed = time.perf_counter()
    worker.drain(hub)
    applied = time.perf_counter()
    again = len(pipeline.fetch(hub, hub.site.flows[flow]))
    ended = time.perf_counter()
    with hub.database.read() as connection:
        items = connection.scalar(sa.select(sa.func.count()).select_from(tables.exchange).where(tables.exchange.c.state == "applied"))
    return {
        "items": items or 0, "landing": landed - start, "applying": applied - landed, "nothing_new": ended - applied, "again": again,
        "peak_mb": memory("VmHWM"),
    }  # fmt: skip


def measured(name: str, records: int) -> dict[str, float]:
    """One pull of so many records, in a process of its own."""
    flow, peer = PEERS[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="udihub-sync-")))
        given = stack.enter_context(peer(records, folder))
        shutil.copytree(SITE, folder / "site")
        path = folder / "site" / "flows" / f"{flow}.yaml"
        written = yaml.safe_load(path.read_text())
        written["transport"] |= given
        path.write_text(yaml.safe_dump(written))
        command = [sys.executable, "-m", "benchmarks.sync", "--here", flow, "--home", str(folder)]
        before = raw(given)
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        found["raw"] = (before + raw(given)) / 2
    assert found["items"] == records and found["again"] == 0, found
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--only", default=",".join(PEERS), help="with commas between")
    parser.add_argument("--most", type=float, default=1.3, help="times the memory of a tenth of the records")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--here", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return 0
    if chosen.here:
        print(json.dumps(sync(chosen.here, chosen.home)))
        return 0
    over = 0
    for name in chosen.only.split(","):
        few, all_ = measured(name, max(chosen.records // 10, PAGE)), measured(name, chosen.records)
        count, whole = chosen.records, all_["landing"] + all_["applying"]
        grown = all_["peak_mb"] / few["peak_mb"]
        over += grown > chosen.most
        print(
            f"{name}: {count} records; the peer alone {count / all_['raw']:,.0f}/s; landed {count / all_['landing']:,.0f}/s, "
            f"{all_['landing'] / all_['raw']:.1f} times the peer's time; applied {count / all_['applying']:,.0f}/s; all in all "
            f"{count / whole:,.0f}/s, {whole / all_['raw']:.1f} times; again, with nothing new, {all_['nothing_new']:.1f} s; "
            f"at most {all_['peak_mb']:.0f} MB, {grown:.2f} times that of a tenth"
        )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
