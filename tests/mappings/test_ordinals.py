"""Lines without a number among lines that state theirs."""

from __future__ import annotations

import pytest

from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, segments

CONTEXT = Context(time_zone="Europe/Berlin", components=":", currency="EUR")
HEADERS = {
    "x12/850": "BEG*00*NE*PO1**20261129\n",
    "x12/810": "BIG*20261129*I1\n",
    "edifact/ORDERS": "BGM+220+PO1+9\nDTM+137:20261129:102\n",
}
LINES = {
    "x12/850": "PO1*{}*1*EA*2**VP*X1\n",
    "x12/810": "IT1*{}*1*EA*2**VP*X1\n",
    "edifact/ORDERS": "LIN+{}++6901234500059:EN\n  QTY+21:1:PCE\n",
}


def numbers(mapping: str, stated: tuple[str, ...]) -> tuple[list[str], list[tuple[str, str | None, str]]]:
    """The numbers of lines of which these are stated, and what is told of it."""
    text = HEADERS[mapping] + "".join(LINES[mapping].format(number) for number in stated)
    known, tree = load(mapping), edifact(text) if mapping.startswith("edifact") else segments(text)
    read = known.read(tree, CONTEXT)
    assert read.entity is not None and read.findings == []
    found = known.unmapped(tree, read)
    told: list[tuple[str, str | None, str]] = [
        (finding.severity, finding.got, finding.params["count"]) for finding in found if finding.rule == "MAP-15"
    ]
    return [line["line"] for line in read.entity["lines"]], told


@pytest.mark.parametrize("mapping", HEADERS)
@pytest.mark.parametrize(
    ("stated", "expected", "told"),
    [
        (("2", ""), ["2", "3"], [("info", "3", "1")]),
        (("10", ""), ["10", "2"], [("info", "2", "1")]),
        (("", "1", "", "4"), ["2", "1", "3", "4"], [("info", "2, 3", "2")]),
        (("", "0001"), ["2", "0001"], [("info", "2", "1")]),
        (("10", "20"), ["10", "20"], []),
        (("", ""), ["1", "2"], []),
        (
            ("10", *[""] * 12),
            ["10", *map(str, range(2, 10)), "11", "12", "13", "14"],
            [("info", "2, 3, 4, 5, 6, 7, 8, 9, 11, 12, …", "12")],
        ),
    ],
)
def test_a_line_without_a_number_takes_one_that_no_line_has(
    mapping: str, stated: tuple[str, ...], expected: list[str], told: list[tuple[str, str, str]]
) -> None:
    assert numbers(mapping, stated) == (expected, told)


def test_a_number_that_is_stated_twice_stays_twice() -> None:
    assert numbers("x12/850", ("1", "1")) == (["1", "1"], [])


def test_it_is_said_in_both_languages() -> None:
    text = HEADERS["x12/850"] + LINES["x12/850"].format("2") + LINES["x12/850"].format("")
    known, tree = load("x12/850"), segments(text)
    (found,) = known.unmapped(tree, known.read(tree, CONTEXT))
    assert "3" in found.text("en") and "行号" in found.text("zh-CN") and found.place.segment == "PO1"


def test_many_lines_find_their_numbers_at_once() -> None:
    stated = (*map(str, range(5001, 10001)), *[""] * 5000)
    found, told = numbers("x12/850", stated)
    assert len(set(found)) == 10000 and told[0][2] == "5000"
    assert found[5000:] == list(map(str, range(10001, 15001)))
