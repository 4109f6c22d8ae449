"""The same device is found however it was written: on a label, in a registry, in an order, by a keyboard."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import device_identifier, digital_link, epc, epc_tag, hibc
from data_contracts.identifiers.device_identifier import DeviceIdentifier, issuer_named, read, spellings
from data_contracts.identifiers.udi import identify

TODAY = date(2026, 11, 22)
GTIN = "06926365598003"
ELEMENTS = (("01", GTIN), ("21", "S1"))


@pytest.mark.parametrize(
    "text",
    [
        GTIN,
        "6926365598003",
        f"(01){GTIN}(21)S1",
        f"01{GTIN}17280200",
        f"\x1d01{GTIN}10A17\x1d21S1",
        f"]d201{GTIN}21S1",
        f"]C101{GTIN}",
        "]E06926365598003",
        f"]I1{GTIN}",
        f"https://id.gs1.org/01/{GTIN}/21/S1",
        f"]Q1https://example.com/p/01/{GTIN}",
        digital_link.write(ELEMENTS),
        epc.of(ELEMENTS).uri,
        epc_tag.encode(epc.of(ELEMENTS), "sgtin-198"),
        "urn:epc:idpat:sgtin:69263655.09800.*",
    ],
)
def test_one_device_of_gs1(text: str) -> None:
    found = identify(text, today=TODAY)
    assert found.valid, found.findings
    assert found.device == DeviceIdentifier("gs1", GTIN)


@pytest.mark.parametrize(
    "text",
    [
        "0 6926365 59800 3",
        "（０１）０６９２６３６５５９８００３（２１）S１",
        f"01{GTIN}10A17<GS>21S1",
        f"01{GTIN}10A17{{FNC1}}21S1",
        f"01{GTIN}10A17\\x1d21S1",
        f"01{GTIN}10A17\u241d21S1\r\n",
        "(01)6926365598003(21)S1",
        "https://example.com/01/6926365598003",
    ],
)
def test_what_is_only_read_leniently(text: str) -> None:
    strict = identify(text, today=TODAY)
    assert not strict.valid or strict.pi["lot"].startswith("A17<"), "angle brackets are characters that a lot may have"
    found = identify(text, strict=False, today=TODAY)
    assert found.device == DeviceIdentifier("gs1", GTIN)
    assert found.findings
    assert found.pi.get("serial") in (None, "S1")


@pytest.mark.parametrize(
    ("text", "issuer", "key"),
    [
        ("6926365598003", None, f"gs1:{GTIN}"),
        ("40170725", "gs1", "gs1:00000040170725"),
        ("A99912345", None, "hibcc:A99912345"),
        ("+A999123457", None, "hibcc:A99912345"),
        ("H3736J12A3Q", None, "hibcc:H3736J12A3"),
        ("M991CVS12130NES2", "hibcc", "hibcc:M991CVS12130NES2"),
        ("=/A9999XYZ100T0479", None, "iccbba:A9999XYZ100T0479"),
        ("A9999XYZ100T0479", "iccbba", "iccbba:A9999XYZ100T0479"),
        ("=)X1Z2A3B4C5", None, "iccbba:X1Z2A3B4C5"),
        ("111234568408", None, "ifa:111234568408"),
        ("9N111234568408", "ifa", "ifa:111234568408"),
        ("MA.156.M0.100200.53339989", None, "cn_ma:MA.156.M0.100200.53339989"),
        ("81234567890123456", "cn_ahm", "cn_ahm:81234567890123456"),
        ("D-BEMF000000106CR023335WE", None, "eudamed:D-BEMF000000106CR023335WE"),
        ("06926365598004", None, None),
        ("06926365598004", "gs1", None),
        ("+A999123458", None, None),
        ("111234568409", "ifa", None),
        ("MA.156.M0.100200.53339988", None, None),
        ("HELLO", None, None),
        ("", None, None),
        ("", "cn_ahm", None),
        ("X", "nobody", None),
    ],
)
def test_filed_device_identifiers(text: str, issuer: str | None, key: str | None) -> None:
    device = read(text, issuer)
    assert (device.key if device else None) == key


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("GS1", "gs1"),
        ("HIBCC", "hibcc"),
        ("ICCBBA", "iccbba"),
        ("IFA", "ifa"),
        ("MA码（IDcode）", "cn_ma"),
        ("MA", "cn_ma"),
        ("AHM", "cn_ahm"),
        ("阿里健康科技（中国）有限公司", "cn_ahm"),
        ("cn_ahm", None),
        ("EUDAMED", "eudamed"),
        ("Maker", None),
        ("", None),
    ],
)
def test_issuers_as_registries_name_them(name: str, issuer: str | None) -> None:
    assert issuer_named(name) == issuer


@given(st.from_regex(r"[A-Z][A-Z0-9]{3}[A-Z0-9]{1,17}[0-9]", fullmatch=True, alphabet=st.characters(max_codepoint=127)))
def test_a_scan_finds_what_was_filed_with_its_check_character(di: str) -> None:
    check = hibc.check_character(f"+{di}") or ""
    scanned = identify(f"+{di}{check}", today=TODAY).device
    assert scanned == DeviceIdentifier("hibcc", di)
    filed = read(f"{di}{check}", "hibcc") or DeviceIdentifier("hibcc", f"{di}{check}")
    assert {*spellings(scanned)} & {*spellings(filed)}
    assert spellings(scanned)[0] == scanned.key


def test_ali_health_is_opaque() -> None:
    found = identify("81234567890123456", "ahm", today=TODAY)
    assert (found.valid, found.issuer, found.di, found.kind) == (True, "cn_ahm", "81234567890123456", "ahm")
    assert not identify("", "ahm", today=TODAY).valid


def test_a_bare_di_is_read_when_it_is_said_to_be_one_or_leniently() -> None:
    assert [finding.rule for finding in identify("H3736J12A3Q", today=TODAY).findings] == ["UDI-01"]
    for found in (identify("H3736J12A3Q", "udi-di", today=TODAY), identify("H3736J12A3Q", strict=False, today=TODAY)):
        assert (found.valid, found.issuer, found.di, found.kind) == (True, "hibcc", "H3736J12A3", "udi-di")
    assert identify("6926365598003", "udi-di", today=TODAY).digital_link == f"https://id.gs1.org/01/{GTIN}"
    assert [finding.rule for finding in identify("HELLO", "udi-di", today=TODAY).findings] == ["UDI-04"]


def test_hibc_as_printed() -> None:
    symbol = next(
        text for lot in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" if (text := f"+A99912345/$L{lot}") and hibc.check_character(text) == " "
    )
    strict = identify(f"{symbol}_", today=TODAY)
    assert not strict.valid
    printed = identify(f"{symbol}_".lower(), strict=False, today=TODAY)
    assert (printed.valid, printed.di, [finding.rule for finding in printed.findings]) == (True, "A99912345", ["UDI-16"])
    assert identify(f"{symbol} ", strict=False, today=TODAY).findings == (), "the blank is its check character"


@given(st.text(max_size=30), st.sampled_from([None, *device_identifier._READERS]))
def test_never_raises(text: str, issuer: str | None) -> None:
    device = read(text, issuer)
    assert device is None or device.key in spellings(device)
