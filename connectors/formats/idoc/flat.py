"""The flat representation: a control record of 524 characters, then data records of 63 + 1000, one a line, any number of IDocs in a
file.

Columns are characters of the file's charset, never bytes: a Chinese name takes its 35 columns whatever its bytes are. Blanks that tools
have taken from the ends of lines are padded in thought; what stands in columns that the grammar does not know is told.

A line that was cut within a field must not become a smaller number or another lot. Where tools took the blanks they took them from
every line, so beside lines that keep theirs one that ends within a field was cut. Of lines without blanks the last one is known to be
cut where a number ends and no line end follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from connectors.feed_reading import Caps
from connectors.formats.idoc.grammar import CONTROL, HEAD, SDATA, Segment, Tables
from connectors.formats.idoc.reading import Document, Started
from connectors.formats.idoc.tree import LIMIT
from connectors.formats.idoc.values import NUMBERS
from connectors.legible import legible
from connectors.undecodable import not_text
from data_contracts.findings import Finding, Place
from data_contracts.source import ReadEvent

_LONGEST = 16 * 1024
"""Bytes of a line that are looked at: 1063 characters of four bytes are far fewer."""


@dataclass(slots=True)
class _Idoc:
    """An IDoc while its lines come."""

    control: Mapping[str, str]
    started: Started
    offset: int
    faults: list[Finding] = field(default_factory=list)
    numbers: dict[int, str] = field(default_factory=dict)
    """SEGNUM by the position of the record."""
    cut: Finding | None = None
    """Why the file does not hold all of it."""
    padded: bool = False
    """Whether a record keeps the blanks at its end."""
    short: list[Finding] = field(default_factory=list)
    """Records that end within a field: cut, where others are padded."""


class Flat:
    """One flat file being read. `exact` says whether byte offsets are those of the document itself."""

    def __init__(self, stream: BinaryIO, size: int, tables: Tables, caps: Caps, charset: str, exact: bool) -> None:
        self.stream = stream
        self.size = size
        self.tables = tables
        self.caps = caps
        self.charset = charset
        self.exact = exact
        self.document = Document(tables, "flat")
        self.offset = 0
        self.line = 0

    def events(self) -> Iterator[ReadEvent]:
        """The events of the file."""
        idoc: _Idoc | None = None
        while raw := self.stream.readline(_LONGEST):
            start = self.offset
            self.offset += len(raw)
            self.line += 1
            if start == 0:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            line = raw.rstrip(b"\r\n")
            longer = len(raw) == _LONGEST and not raw.endswith(b"\n") and self._skip_line()
            if not line.strip(b" \x1a\x00"):
                continue
            if line.startswith(CONTROL.encode()):
                if idoc is not None:
                    yield from self._close(idoc, start)
                idoc = self._open(line, start)
            elif idoc is None:
                yield ReadEvent("unreadable", finding=Finding("IDC-01", Place(line=self.line), got=legible(line[:24].decode("latin-1"))))
                return
            elif not idoc.faults:
                self._data(idoc, line, ended=raw.endswith((b"\n", b"\r")))
                if len(line) < HEAD and not raw.endswith((b"\n", b"\r")):  # the last line, and not even its head is complete
                    idoc.cut = Finding("IDC-18", Place(line=self.line), expected=str(HEAD), got=str(len(line)))
            if longer and idoc.started.tree is not None:
                idoc.started.tree.report(Finding("IDC-17", Place(line=self.line), expected=str(HEAD + SDATA), got=f"> {_LONGEST}"))
        if idoc is None:
            yield ReadEvent("unreadable", finding=Finding("IDC-01", got="no record"))
            return
        yield from self._close(idoc, self.offset)
        yield from self.document.end()

    def _open(self, line: bytes, start: int) -> _Idoc:
        text, fault = self._text(line)
        control = _cut(text, self.tables.segments[CONTROL])
        idoc = _Idoc(control, self.document.start(control, start if self.exact else 0, 0, self.line), start)
        if fault is not None:
            idoc.faults.append(fault)
        self._beyond(idoc, text, self.tables.segments[CONTROL].width, CONTROL)
        return idoc

    def _data(self, idoc: _Idoc, line: bytes, ended: bool) -> None:
        tree = idoc.started.tree
        text, fault = self._text(line)
        if fault is not None:
            idoc.faults.append(fault)
            return
        if tree is None:
            return
        for what, count, most in (
            ("records", tree.count, self.caps.message_records),
            ("bytes", self.offset - idoc.offset, self.caps.message_bytes),
        ):
            if count > most:
                idoc.faults.append(Finding("FED-14", Place(line=self.line), expected=str(most), params={"what": what}))
                return
        tag = self.tables.type_of(text[:30].rstrip())
        segment = self.tables.segments.get(tag)
        values = _cut(text, segment) if segment is not None else {"": text[HEAD:].strip()}
        number, parent, docnum = text[49:55].strip(), text[55:61].strip(), text[33:49].strip()
        place = Place(segment=legible(tag, 30), position=tree.count + 1, line=self.line)
        if docnum and docnum != idoc.control.get("DOCNUM", docnum):
            tree.report(Finding("IDC-15", place, expected=idoc.control.get("DOCNUM"), got=legible(docnum)))
        record = tree.add(tag, values, self.line)
        idoc.numbers[record.position] = number
        above = idoc.numbers.get(record.parent.position) if record.parent is not None else None
        if above and parent.strip("0") and parent != above:
            tree.report(Finding("IDC-16", place, expected=above, got=legible(parent)))
        if segment is not None:
            self._beyond(idoc, text, HEAD + segment.width, tag)
            self._short(idoc, text, segment, place, ended)

    def _short(self, idoc: _Idoc, text: str, segment: Segment, place: Place, ended: bool) -> None:
        """Note a record that ends within a field."""
        if text[-1] == " ":
            idoc.padded = True
        elif len(text) < HEAD + segment.width and (one := segment.split_at(len(text) - HEAD)) is not None:
            got = legible(text[HEAD + one.offset :].lstrip())
            place = replace(place, path=f"{segment.tag}/{one.name}")
            finding = Finding("IDC-19", place, expected=str(one.length), got=got, params={"field": one.name})
            if not ended and one.kind in NUMBERS and idoc.started.tree is not None:
                idoc.started.tree.report(finding)
            elif len(idoc.short) < LIMIT:
                idoc.short.append(finding)

    def _beyond(self, idoc: _Idoc, text: str, width: int, tag: str) -> None:
        """What stands in columns that nobody knows, or beyond the record's end."""
        tree = idoc.started.tree
        rest = text[width:].strip()
        if rest and tree is not None:
            most = HEAD + SDATA if tag != CONTROL else width
            place = Place(segment=tag, position=tree.count, line=self.line, path=f"{tag}[{width + 1 - (HEAD if tag != CONTROL else 0)}]")
            if len(text.rstrip()) > most:
                tree.report(Finding("IDC-17", place, expected=str(most), got=str(len(text.rstrip()))))
            else:
                params = {"field": f"column {width + 1}"}
                tree.report(Finding("IDC-09", place, expected=tag, got=legible(rest), params=params))

    def _close(self, idoc: _Idoc, stop: int) -> Iterator[ReadEvent]:
        if idoc.cut is not None:
            offset, length = (idoc.offset, stop - idoc.offset) if self.exact else (0, self.size)
            self.document.ordinal -= 1  # it was counted when it began
            yield from self.document.refused(idoc.control, idoc.cut, offset, length)
            return
        if idoc.padded and idoc.started.tree is not None:
            for finding in idoc.short:
                idoc.started.tree.report(finding)
        idoc.started.message.length = stop - idoc.offset if self.exact else self.size
        yield from self.document.events(idoc.control, idoc.started, idoc.faults)

    def _text(self, line: bytes) -> tuple[str, Finding | None]:
        try:
            return line.decode(self.charset), None
        except UnicodeDecodeError as error:
            return line.decode(self.charset, "replace"), not_text(error, self.charset, Place(line=self.line))

    def _skip_line(self) -> bool:
        """Step over the rest of a line that is longer than any record; whether anything but blanks stood there."""
        anything = False
        while piece := self.stream.readline(_LONGEST):
            self.offset += len(piece)
            anything = anything or bool(piece.strip())
            if piece.endswith(b"\n"):
                break
        return anything


def _cut(text: str, segment: Segment) -> dict[str, str]:
    """The fields that say something, blanks at their ends dropped."""
    return {name: said for (name, _, _), cut in zip(segment.columns, segment.cut(text), strict=False) if (said := cut.strip())}
