"""Codes of an APERAK, which no directory gives a meaning to: what a partner's guide means by them, as the agreement says it.

Data element 9321 (ERC) is "user or association defined" by its own text, so there is no list of the United Nations to ship, and two guides
mean different things by the same code. `options.aperak` of an agreement:

    accepted: "312"          # data element 1001 of BGM, ours and the partner's
    rejected: "313"
    errors:                  # data element 9321 -> accept, warn (taken with remarks) or refuse
      "1": accept
      Z07: warn
      "Z07::92": refuse      # the same code of another list (1131) or agency (3055), as C901 has them: the narrower one wins
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from connectors.formats.edifact.separators import COMPONENT
from connectors.spec import Profile

Meaning = Literal["accept", "warn", "refuse"]
USUAL = {"accepted": "312", "rejected": "313"}
"""Data element 1001: acknowledgement message, application error message."""
_KEYS = frozenset({*USUAL, "errors"})


@dataclass(frozen=True, slots=True)
class Codes:
    """What BGM and ERC say in an APERAK of this partner."""

    accepted: frozenset[str]
    rejected: frozenset[str]
    errors: Mapping[str, str]

    @classmethod
    def of(cls, profile: Profile) -> Codes:
        """Those of the directory and those of the agreement. What the agreement spells wrongly means nothing (`wrong` tells it)."""
        own = _mapping(profile.options.get("aperak"))
        one, other = (str(own.get(word, USUAL[word])) for word in ("accepted", "rejected"))
        # A guide that uses the code of the directory for something else has the last word.
        return cls(
            frozenset({one, USUAL["accepted"]} - {other}),
            frozenset({other, USUAL["rejected"]} - {one}),
            {str(code): str(meaning) for code, meaning in _mapping(own.get("errors")).items()},
        )

    def meaning(self, detail: str) -> Meaning | None:
        """Of C901 with our separators; None where the agreement does not know the code."""
        parts = [*detail.split(COMPONENT), "", ""][:3]
        full = ":".join(parts).rstrip(":")
        found = self.errors.get(full, self.errors.get(parts[0]))
        return cast("Meaning", found) if found in get_args(Meaning) else None


def wrong(options: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Key, what is expected, and what stands there (null: there is no such key), of what an agreement's `aperak` holds."""
    own = options.get("aperak", {})
    if not isinstance(own, Mapping):
        yield "aperak", ", ".join(sorted(_KEYS)), str(own)
        return
    for key in own.keys() - _KEYS:
        yield f"aperak.{key}", ", ".join(sorted(_KEYS)), None
    errors = own.get("errors", {})
    if not isinstance(errors, Mapping):
        yield "aperak.errors", "CODE: accept | warn | refuse", str(errors)
        return
    for code, meaning in errors.items():
        if meaning not in get_args(Meaning):
            yield f"aperak.errors.{code}", ", ".join(get_args(Meaning)), str(meaning)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
