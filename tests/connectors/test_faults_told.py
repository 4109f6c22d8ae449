"""Documents that are wrong all over: no message loses its verdict, and what is told of it stays bounded."""

from __future__ import annotations

import io

import pytest

from connectors.faults_told import FEW, OF_A_DOCUMENT, OF_A_MESSAGE
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import Message
from tests.connectors.formats.edifact import samples as edifact
from tests.connectors.formats.x12 import samples as x12

BEFORE = OF_A_DOCUMENT // OF_A_MESSAGE
SURPLUS = 30


def wrong_x12() -> tuple[list[Message], str]:
    body = [*x12.ORDER[:7], *["ZZZ*1"] * (OF_A_MESSAGE + SURPLUS), *x12.ORDER[7:]]
    sets = [x12.transaction("850", body, f"{at:04}") for at in range(1, BEFORE + 3)]
    return x12.messages(x12.interchange([x12.group(sets)])), "X12-M31"


def wrong_edifact() -> tuple[list[Message], str]:
    body = [*edifact.ORDER[:5], *["ZZZ+1"] * (OF_A_MESSAGE + SURPLUS), *edifact.ORDER[5:]]
    return edifact.messages(edifact.interchange([edifact.message("ORDERS", body, str(at)) for at in range(BEFORE + 2)])), "EDF-M31"


@pytest.mark.parametrize("wrong", [wrong_x12, wrong_edifact])
def test_a_document_of_endless_faults_tells_few_of_each_further_message(wrong) -> None:
    found, rule = wrong()
    assert len(found) == BEFORE + 2 and all(message.findings[-1].rule == rule for message in found)
    first, last = found[0].findings[-1], found[-1].findings[-1]
    assert (first.expected, first.got) == (str(OF_A_MESSAGE), str(SURPLUS))
    assert (last.expected, last.got) == (str(FEW), str(OF_A_MESSAGE + SURPLUS - FEW))
    assert [len(message.findings) for message in found] == [OF_A_MESSAGE + 1] * BEFORE + [FEW + 1] * 2
    assert all(finding.severity == "error" for message in found for finding in message.findings[:-1])


def test_every_bad_row_is_told_however_many_came_before() -> None:
    rows = OF_A_DOCUMENT // 2 + 50
    columns = "item_code,revision,updated_at,name_en,kind,base_unit,lot_controlled,serial_controlled,status\n"
    content = columns + "".join(f"{at},x,yesterday,n,raw,EA,Y,N,active\n" for at in range(rows))
    read = format_named("delimited").read(io.BytesIO(content.encode()), STRICT, "erp_items")
    told = [event.message for event in read if event.message is not None]
    assert len(told) == rows and rules(told[0]) == ["FED-06", "FED-06"]
    assert rules(told[-1]) == ["FED-06", "FED-19"] and told[-1].findings[0].place.position == rows + 1


def rules(message: Message) -> list[str]:
    return [finding.rule for finding in message.findings]
