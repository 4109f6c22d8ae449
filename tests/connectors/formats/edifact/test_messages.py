"""Segments and elements: what may stand where, what each fault is called, and that the quick way agrees with the slow one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.faults_told import OF_A_MESSAGE
from connectors.formats.edifact.elements import explain
from connectors.formats.edifact.grammar import ElementUse, SegmentUse, known_messages, load
from connectors.formats.edifact.patterns import Style, compiled
from connectors.formats.edifact.separators import COMPONENT, ELEMENT
from connectors.formats.edifact.shapes import shapes_of
from connectors.spec import Profile
from data_contracts.source import Message, SourceRecord
from tests.connectors.formats.edifact.samples import DESPATCH, ORDER, interchange, message, messages, one, said
from tests.effort import examples


def order_with(place: int, segment: str) -> bytes:
    return one("ORDERS", [*ORDER[:place], segment, *ORDER[place + 1 :]])


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (one("ORDERS", ORDER), []),
        (one("DESADV", DESPATCH), []),
        # --- segments
        (one("ORDERS", ORDER[1:]), [("EDF-S13", "BGM", 2, None, None)]),
        (one("ORDERS", ORDER[:12]), [("EDF-S13", "UNS", 14, None, None)]),
        (one("ORDERS", [*ORDER[:12], ORDER[13]]), [("EDF-S13", "UNS", 14, None, None)]),
        (one("ORDERS", ORDER[:4]), [("EDF-S13", "UNS", 6, None, None)]),
        (one("ORDERS", [*ORDER[:2], "XYZ+1", *ORDER[2:]]), [("EDF-S15", "XYZ", 4, None, None)]),
        (one("ORDERS", [*ORDER[:2], "BGM+220+1+9", *ORDER[2:]]), [("EDF-S15", "BGM", 4, None, None)]),
        (one("ORDERS", [ORDER[0], ORDER[0], *ORDER[1:]]), [("EDF-S35", "BGM", 3, None, None)]),
        (one("ORDERS", [*ORDER[:1], *["DTM+137:20261122:102"] * 36, *ORDER[2:]]), [("EDF-S35", "DTM", 38, None, None)]),
        # --- elements
        (order_with(8, "QTY+21:1?+1:PCE"), [("EDF-E37", "QTY", 10, 1, 2)]),
        (order_with(8, "QTY+21:1,5:PCE"), []),  # no UNA: either mark stands
        (order_with(8, "QTY+21:.5:PCE"), [("EDF-E38", "QTY", 10, 1, 2)]),
        (order_with(8, "QTY+21:5.:PCE"), [("EDF-E19", "QTY", 10, 1, 2)]),
        (order_with(8, "QTY+21:-5:PCE"), []),
        (order_with(8, "QTY+21:1234567890123456:PCE"), [("EDF-E39", "QTY", 10, 1, 2)]),
        (order_with(8, "QTY+21:123456789012.345:PCE"), []),  # the mark does not count
        (order_with(8, "QTY+21:12:PCEX"), [("EDF-E39", "QTY", 10, 1, 3)]),
        (order_with(8, "QTY+21"), [("EDF-E13", "QTY", 10, 1, 2)]),
        (order_with(8, "QTY"), [("EDF-E13", "QTY", 10, 1, None)]),
        (order_with(8, "QTY+21:12:PCE:X"), [("EDF-E16", "QTY", 10, 1, 4)]),
        (order_with(8, "QTY+21:12:PCE+X"), [("EDF-E16", "QTY", 10, 2, None)]),
        (order_with(8, "QTY+21:12:PCE:::++"), []),  # separators that say nothing at the end
        (order_with(8, "QTY+21:12:\x02"), [("EDF-E21", "QTY", 10, 1, 3)]),
        (order_with(12, "UNS+X"), [("EDF-E12", "UNS", 14, 1, None)]),
        (order_with(0, "BGM+220+4500000123+700101"), [("EDF-E39", "BGM", 2, 3, None)]),
    ],
)
def test_faults(document: bytes, expected: list[tuple[str, str, int, int | None, int | None]]) -> None:
    assert said(messages(document)[0].findings) == expected


def test_the_decimal_mark_is_what_una_says() -> None:
    comma = interchange([message("ORDERS", [*ORDER[:8], "QTY+21:1.5:PCE", "PRI+AAA:9,95", *ORDER[10:]])], una="UNA:+,? '")
    assert said(messages(comma)[0].findings) == [("EDF-E19", "QTY", 10, 1, 2)]


def test_the_tree_nests_by_groups() -> None:
    (found,) = messages(one("DESADV", DESPATCH))
    assert found.root is not None

    def outline(record: SourceRecord) -> object:
        return record.tag if not record.children else (record.tag, [outline(child) for child in record.children])

    assert outline(found.root) == (
        "UNH",
        [
            *("BGM", "DTM", "RFF", "NAD"),
            ("CPS", [("PAC", [("PCI", ["GIN"])]), ("LIN", ["QTY", ("PCI", ["DTM", "GIN"])])]),
            "CNT",
        ],
    )
    line = found.root.children[4].children[1]
    assert list(line.values) == ["LIN", "1", "", f"07640123000018{COMPONENT}SRV"] and line.position == 10


def test_one_broken_message_stops_no_other() -> None:
    broken = [segment.replace("+", "?") if at % 2 else f"{segment}?" for at, segment in enumerate(ORDER)]
    found = messages(interchange([message("ORDERS", broken, "1"), message("ORDERS", ORDER, "2")]))
    assert found[0].findings and found[1].findings == [] and found[1].root is not None


def test_findings_and_segments_of_one_message_are_limited() -> None:
    (many,) = messages(one("ORDERS", [*ORDER[:5], *["ZZZ+1"] * 1200, *ORDER[5:]]))
    assert len(many.findings) == OF_A_MESSAGE + 1 and many.findings[-1].rule == "EDF-M31" and many.findings[-1].got == "200"
    long = one("ORDERS", [*ORDER[:5], *[*ORDER[5:9]] * 30_000, *ORDER[9:]])
    (large,) = messages(long, Profile(options={"max_segments": 1000}))
    assert large.root is None and [finding.rule for finding in large.findings] == ["EDF-M30"]


VALUES = [
    "",
    "A",
    "12",
    "-1.5",
    ".5",
    "5.",
    "1,5",
    "1.2.3",
    "S",
    "D",
    "PCE",
    "X" * 4,
    "9" * 16,
    "x" * 36,
    "é",
    "\x7f",
    " ",
    "+",
    ":",
    "0" * 513,
]


def uses() -> list[SegmentUse]:
    found: dict[str, SegmentUse] = {}
    for name in sorted(known_messages()):
        for version in ("D.96A", "D.01B"):
            grammar = load(name, version)
            for use in grammar.segments() if grammar is not None else ():
                found.setdefault(f"{use.id} {version} {[element.codes for element in use.elements]}", use)
    return list(found.values())


def element(use: ElementUse, draw: st.DrawFn) -> str:
    if not use.components:
        return draw(st.sampled_from(VALUES))
    count = draw(st.integers(0, len(use.components) + 1))
    return COMPONENT.join(draw(st.sampled_from(VALUES)) for _ in range(count))


@settings(max_examples=examples(400), deadline=None)
@given(st.data())
def test_pattern_and_explanation_never_disagree(data: st.DataObject) -> None:
    use = data.draw(st.sampled_from(uses()))
    style = data.draw(st.sampled_from([Style("."), Style(","), Style(".,"), Style(".,", repeats=True)]))
    count = data.draw(st.integers(0, len(use.elements) + 1))
    kept = (*use.elements, ElementUse("", "", "an", 1, 9, "C"))[:count]
    values = [use.id, *(data.draw(st.composite(lambda draw, one=one: element(one, draw))()) for one in kept)]
    text = ELEMENT.join(values)
    assert (compiled(use, style)(text) is not None) == (explain(use, values, style) == []), (use.id, values)


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_segments_of_one_shape_are_good_or_bad_together(data: st.DataObject) -> None:
    """What makes it right to match a shape once."""
    use = data.draw(st.sampled_from([one for one in uses() if all(part.codes is None for part in parts(one))]))
    style = data.draw(st.sampled_from([Style("."), Style(",")]))
    alphabet = "AbZ09.,- é\x7f\x80"
    text = ELEMENT.join([use.id, *data.draw(st.lists(st.text(alphabet + COMPONENT, max_size=9), max_size=4))])
    other = "".join(data.draw(st.sampled_from(alphabet)) if mark in alphabet else mark for mark in text[3:])
    first, second = shapes_of([text], None)[0], shapes_of([use.id + other], None)[0]
    if first == second:
        assert (compiled(use, style)(text) is None) == (compiled(use, style)(use.id + other) is None)


def parts(use: SegmentUse) -> list[ElementUse]:
    return [*use.elements, *(part for element in use.elements for part in element.components)]


UNB_4 = "UNB+UNOC:4+7612345000008:14+7640123000001:14+20261122:1415+4711"


def syntax_4(segment: str) -> Message:
    body = ["BGM+220+1+9", "DTM+137:20261122:102", "NAD+BY+7640123000001::9", "CUX+2:EUR:9", "LIN+1", "QTY+21:1", "UNS+S"]
    body = [segment if line[:3] == segment[:3] else line for line in body]
    body = body if any(line == segment for line in body) else [*body[:5], segment, *body[5:]]
    (found,) = messages(interchange([message("ORDERS", body, version="D:01B:UN")], UNB_4, una="UNA:+.?*'"))
    return found


@pytest.mark.parametrize(
    ("repeated", "spelled", "places"),
    [
        ("CUX+2:EUR:9*3:USD:4+1.5", None, None),  # the second stands where the rate should be: no place of its own is free
        ("CUX+2:EUR:9*3:USD:4", "CUX+2:EUR:9+3:USD:4", [(1, "2")]),
        ("PIA+5+A:SA*B:BP*C:MN", "PIA+5+A:SA+B:BP+C:MN", [(2, "3")]),
    ],
)
def test_who_repeats_an_element_that_has_several_places_is_read_as_if_it_stood_there(
    repeated: str, spelled: str | None, places: list[tuple[int, str]] | None
) -> None:
    found = syntax_4(repeated)
    if spelled is None:
        assert [(one.rule, one.expected, one.got, one.code) for one in found.findings] == [("EDF-E35", "1", "2", "35")]
        return
    assert [(finding.rule, finding.severity, finding.place.element, finding.got) for finding in found.findings] == [
        ("EDF-S102", "info", *place) for place in places or ()
    ]
    assert found.root is not None
    (values,) = [list(record.values) for record in found.root.walk() if record.tag == repeated[:3]]
    assert "+".join(values).replace("\x1f", ":") == spelled


def test_a_fault_among_repetitions_is_told_at_its_own_place() -> None:
    found = syntax_4("CUX+2:EUR:9*3:USDOLLAR:4")
    assert said(found.findings) == [("EDF-S102", "CUX", 5, 1, None), ("EDF-E39", "CUX", 5, 2, 2)]


def test_more_repetitions_than_places_are_a_fault() -> None:
    assert [finding.rule for finding in syntax_4("CUX+2:EUR:9*3:USD:4*4:CHF").findings][:1] == ["EDF-E35"]


def test_a_mark_that_repeats_where_nothing_may_is_told_as_that() -> None:
    """`*` in a name is text up to syntax 3: in syntax 4 it parts repetitions, and the release character makes it text."""
    (fault,) = syntax_4("NAD+BY+7640123000001::9++HUB*DEMO").findings
    assert (fault.rule, fault.code, fault.expected, fault.got, fault.place.element) == ("EDF-E35", "35", "1", "2", 4)
    assert "release character" in fault.text("en") and "释放字符" in fault.text("zh-CN")
    assert syntax_4("NAD+BY+7640123000001::9++HUB?*DEMO").findings == []


def test_parts_of_an_element_that_has_none_are_counted() -> None:
    (fault,) = messages(order_with(0, "BGM+220+45:00+9"))[0].findings
    assert (fault.rule, fault.expected, fault.got) == ("EDF-E16", "1", "45:00")
