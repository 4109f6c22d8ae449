"""Releases of a blanket order are orders of their own in every set that names them; the blanket order itself orders nothing (ADR 0015)."""

from __future__ import annotations

import pytest

from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, named, segments

CONTEXT = Context(time_zone="Europe/Berlin", components=":", currency="EUR")
SETS = {
    "x12/850": ("BEG*00*RL*BL1*R7*20261129\nPO1*1*10*EA", "number"),
    "x12/860": ("BCH*04*RL*BL1*R7*1*20261129\nPOC*1*QI*10**EA", "number"),
    "x12/855": ("BAK*00*AC*BL1*20261129*R7", "order_number"),
    "x12/865": ("BCA*00*AC*BL1*R7**20261129", "order_number"),
    "x12/810": ("BIG*20261129*I1**BL1*R7\nIT1*1*10*EA*2", "order_number"),
    "x12/861": ("BRA*R1*20261129*00*1\nRCD*1*10*EA\n PRF*BL1*R7", "lines"),
    "x12/856": ("BSN*00*S1*20261129*1200\nHL*1**S\n HL*2*1*O\n  PRF*BL1*R7\n  HL*3*2*I\n   SN1**10*EA", "lines"),
}


@pytest.mark.parametrize("name", SETS)
def test_a_release_has_the_number_of_its_order_and_its_own(name: str) -> None:
    text, member = SETS[name]
    seen = []
    for said in (text, text.replace("*R7", "*R8"), text.replace("*R7", "*")):
        entity = load(name).read(segments(said), CONTEXT).entity
        assert entity is not None
        seen.append(entity["lines"][0]["order_number"] if member == "lines" else entity[member])
    assert seen == ["BL1/R7", "BL1/R8", "BL1"]


def test_a_release_goes_out_under_its_whole_number() -> None:
    order = load("x12/850")
    entity = order.read(segments(SETS["x12/850"][0]), CONTEXT).entity
    assert entity is not None
    again = order.read(order.write(entity, CONTEXT), CONTEXT).entity
    assert again is not None
    assert again["number"] == "BL1/R7"


def test_the_order_of_items_is_written_once() -> None:
    despatch = load("x12/856")
    text, _ = SETS["x12/856"]
    entity = despatch.read(segments(text + "\n  HL*4*2*I\n   SN1**5*EA"), CONTEXT).entity
    assert entity is not None
    written = [segment.tag for segment in despatch.write(entity, CONTEXT).walk()]
    assert (written.count("PRF"), written.count("SN1")) == (1, 2)


CXML = {
    "Request": {"OrderRequest": {"OrderRequestHeader": {"@orderID": "B1", "@orderDate": "2026-11-29T12:00:00Z", "@orderType": "blanket"}}}
}


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("x12/850", segments("BEG*00*BK*BL1**20261129\nPO1*1*10*EA")),
        ("x12/860", segments("BCH*04*BE*BL1***20261129\nPOC*1*QI*10**EA")),
        ("edifact/ORDERS", edifact("BGM+221+BL1+9\nDTM+137:20261129:102\nLIN+1++6901234500059:EN")),
        ("ubl/Order", named("Order", {"ID": "BL1", "IssueDate": "2026-11-29", "OrderTypeCode": "221"})),
        ("cxml/OrderRequest", named("cXML", CXML)),
    ],
)
def test_a_blanket_order_itself_is_held(name: str, tree: object) -> None:
    findings = load(name).read(tree, CONTEXT).findings  # type: ignore[arg-type]
    assert [(finding.rule, finding.severity) for finding in findings if finding.rule == "MAP-07"] == [("MAP-07", "error")]


def test_a_return_is_no_purchase() -> None:
    item = {"@lineNumber": "1", "@quantity": "1", "@isReturn": "yes"}
    tree = named("cXML", {"Request": {"OrderRequest": {"OrderRequestHeader": {"@orderID": "B1"}, "ItemOut": item}}})
    assert "MAP-07" in {finding.rule for finding in load("cxml/OrderRequest").read(tree, CONTEXT).findings}
