"""Basic UDI-DIs of every issuer, and what EUDAMED issues for legacy devices."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import basic_udi_di, eudamed
from data_contracts.identifiers.check_pair import check_pair
from data_contracts.identifiers.udi import identify

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "kind", "issuer", "parts"),
    [
        ("08717438CreamBased8X", "gmn", "gs1", {"gmn": "08717438CreamBased8X"}),
        (
            "++A999MODELIDENTIFIER11S8",
            "basic-udi-di",
            "hibcc",
            {"lic": "A999", "model": "MODELIDENTIFIER11", "basic_udi_di": "++A999MODELIDENTIFIER11S8"},
        ),
        (
            "PP12345ABCD.12345678.9004",
            "basic-udi-di",
            "ifa",
            {"supplier": "12345", "group": "ABCD.12345678.90", "basic_udi_di": "PP12345ABCD.12345678.9004"},
        ),
        (
            "B-M991CVS12130NES2",
            "eudamed-di",
            "eudamed",
            {"form": "generated", "udi_di": "M991CVS12130NES2", "udi_di_issuer": "hibcc", "eudamed_di": "B-M991CVS12130NES2"},
        ),
        (
            "B-BEMF000000106CR023335WE",
            "eudamed-di",
            "eudamed",
            {"form": "provided", "eudamed_di": "B-BEMF000000106CR023335WE"},
        ),
    ],
)
def test_each_issuer_is_told_by_its_form(text: str, kind: str, issuer: str, parts: dict[str, str]) -> None:
    found = identify(text, today=TODAY)
    assert (found.valid, found.kind, found.issuer, found.di, found.parts) == (True, kind, issuer, None, parts)
    if kind == "gmn":
        assert identify(text, "basic-udi-di", today=TODAY).parts == {"gmn": text, "basic_udi_di": text}


def test_the_eudamed_id_is_a_udi_di() -> None:
    found = identify("D-BEMF000000106CR023335WE", today=TODAY)
    assert found.device is not None
    assert found.device.key == "eudamed:D-BEMF000000106CR023335WE"


@pytest.mark.parametrize(
    ("text", "issuer", "rules"),
    [
        ("08717438CreamBased8Y", None, ["UDI-10"]),
        ("CreamBased8X", None, ["UDI-11"]),
        ("++A999MODELIDENTIFIER11S9", None, ["UDI-10"]),
        ("++9999MODEL11S9", None, ["UDI-11"]),
        ("++A999", None, ["UDI-11"]),
        ("PP12345ABCD.12345678.9005", "ifa", ["UDI-10"]),
        ("PP1234ABCD04", "ifa", ["UDI-11"]),
        ("A9999XYZ100T047912", "iccbba", ["UDI-17"]),
        ("A9999XYZ100T04791", "iccbba", ["UDI-11"]),
    ],
)
def test_what_is_wrong_is_told(text: str, issuer: str | None, rules: list[str]) -> None:
    assert [finding.rule for finding in basic_udi_di.parse(text, issuer).findings] == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("B-06926365598003", []),
        ("B-BEMF000000106CR023335WF", ["UDI-10"]),
        ("D-BEMF000000106CR023335WF", ["UDI-10"]),
        ("B-", ["UDI-11"]),
        ("B-1234567890123456789012345", ["UDI-11"]),
        ("C-BEMF000000106CR023335WE", ["UDI-11"]),
    ],
)
def test_eudamed_identifiers(text: str, rules: list[str]) -> None:
    assert [finding.rule for finding in eudamed.parse(text).findings] == rules


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", min_size=1, max_size=17))
def test_hibcc_pairs(model: str) -> None:
    body = f"++A999{model}"
    pair = check_pair(body)
    assert pair is not None
    assert basic_udi_di.parse(body + pair).valid
    assert not basic_udi_di.parse(body + pair[::-1]).valid or pair[0] == pair[1]


@given(st.text(max_size=30), st.sampled_from([None, "gs1", "hibcc", "ifa", "iccbba"]))
def test_never_raises(text: str, issuer: str | None) -> None:
    read = basic_udi_di.parse(text, issuer)
    assert read.valid or read.findings
    assert eudamed.parse(text).text == text
