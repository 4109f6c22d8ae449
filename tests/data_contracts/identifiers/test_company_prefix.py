"""Lengths of company prefixes, and the table that its script writes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from biip.gs1_prefixes import GS1CompanyPrefix

from data_contracts.identifiers import company_prefix
from data_contracts.identifiers.company_prefix_list import as_text, changes, of_biip, of_gs1


def test_lengths() -> None:
    assert company_prefix.length("6926365598003") == 8
    assert company_prefix.length("4012345123456") == 7
    assert company_prefix.length("9990000000000") is None, "GS1 lends no prefix there"


@pytest.mark.parametrize("text", ["", "69263", "６９２６３６５", "ABCDEFG"])
def test_what_has_no_length(text: str) -> None:
    assert company_prefix.length(text) is None


def test_a_short_gtin_has_its_first_three_digits() -> None:
    assert company_prefix.gtin_length("00000012345670") == 8
    assert company_prefix.gtin_length("06926365598003") == 8


def test_it_says_what_biip_says() -> None:
    generator = random.Random(4)
    for _ in range(10_000):
        key = f"{generator.randrange(10**13):013}"
        found = GS1CompanyPrefix.extract(key)
        assert company_prefix.length(key) == (len(found.value) if found else None), key


@pytest.mark.slow
def test_the_table_is_the_one_that_the_script_writes() -> None:
    told = as_text(of_biip(), "").splitlines()[2:]
    table = Path(company_prefix.__file__).with_name("company_prefixes.txt").read_text(encoding="ascii").splitlines()[2:]
    assert table == told


def test_prefixes_become_changes_of_length() -> None:
    prefixes = of_gs1('{"GCPPrefixFormatList": {"entry": [{"prefix": "0614141", "gcpLength": 7}, {"prefix": "0614142", "gcpLength": 7}]}}')
    assert changes(prefixes) == [("000000000000", 0), ("061414100000", 7), ("061414300000", 0)]
    lines = as_text([("0614141", 7), ("06142", 9)], "a test").splitlines()
    assert lines[2:4] == ["000 :0", "001 :0"]
    assert lines[63] == "061 :0 4141:7 4142:0 42:9 43:0"
    assert lines[64] == "062 :0"
