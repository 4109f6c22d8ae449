"""What a peer answers one at a time: the same question for each value of a list that the site states (`each:` of the transport `rest`).

    each: {word: di, values: ["08717648200274", "00844588003288"], at: primaryDi, absent: [404]}

`{di}` stands in `path`, `query` and `body` for the value in turn; each has pages of its own. `at` is where a record repeats the value: a
peer that passes over parameters which it does not know (EUDAMED gives all devices there are) is found out by the first page. A status of
`absent` says that there is no such record, which stops nothing. An object where `records` says is one record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.credentials import refuse_unknown
from connectors.deltas import Delta, value_at
from data_contracts.errors import ConfigError, RefusedError

_SETTINGS = frozenset({"word", "values", "at", "absent"})


def covered_at_once(settings: Mapping[str, Any], delta: Delta) -> Delta:
    """The delta of a pull whose pages are those of each value in turn, every one of which begins anew: the order of stamps ends where a
    value does, and none is covered before the last one was asked."""
    return replace(delta, sorted=False) if settings.get("each") is not None else delta


@dataclass(frozen=True, slots=True)
class Each:
    """The list and how its answers are known."""

    word: str
    values: tuple[str, ...]
    at: str
    absent: tuple[int, ...]

    @classmethod
    def of(cls, settings: Mapping[str, Any], *, listed: bool = True) -> Each | None:
        """From the settings of a transport; None where it asks once. Without `listed` the list may be missing. Raises ConfigError."""
        given = settings.get("each")
        if given is None:
            return None
        if not isinstance(given, Mapping) or not isinstance(given.get("word"), str):
            raise ConfigError("each has word, values, at and absent")
        refuse_unknown(given, _SETTINGS, "rest, each")
        values = given.get("values") if listed or "values" in given else ["-"]
        if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
            raise ConfigError("each: values is a list of texts, digits in quotes")
        absent = given.get("absent", [])
        if not isinstance(absent, list) or not set(absent) <= {404, 410}:
            raise ConfigError(f"each: absent is 404, 410 or both, not {absent!r}")
        return cls(given["word"], tuple(values), str(given.get("at", "")), tuple(absent))

    def heeded(self, turn: int, records: Sequence[Any], where: str) -> None:
        """Raises RefusedError where a record is of another value than was asked for."""
        asked = self.values[turn]
        for record in records if self.at else ():
            if (got := value_at(record, self.at)) != asked:
                raise RefusedError(f"{where} does not heed {self.word}: asked for {asked}, it answers {got}")
