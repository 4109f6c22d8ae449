"""Writes `docs/entities.md`: the canonical entities and their members, by which mappings name their targets, from the models themselves.

python -m data_contracts.canonical.document > docs/entities.md
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from data_contracts.canonical import ENTITIES, BusinessDocument

_HEAD = """\
# Canonical entities

Written by `python -m data_contracts.canonical.document > docs/entities.md` from the models in `data_contracts/canonical/`; edit them there.

What a partner's document becomes, and what one is written from. A mapping (`mappings/README.md`) names an entity by `entity:` and its
members by `to:`: `number`, `ship_to.gln` within a record, `serials[]` for a list of texts; the rows of a list of records stand under
`each:` with `to: lines`. Members in bold must be filled.

- **date**: a day `2026-11-22`, or a month `2026-11` where no day is known. **time**: with its offset, `2026-11-22T08:30:00+08:00`.
- **number**: exact, at most 12 digits before and 6 after the point, in JSON as text. **text** is kept as stated.
"""
_SHARED = "## Every document\n\nThe members that all entities have beside their own.\n\n"
_COLUMNS = "| member | is | note |\n| --- | --- | --- |\n"


def markdown() -> str:
    """The whole page: what all share, the entities by name with their records below them, and the records that several use."""
    own: dict[str, list[type[BaseModel]]] = {name: _below(model) for name, model in sorted(ENTITIES.items())}
    used: dict[type[BaseModel], int] = {}
    for models in own.values():
        for model in models:
            used[model] = used.get(model, 0) + 1
    pages = [_HEAD, f"\n{_SHARED}{_COLUMNS}", *_rows(BusinessDocument, ())]
    for name, models in own.items():
        pages += _section(name, ENTITIES[name], tuple(BusinessDocument.model_fields))
        pages += [part for model in models if used[model] == 1 for part in _section(model.__name__, model, (), "###")]
    shared = sorted((model for model, count in used.items() if count > 1), key=lambda model: model.__name__)
    pages.append("\n## Records of several entities\n")
    return "".join([*pages, *(part for model in shared for part in _section(model.__name__, model, (), "###"))])


def _section(name: str, model: type[BaseModel], without: tuple[str, ...], level: str = "##") -> Iterator[str]:
    about = inspect.cleandoc(model.__doc__ or "").replace("\n", " ")
    yield f"\n{level} {name}\n\n{about}\n\n{_COLUMNS}"
    yield from _rows(model, without)


def _rows(model: type[BaseModel], without: tuple[str, ...]) -> Iterator[str]:
    notes = _notes(model)
    for name, field in model.model_fields.items():
        if name not in without:
            shown = f"**{name}**" if field.is_required() else name
            cells = (shown, _kind(name, field), notes.get(name, ""))
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


@cache
def _notes(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below members, those of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not (isinstance(base, type) and issubclass(base, BaseModel)) or base.__module__.startswith("pydantic"):
            continue
        body = ast.parse(inspect.cleandoc(f"\n{inspect.getsource(base)}")).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for statement, following in pairwise(statements):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(note))):
                    found[name] = " ".join(note.split())
    return found


def _kind(name: str, field: FieldInfo) -> str:
    return _word(name, field.annotation)


def _word(name: str, annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return _word(name, next(one for one in arguments if one is not type(None)))
    if origin is typing.Annotated:
        return _word(name, arguments[0])
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin in (list, tuple):
        return f"list of {_word(name, arguments[0])}"
    if origin is dict:
        return "texts by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{one.value}`" for one in annotation)
    plain = {bool: "true or false", int: "whole number", Decimal: "number", datetime: "time", AwareDatetime: "time"}
    return plain.get(annotation, "date" if name.endswith("_on") else "text")


def _below(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The records that a model holds, each once, in the order of its members, those of theirs behind them."""
    found: list[type[BaseModel]] = []
    for field in model.model_fields.values():
        inner = _model_in(field.annotation)
        if inner is not None and inner not in found:
            found += [inner, *(one for one in _below(inner) if one not in (inner, *found))]
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part)) is not None), None)


if __name__ == "__main__":
    sys.stdout.write(markdown())
