"""Element strings, their bracketed form and scans: what is read, what is refused, and that writing is the mirror."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import bracketed, element_string, scan
from data_contracts.identifiers.application_identifiers import lengths, table
from data_contracts.identifiers.check_digit import check_digit
from data_contracts.identifiers.components import CSET82

GTIN = "06926365598003"


def rules(findings: object) -> list[str]:
    return [finding.rule for finding in findings]  # type: ignore[attr-defined]


def test_a_udi_in_three_carriers() -> None:
    elements = (("01", GTIN), ("17", "280531"), ("10", "A(17"), ("21", "S-1"))
    text = f"01{GTIN}1728053110A(17\x1d21S-1"
    assert element_string.parse(text).elements == elements
    assert element_string.parse("^" + text.replace("\x1d", "^")).elements == elements
    assert scan.parse("]d2" + text).elements == elements
    assert bracketed.parse(f"(01){GTIN}(17)280531(10)A\\(17(21)S-1").elements == elements
    assert element_string.write(elements) == "\x1d" + text
    assert bracketed.write(elements) == f"(01){GTIN}(17)280531(10)A\\(17(21)S-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["GS1-10"]),
        ("^", ["GS1-10"]),
        ("0106926365598004", ["GS1-01"]),
        ("05X", ["GS1-03"]),
        (f"01{GTIN}1728133", ["GS1-04"]),
        (f"01{GTIN}17281331", ["GS1-06"]),
        (f"01{GTIN}17280230", ["GS1-06"]),
        (f"01{GTIN}17280200", []),
        (f"01{GTIN}7003280200", ["GS1-04"]),
        (f"01{GTIN}70032802001200", ["GS1-06"]),
        (f"01{GTIN}10", ["GS1-04"]),
        (f"01{GTIN}10" + "A" * 21, ["GS1-04"]),
        (f"01{GTIN}10A B", ["GS1-05"]),
        ("10A17", ["GS1-07"]),
        (f"01{GTIN}3712", ["GS1-08", "GS1-07", "GS1-07"]),
        (f"01{GTIN}10A^10B", ["GS1-09"]),
        (f"01{GTIN}10A^10A", []),
        ("0106926365^17280531", ["GS1-04"]),
        (f"01{GTIN}422999", ["GS1-12"]),
        (f"01{GTIN}422156", []),
    ],
)  # fmt: skip
def test_what_is_wrong(text: str, expected: list[str]) -> None:
    read = element_string.parse(text)
    assert rules(read.findings) == expected
    assert read.valid is (not expected)


def test_digits_inside_a_lot_are_the_lot() -> None:
    assert element_string.parse(f"01{GTIN}10LOT17280531").elements == (("01", GTIN), ("10", "LOT17280531"))


def test_pair_rules_can_wait_for_the_other_symbol() -> None:
    assert element_string.parse("10A17", associations=False).valid


@pytest.mark.parametrize("text", ["01" + GTIN, "(01" + GTIN, "(ab)1", "()1", "(01)", "(01)" + GTIN + "(", "(01)" + GTIN + "(10)"])
def test_brackets_must_fit(text: str) -> None:
    assert not bracketed.parse(text).valid


@pytest.mark.parametrize(
    ("text", "expected"), [("]d1https://example.org", "GS1-14"), ("]X0123", "GS1-14"), ("]d201^", "GS1-05"), ("", "GS1-14")]
)
def test_scans_without_elements(text: str, expected: str) -> None:
    assert rules(scan.parse(text).findings) == [expected]


def test_retail_symbols_are_a_gtin() -> None:
    assert scan.parse("]E06926365598003").elements == (("01", GTIN),)
    assert scan.parse("]E06926365598003|]e010A17").elements == (("01", GTIN), ("10", "A17"))
    assert not scan.parse("]E06926365598004").valid


@given(st.text(max_size=60) | st.text("0123456789()]^\x1d\\ACd2", max_size=60))
def test_nothing_raises_and_nothing_is_lost(text: str) -> None:
    for parse in (element_string.parse, bracketed.parse, scan.parse):
        read = parse(text)
        assert read.text == text
        assert read.elements or read.findings


VALUES = {
    "01": st.text("0123456789", min_size=13, max_size=13).map(lambda body: body + check_digit(body)),
    "17": st.sampled_from(["280531", "270200", "991231"]),
    "11": st.sampled_from(["260101", "251200"]),
    "10": st.text(CSET82, min_size=1, max_size=20),
    "21": st.text(CSET82, min_size=1, max_size=20),
    "240": st.text(CSET82, min_size=1, max_size=30),
    "30": st.text("0123456789", min_size=1, max_size=8),
    "3103": st.text("0123456789", min_size=6, max_size=6),
}


@given(st.data())
def test_reading_what_was_written(data: st.DataObject) -> None:
    names = data.draw(st.permutations([name for name in VALUES if name != "01"]))[: data.draw(st.integers(0, 6))]
    order = data.draw(st.permutations(["01", *names]))
    elements = tuple((name, data.draw(VALUES[name])) for name in order)
    assert bracketed.parse(bracketed.write(elements)).elements == elements
    read = element_string.parse(element_string.write(elements))
    assert read.elements == elements
    assert read.valid


def test_the_table_is_whole() -> None:
    assert len(table()) == 541
    assert lengths()["31"] == 4
    assert {ai for ai, spec in table().items() if spec.fixed and ai[:2] in ("10", "21")} == set()
    assert table()["17"].fixed == 6
    assert table()["01"].qualifiers == (("22", "10", "21"), ("235",))
