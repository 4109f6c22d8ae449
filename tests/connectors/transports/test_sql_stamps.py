"""Stamps and times as databases have them: texts, days, numbers, `infinity`; and a server that falls silent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.spec import Page
from connectors.transports.sql import TRANSPORT
from data_contracts.errors import ConfigError, RetriableError
from tests.postgres import running_server

TEXTS = {
    "blank": "2026-11-22 {}:00:00", "T": "2026-11-22T{}:00:00", "Z": "2026-11-22T{}:00:00.5Z", "offset": "2026-11-22T{}:00:00+00:00",
    "minutes": "2026-11-22 {}:00",
}  # fmt: skip


def ids(pages: Iterator[Page]) -> list[int]:
    return [row["id"] for page in pages for row in json.loads(page.content)["rows"]]


def asked(database: str, **delta: Any) -> dict[str, Any]:
    delta = {"kind": "stamp", "field": "changed", "id": "id", "overlap_seconds": 0, **delta}
    return {"database": database, "view": "seen", "columns": ["id", "changed"], "delta": delta}


def sqlite(folder: Path, column: str, rows: list[tuple[int, Any]]) -> str:
    url = f"sqlite:///{folder / 'erp.db'}"
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP VIEW IF EXISTS seen")
        connection.exec_driver_sql("DROP TABLE IF EXISTS made")
        connection.exec_driver_sql(f"CREATE TABLE made (id INTEGER, changed {column})")
        connection.exec_driver_sql("INSERT INTO made VALUES (?, ?)", rows)
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT id, max(changed) OVER (PARTITION BY id) AS changed FROM made")
    return url


@pytest.mark.parametrize("column", ["TEXT", "TIMESTAMP", "DATETIME"])
@pytest.mark.parametrize("spelled", TEXTS.values(), ids=TEXTS)
def test_a_text_is_asked_for_as_it_is_spelled(tmp_path: Path, column: str, spelled: str) -> None:
    """A blank sorts before a T: asked for by T, the rest of a day would be passed over."""
    first = [(1, spelled.format("07"))]
    (page,) = TRANSPORT.pages(asked(sqlite(tmp_path, column, first)), None)
    later = [*first, (2, spelled.format("09")), (3, spelled.format("12"))]
    assert ids(TRANSPORT.pages(asked(sqlite(tmp_path, column, later)), page.watermark)) == [1, 2, 3]
    assert ids(TRANSPORT.pages(asked(sqlite(tmp_path, column, later)), "2026-11-22T08:00:00.000000+00:00")) == [2, 3]


def test_texts_of_several_spellings_have_no_order_of_time(tmp_path: Path) -> None:
    rows = [(1, "2026-11-22 09:00:00"), (2, "2026-11-22T08:00:00Z")]
    with pytest.raises(ConfigError, match="in several ways"):
        list(TRANSPORT.pages(asked(sqlite(tmp_path, "TEXT", rows)), "2026-11-22T07:00:00.000000+00:00"))


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_server() as made:
        made.execute("CREATE DATABASE erp")
        yield made


def postgres(server: Any, column: str, *values: str) -> str:
    url = sa.make_url(server.url("erp")).difference_update_query(["durable"])
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW IF EXISTS seen")
        connection.exec_driver_sql("DROP TABLE IF EXISTS made")
        connection.exec_driver_sql(f"CREATE TABLE made (id int, changed {column})")
        for number, value in enumerate(values, 1):
            connection.exec_driver_sql(f"INSERT INTO made VALUES ({number}, '{value}')")
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT * FROM made")
    engine.dispose()
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(("column", "values", "delta"), [
    ("timestamp", ("2026-11-22 07:00", "2026-11-22 09:00"), {}),
    ("text", ("2026-11-22 07:00:00", "2026-11-22 09:00:00"), {}),
    ("date", ("2026-11-21", "2026-11-22"), {}),
    ("numeric(12,2)", ("7", "9"), {"stamps": "number"}),
    ("double precision", ("1764547200", "1764547300"), {"stamps": "epoch_seconds"}),
    ("numeric", ("1764547200.500", "1764547300.25"), {"stamps": "epoch_seconds"}),
    ("bigint", ("1764547200500", "1764547300250"), {"stamps": "epoch_milliseconds"}),
])  # fmt: skip
def test_a_second_pull_asks_as_the_column_is_typed(server: Any, column: str, values: tuple[str, ...], delta: dict[str, Any]) -> None:
    (page,) = TRANSPORT.pages(asked(postgres(server, column, values[0]), **delta), None)
    assert ids(TRANSPORT.pages(asked(postgres(server, column, *values), **delta), page.watermark)) == [1, 2]


def test_times_that_no_calendar_of_ours_has_are_told_and_stop_no_other(server: Any) -> None:
    url = postgres(server, "timestamp", "0044-03-15 00:00 BC", "2026-11-22 07:00", "infinity")
    pages = list(TRANSPORT.pages(asked(url) | {"page": 1}, None))
    assert ids(iter(pages)) == [1, 2, 3]
    assert [finding.rule for page in pages for _, finding in page.record_findings] == ["PUL-02", "PUL-02"]
    assert pages[-1].watermark is not None and pages[-1].watermark.startswith("2026-11-22T07")


def test_a_server_that_falls_silent_is_left(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that forgets a connection: what waits there would wait for ever, since the server's own limit is the server's."""
    monkeypatch.setattr("connectors.sql_access._LATER", 0.5)
    url = sa.make_url(postgres(server, "timestamp", "2026-11-22 07:00"))
    (where,) = Path(str(url.query["host"])).glob(".s.PGSQL.*[0-9]")
    deaf = threading.Event()

    def pump(one: socket.socket, other: socket.socket, hears: bool) -> None:
        while piece := one.recv(65536):
            if hears and b"seen" in piece and b"SELECT" in piece:
                deaf.set()
            if not deaf.is_set():
                other.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            ours, _ = listening.accept()
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(str(where))
            for pair in ((ours, theirs, True), (theirs, ours, False)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        through = f"postgresql+psycopg://{url.username or server.user}@127.0.0.1:{listening.getsockname()[1]}/erp"
        with pytest.raises(RetriableError):
            list(TRANSPORT.pages(asked(through) | {"timeout_seconds": 1}, None))
    assert deaf.is_set()
