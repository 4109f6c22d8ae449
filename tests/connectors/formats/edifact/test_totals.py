"""Control totals: told where no reading of their code gives them, and made anew when a message is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.formats.edifact import FORMAT
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import SourceRecord
from tests.connectors.formats.edifact.samples import DESPATCH, ORDER, messages, one

ENVELOPE = Envelope("14:7640123000001", "ZZ:RHEINTAL", 815, 3, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="D.96A")
PALLET_OF_CARTONS = (
    *("BGM+351+DA1+9", "DTM+137:20261122:102", "CPS+1", "PAC+2++201", "CPS+2+1", "PAC+3++CT", "LIN+1++07640123000018:SRV", "QTY+12:12:PCE"),
    *("CPS+3+1", "PAC+4++CT", "LIN+2++07640123000025:SRV", "QTY+12:4:PCE"),
)


def told(kind: str, body: tuple[str, ...], total: str, version: str = "D:96A:UN:EAN008") -> list[tuple[Any, ...]]:
    lines = [*(line for line in body if not line.startswith("CNT")), total]
    (message,) = messages(one(kind, lines, version))
    return [(finding.rule, finding.severity, finding.expected, finding.got) for finding in message.findings]


@pytest.mark.parametrize(
    ("kind", "body", "total", "expected"),
    [
        ("ORDERS", ORDER, "CNT+2:2", None),
        ("ORDERS", ORDER, "CNT+2:3", "2"),
        ("ORDERS", ORDER, "CNT+1:16:PCE", None),
        ("ORDERS", ORDER, "CNT+1:16,0", None),
        ("ORDERS", ORDER, "CNT+1:15", "16"),
        ("ORDERS", ORDER, "CNT+7:9:KGM", None),  # a weight: nothing in the message confirms it
        ("ORDERS", (*ORDER[:11], "LIN+3++4:SRV+1:2", *ORDER[11:]), "CNT+2:2", None),  # a sub-line counts, or it does not
        ("ORDERS", (*ORDER[:11], "LIN+3++4:SRV+1:2", *ORDER[11:]), "CNT+2:3", None),
        ("ORDERS", (*ORDER[:11], "LIN+3++4:SRV+1:2", *ORDER[11:]), "CNT+3:2", "3"),
        ("DESADV", DESPATCH, "CNT+1:12", None),
        ("DESADV", DESPATCH, "CNT+1:13", "12"),
        ("DESADV", PALLET_OF_CARTONS, "CNT+2:2", None),
        ("DESADV", PALLET_OF_CARTONS, "CNT+11:2", None),  # the pallets
        ("DESADV", PALLET_OF_CARTONS, "CNT+11:7", None),  # the cartons on them
        ("DESADV", PALLET_OF_CARTONS, "CNT+11:9", None),  # all that is stated
        ("DESADV", PALLET_OF_CARTONS, "CNT+11:8", "2"),
        ("IFTSTA", ("BGM+77+1+9",), "CNT+10:1", "0"),
    ],
)
def test_a_total_that_no_reading_gives_is_told(kind: str, body: tuple[str, ...], total: str, expected: str | None) -> None:
    got = total.partition(":")[2].partition(":")[0]
    assert told(kind, body, total) == ([] if expected is None else [("EDF-T01", "warning", expected, got)])


def test_a_total_says_what_it_adds_up_in_both_languages() -> None:
    (message,) = messages(one("ORDERS", [*ORDER[:-1], "CNT+1:15"]))
    (finding,) = message.findings
    assert (finding.place.segment, finding.place.position, finding.place.component) == ("CNT", 15, 2)
    assert finding.text("en") == "CNT 1 (sum of the quantities of the lines) says 15; the message makes 16. A line may be missing."
    assert finding.text("zh-CN") == "CNT 1（明细行数量合计）声明 15，按报文内容为 16；可能缺少明细行。"


def test_call_offs_of_a_line_may_be_what_is_added() -> None:
    line = ["LIN+1++07640123000018:SRV", "QTY+21:12:PCE", "SCC+1", "QTY+21:5:PCE", "SCC+1", "QTY+21:7:PCE"]
    body = (*ORDER[:5], *line, "UNS+S")
    assert told("ORDERS", body, "CNT+1:12") == []
    assert told("ORDERS", body, "CNT+1:24") == []
    assert told("ORDERS", body, "CNT+1:23") == [("EDF-T01", "warning", "12", "23")]


def test_what_is_wrong_otherwise_explains_a_total() -> None:
    (message,) = messages(one("ORDERS", [*ORDER[:8], "QTY+21:X:PCE", *ORDER[9:-1], "CNT+1:4"]))
    assert [finding.rule for finding in message.findings] == ["EDF-E37"]


def test_the_total_of_an_invoice_is_its_amount() -> None:
    invoice = ("BGM+380+I1+9", "DTM+137:20261122:102", "LIN+1++07640123000018:SRV", "QTY+47:2:PCE", "MOA+203:20", "UNS+S")
    assert told("INVOIC", (*invoice, "CNT+12:23.8"), "MOA+77:23.80") == []
    assert told("INVOIC", (*invoice, "CNT+12:23.8"), "MOA+77:23.80") == told("INVOIC", (*invoice, "CNT+4:1"), "MOA+77:23.80")
    lines = [*invoice, "CNT+12:20", "MOA+77:23.80"]
    (message,) = messages(one("INVOIC", lines))
    assert [(finding.rule, finding.expected, finding.got) for finding in message.findings] == [("EDF-T01", "23.8", "20")]


def written(kind: str, body: tuple[str, ...], asked: object = (), drop: bool = True) -> str:
    (message,) = messages(one(kind, body))
    root = message.root
    assert root is not None
    if drop:
        _drop(root)
    content = FORMAT.write([(kind, root)], ENVELOPE, Profile(options={"control_totals": asked}))
    assert [finding.rule for back in messages(content) for finding in back.findings] == []
    return content.decode()


def _drop(record: SourceRecord) -> None:
    record.children = [child for child in record.children if child.tag != "CNT"]
    for child in record.children:
        if child.children:
            _drop(child)


def test_totals_are_written_where_the_agreement_asks() -> None:
    assert "UNS+S'CNT+1:16'CNT+2:2'UNT+" in written("ORDERS", ORDER, [1, 2])
    assert "CNT" not in written("ORDERS", ORDER)
    assert "CNT+2:1'CNT+1:12'UNT+" in written("DESADV", DESPATCH, [2, 1])
    assert "CNT+2:2'CNT+11:2'UNT+" in written("DESADV", PALLET_OF_CARTONS, ["11"])


def test_a_total_of_the_tree_that_is_wrong_is_made_right_and_another_stays() -> None:
    body = (*ORDER[:-1], "CNT+1:15:PCE", "CNT+7:9:KGM")
    assert "UNS+S'CNT+1:16:PCE'CNT+7:9:KGM'UNT+" in written("ORDERS", body, drop=False)


def test_a_message_that_has_no_totals_is_written_without() -> None:
    content = written("PRICAT", ("BGM+9+1+9", "DTM+137:20261122:102", "PGI+1", "LIN+1++07640123000018:SRV"), [1, 2])
    assert "CNT" not in content
    assert STRICT.options.get("control_totals") is None
