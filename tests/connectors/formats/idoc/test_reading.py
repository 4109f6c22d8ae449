"""IDocs as they come: several in a file, stripped, of older releases, and everything that can be wrong with one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.idoc import FORMAT
from connectors.registry import sniff
from connectors.spec import STRICT, Profile
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[3] / "samples" / "idoc"
CONTROL = {
    "DOCNUM": "0000000000000001",
    "IDOCTYP": "ORDERS05",
    "MESTYP": "ORDERS",
    "SNDPRT": "LS",
    "SNDPRN": "A",
    "RCVPRT": "LS",
    "RCVPRN": "B",
}
ITEM = "<E1EDP01 SEGMENT='1'><POSEX>000010</POSEX></E1EDP01>"
HEADER = "<E1EDK01 SEGMENT='1'><BELNR>4711</BELNR></E1EDK01>"


def idoc(body: str, **control: str) -> bytes:
    """An XML document with one IDoc."""
    said = "".join(f"<{name}>{text}</{name}>" for name, text in {**CONTROL, **control}.items())
    return f"<ORDERS05><IDOC BEGIN='1'><EDI_DC40 SEGMENT='1'>{said}</EDI_DC40>{body}</IDOC></ORDERS05>".encode()


def flat(*records: tuple[str, str], **control: str) -> str:
    """A flat file with one IDoc: name of a segment and its data."""
    said = {**CONTROL, **control}
    line = [" "] * 524
    for name, at in {"DOCNUM": 13, "IDOCTYP": 39, "MESTYP": 99, "SNDPRT": 158, "SNDPRN": 162, "RCVPRT": 273, "RCVPRN": 277}.items():
        line[at : at + len(said[name])] = said[name]
    lines = ["EDI_DC40" + "".join(line)[8:].rstrip()]
    for number, (name, data) in enumerate(records, 1):
        lines.append(f"{name:<30}100{said['DOCNUM']}{number:06d}00000001{data}".rstrip())
    return "\n".join(lines) + "\n"


def events(content: bytes, profile: Profile = STRICT) -> list[Any]:
    return list(FORMAT.read(io.BytesIO(content), profile))


def test_both_representations_and_a_stripped_one_of_older_release_are_the_same_tree() -> None:
    trees = {}
    for path in sorted(SAMPLES.glob("ORDERS05*")):
        found = read("idoc", path.read_bytes())
        assert found.rules == [], path.name
        trees[path.name] = [tree(message.root) for message in found.messages]
    assert len(trees) == 3
    first, *others = trees.values()
    assert all(other == first for other in others)
    assert first[0][2][4][1]["NAME1"] == "诺华康医疗器械（苏州）有限公司"


@pytest.mark.parametrize("name", ["ORDERS05.xml", "ORDERS05_stripped.txt"])
def test_each_idoc_is_an_interchange_with_its_own_bytes(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    found = events(content)
    assert [event.kind for event in found] == ["interchange", "group", "message", "group_end", "interchange_end"] * 2
    first, second = [event.interchange for event in found if event.kind == "interchange_end"]
    assert (first.sender, first.receiver, first.control, first.test) == ("LS:NMDCLNT100", "LS:UDIHUB", "0000000000004711", False)
    assert (second.control, second.test) == ("0000000000004712", True)
    messages = [event.message for event in found if event.message is not None]
    assert [(one.type, one.version, one.control, one.ordinal) for one in messages] == [
        ("ORDERS", "ORDERS05", "0000000000004711", 1),
        ("ORDERS", "ORDERS05", "0000000000004712", 2),
    ]
    for message in messages:
        assert message.control.encode() in content[message.offset : message.offset + message.length]
    assert messages[0].offset + messages[0].length <= messages[1].offset


def test_initial_values_say_nothing() -> None:
    body = "<E1EDK01 SEGMENT='1'><BELNR> </BELNR></E1EDK01><E1EDK03 SEGMENT='1'><IDDAT>012</IDDAT><DATUM>00000000</DATUM></E1EDK03>"
    found = read("idoc", idoc(body))
    assert found.rules == []
    assert [dict(child.values) for child in found.messages[0].root.children[1:]] == [{}, {"IDDAT": "012"}]


def test_a_code_page_is_what_the_agreement_says() -> None:
    content = flat(("E2EDK01005", "   EUR"), ("E2EDKA1003", "LF " + " " * 34 + "SCHRÄUBLI")).encode("latin-1")
    assert read("idoc", content).rules == ["FED-15"]
    found = read("idoc", content, profile=Profile(charset="iso-8859-1"))
    assert found.rules == [] and found.messages[0].root.children[2].values["NAME1"] == "SCHRÄUBLI"


def test_utf_16_is_read() -> None:
    content = (SAMPLES / "ORDERS05.txt").read_text(encoding="utf-8")
    expected = [tree(message.root) for message in read("idoc", (SAMPLES / "ORDERS05.xml").read_bytes()).messages]
    found = read("idoc", content.encode("utf-16"))
    assert found.rules == [] and [tree(message.root) for message in found.messages] == expected


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (HEADER + ITEM, []),
        (ITEM, ["IDC-04"]),
        (HEADER + "<Z1EDP01 SEGMENT='1'><ZZ>1</ZZ></Z1EDP01>" * 2, ["IDC-05"]),
        (HEADER + "<E1EDP19 SEGMENT='1'><QUALF>001</QUALF></E1EDP19>", ["IDC-06"]),
        (HEADER + HEADER, ["IDC-08"]),
        (HEADER.replace("</E1", "<ZZNEW>1</ZZNEW></E1"), ["IDC-09"]),
        (HEADER.replace("4711", "4" * 36), ["IDC-10"]),
        (HEADER + "<E1EDK03 SEGMENT='1'><DATUM>20260231</DATUM></E1EDK03>", ["IDC-11"]),
        (HEADER + ITEM.replace("</E1", "<MENGE>12x</MENGE></E1"), ["IDC-11"]),
        (HEADER + ITEM.replace("</E1", "<MENGE>1.234,50-</MENGE></E1"), []),
        (ITEM + HEADER, ["IDC-12"]),
        (HEADER + ITEM + "<E1EDK03 SEGMENT='1'/>" * 3, ["IDC-12"]),
        (HEADER.replace("</E1", "<CURCY>JPY</CURCY></E1") + ITEM.replace("</E1", "<NETWR>12.50</NETWR></E1"), ["IDC-13"]),
        (HEADER.replace("</E1", "<CURCY>JPY</CURCY></E1") + ITEM.replace("</E1", "<NETWR>12.00</NETWR></E1"), []),
        (HEADER.replace("</E1", "<CURCY>EUR</CURCY></E1") + ITEM.replace("</E1", "<NETWR>12.505</NETWR></E1"), ["IDC-13"]),
        (HEADER.replace("</E1", "<BELNR>1</BELNR></E1"), ["IDC-14"]),
        (HEADER + "<E1EDP01 SEGMENT='1'>&what;</E1EDP01>", ["XML-01"]),
        (HEADER + "<E1EDP01 SEGMENT='1'></E1EDP02>", ["XML-01"]),
    ],
)
def test_what_is_wrong_is_told(body: str, rules: list[str]) -> None:
    found = read("idoc", idoc(body))
    assert found.rules == rules
    assert found.messages[0].control == CONTROL["DOCNUM"]


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (flat(("E2EDK01005", "   EUR")), []),
        (flat(("E2EDK01005", "   EUR" + " " * 360 + "X")), ["IDC-09"]),
        (flat(("E2EDK01005", "   EUR" + " " * 1000 + "X")), ["IDC-17"]),
        (flat(("E2EDK01005", ""), ("E2EDP19002", "001X")), ["IDC-06"]),
        (flat(("E2EDK01005", ""), ("Z2SOMETHING", "anything")), ["IDC-05"]),
        (flat(("E2EDK01005", "")).replace("1000000000000000001000001", "1000000000000000002000001"), ["IDC-15"]),
        (flat(("E2EDK01005", ""), ("E2EDP01011", "000010"), ("E2EDP20", "1")).replace("00000300000001", "00000300000101"), ["IDC-16"]),
        (flat(("E2EDK01005", ""), IDOCTYP="ORDERS99"), ["IDC-03"]),
    ],
)
def test_what_is_wrong_in_a_flat_file_is_told(content: str, rules: list[str]) -> None:
    assert read("idoc", content.encode()).rules == rules


ITEM_LINE = "000010     1200.000       PCE" + " " * 25 + "3.25"
"""What an item says up to the end of its price, which has 15 columns."""


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (0, [("VPREI", "3.25")]),
        (1, [("VPREI", "3.2")]),
        (3, [("VPREI", "3")]),
        (5, []),  # before the price: no price is no smaller price, and the last column is a blank
        (-11, []),  # as wide as the price is
    ],
)
def test_a_number_that_a_cut_line_made_smaller_is_an_error_beside_padded_lines(cut: int, told: list[tuple[str, str]]) -> None:
    data = ITEM_LINE[: len(ITEM_LINE) - cut] if cut >= 0 else ITEM_LINE + "0" * -cut
    lines = flat(("E2EDK01005", "    EUR"), ("E2EDP01011", data), ("E2EDP19001", "001RM-0001")).splitlines()
    stripped = "\n".join(lines) + "\n"
    lines[3] = lines[3].ljust(1063)
    for content, expected in ((stripped, []), ("\n".join(lines) + "\n", told)):
        found = read("idoc", content.encode())
        assert [(one.rule, one.params["field"], one.got) for one in found.messages[0].findings] == [("IDC-19", *one) for one in expected]
    assert all(one.place.line == 3 and one.place.path == f"E1EDP01/{one.params['field']}" for one in found.messages[0].findings)
    assert all(one.severity == "error" and one.action == "message" for one in found.messages[0].findings)


def test_a_lot_that_a_cut_line_made_shorter_is_an_error_too() -> None:
    records = [("E2EDK01005", "    EUR"), ("E2EDP01011", "000010"), ("E2EDP19001", "001RM-00")]
    lines = flat(*records).splitlines()
    lines[1] += " "
    assert read("idoc", ("\n".join(lines) + "\n").encode()).rules == ["IDC-19"]


@pytest.mark.parametrize(("end", "rules"), [("\n", []), ("\r\n", []), ("", ["IDC-19"])])
def test_a_file_that_ends_within_a_number_was_cut(end: str, rules: list[str]) -> None:
    content = flat(("E2EDK01005", "    EUR"), ("E2EDP01011", ITEM_LINE)).removesuffix("\n") + end
    assert read("idoc", content.encode()).rules == rules
    text = flat(("E2EDK01005", "    EUR"), ("E2EDP19001", "001RM-0001")).removesuffix("\n") + end
    assert [rule for rule in read("idoc", text.encode()).rules if rule == "IDC-19"] == []


def test_a_container_that_was_left_out_is_put_in_and_told() -> None:
    body = "<E1BP2017_GM_HEAD_01 SEGMENT='1'/><E1BP2017_GM_CODE SEGMENT='1'/>" + "<E1BP2017_GM_ITEM_CREATE SEGMENT='1'/>" * 2
    found = read("idoc", idoc(body, IDOCTYP="MBGMCR03", MESTYP="MBGMCR"))
    assert found.rules == ["IDC-07"]
    whole = read("idoc", idoc(f"<E1MBGMCR SEGMENT='1'>{body}</E1MBGMCR>", IDOCTYP="MBGMCR03", MESTYP="MBGMCR"))
    assert whole.rules == [] and tree(whole.messages[0].root) == tree(found.messages[0].root)
    root = found.messages[0].root
    assert root is not None and [record.position for record in root.walk()] == [1, 2, 0, 3, 4, 5, 6]  # by which SEGNUM is told


def test_neighbours_of_a_broken_idoc_are_read() -> None:
    good = idoc(HEADER).decode()
    one = good[good.index("<IDOC") : good.index("</ORDERS05>")]
    bad = one.replace("4711", "SCHR\udcdcUBE")
    content = f"<ORDERS05>{one}{bad}{one.replace('BELNR', 'BELNR ', 1)}{one}</ORDERS05>".encode("utf-8", "surrogateescape")
    found = read("idoc", content)
    assert found.rules == ["FED-15"]
    assert [message.root is None for message in found.messages] == [False, True, False, False]
    assert found.messages[1].control == CONTROL["DOCNUM"], "its sender can be told"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<!DOCTYPE ORDERS05 [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><ORDERS05><IDOC><EDI_DC40/></IDOC></ORDERS05>", "XML-02"),
        (b"<ORDERS05><E1EDK01/></ORDERS05>", "IDC-01"),
        (b"EDI_DX40", "IDC-01"),
        (b"", "FED-01"),
        (b"<?xml version='1.0' encoding='x-nothing'?><ORDERS05><IDOC><EDI_DC40/></IDOC></ORDERS05>", "XML-06"),
        (b"<ORDERS05><IDOC>" * 3, "XML-03"),
    ],
)
def test_what_is_no_idoc_is_refused(content: bytes, rule: str) -> None:
    found = read("idoc", content)
    assert found.unreadable is not None and found.unreadable.rule == rule


def test_a_document_that_ends_early_keeps_what_was_read() -> None:
    content = (SAMPLES / "ORDERS05.xml").read_bytes()
    found = read("idoc", content[:-200])
    assert len(found.messages) == 1 and found.rules == [] and found.rules_around == ["XML-03"]


def test_caps_hold() -> None:
    many = idoc(HEADER + ITEM * 50)
    assert read("idoc", many, profile=Profile(options={"max_message_records": 20})).rules == ["FED-14"]
    lines = flat(("E2EDK01005", ""), *[("E2EDP01011", "000010")] * 50).encode()
    assert read("idoc", lines, profile=Profile(options={"max_message_records": 20})).rules == ["FED-14"]
    assert read("idoc", lines.replace(b"\n", b" " * 40_000 + b"X\n", 2)).rules != []


def test_what_an_envelope_must_say_and_does_not() -> None:
    found = read("idoc", idoc(HEADER, SNDPRN="", DOCNUM=""))
    assert found.rules_around == ["IDC-02", "IDC-02"] and found.rules == []


def test_a_flat_idoc_that_lost_its_control_record_is_an_idoc_without_one() -> None:
    records = flat(("E2EDK01005", "")).split("\n", 1)[1].encode()
    sniffed = sniff(records)
    assert sniffed is not None and sniffed.name == "idoc"
    found = read("idoc", records)
    assert found.unreadable is not None and found.unreadable.rule == "IDC-01"


def test_strange_segments_are_told_with_the_extension_that_has_them() -> None:
    strange = "<Z1EDP01 SEGMENT='1'><ZZ>1</ZZ></Z1EDP01>"
    for control, expected in (({}, "ORDERS05"), ({"CIMTYP": "ZORD01"}, "ORDERS05 + ZORD01")):
        (message,) = [event.message for event in events(idoc(HEADER + strange, **control)) if event.message is not None]
        assert [(finding.rule, finding.expected) for finding in message.findings] == [("IDC-05", expected)]
