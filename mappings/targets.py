"""What a mapping may aim at: the members of the canonical entities with the kind of value each holds.

Checked once when a mapping is loaded, so that a wrong name, a date put in a number, a code that the model doesn't know or a
mandatory member without a row is told to the author and not found in data.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from data_contracts.mistakes import meant
from mappings.functions import Kind


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an entity: the kind of its value, whether it is a list of values, what values it is limited to."""

    kind: Kind
    many: bool = False
    allowed: frozenset[str] | None = None
    required: bool = False


def entity_named(name: str, where: str) -> type[BaseModel]:
    """The canonical entity. Raises ConfigError for a name that the catalogue of entities does not hold."""
    if name not in ENTITIES:
        raise ConfigError(f"{where}: entity: there is no `{name}`; known are {', '.join(sorted(ENTITIES))}")
    return ENTITIES[name]


@cache
def members(model: type[BaseModel]) -> dict[str, Member | type[BaseModel]]:
    """Members by name; a party or a list of lines is the model it holds."""
    found: dict[str, Member | type[BaseModel]] = {}
    for name, field in model.model_fields.items():
        found[name] = _member(name, field.annotation, field.is_required())
    return found


def member(model: type[BaseModel], to: str, where: str) -> Member:
    """The member that `to` names, `ship_to.gln` or `serials[]`. Raises ConfigError naming row and column."""
    steps = to.removesuffix("[]").split(".")
    here: Member | type[BaseModel] = model
    for at, step in enumerate(steps):
        if isinstance(here, Member) or step not in members(here):
            known = () if isinstance(here, Member) else members(here)
            hint = f"; did you mean {meant(step, known)}? (docs/entities.md has all)"
            raise ConfigError(f"{where}: to: {model.__name__} has no member `{'.'.join(steps[: at + 1])}`{hint}")
        here = members(here)[step]
    if not isinstance(here, Member):
        raise ConfigError(f"{where}: to: `{to}` is a record; name a member of it")
    if here.many != to.endswith("[]"):
        raise ConfigError(f"{where}: to: `{to}`: " + ("it is a list, write `[]` after it" if here.many else "it is no list"))
    return here


def element_model(model: type[BaseModel], to: str, where: str) -> type[BaseModel]:
    """The model of the elements of a list member. Raises ConfigError when it is no list of records."""
    field = model.model_fields.get(to)
    inner = typing.get_args(field.annotation)[:1] if field is not None and typing.get_origin(field.annotation) is list else ()
    if not inner or not (isinstance(inner[0], type) and issubclass(inner[0], BaseModel)):
        raise ConfigError(f"{where}: to: {model.__name__} has no list of records `{to}`")
    return inner[0]


def required(model: type[BaseModel]) -> tuple[str, ...]:
    """Mandatory members that rows must fill, records such as `location` too."""
    return tuple(name for name, field in model.model_fields.items() if field.is_required())


def _member(name: str, annotation: Any, is_required: bool) -> Member | type[BaseModel]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        rest = [argument for argument in arguments if argument is not type(None)]
        return _member(name, rest[0], is_required)
    if origin is typing.Annotated:
        return _member(name, arguments[0], is_required)
    if origin is Literal:
        return Member("text", allowed=frozenset(arguments), required=is_required)
    if origin is list:
        inner = _member(name, arguments[0], is_required)
        return Member(inner.kind, many=True, required=is_required) if isinstance(inner, Member) else inner
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Member("text", allowed=frozenset(str(entry.value) for entry in annotation), required=is_required)
    return Member(_kind(name, annotation), required=is_required)


def _kind(name: str, annotation: Any) -> Kind:
    if annotation is bool:
        return "boolean"
    if annotation is int:
        return "integer"
    if annotation is Decimal:
        return "decimal"
    if annotation in (datetime, AwareDatetime):
        return "instant"
    return "date" if name.endswith("_on") else "text"
