"""A message as its sender wrote it: nothing lost, every finding at its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_api.console.message_view import Row, decoded, draw, rows
from tests.hub_api.papers import ACME, despatch, interchange

MESSAGE = b"ST*856*0001~BSN*00*SHP1~LIN*1*UK*06901234000029~SE*4*0001~"


def finding(severity: str = "error", got: str | None = None, number: int = 1, **place: Any) -> dict[str, Any]:
    return {"id": number, "rule": "GS1-01", "severity": severity, "message": "wrong", "got": got, "place": place}


def text(row: Row) -> str:
    return "".join(piece.text for piece in row.pieces)


def marked(listed: list[Row]) -> list[tuple[str, str]]:
    return [(row.label, piece.text) for row in listed for piece in row.pieces if piece.severity]


def test_segment_and_element_are_marked() -> None:
    assert marked(rows(MESSAGE, "x12", [finding(segment="LIN", position=3, element=3)])) == [("3", "06901234000029")]


def test_element_that_is_missing_marks_the_segment() -> None:
    assert marked(rows(MESSAGE, "x12", [finding(segment="BSN", position=2, element=9)])) == [("2", "BSN")]


def test_segment_that_is_missing_is_told_at_the_end() -> None:
    listed = rows(MESSAGE, "x12", [finding(segment="CTT", position=9)])
    assert [row.label for row in listed if row.findings] == ["4"]


def test_the_worst_of_several_findings_gives_the_colour() -> None:
    listed = rows(
        MESSAGE, "x12", [finding("warning", segment="LIN", position=3, element=3), finding(number=2, segment="LIN", position=3, element=3)]
    )
    assert [piece.severity for row in listed for piece in row.pieces if piece.severity] == ["error"]
    assert len(listed[2].findings) == 2


def test_whole_interchange_counts_from_each_st() -> None:
    content = interchange(ACME, 1, despatch("SHP1"), despatch("SHP2"))
    listed = rows(content, "x12", [finding(segment="IEA", element=2), finding(number=2, segment="ISA", position=1, element=6)])
    assert [row.label for row in listed[:4]] == ["", "", "1", "2"]
    assert sum(text(row).startswith("ST*") and row.label == "1" for row in listed) == 2
    assert marked(listed) == [("", f"{'ACME':15}"), ("", "000000001")]


EDIFACT = b"UNH+1+ORDERS:D:96A:UN'BGM+220+A?+B?'C+9'LIN+1++07640123000028:SRV'UNT+4+1'"


def test_edifact_is_cut_at_marks_that_are_not_released() -> None:
    listed = rows(
        EDIFACT, "edifact", [finding(segment="LIN", position=3, element=3), finding(number=2, segment="BGM", position=2, element=2)]
    )
    assert [text(row) for row in listed][1:] == ["BGM+220+A?+B?'C+9", "LIN+1++07640123000028:SRV", "UNT+4+1"]
    assert marked(listed) == [("2", "A?+B?'C"), ("3", "07640123000028:SRV")]


@pytest.mark.parametrize("format_", ["edifact", None])
def test_each_interchange_of_a_document_is_cut_by_its_own_una(format_: str | None) -> None:
    first = b"UNA:+.? '\r\nUNB+UNOC:3+A:14+B:14+261122:0830+1'\r\n" + EDIFACT.replace(b"'", b"'\r\n", 1) + b"UNZ+1+1'"
    second = (
        b"UNA:|.? ~UNB|UNOC:3|A:14|B:14|261122:0830|2~"
        + EDIFACT.replace(b"?+", b"?|").replace(b"+", b"|").replace(b"'", b"~")
        + b"UNZ|1|2~"
    )
    listed = rows(first + second, format_, [finding(segment="UNZ", element=2)])
    assert [row.label for row in listed] == [*["", "", "1", "2", "3", "4", ""] * 2]
    assert [text(row)[:4] for row in listed if row.label == "2"] == ["BGM+", "BGM|"]
    assert marked(listed) == [("", "1")]


@given(
    st.lists(
        st.lists(st.text("ABC019 .-", min_size=1, max_size=6), min_size=1, max_size=5).map("*".join).filter(str.strip),
        max_size=12,
    )
)
def test_no_segment_is_lost(body: list[str]) -> None:
    segments = ["ST*856*0001", *(f"REF*{one}" for one in body), f"SE*{len(body) + 2}*0001"]
    listed = rows("~".join([*segments, ""]).encode(), "x12", [finding(segment="REF", position=2, element=1)])
    assert [text(row) for row in listed] == segments
    assert [row.label for row in listed] == [str(number) for number in range(1, len(segments) + 1)]


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20), min_size=1, max_size=20), st.data())
def test_no_line_is_lost(lines: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, 50))
    line = data.draw(st.integers(1, 90))
    listed = rows(("\n".join(lines) + "\n").encode(), "json", [finding(line=line, got=lines[0] or None)], first_line=first)
    assert [text(row) for row in listed] == lines
    assert listed[0].label == str(first)
    assert sum(len(row.findings) for row in listed) == 1


def test_line_shows_the_value_that_came() -> None:
    content = b'{\n "gtin": "06901234000029",\n "lot": "L1"\n}\n'
    assert marked(rows(content, "json", [finding(line=2, got="06901234000029")])) == [("2", "06901234000029")]
    assert marked(rows(content, "json", [finding(line=13, got="nowhere")], first_line=11)) == [("13", ' "lot": "L1"')]


@pytest.mark.parametrize(
    ("content", "charset"), [("订单".encode("gb18030"), None), ("订单".encode(), "ascii"), (b"\xff\xfe\x00", "no-such")]
)
def test_bytes_of_any_kind_are_shown(content: bytes, charset: str | None) -> None:
    assert decoded(content, charset)
    assert rows(content, None) or content


def test_long_messages_show_what_is_marked() -> None:
    content = "".join(f"line {number}\n" for number in range(1, 10_001)).encode()
    drawn = draw(rows(content, "delimited", [finding(line=9000)]), lambda n: f"[{n} left out]")
    assert "line 9000<" in drawn and "line 8999<" in drawn and "line 5000<" not in drawn
    assert "left out]" in drawn


def test_empty_content() -> None:
    assert [text(row) for row in rows(b"", "x12", [finding()])] == []
