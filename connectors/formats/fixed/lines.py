"""Lines of a fixed-width file with their place, and the cutting of a line into its columns."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.feed_check import shown
from connectors.feed_layout import Column, Layout, RecordType
from connectors.undecodable import not_text
from data_contracts.findings import Finding, Place

_LINE_BYTES = 128 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


@dataclass(slots=True)
class Line:
    """One line: its number, which bytes it is, and its text. `raw` is what was received, without the line end."""

    number: int
    offset: int
    length: int
    raw: bytes
    text: str
    fault: Finding | None = None


_UNTOLD = Finding("FED-18")
"""What is wrong with a line, for who only asks whether anything is."""


def lines(stream: BinaryIO, start: int, charset: str, told: bool = True) -> Iterator[Line]:
    """Lines from a byte offset on; blank ones, and SUB at the end as CP/M's heirs write it, are left out but counted. `told`: whether
    faults say what they are of."""
    stream.seek(start)
    offset, number = start, 0
    while received := stream.readline(_LINE_BYTES):
        number += 1
        length, fault = len(received), None
        if not received.endswith(b"\n") and length == _LINE_BYTES:
            while not received.endswith(b"\n") and (rest := stream.readline(_LINE_BYTES)):
                length, received = length + len(rest), rest
            fault = Finding(
                "FED-14", place=Place(position=number, line=number), expected=str(_LINE_BYTES), params={"what": "bytes in a line"}
            )
            received = b""
        raw = received.rstrip(b"\r\n\x1a")
        if raw.strip(b" \t\f") or fault is not None:
            yield _line(number, offset, length, raw, charset, fault, told)
        offset += length


def _line(number: int, offset: int, length: int, raw: bytes, charset: str, fault: Finding | None, told: bool) -> Line:
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError as error:
        where = Place(position=number, element=error.start + 1, line=number)
        return Line(number, offset, length, raw, "", fault or not_text(error, charset, where))
    if text.isprintable():  # as nearly all are, and the quicker question
        return Line(number, offset, length, raw, text, fault)
    control = _CONTROL.search(text)
    if control is not None and not told:
        fault = _UNTOLD
    if control is not None and fault is None:
        where = Place(position=number, element=control.start() + 1, line=number)
        fault = Finding("FED-18", place=where, got=f"U+{ord(control[0]):04X}", params={"field": f"line {number}"})
    return Line(number, offset, length, raw, text, fault)


class Cutter:
    """Cuts lines into columns, by characters or by bytes of the document's charset."""

    def __init__(self, layout: Layout, charset: str) -> None:
        self._bytes = layout.in_bytes
        self._charset = charset

    def piece(self, line: Line, column: Column) -> str:
        """The text of a column, blanks at its ends cut off; a character that a byte offset halves is `FED-15`'s business before."""
        if self._by_bytes(line):
            return line.raw[column.start : column.stop].decode(self._charset, "replace").strip()
        return line.text[column.start : column.stop].strip()

    def _by_bytes(self, line: Line) -> bool:
        """Whether bytes must be counted; where each is a character, the text is cut quicker."""
        return self._bytes and len(line.raw) != len(line.text)

    def only(self, line: Line, record: RecordType, names: Container[str]) -> dict[str, str]:
        """The values of these columns, without a word on what is wrong with the line."""
        found = {name: self.piece(line, column) for name, column in record.columns.items() if name in names}
        return {name: text for name, text in found.items() if text and text not in record.columns[name].empty}

    def values(self, line: Line, record: RecordType) -> tuple[dict[str, str], list[Finding]]:
        """Values by name, absent where blank or spelled as nothing, and what is wrong with the line's length."""
        values: dict[str, str] = {}
        findings: list[Finding] = []
        whole, by_bytes = line.text, self._by_bytes(line)
        length = len(line.raw if by_bytes else whole)
        for name, column in record.columns.items():
            if column.start >= length:
                continue
            text = self.piece(line, column) if by_bytes else whole[column.start : column.stop].strip()
            if text and text not in column.empty:
                values[name] = text
            if column.stop > length and column.right and text:
                place = Place(segment=record.code or None, position=line.number, element=column.start + 1, line=line.number, path=name)
                expected = str(column.stop - column.start)
                findings.append(Finding("FIX-05", place=place, expected=expected, got=shown(text), params={"field": name}))
            if by_bytes and "\ufffd" in text:
                place = Place(segment=record.code or None, position=line.number, element=column.start + 1, line=line.number, path=name)
                findings.append(Finding("FIX-06", place=place, got=shown(text), expected=self._charset, params={"field": name}))
        if length <= record.width:
            return values, findings
        rest = (line.raw[record.width :].decode(self._charset, "replace") if by_bytes else whole[record.width :]).strip()
        if rest:
            place = Place(segment=record.code or None, position=line.number, element=record.width + 1, line=line.number)
            findings.append(Finding("FIX-02", place=place, expected=str(record.width), got=shown(rest), params={"length": str(length)}))
        return values, findings
