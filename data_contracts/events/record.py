"""A source record that holds a whole event.

The canonical event is made while reading, since EPCIS is a canonical form by itself; the tree of names and values, which people look at,
is built when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from data_contracts.source import SourceRecord


class EventRecord(SourceRecord):
    """The record of one event. `event` is the canonical one, null where too much lacks; `raw` as it was spelled."""

    __slots__ = ("_open", "event", "raw")

    def __init__(self, kind: str, raw: Mapping[str, Any], event: dict[str, Any] | None, line: int) -> None:
        self.tag = kind
        self.position = 1
        self.parent = None
        self.line = line
        self.event = event
        self.raw = raw
        self._open: SourceRecord | None = None

    def opened(self) -> SourceRecord:
        """The same as a tree of plain records."""
        if self._open is None:
            self._open = _Builder().record(self.tag, self.raw, self.line)
            for child in self._open.children:
                child.parent = self
        return self._open

    @property
    def values(self) -> Mapping[str, str]:  # type: ignore[override]  # made when asked for
        """Scalar members."""
        return cast("Mapping[str, str]", self.opened().values)

    @property
    def children(self) -> list[SourceRecord]:
        """Objects and lists below."""
        return self.opened().children

    @children.setter
    def children(self, children: list[SourceRecord]) -> None:
        self.opened().children = children

    def release(self) -> None:
        """Let go of what was read."""
        if self._open is not None:
            for child in self._open.children:
                child.release()
        self._open = None
        self.raw = {}
        self.event = None


class _Builder:
    """Objects become records, scalars values, elements of a list of scalars records whose only value is named by nothing."""

    def __init__(self) -> None:
        self.count = 0

    def record(self, tag: str, value: Any, line: int, parent: SourceRecord | None = None) -> SourceRecord:
        self.count += 1
        record = SourceRecord(tag, {}, self.count, parent, line)
        values: dict[str, str] = record.values  # type: ignore[assignment]  # made as a dict a line above
        for name, one in value.items() if isinstance(value, Mapping) else [("", value)]:
            if isinstance(one, Mapping):
                record.children.append(self.record(name, one, line, record))
            elif isinstance(one, list):
                record.children += [self.record(name, each, line, record) for each in one if not isinstance(each, list)]
            elif one is not None and one != "":
                values[name] = text_of(one)
        return record


def text_of(value: Any) -> str:
    """A scalar as its text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
