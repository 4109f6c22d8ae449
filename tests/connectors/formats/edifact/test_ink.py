"""Many segments inked at once are what each of them is by itself, whatever of it has to be looked at twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from connectors.formats.edifact.grammar import SegmentUse, load
from connectors.formats.edifact.ink import Ink, components_of, draft, is_empty
from connectors.formats.edifact.separators import COMPONENT, ELEMENT
from connectors.spec import STRICT, Envelope

_GRAMMAR = load("DESADV", "D.96A")
assert _GRAMMAR is not None
_USES: Mapping[str, SegmentUse] = {use.id: use for use in _GRAMMAR.segments()}


def _ink(**delimiters: str) -> Ink:
    return Ink.of(Envelope("1:14", "2:14", 1, 1, 1, datetime(2026, 11, 22, tzinfo=UTC), "D.96A", delimiters=delimiters), STRICT)


NAMES = [
    ["NAD", "DP", f"7640123000011{COMPONENT}{COMPONENT}9", "", "STORE + DOCK"],
    ["NAD", "SU", "", "", "RHEINTAL TITAN"],
    ["NAD", "BY", "", "", "O'NEIL: SONS?"],
    ["NAD", "UC", "", "", "MÜLLER"],
    ["NAD", "", "", ""],
    ["NAD", "SF", f"1{COMPONENT}", "", "LAST"],
]


@pytest.mark.parametrize("delimiters", [{}, {"component": "\x1f", "element": "\x1d", "segment": "\x1c"}, {"element": "\x1c"}])
def test_many_lines_are_what_each_is_alone(delimiters: dict[str, str]) -> None:
    ink, use = _ink(**delimiters), _USES["NAD"]
    together = ink.lines([draft(use.id, components_of(use), values) for values in NAMES], [use] * len(NAMES), NAMES, "DESADV")
    assert together == [ink.line(use, values, "DESADV") for values in NAMES]
    assert together == [ink._careful_line(use, values, "DESADV") for values in NAMES]
    marks = ink.separators
    assert together[1] == marks.element.join(["NAD", "SU", "", "", "RHEINTAL TITAN"])
    assert together[4] == "NAD"


@pytest.mark.parametrize(
    "odd", [["NAD", "BY", "", "", "A\x1dB"], ["NAD", "SF", f"1{COMPONENT}", "", "LAST"], ["NAD", "SF", f"1{COMPONENT}"]]
)
def test_what_was_only_joined_is_looked_at_together(odd: list[str]) -> None:
    """A writer that joins segments in passing gets the lines that each has alone, or the same refusal."""
    ink, use, values = _ink(), _USES["NAD"], [NAMES[1], odd, NAMES[0]]
    joined, together, alone = [ELEMENT.join(elements) for elements in values], "", ""
    try:
        together = "\n".join(ink.lines(joined, [use] * 3, values, "DESADV"))
    except ValueError as error:
        together = str(error)
    try:
        alone = "\n".join(ink.line(use, elements, "DESADV") for elements in values)
    except ValueError as error:
        alone = str(error)
    assert together == alone


def test_what_has_to_be_released_is() -> None:
    ink, use = _ink(), _USES["NAD"]
    lines = ink.lines([draft(use.id, components_of(use), values) for values in NAMES], [use] * len(NAMES), NAMES, "DESADV")
    assert lines[0] == "NAD+DP+7640123000011::9++STORE ?+ DOCK"
    assert lines[2] == "NAD+BY+++O?'NEIL?: SONS??"
    assert lines[3] == "NAD+UC+++MÜLLER"


@pytest.mark.parametrize("mark", ["\x1c", "\x1d", "\x1e"])
def test_a_separator_of_ours_in_a_value_is_refused_and_cuts_nothing(mark: str) -> None:
    ink, use = _ink(), _USES["NAD"]
    bad = [*NAMES[:2], ["NAD", "BY", "", "", f"A{mark}B"]]
    with pytest.raises(ValueError, match=r"holds a character|cannot be repeated"):
        ink.lines([draft(use.id, components_of(use), values) for values in bad], [use] * len(bad), bad, "DESADV")


def test_nothing_behind_the_tag_is_empty() -> None:
    assert is_empty(["NAD"])
    assert is_empty(["NAD", "", COMPONENT])
    assert not is_empty(["NAD", "", "x"])
