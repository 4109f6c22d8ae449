"""Sets: one finding a fault, at its exact place, with the standard's code; and the tree that mappings read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.faults_told import OF_A_MESSAGE
from connectors.formats.x12 import sets
from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from tests.connectors.formats.x12.samples import DESPATCH, ORDER, messages, one, said

SAMPLES = Path(__file__).parents[3] / "samples"


def changed(
    body: tuple[str, ...], change: Callable[[list[str]], None], kind: str = "850", version: str = "004010", profile: Profile = STRICT
):
    """The findings of a body after a change."""
    lines = list(body)
    change(lines)
    (message,) = messages(one(kind, lines, version), profile)
    return message.findings


def replaced(old: str, new: str, body: tuple[str, ...] = ORDER, **more):
    assert any(line == old for line in body)
    return changed(body, lambda lines: lines.__setitem__(lines.index(old), new), **more)


def outline(record: SourceRecord) -> object:
    """Tags as nested lists."""
    return [record.tag, *map(outline, record.children)] if record.children else record.tag


def test_valid_sets_have_no_findings() -> None:
    assert changed(ORDER, lambda lines: None) == []
    assert changed(DESPATCH, lambda lines: None, "856") == []
    assert changed(ORDER, lambda lines: None, version="005010") == []
    assert changed(DESPATCH, lambda lines: None, "856", "005010") == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "position", "element"),
    [
        ("BEG*00*SA*4500000123**20261122", "BEG*00*SA***20261122", "X12-E01", 2, 3),
        ("N1*ST*CENTRAL STORE*UL*7640123000011", "N1*ST*CENTRAL STORE*UL", "X12-E02", 6, 4),
        ("N1*ST*CENTRAL STORE*UL*7640123000011", "N1*ST", "X12-E02", 6, 2),
        ("CTT*2", "CTT*2*1*1*KG*1*CF*A*B", "X12-E03", 12, 8),
        ("CUR*BY*EUR", "CUR*BY*EU", "X12-E04", 3, 2),
        ("REF*CT*FRAME-7", "REF*CT*" + "F" * 31, "X12-E05", 4, 2),
        ("PID*F****BONE SCREW 3.5MM TI", "PID*F****BONE>SCREW", "X12-E06", 10, 5),
        ("PO1*2*4*EA*115**UK*07640123000028*BP*100235", "PO1*2*4,5*EA*115", "X12-E06", 11, 2),
        ("BEG*00*SA*4500000123**20261122", "BEG*ZZ*SA*4500000123**20261122", "X12-E07", 2, 1),
        ("DTM*002*20261215", "DTM*002*20261315", "X12-E08", 5, 2),
        ("DTM*002*20261215", "DTM*002*20261215*2461", "X12-E09", 5, 3),
    ],
)
def test_element_faults_are_said_once_with_their_code(old: str, new: str, rule: str, position: int, element: int) -> None:
    (finding,) = replaced(old, new)
    assert said([finding]) == [(rule, new.split("*")[0], position, element)]
    assert finding.code == str(int(rule[-2:])) and finding.place.line == 1
    # An element beyond the last has no number in the standard's dictionary.
    assert finding.params.get("number", "").isalnum() == (rule != "X12-E03") and finding.action == "message"
    for language in ("en", "zh-CN"):
        assert finding.text(language)


@pytest.mark.parametrize(
    ("charset", "name", "shown", "says"),
    [
        ("utf-8", "莱茵钛业", "莱茵钛业", "UTF-8"),
        ("gb18030", "莱茵钛业（上海）", "莱茵钛业（上海）", "GB18030"),
        ("latin-1", "MÜLLER", "MÜLLER", "ISO 8859-1"),
        ("gb18030", "钛", "îÑ", "ISO 8859-1"),  # one character alone is no sign of Chinese
    ],
)
def test_characters_of_no_agreed_charset_are_shown_as_what_they_may_be(charset: str, name: str, shown: str, says: str) -> None:
    document = one("850", [*ORDER[:4], f"N1*ST*{name}*UL*7640123000011", *ORDER[5:]])
    (finding,) = messages(document.decode().encode(charset))[0].findings
    assert (finding.rule, finding.got) == ("X12-E06", shown)
    for language in ("en", "zh-CN"):
        text = finding.text(language)  # type: ignore[arg-type]
        assert says in text and "profile.charset" in text
    (agreed,) = messages(document.decode().encode(charset), Profile(charset=charset))
    assert agreed.findings == []


def test_dates_follow_the_version() -> None:
    old = "BEG*00*SA*4500000123**20261122"
    assert [finding.code for finding in replaced(old, "BEG*00*SA*4500000123**261122")] == ["4"]
    short = [line.replace("20261122", "261122").replace("20261215", "261215") for line in ORDER]
    (message,) = messages(one("850", short, "003060"))
    assert message.findings == [] and message.version == "003060"


@pytest.mark.parametrize("tag", ["BEG", "PO1"])
def test_a_missing_mandatory_segment_is_said_where_it_should_stand(tag: str) -> None:
    def without(lines: list[str]) -> None:
        lines[:] = [line for line in lines if not line.startswith((tag, "PID") if tag == "PO1" else tag)]

    findings = changed(ORDER, without)
    assert said(findings) == [("X12-S03", tag, 2 if tag == "BEG" else 9, None)]
    assert findings[0].code == "3"


def test_mandatory_segments_missing_at_the_end_stand_at_the_trailer() -> None:
    findings = changed(ORDER, lambda lines: lines.__delitem__(slice(7, None)))
    assert said(findings) == [("X12-S03", "PO1", 9, None)]


def test_places_stay_exact_behind_a_missing_segment() -> None:
    def spoil(lines: list[str]) -> None:
        del lines[0]
        lines[-1] = "CTT*X"

    assert said(changed(ORDER, spoil)) == [("X12-S03", "BEG", 2, None), ("X12-E06", "CTT", 11, 1)]


@pytest.mark.parametrize(
    ("segment", "at", "rule", "code"),
    [
        ("ZZZ*1", 1, "X12-S01", "1"),  # nobody knows it
        ("HL*1**S", 1, "X12-S06", "6"),  # another set's
        ("N3*HAVENWEG 12", 1, "X12-S02", "2"),  # of a loop that is not open
        ("CUR*BY*EUR", 4, "X12-S07", "7"),  # its place has passed
        ("CUR*BY*EUR", 2, "X12-S05", "5"),  # may come once
    ],
)
def test_segments_out_of_place(segment: str, at: int, rule: str, code: str) -> None:
    (finding,) = changed(ORDER, lambda lines: lines.insert(at, segment))
    assert said([finding]) == [(rule, segment.split("*")[0], at + 2, None)]
    assert finding.code == code


def test_a_segment_may_not_come_more_often_than_its_place_allows() -> None:
    findings = changed(ORDER, lambda lines: lines.__setitem__(slice(3, 4), ["DTM*002*20261215"] * 12))
    assert said(findings) == [("X12-S05", "DTM", 15, None), ("X12-S05", "DTM", 16, None)]


def test_a_loop_may_not_come_more_often_than_allowed() -> None:
    findings = changed(ORDER, lambda lines: lines.__setitem__(slice(4, 7), ["N1*ST*STORE"] * 201))
    assert said(findings) == [("X12-S04", "N1", 206, None)]
    assert findings[0].code == "4" and findings[0].params["loop"] == "N1"
    # ... and is counted anew in the next loop above it.
    twice = ["PO1*1*1*EA", *["N1*ST*STORE"] * 150, "PO1*2*1*EA", *["N1*ST*STORE"] * 150]
    assert changed(ORDER, lambda lines: lines.__setitem__(slice(7, 10), twice)) == []


def test_loops_nest_in_the_tree_by_the_grammar() -> None:
    (message,) = messages(one("850", ORDER))
    assert outline(message.root) == ["ST", "BEG", "CUR", "REF", "DTM", ["N1", "N3", "N4"], ["PO1", "PID"], "PO1", "CTT"]
    assert [record.position for record in message.root.walk()] == list(range(1, 13))
    assert message.root.values == ["ST", "850", "0001"]
    (po1,) = [record for record in message.root.children if record.position == 9]
    assert po1.values[2] == "12" and po1.children[0].parent is po1 and po1.parent is message.root


def test_misplaced_segments_stay_in_the_tree() -> None:
    lines = list(ORDER)
    lines[8:8] = ["ZZZ*1", "CUR*BY*EUR"]
    lines[5:5] = ["CSH*Y"]
    (message,) = messages(one("850", lines))
    assert {"ZZZ", "CSH"} <= {record.tag for record in message.root.walk()}
    # A segment that came too late hangs where it belongs, so that an agreement that takes errors can still map it.
    assert "CSH" in [record.tag for record in message.root.children]


def test_bad_characters_are_replaced_in_the_tree() -> None:
    (message,) = messages(one("850", ["BEG*00*SA*45\x00\x01**20261122", *ORDER[1:]]))
    assert message.root.children[0].values[3] == "45\ufffd\ufffd"


def test_levels_nest_by_their_numbers() -> None:
    (message,) = messages(one("856", DESPATCH))
    assert outline(message.root) == [
        *("ST", "BSN"),
        ["HL", "TD1", "N1", ["HL", "PRF", ["HL", "MAN", ["HL", "LIN", "SN1", "REF", "DTM"]]]],
        "CTT",
    ]


def test_levels_nest_whatever_their_order() -> None:
    """Two orders, then their items: HL02 decides, not the neighbour."""
    body = [
        *("BSN*00*D1*20261122*1415", "HL*1**S", "HL*2*1*O", "PRF*A", "HL*3*1*O", "PRF*B"),
        *("HL*4*2*I", "LIN**UK*07640123000011", "SN1**1*EA", "HL*5*3*I", "LIN**UK*07640123000028", "SN1**1*EA", "CTT*5"),
    ]
    (message,) = messages(one("856", body))
    assert message.findings == []
    shipment = message.root.children[1]
    orders = shipment.children
    assert [[order.children[0].values[1], order.children[1].values[1]] for order in orders] == [["A", "4"], ["B", "5"]]


def test_a_level_may_come_before_its_parent() -> None:
    body = ["BSN*00*D1*20261122*1415", "HL*1**S", "HL*3*2*I", "LIN**UK*07640123000011", "HL*2*1*O", "PRF*A", "CTT*3"]
    (message,) = messages(one("856", body))
    assert message.findings == []
    assert outline(message.root) == ["ST", "BSN", ["HL", ["HL", ["HL", "LIN"], "PRF"]], "CTT"]


@pytest.mark.parametrize("chain", [False, True])
def test_a_thousand_levels_before_their_parents_are_each_moved_once(chain: bool) -> None:
    numbers = range(1000, 1, -1)
    levels = [f"HL*{number}*{number - 1 if chain else 1}*I" for number in numbers]
    body = ["BSN*00*D1*20261122*1415", *levels, "HL*1**S", f"CTT*{len(levels) + 1}"]
    (message,) = messages(one("856", body))
    assert message.findings == []
    (top,) = [child for child in message.root.children if child.tag == "HL"]
    assert len(top.children) == (1 if chain else 999) and top.values[1] == "1"
    assert [child.position for child in top.children] == sorted(child.position for child in top.children)


def test_two_circles_of_levels_are_opened_once_each() -> None:
    levels = ["HL*1**S", "HL*2*4*O", "HL*3*2*P", "HL*4*3*I", "HL*5*6*O", "HL*6*5*P"]
    (message,) = messages(one("856", [DESPATCH[0], *levels, "CTT*6"]))
    assert [(finding.rule, finding.place.position) for finding in message.findings] == [("X12-E20", 4), ("X12-E20", 7)]
    assert len([record for record in message.root.walk() if record.tag == "HL"]) == 6


@pytest.mark.parametrize(
    ("levels", "rule", "element"),
    [
        (["HL*1**S", "HL*2*9*O"], "X12-E20", 2),
        (["HL*1**S", "HL*2*2*O"], "X12-E20", 2),
        (["HL*1**S", "HL*2*3*O", "HL*3*2*P"], "X12-E20", 2),
        (["HL*1**S", "HL*1*1*O"], "X12-E21", 1),
    ],
)
def test_levels_that_do_not_fit_are_found_and_kept(levels: list[str], rule: str, element: int) -> None:
    (message,) = messages(one("856", [DESPATCH[0], *levels, "CTT*1"]))
    assert [(finding.rule, finding.place.element, finding.code) for finding in message.findings] == [(rule, element, "7")]
    assert len([record for record in message.root.walk() if record.tag == "HL"]) == len(levels)


def test_an_unknown_set_has_no_tree_and_its_segments_are_counted() -> None:
    document = one("850", ORDER).replace(b"ST*850*", b"ST*875*").replace(b"SE*13*", b"SE*12*")
    (message,) = messages(document)
    assert message.root is None
    assert [(finding.rule, finding.code) for finding in message.findings] == [("X12-M01", "1"), ("X12-M04", "4")]


def test_a_set_that_is_too_large_is_given_up() -> None:
    body = [*ORDER[:7], *["PO1*1*1*EA"] * 30_000, "CTT*1"]
    (message,) = messages(one("850", body), Profile(options={"max_segments": 500}))
    assert message.root is None
    assert [(finding.rule, finding.code) for finding in message.findings] == [("X12-M30", "5")]


def test_findings_of_a_set_are_bounded() -> None:
    body = [*ORDER[:7], *["PO1*1*X*EA"] * 1500, "CTT*1"]
    (message,) = messages(one("850", body))
    assert len(message.findings) == OF_A_MESSAGE + 1
    assert message.findings[-1].rule == "X12-M31" and message.findings[-1].got == "500"


def test_repetitions_come_with_005010() -> None:
    body = ["BEG*00*SA*1**20261122", "PO1*1*1*EA", "REF*CT*A^B", "CTT*1"]
    (message,) = messages(one("850", body, "005010"))
    assert message.repetition == "^" and message.components == ">"
    assert [finding.rule for finding in message.findings] == ["X12-E06"]  # REF02 may not repeat
    (message,) = messages(one("850", body))
    assert message.repetition == "" and message.findings == []


def test_nothing_is_kept_from_one_set_to_the_next() -> None:
    reader = sets.FullSets()
    broken = one("850", ["ZZZ*1"])
    assert messages(broken)[0].findings and not messages(one("850", ORDER))[0].findings
    assert reader.findings == [] and reader.open is False


def test_a_released_tree_is_free_at_once() -> None:
    import gc
    import weakref

    class Watched(list[str]):
        """A list that can be watched."""

    (message,) = messages(one("856", DESPATCH))
    deepest = next(record for record in message.root.walk() if record.tag == "DTM")
    deepest.values = Watched(deepest.values)
    watch = weakref.ref(deepest.values)
    del deepest
    gc.disable()
    try:
        message.root.release()
        message.root = None
        assert watch() is None
    finally:
        gc.enable()


def test_a_total_that_is_wrong_is_told_and_refuses_nothing() -> None:
    total = next(line for line in ORDER if line.startswith("CTT*"))
    (finding,) = replaced(total, "CTT*9")
    assert (finding.rule, finding.severity, finding.got, finding.code) == ("X12-T01", "warning", "9", None)
    assert finding.expected == total.split("*")[1] and finding.place.segment == "CTT" and finding.place.element == 1
    levels = next(line for line in DESPATCH if line.startswith("CTT*"))
    assert [found.rule for found in replaced(levels, "CTT*1", DESPATCH, kind="856")] == ["X12-T01"], "levels below levels count"


@pytest.mark.parametrize(("stated", "expected"), [("24", None), ("24.0", None), ("23", "24")])
def test_a_hash_total_is_the_sum_of_the_quantities(stated: str, expected: str | None) -> None:
    body = ["BEG*00*SA*1**20261122", "PO1*1*20*EA", "PO1*2*4*EA", f"CTT*2*{stated}"]
    (message,) = messages(one("850", body))
    assert [(finding.rule, finding.severity, finding.expected, finding.got, finding.place.element) for finding in message.findings] == (
        [] if expected is None else [("X12-T02", "warning", expected, stated, 2)]
    )


def test_a_hash_total_may_add_digits_as_the_standard_has_it() -> None:
    body = ["BEG*00*SA*1**20261122", "PO1*1*.18*EA", "PO1*2*1.8*EA", "PO1*3*18.01*EA"]
    for stated, rules in (("1837", []), ("19.99", []), ("1836", ["X12-T02"])):
        (message,) = messages(one("850", [*body, f"CTT*3*{stated}"]))
        assert [finding.rule for finding in message.findings] == rules


def test_a_condition_and_an_implied_point_are_said_in_words() -> None:
    (finding,) = replaced("N1*ST*CENTRAL STORE*UL*7640123000011", "N1*ST*CENTRAL STORE*UL")
    assert finding.text("en") == "The element is required by condition P0304: all or none of N103, N104."
    assert finding.text("zh-CN") == "按条件 P0304，该元素为必备：N103, N104 须同时出现或同时省略。"
    text = (SAMPLES / "x12" / "810_004010.edi").read_text().replace("TDS*1688000~", "TDS*16880.00~")
    (wrong,) = [finding for message in messages(text.encode(), STRICT) for finding in message.findings]
    assert wrong.text("en") == "16880.00 holds a character that is not allowed in digits without a point, the last 2 of them decimals (N2)."
