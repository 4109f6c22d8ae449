"""The shape of each entity, taken once from its pydantic model: members, their kind, which must be there.

The hot path validates plain dictionaries without building models. So that both agree, the members come from the models
themselves; a test holds that whatever pydantic refuses, the rules find too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from data_contracts.canonical import ENTITIES

_BY_NAME = {
    "gtin": "gtin",
    "gln": "gln",
    "sscc": "sscc",
    "parent_sscc": "sscc",
    "lot": "lot",
    "udi_di": "udi_di",
    "unit": "unit",
    "base_unit": "unit",
    "currency": "currency",
    "country": "country",
}
"""Text members that carry a code. A `gln` inside a place is `gln_place`, inside a trading party `gln_party`."""

PLACES = frozenset(("ship_to", "ship_from", "location"))
"""Parties that are where goods stand or go; a wrong GLN there sends goods or stock astray."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a record. `kind` names the check in `members.py`."""

    name: str
    kind: str
    type: type
    required: bool
    nullable: bool
    choices: frozenset[str] = frozenset()
    shape: Shape | None = None
    """Of a nested record or of the records of a list."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of one kind of record by name."""

    name: str
    members: dict[str, Member]
    required: frozenset[str]


@cache
def shape_of(entity: str) -> Shape:
    """The shape of an entity by its canonical name. Raises KeyError when there is no such entity."""
    return _shape(ENTITIES[entity], place=entity in ("Location", "Party"))


def _shape(model: type[BaseModel], place: bool) -> Shape:
    members = {name: _member(name, field.annotation, field.is_required(), place) for name, field in model.model_fields.items()}
    return Shape(model.__name__, members, frozenset(name for name, member in members.items() if member.required))


def _member(name: str, annotation: Any, required: bool, place: bool) -> Member:
    inner, nullable = _bare(annotation)
    origin = get_origin(inner)
    if origin is list:
        (element,) = get_args(inner)
        element, _ = _bare(element)
        if isinstance(element, type) and issubclass(element, BaseModel):
            return Member(name, "records", list, required, nullable, shape=_shape(element, place))
        return Member(name, "serials" if name == "serials" else "texts", list, required, nullable)
    if origin is Literal:
        return Member(name, "choice", str, required, nullable, frozenset(get_args(inner)))
    if inner is AwareDatetime:
        return Member(name, "moment", datetime, required, nullable)
    if not isinstance(inner, type):
        raise TypeError(f"the rules know no check for {name}: {annotation}")
    if issubclass(inner, BaseModel):
        return Member(name, "record", dict, required, nullable, shape=_shape(inner, name in PLACES))
    if issubclass(inner, StrEnum):
        return Member(name, "choice", str, required, nullable, frozenset(inner))
    if inner is Decimal:
        return Member(name, _number(name), Decimal, required, nullable)
    if inner in (int, bool):
        return Member(name, inner.__name__, inner, required, nullable)
    if inner is not str:
        raise TypeError(f"the rules know no check for {name}: {annotation}")
    kind = "date" if name.endswith("_on") else _BY_NAME.get(name, "key" if required else "text")
    return Member(name, f"gln_{'place' if place else 'party'}" if kind == "gln" else kind, str, required, nullable)


_MEASURED = frozenset(("value", "low", "high"))
"""What was measured, or between which limits: below zero, too."""


def _number(name: str) -> str:
    if name.endswith("quantity"):
        return "part" if name != "quantity" else "quantity"
    if name in _MEASURED:
        return "measure"
    return "total" if name in ("amount", "total", "taxable_amount") else "price"


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The annotation without `| None` and without pydantic's metadata, and whether null is allowed."""
    nullable = False
    while True:
        origin = get_origin(annotation)
        if origin in (Union, UnionType):
            inner = [argument for argument in get_args(annotation) if argument is not type(None)]
            if len(inner) != 1:
                raise TypeError(f"the rules know no check for {annotation}")
            annotation, nullable = inner[0], True
        elif origin is Annotated:
            annotation = get_args(annotation)[0]
        else:
            return annotation, nullable
