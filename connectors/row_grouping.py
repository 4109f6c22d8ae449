"""Rows of a delimited file, a sheet or a fixed-width file become messages: one each, or adjacent rows with equal key columns together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from connectors.feed import FeedGrammar, Field
from connectors.feed_check import Checker, RowFaults, shown
from connectors.feed_reading import Caps
from connectors.row_header import Header
from data_contracts.findings import Finding, Place
from data_contracts.source import Columns, Message, SourceRecord

_REMEMBERED = 100_000
"""Keys of groups that are remembered, to notice rows of one message that stand apart."""


@dataclass(slots=True)
class Row:
    """One row: its fields as received, where it stands, and what is wrong with its bytes or quotes."""

    number: int
    """Counts rows from 1; the header is 1."""
    line: int
    offset: int
    length: int
    fields: list[str]
    fault: Finding | None = None
    """Why the row cannot be used."""
    notes: list[Finding] = field(default_factory=list)
    """What else was found in it."""
    lines: Sequence[int] = ()
    """The text line in which each field begins, where the row runs over several."""


def _column(_parent: str, name: str, _index: int | None) -> str:
    return name


class _Columns:
    """Where values stand in a row, and the check of what was built from them."""

    def __init__(self, grammar: FeedGrammar, header: Header, caps: Caps, columns: Columns | None = None) -> None:
        self.grammar = grammar
        self.header = header
        self.caps = caps
        self.columns = columns or Columns({name: index + 1 for name, index in header.columns.items()})
        self.ordinal = 0

    def message(self, row: Row, root: SourceRecord | None) -> Message:
        self.ordinal += 1
        message = Message(self.grammar.message, None, None, root, self.ordinal, row.offset, row.length, columns=self.columns)
        if row.lines:
            self.runs_on(message, row)
        return message

    def runs_on(self, message: Message, row: Row) -> None:
        """Keep in which lines of the text the fields of a row begin."""
        if message.columns is None or message.columns is self.columns:
            message.columns = replace(self.columns, lines={})  # its own from here on
        message.columns.lines[row.number] = row.lines

    def width_fault(self, row: Row) -> Finding | None:
        """A row that has more or fewer fields than the header: its values may stand in wrong columns."""
        if len(row.fields) == self.header.width:
            return None
        place = Place(position=row.number, line=row.line)
        return Finding("CSV-07", place=place, expected=str(self.header.width), got=str(len(row.fields)))


class SingleRows(_Columns):
    """Every row is a message."""

    def __init__(self, grammar: FeedGrammar, header: Header, caps: Caps, columns: Columns | None = None) -> None:
        super().__init__(grammar, header, caps, columns)
        self._pairs = [(index, name) for name, index in header.columns.items()]
        self._checker = Checker(grammar.fields, _column, nothing=grammar.nothing, lenient=caps.lenient)

    def messages(self, source: Iterator[Row]) -> Iterator[Message]:
        """One message a row, in order."""
        for row in source:
            fault = row.fault or self.width_fault(row)
            if fault is not None:
                message = self.message(row, None)
                message.findings += [fault, *row.notes]
            else:
                fields = row.fields
                values = {name: value for index, name in self._pairs if (value := fields[index].strip())}
                root = SourceRecord(self.grammar.message, values, row.number, None, row.line)
                message = self.message(row, root)
                message.findings += row.notes
                message.findings += self._checker.check(root, "", message.columns)
                if self._checker.spares(message.findings):
                    message.root = None
            yield message


class GroupedRows(_Columns):
    """Adjacent rows with equal key columns are a message; its rows stand below it.

    Rows of one message that stand apart would be read as two of the same number, of which the second replaces the first: an order of half
    its lines. Where they do is known only when all rows have been seen, so the file is gone through twice (`look_over`), and every part of
    such a message is refused (CSV-11).
    """

    def __init__(self, grammar: FeedGrammar, header: Header, caps: Caps, columns: Columns | None = None) -> None:
        super().__init__(grammar, header, caps, columns)
        assert grammar.group is not None
        self._group = grammar.group
        places = header.columns
        self._key = [places.get(name) for name in self._group.by]
        self._last = max((index for index in self._key if index is not None), default=-1)
        """Where the last of the key's columns stands."""
        top = (*self._group.by, *self._group.header)
        self._top = [(places[name], name) for name in top if name in places]
        self._rest = [(index, name) for name, index in places.items() if name not in top]
        fields = {name: grammar.fields[name] for name in top}
        below = {name: found for name, found in grammar.fields.items() if name not in top}
        fields[self._group.rows] = Field(self._group.rows, "record", many=True, fields=below)
        self._checker = Checker(fields, _column, nothing=grammar.nothing, lenient=caps.lenient)
        self._faults = RowFaults()
        self._apart: set[int] = set()
        """Digests of the keys whose rows stand apart."""
        self._unchecked = False
        """Whether there were more keys than are remembered."""

    def look_over(self, source: Iterator[Row]) -> None:
        """Find the messages whose rows stand apart, before `messages`. Only keys are looked at, and only so many are remembered."""
        seen: set[int] = set()
        before: tuple[str, ...] | None = None
        for row in source:
            key = self._key_of(row)
            if key is None or key == before:
                continue
            before, digest = key, hash(key)
            if digest in seen:
                self._apart.add(digest)
            elif len(seen) < _REMEMBERED:
                seen.add(digest)
            else:
                self._unchecked = True

    def messages(self, source: Iterator[Row]) -> Iterator[Message]:
        """One message a group, in order of its first row."""
        current: Message | None = None
        key: tuple[str, ...] | None = None
        suspect: Finding | None = None
        for row in source:
            fault = row.fault or self.width_fault(row)
            found = self._key_of(row)
            if found is None:
                # Whose row it was cannot be told: neither the message before nor the one after is surely whole.
                assert fault is not None
                suspect = fault
                if current is not None:
                    self._faults.tell(current, [fault])
                continue
            if current is None or found != key:
                if current is not None:
                    yield self._finish(current)
                current, key = self._open(row, found), found
                if suspect is not None:
                    current.findings.append(suspect)
            suspect = None
            current.length = row.offset + row.length - current.offset
            if row.notes:
                self._faults.tell(current, row.notes)
            if fault is not None:
                self._faults.tell(current, [fault])
            else:
                self._add(current, row)
        if current is not None:
            yield self._finish(current)
        elif suspect is not None:
            message = Message(self.grammar.message, None, None, None, self.ordinal + 1, 0, 0)
            message.findings.append(suspect)
            yield message

    def _key_of(self, row: Row) -> tuple[str, ...] | None:
        fields = row.fields
        if not fields or self._last >= len(fields):
            return None
        return tuple([fields[index].strip() if index is not None else "" for index in self._key])

    def _open(self, row: Row, key: tuple[str, ...]) -> Message:
        values = {name: value for index, name in self._top if index < len(row.fields) and (value := row.fields[index].strip())}
        message = self.message(row, SourceRecord(self.grammar.message, values, row.number, None, row.line))
        if self._apart and hash(key) in self._apart:
            message.findings.append(Finding("CSV-11", place=Place(position=row.number, line=row.line), got=shown("/".join(key))))
        if self._unchecked:
            self._unchecked = False  # said once, with the first message
            message.findings.append(Finding("CSV-13", place=Place(position=row.number, line=row.line), expected=str(_REMEMBERED)))
        return message

    def _add(self, message: Message, row: Row) -> None:
        root = message.root
        if root is None:
            return
        if message.length > self.caps.message_bytes or len(root.children) >= self.caps.message_records:
            message.root = None
            too_many_rows = len(root.children) >= self.caps.message_records
            cap, what = (self.caps.message_records, "rows") if too_many_rows else (self.caps.message_bytes, "bytes")
            place = Place(position=row.number, line=row.line)
            message.findings.append(Finding("FED-14", place=place, expected=str(cap), params={"what": what}))
            return
        fields = row.fields
        if row.lines and row.number != root.position:
            self.runs_on(message, row)
        for index, name in self._top:
            value = fields[index].strip()
            stated = root.values.get(name)  # type: ignore[union-attr]  # a dict here
            if value and value != stated:
                place = (message.columns or self.columns).placed(Place(position=row.number, line=row.line, path=name))
                wrong = Finding("CSV-10", place=place, expected=stated or "", got=shown(value), params={"field": name})
                self._faults.tell(message, [wrong])
        values = {name: value for index, name in self._rest if (value := fields[index].strip())}
        root.children.append(SourceRecord(self._group.rows, values, row.number, root, row.line))

    def _finish(self, message: Message) -> Message:
        self._faults.finish(message)
        if message.root is not None and not message.root.children:
            message.root = None  # no row could be read
        if message.root is not None and not self._checker.spares(message.findings):
            message.findings += self._checker.check(message.root, "", message.columns)
        if self._checker.spares(message.findings):
            message.root = None
        return message
