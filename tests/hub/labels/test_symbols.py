"""Symbols hold what they were given: drawn by us, read by a decoder of other people, and taken apart by the front door."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import udi
from data_contracts.identifiers.components import CSET82
from hub.labels import symbols
from tests.effort import examples
from tests.hub.labels.reading import dots, millimetres, scanned, texts

DAY = date(2026, 11, 22)
DEVICE = (("01", "06901234500059"), ("17", "281231"), ("10", "L-1"), ("21", "S1"))
SSCC = (("00", "106141412345678908"),)


@pytest.mark.parametrize(
    ("symbol", "sent"),
    [
        ("data-matrix", "]d201069012345000591728123110L-1\x1d21S1"),
        ("qr", "]Q1https://id.example.com/01/06901234500059/10/L-1/21/S1?17=281231"),
        ("gs1-128", "]C101069012345000591728123110L-1\x1d21S1"),
    ],
)
def test_a_scanner_reads_what_was_drawn(symbol: str, sent: str) -> None:
    drawing = symbols.draw(symbol, DEVICE, stem="https://id.example.com")
    assert scanned(drawing) == sent
    assert udi.identify(sent, today=DAY).pi == {"lot": "L-1", "serial": "S1", "expires_on": "2028-12-31"}


_VALUES = st.text(CSET82, min_size=1, max_size=20)


@settings(max_examples=examples(150), deadline=None)
@given(lot=_VALUES, serial=_VALUES, symbol=st.sampled_from(["data-matrix", "qr"]))
def test_any_lot_and_serial_comes_back(lot: str, serial: str, symbol: str) -> None:
    elements = symbols.in_order((("01", "06901234500059"), ("10", lot), ("21", serial), ("17", "281231")))
    assert [ai for ai, _ in elements] == ["01", "17", "10", "21"]
    found = udi.identify(scanned(symbols.draw(symbol, elements)), today=DAY)
    assert found.valid and dict(found.elements) == dict(elements)


def test_sizes_are_those_of_the_print() -> None:
    """A module of 0.5 mm: 24 modules of a DataMatrix with its light border; 156 of bars with 10 of light on both sides."""
    square = symbols.draw("data-matrix", DEVICE[:1], symbols.Look(0.5, text=False))
    width, height = millimetres(square)
    assert width == height and texts(square) == []
    bars = symbols.draw("gs1-128", SSCC, symbols.Look(0.5, text=False))
    assert millimetres(bars) == (176 * 0.5, 31.75)
    assert scanned(bars) == "]C100106141412345678908"
    usual = symbols.draw("gs1-128", SSCC)
    assert millimetres(usual)[0] == pytest.approx(176 * 0.495), "logistic units have wider bars"
    dark = dots(bars) == 0
    assert not dark[:, : 20 + 10 * 4].any() and not dark[:, -20 - 10 * 4 :].any(), "quiet zones"


def test_people_read_the_same() -> None:
    tricky = (("01", "06901234500059"), ("10", '<L&"(1)>'))
    drawing = symbols.draw("data-matrix", tricky)
    assert texts(drawing) == ["(01)06901234500059", '(10)<L&"\\(1)>']
    assert texts(symbols.draw("gs1-128", DEVICE)) == ["(01)06901234500059(17)281231(10)L-1(21)S1"]


@pytest.mark.parametrize(
    ("symbol", "elements", "look", "word"),
    [
        ("gs1-128", (*DEVICE[:2], ("10", "L" * 20), ("21", "S" * 20)), symbols.Look(), "48"),
        ("data-matrix", DEVICE, symbols.Look(50.0), "mm"),
        ("data-matrix", DEVICE, symbols.Look(0.0001), "mm"),
        ("qr", (("10", "L1"),), symbols.Look(), "key"),
    ],
)
def test_what_cannot_be_drawn_is_said(symbol: str, elements: symbols.Elements, look: symbols.Look, word: str) -> None:
    with pytest.raises(symbols.LabelError, match=word):
        symbols.draw(symbol, elements, look)
