"""The other X12 files of the reference collection through `udihub check --json --second-opinion`: planning, prices, stock, sales,
payment, warehouse, changes, receipts, 824, 999 and TA1. Envelope facts, what is wrong and where, the answer, and a list with verdict,
reason and pyx12's opinion.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference.test_x12_listing import FACTS as LISTED
from tests.reference.test_x12_listing import PATHS, Answers, answered, errors, findings

FACTS: dict[str, tuple[int, str, str, str, str, str, list[str], bool | None]] = {
    "820_1": (1, "16:102096559TEST", "14:PARTNERTEST", "810000263", "RA", "810000263", ["820 004010 123456"], False),
    "820_2": (1, "01:123454321", "01:012341234", "987600111", "RA", "987600111", ["820 004010 987600111 "], False),
    "824_1": (0, "02:CN", "ZZ:ABCD", "000033030", "AG", "33030", ["824 004010 33030001"], True),
    "830_1": (1, "12:901344134", "12:3102120292", "000000767", "", "", [], True),
    "832_1_healthcare": (1, "16:102096559TEST", "14:PARTNERTEST", "810000263", "SC", "810000263", ["832 004010 1001"], False),
    "832_2_healthcare": (0, "ZZ:123456789012345", "ZZ:123456789012346", "000010216", "SC", "20213", ["832 006020 0001"], True),
    "846_1": (0, "01:322341109", "01:SANMINACORP", "000001979", "IB", "1979", ["846 004010 1979"], False),
    "846_healthcare": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "601571670", "IB", "89392", ["846 004010 0001"], True),
    "860_1": (1, "12:SENDERID", "01:787347434", "000000568", "", "", [], False),
    "861_1": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "597714383", "RC", "17456", ["861 004010 0001"], True),
    "862_1": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "194053474", "SS", "13508", ["862 004010 0001"], True),
    "865_1": (0, "01:SENDER_ID", "12:9723387000", "865000001", "CA", "865000001", ["865 004010 49650001"], True),
    "867_1": (0, "30:943274043", "01:175315246", "000000002", "PT", "1", ["867 004010 1001"], True),
    "940_1": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "591682483", "OW", "55643", ["940 004010 0001"], True),
    "943_1": (0, "ZZ:SENDER", "ZZ:RECEIVER", "000000001", "AR", "1", ["943 004010 0001"], True),
    "944_1": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "066423868", "RE", "75643", ["944 004010 0001"], True),
    "945_1": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "677129422", "SW", "82239", ["945 004010 0001"], True),
    "999_1": (1, "ZZ:123456789", "ZZ:987654321", "000000286", "FA", "287", ["999 005010 2870001"], False),
    "TA1_1": (0, "ZZ:SenderID", "ZZ:SCMEDICAID", "000000001", "", "", [], None),
}
"""file -> exit code, sender, receiver, control, group type, group control, sets, pyx12's verdict."""

VALID = {
    *("846_healthcare", "861_1", "862_1", "940_1", "944_1", "945_1"),  # own work of the collection, marked valid
    *("832_2_healthcare", "943_1"),  # envelope marked valid
}
"""What the README says is valid."""

WRONG: dict[str, tuple[str, list[tuple[str, str | None, str, int | None, int | None]]]] = {
    "820_1": ("a segment TX1 that no release knows, where TXI is meant", [("X12-S01", "1", "TX1", 16, None)]),
    "820_2": (
        "blanks before every terminator, BPR one element short from BPR10 on, dates of six digits under 004010",
        [
            ("X12-G04", "4", "GE", None, 2),
            ("X12-M07", "7", "ST", 1, 2),
            *(("X12-E04", "4", "BPR", 2, element) for element in (10, 11)),
            *[("X12-E05", "5", "BPR", 2, 12), ("X12-E04", "4", "BPR", 2, 13), ("X12-E05", "5", "BPR", 2, 14)],
            *[("X12-E06", "6", "ENT", 9, 1), *(("X12-E06", "6", "RMR", at, 4) for at in (10, 11, 12)), ("X12-E08", "8", "DTM", 13, 2)],
        ],
    ),
    "830_1": ("an ISA of 107 characters", [("X12-I022", "022", "ISA", None, None)]),
    "832_1_healthcare": ("a second DTM of the line behind TD4, whose place is before REF", [("X12-S07", "7", "DTM", 15, None)]),
    "860_1": ("an ISA of 105 characters; inside SE01 is wrong and a date is a word", [("X12-I022", "022", "ISA", None, None)]),
    "999_1": ("AK202 repeats an ST02 of three characters, one too few", [("X12-E04", "4", "AK2", 5, 2)]),
}
"""Refused files: what is wrong with the file, and the findings."""

BYTE_ORDER_MARK = {"820_1", "820_2", "824_1", "832_1_healthcare", "846_1", "860_1", "865_1", "867_1", "999_1", "TA1_1"}
UNTERMINATED = {"820_1", "824_1", "865_1"}
DIFFERING = {"846_1": "trailing blanks", "TA1_1": "nothing to judge: an interchange without a group"}
"""Where pyx12 does not say what we say, and why (`DIFFERENCES` of second_opinion.py)."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return Answers(tmp_path_factory.mktemp("home"))


def test_no_file_is_left_out() -> None:
    assert {name for name, path in PATHS.items() if path.parent.name == "x12"} == set(FACTS) | set(LISTED)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_envelope_facts(answers: Answers, name: str) -> None:
    code, sender, receiver, control, kind, group_control, sets, second = FACTS[name]
    found, answer = answers.of(name)
    assert found == code
    interchange = answer["interchanges"][0]
    assert (interchange["sender"], interchange["receiver"], interchange["control"]) == (sender, receiver, control)
    (group,) = interchange["groups"]
    assert (group["type"] or "", group["control"] or "") == (kind, group_control)
    assert [f"{message['type']} {message['version']} {message['control']}" for message in group["messages"]] == sets
    assert answer["second_opinion"]["accepted"] is second


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_is_wrong_and_where(answers: Answers, name: str) -> None:
    code, answer = answers.of(name)
    places = [
        (error["rule"], error["code"], error["place"]["segment"], error["place"]["position"], error["place"]["element"])
        for error in errors(answer)
    ]
    assert places == WRONG.get(name, ("", []))[1]
    assert code == (1 if name in WRONG else 0)
    told = {finding["rule"] for finding in findings(answer)}
    assert ("X12-I107" in told) is (name in BYTE_ORDER_MARK)
    assert ("X12-I105" in told) is (name in UNTERMINATED)


def test_what_the_readme_calls_valid_is_valid(answers: Answers) -> None:
    assert {name for name in VALID if answers.of(name)[0] == 0} == VALID


@pytest.mark.parametrize("name", sorted(name for name in FACTS if not name.startswith(("999", "TA1"))))
def test_the_answer_fits_the_verdict(answers: Answers, name: str) -> None:
    code, answer = answers.of(name)
    said = answered(answer)
    if not FACTS[name][6]:
        assert len(said) == 1 and said[0].endswith("*R*022")
    elif code == 0:
        assert said[-2:] == ("AK5*A", "AK9*A*1*1*1")
    else:
        assert said[-2].startswith("AK5*R*") and said[-1].startswith("AK9*R*1*1*0")


@pytest.mark.parametrize("name", ["999_1", "TA1_1"])
def test_answers_are_not_answered(answers: Answers, name: str) -> None:
    assert answered(answers.of(name)[1]) == ()


def test_pyx12_agrees_but_where_told(answers: Answers) -> None:
    strict = {"830_1"}  # it judges a copy whose ISA has been given its width
    differing = {name for name in FACTS if (answers.of(name)[0] == 0) is not answers.of(name)[1]["second_opinion"]["accepted"]}
    assert differing - strict == set(DIFFERING)


def test_the_list(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for name in sorted(FACTS):
        code, answer = answers.of(name)
        opinion = answer["second_opinion"]
        word = {True: "accepts", False: "refuses", None: "no opinion"}[opinion["accepted"]]
        why = opinion["refused_reason"] or next((remark["text"] for remark in opinion["errors"]), "")
        reason = WRONG[name][0] if name in WRONG else ""
        rows.append(f"{name:17} {'refused' if code else 'valid':8} {reason[:96]:96} pyx12 {word:10} {why[:60]}")
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    assert len(rows) == len(FACTS) == 19
    assert all(Path(PATHS[name]).is_file() for name in FACTS)
