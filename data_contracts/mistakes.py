"""What is wrong with a record that a person wrote, in words: member, what was meant, and what was expected instead of what came.

pydantic speaks to programmers; whoever corrects a document or writes a record by hand is told the member and the names that it might be.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

_SHOWN = 15
"""Names that are listed where none is near."""
_MOST = 5
_EXPECTED = {
    "timezone_aware": "a time with its offset, like 2026-11-22T08:30:00+08:00",
    "string_pattern_mismatch": "a day like 2026-11-22 or a month like 2026-11",
    "string_type": "text (in quotes)",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a record",
}
_FAMILIES = {
    "decimal": "a number of at most 12 digits before and 6 after the point",
    "datetime": "a time with its offset, like 2026-11-22T08:30:00+08:00",
    "int": "a whole number",
    "bool": "true or false",
}


def meant(word: object, known: Iterable[object]) -> str:
    """The names of `known` that are nearest to a word; where none is near, all of them, as far as a line holds."""
    names = sorted(str(name) for name in known)
    near = get_close_matches(str(word), names, n=3)
    return ", ".join(near or [*names[:_SHOWN], *(["…"] if len(names) > _SHOWN else [])]) or "-"


def place_of(loc: Sequence[int | str]) -> str:
    """`lines[1].gtin`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def model_at(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """The model whose members stand at a place; list positions and keys of dictionaries are passed over."""
    here = model
    for part in loc:
        field = next((field for name, field in here.model_fields.items() if part in (name, field.alias)), None)
        inner = _model_in(field.annotation) if field is not None else None
        here = inner or here
    return here


def members_of(model: type[BaseModel]) -> list[str]:
    """The names by which a person writes a model's members."""
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def explained(model: type[BaseModel], error: ValidationError) -> str:
    """Every mistake in words, the first few of them where there are many."""
    said = [_said(model, one) for one in error.errors()]
    return "; ".join([*said[:_MOST], *([f"and {len(said) - _MOST} more"] if len(said) > _MOST else [])])


def _said(model: type[BaseModel], one: Any) -> str:
    loc: Sequence[int | str] = one["loc"]
    kind, got = str(one["type"]), one.get("input")
    if kind == "extra_forbidden":
        return f"{place_of(loc)}: there is no such member; did you mean {meant(loc[-1], members_of(model_at(model, loc[:-1])))}?"
    if kind == "missing":
        return f"{place_of(loc)} is missing"
    expected = _EXPECTED.get(kind) or _FAMILIES.get(kind.partition("_")[0])
    if kind in ("enum", "literal_error"):
        expected = str(one["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    return f"{place_of(loc)} should be {expected}, is {got!r}" if expected else f"{place_of(loc)}: {one['msg']}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part)) is not None), None)
