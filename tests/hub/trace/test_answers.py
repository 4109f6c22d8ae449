"""What may be asked with, what nobody has said, and how a trace is shown."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Language
from hub.reconcile import reconcile
from hub.store.database import Database
from hub.store.views.called import Called
from hub.trace.genealogy import Filter, trace
from hub.trace.rendering import graph, table
from tests.hub.world import KEYS, World, delivery, despatch, item, party, production, receipt

LOT, SERIAL, UNIT = "lot:06901234000029|F1", "serial:06901234000029|S1", "sscc:069012340000000025"


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("jiangnan_polymer", despatch()), ("wms", receipt()), ("mes", production()), ("wms", delivery()))
    return made


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("(01)06901234000029(10)F1", LOT),
        ("010690123400002910F1", LOT),
        ("]d2010690123400002910F1", LOT),
        ("https://id.gs1.org/01/06901234000029/10/F1", LOT),
        ("https://example.com/x/01/06901234000029/10/F1?17=291031", LOT),
        ("urn:epc:class:lgtin:6901234.000002.E1", "lot:06901234000023|E1"),
        ("urn:epc:id:sscc:6901234.0000000002", "sscc:069012340000000023"),
        ("6901234000029|F1", LOT),
        (" 06901234000029|F1 ", LOT),
        ("https://id.gs1.org/01/06901234000029/21/S1", SERIAL),
        ("(01)06901234000029(10)F1(21)S1", SERIAL),
        ("(01)06901234000029(17)291031(10)F1(21)UNKNOWN", LOT),
        ("06901234000029|S1", SERIAL),
        ("S1", SERIAL),
        ("(00)069012340000000025", UNIT),
        ("069012340000000025", UNIT),
        ("00069012340000000025", UNIT),
        ("D1", "shipment:wms:D1"),
        ("R1", "receipt:wms:R1"),
        ("PE1", "production:mes:PE1"),
        ("4012345000023", "location:4012345000023"),
        (LOT, LOT),
    ],
)
def test_any_key_is_understood(world: World, written: str, meant: str) -> None:
    world.send(("wms", delivery("D7", lines=[{"line": "1", "gtin": "06901234000023", "lot": "E1", "sscc": "069012340000000023", "@": 2}])))
    with world.database.read() as connection:
        assert trace(connection, written)["key"] == meant


def test_what_is_not_known_or_means_several_is_said(world: World) -> None:
    with world.database.read() as connection:
        for text in ("", "|", "|F1", "06901234000029|", "x|F1", "lot:", "%", "\x00", "urn:epc:id:sgtin:1.2.3", "https://id.gs1.org/", "7"):
            with pytest.raises(NotFoundError):
                trace(connection, text)
        with pytest.raises(ConflictError, match=r"L1 means several: lot:.*, lot:"):
            trace(connection, "L1")


def test_a_partner_finds_what_it_said_itself_and_nothing_else(world: World) -> None:
    supplier, clinic = Filter(partner_id=4, organisations=(1,)), Filter(partner_id=6, organisations=(1,))
    with world.database.read() as connection:
        own = trace(connection, "L1", "both", scope=supplier)
        assert {node["key"] for node in own["nodes"]} == {
            "lot:jiangnan_polymer:JN-22|L1", "sscc:069012345000000017", "shipment:jiangnan_polymer:SHP1", "location:6901234000012",
        }  # fmt: skip
        assert {document["partner"] for document in own["documents"]} == {"jiangnan_polymer"}
        for key in (LOT, "F1", SERIAL, UNIT, "D1", "lot:wms:RM-100|L1", "receipt:wms:R1"):
            with pytest.raises(NotFoundError):
                trace(connection, key, scope=supplier)
        for key in ("L1", "sscc:069012345000000017", "location:6901234000012"):
            with pytest.raises(NotFoundError):
                trace(connection, key, scope=clinic)
        with pytest.raises(NotFoundError):
            trace(connection, "L1", scope=Filter(partner_id=4, organisations=(2,)))


def gaps(world: World, key: str, language: Language = "en") -> list[tuple[str, str]]:
    """Rules and nodes of the gaps of a trace both ways."""
    with world.database.read() as connection:
        return [(gap["rule"], gap["node"]) for gap in trace(connection, key, "both", language=language)["gaps"]]


def test_gaps_are_named(database: Database) -> None:
    world = World(database)
    line: dict[str, Any] = {"line": "1", "gtin": "06901234000029", "quantity": Decimal(1), "unit": "EA", "@": 2}
    world.send(("wms", delivery("D1", lines=[{**line, "lot": "NOWHERE"}])))
    assert gaps(world, "NOWHERE") == [("TRC-01", "lot:06901234000029|NOWHERE")]
    world.send(("mes", production("P1", inputs=[], outputs=[{**line, "lot": "NOWHERE"}])))
    assert gaps(world, "NOWHERE") == [("TRC-04", "production:mes:P1")]
    world.send(("mes", production("P1", purpose="replace", revision=1, inputs=[{**line, "lot": "IN"}], outputs=[])))
    assert gaps(world, "IN") == [("TRC-01", "lot:06901234000029|IN"), ("TRC-05", "production:mes:P1")]
    world.send(("wms", receipt("R1", lines=[{**line, "lot": "IN"}])))
    assert gaps(world, "IN") == [("TRC-02", "lot:06901234000029|IN"), ("TRC-05", "production:mes:P1")]
    world.send(("jiangnan_polymer", despatch("S1", lines=[{**line, "lot": "IN", "sscc": "069012345000000017"}])))
    assert gaps(world, "IN") == [("TRC-05", "production:mes:P1")]
    world.send(("jiangnan_polymer", despatch("S2", lines=[{**line, "lot": "AWAY", "sscc": "069012345000000024"}])))
    assert gaps(world, "AWAY") == [("TRC-03", "lot:06901234000029|AWAY")]
    world.send(("wms", receipt("R2", lines=[{"line": "1", "sscc": "069012345000000024", "@": 2}])))
    assert gaps(world, "AWAY") == []
    with world.database.read() as connection:
        (told,) = trace(connection, "IN", "down", language="zh-CN")["gaps"]
        assert told["message"] == "production:mes:P1 使用了物料，但未说明产出了什么。" and told["severity"] == "warning"


def test_a_whole_story_has_no_gaps_once_the_names_are_joined(world: World) -> None:
    world.send(("erp", item()), ("erp", party()))
    with world.database.begin("test") as uow:
        reconcile(uow)
    assert gaps(world, "F1") == []


@pytest.mark.parametrize(("language", "words"), [("en", ("said by", "logistic unit")), ("zh-CN", ("依据", "物流单元"))])
def test_the_table_says_how_much_when_and_who(world: World, language: Language, words: tuple[str, ...]) -> None:
    with world.database.read() as connection:
        shown = trace(connection, LOT, "both", language=language)
    console = Console(width=250, record=True, file=StringIO())
    console.print(table(shown, language))
    text = console.export_text()
    assert all(word in text for word in words)
    (carton,) = [line for line in text.splitlines() if UNIT in line]
    assert "1 EA" in carton and "2026-11-18T00:00+00:00" in carton and "wms D1" in carton


def test_the_graph_is_json_graph_format(world: World) -> None:
    with world.database.read() as connection:
        shown = graph(trace(connection, LOT, "down"))["graph"]
    assert shown["directed"] is True and shown["nodes"][UNIT]["metadata"] == {"kind": "logistic_unit", "depth": 1}
    packed = [edge for edge in shown["edges"] if (edge["source"], edge["target"]) == (LOT, UNIT)]
    assert [edge["relation"] for edge in packed] == ["packing"] and packed[0]["metadata"]["quantity"] == Decimal(1)
    assert {end for edge in shown["edges"] for end in (edge["source"], edge["target"])} <= set(shown["nodes"])


def test_upwards_the_suppliers_that_shipped_what_is_in_a_lot_are_told(world: World) -> None:
    """Their despatch lies downstream of the raw lot; what our own warehouse despatched is no source."""
    world.send(("erp", item()), ("erp", party()))
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        found = trace(connection, LOT, "up")
        (shipper,) = found["shippers"]
        assert (shipper["partner"], shipper["shipment"], shipper["number"]) == (
            "jiangnan_polymer",
            "shipment:jiangnan_polymer:SHP1",
            "SHP1",
        )
        assert (shipper["quantity"], shipper["unit"]) == (Decimal(100), "EA") and shipper["lot"] in {node["key"] for node in found["nodes"]}
        assert trace(connection, LOT, "down")["shippers"] == []
        assert trace(connection, LOT, "both")["shippers"] == [shipper]
        ours = Filter(partner_id=KEYS["wms"], organisations=(1, 2))
        assert trace(connection, LOT, "up", scope=ours)["shippers"] == [], "what others said is not told"
    console = Console(width=250, record=True, file=StringIO())
    console.print(table(found, "zh-CN", {"partner:jiangnan_polymer": Called("Jiangnan Polymer", "江南高分子")}))
    (line,) = [line for line in console.export_text().splitlines() if "发货方" in line]
    assert "partner:jiangnan_polymer" in line and "江南高分子" in line and "100 EA" in line and "SHP1" in line
