"""The transport `sql` on a real MariaDB: by an account that may read one view and no more, times of China, texts of all sorts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.deltas import Delta
from connectors.pulling import Question
from connectors.registry import transport_named
from connectors.spec import Page, Polling
from connectors.transports.sql import Behind, View
from data_contracts.errors import ConfigError, HubError, RetriableError
from tests.mariadb import MariaDBServer, running_mariadb
from tests.peers.local_certificate import local_certificate

pytestmark = pytest.mark.slow
WORD = "只读 reader"
DELTA = {"kind": "stamp", "field": "changed", "created": "created", "id": "code", "time_zone": "Asia/Shanghai"}
COLUMNS = ["code", "name", "gbk", "price", "made_on", "changed", "created", "stamped", "flag", "sheet", "nothing"]
TABLE = """
    CREATE TABLE erp.items (
        code VARCHAR(40) PRIMARY KEY, name TEXT, gbk VARCHAR(200) CHARACTER SET gbk, price DECIMAL(30,10), made_on DATE,
        changed DATETIME(6), created DATETIME(6) NOT NULL, stamped TIMESTAMP(3) NULL, flag BOOLEAN, sheet BLOB, nothing INT, secret TEXT,
        KEY (changed, code)
    ) CHARACTER SET utf8mb4
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    certificate, key = local_certificate(tmp_path_factory.mktemp("tls"))
    with running_mariadb({"ssl-cert": str(certificate), "ssl-key": str(key), "sql-mode": ""}) as made:
        made.certificate = certificate  # type: ignore[attr-defined]
        made.execute(
            "CREATE DATABASE erp",
            TABLE,
            f"CREATE VIEW erp.hub_items AS SELECT {', '.join(COLUMNS)} FROM erp.items",
            f"CREATE USER reader IDENTIFIED BY '{WORD}'",
            "GRANT SELECT ON erp.hub_items TO reader",
            "CREATE USER owner",
            "GRANT ALL ON *.* TO owner",
        )
        yield made


@pytest.fixture
def settings(server: MariaDBServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    server.execute("DELETE FROM erp.items")
    monkeypatch.setenv("ERP_PASSWORD", WORD)
    return {
        "use": "sql", "database": server.url("erp"), "password_env": "ERP_PASSWORD", "view": "hub_items", "columns": COLUMNS, "page": 3,
        "delta": DELTA, "timeout_seconds": 5,
    }  # fmt: skip


def put(server: MariaDBServer, code: str, created: str, changed: str | None = None, **more: Any) -> None:
    values = {"code": code, "created": created, "changed": changed, **more}
    with server.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM erp.items WHERE code = :code"), values)
        names = ", ".join(values)
        connection.execute(sa.text(f"INSERT INTO erp.items ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values)


def pages(settings: dict[str, Any], watermark: str | None = None) -> list[Page]:
    transport = transport_named("sql")
    assert isinstance(transport, Polling)
    return list(transport.pages(settings, watermark))


def rows(found: list[Page]) -> list[dict[str, Any]]:
    return [row for page in found for row in json.loads(page.content, parse_float=str)["rows"]]


def test_values_come_as_they_are(server: MariaDBServer, settings: dict[str, Any]) -> None:
    put(
        server, "骨钉-01", "2026-11-22 14:00:00.000001", "2026-11-22 15:30:00.123456", name="𠮷野家 🦴 Schrübe", gbk="骨科囍镕螺钉",
        price="1234567890123.10", made_on="0000-00-00", stamped="2026-11-22 15:30:00.5", flag=True, sheet=b"\x00\xff",
    )  # fmt: skip
    (row,) = rows(pages(settings))
    assert row == {
        "code": "骨钉-01", "name": "𠮷野家 🦴 Schrübe", "gbk": "骨科囍镕螺钉", "price": "1234567890123.1000000000", "made_on": "0000-00-00",
        "changed": "2026-11-22T15:30:00.123456", "created": "2026-11-22T14:00:00.000001", "stamped": "2026-11-22T15:30:00.500000",
        "flag": 1, "sheet": "AP8=", "nothing": None,
    }  # fmt: skip


@pytest.mark.parametrize("field", ["changed", "stamped"])
def test_local_times_make_a_watermark_of_utc_and_nothing_is_missed(server: MariaDBServer, settings: dict[str, Any], field: str) -> None:
    settings |= {"delta": DELTA | {"field": field, "overlap_seconds": 60}}
    for number in range(1, 12):
        stamp = None if number % 4 == 0 else f"2026-11-22 15:{number // 3:02}:00"
        put(server, f"I-{number:02}", f"2026-11-22 14:00:{number:02}", **{field: stamp})
    first = pages(settings)
    codes = [row["code"] for row in rows(first)]
    assert sorted(set(codes)) == [f"I-{number:02}" for number in range(1, 12)] and len(first) >= 4
    mark = first[-1].watermark
    assert mark is not None and "2026-11-22T07:03:00" in mark and "15:03" not in mark
    again = {row["code"] for row in rows(pages(settings, mark))}
    assert {"I-09", "I-10", "I-11"} <= again and "I-01" not in again, "the overlap and no more"
    put(server, "I-04", "2026-11-22 14:00:04", **{field: "2026-11-22 15:04:00"})
    put(server, "I-12", "2026-11-22 14:00:12")
    assert {row["code"] for row in rows(pages(settings, mark))} >= {"I-04", "I-12"}


def test_pages_go_by_the_index_and_cost_the_same_however_far(server: MariaDBServer, settings: dict[str, Any]) -> None:
    with server.engine().begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO erp.items (code, created, changed) SELECT CONCAT('S-', LPAD(seq, 6, '0')), '2026-01-01', "
                "'2026-01-01' + INTERVAL seq SECOND FROM erp.seq_1_to_20000"
            )
        )
        connection.exec_driver_sql("ANALYZE TABLE erp.items")
    view = View(settings, Delta.of(settings, "sql", sorts=True))
    asked: list[tuple[str, Any]] = []
    sa.event.listen(view._engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    reads: list[int] = []
    for stamp in ("2026-01-01T00:00:01", "2026-01-01T05:33:00"):
        view.ask(Question("changed", None, Behind((datetime.fromisoformat(stamp), "S-0"))))
        with server.engine().connect() as connection:
            connection.exec_driver_sql("USE erp")
            connection.exec_driver_sql("FLUSH STATUS")
            connection.exec_driver_sql(*asked[-1]).all()
            reads.append(sum(int(row[1]) for row in connection.exec_driver_sql("SHOW STATUS LIKE 'Handler_read%%'")))
    assert max(reads) < 20, "rows that were touched for a page of three"


@pytest.mark.parametrize("size", [1, 2, 5])
def test_ids_that_a_collation_holds_equal_all_come(server: MariaDBServer, settings: dict[str, Any], size: int) -> None:
    """Case, accents and blanks behind a word are nothing to MariaDB's usual collation."""
    codes = ["ab", "AB", "\u00e1b", "ab ", "b", "B "]
    server.execute(
        "CREATE OR REPLACE TABLE erp.loose (code VARCHAR(20) COLLATE utf8mb4_bin, changed DATETIME(6))",
        *(f"INSERT INTO erp.loose VALUES ('{code}', '2026-11-01 08:00:00')" for code in codes),
        "CREATE OR REPLACE VIEW erp.hub_loose AS SELECT code COLLATE utf8mb4_general_ci AS code, changed FROM erp.loose",
        "GRANT SELECT ON erp.hub_loose TO reader",
    )
    more = {"view": "hub_loose", "columns": ["code", "changed"], "page": size}
    for delta in ({"kind": "stamp", "field": "changed", "id": "code"}, {"kind": "whole", "id": "code"}):
        assert sorted(row["code"] for row in rows(pages(settings | more | {"delta": delta}))) == sorted(codes)


def test_nothing_can_be_changed_even_by_who_may(server: MariaDBServer, settings: dict[str, Any]) -> None:
    del settings["password_env"]
    view = View(settings | {"database": server.url("erp", "owner")}, Delta.of(settings, "sql"))
    for statement in ("INSERT INTO items (code, created) VALUES ('x', now())", "DROP TABLE items", "DELETE FROM items"):
        with pytest.raises(HubError, match="READ ONLY"), view._connected() as connection:
            connection.exec_driver_sql(statement)


def test_a_statement_that_takes_too_long_is_ended_by_the_server(server: MariaDBServer, settings: dict[str, Any]) -> None:
    put(server, "a", "2026-11-22 14:00:00")
    with server.engine().connect() as other:
        other.exec_driver_sql("LOCK TABLES erp.items WRITE")
        with pytest.raises(RetriableError, match="max_statement_time"):
            pages(settings | {"timeout_seconds": 0.3})
    assert rows(pages(settings)) != []


def test_what_a_person_mends_and_what_time_does(server: MariaDBServer, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, said in (
        ({"view": "items"}, "denied"),
        ({"view": "nowhere"}, "denied|exist"),
        ({"columns": [*COLUMNS, "colour"]}, "Unknown column|denied"),
        ({"database": server.url("nowhere")}, "denied|Unknown database"),
        ({"database": f"mysql+mysqldb://reader@db.example:{server.port}/erp"}, "mysqldb|MySQLdb|PyMySQL"),
    ):
        with pytest.raises(ConfigError, match=said):
            pages(settings | wrong)
    monkeypatch.setenv("ERP_PASSWORD", "another")
    with pytest.raises(ConfigError, match="Access denied") as told:
        pages(settings)
    assert "another" not in str(told.value)
    monkeypatch.setenv("ERP_PASSWORD", WORD)
    with pytest.raises(RetriableError):
        pages(settings | {"database": server.url("erp").replace(str(server.port), "1")})


def test_a_pull_whose_connection_is_killed_comes_again(server: MariaDBServer, settings: dict[str, Any]) -> None:
    put(server, "a", "2026-11-22 14:00:00")
    failed: list[Exception] = []

    def asking() -> None:
        try:
            pages(settings)
        except RetriableError as error:
            failed.append(error)

    with server.engine().connect() as other:
        other.exec_driver_sql("LOCK TABLES erp.items WRITE")
        thread = threading.Thread(target=asking)
        thread.start()
        while thread.is_alive():
            with server.engine().connect() as killer:
                for row in killer.exec_driver_sql(
                    "SELECT id FROM information_schema.processlist WHERE user = 'reader' AND command = 'Query'"
                ):
                    killer.exec_driver_sql(f"KILL {row.id}")
        thread.join()
    assert len(failed) == 1 and rows(pages(settings)) != []


def test_the_way_is_encrypted_and_the_certificate_verified(server: MariaDBServer, settings: dict[str, Any], tmp_path: Path) -> None:
    put(server, "a", "2026-11-22 14:00:00")
    trusted = settings | {"ca_file": str(server.certificate)}  # type: ignore[attr-defined]
    assert rows(pages(trusted)) != []
    view = View(trusted, Delta.of(settings, "sql"))
    with view._connected() as connection:
        (_, cipher) = connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()
    assert cipher
    other, _ = local_certificate(tmp_path)
    with pytest.raises(RetriableError, match=r"(?i)certificate"):
        pages(settings | {"ca_file": str(other)})
    elsewhere = settings | {"database": server.url("erp").replace("127.0.0.1", "localhost"), "ca_file": str(server.certificate)}  # type: ignore[attr-defined]
    with pytest.raises(RetriableError, match=r"(?i)certificate|hostname"):
        pages(elsewhere)
