"""URIs of things: what they name, and the form in which two of one thing are equal."""

from __future__ import annotations

import pytest

from data_contracts.events.things import identify
from data_contracts.events.vocabulary import vocabularies, vocabulary
from data_contracts.identifiers import epc_tag


@pytest.mark.parametrize(
    ("uri", "level", "canonical"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2017", "instance", "01/10614141073464/21/2017"),
        ("https://shop.example/x/01/10614141073464/10/A1/21/2017", "instance", "01/10614141073464/21/2017"),
        ("http://id.gs1.org/01/10614141073464/22/2A/21/a%2Fb?17=250101", "instance", "01/10614141073464/21/a%2Fb"),
        ("urn:epc:id:sgtin:0614141.107346.a%2Fb", "instance", "01/10614141073464/21/a%2Fb"),
        ("urn:epc:class:lgtin:4012345.012345.998877", "class", "01/04012345123456/10/998877"),
        ("https://id.gs1.org/01/04012345123456/10/998877", "class", "01/04012345123456/10/998877"),
        ("urn:epc:idpat:sgtin:4012345.098765.*", "class", "01/04012345987652"),
        ("https://id.gs1.org/01/04012345987652", "class", "01/04012345987652"),
        ("urn:epc:id:sscc:0614141.1234567890", "instance", "00/106141412345678908"),
        ("urn:epc:id:sgln:0614141.00777.0", "instance", "414/0614141007776"),
        ("urn:epc:id:sgln:4012345.00011.987", "instance", "414/4012345000115/254/987"),
        ("urn:epc:id:grai:4012345.55555.987", "instance", "8003/04012345555554987"),
        ("urn:epc:idpat:grai:4012345.55555.*", "class", "8003/04012345555554"),
        ("https://id.gs1.org/253/4012345000054987", "instance", "253/4012345000054987"),
        ("https://id.gs1.org/253/4012345000054", "class", "253/4012345000054"),
    ],
)
def test_what_gs1_identifiers_name(uri: str, level: str, canonical: str) -> None:
    thing = identify(uri)
    assert (thing.level, thing.uri, thing.faults) == (level, f"https://id.gs1.org/{canonical}", ())


@pytest.mark.parametrize(
    "uri", ["http://parts.example/7781", "urn:uuid:0b7a5e3e-8c4b-49a4-8a86-0b62e1a70002", "geo:47.5,11.1", "https://id.gs1.org/"]
)
def test_what_is_none_of_gs1_stays_as_it_is(uri: str) -> None:
    assert (identify(uri).level, identify(uri).uri) == ("unknown", uri)


def test_a_uri_that_only_claims_to_be_an_epc_says_why() -> None:
    assert identify("urn:epc:id:sgtin:0614141.10734.2017").faults[0].rule == "EPC-03"
    assert identify("https://id.gs1.org/01/10614141073465/21/1").faults[0].rule == "GS1-01"


def test_terms_have_three_spellings() -> None:
    steps = vocabulary("biz_step")
    assert steps.term("urn:epcglobal:cbv:bizstep:shipping") == steps.term("https://ref.gs1.org/cbv/BizStep-shipping") == "shipping"
    assert (steps.address("shipping"), steps.written("shipping")) == (
        "https://ref.gs1.org/cbv/BizStep-shipping",
        "urn:epcglobal:cbv:bizstep:shipping",
    )
    assert steps.term("https://own.example/step") is None
    assert len(vocabularies()) == 8 and all(type(term) is str for known in vocabularies().values() for term in known.terms)


def test_memory_that_holds_no_epc_is_a_thing_by_itself() -> None:
    raw = epc_tag.raw("e2801160600002054e4b1a2c")
    assert raw == "urn:epc:raw:96.xE2801160600002054E4B1A2C" and epc_tag.is_raw(raw)
    assert (identify(raw).uri, identify(raw).level, identify(raw).faults) == (raw, "unknown", ())
    for wrong in ("urn:epc:raw:64.xE2801160600002054E4B1A2C", "urn:epc:raw:96.xE280116060000205", "urn:epc:raw:96.E280"):
        assert identify(wrong).faults and not epc_tag.is_raw(wrong)
