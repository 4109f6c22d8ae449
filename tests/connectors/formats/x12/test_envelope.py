"""ISA to IEA: each fault with the note or code that an answer carries, and no other."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT, scan
from connectors.formats.x12.control import UsedNumbers, same_number
from connectors.spec import Profile
from tests.connectors.formats.x12.samples import (
    DESPATCH,
    ORDER,
    envelope_findings,
    events,
    group,
    interchange,
    isa,
    messages,
    one,
    said,
    transaction,
    verdict,
)

GOOD = one("850", ORDER)


@pytest.mark.parametrize(
    ("old", "new", "note", "answer"),
    [
        ("IEA*1*000000001", "IEA*1*000000002", "001", "R"),
        ("*ZZ*RHEINTAL ", "*  *RHEINTAL ", "005", "R"),
        (f"*{'RHEINTAL':15}*", f"*{'':15}*", "006", "R"),
        ("*ZZ*NOVACARE ", "*?Z*NOVACARE ", "007", "R"),
        (f"*{'NOVACARE':15}*", f"*{'':15}*", "008", "R"),
        ("ISA*00*", "ISA*  *", "010", "E"),
        ("261122*1415*U", "261322*1415*U", "014", "E"),
        ("261122*1415*U", "261122*2460*U", "015", "E"),
        ("*00401*", "*A0401*", "017", "E"),
        ("*000000001*0*P", "*00000000A*0*P", "018", "R"),
        ("*000000001*0*P", "*000000001*2*P", "019", "E"),
        ("*0*P*>", "*0*X*>", "020", "R"),
        ("IEA*1*", "IEA*2*", "021", "R"),
        ("*P*>", "*P*A", "027", "R"),
        ("IEA*1*000000001~", "", "023", "R"),
        ("GS*PO*RHEINTAL*NOVACARE*20261122*1415*1*X*004010~", "", "024", "R"),
        ("GS*PO*", "GS**", "024", "R"),
        ("GE*1*1~", "GE*1*1~REF*CT*1~", "024", "R"),
        ("GE*1*1~", "SE*1*0001~GE*1*1~", "022", "R"),
    ],
)
def test_interchange_faults_have_their_note(old: str, new: str, note: str, answer: str) -> None:
    text = GOOD.decode()
    assert text.count(old) == 1
    found = verdict(text.replace(old, new).encode())
    assert (found.verdict, found.note) == (answer, note)
    (scanned,) = scan(io.BytesIO(text.replace(old, new).encode()))
    assert scanned.accepted == (answer == "E")


def test_a_terminator_that_is_another_separator_cuts_nothing() -> None:
    document = GOOD.replace(b">~GS", b">>GS")
    found = verdict(document)
    assert (found.verdict, found.note, messages(document)) == ("R", "004", [])


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("GS*PO*", "GS*QQ*", ("1",)),
        ("*X*004010", "*X*4010", ("2",)),
        ("*X*004010", "*X*009010", ("2",)),
        ("GE*1*1~", "", ("3",)),
        ("GE*1*1~", "GE*1*2~", ("4",)),
        ("GE*1*1~", "GE*3*1~", ("5",)),
        ("GE*1*1~", "GE*2*9~", ("4", "5")),
        ("*1*X*004010", "*1A*X*004010", ("6", "4")),
    ],
)
def test_group_faults_reject_the_group_with_their_code(old: str, new: str, codes: tuple[str, ...]) -> None:
    text = GOOD.decode()
    assert text.count(old) == 1
    found = verdict(text.replace(old, new).encode())
    told = "R" if "1A" in new else "A"  # no AK1 can hold that number: the interchange is refused
    assert (found.verdict, found.groups[0].verdict, found.groups[0].codes) == (told, "R", codes)
    (scanned,) = scan(io.BytesIO(text.replace(old, new).encode()))
    assert scanned.accepted == (told == "A") and not scanned.groups[0].accepted


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("ST*850*", "ST*875*", ("1",)),
        ("SE*13*0001~", "", ("2",)),
        ("SE*13*0001~", "SE*13*0002~", ("3",)),
        ("SE*13*0001~", "SE*12*0001~", ("4",)),
        ("SE*13*0001~", "SE*99*9999~", ("3", "4")),
        ("ST*850*", "ST**", ("6",)),
        ("ST*850*", "ST*856*", ("6", "5")),
        ("ST*850*0001", "ST*850*1", ("7", "3")),
    ],
)
def test_set_faults_reject_the_set_with_their_code(old: str, new: str, codes: tuple[str, ...]) -> None:
    text = GOOD.decode()
    assert text.count(old) == 1
    found = verdict(text.replace(old, new).encode())
    (group_found,) = found.groups
    assert (found.verdict, group_found.verdict, group_found.codes) == ("A", "R", ())
    assert (group_found.messages[0].verdict, group_found.messages[0].codes) == ("R", codes)


def test_counts_may_have_leading_zeros() -> None:
    assert envelope_findings(GOOD.replace(b"GE*1*1~", b"GE*01*0001~").replace(b"IEA*1*", b"IEA*001*")) == []
    assert messages(GOOD.replace(b"SE*13*", b"SE*0013*"))[0].findings == []


def test_a_set_number_that_comes_twice_is_the_seconds_fault() -> None:
    found = verdict(interchange([group([transaction("850", ORDER), transaction("850", ORDER), transaction("850", ORDER, "0002")])]))
    assert [message.codes for message in found.groups[0].messages] == [(), ("23",), ()]
    assert (found.groups[0].verdict, found.groups[0].accepted, found.groups[0].received) == ("P", 2, 3)
    # ... but each group counts for itself.
    again = interchange([group([transaction("850", ORDER)]), group([transaction("850", ORDER)], control="2")])
    assert [one.verdict for one in verdict(again).groups] == ["A", "A"]


def test_a_missing_trailer_does_not_swallow_the_next_set_or_group() -> None:
    first = transaction("850", ORDER)[:-1]
    found = verdict(interchange([group([first, transaction("850", ORDER, "0002")])]))
    assert [(message.control, message.codes) for message in found.groups[0].messages] == [("0001", ("2",)), ("0002", ())]
    open_group = group([transaction("850", ORDER)])[:-1]
    found = verdict(interchange([open_group, group([transaction("856", DESPATCH)], "SH", "2")]))
    assert [(one.type, one.verdict, one.codes) for one in found.groups] == [("PO", "R", ("3",)), ("SH", "A", ())]


def test_an_acknowledgement_on_the_envelope_is_told() -> None:
    document = (isa() + "~TA1*000000905*261121*0900*A*000~IEA*0*000000001~").encode()
    (told,) = [event.detail for event in events(document) if event.kind == "acknowledgement"]
    assert told == {"control": "000000905", "date": "261121", "time": "0900", "status": "A", "note": "000"}
    assert envelope_findings(document) == []


def test_identities_are_trimmed_and_the_header_is_kept() -> None:
    (first,) = [event.interchange for event in events(GOOD) if event.kind == "interchange"]
    assert (first.sender, first.receiver, first.test, first.acknowledgement_requested) == ("ZZ:RHEINTAL", "ZZ:NOVACARE", False, False)
    assert first.header[5] == "RHEINTAL       " and len(first.header) == 16
    asked = one("850", ORDER).replace(b"*0*P*>", b"*1*T*>")
    (first,) = [event.interchange for event in events(asked) if event.kind == "interchange"]
    assert first.test and first.acknowledgement_requested


def test_the_version_of_the_set_wins_over_the_groups() -> None:
    document = one("850", ORDER, "005010").replace(b"ST*850*0001", b"ST*850*0001*005010X220")
    (message,) = messages(document)
    assert message.version == "005010" and message.findings == []


def test_industry_versions_are_read_by_their_base() -> None:
    document = one("856", DESPATCH).replace(b"X*004010", b"X*004010VICS")
    (message,) = messages(document)
    assert (message.version, message.findings) == ("004010", [])
    assert [event.group.version for event in events(document) if event.kind == "group"] == ["004010VICS"]


def test_scan_marks_exactly_what_may_be_applied() -> None:
    bad_group = [segment.replace("GE*1*2", "GE*9*2") for segment in group([transaction("856", DESPATCH)], "SH", "2")]
    document = interchange([group([transaction("850", ORDER)]), bad_group])
    rejected = one("850", ORDER).replace(b"IEA*1*000000001", b"IEA*1*000000009")
    scans = scan(io.BytesIO(b"\n" + document + rejected))
    assert [(one.accepted, [inside.accepted for inside in one.groups]) for one in scans] == [(True, [True, False]), (False, [False])]
    assert [one.sha256 for one in scans] == [hashlib.sha256(document).hexdigest(), hashlib.sha256(rejected).hexdigest()]
    assert [inside.group.message_count for inside in scans[0].groups] == [1, 1]


def test_the_hash_tells_a_resend_from_a_conflict_whatever_is_around_it() -> None:
    alone = scan(io.BytesIO(GOOD))[0].sha256
    assert scan(io.BytesIO(b"mail\n" + GOOD + b"\n--\n"))[0].sha256 == alone
    assert scan(io.BytesIO(GOOD.replace(b"9.95", b"9.96")))[0].sha256 != alone


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ST*850*0001~", "ST*850*0001*004010~", [("X12-M32", "ST", 1, 3)]),
        ("ST*850*0001~", "ST*850*0001**Z9~", [("X12-M32", "ST", 1, 4)]),
        ("SE*13*0001~", "SE*13*0001*Q*R~", [("X12-M32", "SE", 13, 3)]),
        ("GE*1*1~", "GE*1*1*Q~", [("X12-G20", "GE", None, 3)]),
        ("*X*004010~", "*X*004010*EXTRA~", [("X12-G20", "GS", None, 9)]),
        ("IEA*1*000000001~", "IEA*1*000000001*Q~", [("X12-I115", "IEA", None, 3)]),
        ("SE*13*0001~", "SE*13*0001**~", []),
        ("GE*1*1~", "GE*1*1*~", []),
    ],
)
def test_elements_beyond_those_of_the_envelope_are_told_and_harm_nothing(
    old: str, new: str, told: list[tuple[str, str, int | None, int]]
) -> None:
    document = one("850", ORDER).decode()
    assert old in document
    content = document.replace(old, new).encode()
    (message,) = messages(content)
    found = [*envelope_findings(content), *message.findings]
    assert said(found) == told and all((finding.severity, finding.code) == ("warning", None) for finding in found)
    assert [result.verdict for result in verdict(content).groups] == ["A"]


def test_the_third_element_of_an_st_is_no_surplus_where_its_release_has_it() -> None:
    document = one("850", ORDER, "005010").decode().replace("ST*850*0001~", "ST*850*0001*005010~")
    assert [message.findings for message in messages(document.encode())] == [[]]


def test_stray_segments_are_bounded() -> None:
    document = (isa() + "~" + "REF*CT*1~" * 5000 + "IEA*0*000000001~").encode()
    found = envelope_findings(document)
    assert [finding.rule for finding in found] == ["X12-I024"] * 20 + ["X12-I111"] and found[-1].got == "4980"


def test_acknowledgements_that_say_nothing_new_are_counted_in_one_finding() -> None:
    said = "TA1*000000007*261122*1415*A*000~"
    document = (isa() + "~" + said * 300 + "TA1~" * 300 + said.replace("*A*", "*R*") + "IEA*0*000000001~").encode()
    heard = [event.detail["status"] for event in events(document) if event.kind == "acknowledgement"]
    assert heard == ["A", "R"]
    assert [(finding.rule, finding.got) for finding in envelope_findings(document)] == [("X12-I113", "599")]


@pytest.mark.parametrize(
    ("old", "new", "rule", "expected", "got", "note"),
    [
        ("*", "|", "X12-I026", "*", "|", "026"),
        ("~", "'", "X12-I112", "~", "'", "004"),
        ("~", "\n", "X12-I112", "~", "\\x0a", "004"),
        ("~", "!\r\n", "X12-I112", "~", "!", "004"),
    ],
)
def test_delimiters_that_the_rest_does_not_use_are_told_once_at_the_isa(
    old: str, new: str, rule: str, expected: str, got: str, note: str
) -> None:
    header, rest = GOOD.decode()[:106], GOOD.decode()[106:]
    for document in (header + rest.replace(old, new), header + "\r\n" + rest.replace(old, new) + GOOD.decode()):
        first = next(event.interchange for event in events(document.encode()) if event.kind == "interchange_end")
        assert first is not None
        told = [(finding.rule, finding.place.segment, finding.expected, finding.got) for finding in first.findings]
        assert told == [(rule, "ISA", expected, got)]
    assert [event.message.findings for event in events(document.encode()) if event.message is not None] == [[]], "the next one is read"
    found = verdict((header + rest.replace(old, new)).encode())
    assert (found.verdict, found.note) == ("R", note)


@pytest.mark.parametrize("end", ["~\n", "~ \r\n", "\n", "\r\n", "'"])
def test_what_only_looks_like_other_delimiters_is_read(end: str) -> None:
    text = GOOD.decode().replace("~", end)
    assert [message.findings for message in messages(text.encode())] == [[]] and envelope_findings(text.encode()) == []


def test_what_is_told_of_faulty_groups_is_bounded_and_what_is_refused_is_not() -> None:
    empty = (isa() + "~" + "GS~" * 2000 + "IEA*2000*000000001~").encode()
    found = envelope_findings(empty)
    assert len(found) < 800 and found[-1].rule == "X12-I111"
    assert int(found[-1].got or 0) > 2 * 1800, "of each of the others its GE, and that it stands for nothing"
    late = [group([transaction("850", ORDER)], control=str(number), version="X") for number in range(1, 202)]
    read = [event.group for event in events(interchange(late)) if event.kind == "group_end" and event.group is not None]
    assert all("X12-G02" in {finding.rule for finding in one.findings} for one in read)


def test_of_two_groups_of_one_number_the_second_is_refused() -> None:
    order, despatch = [transaction("850", ORDER)], [transaction("856", DESPATCH)]
    answered = verdict(interchange([group(order), group(order, control="01"), group(despatch, "SH")]))
    assert [(one.type, one.verdict, one.codes) for one in answered.groups] == [("PO", "A", ()), ("PO", "R", ("6",)), ("SH", "A", ())]
    later = [group([transaction("850", ORDER)], version="005010")] * 2
    assert verdict(interchange(later, isa(version="00501", eleventh="^"))).groups[1].codes == ("19",)


def test_a_partner_with_lost_padding_and_a_wrong_trailer_gets_the_trailers_note() -> None:
    bare = GOOD.replace(isa().encode(), b"ISA*00**00**ZZ*RHEINTAL*ZZ*NOVACARE*261122*1415*U*00401*000000001*0*P*>")
    found = verdict(bare.replace(b"IEA*1*000000001", b"IEA*1*000000002"), Profile(unpadded_isa=True))
    assert (found.verdict, found.note) == ("R", "001")


@given(st.lists(st.integers(0, 30), max_size=60), st.booleans())
def test_used_numbers_find_every_second_use(numbers: list[int], padded: bool) -> None:
    used, seen = UsedNumbers(), set()
    for number in numbers:
        text = f"{number:04}" if padded else str(number)
        assert used.take(text) == (text not in seen)
        seen.add(text)


def test_used_numbers_stay_small_for_numbers_in_order() -> None:
    used = UsedNumbers()
    assert all(used.take(f"{number:09}") for number in range(50_000))
    assert not used.take("000012345") and used.complete and not used._others


def test_used_numbers_that_grow_stay_small_too() -> None:
    used = UsedNumbers()
    assert all(used.take(str(number)) for number in range(1, 20_000))
    assert not used.take("9999") and not used.take("10000") and used.take("09999") and len(used._others) == 1


def test_numbers_are_equal_by_value() -> None:
    assert same_number("007", "7") and not same_number("A", "B") and not same_number("", "") and same_number("A1", "A1")


def test_a_set_number_of_any_length_is_a_finding() -> None:
    found = messages(GOOD.replace(b"ST*850*", b"ST*" + b"9" * 400 + b"*"))
    assert [finding.rule for finding in found[0].findings][:1] == ["X12-M06"]


@pytest.mark.timeout(60)  # it took four minutes when each of them cut all that followed
def test_many_small_interchanges_take_the_time_of_their_bytes() -> None:
    one = b"ISA*00**00**ZZ*A*ZZ*B*261122*1415*U*00401*000000001*0*P*>~GS*PO*A*B*20261122*1415*1*X*004010~GE*0*1~IEA*1*000000001~\n"
    found = [event for event in FORMAT.read(io.BytesIO(one * 12_000), Profile(unpadded_isa=True)) if event.kind == "interchange_end"]
    assert len(found) == 12_000


def test_where_data_end_without_a_trailer_is_told_at_their_end() -> None:
    whole = GOOD.replace(b"~", b"~\n")
    cut = whole[: whole.index(b"CTT")].rstrip()
    (order,) = messages(cut)
    last = cut.count(b"\n") + 1
    told = {one.rule: one for one in [*order.findings, *envelope_findings(cut)]}
    assert [(rule, told[rule].expected, told[rule].place.line) for rule in ("X12-M02", "X12-G03", "X12-I023")] == [
        ("X12-M02", "SE 0001", last),
        ("X12-G03", "GE 1", last),
        ("X12-I023", "IEA 000000001", last),
    ]
    assert f"it ends at byte {len(cut)}" in told["X12-M02"].text("en") and f"止于第 {len(cut)} 字节" in told["X12-I023"].text("zh-CN")


def test_an_isa_that_lost_its_padding_is_refused_with_the_setting_that_takes_it() -> None:
    (wrong,) = envelope_findings(GOOD.replace(b"RHEINTAL       ", b"RHEINTAL"))
    assert wrong.rule == "X12-I022" and "profile.unpadded_isa" in wrong.text("en") and "profile.unpadded_isa" in wrong.text("zh-CN")
