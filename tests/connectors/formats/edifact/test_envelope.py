"""UNB to UNZ: what is wrong with envelopes, by rule and code, and that nothing wrong hides what is right beside it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from connectors.formats.edifact import FORMAT
from connectors.formats.edifact.envelope import Reading
from connectors.formats.edifact.messages import CountedMessages
from connectors.registry import sniff
from connectors.spec import STRICT, Profile
from data_contracts.source import Group, Interchange
from tests.connectors.formats.edifact.samples import (
    DESPATCH,
    ORDER,
    UNB,
    envelope_findings,
    events,
    group,
    interchange,
    message,
    messages,
    one,
)

ORDERS = message("ORDERS", ORDER)


def header(document: bytes) -> Interchange:
    return next(event.interchange for event in events(document) if event.interchange is not None)


def test_what_a_good_envelope_says() -> None:
    document = interchange([ORDERS], UNB + "++ORDERS+A+1+EANCOM+1")
    found = header(document)
    assert (found.sender, found.receiver, found.control) == ("14:7612345000008", "14:7640123000001", "4711")
    assert found.test and found.acknowledgement_requested
    assert (found.offset, found.length) == (0, len(document))
    assert found.delimiters["segment"] == "'" and found.delimiters["release"] == "?"
    assert envelope_findings(document) == []
    assert [event.kind for event in events(document)] == ["interchange", "group", "message", "group_end", "interchange_end"]
    (order,) = messages(document)
    assert (order.type, order.version, order.control, order.ordinal) == ("ORDERS", "D.96A", "1", 1)
    assert document[order.offset : order.offset + order.length].decode() == "'".join(ORDERS) + "'"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (interchange([ORDERS]).replace(b"UNZ+1+4711", b"UNZ+1+4712"), [("EDF-I28", "28", "UNZ", 2)]),
        (interchange([ORDERS]).replace(b"UNZ+1+", b"UNZ+2+"), [("EDF-I29", "29", "UNZ", 1)]),
        (interchange([ORDERS]).replace(b"UNZ+1+4711'", b""), [("EDF-I13", "13", "UNZ", None)]),
        (interchange([ORDERS]).replace(b"UNZ+1+4711'", b"UNZ+1+"), [("EDF-I105", None, "UNZ", None), ("EDF-I28", "28", "UNZ", 2)]),
        (interchange([]), [("EDF-I32", "32", "UNZ", None)]),
        (interchange([["BGM+220+1+9"], ORDERS]).replace(b"UNZ+2", b"UNZ+1"), [("EDF-I33", "33", "BGM", None)]),
        (interchange([["UNT+1+1"], ORDERS]).replace(b"UNZ+2", b"UNZ+1"), [("EDF-I33", "33", "UNT", None)]),
        (interchange([ORDERS], UNB.replace("UNOC:3", "UNOC:7")), [("EDF-I02", "2", "UNB", 1)]),
        (interchange([ORDERS], UNB.replace("7612345000008:14", "")), [("EDF-I13", "13", "UNB", 2)]),
        (interchange([ORDERS], UNB.replace("7612345000008", "7" * 36)), [("EDF-I11", "39", "UNB", 2)]),
        (interchange([ORDERS], UNB.replace("+4711", ""), ""), [("EDF-I13", "13", "UNB", 5)]),
        (interchange([ORDERS], UNB.replace("261122", "261322")), [("EDF-I12", "12", "UNB", 4)]),
        (interchange([ORDERS], UNB + "++++X"), [("EDF-I12", "37", "UNB", 9)]),
        (interchange([ORDERS], una="UNA:+.?'"), [("EDF-I104", None, "UNA", None)]),
        (interchange([group([ORDERS]), ORDERS]), [("EDF-I30", "30", "UNH", None), ("EDF-I29", "29", "UNZ", 1)]),
        (interchange([ORDERS, group([message("ORDERS", ORDER, "2")])]), [("EDF-I30", "30", "UNG", None), ("EDF-I29", "29", "UNZ", 1)]),
        (interchange([group([ORDERS])]), []),
        (interchange([group([ORDERS])]).replace(b"UNE+1+9", b"UNE+3+9"), [("EDF-G29", "29", "UNE", 1)]),
        (interchange([group([ORDERS])]).replace(b"UNE+1+9", b"UNE+1+8"), [("EDF-G28", "28", "UNE", 2)]),
        (interchange([group([ORDERS])]).replace(b"UNE+1+9'", b""), [("EDF-G13", "13", "UNE", None)]),
        (interchange([group([ORDERS], "DESADV")]), [("EDF-G31", "31", "UNH", 2)]),
        (interchange([group([])]), [("EDF-G32", "32", "UNE", None)]),
        (interchange([group([ORDERS], "ORDERSX")]), [("EDF-G12", "39", "UNG", 1), ("EDF-G31", "31", "UNH", 2)]),
    ],
)
def test_faults_of_the_envelope(document: bytes, expected: list[tuple[str, str | None, str, int | None]]) -> None:
    found = [(one.rule, one.code, one.place.segment, one.place.element) for one in envelope_findings(document)]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("indicator", "test", "code"),
    [("", False, None), ("1", True, None), ("2", True, None), ("3", True, "25"), ("4", True, "25"), ("0", True, "12"), ("XX", True, "12")],
)
def test_only_what_has_no_test_indicator_is_production(indicator: str, test: bool, code: str | None) -> None:
    document = interchange([ORDERS], UNB + "++++++" + indicator)
    assert header(document).test is test
    found = [(one.rule, one.severity, one.code, one.place.element) for one in envelope_findings(document)]
    assert found == ([("EDF-I25", "error", code, 11)] if code else [])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("UNT+16+1", "UNT+17+1", [("EDF-M29", "29", 16, 1)]),
        ("UNT+16+1", "UNT+16+2", [("EDF-M28", "28", 16, 2)]),
        ("UNT+16+1'", "", [("EDF-M13", "13", 16, None)]),
        ("UNH+1+", "UNH++", [("EDF-M13", "13", 1, 1), ("EDF-M28", "28", 16, 2)]),
        ("ORDERS:D:96A:UN:EAN008", "ORDERS:D", [("EDF-M13", "13", 1, 2), ("EDF-M13", "13", 1, 2)]),
        ("ORDERS:D:96A", "ORDERS:D:96AX", [("EDF-M12", "39", 1, 2)]),
        ("ORDERS:D:96A", "PAORES:D:96A", [("EDF-M14", "14", 1, 2)]),
    ],
)
def test_faults_of_unh_and_unt(old: str, new: str, expected: list[tuple[str, str, int, int | None]]) -> None:
    document = interchange([ORDERS, message("DESADV", DESPATCH, "2")]).decode().replace(old, new, 1)
    first, second = messages(document.encode())
    assert [(one.rule, one.code, one.place.position, one.place.element) for one in first.findings] == expected
    assert second.findings == [] and second.type == "DESADV"


def test_separators_that_cannot_cut_refuse_the_interchange() -> None:
    document = interchange([ORDERS], una="UNA++.? '")
    assert [finding.rule for finding in envelope_findings(document)] == ["EDF-I20"] and messages(document) == []


@pytest.mark.parametrize("una", ["UNA++.? '", "UNA:+.+ '", "UNA:+.' '", "UNAU+.? '"])
def test_who_sends_what_cannot_be_cut_is_not_told_by_guess(una: str) -> None:
    """A wrong cut gave `7640123000001?:14`, and a CONTRL went there."""
    ends = [one.interchange for one in events(interchange([ORDERS], una=una)) if one.kind == "interchange_end" and one.interchange]
    assert [(one.sender, one.receiver, one.control, one.header) for one in ends] == [(None, None, None, ())]
    assert [finding.rule for finding in ends[0].findings] == ["EDF-I20"]
    assert FORMAT.envelope_reference(interchange([ORDERS], una=una)) is None


def test_a_repetition_separator_that_is_another_leaves_the_sender_known() -> None:
    unb = UNB.replace("UNOC:3", "UNOC:4").replace("261122", "20261122")
    (end,) = [one.interchange for one in events(interchange([ORDERS], unb, una="UNA:+.?:'")) if one.kind == "interchange_end"]
    assert end is not None and end.sender == "14:7612345000008" and [finding.rule for finding in end.findings] == ["EDF-I20"]


def test_a_reference_that_comes_twice() -> None:
    found = messages(interchange([ORDERS, message("ORDERS", ORDER, "2"), ORDERS]))
    assert [[finding.rule for finding in one.findings] for one in found] == [[], [], ["EDF-M26"]]


def test_a_reference_of_any_length_is_a_finding() -> None:
    long = "9" * 5000
    found = messages(interchange([message("ORDERS", ORDER, long), message("ORDERS", ORDER, long)]))
    assert [[finding.rule for finding in one.findings] for one in found] == [["EDF-M12"], ["EDF-M12", "EDF-M26"]]


def test_an_interchange_that_stops_does_not_take_the_next_one_along() -> None:
    broken = interchange([ORDERS])[:200]
    whole = (
        interchange([message("DESADV", DESPATCH)], UNB.replace("4711", "4712"), "4712", una="UNA:+.? '")
        .replace(b"'", b"~")
        .replace(b"? ~", b"? ~")
    )
    found = events(broken + b"\r\n" + whole)
    interchanges = [event.interchange for event in found if event.kind == "interchange_end" and event.interchange is not None]
    assert [(one.control, [finding.rule for finding in one.findings]) for one in interchanges] == [("4711", ["EDF-I13"]), ("4712", [])]
    assert [(event.message.type, event.message.ordinal) for event in found if event.message is not None] == [("ORDERS", 1), ("DESADV", 2)]


def test_messages_without_a_group_stand_in_one_without_a_name() -> None:
    groups = [event.group for event in events(interchange([ORDERS, message("ORDERS", ORDER, "2")])) if event.kind == "group_end"]
    assert [(group.type, group.control, group.message_count) for group in groups if isinstance(group, Group)] == [(None, None, 2)]
    (named,) = [event.group for event in events(interchange([group([ORDERS])])) if event.kind == "group_end"]
    assert named is not None
    assert (named.type, named.control, named.version, named.count_declared) == ("ORDERS", "9", "D.96A", "1")


def test_syntax_4_writes_long_dates_and_repeats() -> None:
    unb = UNB.replace("UNOC:3", "UNOC:4").replace("261122", "20261122")
    document = interchange([message("ORDERS", [*ORDER[:5], "CUX+2:EUR:9", *ORDER[5:]], version="D:01B:UN:EAN010")], unb, una="UNA:+.?*'")
    assert envelope_findings(document) == []
    (found,) = messages(document)
    assert (found.findings, found.version, found.repetition) == ([], "D.01B", "\x1e")
    assert [finding.rule for finding in envelope_findings(document.replace(b"20261122:1415", b"261122:1415"))] == ["EDF-I12"]


def test_envelopes_alone_can_be_looked_at() -> None:
    document = interchange([ORDERS, message("ORDERS", ORDER, "2")]).replace(b"UNZ+2", b"UNZ+3")
    found = list(Reading(io.BytesIO(document), STRICT, CountedMessages()).events())
    assert [event.kind for event in found] == ["interchange", "group", "group_end", "interchange_end"]
    assert found[-1].interchange is not None and [finding.rule for finding in found[-1].interchange.findings] == ["EDF-I29"]


def test_an_unknown_charset_of_an_agreement_is_a_fault_of_the_agreement() -> None:
    with pytest.raises(Exception, match="profile charset"):
        events(one("ORDERS", ORDER), Profile(charset="nonsense"))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_document(tmp_path: Path) -> None:
    """Three times as many messages take no more."""
    import tracemalloc

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.edi"
        body = "'".join(ORDERS) + "'"
        with path.open("w") as output:
            output.write(UNB + "'")
            for number in range(1, count + 1):
                output.write(body.replace("UNH+1+", f"UNH+{number}+").replace("UNT+16+1", f"UNT+16+{number}"))
            output.write(f"UNZ+{count}+4711'")
        tracemalloc.start()
        with path.open("rb") as stream:
            seen = 0
            for event in FORMAT.read(stream, STRICT):
                if event.message is not None and event.message.root is not None:
                    seen += not event.message.findings
                    event.message.root.release()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == count
        return used

    assert peak(9000) < peak(3000) * 1.2


def test_what_is_told_of_faulty_groups_is_bounded() -> None:
    found = envelope_findings((UNB + "'" + "UNG'" * 2000 + "UNZ+2000+4711'").encode())
    assert len(found) < 1500 and found[-1].rule == "EDF-I113" and int(found[-1].got or 0) > 5000


def test_a_group_without_a_reference_is_told_once_whatever_its_end_names() -> None:
    inside = "'".join(ORDERS) + "'"
    document = f"{UNB}'UNG+ORDERS+A+B+261122:0830++UN+D:96A'{inside}UNE+1+5'UNZ+1+4711'".encode()
    (group,) = [event.group for event in events(document) if event.kind == "group_end" and event.group is not None]
    assert [(finding.rule, finding.place.segment, finding.place.element) for finding in group.findings] == [("EDF-G13", "UNG", 5)]


CHINESE = [one.replace("RHEINTAL TITAN?: WERK 2", "上海骨科器械有限公司") for one in ORDER]
LATIN = [one.replace("RHEINTAL TITAN?: WERK 2", "Müller & Söhne, Straße 5, Crème brûlée") for one in ORDER]


@pytest.mark.parametrize(
    ("identifier", "body", "charset", "agreed", "share"),
    [
        ("UNOC", CHINESE, "gb18030", None, "100"),
        ("UNOA", CHINESE, "gb18030", None, "100"),
        ("UNOC", CHINESE, "gb18030", "gb18030", None),
        ("UNOC", LATIN, "iso8859-1", None, None),
        ("UNOE", [one.replace("RHEINTAL", "Ромашка") for one in ORDER], "iso8859-5", None, None),
    ],
)
def test_chinese_that_would_be_read_as_latin_letters_is_told(
    identifier: str, body: list[str], charset: str, agreed: str | None, share: str | None
) -> None:
    document = interchange([message("ORDERS", body)], UNB.replace("UNOC", identifier)).decode().encode(charset)
    found = [one for one in envelope_findings(document, Profile(charset=agreed)) if one.rule == "EDF-I115"]
    assert [one.params["share"] for one in found] == ([share] if share else [])
    assert all("profile.charset" in one.text("en") and "profile.charset" in one.text("zh-CN") for one in found)


def test_where_data_end_without_a_trailer_is_told_at_their_end() -> None:
    whole = interchange([group([ORDERS], reference="9")], end="'\n")
    cut = whole[: whole.index(b"UNS")].rstrip()
    (order,) = messages(cut)
    told = {one.rule: one for one in [*order.findings, *envelope_findings(cut)]}
    last = cut.count(b"\n") + 1
    assert [(rule, told[rule].expected, told[rule].place.line) for rule in ("EDF-M13", "EDF-G13", "EDF-I13")] == [
        ("EDF-M13", "UNT 1", last),
        ("EDF-G13", "UNE 9", last),
        ("EDF-I13", "UNZ 4711", last),
    ]
    assert f"it ends at byte {len(cut)}" in told["EDF-I13"].text("en") and f"止于第 {len(cut)} 字节" in told["EDF-M13"].text("zh-CN")


@pytest.mark.parametrize("marks", ["|:", "+|", "*>"])
def test_separators_that_no_una_tells_are_told_and_are_no_csv(marks: str) -> None:
    document = interchange([ORDERS]).replace(b"+", marks[0].encode()).replace(b":", marks[1].encode())
    found = sniff(document)
    assert found is not None and found.name == "edifact"
    (refused,) = events(b"\xef\xbb\xbf\n" + document)
    assert refused.finding is not None and (refused.finding.rule, refused.finding.expected) == ("EDF-I116", "UNA")
    assert f"UNB{marks[0]}UNOC{marks[1]}3" in refused.finding.text("en")


def test_of_two_groups_of_one_reference_the_second_is_refused() -> None:
    groups = [group([ORDERS]), group([message("ORDERS", ORDER, "2")]), group([message("ORDERS", ORDER, "3")], reference="10")]
    found = [event.group for event in events(interchange(groups)) if event.kind == "group_end" and event.group is not None]
    assert [[(one.rule, one.code, one.place.element) for one in each.findings] for each in found] == [[], [("EDF-G26", "26", 5)], []]
