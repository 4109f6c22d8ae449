"""Lines become messages by their record codes: one code opens a message, the others stand below it as the grammar says."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.feed import FeedGrammar
from connectors.feed_check import Checker, RowFaults, element_path, shown
from connectors.feed_layout import Layout, RecordType
from connectors.feed_reading import Caps
from connectors.formats.fixed.lines import Cutter, Line
from data_contracts.findings import Finding, Place
from data_contracts.source import Columns, Message, SourceRecord


def _path(parent: str, name: str, index: int | None) -> str:
    return element_path(parent, name, index).removeprefix("/")


class CodedLines:
    """Messages of a grammar with record codes."""

    def __init__(self, grammar: FeedGrammar, layout: Layout, caps: Caps, cutter: Cutter) -> None:
        self._grammar = grammar
        self._layout = layout
        self._caps = caps
        self._cutter = cutter
        self._checker = Checker(grammar.fields, _path, lenient=caps.lenient)
        self._columns = Columns({path: start + 1 for path, start in _columns(layout.record, "")})
        self._ordinal = 0
        self._open: list[tuple[RecordType, SourceRecord]] = []
        """The record that a next line may stand below, with those above it, outermost first."""
        self._records = 0
        self._faults = RowFaults()

    def messages(self, source: Iterator[Line]) -> Iterator[Message]:
        """One message for every opening line, in order. A line that belongs to none is a message of its own, which holds its fault."""
        current: Message | None = None
        layout = self._layout
        assert layout.discriminator is not None
        for line in source:
            code = self._cutter.piece(line, layout.discriminator) if line.fault is None else ""
            if code in layout.skip:
                continue
            if code == layout.record.code:
                if current is not None:
                    yield self._finish(current)
                current = self._begin(line)
                continue
            fault = line.fault or self._stray(line, code)
            if current is None:
                yield self._alone(line, fault or self._misplaced(line, code))
                continue
            current.length = line.offset + line.length - current.offset
            if fault is not None:
                self._faults.tell(current, [fault])
            else:
                self._add(current, line, layout.types[code])
        if current is not None:
            yield self._finish(current)

    def _stray(self, line: Line, code: str) -> Finding | None:
        """What is wrong with a line whose code no record has."""
        if code in self._layout.types:
            return None
        place = Place(segment=code or None, position=line.number, line=line.number, element=1)
        return Finding("FIX-03", place=place, expected=", ".join(sorted(self._layout.types)), got=shown(code))

    def _misplaced(self, line: Line, code: str) -> Finding:
        above = self._layout.parents.get(code) or self._layout.record.code
        place = Place(segment=code, position=line.number, line=line.number)
        return Finding("FIX-04", place=place, expected=above, got=code)

    def _begin(self, line: Line) -> Message:
        record = self._layout.record
        values, findings = self._cutter.values(line, record)
        root = SourceRecord(self._grammar.message, values, line.number, None, line.number)
        self._open, self._records = [(record, root)], 1
        self._ordinal += 1
        message = Message(self._grammar.message, None, None, root, self._ordinal, line.offset, line.length, columns=self._columns)
        message.findings += findings
        return message

    def _alone(self, line: Line, fault: Finding) -> Message:
        self._ordinal += 1
        message = Message(self._grammar.message, None, None, None, self._ordinal, line.offset, line.length)
        message.findings.append(fault)
        return message

    def _add(self, message: Message, line: Line, record: RecordType) -> None:
        if message.root is None:
            return
        above = self._layout.parents[record.code]
        while self._open and self._open[-1][0].code != above:
            self._open.pop()
        if not self._open:
            self._faults.tell(message, [self._misplaced(line, record.code)])
            self._open = [(self._layout.record, message.root)]
            return
        if message.length > self._caps.message_bytes or self._records >= self._caps.message_records:
            many = self._records >= self._caps.message_records
            cap, what = (self._caps.message_records, "records") if many else (self._caps.message_bytes, "bytes")
            place = Place(position=line.number, line=line.number)
            message.findings.append(Finding("FED-14", place=place, expected=str(cap), params={"what": what}))
            message.root = None
            return
        values, findings = self._cutter.values(line, record)
        self._faults.tell(message, findings)
        parent = self._open[-1][1]
        made = SourceRecord(record.tag, values, line.number, parent, line.number)
        parent.children.append(made)
        self._records += 1
        self._open.append((record, made))

    def _finish(self, message: Message) -> Message:
        self._faults.finish(message)
        if message.root is not None:
            message.findings += self._checker.check(message.root, "", self._columns)
        return message


def _columns(record: RecordType, path: str) -> Iterator[tuple[str, int]]:
    for name, column in record.columns.items():
        yield f"{path}{name}", column.start
    for below in record.below:
        yield from _columns(below, f"{path}{below.tag}/")
