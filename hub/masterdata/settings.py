"""`masterdata.yaml` of a site: whose word counts for which field, and what a second person must approve.

    version: 1
    rank: [erp, wms, "*"]                # keys or kinds of systems, the best first
    kinds:
      party:
        by: [verified, rank, recent]     # for every field that is not named below
        fields:
          phone: [verified, recent]
        approve: [merge, unmerge]        # these wait until somebody else has approved them
        approve_fields: [tax_number]     # and so does a person's word on these fields
    approve_places: true                 # and where a place belongs

What the file does not name is as `survivorship.yaml`, beside this module, says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.masterdata.kinds import KINDS, Kind

Criterion = Literal["verified", "rank", "recent", "complete", "collect"]
Action = Literal["merge", "unmerge", "different", "value", "release", "place"]


class KindRules(BaseModel):
    """Rules of one kind of master record; null: as shipped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: tuple[Criterion, ...] | None = Field(default=None, min_length=1)
    fields: dict[str, tuple[Criterion, ...]] = Field(default_factory=dict)
    matters: tuple[str, ...] | None = None
    """Fields of which a change lets a pair be asked about again that was called different."""
    approve: tuple[Action, ...] | None = None
    approve_fields: tuple[str, ...] | None = None

    @field_validator("by")
    @classmethod
    def _no_list(cls, value: tuple[Criterion, ...] | None) -> tuple[Criterion, ...] | None:
        if value is not None and "collect" in value:
            raise ValueError("collect is for single fields that are lists; name them under `fields`")
        return value


class MasterSettings(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    rank: tuple[str, ...] | None = None
    kinds: dict[Kind, KindRules] = Field(default_factory=dict)
    approve_places: bool = False
    """Whether a second person must approve where a place belongs."""

    @property
    def rules(self) -> Rules:
        """What holds: the site's rules over those shipped."""
        return _resolved(self.model_dump_json())


class Rules:
    """Rules with nothing left open. `hash` names them."""

    def __init__(self, shipped: MasterSettings, own: MasterSettings) -> None:
        self.rank: Mapping[str, int] = {name: place for place, name in reversed(list(enumerate(own.rank or shipped.rank or ())))}
        self._by: dict[str, tuple[Criterion, ...]] = {}
        self._fields: dict[str, dict[str, tuple[Criterion, ...]]] = {}
        self.matters: dict[str, tuple[str, ...]] = {}
        self.approve: dict[str, tuple[Action, ...]] = {}
        self.approve_fields: dict[str, tuple[str, ...]] = {}
        for kind in KINDS:
            base, over = shipped.kinds[kind], own.kinds.get(kind, KindRules())
            self._by[kind] = over.by or base.by or ()
            self._fields[kind] = {**base.fields, **over.fields}
            self.matters[kind] = (base.matters if over.matters is None else over.matters) or ()
            self.approve[kind] = (base.approve if over.approve is None else over.approve) or ()
            self.approve_fields[kind] = (base.approve_fields if over.approve_fields is None else over.approve_fields) or ()
        self.approve["place"] = ("place",) if own.approve_places else ()
        said = {"rank": sorted(self.rank.items()), "by": self._by, "fields": self._fields}
        self.hash = hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()

    def criteria(self, kind: str, field: str) -> tuple[Criterion, ...]:
        """By what two values of a field are told apart, in this order."""
        return self._fields[kind].get(field, self._by[kind])

    def place(self, system: str, keeper: str) -> int:
        """How high a system stands: by its key, else by its kind, else with `*`, else last."""
        for name in (system, keeper, "*"):
            if name in self.rank:
                return self.rank[name]
        return len(self.rank)

    def needs_approval(self, kind: str, action: str, field: str | None = None) -> bool:
        """Whether a second person must approve."""
        return action in self.approve.get(kind, ()) or (field is not None and field in self.approve_fields.get(kind, ()))


@lru_cache(maxsize=8)
def _resolved(own: str) -> Rules:
    text = files(__package__).joinpath("survivorship.yaml").read_text(encoding="utf-8")
    return Rules(MasterSettings.model_validate(yaml.safe_load(text)), MasterSettings.model_validate_json(own))
