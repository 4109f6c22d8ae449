"""GTIN, GLN and SSCC: lengths, ASCII digits, the check digit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from biip.gtin import Gtin
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import gln, gtin, sscc
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit
from data_contracts.identifiers.check_pair import check_pair
from data_contracts.identifiers.parsed import ParsedKey

DIGITS = st.text("0123456789", min_size=7, max_size=17)
KEYS: dict[str, tuple[Callable[[str], ParsedKey], int]] = {"gtin": (gtin.parse, 13), "gln": (gln.parse, 12), "sscc": (sscc.parse, 17)}


@given(DIGITS)
def test_exactly_one_digit_fits(data: str) -> None:
    assert [digit for digit in "0123456789" if has_right_check_digit(data + digit)] == [check_digit(data)]


@given(DIGITS, st.integers(0, 17), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(data: str, place: int, shift: int) -> None:
    key = data + check_digit(data)
    place %= len(key)
    wrong = key[:place] + str((int(key[place]) + shift) % 10) + key[place + 1 :]
    assert not has_right_check_digit(wrong)


@given(st.text("0123456789", min_size=7, max_size=7) | st.text("0123456789", min_size=11, max_size=13))
def test_gtin_lengths_are_one_key(data: str) -> None:
    key = data + check_digit(data)
    assert gtin.normal(key) == key.zfill(14)
    assert Gtin.parse(key).as_gtin_14() == key.zfill(14), "biip, the second opinion"
    assert gtin.normal(key.zfill(14)) == key.zfill(14)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "bad", ["", " ", "1", "ABC", "６９２６３６５５９８００３", "٩٥٢٠٣٦١٢٨٥٥٨٤", "6926365598003 ", "692-6365598003", "1" * 19]
)
def test_what_is_no_key(kind: str, bad: str) -> None:
    read = KEYS[kind][0](bad)
    assert not read.valid
    assert read.value is None
    assert [finding.rule for finding in read.findings] == ["GS1-02"]


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_a_wrong_check_digit_keeps_the_value(kind: str, data: st.DataObject) -> None:
    parse, length = KEYS[kind]
    body = data.draw(st.text("0123456789", min_size=length, max_size=length))
    right = check_digit(body)
    wrong = str((int(right) + data.draw(st.integers(1, 9))) % 10)
    assert parse(body + right).valid
    read = parse(body + wrong)
    assert not read.valid
    assert read.value == body + wrong
    assert [(finding.rule, finding.expected, finding.got) for finding in read.findings] == [("GS1-01", right, wrong)]


def test_check_pair_of_the_published_example() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
    assert check_pair("名") is None
    assert check_pair("A" * 24) is None
