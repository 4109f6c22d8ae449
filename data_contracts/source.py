"""Source records: what a format yields and a mapping reads.

Every syntax becomes the same thing, a tree of records: an X12 segment with the segments of its loop below it,
an XML element with its children, a JSON object, a row of a CSV file. A mapping can so address
`PO1/PID[01=F]/05`, `Receipt/Line/Quantity` and `lines/quantity` by one path language.

- Segment syntaxes (x12, edifact): `tag` is the segment id, `values` a list of element strings as received, with
  `values[0]` the tag, so that `values[3]` is element 03. The first segment of a loop is the loop's
  record; the other segments and inner loops are its `children` in order of arrival. HL segments
  (856) nest by HL02.
- Named syntaxes (xml, json, delimited): `values` is a mapping from name to text (XML: child leaf elements and, with
  a leading `@`, attributes; JSON: scalar members, numbers in their exact source spelling, true/false as
  `true`/`false`, null is left out; CSV: columns by header). Objects, and arrays of objects, are `children` whose `tag` is the member name.
  An array of scalars becomes children with the single value named `` (empty).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_contracts.findings import Finding, Place


class SourceRecord:
    """One node of a message's tree.

    `position` counts as `Place.position` does; `line` is the text line where known (0 = unknown).
    """

    __slots__ = ("children", "held", "line", "parent", "position", "tag", "values")

    def __init__(
        self,
        tag: str,
        values: Sequence[str] | Mapping[str, str],
        position: int,
        parent: SourceRecord | None = None,
        line: int = 0,
    ) -> None:
        self.tag = tag
        self.values = values
        self.position = position
        self.parent = parent
        self.line = line
        self.children: list[SourceRecord] = []

    def walk(self) -> Iterator[SourceRecord]:
        """This record and everything below it, in document order."""
        yield self
        for child in self.children:
            if child.children:
                yield from child.walk()
            else:
                yield child

    def release(self) -> None:
        """Take the tree apart once nobody needs it: parents and children name each other, and only the collector would find that out.

        It spares a third of the time of reading many messages.
        """
        waiting = [self]
        while waiting:
            record = waiting.pop()
            for child in record.children:
                if child.children:
                    waiting.append(child)
            record.children = NO_CHILDREN

    def __repr__(self) -> str:
        return f"SourceRecord({self.tag!r}, {self.values!r}, position={self.position}, children={len(self.children)})"


class _NoChildren(list[SourceRecord]):
    """The list below every segment that opens no loop: one for all of them, so that nobody may fill it."""

    def append(self, record: SourceRecord) -> None:
        raise TypeError("this segment opens no loop and holds nothing")

    insert = extend = __iadd__ = __setitem__ = append  # type: ignore[assignment]


NO_CHILDREN: list[SourceRecord] = _NoChildren()


class SegmentRecord(SourceRecord):
    """A segment as it was read: its text is taken apart when its elements are first asked for, and many never are.

    Readers of segments make it empty and set each attribute but `values`: `held` is the text, in which the element
    separator follows the tag. `children` is `NO_CHILDREN` where the segment opens no loop. Once it is taken apart it is a
    plain record, whose values are looked up as quickly as any.
    """

    __slots__ = ()
    held: str

    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__  # a call of Python's would be half the time of building a tree

    @property
    def values(self) -> Sequence[str] | Mapping[str, str]:
        """The tag and its elements."""
        held, size = self.held, len(self.tag)
        elements = held.split(held[size]) if len(held) > size else [held]
        plain: SourceRecord = self
        plain.__class__ = SourceRecord
        plain.values = elements
        return elements

    @values.setter
    def values(self, values: Sequence[str] | Mapping[str, str]) -> None:
        plain: SourceRecord = self
        plain.__class__ = SourceRecord
        plain.values = values


_INDEX = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the values of rows stand: the number of each named column from 1 (fixed width: its first character), and the sheet's name."""

    numbers: Mapping[str, int]
    """By name; by path (`line/quantity`) where kinds of lines have columns of their own."""
    sheet: str | None = None
    lines: dict[int, Sequence[int]] = field(default_factory=dict)
    """By the number of a row that runs over several lines of text: the line in which each of its columns begins."""

    def placed(self, place: Place) -> Place:
        """The place of a value with its column and line, found by the path that names it; as it is where it names none or has one."""
        path = place.path or ""
        number = self.numbers.get(path)
        if number is None and path:
            plain = _INDEX.sub("", path).lstrip("/")
            number = self.numbers.get(plain, self.numbers.get(plain.rpartition("/")[2]))
        element = place.element if place.element is not None else number
        begins = self.lines.get(place.position or 0)
        line = begins[element - 1] if begins is not None and element is not None and element <= len(begins) else place.line
        segment = place.segment if self.sheet is None else self.sheet
        return Place(segment, place.position, element, place.component, line, place.path)  # `replace` is slow, and bad rows are many


@dataclass(slots=True)
class Message:
    """One ST-SE, one XML or JSON business object, one group of CSV rows: the unit that is accepted or held."""

    type: str
    """Message type as the standard names it: `850`, or the grammar's name for own formats (`erp_orders`)."""
    version: str | None
    """`004010`, `005010`; null where the format has none."""
    control: str | None
    """ST02, UNH 0062; null where the format has none."""
    root: SourceRecord | None
    """Tree to map; null when the message could not be read far enough."""
    ordinal: int
    """Counts the messages of a document from 1."""
    offset: int
    """First byte in the document."""
    length: int
    """Bytes; `document[offset:offset+length]` is this message as received, so it can be shown and re-read."""
    findings: list[Finding] = field(default_factory=list)
    components: str = ""
    """Component separator in force (X12 ISA16), so that a mapping can take a composite apart; else empty."""
    repetition: str = ""
    """Repetition separator in force (X12 ISA11 from 00402), else empty."""
    identifier: str = ""
    """Where a standard's answer names a message by more than its type: that, as received (EDIFACT UNH S009), else empty."""
    sent: str = ""
    """When its envelope says that it was made, `20261122 0830` in the sender's time; empty where that is not said."""
    columns: Columns | None = None
    """Of rows: where their named values stand, so that whatever is found later can be told by its column."""
    let_go: bool = False
    """The tree was read, and given back once nobody needed it any more."""

    @property
    def unread(self) -> bool:
        """Whether the message could not be read far enough to make a tree of it."""
        return self.root is None and not self.let_go


@dataclass(slots=True)
class Group:
    """One GS-GE; formats without groups have one with nulls."""

    type: str | None
    control: str | None
    version: str | None
    sender: str | None
    receiver: str | None
    ordinal: int
    count_declared: str | None = None
    """GE01 as sent, for AK902."""
    message_count: int = 0
    """Sets received, for AK903."""
    findings: list[Finding] = field(default_factory=list)
    sent: str = ""
    """When it was made, as `Message.sent`."""


@dataclass(slots=True)
class Interchange:
    """One ISA-IEA; formats without envelopes have one with nulls.

    `header` keeps what an answer must copy back (X12: the 16 ISA elements as received).
    """

    sender: str | None
    """Trimmed id of ISA06 with its qualifier before a colon, `ZZ:DEVICECO`; UNB S002 likewise."""
    receiver: str | None
    control: str | None
    test: bool
    ordinal: int
    offset: int
    length: int
    header: Sequence[str] = ()
    acknowledgement_requested: bool = False
    """ISA14 = 1, UNB 0031 = 1."""
    delimiters: Mapping[str, str] = field(default_factory=dict)
    """`element`, `component`, `repetition`, `segment`."""
    findings: list[Finding] = field(default_factory=list)
    group_count: int = 0


@dataclass(slots=True)
class ReadEvent:
    """One step of reading a document: exactly one of the four is what happened.

    Order: interchange, (group, message*, group_end)*, interchange_end. `*_end` events carry the same object
    with counts and findings complete. A document that is no interchange at all yields one
    `unreadable` finding event and nothing else.
    """

    kind: str
    """`interchange` | `group` | `message` | `group_end` | `interchange_end` | `unreadable` | `acknowledgement`"""
    interchange: Interchange | None = None
    group: Group | None = None
    message: Message | None = None
    finding: Finding | None = None
    detail: Any = None
