"""The pattern of a segment and its explanation are two sides of one thing: what one refuses, the other names."""

from __future__ import annotations

import calendar
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.x12.elements import explain
from connectors.formats.x12.grammar import ElementUse, SegmentUse, known_messages, load
from connectors.formats.x12.patterns import LONG_DATE, SHORT_DATE, Style, compiled, compiled_value
from tests.effort import examples

STYLE = Style("*", ">", "^", False)
SEGMENTS = sorted(
    {
        use
        for message in known_messages()
        for grammar in (load(message, version) for version in ("003060", "004010", "005010"))
        if grammar is not None
        for use in grammar.segments()
    },
    key=lambda use: (use.id, len(use.elements), repr(use)),
)


def element(kind: str, low: int, high: int, **more: object) -> ElementUse:
    return ElementUse("1", "thing", kind, low, high, "O", **more)


def takes(use: ElementUse, value: str, style: Style = STYLE) -> bool:
    return compiled_value(use, style)(value) is not None


@given(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32))
def test_dates_are_those_of_the_calendar(year: int, month: int, day: int) -> None:
    real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert (re.fullmatch(LONG_DATE, f"{year:04}{month:02}{day:02}") is not None) == real
    short = 2000 + year % 100
    real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(short, month)[1]
    assert (re.fullmatch(SHORT_DATE, f"{short % 100:02}{month:02}{day:02}") is not None) == real


@pytest.mark.parametrize(
    ("value", "good"),
    [
        *(("0000", True), ("2359", True), ("2400", False), ("1260", False), ("123", False), ("12345", False)),
        *(("235959", True), ("2359590", True), ("23595999", True), ("235960", False), ("235959999", False)),
    ],
)
def test_times(value: str, good: bool) -> None:
    assert takes(element("TM", 4, 8), value) == good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        *(("1", True), ("-1", True), ("12345", True), ("123456", False), ("-12345", True), ("+1", False), ("1.5", True), (".5", True)),
        *(("-.5", True), ("1234.5", True), ("12345.6", False), ("1e3", False), ("1.2.3", False), (".", False), ("-", False), ("١", False)),
        *(("5.", True), ("12345.", True), ("1,5", False), (" 1", False), ("--1", False)),
    ],
)
def test_decimals_count_digits_only(value: str, good: bool) -> None:
    assert takes(element("R", 1, 5), value) == good


def test_implied_decimals_have_no_point() -> None:
    use = element("N2", 2, 4)
    assert [value for value in ("1", "12", "-1234", "12345", "1.2", "12 ") if takes(use, value)] == ["12", "-1234"]


def test_separators_are_never_data() -> None:
    use = element("AN", 1, 10)
    assert takes(use, "A:B ~") and not takes(use, "A>B") and not takes(use, "A^B")
    assert takes(use, "A^B", Style("*", ">", "", False))


def test_the_agreed_charset_widens_the_characters() -> None:
    use = element("AN", 1, 10)
    wide = Style("*", ">", "", True)
    assert takes(use, "诺康 ÔÉ", wide) and not takes(use, "Ô")
    assert not any(takes(use, value, wide) for value in ("a\x00", "a\x85", "a\udc85", "a\n", "a>"))


@given(st.sets(st.text("ABC0", min_size=1, max_size=3), min_size=1, max_size=12), st.text("ABC0", min_size=1, max_size=4))
def test_codes_match_exactly(codes: set[str], value: str) -> None:
    assert takes(element("ID", 1, 3, codes=frozenset(codes)), value) == (value in codes)


VALUES = st.one_of(
    st.sampled_from(
        ["", "", "A", "AB", "EA", "1", "12", "1.5", "-3", "20261122", "20260231", "261122", "1415", "2500", "A>B", "A>", ">", "1^2"]
    ),
    st.sampled_from(["EA>1>2", "UK", "00", "ZZ", "É", "x" * 81, "x" * 31, "9" * 12, " ", "12A", "a\x01"]),
    st.text("A1>^ .-", max_size=6),
)


@settings(max_examples=examples(1500), deadline=None)
@given(st.sampled_from(SEGMENTS), st.lists(VALUES, max_size=14), st.sampled_from(["^", ""]), st.booleans())
def test_pattern_and_explanation_agree_on_every_segment_of_every_grammar(
    use: SegmentUse, values: list[str], repetition: str, extended: bool
) -> None:
    style = Style("*", ">", repetition, extended)
    text = "*".join([use.id, *values])
    faults = explain(use, text.split("*"), style, modern=True)
    assert (compiled(use, style)(text) is not None) == (not faults), faults


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(st.sampled_from(["", "A"]), min_size=0, max_size=6), st.data())
def test_conditions_agree_with_their_meaning(values: list[str], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=4, unique=True))
    kind = data.draw(st.sampled_from("PRCLE"))
    note = kind + "".join(f"{place:02}" for place in places)
    use = SegmentUse("XX", "thing", "O", 1, tuple(element("AN", 1, 3) for _ in range(6)), (note,))
    here = [place <= len(values) and values[place - 1] != "" for place in places]
    good = {
        "P": all(here) or not any(here),
        "R": any(here),
        "C": not here[0] or all(here),
        "L": not here[0] or any(here[1:]),
        "E": sum(here) <= 1,
    }[kind]
    text = "*".join(["XX", *values])
    assert (compiled(use, STYLE)(text) is not None) == good
    codes = {fault.code for fault in explain(use, text.split("*"), STYLE, modern=True)}
    assert codes == (set() if good else {"10" if kind == "E" else "2"})


def test_codes_of_a_later_release_are_not_used_in_an_earlier_one() -> None:
    parts = (element("AN", 1, 2), element("AN", 1, 2))
    use = SegmentUse("XX", "thing", "O", 1, (ElementUse("C1", "pair", "", 0, 0, "O", None, parts, 2),))
    assert [fault.code for fault in explain(use, ["XX", "a>b>c^d^e"], STYLE, modern=True)] == ["12", "13"]
    assert [fault.code for fault in explain(use, ["XX", "a>b>c^d^e"], STYLE, modern=False)] == ["3", "3"]


def test_components_and_repetitions_are_named() -> None:
    parts = (ElementUse("10", "kind", "ID", 2, 2, "M"), element("N0", 1, 3))
    use = SegmentUse("XX", "thing", "O", 1, (ElementUse("C1", "pair", "", 0, 0, "O", None, parts, 3),))
    (fault,) = explain(use, ["XX", "AA>1^BB>x^CC"], STYLE, modern=True)
    assert (fault.element, fault.component, fault.repeat, fault.code, fault.got) == (1, 2, 2, "6", "x")
    (fault,) = explain(use, ["XX", "AA^>5"], STYLE, modern=True)
    assert (fault.component, fault.repeat, fault.code, fault.number) == (1, 2, "1", "10")
