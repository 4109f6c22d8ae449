"""Shapes: what they keep of a segment, and that one which is known by its shape is judged as if it had been taken apart."""

from __future__ import annotations

import io

import pytest

from connectors.formats.edifact import FORMAT
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, TERMINATOR
from connectors.formats.edifact.shapes import blurred, shapes_of
from connectors.spec import STRICT


def _shape(text: str) -> object:
    (shape,) = shapes_of([text.replace("+", ELEMENT).replace(":", COMPONENT)], None)
    return shape


def test_a_shape_keeps_separators_marks_and_capitals() -> None:
    shape = _shape("QTY+12:-3.5:PCE")
    assert shape == f"QTY{ELEMENT}00{COMPONENT}-0.0{COMPONENT}PCE".encode()
    assert _shape("QTY+99:-1.0:PCE") == shape
    assert _shape("QTY+99:-1,0:PCE") != shape
    assert _shape("LIN+12:-3.5:PCE") != shape


def test_what_is_no_letter_of_ascii_is_one_sign() -> None:
    assert _shape("FTX+é数x/") == _shape("FTX+abc?")
    assert _shape("FTX+ab\x7f") != _shape("FTX+abc")


def test_letters_are_blurred_for_names() -> None:
    assert blurred(_shape("IMD+BONE SCREW 3")) == blurred(_shape("IMD+BONE PLATE 8"))  # type: ignore[arg-type]
    assert blurred(_shape("IMD+BONE SCREW 3")) != blurred(_shape("IMD+BONE SCREW X"))  # type: ignore[arg-type]


def test_text_that_nothing_may_hold_is_its_own_shape() -> None:
    segments = ["FTX\x1dA\x85", "FTX\x1dB\x85"]
    assert list(shapes_of(segments, TERMINATOR.join(segments))) == segments


DESADV = (
    "UNA:+.? 'UNB+UNOC:3+1:14+2:14+261122:0830+1'UNH+1+DESADV:D:96A:UN:EAN005'BGM+351+1+9'DTM+137:20261122:102'"
    "CPS+1'{segments}CNT+2:{lines}'UNT+{count}+1'UNZ+1+1'"
)


def _findings(*segments: str) -> list[str]:
    lines = sum(one.startswith("LIN") for one in segments)
    document = DESADV.format(segments="".join(f"{one}'" for one in segments), lines=lines, count=6 + len(segments))
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(document.encode()), STRICT) if event.message is not None]
    return [f"{finding.rule} {finding.place.position} {finding.place.element}" for finding in message.findings]


GOOD = ("LIN+1++09506000134352:EN", "QTY+12:5:PCE", "LIN+2++09506000134369:EN", "QTY+12:7:PCE")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("QTY+12:x:PCE", "E"),  # a letter where a number must stand
        ("QTY+12:5.:PCE", "E"),
        ("QTY+12:5:PCEEE", "E"),  # too long
        ("QTY+:5:PCE", "E"),
        ("QT9+12:5:PCE", "S15"),  # another tag, the same otherwise
        ("QTy+12:5:PCE", "S15"),
    ],
)
def test_what_is_wrong_is_told_although_its_neighbours_are_known(bad: str, says: str) -> None:
    assert _findings(*GOOD) == []
    told = _findings(*GOOD, "LIN+3++09506000134352:EN", bad)
    assert len(told) == 1
    assert told[0].startswith(f"EDF-{says}")
    assert told[0].split()[1] == "10"
    assert _findings(*GOOD, "LIN+3++09506000134352:EN", bad) == told  # a second time too: nothing wrong is remembered
    assert _findings(*GOOD) == []


def test_one_too_many_is_told_although_it_is_known() -> None:
    alike = _findings(GOOD[0], *["QTY+12:5:PCE"] * 30)
    assert alike == _findings(GOOD[0], *[f"QTY+12:{'5' * (1 + number % 15)}:PCE" for number in range(30)])
    assert {one.split()[0] for one in alike} == {"EDF-S35"}
