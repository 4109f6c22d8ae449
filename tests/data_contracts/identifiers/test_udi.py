"""The front door tells what a text is, strictly or leniently, in the public JSON shape."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import dates, hibc
from data_contracts.identifiers.udi import KINDS, identify, identify_label

TODAY = date(2026, 11, 22)
GTIN = "06926365598003"


def test_the_public_shape() -> None:
    assert identify(f"(01){GTIN}(17)280200(11)260101(10)A17(21)S1", today=TODAY).as_json() == {
        "input": f"(01){GTIN}(17)280200(11)260101(10)A17(21)S1",
        "kind": "hri",
        "valid": True,
        "issuer": "gs1",
        "di": GTIN,
        "pi": {"lot": "A17", "serial": "S1", "expires_on": "2028-02-29", "manufactured_on": "2026-01-01"},
        "elements": [["01", GTIN], ["17", "280200"], ["11", "260101"], ["10", "A17"], ["21", "S1"]],
        "parts": {},
        "gtin": GTIN,
        "digital_link": f"https://id.gs1.org/01/{GTIN}/10/A17/21/S1?17=280200&11=260101",
        "findings": [],
    }


@pytest.mark.parametrize(
    ("text", "kind", "valid"),
    [
        (GTIN, "gtin", True),
        ("6926365598003", "gtin", True),
        ("40170725", "gtin", True),
        ("06926365598004", "gtin", False),
        ("952122802711331229", "sscc", True),
        ("952122802711331228", "sscc", False),
        ("00952122802711331229", "element-string", True),
        (f"01{GTIN}10A17", "element-string", True),
        (f"]C101{GTIN}", "scan", True),
        ("]E3692636559800312", "scan", True),
        ("]E3692636559800312345", "scan", True),
        ("]E36926365598003", "scan", False),
        (f"[)>\x1e05\x1d01{GTIN}\x1d10A17\x1e\x04", "element-string", True),
        (f"]d1[)>\x1e05\x1d01{GTIN}\x1d10A17\x1e\x04", "scan", True),
        (f"[)>\x1e05\x1d01{GTIN}", "element-string", False),
        ("(00)952122802711331229", "hri", True),
        ("+A99912345/$$52001510X33", "hibc", True),
        ("=/A9999XYZ100T0479", "isbt128", True),
        ("=/A9999XYZ100T04", "isbt128", False),
        ("MA.156.M0.100200.53339989", "ma", True),
        ("[)>\x1e06\x1d9N111234568408\x1d1TA\x1e\x04", "ppn", True),
        ("https://id.gs1.org/01/" + GTIN, "digital-link", True),
        ("https://example.com/products", "digital-link", False),
        ("urn:epc:id:sgtin:0614141.112345.400", "epc", True),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", "epc", True),
        ("3074257BF7194E4000001A85", "epc", True),
        ("urn:epc:id:sgtin:0614141.112345", "epc", False),
        ("HELLO", None, False),
        ("", None, False),
    ],
)
def test_kinds(text: str, kind: str | None, valid: bool) -> None:
    found = identify(text, today=TODAY)
    assert (found.kind, found.valid) == (kind, valid)
    assert bool(found.findings) is not valid


def test_a_kind_can_be_forced() -> None:
    assert identify("9520361285584", "gln", today=TODAY).parts == {"gln": "9520361285584"}
    assert identify("9520361285584", today=TODAY).kind == "gtin"
    assert [finding.rule for finding in identify("+A99912345", "hibc", today=TODAY).findings] == ["UDI-10"]
    assert identify("08717438CreamBased8X", "gmn", today=TODAY).parts == {"gmn": "08717438CreamBased8X"}
    assert identify("urn:epc:id:gid:1.2.3", "epc", today=TODAY).parts == {"scheme": "gid", "epc": "urn:epc:id:gid:1.2.3"}
    assert [finding.rule for finding in identify("F70000000000", "epc", today=TODAY).findings] == ["UDI-02"]
    with pytest.raises(ValueError, match="isbn"):
        identify("1", "isbn", today=TODAY)


def test_an_epc_is_the_device_that_its_element_strings_name() -> None:
    found = identify("3074257BF7194E4000001A85", today=TODAY)
    assert (found.issuer, found.di, found.pi, found.gtin) == ("gs1", "80614141123458", {"serial": "6789"}, "80614141123458")
    assert found.digital_link == "https://id.gs1.org/01/80614141123458/21/6789"
    assert found.parts == {
        "scheme": "sgtin",
        "epc": "urn:epc:id:sgtin:0614141.812345.6789",
        "tag": "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
    }
    assert identify("urn:epc:class:lgtin:4012345.012345.998", today=TODAY).pi == {"lot": "998"}
    assert identify("urn:epc:id:sscc:0614141.1234567890", today=TODAY).parts["sscc"] == "106141412345678908"


def test_strict_gives_no_fields_of_a_wrong_code_and_lenient_does() -> None:
    text = "(01)06926365598004(10)A17"
    strict, lenient = identify(text, today=TODAY), identify(text, strict=False, today=TODAY)
    assert (strict.valid, strict.di, strict.pi, strict.elements) == (False, None, {}, ())
    assert (lenient.valid, lenient.di, lenient.pi) == (False, "06926365598004", {"lot": "A17"})


def test_lenient_takes_blanks_out_and_says_so() -> None:
    found = identify(" 0 6926365 59800 3\n", strict=False, today=TODAY)
    assert (found.valid, found.di) == (True, GTIN)
    assert [finding.rule for finding in found.findings] == ["UDI-03"]
    assert not identify(" 0 6926365 59800 3\n", today=TODAY).valid


@given(st.text(max_size=40), st.sampled_from([None, *KINDS]), st.booleans())
def test_never_raises(text: str, kind: str | None, strict: bool) -> None:
    found = identify(text, kind, strict, today=TODAY)
    assert found.as_json("zh-CN")["input"] == text
    assert found.valid or found.findings


@pytest.mark.parametrize(
    ("yy", "today", "year"),
    [(0, 2026, 2000), (76, 2026, 2076), (77, 2026, 1977), (49, 2099, 2149), (50, 2099, 2050), (99, 2000, 1999), (50, 2000, 2050)],
)
def test_the_century_slides(yy: int, today: int, year: int) -> None:
    assert dates.full_year(yy, today) == year


@given(st.integers(2000, 2140), st.integers(0, 99))
def test_a_two_digit_year_is_never_far_away(today: int, yy: int) -> None:
    year = dates.full_year(yy, today)
    assert year % 100 == yy
    assert -50 < year - today <= 50


def test_days() -> None:
    assert dates.day_of("280200", 2026) == "2028-02-29"
    assert dates.day_of("270200", 2026) == "2027-02-28"
    assert dates.day_of("280200", 2026, month_allowed=False) is None
    assert dates.day_of("281301", 2026) is None
    assert dates.last_day("2028-02") == "2028-02-29"
    assert dates.is_day("2028-02-29")
    assert not dates.is_day("2027-02-29")


@pytest.mark.parametrize(
    ("text", "di", "lot", "rules"),
    [
        (f"(01) {GTIN} (10) A17 ", GTIN, "A17", ["UDI-03"]),
        (f"Https://id.gs1.org/01/{GTIN}/10/a17", GTIN, "a17", ["UDI-16"]),
        ("URN:EPC:CLASS:LGTIN:69263655.09800.a17", GTIN, "a17", ["UDI-16"]),
        ("ma.156.m0.100200.53339989", "MA.156.M0.100200.53339989", None, ["UDI-16"]),
        (f"\ufeff{GTIN}\u200b", GTIN, None, ["UDI-16"]),
        (f"UDI-DI：{GTIN}", GTIN, None, ["UDI-16"]),
        ("111234568408", "111234568408", None, []),
    ],
)
def test_what_people_and_documents_write_is_read_leniently(text: str, di: str, lot: str | None, rules: list[str]) -> None:
    """The last are digits that are right as a PPN and wrong as a GTIN."""
    assert not identify(text, today=TODAY).valid
    found = identify(text, strict=False, today=TODAY)
    assert (found.valid, found.di, found.pi.get("lot"), [finding.rule for finding in found.findings]) == (True, di, lot, rules)


def test_capitals_and_a_scheme_inside_are_what_they_were() -> None:
    assert identify(f"HTTPS://ID.GS1.ORG/01/{GTIN}", strict=False, today=TODAY).findings == ()
    assert identify("urn:epc:id:sgtin:69263655.09800.S1", strict=False, today=TODAY).findings == ()


@pytest.mark.parametrize(
    "symbols",
    [
        (f"]C101{GTIN}", "]C11728020010A17"),
        ("]C11728020010A17", "]E06926365598003"),
        ("6926365598003", "1728020010A17"),
        (f"(01){GTIN}", "(17)280200", "(10)A17"),
        (f"01{GTIN}1728020010A17", f"01{GTIN}"),
        (f"https://id.gs1.org/01/{GTIN}/10/A17", "]d217280200"),
    ],
)
def test_a_label_of_several_symbols_is_one_message(symbols: tuple[str, ...]) -> None:
    found = identify_label(symbols, today=TODAY)
    assert (found.valid, found.di, found.pi, found.findings) == (True, GTIN, {"lot": "A17", "expires_on": "2028-02-29"}, ())
    assert found.digital_link == f"https://id.gs1.org/01/{GTIN}/10/A17?17=280200"


@pytest.mark.parametrize(
    ("symbols", "rules"),
    [
        (("]C110A17", "]C117280200"), ["GS1-07", "GS1-07"]),
        ((f"01{GTIN}10A17", f"01{GTIN}10A18"), ["GS1-09"]),
        ((f"01{GTIN}", "HELLO"), ["UDI-01"]),
        ((f"01{GTIN}", "069999990100000011"), ["GS1-01"]),
    ],
)
def test_what_does_not_belong_on_one_label_is_told(symbols: tuple[str, ...], rules: list[str]) -> None:
    found = identify_label(symbols, today=TODAY)
    assert (found.valid, [finding.rule for finding in found.findings], found.elements) == (False, rules, ())


def test_structures_of_isbt_128_in_symbols_of_their_own_are_one_label() -> None:
    symbols = ("=/A9999XYZ100T0944", "=,000025", "=>014032")
    whole = identify("".join(symbols), today=TODAY)
    for order in (symbols, symbols[::-1]):
        found = identify_label(order, today=TODAY)
        assert (found.valid, found.kind, found.di, found.pi) == (True, "isbt128", whole.di, whole.pi)
    assert [finding.rule for finding in identify_label((symbols[0], f"01{GTIN}"), today=TODAY).findings] == ["UDI-01"]


def test_two_symbols_of_hibcc_are_tied_by_their_link() -> None:
    first, other = (f"{body}{hibc.check_character(body)}" for body in ("+A99912345", "+A99912346"))
    body = f"+$$52001510X3{first[-1]}"
    second = f"{body}{hibc.check_character(body)}"
    for symbols in ((first, second), (second, first), (f"]C0{first}", f"]C0{second}")):
        found = identify_label(symbols, today=TODAY)
        assert (found.valid, found.kind, found.di, found.pi) == (True, "hibc", "A99912345", {"expires_on": "2020-01-15", "lot": "10X3"})
    assert [finding.rule for finding in identify_label((other, second), today=TODAY).findings] == ["UDI-14"]
    assert [finding.rule for finding in identify_label((first, f"01{GTIN}"), today=TODAY).findings] == ["UDI-11"]
    assert identify_label((first,), today=TODAY) == identify(first, today=TODAY)
    with pytest.raises(ValueError, match="at least one"):
        identify_label((), today=TODAY)
