"""A system that is known by a view of its database: rows since a watermark, none lost and none twice, whatever happens between."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from connectors import page_rounds
from connectors.registry import transport_named
from connectors.spec import Polling
from data_contracts.errors import ConfigError, ConflictError, InvalidError, NotFoundError, RetriableError
from hub import pipeline, polling, worker
from hub.audit import verify_all
from hub.cli import application
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.soundness import faults
from hub.store import blobs, tables, watermarks
from tests.peers.rest_peer import Handler, RestPeer, running

SITE = Path(__file__).parents[1] / "samples" / "site_pulled"
TABLE = """CREATE TABLE hub_items (id INTEGER PRIMARY KEY, code TEXT, name TEXT, unit TEXT, shelf_life NUMERIC,
           changed_at TIMESTAMP, created_at TIMESTAMP)"""


@dataclass
class Mes:
    """The owner's side: an engine that may write."""

    engine: sa.Engine
    hub: Hub

    def put(
        self, number: int, changed: str | None, created: str = "2026-11-22 07:00:00.000000", name: str = "Hub", life: Any = 730
    ) -> None:
        """A row as the owner writes it."""
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM hub_items WHERE id = :id"), {"id": number})
            connection.execute(
                sa.text("INSERT INTO hub_items VALUES (:id, :code, :name, 'PCE', :life, :changed, :created)"),
                {"id": number, "code": f"M-{number}", "name": name, "life": life, "changed": changed, "created": created},
            )

    def pull(self) -> list[str]:
        """One run of the flow and what came of it: the code of each item that was taken in."""
        with self.hub.database.read() as connection:
            before = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.id), 0)))
        pipeline.fetch(self.hub, self.flow)
        worker.drain(self.hub)
        with self.hub.database.read() as connection:
            query = sa.select(tables.exchange.c.business_key, tables.exchange.c.state).where(tables.exchange.c.id > before)
            rows = connection.execute(query.order_by(tables.exchange.c.id)).all()
        assert {row.state for row in rows} <= {"applied"}, rows
        return [row.business_key.removeprefix("item/") for row in rows]

    @property
    def flow(self) -> Any:
        """The flow that pulls."""
        return self.hub.site.flows["mes_items"]

    @property
    def mark(self) -> dict[str, Any]:
        """The watermark as people see it."""
        with self.hub.database.read() as connection:
            (found,) = watermarks.listed(connection)
        return found


@pytest.fixture
def mes(database_url: str, tmp_path: Path, clock: FrozenClock, request: pytest.FixtureRequest) -> Iterator[Mes]:
    if database_url.startswith("sqlite"):
        address = f"sqlite:///{tmp_path / 'mes.db'}"
        sqlite3.connect(tmp_path / "mes.db").close()
    else:
        server = request.getfixturevalue("postgres_server")
        name = f"mes_{tmp_path.name.replace('-', '_')}"
        server.execute(f'CREATE DATABASE "{name}"')
        url = sa.make_url(server.url(name))
        address = url.difference_update_query(["durable"]).render_as_string(hide_password=False)  # `durable` is a word of the hub's own
    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(TABLE))
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    path = site / "flows" / "mes_items.yaml"
    flow = yaml.safe_load(path.read_text())
    flow["transport"] |= {"database": address}
    del flow["transport"]["password_env"]
    path.write_text(yaml.safe_dump(flow))
    hub = Hub.open(Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock))
    yield Mes(engine, hub)
    hub.database.close()
    engine.dispose()


def test_rows_come_once_whatever_their_stamps(mes: Mes, clock: FrozenClock) -> None:
    assert [fault for fault in faults(mes.hub.site) if fault.severity == "error"] == []
    mes.put(1, None)
    mes.put(2, None, "2026-11-22 07:01:00.000000")
    mes.put(3, "2026-11-22 07:30:00.000000", life=0)
    mes.put(4, "2026-11-22 07:30:00.000000")
    mes.put(5, "2026-11-22 07:30:00.000000")
    assert mes.pull() == ["M-1", "M-2", "M-3", "M-4", "M-5"]
    assert mes.mark["watermark"] == ('{"changed":"2026-11-22T07:30:00.000000+00:00","created":"2026-11-22T07:01:00.000000+00:00"}')
    assert mes.pull() == [], "a second run changes nothing"
    documents = _count(mes.hub, tables.document)
    mes.put(6, "2026-11-22 07:28:00.000000")  # written before, committed late
    mes.put(4, "2026-11-22 07:30:00.000000", name="Hub, renamed in the same second")
    mes.put(1, "2026-11-22 07:45:00.000000", name="Hub, changed for the first time")
    mes.put(7, None, "2026-11-22 07:01:00.000000")
    assert sorted(mes.pull()) == ["M-1", "M-4", "M-6", "M-7"]
    assert mes.pull() == [] and _count(mes.hub, tables.document) > documents
    mes.put(8, "2099-01-01 00:00:00.000000")
    assert mes.pull() == ["M-8"]
    mes.put(9, "2026-11-22 07:59:00.000000")
    clock.advance(300)
    assert mes.pull() == ["M-9"], "a stamp from the future hides nothing"
    with mes.hub.database.read() as connection:
        assert verify_all(connection) == []


def _count(hub: Hub, table: sa.Table) -> int:
    with hub.database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def test_a_pull_that_breaks_anywhere_loses_nothing_and_repeats_nothing(mes: Mes) -> None:
    for number in range(1, 8):
        mes.put(number, f"2026-11-22 07:{number:02}:00.000000")
    transport = transport_named("sql")
    assert isinstance(transport, Polling)
    for broken_at in range(1, 4):
        pages = iter(range(1, 100))

        def land(hub: Hub, delivery: Any, also: Any, at: int = broken_at, pages: Iterator[int] = pages) -> Any:
            def then_break(uow: Any, landing: Any) -> None:
                also(uow, landing)
                if next(pages) == at:
                    raise RetriableError("the machine stood still")

            return pipeline.land(hub, delivery, then_break)

        before = mes.mark if broken_at > 1 else None
        with pytest.raises(RetriableError, match="stood still"):
            polling.poll(mes.hub, mes.flow, transport, land)
        assert mes.mark["failure"] == "the machine stood still"
        assert before is None or mes.mark["pages"] == before["pages"] + broken_at - 1
    worker.drain(mes.hub)
    pipeline.fetch(mes.hub, mes.flow)
    worker.drain(mes.hub)
    with mes.hub.database.read() as connection:
        keys = connection.execute(sa.select(tables.exchange.c.business_key).order_by(tables.exchange.c.id)).scalars().all()
    assert keys == [f"item/M-{number}" for number in range(1, 8)]
    assert mes.mark["failure"] is None and mes.mark["records"] == 7

    stale = watermarks.Mark("mes_items", None, 0, 0)
    with pytest.raises(RetriableError, match="another fetch"), mes.hub.database.begin("late") as uow:
        watermarks.moved(uow, stale, "2026-11-22T00:00:00.000000+00:00")


def test_a_pull_that_broke_off_goes_on_where_it_stopped(mes: Mes, clock: FrozenClock) -> None:
    """Fewer pages pass in a run than the overlap holds; and what is committed late behind its back meanwhile still comes."""
    transport = transport_named("sql")
    assert isinstance(transport, Polling)

    def two_pages() -> None:
        pages = polling.polled(mes.hub, mes.flow, transport, pipeline.land, transport.pages)
        for _ in range(2):
            next(pages)
        pages.close()  # type: ignore[attr-defined]

    def taken() -> list[str]:
        worker.drain(mes.hub)
        with mes.hub.database.read() as connection:
            keys = connection.execute(sa.select(tables.exchange.c.business_key).order_by(tables.exchange.c.id)).scalars().all()
        return [key.removeprefix("item/M-") for key in keys]

    for number in range(1, 13):
        mes.put(number, f"2026-11-22 07:58:{number:02}.000000")
    two_pages()
    two_pages()
    stands = json.loads(mes.mark["watermark"])
    assert stands["at"] == "changed" and stands["begun"] == "2026-11-22T08:00:00.000000+00:00" and stands["from"] > "2026-11-22T07:58"
    mes.put(99, "2026-11-22 07:58:01.000000")  # committed late
    clock.advance(900)
    mes.put(13, "2026-11-22 08:14:00.000000")
    for _ in range(9):  # it would get nowhere if each run began with the overlap
        if mes.mark["records"] < 13:
            two_pages()
    assert sorted(taken(), key=int) == [str(number) for number in range(1, 14)]
    assert json.loads(mes.mark["watermark"])["changed"] == "2026-11-22T08:00:00.000000+00:00", (
        "of what came later nobody knows what is late"
    )
    assert mes.pull() == ["M-99"] and mes.pull() == []


def test_a_person_sets_a_watermark_back_with_a_reason(mes: Mes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError):
        polling.rewind(mes.hub, "mes_items", None, "eve", "nothing came yet", again=False)
    for number in range(1, 5):
        mes.put(number, f"2026-11-22 07:{number:02}:00.000000")
    assert len(mes.pull()) == 4
    with pytest.raises(ConflictError):
        polling.rewind(mes.hub, "mes_items", None, "eve", " ", again=False)
    with pytest.raises(ConfigError, match="yesterday"):
        polling.rewind(mes.hub, "mes_items", "yesterday", "eve", "to look again", again=False)
    with pytest.raises(NotFoundError):
        polling.rewind(mes.hub, "other", None, "eve", "to look again", again=False)
    for ahead in ("2062-11-22T07:00:00Z", '{"changed": "2026-11-21T07:00:00Z", "created": "2062-11-22T07:00:00Z"}'):
        with pytest.raises(InvalidError, match=r"2062-11-22T07:00:00\.000000\+00:00 lies ahead: the flow mes_items"):
            polling.rewind(mes.hub, "mes_items", ahead, "eve", "a slip of the year", again=False)
    assert "2026-11-22T07:04" in str(mes.mark["watermark"]), "it stands"
    polling.rewind(mes.hub, "mes_items", None, "eve", "the MES was restored from a backup", again=False)
    assert mes.mark["watermark"] is None and mes.pull() == []
    done = polling.rewind(mes.hub, "mes_items", "2026-11-22T07:03:00Z", "eve", "a mapping was mended", again=True)
    assert done["forgotten"] == 4 and done["after"] == "2026-11-22T07:03:00.000000+00:00"
    assert mes.pull() == ["M-1", "M-2", "M-3", "M-4"], "from the overlap on"
    with mes.hub.database.read() as connection:
        entries = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "watermark.rewound")).all()
    assert [(entry.actor, entry.reason) for entry in entries][-1] == ("eve", "a mapping was mended")

    if mes.hub.database.is_postgresql:  # the command line is the same on both
        return
    monkeypatch.setenv("UDIHUB_HOME", str(mes.hub.settings.home))
    monkeypatch.setenv("UDIHUB_SITE", str(mes.hub.settings.site))
    monkeypatch.setenv("UDIHUB_DATABASE_URL", mes.hub.settings.database_url)
    seen = CliRunner().invoke(application(), ["flow", "watermarks"], env={"UDIHUB_LANG": "en"})
    assert seen.exit_code == 0 and "mes_items" in seen.stdout and "2026-11-22T07:04" in seen.stdout, seen.stdout
    assert CliRunner().invoke(application(), ["key", "create", "Ann", "--role", "integration"]).exit_code == 0
    arguments = ["flow", "rewind", "mes_items", "--to", "2026-11-22T07:00:00Z", "--reason", "they said so", "--by", "Ann"]
    done = CliRunner().invoke(application(), arguments, env={"UDIHUB_LANG": "zh-CN"})
    assert done.exit_code == 0 and "2026-11-22T07:00:00.000000+00:00" in done.stdout and "查询" in done.stdout
    assert mes.mark["watermark"] == "2026-11-22T07:00:00.000000+00:00"


def test_the_database_of_somebody_else_is_read_and_never_held_up(mes: Mes) -> None:
    settings = mes.hub.transport_settings(mes.flow)
    transport = transport_named("sql")
    assert isinstance(transport, Polling)
    for more, said in (
        ({"database": "postgresql://a:b@db/x"}, "password"),
        ({"database": "oracle://db/x"}, "oracle"),
        ({"database": "nonsense"}, "address"),
        ({"view": "hub_itms"}, "hub_itms"),
        ({"columns": ["id", "changed_at", "created_at", "no_such"]}, "no_such"),
        ({"columns": ["id"]}, "changed_at"),
        ({"delta": {"kind": "token", "token": "x"}}, "token"),
        ({"delta": {"kind": "stamp"}}, "field"),
        ({"pages": 3}, "pages"),
        ({"page": 0}, "page"),
    ):
        with pytest.raises(ConfigError, match=said):
            list(transport.pages(settings | more, "2026-11-22T07:00:00.000000+00:00"))
    with pytest.raises(ConfigError, match="only reads"):
        transport_named("sql").send(settings, "a.json", b"{}", "1")


def test_what_is_wrong_within_the_settings_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    path = site / "flows" / "mes_items.yaml"
    flow = yaml.safe_load(path.read_text())
    stamp = {"kind": "stamp", "field": "changed_at", "id": "id"}
    for transport, said, chinese in (
        (flow["transport"] | {"delta": stamp | {"overlap_second": 5}}, "overlap_second", "没有设置项"),
        (flow["transport"] | {"columns": ["id"]}, "changed_at", "不在 columns 之中"),
        ({"use": "rest", "url": "http://erp.example/", "delta": stamp}, "plain http", "明文"),
        ({"use": "rest", "url": "https://erp.example/", "delta": stamp, "paging": {"style": "sideways"}}, "style", "style"),
        ({"use": "rest", "url": "https://erp.example/", "delta": stamp, "auth": {"kind": "oauth2"}}, "grant", "grant"),
        ({"use": "rpc", "url": "https://erp.example/", "dialect": "sap", "user": "u", "delta": stamp}, "dialect", "dialect"),
        ({"use": "odata", "url": "https://erp.example/", "entity": "Things", "version": 3, "delta": stamp}, "version", "version"),
        (
            {"use": "soap", "url": "https://erp.example/", "body": {"m:List": None}, "records": "a", "delta": stamp},
            "prefix m",
            "没有声明前缀 m",
        ),
    ):
        path.write_text(yaml.safe_dump(flow | {"transport": transport}))
        (fault,) = [fault for fault in faults(Site.load(site)) if fault.severity == "error"]
        assert fault.rule == "SIT-14" and said in fault.text("en") and chinese in fault.text("zh-CN")
    assert [fault for fault in faults(Site.load(SITE)) if fault.severity == "error"] == []


def _grouped(mes: Mes, **delta: Any) -> None:
    """The same view, of which the rows of one code are one item."""
    folder = mes.hub.site.folder
    changes: dict[str, dict[str, Any]] = {
        "grammars/json/mes_items.yaml": {"group": {"by": ["code"], "header": ["name", "unit", "changed_at"], "rows": "row"}},
        "mappings/json/mes_items.yaml": {
            "fields": [
                {"to": "number", "from": "code"},
                {"to": "issued_at", "from": "changed_at", "as": "iso_instant"},
                {"to": "name", "from": "name"},
                {"to": "kind", "const": "component"},
                {"to": "base_unit", "from": "unit", "codes": "units"},
                {"to": "lot_controlled", "const": True},
                {"to": "serial_controlled", "const": False},
                {"to": "status", "const": "active"},
            ],
            "ignore": [{"path": "row/id", "reason": "number of the row"}],
        },
        "flows/mes_items.yaml": {
            "transport": mes.flow.transport | {"columns": ["id", "code", "name", "unit", "changed_at"], "page": 100, "delta": delta}
        },
    }
    for name, change in changes.items():
        body = yaml.safe_load((folder / name).read_text()) | change
        if name.startswith("grammars"):
            body["fields"] = {field: body["fields"][field] for field in ("id", "code", "name", "unit", "changed_at")}
        (folder / name).write_text(yaml.safe_dump(body))
    mes.hub.site = Site.load(folder)


def _rows(mes: Mes, *rows: tuple[int, str, str]) -> None:
    for number, code, name in rows:
        mes.put(number, "2026-11-22 07:30:00.000000", name=name)
        with mes.engine.begin() as connection:
            connection.execute(sa.text("UPDATE hub_items SET code = :code WHERE id = :id"), {"code": code, "id": number})


def test_rows_that_the_grammar_puts_together_are_known_together(mes: Mes) -> None:
    _rows(mes, (1, "M-A", "Hub"), (2, "M-A", "Hub"), (3, "M-B", "Cap"), (4, "M-B", "Cap"))
    _grouped(mes, kind="whole", id="id")
    assert [fault for fault in faults(mes.hub.site) if fault.severity == "error"] == []
    assert mes.pull() == ["M-A", "M-B"]
    assert mes.pull() == []
    _rows(mes, (3, "M-B", "Cap, revision 2"), (4, "M-B", "Cap, revision 2"))
    assert "M-B" in mes.pull(), "rows 1 and 2 are known as they are, and they are not messages 1 and 2"
    assert mes.pull() == []


def test_what_belongs_together_comes_on_one_page_or_not_at_all(mes: Mes) -> None:
    _rows(mes, (1, "M-A", "Hub"), (2, "M-A", "Hub"), (3, "M-A", "Hub"), (4, "M-B", "Cap"))
    _grouped(mes, kind="whole", id="id")
    mes.flow.transport["page"] = 2
    with pytest.raises(ConfigError, match="on several pages"):
        mes.pull()
    assert _count(mes.hub, tables.document) == 0 and "on several pages" in mes.mark["failure"]
    mes.flow.transport["page"] = 4
    assert mes.pull() == ["M-A", "M-B"]


def test_a_delta_that_brings_some_rows_of_a_message_is_a_fault_of_the_site(mes: Mes) -> None:
    _grouped(mes, kind="stamp", field="changed_at", id="id")
    (fault,) = [fault for fault in faults(mes.hub.site) if fault.severity == "error"]
    assert (fault.rule, fault.place.path, fault.expected, fault.got) == ("SIT-23", "flows/mes_items.yaml: transport.delta", "code", "stamp")


def test_a_peer_that_breaks_off_is_asked_again_until_all_arrived_once(database_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    """1,000 records by HTTP, with every trouble there is in between: each run goes on where the last one got to."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    path = site / "flows" / "mes_items.yaml"
    flow = yaml.safe_load(path.read_text())
    with running(Handler, RestPeer()) as peer:
        for number in range(1000):
            peer.put(number, f"2026-11-22 07:{number // 20:02}:00", code=f"M-{number}", name="Hub", unit="PCE")
        flow["transport"] = {
            "use": "rest", "url": peer.url, "path": "/hasmore", "records": "data", "query": {"since": "{since}"}, "timeout_seconds": 1,
            "paging": {"style": "offset", "size": 60, "more": "hasMore"}, "failure": {"at": "code", "is": ["1"], "again": ["1"]},
            "delta": {"kind": "stamp", "field": "modified", "id": "id", "sorted": True,
                "overlap_seconds": 0, "ask_as": "%Y-%m-%d %H:%M:%S"},
        }  # fmt: skip
        path.write_text(yaml.safe_dump(flow))
        hub = Hub.open(
            Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
        )
        assert [fault for fault in faults(hub.site) if fault.severity == "error"] == []
        failed = 0
        for trouble in ("broken", "failure", "half", "silent", "gone", "html", "cut"):
            peer.mischief.extend([None, "busy", None, trouble])
            with pytest.raises(RetriableError):
                pipeline.fetch(hub, hub.site.flows["mes_items"])
            failed += 1
        pipeline.fetch(hub, hub.site.flows["mes_items"])
        with hub.database.read() as connection:
            (mark,) = watermarks.listed(connection)
            documents = connection.execute(sa.select(tables.document.c.id, tables.document.c.sha256)).all()
            known = watermarks.passed_over(connection, [row.id for row in documents])
            pages = [json.loads(blobs.read_blob(connection, hub.settings.home, bytes(row.sha256)))["data"] for row in documents]
        taken = [
            row["id"]
            for document, page in zip(documents, pages, strict=True)
            for ordinal, row in enumerate(page, 1)
            if ordinal not in known.get(document.id, ())
        ]
        assert taken == list(range(1000)), "all of them, once, in their order"
        assert failed == 7 and mark["records"] == 1000 and mark["failure"] is None
        assert pipeline.fetch(hub, hub.site.flows["mes_items"]) == []
        hub.database.close()


def test_a_pull_whose_pages_have_no_end_is_left_and_told(mes: Mes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer names a next page that nobody saw, with the record that came already."""
    monkeypatch.setattr(page_rounds, "MOST", 50)
    asked = itertools.count(1)

    class Endless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            item = {"id": 1, "code": "M-1", "name": "Hub", "unit": "PCE", "shelf_life": 730, "changed_at": "2026-11-22 07:30:00"}
            body = json.dumps({"rows": [item], "next": f"/items?page={next(asked)}"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = mes.hub.site.folder / "flows" / "mes_items.yaml"
    peer = {
        "use": "rest", "url": f"http://127.0.0.1:{server.server_port}/", "allow_plain": True, "path": "items", "records": "rows",
        "paging": {"style": "next", "at": "next"}, "delta": {"kind": "whole", "id": "id"},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"transport": peer}))
    mes.hub.site = Site.load(mes.hub.site.folder)
    try:
        with pytest.raises(RetriableError, match="mes_items: the peer's pages have no end"):
            mes.pull()
    finally:
        server.shutdown()
        server.server_close()
    assert next(asked) == 52 and "have no end" in str(mes.mark["failure"])
    assert mes.mark["records"] == 1, "what was new is kept"
