"""Fields of feed grammars: one column, member, element or attribute, with what its values must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.feed_layout import Column, column_of
from connectors.feed_values import KINDS, Spelling, check_for
from data_contracts.errors import ConfigError
from data_contracts.findings import Action

_FIELD_KEYS = frozenset(
    {"type", "required", "many", "enum", "pattern", "max_length", "on_error", "fields", "names", "quoted", "note", "write"}
    | {"at", "align", "pad", "empty", "code", "named", "space", "inside"}
)
_UNBOUNDED = re.compile(r"(?<!\\)(?:[*+?]|\{\d*,\d*\})")


@dataclass(frozen=True, slots=True)
class Field:
    """One field, column, member, element or (name with a leading `@`) attribute."""

    name: str
    kind: str
    """A key of `KINDS`, or `record` for what has fields of its own."""
    type_name: str = ""
    """The named type that it is of, for the guide."""
    required: bool = False
    many: bool = False
    enum: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None
    max_length: int | None = None
    on_error: Action | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    quoted: bool = False
    write: str | None = None
    """json: what the writer puts there (`created_at`); rows: the header that is written, where it is not the name."""
    note: str = ""
    column: Column | None = None
    """fixed: where it stands in its line."""
    code: str = ""
    """fixed: the code of the lines that are such records."""
    space: str | None = None
    """xml: prefix, of the grammar's `spaces`, of the namespace in which its element stands; None is the grammar's own."""
    check: Callable[[str], object] | None = None
    """The type's check; None where any text will do."""
    expects: str = "text"
    """What the type asks for, as a finding says it."""

    @property
    def headers(self) -> tuple[str, ...]:
        """rows: every header that means this column, the one that is written among them."""
        return (self.name, *self.names, *((self.write,) if self.write else ()))

    def fault(self, value: str) -> tuple[str, str] | None:
        """The rule that a value breaks and what it asks for, or None. Checks stop at the first fault."""
        if self.max_length is not None and len(value) > self.max_length:
            return "FED-09", str(self.max_length)
        if self.check is not None and not self.check(value):
            return "FED-06", self.expects
        if self.enum is not None and value not in self.enum:
            return "FED-07", ", ".join(sorted(self.enum))
        if self.pattern is not None and (len(value) > 512 or not self.pattern.fullmatch(value)):
            return "FED-08", self.pattern.pattern
        return None

    def test(self) -> Callable[[str], object] | None:
        """The fastest test that is truthy exactly where `fault` is None; None where any text will do."""
        only = [part is not None for part in (self.check, self.max_length, self.enum, self.pattern)]
        if not any(only):
            return None
        if only == [True, False, False, False]:
            return self.check
        if only == [False, True, False, False]:
            return re.compile(f".{{0,{self.max_length}}}", re.DOTALL).fullmatch
        if only == [False, False, True, False] and self.enum is not None:
            return self.enum.__contains__
        return lambda value: self.fault(value) is None


def refuse_unknown(body: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """Raise ConfigError where a mapping has keys that nobody knows."""
    unknown = sorted(str(key) for key in body if key not in known)
    if unknown:
        raise ConfigError(f"{where}: unknown key {', '.join(unknown)}")


def fields_of(
    body: Any, where: str, spelling: Spelling, space: str | None = None, done: dict[tuple[int, str | None], dict[str, Field]] | None = None
) -> dict[str, Field]:
    """Fields of a record; one that stands at several places, as named types do, is made once (`done`, by the identity of its body).

    `space` is the namespace of those that state none. Raises ConfigError that names file and field.
    """
    if not isinstance(body, dict):
        raise ConfigError(f"{where}: fields is a mapping from name to definition")
    done = {} if done is None else done
    known = done.get((id(body), space))
    if known is None:
        misread = [name for name in body if isinstance(name, bool) or name is None]
        if misread:
            raise ConfigError(f"{where}: YAML reads a field's name as {misread[0]!r}; put it in quotes")
        fields = {str(name): _field(str(name), definition, f"{where}: {name}", spelling, space, done) for name, definition in body.items()}
        known = done[id(body), space] = fields
    return known


def _field(
    name: str, definition: Any, where: str, spelling: Spelling, space: str | None, done: dict[tuple[int, str | None], dict[str, Field]]
) -> Field:
    if not isinstance(definition, dict):
        raise ConfigError(f"{where}: a field is a mapping with at least a type")
    refuse_unknown(definition, _FIELD_KEYS, where)
    kind = definition.get("type")
    if kind != "record" and kind not in KINDS:
        raise ConfigError(f"{where}: type {kind!r} is none of {', '.join(['record', *KINDS])}")
    if kind == "record" and not definition.get("fields"):
        raise ConfigError(f"{where}: a record has fields")
    on_error = definition.get("on_error")
    if on_error not in (None, "none", "row", "message"):
        raise ConfigError(f"{where}: on_error is none, row or message")
    enum = definition.get("enum")
    return Field(
        name=name,
        kind=str(kind),
        type_name=str(definition.get("named", "")),
        required=bool(definition.get("required", False)),
        many=bool(definition.get("many", False)),
        enum=frozenset(str(word) for word in enum) if enum else None,
        pattern=_pattern(definition.get("pattern"), where),
        max_length=definition.get("max_length"),
        on_error=on_error,
        fields=fields_of(definition["fields"], where, spelling, definition.get("inside", space), done) if definition.get("fields") else {},
        names=tuple(str(other) for other in definition.get("names", ())),
        quoted=bool(definition.get("quoted", False)),
        write=definition.get("write"),
        note=str(definition.get("note", "")),
        space=definition.get("space", space),
        column=None if kind == "record" else column_of(definition, str(kind), where),
        code=str(definition.get("code", "")),
        check=None if kind == "record" else check_for(str(kind), spelling),
        expects="record" if kind == "record" else KINDS[str(kind)].describe(spelling),
    )


def _pattern(text: Any, where: str) -> re.Pattern[str] | None:
    """A pattern that cannot run away: no groups, so nothing nests, and at most three parts of open length."""
    if text is None:
        return None
    text = str(text)
    bare = re.sub(r"\\.|\[[^\]]*\]", "", text)
    if "(" in bare or "|" in bare or len(_UNBOUNDED.findall(bare)) > 3:
        raise ConfigError(f"{where}: a pattern has no groups, no alternatives and at most three parts of open length; use enum for choices")
    try:
        return re.compile(text)
    except re.error as error:
        raise ConfigError(f"{where}: pattern {text!r}: {error}") from error
