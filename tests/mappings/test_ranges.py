"""A document of a few kilobytes can name millions of numbers by their ranges: so many are not counted out."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from mappings.compile_values import MOST_OF_A_LIST, MOST_OF_A_MESSAGE
from mappings.engine import Mapped
from tests.connectors.reading import read
from tests.mappings.shipped import load
from tests.mappings.test_edifact_bytes import CONTEXT

SAMPLE = (Path(__file__).parents[1] / "samples" / "edifact" / "DESADV_D96A.edi").read_text(encoding="utf-8")
SERIALS = "GIN+BN+SN0001+SN0002'"


def mapped(*ranges: str) -> Mapped:
    """The despatch advice with these numbers in its second line."""
    content = SAMPLE.replace(SERIALS, "".join(f"GIN+BN+{one}'" for one in ranges))
    content = content.replace("UNT+46+", f"UNT+{45 + len(ranges)}+")
    (message,) = read("edifact", content.replace("\n", "").encode()).messages
    assert message.root is not None
    return load("edifact/DESADV").read(message.root, CONTEXT)


def ranges(lines: int, each: int) -> list[str]:
    """So many segments of five ranges of so many numbers."""
    numbers = count()

    def one() -> str:
        first = next(numbers) * each
        return f"SN{first:08d}:SN{first + each - 1:08d}"

    return ["+".join(one() for _ in range(5)) for _ in range(lines)]


def test_a_range_is_counted_out() -> None:
    found = mapped("SN01:SN04+SN09")
    assert found.findings == [] and found.entity is not None
    assert [line["serials"] for line in found.entity["lines"] if "serials" in line] == [["SN01", "SN02", "SN03", "SN04", "SN09"]]


def test_numbers_of_a_line_and_of_a_message_are_bounded_and_the_document_held() -> None:
    found = mapped(*ranges(10, 10_000))
    assert found.entity is not None and [finding.rule for finding in found.findings] == ["MAP-02"]
    assert max(len(line.get("serials") or ()) for line in found.entity["lines"]) <= MOST_OF_A_LIST
    (finding,) = found.findings
    assert finding.severity == "error" and finding.place.segment == "GIN" and str(MOST_OF_A_MESSAGE) in (finding.expected or "")
