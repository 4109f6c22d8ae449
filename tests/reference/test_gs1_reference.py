"""Every published or engine-labelled GS1 example that our table covers gives the answer that it states."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data_contracts.identifiers import (
    associations,
    bracketed,
    components,
    dates,
    digital_link,
    element_string,
    epc,
    epc_tag,
    gln,
    gmn,
    gsin,
    gsrn,
    gtin,
    hibc,
    ifa,
    isbt128,
    ma,
    scan,
    sscc,
)
from data_contracts.identifiers.carrier import ParsedCarrier
from data_contracts.identifiers.syntax_dictionary import _CHECKS, as_yaml
from data_contracts.identifiers.udi import identify

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"]) / "gs1"
pytestmark = pytest.mark.reference

TODAY = date(2026, 11, 22)


def cases(*kinds: str) -> Iterator[dict[str, Any]]:
    if REFERENCE.is_dir():
        with (REFERENCE / "examples.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                case = json.loads(line)
                if case["kind"] in kinds:
                    yield case


TESTED: set[str] = set()
ELSEWHERE = {"epcis_event_hash", "epcis_json", "epcis_xml", "eudamed_xml", "gudid_json", "gudid_xml_bulk", "nmpa_xml"}
"""Kinds that are documents, not identifiers."""


def params(*kinds: str) -> list[Any]:
    TESTED.update(kinds)
    return [pytest.param(case, id=case["id"]) for case in cases(*kinds)]


@pytest.mark.parametrize("case", params("gtin", "gln", "sscc"))
def test_key(case: dict[str, Any]) -> None:
    read = {"gtin": gtin.parse, "gln": gln.parse, "sscc": sscc.parse}[case["kind"]](case["input"])
    assert read.valid is case["valid"]
    fields = case.get("fields", {})
    if "gtin14" in fields:
        assert read.value == fields["gtin14"]
    if "check_digit" in fields:
        assert read.text[-1] == str(fields["check_digit"])


@pytest.mark.parametrize("case", params("gs1_ai_bracketed", "gs1_hri_diff", "gs1_element_string", "gs1_scan_diff"))
def test_message(case: dict[str, Any]) -> None:
    parse = {"gs1_element_string": element_string.parse, "gs1_scan_diff": scan.parse}.get(case["kind"], bracketed.parse)
    read = parse(case["input"], associations=case["options"]["associations"])
    assert read.valid is case["valid"], read.findings
    fields = case.get("fields", {})
    if "ais" in fields:
        assert [list(element) for element in read.elements] == fields["ais"]
    if "element_string" in fields:
        assert element_string.write(read.elements, "^") == fields["element_string"]


@pytest.mark.parametrize("case", params("gs1_scan_data"))
def test_scan(case: dict[str, Any]) -> None:
    read = scan.read(case["input"])
    assert {"symbology": read.symbology, "data": read.data} == case["fields"]


@pytest.mark.parametrize("case", params("gs1_ai_association"))
def test_association(case: dict[str, Any]) -> None:
    rule = {
        "repeats": associations.repeats,
        "mutex": associations.exclusions,
        "requisites": associations.requisites,
        "digsig_serialised_key": associations.signed_key,
    }[case["options"]["check"]]
    assert (not rule(bracketed.parse(case["input"], associations=False).elements)) is case["valid"]


@pytest.mark.parametrize("case", params("gs1_century"))
def test_century(case: dict[str, Any]) -> None:
    assert dates.day_of(case["input"], case["options"]["reference_year"]) == case["fields"]["date"]


LENGTHS = {"yymmd0": 6, "yymmdd": 6, "yyyymmdd": 8, "yyyymmd0": 8, "hhmi": 4, "hh": 2, "mi": 2, "ss": 2}
DIGITS = {*LENGTHS, "csum", "pieceoftotal", "csetnumeric", "latitude", "longitude", "nonzero", "zero"}
ALPHABETS = {"cset82": components.CSET82, "cset39": components.CSET39, "csetnumeric": "0123456789"}


@pytest.mark.parametrize("case", params("gs1_linter"))
def test_linter(case: dict[str, Any]) -> None:
    """The linters are our checks of parts; length and characters, which a linter judges too, are the shape's in ours."""
    linter, text = case["options"]["linter"], case["input"]
    good = True
    if linter in DIGITS:
        good = text.isascii() and text.isdigit()
    if linter in LENGTHS:
        good = good and len(text) == LENGTHS[linter]
    if linter in ALPHABETS:
        good = all(character in ALPHABETS[linter] for character in text)
    elif linter == "cset64":
        body = text.rstrip("=")
        good = len(text) - len(body) <= 2 and all(character in components.CSET64 for character in body)
    elif good:
        check = components.CHECKS[_CHECKS.get(linter, "long_date")]
        good = check(text) is None or (linter == "yyyymmd0" and text.endswith("00") and check(text[:6] + "01") is None)
    assert good is case["valid"]


def test_table_holds_the_facts_of_the_dictionary() -> None:
    dictionary = (REFERENCE / "syntax-dictionary" / "gs1-syntax-dictionary.txt").read_text(encoding="utf-8")
    ours = Path(components.__file__).with_name("application_identifiers.yaml").read_text(encoding="utf-8")
    assert ours == as_yaml(dictionary)


def of_issuer(case: dict[str, Any]) -> ParsedCarrier:
    """A case of another issuer, read by its own reader."""
    kind, given = case["kind"], case["input"]
    if kind == "hibc_pair":
        return hibc.parse_pair(given, TODAY)
    return {"hibc": hibc.parse, "isbt": isbt128.parse, "ifa_": ifa.parse, "cn_m": ma.parse}[kind[:4]](given, TODAY)


NAMES = {"expiry": "expires_on", "manufactured": "manufactured_on", "valid_until": "valid_until_on"}


@pytest.mark.parametrize(
    "case", params("hibc", "hibc_pair", "hibc_secondary", "isbt128_udi", "ifa_ppn", "ifa_message", "cn_ma", "cn_ma_lenient")
)
def test_issuer(case: dict[str, Any]) -> None:
    read = of_issuer(case)
    lenient = case["kind"].endswith("_lenient")
    assert read.valid is case["valid"] or lenient, read.findings
    if case["valid"]:
        fields = dict(case["fields"])
        if "issuer" in fields:
            assert fields.pop("issuer").lower() == read.issuer
        if "compound" in fields:
            compound = fields.pop("compound")
            assert (str(compound["count"]), compound["reference"]) == (read.parts["compound_count"], read.parts["compound_reference"])
        said = {**read.parts, **read.pi, "di": read.di}
        assert {NAMES.get(name, name): str(value).lower() if value is True else str(value) for name, value in fields.items()} == {
            NAMES.get(name, name): said.get(NAMES.get(name, name)) for name in fields
        }


@pytest.mark.parametrize("case", params("hibc_di_normalise"))
def test_filed_hibc_di(case: dict[str, Any]) -> None:
    assert hibc.normal_di(case["input"]) == (case["fields"]["di"], case["fields"]["form"] == "with_check")


@pytest.mark.parametrize("case", params("isbt128_din_check"))
def test_donation_number(case: dict[str, Any]) -> None:
    assert (isbt128.din_check(case["input"]), isbt128.din_flag(case["input"])) == (case["fields"]["check"], case["fields"]["flag"])


@pytest.mark.parametrize("case", params("gsrn", "gsin", "gmn_verify"))
def test_other_key(case: dict[str, Any]) -> None:
    read = {"gsrn": gsrn.parse, "gsin": gsin.parse, "gmn_verify": gmn.parse}[case["kind"]](case["input"])
    assert read.valid is case["valid"], read.findings
    if case["kind"] == "gmn_verify" and case["valid"]:
        assert gmn.generate(case["fields"]["payload"]) == case["input"]


@pytest.mark.parametrize("case", params("udi"))
def test_front_door(case: dict[str, Any]) -> None:
    found = identify(case["input"], today=TODAY)
    assert found.valid is case["valid"]
    if case["valid"]:
        fields = case["fields"]
        assert (found.issuer, found.di) == (fields["issuer"].lower(), fields["di"])
        assert (found.pi.get("expires_on"), found.pi.get("lot")) == (fields.get("expiry"), fields.get("lot"))


@pytest.mark.parametrize("case", params("gs1_digital_link_diff", "gs1_digital_link_parse"))
def test_digital_link(case: dict[str, Any]) -> None:
    options = case["options"]
    read = digital_link.parse(
        case["input"], associations=options["associations"], short_gtins=options.get("permit_zero_suppressed_gtin", False)
    )
    assert read.valid is case["valid"], read.findings
    if case["valid"]:
        assert [list(element) for element in read.elements] == case["fields"]["ais"]


@pytest.mark.parametrize("case", params("gs1_digital_link_generate"))
def test_digital_link_written(case: dict[str, Any]) -> None:
    elements = bracketed.parse(case["input"], associations=False).elements
    assert digital_link.write(elements, case["options"]["stem"]) == case["fields"]["uri"]


@pytest.mark.parametrize("case", params("gs1_dl_unescape"))
def test_digital_link_unescaped(case: dict[str, Any]) -> None:
    read = {"path": digital_link.unescape(case["input"]), "query": digital_link.unescape(case["input"], query=True)}
    assert read == case["fields"]


@pytest.mark.parametrize("case", params("epc_uri"))
def test_epc(case: dict[str, Any]) -> None:
    read = epc.parse(case["input"])
    assert read.valid is case["valid"], read.findings
    assert identify(case["input"], "epc", today=TODAY).valid is case["valid"]


@pytest.mark.parametrize("case", params("epc_tag"))
def test_tag(case: dict[str, Any]) -> None:
    read = epc_tag.parse(case["input"])
    assert read.epc is not None
    assert {"tag_uri": read.tag, "epc_uri": read.epc.uri} == case["fields"]
    coding, body = case["fields"]["tag_uri"].split(":", 4)[3:5]
    assert epc_tag.encode(read.epc, coding, int(body.split(".")[0])) == case["input"]


@pytest.mark.parametrize("case", params("epc_to_element"))
def test_epc_as_elements(case: dict[str, Any]) -> None:
    read = epc.parse(case["input"])
    assert read.epc is not None
    assert bracketed.write(read.epc.elements) == case["fields"]["gs1_element_string"]
    if "gs1_key" in case["fields"]:
        key = read.epc.elements[0][1]
        assert (key[1:] if read.epc.scheme == "grai" else key) == case["fields"]["gs1_key"], "the 0 before a GRAI only fills its AI"
    assert epc.of(read.epc.elements, case["options"]["company_prefix_length"]) == read.epc


@pytest.mark.parametrize("case", params("epc_to_dl"))
def test_epc_as_digital_link(case: dict[str, Any]) -> None:
    """One case carries a bare `%` into its link, which is no URI (RFC 3986 2.1); ours escapes it, and both read as the same elements."""
    found = identify(case["input"], today=TODAY)
    assert found.digital_link is not None
    assert re.sub("%(?![0-9A-F]{2})", "%25", case["fields"]["uri"]) == found.digital_link
    assert digital_link.parse(case["fields"]["uri"]).elements == found.elements


@pytest.mark.parametrize("case", params("dl_to_epc"))
def test_digital_link_as_epc(case: dict[str, Any]) -> None:
    elements = digital_link.parse(case["input"]).elements
    assert epc.of(elements, case["options"]["company_prefix_length"]).uri == case["fields"]["epc_uri"]


def test_every_kind_is_tested() -> None:
    with (REFERENCE / "examples.jsonl").open(encoding="utf-8") as lines:
        kinds = {json.loads(line)["kind"] for line in lines}
    assert kinds - ELSEWHERE <= TESTED
