"""Shapes: what they keep of a segment, and that one which is known by its shape is judged as if it had been taken apart."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT, walk
from connectors.formats.x12.delimiters import Delimiters
from connectors.formats.x12.grammar import known_messages, load
from connectors.formats.x12.patterns import Style
from connectors.formats.x12.shapes import Shape, shapes_of
from connectors.formats.x12.writer import write
from connectors.spec import STRICT
from data_contracts.source import SourceRecord
from tests.connectors.formats.x12.instances import instance
from tests.connectors.formats.x12.samples import messages, one, said
from tests.connectors.formats.x12.test_writer import envelope
from tests.effort import examples

MARKS = Delimiters("*", ">", "^", "~")


def shape(text: str, marks: Delimiters = MARKS) -> Shape:
    (found,) = shapes_of([text], None, marks)
    return found


def test_a_shape_keeps_separators_signs_and_capitals() -> None:
    known = shape("PO1*12*-3.5*EA")
    assert shape("PO1*99*-0.1*EA") == known
    for other in ("PO1*9*-0.1*EA", "PO1*99*-10.*EA", "PO1*99*-0.1*CT", "PO1*99*-0.1*E>", "PO1*99*-0.1*E^", "PO1*99*-0.1*Ea"):
        assert shape(other) != known


def test_what_no_segment_may_hold_is_a_sign_of_its_own() -> None:
    assert shape("PID*a/ #") == shape("PID*b;.z".replace(".", "!"))
    assert shape("PID*a\x07") != shape("PID*ab")
    assert shape("PID*é1") == "PID*é1"
    assert shape("PID*A1", Delimiters("*", ">", "^", "\udcc3")) == "PID*A1"  # a terminator that is no character


@pytest.mark.parametrize("marks", [Delimiters("\x1d", "\x1f", "", "\x1e"), Delimiters("0", "a", "Z", "9")])
def test_separators_may_be_anything(marks: Delimiters) -> None:
    text = marks.element.join(["REF", "LT", f"L5{marks.component}5"])
    assert shape(text, marks) == shape(text.replace("5", "6"), marks)
    assert shape(text, marks) != shape(text.replace(marks.component, "x" if marks.component != "x" else "y"), marks)


GOOD = ["BEG*00*SA*4500000123**20261122", "N1*ST*STORE 1*UL*7640123000011", "N3*WAY 12", *["PO1*1*12*EA*9.95**UK*07640123000011"] * 3]


@pytest.mark.parametrize(
    ("at", "bad", "rule"),
    [
        (3, "PO9*1*12*EA*9.95**UK*07640123000011", "X12-S01"),  # the same shape under another tag
        (2, "N5*WAY 12", "X12-S"),
        (0, "BEG*99*SA*4500000123**20261122", "X12-E07"),  # a code of digits that is none
        (0, "BEG*00*SA*4500000123**20261322", "X12-E08"),  # a day that is none
        (3, "PO1*1*x2*EA*9.95**UK*07640123000011", "X12-E06"),
        (3, "PO1*1*12*EA*9.95**UK*", "X12-E"),
        (3, "PO1*1**EA*9.95**UK*07640123000011", "X12-E02"),  # a unit without its quantity
    ],
)
def test_what_is_wrong_is_told_although_its_neighbours_are_known(at: int, bad: str, rule: str) -> None:
    def told(body: list[str]) -> list[Any]:
        (message,) = messages(one("850", [*body, "CTT*3"]))
        return said(message.findings)

    assert told(GOOD) == told(GOOD) == []
    body = [*GOOD]
    body[at] = bad
    first = told(body)
    assert first[0][0].startswith(rule)
    assert told(body) == first  # a second time too: nothing wrong is remembered
    assert told(GOOD) == []


def test_long_segments_are_not_remembered() -> None:
    known = walk.walk_for("850", "004010", Style("*", ">", "", False))
    assert known is not None
    seen: dict[Shape, walk.Move] = {}
    for text in ("MSG*" + "A" * 150, "MSG*" + "A" * 250):
        known.remember(seen, (known.start, "MSG", 0, None, None), text, text)
    assert list(seen) == ["MSG*" + "A" * 150]


def _everything(document: bytes) -> list[Any]:
    def of(record: SourceRecord) -> tuple[Any, ...]:
        return record.tag, list(record.values), record.position, [of(child) for child in record.children]

    found = [event.message for event in FORMAT.read(io.BytesIO(document), STRICT) if event.message is not None]
    return [(said(message.findings), None if message.root is None else of(message.root)) for message in found]


def _forget() -> None:
    walk._remembered.cache_clear()
    walk._walks.clear()


@pytest.mark.slow
@pytest.mark.hypothesis
@settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(sorted(known_messages())), seed=st.integers(0, 10**6), version=st.sampled_from(["004010", "005010"]))
def test_what_was_read_before_changes_nothing(kind: str, seed: int, version: str) -> None:
    """Documents with a character changed here and there are read alike by a reader that has seen good ones and by one that has not."""
    grammar = load(kind, version)
    if grammar is None:
        return
    random = Random(seed)
    good = [write([(kind, instance(grammar, random))], envelope(version), STRICT) for _ in range(3)]
    damaged = []
    for document in good:
        start = document.index(b"~ST") + 1
        for _ in range(4):
            changed = bytearray(document)
            at = random.randrange(start, len(document) - 1)
            changed[at] = ord(random.choice("0123456789AZaz.-*:~ \x07"))
            damaged.append(bytes(changed))
    for document in good * 2:
        _everything(document)
    known = [_everything(document) for document in damaged for _ in range(2)][1::2]
    anew = []
    for document in damaged:
        _forget()
        anew.append(_everything(document))
    assert known == anew
