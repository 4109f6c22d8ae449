"""856s per second kept in full: landed bytes, exchanges, lines, movements, balances, edges, acknowledgement, audit; durable and idempotent.

    python -m benchmarks.ingest [--documents 10000] [--only sqlite|postgresql]

Input is X12, one interchange a document, not ready rows. Beside it, in the same run, the limit: the very rows that the hub wrote,
loaded by one connection in one transaction into tables without any index (SQLite executemany, PostgreSQL COPY of text that was
encoded before the clock started). Both sides sync: SQLite FULL, PostgreSQL with fsync, full_page_writes and synchronous_commit on.
It is loaded several times, and the median counts: a third of a second is too short to be told once. Ratio = hub time / limit time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from io import BytesIO
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import sqlalchemy as sa

from benchmarks.generate_x12 import interchange
from benchmarks.servers import postgresql
from hub import worker
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from hub.store.database import sqlite_module
from hub.store.inbox import Delivery, land_many

SITE = Path(__file__).parent / "site"
CLOCK = FrozenClock(datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
BATCH = 500
LIMIT_ROUNDS = 5


def despatch_advices(count: int) -> list[bytes]:
    """Documents of one interchange with one 856 each, as a supplier posts them."""
    header, *sets, _trailer = interchange("856", count)
    documents = []
    for number, body in enumerate(sets, start=1):
        control = f"{number:09d}".encode()
        head = header.replace(b"*000000001*0*P*", b"*" + control + b"*0*P*").replace(b"*1*X*", b"*" + str(number).encode() + b"*X*")
        documents.append(head + body + b"GE*1*" + str(number).encode() + b"~IEA*1*" + control + b"~")
    return documents


def settings(home: Path, url: str) -> Settings:
    """The benchmark's site on a database of its own."""
    return Settings(home=home, site=SITE, database_url=url, language="en", max_body=100_000_000, clock=CLOCK)


def land_all(hub: Hub, documents: list[bytes]) -> None:
    """Hop 2 for all of them, a batch a transaction, as a folder or SFTP fetch does."""
    organisation, partner = hub.organisation_id("maker"), hub.partner_id("supplier")
    for start in range(0, len(documents), BATCH):
        with hub.database.begin("bench") as uow:
            land_many(
                uow,
                [
                    Delivery(organisation, partner, "folder", f"file-{start + n}", BytesIO(content), name=f"{start + n}.edi")
                    for n, content in enumerate(documents[start : start + BATCH])
                ],
            )


def drain(home: str, url: str, start: Barrier, landed: Event, done: Barrier) -> None:
    """One worker process: imports and opens first, works when all are ready, until all has landed and nothing waits."""
    hub = Hub.open(settings(Path(home), url))
    worker.tune()
    start.wait(120)
    while True:
        last = landed.is_set()
        if not worker.work(hub):
            if last:
                break
            time.sleep(0.01)
    done.wait(1200)
    hub.database.close()


def alone(hub: Hub, documents: list[bytes]) -> tuple[float, float]:
    """Seconds to land all and to process all, one after the other, in this process."""
    begun = time.perf_counter()
    land_all(hub, documents)
    landed = time.perf_counter()
    worker.tune()
    tuned = time.perf_counter()
    worker.drain(hub)
    return landed - begun, time.perf_counter() - tuned


def beside(hub: Hub, home: Path, url: str, documents: list[bytes], workers: int) -> tuple[float, float]:
    """Seconds to land all, and from then until nothing waits: the workers take what has landed while more comes, as in service."""
    context = multiprocessing.get_context("spawn")
    start, done, all_landed = context.Barrier(workers + 1), context.Barrier(workers + 1), context.Event()
    processes = [context.Process(target=drain, args=(str(home), url, start, all_landed, done)) for _ in range(workers)]
    for process in processes:
        process.start()
    start.wait(120)
    begun = time.perf_counter()
    land_all(hub, documents)
    landed = time.perf_counter()
    all_landed.set()
    done.wait(1200)
    seconds = time.perf_counter() - landed
    for process in processes:
        process.join()
    return landed - begun, seconds


def measure(url: str, documents: list[bytes], workers: int) -> tuple[float, float, dict[str, list[tuple[object, ...]]]]:
    """Seconds to land, seconds to process, and every row that the hub wrote for these documents."""
    home = Path(tempfile.mkdtemp(prefix="udihub-bench-"))
    try:
        url = url or f"sqlite:///{home / 'bench.db'}"
        hub = Hub.open(settings(home, url))
        before = row_counts(hub)
        landed, processed = alone(hub, documents) if workers == 1 else beside(hub, home, url, documents, workers)
        check(hub, len(documents))
        rows = written(hub, before)
        hub.database.close()
        return landed, processed, rows
    finally:
        shutil.rmtree(home, ignore_errors=True)


KEPT = (
    "blob", "document", "interchange", "exchange", "exchange_history", "finding", "subject", "application", "line", "node", "edge",
    "movement", "balance", "acknowledgement", "outbox", "stale", "audit",
)  # fmt: skip


def row_counts(hub: Hub) -> dict[str, int]:
    """Rows of each kept table."""
    with hub.database.read() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(tables.metadata.tables[name])).scalar_one() for name in KEPT
        }


def written(hub: Hub, before: dict[str, int]) -> dict[str, list[tuple[object, ...]]]:
    """All rows as the driver gives them, so that the limit has nothing to convert."""
    with hub.database.read() as connection:
        return {
            name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()][
                before[name] if name == "audit" else 0 :
            ]
            for name in KEPT
        }


def limit_sqlite(rows: dict[str, list[tuple[object, ...]]]) -> float:
    """Seconds of one connection, one transaction, no index, synced; the median of several loads."""
    return statistics.median(_loaded(rows) for _ in range(LIMIT_ROUNDS))


def _loaded(rows: dict[str, list[tuple[object, ...]]]) -> float:
    folder = Path(tempfile.mkdtemp(prefix="udihub-bench-"))
    connection = sqlite_module().connect(str(folder / "limit.db"), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for name, table in rows.items():
        if table:
            connection.execute(f'CREATE TABLE "{name}" ({", ".join(f"c{n}" for n in range(len(table[0])))})')
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for name, table in rows.items():
        if table:
            connection.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(table[0]))})', table)
    connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    connection.close()
    shutil.rmtree(folder)
    return seconds


def limit_postgresql(url: str, rows: dict[str, list[tuple[object, ...]]]) -> float:
    """Seconds of COPY by one connection in one transaction into logged tables without index; the text was encoded before."""
    import psycopg

    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        texts = {}
        for name, table in rows.items():
            texts[name] = "".join("\t".join(map(_text, row)) + "\n" for row in table).encode()
        connection.commit()
        taken = []
        for number in range(LIMIT_ROUNDS):  # each time into new tables: their files grow, as those of the hub do
            for name in texts:
                connection.execute(f'CREATE TABLE "limit_{number}_{name}" AS SELECT * FROM "{name}" WITH NO DATA')
            connection.commit()
            begun = time.perf_counter()
            with connection.cursor() as cursor:
                for name, text in texts.items():
                    with cursor.copy(f'COPY "limit_{number}_{name}" FROM STDIN') as copy:
                        copy.write(text)
            connection.commit()
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken)


def _text(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes | memoryview):
        return "\\\\x" + bytes(value).hex()
    if isinstance(value, dict | list):
        value = json.dumps(value)
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def check(hub: Hub, count: int) -> None:
    """Every document must be applied once, else the figure means nothing."""
    with hub.database.read() as connection:
        applied = connection.execute(
            sa.select(sa.func.count()).select_from(tables.application).where(tables.application.c.standing.is_(True))
        ).scalar_one()
        if applied != count:
            raise SystemExit(f"{applied} of {count} documents stand: the measurement is void")


def report(name: str, count: int, landed: float, processed: float, limit: float, rows: int) -> float:
    """Print one line of the result; returns the ratio."""
    total = landed + processed
    ratio = total / limit
    print(
        f"{name:28} {count / total:8.0f} documents/s   land {landed:6.2f} s  process {processed:6.2f} s   "
        f"{rows / count:5.1f} rows/document   limit {rows / limit:9.0f} rows/s ({limit:5.2f} s)   ratio {ratio:5.1f}",
        flush=True,
    )
    return ratio


def main() -> None:
    """Measure both databases and print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    arguments = parser.parse_args()
    documents = despatch_advices(arguments.documents)
    size = sum(map(len, documents)) / len(documents)
    print(f"{len(documents)} despatch advices (X12 856, one interchange each), {size:.0f} bytes on average")
    if arguments.only in (None, "sqlite"):
        landed, processed, rows = measure("", documents, 1)
        count = sum(map(len, rows.values()))
        limit = limit_sqlite(rows)
        report("SQLite, one process", len(documents), landed, processed, limit, count)
        landed, processed, rows = measure("", documents, 2)
        report("SQLite, two workers", len(documents), landed, processed, limit, sum(map(len, rows.values())))
    if arguments.only in (None, "postgresql"):
        with postgresql() as url:
            landed, processed, rows = measure(url, documents, 2)
            count = sum(map(len, rows.values()))
            report("PostgreSQL, two workers", len(documents), landed, processed, limit_postgresql(url, rows), count)


if __name__ == "__main__":
    main()
