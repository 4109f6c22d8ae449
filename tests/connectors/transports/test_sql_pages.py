"""Views as their owners make them: ids that are not one row, ids that the database holds equal, files that are not there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.spec import CUT, Page
from connectors.transports.sql import TRANSPORT
from data_contracts.errors import ConfigError, HubError, RetriableError

LINES = {"kind": "stamp", "field": "changed", "id": "number"}


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "erp.db", isolation_level=None)) as connection:
        yield connection


def view(connection: sqlite3.Connection, columns: str, rows: Iterable[tuple[Any, ...]], **more: Any) -> dict[str, Any]:
    """A view with these rows, and how a flow asks for it."""
    connection.execute("DROP TABLE IF EXISTS seen")
    connection.execute(f"CREATE TABLE seen ({columns})")
    names = [column.split()[0] for column in columns.split(", ")]
    connection.executemany(f"INSERT INTO seen VALUES ({', '.join('?' * len(names))})", list(rows))
    (file,) = [row[2] for row in connection.execute("PRAGMA database_list")]
    return {"database": f"sqlite:///{file}", "view": "seen", "columns": names, "page": 4, "delta": LINES, **more}


def rows_of(pages: Iterable[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in json.loads(page.content)["rows"]]


def orders(count: int, lines: int) -> list[tuple[Any, ...]]:
    return [(f"PO{order}", line, f"2026-11-0{order} 08:00:00.000000") for order in range(1, count + 1) for line in range(1, lines + 1)]


@pytest.mark.parametrize("size", [4, 5, 6, 7, 14, 15, 16])
def test_the_rows_of_a_record_come_together_wherever_a_page_ends(peer: sqlite3.Connection, size: int) -> None:
    settings = view(peer, "number TEXT, line INT, changed TIMESTAMP", orders(5, 3), page=size, delta=LINES | {"rows": True})
    whole = {key: version for page in TRANSPORT.pages(settings | {"page": 99}, None) for key, version in page.records or ()}
    assert len(whole) == 5
    pages = list(TRANSPORT.pages(settings, None))
    came = [record for page in pages for record in page.records or () if record[1] != CUT]
    assert dict(came) == whole and len(came) == 5, "each whole, and none twice"
    for page in pages:  # whoever stops behind a page and comes again misses nothing
        behind = dict(record for later in TRANSPORT.pages(settings, page.watermark) for record in later.records or ())
        assert behind["PO5"] == whole["PO5"]


@pytest.mark.parametrize("size", [2, 3, 4, 99])
def test_an_id_that_is_not_one_row_is_told(peer: sqlite3.Connection, size: int) -> None:
    """The rest of a record that a page ended in was behind the key of the next one."""
    settings = view(peer, "number TEXT, line INT, changed TIMESTAMP", orders(5, 3), page=size)
    with pytest.raises(ConfigError, match=r"several rows of one key \(2026-11-01 08:00:00.000000, PO1\).*rows: true"):
        list(TRANSPORT.pages(settings, None))
    assert len(rows_of(TRANSPORT.pages(settings | {"delta": LINES | {"id": ["number", "line"]}}, None))) == 15


def test_a_record_whose_rows_bear_several_stamps_or_fill_a_page_is_told(peer: sqlite3.Connection) -> None:
    one = [("PO1", 1, "2026-11-01 08:00:00"), ("PO1", 2, "2026-11-02 08:00:00"), ("PO2", 1, "2026-11-01 09:00:00")]
    settings = view(peer, "number TEXT, line INT, changed TIMESTAMP", one, delta=LINES | {"rows": True})
    with pytest.raises(ConfigError, match="several stamps"):
        list(TRANSPORT.pages(settings, None))
    settings = view(peer, "number TEXT, line INT, changed TIMESTAMP", orders(2, 9), delta=LINES | {"rows": True})
    with pytest.raises(ConfigError, match="more rows than a page"):
        list(TRANSPORT.pages(settings, None))


@pytest.mark.parametrize("size", [1, 2, 3, 9])
@pytest.mark.parametrize("delta", [LINES, {"kind": "whole", "id": "number"}, LINES | {"id": ["number", "plant"]}])
def test_ids_that_the_database_holds_equal_all_come(peer: sqlite3.Connection, size: int, delta: dict[str, Any]) -> None:
    """Under a collation without case `AB` is not behind `ab`, and was never read where a page ended between the two."""
    names = ["ab", "AB", "Ab", "aB", "b", "B", "c"]
    rows = [(name, str(place % 2), "2026-11-01 08:00:00.000000") for place, name in enumerate(names)]
    settings = view(peer, "number TEXT COLLATE NOCASE, plant TEXT COLLATE NOCASE, changed TIMESTAMP", rows, page=size, delta=delta)
    assert sorted(row["number"] for row in rows_of(TRANSPORT.pages(settings, None))) == sorted(names)


def test_a_row_without_an_id_is_told_and_hides_no_other(peer: sqlite3.Connection) -> None:
    """What stands behind a key that is not there no database can say, so such rows come first, by themselves."""
    rows = [("A", None if place in (2, 4) else str(place), "2026-11-01 08:00:00.000000") for place in range(6)]
    rows += [("B", "1", "2026-11-02 08:00:00.000000")]
    settings = view(peer, "number TEXT, plant TEXT, changed TIMESTAMP", rows, page=2, delta=LINES | {"id": ["number", "plant"]})
    pages = list(TRANSPORT.pages(settings, None))
    assert [row["plant"] for row in rows_of(pages)] == [None, None, "0", "1", "3", "5", "1"]
    assert [[(ordinal, one.rule, one.got) for ordinal, one in page.record_findings] for page in pages[:2]] == [
        [(1, "PUL-01", "A, None"), (2, "PUL-01", "A, None")],
        [],
    ]
    assert pages[-1].watermark == "2026-11-02T08:00:00.000000+00:00" and pages[0].watermark == '{"at":"changed"}'
    with pytest.raises(ConfigError, match="more than 1 rows"):
        list(TRANSPORT.pages(settings | {"page": 1}, None))


@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_stamp_that_is_none_is_told_and_stops_nothing(peer: sqlite3.Connection, size: int) -> None:
    """Zero dates of MariaDB, texts of people: each pull ended there, and no row of the view came."""
    stamps = ["0000-00-00 00:00:00", "0000-00-00 00:00:00", "2026-11-01 08:00:00", "2026-11-02 08:00:00", "today"]
    settings = view(peer, "number TEXT, changed TEXT", [(str(place), stamp) for place, stamp in enumerate(stamps)], page=size)
    settings["delta"] = LINES | {"ask_as": "%Y-%m-%d %H:%M:%S", "overlap_seconds": 0}
    pages = list(TRANSPORT.pages(settings, None))
    assert {row["number"] for row in rows_of(pages)} == set("01234")
    told = {one.params["what"]: one.got for page in pages for _, one in page.record_findings if one.rule == "PUL-02"}
    assert told == {"seen 0": stamps[0], "seen 1": stamps[1], "seen 4": "today"}
    assert pages[-1].watermark == "2026-11-02T08:00:00.000000+00:00"


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Who only reads makes nothing: a mistyped path was an empty database from then on."""
    for name in ("typo.db", "100% ? #1.db"):
        settings = {"database": f"sqlite:///{tmp_path / name}", "view": "seen", "columns": ["number", "changed"], "delta": LINES}
        with pytest.raises((RetriableError, ConfigError)):
            list(TRANSPORT.pages(settings, None))
    assert list(tmp_path.iterdir()) == []
    with closing(sqlite3.connect(tmp_path / "100% ? #1.db", isolation_level=None)) as made:
        made.execute("CREATE TABLE seen (number TEXT, changed TIMESTAMP)")
        made.execute("INSERT INTO seen VALUES ('1', '2026-11-01 08:00:00')")
    file = (tmp_path / "100% ? #1.db").as_posix().replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    for address in (f"sqlite:///{tmp_path / '100% # 1.db'}", f"sqlite:///file:{file}?mode=rwc&uri=true"):
        settings = {"database": address, "view": "seen", "columns": ["number", "changed"], "delta": LINES}
        if "uri" in address:
            assert len(rows_of(TRANSPORT.pages(settings, None))) == 1
        else:
            with pytest.raises(HubError):
                list(TRANSPORT.pages(settings, None))
    assert [path.name for path in tmp_path.iterdir()] == ["100% ? #1.db"]
