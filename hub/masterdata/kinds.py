"""Kinds of master records as `kinds.yaml` describes them: what joins their source records, what they are called, what must agree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["item", "party", "device", "location", "lot"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Agreed(BaseModel):
    """A field that all systems must say alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    en: str
    zh: str = Field(alias="zh-CN")


class Described(BaseModel):
    """One kind, in the words of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    joins: str | None = None
    names: dict[str, tuple[str, ...]] = {}
    fixed: tuple[str, ...] = ()
    of: Kind | None = None
    agree: dict[str, Agreed] = {}


@cache
def described() -> Mapping[str, Described]:
    """What the file says of each kind."""
    said = yaml.safe_load(files(__package__).joinpath("kinds.yaml").read_text(encoding="utf-8"))
    return {kind: Described.model_validate(said[kind]) for kind in KINDS}
