"""What is written reads back equal and without a finding, for every message in both directories; what cannot be said is refused."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.edifact import FORMAT
from connectors.formats.edifact.grammar import DIRECTORIES, Grammar, known_messages, load
from connectors.formats.edifact.separators import COMPONENT, REPETITION
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import SourceRecord
from tests.connectors.formats.edifact.instances import comparable, instance
from tests.connectors.formats.edifact.samples import DESPATCH, ORDER, envelope_findings, events, messages, one
from tests.effort import examples

ENVELOPE = Envelope("14:7640123000001", "ZZ:RHEINTAL", 815, 3, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="D.96A")


def every_grammar() -> list[Grammar]:
    versions = {"CONTRL": ("D.3", "4.1")}
    loaded = (load(name, version) for name in sorted(known_messages()) for version in versions.get(name, DIRECTORIES))
    return [grammar for grammar in loaded if grammar is not None]


def version_of(grammar: Grammar) -> str:
    return {"3": "D.3", "4": "4.1"}.get(grammar.tables, grammar.tables)


def carries(grammar: Grammar, seed: int, fullness: float) -> None:
    """The law on one random tree, in a random dialect."""
    random = Random(seed)
    modern = grammar.tables in ("4", "D.01B")
    delimiters = random.choice(
        [
            {},
            {"component": "|", "element": "*" if not modern else "^", "segment": "~"},
            {"release": "!"},
            {"component": "\x1f", "element": "\x1d", "segment": "\x1c"},
        ]
    )
    options = {
        "syntax": random.choice(["UNOC:4", "UNOY:4"] if modern else ["UNOC:3", "UNOW:3"]),
        "line_end": random.choice(["", "\r\n", "\n"]),
        "association": random.choice(["", "EAN008"]),
        "groups": random.random() < 0.2,
    }
    profile = Profile(options=options)
    tree = instance(grammar, random, fullness, repeats=modern)
    envelope = replace(ENVELOPE, version=version_of(grammar), delimiters=delimiters, test=random.random() < 0.5)
    content = FORMAT.write([(grammar.message, tree)] * 2, envelope, profile)
    # EDF-I115 guesses by the bytes: what is drawn at random may look like Chinese.
    assert [finding for finding in envelope_findings(content) if finding.rule != "EDF-I115"] == []
    found = messages(content)
    assert [one.findings for one in found] == [[], []], content
    for back in found:
        assert back.root is not None and comparable(back.root, grammar) == comparable(tree, grammar), content
    again = FORMAT.write([(one.type, one.root) for one in found if one.root is not None], envelope, profile)
    assert again == content


@pytest.mark.parametrize("grammar", every_grammar(), ids=lambda grammar: f"{grammar.message}-{grammar.tables}")
def test_every_message_is_carried(grammar: Grammar) -> None:
    for seed in range(6):
        carries(grammar, seed, 0.12)


@pytest.mark.slow
@settings(max_examples=examples(1500), deadline=None)
@given(st.integers(0, len(every_grammar()) - 1), st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.2, 0.4]))
def test_every_message_is_carried_whatever_is_in_it(place: int, seed: int, fullness: float) -> None:
    carries(every_grammar()[place], seed, fullness)


def test_what_is_written_is_known_by_its_envelope() -> None:
    (order,) = messages(one("ORDERS", ORDER))
    assert order.root is not None
    asked = replace(ENVELOPE, test=True, acknowledgement_requested=True)
    content = FORMAT.write(
        [("ORDERS", order.root)], asked, Profile(options={"association": "EAN999", "application": "ORDERS", "line_end": "\n"})
    )
    lines = content.decode().split("\n")
    assert lines[:3] == [
        "UNA:+.? '",
        "UNB+UNOC:3+7640123000001:14+RHEINTAL:ZZ+261122:0830+815++ORDERS++1++1'",
        "UNH+1+ORDERS:D:96A:UN:EAN008'",  # the tree states its own association code
    ]
    assert lines[7] == "NAD+SU+7612345000008::9++RHEINTAL TITAN?: WERK 2'"
    assert lines[-3:] == ["UNT+16+1'", "UNZ+1+815'", ""]
    (interchange,) = [event.interchange for event in events(content) if event.kind == "interchange"]
    assert interchange is not None and interchange.test and interchange.acknowledgement_requested


def test_each_message_may_be_made_when_it_is_asked_for_and_then_let_go() -> None:
    def made() -> Iterator[tuple[str, SourceRecord]]:
        for _ in range(3):
            order = deepcopy(written)
            yield "ORDERS", order
            order.release()

    written = messages(one("ORDERS", ORDER))[0].root
    assert written is not None
    assert FORMAT.write(made(), ENVELOPE, STRICT) == FORMAT.write([("ORDERS", written)] * 3, ENVELOPE, STRICT)


def test_the_writer_orders_counts_and_sections_by_itself() -> None:
    (despatch,) = messages(one("DESADV", DESPATCH))
    root = despatch.root
    assert root is not None
    root.children = [child for child in reversed(root.children) if child.tag != "CNT"]
    text = FORMAT.write([("DESADV", root)], ENVELOPE, STRICT).decode()
    assert text.index("BGM") < text.index("DTM") < text.index("RFF") < text.index("NAD") < text.index("CPS")
    assert "CNT+2:1'UNT+16+1'" in text

    order = SourceRecord("UNH", ["UNH"], 1)
    order.children = [
        SourceRecord("BGM", ["BGM", "220", "1", "9"], 0),
        SourceRecord("DTM", ["DTM", f"137{COMPONENT}20261122{COMPONENT}102"], 0),
    ]
    assert b"DTM+137:20261122:102'UNS+S'UNT+5+1'" in FORMAT.write([("ORDERS", order)], ENVELOPE, STRICT)


def test_a_decimal_comma_is_written_where_una_says_so() -> None:
    (order,) = messages(one("ORDERS", ORDER))
    assert order.root is not None
    text = FORMAT.write([("ORDERS", order.root)], replace(ENVELOPE, delimiters={"decimal": ","}), STRICT).decode()
    assert text.startswith("UNA:+,? '") and "PRI+AAA:9,95'" in text


def bgm(*values: str) -> SourceRecord:
    root = SourceRecord("UNH", ["UNH"], 1)
    root.children = [SourceRecord("BGM", ["BGM", *values], 0)]
    return root


@pytest.mark.parametrize(
    ("root", "options", "changes", "message"),
    [
        (bgm("220", "A\x00B"), {}, {}, "cannot carry"),
        (bgm("220", "上海"), {}, {}, "charset iso8859-1 cannot carry"),
        (bgm("220", "lower"), {"syntax": "UNOA:3"}, {}, "UNOA cannot carry"),
        (bgm("220", "A+B"), {"delimiters": {"release": ""}}, {}, "no release character"),
        (bgm("220", f"A{COMPONENT}B"), {}, {}, "no components"),
        (bgm("220", f"A{REPETITION}B"), {}, {}, "cannot be repeated"),
        (bgm("220", "1", "9", "AB", "X"), {}, {}, "has 4 elements, got 5"),
        (bgm("220", 4), {}, {}, "values are text"),  # type: ignore[arg-type]
        (bgm("220"), {"syntax": "UNOZ:3"}, {}, "option `syntax`"),
        (bgm("220"), {"delimiters": {"elemnt": "*"}}, {}, "delimiters are"),
        (bgm("220"), {"delimiters": {"element": ":"}}, {}, "different single marks"),
        (bgm("220"), {"delimiters": {"element": "|"}, "una": False}, {}, "need a UNA"),
        (bgm("220"), {}, {"sender": "7640123000001"}, "qualifier:id"),
        (bgm("220"), {}, {"control": 0}, "references run from 1"),
        (bgm("220"), {}, {"version": "004010"}, "a version is such as D.96A"),
    ],
)
def test_what_cannot_be_written_is_refused(
    root: SourceRecord, options: dict[str, object], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FORMAT.write([("ORDERS", root)], replace(ENVELOPE, **changes), Profile(options=options))  # type: ignore[arg-type]


def test_what_a_message_has_no_place_for_is_refused() -> None:
    root = bgm("220")
    root.children.append(SourceRecord("CPS", ["CPS", "1"], 0))
    with pytest.raises(ValueError, match="no place for segment CPS"):
        FORMAT.write([("ORDERS", root)], ENVELOPE, STRICT)
    root.children[-1] = SourceRecord("DTM", ["DTM", "137"], 0)
    root.children[-1].children.append(SourceRecord("RFF", ["RFF", "ON"], 0))
    with pytest.raises(ValueError, match="DTM opens no group"):
        FORMAT.write([("ORDERS", root)], ENVELOPE, STRICT)
    with pytest.raises(ValueError, match="no grammar for message PAORES"):
        FORMAT.write([("PAORES", root)], ENVELOPE, STRICT)
    with pytest.raises(ValueError, match="needs an envelope"):
        FORMAT.write([("ORDERS", root)], None, STRICT)


@pytest.mark.parametrize(("written", "read"), [(".", ","), (",", "."), (".", "."), (",", ",")])
def test_numbers_are_written_with_the_mark_of_una_whatever_mark_they_came_with(written: str, read: str) -> None:
    came = one("ORDERS", [segment.replace("9.95", f"9{read}95") for segment in ORDER])
    (first,) = messages(f"UNA:+{read}? '".encode() + came)
    content = FORMAT.write([("ORDERS", first.root)], replace(ENVELOPE, delimiters={"decimal": written}), STRICT)
    (back,) = messages(content)
    assert back.findings == [] and f"PRI+AAA:9{written}95'".encode() in content
