"""A message as its sender wrote it, with the place of every finding marked. Pure: bytes and findings in, rows out.

X12 and EDIFACT are shown segment by segment, numbered from ST or UNH as `Place.position` counts; everything else line by line,
numbered as in the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub_api.console import segments
from hub_api.console.markup import Html, el
from hub_api.console.segments import Segment

_AROUND = 15
_MOST = 1500
"""Rows that are shown in full; of more, only the beginning and what surrounds a mark."""
_CHARSETS = ("utf-8", "gb18030", "latin-1")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `severity` where a finding is about it."""

    text: str
    severity: str | None = None


@dataclass(slots=True)
class Row:
    """A segment or line. `findings` are those that point here."""

    label: str
    pieces: list[Piece]
    findings: list[Mapping[str, Any]] = field(default_factory=list)


def decoded(content: bytes, charset: str | None = None) -> str:
    """Text of any bytes: by the agreed charset where it fits, else by the first of ours that does."""
    for name in (charset, *_CHARSETS):
        if name:
            try:
                return content.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return content.decode("latin-1")


def rows(
    content: bytes, format_: str | None, findings: Sequence[Mapping[str, Any]] = (), *, first_line: int = 1, charset: str | None = None
) -> list[Row]:
    """Rows of a message or a whole document. `findings` in the public shape; `first_line` is the document line of the first byte."""
    text = decoded(content, charset)
    found = segments.cut(text, format_)
    return _segment_rows(found, findings) if found else _line_rows(text, findings, first_line)


def _segment_rows(found: Sequence[Segment], findings: Sequence[Mapping[str, Any]]) -> list[Row]:
    marked: dict[int, list[Mapping[str, Any]]] = {}
    for finding in findings:
        place = finding["place"]
        if place.get("segment") or place.get("position"):
            marked.setdefault(_segment_of(found, place), []).append(finding)
    return [
        Row(str(segment.position) if segment.position else "", _pieces(segment, marked.get(index, ())), list(marked.get(index, ())))
        for index, segment in enumerate(found)
    ]


def _segment_of(found: Sequence[Segment], place: Mapping[str, Any]) -> int:
    """Index of the segment that a place names; the last one for a segment that should have been there and is not."""
    tag, position = place.get("segment"), place.get("position")
    for index, segment in enumerate(found):
        if tag in segments.ENVELOPE and segment.elements[0] == tag:
            return index
        if tag not in segments.ENVELOPE and position is not None and segment.position == position:
            return index
    return len(found) - 1


def _pieces(segment: Segment, findings: Sequence[Mapping[str, Any]]) -> list[Piece]:
    by_element: dict[int, str] = {}
    for finding in findings:
        place = finding["place"]
        element = place.get("element")
        same = place.get("segment") in (None, segment.elements[0])
        index = element if same and element is not None and element < len(segment.elements) else 0
        by_element[index] = _worse(by_element.get(index), finding["severity"])
    pieces: list[Piece] = []
    for index, element in enumerate(segment.elements):
        if index:
            pieces.append(Piece(segment.separator))
        pieces.append(Piece(element, by_element.get(index)))
    return pieces


def _line_rows(text: str, findings: Sequence[Mapping[str, Any]], first_line: int) -> list[Row]:
    marked: dict[int, list[Mapping[str, Any]]] = {}
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for finding in findings:
        line = finding["place"].get("line")
        if line is not None:
            marked.setdefault(min(max(line - first_line, 0), max(len(lines) - 1, 0)), []).append(finding)
    return [
        Row(str(first_line + index), _line_pieces(line.rstrip("\r"), marked.get(index, ())), list(marked.get(index, ())))
        for index, line in enumerate(lines)
    ]


def _line_pieces(line: str, findings: Sequence[Mapping[str, Any]]) -> list[Piece]:
    """The value that came, where it stands in the line exactly once; else the whole line."""
    if not findings:
        return [Piece(line)]
    worst = None
    for finding in findings:
        worst = _worse(worst, finding["severity"])
    said = {finding["got"] for finding in findings}
    got = next(iter(said)) if len(said) == 1 else None
    if got and line.count(got) == 1:
        before, _, after = line.partition(got)
        return [Piece(before), Piece(got, worst), Piece(after)]
    return [Piece(line, worst)]


def _worse(one: str | None, other: str) -> str:
    order = ("info", "warning", "error")
    return other if one is None or order.index(other) > order.index(one) else one


def draw(listed: Sequence[Row], left_out: Callable[[int], str]) -> Html:
    """The rows as markup. Each finding stands below its row and has the anchor `f<id>`; `left_out` says that so many rows are skipped."""
    shown = _shown(listed)
    made: list[Html] = []
    skipped = 0
    for index, one in enumerate(listed):
        if index not in shown:
            skipped += 1
            continue
        if skipped:
            made.append(el("li", left_out(skipped), cls="gap"))
            skipped = 0
        pieces = [el("mark", piece.text or " ", cls=piece.severity) if piece.severity else piece.text for piece in one.pieces]
        notes = [
            el("div", el("b", finding["rule"]), " ", finding["message"], cls=f"note {finding['severity']}", id=f"f{finding['id']}")
            for finding in one.findings
        ]
        made.append(el("li", el("span", one.label, cls="at"), el("code", *pieces), *notes, cls="marked" if one.findings else None))
    if skipped:
        made.append(el("li", left_out(skipped), cls="gap"))
    return el("ol", *made, cls="source")


def _shown(listed: Sequence[Row]) -> frozenset[int]:
    if len(listed) <= _MOST:
        return frozenset(range(len(listed)))
    wanted = set(range(200))
    for index, one in enumerate(listed):
        if one.findings and len(wanted) < _MOST:
            wanted.update(range(max(0, index - _AROUND), min(len(listed), index + _AROUND + 1)))
    return frozenset(wanted)
