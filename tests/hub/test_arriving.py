"""Packed files: all of their parts come in once, or none and the file as it came; nothing unpacks beyond its bounds."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from connectors import unpacking
from connectors.archive import ArchiveError, Bounds
from data_contracts.errors import ConfigError
from hub import pipeline, worker
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from tests.hub.conftest import SITE
from tests.hub_api.papers import orders
from tests.peers.s3_peer import ACCESS, SECRET, bucket_of, running_s3

SMALL = Bounds(parts=3, part_bytes=5000, all_bytes=8000, free_bytes=1000, ratio=20)


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def rows(hub: Hub, table: sa.Table) -> list[Any]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """A hub whose ERP packs its exports."""
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    transport = {"use": "folder", "folder": "in", "ready": "rename", "unpack": ["zip", "gzip"]}
    flow = {"version": 1, "flow": "erp_in", "direction": "in", "agreement": "orders_north", "transport": transport}
    (site / "flows" / "erp_in.yaml").write_text(yaml.safe_dump(flow))
    opened = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def test_every_part_of_a_packed_file_is_a_document_of_its_own(hub: Hub) -> None:
    folder = hub.settings.home / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(zipped(one=orders("4500000001"), two=orders("4500000002")))
    (folder / "b.json.gz").write_bytes(gzip.compress(orders("4500000003")))
    (folder / "c.json").write_bytes(orders("4500000004"))
    torn = zipped(one=orders("4500000005"), two=orders("4500000006"))
    (folder / "d.zip").write_bytes(torn.replace(b"PK\x01\x02", b"PK\x01\x09"))
    (folder / "e.gz").write_bytes(gzip.compress(orders("4500000007"))[:-9])
    landings = pipeline.fetch(hub, hub.site.flows["erp_in"])
    assert [row.name for row in rows(hub, tables.document)] == ["one", "two", "b.json", "c.json", "d.zip", "e.gz"]
    assert [landing.outcome for landing in landings] == ["new"] * 6 and [one for one in folder.iterdir() if one.is_file()] == []
    assert [(row.rule, row.expected, row.document_id) for row in rows(hub, tables.finding)] == [
        ("PCK-01", "d.zip", 5),
        ("PCK-01", "e.gz", 6),
    ]
    worker.drain(hub)
    assert [row.business_key for row in rows(hub, tables.exchange) if row.state == "applied"] == [
        f"purchase_order/450000000{n}" for n in range(1, 5)
    ]


@pytest.mark.parametrize("unpack", [[], ["gzip"]])
def test_a_file_that_was_taken_before_its_writer_was_done_is_taken_again_and_told(hub: Hub, clock: FrozenClock, unpack: list[str]) -> None:
    given = {"ready": "stable", "look_seconds": 0.05, "age_seconds": 0.05, "unpack": unpack}
    flow = hub.site.flows["erp_in"]
    flow = flow.model_copy(update={"transport": {**flow.transport, **given}})
    folder = hub.settings.home / "in"
    folder.mkdir()
    whole = json.dumps([json.loads(orders(f"450000000{number}")) for number in (1, 2)], indent=1).encode()
    writer = (folder / "orders.json").open("wb", buffering=0)
    writer.write(whole[:200])
    (first,) = pipeline.fetch(hub, flow)
    assert pipeline.fetch(hub, flow) == [] and rows(hub, tables.finding) == []
    writer.write(whole[200:])
    writer.close()
    (second,) = pipeline.fetch(hub, flow)
    assert (first.size, second.size, second.outcome) == (200, len(whole), "new")
    assert [(row.rule, row.expected, row.got, row.document_id) for row in rows(hub, tables.finding)] == [
        ("FIL-01", "200", str(len(whole)), second.document_id)
    ]
    assert pipeline.fetch(hub, flow) == [] and [path.name for path in folder.rglob("*.json")] == ["orders.json"]
    with (folder / "done" / "orders.json").open("ab") as later:
        later.write(b"\n")
    clock.advance(7 * 3600)
    assert pipeline.fetch(hub, flow) == [], "what was taken hours ago is not looked at"


@pytest.mark.parametrize("unpack", [[], ["gzip"]])
def test_a_file_whose_name_is_no_utf8_comes_in_under_the_name_that_it_says(hub: Hub, unpack: list[str]) -> None:
    flow = hub.site.flows["erp_in"]
    flow = flow.model_copy(update={"transport": {**flow.transport, "unpack": unpack}})
    folder = hub.settings.home / "in"
    folder.mkdir()
    names = [os.fsdecode(name) for name in ("订单1.json".encode("gbk"), b"a\xe4 1.json", b"a\xf6 1.json")]
    for number, name in enumerate(names):
        (folder / name).write_bytes(orders(f"450000000{number}"))
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    assert [landing.outcome for landing in pipeline.fetch(hub, flow)] == ["new"] * 3
    assert sorted(row.name for row in rows(hub, tables.document)) == ["a\\xe4 1.json", "a\\xf6 1.json", "订单1.json"]
    told = {row.got: (row.rule, row.severity) for row in rows(hub, tables.finding)}
    assert told == dict.fromkeys(["a\\xe4 1.json", "a\\xf6 1.json", "\\xb6\\xa9\\xb5\\xa51.json"], ("FIL-02", "info"))
    assert pipeline.fetch(hub, flow) == [] and sorted(one.name for one in (folder / "done").iterdir()) == sorted(names)
    worker.drain(hub)
    assert [row.state for row in rows(hub, tables.exchange)] == ["applied"] * 3


def test_packed_objects_of_a_bucket_come_in_as_files_do(
    database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_ACCESS", ACCESS)
    monkeypatch.setenv("S3_SECRET", SECRET)
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    with running_s3() as peer:
        flow = {"version": 1, "flow": "erp_in", "direction": "in", "agreement": "orders_north"}
        flow["transport"] = bucket_of(peer, unpack=["zip", "gzip"])
        (site / "flows" / "erp_in.yaml").write_text(yaml.safe_dump(flow))
        hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
        peer.put("partner/out/a.zip", zipped(one=orders("4500000001"), two=orders("4500000002")), at=1_700_000_000)
        peer.put("partner/out/b.json.gz", gzip.compress(orders("4500000003")), at=1_700_000_001)
        peer.put("partner/out/c.gz", gzip.compress(orders("4500000004"))[:-9], at=1_700_000_002)
        for _ in range(2):
            pipeline.fetch(hub, hub.site.flows["erp_in"])
        assert [row.name for row in rows(hub, tables.document)] == ["one", "two", "b.json", "c.gz"]
        assert [(row.rule, row.expected) for row in rows(hub, tables.finding)] == [("PCK-01", "c.gz")]
        assert sorted(peer.objects) == [f"partner/out/done/{name}" for name in ("a.zip", "b.json.gz", "c.gz")]
        hub.database.close()


def test_nothing_unpacks_beyond_its_bounds() -> None:
    def why(content: bytes, kind: str) -> str | None:
        found = unpacking.fault(io.BytesIO(content), kind, "a", SMALL)
        return None if found is None else found.got

    assert why(zipped(a=b"x", b=b"y"), "zip") is None and why(gzip.compress(b"x" * 900), "gzip") is None
    assert "more than" in (why(zipped(a=bytes(4000)), "zip") or "")
    assert "more than" in (why(gzip.compress(bytes(100_000)), "gzip") or "")
    assert why(zipped(a=b"", b=b"", c=b"", d=b""), "zip") and why(zipped(**{"../a": b"x"}), "zip")
    assert why(zipped(), "zip") == "nothing is in it"
    with pytest.raises(ArchiveError):
        list(unpacking.parts(io.BytesIO(b"PK\x03\x04 no archive"), "zip", "a"))
    workbook = zipped(**{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    ((name, stream, _),) = unpacking.parts(io.BytesIO(workbook), "zip", "orders.xlsx")
    assert (name, stream.read()) == ("orders.xlsx", workbook), "a workbook is a ZIP, and comes as it is"
    assert unpacking.kind_of(io.BytesIO(b"ISA*00*"), frozenset({"zip", "gzip"})) is None
    for wrong in ("rar", True, ["zip", "7z"]):
        with pytest.raises(ConfigError, match="unpack"):
            unpacking.wanted({"unpack": wrong})
