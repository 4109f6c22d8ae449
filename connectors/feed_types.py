"""Named types of feed grammars: what a standard repeats in every message is said once, beside the messages.

UBL has one Party, cXML one Address, B2MML one Quantity. A grammar with `types: _types` takes them from the file
of that name in its own folder, else the shipped ones of its format; a field then says `{type: Party, required: true}`, or in one word:

    Party             at most once
    Party!            exactly once
    Party*            any number
    Party+            once and more

A type is a field definition like any other (`type: record` with `fields`, or a kind with attributes) and may name other types, itself
too: a segment within a segment is followed for `LEVELS` levels. What a field says beside its type wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from connectors.feed_values import KINDS
from data_contracts.errors import ConfigError

LEVELS = 3
"""How often a type may stand within itself; what is nested deeper is unknown to the grammar."""
_COUNTS = {"!": {"required": True}, "*": {"many": True}, "+": {"required": True, "many": True}}


def load_types(path: Path) -> tuple[dict[str, Any], bytes]:
    """The types of a file and its bytes. Raises ConfigError when it is none."""
    try:
        content = path.read_bytes()
        body = yaml.load(content, Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: types cannot be read: {error}") from error
    if not isinstance(body, dict) or set(body) != {"version", "types"} or not isinstance(body["types"], dict):
        raise ConfigError(f"{path}: a file of types has version and types")
    return body["types"], content


def expanded(fields: Any, types: Mapping[str, Any], where: str) -> Any:
    """Field definitions with every named type written out, as `connectors.feed` reads them."""
    return _Expansion(types, where).fields(fields, ())


class _Expansion:
    """One grammar's types. Equal types at equal depth are one object, so that a large grammar stays small."""

    def __init__(self, types: Mapping[str, Any], where: str) -> None:
        self._types = types
        self._where = where
        self._known: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
        self._recursive = {name for name in types if name in _reached(types[name], types, set())}

    def fields(self, fields: Any, inside: tuple[str, ...]) -> Any:
        if not isinstance(fields, dict):
            return fields
        written = {name: self._definition(definition, f"{self._where}: {name}", inside) for name, definition in fields.items()}
        return {name: definition for name, definition in written.items() if definition is not None}

    def _definition(self, definition: Any, where: str, inside: tuple[str, ...]) -> Any:
        """None for a type that stands within itself too often."""
        if isinstance(definition, str):
            counted = _COUNTS.get(definition[-1:], {})
            definition = {"type": definition[:-1] if counted else definition, **counted}
        if not isinstance(definition, dict):
            return definition
        own = dict(definition)
        if "fields" in own:
            own["fields"] = self.fields(own["fields"], inside)
        name = own.get("type")
        if name == "record" or name in KINDS:
            return own
        if name not in self._types:
            raise ConfigError(f"{where}: type {name!r} is no kind and none of the types {', '.join(sorted(self._types))}")
        if inside.count(str(name)) >= LEVELS:
            return None
        base = self._type(str(name), where, inside)
        merged = {**base, "named": name, **{key: value for key, value in own.items() if key != "type"}}
        if "fields" in base and "fields" in own:
            merged["fields"] = {**base["fields"], **own["fields"]}
        return merged

    def _type(self, name: str, where: str, inside: tuple[str, ...]) -> dict[str, Any]:
        # What matters of the way down is only how often each recursive type stands on it.
        key = (name, tuple(sorted(outer for outer in inside if outer in self._recursive)))
        known = self._known.get(key)
        if known is None:
            made = self._definition(self._types[name], where, (*inside, name))
            if not isinstance(made, dict):
                raise ConfigError(f"{where}: type {name!r} is no field definition")
            known = self._known[key] = made
        return known


def _reached(definition: Any, types: Mapping[str, Any], seen: set[str]) -> set[str]:
    """Names of all types that a definition leads to."""
    if isinstance(definition, str):
        definition = {"type": definition.rstrip("".join(_COUNTS))}
    if isinstance(definition, dict):
        name = str(definition.get("type"))
        if name in types and name not in seen:
            seen.add(name)
            _reached(types[name], types, seen)
        fields = definition.get("fields")
        for field in fields.values() if isinstance(fields, dict) else ():
            _reached(field, types, seen)
    return seen
