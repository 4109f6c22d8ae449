"""Coupons of AI (8110) and (8112): every field, every bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.codes import package_types
from data_contracts.identifiers import bracketed

FIRST = "012345612345611110123"
"""Company prefix, offer, what is saved, what must be bought."""


@pytest.mark.parametrize(
    "more",
    ["", "111011239", "2110123212345678", "3200131", "4200131", "59123456789012345", "66123456789012", "90000", "3200131420013150123456"],
)
def test_right_coupons(more: str) -> None:
    read = bracketed.parse(f"(8110){FIRST}{more}")
    assert read.valid, read.findings


@pytest.mark.parametrize("more", ["x", "4200132", "42001313200131", "60123456", "90300", "90002", "900000", "7", "1", "11115", "2110123"])
def test_wrong_fields(more: str) -> None:
    assert [finding.rule for finding in bracketed.parse(f"(8110){FIRST}{more}").findings] == ["GS1-12"]


@pytest.mark.parametrize("text", ["7", "0123", "A123456", "0123456123456611", FIRST[:-4] + "5123"])
def test_wrong_coupons(text: str) -> None:
    assert [finding.rule for finding in bracketed.parse(f"(8110){text}").findings] == ["GS1-12"]


@pytest.mark.parametrize(
    ("text", "right"), [("101234561234560123456", True), ("201234561234560123456", False), ("10123456123456012345", False)]
)
def test_positive_offers(text: str, right: bool) -> None:
    assert bracketed.parse(f"(8112){text}").valid is right


def test_package_types() -> None:
    assert len(package_types()) == 431
    assert bracketed.parse("(7041)TEV", associations=False).valid
    assert [finding.rule for finding in bracketed.parse("(7041)000", associations=False).findings] == ["GS1-12"]


@given(st.text("0123456789", max_size=70))
def test_never_raises(text: str) -> None:
    for ai in ("8110", "8112"):
        read = bracketed.parse(f"({ai}){text}")
        assert read.valid or read.findings
