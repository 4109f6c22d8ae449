"""Words for people are made fit for a syntax; numbers, codes and identifiers never are."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.edifact import fitting as edifact
from connectors.formats.edifact.grammar import load as edifact_grammar
from connectors.formats.idoc import fitting as idoc
from connectors.formats.idoc.grammar import tables_for
from connectors.formats.x12 import fitting as x12
from connectors.formats.x12.grammar import load as x12_grammar
from connectors.registry import format_named, traits_of
from connectors.spec import Envelope, Fitting, Profile
from connectors.words import fitted
from data_contracts.findings import has_error
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.effort import examples
from tests.mappings.shipped import load

ORDER: dict[str, Any] = {
    "entity": "PurchaseOrder",
    "purpose": "original",
    "number": "4500000123",
    "issued_at": datetime(2026, 11, 22, 8, tzinfo=UTC),
    "currency": "EUR",
    "supplier": {"name": "Maker", "code": "V1", "code_scheme": "assigned_by_buyer", "address": "Road 1", "city": "Delft"},
    "lines": [{"line": "10", "buyer_item": "RM-1", "quantity": 5, "unit": "EA", "description": "Screw"}],
}
TARGETS = (("x12/850", "850", "004010"), ("edifact/ORDERS", "ORDERS", "D.96A"), ("idoc/ORDERS", "ORDERS", ""), ("ubl/Order", "Order", ""))
ODD = "Crème ≥ 5 “µm” * ~ : ' + ? \n\x00 骨螺钉 " * 12


def tree(mapping: str, order: dict[str, Any]) -> SourceRecord:
    said = copy.deepcopy(order)
    for line in said["lines"]:
        line["quantity"] = load("x12/850").plan.root.scopes[0].rules[1].function.read(str(line["quantity"]))
    return load(mapping).write(said, Context(components=traits_of(mapping.split("/")[0]).components))


def envelope(syntax: str, version: str) -> Envelope:
    party = {"x12": "ZZ:{}", "edifact": "ZZ:{}", "idoc": "LS:{}", "ubl": "0088:{}"}[syntax]
    return Envelope(party.format("NORTH"), party.format("ACME"), 1, 1, 1, datetime(2026, 11, 22, 8, tzinfo=UTC), version)


def sent(mapping: str, message: str, version: str, order: dict[str, Any]) -> tuple[SourceRecord, list[tuple[str, str]], bytes]:
    syntax = format_named(mapping.split("/")[0])
    assert isinstance(syntax, Fitting)
    root, outside = tree(mapping, order), envelope(syntax.name, version)
    findings = syntax.fit(message, root, outside, Profile())
    content = syntax.write([(message, root)], outside, Profile())
    read = [event.message for event in syntax.read(BytesIO(content), Profile()) if event.message is not None]
    assert len(read) == 1 and not has_error(read[0].findings) and read[0].root is not None
    return read[0].root, [(finding.expected or "", finding.got or "") for finding in findings], content


@pytest.mark.parametrize(("mapping", "message", "version"), TARGETS)
def test_long_and_odd_words_go_out_changed_and_are_told(mapping: str, message: str, version: str) -> None:
    order = copy.deepcopy(ORDER)
    order["lines"][0]["description"] = ODD
    root, told, _ = sent(mapping, message, version, order)
    assert told and all(was != now for was, now in told)
    again = load(mapping).read(root, Context(components=traits_of(mapping.split("/")[0]).components))
    assert again.entity is not None
    assert again.entity["lines"][0]["description"].startswith("Cr")
    assert (again.entity["number"], again.entity["lines"][0]["buyer_item"]) == ("4500000123", "RM-1")


@pytest.mark.parametrize(("mapping", "message", "version"), TARGETS)
def test_what_fits_is_left_as_it_is(mapping: str, message: str, version: str) -> None:
    _, told, _ = sent(mapping, message, version, ORDER)
    assert told == []


@pytest.mark.parametrize(("mapping", "message", "version"), TARGETS[:3])
@pytest.mark.parametrize("place", ["number", "buyer_item"])
def test_an_identifier_is_refused_and_never_cut(mapping: str, message: str, version: str, place: str) -> None:
    order = copy.deepcopy(ORDER)
    (order if place == "number" else order["lines"][0])[place] = "X" * 90
    syntax = format_named(mapping.split("/")[0])
    assert isinstance(syntax, Fitting)
    root, outside = tree(mapping, order), envelope(syntax.name, version)
    assert syntax.fit(message, root, outside, Profile()) == []
    try:
        content = syntax.write([(message, root)], outside, Profile())
    except ValueError:
        return
    assert b"X" * 90 in content
    assert any(event.message is not None and has_error(event.message.findings) for event in syntax.read(BytesIO(content), Profile()))


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=120).filter(str.strip), st.sampled_from(TARGETS))
def test_any_words_can_be_sent_once_they_are_fitted(text: str, target: tuple[str, str, str]) -> None:
    order = copy.deepcopy(ORDER)
    order["lines"][0]["description"] = text
    order["supplier"] |= {"name": text, "address": text, "city": f"{text}xx"}
    sent(*target, order)


@pytest.mark.parametrize("mark", ["\x1c", "\x1d", "\x1e", "\x1f"])
@pytest.mark.parametrize(("mapping", "message", "version"), TARGETS[:2])
def test_a_separator_of_the_tree_in_words_is_blanked_and_told(mapping: str, message: str, version: str, mark: str) -> None:
    order = copy.deepcopy(ORDER)
    order["supplier"] |= {"city": f"De{mark}lft", "name": f"Ma{mark}ker"}
    order["lines"][0]["description"] = f"Screw{mark}Bolt"
    root, told, _ = sent(mapping, message, version, order)
    assert {now for _, now in told} == {"De lft", "Ma ker", "Screw Bolt"}
    again = load(mapping).read(root, Context(components=traits_of(mapping.split("/")[0]).components))
    assert again.entity is not None
    assert (again.entity["supplier"]["city"], again.entity["lines"][0]["description"]) == ("De lft", "Screw Bolt")


@pytest.mark.parametrize("mark", ["\x1c", "\x1d", "\x1e", "\x1f"])
def test_a_separator_of_the_tree_in_a_number_is_refused(mark: str) -> None:
    order = copy.deepcopy(ORDER)
    order["number"] = f"4500{mark}1"
    syntax = format_named("edifact")
    with pytest.raises(ValueError, match="cannot carry"):
        syntax.write([("ORDERS", tree("edifact/ORDERS", order))], envelope("edifact", "D.96A"), Profile())


def test_a_form_feed_at_the_end_of_words_leaves_no_xml_unwritten() -> None:
    order = copy.deepcopy(ORDER)
    order["lines"][0]["description"] = "Screw\x0c"
    assert sent(*TARGETS[3], order)[1] == [("Screw\x0c", "Screw")]


def test_gbk_characters_whose_bytes_hold_a_delimiter_are_left_out() -> None:
    tricky = next(chr(code) for code in range(0x4E00, 0x9FFF) if b"|" in chr(code).encode("gbk", "ignore"))
    order = copy.deepcopy(ORDER)
    order["lines"][0]["description"] = f"骨{tricky}钉"
    syntax, outside = format_named("x12"), envelope("x12", "004010")
    assert isinstance(syntax, Fitting)
    root, profile = tree("x12/850", order), Profile(charset="gbk", options={"delimiters": {"element": "|"}})
    assert [finding.got for finding in syntax.fit("850", root, outside, profile)] == ["骨 钉"]
    assert "骨 钉".encode("gbk") in syntax.write([("850", root)], outside, profile)


def test_level_a_gets_capitals() -> None:
    order = copy.deepcopy(ORDER)
    order["lines"][0]["description"] = "Screw"
    syntax, outside = format_named("edifact"), envelope("edifact", "D.96A")
    assert isinstance(syntax, Fitting)
    root, profile = tree("edifact/ORDERS", order), Profile(options={"syntax": "UNOA:3"})
    assert ("Screw", "SCREW") in [(finding.expected, finding.got) for finding in syntax.fit("ORDERS", root, outside, profile)]


def test_words_are_elements_that_the_tables_know() -> None:
    known = {number for name in ("850", "856", "810", "214", "204", "945") for number in numbers(x12_grammar(name, "005010"))}
    assert {"93", "352", "166", "19", "933"} <= x12.WORDS & known
    known = {number for name in ("ORDERS", "DESADV", "INVOIC") for number in numbers(edifact_grammar(name, "D.96A"))}
    assert {"3036", "3042", "3164", "7008", "4440"} <= edifact.WORDS & known
    assert {"NAME1", "KTEXT"} <= idoc.WORDS and "NAME1" in tables_for(Profile()).segments["E1EDKA1"].by_name


def numbers(grammar: Any) -> set[str]:
    return {part.number for use in grammar.segments() for element in use.elements for part in (element, *element.components)}


def test_nothing_is_ever_left_of_words_but_a_mark() -> None:
    assert fitted("\x00\n", 5, "ascii", str.isprintable) == "?" and fitted("骨螺钉", 2, "ascii", str.isprintable) == "??"
