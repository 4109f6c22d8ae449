"""EPC URIs and element strings say the same, both ways, and what is no EPC is told why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import bracketed, digital_link, epc
from data_contracts.identifiers.components import CSET39, CSET82
from data_contracts.identifiers.epc import Epc
from data_contracts.identifiers.epc_schemes import SCHEMES
from tests.effort import examples

DIGITS = "0123456789"
SAME = [
    ("urn:epc:id:sgtin:0614141.112345.400", "(01)10614141123459(21)400"),
    ("urn:epc:id:sscc:0614141.1234567890", "(00)106141412345678908"),
    ("urn:epc:id:sgln:0614141.12345.400", "(414)0614141123452(254)400"),
    ("urn:epc:id:sgln:0614141.12345.0", "(414)0614141123452"),
    ("urn:epc:id:grai:0614141.12345.400", "(8003)00614141123452400"),
    ("urn:epc:id:giai:0614141.12345400", "(8004)061414112345400"),
    ("urn:epc:id:gsrn:0614141.1234567890", "(8018)061414112345678902"),
    ("urn:epc:id:gsrnp:0614141.1234567890", "(8017)061414112345678902"),
    ("urn:epc:id:gdti:0614141.12345.400", "(253)0614141123452400"),
    ("urn:epc:id:sgcn:4012345.67890.04711", "(255)401234567890104711"),
    ("urn:epc:id:ginc:0614141.xyz3311cba", "(401)0614141xyz3311cba"),
    ("urn:epc:id:gsin:0614141.123456789", "(402)06141411234567890"),
    ("urn:epc:id:itip:4012345.012345.01.02.987", "(8006)040123451234560102(21)987"),
    ("urn:epc:id:upui:1234567.089456.51qIgY)%3C%26Jp3*j7'SDB", "(01)01234567894560(235)51qIgY)<&Jp3*j7'SDB"),
    ("urn:epc:id:pgln:1234567.89012", "(417)1234567890128"),
    ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345", "(8010)06141415PQ7/Z43(8011)12345"),
    ("urn:epc:class:lgtin:4012345.012345.998877", "(01)04012345123456(10)998877"),
    ("urn:epc:idpat:sgtin:0614141.112345.*", "(01)10614141123459"),
    ("urn:epc:idpat:grai:0614141.12345.*", "(8003)00614141123452"),
    ("urn:epc:idpat:gdti:0614141.12345.*", "(253)0614141123452"),
    ("urn:epc:idpat:sgcn:4012345.67890.*", "(255)4012345678901"),
    ("urn:epc:idpat:cpi:0614141.5PQ7%2FZ43.*", "(8010)06141415PQ7/Z43"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "(8006)040123451234560102"),
]


@pytest.mark.parametrize(("uri", "elements"), SAME)
def test_both_ways(uri: str, elements: str) -> None:
    read = epc.parse(uri)
    assert read.valid
    assert read.epc is not None
    assert read.epc.uri == uri
    assert bracketed.write(read.epc.elements) == elements
    prefix = read.epc.parts[0]
    assert prefix is not None
    assert epc.of(bracketed.parse(elements, associations=False).elements, len(prefix)).uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:gid:95100000.12345.400",
        "urn:epc:id:usdod:CJ2QV.12345",
        "urn:epc:id:adi:35962.PQ7VZ4.M37GXB92",
        "urn:epc:id:adi:W81X9C..%23123A",
        "urn:epc:id:bic:CSQU3054383",
        "urn:epc:id:imovn:9176187",
        "urn:epc:idpat:sgtin:0614141.*.*",
        "urn:epc:idpat:itip:4012345.012345.*.*.*",
        "urn:epc:idpat:gid:*.*.*",
    ],
)
def test_what_has_no_element_strings(uri: str) -> None:
    read = epc.parse(uri)
    assert read.findings == ()
    assert read.epc is not None
    assert read.epc.uri == uri
    assert read.epc.elements == ()


@pytest.mark.parametrize(
    ("uri", "rules"),
    [
        ("", ["EPC-01"]),
        ("urn:epc:id:sgtin", ["EPC-01"]),
        ("urn:epc:id:sgtin:0614141.112345", ["EPC-01"]),
        ("urn:epc:id:ssgtin:0614141.112345.1", ["EPC-02"]),
        ("urn:epc:id:lgtin:0614141.112345.1", ["EPC-02"]),
        ("urn:epc:class:sgtin:0614141.112345.1", ["EPC-02"]),
        ("urn:epc:id:sgtin:0614141.11234.1", ["EPC-03"]),
        ("urn:epc:id:sgtin:06141.11234567.1", ["EPC-03"]),
        ("urn:epc:id:sgtin:0614141.112345.", ["EPC-03"]),
        ("urn:epc:id:sgtin:0614141.112345.123456789012345678901", ["EPC-03"]),
        ("urn:epc:id:sgtin:0614141.112345.%E4", ["EPC-03"]),
        ("urn:epc:id:sgtin:*.*.*", ["EPC-03", "EPC-03"]),
        ("urn:epc:idpat:sgtin:*.112345.1", ["EPC-03"]),
        ("urn:epc:id:giai:0614141.1234567890123456789012345", ["EPC-03"]),
        ("urn:epc:id:giai:0614141." + "1" * 24, ["EPC-03"]),
        ("urn:epc:id:cpi:0614141.123ABC.0123", ["EPC-03"]),
        ("urn:epc:id:gid:268435456.1.1", ["EPC-03"]),
        ("urn:epc:id:imovn:917618", ["EPC-03"]),
    ],
)
def test_what_is_no_epc(uri: str, rules: list[str]) -> None:
    read = epc.parse(uri)
    assert (read.valid, read.epc, [finding.rule for finding in read.findings]) == (False, None, rules)


@pytest.mark.parametrize(
    ("uri", "rules", "canonical"),
    [
        ("urn:epc:class:lgtin:4384738478.734.8484892%", ["EPC-04", "EPC-06"], "urn:epc:class:lgtin:4384738478.734.8484892%25"),
        ("urn:epc:id:sgtin:0614141.112345.A/B", ["EPC-04"], "urn:epc:id:sgtin:0614141.112345.A%2FB"),
        ("urn:epc:id:bic:CSQU3054384", ["EPC-05"], "urn:epc:id:bic:CSQU3054384"),
        ("urn:epc:id:imovn:9176188", ["EPC-05"], "urn:epc:id:imovn:9176188"),
        ("urn:epc:id:sscc:692636.01234567890", ["EPC-06"], "urn:epc:id:sscc:692636.01234567890"),
    ],
)
def test_what_is_read_with_a_remark(uri: str, rules: list[str], canonical: str) -> None:
    read = epc.parse(uri)
    assert (read.valid, [finding.rule for finding in read.findings]) == (True, rules)
    assert read.epc is not None
    assert read.epc.uri == canonical


@pytest.mark.parametrize(
    ("elements", "length", "reason"),
    [
        ("(10)A17", None, "no element is a key"),
        ("(01)06926365598004(21)1", 8, "digits of its check"),
        ("(01)99990000000001(21)1", None, "has not been published"),
        ("(8004)ABCDEFG", 6, "company prefix"),
    ],
)
def test_what_has_no_epc(elements: str, length: int | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        epc.of(bracketed.parse(elements, associations=False).elements, length)


def test_the_published_length_of_the_prefix_counts_unless_told() -> None:
    elements = [("01", "06926365598003"), ("10", "A17"), ("21", "S/1"), ("17", "280200")]
    assert epc.of(elements).uri == "urn:epc:id:sgtin:69263655.09800.S%2F1"
    assert epc.of(elements[:2]).uri == "urn:epc:class:lgtin:69263655.09800.A17"
    assert epc.of(elements[:1]).uri == "urn:epc:idpat:sgtin:69263655.09800.*"
    assert epc.of([("01", "00000012345670"), ("21", "1")]).uri == "urn:epc:id:sgtin:00000123.04567.1", "a GTIN-8"


@st.composite
def things(draw: st.DrawFn) -> Epc:
    """Any EPC of GS1's schemes that names one thing or a lot."""
    scheme = draw(st.sampled_from([scheme for scheme in SCHEMES.values() if scheme.key is not None]))
    length = draw(st.integers(6, 12))
    parts = [draw(st.text(DIGITS, min_size=length, max_size=length))]
    if scheme.digits is not None:
        parts.append(draw(st.text(DIGITS, min_size=scheme.digits - length, max_size=scheme.digits - length)))
    else:
        parts.append(draw(st.text(CSET39 if scheme.name == "cpi" else CSET82, min_size=1, max_size=30 - length)))
    longest = {"grai": 16, "gdti": 17, "upui": 28}.get(scheme.name, 20)
    for part in scheme.parts[2:]:
        if part.name in ("piece", "total"):
            parts.append(draw(st.text(DIGITS, min_size=2, max_size=2)))
        elif scheme.name == "cpi":
            parts.append(str(draw(st.integers(0, 999_999_999_999))))
        elif scheme.name == "sgcn":
            parts.append(draw(st.text(DIGITS, min_size=1, max_size=12)))
        else:
            parts.append(draw(st.text(CSET82, min_size=1, max_size=longest)))
    return Epc(scheme.name, tuple(parts), "class" if scheme.name == "lgtin" else "id")


@given(things())
@settings(max_examples=examples(600))
def test_any_thing_both_ways(thing: Epc) -> None:
    read = epc.parse(thing.uri)
    assert (read.valid, read.epc) == (True, thing)
    assert epc.of(thing.elements, len(thing.parts[0] or "")) == thing


@given(things())
@settings(max_examples=examples(300))
def test_a_digital_link_gives_the_same_thing(thing: Epc) -> None:
    read = digital_link.parse(digital_link.write(thing.elements), associations=False)
    assert read.elements == thing.elements


@given(st.text(max_size=60) | st.text("urn:epcidat.*%0123456789sgl", max_size=60).map("urn:epc:id:sgtin:".__add__))
def test_never_raises(text: str) -> None:
    read = epc.parse(text)
    assert read.valid is (read.epc is not None)
