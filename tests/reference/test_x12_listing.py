"""Every X12 file of the reference collection through `udihub check --json`, without a partner: exit code, envelope facts, places, answers.

Prints the list of the files of sets 850, 855, 856, 810 and 997: exit code, first reason, pyx12's opinion, and whether the file goes the
whole way into the views (`test_whole_way.py`), by which concessions of its agreement, or what stops it. pyx12 judges a copy in which
an ISA without its width has been put right, hence its opinion may be better than ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import application
from hub.site import Site
from tests.reference.hand_checked import BY_FILE, COLLIDING, STOPPED

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi"
SITE = Path(__file__).parent / "site"
KEYS = {"rule", "severity", "action", "code", "place", "expected", "got", "message"}

# file -> exit code, sender, receiver, control, group type, group control, sets, pyx12's verdict
FACTS: dict[str, tuple[int, str, str, str, str, str, list[str], bool | None]] = {
    "810_1": (0, "ZZ:XXXXXXXX4T", "12:XXXXXXXXXFTP", "810000163", "IN", "163", ["810 004010 0163"], True),
    "810_2": (0, "30:943274043", "16:0069088189999", "000000035", "IN", "1", ["810 004010 0001"], True),
    "810_3": (0, "16:102096559TEST", "14:PARTNERTEST", "810000263", "IN", "810000263", ["810 004010 166061414"], True),
    "810_4": (1, "ZZ:111111", "ZZ:2222222", "005639689", "IN", "5639689", ["810 004010 5639689"], False),
    "810_5": (1, "ZZ:ABCMUSICSUPPLY", "ZZ:ARIBAEDI", "000000001", "", "", [], True),
    "810_6": (1, "ZZ:SENDERISA", "ZZ:RECEIVERISA", "000000020", "IN", "1", ["810 004010 000000001", "810 004010 000000002"], True),
    "850_1": (0, "01:828513080", "01:001903202U", "000000245", "PO", "245", ["850 004010 0001"], True),
    "850_2": (1, "01:00000000", "16:102096559TEST", "000511461", "", "", [], True),
    "850_3": (1, "ZZ:SENDER", "ZZ:RECEIVER", "000000001", "", "", [], True),
    "850_4": (1, "16:054481205NPPT", "16:123456789NPPT", "000000003", "", "", [], False),
    "850_5": (0, "ZZ:123456789012345", "ZZ:123456789012346", "000010216", "SC", "20213", ["850 004010 0001"], True),
    "850_6": (1, "01:000123456", "ZZ:PARTNERID", "000000055", "", "", [], False),
    "855_1": (0, "16:102096559PROD", "01:PARTNER", "855336885", "PR", "855336885", ["855 004010 852281220"], True),
    "855_2": (0, "ZZ:208781609-SHRAA", "01:207046228P", "000002419", "PR", "365", ["855 004010 000002015"], True),
    "855_3": (0, "ZZ:123456789012345", "ZZ:123456789012346", "000010216", "SC", "20213", ["855 004010 0001"], True),
    "855_4": (1, "ZZ:123456789012345", "ZZ:123456789012346", "000010216", "SC", "20213", ["855 004010 0001"], False),
    "856_1": (0, "01:201495124", "01:207663412", "000000001", "SH", "1", ["856 004010 0001"], True),
    "856_2": (1, "01:201495124", "01:207663412", "000000001", "SH", "1", ["856 003060 0001"], False),
    "856_3": (0, "12:2125931122", "12:6143364545", "000000005", "SH", "5", ["856 004010 0001"], True),
    "856_4": (1, "01:054481205", "01:123456789", "000000001", "", "", [], True),
    "856_healthcare_udi": (0, "ZZ:DEVICECO", "ZZ:HOSPGPO", "881836553", "SH", "70240", ["856 004010 0001"], True),
    "997_1": (1, "01:XXXXXX", "12:9013446133", "300044350", "", "", [], True),
    "997_2": (0, "ZZ:ReceiverID", "ZZ:Sender", "508121953", "FA", "000005", ["997 005010 0001"], True),
    "997_3": (1, "ZZ:ReceiverID", "ZZ:Sender", "508121953", "FA", "000005", ["997 005010 0001"], False),
    "mockedi_855": (0, "ZZ:MOCKEDI", "ZZ:ACME", "000000002", "PR", "2", ["855 004010 0002"], True),
    "mockedi_856": (0, "ZZ:MOCKEDI", "ZZ:ACME", "000000003", "SH", "3", ["856 004010 0003"], True),
}

# file -> what the README of the collection says is wrong with it: rule, code, segment, position in the set, element; in the order found
WRONG: dict[str, list[tuple[str, str | None, str, int | None, int | None]]] = {
    "810_4": [("X12-E02", "2", "IT1", 7, 3), ("X12-E02", "2", "IT1", 9, 3)],
    "810_6": [("GS1-01", None, "IT1", position, 7) for position in (14, 16, 18, 20, 24, 26, 14)],  # what the lines call U.P.C.s are none
    "855_4": [("X12-E02", "2", "ACK", 8, 3)],
    "856_2": [
        ("X12-E01", "1", "BSN", 2, 2),
        ("X12-E05", "5", "TD1", 8, 1),
        ("X12-E05", "5", "CLD", 21, 3),
        ("X12-E05", "5", "CLD", 28, 3),
        ("X12-E05", "5", "CLD", 30, 3),
    ],
    "997_3": [("X12-G04", "4", "GE", None, 2), ("X12-E05", "5", "AK1", 2, 1)],
    **{name: [("X12-I022", "022", "ISA", None, None)] for name in ("810_5", "850_2", "850_3", "850_4", "850_6", "856_4", "997_1")},
    "850_bad_code": [("X12-E07", "7", "BEG", 2, 1)],
    "850_bad_date": [("X12-E08", "8", "DTM", 7, 2)],
    "850_crlf_bom": [],
    "850_ge01": [("X12-G05", "5", "GE", None, 1)],
    "850_iea02": [("X12-I001", "001", "IEA", None, 2)],
    "850_missing_beg": [("X12-S03", "3", "BEG", 2, None)],
    "850_se01": [("X12-M04", "4", "SE", 25, 1)],
    "850_truncated": [("X12-I023", "023", "IEA", None, None), ("X12-G03", "3", "GE", None, None), ("X12-M02", "2", "SE", 17, None)],
    "850_unknown_segment": [("X12-S01", "1", "ZZZ", 3, None)],
    "850_utf8_in_4010": [("X12-E06", "6", "N1", 8, 2)],
    "850_wrong_gs01": [("X12-M06", "6", "ST", 1, 1)],
}
BYTE_ORDER_MARK = {
    *("810_2", "810_3", "810_5", "850_1", "850_2", "850_6", "855_1", "856_1", "856_2", "856_3"),  # as the README found them
    "850_crlf_bom",
}
UNTERMINATED = {"810_3", "855_1"}
"""Last segment without its terminator, by the README: taken with a warning."""

# file in broken/ -> what the answer says of it; null = a TA1 alone
ANSWERS: dict[str, tuple[str, ...]] = {
    "850_bad_code": ("AK1*PO*31", "AK2*850*0001", "AK3*BEG*2**8", "AK4*1*353*7*ZZ", "AK5*R*5", "AK9*R*1*1*0"),
    "850_bad_date": ("AK1*PO*31", "AK2*850*0001", "AK3*DTM*7**8", "AK4*2*373*8*20260231", "AK5*R*5", "AK9*R*1*1*0"),
    "850_crlf_bom": ("AK1*PO*31", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"),
    "850_ge01": ("AK1*PO*31", "AK2*850*0001", "AK5*A", "AK9*R*3*1*1*5"),
    "850_iea02": ("TA1*000000301*261122*0830*R*001",),
    "850_missing_beg": ("AK1*PO*31", "AK2*850*0001", "AK3*BEG*2**3", "AK5*R*5", "AK9*R*1*1*0"),
    "850_se01": ("AK1*PO*31", "AK2*850*0001", "AK5*R*4", "AK9*R*1*1*0"),
    "850_truncated": ("TA1*000000301*261122*0830*R*023",),
    "850_unknown_segment": ("AK1*PO*31", "AK2*850*0001", "AK3*ZZZ*3**1", "AK5*R*5", "AK9*R*1*1*0"),
    "850_utf8_in_4010": ("AK1*PO*31", "AK2*850*0001", "AK3*N1*8*N1*8", "AK4*2*93*6", "AK5*R*5", "AK9*R*1*1*0"),
    "850_wrong_gs01": ("AK1*IN*31", "AK2*850*0001", "AK5*R*6", "AK9*R*1*1*0"),
}
PATHS = {path.stem: path for folder in ("x12", "broken") for path in sorted((FOLDER / folder).glob("*.edi"))}
BROKEN_ORDERS = sorted(name for name, path in PATHS.items() if path.parent.name == "broken" and name.startswith("850"))


class Answers:
    """What the command says of each file, asked once."""

    def __init__(self, home: Path) -> None:
        self._environment = {"UDIHUB_HOME": str(home), "UDIHUB_CLOCK": "2026-11-22T09:00:00+00:00", "UDIHUB_LANG": "en"}
        self._application = application()
        self._known: dict[str, tuple[int, dict[str, Any]]] = {}

    def of(self, name: str) -> tuple[int, dict[str, Any]]:
        """Exit code and the object that was printed."""
        if name not in self._known:
            run = CliRunner().invoke(self._application, ["check", str(PATHS[name]), "--json", "--second-opinion"], env=self._environment)
            assert run.exception is None or isinstance(run.exception, SystemExit), (name, run.exception)
            self._known[name] = run.exit_code, json.loads(run.stdout)
        return self._known[name]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return Answers(tmp_path_factory.mktemp("home"))


def findings(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All findings of a file, from the outside in."""
    yield from answer["findings"]
    for interchange in answer["interchanges"]:
        yield from interchange["findings"]
        for group in interchange["groups"]:
            yield from group["findings"]
            for message in group["messages"]:
                yield from message["findings"]


def errors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in findings(answer) if finding["severity"] == "error"]


def answered(answer: dict[str, Any]) -> tuple[str, ...]:
    """The segments of the acknowledgement that speak of the file."""
    segments = (answer["acknowledgement"] or "").replace("\n", "").split("~")
    return tuple(segment for segment in segments if segment.startswith(("TA1*", "AK")))


# --- every file ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in PATHS if PATHS[name].parent.name == "x12" or name in BROKEN_ORDERS])
def test_every_file_is_answered_in_the_public_shape(answers: Answers, name: str) -> None:
    code, answer = answers.of(name)
    assert code == (0 if answer["valid"] else 1 if answer["interchanges"] else 2)
    assert {"file", "format", "valid", "findings", "acknowledgement", "interchanges"} <= set(answer)
    assert answer["format"] == "x12"
    assert answer["valid"] is not bool(errors(answer))
    for finding in findings(answer):
        assert set(finding) == KEYS
        assert set(finding["place"]) == {"segment", "position", "element", "component", "line", "path"}
        assert finding["message"]
    for interchange in answer["interchanges"]:
        assert set(interchange) == {"sender", "receiver", "control", "valid", "findings", "groups"}
        for group in interchange["groups"]:
            assert set(group) == {"type", "control", "valid", "findings", "messages"}
            for message in group["messages"]:
                assert set(message) == {"type", "version", "control", "valid", "findings"}


# --- the five sets ------------------------------------------------------------------------------------------------------
def test_no_file_of_the_five_sets_is_left_out() -> None:
    assert set(FACTS) == {name for name in PATHS if name.startswith(("810", "850", "855", "856", "997", "mockedi")) and name not in ANSWERS}
    assert set(ANSWERS) == set(BROKEN_ORDERS)
    assert {f"{name}.edi" for name in FACTS if not name.startswith("997")} == set(BY_FILE) | set(STOPPED)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_envelope_facts(answers: Answers, name: str) -> None:
    code, sender, receiver, control, kind, group_control, sets, second = FACTS[name]
    found, answer = answers.of(name)
    assert found == code
    (interchange,) = answer["interchanges"]
    assert (interchange["sender"], interchange["receiver"], interchange["control"]) == (sender, receiver, control)
    (group,) = interchange["groups"]
    assert (group["type"] or "", group["control"] or "") == (kind, group_control)
    assert [f"{message['type']} {message['version']} {message['control']}" for message in group["messages"]] == sets
    assert answer["second_opinion"]["accepted"] is second


@pytest.mark.parametrize("name", sorted({*FACTS, *ANSWERS}))
def test_what_is_wrong_and_where(answers: Answers, name: str) -> None:
    _, answer = answers.of(name)
    places = [
        (error["rule"], error["code"], error["place"]["segment"], error["place"]["position"], error["place"]["element"])
        for error in errors(answer)
    ]
    assert places == WRONG.get(name, [])
    told = {finding["rule"] for finding in findings(answer)}
    assert ("X12-I107" in told) is (name in BYTE_ORDER_MARK)
    assert ("X12-I105" in told) is (name in UNTERMINATED)


@pytest.mark.parametrize("name", BROKEN_ORDERS)
def test_broken_orders_get_the_expected_answer(answers: Answers, name: str) -> None:
    code, answer = answers.of(name)
    assert code == (0 if name == "850_crlf_bom" else 1)
    assert answered(answer) == ANSWERS[name]


@pytest.mark.parametrize("name", sorted(name for name in FACTS if not name.startswith("997")))
def test_a_strict_answer_fits_the_verdict(answers: Answers, name: str) -> None:
    """Without an agreement: a 997 that accepts what its grammar allows, whatever else is wrong with it, and rejects what it does not; a TA1
    022 for an ISA without its width."""
    _, answer = answers.of(name)
    fits = not any(error["rule"].startswith("X12-") for error in errors(answer))
    said = answered(answer)
    if not FACTS[name][6]:
        assert len(said) == 1 and said[0].endswith("*R*022")
        return
    count = len(FACTS[name][6])
    verdicts = [segment for segment in said if segment.startswith("AK5")]
    assert verdicts == (["AK5*A"] * count if fits else ["AK5*R*5"] * count)
    assert said[-1] == (f"AK9*A*{count}*{count}*{count}" if fits else f"AK9*R*{count}*{count}*0")


@pytest.mark.parametrize("name", ["997_1", "997_2", "997_3"])
def test_an_acknowledgement_is_not_acknowledged(answers: Answers, name: str) -> None:
    _, answer = answers.of(name)
    assert answered(answer) == (("TA1*300044350*131003*0004*R*022",) if name == "997_1" else ())


# --- the list -----------------------------------------------------------------------------------------------------------
def way(name: str, site: Site) -> str:
    """Whether a file goes the whole way into the views of the site beside this test, by which concessions, or what stops it."""
    file = f"{name}.edi"
    if file in STOPPED:
        return STOPPED[file]
    if file not in BY_FILE:
        return "an answer: closes what it answers" if name.startswith("997") else "made to test the reader"
    agreement = next(known for known in site.agreements.values() if name in known.body.partition("\nversion")[0])
    agreed = next(one for one in agreement.messages if one.type == BY_FILE[file].set and one.version in _versions(name))
    given = [
        *(["ISA without its width"] if agreement.profile.unpadded_isa else []),
        *(["errors accepted"] if agreement.profile.accept_with_errors else []),
        *([f"overlay {agreed.mapping}"] if not agreed.mapping.endswith(agreed.type) else []),
        *([f"not beside {COLLIDING[file]} (same ISA)"] if file in COLLIDING else []),
    ]
    return "whole way" + (f" with {', '.join(given)}" if given else "")


def _versions(name: str) -> set[str]:
    """Version of the sets of a file; of one that is refused strictly, any."""
    return {said.split(" ")[1] for said in FACTS[name][6]} or {"004010", "003050", "002001"}


def test_the_list(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    site = Site.load(SITE)
    rows = []
    for name in [*sorted(FACTS), *BROKEN_ORDERS]:
        code, answer = answers.of(name)
        first = next((f"{error['rule']} {error['message']}" for error in errors(answer)), "")
        opinion = answer["second_opinion"]
        word = {True: "accepts", False: "refuses", None: "no opinion"}[opinion["accepted"]]
        why = opinion["refused_reason"] or next((remark["text"] for remark in opinion["errors"]), "")
        rows.append(f"{name:20} {code}  {first[:76]:76} pyx12 {word} {why[:48]:48} | {way(name, site)}")
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    assert sum("| whole way" in row for row in rows) == len(BY_FILE) >= 20
