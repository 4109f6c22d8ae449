"""A mapping, a part of one or a code table that changes is the one by which the next document is mapped, without a restart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.freshness import EVERY_SECONDS
from hub import compiled
from hub.clock import FrozenClock
from hub.pipeline import mapping_of
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import AgreedMessage
from hub.store import tables
from tests.hub.conftest import SITE, take
from tests.hub_api.papers import ACME, despatch, interchange


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "EVERY_SECONDS", 0.0)


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """A hub on a site of its own, which may be changed."""
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    (site / "mappings" / "x12").mkdir(parents=True)
    opened = Hub.open(Settings(tmp_path / "home", site, sqlite_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def mapped_by(hub: Hub) -> list[tuple[str, str | None]]:
    """State of every exchange and the hash of the mapping that its evidence names."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange.c.state, tables.exchange.c.mapping_hash).order_by(tables.exchange.c.id))
        return [(row.state, row.mapping_hash) for row in rows]


OVERLAY = "mapping: x12/856\nversion: {}\nextends: x12/856\nfields: [{}]\n"


def test_a_mapping_that_changes_while_workers_run_maps_the_next_document(hub: Hub) -> None:
    own = hub.site.folder / "mappings" / "x12" / "856.yaml"
    take(hub, interchange(ACME, 1, despatch("S1")), "acme")
    own.write_text(OVERLAY.format(1, "{to: carrier, const: DHL}"), encoding="utf-8")
    take(hub, interchange(ACME, 2, despatch("S2")), "acme")
    own.write_text(OVERLAY.format(2, "{to: carrier, const: UPS}"), encoding="utf-8")
    take(hub, interchange(ACME, 3, despatch("S3")), "acme")
    own.unlink()
    take(hub, interchange(ACME, 4, despatch("S4")), "acme")
    states, hashes = zip(*mapped_by(hub), strict=True)
    assert set(states) == {"applied"}
    assert hashes[0] == hashes[3] and len({*hashes}) == 3


def test_a_mapping_at_fault_maps_nothing_until_it_is_mended(hub: Hub, clock: FrozenClock) -> None:
    own = hub.site.folder / "mappings" / "x12" / "856.yaml"
    own.write_text("mapping: x12/856\nversion: 1\nextends: x12/856\nfields: [{to: nowhere}]\n", encoding="utf-8")
    take(hub, interchange(ACME, 1, despatch("S1")), "acme")
    assert mapped_by(hub) == []
    own.write_text(OVERLAY.format(1, "{to: carrier, const: DHL}"), encoding="utf-8")
    clock.advance(600)
    take(hub, interchange(ACME, 2, despatch("S2")), "acme")
    assert [state for state, _ in mapped_by(hub)] == ["applied", "applied"]


def name_of(hub: Hub, mapping: str) -> Any:
    compiled.look(hub.site.mapping_folders)
    return mapping_of(hub.site.mapping_folders, AgreedMessage(type="", mapping=mapping)).hash


@pytest.mark.parametrize("file", ["mappings/edifact/party.yaml", "mappings/codes/edifact_units.csv", "codes/edifact_units.csv"])
def test_parts_and_code_tables_are_looked_at_too(hub: Hub, file: str) -> None:
    before = name_of(hub, "edifact/DESADV")
    path = hub.site.folder / file
    path.parent.mkdir(exist_ok=True)
    room, name = path.parent.name, path.name
    shipped = compiled.SHIPPED / room / name
    text = shipped.read_text(encoding="utf-8")
    path.write_text(text + ("OWN,XOW,yes\n" if name.endswith(".csv") else ""), encoding="utf-8")
    if name.endswith(".yaml"):
        path.write_text(text.replace("[./04-1, ./03-1]", "[./03-1, ./04-1]"), encoding="utf-8")
    assert name_of(hub, "edifact/DESADV") != before
    path.unlink()
    assert name_of(hub, "edifact/DESADV") == before


def test_nothing_is_compiled_anew_where_no_file_changed(hub: Hub) -> None:
    folders = hub.site.mapping_folders
    first = compiled.compiled("x12/850", folders)
    assert not compiled.look(folders) and compiled.compiled("x12/850", folders) is first
    (hub.site.folder / "mappings" / "x12" / "notes.txt").write_text("no mapping")
    assert not compiled.look(folders) and compiled.compiled("x12/850", folders) is first
    (hub.site.folder / "mappings" / "x12" / "850.yaml").write_text(OVERLAY.replace("856", "850").format(1, "{to: currency, const: EUR}"))
    assert not compiled.look(folders, every=EVERY_SECONDS * 3600), "looked at a moment ago"
    assert compiled.compiled("x12/850", folders) is first
    assert compiled.look(folders) and compiled.compiled("x12/850", folders) is not first
