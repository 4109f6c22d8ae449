"""GS1 Digital Links: read from any domain, written in the canonical form, refused with a reason."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import bracketed, digital_link
from data_contracts.identifiers.components import CSET82
from data_contracts.identifiers.udi import identify
from tests.effort import examples

GTIN = "06926365598003"
PI = {"01": GTIN, "22": "V1", "10": "L/1+%", "21": "S?1#&", "17": "280229", "240": "x"}


def test_path_then_attributes() -> None:
    link = f"http://shop.example/a/01/{GTIN}/10/A%2F17/21/S+1?17=280200&linkType=gs1:pip&flag&98=X+Y#here"
    read = digital_link.parse(link)
    assert [finding.rule for finding in read.findings] == ["GS1-05"], "a blank is outside character set 82"
    assert read.elements == (("01", GTIN), ("10", "A/17"), ("21", "S+1"), ("17", "280200"), ("98", "X Y"))
    assert digital_link.write(read.elements[:4]) == f"https://id.gs1.org/01/{GTIN}/10/A%2F17/21/S%2B1?17=280200"


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        ("ftp://id.gs1.org/01/06926365598003", "DLK-01"),
        ("Https://id.gs1.org/01/06926365598003", "DLK-01"),
        ("https://id.gs1.org", "DLK-01"),
        ("https://id.gs1.org/01/06926365598003^", "DLK-01"),
        ("https://id.gs1.org/products/7", "DLK-02"),
        ("https://id.gs1.org/01/06926365598003/", "DLK-02"),
        ("https://id.gs1.org/10/A17", "DLK-02"),
        ("https://id.gs1.org/01/06926365598003?21=S1", "DLK-03"),
        ("https://id.gs1.org/01/06926365598003?10=L1", "DLK-03"),
        ("https://id.gs1.org/01/06926365598003/21/S1/10/L1", "DLK-04"),
        ("https://id.gs1.org/01/06926365598003/235/T/10/L1", "DLK-04"),
        ("https://id.gs1.org/01/06926365598003?17=280229&17=280229", "DLK-05"),
        ("https://id.gs1.org/ARHSqGVHnmz8gA", "DLK-06"),
        ("https://id.gs1.org/01/06926365598003/HHIqZDRbHlQGXQ", "DLK-06"),
        ("https://id.gs1.org/01/06926365598004", "GS1-01"),
        ("https://id.gs1.org/01/6926365598003", "GS1-04"),
        ("https://id.gs1.org/01/06926365598003?9876=1", "GS1-03"),
    ],
)
def test_what_is_no_link_is_told(link: str, rule: str) -> None:
    assert [finding.rule for finding in digital_link.parse(link).findings] == [rule]
    assert identify(link, today=date(2026, 11, 22)).valid is False


def test_older_links_carry_short_gtins() -> None:
    link = "https://id.gs1.org/01/6926365598003/10/L1"
    assert digital_link.parse(link, short_gtins=True).elements == (("01", GTIN), ("10", "L1"))


@pytest.mark.parametrize("text", ["(10)L1", "(01)06926365598003(8014)0692636A", "(00)952122802711331229(21)S"])
def test_what_has_no_link_is_not_given_one(text: str) -> None:
    with pytest.raises(ValueError, match="Digital Link"):
        digital_link.write(bracketed.parse(text, associations=False).elements)


def test_the_device_is_the_same_however_it_is_written() -> None:
    today = date(2026, 11, 22)
    texts = [
        f"(01){GTIN}(17)280200(10)A17",
        f"01{GTIN}1728020010A17",
        f"]d201{GTIN}1728020010A17",
        f"https://brand.example/01/{GTIN}/10/A17?17=280200",
    ]
    found = [identify(text, today=today) for text in texts]
    assert len({(one.di, tuple(sorted(one.pi.items())), one.digital_link) for one in found}) == 1
    assert found[0].digital_link == f"https://id.gs1.org/01/{GTIN}/10/A17?17=280200"


@settings(max_examples=examples(200), deadline=None)
@given(st.fixed_dictionaries({}, optional={ai: st.text(CSET82, min_size=1, max_size=20) for ai in ("22", "10", "21", "240", "98")}))
def test_what_is_written_is_read_back(values: dict[str, str]) -> None:
    elements = [("01", GTIN), *values.items(), ("17", "280229")]
    read = digital_link.parse(digital_link.write(elements))
    assert read.valid
    assert sorted(read.elements) == sorted(elements)


@settings(max_examples=examples(300), deadline=None)
@given(st.text("/0123478915?&=%+#abZ^ é:.", max_size=60))
def test_no_address_breaks_the_reader(rest: str) -> None:
    read = digital_link.parse(f"https://id.gs1.org{rest}")
    assert read.valid or read.findings
