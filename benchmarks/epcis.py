"""EPCIS events per second captured in full: landed bytes, checked, hashed, mapped, indexed by their things, traced, audited; durable.

    python -m benchmarks.epcis [--events 20000] [--only sqlite|postgresql] [--syntax json|xml]

Input are EPCIS 2.0 documents of 40 events as a packaging line and its customer send them: ten pieces are commissioned with their lot,
packed into a carton, the carton is shipped and received. Beside it, in the same run, the limit: the very rows that the hub wrote,
loaded by one connection in one transaction into tables without any index, as in `benchmarks.ingest`. Ratio = hub time / limit time.
Reading with all checks and hashing are also timed alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import ingest
from benchmarks.ingest import limit_postgresql, limit_sqlite, settings
from benchmarks.servers import postgresql
from connectors.formats.epcis.writing import write_xml
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.events.event_hash import event_hash
from data_contracts.events.record import EventRecord
from data_contracts.identifiers.check_digit import check_digit
from hub.runtime import Hub
from hub.store import event_tables

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PER_DOCUMENT = 40
PIECES = 10
GTIN = "06926365598003"
PLANT, CLINIC = "https://id.gs1.org/414/6926365000018", "https://id.gs1.org/414/7640123009998"
KEPT = (*ingest.KEPT, "event", "event_thing", "event_mark", "event_word", "event_word_use")


def carton(number: int) -> list[dict[str, Any]]:
    """The four events of one carton."""
    day, minute = 1 + number // 20_000 % 28, number % 1440
    at = f"2026-10-{day:02d}T{minute // 60:02d}:{minute % 60:02d}"
    pieces = [f"https://id.gs1.org/01/{GTIN}/21/S{number * PIECES + piece:09d}" for piece in range(PIECES)]
    data = f"16926365{number:09d}"
    sscc = f"https://id.gs1.org/00/{data}{check_digit(data)}"
    shared = {"eventTimeZoneOffset": "+08:00", "readPoint": {"id": PLANT}}
    order = [{"type": "desadv", "bizTransaction": f"urn:epcglobal:cbv:bt:6926365000018:DN-{number // 40}"}]
    return [
        {
            "type": "ObjectEvent", "eventTime": f"{at}:00+08:00", **shared, "epcList": pieces, "action": "ADD", "bizStep": "commissioning",
            "disposition": "active", "ilmd": {"cbvmda:lotNumber": f"F{number // 500}", "cbvmda:itemExpirationDate": "2028-10-31"},
        },
        {
            "type": "AggregationEvent", "eventTime": f"{at}:20+08:00", **shared, "parentID": sscc, "childEPCs": pieces, "action": "ADD",
            "bizStep": "packing", "disposition": "in_progress",
        },
        {
            "type": "ObjectEvent", "eventTime": f"{at}:40+08:00", **shared, "epcList": [sscc], "action": "OBSERVE", "bizStep": "shipping",
            "disposition": "in_transit", "bizTransactionList": order, "destinationList": [{"type": "location", "destination": CLINIC}],
        },
        {
            "type": "ObjectEvent", "eventTime": f"{at}:50+08:00", "eventTimeZoneOffset": "+01:00", "epcList": [sscc], "action": "OBSERVE",
            "bizStep": "receiving", "disposition": "in_progress", "bizLocation": {"id": CLINIC}, "bizTransactionList": order,
        },
    ]  # fmt: skip


def documents(events: int, syntax: str) -> list[bytes]:
    """EPCIS documents with so many events together."""
    made = []
    cartons = PER_DOCUMENT // 4
    for start in range(0, events // 4, cartons):
        listed = [event for number in range(start, start + cartons) for event in carton(number)]
        whole = {
            "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-01T00:00:00Z",
            "epcisBody": {"eventList": listed},
        }  # fmt: skip
        content = json.dumps(whole).encode()
        if syntax == "xml":
            read = format_named("epcis").read(BytesIO(content), STRICT)
            roots = [event.message.root for event in read if event.message is not None]
            content = write_xml([root.event for root in roots if isinstance(root, EventRecord) and root.event is not None], None)
        made.append(content)
    return made


def read_alone(content: list[bytes]) -> tuple[int, float, float]:
    """Events, seconds to read and check all, and of them seconds to hash."""
    events = []
    begun = time.perf_counter()
    for document in content:
        for event in format_named("epcis").read(BytesIO(document), STRICT):
            if event.message is not None and isinstance(event.message.root, EventRecord) and event.message.root.event is not None:
                events.append(event.message.root.event)
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    for one in events:
        event_hash(one)
    return len(events), seconds, time.perf_counter() - begun


def measure(url: str, content: list[bytes], events: int, workers: int) -> tuple[float, dict[str, list[tuple[object, ...]]]]:
    """Seconds to land and process all, and every row that the hub wrote for them."""
    home = Path(tempfile.mkdtemp(prefix="udihub-bench-"))
    try:
        url = url or f"sqlite:///{home / 'bench.db'}"
        hub = Hub.open(settings(home, url))
        before = ingest.row_counts(hub)
        spent = ingest.alone(hub, content) if workers == 1 else ingest.beside(hub, home, url, content, workers)
        with hub.database.read() as connection:
            shown = connection.execute(
                sa.select(sa.func.count()).select_from(event_tables.event).where(event_tables.event.c.shown)
            ).scalar_one()
            if shown != events:
                raise SystemExit(f"{shown} of {events} events are shown: the measurement is void")
            rows = {
                name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()][
                    before[name] if name == "audit" else 0 :
                ]
                for name in KEPT
            }
        hub.database.close()
        return sum(spent), rows
    finally:
        shutil.rmtree(home, ignore_errors=True)


def report(name: str, events: int, seconds: float, limit: float, rows: dict[str, list[tuple[object, ...]]]) -> None:
    """Print one line of the result."""
    count = sum(map(len, rows.values()))
    things = len(rows["event_thing"])
    print(
        f"{name:24} {events / seconds:7.0f} events/s ({things / seconds:8.0f} things/s)   {count / events:5.1f} rows/event   "
        f"limit {count / limit:9.0f} rows/s = {events / limit:7.0f} events/s   ratio {seconds / limit:5.1f}",
        flush=True,
    )


def main() -> None:
    """Measure both databases and print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--syntax", choices=["json", "xml"], default="json")
    arguments = parser.parse_args()
    content = documents(arguments.events, arguments.syntax)
    size = sum(map(len, content))
    events, seconds, hashing = read_alone(content)
    print(f"{events} events in {len(content)} documents ({arguments.syntax}), {size / events:.0f} bytes an event")
    print(f"read, checked and hashed: {events / seconds:.0f} events/s, {size / seconds / 1e6:.1f} MB/s")
    print(f"hashed: {events / hashing:.0f} events/s")
    if arguments.only in (None, "sqlite"):
        seconds, rows = measure("", content, events, 1)
        report("SQLite, one process", events, seconds, limit_sqlite(rows), rows)
    if arguments.only in (None, "postgresql"):
        with postgresql() as url:
            seconds, rows = measure(url, content, events, 2)
            report("PostgreSQL, two workers", events, seconds, limit_postgresql(url, rows), rows)


if __name__ == "__main__":
    main()
