"""What tags hold: published memory, every coding scheme both ways, and bits that stand for nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import epc_tag
from data_contracts.identifiers.epc import Epc
from data_contracts.identifiers.epc_tag import CODINGS, encode, parse
from tests.effort import examples

PUBLISHED = [
    ("3074257BF7194E4000001A85", "urn:epc:tag:sgtin-96:3.0614141.812345.6789"),
    ("3174257BF4499602D2000000", "urn:epc:tag:sscc-96:3.0614141.1234567890"),
    ("3274257BF46072000000162E", "urn:epc:tag:sgln-96:3.0614141.12345.5678"),
    ("3374257BF40C0E400000162E", "urn:epc:tag:grai-96:3.0614141.12345.5678"),
    ("3474257BF40000000000162E", "urn:epc:tag:giai-96:3.0614141.5678"),
    ("2C74257BF46072000000162E", "urn:epc:tag:gdti-96:3.0614141.12345.5678"),
    ("2D74257BF4499602D2000000", "urn:epc:tag:gsrn-96:3.0614141.1234567890"),
    ("2F02032533139342DFDC1C35", "urn:epc:tag:usdod-96:0.2S194.12345678901"),
    ("36A579D5D4ADB6172574B98B34C0000000000000000000000000", "urn:epc:tag:sgtin-198:5.50712192365.88..%25:.13%26"),
    ("390039318D8400C98B972C193364D5AB56AC8000000000000000", "urn:epc:tag:sgln-195:0.061411123456..2199023255552"),
]


@pytest.mark.parametrize(("memory", "tag"), PUBLISHED)
def test_published_tags(memory: str, tag: str) -> None:
    coding, body = tag.split(":")[3:5]
    for text in (memory, memory.lower(), tag, f"urn:epc:raw:{4 * len(memory)}.x{memory}"):
        read = parse(text)
        assert (read.valid, read.tag) == (True, tag), text
        assert read.epc is not None
        assert encode(read.epc, coding, int(body[0])) == memory
        assert epc_tag.uri(read.epc, coding, int(body[0])) == tag
    assert epc_tag.may_be_memory(memory)


PARTS = {
    "gid-96": ["268435455.16777215.68719476735", "1.2.3"],
    "usdod-96": ["CJ2QV.12345", "W81X9C.0"],
    "adi-var": ["35962.PQ7VZ4.M37GXB92", "W81X9C..%23123A", "2S194.A%2FB-C.0"],
    "cpi-96": ["0614141.98765.12345", "061414.999999999.2147483647"],
    "cpi-var": ["0614141.5PQ7%2FZ43.12345", "061414199999.-%23%2F.0"],
    "gdti-113": ["0614141.12345.00017", "061414112345..0"],
    "sgcn-96": ["4012345.67890.04711", "401234567890..1"],
    "itip-110": ["4012345.012345.01.02.981", "401234567890.0.99.99.274877906943"],
    "itip-212": ["4012345.012345.01.02.mw133%2F"],
    "giai-202": ["0614141.ABC%2F12", "061414112345.ABCDEFGHIJKLMNOPQR"],
    "grai-170": ["0614141.12345.mw133%25", "061414112345..AB"],
    "gsrnp-96": ["0614141.1234567890"],
    "gdti-174": ["0614141.12345.ABCDefgh012345678"],
}


@pytest.mark.parametrize(("coding", "body"), [(coding, body) for coding, bodies in PARTS.items() for body in bodies])
def test_every_coding_both_ways(coding: str, body: str) -> None:
    most = (1 << CODINGS[coding].filter_bits) - 1
    text = f"urn:epc:tag:{coding}:{f'{most}.' if most else ''}{body}"
    read = parse(text)
    assert (read.valid, read.tag) == (True, text), read.findings
    assert read.epc is not None
    again = parse(encode(read.epc, coding, most))
    assert (again.epc, again.tag) == (read.epc, text)


def test_every_coding_is_tried() -> None:
    assert {*PARTS, *(tag.split(":")[3] for _, tag in PUBLISHED)} == set(CODINGS)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("3F", "EPC-08"),
        ("0000000000000000", "EPC-07"),
        ("F700000000000000", "UDI-02"),
        ("307C257BF7194E4000001A85", "EPC-08"),  # partition 7
        ("3174257BF4499602D2000001", "EPC-08"),  # bits behind the EPC
        ("30000000000003C000000000", "EPC-08"),  # an item reference of more digits than there is room
        ("3600000000000000000000000000000000000000000000000000", "EPC-08"),  # a serial of no characters
        ("urn:epc:tag:sgtin-97:1.0614141.112345.1", "EPC-02"),
        ("urn:epc:tag:sgtin-96:8.0614141.112345.1", "EPC-03"),
        ("urn:epc:tag:sgtin-96:1.0614141.112345.01", "EPC-08"),
        ("urn:epc:tag:sgtin-96:1.0614141.112345.ABC", "EPC-08"),
        ("urn:epc:tag:sgtin-96:1.0614141.112345", "EPC-01"),
        ("urn:epc:raw:96.x3074257BF7194E4000001A", "EPC-01"),
        ("HELLO", "EPC-01"),
        ("", "EPC-01"),
    ],
)
def test_what_no_tag_holds(text: str, rule: str) -> None:
    read = parse(text)
    assert (read.valid, read.epc, [finding.rule for finding in read.findings]) == (False, None, [rule])


@pytest.mark.parametrize(
    ("thing", "coding", "filter_value", "reason"),
    [
        (Epc("sgtin", ("0614141", "112345", "1")), "sscc-96", 0, "sgtin-198, sgtin-96"),
        (Epc("bic", ("CSQU3054383",)), "bic-96", 0, "none"),
        (Epc("sgtin", ("0614141", "112345", "1")), "sgtin-96", 8, "0 to 7"),
        (Epc("sgtin", ("0614141", "112345", None), "idpat"), "sgtin-96", 0, "not a pattern"),
        (Epc("sgtin", ("0614141", "112345", "274877906944")), "sgtin-96", 0, "below"),
        (Epc("giai", ("061414112345", "ABCDEFGHIJKLMNOPQRSTUV")), "giai-202", 0, "1 to 21"),
    ],
)
def test_what_a_coding_does_not_hold(thing: Epc, coding: str, filter_value: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode(thing, coding, filter_value)


@given(st.sampled_from(sorted(coding.header for coding in CODINGS.values())), st.binary(min_size=11, max_size=33))
@settings(max_examples=examples(600))
def test_any_memory_reads_or_tells_why_not(header: int, rest: bytes) -> None:
    text = (bytes([header]) + rest).hex().upper()
    read = parse(text)
    assert read.valid is (read.epc is not None)
    if read.epc is not None and read.tag is not None:
        coding, body = read.tag.split(":", 4)[3:5]
        filtered = int(body.split(".")[0]) if CODINGS[coding].filter_bits else 0
        assert text.rstrip("0") == encode(read.epc, coding, filtered).rstrip("0"), "the same bits but for zeros at the end"
