"""Several lots under one quantity: nobody says how much is of which, and a recall of the second must find somebody. They are held."""

from __future__ import annotations

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, segments

CONTEXT = Context(time_zone="Europe/Berlin", components=":", currency="EUR")

SHIPMENT = """
BSN*00*ASN1*20261129*1200
HL*1**S
  HL*2*1*O
    PRF*PO1
    HL*3*2*I
      LIN*1*UK*06901234500059
      SN1**100*EA
"""
PACK = """      HL*4*3*P
        SN1**100*EA
        MAN*GM*00069012345000000018
"""
STOCK = """
BIA*00*MM*ST1*20261129
LIN**UK*06901234500059
"""
SALES = """
XQ*H*20261123*20261129
N9*RPT*S1
LIN**UK*06901234500059
  ZA*QS*100*EA
"""
DESADV = """
BGM+351+DES2+9
DTM+137:202611291200:203
RFF+ON:PO1
CPS+1
  LIN+1++6901234500059:EN
    QTY+12:100:PCE
    PCI+36E
      DTM+361:20280101:102
      GIN+BX+LOTA
"""


def told(mapping: str, tree: SourceRecord) -> list[tuple[str, str, str | None, str | None]]:
    """Rule, severity, what is kept and what is not, of all that reading and coverage find."""
    known = load(mapping)
    mapped = known.read(tree, CONTEXT)
    found = [*mapped.findings, *known.unmapped(tree, mapped)]
    return [(finding.rule, finding.severity, finding.expected, finding.got) for finding in found]


@pytest.mark.parametrize(
    ("mapping", "tree"),
    [
        ("x12/856", segments(SHIPMENT + "      REF*LT*LOTA\n      REF*LT*LOTB\n")),
        ("x12/856", segments(SHIPMENT.replace("06901234500059", "06901234500059*LT*LOTB") + "      REF*LT*LOTA\n")),
        ("x12/856", segments(SHIPMENT.replace("06901234500059", "06901234500059*LT*LOTA*LT*LOTB"))),
        ("x12/856", segments(SHIPMENT + PACK + "      REF*LT*LOTA\n      REF*LT*LOTB\n")),
        ("x12/846", segments(STOCK.replace("06901234500059", "06901234500059*LT*LOTA*LT*LOTB") + "  QTY*33*100*EA\n")),
        ("x12/846", segments(STOCK.replace("06901234500059", "06901234500059*LT*LOTA") + "  QTY*33*100*EA\n    REF*LT*LOTB\n")),
        ("x12/852", segments(SALES.replace("06901234500059", "06901234500059*LT*LOTA*LT*LOTB"))),
        ("edifact/DESADV", edifact(DESADV + "      GIN+BX+LOTB\n")),
        ("edifact/DESADV", edifact(DESADV + "    PCI+36E\n      GIN+BX+LOTB\n")),
        ("edifact/DESADV", edifact(DESADV.replace("GIN+BX+LOTA", "GIN+BX+LOTA+LOTB"))),
    ],
)
def test_several_lots_under_one_quantity_are_held(mapping: str, tree: SourceRecord) -> None:
    assert [entry for entry in told(mapping, tree) if entry[0] in ("MAP-13", "MAP-05")] == [("MAP-13", "error", "LOTA", "LOTB")]


@pytest.mark.parametrize(
    ("mapping", "tree"),
    [
        ("x12/856", segments(SHIPMENT + "      REF*LT*LOTA\n      REF*SE*S1\n")),
        ("x12/856", segments(SHIPMENT + "      REF*LT*LOTA\n      REF*LT*LOTA\n")),
        ("x12/856", segments(SHIPMENT.replace("06901234500059", "06901234500059*LT*LOTA") + "      REF*LT*LOTA\n")),
        ("edifact/DESADV", edifact(DESADV + "    PCI+36E\n      GIN+BX+LOTA\n")),
    ],
)
def test_one_lot_said_twice_is_one_lot(mapping: str, tree: SourceRecord) -> None:
    assert told(mapping, tree) == []


def test_lots_in_their_own_groups_with_their_own_quantities_are_lines() -> None:
    text = DESADV.replace("      GIN+BX+LOTA", "      GIN+BX+LOTA\n      QTY+12:60") + "    PCI+36E\n      GIN+BX+LOTB\n      QTY+12:40\n"
    entity = load("edifact/DESADV").read(edifact(text), CONTEXT).entity
    assert entity is not None
    assert [(line["lot"], int(line["quantity"])) for line in entity["lines"]] == [("LOTA", 60), ("LOTB", 40)]
    assert "MAP-13" not in {rule for rule, *_ in told("edifact/DESADV", edifact(text))}


def test_lots_in_sub_lines_are_told_and_a_day_with_its_form_is_read() -> None:
    tree = segments(SHIPMENT + "      SLN*1**I*12*EA****LT*LOTC\n      SLN*2**I*8*EA****LT*LOTD\n      DTM*036****D8*20280131\n")
    assert [(rule, severity) for rule, severity, *_ in told("x12/856", tree)] == [("MAP-12", "warning")]
    entity = load("x12/856").read(tree, CONTEXT).entity
    assert entity is not None
    assert entity["lines"][0]["expires_on"] == "2028-01-31"
