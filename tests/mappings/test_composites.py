"""What EDIFACT asks of mappings: components that decide, composites that are written, lists told apart, losses told by component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context, Mapping
from tests.mappings.shipped import load
from tests.mappings.test_overlays import site
from tests.mappings.trees import edifact, lost, shape, without_places

CONTEXT = Context(time_zone="Asia/Shanghai", currency="CNY")
NOTICE = """
mapping: edifact/T
version: 1
format: edifact
message: T
entity: DespatchAdvice
fields:
  - {to: number, from: BGM/02-1}
  - {from: BGM/01-1, const: "351", direction: out}
  - {to: issued_at, from: "DTM[01-1=137]/01-2", as: x12_day_start}
  - {to: carrier, from: "TDT[01=20]/05-4"}
  - {from: "TDT[01=20]/03-1", const: "30", when: {"TDT/05-4": "*"}, direction: out}
each:
  - to: lines
    at: //LIN
    unless: [PCI/QTY]
    fields:
      - {to: line, default: "@ordinal"}
      - {from: ./01, const: "@ordinal", direction: out}
      - {to: gtin, from: "./03*[EN|UP:12]", as: gtin}
      - {to: buyer_item, from: "PIA[01=1]/02*[IN|BP]"}
      - {to: supplier_item, from: "PIA[01=1]/02*[SA]"}
      - {to: quantity, from: "QTY[01-1=12]/01-2", as: decimal}
      - {to: unit, from: "QTY[01-1=12]/01-3", codes: units}
      - {to: lot, from: "PCI[01=36E]/GIN[01=BX]/02-1", alone: true}
  - to: lines
    at: //LIN/PCI
    direction: in
    needs: [quantity]
    fields:
      - {to: line, default: "@ordinal"}
      - {to: gtin, from: "^LIN/03*[EN|UP:12]", as: gtin}
      - {to: quantity, from: "QTY[01-1=12]/01-2", as: decimal}
      - {to: unit, from: "QTY[01-1=12]/01-3", codes: units}
      - {to: lot, from: "GIN[01=BX]/02-1", alone: true}
ignore: [{path: LIN/01, reason: made by the writer}, {path: BGM/01, reason: kind of document}, {path: BGM/03, reason: function}]
"""
DOCUMENT = """
BGM+351:::9+D1+9
DTM+137:20261122:102
TDT+20++++X:::SF EXPRESS
LIN+1++09506000134352:EN
  PIA+1+GW-035:IN+ACM:SA+X:ZZZ
  QTY+12:120:PCE
  PCI+36E
    GIN+BX+L1
LIN+2++09506000134369:EN
  QTY+12:30:PCE
  PCI+36E
    QTY+12:10:PCE
    GIN+BX+L2
  PCI+36E
    QTY+12:20:PCE
    GIN+BX+L3
LIN+3++09506000134376:EN
  QTY+12:7:PCE
  PCI+36E
    GIN+BX+L4
  PCI+36E
    GIN+BX+L5
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    return load("edifact/T", [site(tmp_path, "edifact/T", NOTICE)])


def read(mapping: Mapping, root: SourceRecord) -> dict[str, Any]:
    found = mapping.read(root, CONTEXT)
    assert found.entity is not None
    assert not found.findings
    entity: dict[str, Any] = without_places(found.entity)
    return entity


def test_lines_are_split_where_lots_have_quantities(mapping: Mapping) -> None:
    lines = read(mapping, edifact(DOCUMENT))["lines"]
    assert [(line["gtin"], str(line["quantity"]), line["lot"]) for line in lines] == [
        ("09506000134352", "120", "L1"),
        ("09506000134376", "7", "L4"),
        ("09506000134369", "10", "L2"),
        ("09506000134369", "20", "L3"),
    ]


def test_two_lots_of_one_quantity_are_told(mapping: Mapping) -> None:
    told = [(f.rule, f.params["what"], f.got, f.expected) for f in lost(mapping, edifact(DOCUMENT), CONTEXT) if f.rule == "MAP-05"]
    assert told == [("MAP-05", "PCI[01=36E]/GIN[01=BX]/02-1", "L5", "L4")]


def test_what_is_not_taken_is_told_by_component(mapping: Mapping) -> None:
    told = [f for f in lost(mapping, edifact(DOCUMENT), CONTEXT) if f.rule == "MAP-01"]
    assert [(f.params["what"], f.got, f.place.element, f.place.component) for f in told] == [
        ("DTM/01-3 (137)", "102", 1, 3),
        ("TDT/05-1 (20)", "X", 5, 1),
        ("LIN/PIA/04-1", "X", 4, 1),
        ("LIN/PIA/04-2", "ZZZ", 4, 2),
    ]


def test_the_mirror(mapping: Mapping) -> None:
    entity = read(mapping, edifact(DOCUMENT))
    entity["lines"] = entity["lines"][:2]
    entity["lines"][1]["gtin"] = "095060001343"
    tree = mapping.write(entity, CONTEXT)
    wanted = edifact("""
BGM+351+D1
DTM+137:20261122
TDT+20++30++:::SF EXPRESS
LIN+1++09506000134352:EN
  PIA+1+GW-035:IN+ACM:SA
  QTY+12:120:EA
  PCI+36E
    GIN+BX+L1
LIN+2++095060001343:UP
  QTY+12:7:EA
  PCI+36E
    GIN+BX+L4
""")
    wanted.values = ["UNH"]
    assert shape(tree) == shape(wanted)
    del entity["carrier"]
    assert "TDT" not in [record.tag for record in mapping.write(entity, CONTEXT).children]


def test_a_trace_names_the_component(mapping: Mapping) -> None:
    origin = mapping.trace(edifact(DOCUMENT), CONTEXT)["lines[3].lot"]
    assert (origin.place.segment, origin.place.element, origin.place.component, origin.values) == ("GIN", 2, 1, ("L3",))
