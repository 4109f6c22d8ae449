"""Where the columns of a fixed-width feed stand, and which record a line is. Part of a feed grammar (`connectors.feed`).

record_type: [1, 2]        # the record's code stands in characters 1 and 2; without it all lines are alike
code: "10"                 # the record that opens a message
skip: ["00", "99"]         # records around the messages that are not read
offsets: characters        # or `bytes`, where a Chinese character takes two columns
fields:
  number: {type: text, at: [3, 10], required: true}                  # ten characters from the third on
  line:
    type: record
    many: true
    code: "20"             # lines with this code, below the record before them
    fields:
      quantity: {type: decimal, at: [13, 9], align: right, pad: "0"}
      expires: {type: date_compact, at: [22, 8], empty: ["00000000"]}    # spelled, and means nothing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from data_contracts.errors import ConfigError

NUMERIC = frozenset({"integer", "decimal", "implied_decimal_2", "implied_decimal_3"})
_LONGEST = 32_000
"""Characters that a line may have by its grammar."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value stands in its line: characters from `start` (counted from 0) up to and without `stop`."""

    start: int
    stop: int
    right: bool
    """Aligned at the right, as numbers are; blanks fill the left."""
    pad: str = " "
    empty: frozenset[str] = frozenset()
    """Spellings that mean that there is no value."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """One kind of line: its code, the tag of its records, its columns and the kinds that may stand below it."""

    code: str
    tag: str
    columns: Mapping[str, Column]
    below: tuple[RecordType, ...] = ()
    width: int = 0
    """Characters that its columns take."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a fixed-width feed. `discriminator` None: all lines are of the one kind `record`."""

    record: RecordType
    discriminator: Column | None = None
    skip: frozenset[str] = frozenset()
    in_bytes: bool = False
    parents: Mapping[str, str | None] = field(default_factory=dict)
    """Code of the record above, by code; None for the one that opens a message."""
    types: Mapping[str, RecordType] = field(default_factory=dict)
    """By code."""


def column_of(definition: Mapping[str, Any], kind: str, where: str) -> Column | None:
    """The column that a field's `at` describes; None where it has none. Raises ConfigError for half a description."""
    given = definition.get("at")
    if given is None:
        if any(key in definition for key in ("align", "pad", "empty")):
            raise ConfigError(f"{where}: align, pad and empty belong to a column: `at` is missing")
        return None
    start, stop = _span(given, f"{where}: at")
    align = definition.get("align", "right" if kind in NUMERIC else "left")
    pad = str(definition.get("pad", " "))
    if align not in ("left", "right") or len(pad) != 1:
        raise ConfigError(f"{where}: align is left or right, pad one character")
    return Column(start, stop, align == "right", pad, frozenset(str(word) for word in definition.get("empty", ())))


def layout_of(body: Mapping[str, Any], message: str, fields: Mapping[str, Any], where: str) -> Layout:
    """The layout of a grammar of format `fixed`; `fields` are its `connectors.feed.Field`s. Raises ConfigError."""
    offsets = str(body.get("offsets", "characters"))
    if offsets not in ("characters", "bytes"):
        raise ConfigError(f"{where}: offsets is characters or bytes")
    code = body.get("code")
    if (body.get("record_type") is None) != (code is None):
        raise ConfigError(f"{where}: record_type says where a line's code stands, code which record opens a message: both or neither")
    if code is None:
        if any(found.kind == "record" for found in fields.values()):
            raise ConfigError(f"{where}: records below the message need record_type and code")
        return Layout(_record("", message, fields, None, where), in_bytes=offsets == "bytes")
    start, stop = _span(body["record_type"], f"{where}: record_type")
    discriminator = Column(start, stop, right=False)
    record = _record(str(code), message, fields, discriminator, where)
    types: dict[str, RecordType] = {}
    parents: dict[str, str | None] = {}
    _enter(record, None, types, parents, where)
    skip = frozenset(str(word) for word in body.get("skip", ()))
    if skip & types.keys():
        raise ConfigError(f"{where}: skip names {', '.join(sorted(skip & types.keys()))}, which is a record of the message")
    return Layout(record, discriminator, skip, offsets == "bytes", parents, types)


def _enter(record: RecordType, above: str | None, types: dict[str, RecordType], parents: dict[str, str | None], where: str) -> None:
    if record.code in types:
        raise ConfigError(f"{where}: two records have the code {record.code!r}")
    types[record.code] = record
    parents[record.code] = above
    for below in record.below:
        _enter(below, record.code, types, parents, where)


def _record(code: str, tag: str, fields: Mapping[str, Any], discriminator: Column | None, where: str) -> RecordType:
    columns: dict[str, Column] = {}
    below = []
    for found in fields.values():
        if found.kind == "record":
            if not found.code:
                raise ConfigError(f"{where}: {found.name}: a record has the code of its lines")
            below.append(_record(found.code, found.name, found.fields, discriminator, f"{where}: {found.name}"))
        elif found.column is None:
            raise ConfigError(f"{where}: {found.name}: `at` says where the column stands")
        else:
            columns[found.name] = found.column
    taken: list[tuple[int, int, str]] = [(column.start, column.stop, name) for name, column in columns.items()]
    if discriminator is not None:
        taken.append((discriminator.start, discriminator.stop, "record_type"))
        if len(code) > discriminator.stop - discriminator.start:
            raise ConfigError(f"{where}: the code {code!r} is longer than record_type has room for")
    _refuse_overlap(sorted(taken), where)
    return RecordType(code, tag, columns, tuple(below), max((column.stop for column in columns.values()), default=0))


def _refuse_overlap(taken: Sequence[tuple[int, int, str]], where: str) -> None:
    for (_, stop, name), (start, _, other) in pairwise(taken):
        if start < stop:
            raise ConfigError(f"{where}: {name} and {other} share the character {start + 1}")


def _span(given: Any, where: str) -> tuple[int, int]:
    """`[first character from 1, how many]` as start and stop from 0."""
    numbers = isinstance(given, list) and len(given) == 2 and all(isinstance(part, int) and not isinstance(part, bool) for part in given)
    if not numbers or given[0] < 1 or given[1] < 1 or sum(given) > _LONGEST:
        raise ConfigError(f"{where} is [first character, how many], such as [3, 10]")
    return given[0] - 1, given[0] - 1 + given[1]
