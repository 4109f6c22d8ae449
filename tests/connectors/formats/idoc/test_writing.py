"""What goes out: the envelope in the control record, releases by agreement, and refusals instead of cuts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.formats.idoc import FORMAT
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import SourceRecord
from tests.connectors.reading import read

ENVELOPE = Envelope("LS:UDIHUB", "LS:NMDCLNT100", 4711, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="DELVRY05")
OPTIONS = {"control": {"MANDT": "100", "SNDPOR": "HUB", "RCVPOR": "SAPNMD"}, "definitions": {"E1EDL20": "E2EDL20002"}}


def delivery(**values: str) -> SourceRecord:
    root = SourceRecord("DESADV", {}, 1)
    head = SourceRecord("E1EDL20", {"LIFEX": "JN-1"}, 2, root)
    item = SourceRecord("E1EDL24", {"POSNR": "000010", **values}, 3, head)
    root.children.append(head)
    head.children += [item, SourceRecord("E1ADRM1", {"PARTNER_Q": "WE", "NAME1": "苏州工厂"}, 4, head)]
    return root


def test_the_envelope_stands_in_the_control_record() -> None:
    content = FORMAT.write([("DESADV", delivery()), ("DESADV", delivery())], replace(ENVELOPE, test=True), Profile(options=OPTIONS))
    found = read("idoc", content)
    assert found.rules == [] and content.startswith(b"<?xml") and b"<DELVRY05>" in content
    controls = [message.root.children[0].values for message in found.messages]
    assert [control["DOCNUM"] for control in controls] == ["0000000000004711", "0000000000004712"]
    assert controls[0] | {"DOCNUM": ""} == {
        "TABNAM": "EDI_DC40",
        "MANDT": "100",
        "DOCNUM": "",
        "DIRECT": "2",
        "TEST": "X",
        "IDOCTYP": "DELVRY05",
        "MESTYP": "DESADV",
        "SNDPOR": "HUB",
        "SNDPRT": "LS",
        "SNDPRN": "UDIHUB",
        "RCVPOR": "SAPNMD",
        "RCVPRT": "LS",
        "RCVPRN": "NMDCLNT100",
        "CREDAT": "20261122",
        "CRETIM": "083000",
    }


def test_segments_go_out_in_the_order_of_the_basic_type_under_the_agreed_release() -> None:
    content = FORMAT.write([("DESADV", delivery())], ENVELOPE, Profile(options={**OPTIONS, "representation": "flat", "line_end": "\r\n"}))
    lines = content.decode().split("\r\n")
    assert [line[:30].strip() for line in lines[1:-1]] == ["E2EDL20002", "E2ADRM1001", "E2EDL24006"]
    assert [(line[49:55], line[55:61], line[61:63]) for line in lines[1:-1]] == [
        ("000001", "000000", "01"),
        ("000002", "000001", "02"),
        ("000003", "000001", "02"),
    ]
    assert {len(line) for line in lines[:-1]} == {524, 1063}


def test_a_version_that_no_basic_type_has_takes_that_of_the_message() -> None:
    content = FORMAT.write([("DESADV", delivery())], replace(ENVELOPE, version="004010"), STRICT)
    assert read("idoc", content).messages[0].version == "DELVRY07"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"CHARG": "L" * 11}, "takes 10 characters"),
        ({"ZZLOT": "L"}, "has no ZZLOT"),
    ],
)
def test_what_does_not_fit_is_refused_and_never_cut(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FORMAT.write([("DESADV", delivery(**values))], ENVELOPE, STRICT)


def test_a_message_or_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no basic type carries"):
        FORMAT.write([("PRICAT", delivery())], None, STRICT)
    stray = delivery()
    stray.children.append(SourceRecord("E1EDL24", {}, 5, stray))
    with pytest.raises(ValueError, match="has no E1EDL24 below"):
        FORMAT.write([("DESADV", stray)], ENVELOPE, STRICT)
    with pytest.raises(ValueError, match="representation"):
        FORMAT.write([("DESADV", delivery())], ENVELOPE, Profile(options={"representation": "csv"}))
