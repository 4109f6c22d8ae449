"""UDIs of HIBCC, ICCBBA, IFA and China's MA: every field, every check, and no text that breaks the reader."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import hibc, ifa, isbt128, ma
from data_contracts.identifiers.udi import identify
from tests.effort import examples

TODAY = date(2026, 11, 22)
GS, RS, EOT = "\x1d", "\x1e", "\x04"


def checked(body: str) -> str:
    """An HIBC symbol with its check character."""
    return f"{body}{hibc.check_character(body)}"


@pytest.mark.parametrize(
    ("secondary", "pi"),
    [
        ("$L1", {"lot": "L1"}),
        ("$+S1", {"serial": "S1"}),
        ("$$0928L1", {"expires_on": "2028-09", "lot": "L1"}),
        ("$$2093028L1", {"expires_on": "2028-09-30", "lot": "L1"}),
        ("$$3280930L1", {"expires_on": "2028-09-30", "lot": "L1"}),
        ("$$428093023L1", {"expires_on": "2028-09-30", "lot": "L1"}),
        ("$$528060L1", {"expires_on": "2028-02-29", "lot": "L1"}),
        ("$$62806023L1", {"expires_on": "2028-02-29", "lot": "L1"}),
        ("$$7L1", {"lot": "L1"}),
        ("$$+7S1", {"serial": "S1"}),
        ("$$8127L1", {"quantity": "12", "lot": "L1"}),
        ("$$9000063260831L1", {"quantity": "6", "expires_on": "2026-08-31", "lot": "L1"}),
        ("$L1/SS9/16D20260101/14D20280930/Q50", {
            "lot": "L1", "serial": "S9", "manufactured_on": "2026-01-01", "expires_on": "2028-09-30", "quantity": "50",
        }),
        ("28060L1", {"expires_on": "2028-02-29", "lot": "L1"}),
    ],
)  # fmt: skip
def test_each_form_of_a_secondary_symbol(secondary: str, pi: dict[str, str]) -> None:
    joined = hibc.parse(checked(f"+A99912345/{secondary}"), TODAY)
    assert (joined.valid, joined.di, joined.pi) == (True, "A99912345", pi)
    assert {name: joined.parts[name] for name in ("lic", "pcn", "uom")} == {"lic": "A999", "pcn": "1234", "uom": "5"}
    primary = checked("+A99912345")
    apart = hibc.parse_pair([primary, checked(f"+{secondary}{primary[-1]}")], TODAY)
    assert (apart.valid, apart.di, apart.pi) == (True, "A99912345", pi)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("+A99912345/$$52001510X3A", "UDI-10"),
        (checked("+A99912345/$$52036610X3"), None),
        (checked("+A99912345/$$52136610X3"), "UDI-12"),
        (checked("+A99912345/$$1328L1"), "UDI-12"),
        (checked("+A99912345/$L1/X1"), "UDI-13"),
        (checked("+A99912345/$L1/$L2"), "UDI-15"),
        (checked("+A99912345/$$8A27L1"), "UDI-11"),
        (checked("+999A12345"), "UDI-11"),
        ("+a9991234", "UDI-11"),
        ("+", "UDI-11"),
    ],
)
def test_what_is_wrong_with_an_hibc_symbol_is_told(text: str, rule: str | None) -> None:
    found = hibc.parse(text, TODAY)
    assert {finding.rule for finding in found.findings} == ({rule} if rule else set())
    assert found.valid is (rule is None)


def test_a_secondary_symbol_of_another_device_is_told() -> None:
    first, other = checked("+A99912345"), checked("+A99912346")
    pair = hibc.parse_pair([first, checked(f"+$L1{other[-1]}")], TODAY)
    assert [finding.rule for finding in pair.findings] == ["UDI-14"]


def test_a_device_is_matched_with_and_without_its_filed_check_character() -> None:
    assert hibc.normal_di("H3736J12A3Q") == ("H3736J12A3", True)
    assert hibc.normal_di("H3736J12A3") == ("H3736J12A3", False)
    assert hibc.same_device("H3736J12A3Q") == ("H3736J12A3Q", "H3736J12A3")


def test_every_structure_of_a_compound_label() -> None:
    found = isbt128.parse("=+04000=/A9999XYZ100T0944=,000025=>028060&,1000000000000XYZ123", TODAY)
    assert found.valid
    assert found.di == "A9999XYZ100T0944"
    assert found.pi == {"serial": "000025", "expires_on": "2028-02-29", "lot": "000000000000XYZ123"}
    assert (found.parts["fin"], found.parts["product"], found.parts["compound_count"]) == ("A9999", "T0944", "4")


def test_a_donation_number_is_held_to_its_flags() -> None:
    right = isbt128.parse("=/A9999XYZ100T0944=G12349865432177", TODAY)
    assert (right.valid, right.parts["din"]) == (True, "G12349865432177")
    wrong = isbt128.parse("=/A9999XYZ100T0944=G12349865432178", TODAY)
    assert [(finding.rule, finding.expected) for finding in wrong.findings] == [("UDI-10", "77")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [("=/A9999", "UDI-11"), ("=?A9999XYZ100T0944", "UDI-13"), ("=/A9999XYZ100T0944=>014400", "UDI-12"), ("=,000025", "UDI-11")],
)
def test_what_is_wrong_with_an_isbt_label_is_told(text: str, rule: str) -> None:
    assert rule in {finding.rule for finding in isbt128.parse(text, TODAY).findings}


def test_a_pharmacy_product_and_its_carrier() -> None:
    found = ifa.parse(f"[)>{RS}06{GS}9N111234568408{GS}1TL1{GS}SS1{GS}D280200{GS}16D20260101{RS}{EOT}", TODAY)
    assert (found.valid, found.di) == (True, "111234568408")
    assert found.pi == {"lot": "L1", "serial": "S1", "expires_on": "2028-02-29", "manufactured_on": "2026-01-01"}
    assert [finding.rule for finding in ifa.parse("111234568409", TODAY).findings] == ["UDI-10"]
    assert [finding.rule for finding in ifa.parse(f"[)>{RS}06{GS}9N111234568408{GS}Z1{RS}{EOT}", TODAY).findings] == ["UDI-13"]
    assert [finding.rule for finding in ifa.parse(f"[)>{RS}05{GS}9N111234568408", TODAY).findings] == ["UDI-11"]


def test_an_ma_code_and_its_two_checks() -> None:
    good = "MA.156.M0.100200.53339989.S0B47A4.M230405.LYAX4119A.E250404.C6"
    found = ma.parse(good, TODAY)
    assert (found.valid, found.di) == (True, "MA.156.M0.100200.53339989")
    assert found.pi == {"serial": "0B47A4", "manufactured_on": "2023-04-05", "lot": "YAX4119A", "expires_on": "2025-04-04"}
    assert [f.expected for f in ma.parse(good.replace("53339989", "53339988"), TODAY).findings] == ["9"]
    assert [f.rule for f in ma.parse(good[:-1] + "7", TODAY).findings] == ["UDI-10"]
    assert "UDI-12" in {f.rule for f in ma.parse(good.replace("M230405", "M231305"), TODAY).findings}


def test_lenient_gives_the_fields_beside_the_findings() -> None:
    strict, lenient = (identify("+A99912345/$$52001510X3A", strict=way, today=TODAY) for way in (True, False))
    assert (strict.valid, strict.di, strict.pi) == (False, None, {})
    assert (lenient.valid, lenient.di, lenient.pi) == (False, "A99912345", {"expires_on": "2020-01-15", "lot": "10X3"})


@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from(
        ["+", "+A99912345/", "+$$", "*+", "=/", "=+06", "&,1", "=", "MA.156.M0.", "MA.156.M0.100200.53339989", "[)>", f"[)>{RS}06{GS}9N"]
    ),
    st.text("0123456789ABZaz$/+%=&,.>})" + GS + RS + EOT + " é٣", max_size=40),
)
def test_no_text_breaks_a_reader(start: str, rest: str) -> None:
    found = identify(start + rest, today=TODAY)
    assert found.valid is not any(finding.severity == "error" for finding in found.findings)
