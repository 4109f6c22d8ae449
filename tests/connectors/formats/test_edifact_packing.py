"""Packing levels: nested by their numbers when read, numbered by their nesting when written."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from connectors.formats.edifact import FORMAT
from connectors.formats.edifact.packing import DEEPEST, flat
from connectors.spec import Envelope, Profile
from data_contracts.source import Message, SourceRecord

HEAD = "UNB+UNOC:3+A:14+B:14+261122:0830+1'UNH+1+DESADV:D:96A:UN'BGM+351+D1+9'"


def message_of(levels: str) -> Message:
    body = HEAD + levels
    content = f"{body}UNT+{body.count(chr(39)) - 1 + 1}+1'UNZ+1+1'".encode()
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(content), Profile()) if event.message is not None]
    return message


def outline(record: SourceRecord) -> list[object]:
    return [[child.values[1], outline(child)] for child in record.children if child.tag == "CPS"]


@pytest.mark.parametrize(
    ("levels", "outlined", "strays"),
    [
        ("CPS+1'LIN+1'", [["1", []]], []),
        ("CPS+1'CPS+2+1'PAC+1'CPS+3+2'LIN+1'CPS+4+2'LIN+2'", [["1", [["2", [["3", []], ["4", []]]]]]], []),
        ("CPS+3+2'LIN+1'CPS+2+1'CPS+1'", [["1", [["2", [["3", []]]]]]], []),
        ("CPS+1'CPS+2+9'LIN+1'", [["1", []], ["2", []]], ["9"]),
    ],
)
def test_levels_hang_below_the_level_they_name(levels: str, outlined: list[object], strays: list[str]) -> None:
    message = message_of(levels)
    assert message.root is not None
    assert outline(message.root) == outlined
    assert [(finding.rule, finding.got, finding.severity) for finding in message.findings] == [
        ("EDF-S101", above, "warning") for above in strays
    ]
    for record in message.root.walk():
        assert all(child.parent is record for child in record.children)


@pytest.mark.parametrize(
    ("levels", "outlined", "told"),
    [
        ("CPS+1+1'LIN+1'", [["1", []]], [("EDF-S103", 3, 2, "1")]),
        ("CPS+1'CPS+2+2'LIN+1'", [["1", []], ["2", []]], [("EDF-S103", 4, 2, "2")]),
        ("CPS+1+2'CPS+2+1'LIN+1'", [["2", [["1", []]]]], [("EDF-S103", 4, 2, "1")]),
        ("CPS+1'CPS+2+1'CPS+2+1'LIN+1'", [["1", [["2", []], ["2", []]]]], [("EDF-S104", 5, 1, "2")]),
        # What names a number of two levels lies in neither: a wrong pallet is worse than none.
        ("CPS+1'CPS+2+1'CPS+2+1'CPS+3+2'LIN+1'", [["1", [["2", []], ["2", []]]], ["3", []]], [("EDF-S104", 5, 1, "2")]),
    ],
)
def test_levels_that_cannot_be_understood_are_errors(levels: str, outlined: list[object], told: list[tuple[object, ...]]) -> None:
    message = message_of(levels)
    assert message.root is not None
    assert outline(message.root) == outlined
    found = [one for one in message.findings if one.rule.startswith("EDF-S10")]
    assert [(one.rule, one.place.position, one.place.element, one.got) for one in found] == told
    assert all((one.severity, one.code) == ("error", "12") for one in found)


def test_a_chain_of_thousands_of_levels_is_told_and_cheap() -> None:
    message = message_of("CPS+1'" + "".join(f"CPS+{number}+{number - 1}'" for number in range(2, 5000)))
    assert message.root is not None
    depth, record = 0, message.root
    while record.children and record.children[-1].tag == "CPS":
        depth, record = depth + 1, record.children[-1] if depth else record.children[1]
    assert depth <= DEEPEST + 1
    assert {finding.rule for finding in message.findings} >= {"EDF-S101"}


def level(*children: SourceRecord, number: str = "") -> SourceRecord:
    record = SourceRecord("CPS", ["CPS", number] if number else ["CPS"], 0)
    for child in children:
        child.parent = record
        record.children.append(child)
    return record


def test_levels_without_numbers_are_numbered_by_their_nesting() -> None:
    tree = [level(level(level(), level()), level())]
    assert [record.values[1:3] for record in flat(tree, "CPS")] == [["1", ""], ["2", "1"], ["3", "2"], ["4", "2"], ["5", "1"]]


@pytest.mark.timeout(60)  # one look at all for each would take an hour
def test_a_hundred_thousand_levels_are_numbered_at_once() -> None:
    tree = [level() for _ in range(100_000)]
    assert flat(tree, "CPS")[-1].values[1] == "100000"


def test_numbers_that_all_levels_state_are_kept() -> None:
    tree = [level(level(number="P1"), number="S")]
    assert [record.values[1:3] for record in flat(tree, "CPS")] == [["S", ""], ["P1", "S"]]
    assert tree[0].values == ["CPS", "S"]
    assert [child.tag for child in tree[0].children] == ["CPS"]


def test_what_is_written_nests_again() -> None:
    root = message_of("CPS+1'CPS+2+1'PAC+1'PCI+33E'GIN+BJ+1'CPS+3+2'LIN+1'CPS+4+2'LIN+2'").root
    assert root is not None
    envelope = Envelope("14:A", "14:B", 1, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="D.96A")
    content = FORMAT.write([("DESADV", root)], envelope, Profile())
    (again,) = [event.message for event in FORMAT.read(io.BytesIO(content), Profile()) if event.message is not None]
    assert again.root is not None
    assert outline(again.root) == outline(root)
    assert again.findings == []
