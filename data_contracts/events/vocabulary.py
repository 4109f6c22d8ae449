"""The Core Business Vocabulary: which business step, disposition or kind of transaction a text means (CBV 2.0 clause 7).

A term has three spellings, which all mean the same; the hub keeps the bare one, as JSON-LD does:

    shipping                                     JSON-LD
    urn:epcglobal:cbv:bizstep:shipping           EPCIS 1.x and XML
    https://ref.gs1.org/cbv/BizStep-shipping     anywhere

Trading partners may agree on terms of their own, which are URIs outside these name spaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Kind = Literal[
    "biz_step", "disposition", "business_transaction", "source_or_destination", "error_reason", "component", "measurement", "sensor_alert"
]
_TABLE = Path(__file__).parents[1] / "codes" / "cbv.yaml"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of one kind. `web` is the canonical address without the term; `spaces` are all that belong to the standard."""

    terms: frozenset[str]
    urn: str | None
    web: str
    spaces: tuple[str, ...]

    def term(self, text: str) -> str | None:
        """The bare term of a text that is written out in one of the standard's name spaces, known or not; null for any other text."""
        return next((text[len(space) :] for space in self.spaces if text.startswith(space)), None)

    def address(self, term: str) -> str:
        """The web address of a bare term; a URI of the partners' own stays."""
        return self.web + term if term in self.terms else term

    def written(self, term: str) -> str:
        """How XML writes a bare term: the URN where the standard has one, else the web address."""
        return (self.urn or self.web) + term if term in self.terms else term


@cache
def vocabularies() -> dict[str, Vocabulary]:
    """All kinds by name."""
    rows: dict[str, dict[str, Any]] = yaml.load(_TABLE.read_bytes(), Loader=yaml.CSafeLoader)
    return {
        kind: Vocabulary(frozenset(row["terms"]), row.get("urn"), row["web"][0], (*([row["urn"]] if "urn" in row else []), *row["web"]))
        for kind, row in rows.items()
    }


def vocabulary(kind: Kind) -> Vocabulary:
    """The terms of one kind."""
    return vocabularies()[kind]
