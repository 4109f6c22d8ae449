"""Documents that are wrong all over: no message loses its verdict, and what is told of it stays bounded."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from connectors.answering import is_refused
from connectors.faults_told import FEW, OF_A_DOCUMENT, OF_A_MESSAGE, FaultsTold
from connectors.feed_check import LIMIT
from connectors.formats.edifact import ANSWERING as CONTRL
from connectors.formats.edifact import envelope as edifact_envelope
from connectors.formats.edifact.messages import FullMessages
from connectors.formats.x12 import envelope as x12_envelope
from connectors.formats.x12.sets import FullSets
from connectors.formats.x12.verdicts import FRAME, message_verdict
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


MOST = 5


def test_notes_that_are_no_faults_take_no_faults_place() -> None:
    noted = ["LIN+1++07640123000018:SRV", "PIA+1+100234:SA*100235:BP", "QTY+21:12:PCE"] * (MOST + 1)
    right = [*edifact.ORDER[:2], edifact.ORDER[3], *noted, "UNS+S"]
    wrong = [*right[:-1], "QTY+XX:NONE", "UNS+S"]
    document = edifact.interchange([edifact.message("ORDERS", one) for one in (right, wrong)], edifact.UNB.replace("UNOC:3", "UNOC:4"))
    reading = edifact_envelope.Reading(io.BytesIO(document), STRICT, FullMessages(told=FaultsTold(MOST)))
    taken, refused = [event.message for event in reading.events() if event.message is not None]
    assert rules(taken) == ["EDF-S102"] * MOST + ["EDF-M31"] and taken.findings[-1].severity == "info"
    assert not is_refused(taken, STRICT, CONTRL.frame, coded=True)
    assert "EDF-E37" in rules(refused) and is_refused(refused, STRICT, CONTRL.frame, coded=True)


def test_what_was_not_told_is_not_taken_by_who_thinks_little_of_the_rest() -> None:
    tolerant = replace(STRICT, accept_with_errors=True)
    bodies = ([*x12.ORDER[:7], *["ZZZ*1"] * count, *x12.ORDER[7:]] for count in (MOST, MOST + 1))
    document = x12.interchange([x12.group([x12.transaction("850", body, f"{at:04}") for at, body in enumerate(bodies)])])
    reading = x12_envelope.Reading(io.BytesIO(document), tolerant, FullSets(told=FaultsTold(MOST)))
    all_told, not_all = [event.message for event in reading.events() if event.message is not None]
    assert message_verdict(all_told, tolerant).verdict == "E"
    verdict = message_verdict(not_all, tolerant)
    assert (verdict.verdict, verdict.codes) == ("R", ("5",))
    not_all.findings = [replace(one, severity="warning") if one.rule.startswith("X12-S") else one for one in not_all.findings]
    assert is_refused(not_all, STRICT, FRAME, coded=True)


def test_under_a_lenient_agreement_others_faults_are_not_held_against_a_message() -> None:
    for lenient, most in ((True, OF_A_MESSAGE), (False, FEW)):
        told = FaultsTold(lenient=lenient)
        told.add(OF_A_DOCUMENT)
        assert told.most == most


def test_long_lines_hide_no_number_that_a_short_line_cut() -> None:
    header = f"10{'S1':12}{'20261122101500':14}{'7612345000008':13}{'7640123000001':13}{'':20}"
    line = f"20{'1':4}{'4500000123':12}{'10':6}{'07640123000018':14}{'BONE SCREW':30}"
    lot = f"30{'L1':20}{'20310630':8}{'000000012000':12}{'EA':3}{'':18}"
    lines = [header, line, *[f"{lot}beyond"] * LIMIT, lot[:40]]
    (event,) = [
        event
        for event in format_named("fixed").read(io.BytesIO("\n".join(lines).encode()), STRICT, "wms_shipments")
        if event.message is not None
    ]
    assert event.message is not None and rules(event.message)[: LIMIT + 1] == ["FIX-02"] * LIMIT + ["FIX-05"]
    assert is_refused(event.message, STRICT)


def test_endless_bad_rows_of_one_message_are_told_up_to_the_limit() -> None:
    columns = "order_no;revision;purpose;issued;currency;supplier_code;ship_to_gln;line;item_code;quantity;unit\n"
    content = (columns + "A\n" * (LIMIT + SURPLUS) + "B;1;x\n").encode()
    told = [
        event.message for event in format_named("delimited").read(io.BytesIO(content), STRICT, "erp_orders") if event.message is not None
    ]
    assert rules(told[0]) == ["CSV-07"] * LIMIT + ["FED-19"] and rules(told[1]) == ["CSV-07"]


def rules(message: Message) -> list[str]:
    return [finding.rule for finding in message.findings]


def test_a_group_of_endless_bad_rows_tells_some_of_them_and_is_refused() -> None:
    head = "order_no;revision;purpose;issued;currency;supplier_code;ship_to_gln;line;item_code;quantity;unit"
    rows = "".join(f"PO1;1;new;22.11.2026 08:00;EUR;V1;7640123000011;{at};A;1;EA;surplus\n" for at in range(3 * LIMIT))
    read = format_named("delimited").read(io.BytesIO(f"{head}\n{rows}".encode()), STRICT, "erp_orders")
    (found,) = [event.message for event in read if event.message is not None]
    assert rules(found).count("CSV-07") == LIMIT and rules(found).count("FED-19") == 1 and found.root is None
