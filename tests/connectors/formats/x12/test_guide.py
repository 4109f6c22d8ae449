"""The guide says what the tables say."""

from __future__ import annotations

import pytest

from connectors.formats.x12.grammar import BASE_VERSIONS, known_messages, load
from connectors.formats.x12.guide import describe
from connectors.guide_page import as_html


def test_guide_of_the_despatch_advice() -> None:
    grammar = load("856", "005010")
    assert grammar is not None
    lines = describe(grammar).splitlines()
    assert lines[0] == "# 856 Ship Notice/Manifest (005010)"
    assert "HL levels nest by HL02, in any order." in lines
    assert "CTT01 counts the HL segments." in lines
    assert "| **loop HL** | Hierarchical Level | M | 200000 |" in lines
    assert "| &emsp;&emsp;N4 | Geographic Location | O | 1 |" in lines
    assert "| REF02 | 127 | Reference Identification | O | AN | 1 to 50 |  |" in lines
    assert "| HL04 | 736 | Hierarchical Child Code | O | ID | 1 | 0 1 |" in lines
    assert "| BSN01 | 353 | Transaction Set Purpose Code | M | ID | 2 | 00 to SU (86 codes) |" in lines
    assert "| MEA04-1 | 355 | Unit or Basis for Measurement Code | M | ID | 2 |  |" in lines
    assert "Conditions: at most one of N402, N407; if N406 then N405; if N407 then N404." in lines


def test_guide_says_how_a_set_is_meant() -> None:
    grammar = load("861", "006020")
    assert grammar is not None
    lines = describe(grammar).splitlines()
    assert lines[0] == "# 861 Receiving Advice/Acceptance Certificate (006020)"
    assert lines[2] == ("What arrived and in which state. A line (RCD) says what was received; what is in question has a reason beside it.")


@pytest.mark.parametrize("message", known_messages())
def test_every_segment_is_described_once(message: str) -> None:
    grammar = load(message, "005010")
    assert grammar is not None
    text = describe(grammar)
    for tag in {use.id for use in grammar.segments()}:
        assert text.count(f"\n## {tag} ") == 1


@pytest.mark.parametrize("message", known_messages())
def test_every_set_has_a_page_in_both_languages(message: str) -> None:
    for version in BASE_VERSIONS:
        grammar = load(message, version)
        if grammar is None:
            continue
        for language in ("en", "zh-CN"):
            text = describe(grammar, language)  # type: ignore[arg-type]  # the two that there are
            page = as_html(text, language)  # type: ignore[arg-type]
            assert page.startswith("<!DOCTYPE html>")
            for use in grammar.segments():
                assert f"<h2>{use.id} " in page and f"## {use.id} " in text


def test_what_a_set_is_for_is_said_in_both_languages() -> None:
    for message in known_messages():
        grammar = load(message, "005010") or load(message, "004010")
        assert grammar is not None and bool(grammar.says) == bool(grammar.says_zh), message
    order = load("860", "004010")
    assert order is not None
    assert "Change of an order by the buyer" in describe(order) and "采购方对订单的更改" in describe(order, "zh-CN")
