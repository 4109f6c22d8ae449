"""`cases.yaml` of a site: within how many hours cases are due, who owns them, and what must be signed.

    version: 1
    hours: {safety: 2, supply: 4}        # by rank; of errors, what is less has the same
    owners: {held: "Ann", difference: "Regulatory"}    # by kind: whose a case is until it is assigned
    ask_hours: 48                        # until an answer of a partner is due
    sign:                                # what is done only with an electronic signature
      - {action: accept, kinds: [held, refused]}
      - {action: correct, rules: [UDI-01, GS1-01]}

May be missing: then hours are those of `hub/cases/kinds.py`, nobody owns a case until it is assigned, and nothing must be signed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.cases.kinds import HOURS, Kind, Rank

Signed = Literal["correct", "fix", "accept"]


class SignRule(BaseModel):
    """An action that must be signed; of all cases where neither kinds nor rules are named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Signed
    kinds: tuple[Kind, ...] = ()
    rules: tuple[str, ...] = ()


class CaseSettings(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    hours: dict[Rank, int] = Field(default_factory=dict)
    owners: dict[Kind, str] = Field(default_factory=dict)
    ask_hours: int = Field(default=72, ge=1)
    sign: tuple[SignRule, ...] = ()

    def hours_of(self, rank: Rank, severity: str) -> int:
        """Hours from opening until the case is due."""
        return self.hours.get(rank, HOURS[rank][0 if severity == "error" else 1])

    def owner_of(self, kind: str) -> str | None:
        """Whose a case is when it opens."""
        return {str(name): owner for name, owner in self.owners.items()}.get(kind)

    def must_sign(self, action: str, kind: str, rules: Collection[str]) -> bool:
        """Whether this action on a case in which these rules are broken needs a signature."""
        return any(
            one.action == action and (not one.kinds or kind in one.kinds) and (not one.rules or not set(one.rules).isdisjoint(rules))
            for one in self.sign
        )
