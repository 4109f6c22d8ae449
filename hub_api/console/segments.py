"""Segments of a message or document as its sender wrote them, released marks and all, with the positions by which findings name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.formats.edifact.header import parse_header
from connectors.formats.edifact.separators import Separators

ENVELOPE = frozenset({"ISA", "TA1", "GS", "GE", "IEA", "UNA", "UNB", "UNG", "UNE", "UNZ"})
"""Segments that stand around messages and are not counted in them."""

_LAYOUT = "\r\n\t "
_IDENTIFIER = re.compile(r"UNH([^A-Za-z0-9\s]).*?\1[A-Z][A-Z0-9]{2,5}([^A-Za-z0-9\s])")


@dataclass(slots=True)
class Segment:
    """One segment; `position` counts from ST or UNH, null outside of messages."""

    elements: list[str]
    position: int | None
    separator: str


def cut(text: str, format_: str | None) -> list[Segment]:
    """The segments of a text in this format (null: whichever it looks like); none where nothing tells how to cut it."""
    start = text.lstrip("\ufeff" + _LAYOUT)
    if format_ == "x12" or (format_ is None and start.startswith("ISA")):
        return _numbered(_x12(start), "ST")
    if format_ == "edifact" or (format_ is None and start.startswith(("UNA", "UNB"))):
        return _numbered(_edifact(start), "UNH")
    return []


def _numbered(written: Iterator[tuple[list[str], str]], opening: str) -> list[Segment]:
    made: list[Segment] = []
    position: int | None = None
    for elements, separator in written:
        tag = elements[0]
        if tag in ENVELOPE:
            position = None
        elif tag == opening:
            position = 1
        elif position is not None:
            position += 1
        made.append(Segment(elements, position, separator))
    return made


def _x12(text: str) -> Iterator[tuple[list[str], str]]:
    body = text.rstrip("\r\n ")
    if body.startswith("ISA") and len(body) > 105:
        separator, terminator = body[3], body[105]
    elif body.startswith("ST") and len(body) > 3:
        separator, terminator = body[2], body[-1]
    else:
        return
    for raw in body.split(terminator):
        if written := raw.strip("\r\n"):
            yield written.split(separator), separator


def _edifact(text: str) -> Iterator[tuple[list[str], str]]:
    """Each UNA tells by what the segments behind it are cut; a message alone by how its UNH and its end look."""
    marks = _of_message(text) if text.startswith("UNH") else None
    at = 0
    while at < len(text):
        if text[at] in _LAYOUT and (marks is None or text[at] != marks.terminator):
            at += 1
            continue
        if text.startswith(("UNA", "UNB"), at) and (header := parse_header(text, at)) is not None:
            marks = header.separators
            if header.length:
                yield [text[at : at + header.length].rstrip(_LAYOUT)], marks.element
                at += header.length
        if marks is None:
            return
        end = marks.first_end(text, at)
        written = text[at : end - 1] if end else text[at:].rstrip(_LAYOUT)
        if written:
            yield marks.elements(written), marks.element
        at = end or len(text)


def _of_message(text: str) -> Separators | None:
    found = _IDENTIFIER.match(text)
    if found is None:
        return None
    return Separators(component=found[2], element=found[1], terminator=text.rstrip("\r\n\t ")[-1])
