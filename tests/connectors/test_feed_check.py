"""The quick look at a sound message and the long way that says what is wrong must agree on any tree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feed import parse_grammar
from connectors.feed_check import Checker, Plan, _sound, element_path
from data_contracts.source import SourceRecord
from tests.effort import examples

GRAMMAR = b"""
version: 1
grammar: g
format: xml
message: g
messages: g
fields:
  "@x": {type: integer}
  a: {type: integer, required: true, fields: {"@x": {type: text, required: true}}}
  b: {type: text, many: true, enum: [p, q]}
  c: {type: record, fields: {"": {type: text}, a: {type: text, required: true}}}
  d: {type: record, many: true, required: true, fields: {b: {type: text, many: true}, a: {type: integer}}}
"""
PLAN = Plan.of(parse_grammar(GRAMMAR, "g.yaml", "g", "xml").fields)


@st.composite
def trees(draw: st.DrawFn, tag: str = "g", depth: int = 3) -> SourceRecord:
    names = draw(st.lists(st.sampled_from(["@x", "a", "b", "c", "", "z"]), max_size=3, unique=True))
    record = SourceRecord(tag, {name: draw(st.sampled_from(["1", "p", "x"])) for name in names}, 1)
    if depth:
        record.children = [draw(trees(tag, depth - 1)) for tag in draw(st.lists(st.sampled_from("abcdz"), max_size=4))]
        for child in record.children:
            child.parent = record
    return record


def _good() -> SourceRecord:
    """A sound message, to begin from: chance alone makes few."""
    root = SourceRecord("g", {"a": "1"}, 1)
    root.children = [SourceRecord("a", {"@x": "k"}, 2, root), SourceRecord("d", {"a": "2"}, 3, root)]
    return root


@settings(max_examples=examples(1500), deadline=None)
@given(st.one_of(trees(), st.lists(trees("d", 1) | trees("b", 0) | trees("c", 1) | trees("a", 0), max_size=2)))
def test_the_quick_look_and_the_long_way_agree(made: SourceRecord | list[SourceRecord]) -> None:
    root = made if isinstance(made, SourceRecord) else _good()
    if isinstance(made, list):
        for child in made:
            child.parent = root
            root.children.append(child)
    checker = Checker(PLAN, element_path)
    checker._record(root, PLAN, "/g")
    assert _sound(root, PLAN) == (not checker._findings and not checker._unknown)


def test_a_sound_message_is_sound() -> None:
    assert _sound(_good(), PLAN) and Checker(PLAN, element_path).check(_good(), "/g") == []
